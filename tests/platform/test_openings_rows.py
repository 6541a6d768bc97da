"""Openings row by row: which day, year, period and side each belongs to, and what is refused."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest
from tests.platform.counter import NIGHT, NOW, OPERATOR, RULES, Counter, as_owner

from gongji.ledger.entry_rows import KINDS, OPENING, EntryRow
from gongji.ledger.openings import Opening, OpeningBalance, OpeningMeter, enter
from gongji.ledger.post import lock, post, take_ids
from gongji.ledger.verify import verify
from gongji.refusals import RulebookError

Connection = psycopg.Connection[Any]
HERE, THERE = "430500", "532300"
ONE, TWO = "43050000000000000001", "43050000000000000002"
JAN_1 = date(2024, 1, 1)
Rows = Sequence[Opening]


@pytest.fixture
def county(owner: Connection) -> Counter:
    """Two persons of Shaoyang."""
    made = Counter(owner)
    made.person(1)
    made.person(2)
    return made


def balance(
    account: str, amount: int, who: str = ONE, area: str = HERE, day: date = JAN_1
) -> OpeningBalance:
    return OpeningBalance(who, area, day, account, amount)


def meter(
    code: str, amount: int = 5, slot: str = "", who: str = ONE, area: str = HERE, day: date = JAN_1
) -> OpeningMeter:
    return OpeningMeter(who, area, day, code, slot, amount)


def settled(
    gateway: Connection,
    person: int,
    service: date,
    area: str = HERE,
    kind: str = "credit",
) -> None:
    """An entry of a person, entered in 2024."""
    with as_owner(gateway), gateway.transaction():
        lock(gateway, [person])
        (number,) = take_ids(gateway, 1)
        post(
            gateway,
            [
                EntryRow(
                    id=number,
                    area=area,
                    person=person,
                    kind=kind,
                    cause=1 if kind == "adjustment" else None,
                    reverses=1 if kind == "cancellation" else None,
                    service_date=service,
                    accounting_date=date(2024, 12, 20),
                    made_at=NOW,
                    actor_kind="operator",
                    actor="tester",
                )
            ],
            [],
        )


def problems(gateway: Connection, *rows: Opening) -> list[tuple[int, str]]:
    with pytest.raises(RulebookError) as refused, as_owner(gateway) as owner:
        enter(owner, rows, RULES.area, NOW, actor=OPERATOR)
    return [(problem.line, problem.key) for problem in refused.value.problems]


SIDES = [
    ("account", ("opening", HERE, "account", "1")),
    ("payable", ("opening", HERE, "payable", "1")),
    ("receivable", ("receivable", "1", "opening", HERE)),
]


@pytest.mark.parametrize(("account", "sides"), SIDES)
def test_each_kind_of_account_opens_on_the_side_that_raises_it(
    county: Counter, gateway: Connection, account: str, sides: tuple[str, ...]
) -> None:
    assert enter(county.owner, [balance(account, 700)], RULES.area, NOW, actor=OPERATOR) == 1
    rows = gateway.execute(
        "select debit, debit_owner, credit, credit_owner, amount_fen, area, article from posting"
    ).fetchall()
    assert rows == [(*sides, 700, HERE, "上线期初")]
    kept = gateway.execute("select area, person, kind, amount_fen from balance").fetchall()
    assert kept == [(HERE, 1, account, 700)]
    assert list(verify(gateway)) == []


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (NOW, date(2024, 12, 20)),
        (NIGHT, date(2024, 12, 20)),
        (datetime(2024, 12, 31, 15, 59, tzinfo=UTC), date(2024, 12, 31)),
        (datetime(2024, 12, 31, 16, 0, tzinfo=UTC), date(2025, 1, 1)),
    ],
)
def test_an_opening_is_entered_on_the_day_in_china_and_holds_from_its_earliest_row(
    county: Counter, gateway: Connection, now: datetime, day: date
) -> None:
    rows = [
        balance("account", 1, day=date(2024, 3, 1)),
        meter("year_deductible"),
        meter("ordinary_paid", day=date(2024, 2, 1)),
    ]
    assert enter(county.owner, rows, RULES.area, now, actor=OPERATOR) == 1
    found = gateway.execute(
        "select service_date, accounting_date, made_at, kind, origin, actor_kind, actor,"
        " person, area from entry"
    ).fetchone()
    assert found == (
        JAN_1,
        day,
        now,
        "opening",
        "opening",
        "operator",
        "tester",
        1,
        HERE,
    )


def test_there_is_an_entry_for_each_person_area_and_year(
    county: Counter, gateway: Connection
) -> None:
    rows = [
        balance("account", 1),
        meter("year_deductible", who=TWO),
        meter("year_deductible"),
        meter("year_deductible", day=date(2023, 12, 31)),
        meter("ordinary_paid", area=THERE),
        balance("payable", 2),
    ]
    assert enter(county.owner, rows, RULES.area, NOW, actor=OPERATOR) == 4
    found = gateway.execute("select person, area, service_date from entry order by id").fetchall()
    assert found == [
        (1, HERE, JAN_1),
        (2, HERE, JAN_1),
        (1, HERE, date(2023, 12, 31)),
        (1, THERE, JAN_1),
    ]
    assert list(verify(gateway)) == []


PERIODS = [
    (meter("year_deductible", day=date(2023, 12, 31)), ("年:2023", "", "year_deductible")),
    (meter("year_deductible", day=JAN_1), ("年:2024", "", "year_deductible")),
    (meter("year_deductible", day=date(2024, 12, 31)), ("年:2024", "", "year_deductible")),
    (meter("level_deductible.2"), ("年:2024", "", "level_deductible.2")),
    (meter("disease_paid", slot="糖尿病"), ("年:2024", "糖尿病", "disease_paid")),
    # The mark that joins the parts of a slot cannot be one of its letters.
    (meter("disease_paid", slot="a|b"), ("年:2024", "a b", "disease_paid")),
    (meter("drug_deductible", slot="药", area=THERE), ("年:2024", "药", "drug_deductible")),
]


@pytest.mark.parametrize(("row", "place"), PERIODS)
def test_a_meter_opens_in_the_period_that_holds_its_day(
    county: Counter, gateway: Connection, row: OpeningMeter, place: tuple[str, str, str]
) -> None:
    enter(county.owner, [row], RULES.area, NOW, actor=OPERATOR)
    found = gateway.execute("select period, slot, code, used_fen, area from meter_use").fetchall()
    assert found == [(*place, 5, row.area)]


REFUSED: list[tuple[str, Opening, str]] = [
    ("an account that persons do not have", balance("pool", 1), "value_invalid"),
    ("an amount below zero", balance("account", -1), "amount_negative"),
    ("a meter below zero", meter("year_deductible", -1), "amount_negative"),
    ("a meter that is not of the area", meter("chronic_paid"), "value_invalid"),
    ("a meter without its level", meter("level_deductible"), "value_invalid"),
    ("a meter with a level that there is not", meter("level_deductible.9"), "value_invalid"),
    ("no disease where the meter is by disease", meter("disease_paid"), "value_invalid"),
    ("a disease where it is not", meter("ordinary_paid", slot="糖尿病"), "value_invalid"),
    ("a meter of one visit", meter("visit_deductible"), "value_invalid"),
    ("a meter of one visit, named", meter("visit_deductible", slot="77"), "value_invalid"),
    ("an area without rules", meter("year_deductible", area="999999"), "area_unknown"),
    (
        "a person that is not there",
        balance("account", 1, who="43050000000000000009"),
        "person_unknown",
    ),
]


@pytest.mark.parametrize(("row", "code"), [pytest.param(r, c, id=n) for n, r, c in REFUSED])
def test_a_row_that_is_wrong_is_named_and_nothing_is_entered(
    county: Counter, gateway: Connection, row: Opening, code: str
) -> None:
    assert problems(gateway, balance("payable", 1), row) == [(2, code)]
    for table in ("entry", "posting", "balance", "meter_use"):
        assert gateway.execute(f"select count(*) from {table}").fetchone() == (0,), table


def test_a_meter_that_is_by_disease_says_so(county: Counter, gateway: Connection) -> None:
    for row, word in (
        (meter("disease_paid"), "必须给出"),
        (meter("ordinary_paid", slot="x"), "（空）"),
        (meter("visit_deductible"), "一次就诊的累计没有期初"),
        (balance("pool", 1), "account、receivable、payable"),
    ):
        with pytest.raises(RulebookError, match=word):
            enter(county.owner, [row], RULES.area, NOW, actor=OPERATOR)


def test_nothing_at_all_is_still_an_opening(county: Counter, gateway: Connection) -> None:
    assert (
        enter(
            county.owner,
            [balance("account", 0), meter("year_deductible", 0)],
            RULES.area,
            NOW,
            actor=OPERATOR,
        )
        == 1
    )
    assert gateway.execute("select count(*) from posting").fetchone() == (0,)
    assert gateway.execute("select count(*) from meter_use").fetchone() == (0,)
    assert enter(county.owner, [], RULES.area, NOW, actor=OPERATOR) == 0
    assert gateway.execute("select count(*) from entry").fetchone() == (1,)


LATE = [
    # The year, the area and the person of what is there already count; not when it was entered.
    (1, date(2024, 12, 31), HERE, True),
    (1, JAN_1, HERE, True),
    (1, date(2023, 12, 31), HERE, False),
    (1, date(2025, 1, 1), HERE, False),
    (1, JAN_1, THERE, False),
    (2, JAN_1, HERE, False),
]


@pytest.mark.parametrize(("person", "service", "area", "late"), LATE)
def test_an_opening_is_late_after_an_entry_of_its_year(
    county: Counter, gateway: Connection, person: int, service: date, area: str, late: bool
) -> None:
    settled(gateway, person, service, area)
    rows = [balance("account", 1, day=date(2024, 6, 30)), meter("year_deductible")]
    if late:
        assert problems(gateway, *rows) == [(1, "opening_late"), (2, "opening_late")]
    else:
        assert enter(county.owner, rows, RULES.area, NOW, actor=OPERATOR) == 1


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != OPENING])
def test_entries_of_every_kind_make_it_late(
    county: Counter, gateway: Connection, kind: str
) -> None:
    settled(gateway, 2, JAN_1)
    settled(gateway, 1, JAN_1, kind=kind)
    assert problems(gateway, balance("account", 1)) == [(1, "opening_late")]


REPEATED: list[tuple[Opening, bool]] = [
    (balance("account", 9), True),
    (balance("account", 9, day=date(2023, 1, 1)), True),
    (balance("payable", 9), False),
    (balance("account", 9, who=TWO), False),
    (balance("account", 9, area=THERE), False),
    (meter("year_deductible"), True),
    (meter("year_deductible", day=date(2024, 12, 31)), True),
    (meter("year_deductible", day=date(2023, 12, 31)), False),
    (meter("ordinary_paid"), False),
    (meter("disease_paid", slot="糖尿病"), True),
    (meter("disease_paid", slot="高血压"), False),
    (meter("year_deductible", who=TWO), False),
    (balance("receivable", 9), True),
]


@pytest.mark.parametrize(("row", "repeated"), REPEATED)
@pytest.mark.parametrize("before", [False, True])
def test_what_was_opened_is_not_opened_again_in_the_same_file_or_a_later_one(
    county: Counter, gateway: Connection, row: Opening, repeated: bool, before: bool
) -> None:
    first: list[Opening] = [
        balance("account", 5),
        balance("receivable", 5),
        meter("year_deductible"),
        meter("disease_paid", slot="糖尿病"),
    ]
    if before:
        enter(county.owner, first, RULES.area, NOW, actor=OPERATOR)
    rows = [row] if before else [*first, row]
    if repeated:
        assert problems(gateway, *rows) == [(len(rows), "opening_repeated")]
    else:
        assert enter(county.owner, rows, RULES.area, NOW, actor=OPERATOR) >= 1
        assert list(verify(gateway)) == []
