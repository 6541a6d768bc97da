"""What prices a line holds from its first day to its last; purchases are refused as a whole."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb
from tests.platform.counter import NOW, RULES, Counter, one, refused, rows

from gongji.settlement.batch_summary import batch_of, sums_for
from gongji.settlement.contract import Line, Purchase, Request
from gongji.settlement.price_bills import Bill, PricedLine, price_lines
from gongji.settlement.settle import settle
from gongji.settlement.store_lines import write_batches, write_purchase
from gongji.units import CHINA, UNIT

Connection = psycopg.Connection[Any]
AREA = "532300"
SINCE, UNTIL = "2024-06-10", "2024-06-20"
DAYS = {
    "2024-06-09": False,
    "2024-06-10": True,
    "2024-06-11": True,
    "2024-06-19": True,
    "2024-06-20": False,
    "2024-06-21": False,
}


def item(owner: Connection, code: str, **columns: Any) -> None:
    """A version of an item of the catalogue."""
    row = {
        "area": AREA,
        "item": code,
        "name": "测试药",
        "list_type": "101",
        "charge_type": "09",
        "since": "2020-01-01",
        "grade": "甲",
        "diseases": [],
    } | columns
    owner.execute(
        f"insert into item_version ({', '.join(row)}) values ({', '.join(['%s'] * len(row))})",
        list(row.values()),
    )


def line(serial: str = "1", code: str = "A", fen: int = 1000, **more: Any) -> Line:
    """One unit of an item."""
    return Line(serial, code, UNIT, fen * 10_000, fen, **more)


def priced(gateway: Connection, here: str, day: str, *lines: Line, **more: Any) -> Any:
    """A bill of a day, priced."""
    bill = Bill(RULES.area(AREA), date.fromisoformat(day), here, lines or [line()], **more)
    return price_lines(gateway, bill)


def first(gateway: Connection, here: str, day: str, **more: Any) -> PricedLine:
    """The first line of a bill of a day, priced."""
    made: PricedLine = priced(gateway, here, day, **more).lines[0]
    return made


def levels(owner: Connection, code: str, inside: dict[str, Any], outside: dict[str, Any]) -> None:
    """A level between the boundaries, and another before and after."""
    owner.execute(
        "update institution_fact set retired_at = now() where institution = %s and kind = 'level'",
        [code],
    )
    for since, until, details in (
        ("2020-01-01", SINCE, outside),
        (SINCE, UNTIL, inside),
        (UNTIL, None, outside),
    ):
        owner.execute(
            "insert into institution_fact (institution, kind, since, until, details)"
            " values (%s, 'level', %s, %s, %s)",
            [code, since, until, Jsonb(details)],
        )


def _grade(owner: Connection, counter: Counter) -> Callable[[Connection, str], bool]:
    """A version of the item, by the day of the visit."""
    here = counter.institution(1)
    for since, until, grade in (
        ("2020-01-01", SINCE, "丙"),
        (SINCE, UNTIL, "甲"),
        (UNTIL, None, "丙"),
    ):
        item(owner, "A", since=since, until=until, grade=grade)
    return lambda gateway, day: first(gateway, here, day).in_scope_fen == 1000


def _level(owner: Connection, counter: Counter) -> Callable[[Connection, str], bool]:
    """The level of the institution, which has a standard of its own."""
    here = counter.institution(1)
    item(owner, "A", standard_1_fen=100, standard_3_fen=300)
    levels(owner, here, {"level": "3"}, {"level": "1"})
    return lambda gateway, day: first(gateway, here, day).price_limit_fen == 300


def _parent(owner: Connection, counter: Counter) -> Callable[[Connection, str], bool]:
    """The physical hospital of an Internet hospital."""
    parent, here = counter.institution(3, "3"), counter.institution(1)
    item(owner, "A", standard_1_fen=100, standard_3_fen=300)
    levels(owner, here, {"level": "1", "parent": parent}, {"level": "1"})
    return lambda gateway, day: first(gateway, here, day).price_limit_fen == 300


def _parents_level(owner: Connection, counter: Counter) -> Callable[[Connection, str], bool]:
    """The level of the physical hospital."""
    parent = counter.institution(3)
    here = counter.institution(1, "", parent=parent)
    item(owner, "A", standard_1_fen=100, standard_3_fen=300)
    levels(owner, parent, {"level": "3"}, {"level": "1"})
    return lambda gateway, day: first(gateway, here, day).price_limit_fen == 300


def _registration(owner: Connection, counter: Counter) -> Callable[[Connection, str], bool]:
    """The registration by which an item has nothing to do with the disease (楚雄 第十六条)."""
    person, here = counter.person(1), counter.institution(1)
    counter.fact(
        person, "registration", SINCE, UNTIL, "M1", benefit="chronic", disease="m1", name="m"
    )
    item(owner, "A", diseases=["m2"])
    known = {"person": counter.persons[person], "med_type": "registered_disease", "disease": "M1"}
    return lambda gateway, day: first(gateway, here, day, **known).unrelated


KINDS = [_grade, _level, _parent, _parents_level, _registration]


@pytest.mark.parametrize("kind", KINDS, ids=[kind.__name__[1:] for kind in KINDS])
def test_what_prices_a_line_holds_from_its_first_day_to_the_day_before_its_last(
    owner: Connection, gateway: Connection, kind: Any
) -> None:
    holds = kind(owner, Counter(owner, AREA))
    assert {day: holds(gateway, day) for day in DAYS} == DAYS


def test_a_drug_is_in_agreement_to_the_day_before_the_end_of_it(
    owner: Connection, gateway: Connection
) -> None:
    here = Counter(owner, AREA).institution(1)
    item(owner, "A", grade="乙", negotiated=True, agreement_until=UNTIL)
    found = {}
    for day in DAYS:
        (drug,) = batch_of(priced(gateway, here, day)).marks.drugs
        found[day] = drug.in_agreement
    assert found == {day: day < UNTIL for day in DAYS}


def test_the_state_and_the_disease_of_a_registration_decide_what_is_unrelated(
    owner: Connection, gateway: Connection
) -> None:
    counter = Counter(owner, AREA)
    here = counter.institution(1)
    item(owner, "A", diseases=["m2"])
    found = {}
    for number, (name, details) in enumerate(
        {
            "approved": {"benefit": "chronic"},
            "filed": {"benefit": "chronic", "state": "filed"},
            "two diseases": {"benefit": "two_diseases"},
            "related": {"disease": "m2"},
            "special": {"benefit": "special"},
        }.items()
    ):
        person = counter.person(number)
        details = {"benefit": "chronic", "disease": "m1", "name": "m"} | details
        counter.fact(person, "registration", "2024-01-01", key="M1", **details)
        known = {
            "person": counter.persons[person],
            "med_type": "registered_disease",
            "disease": "M1",
        }
        found[name] = first(gateway, here, "2024-06-10", **known).unrelated
        elsewhere = known | {"disease": "M9"}
        assert not first(gateway, here, "2024-06-10", **elsewhere).unrelated, "not registered"
        assert not first(
            gateway, here, "2024-06-10", **known | {"med_type": "outpatient"}
        ).unrelated
    assert found == {
        "approved": True,
        "filed": False,
        "two diseases": False,
        "related": False,
        "special": True,
    }


def test_a_pharmacy_with_a_level_of_its_own_keeps_it_and_each_line_has_its_prescriber(
    owner: Connection, gateway: Connection
) -> None:
    counter = Counter(owner, AREA)
    item(owner, "A", standard_1_fen=100, standard_3_fen=300)
    high, low = counter.institution(3, "3"), counter.institution(1, "1")
    shop = counter.institution(5, "", "pharmacy")
    lines = [
        line("1", prescriber=high, prescription="a"),
        line("2", prescriber=low, prescription="b"),
        line("3", prescription="c", details={"rx_circ_flag": "1"}),
    ]
    found = priced(gateway, shop, "2024-06-10", *lines, prescriber=low).lines
    assert [one.price_limit_fen for one in found] == [300, 100, 100]
    assert [one.prescriber for one in found] == [high, low, low]
    own = counter.institution(6, "1", "pharmacy")
    found = priced(gateway, own, "2024-06-10", lines[0]).lines
    assert [one.price_limit_fen for one in found] == [100]


def test_a_grade_has_its_code_and_an_unknown_item_its_own(
    owner: Connection, gateway: Connection
) -> None:
    counter = Counter(owner, AREA)
    here = counter.institution(1)
    for code, grade in (("A", "甲"), ("B", "乙"), ("C", "丙")):
        item(
            owner,
            code,
            grade=grade,
            first_self_pay_ppm=100_000,
            charge_type="11",
            essential=code == "B",
            restricted=code == "C",
        )
    lines = [line(str(n), code) for n, code in enumerate("ABCX")]
    found = priced(gateway, here, "2024-06-10", *lines).lines
    assert [one.grade_code for one in found] == ["01", "02", "03", "03"]
    assert [one.charge_type for one in found] == ["11", "11", "11", "14"]
    assert [one.essential for one in found] == [False, True, False, False]
    assert [one.restricted for one in found] == [False, False, True, False]
    assert [one.share_ppm for one in found] == [100_000, 100_000, 10**6, 10**6]
    parts = [
        (one.above_standard_fen, one.wholly_own_fen, one.first_self_pay_fen, one.in_scope_fen)
        for one in found
    ]
    assert parts == [(0, 0, 100, 900), (0, 0, 100, 900), (0, 1000, 0, 0), (0, 1000, 0, 0)]
    made = batch_of(priced(gateway, here, "2024-06-10", *lines))
    assert sums_for(made, "ordinary").wholly_own_fen == 2000


# Purchases.


def buy(counter: Counter, person: str, shop: str, *lines: Line, **changes: Any) -> Request:
    """A purchase (2102)."""
    when = datetime(2024, 6, 10, 9, tzinfo=CHINA)
    bought = Purchase(
        when, "pharmacy", changes.pop("disease", ""), lines, changes.pop("details", {})
    )
    key = counter.key(shop, "2102", {"n": counter.messages})
    total = sum(one.amount_fen for one in lines)
    return Request(key, person, "pharmacy", total, "none", purchase=bought, **changes)


def test_a_purchase_that_cannot_be_priced_is_refused_and_the_others_are_settled(
    owner: Connection, gateway: Connection
) -> None:
    counter = Counter(owner, AREA)
    item(owner, "A")
    person, shop, writer = (
        counter.person(1),
        counter.institution(5, "", "pharmacy"),
        counter.institution(1),
    )
    stranger = counter.person(2, since="2024-06-11")
    rx = {"prescriber": writer, "prescription": "R1"}
    bills = [
        buy(counter, person, shop, line(fen=12_000, **rx)),
        buy(counter, person, shop),
        buy(counter, person, shop, line(prescriber=writer)),
        buy(counter, person, shop, line(), line()),
        buy(counter, stranger, shop, line(**rx)),
        buy(counter, counter.psn_no(9), shop, line(**rx)),
        replace(buy(counter, person, shop, line(**rx | {"prescription": "R2"})), total_fen=1001),
        buy(counter, person, shop, line(**rx | {"prescription": "R3", "prescriber": "H9"})),
    ]
    outcomes = settle(gateway, bills, RULES, NOW)
    codes = [outcome.refusal.code if outcome.refusal else "" for outcome in outcomes]
    assert codes == [
        "",
        "lines_missing",
        "prescription_missing",
        "line_repeated",
        "not_insured",
        "person_unknown",
        "total_differs",
        "institution_unknown",
    ]
    # (120 - 60) × 55 % by the prescriber's level.
    assert outcomes[0].entry.settlement.pool_fen == 3300
    counts = [rows(gateway, f"select count(*) from {t}")[0][0] for t in ("visit", "charge_batch")]
    assert counts == [1, 1]


def test_a_purchase_without_a_prescription_is_the_persons(
    owner: Connection, gateway: Connection
) -> None:
    counter = Counter(owner, AREA)
    item(owner, "A")
    person, shop = counter.person(1), counter.institution(5, "", "pharmacy")
    entry = one(gateway, buy(counter, person, shop, line(fen=12_000))).entry
    assert (entry.settlement.pool_fen, entry.decision.refusal) == (0, "no_prescription")
    assert (
        refused(one(gateway, buy(counter, person, "P53230099999", line()))) == "institution_unknown"
    )


def test_a_purchase_keeps_what_was_sent_and_what_became_of_it(
    owner: Connection, gateway: Connection
) -> None:
    counter = Counter(owner, AREA)
    item(owner, "A", grade="乙", first_self_pay_ppm=100_000, standard_fen=800)
    person, shop, writer = (
        counter.person(1),
        counter.institution(5, "", "pharmacy"),
        counter.institution(3, "3"),
    )
    sent = line(
        prescriber=writer, prescription="R1", own_item="x", approved="1", details={"memo": "m"}
    )
    bill = buy(counter, person, shop, sent, disease="J00", details={"invono": "7"})
    outcome = one(gateway, bill)
    (visit,) = rows(
        gateway, "select area, institution, med_type, disease, details, msgid from visit"
    )
    assert visit == (AREA, shop, "pharmacy", "J00", {"invono": "7"}, bill.key.msg_id)
    columns = (
        "number, disease, total_fen, above_standard_fen, wholly_own_fen,"
        " first_self_pay_fen, in_scope_fen, entry"
    )
    (batch,) = rows(
        gateway, f"select {columns} from charge_batch join settlement_batch on batch = id"
    )
    assert batch == ("1", "J00", 1000, 200, 0, 80, 720, outcome.entry.id)
    (kept,) = rows(
        gateway,
        "select item, own_item, quantity_e4, price_micro, amount_fen,"
        " above_standard_fen, first_self_pay_fen, in_scope_fen, details"
        " from fee_line",
    )
    assert kept[:8] == ("A", "x", UNIT, 10_000_000, 1000, 200, 80, 720)
    assert kept[8] == {
        "memo": "m",
        "priced": {
            "limit_fen": 800,
            "share_ppm": 100_000,
            "grade": "02",
            "charge_type": "09",
            "essential": False,
            "negotiated": False,
            "restricted": False,
            "prescription": "R1",
            "prescriber": writer,
            "approved": "1",
            "memo": outcome.lines[0].memo,
        },
    }
    assert "8.00" in outcome.lines[0].memo


def test_nothing_to_keep_is_no_statement(connect: Any) -> None:
    with connect() as closed:
        pass
    assert write_batches(closed, []) == [] and write_purchase(closed, []) == []
