"""Whom a command is about: somebody whom its area insures or insured, and whom its form names.

Law:     《个人信息保护法》 第二十八条: no agency handles, or is shown, whoever is none of its own.
"""

from typing import Any

import psycopg

from gongji.people.person_rows import Person, persons_by_id
from gongji.refusals import Refusal

Connection = psycopg.Connection[Any]
_INSURED_HERE = """select 1 from person_fact
where person_id = %s and area = %s and kind in ('insured', 'account') limit 1"""


def check_subject(
    connection: Connection, area: str, subject: tuple[str, str], content: Any
) -> None:
    """Let a command go on that is about a person of its area, or about no person.

    Refuses: person_unknown, person_elsewhere, value_invalid where the form names another person.
    """
    kind, number = subject
    if kind != "person":
        return
    person = _person(connection, number)
    if getattr(content, "psn_no", person.psn_no) != person.psn_no:
        raise Refusal("value_invalid", "psn_no", {"value": "另一人", "allowed": "事项的当事人"})
    if person.area == area:
        return
    if connection.execute(_INSURED_HERE, [person.id, area]).fetchone() is None:
        raise Refusal("person_elsewhere", "psn_no", {"area": area})


def _person(connection: Connection, number: str) -> Person:
    """The person of a subject.

    Refuses: person_unknown.
    """
    known = number.isascii() and number.isdigit() and len(number) < 19
    found = persons_by_id(connection, [int(number)]) if known else []
    if not found:
        raise Refusal("person_unknown", "psn_no", {"value": number})
    return found[0]
