"""What was delivered, files and tables of databases: which table each is, and its rows in pieces.

A file is known by its name, by a folder's, or where neither tells by its columns; a database's
table by its name. Tables that hold the same settlements are refused together. This module keeps
nothing.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, Self

import polars as pl
import pyarrow as pa

from gongji.mirror.find_table import FoundTable, find_table
from gongji.mirror.source_databases import SourceDatabase, SourceTable
from gongji.mirror.table_mapping import MappedTable, TableMapping
from gongji.refusals import Refusal
from gongji.tabular.arrow_tables import ROW, read_tables, records_table
from gongji.tabular.cell_forms import Form
from gongji.tabular.csv_files import read_head
from gongji.tabular.header_rows import TablePlace
from gongji.tabular.sheets import ENDINGS, Sheet, kept_open, workbook
from gongji.tabular.texts import FAULT

_EDGE = 1 << 20
UNKNOWN = "名称和列名都看不出是哪张表"
CELL_BYTES = 10
"""About so many bytes a cell of a database's table has as CSV."""
PARTS, SETTINGS = "parts", "settings.json"
"""What a mirror keeps in its output of deliveries and settings: a folder is told by it as ours."""
COPY = "与 {} 是同一批结算，合在一起会重复计算"
"""Why a table of a database is passed over."""


class DeliveredRows(Protocol):
    """The rows of a file or of a database's table."""

    def frames(self, names: Sequence[str]) -> Iterator[pl.DataFrame]:
        """Some columns piece by piece, with ROW and perhaps FAULT."""

    def after(self, until: str) -> Self:
        """The same without rows that stood already when the newest was of this time."""


@dataclass(frozen=True)
class FileRows:
    """The rows of a file; `forms` says how an Excel sheet's columns are read."""

    path: Path
    forms: dict[str, Form]
    place: TablePlace = TablePlace()

    def frames(self, names: Sequence[str]) -> Iterator[pl.DataFrame]:
        """Some columns piece by piece, with ROW and FAULT.

        Refuses: file_unreadable.
        """
        tables = self._of_sheet(names) if self.path.suffix.lower() == ".xlsx" else None
        for table in tables or read_tables(self.path, names, self.place):
            frame = pl.DataFrame(pl.from_arrow(table))
            texts = [n for n in names if frame[n].dtype in (pl.Categorical, pl.Null)]
            yield frame.with_columns(pl.col(texts).cast(pl.String))

    def after(self, until: str) -> "FileRows":
        """A file is read whole."""
        return self

    def _of_sheet(self, names: Sequence[str]) -> Iterator[pa.Table]:
        sheet = Sheet(self.path, self.place, self.forms)
        for records in sheet.records():
            yield records_table(records, sheet.columns, list(names))


@dataclass(frozen=True)
class Delivery:
    """A file or a database's table that is one of our tables.

    Shape:   `called` is the name under which the table was found; `columns` as written -> national;
             `mark` tells whether the same comes again; `size` is about what it has in bytes of CSV.
             Of a database `origin` tells which table it is and `until` how new its newest row is;
             `read_as` says what was seen of a file: a CSV that is not UTF-8 with commas, a title
             above the names of its columns, a table under another name.
    """

    name: str
    table: MappedTable
    called: str
    columns: dict[str, str]
    mark: str
    size: int
    rows: DeliveredRows
    origin: str = ""
    until: str = ""
    read_as: str = ""

    def pieces(self) -> Iterator[pl.DataFrame]:
        """The rows with national column names, ROW and FAULT.

        Refuses: file_unreadable, database_unreadable.
        """
        for frame in self.rows.frames(list(self.columns)):
            yield frame.rename(self.columns)

    def after(self, until: str) -> "Delivery":
        """What is new in it since its newest row was of this time."""
        return replace(self, rows=self.rows.after(until)) if until else self


@dataclass
class Found:
    """What was found, and what is passed over with the reason."""

    mapping: TableMapping
    deliveries: list[Delivery]
    passed: dict[str, str]

    def in_path(self, within: Path) -> None:
        """The files of tables under a path."""
        for path in _files(within):
            self._file(path, *self.mapping.table_of(path, within))

    def _file(self, path: Path, name: str, called: str) -> None:
        if name in self.mapping.unread:
            self.passed[str(path)] = self.mapping.unread[name]
            return
        named = self.mapping.tables[name] if name else None
        with kept_open(path):
            sheets = workbook(path).filled if path.suffix.lower() == ".xlsx" else [""]
            for sheet in sheets or [""]:
                part = f"（工作表 {sheet}）" if len(sheets) > 1 else ""
                own, own_called = self.mapping.table_called(sheet) if part else ("", "")
                table = self.mapping.tables.get(own, named)
                found = find_table(path, sheet, table, self.mapping)
                if found is None:
                    self.passed[f"{path}{part}"] = UNKNOWN
                else:
                    self._found(path, part, found, own_called or called)

    def _found(self, path: Path, part: str, found: FoundTable, called: str) -> None:
        csv = path.suffix.lower() == ".csv"
        table, called = found.table, called or found.table.name
        place, copies = found.place, self.mapping.apart[1:]
        seen = (
            read_head(path, place.header_row).told if csv else "",
            f"列名在第 {place.header_row} 行" if place.header_row else "",
            f"是 {called}，读作 {table.name}" if called in copies else "",
        )
        self.deliveries.append(
            Delivery(
                f"{path.name}{part}",
                table,
                called,
                found.columns,
                _hash(mark_of(path), part) if part else mark_of(path),
                path.stat().st_size * (1 if csv else 8),
                FileRows(path, _sheet_forms(table, found.columns), place),
                read_as="；".join(filter(None, seen)),
            )
        )

    def in_database(self, database: SourceDatabase) -> None:
        """The tables of a database by their names; of copies of the settlements only the first."""
        found: list[tuple[SourceTable, str, str]] = []
        for given in database.tables():
            name, called = self.mapping.table_called(given.name)
            if name in self.mapping.unread:
                self.passed[given.shown] = self.mapping.unread[name]
            elif name:
                found.append((given, name, called))
        apart = self.mapping.apart
        best = min((c for _, _, c in found if c in apart), key=apart.index, default="")
        for given, name, called in found:
            if called in apart and called != best:
                self.passed[given.shown] = COPY.format(best)
            else:
                self._table(database, given, self.mapping.tables[name], called)

    def _table(
        self, database: SourceDatabase, given: SourceTable, table: MappedTable, called: str
    ) -> None:
        columns = table.columns(given.columns)
        times = {national: written for written, national in columns.items()}
        newest = next((times[name] for name in self.mapping.newest if name in times), "")
        rows = database.rows(given, newest)
        state = rows.state(list(columns))
        origin = _hash(database.shown, given.shown, *sorted(columns))
        self.deliveries.append(
            Delivery(
                given.shown,
                table,
                called,
                columns,
                _hash(origin, str(state.rows), state.newest),
                state.rows * len(columns) * CELL_BYTES,
                rows,
                origin,
                state.newest if newest else "",
            )
        )


def find_deliveries(
    sources: Iterable[Path | SourceDatabase], mapping: TableMapping
) -> tuple[list[Delivery], dict[str, str]]:
    """The tables under some paths and in databases, and what is passed over with the reason.

    Refuses: tables_together for tables that must not be added together; value_invalid where
             nothing is any table; field_missing for a required column; database_unreadable.
    """
    found = Found(mapping, [], {})
    for source in sources:
        if isinstance(source, Path):
            found.in_path(source)
        else:
            found.in_database(source)
    if not found.deliveries:
        allowed = "、".join(mapping.tables)
        passed = "；".join(f"{name}：{reason}" for name, reason in found.passed.items())
        value = f"没有认得的表（{passed}）" if passed else "没有认得的表"
        raise Refusal("value_invalid", "TABLES", {"value": value, "allowed": allowed})
    refuse_copies({item.called for item in found.deliveries}, mapping)
    return found.deliveries, found.passed


def _files(within: Path) -> list[Path]:
    """The files under a path; what a mirror wrote there is no delivery."""
    if within.is_file():
        return [within]
    paths = sorted(within.rglob("*"))
    own = {path.parents[1] for path in paths if path.parts[-2:] == (PARTS, SETTINGS)}
    return [
        path
        for path in paths
        if path.suffix.lower() in ENDINGS
        and not path.name.startswith((".", "~$"))
        and own.isdisjoint(path.parents)
    ]


def _sheet_forms(table: MappedTable, columns: dict[str, str]) -> dict[str, Form]:
    """How an Excel sheet is read: dates as dates where the table has them, all else as text."""
    days: dict[str, Form] = {"day": "day", "instant": "instant", "month": "month"}
    return {w: days.get(table.forms[n], "text") for w, n in columns.items()}


def refuse_copies(called: Iterable[str], mapping: TableMapping) -> None:
    """Tables that hold the same settlements do not come together.

    Refuses: tables_together.
    """
    first = mapping.tables[mapping.apart[0]]
    given = {
        name if name in mapping.apart else first.name for name in called if name in first.names
    }
    if len(given) > 1:
        copies = [name for name in mapping.apart if name in given]
        raise Refusal("tables_together", "TABLES", {"value": "、".join(copies)})


def mark_of(path: Path) -> str:
    """What tells whether a file comes again: its size, its beginning and its end."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(_EDGE)
        file.seek(max(0, size - _EDGE))
        end = file.read(_EDGE)
    return hashlib.sha256(b"%d " % size + start + end).hexdigest()


def _hash(*texts: str) -> str:
    return hashlib.sha256("\x1f".join(texts).encode()).hexdigest()


__all__ = ["FAULT", "ROW", "Delivery", "find_deliveries", "mark_of"]
