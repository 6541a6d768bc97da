"""Rows of the journal as values, as the database holds them: entry, settlement, postings.

This module knows what a row is and how it is negated, not how it came about nor how it is stored.
"""

from collections.abc import Iterable, Sequence
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
from gongji.platform.actors import Actor
from gongji.refusals import Fault
from gongji.units import Fen, day_in_china

SETTLEMENT, CANCELLATION, OPENING, STAY, CREDIT, ADJUSTMENT = KINDS = (
    "settlement",
    "cancellation",
    "opening",
    "stay",
    "credit",
    "adjustment",
)
"""The kinds of entries that are made today; the table `entry_kind` has more."""

OWN, OPENED = "own", "opening"
"""Where an entry comes from: our own, or what there was before."""

Move = tuple[str, str, str, Fen]
"""How an entry moves a meter: code, period, slot, by how much (zero: it was looked at only)."""


class SettlementRow(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What a settlement has besides its entry: a row of the table `settlement`.

    Units:   fen. `owed_fen` is what funds owe the person by it (an adjustment; below zero: what
             the person owes); cash and what the institution bears move no fund.
    Ensures: total + owed = pool + supplements + account + family + cash + borne.
    """

    visit: int | None = None
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
    owed_fen: Fen = 0
    facts: Facts = NOTHING
    result: Outcome = NOTHING
    rulebook: str = ""
    law_hash: str = ""
    engine: str = ""


NO_SETTLEMENT = SettlementRow()
"""What stands beside an entry of a kind that settles nothing; it is not stored."""


class EntryRow(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One event: a row of the table `entry` with its settlement; a trial has `id` None.

    Shape:   `cause` the entry that it answers, `reverses` the one that it takes back.
    """

    id: int | None
    area: str
    kind: str
    person: int | None
    service_date: date
    accounting_date: date
    made_at: datetime
    actor_kind: str
    actor: str
    institution: str = ""
    origin: str = OWN
    origin_key: str | None = None
    holding: int | None = None
    command: int | None = None
    cause: int | None = None
    reverses: int | None = None
    law: int | None = None
    meters: tuple[Move, ...] = ()
    settlement: SettlementRow = NO_SETTLEMENT

    @property
    def settled(self) -> SettledFacts:
        """What a settlement, or what takes it back or corrects it, was decided on.

        Refuses: Fault for an entry of another kind.
        """
        facts = self.settlement.facts
        if not isinstance(facts, SettledFacts):
            raise Fault(f"记账分录 {self.id} 没有结算的事实")
        return facts

    @property
    def decision(self) -> Decision | None:
        """What was decided, of an adjustment what should have been; None where nothing was."""
        result = self.settlement.result
        if isinstance(result, Adjusting):
            return result.decided
        return result if isinstance(result, Decision) else None

    @property
    def supplements(self) -> dict[str, Fen]:
        """What each fund other than the pool and the account paid, by the payer's name.

        What takes a settlement back repeats its decision; what it paid has the other sign.
        """
        result = self.settlement.result
        decided = result if isinstance(result, Decision) else None
        sign = -1 if self.kind == CANCELLATION else 1
        return {name: sign * paid for name, paid in decided.payers.items()} if decided else {}


COLUMNS = tuple(name for name in EntryRow.__struct_fields__ if name != "settlement")
"""The columns of `entry`, in the order of EntryRow's fields."""
SETTLEMENT_COLUMNS = SettlementRow.__struct_fields__
"""The columns of `settlement` beside its entry, in the order of SettlementRow's fields."""
AMOUNTS = tuple(name for name in SETTLEMENT_COLUMNS if name.endswith("_fen"))
"""The columns that are amounts."""
READ = f"""select {", ".join(f"e.{name}" for name in COLUMNS)},
  {", ".join(f"s.{name}" for name in SETTLEMENT_COLUMNS)}
from entry e left join settlement s on s.entry = e.id"""
"""Entries `e` with their settlements `s`, for `read_entry`; whoever uses it adds the condition."""


class PostingRow(msgspec.Struct, frozen=True):
    """One movement of one fund's money; the postings of an entry are numbered from 1.

    Units:   fen, above zero.
    """

    entry: int
    number: int
    area: str
    fund: str
    debit: str
    debit_owner: str
    credit: str
    credit_owner: str
    amount_fen: Fen
    benefit: str = ""
    article: str = ""


POSTING_COLUMNS = PostingRow.__struct_fields__
"""The columns of `posting`, in the order of PostingRow's fields."""


def read_entry(row: Sequence[Any]) -> EntryRow:
    """An entry with its settlement from a row of `READ`."""
    event = dict(zip(COLUMNS, row, strict=False))
    event["meters"] = tuple(
        (code, period, slot, moved) for code, period, slot, moved in event["meters"]
    )
    beside = dict(zip(SETTLEMENT_COLUMNS, row[len(COLUMNS) :], strict=True))
    if beside["facts"] is None:
        return EntryRow(**event)
    beside["facts"] = read_facts(beside["facts"])
    beside["result"] = read_result(beside["result"])
    return EntryRow(**event, settlement=SettlementRow(**beside))


def made_by(actor: Actor, now: datetime) -> dict[str, Any]:
    """The columns that say who makes an entry and when; it is in the accounts of that day."""
    return {
        "accounting_date": day_in_china(now),
        "made_at": now,
        "actor_kind": actor.kind,
        "actor": actor.id,
    }


def negated(entry: EntryRow, **changes: Any) -> EntryRow:
    """The entry that takes another one back: every amount and every move with the other sign."""
    settled = entry.settlement
    amounts = {name: -getattr(settled, name) for name in AMOUNTS}
    moves = tuple((code, period, slot, -moved) for code, period, slot, moved in entry.meters)
    back = replace(settled, **amounts)
    return replace(entry, settlement=back, meters=moves, reverses=entry.id, **changes)


def exchanged(postings: Iterable[PostingRow], entry: int) -> list[PostingRow]:
    """The postings of another entry with debit and credit exchanged."""
    return [
        replace(
            posting,
            entry=entry,
            debit=posting.credit,
            debit_owner=posting.credit_owner,
            credit=posting.debit,
            credit_owner=posting.debit_owner,
        )
        for posting in postings
    ]
