"""Jobs of staff: carried out once, taken up again after a death, files for whoever asked; filters
that are kept; rights that are taken up; what waits too long rises."""

from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any

import msgspec
import psycopg
import pytest
from python_calamine import CalamineWorkbook
from tests import databases
from tests.platform.review_world import AREA, COUNTY, OPERATOR, World

from gongji.platform.actors import Actor
from gongji.refusals import Refusal
from gongji.review import elevations, list_exports, saved_filters, staff_jobs, trail_search
from gongji.review.elevations import ElevationAsked
from gongji.review.list_exports import WorkSought
from gongji.review.saved_filters import SavedFilter, filter_of
from gongji.review.staff import NewStaff, add_staff
from gongji.review.staff_jobs import Finished, JobKind, JobUnderWay, NewJob, StaffJob
from gongji.review.trail_search import TrailSought
from gongji.review.worklists import RISES_DAYS, Sought, waiting_for

DAYS = 3
JOBS = "-c role=gongji_jobs -c timezone=UTC"


class Office(World):
    """The world with a connection of the jobs."""

    def __init__(self, owner: Any, by: Any, jobs: Any) -> None:
        super().__init__(owner, by)
        self.jobs = jobs
        self.clerk = self.post("clerk", "handler")
        self.first = self.post("first", "first_reviewer", "all")
        self.admin = self.post("admin", "administrator", "city")

    def ask(self, kind: str, content: dict[str, Any], key: str = "") -> StaffJob:
        """A job of the first member of staff."""
        return staff_jobs.ask(self.by, NewJob(kind, AREA, 1, content, key), self.now)

    def run(self, job: StaffJob) -> StaffJob:
        """A job as the jobs carry it out."""
        staff_jobs.carry_out(self.jobs, self.seal, job.id, self.now)
        return staff_jobs.get(self.by, job.id)

    def book(self, job: StaffJob) -> list[list[Any]]:
        """The rows of a job's workbook."""
        content = staff_jobs.open_file(self.by, self.seal, job, 1, self.now)
        sheet = CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_index(0)
        return list(sheet.to_python())


@pytest.fixture(scope="module")
def office(server: str) -> Iterator[Office]:
    with (
        databases.copy(server) as address,
        psycopg.connect(address, autocommit=True) as owner,
        psycopg.connect(
            address, options="-c role=gongji_console -c timezone=UTC", autocommit=True
        ) as by,
        psycopg.connect(address, options=JOBS, autocommit=True) as jobs,
    ):
        yield Office(owner, by, jobs)


def refused(code: str, act: Any, *given: Any, **named: Any) -> Refusal:
    with pytest.raises(Refusal) as found:
        act(*given, **named)
    assert found.value.code == code, found.value
    return found.value


@pytest.fixture
def kind(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A kind of job that is kept three days: what each beginning of it does.

    What can be called is, with the job under way.
    """
    begins: list[Any] = []

    def work(given: JobUnderWay) -> Finished:
        given.progress(1, 2)
        done = begins.pop(0)
        if isinstance(done, BaseException):
            raise done
        if callable(done):
            done = done(given)
        return Finished({"said": done}, ("a.xlsx", b"file"))

    forgotten: list[int] = []
    made = JobKind("试验", work, DAYS, forgotten.append)
    monkeypatch.setitem(staff_jobs.JOB_KINDS, "test", made)
    return begins


def carry_out_waiting(office: Office) -> int:
    return staff_jobs.carry_out_kind(office.jobs, office.seal, "test", office.now)


def test_a_job_whose_process_died_is_taken_up_again(office: Office, kind: list[Any]) -> None:
    job = office.ask("test", {})
    kind += [KeyboardInterrupt(), "second"]
    with pytest.raises(KeyboardInterrupt):
        office.run(job)
    left = staff_jobs.get(office.by, job.id)
    assert (left.state, left.done, left.total, left.result) == ("doing", 1, 2, None)
    assert carry_out_waiting(office) == 1
    done = staff_jobs.get(office.by, job.id)
    assert (done.state, done.result) == ("done", {"said": "second"})
    # What has ended is not done again.
    assert not staff_jobs.carry_out(office.jobs, office.seal, job.id, office.now)
    assert carry_out_waiting(office) == 0


def test_a_job_that_dies_every_time_is_given_up_and_a_refusal_ends_it(
    office: Office, kind: list[Any]
) -> None:
    job = office.ask("test", {})
    kind += [RuntimeError()] * staff_jobs.MOST_TRIES
    for _ in range(staff_jobs.MOST_TRIES):
        with pytest.raises(RuntimeError):
            office.run(job)
    assert office.run(job).state == "failed" and not kind
    kind.append(Refusal("job_unknown", "job", {"value": "7"}))
    told = office.run(office.ask("test", {}))
    assert told.state == "failed" and "第 7 号" in told.problem


def test_two_do_not_carry_out_one_job(office: Office, kind: list[Any]) -> None:
    job = office.ask("test", {})
    lock = "select pg_advisory_lock(%s)"
    office.owner.execute(lock, [staff_jobs._LOCKS + job.id])
    assert not staff_jobs.carry_out(office.jobs, office.seal, job.id, office.now)
    office.owner.execute("select pg_advisory_unlock(%s)", [staff_jobs._LOCKS + job.id])
    kind.append("now")
    assert office.run(job).state == "done"


def test_a_job_of_a_key_is_asked_for_once_until_it_failed(office: Office, kind: list[Any]) -> None:
    job = office.ask("test", {}, "k")
    assert office.ask("test", {"other": 1}, "k") == job
    kind.append(Refusal("job_unknown", "job", {"value": "7"}))
    assert office.run(job).state == "failed"
    again = office.ask("test", {}, "k")
    assert again.id != job.id
    assert staff_jobs.find_keyed(office.by, "test", "k") == again
    kind.append("done")
    office.run(again)


def test_a_file_is_for_whoever_asked_and_ends(office: Office, kind: list[Any]) -> None:
    job = office.ask("test", {})
    kind.append("x")
    done = office.run(job)
    kept = office.owner.execute("select sealed from staff_job where id = %s", [job.id]).fetchone()
    assert kept is not None and b"file" not in kept[0]
    opened = (office.by, office.seal, done)
    assert staff_jobs.open_file(*opened, 1, office.now) == b"file"
    refused("job_file_gone", staff_jobs.open_file, *opened, 2, office.now)
    late = office.now + timedelta(days=DAYS)
    for after in (late, late + timedelta(seconds=1)):
        refused("job_file_gone", staff_jobs.open_file, *opened, 1, after)
    assert staff_jobs.forget_jobs(office.jobs, late) >= 1
    assert staff_jobs.forget_jobs(office.jobs, late) == 0
    refused("job_file_gone", staff_jobs.open_file, *opened, 1, office.now)
    refused("job_unknown", staff_jobs.get, office.by, job.id)


def test_a_job_is_stopped_whether_it_waits_or_is_under_way(
    office: Office, kind: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = office.ask("test", {}, "s")
    staff_jobs.stop(office.by, waits.id, office.now)
    stopped = office.run(waits)
    assert (stopped.state, stopped.ended_at) == ("stopped", office.now)
    # Of its key another may be asked for; it looks whether to stop whenever it says how far it is.
    monkeypatch.setattr(staff_jobs, "LOOKED_SECONDS", 0)
    begun = office.ask("test", {}, "s")
    assert begun.id != waits.id

    def stops(given: JobUnderWay) -> str:
        staff_jobs.stop(office.by, begun.id, office.now)
        given.progress(1, 2)
        raise AssertionError

    kind.append(stops)
    assert office.run(begun).state == "stopped"
    assert staff_jobs.find_keyed(office.by, "test", "s") is not None
    # A process died after it was asked to stop: it is not begun again, say it how far it is or not.
    monkeypatch.setattr(staff_jobs, "_teller", lambda *given: lambda done, total: None)
    left = office.ask("test", {})
    died = "update staff_job set state = 'doing', stopping = true where id = %s"
    office.owner.execute(died, [left.id])
    kind.append("done")
    assert office.run(left).state == "stopped"
    ended = office.run(office.ask("test", {}))
    staff_jobs.stop(office.by, ended.id, office.now)
    assert staff_jobs.get(office.by, ended.id) == ended


def test_of_a_kind_one_is_carried_out_at_a_time(office: Office, kind: list[Any]) -> None:
    first, second = office.ask("test", {}), office.ask("test", {})

    def meanwhile(given: JobUnderWay) -> int:
        return staff_jobs.carry_out_kind(office.by, office.seal, "test", office.now)

    kind += [meanwhile, "second"]
    assert carry_out_waiting(office) == 2
    told = [staff_jobs.get(office.by, one.id).result for one in (first, second)]
    assert told == [{"said": 0}, {"said": "second"}]


def test_the_worker_is_told_of_kinds_of_which_something_is_open(
    office: Office, kind: list[Any]
) -> None:
    def queued() -> list[Any]:
        return office.owner.execute(
            "delete from procrastinate_jobs where task_name like '%staff_jobs_of'"
            " returning args->>'kind', queueing_lock"
        ).fetchall()

    queued()
    staff_jobs.hand_over(office.by, "test")
    assert queued() == []
    job = office.ask("test", {})
    for _ in range(2):
        staff_jobs.hand_over(office.by, "test")
    assert queued() == [("test", "staff_jobs test")]
    assert staff_jobs.hand_over_all(office.jobs) == 1
    assert queued() == [("test", "staff_jobs test")]
    staff_jobs.stop(office.by, job.id, office.now)


def test_what_came_of_a_job_is_kept_under_a_name_or_forgotten(
    office: Office, kind: list[Any]
) -> None:
    kind += ["kept", "left"]
    kept, left = (office.run(office.ask("test", {})) for _ in range(2))
    refused("value_invalid", staff_jobs.keep, office.by, kept.id, " ", 1, office.now)
    staff_jobs.keep(office.by, kept.id, " 提高 ", 2, office.now)
    found = staff_jobs.get(office.by, kept.id)
    assert (found.kept_name, found.kept_at, found.expires_at) == ("提高", office.now, None)
    assert (found.words, found.kind_words) == ("完成", "试验")
    opened = staff_jobs.open_file(office.by, office.seal, found, 1, office.now)
    assert opened == b"file"
    assert found.keeper and found.asker and found.keeper != found.asker
    waits = office.ask("test", {})
    refused("value_invalid", staff_jobs.keep, office.by, waits.id, "名", 1, office.now)
    own = staff_jobs.kept_or_own(office.by, "test", [AREA], 2)
    assert found in own and left.id not in {one.id for one in own}
    assert {kept.id, left.id} <= {
        one.id for one in staff_jobs.kept_or_own(office.by, "test", [AREA], 1)
    }
    assert staff_jobs.kept_or_own(office.by, "test", ["000000"], 1) == []
    listed = {one.id for one in staff_jobs.jobs_since(office.by, [AREA], office.now)}
    assert {kept.id, left.id, waits.id} <= listed
    later = office.now + timedelta(days=DAYS)
    assert {one.id for one in staff_jobs.jobs_since(office.by, [AREA], later)} == {waits.id}
    staff_jobs.forget_jobs(office.jobs, later - timedelta(seconds=1))
    staff_jobs.get(office.by, left.id)
    staff_jobs.forget_jobs(office.jobs, later)
    refused("job_unknown", staff_jobs.get, office.by, left.id)
    assert staff_jobs.get(office.by, kept.id) == found
    forget: Any = staff_jobs.JOB_KINDS["test"].forget
    assert left.id in forget.__self__ and kept.id not in forget.__self__
    staff_jobs.stop(office.by, waits.id, office.now)


def test_lists_are_written_by_jobs(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_exports, "LOT", 2)
    numbers = [office.submitted(office.clerk) for _ in range(3)]
    given = WorkSought("first", "first_reviewer", AREA, Sought())
    done = office.run(office.ask(list_exports.WORK, msgspec.to_builtins(given)))
    waiting = waiting_for(office.by, office.first, office.now)
    assert (done.state, done.done) == ("done", len(waiting)), done.problem
    head, *rows = office.book(done)
    assert head == list(list_exports.WORK_HEAD)
    assert [row[0] for row in rows] == [str(one.command) for one in waiting]
    assert set(numbers) <= {one.command for one in waiting}
    today = office.desk().today
    sought = TrailSought(today - timedelta(days=1), today, (AREA,), "first")
    done = office.run(office.ask(list_exports.TRAIL, msgspec.to_builtins(sought)))
    told = trail_search.count(office.owner, sought)
    head, *rows = office.book(done)
    assert head == list(trail_search.HEAD) and len(rows) == told == done.total > 0
    monkeypatch.setattr(list_exports, "SHEET_ROWS", 2)
    sheets = CalamineWorkbook.from_filelike(
        BytesIO(list_exports.book(("a",), [("1",), ("2",), ("3",)]))
    )
    assert [len(sheets.get_sheet_by_name(n).to_python()) for n in sheets.sheet_names] == [3, 2]


def test_a_list_is_filtered_and_what_has_no_limit_rises(office: Office) -> None:
    for _ in range(2):
        office.submitted(office.clerk)
    found = waiting_for(office.by, office.first, office.now)
    assert found and {one.kind for one in found} == {"family_bond"}
    none = waiting_for(office.by, office.first, office.now, sought=Sought(kind="chronic_filing"))
    assert none == []
    here = waiting_for(office.by, office.first, office.now, sought=Sought(agency=COUNTY))
    assert here == found
    old, limited = found[-1].command, found[0].command
    today = office.desk().today
    change = "update command set submitted_at = %s, due_on = %s where id = %s"
    office.owner.execute(
        change, [office.now - timedelta(days=RISES_DAYS), today + timedelta(days=1), limited]
    )
    office.owner.execute(change, [office.now - timedelta(days=RISES_DAYS + 5), None, old])
    order = [one.command for one in waiting_for(office.by, office.first, office.now)]
    assert order[:2] == [old, limited]
    first = waiting_for(office.by, office.first, office.now, page=1)
    rest = waiting_for(office.by, office.first, office.now, first[0].key)
    assert [one.command for one in (*first, *rest)] == order


def test_a_filter_is_kept_by_its_name(office: Office) -> None:
    typed = {"kind": "family_bond", "agency": " ", "after": "x", "as": "xlsx"}
    made = filter_of("work", " 本县共济 ", typed)
    assert made == SavedFilter("work", "本县共济", {"kind": "family_bond"})
    saved_filters.keep(office.by, 1, made)
    saved_filters.keep(office.by, 1, msgspec.structs.replace(made, query={"agency": COUNTY}))
    assert [one.query for one in saved_filters.kept(office.by, 1, "work")] == [{"agency": COUNTY}]
    assert saved_filters.kept(office.by, 2, "work") == []
    assert saved_filters.kept(office.by, 1, "trail") == []
    for number in range(saved_filters.MOST - 1):
        saved_filters.keep(office.by, 1, SavedFilter("work", f"{number}", {}))
    refused("value_invalid", saved_filters.keep, office.by, 1, SavedFilter("work", "多", {}))
    saved_filters.keep(office.by, 1, made)
    saved_filters.drop(office.by, 1, "work", made.name)
    assert made.name not in {one.name for one in saved_filters.kept(office.by, 1, "work")}
    refused("value_invalid", filter_of, "elsewhere", "a", {})
    refused("value_invalid", filter_of, "work", " ", {})


def test_rights_are_taken_up_for_a_reason_and_a_time(office: Office) -> None:
    staff = 3
    by: dict[str, Any] = {"actor": office.admin, "now": office.now}
    link = NewStaff("fresh", "新人")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        add_staff(office.by, link, **by)
    refused("not_elevated", elevations.demand, office.by, staff, office.now)
    refused("reason_short", elevations.take_up, office.by, ElevationAsked(" 换 ", 15), **by)
    refused("value_invalid", elevations.take_up, office.by, ElevationAsked("新人报到", 600), **by)
    made = elevations.take_up(office.by, ElevationAsked("新人报到", 15), **by)
    assert elevations.demand(office.by, staff, office.now) == made
    assert add_staff(office.by, link, **by).token
    # Nobody else has them by that, and they end by themselves.
    other: dict[str, Any] = {"actor": Actor.staff("clerk", "handler", AREA), "now": office.now}
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        add_staff(office.by, NewStaff("more", "又一人"), **other)
    later = office.now + timedelta(minutes=15)
    assert elevations.held(office.by, staff, later) is None
    elevations.lay_down(office.by, made, **by)
    assert elevations.held(office.by, staff, office.now) is None
    refused("actor_refused", elevations.lay_down, office.by, made, actor=OPERATOR, now=office.now)
    with pytest.raises(psycopg.errors.RestrictViolation):
        office.owner.execute("update elevation set until = until + interval '1 minute'")
    told = office.owner.execute(
        "select what, reason from access_log where what like 'elevate%' order by id"
    ).fetchall()
    assert told == [
        (f"elevate {made.id}", "新人报到"),
        (f"elevate-end {made.id}", "新人报到"),
    ]


JOB = "insert into staff_job (kind, staff, content, made_at, {}) values ('t', 1, '{{}}', now(), {})"
RIGHT = "insert into elevation (staff, reason, since, until) values (1, {}, now(), now() + {})"


@pytest.mark.parametrize(
    ("wall", "statement"),
    [
        ("staff_job_ended", JOB.format("state", "'done'")),
        ("staff_job_ended", JOB.format("ended_at", "now()")),
        ("staff_job_failed", JOB.format("problem", "'x'")),
        ("staff_job_failed", JOB.format("state, ended_at", "'failed', now()")),
        ("staff_job_ended", JOB.format("state", "'stopped'")),
        ("staff_job_kept", JOB.format("kept_name", "'x'")),
        ("staff_job_kept", JOB.format("kept_name, kept_by, kept_at", "'x', 1, now()")),
        ("staff_job_file", JOB.format("sealed, expires_at", "'x', now()")),
        ("staff_job_file", JOB.format("sealed, file_name", "'x', 'a'")),
        ("elevation_reason", RIGHT.format("' 换手 '", "interval '1 hour'")),
        ("elevation_short", RIGHT.format("'新人报到'", "interval '61 minutes'")),
        ("elevation_short", RIGHT.format("'新人报到'", "interval '0'")),
    ],
)
def test_a_wall_of_jobs_and_rights_stands(office: Office, wall: str, statement: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation) as found, office.owner.transaction():
        office.owner.execute(statement)
    assert found.value.diag.constraint_name == wall
    with pytest.raises(psycopg.errors.RestrictViolation):
        office.owner.execute("truncate elevation")
