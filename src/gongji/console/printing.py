"""Papers of the console: a receipt, a decision, a settlement statement, a person's copy.

Each PDF says who made and who checked it.
"""

from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from gongji.agency.account_papers import account_paper, accounts_told, issuer_of, place_of
from gongji.agency.personal_copy import ASKERS, KIND, copy_workbook, may_be_handed_out
from gongji.console.at_work import RECORDS, Clerk, at_work
from gongji.console.command_page import (
    ACT_WORDS,
    command_of,
    papers_of,
    person_in,
    steps_of,
    texts_of,
)
from gongji.console.item_forms import shown_content
from gongji.console.person_page import is_open, person_of, shown_entries
from gongji.ledger import person_journal
from gongji.ledger.statement import of_person
from gongji.platform import trail
from gongji.platform.installation import installed_areas
from gongji.platform.printed_papers import PrintedPaper, PrintedTable, printed
from gongji.review.command_kinds import get_kind
from gongji.review.desk import STATES
from gongji.review.staff import agencies
from gongji.tabular.text_workbooks import TYPE
from gongji.units import CHINA, yuan_text


def pdf(paper: PrintedPaper, name: str) -> HttpResponse:
    """A paper as a file."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.pdf"'}
    return HttpResponse(printed(paper), content_type="application/pdf", headers=headers)


def _when(at: Any) -> str:
    return str(at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M"))


def _command_facts(clerk: Clerk, row: Any) -> tuple[tuple[str, str], ...]:
    names = agencies(clerk.connection, row.area)
    agency = names[row.agency].name if row.agency in names else row.area
    facts = [("编号", str(row.id)), ("事项", get_kind(row.kind).words), ("受理机构", agency)]
    facts.append(("状态", STATES[row.state]))
    if row.submitted_at:
        facts.append(("受理时间", _when(row.submitted_at)))
    if row.due_on:
        facts.append(("办理期限", str(row.due_on)))
    return (*facts, *shown_content(row.kind, row.content))


@require_safe
@at_work
def receipt(request: HttpRequest, clerk: Clerk, number: int) -> HttpResponse:
    """What was handed in, and until when it is decided.

    Refuses: Http404 for a draft, of which nothing was received.
    """
    row = command_of(clerk, number, RECORDS)
    if row.submitted_at is None:
        raise Http404
    clerk.look(f"receipt {number}", person=person_in(row))
    papers = tuple((name, kind, _when(at)) for _, name, kind, _, at in papers_of(clerk, row.id))
    listed = PrintedTable("收到的材料", ("名称", "类型", "收到时间"), papers)
    signed = (("经办", clerk.name), ("申请人", ""))
    facts = _command_facts(clerk, row)
    return pdf(
        PrintedPaper("受理回执", row.area, facts, (listed,), (), signed), f"receipt-{number}"
    )


@require_safe
@at_work
def decision(request: HttpRequest, clerk: Clerk, number: int) -> HttpResponse:
    """The decision as it was told, with article and remedy, and every step.

    Refuses: Http404 for what is not decided.
    """
    row = command_of(clerk, number, RECORDS)
    if row.state != "executed":
        raise Http404
    clerk.look(f"decision {number}", person=person_in(row))
    steps = steps_of(clerk, row.id)
    rows = tuple(
        (ACT_WORDS[act], post, name, _when(at), reason)
        for act, _, _, name, post, reason, at in steps
    )
    listed = PrintedTable("办理经过", ("办理", "岗位", "姓名", "时间", "说明"), rows)
    signed = tuple((post, name) for act, _, _, name, post, _, _ in steps if act != "return")
    facts = _command_facts(clerk, row)
    made = PrintedPaper("决定书", row.area, facts, (listed,), texts_of(clerk, row.id), signed)
    return pdf(made, f"decision-{number}")


@require_safe
@at_work
def statement(request: HttpRequest, clerk: Clerk, number: int, entry_number: int) -> HttpResponse:
    """The statement of a settlement (结算单) of a person whose record is open.

    Refuses: Http404 where it is not open, or there is no such settlement.
    """
    clerk.demand(RECORDS, f"statement {entry_number}")
    found = person_of(clerk, number)
    row = person_journal.entry_of(clerk.connection, found.id, entry_number)
    if row is None or not is_open(request, number):
        raise Http404
    clerk.look(f"statement {entry_number}", person=found.id)
    told, s = shown_entries(clerk, [row])[0], row.settlement
    amounts = (
        *(("医疗费总额", s.total_fen), ("政策范围内", s.in_scope_fen)),
        *(("先行自付", s.first_self_pay_fen), ("超限价", s.above_standard_fen)),
        *(("全自费", s.wholly_own_fen), ("起付标准", s.deductible_fen)),
        *(("统筹基金", s.pool_fen), ("补充资金", s.supplements_fen)),
        *(("本人账户", s.account_fen), ("家庭共济", s.family_fen), ("现金", s.cash_fen)),
    )
    rows = tuple((name, yuan_text(fen)) for name, fen in amounts)
    facts = (
        *(("姓名", found.name), ("参保人编号", found.psn_no), ("医药机构", told["institution"])),
        *(("就医日期", str(row.service_date)), ("分录", str(row.id)), ("事由", told["event"])),
    )
    signed = (("制表", clerk.name), ("复核", ""), ("日期", str(clerk.today)))
    made = PrintedPaper(
        "结算单", row.area, facts, (PrintedTable("金额（元）", ("项", "金额"), rows),), (), signed
    )
    return pdf(made, f"settlement-{entry_number}")


@require_safe
@at_work
def account(request: HttpRequest, clerk: Clerk, number: int) -> HttpResponse:
    """The statement of the accounts of a person whose record is open, of this year up to today.

    Refuses: Http404 where it is not open.
    """
    clerk.demand(RECORDS, f"account {number}")
    found = person_of(clerk, number)
    if not is_open(request, number):
        raise Http404
    clerk.look(f"account {number}", person=found.id)
    since = date(clerk.today.year, 1, 1)
    made = of_person(clerk.connection, found.psn_no, since, clerk.today)
    areas = installed_areas()
    told = accounts_told(clerk.connection, areas, found, made)
    place = place_of(found.area)
    issuer = issuer_of(clerk.connection, found.area, place)
    signed = (("制表", clerk.name), ("复核", ""))
    paper = account_paper(issuer, place, made, told, clerk.today, signed)
    return pdf(paper, f"account-{number}")


@require_safe
@at_work
def personal_copy(request: HttpRequest, clerk: Clerk, number: int) -> HttpResponse:
    """Everything that is kept of a person, for whoever an approved command names.

    Refuses: Http404 for what is no such command, or was approved longer ago than copies are given.
    """
    row = command_of(clerk, number, get_kind(KIND).makers)
    if not may_be_handed_out(row, clerk.desk.now):
        raise Http404
    found = person_of(clerk, int(row.subject))
    asker = ASKERS[row.content["applicant"]]
    clerk.log(trail.Trace(trail.EXPORT, f"handed-out {number}", found.id, f"交给{asker}"))
    made = copy_workbook(clerk.connection, found, clerk.today)
    headers = {"Content-Disposition": f'attachment; filename="records-{number}.xlsx"'}
    return HttpResponse(made, content_type=TYPE, headers=headers)
