"""Drafting items: by a typed form, by a proposal, and bills pasted or from a workbook, each one."""

import uuid
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from gongji.agency.typed_forms import whole
from gongji.console.at_work import Clerk, at_work, shown
from gongji.console.bill_rows import BillRow, from_workbook, once, pasted
from gongji.console.command_page import command_of, person_in
from gongji.console.item_forms import BILL, FORMS, ItemForm, read_item, typed_again
from gongji.console.said_refusals import words_of
from gongji.people.person_rows import get_person
from gongji.platform.retention import find_proposal
from gongji.refusals import Refusal
from gongji.review import desk as life
from gongji.review.command_kinds import get_kind
from gongji.review.desk import EDITABLE, Drafting, Editing
from gongji.review.staff import agencies
from gongji.tabular.cell_forms import key_text

MOST_BILLS = 200
"""How many bills are drafted at a time."""


def places_of(clerk: Clerk, kind: str) -> list[tuple[str, str]]:
    """Where somebody may hand in a kind: "area|agency" with the agency's name."""
    makers = get_kind(kind).makers
    found: dict[str, str] = {}
    for held in clerk.held:
        if held.post not in makers:
            continue
        tree = agencies(clerk.connection, held.area)
        for code, one in tree.items():
            if held.agency in ("", code):
                found[f"{held.area}|{code}"] = one.name
        if not tree:
            found[f"{held.area}|"] = held.area
    return list(found.items())


def _form_page(
    request: HttpRequest, clerk: Clerk, form: ItemForm, typed: dict[str, str], error: str = ""
) -> HttpResponse:
    fields = [(one, typed.get(one.name, "")) for one in (*form.fields, *form.told)]
    context = {
        "here": "new",
        "form": form,
        "fields": fields,
        "places": places_of(clerk, form.kind),
        "place": typed.get("place", ""),
        "msg_id": typed.get("msg_id") or uuid.uuid4().hex,
        "version": typed.get("version", ""),
        "error": error,
    }
    return shown(request, clerk, "draft", context, 422 if error else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@at_work
def new(request: HttpRequest, clerk: Clerk, kind: str) -> HttpResponse:
    """Draft an item by its form."""
    form = FORMS.get(kind)
    if form is None:
        raise Http404
    if request.method != "POST":
        return _form_page(request, clerk, form, request.GET.dict())
    typed = request.POST.dict()
    try:
        number = draft_item(clerk, form, typed)
    except Refusal as refusal:
        return _form_page(request, clerk, form, typed, words_of(refusal))
    return HttpResponseRedirect(reverse("console:command", args=[number]))


def draft_item(clerk: Clerk, form: ItemForm, typed: dict[str, str]) -> int:
    """Draft an item as it was typed; the same message again gives the same draft.

    Refuses: value_invalid, person_unknown; as `life.draft`.
    """
    content = read_item(form, typed)
    person = get_person(clerk.connection, key_text(typed["psn_no"]))
    area, _, agency = typed.get("place", "").partition("|")
    asked = Drafting(
        typed.get("msg_id", ""), form.kind, area, agency, "person", str(person.id), content
    )
    return life.draft(clerk.desk, clerk.actor, asked).command


@require_POST
@at_work
def destruction(request: HttpRequest, clerk: Clerk) -> HttpResponse:
    """Draft the destruction of what a job proposed, where somebody may hand it in."""
    number = request.POST.get("proposal", "")[:18]
    found = find_proposal(clerk.connection, int(number)) if number.isdecimal() else None
    places = (value.partition("|") for value, _ in places_of(clerk, "destroy_records"))
    place = next(((area, code) for area, _, code in places if found and area == found.area), None)
    if found is None or place is None:
        raise Http404
    msg_id = f"{request.POST.get('msg_id', '')[:64]}-{found.id}"
    asked = Drafting(msg_id, "destroy_records", *place, "area", place[0], {"proposal": found.id})
    made = life.draft(clerk.desk, clerk.actor, asked).command
    return HttpResponseRedirect(reverse("console:command", args=[made]))


@require_http_methods(["GET", "HEAD", "POST"])
@at_work
def edit(request: HttpRequest, clerk: Clerk, number: int) -> HttpResponse:
    """Change what a draft, or what was returned, says."""
    row = command_of(clerk, number)
    form = FORMS.get(row.kind)
    if form is None:
        raise Http404
    if request.method != "POST":
        if row.state not in EDITABLE:
            raise Http404
        if row.area not in clerk.areas_of(*get_kind(row.kind).makers):
            raise PermissionDenied
        clerk.look(f"command {number}", person=person_in(row))
        psn_no = clerk.connection.execute(
            "select psn_no from person where id::text = %s", [row.subject]
        ).fetchone()
        typed = {"psn_no": psn_no[0] if psn_no else ""} | typed_again(form, row.content)
        return _form_page(request, clerk, form, typed | {"version": str(row.version)})
    typed = request.POST.dict()
    try:
        version = whole(typed.get("version", ""))
        content = read_item(form, typed)
        asked = Editing(typed.get("msg_id", ""), number, version, content)
        life.edit(clerk.desk, clerk.actor, asked)
    except Refusal as refusal:
        return _form_page(request, clerk, form, typed, words_of(refusal))
    return HttpResponseRedirect(reverse("console:command", args=[number]))


# Bills of one person, several at a time.


@require_http_methods(["GET", "HEAD", "POST"])
@at_work
def bills(request: HttpRequest, clerk: Clerk) -> HttpResponse:
    """Draft the bills of one person, pasted or from a workbook: what is wrong is told by line."""
    typed = request.POST.dict() if request.method == "POST" else request.GET.dict()
    context: dict[str, Any] = {
        "here": "new",
        "columns": [one.label for one in BILL],
        "places": places_of(clerk, "manual_reimbursement"),
        "typed": typed,
        "msg_id": typed.get("msg_id") or uuid.uuid4().hex,
    }
    if request.method == "POST":
        try:
            file = request.FILES.get("file")
            rows = from_workbook(file) if file else pasted(typed.get("bills", ""))
            rows = once(rows)
            if not 0 < len(rows) <= MOST_BILLS:
                values = {"value": str(len(rows)), "allowed": f"1 至 {MOST_BILLS} 张"}
                raise Refusal("value_invalid", "票据", values)
            context["drafted"] = [_drafted(clerk, typed, row) for row in rows]
            context["msg_id"] = uuid.uuid4().hex
        except Refusal as refusal:
            context["error"] = words_of(refusal)
    return shown(request, clerk, "bills", context, 422 if context.get("error") else 200)


def _drafted(clerk: Clerk, typed: dict[str, str], row: BillRow) -> dict[str, object]:
    """One bill drafted, or why not."""
    shared = {"benefit": "ordinary", "applicant": "person"}
    shared |= {name: typed.get(name, "") for name in ("psn_no", "place", "late_reason")}
    one = shared | row.typed | {"msg_id": f"{typed.get('msg_id', '')}-{row.line}"}
    told = {"line": row.line, "bill": row.typed.get("number", "")}
    if row.problem:
        return told | {"error": row.problem}
    try:
        return told | {"command": draft_item(clerk, FORMS["manual_reimbursement"], one)}
    except Refusal as refusal:
        return told | {"error": words_of(refusal)}
