"""One import on its way: what its parts share, and how a room says what it imports."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg import Connection

from gongji.law.rulebook.law import Law
from gongji.platform.identity import Identity
from gongji.platform.imports import dated_rows
from gongji.platform.imports.dated_rows import Conflict, Counts, DatedTable
from gongji.platform.imports.import_columns import Kind
from gongji.platform.imports.import_tables import ArrivingTable, Problems, Row, read_rows
from gongji.refusals import RowProblem

Database = Connection[Any]
Values = dict[str, Any]
Store = Callable[[Database, Sequence[tuple[int, Values]], datetime], "Stored"]
"""Stores rows (row number, values with `person_id` and `area`): counts, and problems by row."""


@dataclass
class Stored:
    """What a store did: counts, and what it refused as (row, column, sentence)."""

    counts: Counts = field(default_factory=Counts)
    problems: list[tuple[int, str, str]] = field(default_factory=list)


@dataclass
class Arrival:
    """One import on its way.

    Shape:   `beside` labels rows that no file has, but that come with another file's: by number.
    """

    connection: Database
    identity: Identity
    now: datetime
    home: Callable[[str], str]
    stores: Mapping[str, Store]
    progress: Callable[[int], object]
    problems: Problems = field(default_factory=Problems)
    tables: dict[int, ArrivingTable] = field(default_factory=dict)
    beside: dict[int, str] = field(default_factory=dict)
    counts: dict[int, Counts] = field(default_factory=dict)
    laws: Callable[[str], Sequence[Law]] = lambda area: ()
    """The laws of an area, in the order of their days."""
    told: list[RowProblem] = field(default_factory=list)
    """What is worth looking at although it was imported."""

    def rows(self, table: ArrivingTable) -> Iterator[Row]:
        """The rows of a table, counties turned into their pooling areas."""
        for line, values in read_rows(table, self.problems, self.progress):
            if values.get("area"):
                values["area"] = self.home(values["area"])
            yield line, values

    def note(self, conflicts: Iterable[Conflict]) -> None:
        """Conflicts as problems of their rows."""
        for file, line, name, sentence in conflicts:
            table = self.tables.get(file)
            label = table.label if table else self.beside[file]
            headings = {c.name: c.heading for c in table.kind.columns} if table else {}
            self.problems.note(label, line, headings.get(name, name), sentence)

    def tell_holes(self, table: ArrivingTable, found: Iterable[tuple[int, str]]) -> None:
        """Days between two spells, where a kind is of spells that follow each other."""
        if table.kind.unbroken:
            for line, days in found:
                sentence = f"与相邻的一段之间有空档（{days}）；若应连续，请核对起止日"
                self.told.append(RowProblem(table.label, line, "起始日", sentence))

    def count(self, counted: Mapping[int, Counts]) -> None:
        """Add to the counts of tables."""
        for file, counts in counted.items():
            self.counts[file] = self.counts.get(file, Counts()) + counts

    def counted(self) -> list[tuple[str, Counts]]:
        """Label and counts of each table, then of what came beside them."""
        beside = {number: label for number, label in self.beside.items() if number in self.counts}
        labels = {number: table.label for number, table in self.tables.items()} | beside
        return [(label, self.counts[number]) for number, label in labels.items()]


@dataclass(frozen=True)
class RoomImport:
    """What a room imports: its kinds in their order, and how the tables of these are taken.

    Shape:   `take` is called once with the tables of these kinds, also when there are none;
             `stored` where the rows need a store that the caller gives (`Arrival.stores`).
    """

    kinds: tuple[Kind, ...]
    take: Callable[[Arrival, Sequence[ArrivingTable]], None]
    stored: bool = False


@dataclass(frozen=True)
class DatedRows:
    """Rows on their way into a table of dated rows.

    Shape:   `cells` makes the columns of `into` from a kind's name and the values of a row;
             `beside` are rows (number, line, columns) that come with another file; `check` tells
             what names something that is not there, once the rows are staged.
    """

    into: DatedTable
    tables: Sequence[ArrivingTable]
    cells: Callable[[str, Values], Values] = lambda kind, values: values
    beside: Sequence[tuple[int, int, Values]] = ()
    check: Callable[[Arrival], Iterable[Conflict]] = lambda arrival: ()

    def staged(self, arrival: Arrival) -> Iterator[tuple[Any, ...]]:
        """Each row as `dated_rows.stage` wants it."""
        for table in self.tables:
            for line, values in arrival.rows(table):
                made = self.cells(table.kind.name, values)
                row = (made.get(name) for name in self.into.types)
                yield (table.number, line, values.get("withdrawn", False), *row)
        for number, line, made in self.beside:
            yield (number, line, False, *(made.get(name) for name in self.into.types))


def of_kind(tables: Iterable[ArrivingTable], *kinds: Kind) -> list[ArrivingTable]:
    """The tables of some kinds."""
    return [table for table in tables if table.kind in kinds]


def take_dated(arrival: Arrival, rows: DatedRows) -> None:
    """Dated rows staged, compared, and applied where nothing is wrong."""
    if not rows.tables and not rows.beside:
        return
    connection = arrival.connection
    dated_rows.prepare(connection, rows.into)
    dated_rows.stage(connection, rows.into, rows.staged(arrival))
    arrival.note(rows.check(arrival))
    for table in rows.tables:
        dated_rows.keep_known(connection, rows.into, table.number, table.absent)
    arrival.note(dated_rows.conflicts(connection, rows.into))
    if not arrival.problems:
        arrival.count(dated_rows.apply(connection, rows.into, arrival.now))
        for table in rows.tables:
            arrival.counts.setdefault(table.number, Counts())
            arrival.tell_holes(table, dated_rows.holes(connection, rows.into, table.number))
