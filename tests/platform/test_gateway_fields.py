"""The tables of the gateway name every documented field."""

import json
from pathlib import Path

import pytest

from gongji.gateway.handlers import SETTLED
from gongji.gateway.transactions import TRANSACTIONS
from gongji.gateway.visits.settlement_fields import NODES, SETLDETAIL, SETLINFO, SILENT
from gongji.gateway.visits.write_settlement import Form
from gongji.gateway.wire.fields import Empty, Node
from gongji.refusals import Fault

HERE = Path(__file__).parent
DOCUMENTED = json.loads((HERE / "reply_fields.json").read_text(encoding="utf-8"))
BEYOND = {
    ("2206", "setlinfo"): {"setl_id"},
    ("2206A", "setlinfo"): {"setl_id"},
    ("2101", "setlinfo"): {"setl_id"},
    ("2103", "setlinfo"): {"psn_pay", "cash_payamt"},
    ("2102", "detlcutinfo"): {"hosp_part_amt", "lmt_used_flag"},
}
"""Fields that some sources have beside the documented ones: sent by them or asked for by them."""
ASKED = (
    "9001 9002 9101 9102 1101 1201 1301 1302 1303 1305 1306 1307 1308 1309 1312 1317 1318 1319 2001"
    " 2101 2102 2103 2201 2202 2203 2204 2205 2203A 2206 2206A 2207 2207A 2208 2501 2502 2503 2504"
    " 2505 2506 2507 2601 3201 3202 3301 3302 5201 5202 5203 5204 5205 5206 5301 5302 5303 5304"
    " 7103 7104 GJ01"
)
"""The transactions of the interface, and the inpatient report of our own."""


def test_every_transaction_asked_for_is_answered() -> None:
    assert {*TRANSACTIONS, *SETTLED} == set(ASKED.split())
    assert not set(TRANSACTIONS) & SETTLED


@pytest.mark.parametrize("table", NODES, ids=lambda table: f"{table.infno} {table.name}")
def test_every_documented_field_has_a_source_or_a_reason(table: Node) -> None:
    documented = set(DOCUMENTED[table.infno][table.name])
    beyond = BEYOND.get((table.infno, table.name), set())
    assert set(table.fields) == documented | beyond
    for source in table.fields.values():
        assert source.reason if isinstance(source, Empty) else source


@pytest.mark.parametrize("infno", sorted(SETTLED | {"2208", "2103"}))
def test_every_node_of_a_settlement_has_a_table(infno: str) -> None:
    tables = {table.name for table in NODES if table.infno == infno} | {"setldetail"}
    shared = {"detlcutinfo"} if infno in ("2101", "2102") else set()
    assert set(DOCUMENTED[infno]) == tables | shared
    assert set(DOCUMENTED[infno]["setldetail"]) == set(SETLDETAIL.fields)


def test_transactions_without_an_output_are_told() -> None:
    assert all(not DOCUMENTED[infno] for infno in SILENT)


def test_a_reply_that_differs_from_its_table_is_a_fault() -> None:
    form = Form(SETLDETAIL)
    sound = dict.fromkeys(SETLDETAIL.filled, "1")
    assert form.fill(sound) == sound and list(form.fill(sound)) == list(SETLDETAIL.fields)
    for wrong in (sound | {"balc": "1"}, dict(list(sound.items())[1:])):
        with pytest.raises(Fault):
            form.fill(wrong)
    assert Form(SETLINFO["2207"])
