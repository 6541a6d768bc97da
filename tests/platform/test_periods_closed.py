"""Months are closed when they are over in China and verify, and stay closed."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest
from tests.platform import books
from tests.platform.books import APR_1, AREA, FEB_28, MAR_1, MAR_31, NOW, OTHER, forge

from gongji.ledger.periods import MonthClosing, close_month, following
from gongji.platform.actors import Actor
from gongji.refusals import Refusal

Connection = psycopg.Connection[Any]
Copies = Callable[[], Any]
FEB_1 = date(2025, 2, 1)


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


def _closed(connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute("select area, month from closed_period order by 1, 2").fetchall()


def _refused(connection: Connection, month: date, now: datetime = NOW) -> Refusal:
    with pytest.raises(Refusal) as refused:
        close_month(connection, MonthClosing(AREA, month), actor=Actor.operator("测试"), now=now)
    return refused.value


@pytest.mark.parametrize("month", range(1, 13))
def test_the_month_after_begins_on_its_first_day(month: int) -> None:
    expected = date(2025, month + 1, 1) if month < 12 else date(2026, 1, 1)
    assert following(date(2025, month, 1)) == expected


OVER = [
    # The month is over at midnight in China, when UTC has still its last day.
    (FEB_1, datetime(2025, 2, 28, 16, 30, tzinfo=UTC), True),
    (FEB_1, datetime(2025, 2, 28, 16, 0, tzinfo=UTC), True),
    (FEB_1, datetime(2025, 2, 28, 15, 59, 59, tzinfo=UTC), False),
    (FEB_1, datetime(2025, 2, 1, 16, 0, tzinfo=UTC), False),
    (date(2024, 2, 1), datetime(2024, 2, 28, 16, 0, tzinfo=UTC), False),
    (date(2024, 2, 1), datetime(2024, 2, 29, 16, 0, tzinfo=UTC), True),
    (date(2024, 12, 1), datetime(2024, 12, 31, 15, 59, tzinfo=UTC), False),
    (date(2024, 12, 1), datetime(2024, 12, 31, 16, 0, tzinfo=UTC), True),
    (MAR_1, datetime(2025, 4, 30, 0, 0, tzinfo=UTC), True),
]


@pytest.mark.parametrize(("month", "now", "over"), OVER)
def test_a_month_is_closed_once_it_is_over_in_china(
    ledger: Connection, month: date, now: datetime, over: bool
) -> None:
    if not over:
        told = _refused(ledger, month, now)
        assert (told.code, told.values["value"]) == ("period_not_over", f"{month:%Y-%m}")
        assert _closed(ledger) == []
        return
    close_month(ledger, MonthClosing(AREA, month), actor=Actor.operator("测试"), now=now)
    assert _closed(ledger) == [(AREA, month)]


def test_who_closed_a_month_and_when_is_kept(ledger: Connection) -> None:
    close_month(ledger, MonthClosing(AREA, FEB_1), actor=Actor.operator("张三"), now=NOW)
    row = ledger.execute("select closed_at, actor_kind, actor from closed_period").fetchone()
    assert row == (NOW, "operator", "张三")
    # Each month of each area is closed by itself, in any order, and once.
    close_month(ledger, MonthClosing(AREA, date(2025, 1, 1)), actor=Actor.operator("张三"), now=NOW)
    close_month(ledger, MonthClosing(OTHER, FEB_1), actor=Actor.operator("张三"), now=NOW)
    assert len(_closed(ledger)) == 3
    told = _refused(ledger, FEB_1)
    assert told.code == "period_closed_already"
    assert str(told) == "统筹区 430500 的账期 2025-02 已经关闭，不必再关"


FORGED = [(FEB_28, False), (MAR_1, True), (MAR_31, True), (APR_1, False)]


@pytest.mark.parametrize(("day", "hinders"), FORGED)
def test_a_month_is_not_closed_with_a_difference_on_any_of_its_days(
    ledger: Connection, day: date, hinders: bool
) -> None:
    forge(
        ledger,
        f"update entry set accounting_date = '{day}' where id = 6",
        "update settlement set pool_fen = 12001, cash_fen = 799 where entry = 6",
    )
    if hinders:
        assert _refused(ledger, MAR_1).code == "period_differs"
        assert _closed(ledger) == []
    else:
        close_month(ledger, MonthClosing(AREA, MAR_1), actor=Actor.operator("测试"), now=NOW)
        assert _closed(ledger) == [(AREA, MAR_1)]


def test_another_area_does_not_hinder(ledger: Connection) -> None:
    forge(ledger, "update settlement set pool_fen = 1001, cash_fen = 499 where entry = 9")
    close_month(ledger, MonthClosing(AREA, MAR_1), actor=Actor.operator("测试"), now=NOW)
    with pytest.raises(Refusal) as refused:
        close_month(ledger, MonthClosing(OTHER, MAR_1), actor=Actor.operator("测试"), now=NOW)
    assert refused.value.code == "period_differs"


def test_the_refusal_counts_the_differences_and_names_three_of_them(ledger: Connection) -> None:
    forge(
        ledger,
        "update settlement set pool_fen = 12001, cash_fen = 799 where entry = 6",
        "update balance set amount_fen = 1 where person = 1",
    )
    told = _refused(ledger, MAR_1)
    assert told.values["count"] == "6"
    reason = told.values["reason"]
    assert reason.count("；") == 2
    assert "amounts 4305************0001 pool_fen 账上 12001 应为 12000" in reason
    assert "total_fen - cash_fen - borne_fen 账上 19001 应为 19000" in reason
    assert "43050000000000000001" not in str(told)


def test_progress_is_told_while_a_month_is_closed(ledger: Connection) -> None:
    went: list[int] = []
    close_month(
        ledger,
        MonthClosing(AREA, MAR_1),
        actor=Actor.operator("测试"),
        now=NOW,
        progress=went.append,
    )
    assert went == [11, 3]
