"""The trail: who looked at what and who did what, searched and taken along as a workbook.

Law:     《个人信息保护法》 第五十一条, 国务院令第735号 第三十二条.
"""

from datetime import date, datetime, timedelta

import msgspec
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from gongji.console.at_work import Clerk, at_work, shown
from gongji.console.filter_pages import filters_shown
from gongji.console.my_jobs import export_asked
from gongji.console.workbook import workbook
from gongji.platform import trail
from gongji.review import list_exports, trail_search
from gongji.review.trail_search import HEAD, Key, TrailRow, TrailSought

SEES = ("audit_officer", "supervisor")
PAGE = 50
FIRST = date(2000, 1, 1)
"""Nobody looked before."""


def _asked(request: HttpRequest, clerk: Clerk) -> TrailSought:
    """What is asked for, of the areas in which I watch: days, an account, a person."""
    first = _day(request, "from", clerk.today - timedelta(days=6), clerk.today)
    last = _day(request, "to", clerk.today, clerk.today)
    actor = request.GET.get("actor", "").strip()[:100]
    areas = tuple(clerk.areas_of(*SEES))
    return TrailSought(first, last, areas, actor, request.GET.get("psn_no", "").strip()[:64])


def _day(request: HttpRequest, name: str, default: date, today: date) -> date:
    """A day as it is asked for: never one on which nobody can have looked."""
    try:
        found = date.fromisoformat(request.GET.get(name, ""))
    except ValueError:
        return default
    return min(max(found, FIRST), today)


def _before(request: HttpRequest) -> Key | None:
    """Where the page begins, as the link of the page before says."""
    at, _, number = request.GET.get("after", "").partition("_")
    try:
        return datetime.fromisoformat(at), int(number[:18])
    except ValueError:
        return None


@require_safe
@at_work
def looked(request: HttpRequest, clerk: Clerk) -> HttpResponse:
    """The trail of some days, the newest first; asked for as a workbook too."""
    clerk.demand(SEES, "trail")
    sought = _asked(request, clerk)
    if request.GET.get("as") == "xlsx":
        return _taken(request, clerk, sought)
    rows = trail_search.search(clerk.connection, sought, _before(request), PAGE)
    _listed(clerk, "trail", rows)
    last = f"{rows[-1].key[0].isoformat()}_{rows[-1].key[1]}" if len(rows) == PAGE else ""
    context = {
        "here": "trail",
        "head": HEAD,
        "rows": [row.told for row in rows],
        "asked": sought,
        "next": last,
        "filters": filters_shown(clerk, request, "trail"),
    }
    return shown(request, clerk, "trail", context)


def _listed(clerk: Clerk, what: str, rows: list[TrailRow]) -> None:
    ids = tuple(row.key[1] for row in rows)
    clerk.log(trail.Trace(trail.LIST, what, ids=ids))


def _taken(request: HttpRequest, clerk: Clerk, sought: TrailSought) -> HttpResponse:
    """The trail as a workbook, or as a job where it is long."""
    if trail_search.count(clerk.connection, sought) > list_exports.MOST:
        return export_asked(clerk, list_exports.TRAIL, msgspec.to_builtins(sought))
    rows = trail_search.search(clerk.connection, sought, None, list_exports.MOST)
    _listed(clerk, "trail export", rows)
    return workbook("trail", HEAD, (row.told for row in rows))
