"""Persons as they are kept, found by their number, certificate or card.

Plain SQL on a psycopg connection. This module does not know what is known of a person.
"""

from typing import Any

import msgspec
from psycopg import Connection
from psycopg.rows import class_row

from gongji.platform.identity import CARD, Identity, mask_number
from gongji.refusals import Refusal

Database = Connection[Any]
_PERSON = "select id, psn_no, area, name, sex, ethnicity, certificate_kind, certificate from person"


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
