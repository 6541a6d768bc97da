"""Changing an area's law: figures that are typed, documents that are uploaded; checked, compared
article by article and tried on last month's settlements before anybody reviews it.
"""

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from gongji.agency import law_changes
from gongji.agency.law_changes import KIND, LawChange, ProposedLaw
from gongji.agency.typed_forms import FormField, read_field
from gongji.console.at_work import Clerk, at_work, shown
from gongji.console.command_page import command_of
from gongji.console.rulebook_pages import MARKS, area_of, law_of, open_parameters, own_area
from gongji.console.said_refusals import words_of
from gongji.platform import trail
from gongji.platform.command_rows import CommandRow
from gongji.platform.laws import LawVersion, newest_of
from gongji.refusals import Refusal, RulebookError
from gongji.review import desk as life
from gongji.review import staff_jobs
from gongji.review.command_kinds import get_kind, read_content
from gongji.review.desk import EDITABLE, Drafting, Editing
from gongji.review.staff_jobs import StaffJob
from gongji.units import date_of, day_of

FIGURE = "figure:"
"""What the field of a figure is called, before the parameter's name."""
MORE = 3
"""Fields for figures of other names: one of several of a parameter."""
MOST_AT_ONCE = 2_000
"""Settlements on which a law is tried while somebody waits; more is a job."""
_SINCE = FormField("since", "自", "date", needed=False)


def _newest(clerk: Clerk, area: str) -> LawVersion:
    found = newest_of(clerk.connection, own_area(clerk, area))
    if area not in found:
        raise Http404
    return found[area]


def _form_page(
    request: HttpRequest, clerk: Clerk, area: str, typed: Mapping[str, str], **more: Any
) -> HttpResponse:
    version = _newest(clerk, area)
    law = law_of(area_of(clerk, version), clerk)
    figures = [
        (name, f"{title}（{article}）：{note}", "")
        for title, name, article, note in open_parameters(law)
    ]
    figures += [(name, "已给出", figure) for name, figure in sorted(law.settings.items())]
    context: dict[str, Any] = {
        "here": "rulebooks",
        "area": area,
        "place": law.place,
        "version": version,
        "figures": [
            (f"{FIGURE}{name}", name, note, typed.get(f"{FIGURE}{name}", given))
            for name, note, given in figures
        ],
        "more": [(n, typed.get(f"name-{n}", ""), typed.get(f"value-{n}", "")) for n in range(MORE)],
        "typed": typed,
        "msg_id": typed.get("msg_id") or uuid.uuid4().hex,
        "may": clerk.holds(*get_kind(KIND).makers),
    }
    wrong = bool(more.get("error") or more.get("problems"))
    return shown(request, clerk, "law_change_form", context | more, 422 if wrong else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@at_work
def change(request: HttpRequest, clerk: Clerk, area: str) -> HttpResponse:
    """Draft a change of the newest version; what is wrong is told at once and leaves nothing."""
    clerk.demand(get_kind(KIND).makers, f"rules {area}")
    if request.method != "POST":
        return _form_page(
            request, clerk, area, _typed_before(clerk, area, request.GET.get("command"))
        )
    _newest(clerk, area)
    typed = request.POST.dict()
    try:
        content = _content(request, clerk, area, typed)
        law = law_changes.proposed(clerk.connection, area, content)
        problems = law_changes.problems(clerk.connection, law)
        if problems:
            return _form_page(request, clerk, area, typed, problems=problems)
        number = _kept(clerk, area, content, typed)
    except RulebookError as error:
        return _form_page(request, clerk, area, typed, problems=error.problems)
    except Refusal as refusal:
        return _form_page(request, clerk, area, typed, error=words_of(refusal))
    _tried(clerk, law)
    return HttpResponseRedirect(reverse("console:law-change", args=[number]))


def _content(request: HttpRequest, clerk: Clerk, area: str, typed: Mapping[str, str]) -> LawChange:
    """What is to be different, as it was typed and uploaded.

    Refuses: value_invalid, law_document_wrong; RulebookError.
    """
    documents: dict[str, str] = {}
    if typed.get("command"):
        documents |= _change_of(_editable(clerk, area, typed["command"])).documents
    for file in request.FILES.getlist("files"):
        path, text = law_changes.read_document(area, file.name or "", file.read())
        documents[path] = text
    figures = {
        name.removeprefix(FIGURE): text.strip()
        for name, text in typed.items()
        if name.startswith(FIGURE)
    }
    for n in range(MORE):
        if name := typed.get(f"name-{n}", "").strip():
            figures[name] = typed.get(f"value-{n}", "").strip()
    given = law_of(area_of(clerk, _newest(clerk, area)), clerk).settings
    changed = {name: text for name, text in figures.items() if text != given.get(name, "")}
    since = read_field(_SINCE, typed.get("since", ""))
    return LawChange(documents, changed, date.fromisoformat(since) if since else None)


def _editable(clerk: Clerk, area: str, number: str) -> CommandRow:
    """A change of an area's law that is a draft or was returned.

    Refuses: Http404.
    """
    row = command_of(clerk, int(number) if number.isdecimal() and len(number) < 10 else 0)
    if (row.kind, row.area) != (KIND, area) or row.state not in EDITABLE:
        raise Http404
    return row


def _change_of(row: CommandRow) -> LawChange:
    content: LawChange = read_content(get_kind(KIND), row.content)
    return content


def _typed_before(clerk: Clerk, area: str, number: str | None) -> dict[str, str]:
    """A change as it was typed, to be mended."""
    if not number:
        return {}
    row = _editable(clerk, area, number)
    content = _change_of(row)
    typed = {f"{FIGURE}{name}": figure for name, figure in content.figures.items()}
    typed |= {"command": str(row.id), "version": str(row.version)}
    return typed | ({"since": content.since.isoformat()} if content.since else {})


def _kept(clerk: Clerk, area: str, content: LawChange, typed: Mapping[str, str]) -> int:
    """The draft of a change, or what an earlier one says now; gives its number."""
    said = msgspec.to_builtins(content)
    msg_id = typed.get("msg_id", "")
    if typed.get("command"):
        row = _editable(clerk, area, typed["command"])
        version = typed.get("version", "")
        asked = Editing(msg_id, row.id, int(version) if version.isdecimal() else 0, said)
        return life.edit(clerk.desk, clerk.actor, asked).command
    drafted = Drafting(msg_id, KIND, area, "", "area", area, said)
    return life.draft(clerk.desk, clerk.actor, drafted).command


def _tried(clerk: Clerk, law: ProposedLaw) -> StaffJob:
    """The trial of a change: at once where it is short, else as a job."""
    job = law_changes.ask_trial(clerk.connection, law, clerk.id, clerk.desk.now)
    many = law_changes.settlements_to_try(clerk.connection, law.base.area, clerk.today)
    if job.state == "waiting" and many <= MOST_AT_ONCE:
        staff_jobs.carry_out(clerk.connection, clerk.desk.seal, job.id, clerk.desk.now)
    elif job.open:
        staff_jobs.hand_over(clerk.connection, job.kind)
    return job


def _sent_change(clerk: Clerk, number: int) -> CommandRow:
    """A change of a law, whatever became of it.

    Refuses: PermissionDenied, Http404.
    """
    row = command_of(clerk, number)
    if row.kind != KIND:
        raise Http404
    return row


@require_safe
@at_work
def law_change(request: HttpRequest, clerk: Clerk, number: int) -> HttpResponse:
    """A change article by article beside its trial; that it was looked at stands in the trail."""
    row = _sent_change(clerk, number)
    clerk.look(f"command {number}")
    content = _change_of(row)
    context: dict[str, Any] = {"here": "rulebooks", "row": row, "change": content}
    context["editable"] = row.state in EDITABLE and clerk.holds(*get_kind(KIND).makers)
    if row.state in ("executed", "withdrawn"):
        return shown(request, clerk, "law_change", context)
    try:
        law = law_changes.proposed(clerk.connection, row.area, content)
        day, rows = law_changes.differences(law, day_of(clerk.today))
        context |= {"law": law, "day": date_of(day)}
        context["rows"] = [(one, MARKS[one.mark]) for one in rows]
        job = staff_jobs.find_keyed(clerk.connection, law_changes.TRIAL, law.key)
        context |= {"job": job, "trial": law_changes.trial_of(job)}
        context["job_state"] = job.words if job else "未开始"
        context["problems"] = law_changes.problems(clerk.connection, law)
    except RulebookError as error:
        context["problems"] = error.problems
    except Refusal as refusal:
        context["error"] = words_of(refusal)
    return shown(request, clerk, "law_change", context)


@require_POST
@at_work
def try_again(request: HttpRequest, clerk: Clerk, number: int) -> HttpResponse:
    """Ask for the trial of a change on the version that is the newest now."""
    row = _sent_change(clerk, number)
    law = law_changes.proposed(clerk.connection, row.area, _change_of(row))
    job = _tried(clerk, law)
    clerk.log(trail.Trace(trail.ACT, f"trial {number}", ids=(job.id,)))
    return HttpResponseRedirect(reverse("console:law-change", args=[number]))
