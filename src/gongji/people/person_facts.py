"""The facts of persons, as of two times: the day they hold on and the instant they are known at.

Plain SQL on a psycopg connection, with a constant number of statements for any number of persons.
This module knows neither how settlement reads facts nor what the interface calls them.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import msgspec
from psycopg import Connection, errors
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from gongji.people.person_kinds import PERSON_KINDS, Insured
from gongji.refusals import Refusal

Database = Connection[Any]


@dataclass(frozen=True, slots=True)
class FactRow:
    """A fact about a person as it is kept; `until` is the first day after, None while it lasts."""

    id: int
    person_id: int
    area: str
    kind: str
    key: str
    since: date
    until: date | None
    learnt_at: datetime
    retired_at: datetime | None
    details: dict[str, Any]
    source: str

    def read(self) -> Any:
        """The details as the struct of the kind (`gongji.people.person_kinds`)."""
        return msgspec.convert(self.details, PERSON_KINDS[self.kind])


@dataclass(frozen=True, slots=True)
class NewFact:
    """A fact to add about a person."""

    person_id: int
    area: str
    kind: str
    since: date
    key: str = ""
    until: date | None = None
    details: dict[str, Any] = field(default_factory=dict)
    source: str = ""


@dataclass(frozen=True, slots=True)
class Spell:
    """An insured spell; `paused` while contributions are in arrears."""

    area: str
    since: date
    until: date | None
    status: str
    scheme: str
    tier: str
    employer: str
    benefit_since: str
    benefit_until: str
    paused: bool
    ended: bool


_FACT = """select id, person_id, area, kind, key, since, until, learnt_at, retired_at, details,
  source
from person_fact where person_id = any(%(people)s)
  and (%(kinds)s::text[] is null or kind = any(%(kinds)s))"""
_HOLDS = " and since <= %(day)s and (until is null or until > %(day)s)"
_KNOWN_NOW = " and retired_at is null"
_KNOWN_THEN = " and learnt_at <= %(known)s and (retired_at is null or retired_at > %(known)s)"
_ORDER = " order by person_id, kind, since, key, id"


def facts_at(
    connection: Database,
    people: Iterable[int],
    day: date,
    known_at: datetime | None = None,
    kinds: Collection[str] | None = None,
) -> dict[int, list[FactRow]]:
    """The facts of persons that hold on a day, as known now or at an instant; one statement.

    Shape:   person id -> facts by kind, since, key; every id asked for is there.
    """
    return _facts(connection, people, kinds, _HOLDS, day, known_at)


def history(
    connection: Database,
    people: Iterable[int],
    known_at: datetime | None = None,
    kinds: Collection[str] | None = None,
) -> dict[int, list[FactRow]]:
    """All facts of persons, whenever they hold, as known now or at an instant."""
    return _facts(connection, people, kinds, "", None, known_at)


def _facts(
    connection: Database,
    people: Iterable[int],
    kinds: Collection[str] | None,
    holds: str,
    day: date | None,
    known_at: datetime | None,
) -> dict[int, list[FactRow]]:
    ids = list(people)
    found: dict[int, list[FactRow]] = {person: [] for person in ids}
    statement = _FACT + holds + (_KNOWN_NOW if known_at is None else _KNOWN_THEN) + _ORDER
    asked = None if kinds is None else list(kinds)
    with connection.cursor(row_factory=class_row(FactRow)) as cursor:
        values = {"people": ids, "kinds": asked, "day": day, "known": known_at}
        for fact in cursor.execute(statement, values):
            found[fact.person_id].append(fact)
    return found


def spells(
    connection: Database, person_id: int, day: date, known_at: datetime | None = None
) -> list[Spell]:
    """The insured spells of a person, the latest first; `ended` those that are over on a day."""
    found = history(connection, [person_id], known_at, ["insured"])[person_id]
    made = []
    for fact in sorted(found, key=lambda fact: fact.since, reverse=True):
        known: Insured = fact.read()
        over = fact.until is not None and fact.until <= day
        made.append(
            Spell(
                fact.area,
                fact.since,
                fact.until,
                known.status,
                known.scheme,
                known.tier,
                known.employer,
                known.benefit_since,
                known.benefit_until,
                known.arrears,
                over,
            )
        )
    return made


def latest_spells(connection: Database, person_id: int, day: date) -> list[Spell]:
    """Of each area the spell that holds on the day, else the last one before it."""
    found: dict[str, Spell] = {}
    for spell in spells(connection, person_id, day):
        if spell.since <= day:
            found.setdefault(spell.area, spell)
    return list(found.values())


_ADD = """insert into person_fact
  (person_id, area, kind, key, since, until, learnt_at, details, source)
select * from unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::date[], %s::date[],
  %s::timestamptz[], %s::jsonb[], %s::text[]) returning id"""


def add(connection: Database, facts: Sequence[NewFact], now: datetime) -> list[int]:
    """New facts, known from now on; gives their ids in their order.

    Refuses: fact_overlaps where one of a kind and key overlaps what is known; bond_second_spouse;
             ValidationError (msgspec) where details are not those of the kind.
    """
    if not facts:
        return []
    rows = [
        (f.person_id, f.area, f.kind, f.key, f.since, f.until, now, _details(f), f.source)
        for f in facts
    ]
    _refuse_overlaps(connection, facts)
    columns = [list(column) for column in zip(*rows, strict=True)]
    try:
        return [int(row[0]) for row in connection.execute(_ADD, columns)]
    except errors.ExclusionViolation as error:
        if "spouse" in (error.diag.constraint_name or ""):
            raise Refusal("bond_second_spouse", "psn_no", {"since": str(facts[0].since)}) from None
        # Someone else added one between the look and the insert, or two of these overlap.
        values = {"value": facts[0].kind, "since": str(facts[0].since), "until": ""}
        raise Refusal("fact_overlaps", facts[0].key, values) from None


def _details(new: NewFact) -> Jsonb:
    """With every field, so that the same details are written the same way."""
    return Jsonb(msgspec.to_builtins(msgspec.convert(new.details, PERSON_KINDS[new.kind])))


_OVERLAPS = """select n.number, f.since, f.until
from unnest(%s::bigint[], %s::text[], %s::text[], %s::date[], %s::date[])
  with ordinality n (person_id, kind, key, since, until, number)
join person_fact f on f.person_id = n.person_id and f.kind = n.kind and f.key = n.key
  and f.retired_at is null and daterange(f.since, f.until) && daterange(n.since, n.until)
order by n.number limit 1"""


def _refuse_overlaps(connection: Database, facts: Sequence[NewFact]) -> None:
    columns: list[list[Any]] = [[], [], [], [], []]
    for new in facts:
        for column, value in zip(
            columns, (new.person_id, new.kind, new.key, new.since, new.until), strict=True
        ):
            column.append(value)
    row = connection.execute(_OVERLAPS, columns).fetchone()
    if row:
        new = facts[row[0] - 1]
        values = {"value": new.kind, "since": str(row[1]), "until": str(row[2] or "")}
        raise Refusal("fact_overlaps", new.key, values)


def retire(connection: Database, ids: Sequence[int], now: datetime) -> None:
    """Facts are known to be wrong from now on; they stay as what was known before."""
    connection.execute(
        "update person_fact set retired_at = greatest(%s, learnt_at)"
        " where id = any(%s) and retired_at is null",
        [now, list(ids)],
    )


def correct(connection: Database, wrong: int, right: NewFact, now: datetime) -> int:
    """One fact in the place of another, in one transaction; gives the new one's id.

    Refuses: as `add`; the old fact then stands.
    """
    with connection.transaction():
        retire(connection, [wrong], now)
        return add(connection, [right], now)[0]
