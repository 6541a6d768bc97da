"""A command on one page: what it says, its papers, its steps, its preview to the fen, what to do.

What is done here is done by the desk; a refusal is told on the page, and nothing was changed.
"""

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from gongji.agency.personal_copy import may_be_handed_out
from gongji.agency.typed_forms import read_acting, whole
from gongji.console.at_work import RECORDS, Clerk, at_work, shown
from gongji.console.item_forms import FORMS, shown_content
from gongji.console.said_refusals import words_of
from gongji.platform import command_rows
from gongji.platform.command_rows import CommandRow
from gongji.refusals import Refusal
from gongji.review import desk as life
from gongji.review.command_kinds import KINDS, get_kind
from gongji.review.desk import EDITABLE, STATES
from gongji.review.evidence import PaperFile, open_paper
from gongji.review.review_chains import item_of
from gongji.review.staff import agencies, find_holding
from gongji.units import day_of

SEES = (*RECORDS, "administrator", "security_officer", "audit_officer")
ACTS = {
    "submit": life.submit,
    "approve": life.approve,
    "return": life.give_back,
    "withdraw": life.withdraw,
}
ACT_WORDS = {"submit": "提交", "approve": "同意", "return": "退回", "withdraw": "撤回"}
_STEPS = """select p.act, p.position, p.round, s.name, w.words, p.reason, p.at from step p
join staff s on s.id = p.staff join post_holding h on h.id = p.holding
join post w on w.code = h.post where p.command = %s order by p.number"""
_PAPERS = "select id, paper, type, bytes, added_at from evidence where command = %s order by id"
_NOTICES = "select distinct text from notice where command = %s"


def command_of(clerk: Clerk, number: int, posts: tuple[str, ...] = SEES) -> CommandRow:
    """A command of an area in which somebody holds one of some posts.

    Refuses: PermissionDenied, Http404.
    """
    clerk.demand(posts, f"command {number}")
    row = command_rows.find_command(clerk.connection, number)
    if row is None or row.area not in clerk.areas_of(*posts):
        raise Http404
    kind = KINDS.get(row.kind)
    if kind is not None and kind.seers and row.area not in clerk.areas_of(*kind.seers):
        clerk.look(f"command {number}", granted=False)
        raise PermissionDenied
    return row


def person_in(row: CommandRow) -> int | None:
    """The id of the person whom a command is about, None where it is about no person."""
    return int(row.subject) if row.subject_kind == "person" else None


def papers_of(clerk: Clerk, number: int) -> list[tuple[Any, ...]]:
    """The papers of a command: number, name, type, bytes, when."""
    return clerk.connection.execute(_PAPERS, [number]).fetchall()


def steps_of(clerk: Clerk, number: int) -> list[tuple[Any, ...]]:
    """The steps of a command: act, position, round, name, post, reason, when."""
    return clerk.connection.execute(_STEPS, [number]).fetchall()


def texts_of(clerk: Clerk, number: int) -> tuple[str, ...]:
    """What was told of a command."""
    return tuple(row[0] for row in clerk.connection.execute(_NOTICES, [number]))


def _page(
    request: HttpRequest, clerk: Clerk, row: CommandRow, error: str = "", reason: str = ""
) -> HttpResponse:
    clerk.look(f"command {row.id}", person=person_in(row))
    kind = get_kind(row.kind)
    held = list(clerk.held)
    context: dict[str, Any] = {
        "here": "work",
        "row": row,
        "kind": kind,
        "state": STATES[row.state],
        "content": shown_content(row.kind, row.content),
        "papers": papers_of(clerk, row.id),
        "steps": steps_of(clerk, row.id),
        "notices": texts_of(clerk, row.id),
        "act_words": ACT_WORDS,
        "msg_id": uuid.uuid4().hex,
        "error": error,
        "reason": reason,
    }
    mine = find_holding(held, kind.makers, row.area, row.agency) is not None
    turn = row.turn if row.state == "submitted" else None
    context["my_turn"] = turn is not None and bool(
        find_holding(held, (turn.post,), row.area, turn.agency)
    )
    context["editable"] = mine and row.state in EDITABLE and row.actor_kind == "staff"
    context["has_form"] = row.kind in FORMS
    own = mine and row.actor_kind == "staff"
    context["copy"] = mine and may_be_handed_out(row, clerk.desk.now)
    context["withdrawable"] = own and row.state in (*EDITABLE, "submitted")
    context |= _previewed(clerk, row)
    return shown(request, clerk, "command", context, 422 if error else 200)


def _previewed(clerk: Clerk, row: CommandRow) -> dict[str, Any]:
    """What it would bring about now, and its chain; nothing of what is over."""
    if row.state in ("executed", "withdrawn"):
        return {"chain": _chain(clerk, row, row.steps)}
    names = _paper_names(clerk, row)
    try:
        told = life.preview(clerk.desk, row.id)
    except Refusal as refusal:
        return {"unseen": words_of(refusal), "names": names, "chain": _chain(clerk, row, row.steps)}
    chain = _chain(clerk, row, row.steps or list(told.chain))
    return {"preview": told, "names": names, "chain": chain}


def _paper_names(clerk: Clerk, row: CommandRow) -> list[str]:
    law = clerk.desk.laws.in_force(clerk.connection).area(row.area).law(day_of(clerk.today))  # type: ignore[union-attr]
    found = item_of(get_kind(row.kind), law)
    return sorted(found.papers) if found else ["附件"]


def _chain(clerk: Clerk, row: CommandRow, steps: Any) -> list[dict[str, object]]:
    names = agencies(clerk.connection, row.area)
    turn = row.position if row.state == "submitted" else -1
    return [
        {
            "words": clerk.words[step.post],
            "agency": names[step.agency].name if step.agency in names else step.agency,
            "done": number < row.position or row.state == "executed",
            "turn": number == turn,
        }
        for number, step in enumerate(steps)
    ]


@require_safe
@at_work
def command(request: HttpRequest, clerk: Clerk, number: int) -> HttpResponse:
    """A command; that it was looked at stands in the trail."""
    return _page(request, clerk, command_of(clerk, number))


@require_POST
@at_work
def act(request: HttpRequest, clerk: Clerk, number: int) -> HttpResponse:
    """Take a step: submit, approve, return, withdraw."""
    row = command_of(clerk, number)
    name = request.POST.get("act", "")
    if name not in ACTS:
        raise Http404
    reason = request.POST.get("reason", "")
    asked = read_acting(request.POST.dict(), number, name, reason)
    try:
        told = ACTS[name](clerk.desk, clerk.actor, asked)
    except Refusal as refusal:
        return _page(request, clerk, row, words_of(refusal), reason)
    said = f"第 {number} 号已{ACT_WORDS[name]}：{STATES[told.state]}"
    messages.success(request, said + (f"（{told.result}）" if told.result else ""))
    return HttpResponseRedirect(reverse("console:command", args=[number]))


@require_POST
@at_work
def add_paper(request: HttpRequest, clerk: Clerk, number: int) -> HttpResponse:
    """Hand in a paper with a command that is not submitted."""
    row = command_of(clerk, number)
    file = request.FILES.get("file")
    content = file.read() if file else b""
    try:
        paper = PaperFile(request.POST.get("name", ""), content)
        life.add_paper(clerk.desk, clerk.actor, number, paper)
    except Refusal as refusal:
        return _page(request, clerk, row, words_of(refusal))
    messages.success(request, f"已收下：{request.POST.get('name', '')}")
    return HttpResponseRedirect(reverse("console:command", args=[number]))


@require_safe
@at_work
def paper(request: HttpRequest, clerk: Clerk, number: int) -> HttpResponse:
    """A paper as it was handed in; that it was opened stands in the trail."""
    found = clerk.connection.execute(
        "select command from evidence where id = %s", [number]
    ).fetchone()
    if found is None:
        raise Http404
    row = command_of(clerk, found[0], RECORDS)
    clerk.look(f"paper {number}", person=person_in(row))
    kind, opened = open_paper(clerk.connection, clerk.desk.seal, number)
    way = "inline" if kind.startswith("image/") else "attachment"
    name = f"{number}.{kind.partition('/')[2]}"
    headers = {"Content-Disposition": f'{way}; filename="{name}"'}
    return HttpResponse(opened.content, content_type=kind, headers=headers)


# Several commands of a list that was opened.


@require_POST
@at_work
def bulk(request: HttpRequest, clerk: Clerk) -> HttpResponse:
    """Look at several commands together, then take their steps; each stands by itself."""
    clerk.demand(SEES, "bulk")
    listed = [whole(text) for text in request.POST.get("listed", "").split(",")]
    chosen = [whole(text) for text in request.POST.getlist("chosen")]
    if not request.POST.get("confirmed"):
        context = {
            "here": "work",
            "rows": [_seen(clerk, number) for number in chosen if number in listed],
            "listed": ",".join(map(str, listed)),
        }
        return shown(request, clerk, "bulk", context)
    typed = request.POST.dict()
    acts = [read_acting(typed, number, mark=f"_{number}") for number in chosen]
    told = life.approve_listed(clerk.desk, clerk.actor, listed, acts)
    done = [
        (act.command, str(one) if isinstance(one, Refusal) else STATES[one.state])
        for act, one in zip(acts, told, strict=True)
    ]
    return shown(request, clerk, "bulk", {"here": "work", "done": done})


def _seen(clerk: Clerk, number: int) -> dict[str, object]:
    row = command_of(clerk, number)
    clerk.look(f"command {number}", person=person_in(row))
    seen: dict[str, object] = {
        "row": row,
        "kind": KINDS[row.kind].words,
        "msg_id": uuid.uuid4().hex,
    }
    try:
        return seen | {"preview": life.preview(clerk.desk, number)}
    except Refusal as refusal:
        return seen | {"unseen": words_of(refusal)}
