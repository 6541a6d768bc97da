"""Several areas' laws on one population: what each pays to whom, by kind of person.

The same visits are settled under every law, so that what differs is the law alone. Each area's
figures are those of a run of its own. This module compares; it settles nothing itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from gongji.law.engine.areas import Areas
from gongji.simulation.cohorts import AGE_NAMES
from gongji.simulation.outcome_tables import STATUS_NAMES, suppressed, weighted
from gongji.simulation.populations import Population
from gongji.simulation.reforms import Reform, Side, side_of
from gongji.simulation.simulate import day_of_law, population_of, prepare, settle_all
from gongji.simulation.tallies import YearTally

KINDS = tuple(f"{status}·{age}" for status in STATUS_NAMES for age in AGE_NAMES)
"""Kinds of persons: status and band of age."""


@dataclass(frozen=True)
class AreasAsked:
    """Which areas are to be compared, on which population, by the law of which day."""

    folder: Path
    codes: tuple[str, ...]
    areas: Areas
    day: str = ""


@dataclass(frozen=True, eq=False)
class AreaComparison:
    """The laws of some areas on one population."""

    population: Population
    sides: tuple[Side, ...]
    tally: YearTally

    @property
    def places(self) -> tuple[str, ...]:
        """What the areas are called."""
        return tuple(side.name for side in self.sides)


def compare_areas(
    asked: AreasAsked, told: Callable[[int], None] = lambda _: None
) -> AreaComparison:
    """Settle a population under the law of every area.

    Shape:   `told` hears of visits settled.
    Refuses: area_unknown, date_outside; a figure that no area has; what populations are refused
             for.
    """
    asked.areas.check_given(asked.codes)
    population, _ = population_of(asked.folder, asked.codes[0])
    day = day_of_law(Reform(day=asked.day), population)
    sides = tuple(
        side_of(Reform(asked.areas.home(code).law(day).place), code, day, asked.areas)
        for code in asked.codes
    )
    ready = prepare(asked.folder, asked.codes[0], sides)
    return AreaComparison(ready.population, sides, settle_all(ready, told))


def area_tables(made: AreaComparison) -> dict[str, pl.DataFrame]:
    """The comparison as tables: each area in all, and each area by kind of person."""
    return {"areas": _areas_table(made), "kinds": kinds_table(made)}


def _areas_table(made: AreaComparison) -> pl.DataFrame:
    tally, rows = made.tally, []
    visits = int(tally.visits.sum())
    for law, side in enumerate(made.sides):
        sums = {name: int(cells.sum()) for name, cells in tally.sums[law].items()}
        rows.append(
            {
                "area": side.name,
                "persons": _of(made, len(tally.years().total)),
                "visits": _of(made, visits),
                "total_fen": _of(made, int(tally.total.sum())),
                "pool_fen": _of(made, sums["pool"]),
                "supplements_fen": _of(made, sums["supplements"]),
                "own_fen": _of(made, sums["person"]),
                "pool_share": sums["pool"] / max(int(tally.total.sum()), 1),
                "unsettled_share": (tally.open[law] + tally.bad[law]) / max(visits, 1),
            }
        )
    return pl.DataFrame(rows)


def _of(made: AreaComparison, amount: int) -> int:
    return int(weighted(made.population, amount))


def kinds_table(made: AreaComparison) -> pl.DataFrame:
    """What each area's law pays to each kind of person, and what is left to them."""
    years = made.tally.years()
    kind = years.status * len(AGE_NAMES) + years.age
    persons = np.bincount(kind, minlength=len(KINDS))
    total = _sums(kind, years.total)
    frames = []
    for law, side in enumerate(made.sides):
        pool, own = _sums(kind, years.pool[law]), _sums(kind, years.own[law])
        frames.append(
            pl.DataFrame(
                {
                    "kind": KINDS,
                    "area": [side.name] * len(KINDS),
                    "persons": weighted(made.population, persons),
                    "total_fen": weighted(made.population, total),
                    "pool_fen": weighted(made.population, pool),
                    "supplements_fen": weighted(made.population, total - pool - own),
                    "own_fen": weighted(made.population, own),
                    "mean_pool_fen": np.rint(pool / np.maximum(persons, 1)).astype(np.int64),
                    "mean_own_fen": np.rint(own / np.maximum(persons, 1)).astype(np.int64),
                    "pool_share": pool / np.maximum(total, 1),
                }
            ).filter(pl.Series(persons > 0))
        )
    order = {name: place for place, name in enumerate(KINDS)}
    whole = pl.concat(frames).sort(pl.col("kind").replace_strict(order), maintain_order=True)
    return suppressed(made.population, whole)


def _sums(kind: np.ndarray, amounts: np.ndarray) -> np.ndarray:
    """Sums by kind; exact while they stay below 2**53."""
    return np.bincount(kind, amounts, len(KINDS)).astype(np.int64)
