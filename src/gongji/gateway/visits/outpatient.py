"""A visit before its settlement (2201 to 2205, 2203A), handed to the settlement room."""

from typing import Any

from gongji.gateway.queries.reach import check_bearer
from gongji.gateway.transactions import Answer, Call, Node, transaction
from gongji.gateway.visits import read_bills, write_lines
from gongji.gateway.visits.settlement_fields import PRICED_LINE, VISIT
from gongji.gateway.wire.codes import care_of, in_fields, unknown_care
from gongji.gateway.wire.fields import fill
from gongji.people.diseases import known_code
from gongji.people.person_rows import get_person
from gongji.people.told_facts import not_over
from gongji.refusals import Refusal
from gongji.settlement import visits
from gongji.settlement.plan import unknown_disease
from gongji.settlement.routes import ROUTES
from gongji.settlement.visits import (
    Diagnosis,
    LinesNamed,
    LinesUpload,
    VisitDescription,
    VisitNamed,
    VisitOpening,
)
from gongji.units import day_in_china

ALL_BATCHES = "0000"
"""As chrg_bchno of 2205: every batch of the visit that is not settled."""
NO_LINES = "没有撤销任何费用明细：这次就诊没有未结算的费用明细；已结算的须先撤销结算（2208）"
"""Warns that 2205 of everything found nothing."""
VOID = "0"
"""vali_flag of a diagnosis that is taken back."""
_VISIT_DETAILS = (
    "mdtrt_cert_type",
    "atddr_no",
    "dr_name",
    "dept_code",
    "dept_name",
    "caty",
    "psn_type",
    "exp_content",
    "expcontent",
)
_DESCRIPTION = (
    "main_cond_dscr",
    "dise_type_code",
    "dise_name",
    "birctrl_type",
    "birctrl_matn_date",
    "matn_type",
    "geso_val",
    "exp_content",
    "expcontent",
    "rxfixmedinsname",
    "rxfilename",
    "rxexpcontent",
)
_DIAGNOSIS = (
    "diag_type",
    "diag_srt_no",
    "diag_code",
    "diag_name",
    "diag_dept",
    "dise_dor_no",
    "dise_dor_name",
    "diag_time",
    "vali_flag",
)
_MOST_DIAGNOSES = 200


def _person(call: Call, node: Node) -> str:
    return call.text(node, "psn_no", required=True, longest=30)


def _kept(node: Node, names: tuple[str, ...]) -> Node:
    return {name: node[name] for name in names if node.get(name) is not None}


def _said(node: Node) -> Node:
    """What the extension says beside the interface's own fields, for the area's documents."""
    found = read_bills.said_beside(node)
    return {visits.SAID: found} if found else {}


@transaction("2201", changes=True)
def register(call: Call) -> dict[str, Any]:
    """Open a visit."""
    node = call.one("data")
    read_bills.check_insurance(call, node)
    number = call.text(node, "ipt_otp_no", required=True, longest=30)
    psn_no = _person(call, node)
    check_bearer(call, node, psn_no)
    details = _kept(node, _VISIT_DETAILS) | _said(node)
    content = VisitOpening(psn_no, call.instant(node, "begntime"), number, details, call.key.msg_id)
    visit = visits.open_visit(
        call.connection, content, actor=call.actor, now=call.now, bounds=call.settings.bounds
    )
    values = {"mdtrt_id": str(visit), "psn_no": psn_no, "ipt_otp_no": number}
    return {VISIT.name: fill(VISIT, values)}


@transaction("2202", changes=True)
def withdraw(call: Call) -> None:
    """Take a visit back."""
    node = call.one("data")
    content = VisitNamed(
        read_bills.visit_number(call, node),
        _person(call, node),
        call.text(node, "ipt_otp_no", longest=30),
    )
    with in_fields(number="ipt_otp_no"):
        visits.withdraw_visit(call.connection, content, actor=call.actor, now=call.now)


@transaction("2203", nodes=("mdtrtinfo", "diseinfo"), changes=True)
@transaction("2203A", nodes=("mdtrtinfo", "diseinfo"), changes=True)
def describe(call: Call) -> Answer:
    """What a visit is about: category, disease, diagnoses; of 2203A also who prescribed."""
    node = call.one("mdtrtinfo")
    rows = call.many("diseinfo")
    if len(rows) > _MOST_DIAGNOSES:
        raise Refusal("lines_too_many", "diseinfo", {"value": str(_MOST_DIAGNOSES)})
    diagnoses = []
    for row in rows:
        kind, code, valid = (
            call.text(row, name, longest=30) for name in ("diag_type", "diag_code", "vali_flag")
        )
        diagnoses.append(Diagnosis(kind, code, _kept(row, _DIAGNOSIS), valid == VOID))
    prescriber = call.text(node, read_bills.PRESCRIBER, longest=12)
    details = _kept(node, _DESCRIPTION) | _said(node)
    details |= {visits.PRESCRIBER: prescriber} if prescriber else {}
    content = VisitDescription(
        visit=read_bills.visit_number(call, node),
        psn_no=_person(call, node),
        med_type=care_of(call.text(node, "med_type", required=True, longest=6)),
        disease=call.text(node, "dise_codg", longest=30),
        begun_at=call.instant(node, "begntime"),
        diagnoses=tuple(diagnoses),
        details=details,
    )
    visits.record_diagnoses(
        call.connection, content, actor=call.actor, now=call.now, bounds=call.settings.bounds
    )
    return Answer(None, _unknown_codes(call, content))


def _unknown_codes(call: Call, content: VisitDescription) -> tuple[str, ...]:
    """What of a description no settlement will know; it is kept as it was sent."""
    said = () if content.med_type in ROUTES else (unknown_care(content.med_type),)
    if known_code(content.disease):
        return said
    person = get_person(call.connection, content.psn_no)
    held = not_over(call.connection, person, "registration", day_in_china(content.begun_at))
    if known_code(content.disease, [fact.key for fact in held]):
        return said
    return (*said, unknown_disease(content.disease))


@transaction("2204", nodes=("feedetail",), changes=True)
def upload(call: Call) -> dict[str, Any]:
    """Price and keep the fee lines of one batch.

    Refuses: rows_differ where the rows are not of one visit, person, batch and disease.
    """
    rows = call.many("feedetail", required=True)
    first = rows[0]
    for name in ("mdtrt_id", "psn_no", "chrg_bchno", "dise_codg"):
        if any(row.get(name) != first.get(name) for row in rows):
            raise Refusal("rows_differ", name)
    batch = call.text(first, "chrg_bchno", required=True, longest=30)
    if batch == ALL_BATCHES:
        raise Refusal("batch_number_invalid", "chrg_bchno", {"value": batch})
    content = LinesUpload(
        visit=read_bills.visit_number(call, first),
        psn_no=_person(call, first),
        batch=batch,
        lines=read_bills.read_lines(call, rows),
        disease=call.text(first, "dise_codg", longest=30),
    )
    priced = visits.upload_lines(
        call.connection,
        content,
        actor=call.actor,
        now=call.now,
        areas=call.areas,
        bounds=call.settings.bounds,
    )
    return {PRICED_LINE.name: write_lines.result(priced)}


@transaction("2205", changes=True)
def withdraw_lines(call: Call) -> Answer:
    """Take a batch of fee lines back, or with "0000" all that is not settled."""
    node = call.one("data")
    batch = call.text(node, "chrg_bchno", required=True, longest=30)
    content = LinesNamed(
        read_bills.visit_number(call, node),
        _person(call, node),
        None if batch == ALL_BATCHES else batch,
    )
    taken = visits.withdraw_lines(call.connection, content, actor=call.actor, now=call.now)
    return Answer(None, () if taken else (NO_LINES,))
