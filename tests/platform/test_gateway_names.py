"""What the gateway asks a request for are names of the interface, and no others."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from tests.platform import mutations
from tests.platform.gateways import AREA, ITEMS, OTHER, PHARMACY, Client
from tests.platform.queries_county import Standing

import gongji.gateway
from gongji.gateway.handlers import SETTLED
from gongji.gateway.transactions import TRANSACTIONS, Call
from gongji.gateway.visits import stays

DOCUMENTED: dict[str, dict[str, Any]] = json.loads(
    Path(__file__).with_name("request_fields.json").read_text(encoding="utf-8")
)
BEYOND = {
    "*": {"exp_content", "expcontent", "rxfixmedinscode", "rxfixmedinsname", "rxfilename"}
    | {"rxexpcontent", "rel_ttp_flag", "resc_flag"},
    "2101": {"drug_trac_info", "durg_trac_info", "hosp_appr_flag"},
    "2102": {"drug_trac_info", "durg_trac_info", "hosp_appr_flag"},
    "7103": {"valiendtime"},
}
"""Fields that some provinces have beside the documented ones; none of them is demanded."""
EITHER = {"1201"}
"""Transactions that ask for one of two fields, neither of which is demanded by itself."""
PURCHASES = ("2101", "2102", "2103")
ASKED_FOR = sorted({*TRANSACTIONS, *SETTLED} - {stays.INFNO})
READERS = frozenset(
    {"text", "fen", "scaled", "whole", "instant", "day", "end", "last_day", "choice"}
)
"""The readers of a call, whose second argument is the name of a field."""


def documented(infno: str) -> set[str]:
    """Every field of a transaction's request, as the gateway looks it up."""
    nodes = DOCUMENTED[infno].values()
    return {field[0].lower() for _, fields in nodes for field in fields}


def conforming(place: Standing, infno: str) -> dict[str, Any]:
    """A request with every documented field."""
    real = {
        "psn_no": [place.insured()],
        "fixmedins_code": [OTHER],
        "reflin_medins_no": [OTHER],
        "ide_fixmedins_no": [OTHER],
        "med_list_codg": [ITEMS[0][0]],
        "insu_optins": [AREA],
        "insu_admdvs": [AREA],
        "mdtrtarea_admdvs": [AREA],
        "refl_type": ["1"],
        "chk_pay_flag": ["1"],
        "mdtrt_id": ["1"],
        "setl_id": ["1"],
        "opsp_dise_code": ["M03900"],
        "begndate": ["2024-12-01"],
        "enddate": ["2025-01-31"],
    }
    stream = mutations.Stream(1, real, lambda _, given: {"input": given})
    made = {}
    for name, (multiple, fields) in DOCUMENTED[infno].items():
        every = [(*field[:3], True) for field in fields]
        node = stream._object(every, {})
        made[name] = [node] if multiple else node
    return made


def least(infno: str, sent: dict[str, Any]) -> dict[str, Any]:
    """A request with nothing but what the interface demands."""
    made: dict[str, Any] = {}
    for name, (multiple, fields) in DOCUMENTED[infno].items():
        given = sent[name][0] if multiple else sent[name]
        node = {field[0]: given[field[0]] for field in fields if field[3]}
        made[name] = [node] if multiple else node
    return made


@pytest.mark.parametrize("infno", ASKED_FOR)
def test_a_request_is_asked_for_documented_fields_only(
    place: Standing, infno: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: set[str] = set()
    read = Call.text

    def remember(call: Call, node: Any, name: str, *rest: Any, **more: Any) -> str:
        if call.infno == infno:  # A certificate is read before, where it has to be.
            asked.add(name)
        return read(call, node, name, *rest, **more)

    monkeypatch.setattr(Call, "text", remember)
    client = Client(place.port, PHARMACY) if infno in PURCHASES else place.client
    sent = conforming(place, infno)
    reply = client.ask(infno, sent)
    known = documented(infno) | BEYOND["*"] | BEYOND.get(infno, set())
    assert asked and asked <= known, asked - known
    assert "缺少" not in (reply["err_msg"] or ""), reply["err_msg"]
    if infno not in EITHER:
        reply = client.ask(infno, least(infno, sent))
        assert "缺少" not in (reply["err_msg"] or ""), reply["err_msg"]


def test_no_module_of_the_gateway_reads_a_field_that_no_transaction_has() -> None:
    known = set().union(*map(documented, DOCUMENTED)) | set(stays.FIELDS)
    known |= set().union(*BEYOND.values())
    unknown = []
    for path in sorted(Path(gongji.gateway.__path__[0]).rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)):
                continue
            if call.func.attr not in READERS or len(call.args) < 2:
                continue
            name = call.args[1]
            if isinstance(name, ast.Constant) and name.value not in known:
                unknown.append((path.name, call.lineno, name.value))
    assert not unknown
