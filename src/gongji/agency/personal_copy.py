"""Everything that is kept of a person, as one workbook: the person's own page and the counter's.

At the counter it is a command: who asked, by what right, how it was checked who they are. The
person is told of every copy that was handed out there.
Law:     《个人信息保护法》 第四十五条: persons may consult and copy what is kept of them;
         第四十九条: of the dead their near relatives may.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Literal

import msgspec
import psycopg

from gongji.agency import notices
from gongji.agency.account_papers import accounts_told, place_of
from gongji.agency.personal_data import subject_of
from gongji.institutions.institution_rows import institutions_of
from gongji.ledger import person_journal
from gongji.ledger.statement import EVENTS, of_person
from gongji.people import person_facts
from gongji.people.person_rows import Person
from gongji.platform.command_rows import CommandRow
from gongji.platform.identity import mask_number
from gongji.platform.installation import installed_areas
from gongji.refusals import Refusal
from gongji.review import own_commands
from gongji.review.command_kinds import Case, CommandKind, Examination, PreviewLine, register
from gongji.review.record_looks import looks_told
from gongji.tabular.text_workbooks import text_workbook
from gongji.units import CHINA, yuan_text

Connection = psycopg.Connection[Any]
COPY, OF_THE_DEAD = "《个人信息保护法》 第四十五条", "《个人信息保护法》 第四十九条"
KIND = "personal_copy"
DAYS = 7
"""For how many days after its approval the workbook is there: later one asks anew."""
EARLIEST = date(1900, 1, 1)
EVERY = 10_000_000
"""No person has so many rows of a kind: nothing is left out."""
ASKERS = {"person": "本人", "delegate": "代办人", "guardian": "监护人", "relative": "死者的近亲属"}
"""Who may ask for a copy."""
CHECKS = {"certificate": "居民身份证", "voucher": "医保电子凭证", "card": "社会保障卡"}
"""By what it was checked who asks."""
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
AMOUNTS = (
    *("total_fen", "in_scope_fen", "pool_fen", "supplements_fen", "account_fen", "family_fen"),
    *("cash_fen", "borne_fen", "owed_fen"),
)
"""The amounts of a settlement in the order of their columns."""
Rows = Sequence[Sequence[object]]
CopySheet = tuple[str, Sequence[str], Rows]


# The workbook.


def copy_workbook(connection: Connection, person: Person, today: date) -> bytes:
    """Everything that is kept of a person, a sheet for each kind, every cell a text."""
    return text_workbook(_sheets(connection, person, today))


def _sheets(connection: Connection, person: Person, today: date) -> Iterable[CopySheet]:
    particulars = [
        *(("姓名", person.name), ("参保人编号", person.psn_no)),
        *(("统筹区", place_of(person.area)), ("导出日期", today)),
    ]
    yield "本人", ("项", "内容"), particulars
    yield _facts(connection, person)
    yield from _money(connection, person, today)
    yield (
        "网上办事",
        ("编号", "事项", "状态", "提交时间", "办理期限", "办结时间"),
        [
            (c.id, c.words, c.state_words, _when(c.submitted_at), c.due_on, _when(c.executed_at))
            for c in own_commands.commands_about(connection, person.id, EVERY)
        ],
    )
    yield (
        "谁看过我的记录",
        ("时间", "谁", "机构", "岗位", "看了什么", "原因"),
        [
            (_when(o["at"]), o["who"], o["agencies"], o["posts"], o["what"], o["reason"])
            for o in looks_told(connection, person.id, most=EVERY)
        ],
    )


def _when(at: datetime | None) -> str:
    return at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M") if at else ""


def _facts(connection: Connection, person: Person) -> CopySheet:
    facts = person_facts.history(connection, [person.id])[person.id]
    return (
        "参保和备案",
        ("种类", "代码", "起", "止", "记入时间", "内容"),
        [
            (FACT_WORDS.get(f.kind, f.kind), _key(f), f.since, f.until)
            + (_when(f.learnt_at), _said(f))
            for f in facts
        ],
    )


def _key(fact: person_facts.FactRow) -> str:
    """What a fact is about; of a relative's number no more than the pages show."""
    return mask_number(fact.key) if fact.kind == "bond" else fact.key


def _said(fact: person_facts.FactRow) -> str:
    return "；".join(f"{name}={value}" for name, value in fact.details.items() if value != "")


def _money(connection: Connection, person: Person, today: date) -> Iterable[CopySheet]:
    rows = person_journal.entries_of(connection, person.id)
    found = institutions_of(connection, {row.institution for row in rows})
    names = {one.code: one.name for one in found}
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
    statement = of_person(connection, person.psn_no, EARLIEST, today)
    yield (
        "账户",
        ("账户", "日期", "事项", "机构", "依据", "变动", "余额"),
        [
            (one.title, line.day, f"{line.event} {line.about}".strip(), line.place, line.article)
            + (yuan_text(line.amount_fen), yuan_text(line.balance_fen))
            for one in accounts_told(connection, installed_areas(), person, statement)
            for line in one.lines
        ],
    )
    yield (
        "累计",
        ("统筹区", "期间", "项目", "代码", "已用"),
        [
            (area, period, slot, code, yuan_text(fen))
            for area, period, slot, code, fen in person_journal.meters_of(connection, person.id)
        ],
    )


# The command.


class CopyForm(msgspec.Struct, frozen=True):
    """The form by which somebody asks at the counter for a copy.

    Shape:   `applicant` who asks, `checked` by what it was checked who they are; of whoever is not
             the person `asker` is the name and `authority` the paper that they came with.
    """

    psn_no: str
    applicant: Literal["person", "delegate", "guardian", "relative"]
    checked: Literal["certificate", "voucher", "card"]
    asker: str = ""
    authority: str = ""


def _asker(form: CopyForm) -> str:
    """Who asks, in words.

    Refuses: value_invalid where somebody else asks without a name or a paper.
    """
    words = ASKERS[form.applicant]
    if form.applicant == "person":
        return words
    for field, value in (("申请人姓名", form.asker), ("凭何办理", form.authority)):
        if not value.strip():
            allowed = f"{words}申请的须填写"
            raise Refusal("value_invalid", field, {"value": "（空）", "allowed": allowed})
    return f"{words}{form.asker.strip()}（凭{form.authority.strip()}）"


def _article(form: CopyForm) -> str:
    return OF_THE_DEAD if form.applicant == "relative" else COPY


def examine_copy(case: Case) -> Examination:
    """Who asks for what, and by which article.

    Refuses: person_unknown, person_elsewhere, value_invalid.
    """
    person, form = subject_of(case), case.content
    words = f"全部个人信息的复制件，交给{_asker(form)}；身份已核验：{CHECKS[form.checked]}"
    said = (PreviewLine(words, article=_article(form)),)
    return Examination({"person": person.id}, said, None, (person.id,))


def act_copy(case: Case) -> str:
    """Let the copy be handed out and tell the person to whom."""
    person, form = subject_of(case), case.content
    asker = _asker(form)
    text = (
        f"您的个人信息已在柜台复制，交给{asker}，核验{CHECKS[form.checked]}（{_article(form)}）。"
    )
    notices.tell(case.connection, case.row.id, (person.id,), text, case.now)
    return f"可在 {DAYS} 天内打印或导出，交给{asker}"


def may_be_handed_out(row: CommandRow, now: datetime) -> bool:
    """Whether a command is a copy that was approved a few days ago at most."""
    if row.kind != KIND or row.executed_at is None:
        return False
    return now < row.executed_at + timedelta(days=DAYS)


register(
    CommandKind(
        KIND,
        "复制个人信息",
        CopyForm,
        ("handler",),
        examine_copy,
        act_copy,
        chain=("first_reviewer",),
    )
)
