"""The parts of `access_log`: one for each month, made ahead, so that one can be moved away whole.

The trail is added to only, also here: rows of a month for which there was no part stay in
`access_log_other`, and that month gets none. A function of the tables' owner makes the parts, which
the jobs may call; nobody but the owner may do it otherwise.
"""

from datetime import date
from typing import Any

import psycopg

from gongji.platform.inbox_months import AHEAD, PATIENCE, next_month

Connection = psycopg.Connection[Any]
PART = "access_log_"
OTHER = "access_log_other"
_PARTS = """select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
where i.inhparent = 'access_log'::regclass"""


def make_ahead(connection: Connection, today: date) -> list[str]:
    """Make the parts of this month and the next ones that can be made; gives their names.

    Refuses: the database does (psycopg.errors.LockNotAvailable) where others are in the way; the
             parts made before stay.
    Ensures: nothing that is in the trail is moved, altered or taken out of it.
    """
    there = {name for (name,) in connection.execute(_PARTS)}
    made = []
    month = today.replace(day=1)
    for _ in range(AHEAD + 1):
        name = f"{PART}{month:%Y%m}"
        if name not in there and _make(connection, month):
            made.append(name)
        month = next_month(month)
    return made


def _make(connection: Connection, month: date) -> bool:
    """Make a part, unless rows of its month lie elsewhere already."""
    with connection.transaction():
        connection.execute(f"set local lock_timeout = '{PATIENCE}'")
        row = connection.execute("select make_trail_month(%s)", [month]).fetchone()
    return row == (True,)
