"""The year again, by hand: who pays after cancellations, what was told, stays, claims, runs."""

from datetime import date
from typing import Any

import msgspec
import psycopg
import pytest
from tests.platform.counter import NOW, OPERATOR, RULES, TELLER, Counter
from tests.platform.test_readjudicate import adjusted
from tests.platform.test_readjudicate_routes import (
    again,
    corrected,
    learn,
    nothing,
    register,
    retire,
    settled,
)

from gongji.ledger.entry_rows import EntryRow
from gongji.ledger.openings import OpeningBalance, enter
from gongji.ledger.verify import verify
from gongji.settlement import readjudicate as module
from gongji.settlement.cancel import cancel
from gongji.settlement.readjudicate import BEFORE, FACTS, ORDER, count_persons
from gongji.settlement.replay import replay
from gongji.settlement.settle import settle
from gongji.settlement.stays import StayReport, record_stay

Connection = psycopg.Connection[Any]


def take_back(gateway: Connection, county: Counter, entry: EntryRow) -> None:
    key = county.key(entry.institution, "2208", {"setl_id": str(entry.id)})
    cancel(gateway, key, county.psn_no(1), entry.settlement.visit or 0, entry.id or 0, RULES, NOW)


def relearn(county: Counter, **details: Any) -> None:
    """The first person's spell of insurance proves to have been another."""
    retire(county, "insured")
    learn(county, "insured", "", details)


def claims(gateway: Connection) -> dict[str, int]:
    rows = gateway.execute("select kind, amount_fen from balance where kind <> 'account'")
    return {kind: fen for kind, fen in rows if fen}


# Supplements.


def subsidised(owner: Connection, gateway: Connection) -> tuple[Counter, str, EntryRow]:
    """A civil servant's bill: 9,000 at level 2, of which the subsidy pays 60 % of the rest."""
    county = Counter(owner, "532300")
    county.person(1)
    here = county.institution(1, "2")
    learn(county, "subsidy", "", {"subsidy": "civil_servant"})
    entry = settled(gateway, county, here, 900_000)
    # (9000 - 60) x 55 % = 4,917; (9000 - 4917) x 60 % = 2,449.80.
    assert (entry.settlement.pool_fen, entry.settlement.supplements_fen) == (491_700, 244_980)
    return county, here, entry


def test_a_cancelled_settlement_with_supplements_leaves_nothing_to_correct(
    owner: Connection, gateway: Connection
) -> None:
    county, _, entry = subsidised(owner, gateway)
    take_back(gateway, county, entry)
    assert again(gateway, "532300") == []


def test_what_was_adjusted_of_a_supplement_is_taken_back_with_its_settlement(
    owner: Connection, gateway: Connection
) -> None:
    county, _, entry = subsidised(owner, gateway)
    retire(county, "subsidy")
    change = corrected(gateway, "532300")
    assert change.funds == {("supplement", "公务员医疗补助"): -244_980}
    assert claims(gateway) == {"receivable": 244_980}
    take_back(gateway, county, entry)
    assert claims(gateway) == {} and adjusted(gateway) == [-244_980, 244_980]
    nothing(gateway, "532300")
    assert list(replay(gateway, RULES)) == []


def test_a_difference_of_two_funds_goes_to_each(owner: Connection, gateway: Connection) -> None:
    county, _, _ = subsidised(owner, gateway)
    relearn(county, status="retired")
    # (9000 - 60) x 60 % = 5,364; (9000 - 5364) x 60 % = 2,181.60.
    change = corrected(gateway, "532300")
    assert change.funds == {("pool", "ordinary"): 44_700, ("supplement", "公务员医疗补助"): -26_820}
    assert (change.payable_fen, claims(gateway)) == (17_880, {"payable": 17_880})


# Claims.


def test_what_the_person_owes_is_paid_off_over_several_changes(
    owner: Connection, gateway: Connection
) -> None:
    county = Counter(owner)
    county.person(1)
    here = county.institution(2, "1")
    enter(
        owner,
        [OpeningBalance(county.psn_no(1), "430500", date(2024, 1, 1), "receivable", 30_000)],
        RULES.area,
        NOW,
        actor=OPERATOR,
    )
    # 70 % of 1,500, then 450 of the 1,500 a year; the retired have 2,000.
    for day in ("2024-03-01", "2024-03-02", "2024-03-03"):
        settled(gateway, county, here, 150_000, day=day)
    relearn(county, status="retired")
    second = again(gateway, "430500", actor=OPERATOR)
    # 1,050 + 450 + 0 becomes 1,050 + 950 + 0.
    assert [(one.payable_fen, one.receivable_fen) for one in second] == [(20_000, -30_000)]
    relearn(county, status="active")
    back = again(gateway, "430500", actor=OPERATOR)
    assert [(one.payable_fen, one.receivable_fen) for one in back] == [(-20_000, 30_000)]
    assert claims(gateway) == {"receivable": 30_000} and list(verify(gateway)) == []


def test_each_of_two_changes_finds_what_the_first_left_of_the_claim(
    owner: Connection, gateway: Connection
) -> None:
    county = Counter(owner)
    county.person(1)
    here = county.institution(2, "2")
    rows = [OpeningBalance(county.psn_no(1), "430500", date(2024, 1, 1), "receivable", 30_000)]
    enter(owner, rows, RULES.area, NOW, actor=OPERATOR)
    for month in range(1, 5):
        settled(gateway, county, here, 100_000, day=f"2024-0{month}-01")
    relearn(county, status="retired")
    # 570 + 570 + 360 + 0 becomes 3 x 570 + 290: 210 and 290, of which 300 was owed.
    found = again(gateway, "430500", actor=OPERATOR)
    assert [one.net_fen for one in found] == [21_000, 29_000]
    assert [(one.payable_fen, one.receivable_fen) for one in found] == [
        (0, -21_000),
        (20_000, -9_000),
    ]
    assert claims(gateway) == {"payable": 20_000} and list(verify(gateway)) == []


# What the institution told, and what the registry knew.


def test_what_only_the_institution_told_still_counts(
    owner: Connection, gateway: Connection
) -> None:
    county = Counter(owner)
    county.person(1)
    here = county.institution(1, "1")
    entry = settled(gateway, county, here, 100_000, facts={"third_party": "true"})
    assert entry.decision.refusal == "third_party"
    nothing(gateway, "430500")
    relearn(county, status="retired")
    nothing(gateway, "430500")


def known_then(county: Counter) -> None:
    """A person who was known to be insured long before anything was settled."""
    row = county.owner.execute(
        "insert into person (psn_no, area, name, certificate, certificate_hash)"
        " values (%s, %s, '测试甲', '', '') returning id",
        [county.psn_no(1), county.area],
    ).fetchone()
    assert row
    county.persons[county.psn_no(1)] = row[0]
    learn(county, "insured", "", {"status": "active"})


def test_an_injury_that_proves_to_be_no_third_partys_is_paid(
    owner: Connection, gateway: Connection
) -> None:
    county = Counter(owner)
    known_then(county)
    learn(county, "injury", "1", {"third_party": True})
    here = county.institution(1, "1")
    assert settled(gateway, county, here, 100_000).decision.refusal == "third_party"
    nothing(gateway, "430500")
    retire(county, "injury", "1")
    change = corrected(gateway, "430500")
    assert (change.net_fen, change.detail) == (70_000, "third_party true → （空）")


def test_an_injury_learnt_late_takes_the_payment_back(
    owner: Connection, gateway: Connection
) -> None:
    county = Counter(owner)
    county.person(1)
    settled(gateway, county, county.institution(1, "1"), 100_000)
    learn(county, "injury", "1", {"third_party": True})
    assert corrected(gateway, "430500").net_fen == -70_000


@pytest.mark.parametrize(
    ("elsewhere", "net"), [("430600", -70_000), ("430521", None), ("430500", None)]
)
def test_who_was_insured_in_another_area_all_along_was_not_insured_here(
    owner: Connection, gateway: Connection, elsewhere: str, net: int | None
) -> None:
    county = Counter(owner)
    county.person(1)
    settled(gateway, county, county.institution(1, "1"), 100_000)
    retire(county, "insured")
    owner.execute(
        "insert into person_fact (person_id, area, kind, since, details, learnt_at)"
        " select id, %s, 'insured', '2020-01-01', '{\"status\": \"active\"}', now()"
        " from person",
        [elsewhere],
    )
    found = [one.net_fen for one in again(gateway, "430500")]
    assert found == ([net] if net else [])


# Stays.


def test_a_stay_that_ends_in_the_next_year_leaves_the_first_as_it_was(
    owner: Connection, gateway: Connection
) -> None:
    """It was told with what it had cost while it lasted, and again after New Year."""
    county = Counter(owner, "532300")
    county.person(1)
    here = county.institution(2, "2")
    told = StayReport(
        psn_no=county.psn_no(1),
        area="532300",
        number="Z",
        since=date(2023, 12, 20),
        institution=county.institution(3, "3"),
        level="3",
        pool_fen=4_900_000,
    )
    entry = settled(gateway, county, here, 10_000_000, day="2023-12-10")
    assert entry.settlement.pool_fen == 600_000 + 5_000_000, "both ceilings are reached"
    record_stay(gateway, told, RULES, NOW, actor=TELLER)
    record_stay(
        gateway, msgspec.structs.replace(told, until=date(2024, 1, 5)), RULES, NOW, actor=TELLER
    )
    assert again(gateway, "532300", year=2023) == []
    used = dict(
        gateway.execute("select period, used_fen from meter_use where code = 'inpatient_paid'")
    )
    assert used == {"年:2023": 5_000_000, "年:2024": 4_900_000}
    # In the year of its end it is there before what is settled later.
    later = settled(gateway, county, here, 2_000_000, day="2024-03-01")
    assert later.settlement.pool_fen == 600_000 + 100_000
    assert again(gateway, "532300", year=2024) == []


# The run.


def test_a_run_begins_on_its_first_day_and_takes_what_was_before_as_it_stands(
    owner: Connection, gateway: Connection
) -> None:
    county = Counter(owner)
    county.person(1)
    here = county.institution(2, "2")
    for day in ("2024-03-01", "2024-03-02"):
        settled(gateway, county, here, 200_000, day=day)
    # (2000 - 50) x 60 % = 1,170, then 330 of the 1,500; the retired have 2,000: 830.
    relearn(county, status="retired")
    assert [one.net_fen for one in again(gateway, "430500", since=date(2024, 3, 2))] == [50_000]
    assert again(gateway, "430500", since=date(2024, 3, 3)) == []


def test_a_settlement_that_stood_on_a_cancelled_one_is_paid_what_that_left(
    owner: Connection, gateway: Connection
) -> None:
    county = Counter(owner)
    county.person(1)
    here = county.institution(2, "1")
    first = settled(gateway, county, here, 100_000, day="2024-03-01")
    settled(gateway, county, here, 200_000, day="2024-03-02")
    third = settled(gateway, county, here, 10_000, day="2024-03-03")
    # 700, 800 of the 1,500, nothing: without the first the second is paid 1,400, the third 70.
    take_back(gateway, county, first)
    found = again(gateway, "430500", actor=OPERATOR)
    assert [(one.net_fen, one.cause) for one in found] == [(60_000, BEFORE), (7_000, BEFORE)]
    take_back(gateway, county, third)
    assert adjusted(gateway) == [60_000, 7_000, -7_000]
    assert again(gateway, "430500", actor=OPERATOR) == []


def test_a_settlement_after_one_that_came_out_otherwise_is_told_so(
    owner: Connection, gateway: Connection
) -> None:
    county = Counter(owner)
    county.person(1)
    here = county.institution(2, "1")
    for day in ("2024-03-01", "2024-03-02"):
        settled(gateway, county, here, 100_000, day=day)
    settled(gateway, county, here, 50_000, day="2024-03-03")
    retire(county, "insured")
    # Insured from 2 March only: 700 + 700 + 100 of the 1,500 becomes 0 + 700 + 350.
    learn(county, "insured", "", {"status": "active"}, since="2024-03-02")
    found = again(gateway, "430500")
    assert [(one.net_fen, one.cause) for one in found] == [(-70_000, FACTS), (25_000, ORDER)]
    assert found[1].detail.endswith("ordinary_paid 年:2024 1,400.00 → 700.00")


def test_what_was_corrected_once_for_its_facts_is_not_told_to_differ_by_them_again(
    owner: Connection, gateway: Connection
) -> None:
    county = Counter(owner)
    county.person(1)
    here = county.institution(2, "1")
    first = settled(gateway, county, here, 100_000, day="2024-03-01")
    settled(gateway, county, here, 200_000, day="2024-03-02")
    relearn(county, status="retired")
    # 700 + 800 of 1,500 becomes 700 + 1,300 of 2,000; without the first the second is paid 1,400.
    assert [(one.net_fen, one.cause) for one in again(gateway, "430500", actor=OPERATOR)] == [
        (50_000, FACTS)
    ]
    take_back(gateway, county, first)
    assert [(one.net_fen, one.cause) for one in again(gateway, "430500")] == [(10_000, BEFORE)]


def test_persons_are_taken_in_lots_and_the_progress_tells_how_many(
    owner: Connection, gateway: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PERSONS", 2)
    county = Counter(owner)
    here = county.institution(1, "1")
    bills = [
        county.bill(county.person(number), here, f"2024-0{number}-01", 100_000)
        for number in range(1, 6)
    ]
    bills.append(county.bill(county.person(6), here, "2023-12-31", 100_000))
    settle(gateway, bills, RULES, NOW)
    owner.execute("update person_fact set retired_at = now() where kind = 'insured'")
    done: list[int] = []
    found = again(gateway, "430500", progress=done.append)
    assert [one.net_fen for one in found] == [-70_000] * 5
    assert len({one.root.person for one in found}) == 5
    assert all("*" in one.person and one.person[:4] == "4305" for one in found)
    assert done == [2, 2, 1]
    assert count_persons(gateway, "430500", 2024) == 5
    assert count_persons(gateway, "430500", 2023) == 1
    assert count_persons(gateway, "532300", 2024) == 0
    assert len(again(gateway, "430500", year=2023)) == 1


def test_a_run_that_only_looks_enters_nothing(owner: Connection, gateway: Connection) -> None:
    county = Counter(owner)
    county.person(1)
    register(county, "M1", "chronic", "gout")
    settled(gateway, county, county.institution(1, "1"), 100_000)
    retire(county, "insured")
    assert len(again(gateway, "430500")) == 1 == len(again(gateway, "430500"))
    kinds = gateway.execute("select kind, count(*) from entry group by kind").fetchall()
    assert kinds == [("settlement", 1)] and claims(gateway) == {}
