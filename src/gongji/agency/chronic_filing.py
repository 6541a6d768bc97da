"""Chronic and special diseases (慢特病): applied for with papers, checked twice, approved.

What is filed by a hospital waits as a filing; its decision is this item, and replaces it.
Law:     攀办发〔2022〕32号 第十条: what is 两病 and chronic is paid as one of them only.
"""

from datetime import date, timedelta
from typing import Literal

import msgspec

from gongji.agency import notices
from gongji.agency.disease_lists import ListedDisease, disease_on
from gongji.agency.family_bond import cited, may_ask
from gongji.institutions.institution_rows import get_institution
from gongji.law.rulebook.vocabulary import BENEFIT_NAMES
from gongji.people import filings, person_facts
from gongji.people.filings import RegistrationDecision
from gongji.people.person_rows import Person, get_person
from gongji.platform.identity import mask_number
from gongji.platform.spans import check_order
from gongji.refusals import Refusal
from gongji.review.command_kinds import Case, CommandKind, Examination, PreviewLine, register


class ChronicForm(msgspec.Struct, frozen=True):
    """The form: whose disease (national code), certified by which institution, from which day."""

    psn_no: str
    disease: str
    certifier: str
    since: date
    last: date | None = None
    applicant: Literal["person", "delegate", "institution"] = "person"


def months_after(day: date, months: int) -> date:
    """The last day of so many months from a day on."""
    count = day.month - 1 + months
    year, month = day.year + count // 12, count % 12 + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month, min(day.day, last)) - timedelta(days=day.day <= last)


def _decision(case: Case) -> tuple[RegistrationDecision, ListedDisease, Person]:
    """What is decided, with the disease of the list and the person.

    Refuses: person_unknown, disease_unlisted, institution_unknown.
    """
    form: ChronicForm = case.content
    person = get_person(case.connection, form.psn_no)
    one = disease_on(case.connection, case.row.area, form.disease, form.since)
    get_institution(case.connection, form.certifier)
    last = form.last
    if one.months is not None:
        longest = months_after(form.since, one.months)
        last = longest if last is None else min(last, longest)
    decision = RegistrationDecision(
        form.psn_no,
        case.row.area,
        form.disease,
        one.name,
        one.rulebook,
        one.benefit,
        form.certifier,
        form.since,
        last,
    )
    return decision, one, person


def examine(case: Case) -> Examination:
    """What a registration rests on: insured there that day, the list, what stands already.

    Refuses: applicant_refused, dates_reversed, person_unknown, uninsured_on, disease_unlisted,
             institution_unknown, registration_double, filing_overlaps.
    """
    form: ChronicForm = case.content
    found = may_ask(case.law, "chronic_filing", form.applicant)
    check_order(form.since, form.last)
    decision, one, person = _decision(case)
    held = person_facts.facts_at(case.connection, [person.id], form.since, kinds=["insured"])
    here = [fact.id for fact in held[person.id] if fact.area == case.row.area]
    if not here:
        values = {"value": mask_number(form.psn_no), "date": form.since.isoformat()}
        raise Refusal("uninsured_on", "psn_no", values)
    standing = filings.registration_standing(case.connection, person, decision)
    ground = {
        "law": case.law.hash,
        "person": person.id,
        "insured": here,
        "disease": [one.code, one.rulebook, one.benefit, one.months],
        "filed": standing.filed.id if standing.filed else None,
        "gives_way": [fact.id for fact in standing.gives_way],
    }
    until = f"至 {decision.last}" if decision.last else "起，长期"
    said = [
        PreviewLine(
            f"{person.name}：{one.name}（{BENEFIT_NAMES[one.benefit]}），{form.since} {until}",
            article=cited(found),
        )
    ]
    said += [PreviewLine(f"认定标准：{one.criteria}")] if one.criteria else []
    said += [
        PreviewLine(f"{fact.details['name']}的两病备案同日结束，不重复享受")
        for fact in standing.gives_way
    ]
    return Examination(ground, tuple(said), None, (person.id,))


def act(case: Case) -> str:
    """Approve the registration and tell the person."""
    decision, one, person = _decision(case)
    serial = filings.approve_registration(case.connection, decision, actor=case.actor, now=case.now)
    found = may_ask(case.law, "chronic_filing", case.content.applicant)
    text = (
        f"{one.name}的门诊慢特病备案已批准，自 {decision.since} 起享受（{cited(found)}）。"
        f"{found.rule.remedy}"
    )
    notices.tell(case.connection, case.row.id, (person.id,), text, case.now)
    return f"备案流水号 {serial}"


register(
    CommandKind(
        "chronic_filing",
        "慢特病备案",
        ChronicForm,
        ("handler",),
        examine,
        act,
        people=True,
        item=True,
    )
)
