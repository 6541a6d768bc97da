"""The life of a command: draft, submit, step after step, return, withdraw, stale, executed.

Every act has a message id of its actor and takes effect once (`inbox`); the same act again gives
the first answer. The database holds the walls (order of steps, one step a person, posts of the day,
nobody about themselves, nothing altered after it was submitted); here is what they mean.

Law:     社会保险经办条例 第三十八条: important work is reviewed at graded levels, and the system
         records how it was handled.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec
import psycopg
from psycopg import errors

from gongji.law.accounts.agency_items import AgencyItem
from gongji.law.rulebook.law import Law
from gongji.platform import command_rows, trail
from gongji.platform.actors import Actor
from gongji.platform.command_rows import CommandRow, NewCommand, NewStep, Submission, hash_of
from gongji.platform.inbox import Inbox, Key, Work
from gongji.platform.law_book import Laws, in_force
from gongji.platform.message_seal import MessageSeal
from gongji.refusals import Refusal
from gongji.review import evidence
from gongji.review.command_kinds import Case, CommandKind, Examination, get_kind, read_content
from gongji.review.evidence import PaperFile
from gongji.review.review_chains import chain_of, item_of
from gongji.review.staff import (
    agencies,
    find_holding,
    get_agency,
    holdings,
    post_words,
    staff_id,
)
from gongji.review.subjects import check_subject
from gongji.review.working_days import load_working_days
from gongji.units import day_in_china, day_of

Connection = psycopg.Connection[Any]

STATES = {
    "draft": "草稿",
    "submitted": "审核中",
    "returned": "已退回",
    "withdrawn": "已撤回",
    "stale": "情况已变，待重新提交",
    "approved": "已批准",
    "running": "执行中",
    "stopped": "已暂停",
    "executed": "已办结",
}
EDITABLE = ("draft", "returned", "stale")
_WALLS = {
    "command_person_other": "step_about_oneself",
    "step_command_staff_position_fkey": "step_twice",
    "step_held": "step_not_held",
}
"""What a wall of the database means; a person has one place in a command."""


@dataclass(frozen=True)
class Desk:
    """Where commands are worked on: a connection, by what is decided, and the instant."""

    connection: Connection
    laws: Laws
    inbox: Inbox
    seal: MessageSeal
    now: datetime

    @property
    def today(self) -> date:
        """The civil date in China."""
        return day_in_china(self.now)


class Drafting(msgspec.Struct, frozen=True):
    """A command to draft; `subject_kind` and `subject` say whom or what it is about."""

    msg_id: str
    kind: str
    area: str
    agency: str
    subject_kind: str
    subject: str
    content: dict[str, Any]


class Editing(msgspec.Struct, frozen=True):
    """Another content for a draft, of which the version seen is named."""

    msg_id: str
    command: int
    version: int
    content: dict[str, Any]


class Acting(msgspec.Struct, frozen=True):
    """A step: `version` of the content and `seen` hash (hex) of the preview that were looked at."""

    msg_id: str
    command: int
    version: int = 0
    seen: str = ""
    reason: str = ""


class Became(msgspec.Struct, frozen=True):
    """What became of a command."""

    command: int
    state: str
    round: int = 1
    position: int = 0
    result: str = ""


class Preview(msgspec.Struct, frozen=True):
    """What a command would bring about now: its lines, the papers that are missing, its chain.

    Shape:   `seen` is the hash that the next step names; `stale`: the ground is not what it was.
    """

    seen: str
    examined: Examination
    missing: tuple[str, ...]
    chain: tuple[command_rows.ChainStep, ...]
    stale: bool


@dataclass(frozen=True)
class _Look:
    """A command examined: its kind, the item of the law, what it rests on, the chain it needs."""

    kind: CommandKind
    item: AgencyItem | None
    case: Case
    examined: Examination
    chain: tuple[command_rows.ChainStep, ...]

    @property
    def ground(self) -> bytes:
        return hash_of([self.examined.ground, [[s.post, s.agency] for s in self.chain]])

    @property
    def seen(self) -> str:
        lines = [[line.words, line.fen, line.article] for line in self.examined.lines]
        return hash_of([self.case.row.content, lines, self.examined.amount_fen]).hex()

    @property
    def missing(self) -> list[str]:
        return self.item.missing(self.case.papers) if self.item else []


# What is asked.


def draft(desk: Desk, actor: Actor, content: Drafting) -> Became:
    """Draft a command, by a member of staff who takes it in or by the insured person.

    Refuses: command_kind_unknown, value_invalid, agency_unknown, maker_missing, actor_refused.
    """

    def run() -> Became:
        kind = get_kind(content.kind)
        read_content(kind, content.content)
        if content.agency:
            get_agency(desk.connection, content.area, content.agency)
        who, holding = _maker(desk, actor, kind, content.area, content.agency)
        new = NewCommand(
            content.area,
            content.agency,
            content.kind,
            (actor.kind, who),
            holding,
            (content.subject_kind, content.subject),
            content.content,
            desk.now,
        )
        return Became(command_rows.add_draft(desk.connection, new), "draft")

    return _once(desk, actor, "draft", content, run)


def edit(desk: Desk, actor: Actor, content: Editing) -> Became:
    """Change what a draft, or a command that was returned, says.

    Refuses: command_unknown, command_state, command_changed, value_invalid, maker_missing,
             command_not_own.
    """

    def run() -> Became:
        row = _open(desk, content.command, "修改", EDITABLE)
        _own(desk, actor, row, "修改")
        _unchanged(row, content.version)
        read_content(get_kind(row.kind), content.content)
        _reopen(desk, row)
        command_rows.edit(desk.connection, row.id, content.content)
        return _told(desk, row.id)

    return _once(desk, actor, "edit", content, run)


def add_paper(desk: Desk, actor: Actor, number: int, paper: PaperFile) -> bytes:
    """Hand in a paper with a command that is not submitted; gives its SHA-256.

    The same paper again changes nothing.
    Refuses: as `edit`; evidence_unknown, evidence_size, evidence_type, evidence_unsafe.
    """
    with desk.connection.transaction():
        row = _open(desk, number, "添加材料", EDITABLE)
        _own(desk, actor, row, "添加材料")
        found = item_of(get_kind(row.kind), _law(desk, row.area))
        names = found.papers if found else frozenset({"附件"})
        if paper.name not in names:
            values = {"value": paper.name, "allowed": "、".join(sorted(names))}
            raise Refusal("evidence_unknown", "paper", values)
        _reopen(desk, row)
        kept = found.rule.retention if found else "10年"
        return evidence.keep(desk.connection, desk.seal, row, paper, kept)


def preview(desk: Desk, number: int) -> Preview:
    """What a command would bring about now, to the fen; changes nothing.

    Refuses: command_unknown, person_elsewhere, and whatever its kind refuses.
    """
    row = command_rows.find_command(desk.connection, number)
    if row is None:
        raise Refusal("command_unknown", "command", {"value": str(number)})
    look = _look(desk, row, Actor.job("preview"))
    stale = row.ground_hash is not None and row.ground_hash != look.ground
    return Preview(look.seen, look.examined, tuple(look.missing), look.chain, stale)


def submit(desk: Desk, actor: Actor, content: Acting) -> Became:
    """Submit a draft, or again what was returned: content, chain and ground are frozen.

    Where the chain has no step it is carried out at once. The time limit goes on where it was
    paused.
    Refuses: as `edit`; papers_missing with all of them, preview_differs, calendar_missing.
    """

    def run() -> Became:
        row = _open(desk, content.command, "提交", EDITABLE)
        _unchanged(row, content.version)
        holding = _own(desk, actor, row, "提交")
        row = _reopen(desk, row)
        look = _look(desk, row, actor)
        if look.missing:
            raise Refusal("papers_missing", "papers", {"names": "；".join(look.missing)})
        _as_seen(look, content)
        frozen = Submission(
            look.chain,
            look.ground,
            look.examined.amount_fen,
            _due(desk, row, look.item),
            look.examined.about,
        )
        command_rows.submit(desk.connection, row.id, frozen, desk.now)
        row = _row(desk, row.id)
        if holding is not None:
            _step(desk, actor, row, NewStep(0, holding[0], holding[1], "submit"))
        return _executed(desk, row, look) if not look.chain else _told(desk, row.id)

    return _once(desk, actor, "submit", content, run)


def approve(desk: Desk, actor: Actor, content: Acting) -> Became:
    """Take the step whose turn it is; the last one carries the command out, in one transaction.

    Where the ground is no longer what it was when it was submitted nothing is carried out: the
    command is stale, and is submitted again or withdrawn.
    Refuses: staff_unknown, command_unknown, command_state, command_changed, step_not_held,
             step_twice, step_about_oneself, preview_differs; whatever its kind refuses.
    """

    def run() -> Became:
        row = _open(desk, content.command, "审核", ("submitted",))
        _unchanged(row, content.version)
        staff, holding = _turn(desk, actor, row)
        look = _look(desk, row, actor)
        if look.ground != row.ground_hash:
            command_rows.move(desk.connection, row.id, "stale")
            return _told(desk, row.id)
        _as_seen(look, content)
        seen = bytes.fromhex(look.seen)
        step = NewStep(row.position + 1, staff, holding, "approve", content.reason, seen)
        _step(desk, actor, row, step)
        last = row.position + 1 == len(row.chain)
        return _executed(desk, _row(desk, row.id), look) if last else _told(desk, row.id)

    return _once(desk, actor, "approve", content, run)


def give_back(desk: Desk, actor: Actor, content: Acting) -> Became:
    """Return a command to whoever handed it in, with a reason; the time limit is paused.

    Refuses: as `approve`; reason_missing.
    """

    def run() -> Became:
        row = _open(desk, content.command, "退回", ("submitted",))
        if not content.reason.strip():
            raise Refusal("reason_missing", "原因")
        staff, holding = _turn(desk, actor, row)
        step = NewStep(row.position + 1, staff, holding, "return", content.reason)
        _step(desk, actor, row, step)
        command_rows.pause(desk.connection, row.id, _worked(desk, row))
        return _told(desk, row.id)

    return _once(desk, actor, "return", content, run)


def withdraw(desk: Desk, actor: Actor, content: Acting) -> Became:
    """Withdraw a command that was not carried out, with a reason.

    Refuses: as `edit`; reason_missing.
    """

    def run() -> Became:
        row = _open(desk, content.command, "撤回", (*EDITABLE, "submitted"))
        if not content.reason.strip():
            raise Refusal("reason_missing", "原因")
        holding = _own(desk, actor, row, "撤回")
        if holding is not None:
            _step(desk, actor, row, NewStep(0, holding[0], holding[1], "withdraw", content.reason))
        command_rows.move(desk.connection, row.id, "withdrawn")
        return _told(desk, row.id)

    return _once(desk, actor, "withdraw", content, run)


def approve_listed(
    desk: Desk, actor: Actor, listed: list[int], acts: list[Acting]
) -> list[Became | Refusal]:
    """Take a step of several commands of a list that the actor opened today, each by itself.

    Refuses: list_not_opened; what refuses one command stands in its place.
    """
    chosen = {act.command for act in acts}
    if not (chosen <= set(listed) and trail.opened(desk.connection, _who(actor), listed)):
        raise Refusal("list_not_opened", "list")
    found: list[Became | Refusal] = []
    for act in acts:
        try:
            found.append(approve(desk, actor, act))
        except Refusal as refusal:
            found.append(refusal)
    return found


# How it is done.


def _who(actor: Actor) -> tuple[str, str]:
    return actor.kind, actor.id


def _once(desk: Desk, actor: Actor, act: str, content: Any, run: Callable[[], Became]) -> Became:
    """The answer of an act, or the one that it had before.

    Refuses: what the act refuses, and refused before.
    """
    said = msgspec.to_builtins(content)
    key = Key(actor.kind, actor.id, content.msg_id, f"review.{act}", said)

    def work() -> tuple[bytes, None]:
        told = _through_walls(run, said)
        trace = trail.Trace(trail.ACT, f"{act} {told.command}", reason=said.get("reason", ""))
        trail.log(desk.connection, _who(actor), trace)
        return msgspec.json.encode(told), None

    def refused(refusal: Refusal) -> bytes:
        return msgspec.json.encode(
            {"refusal": refusal.code, "field": refusal.field, "values": refusal.values}
        )

    reply = msgspec.json.decode(
        desk.inbox.once(desk.connection, key, desk.now, Work(work, refused))
    )
    if "refusal" in reply:
        raise Refusal(reply["refusal"], reply["field"], reply["values"])
    return msgspec.convert(reply, Became)


def _through_walls(run: Callable[[], Became], said: dict[str, Any]) -> Became:
    try:
        return run()
    except (errors.IntegrityError, errors.RaiseException) as error:
        code = _WALLS.get(error.diag.constraint_name or "")
        if code is None:
            raise
        values = {"value": str(said.get("command", "")), "agency": "", "post": "相应岗位"}
        raise Refusal(code, "command", values) from None


def _law(desk: Desk, area: str) -> Law:
    return in_force(desk.connection, desk.laws).area(area).law(day_of(desk.today))


def _row(desk: Desk, number: int, lock: bool = False) -> CommandRow:
    row = command_rows.find_command(desk.connection, number, lock)
    if row is None:
        raise Refusal("command_unknown", "command", {"value": str(number)})
    return row


def _open(desk: Desk, number: int, act: str, states: tuple[str, ...]) -> CommandRow:
    """A command, locked, in one of some states."""
    row = _row(desk, number, lock=True)
    if row.state not in states:
        values = {"value": str(number), "state": STATES[row.state], "act": act}
        raise Refusal("command_state", "command", values)
    return row


def _unchanged(row: CommandRow, version: int) -> None:
    if row.version != version:
        raise Refusal("command_changed", "version", {"value": str(row.id)})


def _as_seen(look: _Look, content: Acting) -> None:
    if look.seen != content.seen:
        raise Refusal("preview_differs", "seen", {"value": str(content.command)})


def _reopen(desk: Desk, row: CommandRow) -> CommandRow:
    """What went stale is a command that was returned; the days that it took count."""
    if row.state != "stale":
        return row
    command_rows.pause(desk.connection, row.id, _worked(desk, row))
    return _row(desk, row.id)


def _told(desk: Desk, number: int) -> Became:
    row = _row(desk, number)
    return Became(row.id, row.state, row.round, row.position)


def _maker(
    desk: Desk, actor: Actor, kind: CommandKind, area: str, agency: str
) -> tuple[str, int | None]:
    """Who hands in, as the row keeps it, and by which holding."""
    if actor.kind == "person" and kind.people:
        return _person(desk, actor), None
    if actor.kind != "staff":
        allowed = "经办人员" + ("、参保人" if kind.people else "")
        values = {"value": kind.words, "actor": actor.id, "allowed": allowed}
        raise Refusal("actor_refused", "actor", values)
    staff = staff_id(desk.connection, actor)
    held = find_holding(holdings(desk.connection, staff, desk.today), kind.makers, area, agency)
    if held is None:
        words = post_words(desk.connection)
        posts = "、".join(words[post] for post in kind.makers)
        values = {"kind": kind.words, "posts": posts, "agency": agency or area}
        raise Refusal("maker_missing", "actor", values)
    return str(staff), held.id


def _person(desk: Desk, actor: Actor) -> str:
    row = desk.connection.execute("select id from person where psn_no = %s", [actor.id]).fetchone()
    if row is None:
        raise Refusal("person_unknown", "psn_no", {"value": actor.id})
    return str(row[0])


def _own(desk: Desk, actor: Actor, row: CommandRow, act: str) -> tuple[int, int] | None:
    """By which staff and holding somebody goes on with what was handed in; None for a person.

    A command of the counter may be taken up by a colleague who takes in such commands there.
    """
    who, holding = _maker(desk, actor, get_kind(row.kind), row.area, row.agency)
    if row.actor_kind != actor.kind or actor.kind == "person" and row.actor != who:
        raise Refusal("command_not_own", "command", {"value": str(row.id), "act": act})
    return None if holding is None else (int(who), holding)


def _turn(desk: Desk, actor: Actor, row: CommandRow) -> tuple[int, int]:
    """By which staff and holding somebody takes the step whose turn it is."""
    if actor.kind != "staff":
        values = {"value": row.kind, "actor": actor.id, "allowed": "经办人员"}
        raise Refusal("actor_refused", "actor", values)
    staff = staff_id(desk.connection, actor)
    turn = row.turn
    assert turn is not None, "what is submitted waits for a step"
    held = holdings(desk.connection, staff, desk.today)
    found = find_holding(held, (turn.post,), row.area, turn.agency)
    if found is None:
        words = post_words(desk.connection)
        values = {"value": str(row.id), "agency": turn.agency, "post": words[turn.post]}
        raise Refusal("step_not_held", "command", values)
    return staff, found.id


def _look(desk: Desk, row: CommandRow, actor: Actor) -> _Look:
    kind = get_kind(row.kind)
    areas = in_force(desk.connection, desk.laws)
    law = areas.area(row.area).law(day_of(desk.today))
    found = item_of(kind, law)
    papers = frozenset(command_rows.papers_of(desk.connection, row.id))
    content = read_content(kind, row.content)
    case = Case(desk.connection, row, content, law, areas, papers, desk.now, actor)
    examined = kind.examine(case)
    check_subject(desk.connection, row, examined.about)
    tree = agencies(desk.connection, row.area)
    chain = chain_of(kind, law, tree, row.agency, examined.amount_fen or 0)
    return _Look(kind, found, case, examined, chain)


def _due(desk: Desk, row: CommandRow, found: AgencyItem | None) -> date | None:
    """The last day of the item's time limit, less the working days that were used before."""
    if found is None or found.rule.limit is None:
        return None
    left = max(0, found.rule.limit.days - row.worked_days)
    return load_working_days(desk.connection).after(desk.today, left)


def _worked(desk: Desk, row: CommandRow) -> int:
    """The working days used up to now; a calendar is only needed where a time limit runs."""
    if row.due_on is None or row.submitted_at is None:
        return row.worked_days
    first = day_in_china(row.submitted_at)
    return row.worked_days + load_working_days(desk.connection).between(first, desk.today)


def _step(desk: Desk, actor: Actor, row: CommandRow, step: NewStep) -> None:
    command_rows.take_step(desk.connection, row, step, desk.now)


def _executed(desk: Desk, row: CommandRow, look: _Look) -> Became:
    """Carry a command out: approved, done and executed in this transaction."""
    if row.chain:
        command_rows.move(desk.connection, row.id, "approved")
    result = look.kind.act(look.case)
    command_rows.move(desk.connection, row.id, "executed", desk.now)
    return Became(row.id, "executed", row.round, row.position, result)
