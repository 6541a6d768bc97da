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


class PolicyMiddleware:
    """Sets the policy on what these pages answer; other apps have their own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, with the policy of the pages."""
        answer = self.get_response(request)
        found = request.resolver_match
        if found is not None and found.app_name == "portal":
            drawn = answer.headers.get("Content-Type", "").startswith("image/svg")
            answer.headers["Content-Security-Policy"] = DRAWN if drawn else POLICY + _issuers()
            answer.headers["Referrer-Policy"] = "same-origin"
        return answer


def _issuers() -> str:
    """Where the form of signing in leads on to, as the policy names it."""
    apps = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]
    parts = [urlsplit(app["settings"]["server_url"]) for app in apps]
    return "".join(f" {part.scheme}://{part.netloc}" for part in parts)
