"""Where in a file one of our tables stands, and which it is: by its name, else by its columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gongji.mirror.table_mapping import MappedTable, TableMapping
from gongji.refusals import Refusal
from gongji.tabular.arrow_tables import column_names
from gongji.tabular.header_rows import LOOKED_AT, TablePlace

MOST_PERCENT = 60
"""A file whose name does not tell is of a table of which it has so many percent of the columns."""
NO_HEADER = ("header_invalid", "value_invalid")
"""How a row is refused that has no names of columns."""


@dataclass(frozen=True)
class FoundTable:
    """A table in a file: its place, which of ours it is, its columns as written -> national."""

    place: TablePlace
    table: MappedTable
    columns: dict[str, str]


def find_table(
    path: Path, sheet: str, named: MappedTable | None, mapping: TableMapping
) -> FoundTable | None:
    """The table of a file or sheet, under whatever titles; None where no row has its columns.

    Refuses: file_unreadable; where the name tells which table it is, header_invalid and
             field_missing.
    """
    refused: Refusal | None = None
    rows = [0] if path.suffix.lower() == ".parquet" else range(LOOKED_AT + 1)
    for row in rows:
        place = TablePlace(sheet, row)
        try:
            header = column_names(path, place)
            table = named or _by_columns(header, mapping)
            if table is not None:
                return FoundTable(place, table, table.columns(header))
        except Refusal as refusal:
            if refusal.code not in (*NO_HEADER, "field_missing"):
                raise
            refused = refused or refusal
    if named is not None and refused is not None:
        raise refused
    return None


def _by_columns(header: Sequence[str], mapping: TableMapping) -> MappedTable | None:
    """The table of which most columns are there, and most of them are."""
    best = max(mapping.tables.values(), key=lambda table: table.fits(header))
    return best if best.fits(header) >= MOST_PERCENT else None
