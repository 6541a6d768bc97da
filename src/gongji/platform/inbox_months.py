"""The parts of `inbox_bytes`: one for each month, made ahead and dropped when their time is over.

Rows of a month for which there is no part are in `inbox_bytes_other`, and move into the part as it
is made. Only the owner of the tables may do this.
"""

from datetime import date, datetime, timedelta
from typing import Any

import psycopg

from gongji.platform.month_parts import PATIENCE, begins, make_parts, next_month

Connection = psycopg.Connection[Any]

PART = "inbox_bytes_"
OTHER = "inbox_bytes_other"
SCHEMA = "message_months"
"""The schema of the parts, which the jobs own."""
_PARTS = """select c.relname, c.oid::regclass::text from pg_inherits i
join pg_class c on c.oid = i.inhrelid
where i.inhparent = 'inbox_bytes'::regclass and c.relname <> %s order by 1"""


def make_ahead(connection: Connection, today: date) -> list[str]:
    """Make the parts of this month and the next ones that are not there; gives their names.

    Refuses: the database does (psycopg.errors.LockNotAvailable) where others are in the way; the
             parts made before stay.
    """
    return make_parts(connection, "inbox_bytes", today, _make)


def drop_old(connection: Connection, today: date, days: int) -> list[str]:
    """Drop what is older than so many days, by whole months; gives the names of parts dropped.

    A part goes once the last day of its month is older than that.
    Refuses: as `make_ahead`.
    """
    oldest = today - timedelta(days=days)
    dropped = []
    for name, place in connection.execute(_PARTS, [OTHER]).fetchall():
        month = datetime.strptime(name.removeprefix(PART), "%Y%m").date()
        if next_month(month) <= oldest:
            with connection.transaction():
                connection.execute(f"set local lock_timeout = '{PATIENCE}'")
                connection.execute(f"drop table {place}")
            dropped.append(name)
    first = begins(oldest.replace(day=1))
    connection.execute(f"delete from {OTHER} where at < %s", [first])
    return dropped


def _make(connection: Connection, name: str, month: date) -> bool:
    """Make a part and move the rows of its month into it."""
    since, until = begins(month), begins(next_month(month))
    # Whoever would add a row of this month meanwhile waits for the part.
    connection.execute(f"lock table {OTHER} in access exclusive mode")
    connection.execute(f"create table {SCHEMA}.{name} (like inbox_bytes including all)")
    connection.execute(
        f"with moved as (delete from {OTHER} where at >= %s and at < %s returning *)"
        f" insert into {SCHEMA}.{name} select * from moved",
        [since, until],
    )
    connection.execute(
        f"alter table inbox_bytes attach partition {SCHEMA}.{name}"
        f" for values from ('{since.isoformat()}') to ('{until.isoformat()}')"
    )
    return True
