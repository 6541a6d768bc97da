"""What stands of institutions on a day: level, agreement, what they are designated for."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import msgspec
from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from gongji.institutions.institution_kinds import INSTITUTION_KINDS, Agreement, Level
from gongji.institutions.institution_rows import Institution, institutions_of

Database = Connection[Any]


@dataclass(frozen=True, slots=True)
class InstitutionFactRow:
    """A fact about an institution as it is kept."""

    id: int
    institution: str
    kind: str
    key: str
    since: date
    until: date | None
    learnt_at: datetime
    retired_at: datetime | None
    details: dict[str, Any]
    source: str

    def read(self) -> Any:
        """The details as the struct of the kind (`gongji.institutions.institution_kinds`)."""
        return msgspec.convert(self.details, INSTITUTION_KINDS[self.kind])


@dataclass(frozen=True, slots=True)
class NewInstitutionFact:
    """A fact to add about an institution."""

    institution: str
    kind: str
    since: date
    key: str = ""
    until: date | None = None
    details: dict[str, Any] = field(default_factory=dict)
    source: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What an institution is on a day.

    `level` is its own or, of an Internet hospital without one, its parent's; `designated_for` is
    empty where no agreement holds.
    """

    code: str
    area: str
    kind: str
    level: str = ""
    parent: str = ""
    designated_for: frozenset[str] = frozenset()
    qualified: bool = False


_FACT = """select id, institution, kind, key, since, until, learnt_at, retired_at, details, source
from institution_fact where institution = any(%(codes)s)
  and (%(kinds)s::text[] is null or kind = any(%(kinds)s))
  and (%(day)s::date is null or (since <= %(day)s and (until is null or until > %(day)s)))
  and case when %(known)s::timestamptz is null then retired_at is null
      else learnt_at <= %(known)s and (retired_at is null or retired_at > %(known)s) end
order by institution, kind, since, key, id"""


def facts_at(
    connection: Database,
    codes: Iterable[str],
    day: date | None,
    known_at: datetime | None = None,
    kinds: Collection[str] | None = None,
) -> dict[str, list[InstitutionFactRow]]:
    """The facts of institutions on a day (None: on any), as known now or at an instant."""
    asked = list(codes)
    found: dict[str, list[InstitutionFactRow]] = {code: [] for code in asked}
    values = {"codes": asked, "day": day, "known": known_at, "kinds": kinds and list(kinds)}
    with connection.cursor(row_factory=class_row(InstitutionFactRow)) as cursor:
        for fact in cursor.execute(_FACT, values):
            found[fact.institution].append(fact)
    return found


def standings(
    connection: Database, codes: Iterable[str], day: date, known_at: datetime | None = None
) -> dict[str, Standing]:
    """What institutions are on a day; the parents of Internet hospitals are read too.

    Returns: a standing for each code that is an institution.
    """
    asked = set(codes)
    facts = facts_at(connection, asked, day, known_at)
    parents = {
        fact.details["parent"]
        for of_one in facts.values()
        for fact in of_one
        if fact.kind == "level" and fact.details.get("parent")
    } - asked
    if parents:
        facts |= facts_at(connection, parents, day, known_at)
    found = institutions_of(connection, asked)
    return {one.code: _standing(one, facts) for one in found}


def _standing(one: Institution, facts: dict[str, list[InstitutionFactRow]]) -> Standing:
    level = _level(facts[one.code])
    agreement = next((fact.read() for fact in facts[one.code] if fact.kind == "agreement"), None)
    agreed: Agreement = agreement or Agreement([], qualified=False)
    own = level.level or (_level(facts.get(level.parent, [])).level if level.parent else "")
    return Standing(
        one.code,
        one.area,
        one.kind,
        own,
        level.parent,
        frozenset(agreed.designated_for),
        agreed.qualified,
    )


def _level(facts: Sequence[InstitutionFactRow]) -> Level:
    found: Level = next((fact.read() for fact in facts if fact.kind == "level"), Level(""))
    return found


def people_a_day(connection: Database, code: str, day: date) -> int | None:
    """How many people's certificates an institution's agreement lets it read in a day, if it says.

    Returns: None where it says nothing, or where there is none.
    """
    for fact in facts_at(connection, [code], day, kinds=["agreement"])[code]:
        found = fact.read().people_a_day
        return None if found is msgspec.UNSET else int(found)
    return None


_ADD = """insert into institution_fact
  (institution, kind, key, since, until, learnt_at, details, source)
select * from unnest(%s::text[], %s::text[], %s::text[], %s::date[], %s::date[], %s::timestamptz[],
  %s::jsonb[], %s::text[]) returning id"""


def add(connection: Database, facts: Sequence[NewInstitutionFact], now: datetime) -> list[int]:
    """New facts, known from now on; gives their ids in their order.

    Refuses: as the database does where facts overlap; ValidationError (msgspec) where details are
             not those of the kind.
    """
    if not facts:
        return []
    rows = [
        (f.institution, f.kind, f.key, f.since, f.until, now, _details(f), f.source) for f in facts
    ]
    columns = [list(column) for column in zip(*rows, strict=True)]
    return [int(row[0]) for row in connection.execute(_ADD, columns)]


def _details(new: NewInstitutionFact) -> Jsonb:
    """With every field, so that the same details are written the same way."""
    return Jsonb(msgspec.to_builtins(msgspec.convert(new.details, INSTITUTION_KINDS[new.kind])))


def correct(connection: Database, wrong: int, right: NewInstitutionFact, now: datetime) -> int:
    """One fact in the place of another, in one transaction; gives the new one's id."""
    with connection.transaction():
        connection.execute(
            "update institution_fact set retired_at = greatest(%s, learnt_at)"
            " where id = %s and retired_at is null",
            [now, wrong],
        )
        return add(connection, [right], now)[0]
