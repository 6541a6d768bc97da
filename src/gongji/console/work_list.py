"""The work list: what waits for the posts of whoever is at work, what is due first stands first."""

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from gongji.console.at_work import Clerk, at_work, shown
from gongji.console.item_forms import FORMS
from gongji.console.workbook import workbook
from gongji.review.command_kinds import KINDS
from gongji.review.desk import STATES
from gongji.review.worklists import PAGE, WaitingCommand, waiting_for
from gongji.units import CHINA, yuan_text

MOST = 50_000
"""Rows of a workbook at most."""
SOON = 3
"""Working days left from which a command is marked."""


def _after(request: HttpRequest) -> tuple[date, int]:
    """Where the page begins, as the link of the page before says."""
    day, _, number = request.GET.get("after", "").partition("_")
    try:
        return date.fromisoformat(day), int(number[:18])
    except ValueError:
        return date.min, 0


@require_safe
@at_work
def work(request: HttpRequest, clerk: Clerk) -> HttpResponse:
    """What waits for me, with its age and the working days that are left."""
    if request.GET.get("as") == "xlsx":
        return _taken(clerk)
    found = waiting_for(clerk.connection, clerk.actor, clerk.desk.now, _after(request))
    last = found[-1].key if len(found) == PAGE else None
    context = {
        "here": "work",
        "rows": [_row(one, clerk) for one in found],
        "listed": ",".join(str(one.command) for one in found),
        "mine": _mine(clerk),
        "drafts": [(one.kind, one.words) for one in FORMS.values()]
        if clerk.holds("handler")
        else [],
        "next": f"{last[0]}_{last[1]}" if last else "",
    }
    return shown(request, clerk, "work", context)


HEAD = (
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


def _taken(clerk: Clerk) -> HttpResponse:
    """Everything that waits, as a workbook."""
    found = waiting_for(clerk.connection, clerk.actor, clerk.desk.now, page=MOST)
    rows = [
        (
            *(one.command, KINDS[one.kind].words, one.agency, clerk.words[one.post]),
            "" if one.amount_fen is None else yuan_text(one.amount_fen),
            one.submitted_at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M"),
            *(one.age, one.due_on, one.left),
        )
        for one in found
    ]
    return workbook("work", HEAD, rows)


_MINE = """select id, kind, state, made_at from command where actor_kind = 'staff' and actor = %s
and area = any(%s) and state in ('draft', 'returned', 'stale', 'submitted')
order by id desc limit 20"""


def _mine(clerk: Clerk) -> list[dict[str, object]]:
    """What I took in and what is not over, the newest first."""
    rows = clerk.connection.execute(_MINE, [str(clerk.id), clerk.areas])
    return [
        {
            "number": row[0],
            "kind": KINDS[row[1]].words if row[1] in KINDS else row[1],
            "state": STATES[row[2]],
            "made": row[3],
        }
        for row in rows
    ]


def _row(one: WaitingCommand, clerk: Clerk) -> dict[str, object]:
    return {
        "number": one.command,
        "kind": KINDS[one.kind].words if one.kind in KINDS else one.kind,
        "agency": one.agency,
        "post": clerk.words.get(one.post, one.post),
        "fen": one.amount_fen,
        "submitted": one.submitted_at,
        "due": one.due_on,
        "age": one.age,
        "left": one.left,
        "late": one.left is not None and one.left < 0,
        "soon": one.left is not None and 0 <= one.left <= SOON,
    }
