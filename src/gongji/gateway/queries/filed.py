"""Registrations (5301), selections (5302), inpatient stays (5303) and referrals (5304) of persons.

Facts about a person are told to an institution that names the person; without a name 5303 tells
only the stays at the institution itself.
"""

from collections.abc import Sequence
from typing import Any

from gongji.gateway.filings import filing_fields as fields
from gongji.gateway.filings.filings import SELECTION
from gongji.gateway.queries.people import (
    DescribedPerson,
    known_people,
    message_contents,
    named_person,
    sent,
    word,
)
from gongji.gateway.queries.visits import window
from gongji.gateway.transactions import Call, same_code, show_instant, transaction
from gongji.gateway.wire.fields import fill, last_day
from gongji.gateway.wire.personal_fields import Party
from gongji.institutions.institution_rows import Institution, institutions_of
from gongji.people import told_facts
from gongji.people.filings import filed_by
from gongji.people.person_facts import FactRow
from gongji.tabular.cell_forms import day_text
from gongji.units import CHINA

INPATIENT = "21"
_MOST_ROWS = 5000


def _places(call: Call, codes: Sequence[str]) -> dict[str, Institution]:
    """Institutions by code."""
    return {one.code: one for one in institutions_of(call.connection, set(codes))}


def _name(places: dict[str, Institution], code: str) -> str:
    return places[code].name if code in places else ""


@transaction("5301")
def query_registrations(call: Call) -> dict[str, Any]:
    """A person's chronic and special registrations that the agency approved and that still hold."""
    person = named_person(call, call.one("data"))
    rows = [
        {
            "opsp_dise_code": fact.key,
            "opsp_dise_name": fact.details["name"],
            "begndate": fact.since.isoformat(),
            "enddate": last_day(fact.until),
        }
        for fact in told_facts.approved_registrations(call.connection, person.person, call.today)
    ]
    return {"feedetail": [fill(fields.REGISTRATIONS, row) for row in rows]}


@transaction("5302")
def query_selections(call: Call) -> dict[str, Any]:
    """The institution that a person selected (03), now and from a later day on."""
    data = call.one("data")
    kind = call.text(data, "biz_appy_type", required=True)
    person = named_person(call, data)
    if not same_code(SELECTION, kind):
        return {"psnfixmedin": []}
    held = told_facts.not_over(call.connection, person.person, "selection", call.today)
    places = _places(call, [fact.details["institution"] for fact in held])
    rows = [
        {
            "psn_no": person.person.psn_no,
            "insutype": "310",
            "fix_srt_no": "1",
            "fixmedins_code": fact.details["institution"],
            "fixmedins_name": _name(places, fact.details["institution"]),
            "begndate": fact.since.isoformat(),
            "enddate": last_day(fact.until),
            "memo": fact.details.get("reason", ""),
        }
        for fact in held
    ]
    return {"psnfixmedin": [fill(fields.SELECTIONS, row) for row in rows]}


@transaction("5303")
def query_stays(call: Call) -> dict[str, Any]:
    """Inpatient episodes in a span: of the person named, or at the own institution."""
    data = call.one("data")
    span = window(call, data)
    first, last = span.since.date(), span.until.date()
    if call.text(data, "psn_no"):
        person = named_person(call, data)
        persons = {person.person.id: person}
        held = told_facts.within(call.connection, person.person, "stay", (first, last))
    else:
        held = told_facts.stays_at(call.connection, call.institution, (first, last))
        persons = known_people(call, {fact.person_id for fact in held})
    places = _places(call, [fact.details["institution"] for fact in held])
    rows = []
    for fact in held:
        known = persons[fact.person_id].on(fact.since)
        names = fields.STAYS.filled & known.keys()
        rows.append(
            {name: known[name] for name in names}
            | {
                "mdtrt_id": fact.key,
                "begndate": fact.since.isoformat(),
                "med_type": INPATIENT,
                "out_flag": _outside(fact.area, places.get(fact.details["institution"])),
            }
        )
    return {"data": [fill(fields.STAYS, row) for row in rows]}


def _outside(home: str, place: Institution | None) -> str:
    """out_flag: whether an institution lies outside a pooling area; an unknown one does."""
    return "0" if place and place.lies_in(home) else "1"


@transaction("5304")
def query_referrals(call: Call) -> dict[str, Any]:
    """A person's referrals in a span."""
    data = call.one("data")
    span = window(call, data)
    person = named_person(call, data)
    days = span.since.date(), span.until.date()
    held = told_facts.within(call.connection, person.person, "referral", days)
    contents = message_contents(call, [filed_by(fact) for fact in held])
    places = _places(call, [fact.key for fact in held])
    rows = [
        fill(
            fields.REFERRALS,
            _referral(fact, person, sent(contents.get(filed_by(fact)), "refmedin"), places),
            _party(call.institution, fact),
        )
        for fact in held
    ]
    return {"refmedin": rows}


def _party(institution: str, fact: FactRow) -> Party:
    """What an institution is to a referral: whoever sent the person, whoever receives them."""
    if filed_by(fact)[0] == institution:
        return Party.SENDER
    return Party.RECEIVER if fact.key == institution else Party.ANY


def _referral(
    fact: FactRow, person: DescribedPerson, said: dict[str, Any], places: dict[str, Institution]
) -> dict[str, Any]:
    known = person.on(fact.since)
    names = (
        "psn_no",
        "psn_cert_type",
        "certno",
        "psn_name",
        "gend",
        "brdy",
        "insu_optins",
        "emp_name",
        "insutype",
    )
    values = {name: known[name] for name in names}
    values |= {
        name: word(said, name)
        for name in ("tel", "addr", "diag_code", "diag_name", "dise_cond_dscr")
    }
    place = places.get(fact.key)
    return values | {
        "dcla_souc": "01" if filed_by(fact)[0] else "02",
        "reflin_medins_no": fact.key,
        "reflin_medins_name": place.name if place else word(said, "reflin_medins_name"),
        "out_flag": _outside(fact.area, place),
        "refl_date": day_text(word(said, "refl_date")) or fact.since.isoformat(),
        "refl_rea": fact.details.get("reason", ""),
        "begndate": fact.since.isoformat(),
        "enddate": last_day(fact.until),
        "hosp_agre_refl_flag": word(said, "hosp_agre_refl_flag") or "1",
        "opt_time": show_instant(fact.learnt_at.astimezone(CHINA)),
    }
