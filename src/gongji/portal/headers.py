"""What a browser may load for the pages: nothing from another host, no script in the page."""

import ipaddress
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import logout
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


SIGNED_IN = "signed_in_at"
LONGEST_SESSION = 12 * 3600
"""Seconds after which whoever signed in signs in again, however busy."""


class TransportMiddleware:
    """Believes what a proxy says only of proxies that are named, and keeps cookies behind TLS."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, over what is known of the way here."""
        if not _named(request.META.get("REMOTE_ADDR", "")):
            for name in ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO"):
                request.META.pop(name, None)
        answer = self.get_response(request)
        if request.is_secure():
            for cookie in answer.cookies.values():
                cookie["secure"] = True
        return answer


def _named(address: str) -> bool:
    """Whether an address is a named proxy's."""
    try:
        peer = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(peer in ipaddress.ip_network(one) for one in settings.GONGJI_PROXY_ADDRESSES)


class SessionLifeMiddleware:
    """Ends a session that was begun too long ago."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer whoever may still be signed in."""
        if request.user.is_authenticated:
            begun = request.session.setdefault(SIGNED_IN, int(time.time()))
            if time.time() - begun > LONGEST_SESSION:
                logout(request)
        return self.get_response(request)


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
    found = getattr(request, "resolver_match", None)
    if found is not None and found.view_name == "api-1:openapi-view":
        return TRIED
    return POLICY + _issuers()


def _issuers() -> str:
    """Where the form of signing in leads on to, as the policy names it."""
    apps = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]
    parts = [urlsplit(app["settings"]["server_url"]) for app in apps]
    return "".join(f" {part.scheme}://{part.netloc}" for part in parts)
