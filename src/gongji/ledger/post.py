"""The only writer of the journal: entries, postings, and with them meters and balances.

Every statement takes all rows at once, so that their number does not grow with the rows.
"""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

import psycopg

from gongji.ledger.chart import RISES_BY_DEBIT
from gongji.ledger.entry_rows import COLUMNS, EntryRow, PostingRow
from gongji.platform.arrays import array, written

TYPES = {
    "id": "bigint",
    "person_id": "bigint",
    "visit": "bigint",
    "batch": "bigint",
    "reverses_id": "bigint",
    "service_date": "date",
    "accounting_date": "date",
    "settled_at": "timestamptz",
    "meters": "jsonb",
    "facts": "jsonb",
    "result": "jsonb",
}
"""The types of columns that are not texts, nor amounts (bigint)."""

LOCK = "select id from person where id = any(%s::bigint[]) order by id for no key update"
IDS = "select nextval('entry_id_seq') from generate_series(1, %s)"


def _type(column: str) -> str:
    return TYPES.get(column, "bigint" if column.endswith("_fen") else "text")


_TYPES = [_type(column) for column in COLUMNS]
_entry = attrgetter(*COLUMNS)
_posting = attrgetter(*PostingRow.__struct_fields__)

ENTER = f"""insert into entry ({", ".join(COLUMNS)})
select * from unnest({", ".join(f"%s::{_type(column)}[]" for column in COLUMNS)})"""
POSTINGS = """insert into posting
  (entry_id, area, debit, debit_owner, credit, credit_owner, amount_fen, article)
select * from unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
  %s::bigint[], %s::text[])"""
_POSTING_TYPES = ("bigint", *["text"] * 5, "bigint", "text")
METER_TYPES = ("text", "bigint", "text", "text", "text", "bigint")
BALANCE_TYPES = ("text", "bigint", "text", "bigint")
# The new amount is worked out before the row is proposed, because a CHECK looks at the proposed row
# even where it is then not inserted.
METERS = """insert into meter_use (area, person_id, period, slot, code, used_fen)
select k.area, k.person, k.period, k.slot, k.code, coalesce(m.used_fen, 0) + k.moved
from unnest(%s::text[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::bigint[])
  k(area, person, period, slot, code, moved)
left join meter_use m on m.area = k.area and m.person_id = k.person and m.period = k.period
  and m.slot = k.slot and m.code = k.code
on conflict (area, person_id, period, slot, code) do update set used_fen = excluded.used_fen"""
BALANCES = """insert into balance (area, person_id, kind, amount_fen)
select k.area, k.person, k.kind, coalesce(b.amount_fen, 0) + k.moved
from unnest(%s::text[], %s::bigint[], %s::text[], %s::bigint[]) k(area, person, kind, moved)
left join balance b on b.area = k.area and b.person_id = k.person and b.kind = k.kind
on conflict (area, person_id, kind) do update set amount_fen = excluded.amount_fen"""


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
    an earlier statement (`lock`).
    Refuses: the database does (psycopg.errors.CheckViolation): entry_period_open,
             balance_not_negative, meter_not_negative.
    """
    if entries:
        connection.execute(ENTER, written(_TYPES, [_entry(entry) for entry in entries]))
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
            key = (entry.area, entry.person_id, period, slot, code)
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
