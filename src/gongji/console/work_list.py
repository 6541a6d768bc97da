"""The work list: what waits for the posts of whoever is at work, what is due first stands first."""

from datetime import date
from urllib.parse import urlencode

import msgspec
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from gongji.console.at_work import Clerk, at_work, shown
from gongji.console.filter_pages import filters_shown
from gongji.console.item_forms import FORMS
from gongji.console.my_jobs import export_asked
from gongji.console.workbook import workbook
from gongji.review.command_kinds import KINDS
from gongji.review.desk import STATES
from gongji.review.list_exports import MOST, WORK, WORK_HEAD, WorkSought, waiting_rows
from gongji.review.staff import agencies
from gongji.review.worklists import PAGE, Sought, WaitingCommand, waiting_for

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
    sought = _sought(request)
    if request.GET.get("as") == "xlsx":
        return _taken(clerk, sought)
    now, after = clerk.desk.now, _after(request)
    found = waiting_for(clerk.connection, clerk.actor, now, after, sought=sought)
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
        "sought": sought,
        "query": urlencode({"kind": sought.kind, "agency": sought.agency}),
        "filters": filters_shown(clerk, request, "work"),
    }
    context |= _choices(clerk)
    return shown(request, clerk, "work", context)


def _sought(request: HttpRequest) -> Sought:
    """Which commands are asked for."""
    return Sought(*(request.GET.get(name, "").strip()[:100] for name in ("kind", "agency")))


def _choices(clerk: Clerk) -> dict[str, list[tuple[str, str]]]:
    """By what the list may be filtered: kinds and agencies, with their words."""
    places = [one for area in clerk.areas for one in agencies(clerk.connection, area).values()]
    return {
        "kinds": [(one.kind, one.words) for one in KINDS.values()],
        "agencies": [(one.code, one.name) for one in places],
    }


def _taken(clerk: Clerk, sought: Sought) -> HttpResponse:
    """Everything that waits, as a workbook; as a job where it is long."""
    now, beginning = clerk.desk.now, (date.min, 0)
    found = waiting_for(clerk.connection, clerk.actor, now, beginning, MOST + 1, sought)
    if len(found) > MOST:
        actor = clerk.actor
        given = WorkSought(actor.id, actor.post or "", actor.area or "", sought)
        return export_asked(clerk, WORK, msgspec.to_builtins(given))
    return workbook("work", WORK_HEAD, waiting_rows(found, clerk.words))


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
