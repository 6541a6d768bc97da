"""Jobs that staff ask for, which take longer than a page may: how far they are, what came of them.

A job changes no fact and no money: it works something out, or writes a file for whoever asked. The
rooms above register their kinds. A job whose process died is taken up again, from its beginning;
nothing is done twice, for only its end is written. Of a kind one is carried out at a time, so that
a long one holds up no other kind. This module does not know what a kind does.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, LiteralString
from zlib import crc32

import msgspec
import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from gongji.platform.message_seal import MessageSeal
from gongji.refusals import Refusal, RulebookError

Connection = psycopg.Connection[Any]
MOST_TRIES = 3
"""How often a job is begun before it is given up."""
LOOKED_SECONDS = 0.2
"""How often a job says how far it is, and looks whether it is to stop."""
LISTED = 50
"""How many jobs a list shows."""
STATES = {
    "waiting": "等候",
    "doing": "进行中",
    "done": "完成",
    "failed": "没有做成",
    "stopped": "已停止",
}
OPEN = ("waiting", "doing")
_LOCKS, _KIND_LOCKS = 7_303_000_000, 7_310_000_000
"""Where the advisory locks of jobs and of their kinds begin: whoever works holds both."""


class StaffJob(msgspec.Struct, frozen=True):
    """A job as it is kept, without its file; `done` of `total` units of its kind.

    Shape:   `asker` the name of who asked; `kept_name` under which what came of it is kept beyond
             `expires_at`, by `keeper`, empty where it is not.
    """

    id: int
    kind: str
    key: str
    area: str
    staff: int
    asker: str
    content: dict[str, Any]
    state: str
    stopping: bool
    done: int
    total: int
    result: dict[str, Any] | None
    problem: str
    file_name: str
    made_at: datetime
    ended_at: datetime | None
    expires_at: datetime | None
    kept_name: str
    keeper: str
    kept_at: datetime | None

    @property
    def words(self) -> str:
        """What its state is called."""
        return STATES[self.state]

    @property
    def kind_words(self) -> str:
        """What its kind is called."""
        return JOB_KINDS[self.kind].words if self.kind in JOB_KINDS else self.kind

    @property
    def open(self) -> bool:
        """Whether it waits or is being carried out."""
        return self.state in OPEN


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


def _nothing(number: int) -> None:
    """Most kinds keep nothing outside their row."""


class JobKind(msgspec.Struct, frozen=True):
    """A kind of job: its words, how it is carried out, for how long it is kept.

    Shape:   `days` after its end a job is forgotten, if it is not kept under a name; without them
             it stays. `forget` removes what a job keeps outside its row, by its number.
    """

    words: str
    work: Callable[[JobUnderWay], Finished]
    days: int | None = None
    forget: Callable[[int], None] = _nothing


class StopAsked(Exception):
    """Somebody asked the job to stop."""


JOB_KINDS: dict[str, JobKind] = {}
"""The kinds; filled by the rooms that were imported."""
_COLUMNS = """id, kind, key, area, staff,
  (select name from staff s where s.id = staff_job.staff) as asker, content, state, stopping, done,
  total, result, problem, file_name, made_at, ended_at, expires_at, kept_name,
  coalesce((select name from staff s where s.id = staff_job.kept_by), '') as keeper, kept_at"""
_ASK = """insert into staff_job (kind, key, area, staff, content, made_at)
values (%s, %s, %s, %s, %s, %s) on conflict do nothing returning id"""
_BY_KEY = f"""select {_COLUMNS} from staff_job where kind = %s and key = %s
order by state in ('failed', 'stopped'), id desc limit 1"""
_BEGIN = """update staff_job set state = 'doing', done = 0, tries = tries + 1
where id = %s and state in ('waiting', 'doing') returning tries"""
_FAR = "update staff_job set done = %s, total = %s where id = %s returning stopping"
_STOP = """update staff_job set stopping = true, state = case state when 'waiting' then 'stopped'
  else state end, ended_at = case state when 'waiting' then %s::timestamptz end,
  expires_at = case state when 'waiting' then %s::timestamptz end
where id = %s and state in ('waiting', 'doing')"""
_KEEP = """update staff_job set kept_name = %s, kept_by = %s, kept_at = %s, expires_at = null
where id = %s and state = 'done'"""
_END = """update staff_job set state = %s, result = %s, problem = %s, file_name = %s, key_id = %s,
  sealed = %s, ended_at = %s, expires_at = %s where id = %s"""


def register_job(kind: str, how: JobKind) -> None:
    """Add a kind; twice is a mistake of the program."""
    if kind in JOB_KINDS:
        raise ValueError(f"two kinds of job are called {kind}")
    JOB_KINDS[kind] = how


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
    """The job of a key: one that failed or was stopped after all others."""
    with connection.cursor(row_factory=class_row(StaffJob)) as cursor:
        return cursor.execute(_BY_KEY, [kind, key]).fetchone()


def hand_over(connection: Connection, kind: str) -> None:
    """Have the jobs' worker look at what is open of a kind; it looks each minute anyhow."""
    connection.execute("select queue_staff_jobs(%s)", [kind])


def hand_over_all(connection: Connection) -> int:
    """Have the jobs' worker look at every kind of which something is open; gives how many."""
    return connection.execute(
        "select queue_staff_jobs(kind) from (select distinct kind from staff_job"
        " where state in ('waiting', 'doing')) k"
    ).rowcount


def stop(connection: Connection, number: int, now: datetime) -> None:
    """Ask a job to stop: one that waits is not begun; what has ended is left as it is."""
    job = get(connection, number)
    connection.execute(_STOP, [now, _expires(job.kind, now), number])


def keep(connection: Connection, number: int, name: str, staff: int, now: datetime) -> None:
    """Keep what came of a job under a name for good; the name it had before is gone.

    Refuses: value_invalid for a job that is not done or no name.
    """
    given = name.strip()
    kept = connection.execute(_KEEP, [given, staff, now, number]).rowcount if given else 0
    if not kept:
        values = {"value": name or "（空）", "allowed": "做完的作业，和一个名称"}
        raise Refusal("value_invalid", "名称", values)


def _expires(kind: str, now: datetime) -> datetime | None:
    """When a job of a kind that ends now is forgotten."""
    days = JOB_KINDS[kind].days
    return None if days is None else now + timedelta(days=days)


@contextmanager
def _alone(connection: Connection, lock: int) -> Iterator[bool]:
    """Whether an advisory lock is held while the block runs; not where another holds it."""
    held = connection.execute("select pg_try_advisory_lock(%s)", [lock]).fetchone()
    alone = held is not None and bool(held[0])
    try:
        yield alone
    finally:
        if alone:
            connection.execute("select pg_advisory_unlock(%s)", [lock])


def carry_out_kind(connection: Connection, seal: MessageSeal, kind: str, now: datetime) -> int:
    """Carry out what waits or was left of a kind, one after another; gives how many.

    Ensures: nothing where another process is at this kind.
    """
    done, last = 0, 0
    following = """select id from staff_job where kind = %s and id > %s
      and state in ('waiting', 'doing') order by id limit 1"""
    with _alone(connection, _KIND_LOCKS + crc32(kind.encode())) as alone:
        while alone and (row := connection.execute(following, [kind, last]).fetchone()):
            last = int(row[0])
            done += carry_out(connection, seal, last, now)
    return done


def carry_out(connection: Connection, seal: MessageSeal, number: int, now: datetime) -> bool:
    """Carry a job out that waits, or that a process began and left; False where another is at it.

    The caller holds no transaction. What is refused ends the job; an accident leaves it as it is,
    for the next who looks, until it was begun MOST_TRIES times.
    """
    with _alone(connection, _LOCKS + number) as alone:
        begun = connection.execute(_BEGIN, [number]).fetchone() if alone else None
        if begun is None:
            return False
        job = get(connection, number)
        given_up = f"开始了 {MOST_TRIES} 次都没有做完；请告诉信息人员"
        often = begun[0] > MOST_TRIES
        came = ("failed", given_up, None) if often else _tried(connection, job, now)
        _end(connection, seal, job, came, now)
        return True


_Came = tuple[str, str, Finished | None]
"""The state in which a job ends, why it failed, what came of it."""


def _tried(connection: Connection, job: StaffJob, now: datetime) -> _Came:
    told = _teller(connection, job.id)
    try:
        if job.stopping:
            raise StopAsked
        work = JOB_KINDS[job.kind].work
        return "done", "", work(JobUnderWay(connection, job, now, told))
    except (Refusal, RulebookError) as refusal:
        return "failed", str(refusal), None
    except StopAsked:
        return "stopped", "", None


def _teller(connection: Connection, number: int) -> Callable[[int, int], None]:
    """What hears how far a job is, says so in its row, and stops it where that was asked."""
    looked = 0.0

    def told(done: int, total: int) -> None:
        nonlocal looked
        if done < total and monotonic() - looked < LOOKED_SECONDS:
            return
        looked = monotonic()
        row = connection.execute(_FAR, [done, total, number]).fetchone()
        if row is not None and row[0]:
            raise StopAsked

    return told


def _end(
    connection: Connection, seal: MessageSeal, job: StaffJob, came: _Came, now: datetime
) -> None:
    state, problem, finished = came
    name, content = (finished.file if finished else None) or ("", b"")
    sealed = seal.seal(_place(job.id), name, content) if name else None
    result = Jsonb(finished.result) if finished else None
    expires = _expires(job.kind, now)
    row = [state, result, problem, name, str(seal.key_id) if name else "", sealed, now, expires]
    connection.execute(_END, [*row, job.id])


def _place(number: int) -> tuple[str, str]:
    return "staff_job", str(number)


def open_file(
    connection: Connection, seal: MessageSeal, job: StaffJob, staff: int, now: datetime
) -> bytes:
    """The file of a job, for whoever asked for it, while it may be fetched.

    Refuses: job_file_gone.
    """
    row = connection.execute(
        "select sealed, key_id from staff_job where id = %s and staff = %s"
        " and (kept_at is not null or expires_at > %s)",
        [job.id, staff, now],
    ).fetchone()
    if row is None or row[0] is None:
        raise Refusal("job_file_gone", "job", {"value": str(job.id)})
    return seal.open(_place(job.id), job.file_name, row[0], int(row[1]))


def jobs_of(connection: Connection, staff: int) -> list[StaffJob]:
    """What a member of staff asked for, the newest first."""
    return _listed(connection, "staff = %s", [staff])


def jobs_since(connection: Connection, areas: list[str], since: datetime) -> list[StaffJob]:
    """What is open, or ended since an instant, in some areas, the newest first."""
    which = "area = any(%s) and (state in ('waiting', 'doing') or ended_at >= %s)"
    return _listed(connection, which, [areas, since])


def kept_or_own(connection: Connection, kind: str, areas: list[str], staff: int) -> list[StaffJob]:
    """The jobs of a kind in some areas that are kept or somebody's own, the newest first."""
    which = "kind = %s and area = any(%s) and (kept_at is not null or staff = %s)"
    return _listed(connection, which, [kind, areas, staff])


def _listed(connection: Connection, which: LiteralString, values: list[Any]) -> list[StaffJob]:
    statement = f"select {_COLUMNS} from staff_job where {which} order by id desc limit {LISTED}"
    with connection.cursor(row_factory=class_row(StaffJob)) as cursor:
        return cursor.execute(statement, values).fetchall()


def forget_jobs(connection: Connection, now: datetime) -> int:
    """Forget the jobs whose time is over, with all that they kept; gives how many."""
    over = connection.execute("select id, kind from staff_job where expires_at <= %s", [now])
    gone = [(number, JOB_KINDS[kind].forget) for number, kind in over]
    for number, forget in gone:
        forget(number)
        connection.execute("delete from staff_job where id = %s", [number])
    return len(gone)
