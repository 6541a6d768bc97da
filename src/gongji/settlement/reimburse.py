"""A bill on paper settled by the same engine: what the fund owes the person who paid it.

The bill is decided on the facts and the law of the day of service and on the meters as they are
now: in order of arrival. Nothing is drawn from an account, since the person paid it all; what the
funds pay becomes a payable of the person. A bill is known by institution and number, however that
is spelt, and is entered once.

Law:     楚政规〔2022〕2号 第二十五条, 云府办〔2022〕20号 第二十一条: what could not be settled at
         once.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

import msgspec
import psycopg
from msgspec.structs import replace

from gongji.law.engine.areas import Areas
from gongji.law.engine.visit import Visit
from gongji.ledger import chart, meter_rows
from gongji.ledger.entry_contents import AccountsAvailable, Sums
from gongji.ledger.entry_rows import EntryRow, PostingRow, made_by
from gongji.ledger.post import post, take_ids
from gongji.people.person_rows import Person, lock_person
from gongji.platform.actors import Actor
from gongji.platform.commands import command
from gongji.refusals import Refusal
from gongji.settlement import counter_facts, decide_bill
from gongji.settlement.contract import NO_ACCOUNT
from gongji.settlement.counter_facts import Seen
from gongji.settlement.decide_bill import Decided
from gongji.settlement.facts_today import Places, read_registry
from gongji.settlement.routes import Route
from gongji.tabular.cell_forms import key_text
from gongji.units import Fen, day_of, yuan_text

Connection = psycopg.Connection[Any]
REIMBURSEMENT = "reimbursement"
_USED = "select period, slot, code, used_fen from meter_use where area = %s and person = %s"
_KNOWN = "select id from entry where area = %s and origin = 'own' and origin_key = %s"


class PaperBill(msgspec.Struct, frozen=True):
    """A bill as it was typed: where, when, what it comes to.

    Units:   fen; total = above the standard + wholly own + first self-pay + in scope.
    Shape:   `told` is what happened that only papers say (died, third_party), by fact column.
    """

    psn_no: str
    institution: str
    number: str
    service_date: date
    total_fen: Fen
    in_scope_fen: Fen
    above_standard_fen: Fen = 0
    wholly_own_fen: Fen = 0
    first_self_pay_fen: Fen = 0
    benefit: Literal["ordinary", "emergency"] = "ordinary"
    told: dict[str, str] = {}


@dataclass(frozen=True)
class PaperDecision:
    """A bill decided and not entered: whose, in which area, and the engine's result."""

    person: Person
    home: str
    decided: Decided
    entered: int | None

    @property
    def owed_fen(self) -> Fen:
        """What the funds owe the person."""
        result = self.decided.result
        return result.pool_fen + result.supplements_fen


def decide_paper(connection: Connection, bill: PaperBill, areas: Areas) -> PaperDecision:
    """What a bill comes to now, to the fen; enters nothing.

    Refuses: person_unknown, not_insured, institution_unknown, amount_negative, total_differs,
             date_outside, field_unknown, value_invalid; what the engine refuses. A gate is no
             refusal: the pool then pays nothing.
    """
    sums = _sums(bill)
    person = lock_person(connection, bill.psn_no)
    registry = read_registry(connection, Places(connection), [person.id], ())
    known = registry.known(person.id, bill.service_date)
    area = areas.area(known.insured.area)
    home = area.laws[0].area
    law = area.law(day_of(bill.service_date))
    here = registry.places.at(bill.institution, bill.service_date)
    seen = Seen(known, home, Route(bill.benefit), here)
    table = counter_facts.COUNTER_FACTS
    facts = table.read(seen) | table.told_by({**bill.told, "direct": "0"}, law)
    visit = Visit(
        law.area,
        day_of(bill.service_date),
        bill.benefit,
        sums.in_scope_fen,
        sums.total_fen,
        facts,
        visit=_key(bill),
    )
    place = here.kind if here.designated_for else "other"
    rows = connection.execute(_USED, [home, person.id]).fetchall()
    used = meter_rows.load(area, rows)
    decided = decide_bill.decide(area, visit, sums, AccountsAvailable(NO_ACCOUNT, place), used)
    row = connection.execute(_KNOWN, [home, _key(bill)]).fetchone()
    return PaperDecision(person, home, decided, row[0] if row else None)


def bill_number(text: str) -> str:
    """The number of a bill as it is compared: `ａｂ 100` is AB100, however it was typed."""
    return "".join(key_text(text).upper().split())


def _key(bill: PaperBill) -> str:
    return f"bill|{bill.institution}|{bill_number(bill.number)}"


def _sums(bill: PaperBill) -> Sums:
    parts = (bill.above_standard_fen, bill.wholly_own_fen, bill.first_self_pay_fen)
    amounts = (*parts, bill.in_scope_fen)
    if min(amounts) < 0:
        raise Refusal("amount_negative", "票据的金额", {"value": yuan_text(min(amounts))})
    if sum(amounts) != bill.total_fen:
        values = {"value": yuan_text(bill.total_fen), "total": yuan_text(sum(amounts))}
        raise Refusal("total_differs", "总额", values)
    return Sums(bill.total_fen, *amounts)


@dataclass(frozen=True)
class By:
    """By which holding and command a bill is entered."""

    command: int
    holding: int | None = None


@command("staff")
def reimburse(
    connection: Connection,
    content: PaperBill,
    *,
    actor: Actor,
    now: datetime,
    areas: Areas,
    by: By,
) -> EntryRow:
    """Enter a bill: what the funds pay is owed to the person from now on.

    The caller is in a transaction.
    Refuses: as `decide_paper`; bill_entered where it was entered before.
    Ensures: meters move as by a settlement at the counter; the person's cash is the whole bill.
    """
    found = decide_paper(connection, content, areas)
    if found.entered is not None:
        values = {"value": content.number, "entry": str(found.entered)}
        raise Refusal("bill_entered", "number", values)
    (number,) = take_ids(connection, 1)
    base = {
        "id": number,
        "area": found.home,
        "kind": REIMBURSEMENT,
        "person": found.person.id,
        "service_date": content.service_date,
        **made_by(actor, now),
        "institution": content.institution,
        "origin_key": _key(content),
        "holding": by.holding,
        "command": by.command,
    }
    made = decide_bill.row_of(found.decided, base, None)
    settled = replace(made.settlement, cash_fen=content.total_fen, owed_fen=found.owed_fen)
    entry = replace(made, settlement=settled)
    post(connection, [entry], _postings(found, entry))
    return entry


def _postings(found: PaperDecision, entry: EntryRow) -> list[PostingRow]:
    """As at the counter, but that the person is owed and not the institution."""
    return [
        replace(posting, credit=chart.PAYABLE, credit_owner=str(found.person.id))
        for posting in decide_bill.postings(found.decided, entry)
    ]
