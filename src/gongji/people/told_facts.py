"""Registrations, selections, referrals and stays as they are told: which of them, on which days."""

from datetime import date
from typing import Any

from psycopg import Connection

from gongji.people import person_facts
from gongji.people.person_facts import FactRow
from gongji.people.person_rows import Person

Database = Connection[Any]

MOST_STAYS = 5000
"""How many stays of an institution are told at once."""
_STAYS = """select id, person_id from person_fact where kind = 'stay' and retired_at is null
  and details ->> 'institution' = %s and since <= %s and (until is null or until > %s)
order by since, id limit %s"""


def _facts(connection: Database, person: Person, kind: str) -> list[FactRow]:
    return person_facts.history(connection, [person.id], kinds=[kind])[person.id]


def not_over(connection: Database, person: Person, kind: str, day: date) -> list[FactRow]:
    """The facts of a kind that hold on a day or begin later."""
    held = _facts(connection, person, kind)
    return [fact for fact in held if fact.until is None or fact.until > day]


def approved_registrations(connection: Database, person: Person, day: date) -> list[FactRow]:
    """The registrations that the agency approved and that are not over on a day."""
    return [
        fact
        for fact in not_over(connection, person, "registration", day)
        if fact.details.get("state", "approved") == "approved"
    ]


def within(
    connection: Database, person: Person, kind: str, days: tuple[date, date]
) -> list[FactRow]:
    """The facts of a kind that hold on a day from a first to a last one."""
    first, last = days
    return [
        fact
        for fact in _facts(connection, person, kind)
        if fact.since <= last and (fact.until is None or fact.until > first)
    ]


def stays_at(connection: Database, institution: str, days: tuple[date, date]) -> list[FactRow]:
    """The stays at an institution on a day from a first to a last one."""
    first, last = days
    rows = connection.execute(_STAYS, [institution, last, first, MOST_STAYS]).fetchall()
    wanted = {row[0] for row in rows}
    held = person_facts.history(connection, {row[1] for row in rows}, kinds=["stay"])
    return [fact for facts in held.values() for fact in facts if fact.id in wanted]
