"""Links as they come back from letters and pages: what others wrote into them is undone."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class PassedLinksMiddleware:
    """Reads a link that was copied from a page's text, where `&` is written `&amp;`.

    A sign `&` inside a value is written `%26`, so `&amp;` never stands for itself.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the link that was meant."""
        query = request.META.get("QUERY_STRING", "")
        request.META["QUERY_STRING"] = query.replace("&amp;", "&")
        return self.get_response(request)
