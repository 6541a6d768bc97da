"""An institution's own items matched to national codes: uploaded (3301), revoked (3302)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from gongji.gateway.filings.filings import check_order
from gongji.gateway.transactions import Call, Node, transaction
from gongji.institutions.institution_rows import get_institution
from gongji.refusals import Refusal

DETAILS = ("aprvno", "dosform", "exct_cont", "item_cont", "prcunt", "spec", "pacspec", "memo")
_LONG = {"exct_cont": 2000, "item_cont": 2000}
MOST_ROWS = 2000
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


@dataclass(frozen=True)
class _Match:
    """A row of 3301; `until` is the first day after it."""

    own_item: str
    own_name: str
    list_type: str
    item: str
    since: date
    until: date
    details: dict[str, str]


@transaction("3301", changes=True)
def upload_matches(call: Call) -> None:
    """Keep all rows or none; a row for the same pair of codes takes the place of the earlier one.

    Refuses: match_item_unknown, item_matched, lines_too_many, with the item concerned.
    """
    rows = [_read(call, row) for row in call.many("data", required=True)]
    if len(rows) > MOST_ROWS:
        raise Refusal("lines_too_many", "data", {"value": str(MOST_ROWS)})
    area = get_institution(call.connection, call.institution).area
    items = [row.item for row in rows]
    known = {row[0] for row in call.connection.execute(_KNOWN, [area, items])}
    lacking = next((item for item in items if item not in known), None)
    if lacking:
        raise Refusal("match_item_unknown", "med_list_codg", {"value": lacking, "area": area})
    replaced = _replaced(call, rows)
    call.connection.execute(_RETIRE, [call.now, replaced])
    columns: list[list[Any]] = [
        [row.own_item for row in rows],
        [row.own_name for row in rows],
        [row.list_type for row in rows],
        items,
        [row.since for row in rows],
        [row.until for row in rows],
        [Jsonb(row.details) for row in rows],
    ]
    call.connection.execute(_ADD, [call.institution, call.now, *columns])


def _read(call: Call, row: Node) -> _Match:
    since, last = call.day(row, "begndate"), call.day(row, "enddate")
    check_order(since, last, "enddate")
    return _Match(
        call.text(row, "fixmedins_hilist_id", required=True, longest=150),
        call.text(row, "fixmedins_hilist_name", required=True, longest=200),
        call.text(row, "list_type", required=True, longest=30),
        call.text(row, "med_list_codg", required=True, longest=50),
        since,
        last + timedelta(days=1),
        {
            name: text
            for name in DETAILS
            if (text := call.text(row, name, longest=_LONG.get(name, 500)))
        },
    )


def _replaced(call: Call, rows: Sequence[_Match]) -> list[int]:
    """The matches that rows take the place of.

    Refuses: item_matched where an own item would stand for two national codes on one day.
    """
    own = [row.own_item for row in rows]
    standing = call.connection.execute(_STANDING, [call.institution, own]).fetchall()
    replaced = []
    for number, row in enumerate(rows):
        for other in rows[:number]:
            same = (other.own_item, other.list_type) == (row.own_item, row.list_type)
            if same and other.since < row.until and row.since < other.until:
                raise _matched(row, other.item)
        for known, own_item, list_type, item, since, until in standing:
            if (own_item, list_type) != (row.own_item, row.list_type):
                continue
            if item == row.item:
                replaced.append(known)
            elif since < row.until and (until is None or row.since < until):
                raise _matched(row, item)
    return replaced


def _matched(row: _Match, item: str) -> Refusal:
    values = {"value": row.own_item, "item": item}
    return Refusal("item_matched", "fixmedins_hilist_id", values)


@transaction("3302", changes=True)
def revoke_match(call: Call) -> None:
    """Take a match back.

    Refuses: institution_not_own, match_unknown.
    """
    data = call.one("data")
    named = call.text(data, "fixmedins_code", required=True)
    if named != call.institution:
        raise Refusal("institution_not_own", "fixmedins_code", {"value": named})
    own_item = call.text(data, "fixmedins_hilist_id", required=True)
    values = [
        call.institution,
        own_item,
        call.text(data, "list_type", required=True),
        call.text(data, "med_list_codg", required=True),
    ]
    found = [row[0] for row in call.connection.execute(_REVOKED, values)]
    if not found:
        raise Refusal("match_unknown", "fixmedins_hilist_id", {"value": own_item})
    call.connection.execute(_RETIRE, [call.now, found])
