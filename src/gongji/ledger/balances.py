"""What a person has on an account now."""

from typing import Any

from psycopg import Connection

from gongji.units import Fen


def find_balance(connection: Connection[Any], area: str, person: int, kind: str = "account") -> Fen:
    """What a person has on an account of a kind in an area; nothing where there is none."""
    row = connection.execute(
        "select amount_fen from balance where area = %s and person = %s and kind = %s",
        [area, person, kind],
    ).fetchone()
    return int(row[0]) if row else 0
