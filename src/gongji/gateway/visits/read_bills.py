"""What a client sends to be priced or settled, read into the names of gongji.

Fields that nothing here asks for are kept with the line or the visit, so that queries repeat them.
"""

from typing import Any

import msgspec

from gongji.gateway.queries.reach import check_bearer
from gongji.gateway.transactions import PRIVATE, Call, Node, normalise, same_code, show_instant
from gongji.gateway.wire.codes import care_of
from gongji.refusals import Refusal
from gongji.settlement import visits
from gongji.settlement.contract import (
    FAMILY_ACCOUNTS,
    NO_ACCOUNT,
    OWN_ACCOUNT,
    Line,
    Purchase,
    Request,
)
from gongji.settlement.price_bills import FEE_TIME, OUTSIDE_PRESCRIPTION
from gongji.settlement.routes import RESCUE_CARE, URGENT_CARE
from gongji.units import MAX_FEN, QUANTITY_DECIMALS

EMPLOYEE = "310"
PRESCRIBER = "rxfixmedinscode"
"""The field that names the institution which wrote a prescription."""
QUOTA = "02"
ACCOUNTS = {"0": NO_ACCOUNT, "1": OWN_ACCOUNT, "2": FAMILY_ACCOUNTS}
TRIALS = frozenset({"2206", "2206A", "2101"})
HOSPITAL_BILLS = frozenset({"2206", "2206A", "2207", "2207A"})
PURCHASES = frozenset({"2101", "2102"})
DECLARED = ("overlmt_selfpay", "fulamt_ownpay_amt", "preselfpay_amt", "inscp_scp_amt")
"""The class totals that a client sends along: above the standard, wholly own, first, in scope."""

_TOLD = {"rel_ttp_flag": "third_party"}
"""Field of the extension -> what only the institution knows, as a fact of the visit."""
_RESCUE_MARK = "resc_flag"
"""Field of the extension by which an institution marks an emergency (急诊) as rescue (急救抢救).

Law:     云浮 第十七条 lets 急救和抢救 go to any institution; an emergency that nobody
         marks so is ordinary care.
"""
_OWN_NAMES = frozenset(
    {"feedetl_sn", "med_list_codg", "medins_list_codg", "det_item_fee_sumamt", "cnt", "pric"}
    | {"mdtrt_id", "psn_no", "chrg_bchno"}
)
_MOST_LINES = 5000
_MOST_BATCHES = 100
_MOST_QUANTITY = 10**9
_MOST_PRICE = MAX_FEN // 100
"""In yuan: what any amount may be."""
_DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=str)


def check_insurance(call: Call, node: Node) -> None:
    """The insurance is the employees'.

    Refuses: field_missing, insutype_not_served.
    """
    value = call.text(node, "insutype", required=True)
    if value != EMPLOYEE:
        raise Refusal("insutype_not_served", "insutype", {"value": value[:6]})


def visit_number(call: Call, node: Node, name: str = "mdtrt_id") -> int:
    """A number that this platform gave out (mdtrt_id, setl_id).

    Refuses: field_missing, value_invalid.
    """
    text = call.text(node, name, required=True, longest=30)
    if not (text.isascii() and text.isdigit()) or int(text) >= 1 << 63:
        raise Refusal("value_invalid", name, {"value": text, "allowed": "本平台给出的编号（数字）"})
    return int(text)


def accounts(call: Call, node: Node) -> str:
    """Which accounts may pay; the flag is written 0, 1, 2 or 00, 01, 02."""
    value = call.text(node, "acct_used_flag", required=True)
    found = ACCOUNTS.get(value.lstrip("0") or "0")
    if found is None:
        allowed = "0（不使用）、1（本人账户）、2（共济账户）"
        raise Refusal("value_invalid", "acct_used_flag", {"value": value[:10], "allowed": allowed})
    return found


def extension(node: Node) -> Node:
    """The free extension of a node (exp_content, expContent): an object, or JSON in a text.

    Refuses: value_invalid for an object that cannot be read: what it tells must not be taken for
             untold.
    """
    value = node.get("exp_content") or node.get("expcontent")
    if isinstance(value, str) and value.startswith("{"):
        try:
            value = normalise(_DECODER.decode(value))
        except (ValueError, RecursionError):
            values = {"value": "{…", "allowed": "完整的 JSON 对象"}
            raise Refusal("value_invalid", "exp_content", values) from None
    return value if isinstance(value, dict) else {}


def told(call: Call, node: Node) -> dict[str, str]:
    """What the extension says happened, by fact column."""
    found = extension(node)
    return {column: "true" for name, column in _TOLD.items() if _flagged(call, found, name)}


def _flagged(call: Call, found: Node, name: str) -> bool:
    """Whether a flag of an extension is set.

    Refuses: value_invalid where it says neither yes nor no, which must not be taken for no.
    """
    return call.choice(found, name, ("0", "1"), False, "0") == "1"


_MOST_SAID, _LONGEST_SAID = 100, 200


def said(node: Node) -> dict[str, str]:
    """The fields of a node and of its extension that an area's document may read."""
    return {
        name: value
        for name, value in (node | extension(node)).items()
        if isinstance(value, str) and len(value) <= _LONGEST_SAID and name not in PRIVATE
    }


def said_beside(node: Node) -> dict[str, str]:
    """The fields of a node's extension that an area's document may read later on."""
    found = said(extension(node))
    return dict(list(found.items())[:_MOST_SAID])


def read_request(call: Call) -> Request:
    """The bill of 2206, 2206A, 2207, 2207A, 2101 or 2102.

    Refuses: insutype_not_served, quota_not_served and what the readers refuse.
    """
    return _purchase(call) if call.infno in PURCHASES else _hospital_bill(call)


def _hospital_bill(call: Call) -> Request:
    node = call.one("data")
    check_insurance(call, node)
    if same_code(QUOTA, call.text(node, "psn_setlway")):
        raise Refusal("quota_not_served", "psn_setlway", {"value": QUOTA})
    trial = call.infno in TRIALS
    declared = None
    if not trial and any(node.get(name) is not None for name in DECLARED):
        above, own, first, scope = (call.fen(node, name, negative=True) for name in DECLARED)
        declared = (above, own, first, scope)
    return Request(
        key=call.key,
        psn_no=call.text(node, "psn_no", required=True, longest=30),
        med_type=_care(call, node),
        total_fen=call.fen(node, "medfee_sumamt", required=True),
        accounts=accounts(call, node),
        visit=visit_number(call, node),
        batch=_batches(call, node),
        declared=declared,
        trial=trial,
        facts=told(call, node),
        said=said(node),
    )


def _care(call: Call, node: Node) -> str:
    """The kind of care; an emergency that is marked as rescue is rescue."""
    care = care_of(call.text(node, "med_type", required=True, longest=6))
    marked = care == URGENT_CARE and _flagged(call, extension(node), _RESCUE_MARK)
    return RESCUE_CARE if marked else care


def _batches(call: Call, node: Node) -> str:
    """The batches that are settled, as they were sent: one, several, or every one of the visit.

    Shape:   empty or 0000 is every one that is not settled; several are apart by commas, or an
             array of texts.
    """
    sent = node.get("chrg_bchno")
    if isinstance(sent, list) and all(isinstance(one, str) for one in sent):
        sent = ",".join(sent)
    return call.text({"chrg_bchno": sent}, "chrg_bchno", longest=_MOST_BATCHES * 31)


def _purchase(call: Call) -> Request:
    node = call.one("druginfo")
    check_insurance(call, node)
    check_bearer(call, node, call.text(node, "psn_no", longest=30))
    if not call.institution.startswith("P"):
        values = {
            "value": call.institution,
            "reason": "药店交易只由定点零售药店（代码以 P 开头）办理",
        }
        raise Refusal("institution_kind", "fixmedins_code", values)
    med_type = care_of(call.text(node, "med_type", required=True, longest=6))
    details: dict[str, Any] = {
        name: node[name]
        for name in ("dise_name", "invono", "mdtrt_cert_type", "exp_content")
        if node.get(name) is not None
    }
    prescriber = node.get(PRESCRIBER) or extension(node).get(PRESCRIBER)
    if isinstance(prescriber, str):
        details[visits.PRESCRIBER] = prescriber[:12]
    traced = call.many("drug_trac_info") or call.many("durg_trac_info")
    if traced:
        details["drug_trac_info"] = traced
    purchase = Purchase(
        begun_at=call.instant(node, "begntime"),
        med_type=med_type,
        disease=call.text(node, "dise_codg", longest=30),
        lines=read_lines(call, call.many("drugdetail"), details.get(visits.PRESCRIBER, "")),
        details=details,
    )
    return Request(
        key=call.key,
        psn_no=call.text(node, "psn_no", required=True, longest=30),
        med_type=med_type,
        total_fen=call.fen(node, "medfee_sumamt", required=True),
        accounts=accounts(call, node),
        purchase=purchase,
        trial=call.infno in TRIALS,
        facts=told(call, node),
        said=said(node),
    )


def read_lines(call: Call, rows: list[Node], prescriber: str = "") -> tuple[Line, ...]:
    """Fee lines as they were sent; `prescriber` stands for prescriptions that name none.

    Refuses: lines_too_many and what the readers refuse, naming the row.
    """
    if len(rows) > _MOST_LINES:
        raise Refusal("lines_too_many", "feedetail", {"value": str(_MOST_LINES)})
    made = []
    for number, row in enumerate(rows, start=1):
        try:
            made.append(_line(call, row, prescriber))
        except Refusal as error:
            values = {"value": f"第 {number} 行", "reason": str(error)}
            raise Refusal("line_invalid", error.field, values) from None
    return tuple(made)


def _line(call: Call, row: Node, prescriber: str) -> Line:
    approved = call.choice(row, "hosp_appr_flag", "012", required=False, default="0")
    prescription = call.text(row, "rxno", longest=30)
    named = row.get(PRESCRIBER) or extension(row).get(PRESCRIBER) or prescriber
    read = {FEE_TIME: show_instant(call.instant(row, FEE_TIME, required=False))}
    if same_code("1", call.text(row, OUTSIDE_PRESCRIPTION)):
        read[OUTSIDE_PRESCRIPTION] = "1"
    return Line(
        serial=call.text(row, "feedetl_sn", required=True, longest=30),
        item=call.text(row, "med_list_codg", required=True, longest=50),
        quantity_e4=call.scaled(row, "cnt", QUANTITY_DECIMALS, required=True, most=_MOST_QUANTITY),
        price_micro=call.scaled(row, "pric", 6, required=True, most=_MOST_PRICE),
        amount_fen=call.fen(row, "det_item_fee_sumamt", required=True, negative=True),
        own_item=call.text(row, "medins_list_codg", longest=150),
        prescription=prescription,
        prescriber=named[:12] if prescription and isinstance(named, str) else "",
        approved=approved,
        details={
            name: value
            for name, value in (row | read).items()
            if value is not None and name not in _OWN_NAMES
        },
    )
