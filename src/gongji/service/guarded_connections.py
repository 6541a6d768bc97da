"""A connection that nobody can hold open for nothing: headers and bodies come in time, or it ends.

It stands before whatever answers; it knows bytes and seconds, and no message.
"""

import asyncio
import logging
from collections import Counter
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_SAID = {
    "header_bytes": b"431 Request Header Fields Too Large",
    "header_seconds": b"408 Request Timeout",
    "body_bytes": b"413 Content Too Large",
    "body_seconds": b"408 Request Timeout",
}
"""What whoever is given up is told, by the limit."""
LOG = logging.getLogger("gongji.connections")


class GuardedProtocol(HttpToolsProtocol):
    """HTTP with limits; those of the gateway.

    Units: seconds, bytes.
    """

    idle_seconds: ClassVar[float] = 75.0
    """Before the first byte of a connection."""
    header_seconds: ClassVar[float] = 10.0
    body_seconds: ClassVar[float] = 120.0
    header_bytes: ClassVar[int] = 32 * 1024
    body_bytes: ClassVar[int] = 33 * 1024 * 1024
    peer_connections: ClassVar[int] = 500
    """Of one address at one process."""
    _peers: ClassVar["Counter[str]"] = Counter()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody is there."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._patience: asyncio.TimerHandle | None = None
        self._deadline, self._waited_for = 0.0, ""
        self._begun, self._told, self._read = False, False, 0
        self._peer = self.client[0] if self.client else "-"
        GuardedProtocol._peers[self._peer] += 1
        if GuardedProtocol._peers[self._peer] > self.peer_connections:
            self._give_up("connections")
        else:
            self._wait(self.idle_seconds, "idle")

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is there any more."""
        self._wait_no_more()
        if self._patience is not None:
            self._patience.cancel()
        GuardedProtocol._peers[self._peer] -= 1
        if GuardedProtocol._peers[self._peer] <= 0:
            del GuardedProtocol._peers[self._peer]
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Some bytes, of a request of which so many are taken and no more."""
        self._read += len(data)
        super().data_received(data)
        if self._begun and not self._told and self._read > self.header_bytes:
            self._give_up("header_bytes")

    def on_message_begin(self) -> None:
        """A request begins: its headers are waited for."""
        self._begun, self._told, self._read = True, False, 0
        self._wait(self.header_seconds, "header_seconds")
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Its headers are there: its body is waited for."""
        self._told, self._read = True, 0
        self._wait(self.body_seconds, "body_seconds")
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of its body."""
        if self._read > self.body_bytes:
            self._give_up("body_bytes")
        super().on_body(body)

    def on_message_complete(self) -> None:
        """It is whole."""
        self._begun = False
        self._wait_no_more()
        super().on_message_complete()

    def _wait(self, seconds: float, what: str) -> None:
        """Something is to come in so many seconds; a timer that rings before stays as it is."""
        self._deadline, self._waited_for = self.loop.time() + seconds, what
        if self._patience is None or self._patience.when() > self._deadline:
            self._ring_at_deadline()

    def _ring_at_deadline(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
        self._patience = self.loop.call_at(self._deadline, self._rung)

    def _rung(self) -> None:
        """The time of what was waited for is over, unless something else is by now."""
        self._patience = None
        if not self._waited_for:
            return
        if self.loop.time() < self._deadline:
            self._ring_at_deadline()
        else:
            self._give_up(self._waited_for)

    def _wait_no_more(self) -> None:
        self._waited_for = ""

    def _give_up(self, what: str) -> None:
        LOG.info("connection_ended", extra={"peer": self._peer, "reason": what})
        answering = self.cycle is not None and self.cycle.response_started
        if what in _SAID and not answering:
            head = b"HTTP/1.1 %s\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            self.transport.write(head % _SAID[what])
        self.transport.close()


class PagesProtocol(GuardedProtocol):
    """The limits of the pages: their forms are short."""

    body_bytes: ClassVar[int] = 1024 * 1024
    body_seconds: ClassVar[float] = 30.0


class ConsoleProtocol(GuardedProtocol):
    """The limits of the console: papers and workbooks are handed in there."""

    body_bytes: ClassVar[int] = 12 * 1024 * 1024
    body_seconds: ClassVar[float] = 60.0
