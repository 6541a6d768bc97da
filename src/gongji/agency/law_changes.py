"""A change of an area's law as a command that is reviewed: figures of parameters, documents.

It is checked whole when it is drafted and again when it is carried out, and tried on the
settlements of last month before anybody submits it. What it becomes is a version of the law, which
whoever settles takes at its instant.
Law:     国务院令第765号 第三十八条: important work is reviewed at graded levels.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.law.report.compare import SAME, LawDifference, compare
from gongji.law.rulebook.rulebook import parse_book
from gongji.law.rulebook.source import is_too_deep
from gongji.platform.laws import (
    LawText,
    LawVersion,
    Publication,
    load,
    newest_of,
    problems_of,
    publish_law,
)
from gongji.refusals import Problem, Refusal, RulebookError
from gongji.review import staff_jobs
from gongji.review.command_kinds import Case, CommandKind, Examination, PreviewLine, register
from gongji.review.staff_jobs import (
    Finished,
    JobKind,
    JobUnderWay,
    NewJob,
    StaffJob,
    register_job,
)
from gongji.settlement.law_trial import LawTrial, settled_in, try_law
from gongji.units import CHINA, Day, date_of, day_in_china, day_of, show_fen

Connection = psycopg.Connection[Any]
KIND, TRIAL = "change_law", "law_trial"
LONGEST = 2 * 1024 * 1024
"""Bytes of a document at most."""


class LawChange(msgspec.Struct, frozen=True):
    """What is to be different: documents by their paths, figures by their parameters.

    Shape:   a figure that is empty is taken back; `since` from which day, empty: at once.
    """

    documents: dict[str, str] = {}
    figures: dict[str, str] = {}
    since: date | None = None


@dataclass(frozen=True)
class ProposedLaw:
    """A change on the newest version of an area's law: both laws whole."""

    base: LawVersion
    before: LawText
    after: LawText
    since: date | None

    @property
    def key(self) -> str:
        """What tells the trial of this change on this version from others."""
        return f"{self.base.area} {self.before.hash} {self.after.hash}"


def proposed(connection: Connection, area: str, change: LawChange) -> ProposedLaw:
    """The law that a change would make of the newest version.

    Refuses: area_unknown, law_unchanged.
    """
    newest = newest_of(connection, area)
    if area not in newest:
        allowed = "、".join(newest_of(connection))
        raise Refusal("area_unknown", "area", {"value": area, "allowed": allowed})
    before = load(connection, [newest[area].id])[newest[area].id]
    figures = {**before.parameters, **change.figures}
    given = {name: figure for name, figure in figures.items() if figure}
    after = LawText(area, {**before.documents, **change.documents}, given)
    if after.hash == before.hash:
        raise Refusal("law_unchanged", "figures", {"area": area})
    return ProposedLaw(newest[area], before, after, change.since)


def read_document(area: str, name: str, content: bytes) -> tuple[str, str]:
    """The path at which an uploaded document belongs, by its own head, and its text.

    Refuses: law_document_wrong for another area's; RulebookError where it cannot be read.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _no_document(area, name, "不是 UTF-8 文本") from None
    if len(content) > LONGEST:
        raise _no_document(area, name, f"超过 {LONGEST} 字节")
    if is_too_deep(text):
        raise _no_document(area, name, "列表和键值表套得太深")
    book, problems = parse_book(Path(name), text.encode())
    if book is None:
        raise RulebookError(problems)
    if book.head.area != area:
        raise _no_document(area, name, f"写的统筹区是 {book.head.area}")
    return f"{area[:2]}0000/{area}/{date_of(book.head.since)}.yaml", text


def _no_document(area: str, name: str, reason: str) -> Refusal:
    values = {"file": name, "area": area, "reason": reason}
    return Refusal("law_document_wrong", "file", values)


def problems(connection: Connection, law: ProposedLaw) -> tuple[Problem, ...]:
    """Everything that is wrong with the law as it would be, as `gongji check` tells it."""
    ids = [one.id for one in newest_of(connection).values()]
    beside = {text.area: text for text in load(connection, ids).values()}
    return _problems(_Hashed(law.after), tuple(_Hashed(one) for one in beside.values()))


@dataclass(frozen=True)
class _Hashed:
    """A law that is told apart by its hash."""

    law: LawText

    def __hash__(self) -> int:
        return hash(self.law.hash)


@lru_cache(maxsize=32)
def _problems(law: _Hashed, beside: tuple[_Hashed, ...]) -> tuple[Problem, ...]:
    return tuple(problems_of(law.law, {one.law.area: one.law for one in beside}))


@lru_cache(maxsize=16)
def _areas(law: _Hashed) -> Areas:
    text = law.law
    return Areas(Library(kept={text.area: text.content}), {text.area: dict(text.parameters)})


def areas_of(law: LawText) -> Areas:
    """A law that no version has, as an area that settles."""
    return _areas(_Hashed(law))


def differences(law: ProposedLaw, today: Day) -> tuple[Day, list[LawDifference]]:
    """What the two laws say differently, article by article, and on which day they are compared.

    That is today, or else the first day on which they differ.
    """
    code = law.base.area
    before, after = (areas_of(one).area(code) for one in (law.before, law.after))
    later = [one.since for one in after.laws if one.since > today]
    for day in (today, *later):
        found = [row for row in compare(before, day, after, day) if row.mark != SAME]
        if found:
            return day, found
    return today, []


# The trial.


def last_month(today: date) -> tuple[date, date]:
    """The month before a day's, [first day, first day of the next)."""
    until = today.replace(day=1)
    return (until - timedelta(days=1)).replace(day=1), until


def ask_trial(connection: Connection, law: ProposedLaw, staff: int, now: datetime) -> StaffJob:
    """The trial of a change on last month's settlements: there already, or asked for now."""
    change = {"before": law.before, "after": law.after, "month": last_month(day_in_china(now))}
    new = NewJob(TRIAL, law.base.area, staff, msgspec.to_builtins(change), law.key)
    return staff_jobs.ask(connection, new, now)


def settlements_to_try(connection: Connection, area: str, today: date) -> int:
    """How many settlements a trial goes through."""
    return settled_in(connection, area, *last_month(today))[0]


class _Trying(msgspec.Struct, frozen=True):
    before: LawText
    after: LawText
    month: tuple[date, date]


def _try(work: JobUnderWay) -> Finished:
    given = msgspec.convert(work.job.content, _Trying)
    sides = areas_of(given.before), areas_of(given.after)
    told = try_law(work.connection, work.job.area, sides, given.month, work.progress)
    return Finished(msgspec.to_builtins(told))


def trial_of(job: StaffJob | None) -> LawTrial | None:
    """What a trial found, where it is done."""
    done = job is not None and job.state == "done"
    return msgspec.convert(job.result, LawTrial) if job and done else None


# As a command that is reviewed.


def _examine(case: Case) -> Examination:
    change: LawChange = case.content
    law = proposed(case.connection, case.row.area, change)
    wrong = problems(case.connection, law)
    if wrong:
        values = {"count": str(len(wrong)), "problems": "；".join(map(str, wrong))}
        raise Refusal("law_change_wrong", "documents", values)
    job = staff_jobs.find_keyed(case.connection, TRIAL, law.key)
    trial = trial_of(job)
    # Of what was submitted whoever published meanwhile made the trial worth nothing: it is stale.
    if trial is None and case.row.state != "submitted":
        state = job.words if job else "未开始"
        raise Refusal("law_untried", "trial", {"state": state})
    today = day_of(day_in_china(case.now))
    day, found = differences(law, today)
    lines = (
        _from_when(change, date_of(today)),
        *_changed_texts(law, change),
        PreviewLine(f"与第 {law.base.number} 版相比，{date_of(day)} 有 {len(found)} 处不同"),
        *(_tried(trial) if trial else ()),
    )
    return Examination(_ground(law, trial), lines)


def _ground(law: ProposedLaw, trial: LawTrial | None) -> dict[str, Any]:
    return {"base": law.base.id, "law": law.after.hash, "tried": trial is not None}


def _from_when(change: LawChange, today: date) -> PreviewLine:
    """From when on the law holds; nobody goes back behind what was settled."""
    if change.since is None:
        return PreviewLine("批准后立即生效")
    if change.since > today:
        return PreviewLine(f"自 {change.since}")
    return PreviewLine(f"批准后立即生效：{change.since} 不在今天之后，此前的结算另行重新核算")


def _changed_texts(law: ProposedLaw, change: LawChange) -> list[PreviewLine]:
    """A line of each document and each figure that changes."""
    told = [
        f"文件 {path}（{'代替原文' if path in law.before.documents else '新增'}）"
        for path, text in sorted(change.documents.items())
        if law.before.documents.get(path) != text
    ]
    told += [
        f"参数 {name}：{_figure(law.before.parameters, name)} → {figure or '收回'}"
        for name, figure in sorted(change.figures.items())
        if law.before.parameters.get(name, "") != figure
    ]
    return [PreviewLine(one) for one in told]


def _figure(given: Mapping[str, str], name: str) -> str:
    return given.get(name, "没有给出")


def _tried(trial: LawTrial) -> list[PreviewLine]:
    month = f"{trial.since:%Y年%m月}"
    said = f"试算：{month}的 {trial.settlements} 笔结算中 {trial.changed} 笔有变化"
    people = f"基金多支付 {trial.gaining} 人，少支付 {trial.losing} 人"
    lines = [
        PreviewLine(said),
        PreviewLine(f"试算：基金合计多支付 {show_fen(trial.funds_fen)} 元，个人少负担同样的金额"),
        PreviewLine(f"试算：{people}"),
    ]
    if trial.untold:
        untold = f"试算：{trial.untold} 人不能结算：{'；'.join(trial.reasons)}"
        lines.append(PreviewLine(untold))
    return lines


def _act(case: Case) -> str:
    """Publish the law as it would be; it is in force at once, or from its day on."""
    law = proposed(case.connection, case.row.area, case.content)
    since = datetime.combine(law.since, time(), CHINA) if law.since else case.now
    content = Publication((law.after,), since if since > case.now else None)
    by: dict[str, Any] = {"actor": case.actor, "now": case.now, "number": case.row.id}
    (made,) = publish_law(case.connection, content, **by)
    return f"规则第 {made.number} 版，自 {made.since.astimezone(CHINA):%Y-%m-%d %H:%M}"


register(
    CommandKind(
        KIND,
        "修改规则",
        LawChange,
        ("business",),
        _examine,
        _act,
        chain=("second_reviewer", "inspector"),
    )
)
register_job(TRIAL, JobKind("规则试算", _try))
