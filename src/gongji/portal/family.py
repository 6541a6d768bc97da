"""Family bonds: asked for by the person whose care is to be paid, given and revoked by the owner.

A bond is a fact of the person whose care is paid (`gongji.people.person_kinds.Bond`). What is asked
for is such a fact with a consent that never comes, so no settlement uses it; consent puts another
fact in its place. Nothing is deleted: what was known before stays known.

Law: 家庭共济 (CX-20, YN-3): the owner of an account binds family members of their own will.
"""

from dataclasses import dataclass
from datetime import date, datetime

from gongji.people import person_facts, person_rows
from gongji.people.person_facts import FactRow, NewFact
from gongji.people.person_rows import Person
from gongji.portal.own_records import NAMES, OWED, Bond, Visitor, shown_name
from gongji.refusals import Refusal

NEVER = "9999-12-31"
"""The consent of a bond that is only asked for."""
KIND = "bond"
RELATIONS = {"spouse": "配偶", "parent": "父母", "child": "子女", "close_relative": "其他近亲属"}
SOURCE = "portal"


@dataclass(frozen=True)
class Bonds:
    """Whose account pays for the person, and for whom the person's account pays."""

    mine: list[Bond]
    others: list[Bond]


def bonds(visitor: Visitor, day: date) -> Bonds:
    """The bonds of a person, asked for and given, that are not over on a day."""
    facts = person_facts.history(visitor.connection, [visitor.person.id], None, [KIND])
    own = [f for f in facts[visitor.person.id] if f.until is None or f.until > day]
    names = dict(visitor.connection.execute(NAMES, [[f.key for f in own]]).fetchall())
    mine = [_bond(fact, names.get(fact.key, ""), fact.key) for fact in own]
    rows = visitor.connection.execute(OWED, [visitor.person.psn_no, day]).fetchall()
    others = [_bond(FactRow(*row[:11]), row[12], row[11]) for row in rows]
    return Bonds(mine, others)


def _bond(fact: FactRow, name: str, psn_no: str) -> Bond:
    pending = fact.details["consented_on"] == NEVER
    relation = RELATIONS[fact.details["relation"]]
    return Bond(fact.id, shown_name(name, psn_no), relation, fact.since, pending)


def _other(visitor: Visitor, psn_no: str, name: str) -> Person:
    """The other side, known by number and name; a wrong name is told as an unknown number."""
    found = person_rows.find_person(visitor.connection, psn_no.strip())
    if found is None or found.name != name.strip():
        raise Refusal("bond_person_unknown", "psn_no")
    if found.id == visitor.person.id:
        raise Refusal("bond_with_oneself", "psn_no")
    return found


def _relation(text: str) -> str:
    if text not in RELATIONS:
        values = {"value": text, "allowed": "、".join(RELATIONS)}
        raise Refusal("value_invalid", "relation", values)
    return text


def _new(person: Person, owner: str, relation: str, day: date, consent: str, order: int) -> NewFact:
    details = {"order": order, "relation": relation, "consented_on": consent}
    return NewFact(person.id, person.area, KIND, day, owner, None, details, SOURCE)


def _next_order(visitor: Visitor, person: Person) -> int:
    facts = person_facts.history(visitor.connection, [person.id], None, [KIND])[person.id]
    return 1 + max((fact.details["order"] for fact in facts), default=0)


def ask(visitor: Visitor, owner: str, name: str, relation: str, now: datetime) -> None:
    """Ask the owner of an account to let it pay for the person.

    `relation` is what the owner is to the person.
    Refuses: bond_person_unknown, bond_with_oneself, value_invalid, fact_overlaps where it is asked
             or given already.
    """
    found = _other(visitor, owner, name)
    order = _next_order(visitor, visitor.person)
    new = _new(visitor.person, found.psn_no, _relation(relation), now.date(), NEVER, order)
    person_facts.add(visitor.connection, [new], now)


def give(visitor: Visitor, person: str, name: str, relation: str, now: datetime) -> None:
    """Let the person's own account pay for someone.

    `relation` is what the owner is to that person. Refuses: as `ask`.
    """
    found = _other(visitor, person, name)
    order = _next_order(visitor, found)
    day = now.date()
    new = _new(found, visitor.person.psn_no, _relation(relation), day, str(day), order)
    person_facts.add(visitor.connection, [new], now)


def consent(visitor: Visitor, number: int, now: datetime) -> None:
    """Give what was asked of the person.

    Refuses: bond_unknown where nothing of that number is asked of this person.
    """
    fact = _of_owner(visitor, number)
    if fact.details["consented_on"] != NEVER:
        raise Refusal("bond_unknown", "bond")
    details = fact.details | {"consented_on": str(now.date())}
    right = NewFact(fact.person_id, fact.area, KIND, now.date(), fact.key, None, details, SOURCE)
    person_facts.correct(visitor.connection, fact.id, right, now)


def end(visitor: Visitor, number: int, now: datetime) -> None:
    """Take back what was asked or given: either side may, from today on.

    Refuses: bond_unknown where it is neither side's.
    """
    facts = person_facts.history(visitor.connection, [visitor.person.id], None, [KIND])
    own = {fact.id: fact for fact in facts[visitor.person.id]}
    fact = own.get(number) or _of_owner(visitor, number)
    if fact.details["consented_on"] == NEVER or fact.since >= now.date():
        person_facts.retire(visitor.connection, [fact.id], now)
        return
    right = NewFact(
        fact.person_id, fact.area, KIND, fact.since, fact.key, now.date(), fact.details, SOURCE
    )
    person_facts.correct(visitor.connection, fact.id, right, now)


def _of_owner(visitor: Visitor, number: int) -> FactRow:
    """A bond of the person's own account."""
    rows = visitor.connection.execute(OWED, [visitor.person.psn_no, date.min]).fetchall()
    found = next((FactRow(*row[:11]) for row in rows if row[0] == number), None)
    if found is None:
        raise Refusal("bond_unknown", "bond")
    return found
