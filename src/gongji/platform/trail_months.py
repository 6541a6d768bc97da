"""The parts of `access_log`: one for each month, made ahead, so that one can be moved away whole.

The trail is added to only, also here: rows of a month for which there was no part stay in
`access_log_other`, and that month gets none. A function of the tables' owner makes the parts, which
the jobs may call; nobody but the owner may do it otherwise.
"""

from datetime import date
from typing import Any

import psycopg

from gongji.platform.month_parts import make_parts

Connection = psycopg.Connection[Any]


def make_ahead(connection: Connection, today: date) -> list[str]:
    """Make the parts of this month and the next ones that can be made; gives their names.

    Refuses: the database does (psycopg.errors.LockNotAvailable) where others are in the way; the
             parts made before stay.
    Ensures: nothing that is in the trail is moved, altered or taken out of it.
    """
    return make_parts(connection, "access_log", today, _make)


def _make(connection: Connection, name: str, month: date) -> bool:
    """Make a part, unless rows of its month lie elsewhere already."""
    row = connection.execute("select make_trail_month(%s)", [month]).fetchone()
    return row == (True,)
