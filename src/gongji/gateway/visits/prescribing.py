"""Prescriptions told by who wrote them (7103), and taken back (7104).

These transactions write their names in camel case; the input is read without regard to case.
"""

from datetime import timedelta
from typing import Any

from gongji.gateway.transactions import Call, Node, transaction
from gongji.gateway.visits import read_bills
from gongji.gateway.visits.settlement_fields import PRESCRIBED, UNPRESCRIBED
from gongji.gateway.wire.codes import in_fields
from gongji.gateway.wire.fields import fill
from gongji.refusals import Refusal
from gongji.settlement.prescriptions import (
    PrescriptionNamed,
    PrescriptionReport,
    report_prescription,
    withdraw_prescription,
)
from gongji.units import day_in_china

IN_FORCE, TAKEN_BACK = ("1", "有效"), ("3", "已撤销")
DAYS = 3
"""How long a prescription is good for where nothing else is told, its own day counted.

Law: 处方管理办法 第十八条.
"""


def _own(call: Call, node: Node) -> str:
    """The number of a prescription of the institution that asks.

    Refuses: value_invalid where another institution is named as its writer.
    """
    named = call.text(node, "fixmedinscode", required=True, longest=20)
    if named != call.institution:
        values = {"value": named, "allowed": f"本机构 {call.institution}"}
        raise Refusal("value_invalid", "fixmedinsCode", values)
    return call.text(node, "hirxno", required=True, longest=30)


@transaction("7103", changes=True)
def report(call: Call) -> dict[str, Any]:
    """A prescription; its last day may be told as valiEndTime of the extension (extras)."""
    node = call.one("data")
    number = _own(call, node)
    visit = read_bills.visit_number(call, node, "mdtrtid")
    since = day_in_china(call.instant(node, "pharchktime"))
    more = read_bills.extension({"exp_content": node.get("extras")})
    last = call.last_day(more, "valiendtime") or since + timedelta(days=DAYS - 1)
    content = PrescriptionReport(number, visit, since, last, call.key.msg_id)
    with in_fields(number="hiRxno", visit="mdtrtId", last="valiEndTime"):
        report_prescription(call.connection, content, actor=call.actor, now=call.now)
    return {"data": fill(PRESCRIBED, _state(number, IN_FORCE))}


@transaction("7104", changes=True)
def withdraw(call: Call) -> dict[str, Any]:
    """A prescription that was not filled is taken back."""
    number = _own(call, call.one("data"))
    with in_fields(number="hiRxno"):
        withdraw_prescription(
            call.connection, PrescriptionNamed(number), actor=call.actor, now=call.now
        )
    return {"data": fill(UNPRESCRIBED, _state(number, TAKEN_BACK))}


def _state(number: str, state: tuple[str, str]) -> dict[str, str]:
    return {"hiRxno": number, "rxStasCodg": state[0], "rxStasName": state[1]}
