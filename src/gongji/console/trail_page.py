"""The trail: who looked at what and who did what, searched and taken along as a workbook.

Law:     《个人信息保护法》 第五十一条, 国务院令第735号 第三十二条.
"""

from datetime import date, datetime, time, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from gongji.console.at_work import Clerk, at_work, shown
from gongji.console.workbook import workbook
from gongji.platform import trail
from gongji.platform.actors import KINDS as ACTORS
from gongji.platform.identity import mask_number
from gongji.review.trail_words import said_what
from gongji.units import CHINA

SEES = ("audit_officer", "supervisor")
PAGE, MOST = 50, 50_000
"""Rows of a page, and of a workbook: what is more is asked for by fewer days."""
WAYS = {
    trail.ACT: "办理",
    trail.LOOK: "查看",
    trail.LIST: "列表",
    trail.EXPORT: "导出",
    trail.FLAG: "提请监管",
}
_FOUND = """select l.at, l.id, l.actor_kind, l.actor, l.way, l.what, l.reason, l.granted, l.rows,
  p.psn_no from access_log l left join person p on p.id = l.person
where l.at >= %(since)s and l.at < %(until)s and (%(actor)s = '' or l.actor = %(actor)s)
  and (%(psn_no)s = '' or p.psn_no = %(psn_no)s) and (l.at, l.id) < (%(at)s, %(id)s)
order by l.at desc, l.id desc limit %(most)s"""
HEAD = ("时间", "身份", "谁", "方式", "什么", "原因", "准许", "行数", "参保人")


def _asked(request: HttpRequest, clerk: Clerk) -> dict[str, Any]:
    """What is asked for: days, an account, a person, where the page begins."""
    days = []
    for name, default in (("from", clerk.today - timedelta(days=6)), ("to", clerk.today)):
        try:
            days.append(date.fromisoformat(request.GET.get(name, "")))
        except ValueError:
            days.append(default)
    until = datetime.combine(days[1] + timedelta(days=1), time(), CHINA)
    at, _, number = request.GET.get("after", "").partition("_")
    try:
        begin: tuple[datetime, int] = datetime.fromisoformat(at), int(number[:18])
    except ValueError:
        begin = until, 0
    return {
        "since": datetime.combine(days[0], time(), CHINA),
        "until": until,
        "actor": request.GET.get("actor", "").strip()[:100],
        "psn_no": request.GET.get("psn_no", "").strip()[:64],
        "at": begin[0],
        "id": begin[1],
    }


@require_safe
@at_work
def looked(request: HttpRequest, clerk: Clerk) -> HttpResponse:
    """The trail of some days, the newest first; asked for as a workbook too."""
    clerk.demand(SEES, "trail")
    asked = _asked(request, clerk)
    taken = request.GET.get("as") == "xlsx"
    rows = clerk.connection.execute(_FOUND, asked | {"most": MOST if taken else PAGE}).fetchall()
    ids = tuple(row[1] for row in rows)
    trace = trail.Trace(trail.LIST, "trail export" if taken else "trail", ids=ids)
    trail.log(clerk.connection, (clerk.actor.kind, clerk.actor.id), trace)
    told = [_told(row) for row in rows]
    if taken:
        return workbook("trail", HEAD, told)
    last = f"{rows[-1][0].isoformat()}_{rows[-1][1]}" if len(rows) == PAGE else ""
    context = {"here": "trail", "head": HEAD, "rows": told, "asked": asked, "next": last}
    context["last_day"] = asked["until"] - timedelta(days=1)
    return shown(request, clerk, "trail", context)


def _told(row: tuple[Any, ...]) -> tuple[str, ...]:
    at, _, kind, actor, way, what, reason, granted, count, psn_no = row
    when = at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
    said = "是" if granted else "否"
    who = mask_number(psn_no) if psn_no else ""
    return (when, ACTORS[kind], actor, WAYS[way], said_what(what), reason, said, str(count), who)
