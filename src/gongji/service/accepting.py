"""How gateways that listen on one socket share its connections: who has more hesitates longer.

Left alone, the first gateway to wake would take every connection that waits, and hospitals keep
theirs for hours. A gateway that is busy or has many connections leaves a new one to the others for
a moment; if nobody takes it, it does.
"""

import asyncio
import logging
import socket

from gongji.service.pulse import PulsingServer

LOG = logging.getLogger("gongji.gateway")
STEP_SECONDS = 0.001
"""How much longer a gateway hesitates when it has twice as many connections."""
SHARE = 4
"""A gateway takes as many connections at once as it has, divided by this."""
PAUSE_SECONDS = 0.5
"""After an accident (no file descriptors, say) nothing is taken for so long."""


class SharingServer(PulsingServer):
    """A uvicorn server that takes connections by turns with the other gateways of its socket."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to take connections."""
        await super().startup(sockets=[])
        self._taking = [asyncio.create_task(self._take(one)) for one in sockets or []]

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more connections, and finish those that are there."""
        for task in self._taking:
            task.cancel()
        await super().shutdown(sockets)

    async def _take(self, listening: socket.socket) -> None:
        listening.setblocking(False)
        while True:
            await _readable(listening)
            have = len(self.server_state.connections)
            await asyncio.sleep(have.bit_length() * STEP_SECONDS)
            try:
                for _ in range(1 + have // SHARE):
                    await self._serve_one(listening.accept()[0])
            except BlockingIOError:
                continue  # Another gateway took it.
            except OSError as error:
                LOG.error("accept", extra={"reason": str(error)})
                await asyncio.sleep(PAUSE_SECONDS)

    async def _serve_one(self, taken: socket.socket) -> None:
        taken.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.connect_accepted_socket(self._protocol, taken)

    def _protocol(self) -> asyncio.Protocol:
        made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made


async def _readable(listening: socket.socket) -> None:
    """Wait until somebody knocks; nobody is let in yet."""
    loop, knocked = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(listening, knocked.set)
    try:
        await knocked.wait()
    finally:
        loop.remove_reader(listening)
