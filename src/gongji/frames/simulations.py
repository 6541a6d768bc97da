"""`gongji.simulate`: a population under two laws, of which one may be what `gongji.reform` gave."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gongji.frames.facts_given import texts_of
from gongji.frames.reform_overlays import ReformOverlay
from gongji.simulation.reforms import Reform
from gongji.simulation.simulated import Told
from gongji.simulation.simulated import simulate as simulate_population

if TYPE_CHECKING:
    import polars as pl

Side = Told | ReformOverlay


def simulate(
    population: str | Path,
    *,
    area: str,
    base: Side = "",
    reform: Side = "",
    years: int = 1,
    settings: Mapping[str, object] | None = None,
) -> "dict[str, pl.DataFrame]":
    """Settle a population under two laws: the tables of docs/use/simulation.md by name.

    Shape:   `population` a folder that `gongji population` or `gongji buckets` wrote; `base` and
             `reform` a date, a file, {path: figure}, or what `gongji.reform` gave, which then holds
             over the whole year; amounts in columns that end in `_fen`.
    Refuses: what laws and populations are refused for.
    """
    sides = [_told(base), _told(reform)]
    return simulate_population(
        population,
        area=area,
        base=sides[0],
        reform=sides[1],
        years=years,
        settings=texts_of(settings),
    )


def _told(side: Side) -> Told:
    if isinstance(side, ReformOverlay):
        return Reform(side.name, day=str(side.start), figures=dict(side.figures))
    return side
