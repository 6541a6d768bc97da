"""The parts of a table by month: made ahead, so that one can be dropped or moved away whole.

Rows of a month for which there is no part are in the table's `…_other`. This module does not know
what the rows are, nor what becomes of those that lie elsewhere when their month gets a part. Only
the owner of the tables may make one.
"""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

import psycopg

from gongji.units import CHINA

Connection = psycopg.Connection[Any]

AHEAD = 3
"""For how many months after this one there are parts."""
PATIENCE = "2s"
"""How long the counter may be kept waiting for a part to be added or dropped, at most."""
_PARTS = """select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
where i.inhparent = %s::regclass and c.relname <> %s order by 1"""


def make_parts(
    connection: Connection, table: str, today: date, make: Callable[[Connection, str, date], bool]
) -> list[str]:
    """Make the parts of a table for this month and the next ones; gives the names of those made.

    Shape:   `make` makes a part of a name for a month in a transaction that waits for others
             PATIENCE at most; it locks the table's `…_other`, and gives whether it could.
    """
    there = set(parts_of(connection, table))
    made = []
    month = today.replace(day=1)
    for _ in range(AHEAD + 1):
        name = f"{table}_{month:%Y%m}"
        if name not in there:
            with connection.transaction():
                connection.execute(f"set local lock_timeout = '{PATIENCE}'")
                made += [name] if make(connection, name, month) else []
        month = next_month(month)
    return made


def next_month(day: date) -> date:
    """The first day of the month after a day's."""
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def begins(day: date) -> datetime:
    """The instant at which a day begins in China."""
    return datetime.combine(day, time(), CHINA)


def parts_of(connection: Connection, table: str) -> list[str]:
    """The parts of a table by month, the oldest first."""
    return [name for (name,) in connection.execute(_PARTS, [table, f"{table}_other"])]
