"""Purchases at a pharmacy (2101, 2102): visit, lines and settlement in one step."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import psycopg
from tests.platform.counter import NOW, RULES, Counter

from gongji.settlement.contract import Line, Outcome, Purchase, Request
from gongji.settlement.settle import settle
from gongji.units import CHINA, UNIT

Connection = psycopg.Connection[Any]
AREA = "532300"


def _shop(owner: Connection) -> tuple[Counter, str, str, str]:
    counter = Counter(owner, AREA)
    for item, grade in (("A", "甲"), ("C", "丙")):
        owner.execute(
            "insert into item_version (area, item, name, list_type, charge_type, since, grade,"
            " diseases) values (%s, %s, '测试药', '101', '09', '2020-01-01', %s, '{}')",
            [AREA, item, grade],
        )
    shop, writer = counter.institution(5, "", "pharmacy"), counter.institution(1, "3")
    return counter, counter.person(1, 4000), shop, writer


def _buy(counter: Counter, psn_no: str, shop: str, writer: str, number: str, fen: int) -> Request:
    lines = tuple(
        Line(
            str(place),
            item,
            UNIT,
            amount * 10_000,
            amount,
            prescription=number,
            details={"rx_circ_flag": "1"},
        )
        for place, (item, amount) in enumerate((("A", fen), ("C", 500)), start=1)
    )
    bought = Purchase(
        datetime(2024, 6, 5, 9, tzinfo=CHINA), "pharmacy", "", lines, {"prescriber": writer}
    )
    key = counter.key(shop, "2102", {"psn_no": psn_no, "rxno": number})
    return Request(key, psn_no, "pharmacy", fen + 500, "own", purchase=bought)


def _settle(connection: Connection, *requests: Request) -> list[Outcome]:
    return settle(connection, requests, RULES, NOW)


def test_a_purchase_makes_its_visit_and_lines_and_is_settled_by_the_prescribers_level(
    owner: Connection, gateway: Connection
) -> None:
    counter, person, shop, writer = _shop(owner)
    bill = _buy(counter, person, shop, writer, "R1", 19_000)
    trial, real = _settle(gateway, replace(bill, trial=True), bill)
    entry = real.entry
    # Level 3: (190 - 90) × 50 % = 50; the account pays 140 inside the policy as far as it goes.
    assert (entry.settlement.pool_fen, entry.settlement.account_fen, entry.settlement.cash_fen) == (
        5000,
        4000,
        10_500,
    )
    assert (trial.entry.settlement.pool_fen, trial.entry.settlement.cash_fen) == (5000, 10_500)
    assert (trial.entry.id, trial.entry.settlement.visit) == (None, None)
    assert [line.line.serial for line in real.lines] == ["1", "2"]
    assert gateway.execute("select id, med_type from visit").fetchall() == [
        (entry.settlement.visit, "pharmacy")
    ]
    assert gateway.execute(
        "select s.entry, c.total_fen from charge_batch c join settlement_batch s on s.batch = c.id"
    ).fetchall() == [(entry.id, 19_500)]
    assert gateway.execute("select count(*) from fee_line").fetchone() == (2,)
    assert gateway.execute("select prescriber, number, entry from prescription_use").fetchall() == [
        (writer, "R1", entry.id)
    ]
    assert gateway.execute(
        "select slot from meter_use where code = 'visit_deductible'"
    ).fetchall() == [(str(entry.settlement.visit),)]
    assert entry.settled.visit.visit == str(entry.settlement.visit)


def test_a_refused_purchase_leaves_no_visit(owner: Connection, gateway: Connection) -> None:
    counter, person, shop, writer = _shop(owner)
    bills = [_buy(counter, person, shop, writer, "R1", fen) for fen in (1000, 2000)]
    wrong = replace(_buy(counter, person, shop, writer, "R2", 3000), total_fen=1)
    first, second, third = _settle(gateway, *bills, wrong)
    assert first.entry and second.refusal and second.refusal.code == "prescription_used"
    assert third.refusal and third.refusal.code == "total_differs"
    assert gateway.execute("select count(*) from visit").fetchone() == (1,)


def test_purchases_and_bills_of_one_batch_have_different_registrations(
    owner: Connection, gateway: Connection
) -> None:
    counter, person, shop, writer = _shop(owner)
    hospital = counter.institution(2, "1")
    bills = [_buy(counter, person, shop, writer, f"R{n}", 10_000) for n in range(2)]
    visit = counter.bill(person, hospital, "2024-06-05", 10_000)
    outcomes = _settle(gateway, bills[0], visit, bills[1])
    assert [outcome.entry.settlement.deductible_fen for outcome in outcomes] == [9000, 3000, 9000]
