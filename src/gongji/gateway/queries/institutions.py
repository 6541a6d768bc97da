"""Institutions by code or by a part of their name (1201)."""

from typing import Any

from gongji.gateway.transactions import Call, transaction
from gongji.gateway.visits.settlement_fields import INSTITUTION
from gongji.gateway.wire.fields import fill
from gongji.refusals import Refusal

KINDS = {"hospital": "1", "pharmacy": "2"}
_FIND = """select code, name, uscc, kind, grade from institution
where (%(kind)s::text is null or kind = %(kind)s)
  and (%(code)s = '' or code = %(code)s)
  and (%(name)s = '' or position(%(name)s in name) > 0)
order by code limit %(most)s"""


@transaction("1201", nodes=("medinsinfo",))
def find_institutions(call: Call) -> dict[str, Any]:
    """The institutions that a code or a part of a name finds, at most a page of them."""
    node = call.one("medinsinfo")
    kind = call.choice(node, "fixmedins_type", "12345", required=False)
    code = call.text(node, "fixmedins_code", longest=12)
    name = call.text(node, "fixmedins_name", longest=200)
    if not code and not name:
        raise Refusal("field_missing", "fixmedins_name")
    wanted = next((ours for ours, theirs in KINDS.items() if theirs == kind), kind or None)
    values = {"kind": wanted, "code": code, "name": name, "most": call.settings.page_rows}
    rows = [
        fill(
            INSTITUTION,
            {
                "fixmedins_code": found[0],
                "fixmedins_name": found[1],
                "uscc": found[2],
                "fixmedins_type": KINDS[found[3]],
                "hosp_lv": found[4],
            },
        )
        for found in call.connection.execute(_FIND, values)
    ]
    return {INSTITUTION.name: rows}
