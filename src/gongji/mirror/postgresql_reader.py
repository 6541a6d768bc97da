"""A PostgreSQL with the national tables: each query is a read-only transaction of its own."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
import pyarrow.csv as pacsv

from gongji.mirror.source_databases import (
    ZONE,
    SourceAddress,
    SourceTable,
    unreadable,
)

if TYPE_CHECKING:
    import psycopg

TABLES = """
select n.nspname, c.relname, a.attname, format_type(a.atttypid, null)
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relkind in ('r', 'v', 'm', 'f', 'p') and not c.relispartition
  and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')
order by 1, 2, a.attnum
"""
PIECE_BYTES = 16 << 20
"""So many bytes of rows are held at once."""


@dataclass(frozen=True)
class PostgreSqlReader:
    """Speaks to one database."""

    address: SourceAddress

    @contextmanager
    def _cursor(self) -> "Iterator[psycopg.Cursor[tuple[str | None, ...]]]":
        """A cursor in a read-only transaction that is rolled back.

        Refuses: database_unreadable.
        """
        import psycopg

        there = self.address
        told = {
            "host": there.host,
            "port": there.port,
            "user": there.user,
            "password": there.password,
            "dbname": there.database,
        }
        given = {name: value for name, value in told.items() if value} | there.others
        try:
            with psycopg.connect(**given, client_encoding="utf8") as connection:  # type: ignore[arg-type]
                connection.read_only = True
                with connection.cursor() as cursor:
                    cursor.execute(f"set local timezone to '{ZONE}'; set local datestyle to iso")
                    yield cursor
        except psycopg.Error as error:
            raise unreadable(there, error) from None

    def tables(self) -> list[SourceTable]:
        """The tables, views and foreign tables that the login may read.

        Refuses: database_unreadable.
        """
        found: dict[tuple[str, str], dict[str, str]] = {}
        with self._cursor() as cursor:
            for schema, name, column, kind in cursor.execute(TABLES):
                found.setdefault((str(schema), str(name)), {})[str(column)] = str(kind)
        return [SourceTable(schema, name, columns) for (schema, name), columns in found.items()]

    def one_row(self, query: str) -> tuple[str | None, ...]:
        """The only row of a query, as texts."""
        with self._cursor() as cursor:
            row = cursor.execute(query.encode()).fetchone()
        return tuple(None if value is None else str(value) for value in row or ())

    def stream(self, query: str, names: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The rows of a query as texts, copied out as CSV; each message is a row."""
        with self._cursor() as cursor:
            copied = f"copy ({query}) to stdout with (format csv)".encode()
            held = io.BytesIO()
            with cursor.copy(copied) as rows:
                for row in rows:
                    held.write(row)
                    if held.tell() >= PIECE_BYTES:
                        yield _frame(held.getvalue(), names)
                        held = io.BytesIO()
            if held.tell():
                yield _frame(held.getvalue(), names)

    def quoted(self, name: str) -> str:
        """A name as it stands in a query."""
        return '"' + name.replace('"', '""') + '"'

    def as_text(self, value: str, kind: str) -> str:
        """A value of a type as text, instants in China's time, money without its sign."""
        if kind == "timestamp with time zone":
            value = f"({value} at time zone '{ZONE}')"
        if kind == "money":
            value = f"{value}::numeric"
        return f"{value}::text"

    def sum_of(self, columns: Sequence[str]) -> str:
        """What changes when any of these texts does in any row."""
        return f"sum(hashtextextended(row({', '.join(columns)})::text, 0))::text"


def _frame(content: bytes, names: Sequence[str]) -> pl.DataFrame:
    table = pacsv.read_csv(
        pa.BufferReader(content),
        pacsv.ReadOptions(column_names=list(names)),
        pacsv.ParseOptions(newlines_in_values=True),
        pacsv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
    )
    return pl.DataFrame(pl.from_arrow(table))
