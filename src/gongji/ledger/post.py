"""The only writer of the journal: entries, settlements, postings; with them meters and balances.

Every statement takes all rows at once, so that their number does not grow with the rows.
"""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

import psycopg

from gongji.ledger.chart import RISES_BY_DEBIT
from gongji.ledger.entry_rows import (
    COLUMNS,
    NO_SETTLEMENT,
    POSTING_COLUMNS,
    SETTLEMENT_COLUMNS,
    EntryRow,
    PostingRow,
)
from gongji.platform.arrays import array, written

TYPES = {
    "id": "bigint",
    "entry": "bigint",
    "number": "int",
    "person": "bigint",
    "visit": "bigint",
    "holding": "bigint",
    "command": "bigint",
    "cause": "bigint",
    "reverses": "bigint",
    "law": "bigint",
    "service_date": "date",
    "accounting_date": "date",
    "made_at": "timestamptz",
    "meters": "jsonb",
    "facts": "jsonb",
    "result": "jsonb",
}
"""The types of columns that are not texts, nor amounts (bigint)."""

LOCK = "select id from person where id = any(%s::bigint[]) order by id for no key update"
IDS = "select nextval('entry_id_seq') from generate_series(1, %s)"


def _type(column: str) -> str:
    return TYPES.get(column, "bigint" if column.endswith("_fen") else "text")


def _rows(columns: Sequence[str]) -> str:
    """Any number of rows by their columns, a parameter for each column."""
    given = ", ".join(f"%s::{_type(column)}[]" for column in columns)
    return f"({', '.join(columns)}) select * from unnest({given})"


_BESIDE = ("entry", *SETTLEMENT_COLUMNS)
_ENTRY_TYPES = [_type(column) for column in COLUMNS]
_BESIDE_TYPES = [_type(column) for column in _BESIDE]
_POSTING_TYPES = [_type(column) for column in POSTING_COLUMNS]
_entry = attrgetter(*COLUMNS)
_beside = attrgetter("id", *(f"settlement.{name}" for name in SETTLEMENT_COLUMNS))
_posting = attrgetter(*POSTING_COLUMNS)

ENTER = f"insert into entry {_rows(COLUMNS)}"
BESIDE = f"insert into settlement {_rows(_BESIDE)}"
POSTINGS = f"insert into posting {_rows(POSTING_COLUMNS)}"
METER_TYPES = ("text", "bigint", "text", "text", "text", "bigint")
BALANCE_TYPES = ("text", "bigint", "text", "bigint")
# The new amount is worked out before the row is proposed, because a CHECK looks at the proposed row
# even where it is then not inserted.
METERS = """insert into meter_use (area, person, period, slot, code, used_fen)
select k.area, k.person, k.period, k.slot, k.code, coalesce(m.used_fen, 0) + k.moved
from unnest(%s::text[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::bigint[])
  k(area, person, period, slot, code, moved)
left join meter_use m on m.area = k.area and m.person = k.person and m.period = k.period
  and m.slot = k.slot and m.code = k.code
on conflict (area, person, period, slot, code) do update set used_fen = excluded.used_fen"""
BALANCES = """insert into balance (area, person, kind, amount_fen)
select k.area, k.person, k.kind, coalesce(b.amount_fen, 0) + k.moved
from unnest(%s::text[], %s::bigint[], %s::text[], %s::bigint[]) k(area, person, kind, moved)
left join balance b on b.area = k.area and b.person = k.person and b.kind = k.kind
on conflict (area, person, kind) do update set amount_fen = excluded.amount_fen"""


def lock(connection: psycopg.Connection[Any], persons: Iterable[int]) -> None:
    """Lock persons in the order of their ids until the transaction ends."""
    connection.execute(LOCK, [array(sorted(set(persons)))])


def take_ids(connection: psycopg.Connection[Any], count: int) -> list[int]:
    """Ids for new entries, in growing order."""
    return [number for (number,) in connection.execute(IDS, [count])]


def post(
    connection: psycopg.Connection[Any],
    entries: Sequence[EntryRow],
    postings: Sequence[PostingRow],
) -> None:
    """Enter entries (with ids from `take_ids`) and postings; meters and balances move with them.

    The caller is in a transaction and has locked the persons, and the owners of the accounts, in
    an earlier statement (`lock`). The postings of an entry come in one call, numbered from 1.
    Refuses: the database does (psycopg.errors.CheckViolation): entry_period_open, balance_holds,
             meter_not_negative, and whatever postings do not fit their entry and its settlement.
    """
    if entries:
        connection.execute(ENTER, written(_ENTRY_TYPES, [_entry(entry) for entry in entries]))
    beside = [_beside(entry) for entry in entries if entry.settlement is not NO_SETTLEMENT]
    if beside:
        connection.execute(BESIDE, written(_BESIDE_TYPES, beside))
    if postings:
        rows = [_posting(posting) for posting in postings]
        connection.execute(POSTINGS, written(_POSTING_TYPES, rows))
    _move(connection, METERS, METER_TYPES, meter_moves(entries))
    _move(connection, BALANCES, BALANCE_TYPES, balance_moves(postings))


def _move(
    connection: psycopg.Connection[Any],
    statement: str,
    types: Sequence[str],
    moved: dict[tuple[Any, ...], int],
) -> None:
    """Move rows, in the order of their keys so that two transactions never wait for each other."""
    rows = [(*key, amount) for key, amount in sorted(moved.items()) if amount]
    if rows:
        connection.execute(statement, written(types, rows))


def meter_moves(entries: Iterable[EntryRow]) -> dict[tuple[Any, ...], int]:
    """What entries add to each meter: (area, person, period, slot, code) -> fen."""
    moved: dict[tuple[Any, ...], int] = {}
    for entry in entries:
        for code, period, slot, amount in entry.meters:
            key = (entry.area, entry.person, period, slot, code)
            moved[key] = moved.get(key, 0) + amount
    return moved


def balance_moves(postings: Iterable[PostingRow]) -> dict[tuple[Any, ...], int]:
    """What postings add to each kept balance: (area, person, kind) -> fen."""
    moved: dict[tuple[Any, ...], int] = {}
    for posting in postings:
        for kind, owner, debit in (
            (posting.debit, posting.debit_owner, True),
            (posting.credit, posting.credit_owner, False),
        ):
            if kind in RISES_BY_DEBIT:
                sign = 1 if RISES_BY_DEBIT[kind] == debit else -1
                key = (posting.area, int(owner), kind)
                moved[key] = moved.get(key, 0) + sign * posting.amount_fen
    return moved
