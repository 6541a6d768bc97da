"""`gongji.simulate`: a population under two laws, of which one may be what `gongji.reform` gave."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gongji.frames.facts_given import texts_of
from gongji.frames.reform_overlays import ReformOverlay
from gongji.simulation.outcome_tables import tables
from gongji.simulation.reforms import Reform, read_reform
from gongji.simulation.simulate import Comparison
from gongji.simulation.simulate import simulate as simulate_comparison

if TYPE_CHECKING:
    import polars as pl

Side = str | Path | Reform | Mapping[str, str] | ReformOverlay
"""A date, a reform.yaml, a reform, figures by their path, or what `gongji.reform` gave."""


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
    sides = _reform(base), _reform(reform)
    asked = Comparison(Path(population), area, *sides, years, settings=texts_of(settings))
    return tables(simulate_comparison(asked))


def _reform(side: Side) -> Reform:
    if isinstance(side, ReformOverlay):
        return Reform(side.name, day=str(side.start), figures=dict(side.figures))
    if isinstance(side, Reform):
        return side
    if isinstance(side, Mapping):
        return Reform("、".join(f"{p} 改为 {f}" for p, f in side.items()), figures=dict(side))
    if str(side).endswith((".yaml", ".yml")):
        return read_reform(Path(side))
    return Reform(day=str(side))
