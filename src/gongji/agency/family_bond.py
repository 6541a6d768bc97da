"""Family bond (家庭共济): asked online or at the counter, reviewed, recorded; ended at once.

Law:     the area's 账户绑定 says which relatives; what is asked of papers is its 事项.
"""

from typing import Literal

import msgspec

from gongji.agency import notices
from gongji.law.accounts.agency_items import AgencyItem, item
from gongji.law.compile.grounds import rules
from gongji.law.rulebook.account_provisions import RELATIONS, Binding
from gongji.law.rulebook.item_provisions import APPLICANTS
from gongji.law.rulebook.law import Law
from gongji.people import bonds, person_facts
from gongji.people.bonds import BondNumber, BondRecord
from gongji.people.person_rows import Person
from gongji.refusals import Refusal
from gongji.review.command_kinds import Case, CommandKind, Examination, PreviewLine, register
from gongji.review.subjects import require_area
from gongji.units import day_in_china

NAMES = {code: name for name, code in RELATIONS.items()}
WHO = {code: name for name, code in APPLICANTS.items()}


class BondForm(BondRecord, frozen=True):
    """The form of a bond: what is recorded, and who asks."""

    applicant: Literal["person", "owner", "delegate"] = "person"


class BondEndForm(BondNumber, frozen=True):
    """The form by which a bond is ended, and who asks."""

    applicant: Literal["person", "owner", "delegate"] = "person"


def may_ask(law: Law, kind: str, applicant: str) -> AgencyItem:
    """The item, by which somebody may ask.

    Refuses: applicant_refused, not_ruled.
    """
    found = item(law, kind)
    if applicant not in found.rule.applicants:
        allowed = "、".join(WHO[one] for one in found.rule.applicants)
        values = {"kind": found.name, "value": WHO[applicant], "allowed": allowed}
        raise Refusal("applicant_refused", "applicant", values)
    return found


def allowing_article(law: Law, relation: str) -> str:
    """The article by which a relative's account may pay.

    Refuses: relation_refused where the law names relatives, and not this one.
    """
    for provision, rule in rules(law, Binding):
        article = f"{provision.book.head.number} {rule.article}"
        if relation in rule.relations:
            return article
        allowed = "、".join(NAMES[code] for code in rule.relations)
        values = {"value": NAMES.get(relation, relation), "article": article, "allowed": allowed}
        raise Refusal("relation_refused", "relation", values)
    return ""


def _status(case: Case, person: Person) -> list[object]:
    """What of a person decides whether a bond may be: insured today, and by which account."""
    day = day_in_china(case.now)
    held = person_facts.facts_at(case.connection, [person.id], day, kinds=["insured", "account"])
    return [[fact.kind, fact.id] for fact in held[person.id]]


def examine(case: Case) -> Examination:
    """What a bond rests on: both persons, their insurance and account, the law, what stands.

    Refuses: applicant_refused, value_invalid, relation_refused, bond_person_unknown,
             bond_with_oneself, bond_second_spouse, fact_overlaps where it was given already,
             person_elsewhere where the account is another area's.
    """
    form: BondForm = case.content
    today = day_in_china(case.now)
    may_ask(case.law, "family_bond", form.applicant)
    if form.consented_on > today:
        values = {"value": str(form.consented_on), "allowed": f"不晚于今天（{today}）的日期"}
        raise Refusal("value_invalid", "同意日期", values)
    sides = bonds.bond_sides(case.connection, form, today)
    if case.row.actor_kind == "staff":
        # Whose account is to pay consents before an agency of their own.
        require_area(case.connection, case.row.area, [sides.owner.id])
    if sides.given:
        assert sides.standing is not None
        values = {"value": "家庭共济", "since": str(sides.standing.since), "until": ""}
        raise Refusal("fact_overlaps", "owner", values)
    bonds.refuse_second_spouse(case.connection, sides, form.relation, today)
    article = allowing_article(case.law, form.relation)
    ground = {
        "law": case.law.hash,
        "people": [sides.person.id, sides.owner.id],
        "status": [_status(case, sides.person), _status(case, sides.owner)],
    }
    said = (
        PreviewLine(f"{sides.owner.name}的个人账户为{sides.person.name}支付", article=article),
        PreviewLine(f"关系：{NAMES.get(form.relation, form.relation)}；自办结之日起"),
        PreviewLine("办理时不划转金额，就医结算时按顺序支付", 0),
    )
    return Examination(ground, said, None, (sides.person.id, sides.owner.id))


def act(case: Case) -> str:
    """Record the bond and tell both sides."""
    form: BondForm = case.content
    number = bonds.record_bond(case.connection, _record(form), actor=case.actor, now=case.now)
    sides = bonds.bond_sides(case.connection, form, day_in_china(case.now))
    found = item(case.law, "family_bond")
    text = (
        f"{sides.owner.name}与{sides.person.name}的家庭共济已办结（{cited(found)}），"
        f"可以随时解除。{found.rule.remedy}"
    )
    people = (sides.person.id, sides.owner.id)
    notices.tell(case.connection, case.row.id, people, text, case.now)
    return f"家庭共济第 {number} 号"


def cited(found: AgencyItem) -> str:
    """The document and the article that an item rests on."""
    document = found.rule.document or found.ground.cite.document
    return f"{document} {found.rule.article}"


def _record(form: BondForm) -> BondRecord:
    return msgspec.convert(
        {name: getattr(form, name) for name in BondRecord.__struct_fields__},
        BondRecord,
    )


def examine_end(case: Case) -> Examination:
    """What ending a bond rests on: that it stands.

    Refuses: applicant_refused, bond_unknown.
    """
    form: BondEndForm = case.content
    may_ask(case.law, "family_bond_end", form.applicant)
    bond = bonds.standing_bond(case.connection, form.bond, day_in_china(case.now))
    if case.row.actor_kind == "person" and int(case.row.actor) not in (bond.person, bond.owner):
        raise Refusal("bond_unknown", "bond")
    said = PreviewLine("家庭共济关系自今日起解除，此后的费用不再由该账户支付", 0)
    return Examination({"bond": form.bond}, (said,), None, (bond.person, bond.owner))


def act_end(case: Case) -> str:
    """End the bond and tell both sides."""
    content = BondNumber(case.content.bond)
    today = day_in_china(case.now)
    bond = bonds.standing_bond(case.connection, content.bond, today)
    end = bonds.end_bond if case.actor.kind == "person" else bonds.revoke_bond
    end(case.connection, content, actor=case.actor, now=case.now)
    found = item(case.law, "family_bond_end")
    text = f"家庭共济第 {content.bond} 号自 {today} 起解除（{cited(found)}）。"
    notices.tell(case.connection, case.row.id, (bond.person, bond.owner), text, case.now)
    return f"家庭共济第 {content.bond} 号已解除"


MAKERS = ("handler",)
register(
    CommandKind("family_bond", "家庭共济", BondForm, MAKERS, examine, act, people=True, item=True)
)
register(
    CommandKind(
        "family_bond_end",
        "解除家庭共济",
        BondEndForm,
        MAKERS,
        examine_end,
        act_end,
        people=True,
        item=True,
    )
)
