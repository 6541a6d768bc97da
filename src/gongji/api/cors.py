"""What pages of other hosts may read: every answer of the public interface, without credentials.

The interface knows nobody: no cookie and no signature changes what it answers, so any page may ask.
An address or a method that it does not have is a problem in the form of all others.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from gongji.api.problems import of_status, respond

BEFORE = "/api/v1/"
METHODS = "GET, POST, OPTIONS"
HEADERS = "Content-Type, Accept-Language"
SHOWN = "Retry-After, Content-Language"
KEPT_SECONDS = 24 * 3600


class PublicReadsMiddleware:
    """Lets every host's pages read the public interface."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, and say that any page may read it."""
        if not request.path.startswith(BEFORE):
            return self.get_response(request)
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            answer = HttpResponse(status=204)
            answer.headers["Access-Control-Allow-Methods"] = METHODS
            answer.headers["Access-Control-Allow-Headers"] = HEADERS
            answer.headers["Access-Control-Max-Age"] = str(KEPT_SECONDS)
        else:
            answer = self._answered(request)
        answer.headers["Access-Control-Allow-Origin"] = "*"
        answer.headers["Access-Control-Expose-Headers"] = SHOWN
        return answer

    def _answered(self, request: HttpRequest) -> HttpResponse:
        """The answer; what nobody of ours made is put in the form of a problem."""
        answer = self.get_response(request)
        ours = "json" in answer.headers.get("Content-Type", "")
        if ours or answer.status_code not in (404, 405):
            return answer
        told = respond(request, of_status(answer.status_code))
        answer.content = told.content
        answer.headers["Content-Type"] = told.headers["Content-Type"]
        answer.headers["Content-Length"] = str(len(told.content))
        answer.headers.pop("Content-Encoding", None)
        return answer
