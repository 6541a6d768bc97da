"""Family bonds: asked for by the person whose care is to be paid, given and ended by the owner.

A bond is a fact of the person whose care is paid (`gongji.people.person_kinds.Bond`). What is asked
for is such a fact with a consent that never comes, so no settlement uses it; consent puts another
fact in its place. Nothing is deleted: what was known before stays known.

Law: 楚政规〔2022〕2号 第二十条: the owner of an account binds family members of their own will; who
     is a spouse the 《中华人民共和国民法典》 says (第十条（四）), whose 第一千零四十一条 gives a
     person one.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, get_args, get_type_hints

import msgspec
from psycopg import Connection

from gongji.people import person_facts, person_rows
from gongji.people.person_facts import FactRow, NewFact
from gongji.people.person_kinds import Bond
from gongji.people.person_rows import Person
from gongji.platform.actors import Actor
from gongji.platform.commands import command
from gongji.refusals import Refusal
from gongji.tabular.cell_forms import key_text, person_name
from gongji.units import day_in_china

Database = Connection[Any]

NEVER = "9999-12-31"
"""The consent of a bond that is only asked for."""
KIND = "bond"
RELATIONS: tuple[str, ...] = get_args(get_type_hints(Bond)["relation"])
_OWED = """
select f.id, f.person_id, f.area, f.kind, f.key, f.since, f.until, f.learnt_at, f.retired_at,
  f.details, f.source, p.psn_no, p.name
from person_fact f join person p on p.id = f.person_id
where f.kind = 'bond' and f.key = %s and f.retired_at is null
  and (f.until is null or f.until > %s) order by f.since, f.id"""


_SPOUSES = """
select f.person_id, f.key, f.since from person_fact f
where f.kind = 'bond' and f.retired_at is null and f.details->>'relation' = 'spouse'
  and (f.until is null or f.until > %(day)s)
  and (f.details->>'consented_on' <> %(never)s or f.person_id = %(asking)s)
  and (f.person_id = any(%(ids)s) or f.key = any(%(numbers)s))
order by f.since, f.id"""


class BondTerms(msgspec.Struct, frozen=True):
    """A bond with somebody, who is known by number and name.

    `relation` is what the owner of the account is to the one whose care is paid.
    """

    psn_no: str
    name: str
    relation: str


class BondRecord(msgspec.Struct, frozen=True):
    """A bond as the agency records it: both sides by number and name, and when the owner agreed.

    `relation` is what the owner of the account is to the one whose care is paid; `order` 1 pays
    first, None goes last.
    """

    psn_no: str
    name: str
    owner: str
    owner_name: str
    relation: str
    consented_on: date
    order: int | None = None


class BondNumber(msgspec.Struct, frozen=True):
    """A bond that stands or is asked for, by its number."""

    bond: int


@dataclass(frozen=True)
class BondSide:
    """A bond as one of its two sides sees it; `psn_no` and `name` are the other side's."""

    id: int
    psn_no: str
    name: str
    relation: str
    since: date
    pending: bool


@dataclass(frozen=True)
class Bonds:
    """Whose account pays for the person, and for whom the person's account pays."""

    mine: list[BondSide]
    others: list[BondSide]


def bonds_of(connection: Database, person: Person, day: date) -> Bonds:
    """The bonds of a person, asked for and given, that are not over on a day."""
    own = [f for f in _own(connection, person) if f.until is None or f.until > day]
    names = {one.psn_no: one.name for one in person_rows.persons_of(connection, _owners(own))}
    mine = [_side(fact, names.get(fact.key, ""), fact.key) for fact in own]
    rows = connection.execute(_OWED, [person.psn_no, day]).fetchall()
    others = [_side(FactRow(*row[:11]), row[12], row[11]) for row in rows]
    return Bonds(mine, others)


def _own(connection: Database, person: Person) -> list[FactRow]:
    return person_facts.history(connection, [person.id], None, [KIND])[person.id]


def _owners(bonds: list[FactRow]) -> list[str]:
    return [fact.key for fact in bonds]


def _side(fact: FactRow, name: str, psn_no: str) -> BondSide:
    pending = fact.details["consented_on"] == NEVER
    return BondSide(fact.id, psn_no, name, fact.details["relation"], fact.since, pending)


def _other(connection: Database, content: BondTerms, person: Person) -> Person:
    """The other side, known by number and name."""
    found = _named(connection, content.psn_no, content.name)
    if found.id == person.id:
        raise Refusal("bond_with_oneself", "psn_no")
    return found


def _relation(text: str) -> str:
    if text not in RELATIONS:
        values = {"value": text, "allowed": "、".join(RELATIONS)}
        raise Refusal("value_invalid", "relation", values)
    return text


def _terms(relation: str, consent: str, order: int) -> dict[str, Any]:
    return {"order": order, "relation": relation, "consented_on": consent}


SPOUSE = "spouse"


def _refuse_twice(connection: Database, person: Person, owner: Person, day: date) -> None:
    """Whose account is bound already is not bound again.

    Refuses: bond_standing, with the day since when it is asked or given.
    """
    for fact in _own(connection, person):
        if fact.key == owner.psn_no and (fact.until is None or fact.until > day):
            raise Refusal("bond_standing", "psn_no", {"since": str(fact.since)})


def refuse_second_spouse(
    connection: Database, sides: "BondSides", relation: str, day: date, asking: int | None = None
) -> None:
    """Nobody has two spouses at once: of either side no other spouse is bound, on either side.

    What was only asked for counts for whoever asked it (`asking`): nobody is barred by a stranger's
    request.
    Law:     《中华人民共和国民法典》 第一千零四十一条 (一夫一妻).
    Refuses: bond_second_spouse.
    """
    if relation != SPOUSE:
        return
    person, owner = sides.person, sides.owner
    # Of what is only asked for, the other side is not asked about.
    about = [one for one in (person, owner) if asking in (None, one.id)]
    values = {
        "day": day,
        "never": NEVER,
        "asking": asking,
        "ids": [one.id for one in about],
        "numbers": [one.psn_no for one in about],
    }
    for bound, key, since in connection.execute(_SPOUSES, values):
        if (bound, key) not in ((person.id, owner.psn_no), (owner.id, person.psn_no)):
            raise Refusal("bond_second_spouse", "psn_no", {"since": str(since)})


def _next_order(connection: Database, person: Person) -> int:
    return 1 + max((fact.details["order"] for fact in _own(connection, person)), default=0)


@command("person")
def ask_bond(connection: Database, content: BondTerms, *, actor: Actor, now: datetime) -> None:
    """Ask the owner of an account to let it pay for the person who acts.

    Refuses: bond_person_unknown, bond_with_oneself, value_invalid, bond_standing where it is asked
             or given already, bond_second_spouse.
    """
    person = person_rows.acting_person(connection, actor)
    owner = _other(connection, content, person)
    relation, today = _relation(content.relation), day_in_china(now)
    _refuse_twice(connection, person, owner, today)
    sides = BondSides(person, owner, None)
    refuse_second_spouse(connection, sides, relation, today, asking=person.id)
    order = _next_order(connection, person)
    terms = _terms(relation, NEVER, order)
    _add(connection, person, owner.psn_no, terms, actor, now)


@command("person")
def give_bond(connection: Database, content: BondTerms, *, actor: Actor, now: datetime) -> None:
    """Let the own account of the person who acts pay for someone; what was asked so is given.

    Refuses: as `ask_bond`.
    """
    owner = person_rows.acting_person(connection, actor)
    person = _other(connection, content, owner)
    relation, today = _relation(content.relation), day_in_china(now)
    asked = _asked(connection, person, owner, relation)
    if asked is not None:
        _consent(connection, BondSides(person, owner, asked), asked, actor, now)
        return
    _refuse_twice(connection, person, owner, today)
    refuse_second_spouse(connection, BondSides(person, owner, None), relation, today)
    order = _next_order(connection, person)
    terms = _terms(relation, str(today), order)
    _add(connection, person, owner.psn_no, terms, actor, now)


def _add(
    connection: Database,
    person: Person,
    owner: str,
    terms: dict[str, Any],
    actor: Actor,
    now: datetime,
) -> None:
    day = day_in_china(now)
    new = NewFact(person.id, person.area, KIND, day, owner, None, terms, actor.source())
    person_facts.add(connection, [new], now)


def pending_bond(connection: Database, owner: Person, number: int) -> "BondSides":
    """What is asked of a person by number, with its two sides.

    Refuses: bond_unknown where nothing of that number is asked of them.
    """
    fact = _of_owner(connection, owner, number)
    if fact.details["consented_on"] != NEVER:
        raise Refusal("bond_unknown", "bond")
    (person,) = person_rows.persons_by_id(connection, [fact.person_id])
    return BondSides(person, owner, fact)


@command("person")
def consent_to_bond(
    connection: Database, content: BondNumber, *, actor: Actor, now: datetime
) -> None:
    """Give what was asked of the person who acts.

    Refuses: bond_unknown where nothing of that number is asked of this person; bond_second_spouse.
    """
    owner = person_rows.acting_person(connection, actor)
    sides = pending_bond(connection, owner, content.bond)
    assert sides.standing is not None
    _consent(connection, sides, sides.standing, actor, now)


def _asked(connection: Database, person: Person, owner: Person, relation: str) -> FactRow | None:
    """What a person asked of an owner in a relation, and that waits for the consent."""
    for fact in _own(connection, person):
        waits = fact.details["consented_on"] == NEVER and fact.details["relation"] == relation
        if waits and fact.key == owner.psn_no:
            return fact
    return None


def _consent(
    connection: Database, sides: "BondSides", fact: FactRow, actor: Actor, now: datetime
) -> None:
    """Put a bond that holds from today on in the place of what was asked."""
    today = day_in_china(now)
    refuse_second_spouse(connection, sides, fact.details["relation"], today)
    details = fact.details | {"consented_on": str(today)}
    right = NewFact(fact.person_id, fact.area, KIND, today, fact.key, None, details, actor.source())
    person_facts.correct(connection, fact.id, right, now)


@command("person")
def end_bond(connection: Database, content: BondNumber, *, actor: Actor, now: datetime) -> None:
    """Take back what was asked or given: either side may, from today on.

    Refuses: bond_unknown where it is neither side's.
    """
    person = person_rows.acting_person(connection, actor)
    own = {fact.id: fact for fact in _own(connection, person)}
    fact = own.get(content.bond) or _of_owner(connection, person, content.bond)
    _end(connection, fact, day_in_china(now), actor, now)


def _end(connection: Database, fact: FactRow, today: date, actor: Actor, now: datetime) -> None:
    if fact.details["consented_on"] == NEVER or fact.since >= today:
        person_facts.retire(connection, [fact.id], now)
        return
    right = NewFact(
        fact.person_id, fact.area, KIND, fact.since, fact.key, today, fact.details, actor.source()
    )
    person_facts.correct(connection, fact.id, right, now)


@dataclass(frozen=True)
class BondSides:
    """The two persons of a bond that is to be recorded, and the fact that stands already."""

    person: Person
    owner: Person
    standing: FactRow | None

    @property
    def given(self) -> bool:
        """Whether the owner agreed already."""
        return self.standing is not None and self.standing.details["consented_on"] != NEVER


def bond_sides(connection: Database, content: BondRecord, day: date) -> BondSides:
    """Who is bound to whom by a record.

    Refuses: bond_person_unknown, bond_with_oneself, value_invalid.
    """
    person = _named(connection, content.psn_no, content.name)
    owner = _named(connection, content.owner, content.owner_name)
    if owner.id == person.id:
        raise Refusal("bond_with_oneself", "owner")
    _relation(content.relation)
    standing = [
        fact
        for fact in _own(connection, person)
        if fact.key == owner.psn_no and (fact.until is None or fact.until > day)
    ]
    return BondSides(person, owner, standing[0] if standing else None)


def _named(connection: Database, psn_no: str, name: str) -> Person:
    """A person of a number; a wrong name is told as an unknown number."""
    found = person_rows.find_person(connection, key_text(psn_no))
    if found is None or person_name(found.name) != person_name(name):
        raise Refusal("bond_person_unknown", "psn_no")
    return found


@command("staff")
def record_bond(connection: Database, content: BondRecord, *, actor: Actor, now: datetime) -> int:
    """Record a bond that the owner agreed to, in the place of one that was only asked for.

    It holds from today on. Gives its number.
    Refuses: as `bond_sides`; fact_overlaps where it was given already; bond_second_spouse.
    """
    today = day_in_china(now)
    sides = bond_sides(connection, content, today)
    refuse_second_spouse(connection, sides, content.relation, today)
    person, owner = sides.person, sides.owner
    order = content.order or _next_order(connection, person)
    terms = _terms(content.relation, str(content.consented_on), order)
    new = NewFact(person.id, person.area, KIND, today, owner.psn_no, None, terms, actor.source())
    if sides.standing is not None and not sides.given:
        return person_facts.correct(connection, sides.standing.id, new, now)
    return person_facts.add(connection, [new], now)[0]


@dataclass(frozen=True)
class StandingBond:
    """A bond that stands: its fact and the ids of its two sides."""

    fact: FactRow
    person: int
    owner: int


def standing_bond(connection: Database, number: int, day: date) -> StandingBond:
    """A bond by its number that is not over on a day.

    Refuses: bond_unknown.
    """
    row = connection.execute(
        "select f.person_id, o.id from person_fact f join person o on o.psn_no = f.key"
        " where f.id = %s and f.kind = 'bond' and f.retired_at is null"
        " and (f.until is null or f.until > %s)",
        [number, day],
    ).fetchone()
    if row is None:
        raise Refusal("bond_unknown", "bond")
    held = person_facts.history(connection, [row[0]], None, [KIND])[row[0]]
    return StandingBond(next(fact for fact in held if fact.id == number), row[0], row[1])


@command("staff")
def revoke_bond(connection: Database, content: BondNumber, *, actor: Actor, now: datetime) -> None:
    """End a bond at the counter, at once: from today on it pays nothing.

    Refuses: bond_unknown.
    """
    today = day_in_china(now)
    _end(connection, standing_bond(connection, content.bond, today).fact, today, actor, now)


def _of_owner(connection: Database, owner: Person, number: int) -> FactRow:
    """A bond of the person's own account."""
    rows = connection.execute(_OWED, [owner.psn_no, date.min]).fetchall()
    found = next((FactRow(*row[:11]) for row in rows if row[0] == number), None)
    if found is None:
        raise Refusal("bond_unknown", "bond")
    return found
