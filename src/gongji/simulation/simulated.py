"""A population under two laws, as frames: what `gongji.simulate` calls."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gongji.simulation.outcome_tables import tables
from gongji.simulation.reforms import Reform, read_reform
from gongji.simulation.simulate import Comparison
from gongji.simulation.simulate import simulate as simulate_comparison

if TYPE_CHECKING:
    import polars as pl

Told = str | Path | Reform | Mapping[str, str]
"""A date, a reform.yaml, a reform, or figures by their path."""


def simulate(
    population: str | Path,
    *,
    area: str,
    base: Told = "",
    reform: Told = "",
    years: int = 1,
    settings: Mapping[str, str] | None = None,
) -> "dict[str, pl.DataFrame]":
    """Settle a population under two laws; the tables of the report by name.

    Shape:   `population` a folder that `gongji population` or `gongji buckets` wrote; `base` and
             `reform` a date, a file, or {path: figure}; amounts in columns that end in `_fen`.
    Refuses: what laws and populations are refused for.
    """
    asked = Comparison(
        Path(population), area, _reform(base), _reform(reform), years, settings=dict(settings or {})
    )
    return tables(simulate_comparison(asked))


def _reform(said: Told) -> Reform:
    if isinstance(said, Reform):
        return said
    if isinstance(said, Mapping):
        return Reform("、".join(f"{p} 改为 {f}" for p, f in said.items()), figures=dict(said))
    if str(said).endswith((".yaml", ".yml")):
        return read_reform(Path(said))
    return Reform(day=str(said))
