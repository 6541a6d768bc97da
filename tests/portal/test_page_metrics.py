"""What the pages count for Prometheus: by route and outcome, with nobody in a label."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from prometheus_client import generate_latest

from gongji.service.health import Message
from gongji.service.page_metrics import PageMetrics

IDENTITY = "430524198001010011"


def counted(metrics: PageMetrics) -> dict[tuple[str, str, str], int]:
    """Requests by face, outcome and page."""
    line = r'^gongji_pages_requests_total{face="(.*)",outcome="(.*)",page="(.*)"} (.*)$'
    found = re.findall(line, generate_latest(metrics.registry).decode(), re.MULTILINE)
    return {(face, outcome, page): int(float(number)) for face, outcome, page, number in found}


def test_a_page_is_counted_by_its_route_and_by_how_it_ended(django_database: None) -> None:
    from django.core.asgi import get_asgi_application

    metrics = PageMetrics("pages")

    async def visit() -> None:
        over: Any = httpx.ASGITransport(app=metrics.counted(get_asgi_application()))
        async with httpx.AsyncClient(transport=over, base_url="http://localhost") as visitor:
            for path in (
                f"/?area=532300&psn_no={IDENTITY}",
                "/areas/532300",
                "/areas/430500",
                "/areas/999999",
                f"/me/settlements/{IDENTITY}",
                f"/nowhere/{IDENTITY}",
                "/static/portal/portal.css",
            ):
                await visitor.get(path)

    asyncio.run(visit())
    assert counted(metrics) == {
        ("pages", "done", "portal:calculator"): 1,
        ("pages", "done", "portal:area"): 2,
        ("pages", "refused", "portal:area"): 1,
        # Whoever is not signed in is led to where one signs in.
        ("pages", "done", "portal:settlement"): 1,
        ("pages", "refused", "-"): 1,
        ("pages", "done", "static"): 1,
    }
    shown = generate_latest(metrics.registry).decode()
    assert IDENTITY not in shown and "532300" not in shown
    assert 'gongji_pages_seconds_count{face="pages",page="portal:area"} 3.0' in shown


@pytest.mark.parametrize("kind, ended", [("http", {("pages", "fault", "-"): 1}), ("lifespan", {})])
def test_a_breakdown_counts_and_whoever_went_away_does_not(
    portal: None, kind: str, ended: dict[tuple[str, str, str], int]
) -> None:
    metrics = PageMetrics("pages")

    async def nothing(*said: Any) -> Any:
        return None

    async def gone(scope: Message, receive: Callable[[], Awaitable[Message]], send: Any) -> None:
        return None

    async def broken(scope: Message, receive: Callable[[], Awaitable[Message]], send: Any) -> None:
        raise RuntimeError("broken")

    scope = {"type": kind, "path": "/nowhere"}
    asyncio.run(metrics.counted(gone)(scope, nothing, nothing))
    with pytest.raises(RuntimeError, match="broken"):
        asyncio.run(metrics.counted(broken)(scope, nothing, nothing))
    assert counted(metrics) == ended
