"""Institutions as they are kept, found by their national code."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from gongji.refusals import Refusal

Database = Connection[Any]
_INSTITUTION = "select code, area, name, kind, grade, uscc from institution"


@dataclass(frozen=True, slots=True)
class Institution:
    """A hospital or pharmacy; `grade` is the national code of its grade."""

    code: str
    area: str
    name: str
    kind: str
    grade: str
    uscc: str


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
        raise Refusal("institution_unknown", "fixmedins_code", {"value": code})
    return found


def institutions_of(connection: Database, codes: Iterable[str]) -> list[Institution]:
    """The institutions among some codes."""
    with connection.cursor(row_factory=class_row(Institution)) as cursor:
        return cursor.execute(f"{_INSTITUTION} where code = any(%s)", [list(codes)]).fetchall()
