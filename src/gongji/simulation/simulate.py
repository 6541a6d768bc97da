"""Two laws on one population: settled, added up, under three lines of behaviour, over years ahead.

`simulate` gives an outcome; what is told of it are the tables of `outcome_tables`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from gongji.batch.columns import Columns
from gongji.batch.ordering import side_by_side
from gongji.law.engine.areas import Areas
from gongji.refusals import Refusal
from gongji.simulation.behaviour import LINES, STATIC, BehaviourLine, behaving, factors_of, scaled
from gongji.simulation.cohorts import (
    Cohort,
    Opened,
    SideSettler,
    VisitAmounts,
    cohorts,
    open_population,
)
from gongji.simulation.populations import ABOUT, Population, from_visits
from gongji.simulation.reforms import Reform, Side, side_of
from gongji.simulation.tallies import (
    F64,
    GROUPS,
    CohortSums,
    YearTally,
    add_up,
    by_group,
    shape_of,
)
from gongji.units import Day, date_of

KEPT_ROWS = 8_000_000
"""Of populations with at most so many visits what was read is kept for the lines and years."""
I64 = npt.NDArray[np.int64]
Told = Callable[[int], None]


@dataclass(frozen=True)
class Growth:
    """How years ahead differ: shares a year, each with its source in docs/use/simulation.md."""

    cost: float = 0.05
    active: float = 0.015
    retired: float = 0.046
    income: float = 0.035


@dataclass(frozen=True)
class Comparison:
    """What is to be simulated: a population, two laws, lines of behaviour, years."""

    folder: Path
    code: str
    base: Reform
    reform: Reform
    years: int = 1
    lines: tuple[BehaviourLine, ...] = LINES
    growth: Growth = Growth()
    folders: tuple[Path, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    areas: Areas | None = None
    """The laws that both sides start from, instead of those of folders."""

    @property
    def start(self) -> Areas | tuple[Path, ...]:
        """What both sides start from."""
        return self.areas or self.folders


@dataclass(frozen=True, eq=False)
class LineSums:
    """What a line comes to under the reform: visits, cost, pool and person by cell and by group."""

    line: BehaviourLine
    visits: I64
    total: I64
    pool: I64
    person: I64
    supplements: I64
    pool_groups: F64
    person_groups: F64


@dataclass(frozen=True, eq=False)
class YearAhead:
    """A year ahead without behaviour: the pool's payment by status under each law, unweighted."""

    number: int
    pool: tuple[I64, I64]


@dataclass(frozen=True, eq=False)
class ReformOutcome:
    """All that came out; amounts are those of the population's persons, not yet weighted."""

    population: Population
    base: Side
    reform: Side
    benefits: tuple[str, ...]
    tally: YearTally
    lines: tuple[LineSums, ...]
    ahead: tuple[YearAhead, ...]
    growth: Growth


@dataclass(frozen=True, eq=False)
class Prepared:
    """A population that is open and the settlers of some laws."""

    population: Population
    opened: Opened
    sides: tuple[SideSettler, ...]
    shape: tuple[int, ...]
    read: "Readers"

    def instead(self, side: Side) -> "Prepared":
        """The same population with another law in the place of the last."""
        settler = SideSettler(side, self.opened.benefits)
        return replace(self, sides=(*self.sides[:-1], settler))


class Readers:
    """The cohorts of a population, read once where they fit in memory."""

    def __init__(self, opened: Opened, known: frozenset[str]) -> None:
        self.opened, self.known = opened, known
        self.kept: dict[int, Cohort] = {}

    def jobs(self) -> Iterator[Callable[[], Cohort]]:
        """Each cohort as a job that gives it."""
        for number, read in enumerate(cohorts(self.opened, self.known)):
            yield partial(self._one, number, read)

    def _one(self, number: int, read: Callable[[], Cohort]) -> Cohort:
        if number in self.kept:
            return self.kept[number]
        cohort = read()
        if self.opened.visits.rows <= KEPT_ROWS:
            self.kept[number] = cohort
        return cohort


def population_of(folder: Path, code: str) -> tuple[Population, Opened]:
    """What a folder stands for, made up or real, and its buckets.

    Refuses: value_invalid where it is no population, or one of another area.
    """
    if (folder / ABOUT).is_file():
        population = Population.read(folder)
        opened = open_population(folder, population.year)
        return population, replace(opened, single=population.made_up)
    opened = open_population(folder, 0)
    year = _year_of(opened)
    return from_visits(opened.visits_folder, code, year), replace(opened, year=year)


def _year_of(opened: Opened) -> int:
    """The year of the visits of the first bucket that has any."""
    some = [bucket.file for bucket in opened.visits.buckets if bucket.rows]
    if not some:
        raise Refusal("value_invalid", "POPULATION", {"value": "0 行", "allowed": "至少一次就诊"})
    table = pq.read_table(opened.visits_folder / some[0], columns=["date"])
    return date_of(int(np.median(Columns(table).day))).year


def prepare(folder: Path, code: str, sides: Iterable[Side]) -> Prepared:
    """A population and the laws that it is to be settled under."""
    population, opened = population_of(folder, code)
    settlers = tuple(SideSettler(side, opened.benefits) for side in sides)
    known = frozenset().union(*(one.region.columns for one in settlers))
    shape = shape_of(len(opened.names()))
    return Prepared(population, opened, settlers, shape, Readers(opened, known))


def day_of_law(base: Reform, population: Population) -> Day:
    """The day whose law is meant: the one given, or the first of the population's year."""
    from gongji.law.engine.visit import read_date

    return read_date("date", base.day or f"{population.year}-01-01")


def sides_of(asked: Comparison) -> tuple[Side, Side]:
    """The two laws of a comparison; the reform changes what it does not say of the base."""
    population, _ = population_of(asked.folder, asked.code)
    day = day_of_law(asked.base, population)
    base = side_of(asked.base, asked.code, day, asked.start, asked.settings)
    own = asked.reform
    if not own.folders:
        own = replace_folders(own, asked.base)
    return base, side_of(own, asked.code, base.day, asked.start, asked.settings)


def replace_folders(reform: Reform, base: Reform) -> Reform:
    """A reform that names no folders of its own stands on those of the base."""
    import msgspec

    return msgspec.structs.replace(reform, folders=base.folders)


def simulate(asked: Comparison, told: Told = lambda _: None) -> ReformOutcome:
    """Settle a population under both laws and all lines, and years ahead.

    Shape:   `told` hears of visits settled; `steps` tells how many there will be.
    Refuses: what laws and populations are refused for.
    """
    base, reform = sides_of(asked)
    ready = prepare(asked.folder, asked.code, (base, reform))
    tally = settle_all(ready, told)
    lines = tuple(line_sums(ready, tally, line, told) for line in asked.lines)
    ahead = tuple(
        _year_ahead(ready, number, asked.growth, told) for number in range(1, asked.years)
    )
    names = ready.opened.names()
    return ReformOutcome(ready.population, base, reform, names, tally, lines, ahead, asked.growth)


def steps(asked: Comparison) -> int:
    """How many visits will be settled in all, for whoever shows how far it is."""
    _, opened = population_of(asked.folder, asked.code)
    behaving_lines = sum(line != STATIC for line in asked.lines)
    return opened.visits.rows * (1 + behaving_lines + max(asked.years - 1, 0))


def settle_all(ready: Prepared, told: Told) -> YearTally:
    """Every visit under every law, added up."""
    tally = YearTally(ready.shape, len(ready.sides))

    def job(read: Callable[[], Cohort]) -> tuple[CohortSums, int]:
        cohort = read()
        found = balanced(tuple(side.settle(cohort.columns) for side in ready.sides), cohort)
        return add_up(cohort, found, ready.shape), cohort.count

    for part, rows in side_by_side(partial(job, read) for read in ready.read.jobs()):
        tally.add(part)
        told(rows)
    return tally


def balanced(amounts: tuple[VisitAmounts, ...], cohort: Cohort) -> tuple[VisitAmounts, ...]:
    """The same; a visit that a law cannot settle is the person's under it.

    Ensures: total = pool + supplements + person is the same under all laws.
    """
    if not any(one.open.any() or one.bad.any() for one in amounts):
        return amounts
    total = np.maximum.reduce([one.total for one in amounts])
    lost = np.logical_and.reduce([one.open | one.bad for one in amounts])
    total = np.where(lost, cohort.cost, total)
    return tuple(replace(one, person=total - one.pool - one.supplements) for one in amounts)


def line_sums(ready: Prepared, tally: YearTally, line: BehaviourLine, told: Told) -> LineSums:
    """The reform under one line; the static one is there already."""
    if line.visits == 0 and line.cost == 0:
        years, sums = tally.years(), tally.sums[1]
        groups = [by_group(years.group, fen) for fen in (years.pool[1], years.own[1])]
        return LineSums(
            line,
            tally.visits,
            tally.total,
            sums["pool"],
            sums["person"],
            sums["supplements"],
            *groups,
        )
    factors = factors_of(line, tally)
    size = int(np.prod(ready.shape))
    names = ("visits", "total", "pool", "person", "supplements")
    found = {name: np.zeros(size, np.int64) for name in names}
    groups = [np.zeros(GROUPS), np.zeros(GROUPS)]

    def job(read: Callable[[], Cohort]) -> tuple[CohortSums, int]:
        cohort = read()
        changed = behaving(cohort, factors)
        amounts = balanced((ready.sides[1].settle(changed.columns),), changed)
        return add_up(changed, amounts, ready.shape), cohort.count

    for part, rows in side_by_side(partial(job, read) for read in ready.read.jobs()):
        found["visits"] += part.visits
        found["total"] += part.total
        for name in names[2:]:
            found[name] += part.sums[0][name]
        for group, fen in zip(groups, (part.years.pool[0], part.years.own[0]), strict=True):
            group += by_group(part.years.group, fen)
        told(rows)
    return LineSums(line, pool_groups=groups[0], person_groups=groups[1], **found)


def _year_ahead(ready: Prepared, number: int, growth: Growth, told: Told) -> YearAhead:
    """The pool's payment so many years ahead, costs grown, settled anew: ceilings do not grow."""
    factor = (1 + growth.cost) ** number

    def job(read: Callable[[], Cohort]) -> tuple[list[I64], int]:
        cohort = read()
        rows = np.arange(cohort.count)
        grown = scaled(cohort, rows, np.full(cohort.count, factor))
        found = balanced(tuple(side.settle(grown.columns) for side in ready.sides), grown)
        status = grown.status
        return [np.bincount(status, one.pool, 2).astype(np.int64) for one in found], cohort.count

    pools = [np.zeros(2, np.int64), np.zeros(2, np.int64)]
    for part, rows in side_by_side(partial(job, read) for read in ready.read.jobs()):
        for law, fen in enumerate(part):
            pools[law] += fen
        told(rows)
    return YearAhead(number, (pools[0], pools[1]))
