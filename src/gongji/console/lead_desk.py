"""Leads for supervision: the list, one with its evidence and what was done, what is asked for next.

A lead says where to look, and accuses nobody. Law: 国务院令第735号 第三十二条.
"""

import uuid
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from gongji.agency.typed_forms import FormField, read_form, whole
from gongji.console.at_work import Clerk, at_work, shown
from gongji.console.item_forms import shown_content
from gongji.console.said_refusals import words_of
from gongji.platform import trail
from gongji.refusals import Refusal
from gongji.review import desk as life
from gongji.review.command_kinds import KINDS, get_kind
from gongji.review.desk import Drafting
from gongji.supervision.crowd_leads import crowd_evidence
from gongji.supervision.lead_commands import SEERS, VERDICTS
from gongji.supervision.lead_recoveries import OPENERS
from gongji.supervision.lead_rows import (
    GOES_ON,
    PAGE,
    STATES,
    Lead,
    LeadsSought,
    commands_of,
    last_case,
    leads,
    outcomes,
)

_REASON = FormField("reason", "理由")
OPENING = (
    FormField("institution", "医药机构编码", "key"),
    FormField("reasons", "理由", hint="监管报告中的名次、规则和处数"),
    FormField("grounds", "依据"),
    FormField("stake_fen", "涉及金额（元）", "yuan", needed=False),
)
FIELDS = {
    "lead_assign": (
        FormField("holding", "由谁核查", "number"),
        FormField("due_on", "期限", "date"),
    ),
    "lead_note": (
        FormField("step", "办理", "choice", choices=(("核查", "核查"), ("听取陈述", "听取陈述"))),
        FormField("day", "日期", "date"),
        FormField("said", "要点"),
    ),
    "lead_verdict": (
        FormField("verdict", "认定", "choice", choices=tuple((one, one) for one in VERDICTS)),
        _REASON,
        FormField("recover_fen", "须追回（元）", "yuan", needed=False, hint="属实的才填"),
    ),
    "lead_recover": (
        FormField("fen", "收到（元）", "yuan"),
        FormField("payer", "退款人"),
        FormField("received_on", "收到日期", "date"),
        FormField("bank_ref", "银行凭证号", "key"),
    ),
    "lead_end": (
        FormField("end", "了结", "choice", choices=(("移交", "移交"), ("办结", "办结"))),
        _REASON,
    ),
    "lead_reopen": (_REASON,),
}
"""What is asked for of a lead, by kind."""
STEPS = {
    **dict.fromkeys(GOES_ON, ("lead_assign", "lead_note", "lead_verdict")),
    "confirmed": ("lead_recover", "lead_end", "lead_reopen"),
    **dict.fromkeys(("lawful", "data_error", "handed_over", "closed"), ("lead_reopen",)),
}
"""What may come next, by state."""
_INSPECTORS = """select h.id, s.name from post_holding h join staff s on s.id = h.staff
join post_area a on a.holding = h.id
where a.area = %s and h.post = 'inspector' and h.retired_at is null and s.disabled_at is null
  and h.during @> %s order by s.name, h.id"""


@require_safe
@at_work
def lead_list(request: HttpRequest, clerk: Clerk) -> HttpResponse:
    """The leads of my areas, by state; how often each rule was right."""
    return _list(request, clerk)


def _list(
    request: HttpRequest, clerk: Clerk, typed: dict[str, str] | None = None, error: str = ""
) -> HttpResponse:
    clerk.demand(OPENERS, "leads")
    areas = clerk.areas_of(*OPENERS)
    state = request.GET.get("state", "")
    before = whole(request.GET.get("before", "")) or LeadsSought.before
    found = leads(clerk.connection, areas, LeadsSought(state=state, before=before))
    clerk.log(trail.Trace(trail.LIST, "leads", ids=tuple(one.id for one in found)))
    context: dict[str, Any] = {
        "here": "leads",
        "rows": found,
        "states": STATES.items(),
        "state": state,
        "next": found[-1].id if len(found) == PAGE else "",
        "outcomes": outcomes(clerk.connection, areas),
        "error": error,
        "msg_id": uuid.uuid4().hex,
    }
    makers = get_kind("lead_open").makers
    if clerk.holds(*makers):
        fields = [(one, (typed or {}).get(one.name, "")) for one in OPENING]
        context |= {"fields": fields, "areas": clerk.areas_of(*makers)}
    return shown(request, clerk, "leads", context, 422 if error else 200)


def _get(clerk: Clerk, number: int) -> Lead:
    """A lead of an area in which somebody watches.

    Refuses: PermissionDenied, Http404.
    """
    clerk.demand(OPENERS, f"lead {number}")
    found = leads(clerk.connection, clerk.areas_of(*OPENERS), LeadsSought(lead=number))
    if not found or number <= 0:
        raise Http404
    return found[0]


@require_safe
@at_work
def lead(request: HttpRequest, clerk: Clerk, number: int) -> HttpResponse:
    """A lead: what the trail says, by hours and without anybody's name, and what was done.

    Refuses: Http404 for a lead of another area.
    """
    return _page(request, clerk, _get(clerk, number))


def _page(request: HttpRequest, clerk: Clerk, found: Lead, error: str = "") -> HttpResponse:
    clerk.look(f"lead {found.id}")
    typed = request.POST.dict()
    done = [
        (number, KINDS[kind].words, life.STATES[state], shown_content(kind, content), made)
        for number, kind, state, content, made in commands_of(clerk.connection, found)
    ]
    watches = found.area in clerk.areas_of(*SEERS)
    context = {
        "here": "leads",
        "one": found,
        "evidence": crowd_evidence(clerk.connection, found) if watches else [],
        "done": done,
        "case": last_case(clerk.connection, found.id),
        "forms": [_form(clerk, found, kind, typed) for kind in _steps(clerk, found)],
        "error": error,
    }
    return shown(request, clerk, "lead", context, 422 if error else 200)


def _steps(clerk: Clerk, found: Lead) -> list[str]:
    """What I may ask for of a lead now."""
    kinds = STEPS.get(found.state, ())
    return [one for one in kinds if found.area in clerk.areas_of(*get_kind(one).makers)]


def _form(clerk: Clerk, found: Lead, kind: str, typed: dict[str, str]) -> dict[str, Any]:
    """A form with what was typed into it, and the inspectors among whom one is chosen."""
    mine = typed if typed.get("kind") == kind else {}
    people: list[Any] = []
    if kind == "lead_assign":
        people = clerk.connection.execute(_INSPECTORS, [found.area, clerk.today]).fetchall()
    fields = [(one, mine.get(one.name, "")) for one in FIELDS[kind]]
    words = KINDS[kind].words
    return {"kind": kind, "words": words, "fields": fields, "people": people} | {
        "msg_id": uuid.uuid4().hex
    }


@require_POST
@at_work
def ask_lead(request: HttpRequest, clerk: Clerk, number: int) -> HttpResponse:
    """Draft what is asked for of a lead; what would be refused is told and leaves nothing."""
    found = _get(clerk, number)
    kind = request.POST.get("kind", "")
    if kind not in FIELDS:
        raise Http404
    try:
        content = read_form(FIELDS[kind], request.POST.dict()) | {"lead": number}
        made = _drafted(request, clerk, kind, (found.area, found.institution), content)
    except Refusal as refusal:
        return _page(request, clerk, found, words_of(refusal))
    return HttpResponseRedirect(reverse("console:command", args=[made]))


@require_POST
@at_work
def open_lead(request: HttpRequest, clerk: Clerk) -> HttpResponse:
    """Draft a lead out of a report."""
    makers = get_kind("lead_open").makers
    clerk.demand(makers, "leads")
    typed = request.POST.dict()
    area = typed.get("area", "")
    if area not in clerk.areas_of(*makers):
        raise PermissionDenied
    try:
        content = read_form(OPENING, typed)
        made = _drafted(request, clerk, "lead_open", (area, content["institution"]), content)
    except Refusal as refusal:
        return _list(request, clerk, typed, words_of(refusal))
    return HttpResponseRedirect(reverse("console:command", args=[made]))


def _drafted(
    request: HttpRequest, clerk: Clerk, kind: str, about: tuple[str, str], content: dict[str, Any]
) -> int:
    """A draft about an institution of an area, if its preview is not refused."""
    area, institution = about
    msg_id = request.POST.get("msg_id", "")
    asked = Drafting(msg_id, kind, area, "", "institution", institution, content)
    with clerk.connection.transaction():
        number = life.draft(clerk.desk, clerk.actor, asked).command
        life.preview(clerk.desk, number)
    return number
