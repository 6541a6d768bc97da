"""The parts of `inbox_bytes`: one for each month, made ahead and dropped when their time is over.

Rows of a month for which there is no part are in `inbox_bytes_other`, and move into the part as it
is made. Only the owner of the tables may do this.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import psycopg

from gongji.units import CHINA

Connection = psycopg.Connection[Any]

AHEAD = 3
"""For how many months after this one there are parts."""
PATIENCE = "2s"
"""How long the counter may be kept waiting for a part to be added or dropped, at most."""
PART = "inbox_bytes_"
OTHER = "inbox_bytes_other"
_PARTS = """select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
where i.inhparent = 'inbox_bytes'::regclass and c.relname <> %s order by 1"""


def next_month(day: date) -> date:
    """The first day of the month after a day's."""
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def make_ahead(connection: Connection, today: date) -> list[str]:
    """Make the parts of this month and the next ones that are not there; gives their names.

    Refuses: the database does (psycopg.errors.LockNotAvailable) where others are in the way; the
             parts made before stay.
    """
    there = set(_parts(connection))
    made = []
    month = today.replace(day=1)
    for _ in range(AHEAD + 1):
        name = f"{PART}{month:%Y%m}"
        if name not in there:
            _make(connection, name, month)
            made.append(name)
        month = next_month(month)
    return made


def drop_old(connection: Connection, today: date, days: int) -> list[str]:
    """Drop what is older than so many days, by whole months; gives the names of parts dropped.

    A part goes once the last day of its month is older than that.
    Refuses: as `make_ahead`.
    """
    oldest = today - timedelta(days=days)
    dropped = []
    for name in _parts(connection):
        month = datetime.strptime(name.removeprefix(PART), "%Y%m").date()
        if next_month(month) <= oldest:
            with connection.transaction():
                connection.execute(f"set local lock_timeout = '{PATIENCE}'")
                connection.execute(f"drop table {name}")
            dropped.append(name)
    first = begins(oldest.replace(day=1))
    connection.execute(f"delete from {OTHER} where at < %s", [first])
    return dropped


def _make(connection: Connection, name: str, month: date) -> None:
    since, until = begins(month), begins(next_month(month))
    with connection.transaction():
        connection.execute(f"set local lock_timeout = '{PATIENCE}'")
        # Whoever would add a row of this month meanwhile waits for the part.
        connection.execute(f"lock table {OTHER} in access exclusive mode")
        connection.execute(f"create table {name} (like inbox_bytes including all)")
        connection.execute(
            f"with moved as (delete from {OTHER} where at >= %s and at < %s returning *)"
            f" insert into {name} select * from moved",
            [since, until],
        )
        connection.execute(
            f"alter table inbox_bytes attach partition {name}"
            f" for values from ('{since.isoformat()}') to ('{until.isoformat()}')"
        )


def begins(day: date) -> datetime:
    """The instant at which a day begins in China."""
    return datetime.combine(day, time(), CHINA)


def _parts(connection: Connection) -> Iterator[str]:
    for (name,) in connection.execute(_PARTS, [OTHER]).fetchall():
        yield name
