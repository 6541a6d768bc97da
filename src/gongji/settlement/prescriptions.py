"""Prescriptions as their prescribers report them, and what of them a pharmacy may fill.

Who prescribed decides how much is paid (CX-30, SY-14), so a pharmacy's word is no proof of it: a
prescription counts once the institution that wrote it has told it under its own credential. From
which day an area's prescriptions are all told is an installation's setting; before it the
pharmacy's word is taken, and the agency looks at the purchase.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

import msgspec
import psycopg

from gongji.platform.actors import Actor
from gongji.platform.arrays import written
from gongji.platform.commands import command
from gongji.refusals import Refusal

Connection = psycopg.Connection[Any]
Cursor = psycopg.Cursor[Any]
Named = tuple[str, str]
"""Which prescription: who wrote it, its number."""

_VISIT = """select v.person_id from visit v
where v.id = %s and v.institution = %s and v.withdrawn_at is null"""
_REPORT = """insert into prescription (prescriber, number, person, since, last, message)
values (%s, %s, %s, %s, %s, %s) on conflict do nothing"""
_LOCK = """select id from person where id = (
  select person from prescription
  where prescriber = %s and number = %s and withdrawn_at is null)
for no key update"""
_USED = """select 1 from prescription_use
where prescriber = %s and number = %s and released_at is null"""
_WITHDRAW = """update prescription set withdrawn_at = %s
where prescriber = %s and number = %s and withdrawn_at is null"""
_REPORTED = """select p.prescriber, p.number, p.person, p.since, p.last, p.withdrawn_at is null
from unnest(%s::text[], %s::text[]) a(prescriber, number)
join prescription p on p.prescriber = a.prescriber and p.number = a.number
order by p.withdrawn_at is null"""
"""One that was told anew after it was taken back comes last, and stands."""


class PrescriptionReport(msgspec.Struct, frozen=True):
    """A prescription that was written at a visit, in force from a day to its last one."""

    number: str
    visit: int
    since: date
    last: date
    message: str = ""


class PrescriptionNamed(msgspec.Struct, frozen=True):
    """A prescription of the institution that acts."""

    number: str


class Reported(msgspec.Struct, frozen=True):
    """A prescription that stands: for whom, from which day to which."""

    person: int
    since: date
    last: date


@command("institution")
def report_prescription(
    connection: Connection, content: PrescriptionReport, *, actor: Actor, now: datetime
) -> None:
    """Keep a prescription of the institution's own.

    Refuses: visit_unknown, value_invalid for days that end before they begin,
             prescription_standing.
    """
    if content.last < content.since:
        values = {"value": str(content.last), "allowed": f"不早于 {content.since}"}
        raise Refusal("value_invalid", "last", values)
    found = connection.execute(_VISIT, [content.visit, actor.id]).fetchone()
    if found is None:
        raise Refusal("visit_unknown", "visit", {"value": str(content.visit)})
    row = [actor.id, content.number, found[0], content.since, content.last, content.message]
    if not connection.execute(_REPORT, row).rowcount:
        raise Refusal("prescription_standing", "number", {"value": content.number})


@command("institution")
def withdraw_prescription(
    connection: Connection, content: PrescriptionNamed, *, actor: Actor, now: datetime
) -> None:
    """Take a prescription back that nobody has filled.

    Refuses: prescription_used, prescription_unknown.
    """
    named = [actor.id, content.number]
    # Whoever settles locks the person too, so it is not filled meanwhile.
    connection.execute(_LOCK, named)
    if not connection.execute(_WITHDRAW, [now, *named]).rowcount:
        values = {"value": content.number, "prescriber": actor.id}
        raise Refusal("prescription_unknown", "number", values)
    if connection.execute(_USED, named).fetchone():
        raise Refusal("prescription_used", "number", {"value": content.number})


def ask_reported(connection: Connection, named: Iterable[Named]) -> Cursor:
    """Ask what their prescribers told of these prescriptions; `read_reported` reads the answer."""
    return connection.execute(_REPORTED, written(("text", "text"), list(named)))


def read_reported(
    rows: Iterable[tuple[str, str, int, date, date, bool]],
) -> dict[Named, Reported | None]:
    """The prescriptions that were told, by who wrote them and their numbers.

    Returns: None for one that was taken back.
    """
    return {
        (prescriber, number): Reported(person, since, last) if stands else None
        for prescriber, number, person, since, last, stands in rows
    }


def unreported(
    named: Iterable[Named],
    known: Mapping[Named, Reported | None],
    person: int,
    day: date,
    told: bool,
) -> tuple[str, ...]:
    """The numbers of those that nobody told, where the pharmacy's word is still taken.

    Shape:   `told`: whether all prescriptions of the area are told by now.
    Refuses: prescription_unknown where they are and this one was not, and for one that its
             prescriber took back; prescription_differs for one of another person, or not in force
             on the day.
    """
    found = []
    for prescriber, number in named:
        one = known.get((prescriber, number))
        if one is None and (told or (prescriber, number) in known):
            values = {"value": number, "prescriber": prescriber or "（未填）"}
            raise Refusal("prescription_unknown", "rxno", values)
        if one is None:
            found.append(number)
        elif one.person != person:
            values = {"value": number, "reason": "是为另一位参保人开具的"}
            raise Refusal("prescription_differs", "rxno", values)
        elif not one.since <= day <= one.last:
            values = {"value": number, "reason": f"有效期为 {one.since} 至 {one.last}"}
            raise Refusal("prescription_differs", "rxno", values)
    return tuple(found)
