"""gongji (共济): outpatient mutual aid rules as data, settled to the fen and explained by article.

`gongji.quote(facts)` settles and explains one visit; `gongji.adjudicate(frame)` settles a whole
frame of visits (Polars, pandas or Arrow); `gongji.simulate(population, ...)` settles a population
under two laws and gives tables. Each is imported when it is first used.
"""

from typing import Any

__version__ = "0.1.0"

__all__ = ["adjudicate", "quote", "simulate"]

_HOMES = {
    "adjudicate": "gongji.batch.frames",
    "quote": "gongji.law.explain.quote",
    "simulate": "gongji.simulation.simulated",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'gongji' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
