"""A year of the model again, in today's knowledge: what should stand, and what that changes.

Every settlement keeps the place in which it was first entered; the meters are those that the
corrected year has by then. Differences of the funds go to what the person is owed, or owes.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any

from tests.platform import history_law
from tests.platform.history_law import RESCUE_DEDUCTIBLE, Law, Row
from tests.platform.history_model import (
    BEFORE,
    CANCELLED,
    FACTS,
    ORDER,
    Change,
    Model,
    Refused,
    Settled,
)

NOTHING = Law("", "", 0)


@dataclass
class Again:
    """A settlement that comes out otherwise: what should stand, and the facts it is decided on."""

    one: Settled
    change: Change
    law: Law
    row: Row | None


@dataclass
class Year:
    """What a run finds, and the meters that the corrected year leaves."""

    number: int
    found: list[Again]
    books: dict[int, Counter[Any]]


def readjudicate(model: Model, year: int, since: date | None = None) -> Year:
    """The year again; nothing of the model changes."""
    made = Year(year, [], {})
    for person in sorted({one.bill.person for one in model.settled.values()}):
        book = Counter(model.opened.get(person, {}))
        claim = model.claims[person]
        seen_cancelled = False
        for number, event in sorted(_events(model, person, year).items()):
            if not isinstance(event, Settled):
                book.update({at: by for at, by in event.items() if at[0] == year})
                continue
            if since and event.bill.day < since:
                book.update(event.moves)
                continue
            law, row = _decided(model, event, book)
            book.update(law.moves)
            cause = _cause(event, row, BEFORE if seen_cancelled else ORDER)
            seen_cancelled = seen_cancelled or not event.stands
            change = _change(number, event, law, cause, claim)
            if change:
                made.found.append(Again(event, change, law, row))
                claim += change.net
        made.books[person] = book
    return made


def _events(model: Model, person: int, year: int) -> dict[int, Any]:
    """Settlements and stays by the entry that brought them."""
    found: dict[int, Any] = {
        one.number: one
        for one in model.settled.values()
        if one.bill.person == person and one.bill.day.year == year
    }
    return found | {number: moves for number, who, _, moves in model.stays if who == person}


def _decided(model: Model, one: Settled, book: Counter[Any]) -> tuple[Law, Row | None]:
    """What it comes to, and on which facts; None where nothing can be paid at all."""
    if not one.stands:
        return NOTHING, None
    bill = one.bill
    try:
        model.spell(bill)
        row = model.row(bill, model.benefit_today(one))
        row |= {name: now for name, now in one.paid.row.items() if name == "account_current"}
    except Refused:
        return NOTHING, None
    used = Counter(book)
    if row.get("admitted"):
        admission = model.admission(bill.person, bill.day)
        assert admission is not None
        at = (bill.day.year, (RESCUE_DEDUCTIBLE, "visit", str(bill.visit)))
        used[at] += admission.details["deductible_fen"]
    return history_law.settle(model.area, row, used), row


def _cause(one: Settled, row: Row | None, otherwise: str) -> str:
    if not one.stands:
        return CANCELLED
    return otherwise if row == one.latest else FACTS


def _change(number: int, one: Settled, law: Law, cause: str, claim: int) -> Change | None:
    funds = {fund: fen for fund, fen in one.funds.items() if fen}
    moves = {at: by for at, by in one.moves.items() if by}
    if (funds, moves, one.deductible) == (law.funds, law.moves, law.deductible):
        return None
    net = sum(law.funds.values()) - sum(funds.values())
    after = claim + net
    return Change(
        number,
        cause,
        net,
        max(0, after) - max(0, claim),
        max(0, -after) - max(0, -claim),
        law.deductible,
    )


def post(model: Model, year: Year, day: date) -> None:
    """What was found is entered: afterwards it stands so."""
    for again in year.found:
        one, change, person = again.one, again.change, again.one.bill.person
        one.adjusted = True
        model.events[person] += 1
        for fund in {*one.funds, *again.law.funds}:
            model.totals[fund] += again.law.funds.get(fund, 0) - one.funds[fund]
        one.funds, one.moves = Counter(again.law.funds), Counter(again.law.moves)
        one.deductible = again.law.deductible
        one.latest = again.row or one.paid.row
        model.claims[person] += change.net
        for kind, fen in (("payable", change.payable), ("receivable", change.receivable)):
            if fen:
                model.movements.append((person, kind, day, fen))
    for person, book in year.books.items():
        kept = {at: by for at, by in model.books[person].items() if at[0] != year.number}
        made = {at: by for at, by in book.items() if at[0] == year.number}
        model.books[person] = Counter(kept | made)
