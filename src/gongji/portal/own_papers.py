"""What the person takes along: statements and decisions as PDF, all that is kept as a file."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpResponse

from gongji.agency.account_papers import (
    AccountTold,
    account_paper,
    accounts_told,
    issuer_of,
    place_of,
)
from gongji.agency.personal_copy import copy_workbook
from gongji.ledger.entry_rows import EntryRow
from gongji.ledger.statement import PersonStatement, of_person
from gongji.platform.installation import installed_areas
from gongji.platform.printed_papers import PrintedPaper, PrintedTable, printed
from gongji.portal import own_records
from gongji.portal.own_records import Visitor
from gongji.review import own_commands
from gongji.tabular.text_workbooks import TYPE
from gongji.units import CHINA, show_fen


def pdf(paper: PrintedPaper, name: str) -> HttpResponse:
    """A paper as a file."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.pdf"'}
    return HttpResponse(printed(paper), content_type="application/pdf", headers=headers)


# The statement.


@dataclass(frozen=True)
class AccountPeriod:
    """The accounts between two days, with who issues the statement and for which area."""

    issuer: str
    place: str
    statement: PersonStatement
    accounts: tuple[AccountTold, ...]

    @property
    def since(self) -> date:
        """The first day."""
        return self.statement.since

    @property
    def until(self) -> date:
        """The last day."""
        return self.statement.until


def account_between(visitor: Visitor, since: date, until: date) -> AccountPeriod:
    """The person's accounts between two days.

    Refuses: value_invalid.
    """
    statement = of_person(visitor.connection, visitor.person.psn_no, since, until)
    areas = installed_areas()
    told = accounts_told(visitor.connection, areas, visitor.person, statement)
    place = place_of(visitor.person.area)
    issuer = issuer_of(visitor.connection, visitor.person.area, place)
    return AccountPeriod(issuer, place, statement, tuple(told))


def statement_paper(told: AccountPeriod, today: date) -> PrintedPaper:
    """The statement as it is printed."""
    return account_paper(told.issuer, told.place, told.statement, told.accounts, today)


# A settlement.


def settlement_paper(
    visitor: Visitor, row: EntryRow, shown: dict[str, Any], today: date
) -> PrintedPaper:
    """A settlement as it is printed: what it was, who paid, by which articles."""
    s, place = row.settlement, place_of(visitor.person.area)
    issuer = issuer_of(visitor.connection, row.area, place)
    facts = (
        *(("姓名", visitor.person.name), ("参保人编号", visitor.person.psn_no)),
        *(("统筹区", place), ("医药机构", shown["institution"])),
        *(("就医日期", str(row.service_date)), ("待遇", shown["benefit"])),
        *(("事项", shown["event"]), ("结算编号", str(row.id))),
        *(("出具机构", issuer), ("出具日期", str(today))),
    )
    cost = (
        *(("医疗费总额", s.total_fen), ("政策范围内", s.in_scope_fen)),
        *(("先行自付", s.first_self_pay_fen), ("超支付标准", s.above_standard_fen)),
        *(("全自费", s.wholly_own_fen), ("起付标准内", s.deductible_fen)),
    )
    paid = [
        (f"{one.whose}（{one.name}）的个人账户" if one.whose else one.name, show_fen(one.fen))
        for one in own_records.payers(visitor, row)
    ]
    paid.append(("合计", show_fen(s.total_fen)))
    decided = row.decision
    steps = tuple(
        (step.payer, show_fen(step.cost_fen), show_fen(step.paid_fen), step.articles)
        for step in (decided.steps if decided else ())
    )
    tables = (
        PrintedTable("费用（元）", ("项", "金额"), tuple((n, show_fen(f)) for n, f in cost), (1,)),
        PrintedTable("谁付多少（元）", ("付款方", "金额"), tuple(paid), (1,), 1),
        PrintedTable("依据", ("付款方", "费用", "支付", "条文"), steps, (1, 2)),
    )
    return PrintedPaper(
        "结算单", f"{issuer}  {today}", facts, tables if steps else tables[:2], (), ()
    )


# A decision.


def decision_paper(
    visitor: Visitor,
    command: own_commands.OwnCommand,
    content: Iterable[tuple[str, str]],
    today: date,
) -> PrintedPaper:
    """A decision as it was told, with article and remedy and every step by its post."""
    facts = (
        *(("编号", str(command.id)), ("事项", command.words), ("受理机构", command.agency)),
        *(("申请人", visitor.person.name), ("办结日期", _day(command.executed_at))),
        *content,
    )
    steps = own_commands.steps_taken(visitor.connection, command.id)
    rows = tuple((one.words, one.post, _when(one.at), one.reason) for one in steps)
    listed = PrintedTable("办理经过", ("办理", "岗位", "时间", "说明"), rows)
    texts = tuple(own_commands.texts_told(visitor.connection, command.id, visitor.person.id))
    signed = (("出具机构", command.agency), ("日期", str(today)))
    return PrintedPaper(
        "决定书", f"{command.agency}  {today}", facts, (listed,) if rows else (), texts, signed
    )


def _day(at: Any) -> str:
    return str(at.astimezone(CHINA).date()) if at else ""


def _when(at: Any) -> str:
    return str(at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M"))


# Everything.


def records_file(visitor: Visitor, today: date) -> HttpResponse:
    """Everything that is kept of the person, as a file."""
    made = copy_workbook(visitor.connection, visitor.person, today)
    headers = {"Content-Disposition": f'attachment; filename="my-records-{today}.xlsx"'}
    return HttpResponse(made, content_type=TYPE, headers=headers)
