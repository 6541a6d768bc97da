"""What the gateway says where nothing is paid, nothing is known or nothing is offered."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from tests.platform import gateways
from tests.platform.counter import Counter
from tests.platform.gateways import DAY, ITEMS, PHARMACY, Client, bill, description, line, opened
from tests.platform.queries_county import Standing, refused
from tests.platform.test_area_facts import AREA, RULES
from tests.platform.test_gateway_entitlement import funds

from gongji.law.engine.areas import Areas

ARTICLE = "〔湖南省2023年6月1日起门诊统筹标准 普通门诊统筹〕"


def charged(client: Client, psn_no: str, yuan: str, **changes: Any) -> tuple[Any, str]:
    """The output of 2207 for one line of so many yuan, and warn_msg."""
    visit = opened(client, psn_no, [{"cnt": 1, "pric": yuan, "det_item_fee_sumamt": yuan}])
    reply = client.ask("2207", bill(psn_no, visit, yuan, **changes))
    assert reply["infcode"] == 0, reply["err_msg"]
    return reply["output"], reply["warn_msg"] or ""


def test_a_deductible_that_takes_all_is_told(place: Standing) -> None:
    output, warned = charged(place.client, place.insured(), "30.00")
    assert output["setlinfo"]["hifp_pay"] == 0
    said = "统筹基金支付0.00元：政策范围内费用中的30.00元计入起付标准，没有超过起付标准的部分"
    assert warned == said + ARTICLE


def test_a_ceiling_that_is_used_up_is_told(place: Standing) -> None:
    psn_no = place.insured()
    first, warned = charged(place.client, psn_no, "9000.00")
    # Shaoyang: 1,500 a year for who works.
    assert first["setlinfo"]["hifp_pay"] == 1500 and warned == ""
    (pool,) = [row for row in first["setldetail"] if row["fund_pay_type"] == "310100"]
    told = "扣除起付标准50.00元，按60%，在限额内支付1500.00元"
    assert told in pool["setl_proc_info"].replace(",", "") and ARTICLE in pool["setl_proc_info"]
    second, warned = charged(place.client, psn_no, "100.00")
    assert second["setlinfo"]["hifp_pay"] == 0
    assert warned == "统筹基金支付0.00元：已达到最高支付限额" + ARTICLE


def test_a_bill_outside_the_policy_says_what_it_consists_of(place: Standing) -> None:
    """Class 丙, and an item of restricted use without approval: nothing is in scope."""
    own, restricted = ITEMS[2][0], ITEMS[3][0]
    psn_no = place.insured()
    amounts = [
        {"med_list_codg": item, "cnt": 1, "pric": "10.00", "det_item_fee_sumamt": "10.00"}
        for item in (own, restricted)
    ]
    visit = opened(place.client, psn_no, amounts)
    classes = {"fulamt_ownpay_amt": "20.00", "inscp_scp_amt": "0"}
    classes |= {"overlmt_selfpay": "0", "preselfpay_amt": "0"}
    for infno in ("2206", "2207"):
        reply = place.client.ask(infno, bill(psn_no, visit, "20.00", **classes))
        assert reply["output"]["setlinfo"]["hifp_pay"] == 0
        assert reply["warn_msg"] == "统筹基金支付0.00元：没有政策范围内费用（全自费20.00元）"


def test_a_withdrawal_that_finds_nothing_says_so(place: Standing) -> None:
    psn_no = place.insured()
    visit = opened(place.client, psn_no)
    given = {"data": {"psn_no": psn_no, "mdtrt_id": visit, "chrg_bchno": "0000"}}
    place.client.do("2207", bill(psn_no, visit, "30.00"))
    settled = place.client.ask("2205", given)
    assert settled["infcode"] == 0 and "已结算的须先撤销结算（2208）" in settled["warn_msg"]
    place.client.do("2204", {"feedetail": [line(psn_no, visit, 2, batch="2")]})
    assert place.client.ask("2205", given)["warn_msg"] is None
    assert "没有撤销任何费用明细" in place.client.ask("2205", given)["warn_msg"]


def test_a_benefit_that_is_not_offered_is_told_in_chinese(place: Standing) -> None:
    psn_no = place.insured()
    visit = opened(place.client, psn_no)
    told = refused(
        place.client, "benefit_not_offered", "2206", bill(psn_no, visit, "30.00", med_type="28")
    )
    assert told.endswith("现有：普通门诊、慢性病、特殊病、急诊抢救、双通道药")
    found = funds(place, psn_no, med_type="28")
    assert found["310100"] == ("0", told)


def test_a_prescription_without_its_prescriber_says_where_to_name_it(place: Standing) -> None:
    psn_no = place.insured()
    client = Client(place.port, PHARMACY)
    for prescriber, warned in (({}, True), ({"rxFixmedinsCode": gateways.HOSPITAL}, False)):
        sold = [line(psn_no, "", 1, rx_circ_flag="1", rxno="RX1")]
        reply = client.ask("2101", gateways.purchase(psn_no, 30, sold, **prescriber))
        said = reply["warn_msg"] or ""
        assert reply["infcode"] == 0 and ("处方 RX1 没有写明开方机构" in said) is warned
        assert ("rxfixmedinsCode" in said) is warned


def test_where_the_pool_pays_nothing_is_warned_of(place: Standing) -> None:
    output, warned = charged(place.client, place.insured(), "100.00")
    assert output["setlinfo"]["hifp_pay"] > 0 and warned == ""


@pytest.fixture
def bare(owner: psycopg.Connection[Any], database: str, monkeypatch: Any) -> Iterator[Client]:
    """A hospital of an area whose documents say nothing of what accounts may pay."""
    made = Counter(owner, AREA)
    code = made.institution(1)
    monkeypatch.setitem(gateways.SECRETS, code, "secret")
    gateways.give_secret(owner, code)
    owner.execute(
        "insert into item_version (area, item, name, list_type, charge_type, since, grade,"
        " diseases) values (%s, %s, '测试品', '101', '09', '2020-01-01', '甲', '{}')",
        [AREA, ITEMS[0][0]],
    )
    gateways.insure(made, 1, 100_000)
    gateways.insure(made, 2, 0)
    with gateways.serving(database, laws=RULES) as port:
        yield Client(port, code)


def test_an_account_that_no_rule_lets_pay_says_so(bare: Client) -> None:
    psn_no, poor = f"{AREA}{1:014d}", f"{AREA}{2:014d}"
    output, warned = charged(bare, psn_no, "110.00", acct_used_flag="1")
    assert output["setlinfo"]["acct_pay"] == 0
    assert warned == f"个人账户不支付：统筹区 {AREA} 的文件没有规定个人账户使用范围"
    assert charged(bare, psn_no, "110.00", acct_used_flag="0")[1] == "", "it was not asked"
    assert charged(bare, poor, "110.00", acct_used_flag="1")[1] == "", "nothing is on it"
    given = {"psn_no": psn_no, "insutype": "310", "med_type": "11", "begntime": f"{DAY} 00:00:00"}
    told = {row["fund_pay_type"]: row for row in bare.do("2001", {"data": given})["trtinfo"]}
    assert told["310200"]["trt_enjymnt_flag"] == "0"
    assert told["310200"]["trt_chk_rslt"] == warned and told["310100"]["trt_chk_rslt"] == ""


def chuxiong(owner: psycopg.Connection[Any], monkeypatch: Any) -> tuple[Counter, str]:
    """A county of Chuxiong, and its hospital, which may sign."""
    made = Counter(owner, "532300")
    code = made.institution(1)
    monkeypatch.setitem(gateways.SECRETS, code, "secret")
    gateways.give_secret(owner, code)
    return made, code


def test_an_account_that_may_not_pay_outside_the_policy_names_the_article(
    owner: psycopg.Connection[Any], database: str, monkeypatch: Any
) -> None:
    """Chuxiong 第十条: only the burden inside the policy, of care."""
    made, code = chuxiong(owner, monkeypatch)
    gateways.insure(made, 1, 100_000)
    day, psn_no = "2024-10-18", made.psn_no(1)
    with gateways.serving(database) as port:
        client = Client(port, code)
        opening = gateways.registration(psn_no, day)
        visit = client.do("2201", opening)["data"]["mdtrt_id"]
        client.do("2203", description(psn_no, visit, day))
        sent = line(psn_no, visit, 1, fee_ocur_time=f"{day} 09:30:00")
        client.do("2204", {"feedetail": [sent]})
        reply = client.ask("2207", bill(psn_no, visit, "30.00"))
    info, warned = reply["output"]["setlinfo"], reply["warn_msg"]
    assert info["acct_pay"] == 0 and info["fulamt_ownpay_amt"] == 30
    assert "限政策范围内的个人负担" in warned and "第十条" in warned


def test_a_figure_that_nobody_gave_is_asked_of_the_agency(
    owner: psycopg.Connection[Any], database: str, monkeypatch: Any
) -> None:
    """Chuxiong 第十七条: rescue is paid by inpatient figures, which its document does not give."""
    made, code = chuxiong(owner, monkeypatch)
    owner.execute(
        "insert into item_version (area, item, name, list_type, charge_type, since, grade,"
        " diseases) values ('532300', %s, '测试品', '101', '09', '2020-01-01', '甲', '{}')",
        [ITEMS[0][0]],
    )
    gateways.insure(made, 1, 0)
    day, psn_no = "2024-10-18", made.psn_no(1)
    with gateways.serving(database, laws=Areas()) as port:
        client = Client(port, code)
        visit = client.do("2201", gateways.registration(psn_no, day))["data"]["mdtrt_id"]
        client.do("2203", description(psn_no, visit, day, med_type="1301"))
        sent = line(psn_no, visit, 1, fee_ocur_time=f"{day} 09:30:00")
        client.do("2204", {"feedetail": [sent]})
        told = client.refused("2207", bill(psn_no, visit, "30.00", med_type="1301"))
        nobody = client.refused("1101", {"data": {"mdtrt_cert_type": "03", "mdtrt_cert_no": "0"}})
    assert "住院" in told and "第十七条" in told and "请联系经办机构给出这项数字" in told
    assert "--" not in told and "导入" not in nobody


def test_no_fund_pays_for_who_is_not_insured(place: Standing) -> None:
    psn_no = place.insured(since="2024-12-18")
    place.county.fact(psn_no, "subsidy", "2020-01-01", subsidy="civil_servant")
    found = funds(place, psn_no, "2024-12-17")
    assert set(found) == {"310100", "310200", "320100"}
    assert {flag for flag, _ in found.values()} == {"0"}
    assert len({said for _, said in found.values()}) == 1 and "没有职工医保" in found["310200"][1]
    without = funds(place, psn_no, med_type="14", dise_codg="M03900")
    assert without["310200"] == without["310100"], "nothing is settled without the registration"


def test_a_transaction_that_is_not_offered_is_named(place: Standing) -> None:
    sentence = place.client.refused("3501", {"data": {}})
    assert sentence.startswith("本平台未提供交易 3501") and "infno" not in sentence


def test_codes_that_nobody_knows_are_told_where_they_come(place: Standing) -> None:
    psn_no = place.insured()
    visit = place.client.do("2201", gateways.registration(psn_no))["data"]["mdtrt_id"]

    def described(**changes: Any) -> str:
        reply = place.client.ask("2203", description(psn_no, visit, **changes))
        assert reply["infcode"] == 0 and reply["output"] is None
        return str(reply["warn_msg"] or "")

    assert described() == described(dise_codg="M03900") == ""
    assert "病种编码 M99999" in described(dise_codg="M99999")
    for code in ("77", "21"):
        assert f"医疗类别 {code} 不在本平台结算范围" in described(med_type=code)
    place.county.fact(
        psn_no, "registration", "2024-01-01", key="M99999", benefit="chronic", disease="x", name="x"
    )
    assert described(dise_codg="M99999") == "", "it is known of the person"
    assert "病种编码 M99998" in described(dise_codg="M99998")
    place.client.do("2204", {"feedetail": [line(psn_no, visit, 1)]})
    reply = place.client.ask("2207", bill(psn_no, visit, "30.00"))
    assert "病种编码 M99998" in reply["warn_msg"]


def test_a_filing_of_an_unknown_disease_waits_with_a_warning(place: Standing) -> None:
    given = {
        "psn_no": place.insured(),
        "insutype": "310",
        "opsp_dise_code": "M99999",
        "opsp_dise_name": "某病",
        "insu_optins": "430500",
        "ide_fixmedins_no": "H43050000001",
        "ide_fixmedins_name": "测试",
        "hosp_ide_date": "2024-12-10",
        "diag_dr_codg": "D1",
        "diag_dr_name": "测试医生",
        "begndate": "2024-12-01",
    }
    reply = place.client.ask("2503", {"data": given})
    assert reply["output"]["result"]["trt_dcla_detl_sn"] and "opsp_dise_code" in reply["warn_msg"]
    known = given | {"opsp_dise_code": "M03900", "opsp_dise_name": "高血压"}
    assert place.client.ask("2503", {"data": known})["warn_msg"] is None


def test_a_list_type_that_there_is_not_is_refused(place: Standing) -> None:
    row = {
        "fixmedins_hilist_id": "OWN-77",
        "fixmedins_hilist_name": "自己的药",
        "list_type": "777",
        "med_list_codg": ITEMS[0][0],
        "begndate": "2024-01-01",
        "enddate": "2025-01-01",
    }
    sentence = place.client.refused("3301", {"data": [row]})
    assert "list_type" in sentence and "777" in sentence and "101、102" in sentence


def test_a_settlement_of_another_visit_names_the_visit(place: Standing) -> None:
    psn_no = place.insured()
    one, two = place.settled(psn_no), place.settled(psn_no)
    asked = {"psn_no": psn_no, "setl_id": one["setl_id"], "mdtrt_id": two["mdtrt_id"]}
    for infno in ("5203", "5204", "2208"):
        sentence = refused(place.client, "settlement_of_another_visit", infno, {"data": asked})
        assert sentence == f"结算 {one['setl_id']} 不属于就诊 {two['mdtrt_id']}；请核对 mdtrt_id"
        unknown = asked | {"setl_id": "99999999"}
        assert "setl_id" in place.client.refused(infno, {"data": unknown})


def test_a_pharmacys_unknown_disease_is_warned_of(place: Standing) -> None:
    client = Client(place.port, PHARMACY)
    psn_no = place.insured()
    sold = [line(psn_no, "", 1)]
    reply = client.ask("2101", gateways.purchase(psn_no, 30, sold, dise_codg="M99999"))
    assert reply["infcode"] == 0 and "病种编码 M99999" in reply["warn_msg"], reply
