"""Items begun online: forms, papers by photograph, their state; the agency checks them.

What is done here is done by the agency's desk; a refusal is told on the page, and nothing was
changed.
"""

import uuid
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from gongji.agency.typed_forms import read_acting, whole
from gongji.law.accounts.agency_items import AgencyItem, promise_of
from gongji.portal import own_desk, own_papers, own_records, present
from gongji.portal.inputs import cleaned
from gongji.portal.own_records import Visitor, insured
from gongji.refusals import Refusal
from gongji.review import desk as life
from gongji.review import own_commands
from gongji.review.command_kinds import get_kind
from gongji.review.desk import Drafting, Editing
from gongji.review.evidence import MOST_BYTES, PaperFile
from gongji.review.own_commands import OwnCommand
from gongji.review.review_chains import item_of

BEGUN, BEGUN_SECONDS = 20, 86_400
"""How many items a person may begin within so many seconds."""
MOST_PAPERS = 30
"""How many papers may be handed in with one item."""
MEGABYTE = 1024 * 1024


def under_way(visitor: Visitor) -> list[OwnCommand]:
    """The items of the person that are not over."""
    found = own_commands.commands_about(visitor.connection, visitor.person.id)
    return [one for one in found if one.under_way]


def _context(visitor: Visitor, **more: Any) -> dict[str, Any]:
    return {"here": "me", "tab": "items", "visitor": visitor, **more}


@require_safe
@insured
def items(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """What the person may begin, and everything that was begun, with its state."""
    now = timezone.now()
    offered = own_desk.offered_items(visitor, now)
    counter = own_desk.counter_items(visitor, now)
    context = _context(
        visitor,
        offered=[(kind, get_kind(kind).words, one) for kind, one in offered.items()],
        counter=[(get_kind(kind).words, one) for kind, one in counter.items()],
        commands=own_commands.commands_about(visitor.connection, visitor.person.id),
    )
    return render(request, "portal/items.html", context)


def _form_page(
    request: HttpRequest,
    visitor: Visitor,
    kind: str,
    typed: dict[str, str],
    refusal: Refusal | None = None,
) -> HttpResponse:
    fields = own_desk.fields_of(visitor, kind, timezone.now())
    labels = {one.label: one.label for one in fields}
    context = _context(
        visitor,
        kind=kind,
        words=get_kind(kind).words,
        fields=[(one, typed.get(one.name, "")) for one in fields],
        places=own_desk.places_near(visitor, timezone.now()),
        msg_id=typed.get("msg_id") or uuid.uuid4().hex,
        version=typed.get("version", ""),
        number=typed.get("number_of_item", ""),
        wrong=refusal.field if refusal else "",
        error=present.refusal_text(refusal, labels, visitor.person.area) if refusal else "",
    )
    return render(request, "portal/item_form.html", context, status=422 if refusal else 200)


def _typed(request: HttpRequest) -> dict[str, str]:
    return {name: cleaned(text) for name, text in request.POST.dict().items()}


def _count(visitor: Visitor) -> None:
    """One more item begun; they must not be without end.

    Refuses: items_begun_often.
    """
    key = f"items:{visitor.person.psn_no}"
    cache.add(key, 0, BEGUN_SECONDS)
    if cache.incr(key) > BEGUN:
        raise Refusal("items_begun_often", "kind", {"limit": str(BEGUN)})


@require_http_methods(["GET", "HEAD", "POST"])
@insured
def new_item(request: HttpRequest, visitor: Visitor, kind: str) -> HttpResponse:
    """Begin an item by its form; its papers are handed in on the page that follows."""
    now = timezone.now()
    if kind not in own_desk.offered_items(visitor, now):
        raise Http404
    if request.method != "POST":
        today = str(timezone.localdate())
        return _form_page(request, visitor, kind, {"since": today})
    typed = _typed(request)
    try:
        read = own_desk.read_typed(visitor, kind, typed, now)
        _count(visitor)
        number = draft(visitor, kind, read, typed.get("msg_id", ""), now)
    except Refusal as refusal:
        return _form_page(request, visitor, kind, typed, refusal)
    return HttpResponseRedirect(reverse("portal:item", args=[number]))


def draft(visitor: Visitor, kind: str, read: own_desk.TypedItem, msg_id: str, now: datetime) -> int:
    """A draft of the person about themselves; the same message again gives the same draft."""
    person = visitor.person
    asked = Drafting(
        *(msg_id or uuid.uuid4().hex, kind, person.area, read.agency),
        *("person", str(person.id), read.content),
    )
    return life.draft(own_desk.desk_of(visitor, now), visitor.actor, asked).command


def _own(visitor: Visitor, number: int) -> OwnCommand:
    found = own_commands.command_about(visitor.connection, visitor.person.id, number)
    if found is None:
        raise Http404
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@insured
def edit_item(request: HttpRequest, visitor: Visitor, number: int) -> HttpResponse:
    """Change what a draft, or what was returned, says."""
    one = _own(visitor, number)
    if not one.open or one.kind not in own_desk.FIELDS:
        raise Http404
    if request.method != "POST":
        typed = own_desk.typed_again(visitor, one.kind, one.content, _agency(visitor, one))
        typed |= {"version": str(one.version), "number_of_item": str(number)}
        return _form_page(request, visitor, one.kind, typed)
    typed = _typed(request) | {"number_of_item": str(number)}
    now = timezone.now()
    try:
        read = own_desk.read_typed(visitor, one.kind, typed, now)
        kept = {"payee": one.content["payee"]} if "payee" in one.content else {}
        content = kept | read.content
        asked = Editing(typed.get("msg_id", ""), number, whole(typed.get("version", "")), content)
        life.edit(own_desk.desk_of(visitor, now), visitor.actor, asked)
    except Refusal as refusal:
        return _form_page(request, visitor, one.kind, typed, refusal)
    return HttpResponseRedirect(reverse("portal:item", args=[number]))


def _agency(visitor: Visitor, one: OwnCommand) -> str:
    names = {name: code for code, name in own_desk.agencies_of(visitor)}
    return names.get(one.agency, "")


def _item_page(
    request: HttpRequest, visitor: Visitor, one: OwnCommand, refusal: Refusal | None = None
) -> HttpResponse:
    kept = own_commands.papers_kept(visitor.connection, one.id)
    content = own_desk.told_content(visitor, one.kind, one.content)
    context = _context(
        visitor,
        one=one,
        content=content,
        papers=kept,
        steps=own_commands.steps_taken(visitor.connection, one.id),
        texts=own_commands.texts_told(visitor.connection, one.id, visitor.person.id),
        has_form=one.kind in own_desk.FIELDS,
        most=MOST_BYTES // MEGABYTE,
        msg_id=uuid.uuid4().hex,
        error=present.refusal_text(refusal, LABELS, visitor.person.area) if refusal else "",
    )
    if one.open:
        context |= _to_do(visitor, one, {paper.name for paper in kept})
    return render(request, "portal/item.html", context, status=422 if refusal else 200)


LABELS = {"papers": "材料", "paper": "材料", "file": "文件", "reason": "原因", "command": "这件事"}


def _to_do(visitor: Visitor, one: OwnCommand, given: set[str]) -> dict[str, Any]:
    """What is still to be handed in, and what would come of it; or why nobody can say yet."""
    now = timezone.now()
    found: dict[str, Any] = {}
    try:
        item = item_of(get_kind(one.kind), own_desk.law_of(visitor, now))
        found["wanted"] = _wanted(item, given) if item else []
        found["item"] = item
        seen = life.preview(own_desk.desk_of(visitor, now), one.id)
        found |= {"seen": seen.seen, "lines": seen.examined.lines, "missing": seen.missing}
    except Refusal as refusal:
        found["unseen"] = present.refusal_text(refusal, LABELS, visitor.person.area)
    return found


def _wanted(item: AgencyItem, given: set[str]) -> list[dict[str, Any]]:
    """Each paper with what may be handed in for it."""
    return [
        {
            "name": paper.name,
            "names": (paper.name, *paper.instead),
            "promise": promise_of(paper) if paper.promise else "",
            "article": f"{paper.document} {paper.article}".strip(),
            "optional": paper.optional,
            "here": sorted(given & {paper.name, *paper.instead, promise_of(paper)}),
        }
        for paper in item.rule.papers
    ]


def _posted_from_item(page: Callable[..., HttpResponse]) -> Any:
    """A page that takes a form of an item's page, to which whoever only looks is led.

    After a new sign-in or a change of language a browser comes back to an address by looking.
    """

    @require_http_methods(["GET", "HEAD", "POST"])
    @insured
    @wraps(page)
    def posted(request: HttpRequest, visitor: Visitor, number: int) -> HttpResponse:
        if request.method in ("GET", "HEAD"):
            return HttpResponseRedirect(reverse("portal:item", args=[number]))
        return page(request, visitor, number)

    return posted


@require_safe
@insured
def item(request: HttpRequest, visitor: Visitor, number: int) -> HttpResponse:
    """One item: what it says, its papers, its steps, what is to be done."""
    return _item_page(request, visitor, _own(visitor, number))


@_posted_from_item
def item_paper(request: HttpRequest, visitor: Visitor, number: int) -> HttpResponse:
    """Hand in a photograph or PDF of a paper, or the promise that stands in for it."""
    one = _own(visitor, number)
    now, name = timezone.now(), cleaned(request.POST.get("name", ""))
    desk = own_desk.desk_of(visitor, now)
    try:
        if len(own_commands.papers_kept(visitor.connection, number)) >= MOST_PAPERS:
            raise Refusal("papers_many", "paper", {"limit": str(MOST_PAPERS)})
        if request.POST.get("promise"):
            found = item_of(get_kind(one.kind), own_desk.law_of(visitor, now))
            if found is None:
                raise Http404
            paper = own_desk.promise_paper(visitor, found, name, now)
        else:
            file = request.FILES.get("file")
            paper = PaperFile(name, file.read() if file else b"")
        life.add_paper(desk, visitor.actor, number, paper)
    except Refusal as refusal:
        return _item_page(request, visitor, one, refusal)
    return HttpResponseRedirect(reverse("portal:item", args=[number]) + "#papers")


ACTS = {"submit": life.submit, "withdraw": life.withdraw}


@_posted_from_item
def item_act(request: HttpRequest, visitor: Visitor, number: int) -> HttpResponse:
    """Submit an item, or take it back."""
    one = _own(visitor, number)
    name = request.POST.get("act", "")
    if name not in ACTS:
        raise Http404
    reason = "本人撤回" if name == "withdraw" else ""
    asked = read_acting(_typed(request), number, name, reason)
    try:
        ACTS[name](own_desk.desk_of(visitor, timezone.now()), visitor.actor, asked)
    except Refusal as refusal:
        return _item_page(request, visitor, one, refusal)
    own_records.log.info("item_act", act=name, person=visitor.number, by="portal")
    return HttpResponseRedirect(reverse("portal:item", args=[number]))


@require_safe
@insured
def decision(request: HttpRequest, visitor: Visitor, number: int) -> HttpResponse:
    """The decision on an item as PDF.

    Refuses: Http404 for what is not decided.
    """
    one = _own(visitor, number)
    if one.state != "executed":
        raise Http404
    content = own_desk.told_content(visitor, one.kind, one.content)
    paper = own_papers.decision_paper(visitor, one, content, timezone.localdate())
    return own_papers.pdf(paper, f"decision-{number}")
