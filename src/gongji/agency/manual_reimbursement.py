"""Manual reimbursement (零星报销): a bill on paper, three reviews, settled by the same engine.

Law:     until when and whether at all is the area's 期限: 楚政规〔2022〕2号 第二十五条 (late: in
         principle refused, so by review with a reason), 云府办〔2022〕20号 第二十一条 (refused),
         邵市政办发〔2022〕22号 第七条（四） (never), but death in rescue by its 第八条, and what
         the pool advances by 社会保险法 第三十条.
"""

from datetime import date
from typing import Literal

import msgspec

from gongji.agency import notices
from gongji.agency.charge_backs import charging_article, record_charge_back, selected_institution
from gongji.agency.family_bond import cited, may_ask
from gongji.agency.payees import SealedPayee, keep_payee, payee_lines
from gongji.agency.third_party_claims import ARTICLE, add_claim
from gongji.law.accounts.deadlines import Deadline, deadline
from gongji.ledger.entry_rows import EntryRow
from gongji.people.person_rows import get_person
from gongji.platform.identity import mask_number
from gongji.refusals import Refusal
from gongji.review.command_kinds import Case, CommandKind, Examination, PreviewLine, register
from gongji.settlement.reimburse import (
    By,
    PaperBill,
    PaperDecision,
    decide_paper,
    reimburse,
)
from gongji.units import date_of, day_in_china, day_of, yuan_text


class BillForm(PaperBill, frozen=True):
    """The form of a bill: what the papers say, who asks, and why it is late where it is.

    `payee` is the account to be paid to, sealed (None: the one known, or told later); `debtor` the
    third party for whom the pool advances (empty: unknown).
    """

    applicant: Literal["person", "delegate"] = "person"
    late_reason: str = ""
    payee: SealedPayee | None = None
    debtor: str = ""


def _bill(form: BillForm) -> PaperBill:
    fields = {name: getattr(form, name) for name in PaperBill.__struct_fields__}
    return msgspec.convert(fields, PaperBill)


def accepted(found: Deadline, form: BillForm, today: int, exempt: bool) -> bool:
    """Whether a bill is taken today; `exempt`: death in rescue, or advanced for a third party.

    Refuses: bill_not_accepted, bill_late; reason_missing where lateness is for review.
    """
    article = f"{found.ground.cite.document} {found.ground.cite.article}"
    state = found.state(today)
    if state == "by_review" and not form.late_reason.strip():
        raise Refusal("reason_missing", "逾期原因")
    if state != "refused" or exempt:
        return True
    if found.last_day is None:
        raise Refusal("bill_not_accepted", "area", {"area": "", "article": article})
    last = str(date_of(found.last_day))
    values = {"date": str(form.service_date), "last": last, "article": article}
    raise Refusal("bill_late", "service_date", values)


def _check_deadline(case: Case, found: PaperDecision) -> Deadline:
    form: BillForm = case.content
    visit = found.decided.result.visit
    law = case.areas.area(found.home).law(day_of(form.service_date))
    rule = deadline(law, day_of(form.service_date))
    died = bool(visit.facts.get("died")) and form.benefit == "emergency"
    exempt = not rule.accepted and (died or bool(visit.facts.get("advance")))
    accepted(rule, form, day_of(day_in_china(case.now)), exempt)
    return rule


def _check_bill(form: BillForm, today: date) -> None:
    """A bill is of a day that has been, and comes to something.

    Refuses: value_invalid.
    """
    if form.service_date > today:
        values = {"value": str(form.service_date), "allowed": f"不晚于今天（{today}）的日期"}
        raise Refusal("value_invalid", "就医日期", values)
    if form.total_fen == 0:
        raise Refusal("value_invalid", "总额", {"value": "0.00", "allowed": "大于零的金额"})


def examine(case: Case) -> Examination:
    """What a bill rests on: the law and the facts of its day, that it was not paid before.

    Refuses: value_invalid, applicant_refused, uninsured_on where another area insures the person,
             bill_entered, bill_late, bill_not_accepted, reason_missing; as `decide_paper`.
    """
    form: BillForm = case.content
    _check_bill(form, day_in_china(case.now))
    may_ask(case.law, "manual_reimbursement", form.applicant)
    found = decide_paper(case.connection, _bill(form), case.areas)
    if found.home != case.row.area:
        values = {"value": mask_number(form.psn_no), "date": form.service_date.isoformat()}
        raise Refusal("uninsured_on", "psn_no", values)
    if found.entered is not None:
        values = {"value": form.number, "entry": str(found.entered)}
        raise Refusal("bill_entered", "number", values)
    rule = _check_deadline(case, found)
    result = found.decided.result
    ground = {
        "law": case.law.hash,
        "day": result.law.hash,
        "person": found.person.id,
        "facts": {name: str(value) for name, value in sorted(result.visit.facts.items())},
        "deadline": rule.state(day_of(day_in_china(case.now))),
    }
    lines = [*_lines(found, form), *_consequences(case, found)]
    return Examination(ground, tuple(lines), found.owed_fen, (found.person.id,))


def _consequences(case: Case, found: PaperDecision) -> list[PreviewLine]:
    """What else a bill brings about: whom it is taken off, who owes it to the pool, who is paid."""
    form: BillForm = case.content
    result = found.decided.result
    lines = []
    article = charging_article(result.law)
    institution = article and selected_institution(
        case.connection, found.person.id, form.service_date
    )
    if institution and result.pool_fen:
        words = f"从 {institution} 的定额包干费用中扣回"
        lines.append(PreviewLine(words, result.pool_fen, article))
    if _advanced(found) and result.pool_fen:
        words = f"先行支付，向{form.debtor.strip() or '第三人（无法确定）'}追偿"
        lines.append(PreviewLine(words, result.pool_fen, ARTICLE))
    return lines + (payee_lines(found.person, form.payee) if form.payee else [])


def _advanced(found: PaperDecision) -> bool:
    """Whether the pool advances a bill for a third party."""
    facts = found.decided.result.visit.facts
    return bool(facts.get("third_party")) and bool(facts.get("advance"))


def _lines(found: PaperDecision, form: BillForm) -> list[PreviewLine]:
    result = found.decided.result
    lines = [
        PreviewLine("医疗费总额", form.total_fen),
        PreviewLine("政策范围内费用", form.in_scope_fen),
        PreviewLine("起付标准", result.deductible_fen),
        PreviewLine("统筹基金支付", result.pool_fen),
        PreviewLine("补充资金支付", result.supplements_fen),
        PreviewLine("个人负担", form.total_fen - found.owed_fen),
    ]
    if result.gate:
        cite = result.gate.cite
        article = f"{cite.document} {cite.article}"
        lines.append(PreviewLine("统筹基金不予支付", 0, article))
    if form.late_reason.strip():
        lines.append(PreviewLine(f"逾期申请，原因：{form.late_reason.strip()}"))
    return lines


def act(case: Case) -> str:
    """Enter the bill and tell the person what is owed, by which article, and the remedy."""
    form: BillForm = case.content
    entry = reimburse(
        case.connection,
        _bill(form),
        actor=case.actor,
        now=case.now,
        areas=case.areas,
        by=By(case.row.id),
    )
    assert entry.person is not None
    _follow(case, entry)
    found = may_ask(case.law, "manual_reimbursement", form.applicant)
    owed = yuan_text(entry.settlement.owed_fen)
    text = (
        f"票据 {form.number}（{form.service_date}）报销 {owed} 元，"
        f"其余由个人负担（{cited(found)}）。{found.rule.remedy}"
    )
    notices.tell(case.connection, case.row.id, (entry.person,), text, case.now)
    return f"报销 {owed} 元，分录 {entry.id}"


def _follow(case: Case, entry: EntryRow) -> None:
    """What follows from a bill: a quota it is taken off, a claim on a third party, an account."""
    form: BillForm = case.content
    facts = entry.settled.visit.facts
    law = case.areas.area(entry.area).law(day_of(entry.service_date))
    record_charge_back(case.connection, law, entry)
    if facts.get("third_party") and facts.get("advance"):
        add_claim(case, entry, form.debtor)
    if form.payee is not None:
        person = get_person(case.connection, form.psn_no)
        keep_payee(case.connection, case, person, form.payee, case.now)


register(
    CommandKind(
        "manual_reimbursement",
        "零星报销",
        BillForm,
        ("handler",),
        examine,
        act,
        people=True,
        item=True,
    )
)
