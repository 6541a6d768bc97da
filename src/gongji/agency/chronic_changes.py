"""A chronic registration ended, or moved to another hospital: asked for, reviewed, told.

Settlements that lie behind an end are counted and said: they are found by re-adjudication.
"""

from datetime import date
from typing import Any, Literal

import psycopg

from gongji.agency import notices
from gongji.agency.family_bond import cited, may_ask
from gongji.institutions.institution_rows import get_institution
from gongji.people.registrations import (
    ApprovedRegistration,
    RegistrationEnd,
    RegistrationMove,
    approved_registration,
    end_registration,
    move_registration,
)
from gongji.refusals import Refusal
from gongji.review.command_kinds import Case, CommandKind, Examination, PreviewLine, register

Connection = psycopg.Connection[Any]
ITEM = "chronic_filing"
"""What is changed is what this item brought about; who may ask is the same."""
_BEHIND = """select count(*) from entry e join settlement s on s.entry = e.id
where e.person = %s and e.kind = 'settlement' and s.benefit = %s and e.service_date > %s
  and not exists (select 1 from entry c where c.reverses = e.id)"""


class ChronicEndForm(RegistrationEnd, frozen=True):
    """The form: which registration, its last day, why, and who asks."""

    reason: str
    applicant: Literal["person", "delegate", "institution"] = "person"


class ChronicMoveForm(RegistrationMove, frozen=True):
    """The form: which registration, to which institution, from when, and who asks."""

    applicant: Literal["person", "delegate", "institution"] = "person"


def _found(case: Case, day: date) -> ApprovedRegistration:
    may_ask(case.law, ITEM, case.content.applicant)
    form = case.content
    one = approved_registration(case.connection, form.psn_no, form.serial, day)
    if one.fact.area != case.row.area:
        raise Refusal("registration_over", "serial", {"value": form.serial, "date": str(day)})
    own = case.row.actor_kind != "person" or case.row.actor == str(one.person.id)
    if not own:
        raise Refusal("command_not_own", "serial", {"value": form.serial, "act": "变更"})
    return one


def _examine_end(case: Case) -> Examination:
    form: ChronicEndForm = case.content
    if not form.reason.strip():
        raise Refusal("reason_missing", "原因")
    one = _found(case, form.last)
    name = one.fact.details["name"]
    row = case.connection.execute(
        _BEHIND, [one.person.id, one.fact.details["benefit"], form.last]
    ).fetchone()
    lines = [PreviewLine(f"{one.person.name}：{name}备案至 {form.last} 止（{form.reason}）")]
    if row and row[0]:
        words = f"其后已有 {row[0]} 笔按此待遇的结算，办结后须重新核算（gongji readjudicate）"
        lines.append(PreviewLine(words))
    return Examination({"fact": one.fact.id}, tuple(lines), None, (one.person.id,))


def _act_end(case: Case) -> str:
    form: ChronicEndForm = case.content
    one = _found(case, form.last)
    content = RegistrationEnd(form.psn_no, form.serial, form.last)
    end_registration(case.connection, content, actor=case.actor, now=case.now)
    name = one.fact.details["name"]
    _tell(case, one.person.id, f"{name}的门诊慢特病备案自 {form.last} 之后终止（{form.reason}）")
    return f"{name}备案至 {form.last} 止"


def _examine_move(case: Case) -> Examination:
    form: ChronicMoveForm = case.content
    get_institution(case.connection, form.institution)
    one = _found(case, form.since)
    held = one.fact.details["institution"]
    if held == form.institution:
        raise Refusal("registration_there", "institution", {"value": held})
    words = (
        f"{one.person.name}：{one.fact.details['name']}备案自 {form.since} 起由 {held or '（空）'}"
    )
    said = (PreviewLine(f"{words}变更到 {form.institution}"),)
    return Examination({"fact": one.fact.id}, said, None, (one.person.id,))


def _act_move(case: Case) -> str:
    form: ChronicMoveForm = case.content
    one = _found(case, form.since)
    content = RegistrationMove(form.psn_no, form.serial, form.institution, form.since)
    move_registration(case.connection, content, actor=case.actor, now=case.now)
    name = one.fact.details["name"]
    _tell(case, one.person.id, f"{name}的门诊慢特病备案自 {form.since} 起变更到 {form.institution}")
    return f"{name}备案变更到 {form.institution}"


def _tell(case: Case, person: int, text: str) -> None:
    found = may_ask(case.law, ITEM, case.content.applicant)
    told = f"{text}（{cited(found)}）。{found.rule.remedy}"
    notices.tell(case.connection, case.row.id, (person,), told, case.now)


MAKERS, CHAIN = ("handler",), ("first_reviewer",)
register(
    CommandKind(
        "chronic_filing_end",
        "终止慢特病备案",
        ChronicEndForm,
        MAKERS,
        _examine_end,
        _act_end,
        people=True,
        chain=CHAIN,
    )
)
register(
    CommandKind(
        "chronic_filing_move",
        "变更慢特病定点机构",
        ChronicMoveForm,
        MAKERS,
        _examine_move,
        _act_move,
        people=True,
        chain=CHAIN,
    )
)
