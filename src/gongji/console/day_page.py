"""A day of the agency: what came in, what waits, what failed, the books, the seals, the jobs."""

from datetime import datetime, time
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from gongji.console.at_work import RECORDS, Clerk, at_work, shown
from gongji.ledger.trial import trial
from gongji.review.command_kinds import KINDS
from gongji.review.desk import STATES
from gongji.units import CHINA

SEES = (*RECORDS, "technician", "administrator", "security_officer", "audit_officer")
_CAME = """select kind, count(*) filter (where made_at >= %(day)s), count(*) filter (where
  executed_at >= %(day)s) from command where area = any(%(areas)s)
  and (made_at >= %(day)s or executed_at >= %(day)s) group by kind order by kind"""
_WAITS = """select kind, state, count(*), count(*) filter (where due_on < %(today)s), min(due_on)
from command where area = any(%(areas)s) and state in ('submitted', 'returned', 'stale', 'approved',
  'running', 'stopped') group by kind, state order by 4 desc, 3 desc"""
_ENTRIES = """select kind, count(*) from entry where area = any(%(areas)s) and made_at >= %(day)s
group by kind order by kind"""
_SEALS = """select distinct on (area) area, number, last, made_at, encode(hash, 'hex') from seal
where area = any(%(areas)s) order by area, number desc"""
_JOBS = """select task_name, status::text, count(*), max(scheduled_at) from procrastinate_jobs
group by 1, 2 order by 1, 2"""


@require_safe
@at_work
def day(request: HttpRequest, clerk: Clerk) -> HttpResponse:
    """The day's page; the books are worked out when they are asked for."""
    clerk.demand(SEES, "day")
    values = {"areas": clerk.areas, "today": clerk.today, "day": _begins(clerk)}
    ask = clerk.connection.execute
    context = {
        "here": "day",
        "today": clerk.today,
        "came": [(_words(row[0]), row[1], row[2]) for row in ask(_CAME, values)],
        "waits": [(_words(row[0]), STATES[row[1]], *row[2:]) for row in ask(_WAITS, values)],
        "entries": ask(_ENTRIES, values).fetchall(),
        "seals": ask(_SEALS, values).fetchall(),
        "jobs": ask(_JOBS).fetchall(),
    }
    return shown(request, clerk, "day", context)


def _begins(clerk: Clerk) -> Any:
    """The instant at which the day began in China."""
    return datetime.combine(clerk.today, time(), CHINA)


def _words(kind: str) -> str:
    return KINDS[kind].words if kind in KINDS else kind


@require_safe
@at_work
def books(request: HttpRequest, clerk: Clerk) -> HttpResponse:
    """Whether the books of my areas agree today: a part of the day's page."""
    clerk.demand(SEES, "books")
    told = [(area, trial(clerk.connection, clerk.today, area)) for area in clerk.areas]
    return shown(request, clerk, "books", {"here": "day", "told": told})
