"""Signing in and out (9001, 9002). Nothing else depends on it: real clients are too careless."""

import secrets
from typing import Any

from gongji.gateway.transactions import Call, show_instant, transaction
from gongji.gateway.visits.settlement_fields import SIGNED_IN, SIGNED_OUT
from gongji.gateway.wire.fields import fill
from gongji.refusals import Refusal

_DIGITS = 12


@transaction("9001", nodes=("signin",), changes=True)
def sign_in(call: Call) -> dict[str, Any]:
    """An operator's session begins."""
    node = call.one("signin")
    operator = call.text(node, "opter_no", required=True, longest=30)
    call.text(node, "mac", longest=60)
    call.text(node, "ip", longest=60)
    number = str(secrets.randbelow(9 * 10 ** (_DIGITS - 1)) + 10 ** (_DIGITS - 1))
    call.connection.execute(
        "insert into sign_in (sign_no, institution, operator, signed_in_at)"
        " values (%s, %s, %s, %s)",
        [number, call.institution, operator, call.now],
    )
    values = {"sign_time": show_instant(call.now), "sign_no": number}
    return {SIGNED_IN.name: fill(SIGNED_IN, values)}


@transaction("9002", nodes=("signout",), changes=True)
def sign_out(call: Call) -> dict[str, Any]:
    """An operator's session ends.

    Refuses: sign_in_unknown where it is not this institution's and operator's, or has ended.
    """
    node = call.one("signout")
    number = call.text(node, "sign_no", required=True, longest=30)
    operator = call.text(node, "opter_no", required=True, longest=30)
    ended = call.connection.execute(
        "update sign_in set signed_out_at = %s where sign_no = %s and institution = %s"
        " and operator = %s and signed_out_at is null",
        [call.now, number, call.institution, operator],
    )
    if not ended.rowcount:
        raise Refusal("sign_in_unknown", "sign_no", {"value": number})
    return {SIGNED_OUT.name: fill(SIGNED_OUT, {"sign_time": show_instant(call.now)})}
