"""An institution's own items matched to national codes: uploaded (3301), revoked (3302)."""

from gongji.catalogue import item_matches
from gongji.catalogue.item_matches import ItemMatches, MatchedItem, MatchNamed
from gongji.gateway.transactions import Call, Node, transaction
from gongji.gateway.wire.codes import in_fields
from gongji.refusals import Refusal

DETAILS = ("aprvno", "dosform", "exct_cont", "item_cont", "prcunt", "spec", "pacspec", "memo")
LIST_TYPES = ("101", "102", "103", "104", "105", "106", "201", "301")
"""Kinds of the national catalogue (list_type)."""
_LONG = {"exct_cont": 2000, "item_cont": 2000}
MOST_ROWS = 2000
_FIELDS = {"item": "med_list_codg", "own_item": "fixmedins_hilist_id"}


@transaction("3301", changes=True)
def upload_matches(call: Call) -> None:
    """Keep all rows or none; a row for the same pair of codes takes the place of the earlier one.

    Refuses: lines_too_many, and what `match_items` refuses.
    """
    rows = tuple(_read(call, row) for row in call.many("data", required=True))
    if len(rows) > MOST_ROWS:
        raise Refusal("lines_too_many", "data", {"value": str(MOST_ROWS)})
    with in_fields(**_FIELDS):
        item_matches.match_items(call.connection, ItemMatches(rows), actor=call.actor, now=call.now)


def _read(call: Call, row: Node) -> MatchedItem:
    return MatchedItem(
        since=call.day(row, "begndate"),
        last=call.last_day(row, "enddate", required=True),
        own_item=call.text(row, "fixmedins_hilist_id", required=True, longest=150),
        own_name=call.text(row, "fixmedins_hilist_name", required=True, longest=200),
        list_type=call.choice(row, "list_type", LIST_TYPES),
        item=call.text(row, "med_list_codg", required=True, longest=50),
        details={
            name: text
            for name in DETAILS
            if (text := call.text(row, name, longest=_LONG.get(name, 500)))
        },
    )


@transaction("3302", changes=True)
def revoke_match(call: Call) -> None:
    """Take a match back.

    Refuses: institution_not_own, match_unknown.
    """
    data = call.one("data")
    named = call.text(data, "fixmedins_code", required=True)
    if named != call.institution:
        raise Refusal("institution_not_own", "fixmedins_code", {"value": named})
    content = MatchNamed(
        own_item=call.text(data, "fixmedins_hilist_id", required=True),
        list_type=call.text(data, "list_type", required=True),
        item=call.text(data, "med_list_codg", required=True),
    )
    with in_fields(**_FIELDS):
        item_matches.revoke_match(call.connection, content, actor=call.actor, now=call.now)
