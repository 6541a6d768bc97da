"""A bucket's persons and visits as numbers, settled under a law by the compiled kernel.

What a row says is read as files are read; who it belongs to is a number, since no result goes back
to a name. This module adds nothing up.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gongji.batch.area_arrays import AreaPlan
from gongji.batch.buckets import Bucket, Manifest
from gongji.batch.columns import Columns
from gongji.batch.encode import Settling
from gongji.batch.loops import ABSENT, OPEN
from gongji.batch.regions import Region
from gongji.law.rulebook.vocabulary import LEVELS
from gongji.refusals import Refusal
from gongji.simulation.populations import PEOPLE, VISITS
from gongji.simulation.reforms import Side
from gongji.tabular.arrow_tables import FAULT
from gongji.units import day_of

I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
I8 = npt.NDArray[np.int8]
Bools = npt.NDArray[np.bool_]

STATUSES = ("active", "retired")
AGE_BOUNDS = (30, 45, 60, 75)
AGE_NAMES = ("不满30岁", "30—44岁", "45—59岁", "60—74岁", "75岁以上", "年龄不详")
LEVEL_NAMES = ("未注明", "一级", "二级", "三级", "药店")
_NOT_READ_HERE = ("person", "visit", "sequence", "area", "total", "in_scope")
_MONEY = ("total", "in_scope")


@dataclass(frozen=True, eq=False)
class Persons:
    """The persons of a bucket as columns of numbers.

    Shape:   `age` a band of AGE_NAMES, `status` one of STATUSES, `disease` a number among
             `diseases`; `base` a month's contribution base or pension in fen, -1 unknown.
    """

    count: int
    status: I8
    age: I8
    disease: I32
    diseases: tuple[str, ...]
    base: I64
    account: Bools


@dataclass(frozen=True, eq=False)
class Cohort:
    """A bucket: its persons, and its visits in order with what tables tell apart.

    Shape:   columns are as narrow as they may be, since all cohorts of a population are kept.
    """

    number: int
    persons: Persons
    columns: Columns
    person: I32
    benefit: I8
    level: I8
    status: I8
    month: I8

    @property
    def count(self) -> int:
        """How many visits."""
        return len(self.person)

    @property
    def age(self) -> I8:
        """The band of age of each visit's person."""
        return self.persons.age[self.person]

    @property
    def cost(self) -> I64:
        """What each visit is said to cost in all, or in scope where no more is said, in fen."""
        total, in_scope = self.columns.fen("total"), self.columns.fen("in_scope")
        return np.maximum(np.where(total < 0, in_scope, total), 0)

    def taken(self, rows: I64, table: pa.Table) -> "Cohort":
        """Some rows, perhaps several times, with the table that is theirs."""
        return replace(
            self,
            columns=Columns(table),
            person=self.person[rows],
            benefit=self.benefit[rows],
            level=self.level[rows],
            status=self.status[rows],
            month=self.month[rows],
        )


@dataclass(frozen=True, eq=False)
class VisitAmounts:
    """What becomes of each visit under a law, in fen; nothing where it could not be settled."""

    pool: I64
    deductible: I64
    supplements: I64
    person: I64
    open: Bools
    """A figure that the law leaves open was needed."""
    bad: Bools
    """The row could not be read as a visit under this law."""

    @property
    def total(self) -> I64:
        """The cost of each visit that was settled."""
        return self.pool + self.supplements + self.person


class SideSettler:
    """Settles cohorts under one law."""

    def __init__(self, side: Side, benefits: tuple[str, ...] | None) -> None:
        area = side.area
        self.side = side
        self.region = Region(AreaPlan(area), area)
        self.reached = self.region.reached(benefits)

    def settle(self, columns: Columns) -> VisitAmounts:
        """The amounts of all rows."""
        if not columns.count:
            none = np.zeros(0, np.int64)
            return VisitAmounts(none, none, none, none, none > 0, none > 0)
        settled = Settling(self.region, columns, {}, self.reached).sums()
        left = settled.refusal < 0
        found = (settled.pool, settled.deductible, settled.supplements, settled.person)
        if left.any():
            for fen in found:
                fen[left] = 0
        pool, deductible, supplements, person = found
        opened = settled.refusal == OPEN
        return VisitAmounts(pool, deductible, supplements, person, opened, left & ~opened)


@dataclass(frozen=True)
class Opened:
    """A folder of persons and visits, or of visits alone, ready to be read.

    Shape:   `benefits` the different ones, None without a column; `single` says that every visit is
             a registration of its own, as in what was made up.
    """

    folder: Path
    visits: Manifest
    people: Manifest | None
    benefits: tuple[str, ...] | None
    year: int
    single: bool = False

    @property
    def visits_folder(self) -> Path:
        """Where the buckets of visits are."""
        return self.folder / VISITS if (self.folder / VISITS).is_dir() else self.folder

    def names(self) -> tuple[str, ...]:
        """The benefits as tables tell them."""
        return self.benefits or ("ordinary",)


def open_population(folder: Path, year: int) -> Opened:
    """A folder of a population, or of buckets of visits.

    Refuses: value_invalid for another folder; file_unreadable for a bucket that was changed.
    """
    inside = folder / VISITS if (folder / VISITS).is_dir() else folder
    visits = Manifest.read(inside)
    people = Manifest.read(folder / PEOPLE) if (folder / PEOPLE).is_dir() else None
    if people is not None and len(people.buckets) != len(visits.buckets):
        values = {"value": str(folder), "allowed": "人与就诊分成同样多的桶"}
        raise Refusal("value_invalid", "POPULATION", values)
    for bucket in visits.buckets:
        bucket.path(inside)
    found: dict[str, None] = {}
    if "benefit" in visits.columns:
        for bucket in visits.buckets:
            column = pq.read_table(
                inside / bucket.file, columns=["benefit"], read_dictionary=["benefit"]
            ).column(0)
            found |= dict.fromkeys(pc.unique(column).to_pylist())
    names = tuple(str(name or "ordinary") for name in found)
    return Opened(folder, visits, people, tuple(dict.fromkeys(names)) or None, year)


def cohorts(opened: Opened, known: frozenset[str]) -> Iterator["partial[Cohort]"]:
    """Each bucket as a job that reads it."""
    for number, bucket in enumerate(opened.visits.buckets):
        yield partial(read_cohort, opened, known, number, bucket)


def read_cohort(opened: Opened, known: frozenset[str], number: int, bucket: Bucket) -> Cohort:
    """A bucket's persons and visits.

    Shape:   `known` the columns that a law asks for.
    Refuses: value_invalid for a visit of a person who is not among the persons.
    """
    path = opened.visits_folder / bucket.file
    schema = pq.read_schema(path)
    wanted = [n for n in schema.names if n in known and n not in _NOT_READ_HERE]
    others = ("person", FAULT) if opened.single else ("person", "visit", FAULT)
    wanted += [n for n in schema.names if n in others or _money(n)]
    coded = [n for n in wanted if pa.types.is_string(schema.field(n).type)]
    table = pq.read_table(path, columns=list(dict.fromkeys(wanted)), read_dictionary=coded)
    ids, person = _persons_of(table)
    if opened.people is None:
        people = _people_of_visits(len(ids), table, person)
    else:
        told = _people_table(opened, number)
        people = _people(told, opened.year)
        person = _found_among(told, ids)[person]
    table = _registrations(table.drop_columns(["person"]))
    table = _in_fen(table.append_column("person", pa.array(person)))
    columns = Columns(table)
    names = opened.names()
    benefit = _codes(columns, "benefit", ("", *names), 1) - 1
    return Cohort(
        number,
        people,
        columns,
        person,
        np.maximum(benefit, 0),
        _levels(columns),
        _codes(columns, "status", STATUSES, 0),
        _months(columns.day),
    )


def _money(name: str) -> bool:
    return name in ("total", "in_scope", "total_fen") or name.startswith("in_scope_")


def _persons_of(table: pa.Table) -> tuple[pa.Array, I32]:
    """The different persons in order, and which each row has."""
    column = table.column("person").unify_dictionaries().combine_chunks()
    array = pa.concat_arrays(column.chunks) if isinstance(column, pa.ChunkedArray) else column
    coded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    codes = pc.fill_null(coded.indices.cast(pa.int32()), 0).to_numpy()
    return coded.dictionary.cast(pa.string()), codes


_PEOPLE_READ = ("person", "status", "born", "disease", "has_account", "base", "base_fen")


def _people_table(opened: Opened, number: int) -> pa.Table:
    """The persons of a bucket, of their columns those that tables ask for."""
    assert opened.people is not None
    path = opened.people.buckets[number].path(opened.folder / PEOPLE)
    names = [name for name in pq.read_schema(path).names if name in _PEOPLE_READ]
    coded = [name for name in names if name in ("status", "disease")]
    return pq.read_table(path, columns=names, read_dictionary=coded)


def _found_among(told: pa.Table, ids: pa.Array) -> I32:
    """The place of each id among the persons."""
    places = pc.index_in(ids, value_set=told.column("person").combine_chunks())
    if places.null_count:
        lost = ids.filter(places.is_null())[0].as_py()
        raise Refusal("value_invalid", "person", {"value": str(lost), "allowed": "人的表中有的人"})
    found: I32 = places.to_numpy()
    return found


def _people_of_visits(count: int, visits: pa.Table, of: I32) -> Persons:
    """Where there is no table of persons, those who have visits."""
    status = np.zeros(count, np.int8)
    status[of] = _codes(Columns(visits), "status", STATUSES, 0)
    unknown = np.full(count, len(AGE_NAMES) - 1, np.int8)
    none = np.zeros(count, np.int32)
    return Persons(count, status, unknown, none, ("",), np.full(count, -1), none < 0)


def _people(table: pa.Table, year: int) -> Persons:
    """A table of persons as columns of numbers."""
    columns, count = Columns(table), table.num_rows
    born = columns.days("born") if "born" in columns else np.zeros(count, np.int64)
    ages = (day_of(date(year, 12, 31)) - born) / 365.2425
    bands = np.searchsorted(np.array(AGE_BOUNDS), ages, side="right")
    known = np.abs(born) < day_of(date(2200, 1, 1)) if "born" in columns else born < 0
    disease = columns.coded("disease")
    account = columns.coded("has_account")
    holders = np.array([text.lower() == "true" for text in account.texts])[account.codes]
    base = columns.found_fen("base")
    return Persons(
        count,
        _codes(columns, "status", STATUSES, 0),
        np.where(known, bands, len(AGE_NAMES) - 1).astype(np.int8),
        disease.codes,
        disease.texts,
        np.full(count, -1) if base is None else base,
        holders,
    )


def _registrations(table: pa.Table) -> pa.Table:
    """Registrations as numbers, where several rows share one; else nothing needs to be told."""
    if "visit" not in table.column_names:
        return table
    column = table.column("visit").unify_dictionaries().combine_chunks()
    array = pa.concat_arrays(column.chunks) if isinstance(column, pa.ChunkedArray) else column
    codes = array.indices if pa.types.is_dictionary(array.type) else None
    table = table.drop_columns(["visit"])
    if codes is None or codes.null_count == len(codes):
        return table
    numbers = pc.fill_null(codes.cast(pa.int64()), -1).to_numpy()
    if np.bincount(numbers + 1)[1:].max(initial=0) <= 1:
        return table
    return table.append_column("visit", pa.array(numbers, mask=numbers < 0))


def _in_fen(table: pa.Table) -> pa.Table:
    """A table whose amounts are all whole fen, empty where there is none, narrow if they fit."""
    columns = Columns(table)
    for name in dict.fromkeys(n.removesuffix("_fen") for n in table.column_names if _money(n)):
        fen = columns.fen(name)
        given = [n for n in (name, f"{name}_fen") if n in table.column_names]
        table = table.drop_columns(given)
        narrow = fen.astype(np.int32) if fen.max(initial=0) <= np.iinfo(np.int32).max else fen
        table = table.append_column(f"{name}_fen", pa.array(narrow, mask=fen == ABSENT))
    return table


def _codes(columns: Columns, name: str, known: tuple[str, ...], rest: int) -> I8:
    """The place of each row's text among those known."""
    coded = columns.coded(name)
    places = [known.index(text) if text in known else rest for text in coded.texts]
    found: I8 = np.array(places, np.int8)[coded.codes]
    return found


def _levels(columns: Columns) -> I8:
    """The level of the institution, pharmacies apart: a place in LEVEL_NAMES."""
    codes = tuple(code for name, code in LEVELS.items() if name in LEVEL_NAMES[1:4])
    level = _codes(columns, "level", ("", *codes), 0)
    pharmacy = _codes(columns, "institution_kind", ("hospital", "pharmacy"), 0)
    return np.where(pharmacy == 1, np.int8(4), level)


def _months(day: I32) -> I8:
    """The month of each day, counted from 0."""
    months = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
    return months.astype(np.int8)
