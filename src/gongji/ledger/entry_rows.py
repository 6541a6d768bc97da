"""Rows of the journal as values: an entry and its postings, as the database holds them.

This module knows what a row is and how it is negated, not how it came about nor how it is stored.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from gongji.ledger.entry_contents import (
    NOTHING,
    Adjusting,
    Decision,
    Facts,
    Outcome,
    SettledFacts,
    read_facts,
    read_result,
)
from gongji.refusals import Fault
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
    facts: Facts = NOTHING
    result: Outcome = NOTHING
    reverses_id: int | None = None
    rulebook: str = ""
    law_hash: str = ""
    law: int | None = None
    engine: str = ""

    @property
    def settled(self) -> SettledFacts:
        """What a settlement, or what takes it back or corrects it, was decided on.

        Refuses: Fault for an entry of another kind.
        """
        if not isinstance(self.facts, SettledFacts):
            raise Fault(f"记账分录 {self.id} 没有结算的事实")
        return self.facts

    @property
    def decision(self) -> Decision | None:
        """What was decided, of an adjustment what should have been; None where nothing was."""
        if isinstance(self.result, Adjusting):
            return self.result.decided
        return self.result if isinstance(self.result, Decision) else None

    @property
    def supplements(self) -> dict[str, Fen]:
        """What each fund other than the pool and the account paid, by the payer's name.

        What takes a settlement back repeats its decision; what it paid has the other sign.
        """
        decided = self.result if isinstance(self.result, Decision) else None
        sign = -1 if self.kind == CANCELLATION else 1
        return {name: sign * paid for name, paid in decided.payers.items()} if decided else {}


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
    found["facts"], found["result"] = read_facts(found["facts"]), read_result(found["result"])
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
