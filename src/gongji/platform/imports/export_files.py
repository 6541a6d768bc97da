"""What is known now, written as files that can be imported again.

Names and numbers of persons are masked unless that is asked for; secrets are never written.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from psycopg import Connection, sql

from gongji.platform.identity import Identity, mask_name, mask_number
from gongji.platform.imports.import_columns import Column, Kind
from gongji.tabular.sheets import CHUNK_ROWS, Whole

Database = Connection[Any]


def export(
    connection: Database,
    kind: Kind,
    path: Path,
    identity: Identity,
    area: str = "",
    unmasked: bool = False,
) -> int:
    """Everything of a kind that is known now, in a file with the columns of its import.

    Shape:   `area` empty: of every area.
    Returns: how many rows were written.
    """
    columns = kind.columns
    written = 0
    with (
        Whole(path, [column.heading for column in columns]) as file,
        connection.transaction(),
        connection.cursor("export") as cursor,
    ):
        cursor.itersize = CHUNK_ROWS
        cursor.execute(sql.SQL(kind.known_rows), {"kind": kind.name, "area": area})
        for rows in _pieces(cursor):
            names = [described.name for described in cursor.description or ()]
            file.write(
                [
                    [_cell(column, found, identity, unmasked) for column in columns]
                    for found in (_flat(dict(zip(names, row, strict=True))) for row in rows)
                ]
            )
            written += len(rows)
    return written


def _pieces(cursor: Any) -> Iterator[list[tuple[Any, ...]]]:
    while rows := cursor.fetchmany(CHUNK_ROWS):
        yield rows


def _flat(found: dict[str, Any]) -> dict[str, Any]:
    """A row with the fields of its details beside its columns."""
    details = found.pop("details", None) or {}
    return details | found


def _cell(column: Column, found: dict[str, Any], identity: Identity, unmasked: bool) -> str:
    value = found.get(column.name, column.empty)
    if value is None or column.personal == "secret":
        return ""
    if column.name == "certificate":
        value = identity.decrypt(value)
    if column.personal and not unmasked:
        return mask_name(value) if column.personal == "name" else mask_number(value)
    return column.show(value)
