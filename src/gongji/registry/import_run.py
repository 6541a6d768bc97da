"""One import on its way: what its parts share, and what the stores of other rooms give back."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from psycopg import Connection

from gongji.platform.identity import Identity
from gongji.registry.dated_rows import Conflict, Counts
from gongji.registry.import_tables import Problems, Row, Table, read_rows

Database = Connection[Any]
Store = Callable[[Database, Sequence[tuple[int, dict[str, Any]]], datetime], "Stored"]
"""Stores rows (row number, values with `person_id` and `area`): counts, and problems by row."""

BIRTHS, WITH_PERSONS = 0, "出生日期（随参保人）"
"""The number and the label of the dates of birth that come with persons."""


@dataclass
class Stored:
    """What a store did: counts, and what it refused as (row, column, sentence)."""

    counts: Counts = field(default_factory=Counts)
    problems: list[tuple[int, str, str]] = field(default_factory=list)


@dataclass
class Arrival:
    """One import on its way."""

    connection: Database
    identity: Identity
    now: datetime
    home: Callable[[str], str]
    stores: Mapping[str, Store]
    progress: Callable[[int], object]
    problems: Problems = field(default_factory=Problems)
    tables: dict[int, Table] = field(default_factory=dict)
    counts: dict[int, Counts] = field(default_factory=dict)
    births: list[tuple[int, str, str, date]] = field(default_factory=list)

    def rows(self, table: Table) -> Iterator[Row]:
        """The rows of a table, counties turned into their pooling areas."""
        for line, values in read_rows(table, self.problems, self.progress):
            if values.get("area"):
                values["area"] = self.home(values["area"])
            yield line, values

    def note(self, conflicts: Iterable[Conflict]) -> None:
        """Conflicts as problems of their rows."""
        for file, line, name, sentence in conflicts:
            table = self.tables.get(file)
            label = table.label if table else WITH_PERSONS
            headings = {c.name: c.heading for c in table.kind.columns} if table else {}
            self.problems.note(label, line, headings.get(name, name), sentence)

    def count(self, counted: Mapping[int, Counts]) -> None:
        """Add to the counts of tables."""
        for file, counts in counted.items():
            self.counts[file] = self.counts.get(file, Counts()) + counts
