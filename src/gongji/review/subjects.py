"""Whom a command is about: its subject is among those whom it touches, and one is of its area.

Law:     《个人信息保护法》 第二十八条: an agency handles those whom it insures or insured.
"""

from collections.abc import Iterable
from typing import Any

import psycopg

from gongji.platform.command_rows import CommandRow
from gongji.refusals import Refusal

Connection = psycopg.Connection[Any]
_OF_AREA = """select 1 from person p where p.id = any(%(people)s) and (p.area = %(area)s
  or exists (select from person_fact f where f.person_id = p.id and f.area = %(area)s
    and f.kind in ('insured', 'account'))) limit 1"""


def check_subject(connection: Connection, row: CommandRow, touched: Iterable[int]) -> None:
    """Let a command about a person go on that touches this person, and somebody of its area.

    What the insured hand in themselves is of the area in which they are.
    Refuses: value_invalid where it touches others only, person_elsewhere.
    """
    people = list(touched)
    if row.subject_kind != "person" or not people:
        return
    if row.subject not in map(str, people):
        raise Refusal("value_invalid", "psn_no", {"value": "另一人", "allowed": "事项的当事人"})
    if row.actor_kind == "staff":
        require_area(connection, row.area, people)


def require_area(connection: Connection, area: str, people: list[int]) -> None:
    """Somebody among people is, or was, insured in an area.

    Refuses: person_elsewhere.
    """
    values = {"people": people, "area": area}
    if connection.execute(_OF_AREA, values).fetchone() is None:
        raise Refusal("person_elsewhere", "psn_no", {"area": area})
