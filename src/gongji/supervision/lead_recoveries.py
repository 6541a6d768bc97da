"""What comes in of what a confirmed lead says must be recovered: in parts, each by a bank's paper.

Law:     国务院令第735号 第四十五条: what is returned goes to the treasury account of the fund.
"""

from datetime import date

import msgspec

from gongji.ledger import chart
from gongji.ledger.entry_rows import EntryRow, PostingRow, made_by
from gongji.ledger.post import post, take_ids
from gongji.refusals import Refusal
from gongji.review.command_kinds import Case, CommandKind, Examination, PreviewLine, register
from gongji.supervision import lead_rows
from gongji.supervision.lead_commands import SEERS, lead_in, said, seen_of
from gongji.supervision.lead_rows import CaseFile
from gongji.units import Fen, day_in_china, yuan_text

ARTICLE = "国务院令第735号 第四十五条"
OPENERS = (*SEERS, "accountant", "cashier")
"""The posts that open leads: those that see what is done, and those that book what comes in."""


class LeadRecovery(msgspec.Struct, frozen=True):
    """What came in on a lead: from whom, when, by which paper of the bank.

    Units:   fen.
    """

    lead: int
    fen: Fen
    payer: str
    received_on: date
    bank_ref: str


def _case_file(case: Case) -> CaseFile:
    """The case of a lead, of which something is left to be recovered.

    Refuses: lead_exceeded.
    """
    found = lead_rows.last_case(case.connection, case.content.lead)
    left = found.left_fen if found else 0
    if found is None or not 0 < case.content.fen <= left and case.row.state != "submitted":
        values = {"value": str(case.content.lead), "left": yuan_text(left)}
        raise Refusal("lead_exceeded", "fen", values)
    return found


def _examine(case: Case) -> Examination:
    content: LeadRecovery = case.content
    lead = lead_in(case, "登记追回", "confirmed")
    found = _case_file(case)
    payer, paper = said(content.payer, "退款人"), said(content.bank_ref, "银行凭证号")
    today = day_in_china(case.now)
    if content.received_on > today:
        values = {"value": str(content.received_on), "allowed": f"不晚于今天（{today}）的日期"}
        raise Refusal("value_invalid", "收到日期", values)
    booked = lead_rows.papers_booked(case.connection, found.id)
    if paper in booked and case.row.state != "submitted":
        raise Refusal("claim_paper_known", "bank_ref", {"value": paper})
    seen = seen_of(
        lead,
        PreviewLine("须追回", found.due_fen),
        PreviewLine("此前已追回", found.recovered_fen),
        PreviewLine(f"本次由{payer}退回，存入财政专户", content.fen, ARTICLE),
        PreviewLine("尚未追回", found.left_fen - content.fen),
        amount_fen=content.fen,
    )
    ground = seen.ground | {"recovered": found.recovered_fen}
    return msgspec.structs.replace(seen, ground=ground)


def _act(case: Case) -> str:
    """Book what came in; a lead of which nothing is left is recovered."""
    content: LeadRecovery = case.content
    lead = lead_in(case, "登记追回", "confirmed")
    found = _case_file(case)
    (number,) = take_ids(case.connection, 1)
    entry = EntryRow(
        id=number,
        area=lead.area,
        kind="recovery",
        person=None,
        service_date=content.received_on,
        **made_by(case.actor, case.now),
        origin_key=f"lead|{found.id}|{content.bank_ref.strip()}",
        command=case.row.id,
    )
    posting = PostingRow(
        *(number, 1, lead.area, chart.POOL, chart.BANK_TREASURY, lead.area),
        *(chart.POOL, "", content.fen),
        article=ARTICLE,
    )
    post(case.connection, [entry], [posting])
    case.connection.execute(
        "insert into recovery (case_file, entry) values (%s, %s)", [found.id, number]
    )
    if found.left_fen == content.fen:
        lead_rows.move(case.connection, lead.id, "recovered")
    return f"追回 {yuan_text(content.fen)} 元，分录 {number}"


register(
    CommandKind(
        *("lead_recover", "登记线索追回", LeadRecovery, ("accountant",), _examine, _act),
        chain=("cashier",),
        seers=OPENERS,
    )
)
