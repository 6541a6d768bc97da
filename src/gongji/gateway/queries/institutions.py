"""Institutions by code or by a part of their name (1201)."""

from typing import Any

from gongji.gateway.transactions import Call, transaction
from gongji.gateway.visits.settlement_fields import INSTITUTION
from gongji.gateway.wire.fields import fill
from gongji.institutions.institution_rows import InstitutionsAsked, find_institutions
from gongji.refusals import Refusal

KINDS = {"hospital": "1", "pharmacy": "2"}


@transaction("1201", nodes=("medinsinfo",))
def query_institutions(call: Call) -> dict[str, Any]:
    """The institutions that a code or a part of a name finds, at most a page of them."""
    node = call.one("medinsinfo")
    kind = call.choice(node, "fixmedins_type", "12345", required=False)
    code = call.text(node, "fixmedins_code", longest=12)
    name = call.text(node, "fixmedins_name", longest=200)
    if not code and not name:
        raise Refusal("field_missing", "fixmedins_name")
    wanted = next((ours for ours, theirs in KINDS.items() if theirs == kind), kind or None)
    asked = InstitutionsAsked(wanted, code, name, call.settings.page_rows)
    rows = [
        fill(
            INSTITUTION,
            {
                "fixmedins_code": found.code,
                "fixmedins_name": found.name,
                "uscc": found.uscc,
                "fixmedins_type": KINDS[found.kind],
                "hosp_lv": found.grade,
            },
        )
        for found in find_institutions(call.connection, asked)
    ]
    return {INSTITUTION.name: rows}
