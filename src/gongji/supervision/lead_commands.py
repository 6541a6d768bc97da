"""A lead at the desk: opened, given to somebody, looked into, heard, judged, opened again.

The supervisor gives it to an inspector, who looks into it, hears the institution and judges; the
supervisor confirms. What is confirmed is recovered (`lead_recoveries`), handed over or closed. Each
is a command; a lead says where to look and accuses nobody before it was judged.

Law:     社会保险经办条例 第四十三条: the institution states its case before it is judged;
         国务院令第735号 第三十二条.
"""

from datetime import date
from typing import Literal

import msgspec

from gongji.institutions.institution_rows import find_institution
from gongji.refusals import Refusal
from gongji.review.command_kinds import Case, CommandKind, Examination, PreviewLine, register
from gongji.supervision import lead_rows
from gongji.supervision.lead_rows import GOES_ON, STATES, Lead
from gongji.units import Fen, day_in_china, yuan_text

HEARING = "社会保险经办条例 第四十三条"
REPORT = "监管报告"
"""The rule of what a report of `gongji supervise` showed."""
SEERS = ("inspector", "supervisor", "audit_officer", "security_officer")
"""The posts that see what is done about leads."""
VERDICTS = {
    "属实": ("breach", "confirmed"),
    "合理例外": ("lawful", "lawful"),
    "数据错误": ("data_error", "data_error"),
}
"""What a judgement is called: how it is kept, and the state of its lead."""


class LeadOpening(msgspec.Struct, frozen=True):
    """What a report shows of an institution: the reasons, the law, the money at stake (fen)."""

    institution: str
    reasons: str
    grounds: str
    stake_fen: Fen = 0


class LeadAssignment(msgspec.Struct, frozen=True):
    """Who looks into a lead, by their post, and until when."""

    lead: int
    holding: int
    due_on: date


class LeadNote(msgspec.Struct, frozen=True):
    """What was seen of a lead, or heard of the institution, on a day."""

    lead: int
    step: Literal["核查", "听取陈述"]
    day: date
    said: str


class LeadVerdict(msgspec.Struct, frozen=True):
    """What a lead is found to be, why, and what is to be recovered (fen) where it is confirmed."""

    lead: int
    verdict: Literal["属实", "合理例外", "数据错误"]
    reason: str
    recover_fen: Fen = 0


class LeadEnd(msgspec.Struct, frozen=True):
    """What becomes of a lead that was confirmed: handed over, or closed."""

    lead: int
    end: Literal["移交", "办结"]
    reason: str


class LeadReopening(msgspec.Struct, frozen=True):
    """A lead that is looked into again, and why."""

    lead: int
    reason: str


def lead_in(case: Case, act: str, *states: str) -> Lead:
    """The lead of a command, in one of some states; locked where it is carried out.

    Refuses: lead_unknown, lead_state; value_invalid where the command names another institution.
    """
    case.connection.execute("select 1 from lead where id = %s for update", [case.content.lead])
    found = lead_rows.get_lead(case.connection, case.row.area, case.content.lead)
    if case.row.subject != found.institution:
        values = {"value": case.row.subject, "allowed": found.institution}
        raise Refusal("value_invalid", "医药机构", values)
    if found.state not in states and case.row.state != "submitted":
        values = {"value": str(found.id), "state": found.state_words, "act": act}
        raise Refusal("lead_state", "lead", values)
    return found


def seen_of(lead: Lead, *lines: PreviewLine, amount_fen: Fen | None = None) -> Examination:
    """An examination that rests on the lead as it stands."""
    head = PreviewLine(
        f"第 {lead.id} 号线索：{lead.name}（{lead.institution}），{lead.state_words}"
    )
    ground = {"lead": lead.id, "state": lead.state, "findings": lead.findings}
    return Examination(ground | {"holding": lead.holding}, (head, *lines), amount_fen)


def said(text: str, name: str) -> str:
    """Words that must be there.

    Refuses: reason_missing.
    """
    if not text.strip():
        raise Refusal("reason_missing", name)
    return text.strip()


def _past(day: date, case: Case) -> str:
    today = day_in_china(case.now)
    if day > today:
        values = {"value": str(day), "allowed": f"不晚于今天（{today}）的日期"}
        raise Refusal("value_invalid", "日期", values)
    return str(day)


_STANDS_IN = "select stands_for from post_holding where id = %s"


def _own(case: Case, lead: Lead) -> Lead:
    """A lead that was given to somebody is theirs, or their stand-in's.

    Refuses: lead_not_yours.
    """
    if lead.holding not in (None, case.row.holding) and case.row.state != "submitted":
        row = case.connection.execute(_STANDS_IN, [case.row.holding]).fetchone()
        if row is None or row[0] != lead.holding:
            values = {"value": str(lead.id), "name": lead.holder}
            raise Refusal("lead_not_yours", "lead", values)
    return lead


# Opened and given to somebody.


def _examine_open(case: Case) -> Examination:
    content: LeadOpening = case.content
    found = find_institution(case.connection, content.institution)
    if found is None or found.area[:4] != case.row.area[:4]:
        raise Refusal("institution_unknown", "institution", {"value": content.institution})
    if content.stake_fen < 0:
        raise Refusal("amount_negative", "涉及金额", {"value": yuan_text(content.stake_fen)})
    why = said(content.reasons, "理由")
    line = PreviewLine(f"{found.name}：{why}", content.stake_fen, said(content.grounds, "依据"))
    return Examination({"institution": found.code}, (line,))


def _open(case: Case) -> str:
    content: LeadOpening = case.content
    values = {"area": case.row.area, "code": content.institution, "fen": content.stake_fen}
    values |= {"rule": REPORT, "snapshot": f"command {case.row.id}", "at": case.now}
    return f"第 {lead_rows.open_lead(case.connection, values)} 号线索"


_HELD = """select s.name from post_holding h join staff s on s.id = h.staff
join post_area a on a.holding = h.id
where h.id = %s and h.post = 'inspector' and a.area = %s and h.retired_at is null
  and s.disabled_at is null and h.during @> %s"""


def _examine_assign(case: Case) -> Examination:
    content: LeadAssignment = case.content
    lead = lead_in(case, "指派", *GOES_ON)
    today = day_in_china(case.now)
    row = case.connection.execute(_HELD, [content.holding, case.row.area, today]).fetchone()
    if row is None:
        raise Refusal("post_not_held", "holding", {"value": str(content.holding)})
    if content.due_on < today:
        values = {"value": str(content.due_on), "allowed": f"不早于今天（{today}）的日期"}
        raise Refusal("value_invalid", "期限", values)
    return seen_of(lead, PreviewLine(f"由{row[0]}核查，期限 {content.due_on}"))


def _assign(case: Case) -> str:
    content: LeadAssignment = case.content
    lead_rows.assign(case.connection, content.lead, content.holding, content.due_on)
    return f"第 {content.lead} 号线索已指派"


# Looked into, heard, judged.


def _examine_note(case: Case) -> Examination:
    content: LeadNote = case.content
    lead = _own(case, lead_in(case, content.step, *GOES_ON))
    words = f"{content.step} {_past(content.day, case)}：{said(content.said, '要点')}"
    return seen_of(lead, PreviewLine(words, article=HEARING if content.step == "听取陈述" else ""))


def _note(case: Case) -> str:
    content: LeadNote = case.content
    lead = lead_in(case, content.step, *GOES_ON)
    if content.step == "听取陈述":
        lead_rows.hear(case.connection, lead.id, content.day)
        lead_rows.move(case.connection, lead.id, "heard")
    elif lead.state == "open":
        lead_rows.move(case.connection, lead.id, "looked_at")
    return f"第 {lead.id} 号线索：{content.step}"


def _examine_verdict(case: Case) -> Examination:
    content: LeadVerdict = case.content
    lead = _own(case, lead_in(case, "认定", *GOES_ON))
    confirmed = content.verdict == "属实"
    heard = case.row.state == "submitted" or lead_rows.open_case(case.connection, lead.id)
    if confirmed and not heard:
        raise Refusal("lead_not_heard", "lead", {"value": str(lead.id), "article": HEARING})
    if content.recover_fen and (not confirmed or content.recover_fen < 0):
        values = {"value": yuan_text(content.recover_fen), "allowed": "认定属实的，须追回的金额"}
        raise Refusal("value_invalid", "追回金额", values)
    lines = [PreviewLine(f"认定为{content.verdict}：{said(content.reason, '理由')}")]
    if content.recover_fen:
        lines.append(PreviewLine("须追回", content.recover_fen))
    return seen_of(lead, *lines, amount_fen=content.recover_fen or None)


def _judge(case: Case) -> str:
    content: LeadVerdict = case.content
    lead = lead_in(case, "认定", *GOES_ON)
    verdict, state = VERDICTS[content.verdict]
    today = day_in_china(case.now)
    lead_rows.judge(case.connection, lead.id, verdict, case.row.id, today)
    lead_rows.move(case.connection, lead.id, state)
    return f"第 {lead.id} 号线索：{STATES[state]}"


# Ended, and opened again.


def _examine_end(case: Case) -> Examination:
    content: LeadEnd = case.content
    lead = _own(case, lead_in(case, content.end, "confirmed"))
    lines = [PreviewLine(f"{content.end}：{said(content.reason, '去向或理由')}")]
    found = lead_rows.last_case(case.connection, lead.id)
    if found is not None and found.left_fen:
        lines.append(PreviewLine("尚未追回", found.left_fen))
    return seen_of(lead, *lines)


def _end(case: Case) -> str:
    content: LeadEnd = case.content
    state = "handed_over" if content.end == "移交" else "closed"
    lead_rows.move(case.connection, content.lead, state)
    return f"第 {content.lead} 号线索：{STATES[state]}"


def _examine_reopen(case: Case) -> Examination:
    content: LeadReopening = case.content
    over = ("confirmed", "lawful", "data_error", "handed_over", "closed")
    lead = lead_in(case, "重新核查", *over)
    found = lead_rows.last_case(case.connection, lead.id)
    if found is not None and found.recovered_fen:
        values = {"value": str(lead.id), "state": "已有款项追回", "act": "重新核查"}
        raise Refusal("lead_state", "lead", values)
    return seen_of(lead, PreviewLine(f"重新核查：{said(content.reason, '理由')}"))


def _reopen(case: Case) -> str:
    lead_rows.move(case.connection, case.content.lead, "open")
    return f"第 {case.content.lead} 号线索：{STATES['open']}"


INSPECTOR, SUPERVISOR = ("inspector",), ("supervisor",)
KINDS = (
    CommandKind(
        *("lead_open", "立线索", LeadOpening, (*INSPECTOR, *SUPERVISOR), _examine_open, _open),
        seers=SEERS,
    ),
    CommandKind(
        *("lead_assign", "指派线索", LeadAssignment, SUPERVISOR, _examine_assign, _assign),
        seers=SEERS,
    ),
    CommandKind(*("lead_note", "核查线索", LeadNote, INSPECTOR, _examine_note, _note), seers=SEERS),
    CommandKind(
        *("lead_verdict", "认定线索", LeadVerdict, INSPECTOR, _examine_verdict, _judge),
        chain=SUPERVISOR,
        seers=SEERS,
    ),
    CommandKind(
        *("lead_end", "了结线索", LeadEnd, INSPECTOR, _examine_end, _end),
        chain=SUPERVISOR,
        seers=SEERS,
    ),
    CommandKind(
        *("lead_reopen", "重新核查线索", LeadReopening, SUPERVISOR, _examine_reopen, _reopen),
        seers=SEERS,
    ),
)
for one in KINDS:
    register(one)
