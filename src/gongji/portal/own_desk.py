"""The agency's desk as the person signed in stands before it: what is begun is a command there.

Whoever hands it in is the person; staff check it in the console. What an area lets people begin by
themselves its law says (事项: 申请人, 渠道); without an agency here nobody would check it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from django.utils import timezone

from gongji.agency import items
from gongji.agency.disease_lists import diseases_on
from gongji.agency.payees import PayeeAccount, seal_payee
from gongji.agency.typed_forms import FormField, read_form
from gongji.law.accounts.agency_items import AgencyItem, find_item, promise_of
from gongji.law.rulebook.law import Law
from gongji.platform.environment import environment
from gongji.platform.installation import installed_inbox, installed_law
from gongji.platform.law_book import in_force
from gongji.platform.message_seal import seal_of
from gongji.platform.printed_papers import PrintedPaper, printed
from gongji.portal import institutions
from gongji.portal.inputs import day_said
from gongji.portal.own_records import RELATIONS, Visitor, shown_name
from gongji.refusals import Refusal
from gongji.review.desk import Desk
from gongji.review.evidence import PaperFile
from gongji.review.staff import agencies
from gongji.tabular.cell_forms import amount_said
from gongji.units import day_in_china, day_of, yuan_text

assert items.ALL
WEB, PERSON = "web", "person"
CHRONIC, BILL, BOND = "chronic_filing", "manual_reimbursement", "family_bond"


def desk_of(visitor: Visitor, now: datetime) -> Desk:
    """The desk on the person's own connection."""
    given = environment()
    seal = seal_of(given.identity_key, given.lookup_key)
    return Desk(visitor.connection, installed_law(), installed_inbox(), seal, now)


def law_of(visitor: Visitor, now: datetime) -> Law:
    """The law of the person's area today.

    Refuses: area_unknown, date_outside.
    """
    areas = in_force(visitor.connection, installed_law())
    return areas.area(visitor.person.area).law(day_of(day_in_china(now)))


def agencies_of(visitor: Visitor) -> list[tuple[str, str]]:
    """The agencies of the person's area: code and name."""
    found = agencies(visitor.connection, visitor.person.area)
    return [(one.code, one.name) for one in found.values()]


def offered_items(visitor: Visitor, now: datetime) -> dict[str, AgencyItem]:
    """What the person may begin here, by kind; none where no agency works or no law holds today."""
    if not agencies_of(visitor):
        return {}
    try:
        law = law_of(visitor, now)
    except Refusal:
        return {}
    found = {kind: find_item(law, kind) for kind in (CHRONIC, BILL)}
    return {
        kind: one
        for kind, one in found.items()
        if one and WEB in one.rule.channels and PERSON in one.rule.applicants
    }


def counter_items(visitor: Visitor, now: datetime) -> dict[str, AgencyItem]:
    """What the law lets people ask for at the counter only, by kind."""
    try:
        law = law_of(visitor, now)
    except Refusal:
        return {}
    found = {kind: find_item(law, kind) for kind in (CHRONIC, BILL)}
    here = offered_items(visitor, now)
    return {kind: one for kind, one in found.items() if one and kind not in here}


def reviewed_bond(visitor: Visitor, now: datetime) -> AgencyItem | None:
    """The item by which the area has bonds of its pages reviewed; None: they hold at once.

    Law:     an area or its province asks for it by an item of its own with a review; the nation's
             default is the counter's (楚政规〔2022〕2号 第二十条: owners bind their family online,
             of their own will).
    """
    try:
        found = find_item(law_of(visitor, now), BOND)
    except Refusal:
        return None
    if found is None or not (found.local and found.rule.review):
        return None
    return found if WEB in found.rule.channels and agencies_of(visitor) else None


# The forms.


_PLACE = FormField("institution", "医疗机构", hint="写名称，如县人民医院")
_AGENCY = FormField("agency", "交给哪个经办机构", "choice")
_PAYEE = (
    FormField("holder", "收款人姓名", needed=False, hint="以前登记过收款账户的不必再填"),
    FormField("bank", "开户银行", needed=False),
    FormField("account", "银行账号", needed=False, hint="加密保存，页面上只显示后四位"),
)
_BILL = (
    FormField("number", "票据号", hint="发票右上角的号码"),
    _PLACE,
    FormField("service_date", "就医日期", "date"),
    FormField("total_fen", "发票总额（元）", "yuan"),
    FormField("wholly_own_fen", "其中全自费（元）", "yuan", False, hint="发票上没有的不填"),
    FormField("first_self_pay_fen", "其中先行自付（元）", "yuan", False),
    FormField(
        *("benefit", "看的是", "choice"),
        choices=(("ordinary", "普通门诊"), ("emergency", "急诊抢救")),
    ),
    FormField("late_reason", "过了申请期限的，写明原因", needed=False),
    *_PAYEE,
)
_CHRONIC = (
    FormField("disease", "病种", "choice"),
    FormField("certifier", "确诊的医疗机构", hint="写名称，如县人民医院"),
    FormField("since", "从哪天起", "date"),
)
FIELDS = {CHRONIC: _CHRONIC, BILL: _BILL}


def fields_of(visitor: Visitor, kind: str, now: datetime) -> list[FormField]:
    """The fields of a kind's form, with what may be chosen."""
    found = list(FIELDS[kind])
    if kind == CHRONIC:
        listed = diseases_on(visitor.connection, visitor.person.area, day_in_china(now))
        choices = tuple((one.code, one.name) for one in listed)
        found[0] = FormField("disease", "病种", "choice", choices=choices)
    return [*found, FormField("agency", _AGENCY.label, "choice", True, tuple(agencies_of(visitor)))]


def places_near(visitor: Visitor, now: datetime) -> list[str]:
    """Names of institutions to choose from."""
    found = institutions.suggestions(visitor.person.area, day_in_china(now), "")
    return institutions.labels(found)


@dataclass(frozen=True)
class TypedItem:
    """An item as it was typed: its content, and the agency that it goes to."""

    content: dict[str, Any]
    agency: str


def read_typed(visitor: Visitor, kind: str, typed: dict[str, str], now: datetime) -> TypedItem:
    """What was typed as the content of the command; the person is who is signed in.

    Refuses: value_invalid naming the label; payee_wrong.
    """
    fields = fields_of(visitor, kind, now)
    read = read_form(fields, {one.name: _as_said(one, typed) for one in fields})
    agency = str(read.pop("agency"))
    content = {"psn_no": visitor.person.psn_no, "applicant": PERSON, **read}
    for name, label in (("institution", _PLACE.label), ("certifier", "确诊的医疗机构")):
        if name in content:
            content[name] = _institution(visitor, content[name], label, now)
    if kind == BILL:
        own = content.get("wholly_own_fen", 0) + content.get("first_self_pay_fen", 0)
        content["in_scope_fen"] = content["total_fen"] - own
        if content["in_scope_fen"] < 0:
            values = {"value": yuan_text(own), "allowed": "不超过发票总额"}
            raise Refusal("value_invalid", "其中全自费（元）", values)
        content |= _payee(visitor, content)
    return TypedItem(content, agency)


def _as_said(one: FormField, typed: dict[str, str]) -> str:
    text = typed.get(one.name, "")
    if one.kind == "yuan":
        return amount_said(text)
    return day_said(text) if one.kind == "date" else text


def _institution(visitor: Visitor, said: str, label: str, now: datetime) -> str:
    area, today = visitor.person.area, day_in_china(now)
    found = institutions.find(area, today, said)
    if found is None:
        likely = institutions.likely(area, today, said)
        allowed = "、".join(likely) or "本统筹区定点医疗机构的全名"
        values = {"value": said, "allowed": allowed}
        raise Refusal("value_invalid", label, values)
    return found.code


def _payee(visitor: Visitor, content: dict[str, Any]) -> dict[str, Any]:
    """The account to be paid to, sealed at once; nothing where none was told.

    Refuses: payee_wrong.
    """
    told = [str(content.pop(name, "")) for name in ("holder", "bank", "account")]
    if not any(told):
        return {}
    given = environment()
    seal = seal_of(given.identity_key, given.lookup_key)
    account = PayeeAccount(told[0] or visitor.person.name, told[1], told[2])
    made = seal_payee(seal, visitor.person.area, visitor.person.psn_no, account)
    return {"payee": msgspec.to_builtins(made)}


def typed_again(
    visitor: Visitor, kind: str, content: dict[str, Any], agency: str
) -> dict[str, str]:
    """A content as it was typed; an account number is never shown again."""
    names: dict[str, str] = {}
    for name in ("institution", "certifier"):
        if name in content:
            known = institutions.find(
                visitor.person.area, day_in_china(timezone.now()), content[name]
            )
            names[name] = known.name if known else content[name]
    found = {"agency": agency}
    for one in FIELDS.get(kind, ()):
        value = names.get(one.name, content.get(one.name))
        if value is not None:
            found[one.name] = yuan_text(int(value)) if one.kind == "yuan" else str(value)
    return found


def told_content(visitor: Visitor, kind: str, content: dict[str, Any]) -> list[tuple[str, str]]:
    """What a command says, field by field in the words of its form."""
    if kind == BOND:
        return _told_bond(content)
    typed = typed_again(visitor, kind, content, "")
    if kind == CHRONIC:
        listed = diseases_on(visitor.connection, visitor.person.area, day_in_china(timezone.now()))
        typed["disease"] = next(
            (one.name for one in listed if one.code == typed.get("disease")), typed["disease"]
        )
    found = []
    for one in FIELDS.get(kind, ()):
        text = typed.get(one.name, "")
        if text:
            found.append((one.label, dict(one.choices).get(text, text)))
    payee = content.get("payee")
    if payee:
        found.append(("收款账户", f"{payee['holder']}（{payee['bank']}，尾号 {payee['tail']}）"))
    return found


def _told_bond(content: dict[str, Any]) -> list[tuple[str, str]]:
    """The two sides of a bond, as either may see the other."""
    return [
        ("账户所有人", shown_name(content["owner_name"], content["owner"])),
        ("为谁支付", shown_name(content["name"], content["psn_no"])),
        ("账户所有人是其", RELATIONS.get(content["relation"], content["relation"])),
        ("同意日期", str(content["consented_on"])),
    ]


# Promises.


def promise_paper(visitor: Visitor, item: AgencyItem, name: str, now: datetime) -> PaperFile:
    """The written promise that stands in for a paper, made out for the person.

    Refuses: evidence_unknown where no promise may stand in for it.
    """
    paper = next((p for p in item.rule.papers if promise_of(p) == name and p.promise), None)
    if paper is None:
        values = {"value": name, "allowed": "、".join(sorted(item.papers))}
        raise Refusal("evidence_unknown", "paper", values)
    day, person = day_in_china(now), visitor.person
    facts = (("承诺人", person.name), ("参保人编号", person.psn_no), ("事项", item.name))
    texts = (
        f"本人承诺：所述情况属实，并以本承诺代替提交{paper.name}（{paper.article}）。",
        f"承诺不实的：{paper.broken or '依法处理'}。",
    )
    signed = (("承诺人", person.name), ("日期", str(day)))
    made = PrintedPaper("承诺书", f"{person.area}  {day}", facts, (), texts, signed)
    return PaperFile(name, printed(made))
