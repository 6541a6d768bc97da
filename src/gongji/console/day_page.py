"""A day of the agency: what came in, what waits, what failed, the books, the seals, the jobs."""

import uuid
from datetime import datetime, time, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from gongji.console.at_work import RECORDS, Clerk, at_work, shown
from gongji.ledger.statement import EVENTS
from gongji.ledger.trial import trial
from gongji.platform.retention import waiting_proposals
from gongji.review.command_kinds import KINDS, get_kind
from gongji.review.desk import STATES
from gongji.review.staff_jobs import jobs_since
from gongji.supervision.crowd_leads import crowd_leads
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
LEAD_DAYS = timedelta(days=30)
"""How long an institution that was flagged is shown."""
OTHER_KINDS = {"publish_law": "发布规则"}
"""What commands are called that are no items."""
JOBS = {
    "daily_trial_balance": "每日试算平衡",
    "note_leads": "列出监管线索",
    "note_advances": "登记先行支付的债权",
    "seal_journal": "封存分录",
    "message_months": "报文按月存放，到期销毁",
    "trail_months": "留痕按月存放",
    "propose_destruction": "列出保管期满的记录",
    "staff_jobs": "查看人员要求的作业",
    "staff_jobs_of": "做人员要求的作业",
    "tidy": "清理过期内容",
    "resume_stalled": "接续中断的作业",
}
"""What the jobs of the service are called."""
STATUSES = {
    "todo": "排队",
    "doing": "进行中",
    "succeeded": "完成",
    "failed": "失败",
    "cancelled": "已取消",
    "aborting": "正在中止",
    "aborted": "已中止",
}
_JOBS = """select task_name, status::text, count(*), max(scheduled_at) from procrastinate_jobs
group by 1, 2 order by 1, 2"""


@require_safe
@at_work
def day(request: HttpRequest, clerk: Clerk) -> HttpResponse:
    """The day's page; the books are worked out when they are asked for."""
    clerk.demand(SEES, "day")
    areas = clerk.areas_of(*SEES)
    values = {"areas": areas, "today": clerk.today, "day": _begins(clerk)}
    ask = clerk.connection.execute
    context = {
        "here": "day",
        "today": clerk.today,
        "came": [(_words(row[0]), row[1], row[2]) for row in ask(_CAME, values)],
        "waits": [(_words(row[0]), STATES[row[1]], *row[2:]) for row in ask(_WAITS, values)],
        "entries": [(EVENTS.get(kind, kind), count) for kind, count in ask(_ENTRIES, values)],
        "seals": ask(_SEALS, values).fetchall(),
        "leads": crowd_leads(clerk.connection, areas, _begins(clerk) - LEAD_DAYS),
        "over": waiting_proposals(clerk.connection, areas),
        "may_destroy": any(clerk.holds(post) for post in get_kind("destroy_records").makers),
        "msg_id": uuid.uuid4().hex,
        "jobs": [_job(*row) for row in ask(_JOBS)],
        "asked": jobs_since(clerk.connection, clerk.areas, _begins(clerk)),
    }
    return shown(request, clerk, "day", context)


def _begins(clerk: Clerk) -> Any:
    """The instant at which the day began in China."""
    return datetime.combine(clerk.today, time(), CHINA)


def _words(kind: str) -> str:
    return KINDS[kind].words if kind in KINDS else OTHER_KINDS.get(kind, kind)


def _job(name: str, status: str, count: int, at: datetime | None) -> tuple[Any, ...]:
    """A line of the jobs: its words, whether it failed."""
    words = JOBS.get(name.rpartition(".")[2], name)
    return words, STATUSES.get(status, status), count, at, status == "failed"


@require_safe
@at_work
def books(request: HttpRequest, clerk: Clerk) -> HttpResponse:
    """Whether the books of my areas agree today: a part of the day's page."""
    clerk.demand(SEES, "books")
    areas = clerk.areas_of(*SEES)
    told = [(area, trial(clerk.connection, clerk.today, area)) for area in areas]
    return shown(request, clerk, "books", {"here": "day", "told": told})
