"""Lists as workbooks: at once where they are short, as a job with progress where they are long."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
import psycopg

from gongji.platform.actors import Actor
from gongji.review import trail_search
from gongji.review.command_kinds import KINDS
from gongji.review.staff import post_words
from gongji.review.staff_jobs import Finished, JobKind, JobUnderWay, register_job
from gongji.review.trail_search import TrailSought
from gongji.review.worklists import Sought, WaitingCommand, waiting_for
from gongji.tabular.text_workbooks import text_workbook
from gongji.units import CHINA, yuan_text

Connection = psycopg.Connection[Any]
Row = Sequence[object]
MOST = 50_000
"""Rows of a workbook that somebody waits for; what is longer is a job."""
LOT = 5_000
SHEET_ROWS = 1_000_000
"""Rows of a sheet at most: Excel reads 1,048,576."""
TRAIL, WORK = "trail_export", "work_export"
FILE_DAYS = 3
"""For how many days the file of a list may be fetched."""
WORK_HEAD = (
    "编号",
    "事项",
    "受理机构",
    "这一步",
    "金额（元）",
    "提交",
    "已用工作日",
    "到期",
    "剩余工作日",
)


class WorkSought(msgspec.Struct, frozen=True):
    """Whose work list is written, and which part of it."""

    subject: str
    post: str
    area: str
    sought: Sought


def book(head: Sequence[str], rows: Iterable[Row]) -> bytes:
    """Rows under their head, in as many sheets as they need."""
    return text_workbook(_sheets(head, iter(rows)))


def _sheets(
    head: Sequence[str], rows: Iterator[Row]
) -> Iterator[tuple[str | None, Sequence[str], Iterable[Row]]]:
    first = next(rows, None)
    while True:
        yield None, head, () if first is None else _some(first, rows)
        first = next(rows, None)
        if first is None:
            return


def _some(first: Row, rows: Iterator[Row]) -> Iterator[Row]:
    yield first
    for number, row in enumerate(rows, 2):
        yield row
        if number == SHEET_ROWS:
            return


def waiting_rows(found: Iterable[WaitingCommand], posts: dict[str, str]) -> Iterator[Row]:
    """What waits, by the columns of WORK_HEAD."""
    for one in found:
        kind = KINDS[one.kind].words if one.kind in KINDS else one.kind
        amount = "" if one.amount_fen is None else yuan_text(one.amount_fen)
        when = one.submitted_at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
        post = posts.get(one.post, one.post)
        yield one.command, kind, one.agency, post, amount, when, one.age, one.due_on, one.left


def _everything_waiting(
    connection: Connection, given: WorkSought, now: datetime
) -> Iterator[list[WaitingCommand]]:
    actor = Actor.staff(given.subject, given.post, given.area)
    after = (date.min, 0)
    while found := waiting_for(connection, actor, now, after, LOT, given.sought):
        yield found
        after = found[-1].key


def _counted(
    lots: Iterable[Sequence[Any]], total: int, progress: Callable[[int, int], object]
) -> Iterator[Any]:
    """The rows of some lots; how many there were is told after each."""
    done = 0
    for lot in lots:
        yield from lot
        done += len(lot)
        progress(done, max(total, done))


def _export_trail(work: JobUnderWay) -> Finished:
    sought = msgspec.convert(work.job.content, TrailSought)
    lots = trail_search.every(work.connection, sought, LOT)
    total = trail_search.count(work.connection, sought)
    rows = (row.told for row in _counted(lots, total, work.progress))
    return Finished({}, ("trail.xlsx", book(trail_search.HEAD, rows)))


def _export_work(work: JobUnderWay) -> Finished:
    given = msgspec.convert(work.job.content, WorkSought)
    lots = _everything_waiting(work.connection, given, work.now)
    posts = post_words(work.connection)
    rows = waiting_rows(_counted(lots, 0, work.progress), posts)
    return Finished({}, ("work.xlsx", book(WORK_HEAD, rows)))


register_job(TRAIL, JobKind("留痕", _export_trail, FILE_DAYS))
register_job(WORK, JobKind("待办", _export_work, FILE_DAYS))
