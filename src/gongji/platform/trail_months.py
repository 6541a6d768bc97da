"""The parts of `access_log`: one for each month, made ahead, so that one can be moved away whole.

The trail is added to only, also here: rows of a month for which there was no part stay in
`access_log_other`, and that month gets none. Only the owner of the tables may do this.
"""

from datetime import date
from typing import Any

import psycopg

from gongji.platform.inbox_months import AHEAD, PATIENCE, begins, next_month

Connection = psycopg.Connection[Any]
PART = "access_log_"
OTHER = "access_log_other"
KEPT = "update or delete or truncate"
"""What is refused of a part too, since nobody asks the parent's triggers of it."""
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
        if name not in there and _make(connection, name, month):
            made.append(name)
        month = next_month(month)
    return made


def _make(connection: Connection, name: str, month: date) -> bool:
    """Make a part, unless rows of its month lie elsewhere already."""
    since, until = begins(month), begins(next_month(month))
    with connection.transaction():
        connection.execute(f"set local lock_timeout = '{PATIENCE}'")
        # Whoever would add a row of this month meanwhile waits for the part.
        connection.execute(f"lock table {OTHER} in access exclusive mode")
        if connection.execute(
            f"select 1 from {OTHER} where at >= %s and at < %s limit 1", [since, until]
        ).fetchone():
            return False
        connection.execute(
            f"create table {name} (like access_log including all excluding identity)"
        )
        connection.execute(
            f"create trigger {name}_kept before {KEPT} on {name}"
            " for each statement execute function added_only()"
        )
        connection.execute(
            f"alter table access_log attach partition {name}"
            f" for values from ('{since.isoformat()}') to ('{until.isoformat()}')"
        )
    return True
