"""Which funds would pay for a kind of care on a day: the engine asked with one yuan."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec
import psycopg

from gongji.institutions import institution_facts, institution_rows
from gongji.law.engine.areas import Areas
from gongji.law.engine.engine import settle
from gongji.law.engine.person_meters import Meters
from gongji.law.engine.visit import Visit, check_visit
from gongji.law.rulebook.provision_kinds import ACCOUNT, POOL
from gongji.people import person_facts, person_rows
from gongji.refusals import REFUSALS, Refusal
from gongji.settlement.allocate import not_payable
from gongji.settlement.batch_marks import Drug
from gongji.settlement.counter_facts import COUNTER_FACTS, Seen, in_time
from gongji.settlement.known_facts import DatedFact, PersonFacts, Standing, standings
from gongji.settlement.routes import SPECIAL_DRUGS, Route, route
from gongji.units import day_of

_COST_FEN = 100


class AskedCare(msgspec.Struct, frozen=True):
    """A kind of care of a person at an institution on a day, and the disease that it is for."""

    psn_no: str
    institution: str
    med_type: str
    disease: str
    day: date


def entitlement(
    connection: psycopg.Connection[Any], asked: AskedCare, areas: Areas
) -> list[tuple[str, str | Refusal]]:
    """Each fund (pool, account, the person's subsidy) with the reason why it would not pay.

    The reason is empty where it would.
    Refuses: person_unknown, institution_unknown, med_type_unsupported.
    """
    institution, day = asked.institution, asked.day
    person = person_rows.get_person(connection, asked.psn_no)
    institution_rows.get_institution(connection, institution)
    held = person_facts.facts_at(connection, [person.id], day)[person.id]
    known = PersonFacts(
        day,
        tuple(DatedFact(f.kind, f.key, f.since, f.until, f.details, f.area) for f in held),
    )
    standing = _standings(connection, institution, day)[institution]
    pool = _pool(areas, known, standing, asked)
    # What is no gate but a refusal refuses the whole settlement: no fund then pays.
    stopped = pool if isinstance(pool, Refusal) else ""
    found: list[tuple[str, str | Refusal]] = [(POOL, pool)]
    found.append((ACCOUNT, stopped or _account(areas, known, standing)))
    subsidy = known.one("subsidy")
    if subsidy:
        found.append((subsidy["subsidy"], stopped))
    return found


def _account(areas: Areas, known: PersonFacts, here: Standing) -> str:
    """Why the own account would not pay, where it settles at all."""
    if known.one("account") is None:
        return REFUSALS["no_account"]
    law = areas.area(known.insured.area).law(day_of(known.day))
    return not_payable(law, here.kind if here.designated_for else "other")


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


def _pool(areas: Areas, known: PersonFacts, here: Standing, asked: AskedCare) -> str | Refusal:
    """Why the pool would not pay.

    Refuses: med_type_unsupported.
    """
    try:
        area = areas.area(known.insured.area)
        law = area.law(day_of(known.day))
        way = _route(law, known, asked.med_type, asked.disease)
        # A prescription is only known at the purchase.
        prescriber = here if here.kind == "pharmacy" else None
        seen = Seen(known, area.laws[0].area, way, here, prescriber, law=law)
        facts = COUNTER_FACTS.read(seen)
        facts |= {"prescriber_level": 2} if prescriber else {}
        facts = in_time(law, known, facts)
        day = day_of(known.day)
        visit = Visit(law.area, day, way.benefit, _COST_FEN, _COST_FEN, facts, visit="0")
        check_visit(visit, law)
        result = settle(area, visit, Meters(area.layout))
    except Refusal as refusal:
        if refusal.code == "med_type_unsupported":
            raise
        return refusal
    if not result.gate:
        return ""
    cite = result.gate.cite
    return f"{REFUSALS[result.refusal]}〔{cite.document} {cite.article}〕"


def _route(law: Any, known: PersonFacts, med_type: str, disease: str) -> Route:
    """The route, with a drug of either kind where the kind of care needs one."""
    drugs = [Drug("", "", True, True, True)] if med_type == SPECIAL_DRUGS else []
    return route(law, med_type, disease, known.registrations, drugs, 1)
