"""`/health` of the pages and the console: answered before Django, whatever name is asked."""

import asyncio
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from gongji.service.health import with_health

Message = MutableMapping[str, Any]


def answered(kind: str, path: str) -> list[Message]:
    """What comes back for an address; the application itself answers 418."""
    told: list[Message] = []

    async def application(scope: Message, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 418, "headers": []})

    async def send(message: Message) -> None:
        told.append(message)

    async def receive() -> Message:
        raise AssertionError("nothing is read")

    scope = {"type": kind, "path": path}
    asyncio.run(with_health(application)(scope, receive, send))
    return told


def test_a_process_says_that_it_lives() -> None:
    start, body = answered("http", "/health")
    assert start["status"] == 200 and body["body"] == b'{"status":"ok"}'
    for kind, path in (("http", "/health/"), ("http", "/"), ("lifespan", "/health")):
        assert answered(kind, path)[0]["status"] == 418


def test_both_faces_answer_so() -> None:
    folder = Path(__file__).parents[2] / "src" / "gongji" / "service"
    for name in ("asgi.py", "console_asgi.py"):
        assert "with_health(metrics.counted(get_asgi_application()))" in (folder / name).read_text(
            encoding="utf-8"
        )
