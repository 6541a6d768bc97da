"""Which funds would pay for a kind of care on a day: the engine asked with one yuan."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec
import psycopg

from gongji.institutions import institution_facts, institution_rows
from gongji.law.engine.engine import settle
from gongji.law.engine.person_meters import Meters
from gongji.law.engine.visit import read_visit
from gongji.law.rulebook.provision_kinds import ACCOUNT, POOL
from gongji.people import person_facts, person_rows
from gongji.refusals import REFUSALS, Refusal
from gongji.settlement import engine_row
from gongji.settlement.engine_row import Known, Sheet
from gongji.settlement.routes import SPECIAL_DRUGS, Route, route
from gongji.units import day_of

_COST = {"total": "1.00", "in_scope": "1.00"}


class AskedCare(msgspec.Struct, frozen=True):
    """A kind of care of a person at an institution on a day, and the disease that it is for."""

    psn_no: str
    institution: str
    med_type: str
    disease: str
    day: date


def entitlement(
    connection: psycopg.Connection[Any], asked: AskedCare, rules: Any
) -> list[tuple[str, str | Refusal]]:
    """Each fund (pool, account, the person's subsidy) with the reason why it would not pay.

    The reason is empty where it would.
    Refuses: person_unknown, institution_unknown, med_type_unsupported.
    """
    institution, day = asked.institution, asked.day
    person = person_rows.get_person(connection, asked.psn_no)
    institution_rows.get_institution(connection, institution)
    held = person_facts.facts_at(connection, [person.id], day)[person.id]
    sheet = Sheet(
        day,
        tuple(Known(f.kind, f.key, f.since, f.until, f.details, f.area) for f in held),
    )
    standing = _standings(connection, institution, day)[institution]
    found: list[tuple[str, str | Refusal]] = [(POOL, _pool(rules, sheet, standing, asked))]
    lacking = REFUSALS["no_account"] if sheet.one("account") is None else ""
    found.append((ACCOUNT, lacking))
    subsidy = sheet.one("subsidy")
    if subsidy:
        found.append((subsidy["subsidy"], ""))
    return found


def _standings(
    connection: psycopg.Connection[Any], code: str, day: date
) -> Mapping[str, engine_row.Standing]:
    """The institution and its parent as the settlement sees them."""
    own = institution_facts.facts_at(connection, [code], day)[code]
    codes = {code} | {str(f.details["parent"]) for f in own if f.details.get("parent")}
    held = institution_facts.facts_at(connection, codes, day)
    rows: list[tuple[str, str, str, Known | None]] = []
    for one in codes:
        place = institution_rows.find_institution(connection, one)
        if place:
            rows.append((one, place.area, place.kind, None))
            rows += [
                (one, place.area, place.kind, Known(f.kind, f.key, f.since, f.until, f.details))
                for f in held[one]
            ]
    return engine_row.standings(rows, day)


def _pool(rules: Any, sheet: Sheet, here: engine_row.Standing, asked: AskedCare) -> str | Refusal:
    """Why the pool would not pay.

    Refuses: med_type_unsupported.
    """
    try:
        area = rules.area(sheet.insured.area)
        law = area.law(day_of(sheet.day))
        way = _route(law, sheet, asked.med_type, asked.disease)
        row = {"date": str(sheet.day), "visit": "0", **_COST}
        row |= engine_row.person_texts(sheet, way.benefit) | engine_row.route_texts(sheet, way)
        # A prescription is only known at the purchase.
        prescriber = here if here.kind == "pharmacy" else None
        row |= engine_row.place_texts(sheet, area.laws[0].area, way.benefit, here, prescriber)
        row |= {"prescriber_level": "2"} if prescriber else {}
        visit = read_visit({name: text for name, text in row.items() if text}, law)
        result = settle(area, visit, Meters(area.layout))
    except Refusal as refusal:
        if refusal.code == "med_type_unsupported":
            raise
        return refusal
    if not result.gate:
        return ""
    cite = result.gate.cite
    return f"{REFUSALS[result.refusal]}〔{cite.document} {cite.article}〕"


def _route(law: Any, sheet: Sheet, med_type: str, disease: str) -> Route:
    """The route, with a drug of either kind where the kind of care needs one."""
    drugs: list[dict[str, Any]] = []
    if med_type == SPECIAL_DRUGS:
        drugs = [
            {
                "item": "",
                "serial": "",
                "negotiated": True,
                "dual_channel": True,
                "in_agreement": True,
            }
        ]
    return route(law, med_type, disease, sheet.registrations, drugs, 1)
