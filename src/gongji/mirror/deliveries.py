"""The files that were delivered: which table each is, and their rows piece by piece.

A file is known by its name, by a folder's, or where neither tells by its columns. Tables that hold
the same settlements are refused together. This module reads files and keeps nothing.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa

from gongji.mirror.table_mapping import MappedTable, TableMapping
from gongji.refusals import Refusal
from gongji.tabular.arrow_tables import ROW, column_names, read_tables, records_table
from gongji.tabular.cell_forms import Form
from gongji.tabular.sheets import ENDINGS, Sheet
from gongji.tabular.texts import FAULT

_EDGE = 1 << 20
MOST_PERCENT = 60
"""A file whose name does not tell is of a table of which it has so many percent of the columns."""


@dataclass(frozen=True)
class Delivery:
    """A file of one table: `called` is the name under which the table was found."""

    path: Path
    table: MappedTable
    called: str
    columns: dict[str, str]
    mark: str
    """What tells whether the same file comes again: its size, its beginning and its end."""

    def pieces(self) -> Iterator[pl.DataFrame]:
        """The rows with national column names, ROW and FAULT.

        Refuses: file_unreadable.
        """
        names = list(self.columns)
        tables = self._of_sheet() if self.path.suffix.lower() == ".xlsx" else None
        for table in tables or read_tables(self.path, names):
            frame = pl.DataFrame(pl.from_arrow(table))
            texts = [n for n in names if frame[n].dtype in (pl.Categorical, pl.Null)]
            yield frame.with_columns(pl.col(texts).cast(pl.String)).rename(self.columns)

    def _of_sheet(self) -> Iterator[pa.Table]:
        """An Excel sheet: dates are dates where the table has them, everything else is text."""
        days: dict[str, Form] = {"day": "day", "instant": "instant", "month": "month"}
        forms = {w: days.get(self.table.forms[n], "text") for w, n in self.columns.items()}
        sheet = Sheet(self.path, forms=forms)
        for records in sheet.records():
            yield records_table(records, sheet.columns, list(self.columns))


def find_deliveries(
    paths: Iterable[Path], mapping: TableMapping
) -> tuple[list[Delivery], dict[str, str]]:
    """The files of tables under some paths, and the files that are passed over with the reason.

    Refuses: tables_together for tables that must not be added together; value_invalid where no
             file is of any table; field_missing for a required column.
    """
    found, passed = [], {}
    for within in paths:
        for path in _files(within):
            name, called = mapping.table_of(path, within)
            if name in mapping.unread:
                passed[str(path)] = mapping.unread[name]
                continue
            header = column_names(path)
            table = mapping.tables[name] if name else _by_columns(header, mapping)
            if table is None:
                passed[str(path)] = "文件名和列名都看不出是哪张表"
                continue
            columns = table.columns(header)
            found.append(Delivery(path, table, called or table.name, columns, mark_of(path)))
    if not found:
        allowed = "、".join(mapping.tables)
        raise Refusal("value_invalid", "TABLES", {"value": "没有认得的表", "allowed": allowed})
    refuse_copies({item.called for item in found}, mapping)
    return found, passed


def _files(within: Path) -> list[Path]:
    if within.is_file():
        return [within]
    found = (path for path in sorted(within.rglob("*")) if path.suffix.lower() in ENDINGS)
    return [path for path in found if not path.name.startswith((".", "~$"))]


def _by_columns(header: list[str], mapping: TableMapping) -> MappedTable | None:
    """The table of which most columns are there, and most of them are."""
    best = max(mapping.tables.values(), key=lambda table: table.fits(header))
    return best if best.fits(header) >= MOST_PERCENT else None


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
    """What tells whether a file comes again."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(_EDGE)
        file.seek(max(0, size - _EDGE))
        end = file.read(_EDGE)
    return hashlib.sha256(b"%d " % size + start + end).hexdigest()


__all__ = ["FAULT", "ROW", "Delivery", "find_deliveries", "mark_of"]
