"""What the journal holds of one person: entries, meters, balances, as they are read to them."""

from collections.abc import Iterable
from typing import Any

from psycopg import Connection

from gongji.ledger.entry_rows import READ, EntryRow, read_entry
from gongji.units import Fen

Database = Connection[Any]

_ENTRIES = f"""{READ}
where e.person = %s
  and e.kind in ('settlement', 'cancellation', 'stay', 'reimbursement', 'adjustment')
order by e.id desc limit %s"""
_ENTRY = f"{READ} where e.person = %s and e.id = %s"
_CANCELLED = "select reverses from entry where reverses = any(%s)"
_METERS = """
select area, period, slot, code, used_fen from meter_use
where person = %s and used_fen > 0 order by area, period desc, code, slot"""
_BALANCES = "select area, kind, amount_fen from balance where person = %s order by area, kind"


def entries_of(connection: Database, person: int, most: int | None = None) -> list[EntryRow]:
    """What was settled of the person, at the counter, on paper, taken back or corrected, and stays.

    The latest first: all, or so many.
    """
    return [read_entry(row) for row in connection.execute(_ENTRIES, [person, most])]


def entry_of(connection: Database, person: int, number: int) -> EntryRow | None:
    """One of the person's entries, or None where it is not the person's."""
    row = connection.execute(_ENTRY, [person, number]).fetchone()
    return read_entry(row) if row else None


def cancelled_among(connection: Database, numbers: Iterable[int]) -> set[int]:
    """Those of some entries that were cancelled."""
    return {row[0] for row in connection.execute(_CANCELLED, [list(numbers)])}


def meters_of(connection: Database, person: int) -> list[tuple[str, str, str, str, Fen]]:
    """What the person has used: area, period, slot, code, fen."""
    return connection.execute(_METERS, [person]).fetchall()


def balances_of(connection: Database, person: int) -> list[tuple[str, str, Fen]]:
    """The person's balances: area, kind, fen."""
    return connection.execute(_BALANCES, [person]).fetchall()
