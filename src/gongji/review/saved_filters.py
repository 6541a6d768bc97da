"""Filters of lists that a member of staff keeps by a name, for their own use.

Of a filter only the fields that its list knows are kept.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from gongji.refusals import Refusal

Connection = psycopg.Connection[Any]
FIELDS = {"work": ("kind", "agency"), "trail": ("from", "to", "actor", "psn_no")}
"""The lists that are filtered, and by what."""
LONGEST, MOST = 40, 30
"""Signs of a name; filters of a list."""


class SavedFilter(msgspec.Struct, frozen=True):
    """A filter of a list by its name: field -> what was typed."""

    list: str
    name: str
    query: dict[str, str]


_KEEP = """insert into saved_filter (staff, list, name, query)
select %(staff)s, %(list)s, %(name)s, %(query)s
where (select count(*) from saved_filter where staff = %(staff)s and list = %(list)s) < %(most)s
  or exists (select from saved_filter
    where staff = %(staff)s and list = %(list)s and name = %(name)s)
on conflict (staff, list, name) do update set query = excluded.query"""


def filter_of(list_name: str, name: str, typed: Mapping[str, str]) -> SavedFilter:
    """A filter as it was typed.

    Refuses: value_invalid.
    """
    name = name.strip()
    if list_name not in FIELDS:
        allowed = "、".join(FIELDS)
        raise Refusal("value_invalid", "列表", {"value": list_name, "allowed": allowed})
    if not 0 < len(name) <= LONGEST:
        allowed = f"1 至 {LONGEST} 个字"
        raise Refusal("value_invalid", "名称", {"value": name or "（空）", "allowed": allowed})
    query = {field: typed.get(field, "").strip()[:100] for field in FIELDS[list_name]}
    return SavedFilter(list_name, name, {field: text for field, text in query.items() if text})


def keep(connection: Connection, staff: int, new: SavedFilter) -> None:
    """Keep a filter; one of the same name is replaced.

    Refuses: value_invalid where there are MOST already.
    """
    values = {"staff": staff, "list": new.list, "name": new.name, "query": Jsonb(new.query)}
    if not connection.execute(_KEEP, values | {"most": MOST}).rowcount:
        allowed = f"每个列表最多 {MOST} 个"
        raise Refusal("value_invalid", "名称", {"value": new.name, "allowed": allowed})


def drop(connection: Connection, staff: int, list_name: str, name: str) -> None:
    """Forget a filter."""
    given = [staff, list_name, name]
    connection.execute(
        "delete from saved_filter where staff = %s and list = %s and name = %s", given
    )


def kept(connection: Connection, staff: int, list_name: str) -> list[SavedFilter]:
    """The filters of a list that somebody keeps, by name."""
    rows = connection.execute(
        "select list, name, query from saved_filter where staff = %s and list = %s order by name",
        [staff, list_name],
    )
    return [SavedFilter(*row) for row in rows]
