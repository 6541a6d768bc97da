"""Wrong signatures: counted by whoever sends them, told to the log, and answered more slowly.

Only the wrong ones wait; whoever signs rightly from the same address is answered at once.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from gongji.gateway.wire.threads import masked

LOG = logging.getLogger("gongji.gateway")
WINDOW = timedelta(minutes=1)
STEP_SECONDS, MOST_SECONDS = 0.1, 5.0
_MOST = 10_000


@dataclass
class _Counted:
    """Since when a peer's wrong signatures are counted, and how many there were."""

    since: datetime
    number: int = 0


class Forgeries:
    """What was wrong in the last minute, by peer."""

    def __init__(self, free: int) -> None:
        """`free`: how many a minute are answered at once."""
        self._free = free
        self._counted: dict[str, _Counted] = {}

    def delay(self, peer: str, now: datetime, reason: str) -> float:
        """Count one more; for how many seconds its answer is held back."""
        found = self._counted.get(peer)
        if found is None or now - found.since >= WINDOW:
            if len(self._counted) >= _MOST:
                self._counted.clear()
            found = self._counted[peer] = _Counted(now)
        found.number += 1
        beyond = found.number - self._free
        if beyond < 1:
            return 0.0
        if beyond == 1:
            extra = {"peer": peer, "number": found.number, "reason": masked(reason)}
            LOG.warning("wrong_signatures", extra=extra)
        return min(MOST_SECONDS, STEP_SECONDS * beyond)
