"""A MySQL or MariaDB with the national tables: each query is a read-only transaction."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

import polars as pl

from gongji.mirror.source_databases import (
    ROWS_AT_ONCE,
    SourceAddress,
    SourceTable,
    unreadable,
)

Cell = str | bytes | None
TABLES = """
select table_schema, table_name, column_name, data_type from information_schema.columns
where table_schema not in ('information_schema', 'mysql', 'performance_schema', 'sys')
order by 1, 2, ordinal_position
"""
BEGIN = (
    # A server gives up on who reads slowly; a year's lines take their time.
    "set session net_write_timeout = 3600",
    "set session time_zone = '+08:00'",
    "set session transaction isolation level repeatable read",
    "start transaction with consistent snapshot, read only",
)
NO_DATE = "0000-00-00"
"""How a date that is none may be written."""


class Cursor(Protocol):
    """What is used of a cursor of PyMySQL."""

    def execute(self, query: str) -> int:
        """Run a query."""

    def fetchmany(self, size: int) -> Sequence[tuple[Cell, ...]]:
        """So many rows."""


@dataclass(frozen=True)
class MySqlReader:
    """Speaks to one server; without a database in the address all of it is looked at."""

    address: SourceAddress

    @contextmanager
    def _cursor(self) -> Iterator[Cursor]:
        """A cursor in a read-only transaction, whose rows stay with the server until they are read.

        Refuses: database_unreadable.
        """
        pymysql = import_module("pymysql")
        cursors, converters = import_module("pymysql.cursors"), import_module("pymysql.converters")
        there = self.address
        try:
            connection = pymysql.connect(
                host=there.host or "localhost",
                port=there.port or 3306,
                user=there.user or None,
                password=there.password,
                database=there.database or None,
                charset="utf8mb4",
                conv=converters.encoders,  # No decoders: a cell stays the text that was sent.
                cursorclass=cursors.SSCursor,
                **there.others,
            )
            try:
                with connection.cursor() as cursor:
                    for statement in BEGIN:
                        cursor.execute(statement)
                    yield cursor
            finally:
                connection.close()
        except pymysql.MySQLError as error:
            raise unreadable(there, error) from None

    def tables(self) -> list[SourceTable]:
        """The tables and views that the login may read.

        Refuses: database_unreadable.
        """
        found: dict[tuple[str, str], dict[str, str]] = {}
        for rows in self._rows(TABLES):
            for schema, name, column, kind in rows:
                found.setdefault((_text(schema), _text(name)), {})[_text(column)] = _text(kind)
        wanted = self.address.database.lower()
        return [
            SourceTable(schema, name, columns)
            for (schema, name), columns in found.items()
            if not wanted or schema.lower() == wanted
        ]

    def _rows(self, query: str) -> Iterator[Sequence[tuple[Cell, ...]]]:
        with self._cursor() as cursor:
            cursor.execute(query)
            while rows := cursor.fetchmany(ROWS_AT_ONCE):
                yield rows

    def one_row(self, query: str) -> tuple[str | None, ...]:
        """The only row of a query, as texts."""
        (rows,) = self._rows(query)
        return tuple(None if cell is None else _text(cell) for cell in rows[0])

    def stream(self, query: str, names: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The rows of a query as texts; dates that are none are empty."""
        schema = dict.fromkeys(names, pl.String)
        for rows in self._rows(query):
            frame = pl.DataFrame(rows, schema=schema, orient="row")
            text = pl.col(names)
            yield frame.with_columns(pl.when(~text.str.starts_with(NO_DATE)).then(text))

    def quoted(self, name: str) -> str:
        """A name as it stands in a query."""
        return "`" + name.replace("`", "``") + "`"

    def as_text(self, value: str, kind: str) -> str:
        """A value of a type as text; bits are numbers."""
        if kind == "bit":
            value = f"{value} + 0"
        return f"convert({value} using utf8mb4)"

    def sum_of(self, columns: Sequence[str]) -> str:
        """What changes when any of these texts does in any row."""
        texts = ", ".join(f"coalesce({column}, '')" for column in columns)
        return f"sum(crc32(concat_ws(char(31), {texts})))"


def _text(cell: Cell) -> str:
    return cell.decode() if isinstance(cell, bytes) else str(cell)
