"""Posts, staff and coverage: who holds what from when to when, granted and ended by commands.

A grant that would put incompatible posts in one hand is refused in words before it is drafted; the
security officer approves what the administrator asks for.
Law:     云府办〔2022〕20号 第二十三条, 攀办发〔2022〕32号 第十三条.
"""

import uuid
from datetime import date
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from gongji.agency.typed_forms import FormField, read_field
from gongji.console.at_work import OFFICES, Clerk, at_work, shown
from gongji.console.elevation_page import elevated, elevation_shown
from gongji.console.said_refusals import words_of
from gongji.platform import trail
from gongji.platform.installation import installed_areas
from gongji.refusals import Refusal
from gongji.review import desk as life
from gongji.review.command_kinds import KINDS
from gongji.review.coverage import gaps
from gongji.review.desk import Drafting
from gongji.review.staff import (
    NewStaff,
    StaffLeaving,
    add_staff,
    agencies,
    disable_staff,
)
from gongji.units import day_of

_HELD = """select h.id, s.id, s.name, s.subject, w.words, a.area, a.agency, lower(h.during),
  upper(h.during) - 1, h.stands_for is not null, upper(h.during) <= %(today)s
from post_holding h join staff s on s.id = h.staff join post w on w.code = h.post
join post_area a on a.holding = h.id
where a.area = any(%(areas)s) and h.retired_at is null
order by s.id, h.id"""
_STAFF = """select s.id, s.subject, s.name, s.disabled_at,
  (select max(used_at) from invitation i where i.staff = s.id) from staff s order by s.id"""
_ELSEWHERE = """select 1 from staff s join post_holding h on h.staff = s.id
join post_area a on a.holding = h.id
where s.subject = %(subject)s and h.retired_at is null and not a.area = any(%(areas)s)
  and (upper(h.during) is null or upper(h.during) > %(today)s) limit 1"""
_WAITING = """select id, kind, state from command
where kind in ('grant_post', 'end_post', 'stand_in') and area = any(%s)
  and state in ('draft', 'submitted', 'returned') order by id desc limit 50"""
GRANT = (
    FormField("staff", "人员", "number"),
    FormField("post", "岗位"),
    FormField("since", "自", "date"),
    FormField("last", "至", "date", needed=False),
)
STAND_IN = (
    FormField("staff", "人员", "number"),
    FormField("stands_for", "代哪一任职", "number"),
    FormField("since", "自", "date"),
    FormField("last", "至", "date"),
)
END = (FormField("holding", "任职", "number"),)
FIELDS = {"grant_post": GRANT, "stand_in": STAND_IN, "end_post": END}


def _places(clerk: Clerk) -> list[tuple[str, str]]:
    found = []
    for area in clerk.areas_of(*OFFICES):
        found.append((f"{area}|", f"{area} 各经办机构"))
        tree = agencies(clerk.connection, area)
        found += [(f"{area}|{code}", one.name) for code, one in tree.items()]
    return found


def _page(
    request: HttpRequest, clerk: Clerk, typed: dict[str, str] | None = None, error: str = ""
) -> HttpResponse:
    areas = clerk.areas_of(*OFFICES)
    rows = clerk.connection.execute(_HELD, {"areas": areas, "today": clerk.today}).fetchall()
    staff = clerk.connection.execute(_STAFF).fetchall()
    waiting = clerk.connection.execute(_WAITING, [areas]).fetchall()
    context: dict[str, Any] = {
        "here": "posts",
        "rows": rows,
        "staff": [(row[0], f"{row[2]}（{row[1]}）") for row in staff if row[3] is None],
        "posts": clerk.words.items(),
        "places": _places(clerk),
        "waiting": [(row[0], KINDS[row[1]].words, life.STATES[row[2]]) for row in waiting],
        "may": clerk.holds("administrator"),
        "today": clerk.today.isoformat(),
        "typed": typed or {},
        "msg_id": uuid.uuid4().hex,
        "error": error,
    }
    return shown(request, clerk, "posts", context, 422 if error else 200)


@require_safe
@at_work
def posts(request: HttpRequest, clerk: Clerk) -> HttpResponse:
    """Who holds which post, where and from when to when."""
    clerk.demand(OFFICES, "posts")
    return _page(request, clerk)


@require_POST
@at_work
def ask_post(request: HttpRequest, clerk: Clerk) -> HttpResponse:
    """Draft a grant, a stand-in or an end; what would be refused is told and leaves nothing."""
    clerk.demand(OFFICES, "posts")
    typed = request.POST.dict()
    kind = typed.get("kind", "")
    area, _, agency = typed.get("place", "").partition("|")
    try:
        fields = FIELDS.get(kind, ())
        read = {one.name: read_field(one, typed.get(one.name, "")) for one in fields}
        content = {name: value for name, value in read.items() if value is not None}
        if kind == "grant_post":
            content |= {"area": area, "agency": agency}
        staff = str(content.get("staff", "")) or _holder(clerk, content)
        asked = Drafting(typed.get("msg_id", ""), kind, area, "", "staff", staff, content)
        with clerk.connection.transaction():
            number = life.draft(clerk.desk, clerk.actor, asked).command
            life.preview(clerk.desk, number)
    except Refusal as refusal:
        return _page(request, clerk, typed, words_of(refusal))
    return HttpResponseRedirect(reverse("console:command", args=[number]))


def _holder(clerk: Clerk, content: dict[str, Any]) -> str:
    """Whose holding it is, as the command names its subject."""
    row = clerk.connection.execute(
        "select staff from post_holding where id = %s", [content.get("holding")]
    ).fetchone()
    if row is None:
        raise Refusal("post_not_held", "holding", {"value": str(content.get("holding"))})
    return str(row[0])


def _demand_own(clerk: Clerk, subject: str, post: str) -> None:
    """Let an office act on a member of staff who holds no post but where it is held itself.

    Refuses: PermissionDenied.
    """
    values = {"subject": subject, "today": clerk.today, "areas": clerk.areas_of(post)}
    if clerk.connection.execute(_ELSEWHERE, values).fetchone() is not None:
        clerk.look(f"staff {subject}", granted=False)
        raise PermissionDenied


@require_safe
@at_work
def coverage(request: HttpRequest, clerk: Clerk) -> HttpResponse:
    """Which kinds of command nobody can finish with the posts of a day."""
    clerk.demand(OFFICES, "coverage")
    text = request.GET.get("day", "")
    day = clerk.today
    try:
        day = date.fromisoformat(text) if text else day
    except ValueError:
        text = ""
    rows = []
    for area in clerk.areas_of(*OFFICES):
        law = installed_areas().area(area).law(day_of(day))
        for gap in gaps(clerk.connection, area, law, day):
            rows.append((area, gap.agency, KINDS[gap.kind].words, gap.above_fen, gap.missing))
    context = {"here": "posts", "rows": rows, "day": day, "kinds": len(KINDS)}
    return shown(request, clerk, "coverage", context)


@require_http_methods(["GET", "HEAD", "POST"])
@at_work
def people(request: HttpRequest, clerk: Clerk) -> HttpResponse:
    """The staff: entered by the administrator; a new link for who is known by the security officer.

    A link is shown once. Nobody makes one for themselves.
    """
    clerk.demand(OFFICES, "staff")
    context: dict[str, Any] = {"here": "staff"}
    status = 200
    if request.method == "POST":
        try:
            context |= _changed(request, clerk)
        except Refusal as refusal:
            context |= {"error": words_of(refusal), "typed": request.POST.dict()}
            status = 422
    context["rows"] = clerk.connection.execute(_STAFF).fetchall()
    context["may_add"] = clerk.holds("administrator")
    context["may_renew"] = clerk.holds("security_officer")
    context |= elevation_shown(clerk)
    return shown(request, clerk, "staff", context, status)


def _changed(request: HttpRequest, clerk: Clerk) -> dict[str, Any]:
    """Do what the form asks; what is to be shown of it.

    Refuses: not_elevated, value_invalid, staff_unknown; PermissionDenied for who may not, and for
             staff of another area: a new link is a key to everything that they may do.
    """
    act = request.POST.get("act", "")
    subject, name = (request.POST.get(key, "").strip() for key in ("subject", "name"))
    known = clerk.connection.execute(
        "select name from staff where subject = %s", [subject]
    ).fetchone()
    needed = "administrator" if known is None else "security_officer"
    if act not in ("link", "disable") or not clerk.holds(needed) or subject == clerk.subject:
        raise PermissionDenied
    _demand_own(clerk, subject, needed)
    right = elevated(clerk)
    by: dict[str, Any] = {"actor": clerk.actor, "now": clerk.desk.now}
    with clerk.connection.transaction():
        if act == "disable":
            disable_staff(clerk.connection, StaffLeaving(subject), **by)
            said: dict[str, Any] = {"said": f"已停用 {subject}"}
        else:
            if not subject or not (known or name):
                values = {"value": subject or "（空）", "allowed": "账号和姓名"}
                raise Refusal("value_invalid", "账号", values)
            new = NewStaff(subject, name or str(known[0] if known else ""))
            made = add_staff(clerk.connection, new, **by)
            path = reverse("console:first", args=[made.token])
            said = {"link": request.build_absolute_uri(path), "subject": subject}
        clerk.log(trail.Trace(trail.ACT, f"staff {act} {subject}", reason=right.reason))
    return said
