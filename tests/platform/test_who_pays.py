"""Who pays a bill, to the fen: pool, supplements, own account, family accounts, cash."""

from datetime import date
from typing import Any

import psycopg
import pytest
from msgspec.structs import astuple
from tests.platform.counter import NOW, OPERATOR, RULES, Counter, day_of, keep, one, refused, rows

from gongji.gateway.visits.write_settlement import payers
from gongji.law.rulebook.provision_kinds import POOL
from gongji.ledger.openings import OpeningBalance, enter
from gongji.ledger.verify import verify
from gongji.settlement.cancel import cancel, reverse
from gongji.settlement.kept_settlements import used_in
from gongji.settlement.settle import settle

Connection = psycopg.Connection[Any]
DAY = "2024-06-05"


def balances(gateway: Connection, counter: Counter) -> dict[str, int]:
    """What is on the personal accounts, by the last digits of psn_no."""
    numbers = {person: int(psn_no[-3:]) for psn_no, person in counter.persons.items()}
    kept = rows(
        gateway,
        "select person, amount_fen from balance where kind = 'account' and area = %s",
        counter.area,
    )
    return {numbers[person]: fen for person, fen in kept}


def postings(gateway: Connection, entry: int) -> list[tuple[str, str, str, str, int]]:
    """Debit, its owner, credit, its owner, fen."""
    columns = "debit, debit_owner, credit, credit_owner, amount_fen"
    asked = f"select {columns} from posting where entry = %s order by number"
    return rows(gateway, asked, entry)


def bind(counter: Counter, person: str, other: str, order: int = 1, **more: Any) -> None:
    """A bond that holds all year."""
    details = {"relation": "child", "consented_on": "2024-01-01"} | more
    counter.fact(person, "bond", "2024-01-01", key=other, order=order, **details)


# Family accounts.


@pytest.mark.parametrize(("first", "second"), [(2, 3), (3, 2)])
def test_family_accounts_pay_in_the_order_that_was_agreed_however_they_were_entered(
    counter: Counter, gateway: Connection, first: int, second: int
) -> None:
    person, here = counter.person(1, 0), counter.institution(1)
    for number in (2, 3):
        counter.person(number, 9000)
    # The second in order is entered first.
    bind(counter, person, counter.psn_no(second), order=2, relation="child")
    bind(counter, person, counter.psn_no(first), order=1)
    # 50 of deductible and 60 % of the other 250: 300 - 150 = 150 are the person's.
    entry = one(gateway, counter.bill(person, here, DAY, 30_000, accounts="family")).entry
    paid = tuple(
        (counter.persons[counter.psn_no(n)], fen) for n, fen in ((first, 9000), (second, 6000))
    )
    assert entry.decision.family == paid
    assert balances(gateway, counter) == {1: 0, first: 0, second: 3000}
    assert (
        entry.settlement.account_fen,
        entry.settlement.family_fen,
        entry.settlement.cash_fen,
    ) == (0, 15_000, 0)


def test_family_accounts_of_one_order_pay_by_the_number_of_their_owner(
    counter: Counter, gateway: Connection
) -> None:
    person, here = counter.person(1, 0), counter.institution(1)
    for number in (3, 2):
        bind(counter, person, counter.person(number, 9000))
    entry = one(gateway, counter.bill(person, here, DAY, 5000, accounts="family")).entry
    assert entry.settlement.family_fen == 5000
    assert balances(gateway, counter) == {1: 0, 2: 4000, 3: 9000}


def test_an_empty_family_account_and_an_owner_without_one_are_passed_over(
    counter: Counter, gateway: Connection
) -> None:
    person, here = counter.person(1, 1000), counter.institution(1)
    for order, (number, fen) in enumerate(((2, 0), (3, None), (4, 9000)), start=1):
        bind(counter, person, counter.person(number, fen), order)
    entry = one(gateway, counter.bill(person, here, DAY, 5000, accounts="family")).entry
    assert (
        entry.settlement.account_fen,
        entry.settlement.family_fen,
        entry.settlement.cash_fen,
    ) == (1000, 4000, 0)
    family = entry.settled.accounts.family
    assert [one.person for one in family] == [counter.persons[counter.psn_no(4)]]


def test_bills_of_two_persons_share_one_family_account_and_no_more_than_is_on_it(
    counter: Counter, gateway: Connection
) -> None:
    here = counter.institution(1)
    wife = counter.person(9, 7000)
    bills = []
    for number in (1, 2, 3):
        person = counter.person(number, 0)
        bind(counter, person, wife)
        bills.append(counter.bill(person, here, DAY, 5000, accounts="family"))
    entries = [outcome.entry for outcome in settle(gateway, bills, RULES, NOW)]
    assert [(e.settlement.family_fen, e.settlement.cash_fen) for e in entries] == [
        (5000, 0),
        (2000, 3000),
        (0, 5000),
    ]
    assert balances(gateway, counter)[9] == 0


def test_a_trial_sees_what_the_bill_before_it_drew_from_a_family_account(
    counter: Counter, gateway: Connection
) -> None:
    here, wife = counter.institution(1), counter.person(9, 7000)
    bills = []
    for number, trial in ((1, False), (2, True)):
        person = counter.person(number, 0)
        bind(counter, person, wife)
        bills.append(counter.bill(person, here, DAY, 5000, accounts="family", trial=trial))
    entries = [outcome.entry for outcome in settle(gateway, bills, RULES, NOW)]
    assert [(entry.settlement.family_fen, entry.settlement.cash_fen) for entry in entries] == [
        (5000, 0),
        (2000, 3000),
    ]
    assert balances(gateway, counter)[9] == 2000


def test_a_family_account_in_another_pooling_area_does_not_pay(
    owner: Connection, counter: Counter, gateway: Connection
) -> None:
    person, here = counter.person(1, 0), counter.institution(1)
    far = Counter(owner, "532300")
    bind(counter, person, far.person(2, 9000))
    entry = one(gateway, counter.bill(person, here, DAY, 5000, accounts="family")).entry
    assert (entry.settlement.family_fen, entry.settlement.cash_fen) == (0, 5000)
    assert balances(gateway, far) == {2: 9000}


def test_family_accounts_in_chuxiong_pay_only_the_burden_inside_the_policy(
    owner: Connection, gateway: Connection
) -> None:
    counter = Counter(owner, "532300")
    person, here = counter.person(1, 3000), counter.institution(1)
    bind(counter, person, counter.person(2, 90_000))
    bill = counter.bill(person, here, DAY, 20_000, first=700, own=800, above=400, accounts="family")
    entry = one(gateway, bill).entry
    # (200 - 60) × 55 % = 77: inside 123 + 7, outside 8 + 4.
    assert (
        entry.settlement.pool_fen,
        entry.settlement.account_fen,
        entry.settlement.family_fen,
    ) == (7700, 3000, 10_000)
    assert entry.settlement.cash_fen == 1200 and len(entry.decision.reasons) == 1


def test_an_account_pays_inside_the_policy_first_and_then_outside_where_that_is_free(
    counter: Counter, gateway: Connection
) -> None:
    person, here = counter.person(1, 6000), counter.institution(1)
    bind(counter, person, counter.person(2, 1500))
    bill = counter.bill(person, here, DAY, 5000, own=3000, accounts="family")
    entry = one(gateway, bill).entry
    # Deductible 50 inside, 30 outside; the own account pays 50 + 10, the child's 15 outside.
    assert (
        entry.settlement.account_fen,
        entry.settlement.family_fen,
        entry.settlement.cash_fen,
    ) == (6000, 1500, 500)


# Which account is drawn.


def test_of_two_accounts_that_one_of_the_area_of_insurance_is_drawn(
    owner: Connection, gateway: Connection
) -> None:
    """Somebody who moved has an account in each of two areas."""
    for area, other, far in (("430500", "532300", 3), ("532300", "430500", 90_000)):
        counter = Counter(owner, area)
        person, here = counter.person(1, 700), counter.institution(1)
        owner.execute(
            "insert into balance (area, person, kind, amount_fen) values (%s, %s, 'account', %s)",
            [other, counter.persons[person], far],
        )
        outcome = one(gateway, counter.bill(person, here, DAY, 2000, accounts="own"))
        assert outcome.entry, outcome
        assert (outcome.entry.settlement.account_fen, outcome.entry.settlement.cash_fen) == (
            700,
            1300,
        )
        assert outcome.balance_fen == 0
        kept = rows(
            gateway,
            "select area, amount_fen from balance where person = %s",
            counter.persons[person],
        )
        assert sorted(kept) == sorted([(area, 0), (other, far)])


def test_a_family_account_is_that_of_the_area_even_if_its_owner_has_two(
    owner: Connection, counter: Counter, gateway: Connection
) -> None:
    person, here, wife = counter.person(1, 0), counter.institution(1), counter.person(2, 700)
    bind(counter, person, wife)
    for area in ("110000", "532300", "990000"):
        owner.execute(
            "insert into balance (area, person, kind, amount_fen) values (%s, %s, 'account', 9)",
            [area, counter.persons[wife]],
        )
    entry = one(gateway, counter.bill(person, here, DAY, 2000, accounts="family")).entry
    assert (entry.settlement.family_fen, entry.settlement.cash_fen) == (700, 1300)


def test_what_the_fund_owes_a_person_or_they_owe_it_is_no_account(
    owner: Connection, counter: Counter, gateway: Connection
) -> None:
    person, here = counter.person(1, 500), counter.institution(1)
    for kind in ("payable", "receivable"):
        owner.execute(
            "insert into balance (area, person, kind, amount_fen) values ('430500', %s, %s, 90000)",
            [counter.persons[person], kind],
        )
    outcome = one(gateway, counter.bill(person, here, DAY, 2000, accounts="own"))
    assert (outcome.entry.settlement.account_fen, outcome.balance_fen) == (500, 0)


def test_the_balance_that_is_told_is_the_own_account_after_the_bill(
    counter: Counter, gateway: Connection
) -> None:
    person, here = counter.person(1, 9000), counter.institution(1)
    bills = [counter.bill(person, here, DAY, 2000, accounts=use) for use in ("own", "none", "own")]
    assert [o.balance_fen for o in settle(gateway, bills, RULES, NOW)] == [7000, 7000, 5000]
    stranger = counter.bill(counter.person(2), here, DAY, 2000, accounts="own")
    assert one(gateway, stranger).balance_fen == 0


@pytest.mark.parametrize(("agreement", "paid"), [(True, 2000), (False, 0)])
def test_an_account_pays_only_at_places_with_an_agreement(
    counter: Counter, gateway: Connection, agreement: bool, paid: int
) -> None:
    """邵阳 第十二条（一）: at designated institutions and pharmacies."""
    person = counter.person(1, 9000)
    here = counter.institution(1, agreement=agreement)
    shop = counter.institution(2, "", "pharmacy", agreement=agreement)
    for place, med_type in ((here, "outpatient"), (shop, "pharmacy")):
        bill = counter.bill(person, place, DAY, 2000, med_type=med_type, accounts="own", trial=True)
        assert one(gateway, bill).entry.settlement.account_fen == paid


# Supplements.


@pytest.mark.parametrize(
    ("subsidy", "payer"),
    [
        ("civil_servant", "公务员医疗补助"),
        ("veteran", "老干部医疗补助"),
        ("enterprise", "企业补充医疗保险"),
    ],
)
def test_a_supplement_is_paid_by_its_own_fund_and_comes_back_with_the_cancellation(
    owner: Connection, gateway: Connection, subsidy: str, payer: str
) -> None:
    counter = Counter(owner, "532300")
    person, here = counter.person(1), counter.institution(1)
    enter(
        owner,
        [OpeningBalance(person, "532300", day_of("2024-06-01"), "account", 50_000)],
        RULES.area,
        NOW,
        actor=OPERATOR,
    )
    counter.fact(person, "subsidy", "2020-01-01", subsidy=subsidy)
    bill = counter.bill(person, here, DAY, 900_000, own=1000, accounts="own")
    outcome = one(gateway, bill)
    entry = outcome.entry
    # (9,000 - 60) × 55 % = 4,917; 60 % of the other 4,083 = 2,449.80; 1,633.20 are the person's.
    assert (entry.settlement.pool_fen, entry.settlement.supplements_fen) == (491_700, 244_980)
    assert entry.decision.payers == {payer: 244_980}
    assert (entry.settlement.account_fen, entry.settlement.cash_fen) == (50_000, 113_320 + 1000)
    assert postings(gateway, entry.id) == [
        ("pool", "", "provider", here, 491_700),
        ("supplement", payer, "provider", here, 244_980),
        ("account", str(counter.persons[person]), "provider", here, 50_000),
    ]
    articles = rows(
        gateway, "select debit, article from posting where entry = %s order by debit", entry.id
    )
    assert [(debit, bool(article)) for debit, article in articles] == [
        ("account", False),
        ("pool", True),
        ("supplement", True),
    ]
    assert "第三十五条" in dict(articles)["supplement"] and "第十三条" in dict(articles)["pool"]
    key = counter.key(here, "2208", {})
    back = cancel(gateway, key, person, bill.visit or 0, entry.id, RULES, NOW).entry
    assert (
        back.settlement.pool_fen,
        back.settlement.supplements_fen,
        back.settlement.cash_fen,
    ) == (-491_700, -244_980, -114_320)
    assert payers(back) == {POOL: -491_700, payer: -244_980}, "as the reply tells it"
    span = date(2024, 1, 1), date(2025, 1, 1)
    (used,) = used_in(gateway, counter.persons[person], *span)
    assert astuple(used)[2:] == (0,) * 7, "nothing is left of it in the totals of the year (5206)"
    assert sorted(postings(gateway, back.id)) == sorted(
        (credit, credit_owner, debit, debit_owner, fen)
        for debit, debit_owner, credit, credit_owner, fen in postings(gateway, entry.id)
    )
    assert balances(gateway, counter) == {1: 50_000}
    assert list(verify(gateway)) == []
    # And the settlement again, once the cancellation is taken back.
    again = counter.key(here, "2601", {})
    with gateway.transaction():
        keep(gateway, key, back.id)
        restored = reverse(gateway, again, person, key.msg_id, "2208", RULES, NOW).entry
    assert (restored.settlement.supplements_fen, restored.decision.payers) == (
        244_980,
        {payer: 244_980},
    )
    assert postings(gateway, restored.id) == postings(gateway, entry.id)
    assert list(verify(gateway)) == []


def test_each_fund_is_told_its_room_and_pays_within_it(
    owner: Connection, gateway: Connection
) -> None:
    counter = Counter(owner, "530900")
    person, here = counter.person(1), counter.institution(3, "3")
    bill = counter.bill(person, here, DAY, 20_000_000)
    outcome = one(gateway, bill)
    entry = outcome.entry
    # 90 deductible; 12,000 × 50 % = 6,000, full; 62,500 × 80 % = 50,000, full; the other
    # 125,410 × 90 % = 112,869 by the large-amount fund.
    assert (entry.settlement.deductible_fen, entry.settlement.pool_fen) == (9000, 5_600_000)
    assert entry.decision.payers == {"大额医疗费用补助": 11_286_900}
    assert entry.settlement.cash_fen == 20_000_000 - 5_600_000 - 11_286_900
    assert outcome.limits == {"pool": 600_000, "大额医疗费用补助": 40_000_000}
    later = one(gateway, counter.bill(person, here, DAY, 10_000))
    assert later.limits == {"pool": 0, "大额医疗费用补助": 40_000_000 - 11_286_900}
    # 90 of deductible, then 10 × 90 %.
    assert (later.entry.settlement.pool_fen, later.entry.settlement.supplements_fen) == (0, 900)


# Prescriptions and lines within one call.


def _pharmacy(owner: Connection) -> tuple[Counter, str, str, str]:
    counter = Counter(owner, "532300")
    return (
        counter,
        counter.person(1),
        counter.institution(5, "", "pharmacy"),
        counter.institution(1, "3"),
    )


def _written(*prescriptions: tuple[str, str]) -> dict[str, Any]:
    return {
        "prescriptions": [
            {"prescriber": p, "number": n, "serial": str(i)}
            for i, (p, n) in enumerate(prescriptions)
        ]
    }


def test_a_trial_uses_up_no_prescription_and_no_lines(
    owner: Connection, gateway: Connection
) -> None:
    counter, person, shop, writer = _pharmacy(owner)
    bill = counter.bill(
        person, shop, DAY, 19_000, med_type="pharmacy", marks=_written((writer, "R1"))
    )
    trial = counter.request(person, shop, bill.visit, "1", 19_000, med_type="pharmacy", trial=True)
    outcomes = settle(gateway, [trial, trial, bill, trial], RULES, NOW)
    assert [outcome.entry and outcome.entry.settlement.pool_fen for outcome in outcomes[:3]] == [
        5000
    ] * 3
    assert refused(outcomes[3]) in ("batch_settled_already", "prescription_used")
    assert rows(gateway, "select number from prescription_use") == [("R1",)]


def test_a_prescription_is_told_apart_by_who_wrote_it(
    owner: Connection, gateway: Connection
) -> None:
    counter, person, shop, writer = _pharmacy(owner)
    other = counter.institution(2, "3")
    bills = [
        counter.bill(person, shop, DAY, 19_000, med_type="pharmacy", marks=_written(*written))
        for written in (
            [(writer, "R1"), (writer, "R1")],
            [(other, "R1")],
            [(writer, "R2")],
            [(writer, "R3"), (writer, "R1")],
        )
    ]
    outcomes = settle(gateway, bills, RULES, NOW)
    assert [outcome.refusal is None for outcome in outcomes] == [True, True, True, False]
    assert refused(outcomes[3]) == "prescription_used" and "R1" in str(outcomes[3].refusal)
    used = rows(gateway, "select prescriber, number from prescription_use order by id")
    assert used == [(writer, "R1"), (other, "R1"), (writer, "R2")]


def test_lines_without_a_prescriber_are_filled_from_the_visits(
    owner: Connection, gateway: Connection
) -> None:
    counter, person, shop, writer = _pharmacy(owner)
    bill = counter.bill(person, shop, DAY, 19_000, med_type="pharmacy", marks=_written(("", "R1")))
    owner.execute("update visit set details = jsonb_build_object('prescriber', %s::text)", [writer])
    entry = one(gateway, bill).entry
    assert entry.settled.visit.facts["prescriber_level"] == 3 and entry.settlement.pool_fen == 5000
    assert rows(gateway, "select prescriber, number, entry from prescription_use") == [
        (writer, "R1", entry.id)
    ]


def test_in_yunfu_a_pharmacy_is_selected_with_the_place_that_prescribed(
    owner: Connection, gateway: Connection
) -> None:
    """云浮 第十七条、第二十条（一）: filled from the selected place, or from its parent."""
    counter = Counter(owner, "445300")
    person, shop = counter.person(1), counter.institution(5, "", "pharmacy")
    parent, other = counter.institution(1), counter.institution(2)
    branch = counter.institution(3, parent=parent)
    counter.fact(person, "selection", "2024-01-01", institution=parent)
    counter.fact(
        person, "registration", "2024-01-01", key="T", benefit="dual_channel", disease="t", name="t"
    )
    dual = {"item": "A", "serial": "1", "negotiated": True, "dual_channel": True}
    found = {}
    for name, writer in (("selected", parent), ("its branch", branch), ("another", other)):
        marks = _written((writer, name)) | {"drugs": [dual | {"in_agreement": True}]}
        bill = counter.bill(person, shop, DAY, 9000, med_type="pharmacy", marks=marks)
        found[name] = one(gateway, bill).entry.decision.refusal or None
    assert found == {"selected": None, "its branch": None, "another": "not_selected"}
