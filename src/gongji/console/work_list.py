"""The work list: what waits for the posts of whoever is at work, what is due first stands first."""

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from gongji.console.at_work import Clerk, at_work, shown
from gongji.review.command_kinds import KINDS
from gongji.review.worklists import PAGE, WaitingCommand, waiting_for

SOON = 3
"""Working days left from which a command is marked."""


def _after(request: HttpRequest) -> tuple[date, int]:
    """Where the page begins, as the link of the page before says."""
    day, _, number = request.GET.get("after", "").partition("_")
    try:
        return date.fromisoformat(day), int(number)
    except ValueError:
        return date.min, 0


@require_safe
@at_work
def work(request: HttpRequest, clerk: Clerk) -> HttpResponse:
    """What waits for me, with its age and the working days that are left."""
    found = waiting_for(clerk.connection, clerk.actor, clerk.desk.now, _after(request))
    last = found[-1].key if len(found) == PAGE else None
    context = {
        "here": "work",
        "rows": [_row(one, clerk) for one in found],
        "listed": ",".join(str(one.command) for one in found),
        "next": f"{last[0]}_{last[1]}" if last else "",
    }
    return shown(request, clerk, "work", context)


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
