"""Gateways of one socket share its connections, and take everyone who knocks."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from gongji.service.accepting import SharingServer
from gongji.service.parts import listen

KEPT = 48


async def _hello(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
    if scope["type"] == "http":
        headers = [(b"content-length", b"5")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"hello"})


@contextmanager
def gateways(
    number: int, app: Any = _hello
) -> Iterator[tuple[list[SharingServer], tuple[str, int]]]:
    listening = listen("127.0.0.1", 0)
    servers, threads = [], []
    for _ in range(number):
        server = SharingServer(uvicorn.Config(app, log_config=None, lifespan="off"))
        server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
        own = socket.socket(fileno=socket.dup(listening.fileno()))
        threads.append(threading.Thread(target=server.run, args=([own],)))
        servers.append(server)
    for thread in threads:
        thread.start()
    try:
        yield servers, listening.getsockname()
    finally:
        for server in servers:
            server.should_exit = True
        for thread in threads:
            thread.join(20)
        listening.close()
        assert not any(thread.is_alive() for thread in threads)


def knock(address: tuple[str, int]) -> socket.socket:
    """A connection that was answered and is kept."""
    made = socket.create_connection(address, timeout=10)
    made.sendall(b"GET / HTTP/1.1\r\nhost: test\r\n\r\n")
    answer = b""
    while not answer.endswith(b"hello"):
        answer += made.recv(1000)
    return made


def test_two_gateways_share_what_comes_all_at_once() -> None:
    with gateways(2) as (servers, address):
        kept = [socket.create_connection(address, timeout=10) for _ in range(KEPT)]
        for one in kept:
            one.sendall(b"GET / HTTP/1.1\r\nhost: test\r\n\r\n")
        for one in kept:
            assert one.recv(1000).startswith(b"HTTP/1.1 200")
        had = [len(server.server_state.connections) for server in servers]
        assert sum(had) == KEPT
        assert min(had) >= KEPT // 4, had
        for one in kept:
            one.close()


def test_a_gateway_alone_takes_everyone() -> None:
    with gateways(1) as (servers, address):
        kept = [knock(address) for _ in range(KEPT)]
        assert len(servers[0].server_state.connections) == KEPT
        for one in kept:
            one.close()


def test_an_accident_while_taking_is_survived(caplog) -> None:  # type: ignore[no-untyped-def]
    with gateways(1) as (servers, address):
        good = servers[0]._serve_one

        async def broken(taken: socket.socket) -> None:
            servers[0]._serve_one = good  # type: ignore[method-assign]
            taken.close()
            raise OSError(24, "Too many open files")

        servers[0]._serve_one = broken  # type: ignore[method-assign]
        with socket.create_connection(address, timeout=10) as lost, contextlib.suppress(OSError):
            lost.recv(1)
        knock(address).close()
        assert "accept" in [record.message for record in caplog.records]


def test_a_gateway_that_ends_answers_whom_it_has_and_takes_nobody_more() -> None:
    asked, release = threading.Event(), threading.Event()

    async def slow(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        asked.set()
        while not release.is_set():
            await asyncio.sleep(0.01)
        await _hello(scope, receive, send)

    with (
        gateways(1, slow) as (servers, address),
        socket.create_connection(address, timeout=30) as inside,
    ):
        inside.sendall(b"GET / HTTP/1.1\r\nhost: test\r\n\r\n")
        assert asked.wait(30)
        servers[0].should_exit = True
        try:
            deadline = time.monotonic() + 30
            while not all(task.cancelled() for task in servers[0]._taking):
                assert time.monotonic() < deadline, "it still takes connections"
                time.sleep(0.01)
        finally:
            release.set()
        answer = b""
        while not answer.endswith(b"hello"):
            answer += inside.recv(1000)
