"""Openings enter once, before anything of the year, and a stay does what the rules say of it."""

from dataclasses import replace
from datetime import date
from typing import Any

import psycopg
import pytest
from tests.platform.counter import NOW, OPERATOR, RULES, Counter, as_owner

from gongji.ledger.entry_rows import EntryRow
from gongji.ledger.openings import OpeningBalance, OpeningMeter, enter
from gongji.ledger.verify import verify
from gongji.refusals import RulebookError
from gongji.settlement.settle import settle

Connection = psycopg.Connection[Any]
DAY = date(2024, 1, 1)


@pytest.fixture
def county(owner: Connection) -> Counter:
    """A county of Shaoyang with one person and one hospital."""
    made = Counter(owner)
    made.person(1)
    made.institution(1, "2")
    return made


def settled(gateway: Connection, county: Counter, day: str, cost: int, **more: Any) -> EntryRow:
    bill = county.bill(county.psn_no(1), "H43050000001", day, cost, **more)
    (outcome,) = settle(gateway, [bill], RULES, NOW)
    assert outcome.refusal is None, outcome
    entry: EntryRow = outcome.entry
    return entry


def problems(gateway: Connection, *rows: Any) -> list[tuple[int, str]]:
    with pytest.raises(RulebookError) as refused, as_owner(gateway) as owner:
        enter(owner, rows, RULES.area, NOW, actor=OPERATOR)
    return [(problem.line, problem.key) for problem in refused.value.problems]


def test_an_opening_is_what_the_first_settlement_finds(
    county: Counter, gateway: Connection
) -> None:
    who = county.psn_no(1)
    made = enter(
        county.owner,
        [
            OpeningBalance(who, "430500", DAY, "account", 5_000),
            OpeningMeter(who, "430500", DAY, "level_deductible.2", "", 20_000),
            OpeningMeter(who, "430500", DAY, "year_deductible", "", 20_000),
        ],
        RULES.area,
        NOW,
        actor=OPERATOR,
    )
    assert made == 1
    county.fact(who, "account", "2020-01-01")
    entry = settled(gateway, county, "2024-03-01", 10_000, accounts="own")
    assert (
        entry.settlement.deductible_fen,
        entry.settlement.pool_fen,
        entry.settlement.account_fen,
    ) == (0, 6_000, 4_000)
    assert list(verify(gateway)) == []


def test_an_opening_with_any_mistake_enters_nothing_and_names_all_of_them(
    county: Counter, gateway: Connection
) -> None:
    who = county.psn_no(1)
    good = OpeningBalance(who, "430500", DAY, "account", 5_000)
    rows = [
        good,
        good,
        OpeningBalance(who, "430500", DAY, "pool", 1),
        OpeningBalance("43050099999999999999", "430500", DAY, "account", 1),
        OpeningMeter(who, "430500", DAY, "no_such_meter", "", 1),
        OpeningMeter(who, "430500", DAY, "disease_paid", "", 1),
        OpeningMeter(who, "430500", DAY, "year_deductible", "diabetes", 1),
        OpeningMeter(who, "430500", DAY, "year_deductible", "", -1),
    ]
    assert problems(gateway, *rows) == [
        (2, "opening_repeated"),
        (3, "value_invalid"),
        (4, "person_unknown"),
        (5, "value_invalid"),
        (6, "value_invalid"),
        (7, "value_invalid"),
        (8, "amount_negative"),
    ]
    assert gateway.execute("select count(*) from entry").fetchone() == (0,)
    enter(county.owner, [good], RULES.area, NOW, actor=OPERATOR)
    assert problems(gateway, good) == [(1, "opening_repeated")]


def test_an_opening_comes_before_anything_of_its_year(county: Counter, gateway: Connection) -> None:
    settled(gateway, county, "2024-03-01", 10_000)
    late = OpeningMeter(county.psn_no(1), "430500", DAY, "year_deductible", "", 1)
    assert problems(gateway, late) == [(1, "opening_late")]
    earlier = OpeningMeter(county.psn_no(1), "430500", date(2023, 12, 31), "year_deductible", "", 1)
    assert enter(county.owner, [earlier], RULES.area, NOW, actor=OPERATOR) == 1


def test_refusals_are_sentences_with_the_number_masked(
    county: Counter, gateway: Connection
) -> None:
    settled(gateway, county, "2024-03-01", 10_000)
    who = county.psn_no(1)
    good = OpeningBalance(who, "430500", date(2023, 1, 1), "account", 5_000)
    with pytest.raises(RulebookError) as refused:
        enter(
            county.owner,
            [replace(good, day=DAY), good, good],
            RULES.area,
            NOW,
            "期初.csv",
            actor=OPERATOR,
        )
    shown = "4305************0001"
    assert [(found.file, found.line, found.message) for found in refused.value.problems] == [
        (
            "期初.csv",
            1,
            f"{shown} 在 2024 年已经有账，不能再记期初；期初须先于该年的第一笔结算记入",
        ),
        ("期初.csv", 3, f"{shown} 的期初 account 出现不止一次；每人每项期初只记一行"),
    ]
