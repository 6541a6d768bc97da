"""What the person takes along: statements and decisions as PDF, all that is kept as a file."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpResponse

from gongji.agency.account_papers import AccountTold, account_paper, accounts_told, issuer_of
from gongji.ledger.entry_rows import EntryRow
from gongji.ledger.statement import EVENTS, PersonStatement, of_person
from gongji.people import person_facts
from gongji.platform.installation import installed_areas
from gongji.platform.printed_papers import PrintedPaper, PrintedTable, printed
from gongji.portal import own_records
from gongji.portal.own_records import Visitor
from gongji.refusals import Refusal
from gongji.review import own_commands
from gongji.tabular.text_workbooks import TYPE, text_workbook
from gongji.units import CHINA, show_fen, yuan_text

EARLIEST = date(1900, 1, 1)
FACT_WORDS = {
    "birth": "出生日期",
    "insured": "参保",
    "account": "个人账户",
    "subsidy": "补助身份",
    "bond": "家庭共济",
    "registration": "慢特病备案",
    "offsite": "异地就医备案",
    "area_fact": "本地登记",
    "selection": "选定医疗机构",
    "referral": "转诊",
    "stay": "住院",
    "injury": "意外伤害登记",
}


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
    place = place_of(visitor)
    issuer = issuer_of(visitor.connection, visitor.person.area, place)
    return AccountPeriod(issuer, place, statement, tuple(told))


def place_of(visitor: Visitor) -> str:
    """What the person's area is called."""
    try:
        return installed_areas().area(visitor.person.area).laws[-1].place
    except Refusal:
        return visitor.person.area


def statement_paper(told: AccountPeriod, today: date) -> PrintedPaper:
    """The statement as it is printed."""
    return account_paper(told.issuer, told.place, told.statement, told.accounts, today)


# A settlement.


def settlement_paper(
    visitor: Visitor, row: EntryRow, shown: dict[str, Any], today: date
) -> PrintedPaper:
    """A settlement as it is printed: what it was, who paid, by which articles."""
    s, place = row.settlement, place_of(visitor)
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
    """Everything that is kept of the person, a sheet for each kind, every cell a text.

    Law:     《个人信息保护法》 第四十五条: persons may consult and copy what is kept of them.
    """
    made = text_workbook(_sheets(visitor, today))
    headers = {"Content-Disposition": f'attachment; filename="my-records-{today}.xlsx"'}
    return HttpResponse(made, content_type=TYPE, headers=headers)


Rows = Sequence[Sequence[object]]


def _sheets(visitor: Visitor, today: date) -> Iterable[tuple[str, Sequence[str], Rows]]:
    person = visitor.person
    yield (
        "本人",
        ("项", "内容"),
        [
            ("姓名", person.name),
            ("参保人编号", person.psn_no),
            ("统筹区", place_of(visitor)),
            ("导出日期", today),
        ],
    )
    facts = person_facts.history(visitor.connection, [person.id])[person.id]
    yield (
        "参保和备案",
        ("种类", "代码", "起", "止", "记入时间", "内容"),
        [
            (FACT_WORDS.get(f.kind, f.kind), f.key, f.since, f.until, _when(f.learnt_at), _said(f))
            for f in facts
        ],
    )
    yield from _money(visitor, today)
    yield (
        "网上办事",
        ("编号", "事项", "状态", "提交时间", "办理期限", "办结时间"),
        [
            (c.id, c.words, c.state_words, c.submitted_at and _when(c.submitted_at), c.due_on)
            + (c.executed_at and _when(c.executed_at),)
            for c in own_commands.commands_about(visitor.connection, person.id)
        ],
    )
    yield (
        "谁看过我的记录",
        ("时间", "谁", "机构", "岗位", "看了什么", "原因"),
        [
            (_when(o["at"]), o["who"], o["agencies"], o["posts"], o["what"], o["reason"])
            for o in own_records.looks(visitor)
        ],
    )


def _said(fact: person_facts.FactRow) -> str:
    return "；".join(f"{name}={value}" for name, value in fact.details.items() if value != "")


def _money(visitor: Visitor, today: date) -> Iterable[tuple[str, Sequence[str], Rows]]:
    rows = own_records.entries(visitor)
    names = own_records.institution_names(visitor, {row.institution for row in rows})
    yield (
        "结算",
        (
            *("编号", "就医日期", "事项", "机构", "总费用", "政策范围内", "统筹支付", "补充保障"),
            *("个人账户", "家人的账户", "现金", "机构承担", "应付我"),
        ),
        [
            (
                *(row.id, row.service_date, EVENTS.get(row.kind, row.kind)),
                names.get(row.institution, row.institution),
                *(yuan_text(getattr(row.settlement, name)) for name in AMOUNTS),
            )
            for row in rows
        ],
    )
    told = account_between(visitor, EARLIEST, today)
    yield (
        "账户",
        ("账户", "日期", "事项", "机构", "依据", "变动", "余额"),
        [
            (one.title, line.day, f"{line.event} {line.about}".strip(), line.place, line.article)
            + (yuan_text(line.amount_fen), yuan_text(line.balance_fen))
            for one in told.accounts
            for line in one.lines
        ],
    )
    yield (
        "累计",
        ("统筹区", "期间", "项目", "代码", "已用"),
        [
            (area, period, slot, code, yuan_text(fen))
            for area, period, slot, code, fen in own_records.meters(visitor)
        ],
    )


AMOUNTS = (
    *("total_fen", "in_scope_fen", "pool_fen", "supplements_fen", "account_fen", "family_fen"),
    *("cash_fen", "borne_fen", "owed_fen"),
)
"""The amounts of a settlement in the order of their columns."""
