"""Links as they come back from letters and pages: what others wrote into them is undone."""

from collections.abc import Callable
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import is_valid_path
from django.utils.encoding import escape_uri_path

STOPS = "。，、；！？"
"""Signs of a sentence that end up in a link which stands in it; no name or number ends so."""
_STOPS = tuple(map(quote, STOPS))


class PassedLinksMiddleware:
    """Reads a link that was copied from a text: `&` written `&amp;`, the end of the sentence in it.

    A sign `&` inside a value is written `%26`, so `&amp;` never stands for itself. The interface
    for programs is asked as it is written.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the link that was meant, or lead to it where there is no such address."""
        if request.path_info.startswith("/api/"):
            return self.get_response(request)
        query = request.META.get("QUERY_STRING", "").replace("&amp;", "&")
        while query.upper().endswith(_STOPS):
            query = query[: -len(_STOPS[0])]
        request.META["QUERY_STRING"] = query
        answer = self.get_response(request)
        path = request.path_info.rstrip("/" + STOPS) or "/"
        meant = path != request.path_info and is_valid_path(path)
        if answer.status_code == 404 and request.method == "GET" and meant:
            return HttpResponseRedirect(escape_uri_path(path) + (f"?{query}" if query else ""))
        return answer
