"""The parts of `access_log`: one for each month, made ahead, so that one can be moved away whole.

The trail is added to only, also here: rows of a month for which there was no part stay in
`access_log_other`, and that month gets none. Only the owner of the tables may do this.
"""

from datetime import date
from typing import Any

import psycopg

from gongji.platform.month_parts import attach, begins, make_parts, next_month

Connection = psycopg.Connection[Any]
OTHER = "access_log_other"
KEPT = "update or delete or truncate"
"""What is refused of a part too, since nobody asks the parent's triggers of it."""


def make_ahead(connection: Connection, today: date) -> list[str]:
    """Make the parts of this month and the next ones that can be made; gives their names.

    Refuses: the database does (psycopg.errors.LockNotAvailable) where others are in the way; the
             parts made before stay.
    Ensures: nothing that is in the trail is moved, altered or taken out of it.
    """
    return make_parts(connection, "access_log", today, _make)


def _make(connection: Connection, name: str, month: date) -> bool:
    """Make a part, unless rows of its month lie elsewhere already."""
    if connection.execute(
        f"select 1 from {OTHER} where at >= %s and at < %s limit 1",
        [begins(month), begins(next_month(month))],
    ).fetchone():
        return False
    connection.execute(f"create table {name} (like access_log including all excluding identity)")
    connection.execute(
        f"create trigger {name}_kept before {KEPT} on {name}"
        " for each statement execute function added_only()"
    )
    attach(connection, "access_log", name, month)
    return True
