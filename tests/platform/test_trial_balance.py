"""The trial balance to the fen: what stood, what moved on a day, what stands, who agrees."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest
import structlog
from tests.platform import books
from tests.platform.books import APR_1, AREA, FEB_28, MAR_1, MAR_31, OTHER, forge
from tests.platform.counter import NOW, OPERATOR, RULES, Counter, one

from gongji.ledger.openings import OpeningBalance, enter
from gongji.ledger.trial import TrialAgreement, TrialBalance, TrialLine, trial
from gongji.service.jobs import tasks
from gongji.settlement.readjudicate import readjudicate

Connection = psycopg.Connection[Any]
Copies = Callable[[], Any]
Lines = dict[str, tuple[int, int, int, int]]

ENTERED = [
    "统筹基金支付 = 各笔结算",
    "补充资金支付 = 各笔结算",
    "个人账户支付 = 各笔结算",
    "应付医药机构 = 各笔结算",
    "应付与应收个人 = 各笔核算",
]
PEOPLE = ["个人账户 = 各人余额", "应付个人 = 各人应付", "应收个人 = 各人应收"]


@pytest.fixture(scope="module")
def copies(server: str) -> Iterator[Copies]:
    """Makes copies of a database that holds the journal of `books`."""
    with books.written(server) as made:
        yield made


@pytest.fixture
def ledger(copies: Copies) -> Iterator[Connection]:
    """The owner's connection to a copy of the books."""
    with copies() as address, psycopg.connect(address, autocommit=True) as connection:
        yield connection


def _lines(made: TrialBalance) -> Lines:
    return {
        line.account: (line.before_fen, line.debit_fen, line.credit_fen, line.after_fen)
        for line in made.lines
    }


BEFORE: Lines = {
    "account": (-105_000, 9_000, 0, -96_000),
    "contribution": (10_000, 0, 0, 10_000),
    "opening": (95_100, 0, 0, 95_100),
    "payable": (-300, 0, 0, -300),
    "pool": (0, 30_000, 0, 30_000),
    "provider": (0, 0, 43_000, -43_000),
    "receivable": (200, 0, 0, 200),
    "supplement": (0, 4_000, 0, 4_000),
}
"""28 February: accounts of 90,000 + 5,000 + 10,000, then a settlement."""

LINES: list[tuple[str, date, Lines]] = [
    (AREA, date(2025, 1, 1), {}),
    (
        AREA,
        date(2025, 1, 2),
        {
            "account": (0, 0, 95_000, -95_000),
            "opening": (0, 95_300, 200, 95_100),
            "payable": (0, 0, 300, -300),
            "receivable": (0, 200, 0, 200),
        },
    ),
    (AREA, FEB_28, BEFORE),
    ("", FEB_28, BEFORE),
    # The cancellation of the first settlement, and a second one.
    (
        AREA,
        MAR_1,
        {
            "account": (-96_000, 6_000, 9_000, -99_000),
            "contribution": (10_000, 0, 0, 10_000),
            "opening": (95_100, 0, 0, 95_100),
            "payable": (-300, 0, 0, -300),
            "pool": (30_000, 12_000, 30_000, 12_000),
            "provider": (-43_000, 43_000, 19_000, -19_000),
            "receivable": (200, 0, 0, 200),
            "supplement": (4_000, 1_000, 4_000, 1_000),
        },
    ),
    # Two adjustments; Panzhihua's settlement of the day is not in it,
    (
        AREA,
        MAR_31,
        {
            "account": (-99_000, 0, 0, -99_000),
            "contribution": (10_000, 0, 0, 10_000),
            "opening": (95_100, 0, 0, 95_100),
            "payable": (-300, 0, 800, -1_100),
            "pool": (12_000, 700, 2_000, 10_700),
            "provider": (-19_000, 0, 0, -19_000),
            "receivable": (200, 2_000, 0, 2_200),
            "supplement": (1_000, 100, 0, 1_100),
        },
    ),
    (
        OTHER,
        MAR_31,
        {
            "pool": (0, 1_000, 0, 1_000),
            "provider": (0, 0, 1_000, -1_000),
        },
    ),
    # and is in that of all areas.
    (
        "",
        MAR_31,
        {
            "account": (-99_000, 0, 0, -99_000),
            "contribution": (10_000, 0, 0, 10_000),
            "opening": (95_100, 0, 0, 95_100),
            "payable": (-300, 0, 800, -1_100),
            "pool": (12_000, 1_700, 2_000, 11_700),
            "provider": (-19_000, 0, 1_000, -20_000),
            "receivable": (200, 2_000, 0, 2_200),
            "supplement": (1_000, 100, 0, 1_100),
        },
    ),
]


@pytest.mark.parametrize(("area", "day", "expected"), LINES)
def test_each_account_stands_and_moves_as_the_journal_says(
    ledger: Connection, area: str, day: date, expected: Lines
) -> None:
    made = trial(ledger, day, area)
    assert (made.day, made.area) == (day, area)
    assert _lines(made) == expected
    assert [line.account for line in made.lines] == sorted(expected)
    assert made.agrees and all(each.agrees for each in made.agreements)
    assert sum(line.debit_fen for line in made.lines) == sum(line.credit_fen for line in made.lines)


@pytest.mark.parametrize(
    ("area", "day", "people"),
    [
        ("", MAR_31, False),
        ("", APR_1, True),
        (AREA, MAR_31, False),
        (AREA, APR_1, True),
        (OTHER, date(2025, 3, 30), False),
        (OTHER, MAR_31, True),
        ("", date(2030, 1, 1), True),
    ],
)
def test_what_persons_have_is_compared_on_the_last_day_of_the_area_only(
    ledger: Connection, area: str, day: date, people: bool
) -> None:
    made = trial(ledger, day, area)
    assert [each.what for each in made.agreements] == ENTERED + (PEOPLE if people else [])
    assert made.agrees


def test_both_sides_of_each_agreement_are_those_of_the_books(ledger: Connection) -> None:
    made = trial(ledger, APR_1, AREA)
    amounts = [11_300, 1_100, 6_000, 19_600, -1_200, 99_000, 1_100, 2_200]
    assert [(a.what, a.journal_fen, a.other_fen) for a in made.agreements] == [
        (what, amount, amount) for what, amount in zip(ENTERED + PEOPLE, amounts, strict=True)
    ]


ONE = "update settlement set {} where entry = 10"
FORGED = {
    ONE.format("pool_fen = 601, family_fen = -1"): {0: (11_300, 11_301), 2: (6_000, 5_999)},
    ONE.format("supplements_fen = 1, family_fen = -1"): {1: (1_100, 1_101), 2: (6_000, 5_999)},
    ONE.format("total_fen = 901, family_fen = 1"): {2: (6_000, 6_001), 3: (19_600, 19_601)},
    ONE.format("borne_fen = 1, cash_fen = 300"): {3: (19_600, 19_599)},
    ONE.format("cash_fen = 301"): {3: (19_600, 19_599)},
    ONE.format("owed_fen = 1"): {4: (-1_200, -1_199)},
    "update balance set amount_fen = amount_fen + 1 where kind = 'account' and person = 1": {
        5: (99_000, 99_001)
    },
    "update balance set amount_fen = amount_fen + 1 where kind = 'payable'": {6: (1_100, 1_101)},
    "delete from balance where kind = 'receivable' and person = 2": {7: (2_200, 2_000)},
}


@pytest.mark.parametrize("statement", FORGED)
def test_what_does_not_agree_is_told_with_both_amounts(ledger: Connection, statement: str) -> None:
    forge(ledger, statement)
    made = trial(ledger, APR_1, AREA)
    assert {
        at: (each.journal_fen, each.other_fen)
        for at, each in enumerate(made.agreements)
        if not each.agrees
    } == FORGED[statement]
    assert not made.agrees and not trial(ledger, APR_1).agrees
    # Neither the other area nor the day before is touched by an entry of this day.
    assert trial(ledger, MAR_31, OTHER).agrees and trial(ledger, MAR_31, AREA).agrees


def test_an_adjustment_owes_persons_and_no_institution(ledger: Connection) -> None:
    made = trial(ledger, MAR_31, AREA)
    assert made.agreements[3] == TrialAgreement(ENTERED[3], 19_000, 19_000)
    assert made.agreements[4] == TrialAgreement(ENTERED[4], -1_200, -1_200)


def test_books_whose_sides_differ_do_not_agree() -> None:
    def balance(*lines: tuple[int, int, int, int]) -> TrialBalance:
        named = tuple(TrialLine(str(at), *line) for at, line in enumerate(lines))
        return TrialBalance(MAR_1, AREA, named, (TrialAgreement("", 1, 1),))

    assert balance((0, 5, 0, 5), (0, 0, 5, -5)).agrees
    assert not balance((0, 5, 0, 5), (0, 0, 4, -5)).agrees
    assert not balance((0, 5, 0, 5), (1, 0, 5, -4)).agrees
    assert not TrialBalance(MAR_1, AREA, (), (TrialAgreement("", 1, 2),)).agrees


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        # At 01:10 of a day in China UTC still has the day before.
        (datetime(2025, 3, 31, 17, 10, tzinfo=UTC), "2025-03-31"),
        (datetime(2025, 4, 1, 15, 59, tzinfo=UTC), "2025-03-31"),
        (datetime(2025, 4, 1, 16, 0, tzinfo=UTC), "2025-04-01"),
    ],
)
@pytest.mark.parametrize("forged", [False, True])
def test_the_nightly_job_draws_up_the_day_before_in_china(
    copies: Copies, monkeypatch: pytest.MonkeyPatch, instant: datetime, day: str, forged: bool
) -> None:
    with copies() as address:
        if forged:
            with psycopg.connect(address, autocommit=True) as owner:
                forge(
                    owner, "update settlement set pool_fen = 1001, cash_fen = 499 where entry = 9"
                )
        monkeypatch.setattr(tasks, "owner_dsn", lambda: address)
        with structlog.testing.capture_logs() as logs:
            tasks.daily_trial_balance.func(int(instant.timestamp()))
    assert logs == [
        {
            "event": "trial_balance",
            "day": day,
            "agrees": not forged,
            "log_level": "error" if forged else "info",
        }
    ]


def test_the_balances_of_another_area_are_not_taken_for_its_own(
    owner: Connection, gateway: Connection
) -> None:
    for area in (AREA, "532300"):
        person = Counter(owner, area).person(1)
        enter(
            owner,
            [OpeningBalance(person, area, date(2024, 12, 1), "account", 5_000)],
            RULES.area,
            NOW,
            actor=OPERATOR,
        )
    for area, amount in ((AREA, 5_000), ("532300", 5_000), ("", 10_000)):
        made = trial(gateway, date(2024, 12, 31), area)
        assert made.agreements[5] == TrialAgreement(PEOPLE[0], amount, amount)
        assert made.agrees


def test_the_books_agree_after_a_readjudication(
    counter: Counter, owner: Connection, gateway: Connection
) -> None:
    person, here = counter.person(1), counter.institution(1)
    paid = one(gateway, counter.bill(person, here, "2024-03-01", 50_000)).entry.settlement.pool_fen
    owner.execute("update person_fact set retired_at = now() where kind = 'insured'")
    assert len(list(readjudicate(counter.owner, AREA, 2024, RULES, NOW, actor=OPERATOR))) == 1
    made = trial(gateway, date(2024, 12, 31))
    assert made.agreements[0] == TrialAgreement(ENTERED[0], 0, 0)
    assert made.agreements[7] == TrialAgreement(PEOPLE[2], paid, paid) and paid > 0
    assert made.agrees
