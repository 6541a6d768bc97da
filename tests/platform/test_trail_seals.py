"""The trail is sealed by the day: whoever rewrites it, the owner of the tables too, is told of."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors

from gongji.ledger.seal_copies import add_to_copy, verify_copy
from gongji.ledger.trail_seals import seal_trail, trail_seals, verify_trail
from gongji.platform import trail
from gongji.platform.trail import Trace
from gongji.units import CHINA

Connection = psycopg.Connection[Any]
JOBS = "-c role=gongji_jobs -c timezone=UTC"
TODAY = date(2025, 3, 4)


def look(connection: Connection, day: int, hour: int = 9) -> None:
    at = datetime(2025, 3, day, hour, tzinfo=CHINA)
    trail.log(connection, ("staff", "a"), Trace(trail.LOOK, f"person {day}", reason="问", at=at))


@pytest.fixture
def sealed(owner: Connection, database: str) -> Connection:
    """The first three days of a month, sealed by the jobs."""
    for day in (1, 1, 3, 4):
        look(owner, day)
    with psycopg.connect(database, options=JOBS, autocommit=True) as jobs:
        assert seal_trail(jobs, TODAY, date(2025, 3, 1)) == 3
        assert seal_trail(jobs, TODAY) == 0
        with pytest.raises(errors.InsufficientPrivilege):
            jobs.execute("delete from access_log")
    return owner


@contextmanager
def walls_down(owner: Connection) -> Iterator[None]:
    """As whoever owns the tables may."""
    with owner.transaction():
        owner.execute("set local session_replication_role = replica")
        yield


def told(owner: Connection) -> list[str]:
    return [one.what for one in verify_trail(owner)]


def test_days_that_are_over_are_sealed_and_right(sealed: Connection) -> None:
    found = [(one.number, one.day.day, one.rows) for one in trail_seals(sealed)]
    assert found == [(1, 1, 2), (2, 2, 0), (3, 3, 1)] and told(sealed) == []
    look(sealed, 4, 23)
    assert seal_trail(sealed, date(2025, 3, 5)) == 1 and told(sealed) == []
    assert trail_seals(sealed)[-1].rows == 2


def test_a_seal_of_the_trail_stands(sealed: Connection) -> None:
    for act in ("update trail_seal set rows = 0", "delete from trail_seal", "truncate trail_seal"):
        with pytest.raises(errors.RestrictViolation):
            sealed.execute(act)
    again = "insert into trail_seal (number, day, rows, hash) values (%s, %s, %s, sha256(''))"
    for number, day, rows in ((1, TODAY, 0), (9, "2025-03-01", 0)):
        with pytest.raises(errors.UniqueViolation):
            sealed.execute(again, [number, day, rows])
    for number, rows in ((0, 0), (9, -1)):
        with pytest.raises(errors.CheckViolation):
            sealed.execute(again, [number, TODAY, rows])


@pytest.mark.parametrize(
    "done",
    [
        "update access_log set reason = '别的' where what = 'person 1'",
        "update access_log set actor = 'b' where what = 'person 1'",
        "update access_log set granted = false where what = 'person 1'",
        "delete from access_log where what = 'person 1'",
        "insert into access_log (at, actor_kind, actor, way, what, granted)"
        " values ('2025-03-01 12:00+08', 'staff', 'c', 'look', 'x', true)",
    ],
)
def test_what_was_rewritten_is_told_by_its_day(sealed: Connection, done: str) -> None:
    with walls_down(sealed):
        sealed.execute(done)
    assert told(sealed) == ["2025-03-01"]


def test_what_was_destroyed_on_the_last_of_february_is_reckoned_too(sealed: Connection) -> None:
    with walls_down(sealed):
        sealed.execute(
            "insert into destruction_proposal (id, area, class, before, records, list_hash)"
            " overriding system value values (1, '532300', 'look', '2028-02-29', 1, sha256('x'))"
        )
        sealed.execute(
            "insert into destruction (class, command, proposal, basis, records)"
            " values ('look', 1, 1, 'x', 1)"
        )
        sealed.execute("delete from access_log where what = 'person 1'")
    assert told(sealed) == ["2025-03-01"], "three years before is the last day of February"


def test_a_forged_seal_breaks_the_chain(sealed: Connection) -> None:
    with walls_down(sealed):
        sealed.execute("update trail_seal set hash = sha256('x') where number = 1")
    assert told(sealed) == ["2025-03-01", "2025-03-02"], "the next day goes on from it"


def test_a_trail_sealed_anew_is_told_by_the_copy(sealed: Connection, tmp_path: Path) -> None:
    copy = tmp_path / "seals"
    assert add_to_copy(sealed, copy) == []
    with walls_down(sealed):
        sealed.execute("delete from access_log where what = 'person 3'")
        sealed.execute("delete from trail_seal")
    seal_trail(sealed, TODAY, date(2025, 3, 1))
    assert told(sealed) == []
    assert [one.what for one in verify_copy(sealed, copy)] == ["copied 3"]
