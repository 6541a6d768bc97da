"""Flags on settlements that the agency has to look at again, and how they are settled."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import psycopg

from gongji.platform.arrays import written

Connection = psycopg.Connection[Any]

_RAISE = """insert into review_flag (entry, cause, reason)
select * from unnest(%s::bigint[], %s::bigint[], %s::text[])"""
_RAISE_ONCE = """insert into review_flag (entry, cause, reason, raised_at)
select %(entry)s, %(cause)s, %(reason)s::text, %(now)s where not exists (
  select 1 from review_flag where entry = %(entry)s and reason = %(reason)s::text
    and settled_by is null)"""
_SETTLE = """update review_flag f set settled_by = coalesce(a.adjustment, f.entry)
from entry e left join unnest(%s::bigint[], %s::bigint[]) a(root, adjustment) on a.root = e.id
where e.id = f.entry and f.cause <> f.entry and f.settled_by is null
  and e.person = any(%s) and e.area = %s"""
"""A flag is settled by the adjustment, or by the settlement itself where it stands as it is.

One that a settlement gave itself (a prescription that nobody told) waits for somebody to look.
"""


def raise_flags(connection: Connection, entries: Iterable[int], cause: int, reason: str) -> None:
    """Flag entries because of another one; one statement."""
    rows = [(entry, cause, reason) for entry in entries]
    connection.execute(_RAISE, written(("bigint", "bigint", "text"), rows))


def raise_flag_once(
    connection: Connection, entry: int, cause: int, reason: str, now: datetime
) -> None:
    """Flag an entry because of another one, unless the same flag is still raised."""
    values = {"entry": entry, "cause": cause, "reason": reason, "now": now}
    connection.execute(_RAISE_ONCE, values)


def settle_flags(
    connection: Connection, adjusted: Mapping[int | None, int], persons: Iterable[int], area: str
) -> None:
    """Settle the flags of persons in an area; `adjusted` is entry -> its adjustment."""
    connection.execute(_SETTLE, [list(adjusted), list(adjusted.values()), list(persons), area])
