"""What arrives compared with what is known: the same, changed, new, or in conflict.

Rows that arrive lie in a temporary table beside the table they are meant for. A row and a known one
are about the same thing where owner columns and first day agree: then the known one is retired and
the new one added if anything differs. Everything is set-based: the number of
statements does not depend on the number of rows.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection, sql

Database = Connection[Any]
Conflict = tuple[int, int, str, str]
"""File number, row, column, sentence."""


@dataclass(frozen=True)
class DatedTable:
    """A table of dated rows: what a row is about, and what else it says.

    Shape:   `types` names every column that arrives with its PostgreSQL type; `owner` are those
             that with `since` say what a row is about; `said` what may differ.
    """

    name: str
    types: dict[str, str]
    owner: tuple[str, ...]
    said: tuple[str, ...]

    @property
    def arriving(self) -> str:
        """The temporary table."""
        return f"arriving_{self.name}"

    @property
    def columns(self) -> tuple[str, ...]:
        """What is inserted, without the instant at which it is learnt."""
        return (*self.owner, "since", *self.said)


FACT_COLUMNS = {
    "kind": "text",
    "key": "text",
    "since": "date",
    "until": "date",
    "details": "jsonb",
    "source": "text",
}
"""What every table of facts has beside its owner."""

_TABLE = """create temporary table {arriving} (
  file integer, row integer, withdrawn boolean, {types},
  replaces bigint, same boolean not null default false) on commit drop"""
_COPY = "copy {arriving} (file, row, withdrawn, {columns}) from stdin"
_TWICE = """select file, row, min(row) over w from {arriving}
window w as (partition by {owner}, since)"""
_MATCH = """update {arriving} a set replaces = k.id, same = not a.withdrawn and ({differs})
from {table} k where {about} and k.since = a.since and k.retired_at is null"""
_NOTHING = """select file, row from {arriving} a where withdrawn and replaces is null and not exists
  (select 1 from {table} k where {about} and k.since = a.since)"""
_KEEP = """update {arriving} a set {kept} from {table} k
where {about} and k.since = a.since and k.retired_at is null and a.file = %s and not a.withdrawn"""
_KEEP_DETAILS = """details = (a.details - %s::text[]) || coalesce((
  select jsonb_object_agg(e.key, e.value) from jsonb_each(k.details) e
  where e.key = any(%s::text[])), '{}')"""
_HOLES = """select distinct on (person, gap) line, gap from (
  select a.row as line, h.until::text || ' 至 ' || h.next::text as gap, {owner_text} as person
  from {arriving} a join lateral (
    select k.until, lead(k.since) over (order by k.since) as next from {table} k
    where {about} and k.retired_at is null) h on h.until < h.next
  where a.file = %s) found order by person, gap, line"""
_WITHIN = """select a.file, a.row, b.row, b.since::text, b.until::text from {arriving} a
join {arriving} b on {same_owner} and not a.withdrawn and not b.withdrawn
  and (b.since, b.file, b.row) < (a.since, a.file, a.row) and b.since <> a.since
  and daterange(a.since, a.until) && daterange(b.since, b.until)"""
_AGAINST = """select a.file, a.row, k.since::text, k.until::text from {arriving} a
join {table} k on {about} and k.retired_at is null and not a.withdrawn and not a.same
  and daterange(a.since, a.until) && daterange(k.since, k.until)
where k.since <> a.since
  and not exists (select 1 from {arriving} r where r.replaces = k.id and not r.same)"""
_RETIRE = """update {table} k set retired_at = greatest(%s, k.learnt_at)
from {arriving} a where k.id = a.replaces and not a.same"""
_INSERT = """insert into {table} ({columns}, learnt_at)
select {columns}, %s from {arriving} where not withdrawn and not same order by file, row"""
_COUNTS = """select file, count(*) filter (where same or (withdrawn and replaces is null)),
  count(*) filter (where not same and not withdrawn and replaces is null),
  count(*) filter (where not same and not withdrawn and replaces is not null),
  count(*) filter (where withdrawn and replaces is not null)
from {arriving} group by file"""


@dataclass(frozen=True)
class Counts:
    """How many rows were the same as known, new, changed, withdrawn."""

    same: int = 0
    new: int = 0
    changed: int = 0
    withdrawn: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.same + other.same,
            self.new + other.new,
            self.changed + other.changed,
            self.withdrawn + other.withdrawn,
        )


def _fill(text: str, table: DatedTable, **more: sql.Composable) -> sql.Composed:
    """A statement with the names of a table; they come from a module, never from a file."""

    def both(columns: Iterable[str], sign: str, left: str, right: str, joint: str) -> sql.Composed:
        pairs = (sql.SQL(f"{left}.{c} {sign} {right}.{c}") for c in columns)
        return sql.SQL(joint).join(pairs)

    # Where a fact comes from is kept, but another source alone is no other fact.
    said = [column for column in table.said if column != "source"]
    return sql.SQL(text).format(
        **more,
        arriving=sql.SQL(table.arriving),
        table=sql.SQL(table.name),
        types=sql.SQL(", ".join(f"{name} {kind}" for name, kind in table.types.items())),
        columns=sql.SQL(", ".join(table.columns)),
        owner=sql.SQL(", ".join(table.owner)),
        about=both(table.owner, "=", "k", "a", " and "),
        same_owner=both(table.owner, "=", "a", "b", " and "),
        differs=both(said, "is not distinct from", "a", "k", " and "),
    )


def prepare(connection: Database, table: DatedTable) -> None:
    """Make the temporary table; it goes with the transaction."""
    connection.execute(_fill(_TABLE, table))


def stage(connection: Database, table: DatedTable, rows: Iterable[Sequence[Any]]) -> None:
    """Rows (file, row, withdrawn, then the columns of `types` in their order) by COPY."""
    names = sql.SQL(", ".join(table.types))
    statement = sql.SQL(_COPY).format(arriving=sql.SQL(table.arriving), columns=names)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def keep_known(connection: Database, table: DatedTable, file: int, absent: Collection[str]) -> None:
    """What a file has no column for stays as it is known, in rows that replace a known one."""
    columns = [name for name in table.said if name in absent and name != "details"]
    kept: list[sql.Composable] = [sql.SQL(f"{name} = k.{name}") for name in columns]
    names: list[Any] = []
    if "details" in table.said and absent:
        kept.append(sql.SQL(_KEEP_DETAILS.replace("{}", "{{}}")).format())
        names = [sorted(absent), sorted(absent)]
    if kept:
        statement = _fill(_KEEP, table, kept=sql.SQL(", ").join(kept))
        connection.execute(statement, [*names, file])


def holes(connection: Database, table: DatedTable, file: int) -> Iterator[tuple[int, str]]:
    """Where spells of what a file speaks of leave days between them: a row, the days."""
    owner = sql.SQL(" || ' ' || ").join(sql.SQL(f"a.{name}::text") for name in table.owner)
    yield from connection.execute(_fill(_HOLES, table, owner_text=owner), [file]).fetchall()


def conflicts(connection: Database, table: DatedTable) -> Iterator[Conflict]:
    """What rows that arrived contradict, each with its row; afterwards `apply` may be called.

    Returns: twice the same thing in the files; overlap with another row; overlap with what is
             known; a withdrawal of what never was.
    """
    connection.execute(sql.SQL("analyze {}").format(sql.SQL(table.arriving)))
    twice = f"select * from ({_TWICE}) t (file, row, first) where row <> first"
    for file, row, first in connection.execute(_fill(twice, table)):
        yield file, row, "since", f"与第 {first} 行是同一项、同一起始日；请只留一行"
    connection.execute(_fill(_MATCH, table))
    for file, row in connection.execute(_fill(_NOTHING, table)):
        yield file, row, "withdrawn", "没有起始日相同的一条可以撤销；请核对起始日"
    for file, row, other, since, until in connection.execute(_fill(_WITHIN, table)):
        yield file, row, "since", f"与第 {other} 行（{_span(since, until)}）重叠；{_ADVICE}"
    for file, row, since, until in connection.execute(_fill(_AGAINST, table)):
        advice = f"请把那一条（起始日 {since}）也放进文件，填上终止日或撤销"
        yield file, row, "since", f"与已有的一条（{_span(since, until)}）重叠；{advice}"


_ADVICE = "终止日是不再成立的第一天，前一条的终止日应不晚于后一条的起始日"


def _span(since: str, until: str | None) -> str:
    return f"{since} 至 {until}" if until else f"{since} 起"


def apply(connection: Database, table: DatedTable, now: datetime) -> dict[int, Counts]:
    """Retire what changed or is withdrawn, add what is new; known from `now` on.

    Returns: the counts by file number.
    """
    connection.execute(_fill(_RETIRE, table), [now])
    connection.execute(_fill(_INSERT, table), [now])
    counted = connection.execute(_fill(_COUNTS, table)).fetchall()
    return {file: Counts(*counts) for file, *counts in counted}
