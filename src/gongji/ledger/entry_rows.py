"""Rows of the journal as values: an entry and its postings, as the database holds them.

This module knows what a row is and how it is negated, not how it came about nor how it is stored.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from gongji.units import Fen

SETTLEMENT, CANCELLATION, OPENING, STAY, CREDIT, ADJUSTMENT = KINDS = (
    "settlement",
    "cancellation",
    "opening",
    "stay",
    "credit",
    "adjustment",
)
"""The kinds of entries."""

Move = tuple[str, str, str, Fen]
"""How an entry moves a meter: code, period, slot, by how much (zero: it was looked at only)."""


class EntryRow(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A row of the table `entry`; a trial has `id` None.

    Units:   fen.
    Ensures: total = pool + supplements + account + family + cash + borne.
    """

    id: int | None
    area: str
    person_id: int | None
    kind: str
    service_date: date
    accounting_date: date
    settled_at: datetime
    institution: str = ""
    visit: int | None = None
    batch: int | None = None
    msgid: str = ""
    benefit: str = ""
    total_fen: Fen = 0
    above_standard_fen: Fen = 0
    wholly_own_fen: Fen = 0
    first_self_pay_fen: Fen = 0
    in_scope_fen: Fen = 0
    deductible_fen: Fen = 0
    pool_fen: Fen = 0
    supplements_fen: Fen = 0
    account_fen: Fen = 0
    family_fen: Fen = 0
    cash_fen: Fen = 0
    borne_fen: Fen = 0
    meters: tuple[Move, ...] = ()
    facts: dict[str, Any] = {}
    result: dict[str, Any] = {}
    reverses_id: int | None = None
    rulebook: str = ""
    law_hash: str = ""
    engine: str = ""


COLUMNS = EntryRow.__struct_fields__
"""The columns of `entry`, in the order of EntryRow's fields."""
AMOUNTS = tuple(name for name in COLUMNS if name.endswith("_fen"))
"""The columns that are amounts."""


class PostingRow(msgspec.Struct, frozen=True):
    """One movement of money of an entry: from the credit account to the debit account.

    Units:   fen, above zero.
    """

    entry_id: int
    area: str
    debit: str
    debit_owner: str
    credit: str
    credit_owner: str
    amount_fen: Fen
    article: str = ""


def read_entry(row: Iterable[Any]) -> EntryRow:
    """An entry from a row of `select COLUMNS from entry`."""
    found = dict(zip(COLUMNS, row, strict=True))
    found["meters"] = tuple(
        (code, period, slot, moved) for code, period, slot, moved in found["meters"]
    )
    return EntryRow(**found)


def negated(entry: EntryRow, **changes: Any) -> EntryRow:
    """The entry that takes another one back: every amount and every move with the other sign."""
    amounts = {name: -getattr(entry, name) for name in AMOUNTS}
    moves = tuple((code, period, slot, -moved) for code, period, slot, moved in entry.meters)
    return replace(entry, **amounts, meters=moves, reverses_id=entry.id, **changes)


def exchanged(postings: Iterable[PostingRow], entry_id: int) -> list[PostingRow]:
    """The postings of another entry with debit and credit exchanged."""
    return [
        replace(
            posting,
            entry_id=entry_id,
            debit=posting.credit,
            debit_owner=posting.credit_owner,
            credit=posting.debit,
            credit_owner=posting.debit_owner,
        )
        for posting in postings
    ]
