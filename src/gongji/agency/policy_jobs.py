"""What a reform of the rules would cost, as a job that somebody of the agency asked for.

Its row says who asked, how far it is and what came out; its report is a folder beside the database,
by the job's number. The base is the law that is in force in the database.
"""

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from gongji.platform.installation import installed_law, policy_runs_folder, populations_folder
from gongji.review import staff_jobs
from gongji.review.staff_jobs import (
    Finished,
    JobKind,
    JobUnderWay,
    NewJob,
    StaffJob,
    register_job,
)
from gongji.simulation.policy_runs import (
    Asked,
    PolicyRoom,
    ReformAsked,
    RunEnd,
    RunFolder,
    aside,
    perform,
)

Connection = psycopg.Connection[Any]
KIND = "policy_run"
DAYS_UNKEPT = 30
"""So many days a run is there that nobody kept."""


@dataclass(frozen=True)
class PolicyRun:
    """A run by its job: what was asked, what came out and where it is."""

    job: StaffJob
    asked: Asked

    @property
    def end(self) -> RunEnd | None:
        """What came out, once it is done."""
        return None if self.job.result is None else msgspec.convert(self.job.result, RunEnd)

    @property
    def folder(self) -> RunFolder:
        """What it wrote."""
        return RunFolder(_place(self.job.id))

    @property
    def reform(self) -> ReformAsked | None:
        """What is simulated, if it is no population that is made up."""
        return self.asked if isinstance(self.asked, ReformAsked) else None

    @property
    def title(self) -> str:
        """What it is called."""
        if self.job.kept_name:
            return self.job.kept_name
        if isinstance(self.asked, ReformAsked):
            return self.asked.reform.name or "现行规则，不改"
        return f"虚构人群 {self.asked.population}"


def policy_run(job: StaffJob) -> PolicyRun:
    """A run of its job."""
    return PolicyRun(job, msgspec.convert(job.content, Asked))


def ask_run(connection: Connection, asked: Asked, staff: int, now: datetime) -> StaffJob:
    """Ask for a run, which the jobs' worker takes up at once."""
    new = NewJob(KIND, asked.area, staff, msgspec.to_builtins(asked))
    job = staff_jobs.ask(connection, new, now)
    staff_jobs.hand_over(connection, KIND)
    return job


def policy_room(connection: Connection) -> PolicyRoom:
    """Where populations are, and the laws in force."""
    return PolicyRoom(populations_folder(), installed_law().in_force(connection, held=False))


def _place(number: int) -> Path:
    return policy_runs_folder() / str(number)


def _perform(work: JobUnderWay) -> Finished:
    asked = policy_run(work.job).asked
    room = policy_room(work.connection)
    end = perform(asked, room, _place(work.job.id), work.progress)
    return Finished(msgspec.to_builtins(end))


def _forget(number: int) -> None:
    for left in (_place(number), aside(populations_folder(), str(number))):
        shutil.rmtree(left, ignore_errors=True)


register_job(KIND, JobKind("测算", _perform, DAYS_UNKEPT, _forget))
