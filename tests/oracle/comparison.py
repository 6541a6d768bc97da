"""Kernel and oracle side by side: the same history settled by both, visit by visit.

Knows how to hand a history to each and how to make a difference small; it knows no rule.
"""

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from gongji import oracle
from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.law.engine.engine import settle
from gongji.law.engine.person_meters import Meters
from gongji.law.engine.visit import read_visit
from gongji.refusals import Refusal
from gongji.units import day_of, show_ppm, yuan_text
from histories import AREAS, random_history

Row = dict[str, Any]
Figures = Mapping[str, int]
Answer = dict[str, Any]

KEPT = {
    "person",
    "area",
    "status",
    "date",
    "total_fen",
    "level",
    "institution_kind",
    "prescriber_level",
}
"""Facts without which a visit cannot be settled: shrinking leaves them."""


class Shelf(Library):
    """A library whose folders do not change while histories are compared."""

    def __init__(self, folders: Iterable[Path] = ()) -> None:
        super().__init__(folders)
        self._files: dict[str, list[Path]] = {}

    def files(self, area: str = "*") -> list[Path]:
        """The files of an area, looked for once."""
        if area not in self._files:
            self._files[area] = super().files(area)
        return self._files[area]


@dataclass(frozen=True)
class Difference:
    """A visit that kernel and oracle settle differently, with the history that leads to it."""

    rows: list[Row]
    figures: dict[str, int]
    kernel: Answer
    oracle: Answer

    def __str__(self) -> str:
        lines = ["the kernel and the oracle differ on the last of these visits:"]
        lines += [f"  {texts_of(row)}" for row in self.rows]
        lines += [f"  figures {settings_of(self.figures)}"]
        lines += [f"  kernel  {self.kernel}", f"  oracle  {self.oracle}"]
        return "\n".join(lines)


def settings_of(figures: Figures) -> dict[str, str]:
    """Open figures as they are given to `--set`: yuan, or a percentage for a rate or a bonus."""
    return {
        name: show_ppm(figure) if "rate" in name or "bonus" in name else yuan_text(figure)
        for name, figure in figures.items()
    }


def texts_of(row: Row) -> dict[str, str]:
    """A row as a visits file would hold it."""
    texts = {}
    for name, value in row.items():
        if isinstance(value, bool):
            texts[name] = "true" if value else "false"
        elif isinstance(value, datetime):
            texts[name] = f"{value:%Y-%m-%d %H:%M}"
        elif isinstance(value, date):
            texts[name] = value.isoformat()
        elif value is not None:
            texts[name] = str(value)
    return texts


def by_kernel(library: Library, rows: list[Row], figures: Figures) -> Iterator[Answer]:
    """What the rulebook and the kernel make of a history."""
    area = Areas(library, everywhere=settings_of(figures)).area(rows[0]["area"])
    meters = Meters(area.layout)
    for row in rows:
        try:
            visit = read_visit(texts_of(row), area.law(day_of(row["date"])))
            result = settle(area, visit, meters)
        except Refusal as refusal:
            yield _answer(refusal.code, 0, {}, 0, 0, row["total_fen"])
            continue
        yield _answer(
            result.refusal,
            result.deductible_fen,
            result.layers,
            result.pool_fen,
            result.supplements_fen,
            result.person_fen,
        )


def by_oracle(rows: list[Row], figures: Figures) -> Iterator[Answer]:
    """What the second reading makes of it."""
    for outcome in oracle.settle(rows, figures):
        yield _answer(
            outcome.refusal or "",
            outcome.deductible_fen,
            outcome.layers,
            outcome.pool_fen,
            outcome.supplements_fen,
            outcome.person_fen,
        )


def _answer(
    refusal: str, deductible: int, layers: Mapping[str, int], pool: int, other: int, person: int
) -> Answer:
    return {
        "refusal": refusal,
        "deductible": deductible,
        "layers": {name: fen for name, fen in layers.items() if fen},
        "pool": pool,
        "supplements": other,
        "person": person,
    }


def difference(library: Library, rows: list[Row], figures: Figures) -> Difference | None:
    """The first visit on which they differ, or None."""
    if not rows:
        return None
    pairs = zip(by_kernel(library, rows, figures), by_oracle(rows, figures), strict=True)
    for number, (kernel, second) in enumerate(pairs):
        if kernel != second:
            return Difference(rows[: number + 1], dict(figures), kernel, second)
    return None


def shrunk(library: Library, found: Difference) -> Difference:
    """A smaller history that still differs: fewer visits, fewer facts, rounder amounts."""
    smaller = True
    while smaller:
        smaller = False
        for rows in _smaller(found.rows):
            again = difference(library, rows, found.figures)
            if again:
                found, smaller = again, True
                break
    return found


def _smaller(rows: list[Row]) -> Iterator[list[Row]]:
    for number in range(len(rows) - 1):
        yield rows[:number] + rows[number + 1 :]
    for number, row in enumerate(rows):
        for name in row.keys() - KEPT:
            less = {key: value for key, value in row.items() if key != name}
            yield [*rows[:number], less, *rows[number + 1 :]]
        for name in ("total_fen", "in_scope_fen"):
            for amount in _rounder(row.get(name, 0), row.get("in_scope_fen", 0), name):
                yield [*rows[:number], row | {name: amount}, *rows[number + 1 :]]


def _rounder(amount: int, in_scope: int, name: str) -> Iterator[int]:
    least = in_scope if name == "total_fen" else 0
    for unit in (100_000, 10_000, 1_000, 100, 10):
        if amount % unit and amount - amount % unit >= least:
            yield amount - amount % unit


def compare(library: Library, area: str, seed: str) -> tuple[int, Difference | None]:
    """One random person-year: how many visits it has, and the first difference."""
    rows, figures = random_history(random.Random(f"{seed}:{area}"), area)
    return len(rows), difference(library, rows, figures)


def compare_years(library: Library, years: int, seed: str, first: int = 0) -> tuple[int, str]:
    """Person-years of all areas in turn: the visits compared, and what differs (shrunk)."""
    visits = 0
    for number in range(first, first + years):
        count, found = compare(library, AREAS[number % len(AREAS)], f"{seed}:{number}")
        visits += count
        if found:
            return visits, f"seed {seed}, person-year {number}: {shrunk(library, found)}"
    return visits, ""
