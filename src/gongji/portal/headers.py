"""What a browser may load for the pages: nothing from another host, no script in the page."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "form-action 'self'"
)
DRAWN = "default-src 'none'; style-src 'unsafe-inline'"
"""A picture drawn by matplotlib carries its styles with it."""
TRIED = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "form-action 'none'"
)
"""The page on which the public interface is tried sets styles by its script."""


class PolicyMiddleware:
    """Sets the policy on whatever is answered, a page that does not exist included."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, with the policy of what it is."""
        answer = self.get_response(request)
        answer.headers["Content-Security-Policy"] = _policy(request, answer)
        answer.headers["Referrer-Policy"] = "same-origin"
        return answer


def _policy(request: HttpRequest, answer: HttpResponse) -> str:
    if answer.headers.get("Content-Type", "").startswith("image/svg"):
        return DRAWN
    found = request.resolver_match
    if found is not None and found.view_name == "api-1:openapi-view":
        return TRIED
    return POLICY + _issuers()


def _issuers() -> str:
    """Where the form of signing in leads on to, as the policy names it."""
    apps = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]
    parts = [urlsplit(app["settings"]["server_url"]) for app in apps]
    return "".join(f" {part.scheme}://{part.netloc}" for part in parts)
