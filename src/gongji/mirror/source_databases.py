"""Databases that hold the national tables, read and never written: PostgreSQL and MySQL.

Whatever the login may do, every transaction is read-only, and rows stream through bounded memory.
A password is never part of an address: it would be seen in the list of processes. This module
knows no meaning of a table.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, Self
from urllib.parse import parse_qsl, unquote, urlsplit

import polars as pl

from gongji.refusals import Refusal

KINDS = {"postgresql": "postgresql", "postgres": "postgresql", "mysql": "mysql", "mariadb": "mysql"}
"""How an address begins, and what it is of."""
FORM = "postgresql://用户@主机/库 或 mysql://用户@主机/库"
WHERE = "密码放在环境变量 GONGJI_MIRROR_PASSWORD 或 --password-file 的文件里"
ZONE = "Asia/Shanghai"
ROWS_AT_ONCE = 1 << 16
LATE = timedelta(days=3)
"""Rows so much older than the newest are read again: copies arrive late."""


@dataclass(frozen=True)
class SourceAddress:
    """Where a database is; `others` is what the address says besides, `schemas` where to look."""

    kind: str
    host: str
    port: int | None
    user: str
    database: str
    schemas: tuple[str, ...] = ()
    others: dict[str, str] = field(default_factory=dict)
    password: str = field(default="", repr=False)

    @property
    def shown(self) -> str:
        """The address as it may be told to anybody: without user and password."""
        port = f":{self.port}" if self.port else ""
        return f"{self.kind}://{self.host}{port}/{self.database}"


def is_address(text: str) -> bool:
    """Whether a source is a database and no file."""
    return text.partition("://")[0] in KINDS and "://" in text


def parse_address(text: str, password: str) -> SourceAddress:
    """An address like postgresql://reader@host/db?schema=setlcent_db with a password beside it.

    Refuses: value_invalid for one that has a password in it.
    """
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise Refusal("value_invalid", "TABLES", {"value": "库地址", "allowed": FORM}) from None
    others = dict(parse_qsl(parts.query))
    if parts.password is not None or "password" in others or "passwd" in others:
        values = {"value": "带密码的地址", "allowed": f"不带密码的 {FORM}：{WHERE}"}
        raise Refusal("value_invalid", "TABLES", values)
    schemas = tuple(filter(None, others.pop("schema", "").split(",")))
    return SourceAddress(
        KINDS[parts.scheme],
        unquote(parts.hostname or others.pop("host", "")),
        port,
        unquote(parts.username or ""),
        unquote(parts.path.lstrip("/")),
        schemas,
        others,
        password,
    )


@dataclass(frozen=True)
class SourceTable:
    """A table or view of a database with its columns as they are called there, and their types."""

    schema: str
    name: str
    columns: dict[str, str]

    @property
    def shown(self) -> str:
        """Its whole name."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class TableState:
    """How many rows a table has, and what changes when any of them does."""

    rows: int
    newest: str


class Reader(Protocol):
    """What a kind of database says in its own words."""

    def tables(self) -> list[SourceTable]:
        """The tables and views that the login may read."""

    def one_row(self, query: str) -> tuple[str | None, ...]:
        """The only row of a query, as texts."""

    def stream(self, query: str, names: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The rows of a query as texts, some at a time."""

    def quoted(self, name: str) -> str:
        """A name as it stands in a query."""

    def as_text(self, value: str, kind: str) -> str:
        """A value of a type as text, instants in China's time."""

    def sum_of(self, columns: Sequence[str]) -> str:
        """What changes when any of these texts does in any row."""


@dataclass(frozen=True)
class SourceRows:
    """The rows of a table; from a time on where the table has a column of time stamps."""

    reader: Reader
    table: SourceTable
    newest: str
    since: str = ""

    def state(self, names: Sequence[str]) -> TableState:
        """How the table stands: its newest time stamp, where it has none a sum of all it has."""
        if self.newest:
            latest = f"max({self.reader.quoted(self.newest)})"
            told = self.reader.as_text(latest, self.table.columns[self.newest])
        else:
            told = self.reader.sum_of([self._text(name) for name in names])
        rows, newest = self.reader.one_row(f"select count(*), {told} from {self._from()}")
        return TableState(int(rows or 0), newest or "")

    def after(self, until: str) -> Self:
        """The same from some days before this time on: what came late is read again."""
        try:
            since = datetime.fromisoformat(until) - LATE
        except ValueError:  # Time stamps that are texts of another form do not tell.
            return self
        return type(self)(self.reader, self.table, self.newest, since.isoformat(" "))

    def frames(self, names: Sequence[str]) -> Iterator[pl.DataFrame]:
        """Some columns as texts, some rows at a time, with ROW.

        Refuses: database_unreadable.
        """
        query = f"select {', '.join(map(self._text, names))} from {self._from()}"
        if self.newest and self.since:
            time = self.reader.quoted(self.newest)
            query += f" where {time} >= '{self.since}' or {time} is null"
        done = 0
        for frame in self.reader.stream(query, names):
            yield frame.with_row_index("row_number", done + 1).cast({"row_number": pl.Int64})
            done += frame.height

    def _text(self, name: str) -> str:
        return self.reader.as_text(self.reader.quoted(name), self.table.columns[name])

    def _from(self) -> str:
        return f"{self.reader.quoted(self.table.schema)}.{self.reader.quoted(self.table.name)}"


@dataclass(frozen=True)
class SourceDatabase:
    """A database as a source of tables."""

    address: SourceAddress
    reader: Reader

    @property
    def shown(self) -> str:
        """Its address without user and password."""
        return self.address.shown

    def tables(self) -> list[SourceTable]:
        """The tables in the schemas that are asked for, by name.

        Refuses: database_unreadable.
        """
        asked = {name.lower() for name in self.address.schemas}
        found = [one for one in self.reader.tables() if not asked or one.schema.lower() in asked]
        return sorted(found, key=lambda one: one.shown)

    def rows(self, table: SourceTable, newest: str) -> SourceRows:
        """The rows of a table; `newest` is its column of time stamps, or nothing."""
        return SourceRows(self.reader, table, newest)


def source_database(address: SourceAddress) -> SourceDatabase:
    """A database by its address; the library of its kind is asked for only here."""
    if address.kind == "mysql":
        from gongji.mirror.mysql_reader import MySqlReader

        return SourceDatabase(address, MySqlReader(address))
    from gongji.mirror.postgresql_reader import PostgreSqlReader

    return SourceDatabase(address, PostgreSqlReader(address))


def unreadable(address: SourceAddress, error: Exception) -> Refusal:
    """What to say where a database does not answer as it should."""
    reason = str(error).strip().partition("\n")[0]
    values = {"value": address.shown, "reason": reason}
    return Refusal("database_unreadable", "TABLES", values)
