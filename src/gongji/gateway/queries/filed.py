"""Registrations (5301), selections (5302), inpatient stays (5303) and referrals (5304) of persons.

Facts about a person are told to an institution that names the person; without a name 5303 tells
only the stays at the institution itself.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from gongji.gateway.filings import filing_fields as fields
from gongji.gateway.filings.filings import SELECTION, filed_by
from gongji.gateway.queries.people import (
    DescribedPerson,
    known_people,
    message_contents,
    named_person,
    sent,
    word,
)
from gongji.gateway.queries.visits import window
from gongji.gateway.transactions import Call, show_instant, transaction
from gongji.gateway.wire.fields import fill, last_day
from gongji.people import person_facts
from gongji.people.person_facts import FactRow
from gongji.units import CHINA

INPATIENT = "21"
_MOST_ROWS = 5000
_NAMES = "select code, name, area from institution where code = any(%s)"
_STAYS = """select id from person_fact where kind = 'stay' and retired_at is null
  and details ->> 'institution' = %s and since <= %s and (until is null or until > %s)
order by since, id limit %s"""


def _facts(call: Call, person: DescribedPerson, kind: str) -> list[FactRow]:
    held = person_facts.history(call.connection, [person.person.id], kinds=[kind])
    return held[person.person.id]


def _places(call: Call, codes: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Name and area of institutions by code."""
    rows = call.connection.execute(_NAMES, [list(set(codes))])
    return {row[0]: (row[1], row[2]) for row in rows}


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
        for fact in _facts(call, person, "registration")
        if fact.details.get("state", "approved") == "approved"
        and (fact.until is None or fact.until > call.today)
    ]
    return {"feedetail": [fill(fields.REGISTRATIONS, row) for row in rows]}


@transaction("5302")
def query_selections(call: Call) -> dict[str, Any]:
    """The institution that a person selected (03), now and from a later day on."""
    data = call.one("data")
    kind = call.text(data, "biz_appy_type", required=True)
    person = named_person(call, data)
    if kind != SELECTION:
        return {"psnfixmedin": []}
    held = [
        fact
        for fact in _facts(call, person, "selection")
        if fact.until is None or fact.until > call.today
    ]
    places = _places(call, [fact.details["institution"] for fact in held])
    rows = [
        {
            "psn_no": person.person.psn_no,
            "insutype": "310",
            "fix_srt_no": "1",
            "fixmedins_code": fact.details["institution"],
            "fixmedins_name": places.get(fact.details["institution"], ("", ""))[0],
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
        held = _within(_facts(call, person, "stay"), first, last)
    else:
        held = _own_stays(call, first, last)
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


def _own_stays(call: Call, first: date, last: date) -> list[FactRow]:
    rows = call.connection.execute(_STAYS, [call.institution, last, first, _MOST_ROWS])
    wanted = {row[0] for row in rows}
    owners = call.connection.execute(
        "select distinct person_id from person_fact where id = any(%s)", [list(wanted)]
    )
    held = person_facts.history(call.connection, [row[0] for row in owners], kinds=["stay"])
    return [fact for facts in held.values() for fact in facts if fact.id in wanted]


def _within(facts: Sequence[FactRow], first: date, last: date) -> list[FactRow]:
    """The facts that hold on a day of the span."""
    return [
        fact for fact in facts if fact.since <= last and (fact.until is None or fact.until > first)
    ]


def _outside(home: str, place: tuple[str, str] | None) -> str:
    """out_flag: whether an institution lies outside a pooling area; an unknown one does."""
    return "0" if place and place[1][:4] == home[:4] else "1"


@transaction("5304")
def query_referrals(call: Call) -> dict[str, Any]:
    """A person's referrals in a span."""
    data = call.one("data")
    span = window(call, data)
    person = named_person(call, data)
    held = _within(_facts(call, person, "referral"), span.since.date(), span.until.date())
    contents = message_contents(call, [filed_by(fact) for fact in held])
    places = _places(call, [fact.key for fact in held])
    rows = [
        _referral(fact, person, sent(contents.get(filed_by(fact)), "refmedin"), places)
        for fact in held
    ]
    return {"refmedin": [fill(fields.REFERRALS, row) for row in rows]}


def _referral(
    fact: FactRow, person: DescribedPerson, said: dict[str, Any], places: dict[str, tuple[str, str]]
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
        "reflin_medins_name": place[0] if place else word(said, "reflin_medins_name"),
        "out_flag": _outside(fact.area, place),
        "refl_date": word(said, "refl_date")[:10] or fact.since.isoformat(),
        "refl_rea": fact.details.get("reason", ""),
        "begndate": fact.since.isoformat(),
        "enddate": last_day(fact.until),
        "hosp_agre_refl_flag": word(said, "hosp_agre_refl_flag") or "1",
        "opt_time": show_instant(fact.learnt_at.astimezone(CHINA)),
    }
