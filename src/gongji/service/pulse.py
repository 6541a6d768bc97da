"""Saying that one lives: a byte a second to whoever watches, from the loop that answers."""

import contextlib
import os
from typing import Any

import uvicorn

from gongji.service.parts import PULSE

TICKS = 10
"""Uvicorn's ticks between two pulses: a second."""


def tell(tick: int) -> None:
    """A pulse now and then, where somebody watches."""
    told = os.environ.get(PULSE)
    if told and tick % TICKS == 0:
        # Whoever watches may be busy, or gone.
        with contextlib.suppress(OSError):
            os.write(int(told), b".")


class PulsingServer(uvicorn.Server):
    """A server of pages that says that it lives."""

    async def on_tick(self, counter: int, *more: Any) -> bool:
        """Now and then."""
        tell(counter)
        return await super().on_tick(counter, *more)
