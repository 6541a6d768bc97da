"""What the gateways count, for Prometheus: several on one socket add up.

Where PROMETHEUS_MULTIPROC_DIR names a folder (`gongji serve` sees to it), every gateway keeps its
counters there and a page shows the sum, whichever gateway it is asked of.
"""

import os

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

_MILLISECONDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000)
_SECONDS = tuple(bound / 1000 for bound in _MILLISECONDS)
_NANOSECONDS = 10**9
_SIZES = (1, 2, 5, 10, 20, 50, 100)


class Metrics:
    """The counters of a gateway."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "gongji_gateway_requests",
            "Requests by transaction and how they ended",
            ["infno", "outcome"],
            registry=self._registry,
        )
        self.seconds = Histogram(
            "gongji_gateway_seconds",
            "From the whole request to its answer, by transaction",
            ["infno"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.batches = Histogram(
            "gongji_gateway_batch",
            "Settlements taken together",
            buckets=_SIZES,
            registry=self._registry,
        )
        self.waiting = Gauge(
            "gongji_gateway_waiting",
            "Requests being answered",
            registry=self._registry,
            multiprocess_mode="livesum",
        )

        self._of: dict[tuple[str, str], tuple[Counter, Histogram]] = {}

    def count(self, infno: str, outcome: str, nanoseconds: int) -> None:
        """One request answered; the labels are looked up once."""
        known = self._of.get((infno, outcome))
        if known is None:
            known = self.requests.labels(infno, outcome), self.seconds.labels(infno)
            self._of[infno, outcome] = known
        known[0].inc()
        known[1].observe(nanoseconds / _NANOSECONDS)

    def page(self) -> bytes:
        """The page that Prometheus reads."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self._registry)
        every = CollectorRegistry()
        MultiProcessCollector(every)  # type: ignore[no-untyped-call]
        return generate_latest(every)
