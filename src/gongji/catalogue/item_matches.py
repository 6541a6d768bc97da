"""An institution's own items matched to the catalogue's: matched, and taken back."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from gongji.institutions.institution_rows import get_institution
from gongji.platform.actors import Actor
from gongji.platform.commands import command
from gongji.platform.spans import check_order, day_after
from gongji.refusals import Refusal

Database = psycopg.Connection[Any]

_LOCK = "select pg_advisory_xact_lock(hashtextextended('matches ' || %s, 0))"
"""Whoever changes an institution's matches does so alone: which stand is read before."""
_KNOWN = """select distinct item from item_version
where area = %s and item = any(%s) and retired_at is null"""
_STANDING = """select id, own_item, list_type, item, since, until from item_match
where institution = %s and own_item = any(%s) and retired_at is null order by id"""
_ADD = """insert into item_match
  (institution, own_item, own_name, list_type, item, since, until, learnt_at, details)
select %s, n.own_item, n.own_name, n.list_type, n.item, n.since, n.until, %s, n.details
from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::date[], %s::date[], %s::jsonb[])
  as n (own_item, own_name, list_type, item, since, until, details)"""
_RETIRE = """update item_match set retired_at = greatest(%s, learnt_at)
where id = any(%s) and retired_at is null"""
_REVOKED = """select id from item_match where institution = %s and own_item = %s and list_type = %s
  and item = %s and retired_at is null"""


class MatchedItem(msgspec.Struct, frozen=True):
    """An own item (code and name) that stands for a national one from a first to a last day.

    Without a last day it stands for good. `details` are kept as they were told.
    """

    own_item: str
    own_name: str
    list_type: str
    item: str
    since: date
    last: date | None
    details: dict[str, str]

    @property
    def ends(self) -> date:
        """The last day; of what is open, the last that there is."""
        return self.last or date.max


class ItemMatches(msgspec.Struct, frozen=True):
    """Matches that are kept together or not at all."""

    matches: tuple[MatchedItem, ...]


class MatchNamed(msgspec.Struct, frozen=True):
    """The match of an own item to a national one."""

    own_item: str
    list_type: str
    item: str


@command("institution")
def match_items(connection: Database, content: ItemMatches, *, actor: Actor, now: datetime) -> None:
    """Keep all matches or none; the same pair of codes takes the place of the earlier match.

    Refuses: dates_reversed, match_item_unknown, item_matched, with the item concerned.
    """
    rows = content.matches
    for row in rows:
        check_order(row.since, row.last)
    area = get_institution(connection, actor.id).area
    connection.execute(_LOCK, [actor.id])
    items = [row.item for row in rows]
    known = {row[0] for row in connection.execute(_KNOWN, [area, items])}
    lacking = next((item for item in items if item not in known), None)
    if lacking:
        raise Refusal("match_item_unknown", "item", {"value": lacking, "area": area})
    connection.execute(_RETIRE, [now, _replaced(connection, rows, actor.id)])
    columns: list[list[Any]] = [
        [row.own_item for row in rows],
        [row.own_name for row in rows],
        [row.list_type for row in rows],
        items,
        [row.since for row in rows],
        [day_after(row.last) for row in rows],
        [Jsonb(row.details) for row in rows],
    ]
    connection.execute(_ADD, [actor.id, now, *columns])


def _replaced(connection: Database, rows: Sequence[MatchedItem], institution: str) -> list[int]:
    """The matches that rows take the place of.

    Refuses: item_matched where an own item would stand for two national codes on one day.
    """
    own = [row.own_item for row in rows]
    standing = connection.execute(_STANDING, [institution, own]).fetchall()
    replaced = []
    for number, row in enumerate(rows):
        for other in rows[:number]:
            same = (other.own_item, other.list_type) == (row.own_item, row.list_type)
            if same and other.since <= row.ends and row.since <= other.ends:
                raise _matched(row, other.item)
        for known, own_item, list_type, item, since, until in standing:
            if (own_item, list_type) != (row.own_item, row.list_type):
                continue
            if item == row.item:
                replaced.append(known)
            elif since <= row.ends and (until is None or row.since < until):
                raise _matched(row, item)
    return replaced


def _matched(row: MatchedItem, item: str) -> Refusal:
    values = {"value": row.own_item, "item": item}
    return Refusal("item_matched", "own_item", values)


@command("institution")
def revoke_match(connection: Database, content: MatchNamed, *, actor: Actor, now: datetime) -> None:
    """Take a match back.

    Refuses: match_unknown.
    """
    connection.execute(_LOCK, [actor.id])
    values = [actor.id, content.own_item, content.list_type, content.item]
    found = [row[0] for row in connection.execute(_REVOKED, values)]
    if not found:
        raise Refusal("match_unknown", "own_item", {"value": content.own_item})
    connection.execute(_RETIRE, [now, found])
