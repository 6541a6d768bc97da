"""What the pages and the console count, for Prometheus: requests by page and how they ended.

It stands before Django, so that waiting for a thread counts too. A page is named by its route and
never by its address, which may hold numbers of persons. Under `gongji serve` the counters lie
beside those of the gateways, and whichever gateway is asked for `/metrics` shows them too.
"""

from collections.abc import Awaitable, Callable
from time import perf_counter

from django.conf import settings
from django.urls import Resolver404, resolve
from prometheus_client import CollectorRegistry, Counter, Histogram

from gongji.service.health import Asgi, Message

_SECONDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
NOWHERE = "-"
"""The page of an address where there is none."""
GONE = 0
"""The status of an answer that was never begun: whoever asked went away."""


class PageMetrics:
    """The counters of a face that Django serves."""

    def __init__(self, face: str) -> None:
        self.registry = CollectorRegistry()
        self._face = face
        self._requests = Counter(
            "gongji_pages_requests",
            "Requests by face, page and how they ended",
            ["face", "page", "outcome"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "gongji_pages_seconds",
            "From the request to the end of its answer, by face and page",
            ["face", "page"],
            buckets=_SECONDS,
            registry=self.registry,
        )

    def count(self, page: str, status: int, seconds: float) -> None:
        """One request answered, by the status of HTTP."""
        outcome = "fault" if status >= 500 else "refused" if status >= 400 else "done"
        self._requests.labels(self._face, page, outcome).inc()
        self._seconds.labels(self._face, page).observe(seconds)

    def counted(self, application: Asgi) -> Asgi:
        """An application whose answers are counted."""

        async def answer(
            scope: Message,
            receive: Callable[[], Awaitable[Message]],
            send: Callable[[Message], Awaitable[None]],
        ) -> None:
            if scope["type"] != "http":
                await application(scope, receive, send)
                return
            begun, status = perf_counter(), GONE

            async def noted(message: Message) -> None:
                nonlocal status
                status = message.get("status", status)
                await send(message)

            try:
                await application(scope, receive, noted)
            except Exception:
                status = 500
                raise
            finally:
                if status != GONE:
                    self.count(page_of(scope["path"]), status, perf_counter() - begun)

        return answer


def page_of(path: str) -> str:
    """The name of the route that an address leads to."""
    if path.startswith(settings.STATIC_URL):
        return "static"
    try:
        return str(resolve(path).view_name)
    except Resolver404:
        return NOWHERE
