"""Statements begin and end with their days: every movement once, in order, with its balance."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import psycopg
import pytest
from tests.platform import books
from tests.platform.books import (
    APR_1,
    FAR,
    FEB_1,
    FEB_28,
    HOSPITAL,
    MAR_1,
    MAR_31,
    YEAR,
    entry,
)
from tests.platform.counter import NOW, OPERATOR, RULES, Counter, one

from gongji.ledger import chart
from gongji.ledger.entry_rows import KINDS
from gongji.ledger.openings import OpeningBalance, enter
from gongji.ledger.post import post
from gongji.ledger.seals import seal_all, verify_seals
from gongji.ledger.statement import (
    ACCOUNTS,
    BY_DAY,
    EVENTS,
    LATEST,
    OWED_BEFORE,
    DayLine,
    InstitutionEntry,
    latest_of_institution,
    of_institution,
    of_person,
)
from gongji.refusals import Refusal
from gongji.settlement.cancel import cancel

Connection = psycopg.Connection[Any]
Copies = Callable[[], Any]
FIRST, SECOND = "43050000000000000001", "43050000000000000002"
JAN_1, JAN_2 = date(2025, 1, 1), date(2025, 1, 2)
DEC_31 = date(2025, 12, 31)


@pytest.fixture(scope="module")
def ledger(server: str) -> Iterator[Connection]:
    """The owner's connection to the books, which these tests only read."""
    with (
        books.written(server) as made,
        made() as address,
        psycopg.connect(address, autocommit=True) as connection,
    ):
        yield connection


def _account(connection: Connection, psn_no: str, kind: str, since: date, until: date) -> Any:
    made = of_person(connection, psn_no, since, until)
    assert (made.since, made.until, made.psn_no) == (since, until, psn_no)
    return next(account for account in made.accounts if account.account == kind)


SPANS: list[tuple[date, date, int, list[tuple[date, int, str, int, int]], int]] = [
    (JAN_1, JAN_1, 0, [], 0),
    (JAN_1, JAN_2, 0, [(JAN_2, 1, "期初", 90_000, 90_000)], 90_000),
    (JAN_2, JAN_2, 0, [(JAN_2, 1, "期初", 90_000, 90_000)], 90_000),
    (date(2025, 1, 3), FEB_1, 90_000, [(FEB_1, 3, "划入", 10_000, 100_000)], 100_000),
    (FEB_28, FEB_28, 100_000, [(FEB_28, 4, "结算", -6_000, 94_000)], 94_000),
    (
        MAR_1,
        MAR_1,
        94_000,
        [(MAR_1, 5, "撤销结算", 6_000, 100_000), (MAR_1, 6, "结算", -4_000, 96_000)],
        96_000,
    ),
    (
        FEB_28,
        MAR_1,
        100_000,
        [
            (FEB_28, 4, "结算", -6_000, 94_000),
            (MAR_1, 5, "撤销结算", 6_000, 100_000),
            (MAR_1, 6, "结算", -4_000, 96_000),
        ],
        96_000,
    ),
    (date(2025, 3, 2), DEC_31, 96_000, [], 96_000),
]


@pytest.mark.parametrize(("since", "until", "opening", "movements", "closing"), SPANS)
def test_an_account_has_the_movements_of_both_its_days_and_those_between(
    ledger: Connection, since: date, until: date, opening: int, movements: list[Any], closing: int
) -> None:
    made = _account(ledger, FIRST, "account", since, until)
    assert (made.opening_fen, made.closing_fen) == (opening, closing)
    assert [(m.date, m.entry, m.event, m.amount_fen, m.balance_fen) for m in made.movements] == (
        movements
    )
    settled = [m for m in made.movements if m.event == "结算"]
    assert all(
        (m.institution, m.benefit, m.article) == (HOSPITAL, "ordinary", "第六条") for m in settled
    )


KINDS_OF_ACCOUNTS = [
    # What a relative's care took from the account of person 2 stands in the statement too.
    (
        SECOND,
        "account",
        [
            ("期初", 5_000, 5_000),
            ("结算", -3_000, 2_000),
            ("撤销结算", 3_000, 5_000),
            ("结算", -2_000, 3_000),
        ],
    ),
    (SECOND, "receivable", [("期初", 200, 200)]),
    (SECOND, "payable", [("期初", 300, 300), ("重新核算", 700, 1_000), ("重新核算", 100, 1_100)]),
    (FIRST, "receivable", [("重新核算", 2_000, 2_000)]),
    (FIRST, "payable", []),
]


@pytest.mark.parametrize(("psn_no", "kind", "expected"), KINDS_OF_ACCOUNTS)
def test_what_raises_an_account_is_above_zero_whichever_side_it_is_posted_on(
    ledger: Connection, psn_no: str, kind: str, expected: list[Any]
) -> None:
    made = _account(ledger, psn_no, kind, JAN_1, DEC_31)
    assert [(m.event, m.amount_fen, m.balance_fen) for m in made.movements] == expected
    assert (made.opening_fen, made.closing_fen) == (0, expected[-1][2] if expected else 0)
    later = _account(ledger, psn_no, kind, date(2025, 4, 2), DEC_31)
    assert later.opening_fen == later.closing_fen == made.closing_fen


METERS = [
    (FIRST, FEB_28, [("ordinary_paid", "", 30_000), ("year_deductible", "", 1_500)]),
    (FIRST, date(2025, 2, 27), []),
    (FIRST, MAR_1, [("ordinary_paid", "", 12_000), ("year_deductible", "", 1_500)]),
    (FIRST, MAR_31, [("ordinary_paid", "", 10_000), ("year_deductible", "", 1_500)]),
    (FIRST, date(2026, 1, 1), []),
    (FIRST, date(2024, 12, 31), []),
    (
        SECOND,
        APR_1,
        [
            ("disease_paid", "糖尿病", 4_000),
            ("ordinary_paid", "", 1_300),
            ("year_deductible", "", 20_000),
        ],
    ),
]


@pytest.mark.parametrize(("psn_no", "until", "expected"), METERS)
def test_meters_are_those_of_the_year_of_the_last_day_as_they_stood_then(
    ledger: Connection, psn_no: str, until: date, expected: list[tuple[str, str, int]]
) -> None:
    made = of_person(ledger, psn_no, date(2024, 1, 1), until)
    assert [(m.meter, m.slot, m.used_fen) for m in made.meters] == expected
    assert {m.period for m in made.meters} <= {YEAR}
    assert made.name in ("测试甲", "测试乙")


def test_what_was_entered_in_the_new_year_for_the_old_is_used_of_the_old(
    owner: Connection,
) -> None:
    owner.execute(books.PEOPLE)
    rows = [
        entry(
            1,
            1,
            "credit",
            JAN_2,
            service_date=date(2024, 12, 31),
            meters=(("ordinary_paid", "年:2024", "", 5),),
        ),
        entry(2, 1, "credit", JAN_2, service_date=JAN_1, meters=(("ordinary_paid", YEAR, "", 7),)),
    ]
    post(owner, rows, [])
    made = of_person(owner, FIRST, JAN_1, DEC_31)
    assert [(m.period, m.used_fen) for m in made.meters] == [(YEAR, 7)]


def _line(day: date, count: int, *amounts: int) -> DayLine:
    return DayLine(day, "ordinary", count, *amounts)


ONE = _line(FEB_28, 1, 50_000, 30_000, 4_000, 9_000, 5_000, 2_000, 43_000)
"""Owed are what the pool, supplements and both accounts paid: 30,000 + 4,000 + 6,000 + 3,000."""
TWO = _line(MAR_1, 0, -30_000, -18_000, -3_000, -3_000, -4_200, -1_800, -24_000)
"""The first cancelled (-43,000), a second one settled (19,000)."""
THREE = _line(APR_1, 1, 900, 600, 0, 0, 300, 0, 600)

INSTITUTIONS = [
    (HOSPITAL, FEB_28, FEB_28, 0, [ONE]),
    (HOSPITAL, JAN_1, date(2025, 2, 27), 0, []),
    (HOSPITAL, MAR_1, MAR_1, 43_000, [TWO]),
    (HOSPITAL, FEB_28, MAR_1, 0, [ONE, TWO]),
    # Adjustments (31 March) are between the fund and persons.
    (HOSPITAL, date(2025, 3, 2), MAR_31, 19_000, []),
    (HOSPITAL, date(2025, 3, 2), APR_1, 19_000, [THREE]),
    (HOSPITAL, date(2025, 4, 2), DEC_31, 19_600, []),
    (FAR, JAN_1, DEC_31, 0, [_line(MAR_31, 1, 1_500, 1_000, 0, 0, 500, 0, 1_000)]),
]


@pytest.mark.parametrize(("code", "since", "until", "opening", "lines"), INSTITUTIONS)
def test_an_institution_is_owed_what_the_days_of_its_statement_say(
    ledger: Connection, code: str, since: date, until: date, opening: int, lines: list[DayLine]
) -> None:
    made = of_institution(ledger, code, since, until)
    assert (made.opening_fen, list(made.lines)) == (opening, lines)
    assert made.closing_fen == opening + sum(line.owed_fen for line in lines)
    assert (made.institution, made.since, made.until) == (code, since, until)


def test_a_statement_of_one_day_is_right_and_one_that_ends_before_it_begins_is_refused(
    ledger: Connection,
) -> None:
    assert of_person(ledger, FIRST, MAR_1, MAR_1).accounts
    for make, number in ((of_person, FIRST), (of_institution, HOSPITAL)):
        with pytest.raises(Refusal) as refused:
            make(ledger, number, MAR_1, FEB_28)
        assert refused.value.code == "value_invalid"
        assert refused.value.values["value"] == "2025-03-01 至 2025-02-28"


def test_every_kind_of_entry_and_account_of_a_person_has_its_word(owner: Connection) -> None:
    kept = owner.execute("select kind, words from entry_kind where kind = any(%s)", [[*EVENTS]])
    assert dict(kept.fetchall()) == EVENTS and EVENTS.keys() >= set(KINDS)
    assert ACCOUNTS.keys() == set(chart.KEPT) == chart.RISES_BY_DEBIT.keys()
    assert set(chart.KEPT) < set(chart.SIDES)
    assert len(set(EVENTS.values())) == len(EVENTS) and len(set(ACCOUNTS.values())) == 3


def test_days_and_benefits_are_lines_of_their_own_in_their_order(owner: Connection) -> None:
    owner.execute(books.PEOPLE)
    rows = [
        entry(
            number,
            1,
            "settlement",
            day,
            institution=HOSPITAL,
            benefit=benefit,
            cash_fen=cash,
            pool_fen=10,
            in_scope_fen=cash + 10,
        )
        for number, (day, benefit, cash) in enumerate(
            [
                (MAR_31, "ordinary", 1),
                (MAR_1, "special", 2),
                (MAR_1, "chronic", 4),
                (MAR_1, "special", 8),
            ],
            start=1,
        )
    ]
    with owner.transaction():
        post(owner, rows, [])
    made = of_institution(owner, HOSPITAL, MAR_1, MAR_31)
    assert [(line.date, line.benefit, line.settlements, line.cash_fen) for line in made.lines] == [
        (MAR_1, "chronic", 1, 4),
        (MAR_1, "special", 2, 10),
        (MAR_31, "ordinary", 1, 1),
    ]
    assert made.closing_fen == 40


def test_the_latest_entries_of_an_institution_come_first_and_are_owed(ledger: Connection) -> None:
    found = latest_of_institution(ledger, HOSPITAL, None, 100)
    assert [one.key for one in found] == sorted((one.key for one in found), reverse=True)
    owed = sum(one.owed_fen for one in found)
    assert owed == of_institution(ledger, HOSPITAL, JAN_1, DEC_31).closing_fen
    assert {"结算", "撤销结算"} <= {one.event for one in found}
    pages: list[InstitutionEntry] = []
    for _ in range(len(found)):
        pages += latest_of_institution(ledger, HOSPITAL, pages[-1].key if pages else None, 2)
    assert pages == found


def _rows_read(plan: dict[str, Any]) -> int:
    """How many rows a plan read from tables and indexes, those that it passed over too."""
    below = sum(_rows_read(one) for one in plan.get("Plans", ()))
    if "Scan" not in plan["Node Type"]:
        return below
    passed = sum(n for name, n in plan.items() if name.startswith("Rows Removed by"))
    return int(below + (plan["Actual Rows"] + passed) * plan["Actual Loops"])


def test_as_much_is_read_of_an_institution_with_many_settlements(owner: Connection) -> None:
    owner.execute(books.PEOPLE)
    with owner.transaction():
        owner.execute("set local session_replication_role = replica")
        owner.execute(
            "insert into entry (area, kind, institution, service_date, accounting_date,"
            " actor_kind, actor) select '430500', 'settlement', %(code)s, %(day)s,"
            " %(day)s::date + n %% 2, 'institution', 'H' from generate_series(1, 3000) n",
            {"code": HOSPITAL, "day": MAR_1},
        )
    owner.execute("analyze entry")
    for day, number in ((date.max, 0), (MAR_1, 2_000)):
        values = {"code": HOSPITAL, "day": day, "number": number, "most": 20}
        told = owner.execute(f"explain (analyze, format json) {LATEST}", values).fetchone()
        assert told is not None
        # Each of the twenty and its settlement, whatever there is besides.
        assert 20 <= _rows_read(told[0][0]["Plan"]) <= 2 * 20


def test_what_is_owed_is_read_from_days_that_were_sealed_and_from_what_was_not(
    owner: Connection,
) -> None:
    owner.execute(books.PEOPLE)
    for columns in (
        "entry (id, area, kind, institution, service_date, accounting_date, actor_kind, actor)"
        " select n, '430500', 'settlement', %(code)s, %(day)s, %(day)s::date + n %% 4,"
        " 'institution', 'H'",
        "settlement (entry, benefit, total_fen, in_scope_fen, pool_fen, cash_fen)"
        " select n, 'ordinary', 3, 3, 2, 1",
    ):
        _many(owner, columns, 1, 3_000)
    before = of_institution(owner, HOSPITAL, JAN_2, date(2025, 1, 3))
    assert (before.opening_fen, before.closing_fen) == (1_500, 4_500)
    list(seal_all(owner))
    owner.execute("analyze entry, settlement, sealed, sealed_day")
    assert of_institution(owner, HOSPITAL, JAN_2, date(2025, 1, 3)) == before
    values = {"code": HOSPITAL, "since": JAN_2, "until": DEC_31}
    for statement in (OWED_BEFORE, BY_DAY):
        told = owner.execute(f"explain (analyze, format json) {statement}", values).fetchone()
        assert told is not None
        # A row for each of the four days, and a handful to find that nothing is open.
        assert 4 <= _rows_read(told[0][0]["Plan"]) <= 40
    more = {"institution": HOSPITAL, "benefit": "ordinary", "pool_fen": 7, "in_scope_fen": 7}
    late = entry(5_000, 1, "settlement", JAN_2, **more)
    with owner.transaction():
        owner.execute("set local session_replication_role = replica")
        post(owner, [late], [])
    made = of_institution(owner, HOSPITAL, JAN_2, date(2025, 1, 3))
    assert (made.opening_fen, made.closing_fen) == (1_500, 4_507)
    assert made.lines[0].settlements == 751
    list(seal_all(owner))
    assert of_institution(owner, HOSPITAL, JAN_2, date(2025, 1, 3)) == made
    with owner.transaction():
        assert list(verify_seals(owner)) == []
    owner.execute("alter table sealed_day disable trigger user")
    owner.execute("update sealed_day set owed_fen = owed_fen + 1 where seal = 2")
    with owner.transaction():
        (wrong,) = verify_seals(owner)
    assert (wrong.kept, wrong.rebuilt) == ("1508", "1507") and "owed_fen" in wrong.what


def _many(owner: Connection, columns: str, first: int, last: int) -> None:
    """Rows of the journal past its walls; `columns` is the statement without its numbers."""
    values = {"code": HOSPITAL, "day": JAN_1, "first": first, "last": last}
    with owner.transaction():
        owner.execute("set local session_replication_role = replica")
        owner.execute(
            f"insert into {columns} from generate_series(%(first)s::int, %(last)s::int) n", values
        )


def test_a_settlement_that_was_cancelled_the_same_day_counts_for_nothing(
    counter: Counter, gateway: Connection
) -> None:
    person, here = counter.person(1), counter.institution(1)
    bill = counter.bill(person, here, "2024-12-02", 30_000)
    number = one(gateway, bill).entry.id
    cancel(gateway, counter.key(here, "2208", {}), person, bill.visit, number, RULES, NOW)
    today = date(2024, 12, 20)
    made = of_institution(counter.owner, here, today, today)
    assert [(line.settlements, line.total_fen, line.owed_fen) for line in made.lines] == [(0, 0, 0)]
    assert made.closing_fen == 0


def test_an_opening_is_a_movement_of_the_day_on_which_it_was_entered(
    counter: Counter, gateway: Connection
) -> None:
    person = counter.person(1)
    opening = OpeningBalance(person, "430500", date(2024, 12, 1), "account", 5_000)
    enter(counter.owner, [opening], RULES.area, NOW, actor=OPERATOR)
    made = of_person(gateway, person, date(2024, 12, 1), date(2024, 12, 20)).accounts[0]
    assert [(m.date.day, m.event, m.article, m.amount_fen) for m in made.movements] == [
        (20, "期初", "上线期初", 5_000)
    ]
    before = of_person(gateway, person, date(2024, 12, 1), date(2024, 12, 19)).accounts[0]
    assert before.movements == () and before.closing_fen == 0
