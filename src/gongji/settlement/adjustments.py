"""What corrects a settlement: the difference between what should stand and what stands, entered.

Accounts and cash at the counter are not undone: what a fund pays more or less goes to the person's
payable, or, what it paid too much, to the receivable; a shift between two funds goes through the
payable both ways. Who decides what should stand is elsewhere.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
import psycopg
from msgspec.structs import replace

from gongji.ledger import chart
from gongji.ledger.entry_contents import Adjusting
from gongji.ledger.entry_rows import ADJUSTMENT, EntryRow, Move, PostingRow, made_by
from gongji.ledger.post import post, take_ids
from gongji.platform.actors import Actor
from gongji.refusals import Fault
from gongji.units import Fen

Connection = psycopg.Connection[Any]
CANCELLED = "结算已撤销"
KEPT = """select person, kind, amount_fen - held_fen from balance
where area = %s and person = any(%s) and kind in ('payable', 'receivable')"""
COMPARED = (
    "above_standard_fen",
    "wholly_own_fen",
    "first_self_pay_fen",
    "in_scope_fen",
    "deductible_fen",
    "pool_fen",
    "supplements_fen",
)
"""The amounts that an adjustment corrects; those of accounts and cash it does not."""

Fund = tuple[str, str]
"""Kind of a fund's account, and whose: of the pool the benefit, of a supplement the payer."""


@dataclass
class Group:
    """A settlement with what was entered about it since, at the place where it was first settled.

    Shape:   `latest` the last entry that decided it (the settlement or an adjustment); `amounts`,
             `funds` and `moves` are what stands in all.
    """

    root: EntryRow
    latest: EntryRow
    cancelled: bool = False
    amounts: dict[str, Fen] = field(default_factory=dict)
    funds: dict[Fund, Fen] = field(default_factory=dict)
    moves: dict[tuple[str, str, str], Fen] = field(default_factory=dict)

    def add(self, entry: EntryRow) -> None:
        """Take another entry of the group in."""
        for name in COMPARED:
            self.amounts[name] = self.amounts.get(name, 0) + getattr(entry.settlement, name)
        for fund, paid in funds_of(entry).items():
            self.funds[fund] = self.funds.get(fund, 0) + paid
        for code, period, slot, moved in entry.meters:
            key = (code, period, slot)
            self.moves[key] = self.moves.get(key, 0) + moved


class Change(msgspec.Struct, frozen=True):
    """A settlement that comes out otherwise than it stands.

    Shape:   `person` the masked number.
    Units:   fen; `payable_fen` and `receivable_fen` by how much each rises (below zero: falls).
    """

    root: EntryRow
    cause: str
    detail: str
    before: dict[str, Fen]
    after: dict[str, Fen]
    funds: dict[Fund, Fen]
    moves: tuple[Move, ...]
    payable_fen: Fen = 0
    receivable_fen: Fen = 0
    again: EntryRow | None = None
    person: str = ""

    @property
    def net_fen(self) -> Fen:
        """What the funds should have paid more."""
        return sum(self.funds.values())


def funds_of(entry: EntryRow) -> dict[Fund, Fen]:
    """What each fund paid by an entry; an adjustment and a cancellation keep it signed."""
    if entry.kind == ADJUSTMENT:
        return {(kind, owner): paid for kind, owner, paid in adjusting(entry).funds}
    found = {(chart.POOL, entry.settlement.benefit): entry.settlement.pool_fen}
    for payer, paid in entry.supplements.items():
        found[chart.SUPPLEMENT, payer] = paid
    return {fund: paid for fund, paid in found.items() if paid}


def adjusting(entry: EntryRow) -> Adjusting:
    result = entry.settlement.result
    if not isinstance(result, Adjusting):
        raise Fault(f"记账分录 {entry.id} 没有写明它调整什么")
    return result


def difference(group: Group, again: EntryRow | None, cause: str, detail: str) -> Change | None:
    """The difference between what should stand and what stands, if there is one."""
    after = {name: getattr(again.settlement, name) if again else 0 for name in COMPARED}
    if again is None and not group.cancelled:
        # Nobody's fund pays, but the bill was what it was.
        after |= {name: getattr(group.root.settlement, name) for name in COMPARED[:4]}
    funds = funds_of(again) if again else {}
    wanted = {move[:3]: move[3] for move in again.meters} if again else {}
    owed = {
        fund: funds.get(fund, 0) - group.funds.get(fund, 0)
        for fund in dict.fromkeys([*group.funds, *funds])
    }
    owed = {fund: paid for fund, paid in owed.items() if paid}
    moves = {
        key: wanted.get(key, 0) - group.moves.get(key, 0)
        for key in dict.fromkeys([*group.moves, *wanted])
    }
    moved = tuple((*key, amount) for key, amount in moves.items() if amount)
    if not owed and not moved and after == group.amounts:
        return None
    return Change(group.root, cause, detail, group.amounts, after, owed, moved, again=again)


def claimed(changes: Iterable[Change], payable: Fen, receivable: Fen) -> Iterator[Change]:
    """To whose favour each difference is: a claim of the other side is paid off first."""
    for change in changes:
        net = change.net_fen
        if net >= 0:
            settled = min(net, receivable)
            change = replace(change, payable_fen=net - settled, receivable_fen=-settled)
        else:
            settled = min(-net, payable)
            change = replace(change, payable_fen=-settled, receivable_fen=-net - settled)
        payable += change.payable_fen
        receivable += change.receivable_fen
        yield change


def enter(
    connection: Connection, changes: Sequence[Change], actor: Actor, now: datetime
) -> dict[int | None, int]:
    """Enter the adjustments; gives the adjustment of each settlement."""
    ids = take_ids(connection, len(changes)) if changes else []
    entries, postings = [], []
    for number, change in zip(ids, changes, strict=True):
        entries.append(_entry(number, change, actor, now))
        postings += _postings(number, change)
    post(connection, entries, postings)
    return {change.root.id: number for number, change in zip(ids, changes, strict=True)}


def _entry(number: int, change: Change, actor: Actor, now: datetime) -> EntryRow:
    root = change.root
    amounts: dict[str, Any] = {name: change.after[name] - change.before[name] for name in COMPARED}
    source = change.again or root
    settled = replace(
        source.settlement,
        visit=root.settlement.visit,
        total_fen=0,
        account_fen=0,
        family_fen=0,
        cash_fen=0,
        borne_fen=0,
        owed_fen=amounts["pool_fen"] + amounts["supplements_fen"],
        **amounts,
        result=Adjusting(
            adjusts=root.id or 0,
            cause=change.cause,
            detail=change.detail,
            funds=tuple((*fund, paid) for fund, paid in change.funds.items()),
            decided=change.again.decision if change.again else None,
        ),
    )
    return EntryRow(
        id=number,
        area=root.area,
        kind=ADJUSTMENT,
        person=root.person,
        service_date=root.service_date,
        **made_by(actor, now),
        institution=root.institution,
        cause=root.id,
        law=source.law,
        meters=change.moves,
        settlement=settled,
    )


def _postings(number: int, change: Change) -> list[PostingRow]:
    """Each fund's difference against the person's claim: what is owed back is paid off first."""
    more = [(fund, paid) for fund, paid in change.funds.items() if paid > 0]
    less = [(fund, -paid) for fund, paid in change.funds.items() if paid < 0]
    lowered, raised = max(-change.receivable_fen, 0), max(change.receivable_fen, 0)
    moved = [
        *((fund, claim, amount) for fund, claim, amount in _split(more, lowered)),
        *((fund, claim, -amount) for fund, claim, amount in _split(less, raised)),
    ]
    return [_posting(change, number, place, one) for place, one in enumerate(moved, start=1)]


def _split(
    differences: Iterable[tuple[Fund, Fen]], receivable: Fen
) -> Iterator[tuple[Fund, str, Fen]]:
    """Against which claim the differences go: the receivable as far as it goes, the payable."""
    for fund, amount in differences:
        first = min(amount, receivable)
        receivable -= first
        for claim, part in ((chart.RECEIVABLE, first), (chart.PAYABLE, amount - first)):
            if part:
                yield fund, claim, part


def _posting(change: Change, entry: int, number: int, moved: tuple[Fund, str, Fen]) -> PostingRow:
    """A posting of an adjustment; an amount below zero is what a fund pays less."""
    (kind, whose), claim, amount = moved
    owner = whose if kind == chart.SUPPLEMENT else ""
    sides = [(kind, owner), (claim, str(change.root.person))]
    if amount < 0:
        sides.reverse()
    (debit, debit_owner), (credit, credit_owner) = sides
    return PostingRow(
        entry,
        number,
        change.root.area,
        chart.fund_of(kind, owner),
        debit,
        debit_owner,
        credit,
        credit_owner,
        abs(amount),
        whose if kind == chart.POOL else "",
        f"重新核算：{change.cause}"[:300],
    )
