"""The jobs as the service itself runs them: `gongji serve`, and a job put in its queue."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.platform.counter import NOW, Counter, keep, one

from counter import gateway as service
from faults import free_port

Connection = psycopg.Connection[Any]
PATIENCE_SECONDS = 120
NEXT_NIGHT = NOW + timedelta(hours=15, minutes=10)
"""Ten past one of the next day in China, when UTC has still the day of the settlements."""
DEFER = """
import sys, time
from gongji.service.settings import set_up_django
set_up_django()
from procrastinate.exceptions import AlreadyEnqueued
from gongji.service.jobs import tasks
while True:
    try:
        print(getattr(tasks, sys.argv[1]).defer(timestamp=int(sys.argv[2])))
        break
    except AlreadyEnqueued:
        # The service has put one there by the clock; it is done first.
        time.sleep(0.1)
"""


@dataclass(frozen=True)
class Jobs:
    """A service that runs jobs, and what it said."""

    database: str
    log: Path

    def run(self, name: str, at: datetime) -> str:
        """How a job for a moment ended (procrastinate's word), once the service has done it."""
        made = subprocess.run(
            [sys.executable, "-c", DEFER, name, str(int(at.timestamp()))],
            env=environment(self.database),
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
        assert made.returncode == 0, made.stderr
        number, deadline = int(made.stdout), time.monotonic() + PATIENCE_SECONDS
        with psycopg.connect(self.database, autocommit=True) as connection:
            while True:
                asked = "select status::text from procrastinate_jobs where id = %s"
                row = connection.execute(asked, [number]).fetchone()
                assert row and time.monotonic() < deadline, f"{row}: {self.log.read_text()}"
                if row[0] not in ("todo", "doing"):
                    return str(row[0])
                time.sleep(0.1)

    def said(self, event: str) -> list[dict[str, Any]]:
        """The lines of the log about an event."""
        lines = [line for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [told for told in map(json.loads, lines) if told.get("event") == event]

    def balances(self, day: str) -> list[tuple[bool, str]]:
        """What the log says of the trial balances of a day: whether they agree, and how loud."""
        told = [line for line in self.said("trial_balance") if line["day"] == day]
        return [(line["agrees"], line["level"]) for line in told]


def environment(database: str) -> dict[str, str]:
    """The variables of a process that works on a database."""
    return {**os.environ, "DATABASE_URL": database}


@contextmanager
def serving(database: str, log: Path) -> Iterator[Jobs]:
    """A service with its worker of jobs."""
    with log.open("w") as said, service(database, free_port(), 1, said, GONGJI_LOG_LEVEL="INFO"):
        yield Jobs(database, log)


@pytest.fixture
def jobs(database: str, tmp_path: Path) -> Iterator[Jobs]:
    """A service on the test's database."""
    with serving(database, tmp_path / "service.log") as made:
        yield made


def test_the_nightly_trial_balance_is_of_the_day_before_in_china(
    jobs: Jobs, counter: Counter, gateway: Connection, owner: Connection
) -> None:
    person, hospital = counter.person(1), counter.institution(1)
    made = one(gateway, counter.bill(person, hospital, "2024-12-18", 50_000)).entry
    assert made.accounting_date == date(2024, 12, 20)

    assert jobs.run("daily_trial_balance", NEXT_NIGHT) == "succeeded"
    assert jobs.balances("2024-12-20") == [(True, "info")]

    with owner.transaction():
        owner.execute("alter table posting disable trigger all")
        owner.execute("update posting set amount_fen = amount_fen + 1 where debit = 'pool'")
        owner.execute("alter table posting enable trigger all")
    assert jobs.run("daily_trial_balance", NEXT_NIGHT) == "succeeded"
    assert jobs.balances("2024-12-20") == [(True, "info"), (False, "error")]


def test_tidying_removes_what_is_too_old_and_nothing_else(jobs: Jobs, owner: Connection) -> None:
    now = datetime.now(UTC)
    ages = {"fresh": timedelta(minutes=119), "old": timedelta(hours=2, seconds=1)}
    for name, age in ages.items():
        owner.execute("insert into nonce values ('ak', %s, null, %s)", [name, now - age])
    for name, expires in {"open": timedelta(minutes=5), "over": -timedelta(seconds=1)}.items():
        owner.execute(
            "insert into file_ticket (number, institution, name, content, expires_at)"
            " values (%s, 'H1', '测试', '', %s)",
            [name, now + expires],
        )

    assert jobs.run("tidy", now) == "succeeded"
    assert owner.execute("select nonce from nonce").fetchall() == [("fresh",)]
    assert owner.execute("select number from file_ticket").fetchall() == [("open",)]
    # The clock may have made it run once more.
    told = jobs.said("tidied")
    assert (sum(line["files"] for line in told), sum(line["nonces"] for line in told)) == (1, 1)


def test_each_night_months_of_messages_are_made_ahead_and_old_ones_dropped(
    jobs: Jobs, owner: Connection
) -> None:
    ahead = {f"inbox_bytes_{month}" for month in ("202412", "202501", "202502", "202503")}
    assert jobs.run("message_months", NEXT_NIGHT) == "succeeded"
    parts = "select relname from pg_class where relname like 'inbox_bytes_2%' and relkind = 'r'"
    there = {name for (name,) in owner.execute(parts)}
    # The service made those of today when it started.
    assert ahead < there and len(there) == 8
    keep(owner, Counter(owner).key("H1", "2202", {}), None)
    part = "select count(*) from message_months.inbox_bytes_202412"
    assert owner.execute(part).fetchone() == (1,)
    assert jobs.run("message_months", NEXT_NIGHT + timedelta(days=440)) == "succeeded"
    assert owner.execute("select count(*) from inbox_bytes").fetchone() == (0,)
    assert owner.execute("select count(*) from inbox").fetchone() == (1,)
    # The service's own clock may strike meanwhile: then there is nothing to make or to drop.
    told = [one for one in jobs.said("message_months") if one["made"] or one["dropped"]]
    (first, second) = told[:2]
    assert set(first["made"]) == ahead and second["dropped"] == ["inbox_bytes_202412"]


def test_a_job_whose_worker_died_is_taken_up_again(jobs: Jobs, owner: Connection) -> None:
    stalled = """
        with worker as (
          insert into procrastinate_workers (last_heartbeat)
          values (now() - interval '1 hour') returning id)
        insert into procrastinate_jobs
          (queue_name, task_name, lock, queueing_lock, args, status, worker_id)
        select 'default', 'gongji.service.jobs.tasks.daily_trial_balance', 'stalled', 'stalled',
          jsonb_build_object('timestamp', %s::bigint), 'doing', id from worker
        returning id"""
    row = owner.execute(stalled, [int(NEXT_NIGHT.timestamp())]).fetchone()
    assert row and jobs.run("resume_stalled", datetime.now(UTC)) == "succeeded"
    deadline = time.monotonic() + PATIENCE_SECONDS
    asked = "select status::text from procrastinate_jobs where id = %s"
    while owner.execute(asked, row).fetchone() != ("succeeded",):
        assert time.monotonic() < deadline, jobs.log.read_text()
        time.sleep(0.1)
    assert {told["job"] for told in jobs.said("resumed")} == {row[0]}
    assert jobs.balances("2024-12-20") == [(True, "info")]


def test_every_job_has_its_time(database: str) -> None:
    asked = (
        "from gongji.service.settings import set_up_django; set_up_django()\n"
        "from gongji.service.jobs.tasks import app\n"
        "for each in app.periodic_registry.periodic_tasks.values():"
        " print(each.task.name.split('.')[-1], each.cron, sep=': ')"
    )
    made = subprocess.run(
        [sys.executable, "-c", asked], env=environment(database), capture_output=True, text=True
    )
    assert sorted(made.stdout.split("\n")[:-1]) == [
        "daily_trial_balance: 10 17 * * *",
        "message_months: 40 17 * * *",
        "note_advances: 15 17 * * *",
        "note_leads: */10 * * * *",
        "propose_destruction: 50 17 * * *",
        "resume_stalled: */10 * * * *",
        "seal_journal: 20 17 * * *",
        "staff_jobs: * * * * *",
        "tidy: */30 * * * *",
        "trail_months: 45 17 * * *",
    ]
