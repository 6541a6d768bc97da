"""What the gateway tells about visits, settlements and counters (5201 to 5206)."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.platform.gateways import (
    DAY,
    ITEMS,
    bill,
    certificate_of,
    line,
    number_of,
    opened,
    purchase,
)
from tests.platform.queries_county import Standing, refused

from gongji.gateway.visits import settlement_fields
from gongji.gateway.wire.fields import NODES, Empty, Node, fill, plain
from gongji.gateway.wire.personal_fields import FIELDS, HEARS, TOLD, Party, Telling
from gongji.platform.identity import mask_number
from gongji.refusals import Fault

DOCUMENTED = json.loads((Path(__file__).parent / "reply_fields.json").read_text())
"""The documented fields of every reply, by transaction and node."""
WINDOW = {"begntime": f"{DAY} 00:00:00", "endtime": DAY}


def _documented(table: Node) -> set[str]:
    # The details of a settlement are told as 2207 tells them.
    infno = "2207" if (table.infno, table.name) == ("5203", "setldetail") else table.infno
    return set(DOCUMENTED[infno][table.name])


OURS = [table for table in NODES if table.name not in ("result.txt",) and table.infno != "2502"]


@pytest.mark.parametrize("table", OURS, ids=lambda table: f"{table.infno}-{table.name}")
def test_every_documented_field_is_in_its_table(table: Node) -> None:
    further = {"dld_endtime"} if table.infno.startswith("13") else set()
    assert set(table.fields) - further == _documented(table)


def test_an_object_keeps_to_its_table() -> None:
    table = Node("0", "data", {"a": "somewhere", "b": Empty("never"), "c": Empty("0", number=True)})
    assert fill(table, {"a": None}) == {"a": "", "b": "", "c": 0}
    for wrong in ({}, {"a": "1", "b": "2"}, {"a": "1", "d": "2"}):
        with pytest.raises(Fault, match="字段表"):
            fill(table, wrong)
    assert plain(1_500_000, 6) == "1.5" and plain(2000, 3) == "2"


def test_every_personal_field_of_an_answer_has_its_place() -> None:
    with pytest.raises(ValueError, match="tel"):
        Node("5201", "data", {"tel": "as sent with 2201"})
    tables = [*NODES, *settlement_fields.NODES]
    used = {
        (table.infno, FIELDS[name]) for table in tables for name in table.filled & FIELDS.keys()
    }
    assert used == {(infno, kind) for infno, kinds in TOLD.items() for kind in kinds}
    seen = {told: {p for p in Party if told in HEARS[p]} for told in Telling}
    assert seen == {
        Telling.CLEAR: set(Party),
        Telling.PARTIES: {Party.SENDER, Party.RECEIVER},
        Telling.SENDER: {Party.SENDER},
        Telling.MASKED: set(),
    }


def test_an_institution_finds_its_own_visits_of_a_person(place: Standing) -> None:
    psn_no = place.insured()
    visit = opened(place.client, psn_no)
    asked = {"data": {"psn_no": psn_no, "med_type": "11", **WINDOW}}
    (found,) = place.client.do("5201", asked)["mdtrtinfo"]
    assert found["mdtrt_id"] == visit and found["psn_name"] == "测试甲"
    assert found["certno"] == mask_number(certificate_of(place.persons)) and found["age"] == 54
    assert found["dscg_maindiag_code"] == "J06.900" and found["otp_diag_info"] == "上呼吸道感染"
    assert found["begntime"] == f"{DAY} 09:00:00" and found["coner_name"] == ""
    assert found["ipt_days"] == 0 and found["chfpdr_name"] == "测试医生"
    assert place.other.do("5201", asked)["mdtrtinfo"] == []
    for field, value in (("med_type", "14"), ("begntime", "2024-12-19"), ("mdtrt_id", "99")):
        other = {"data": asked["data"] | {field: value, "endtime": "2024-12-31"}}
        assert place.client.do("5201", other)["mdtrtinfo"] == []


def test_a_span_has_an_end_after_its_beginning(place: Standing) -> None:
    psn_no = place.county.psn_no(1)
    asked = {"psn_no": psn_no, "med_type": "11", "begntime": DAY, "endtime": "2024-12-01"}
    refused(place.client, "dates_reversed", "5201", {"data": asked})
    asked |= {"begntime": "2019-01-01", "endtime": DAY}
    refused(place.client, "window_too_long", "5201", {"data": asked})
    refused(place.client, "field_missing", "5201", {"data": WINDOW | {"med_type": "11"}})


def test_the_diagnoses_of_an_own_visit_are_told(place: Standing) -> None:
    psn_no = place.insured()
    visit = opened(place.client, psn_no)
    asked = {"data": {"psn_no": psn_no, "mdtrt_id": visit}}
    (found,) = place.client.do("5202", asked)["diseinfo"]
    assert found["diag_name"] == "上呼吸道感染" and found["maindiag_flag"] == "1"
    assert found["diag_srt_no"] == 1 and found["diag_time"] == f"{DAY} 09:05:00"
    refused(place.other, "visit_unknown", "5202", asked)


def test_a_settlement_is_told_with_the_amounts_of_its_reply(place: Standing) -> None:
    psn_no = place.insured()
    visit = opened(
        place.client,
        psn_no,
        [
            {"det_item_fee_sumamt": "900.00", "pric": "450"},
            {"med_list_codg": ITEMS[1][0]},
            {"med_list_codg": ITEMS[2][0]},
        ],
    )
    done = place.client.do("2207", bill(psn_no, visit, "960.00", invono="FP1"))
    info, asked = done["setlinfo"], {"psn_no": psn_no, "mdtrt_id": visit}
    asked["setl_id"] = info["setl_id"]
    told = place.client.do("5203", {"data": asked})
    found = told["setlinfo"]
    renamed = {"psn_part_amt": "psn_pay", "psn_cash_pay": "cash_payamt"}
    assert found["certno"] == mask_number(info["certno"])
    unknown = {"exp_content", "hifdm_pay", "hosp_part_amt", "certno"}
    for name, value in info.items():
        if name not in unknown:
            assert found[renamed.get(name, name)] == value, name
    assert found["hifp_pay"] > 0 and found["fulamt_ownpay_amt"] == 30 and found["invono"] == "FP1"
    assert found["refd_setl_flag"] == "0" and found["lmtpric_hosp_lv"] == "2"
    assert found["fixmedins_poolarea"] == "430500" and found["mdtrt_cert_type"] == "02"
    assert [row["fund_payamt"] for row in told["setldetail"]] == [
        row["fund_payamt"] for row in done["setldetail"]
    ]
    refused(place.other, "settlement_unknown", "5203", {"data": asked})
    other = asked | {"psn_no": place.county.psn_no(1)}
    refused(place.client, "settlement_unknown", "5203", {"data": other})


def test_a_cancelled_settlement_says_so(place: Standing) -> None:
    psn_no = place.insured()
    info = place.settled(psn_no)
    asked = {"psn_no": psn_no, "mdtrt_id": info["mdtrt_id"], "setl_id": info["setl_id"]}
    undone = place.client.do("2208", {"data": asked})["setlinfo"]
    found = place.client.do("5203", {"data": asked})["setlinfo"]
    assert found["refd_setl_flag"] == "1" and found["medfee_sumamt"] == 30
    asked["setl_id"] = undone["setl_id"]
    found = place.client.do("5203", {"data": asked})["setlinfo"]
    assert found["refd_setl_flag"] == "1" and found["medfee_sumamt"] == -30


def test_what_is_printed_again_has_the_balance_of_its_settlement(place: Standing) -> None:
    """100,000 fen on the account; whatever is paid from it later, or comes back."""
    psn_no = place.insured()
    first = place.settled(psn_no)
    second = place.settled(psn_no)
    assert 1000 > first["balc"] > second["balc"]

    def balance(info: dict[str, Any]) -> float:
        asked = {"psn_no": psn_no, "mdtrt_id": info["mdtrt_id"], "setl_id": info["setl_id"]}
        found: float = place.client.do("5203", {"data": asked})["setlinfo"]["balc"]
        return found

    assert (balance(first), balance(second)) == (first["balc"], second["balc"])
    asked = {"psn_no": psn_no, "mdtrt_id": first["mdtrt_id"], "setl_id": first["setl_id"]}
    undone = place.client.do("2208", {"data": asked})["setlinfo"]
    assert undone["balc"] > second["balc"]
    assert (balance(first), balance(second)) == (first["balc"], second["balc"])
    assert balance(first | {"setl_id": undone["setl_id"]}) == undone["balc"]


def test_a_settlement_that_was_restored_is_no_longer_called_taken_back(place: Standing) -> None:
    psn_no = place.insured()
    info = place.settled(psn_no)
    asked = {"psn_no": psn_no, "mdtrt_id": info["mdtrt_id"], "setl_id": info["setl_id"]}
    place.client.do("2208", {"data": asked})
    (msgid,) = place.owner.execute(
        "select msg_id from inbox where kind = '2208' order by entry desc limit 1"
    ).fetchone() or ("",)
    assert place.client.do("5203", {"data": asked})["setlinfo"]["refd_setl_flag"] == "1"
    told = {"psn_no": psn_no, "omsgid": msgid, "oinfno": "2208"}
    place.client.do("2601", {"data": told})
    assert place.client.do("5203", {"data": asked})["setlinfo"]["refd_setl_flag"] == "0"


def test_fee_lines_come_as_an_array_and_add_to_the_settlement(place: Standing) -> None:
    psn_no = place.insured()
    visit = opened(
        place.client,
        psn_no,
        [
            {"rxno": "RX1"},
            {"med_list_codg": ITEMS[1][0], "cnt": "1.5", "pric": 20},
            {"med_list_codg": ITEMS[2][0]},
            {"med_list_codg": "UNKNOWN"},
        ],
    )
    asked: dict[str, Any] = {"psn_no": psn_no, "mdtrt_id": visit}
    before = place.client.do("5204", {"data": asked})
    assert [row["setl_id"] for row in before] == [""] * 4
    info = place.client.do("2207", bill(psn_no, visit, 120))["setlinfo"]
    rows = place.client.do("5204", {"data": asked | {"setl_id": info["setl_id"]}})
    for total, name in (
        ("fulamt_ownpay_amt", "fulamt_ownpay_amt"),
        ("overlmt_selfpay", "overlmt_amt"),
        ("preselfpay_amt", "preselfpay_amt"),
        ("inscp_scp_amt", "inscp_scp_amt"),
    ):
        assert info[total] == sum(row[name] for row in rows)
    assert rows[0]["rx_drord_no"] == "RX1" and rows[0]["fee_ocur_time"] == f"{DAY} 09:30:00"
    assert (rows[1]["cnt"], rows[1]["selfpay_prop"], rows[1]["chrgitm_lv"]) == (1.5, 0.1, "02")
    assert [row["selfpay_prop"] for row in rows[2:]] == [1, 1]
    assert rows[3]["hilist_name"] == "UNKNOWN" and rows[3]["med_chrgitm_type"] == "14"
    refused(place.other, "visit_unknown", "5204", {"data": asked})
    wrong = asked | {"setl_id": "999999"}
    refused(place.client, "settlement_unknown", "5204", {"data": wrong})


def test_the_drugs_of_chronic_care_are_told(place: Standing) -> None:
    psn_no = place.insured()
    place.county.fact(
        psn_no,
        "registration",
        "2024-01-01",
        key="M03900",
        benefit="chronic",
        disease="hypertension",
        name="高血压",
    )
    place.settled(psn_no)
    asked = {"data": {"psn_no": psn_no, **WINDOW}}
    assert place.client.do("5205", asked)["feedetail"] == []
    visit = str(place.client.do("2201", {"data": _registration(psn_no)})["data"]["mdtrt_id"])
    place.client.do(
        "2203",
        {
            "mdtrtinfo": {
                "mdtrt_id": visit,
                "psn_no": psn_no,
                "med_type": "14",
                "begntime": f"{DAY} 09:05:00",
                "dise_codg": "M03900",
                "dise_name": "高血压",
            }
        },
    )
    place.client.do("2204", {"feedetail": [line(psn_no, visit, 1, dise_codg="M03900")]})
    place.client.do("2207", bill(psn_no, visit, 30, med_type="14"))
    (found,) = place.client.do("5205", asked)["feedetail"]
    assert found["med_type"] == "14" and found["hilist_name"] == "测试品" and found["cnt"] == 2
    assert found["fixmedins_name"] == "测试"
    assert place.other.do("5205", asked)["feedetail"] == []


def _registration(psn_no: str) -> dict[str, str]:
    return {
        "psn_no": psn_no,
        "insutype": "310",
        "begntime": f"{DAY} 08:00:00",
        "ipt_otp_no": "OP9",
        "mdtrt_cert_type": "02",
        "mdtrt_cert_no": number_of(psn_no),
        "atddr_no": "D1",
        "dr_name": "测试医生",
        "dept_code": "01",
        "dept_name": "内科",
        "caty": "A03",
    }


def test_counters_add_the_journal_and_forget_what_was_cancelled(place: Standing) -> None:
    psn_no = place.insured()
    visit = opened(place.client, psn_no, [{"det_item_fee_sumamt": "900.00", "pric": "450"}])
    first = place.client.do("2207", bill(psn_no, visit, "900.00"))["setlinfo"]
    bought = place.pharmacy.do(
        "2102", purchase(psn_no, "30.00", [line(psn_no, "", 1, rx_circ_flag="0")])
    )["setlinfo"]
    second = place.settled(psn_no, place.other)
    asked = {"psn_no": psn_no, "mdtrt_id": second["mdtrt_id"], "setl_id": second["setl_id"]}
    place.other.do("2208", {"data": asked})
    rows = place.client.do("5206", {"data": {"psn_no": psn_no, "cum_ym": "202412"}})["cuminfo"]
    found = {row["cum_type_code"]: row["cum"] for row in rows}
    assert found["C0000"] == 2 and found["S0000"] == 930 and found["S0000_BIZ11"] == 900
    assert found["D310101"] == first["hifp_pay"] + bought["hifp_pay"] and found["D310101"] > 0
    assert found["D310201"] == pytest.approx(first["acct_pay"] + bought["acct_pay"])
    assert found["Q0000"] == first["act_pay_dedc"] + bought["act_pay_dedc"]
    assert {row["cum_ym"] for row in rows} == {"202412"}
    year = place.client.do("5206", {"data": {"psn_no": psn_no}})["cuminfo"]
    assert {row["cum_type_code"]: row["cum"] for row in year} == found
    before = place.client.do("5206", {"data": {"psn_no": psn_no, "cum_ym": "202411"}})["cuminfo"]
    assert {row["cum"] for row in before} == {0} and len(before) == 7
    for wrong in ("2024-12", "202413", "24"):
        given = {"psn_no": psn_no, "cum_ym": wrong}
        assert "yyyyMM" in refused(place.client, "value_invalid", "5206", {"data": given})
