"""Institutions as they are kept, found by their national code."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from gongji.refusals import Refusal

Database = Connection[Any]
_INSTITUTION = "select code, area, name, kind, grade, uscc from institution"
_ASKED = """ where (%(kind)s::text is null or kind = %(kind)s)
  and (%(code)s = '' or code = %(code)s)
  and (%(name)s = '' or position(%(name)s in name) > 0)
order by code limit %(most)s"""


@dataclass(frozen=True, slots=True)
class Institution:
    """A hospital or pharmacy; `grade` is the national code of its grade."""

    code: str
    area: str
    name: str
    kind: str
    grade: str
    uscc: str

    def lies_in(self, area: str) -> bool:
        """Whether it lies in a pooling area; a county's is that of its city."""
        return self.area[:4] == area[:4]


@dataclass(frozen=True, slots=True)
class InstitutionsAsked:
    """Which institutions are looked for: by kind, by code, by a part of the name; at most so many.

    What is None or empty does not narrow it.
    """

    kind: str | None
    code: str
    name: str
    most: int


def find_institutions(connection: Database, asked: InstitutionsAsked) -> list[Institution]:
    """The institutions that a code or a part of a name finds, in the order of their codes."""
    values = {"kind": asked.kind, "code": asked.code, "name": asked.name, "most": asked.most}
    with connection.cursor(row_factory=class_row(Institution)) as cursor:
        return cursor.execute(_INSTITUTION + _ASKED, values).fetchall()


def find_institution(connection: Database, code: str) -> Institution | None:
    """The institution of a code, or None."""
    with connection.cursor(row_factory=class_row(Institution)) as cursor:
        return cursor.execute(f"{_INSTITUTION} where code = %s", [code]).fetchone()


def get_institution(connection: Database, code: str) -> Institution:
    """The institution of a code.

    Refuses: institution_unknown.
    """
    found = find_institution(connection, code)
    if found is None:
        raise Refusal("institution_unknown", "institution", {"value": code})
    return found


def institutions_of(connection: Database, codes: Iterable[str]) -> list[Institution]:
    """The institutions among some codes."""
    with connection.cursor(row_factory=class_row(Institution)) as cursor:
        return cursor.execute(f"{_INSTITUTION} where code = any(%s)", [list(codes)]).fetchall()
