"""Which funds would pay for a kind of care on a day: the engine asked with one yuan."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import psycopg

from gongji.gateway.visits.write_settlement import ACCOUNT_FUND, FUNDS, OTHER_FUND
from gongji.institutions import institution_facts, institution_rows
from gongji.law.engine.engine import settle
from gongji.law.engine.person_meters import Meters
from gongji.law.engine.visit import Visit, check_visit
from gongji.law.rulebook.provision_kinds import POOL
from gongji.people import person_facts, person_rows
from gongji.refusals import REFUSALS, Refusal
from gongji.settlement.batch_marks import Drug
from gongji.settlement.counter_facts import COUNTER_FACTS, Seen
from gongji.settlement.known_facts import DatedFact, PersonFacts, Standing, standings
from gongji.settlement.routes import Route, route
from gongji.units import day_of

SUBSIDIES = {
    "civil_servant": ("320100", "公务员医疗补助"),
    "enterprise": ("370100", "企业补充医疗保险"),
    "veteran": (OTHER_FUND[1], "建国初期参加革命工作退休干部医疗补助"),
}
"""Subsidy of a person -> fund and name."""
_DRUGS = "18"
_COST_FEN = 100


def entitlement(
    connection: psycopg.Connection[Any],
    rules: Any,
    psn_no: str,
    institution: str,
    med_type: str,
    disease: str,
    day: date,
) -> list[tuple[str, str]]:
    """Each fund by its code, with the reason why it would not pay, empty where it would.

    Refuses: person_unknown, institution_unknown, med_type_unsupported.
    """
    person = person_rows.get_person(connection, psn_no)
    institution_rows.get_institution(connection, institution)
    held = person_facts.facts_at(connection, [person.id], day)[person.id]
    known = PersonFacts(
        day,
        tuple(DatedFact(f.kind, f.key, f.since, f.until, f.details, f.area) for f in held),
    )
    standing = _standings(connection, institution, day)[institution]
    found = [(FUNDS[POOL][1], _pool(rules, known, person.area, standing, med_type, disease))]
    lacking = REFUSALS["no_account"] if known.one("account") is None else ""
    found.append((ACCOUNT_FUND[0], lacking))
    subsidy = known.one("subsidy")
    if subsidy:
        found.append((SUBSIDIES[subsidy["subsidy"]][0], ""))
    return found


def _standings(connection: psycopg.Connection[Any], code: str, day: date) -> Mapping[str, Standing]:
    """The institution and its parent as the settlement sees them."""
    own = institution_facts.facts_at(connection, [code], day)[code]
    codes = {code} | {str(f.details["parent"]) for f in own if f.details.get("parent")}
    held = institution_facts.facts_at(connection, codes, day)
    rows: list[tuple[str, str, str, DatedFact | None]] = []
    for one in codes:
        place = institution_rows.find_institution(connection, one)
        if place:
            rows.append((one, place.area, place.kind, None))
            rows += [
                (one, place.area, place.kind, DatedFact(f.kind, f.key, f.since, f.until, f.details))
                for f in held[one]
            ]
    return standings(rows, day)


def _pool(
    rules: Any, known: PersonFacts, home: str, here: Standing, med_type: str, disease: str
) -> str:
    """Why the pool would not pay.

    Refuses: med_type_unsupported.
    """
    try:
        area = rules.area(known.insured.area)
        law = area.law(day_of(known.day))
        way = _route(law, known, med_type, disease)
        # A prescription is only known at the purchase.
        prescriber = here if here.kind == "pharmacy" else None
        facts = COUNTER_FACTS.read(Seen(known, area.laws[0].area, way, here, prescriber))
        facts |= {"prescriber_level": 2} if prescriber else {}
        day = day_of(known.day)
        visit = Visit(law.area, day, way.benefit, _COST_FEN, _COST_FEN, facts, visit="0")
        check_visit(visit, law)
        result = settle(area, visit, Meters(area.layout))
    except Refusal as refusal:
        if refusal.code == "med_type_unsupported":
            raise
        return str(refusal)
    if not result.gate:
        return ""
    cite = result.gate.cite
    return f"{REFUSALS[result.refusal]}〔{cite.document} {cite.article}〕"


def _route(law: Any, known: PersonFacts, med_type: str, disease: str) -> Route:
    """The route, with a drug of either kind where the kind of care needs one."""
    drugs = [Drug("", "", True, True, True)] if med_type == _DRUGS else []
    return route(law, med_type, disease, known.registrations, drugs, 1)
