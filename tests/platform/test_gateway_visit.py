"""A visit at the gateway, over HTTP, as a hospital system speaks."""

import random
from typing import Any

import psycopg
import pytest
from tests.platform import gateways
from tests.platform.counter import Counter
from tests.platform.gateways import ITEMS, Client, bill, line, opened, registration, says


@pytest.fixture
def psn_no(county: Counter) -> str:
    """An active person with an account and a spouse's account."""
    return county.psn_no(1)


IDENTITIES = (
    (("medfee_sumamt",), ("fund_pay_sumamt", "psn_part_amt", "hosp_part_amt")),
    (("psn_part_amt",), ("acct_pay", "psn_cash_pay")),
    (
        ("fund_pay_sumamt",),
        (
            "hifp_pay",
            "cvlserv_pay",
            "hifes_pay",
            "hifmi_pay",
            "hifob_pay",
            "maf_pay",
            "hifdm_pay",
            "oth_pay",
        ),
    ),
    (
        ("medfee_sumamt",),
        ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt"),
    ),
)
"""Section 8 of the fact sheet: what adds up to what."""


def assert_identities(info: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    """The amounts of a settlement add up, to the fen."""
    fen = {name: round(value * 100) for name, value in info.items() if _is_amount(name, value)}
    for wholes, parts in IDENTITIES:
        named = [fen.get(name, 0) for name in wholes], [fen.get(name, 0) for name in parts]
        assert sum(named[0]) == sum(named[1]), (wholes, parts, info)
    assert abs(fen["acct_mulaid_pay"]) <= abs(fen["acct_pay"])
    of_funds = [row for row in rows if row["fund_pay_type"] not in ("310200", "999996")]
    assert sum(round(row["fund_payamt"] * 100) for row in of_funds) == fen["fund_pay_sumamt"]
    of_accounts = [row for row in rows if row["fund_pay_type"] == "310200"]
    assert sum(round(row["fund_payamt"] * 100) for row in of_accounts) == fen["acct_pay"]
    assert all(row["inscp_scp_amt"] == info["inscp_scp_amt"] for row in rows)


def _is_amount(name: str, value: Any) -> bool:
    return isinstance(value, int | float) and name not in ("age", "pool_prop_selfpay")


def test_a_visit_is_registered_billed_tried_settled_and_cancelled(
    client: Client, psn_no: str, owner: psycopg.Connection[Any]
) -> None:
    visit = opened(client, psn_no, [{}, {"med_list_codg": ITEMS[1][0]}])
    tried = client.do("2206", bill(psn_no, visit, "60.00"))["setlinfo"]
    msgid = client.msgid()
    output = client.do("2207", bill(psn_no, visit, 60), msgid)
    done = output["setlinfo"]
    amounts = [name for name, value in done.items() if isinstance(value, int | float)]
    assert {name: tried[name] for name in amounts} == {name: done[name] for name in amounts}
    assert tried["setl_id"] == tried["setl_time"] == tried["clr_way"] == ""
    assert done["preselfpay_amt"] == 3 and done["inscp_scp_amt"] == 57
    assert done["medins_setl_id"] == msgid and done["certno"] == gateways.certificate_of(1)
    assert (done["psn_type"], done["clr_type"], done["clr_optins"]) == ("11", "11", "430599")
    assert (done["age"], done["brdy"], done["setl_time"]) == (
        54,
        "1970-05-06",
        "2024-12-20 10:00:00",
    )
    assert_identities(done, output["setldetail"])
    assert done["balc"] == round(500 - done["acct_pay"], 2)
    (entries,) = owner.execute("select count(*) from entry").fetchone() or ()
    assert entries == 1, "a trial stores nothing"
    undone = client.do(
        "2208", {"data": {"psn_no": psn_no, "mdtrt_id": visit, "setl_id": done["setl_id"]}}
    )
    info = undone["setlinfo"]
    assert_identities(info, undone["setldetail"])
    negated = [name for name in amounts if name not in ("age", "balc", "pool_prop_selfpay")]
    assert {name: -info[name] for name in negated} == {name: done[name] for name in negated}
    assert info["balc"] == 500 and info["setl_id"] != done["setl_id"] and info["med_type"] == "11"
    assert "已" in client.refused(
        "2208", {"data": {"psn_no": psn_no, "mdtrt_id": visit, "setl_id": done["setl_id"]}}
    )
    again = client.do("2207", bill(psn_no, visit, 60))["setlinfo"]
    assert {name: again[name] for name in negated} == {name: done[name] for name in negated}


def test_lines_are_split_and_classified(client: Client, county: Counter) -> None:
    psn_no = county.psn_no(4)
    visit = str(client.do("2201", registration(psn_no))["data"]["mdtrt_id"])
    rows = [
        line(
            psn_no,
            visit,
            1,
            med_list_codg=ITEMS[1][0],
            cnt=1,
            pric=4.52,
            det_item_fee_sumamt="4.52",
        ),
        line(psn_no, visit, 2, med_list_codg=ITEMS[2][0]),
        line(psn_no, visit, 3, med_list_codg=ITEMS[3][0], hosp_appr_flag="1"),
        line(psn_no, visit, 4, med_list_codg=ITEMS[3][0]),
        line(psn_no, visit, 5, med_list_codg="T000000"),
    ]
    found = client.do("2204", {"feedetail": rows})["result"]
    names = (
        "chrgitm_lv",
        "selfpay_prop",
        "pric_uplmt_amt",
        "fulamt_ownpay_amt",
        "overlmt_amt",
        "preselfpay_amt",
        "inscp_scp_amt",
        "lmt_used_flag",
    )
    assert [tuple(row[name] for name in names) for row in found] == [
        ("02", 0.1, 999999, 0, 0, 0.45, 4.07, "0"),
        ("03", 1, 999999, 30, 0, 0, 0, "0"),
        ("02", 0.2, 10, 0, 10, 4, 16, "1"),
        ("02", 1, 999999, 30, 0, 0, 0, "1"),
        ("03", 1, 999999, 30, 0, 0, 0, "0"),
    ]
    assert [row["feedetl_sn"] for row in found] == ["1", "2", "3", "4", "5"]
    info = client.do("2207", bill(psn_no, visit, "124.52"))["setlinfo"]
    assert (info["fulamt_ownpay_amt"], info["overlmt_selfpay"]) == (90, 10)
    assert (info["preselfpay_amt"], info["inscp_scp_amt"]) == (4.45, 20.07)


def test_wrong_class_totals_warn_and_a_wrong_sum_is_refused(
    client: Client, county: Counter
) -> None:
    psn_no = county.psn_no(4)
    visit = opened(client, psn_no, [{"med_list_codg": ITEMS[2][0]}])
    said = client.refused("2207", bill(psn_no, visit, "30.01"))
    assert says("total_differs", said) and "30.01" in said and "30.00" in said
    reply = client.ask("2207", bill(psn_no, visit, "30"))
    assert reply["infcode"] == 0 and "全自费" in reply["warn_msg"] and "30.00" in reply["warn_msg"]


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"insutype": "390"}, "insutype_not_served", "390"),
        ({"psn_setlway": "02"}, "quota_not_served", "02"),
        ({"acct_used_flag": "3"}, "value_invalid", "acct_used_flag"),
        ({"acct_used_flag": ""}, "field_missing", "acct_used_flag"),
        ({"medfee_sumamt": "3O.00"}, "amount_invalid", "medfee_sumamt"),
        ({"medfee_sumamt": -30}, "amount_negative", "-30"),
        ({"medfee_sumamt": "1e30"}, "amount_too_large", "medfee_sumamt"),
        ({"medfee_sumamt": 30.005}, "amount_invalid", "30.005"),
        ({"mdtrt_id": "990001000001"}, "visit_unknown", "990001000001"),
        ({"mdtrt_id": "OP-17"}, "value_invalid", "mdtrt_id"),
        ({"chrg_bchno": "7"}, "batch_unknown", "7"),
        ({"med_type": "21"}, "med_type_unsupported", "21"),
    ],
)
def test_a_bill_that_is_wrong_is_refused_in_one_sentence(
    client: Client,
    county: Counter,
    owner: psycopg.Connection[Any],
    changes: dict[str, Any],
    code: str,
    said: str,
) -> None:
    psn_no = county.psn_no(5)
    visit = opened(client, psn_no)
    before = owner.execute("select count(*) from entry").fetchone()
    sentence = client.refused("2207", bill(psn_no, visit, 30, **changes))
    assert says(code, sentence) and said in sentence and "\n" not in sentence
    assert owner.execute("select count(*) from entry").fetchone() == before


@pytest.mark.parametrize(
    ("flag", "own", "family"),
    [
        ("0", False, False),
        (1, True, False),
        ("01", True, False),
        ("2", True, True),
        ("02", True, True),
    ],
)
def test_the_account_flag_says_which_accounts_pay(
    client: Client, county: Counter, flag: Any, own: bool, family: bool
) -> None:
    psn_no = county.psn_no(1)
    visit = opened(client, psn_no, [{"cnt": 100, "det_item_fee_sumamt": 1500}])
    output = client.do("2206", bill(psn_no, visit, 1500, acct_used_flag=flag))
    info = output["setlinfo"]
    assert_identities(info, output["setldetail"])
    assert (info["acct_pay"] > info["acct_mulaid_pay"]) == own
    assert (info["acct_mulaid_pay"] > 0) == family
    codes = {row["fund_pay_type"] for row in output["setldetail"]}
    assert ("310200" in codes) == own and "310100" in codes


def test_a_retired_civil_servant_is_told_as_one(client: Client, county: Counter) -> None:
    psn_no = county.psn_no(2)
    visit = opened(client, psn_no)
    info = client.do("2206", bill(psn_no, visit, 30))["setlinfo"]
    assert info["cvlserv_flag"] == "1" and info["psn_type"] == "12"


def test_the_identities_hold_on_random_visits(client: Client, county: Counter) -> None:
    chance = random.Random(20241218)
    for number in range(12):
        psn_no = county.psn_no(chance.randint(1, 6))
        rows = []
        for _ in range(chance.randint(1, 6)):
            price, count = chance.randint(1, 60_000), chance.randint(1, 9)
            rows.append(
                {
                    "med_list_codg": chance.choice(ITEMS)[0],
                    "pric": price / 100,
                    "cnt": count,
                    "det_item_fee_sumamt": price * count / 100,
                    "hosp_appr_flag": chance.choice("012"),
                }
            )
        visit = opened(client, psn_no, rows)
        total = round(sum(row["det_item_fee_sumamt"] for row in rows), 2)
        sent = bill(psn_no, visit, total, acct_used_flag=chance.choice("012"))
        tried, done = client.do("2206", sent), client.do("2207", sent)
        assert_identities(done["setlinfo"], done["setldetail"])
        assert tried["setlinfo"]["psn_cash_pay"] == done["setlinfo"]["psn_cash_pay"], number


def test_a_registration_and_lines_are_taken_back(client: Client, county: Counter) -> None:
    psn_no = county.psn_no(6)
    visit = opened(client, psn_no)
    taken = {"psn_no": psn_no, "mdtrt_id": visit, "ipt_otp_no": "OP1"}
    assert client.do("2205", {"data": taken | {"chrg_bchno": "0000"}}) is None
    assert client.do("2202", {"data": taken}) is None
    assert "撤销" in client.refused("2204", {"feedetail": [line(psn_no, visit, 1)]})


def test_the_rows_of_an_upload_are_of_one_batch(client: Client, county: Counter) -> None:
    psn_no = county.psn_no(6)
    visit = opened(client, psn_no)
    rows = [line(psn_no, visit, 2, "2"), line(psn_no, visit, 3, "3")]
    said = client.refused("2204", {"feedetail": rows})
    assert says("rows_differ", said) and "chrg_bchno" in said
    said = client.refused("2204", {"feedetail": [line(psn_no, visit, 2, "0000")]})
    assert says("batch_number_invalid", said) and "0000" in said
    row = line(psn_no, visit, 2, "2", cnt="two")
    assert "第 1 行" in client.refused("2204", {"feedetail": [row]})


def test_2203A_tells_who_prescribed(client: Client, county: Counter) -> None:
    psn_no = county.psn_no(6)
    visit = str(client.do("2201", registration(psn_no))["data"]["mdtrt_id"])
    sent = gateways.description(psn_no, visit, rxfixmedinsCode=gateways.OTHER, geso_val=1)
    assert client.do("2203A", sent) is None
    row = line(psn_no, visit, 1, rx_circ_flag="1", rxno="RX1")
    client.do("2204", {"feedetail": [row]})
    row = line(psn_no, visit, 2, "2", rx_circ_flag="1")
    assert "rxno" in client.refused("2204", {"feedetail": [row]})


def test_a_reversal_undoes_a_settlement_whose_answer_was_lost(
    client: Client, county: Counter
) -> None:
    psn_no = county.psn_no(5)
    visit = opened(client, psn_no)
    msgid = client.msgid()
    before = client.do("2206", bill(psn_no, visit, 30))["setlinfo"]
    client.do("2207", bill(psn_no, visit, 30), msgid)
    asked = {"data": {"psn_no": psn_no, "omsgid": msgid, "oinfno": "2207"}}
    reply = client.ask("2601", asked)
    assert reply["infcode"] == 0 and reply["output"] is None
    assert client.do("2206", bill(psn_no, visit, 30))["setlinfo"]["balc"] == before["balc"]
    assert client.refused("2601", asked)
    assert "2204" in client.refused(
        "2601", {"data": {"psn_no": psn_no, "omsgid": msgid, "oinfno": "2204"}}
    )


def test_a_reversal_that_comes_first_bars_the_late_original(
    client: Client, county: Counter
) -> None:
    psn_no = county.psn_no(5)
    visit = opened(client, psn_no)
    msgid = client.msgid()
    reply = client.ask("2601", {"data": {"psn_no": psn_no, "omsgid": msgid, "oinfno": "2207"}})
    assert reply["infcode"] == 0 and msgid in reply["warn_msg"]
    assert says("message_barred", client.refused("2207", bill(psn_no, visit, 30), msgid))
    assert client.do("2207", bill(psn_no, visit, 30))["setlinfo"]["setl_id"]


def test_2206A_and_2207A_are_the_same_under_other_numbers(client: Client, county: Counter) -> None:
    psn_no = county.psn_no(4)
    visit = opened(client, psn_no)
    tried = client.do("2206A", bill(psn_no, visit, 30))["setlinfo"]
    done = client.do("2207A", bill(psn_no, visit, 30))["setlinfo"]
    assert done["setl_id"] and tried["psn_cash_pay"] == done["psn_cash_pay"]


def test_a_stranger_s_number_is_masked(client: Client, county: Counter) -> None:
    visit = opened(client, county.psn_no(5))
    sentence = client.refused("2207", bill("43050000000000009999", visit, 30))
    assert "4305************9999" in sentence


def test_a_registration_fee_as_a_client_of_chongqing_sends_it(
    client: Client, county: Counter
) -> None:
    """The shape of samples/req-cq-2207.json: local fields, numbers bare, keys in no order."""
    psn_no = county.psn_no(4)
    visit = opened(client, psn_no, [{"pric": 9, "cnt": 1, "det_item_fee_sumamt": 9}])
    data = {
        "medfee_sumamt": 9,
        "mdtrt_id": visit,
        "med_type": "12",
        "fulamt_ownpay_amt": 0,
        "mdtrt_cert_no": "E00000001",
        "chrg_bchno": 1,
        "insutype": "310",
        "inscp_scp_amt": 9,
        "invono": "2025092414556",
        "psn_setlway": "01",
        "return_invono": "",
        "psn_no": psn_no,
        "mdtrt_cert_type": "03",
        "overlmt_selfpay": 0,
        "preselfpay_amt": 0,
        "acct_used_flag": "1",
        "return_date": "",
    }
    reply = client.ask(
        "2207",
        {"data": data},
        infver="1",
        recer_sys_code="YBXT",
        signtype="",
        serv_code="<vendor code>",
        serv_sign="<vendor id>",
    )
    assert reply["infcode"] == 0
    told = "统筹基金支付0.00元：政策范围内费用中的9.00元计入起付标准，没有超过起付标准的部分"
    assert reply["warn_msg"] == f"{told}〔湖南省2023年6月1日起门诊统筹标准 普通门诊统筹〕"
    info = reply["output"]["setlinfo"]
    assert (info["med_type"], info["mdtrt_cert_type"], info["medfee_sumamt"]) == ("12", "03", 9)
