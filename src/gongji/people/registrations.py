"""A chronic or special registration after it was approved: it ends, or changes its institution.

Whether anything was settled on it since, the room of settlements knows; what was learnt late is
found by re-adjudication.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec
import psycopg

from gongji.institutions.institution_rows import get_institution
from gongji.people import person_facts
from gongji.people.filings import filing_of
from gongji.people.person_facts import FactRow, NewFact
from gongji.people.person_rows import Person, get_person, lock_person
from gongji.platform.actors import Actor
from gongji.platform.commands import command
from gongji.platform.spans import day_after
from gongji.refusals import Refusal

Database = psycopg.Connection[Any]
KIND = "registration"


class RegistrationEnd(msgspec.Struct, frozen=True):
    """A registration (by its serial) that ends; `last` is the last day on which it counts."""

    psn_no: str
    serial: str
    last: date


class RegistrationMove(msgspec.Struct, frozen=True):
    """A registration (by its serial) that goes over to another institution from a day on."""

    psn_no: str
    serial: str
    institution: str
    since: date


@dataclass(frozen=True)
class ApprovedRegistration:
    """A registration that was approved: the fact and whose it is."""

    person: Person
    fact: FactRow


def approved_registration(
    connection: Database, psn_no: str, serial: str, day: date
) -> ApprovedRegistration:
    """A registration that was approved and counts on a day.

    Refuses: person_unknown, filing_unknown; registration_over where it does not count that day.
    """
    person = get_person(connection, psn_no)
    filing_of(connection, person, KIND, serial)
    held = person_facts.facts_at(connection, [person.id], day, kinds=[KIND])[person.id]
    # Before and after it moved it is two facts with one serial.
    for fact in held:
        if fact.details["serial"] == serial and fact.details["state"] == "approved":
            return ApprovedRegistration(person, fact)
    raise Refusal("registration_over", "serial", {"value": serial, "date": day.isoformat()})


def _until(fact: FactRow, day: date | None, source: str, **details: Any) -> NewFact:
    return NewFact(
        *(fact.person_id, fact.area, KIND, fact.since, fact.key, day),
        fact.details | details,
        source,
    )


@command("staff", "person")
def end_registration(
    connection: Database, content: RegistrationEnd, *, actor: Actor, now: datetime
) -> None:
    """End a registration: after its last day it counts no more; what was before stays.

    Refuses: as `approved_registration`.
    """
    lock_person(connection, content.psn_no)
    one = approved_registration(connection, content.psn_no, content.serial, content.last)
    right = _until(one.fact, day_after(content.last), actor.source())
    person_facts.correct(connection, one.fact.id, right, now)


@command("staff", "person")
def move_registration(
    connection: Database, content: RegistrationMove, *, actor: Actor, now: datetime
) -> None:
    """Let a registration go over to another institution: one fact ends, another begins.

    Refuses: as `approved_registration`; institution_unknown; registration_there where it is that
             institution's already.
    """
    lock_person(connection, content.psn_no)
    get_institution(connection, content.institution)
    one = approved_registration(connection, content.psn_no, content.serial, content.since)
    fact = one.fact
    if fact.details["institution"] == content.institution:
        raise Refusal("registration_there", "institution", {"value": content.institution})
    source = actor.source()
    new = NewFact(
        *(fact.person_id, fact.area, KIND, content.since, fact.key, fact.until),
        fact.details | {"institution": content.institution},
        source,
    )
    with connection.transaction():
        if fact.since == content.since:
            person_facts.correct(connection, fact.id, new, now)
            return
        person_facts.correct(connection, fact.id, _until(fact, content.since, source), now)
        person_facts.add(connection, [new], now)
