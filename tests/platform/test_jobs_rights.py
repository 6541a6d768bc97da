"""Every nightly job may do what it does: by the login of the jobs, which owns nothing."""

import inspect
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg.conninfo import make_conninfo
from tests.platform import gateways
from tests.platform.counter import Counter, one

from gongji.platform import trail

JOBS = "-c role=gongji_jobs -c timezone=UTC"
NIGHT = datetime(2031, 11, 20, 17, 0, tzinfo=UTC)
"""Late enough that there are months to be made and dropped."""
NAMES = (
    *("daily_trial_balance", "note_leads", "note_advances", "seal_journal", "message_months"),
    *("trail_months", "propose_destruction", "staff_jobs", "tidy"),
)


def test_every_job_of_the_night_is_tried_here(server: str) -> None:
    from gongji.service.jobs import tasks

    made = {one.func.__name__ for one in tasks.app.tasks.values() if "gongji" in one.name}
    asked = {name for name in made if not inspect.iscoroutinefunction(getattr(tasks, name).func)}
    # What staff asked for is carried out for a kind (test_staff_jobs).
    assert asked == {*NAMES, "staff_jobs_of"}


@pytest.mark.parametrize("name", NAMES)
def test_a_job_may_do_what_it_does(
    county: Counter,
    database: str,
    gateway: Any,
    owner: Any,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    from gongji.service.jobs import tasks

    bill = county.bill(county.psn_no(1), gateways.HOSPITAL, "2024-12-02", 20_000)
    assert one(gateway, bill).refusal is None
    flag = trail.Trace(trail.FLAG, "people", reason="读证", at=NIGHT - timedelta(days=1))
    trail.log(owner, ("institution", gateways.HOSPITAL), flag)

    monkeypatch.setattr(tasks, "owner_dsn", lambda: make_conninfo(database, options=JOBS))
    getattr(tasks, name).func(int(NIGHT.timestamp()))
