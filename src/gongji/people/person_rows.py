"""Persons as they are kept, found by their number, certificate or card, and locked.

Plain SQL on a psycopg connection. This module does not know what is known of a person.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
from psycopg import Connection
from psycopg.rows import class_row

from gongji.platform.actors import Actor
from gongji.platform.arrays import texts
from gongji.platform.identity import CARD, Identity, mask_number, normalise
from gongji.refusals import Refusal
from gongji.tabular.cell_forms import INTERPUNCTS, person_name

Database = Connection[Any]
_PERSON = "select id, psn_no, area, name, sex, ethnicity, certificate_kind, certificate from person"


def name_spellings(name: str) -> list[str]:
    """Every way in which a name may have been entered, for a search by an index."""
    key = person_name(name)
    return sorted({key.replace(INTERPUNCTS[0], one) for one in INTERPUNCTS} | {name.strip()})


class Person(msgspec.Struct, frozen=True):
    """An insured person; `certificate` is sealed, `Identity.decrypt` opens it."""

    id: int
    psn_no: str
    area: str
    name: str
    sex: str
    ethnicity: str
    certificate_kind: str
    certificate: bytes


def _person(connection: Database, condition: str, *values: object) -> Person | None:
    with connection.cursor(row_factory=class_row(Person)) as cursor:
        return cursor.execute(f"{_PERSON} where {condition}", values).fetchone()


def find_person(connection: Database, psn_no: str) -> Person | None:
    """The person of a number, or None."""
    return _person(connection, "psn_no = %s", psn_no)


def get_person(connection: Database, psn_no: str) -> Person:
    """The person of a number.

    Refuses: person_unknown, the number masked.
    """
    found = find_person(connection, psn_no)
    if found is None:
        raise Refusal("person_unknown", "psn_no", {"value": mask_number(psn_no)})
    return found


def acting_person(connection: Database, actor: Actor) -> Person:
    """The insured person who acts.

    Refuses: person_unknown, the number masked.
    """
    assert actor.kind == "person", "somebody else acts"
    return get_person(connection, actor.id)


def lock_person(connection: Database, psn_no: str) -> Person:
    """The person of a number, locked against settlements and other commands about them.

    Refuses: person_unknown, the number masked.
    """
    connection.execute("select id from person where psn_no = %s for no key update", [psn_no])
    return get_person(connection, psn_no)


def persons_by_id(connection: Database, ids: Iterable[int]) -> list[Person]:
    """The persons of some ids; one statement."""
    return _persons(connection, "id = any(%s)", list(ids))


def persons_of(connection: Database, numbers: Iterable[str]) -> list[Person]:
    """The persons among some numbers; one statement."""
    return _persons(connection, "psn_no = any(%s::text[])", texts(numbers))


def _persons(connection: Database, condition: str, *values: object) -> list[Person]:
    with connection.cursor(row_factory=class_row(Person)) as cursor:
        return cursor.execute(f"{_PERSON} where {condition}", values).fetchall()


def is_of(person: Person, identity: Identity, number: str) -> bool:
    """Whether a number is that of a person's certificate, however it is written."""
    if not person.certificate:
        return False
    return normalise(identity.decrypt(person.certificate)) == normalise(number)


def find_by_certificate(
    connection: Database, identity: Identity, kind: str, number: str
) -> Person | None:
    """The person who has a certificate of a kind (01: identity card) with a number, or None."""
    made = identity.lookup_hash(kind, number)
    return _person(
        connection, "certificate_hash = %s and certificate_kind = %s", made, kind.zfill(2)
    )


def find_by_card(connection: Database, identity: Identity, card: str) -> Person | None:
    """The person of a social security card, or None."""
    return _person(connection, "card_hash = %s", identity.lookup_hash(CARD, card))
