"""Months of the trail are made ahead; what lies elsewhere already stays where it is."""

from datetime import date
from typing import Any

import psycopg
import pytest
from psycopg import errors

from gongji.platform import month_parts, trail
from gongji.platform.trail_months import make_ahead

Connection = psycopg.Connection[Any]
TODAY = date(2031, 11, 20)
OTHER = "access_log_other"
MONTHS = ["203111", "203112", "203201", "203202"]


def look(connection: Connection, at: str) -> str:
    """A look at an instant; gives the part that it lies in."""
    row = connection.execute(
        "insert into access_log (at, actor_kind, actor, way, what, granted)"
        " values (%s, 'staff', 'a', 'look', 'x', true) returning tableoid::regclass::text",
        [at],
    ).fetchone()
    assert row is not None
    return str(row[0])


def test_months_are_made_ahead_once_and_rows_go_where_they_belong(owner: Connection) -> None:
    assert make_ahead(owner, TODAY) == [f"access_log_{month}" for month in MONTHS]
    assert make_ahead(owner, TODAY) == []
    assert make_ahead(owner, date(2031, 12, 1)) == ["access_log_203203"]
    # A month begins at midnight in China.
    assert look(owner, "2031-11-30 15:59:59+00") == "access_log_203111"
    assert look(owner, "2031-11-30 16:00:00+00") == "access_log_203112"
    assert look(owner, "2031-10-01 00:00:00+00") == OTHER
    trail.log(owner, ("staff", "a"), trail.Trace(trail.LOOK, "y"))
    assert owner.execute("select count(*) from access_log").fetchone() == (4,)


def test_a_month_that_has_rows_elsewhere_stays_there(owner: Connection) -> None:
    assert look(owner, "2031-12-15 00:00:00+00") == OTHER
    assert make_ahead(owner, TODAY) == [f"access_log_{m}" for m in MONTHS if m != "203112"]
    assert look(owner, "2031-12-16 00:00:00+00") == OTHER
    assert owner.execute("select count(*) from access_log").fetchone() == (2,)


def test_a_part_is_added_to_only_and_by_the_trail_only(owner: Connection, database: str) -> None:
    make_ahead(owner, TODAY)
    look(owner, "2031-11-25 00:00:00+00")
    for statement in (
        "update access_log_203111 set what = ''",
        "delete from access_log_203111",
        "truncate access_log_203111",
    ):
        with pytest.raises(errors.RestrictViolation):
            owner.execute(statement)
    role = "-c role=gongji_console"
    with psycopg.connect(database, options=role, autocommit=True) as console:
        with pytest.raises(errors.InsufficientPrivilege):
            console.execute("select * from access_log_203111")
        trail.log(console, ("staff", "a"), trail.Trace(trail.LOOK, "y"))


def test_whoever_is_in_the_way_is_not_waited_for_long(
    owner: Connection, connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(month_parts, "PATIENCE", "50ms")
    with connect() as other, other.transaction():
        look_at = "insert into access_log (at, actor_kind, actor, way, what, granted)"
        other.execute(f"{look_at} values ('2030-01-01', 'job', 'a', 'look', 'x', true)")
        with pytest.raises(errors.LockNotAvailable):
            make_ahead(owner, TODAY)
    assert len(make_ahead(owner, TODAY)) == 4
