"""What the pool advances for a third party and gets back; what a bill takes off a quota."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import errors
from tests.platform.agency_office import refused
from tests.platform.agency_till import Till, open_till
from tests.platform.counter import NOW, OPERATOR, RULES, Counter, one
from tests.platform.review_world import AREA
from tests.platform.test_cancel_edges import undo

from gongji.agency import charge_backs, manual_reimbursement
from gongji.agency.charge_backs import charging_article
from gongji.agency.third_party_claims import claims_of, note_advances, recoveries_of
from gongji.law.checks.library import Library
from gongji.review import desk as life
from gongji.settlement.readjudicate import readjudicate
from gongji.units import parse_day


@pytest.fixture
def till(server: str) -> Iterator[Till]:
    """A till, and a person hurt by somebody who does not pay."""
    with open_till(server) as made:
        yield made


def hurt(till: Till, advance: bool = True) -> None:
    """Somebody else is liable."""
    details = json.dumps({"third_party": True, "advance": advance})
    till.owner.execute(
        "insert into person_fact (person_id, area, kind, key, since, details)"
        " values (1, '532300', 'injury', 'S1', '2020-01-01', %s)",
        [details],
    )


def recover(till: Till, fen: int, ref: str = "R1", **more: Any) -> int:
    """What came in, confirmed."""
    (claim,) = claims_of(till.owner, AREA)
    content = {"claim": claim.id, "fen": fen, "payer": "某保险公司", "bank_ref": ref}
    content |= {"received_on": str(till.desk().today)} | more
    made = till.submitted_as("recover_advance", till.accountant, content)
    till.approve(till.cashier, made)
    return made


def test_what_is_advanced_is_a_claim_and_what_comes_in_lowers_it(till: Till) -> None:
    hurt(till)
    bill = till.hand_in("B1", 100_000, debtor="赵某")
    said = [line.words for line in life.preview(till.desk(), bill).examined.lines]
    assert "先行支付，向赵某追偿" in said
    entry = int(till.paid(bill).split()[-1])
    (claim,) = claims_of(till.owner, AREA)
    assert (claim.entry, claim.debtor, claim.fen, claim.open_fen) == (
        *(entry, "赵某", 52_800, 52_800),
    )
    made = recover(till, 20_000)
    (claim,) = claims_of(till.owner, AREA)
    assert (claim.recovered_fen, claim.open_fen) == (20_000, 32_800)
    rows = till.owner.execute(
        "select e.kind, e.cause, p.debit, p.credit, p.amount_fen, p.article from entry e"
        " join posting p on p.entry = e.id where e.command = %s",
        [made],
    ).fetchall()
    article = "中华人民共和国社会保险法 第三十条第二款"
    assert rows == [("recovery", entry, "bank_treasury", "pool", 20_000, article)]
    refused("claim_exceeded", recover, till, 32_801, "R2")
    refused("claim_exceeded", recover, till, 0, "R2")
    refused("reason_missing", recover, till, 1, " ")
    refused("claim_unknown", recover, till, 1, "R2", claim=99)
    refused("claim_paper_known", recover, till, 1, " R1")
    tomorrow = str(till.desk().today + timedelta(days=1))
    refused("value_invalid", recover, till, 1, "R2", received_on=tomorrow)
    recover(till, 32_800, "R2")
    (claim,) = claims_of(till.owner, AREA)
    assert claim.open_fen == 0 and till.sound()
    assert [(one[1], one[3]) for one in recoveries_of(till.owner, claim.id)] == [
        ("某保险公司", 20_000),
        ("某保险公司", 32_800),
    ]


def test_two_who_book_the_same_money_book_it_once(till: Till) -> None:
    hurt(till)
    till.owed("B1")
    (claim,) = claims_of(till.owner, AREA)
    assert claim.debtor == ""
    content = {"claim": claim.id, "fen": 30_000, "payer": "甲", "bank_ref": "R1"}
    content |= {"received_on": str(till.desk().today)}
    first, second = (
        till.submitted_as("recover_advance", till.accountant, content) for _ in range(2)
    )
    till.approve(till.cashier, first)
    assert till.approve(till.cashier, second).state == "stale"
    # More than was advanced the tables do not take.
    with pytest.raises(errors.CheckViolation):
        till.owner.execute(
            "insert into claim_recovery (claim, entry, payer, received_on, bank_ref, fen)"
            " values (%s, %s, '甲', current_date, 'R9', 30000)",
            [claim.id, claim.entry],
        )


def test_what_a_third_party_should_bear_is_not_paid_unless_it_is_advanced(till: Till) -> None:
    hurt(till, advance=False)
    bill = till.hand_in("B1", 100_000)
    assert life.preview(till.desk(), bill).examined.amount_fen == 0
    till.paid(bill)
    assert claims_of(till.owner, AREA) == []


ARTICLES = {
    "445300": "云浮市职工基本医疗保险门诊共济保障实施细则 第二十条（一）",
    "532300": "",
    "430500": "",
    "510400": "",
}


@pytest.mark.parametrize("area", ARTICLES)
def test_the_law_says_where_a_bill_is_taken_off_a_quota(area: str) -> None:
    day = parse_day("2025-05-01")
    law = next(one for one in Library().laws(area) if one.since <= day < one.until)
    assert charging_article(law) == ARTICLES[area]


def test_a_bill_is_taken_off_the_quota_of_the_institution_selected(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    article = ARTICLES["445300"]
    for module in (charge_backs, manual_reimbursement):
        monkeypatch.setattr(module, "charging_article", lambda law: article)
    till.owed("B1")
    first, last = date(2000, 1, 1), date(2100, 1, 1)
    assert charge_backs.charge_backs(till.owner, AREA, first, last) == []
    till.owner.execute(
        "insert into person_fact (person_id, area, kind, since, details)"
        " values (1, '532300', 'selection', '2020-01-01', '{\"institution\": \"H1\"}')"
    )
    bill = till.hand_in("B2", 60_000)
    said = [line.words for line in life.preview(till.desk(), bill).examined.lines]
    assert "从 H1 的定额包干费用中扣回" in said
    till.paid(bill)
    (made,) = charge_backs.charge_backs(till.owner, AREA, till.day, till.day)
    assert (made.institution, made.fen, made.article) == ("H1", 30_800, article)
    later = till.day + timedelta(days=1)
    assert charge_backs.charge_backs(till.owner, AREA, later, last) == []


def test_what_the_counter_advances_is_a_claim_too_and_ends_with_its_settlement(
    counter: Counter, gateway: psycopg.Connection[Any], owner: psycopg.Connection[Any]
) -> None:
    person, here = counter.person(1), counter.institution(1)
    other = counter.person(2)
    hurt = {"key": "1", "third_party": True, "state": "approved"}
    counter.fact(person, "injury", "2024-12-01", **hurt, advance=True)
    counter.fact(other, "injury", "2024-12-01", **hurt)
    bill = counter.bill(person, here, "2024-12-02", 300_000)
    paid = one(gateway, bill).entry
    refused_ = one(gateway, counter.bill(other, here, "2024-12-02", 300_000)).entry
    assert paid.settlement.pool_fen > 0 and refused_.settlement.pool_fen == 0
    assert (note_advances(owner, counter.area), note_advances(owner, counter.area)) == (1, 0)
    (claim,) = claims_of(owner, counter.area)
    assert (claim.entry, claim.debtor) == (paid.id, "")
    assert claim.open_fen == claim.fen == paid.settlement.pool_fen
    # Decided later for the other: the difference that the year's adjudication enters is advanced.
    owner.execute(
        "update person_fact set retired_at = now() where person_id = %s and kind = 'injury'",
        [counter.persons[other]],
    )
    counter.fact(other, "injury", "2024-12-01", **hurt, advance=True)
    (change,) = readjudicate(owner, counter.area, 2024, RULES, NOW, actor=OPERATOR)
    assert change.net_fen > 0
    assert note_advances(owner, counter.area) == 1
    assert [claim.fen for claim in claims_of(owner, counter.area)][1] == change.net_fen
    # Who takes the settlement back owes nothing on it.
    undo(counter, gateway, bill, paid)
    assert [claim.fen for claim in claims_of(owner, counter.area)] == [0, change.net_fen]
    assert note_advances(owner, counter.area) == 0
