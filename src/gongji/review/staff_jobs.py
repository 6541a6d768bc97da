"""Jobs that staff ask for, which take longer than a page may: how far they are, what came of them.

A job changes no fact and no money: it works something out, or writes a file for whoever asked. The
rooms above register their kinds. A job whose process died is taken up again, from its beginning;
nothing is done twice, for only its end is written. This module does not know what a kind does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from gongji.platform.message_seal import MessageSeal
from gongji.refusals import Refusal, RulebookError

Connection = psycopg.Connection[Any]
FILE_DAYS = 3
"""For how many days a file may be fetched."""
MOST_TRIES = 3
"""How often a job is begun before it is given up."""
STATES = {"waiting": "等候", "doing": "进行中", "done": "完成", "failed": "没有做成"}
_LOCKS = 7_303_000_000
"""Where the advisory locks of jobs begin: a job's own is held while a process works on it."""


class StaffJob(msgspec.Struct, frozen=True):
    """A job as it is kept, without its file; `done` of `total` units of its kind."""

    id: int
    kind: str
    key: str
    area: str
    staff: int
    content: dict[str, Any]
    state: str
    done: int
    total: int
    result: dict[str, Any] | None
    problem: str
    file_name: str
    made_at: datetime
    ended_at: datetime | None
    expires_at: datetime | None


class NewJob(msgspec.Struct, frozen=True):
    """A job to ask for; of a `key` there is one that did not fail, whoever asks again."""

    kind: str
    area: str
    staff: int
    content: dict[str, Any]
    key: str = ""


class Finished(msgspec.Struct, frozen=True):
    """What came of a job; `file` its name and bytes."""

    result: dict[str, Any]
    file: tuple[str, bytes] | None = None


@dataclass(frozen=True)
class JobUnderWay:
    """A job under way: the connection, the job, the instant, and whom to tell how far it is."""

    connection: Connection
    job: StaffJob
    now: datetime
    progress: Callable[[int, int], object]


JOB_KINDS: dict[str, Callable[[JobUnderWay], Finished]] = {}
"""How each kind is carried out; filled by the rooms that were imported."""
_COLUMNS = """id, kind, key, area, staff, content, state, done, total, result, problem, file_name,
  made_at, ended_at, expires_at"""
_ASK = """insert into staff_job (kind, key, area, staff, content, made_at)
values (%s, %s, %s, %s, %s, %s) on conflict do nothing returning id"""
_BY_KEY = f"""select {_COLUMNS} from staff_job where kind = %s and key = %s
order by state = 'failed', id desc limit 1"""
_BEGIN = """update staff_job set state = 'doing', done = 0, tries = tries + 1
where id = %s and state in ('waiting', 'doing') returning tries"""
_END = """update staff_job set state = %s, result = %s, problem = %s, file_name = %s, key_id = %s,
  sealed = %s, ended_at = %s, expires_at = %s where id = %s"""


def register_job(kind: str, work: Callable[[JobUnderWay], Finished]) -> None:
    """Add a kind; twice is a mistake of the program."""
    if kind in JOB_KINDS:
        raise ValueError(f"two kinds of job are called {kind}")
    JOB_KINDS[kind] = work


def ask(connection: Connection, new: NewJob, now: datetime) -> StaffJob:
    """Ask for a job, or find the one of its key."""
    row = [new.kind, new.key, new.area, new.staff, Jsonb(new.content), now]
    made = connection.execute(_ASK, row).fetchone()
    if made is not None:
        return get(connection, int(made[0]))
    found = find_keyed(connection, new.kind, new.key)
    assert found is not None, "what a key conflicts with is there"
    return found


def get(connection: Connection, number: int) -> StaffJob:
    """A job by its number.

    Refuses: job_unknown.
    """
    statement = f"select {_COLUMNS} from staff_job where id = %s"
    with connection.cursor(row_factory=class_row(StaffJob)) as cursor:
        found = cursor.execute(statement, [number]).fetchone()
    if found is None:
        raise Refusal("job_unknown", "job", {"value": str(number)})
    return found


def find_keyed(connection: Connection, kind: str, key: str) -> StaffJob | None:
    """The job of a key: one that did not fail before one that did."""
    with connection.cursor(row_factory=class_row(StaffJob)) as cursor:
        return cursor.execute(_BY_KEY, [kind, key]).fetchone()


def carry_out(connection: Connection, seal: MessageSeal, number: int, now: datetime) -> bool:
    """Carry a job out that waits, or that a process began and left; False where another is at it.

    The caller holds no transaction. What is refused ends the job; an accident leaves it as it is,
    for the next who looks, until it was begun MOST_TRIES times.
    """
    lock = [_LOCKS + number]
    held = connection.execute("select pg_try_advisory_lock(%s)", lock).fetchone()
    if held is None or not held[0]:
        return False
    try:
        begun = connection.execute(_BEGIN, [number]).fetchone()
        if begun is None:
            return False
        given_up = f"开始了 {MOST_TRIES} 次都没有做完；请告诉信息人员"
        came = _tried(connection, number, now) if begun[0] <= MOST_TRIES else (given_up, None)
        _end(connection, seal, number, came, now)
        return True
    finally:
        connection.execute("select pg_advisory_unlock(%s)", lock)


def _tried(connection: Connection, number: int, now: datetime) -> tuple[str, Finished | None]:
    """Why a job is refused, or what came of it."""

    def progress(done: int, total: int) -> None:
        connection.execute(
            "update staff_job set done = %s, total = %s where id = %s", [done, total, number]
        )

    job = get(connection, number)
    try:
        return "", JOB_KINDS[job.kind](JobUnderWay(connection, job, now, progress))
    except (Refusal, RulebookError) as refusal:
        return str(refusal), None


def _end(
    connection: Connection,
    seal: MessageSeal,
    number: int,
    came: tuple[str, Finished | None],
    now: datetime,
) -> None:
    problem, finished = came
    name, content = (finished.file if finished else None) or ("", b"")
    sealed = seal.seal(_place(number), name, content) if name else None
    result = Jsonb(finished.result) if finished else None
    ends = now + timedelta(days=FILE_DAYS) if name else None
    state = "failed" if problem else "done"
    row = [state, result, problem, name, str(seal.key_id) if name else "", sealed, now, ends]
    connection.execute(_END, [*row, number])


def _place(number: int) -> tuple[str, str]:
    return "staff_job", str(number)


def carry_out_waiting(connection: Connection, seal: MessageSeal, now: datetime) -> int:
    """Carry out every job that waits or was left; gives how many."""
    rows = connection.execute(
        "select id from staff_job where state in ('waiting', 'doing') order by id"
    ).fetchall()
    return sum(carry_out(connection, seal, int(number), now) for (number,) in rows)


def open_file(
    connection: Connection, seal: MessageSeal, job: StaffJob, staff: int, now: datetime
) -> bytes:
    """The file of a job, for whoever asked for it, while it may be fetched.

    Refuses: job_file_gone.
    """
    row = connection.execute(
        "select sealed, key_id from staff_job where id = %s and staff = %s and expires_at > %s",
        [job.id, staff, now],
    ).fetchone()
    if row is None or row[0] is None:
        raise Refusal("job_file_gone", "job", {"value": str(job.id)})
    return seal.open(_place(job.id), job.file_name, row[0], int(row[1]))


def jobs_of(connection: Connection, staff: int, most: int = 20) -> list[StaffJob]:
    """What a member of staff asked for, the newest first."""
    statement = f"select {_COLUMNS} from staff_job where staff = %s order by id desc limit %s"
    with connection.cursor(row_factory=class_row(StaffJob)) as cursor:
        return cursor.execute(statement, [staff, most]).fetchall()


def forget_job_files(connection: Connection, now: datetime) -> int:
    """Drop the files whose time to be fetched is over; gives how many."""
    return connection.execute(
        "update staff_job set sealed = null where expires_at <= %s and sealed is not null", [now]
    ).rowcount
