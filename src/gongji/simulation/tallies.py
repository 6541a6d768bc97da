"""What is added up over cohorts: cells of visits under several laws, and each person's year.

Sums are whole fen. Persons keep a group of replicates, by which the uncertainty of any figure is
told from how the groups differ. This module adds and says nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from gongji.simulation.cohorts import AGE_NAMES, LEVEL_NAMES, STATUSES, Cohort, VisitAmounts
from gongji.units import Fen

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
I8 = npt.NDArray[np.int8]
Keys = npt.NDArray[np.signedinteger[Any]]
"""Small numbers of whatever width."""

GROUPS = 40
"""Groups of persons that replicate each other."""
T_39 = 1.6849
"""The 95 % quantile of Student's t with 39 degrees of freedom: two-sided 90 %."""
MEASURES = ("pool", "deductible", "supplements", "person")
_STEP = 2_654_435_761


@dataclass(frozen=True, eq=False)
class Interval:
    """A figure with its 90 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class PersonYears:
    """Persons' years as columns, in fen; `group` is that of replicates."""

    status: I8
    age: I8
    disease: I32
    group: I8
    base: I64
    account: npt.NDArray[np.bool_]
    visits: I32
    total: I64
    pool: tuple[I64, ...]
    """What the pool pays, under each law."""
    own: tuple[I64, ...]
    """What is left to the person and their account, under each law."""
    main_pool: tuple[I64, ...]
    """What the pool pays of the first benefit, under each law."""


@dataclass
class YearTally:
    """Sums over visits by benefit, level, status, age and month, under each law; persons' years."""

    shape: tuple[int, ...]
    laws: int
    visits: I64 = field(init=False)
    total: I64 = field(init=False)
    sums: list[dict[str, I64]] = field(init=False)
    open: list[int] = field(init=False)
    bad: list[int] = field(init=False)
    diseases: dict[str, int] = field(default_factory=dict)
    parts: list[PersonYears] = field(default_factory=list)

    def __post_init__(self) -> None:
        size = int(np.prod(self.shape))
        self.visits, self.total = np.zeros(size, np.int64), np.zeros(size, np.int64)
        self.sums = [{m: np.zeros(size, np.int64) for m in MEASURES} for _ in range(self.laws)]
        self.open, self.bad = [0] * self.laws, [0] * self.laws

    def add(self, part: "CohortSums") -> None:
        """Add a cohort's sums."""
        self.visits += part.visits
        self.total += part.total
        for law in range(self.laws):
            for measure in MEASURES:
                self.sums[law][measure] += part.sums[law][measure]
            self.open[law] += part.open[law]
            self.bad[law] += part.bad[law]
        places = [self.diseases.setdefault(d, len(self.diseases)) for d in part.diseases]
        years = part.years
        # The cohort's numbers to ours.
        moved = np.array(places, np.int32)[years.disease] if places else years.disease
        self.parts.append(replace(years, disease=moved))

    def by(self, *axes: int) -> Callable[[I64], I64]:
        """A function that adds cells up over all axes but these."""
        others = tuple(axis for axis in range(len(self.shape)) if axis not in axes)
        return lambda cells: cells.reshape(self.shape).sum(axis=others)

    def pool(self, law: int) -> Fen:
        """What the pool pays in all."""
        return int(self.sums[law]["pool"].sum())

    def years(self) -> PersonYears:
        """All persons' years."""
        if len(self.parts) > 1:
            parts, self.parts = self.parts, []
            self.parts = [_joined(parts)]
        return self.parts[0]


@dataclass(frozen=True, eq=False)
class CohortSums:
    """A cohort's sums."""

    visits: I64
    total: I64
    sums: tuple[Mapping[str, I64], ...]
    open: tuple[int, ...]
    bad: tuple[int, ...]
    diseases: tuple[str, ...]
    years: PersonYears


def shape_of(benefits: int) -> tuple[int, ...]:
    """The axes of cells: benefit, level, status, age, month."""
    return (benefits, len(LEVEL_NAMES), len(STATUSES), len(AGE_NAMES), 12)


def add_up(cohort: Cohort, amounts: tuple[VisitAmounts, ...], shape: tuple[int, ...]) -> CohortSums:
    """The sums of a cohort settled under some laws."""
    axes = (cohort.benefit, cohort.level, cohort.status, cohort.age, cohort.month)
    cells = np.ravel_multi_index(axes, shape)
    size, persons = int(np.prod(shape)), cohort.persons
    # Each visit's cost is known where some law could settle it.
    total = np.maximum.reduce([one.total for one in amounts])

    def over(keys: Keys, fen: I64, length: int) -> I64:
        # Exact: sums of whole fen stay below 2**53.
        return np.bincount(keys, fen, length).astype(np.int64)

    main = cohort.benefit == 0
    years = PersonYears(
        persons.status,
        persons.age,
        persons.disease,
        _groups(cohort),
        persons.base,
        persons.account,
        np.bincount(cohort.person, minlength=persons.count).astype(np.int32),
        over(cohort.person, total, persons.count),
        tuple(over(cohort.person, one.pool, persons.count) for one in amounts),
        tuple(over(cohort.person, one.person, persons.count) for one in amounts),
        tuple(over(cohort.person, one.pool * main, persons.count) for one in amounts),
    )
    return CohortSums(
        np.bincount(cells, minlength=size),
        over(cells, total, size),
        tuple({m: over(cells, getattr(one, m), size) for m in MEASURES} for one in amounts),
        tuple(int(one.open.sum()) for one in amounts),
        tuple(int(one.bad.sum()) for one in amounts),
        persons.diseases,
        years,
    )


def _groups(cohort: Cohort) -> I8:
    """The group of each person, as good as drawn."""
    numbers = np.arange(cohort.persons.count, dtype=np.uint64) + np.uint64(cohort.number << 32)
    mixed = (numbers * np.uint64(_STEP)) >> np.uint64(13)
    return (mixed % np.uint64(GROUPS)).astype(np.int8)


def _joined(parts: list[PersonYears]) -> PersonYears:
    """The persons of all parts, column by column, each let go once it is joined."""
    columns = [dict(vars(part)) for part in parts]
    parts.clear()

    def joined(name: str) -> Any:
        pieces = [part.pop(name) for part in columns]
        if isinstance(pieces[0], tuple):
            return tuple(np.concatenate(each) for each in zip(*pieces, strict=True))
        return np.concatenate(pieces)

    return PersonYears(**{item.name: joined(item.name) for item in fields(PersonYears)})


def interval(of: Callable[..., F64], *groups: F64) -> Interval:
    """A figure made of sums, with its 90 % interval by leaving out one group after the other.

    Shape:   `groups` each a sum for every group; `of` the figure from such sums.
    """
    totals = [group.sum() for group in groups]
    value = float(of(*totals))
    count = len(groups[0])
    scale = count / (count - 1)
    left = of(*(scale * (total - group) for total, group in zip(totals, groups, strict=True)))
    spread = float(((left - left.mean()) ** 2).sum() * (count - 1) / count) ** 0.5
    return Interval(value, value - T_39 * spread, value + T_39 * spread)


def by_group(group: Keys, amounts: npt.NDArray[np.generic]) -> F64:
    """Sums for every group of replicates."""
    sums: F64 = np.bincount(group, amounts.astype(np.float64), GROUPS).astype(np.float64)
    return sums
