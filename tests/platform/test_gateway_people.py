"""People, institutions, sessions, files and purchases at the gateway, over HTTP."""

import base64
import json
from typing import Any

import psycopg
import pytest
from tests.platform import gateways
from tests.platform.counter import NOW, Counter
from tests.platform.gateways import (
    DAY,
    HOSPITAL,
    ITEMS,
    OTHER,
    PHARMACY,
    Client,
    line,
    purchase,
    says,
)

from gongji.gateway.visits import write_settlement
from gongji.ledger.entry_contents import Decision
from gongji.ledger.entry_rows import EntryRow, SettlementRow


@pytest.fixture
def shop(port: int) -> Client:
    """A pharmacy."""
    return Client(port, PHARMACY)


def _asked(**changes: Any) -> dict[str, Any]:
    return {
        "data": {
            "mdtrt_cert_type": "02",
            "mdtrt_cert_no": gateways.certificate_of(2),
            "card_sn": "NULL",
            "begntime": "",
            "psn_cert_type": "01",
            "certno": "",
            "psn_name": "",
        }
        | changes
    }


def test_a_person_is_found_by_identity_card_or_social_card(client: Client, county: Counter) -> None:
    found = client.do("1101", _asked())
    assert found == client.do("1101", _asked(mdtrt_cert_type="03", mdtrt_cert_no="CARD2"))
    base, (insured,) = found["baseinfo"], found["insuinfo"]
    assert base["psn_no"] == county.psn_no(2) and base["certno"] == gateways.certificate_of(2)
    assert (base["age"], base["gend"], base["exp_content"]) == (54, "1", "")
    assert insured == {
        "balc": 1000,
        "insutype": "310",
        "psn_type": "12",
        "psn_insu_stas": "1",
        "psn_insu_date": "2020-01-01",
        "paus_insu_date": "",
        "cvlserv_flag": "1",
        "insuplc_admdvs": "430500",
        "emp_name": "",
    }
    assert found["idetinfo"] == []


def test_a_veteran_has_an_identity_and_an_ended_spell_is_told(
    client: Client, county: Counter, owner: psycopg.Connection[Any]
) -> None:
    psn_no = gateways.insure(county, 90, 0)
    county.fact(psn_no, "subsidy", "2021-01-01", "2024-12-31", subsidy="veteran")
    found = client.do("1101", _asked(mdtrt_cert_no=gateways.certificate_of(90)))
    (identity,) = found["idetinfo"]
    assert (identity["begntime"], identity["endtime"]) == (
        "2021-01-01 00:00:00",
        "2024-12-30 23:59:59",
    )
    owner.execute(
        "update person_fact set retired_at = now() where kind = 'insured' and person_id = %s",
        [county.persons[psn_no]],
    )
    county.fact(psn_no, "insured", "2019-01-01", "2024-07-01", status="active")
    (insured,) = client.do("1101", _asked(mdtrt_cert_no=gateways.certificate_of(90)))["insuinfo"]
    assert (insured["psn_insu_stas"], insured["paus_insu_date"]) == ("4", "2024-06-30")


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"mdtrt_cert_no": "990501197005069999"}, "person_unknown", "9905**********9999"),
        ({"mdtrt_cert_type": "01", "mdtrt_cert_no": "token"}, "voucher_not_served", "身份证（02）"),
        ({"psn_name": "另一个"}, "person_differs", "psn_name"),
        ({"certno": gateways.certificate_of(1)}, "person_differs", "certno"),
        (
            {"mdtrt_cert_type": "03", "mdtrt_cert_no": "CARD2", "certno": "990501197005069999"},
            "person_differs",
            "certno",
        ),
        ({"mdtrt_cert_type": "07"}, "value_invalid", "mdtrt_cert_type"),
        ({"mdtrt_cert_no": ""}, "field_missing", "mdtrt_cert_no"),
        ({"begntime": "yesterday"}, "value_invalid", "begntime"),
    ],
)
def test_a_person_who_is_not_found_is_refused(
    client: Client, changes: dict[str, Any], code: str, said: str
) -> None:
    sentence = client.refused("1101", _asked(**changes))
    assert says(code, sentence) and said in sentence


def test_an_electronic_voucher_with_an_identity_number_is_enough(client: Client) -> None:
    given = _asked(mdtrt_cert_type="01", mdtrt_cert_no="token", certno=gateways.certificate_of(1))
    assert client.do("1101", given)["baseinfo"]["psn_no"].endswith("01")


def test_institutions_are_found_by_code_or_part_of_the_name(client: Client) -> None:
    asked = {"medinsInfo": {"fixmedins_type": "1", "fixmedins_code": HOSPITAL}}
    assert client.do("1201", asked)["medinsinfo"] == [
        {
            "fixmedins_code": HOSPITAL,
            "fixmedins_name": "测试",
            "uscc": "",
            "fixmedins_type": "1",
            "hosp_lv": "",
            "exp_content": "",
        }
    ]
    by_name = {"medinsinfo": {"fixmedins_type": 2, "fixmedins_name": "测"}}
    (found,) = client.do("1201", by_name)["medinsinfo"]
    assert found["fixmedins_code"] == PHARMACY
    assert "fixmedins_name" in client.refused("1201", {"medinsinfo": {"fixmedins_type": "1"}})


def _check(psn_no: str, **changes: Any) -> dict[str, Any]:
    return {
        "data": {
            "psn_no": psn_no,
            "insutype": "310",
            "fixmedins_code": HOSPITAL,
            "med_type": "11",
            "begntime": f"{DAY} 08:00:00",
            "endtime": "",
        }
        | changes
    }


def test_benefits_are_checked_by_fund(client: Client, county: Counter) -> None:
    rows = client.do("2001", _check(county.psn_no(2)))["trtinfo"]
    assert [(row["fund_pay_type"], row["trt_enjymnt_flag"]) for row in rows] == [
        ("310100", "1"),
        ("310200", "1"),
        ("320100", "1"),
    ]
    arrears = gateways.insure(county, 91, 0, arrears=True)
    pool = client.do("2001", _check(arrears))["trtinfo"][0]
    assert pool["trt_enjymnt_flag"] == "0" and "待遇享受期" in pool["trt_chk_rslt"]
    chronic = client.do("2001", _check(county.psn_no(2), med_type="14", dise_codg="M1"))
    assert chronic["trtinfo"][0]["trt_enjymnt_flag"] == "0"
    assert "21" in client.refused("2001", _check(county.psn_no(2), med_type="21"))


def test_an_operator_signs_in_and_out_once(client: Client, port: int) -> None:
    given = {"signIn": {"opter_no": "0001", "mac": "00-00", "ip": "127.0.0.1"}}
    made = client.do("9001", given)["signinoutb"]
    assert made["sign_time"] == "2024-12-20 10:00:00"
    out = {"signOut": {"sign_no": made["sign_no"], "opter_no": "0001"}}
    assert made["sign_no"] in Client(port, OTHER).refused("9002", out)
    assert client.do("9002", out) == {"signoutoutb": {"sign_time": "2024-12-20 10:00:00"}}
    assert says("sign_in_unknown", client.refused("9002", out))


def _file(content: bytes) -> dict[str, Any]:
    return {
        "fsUploadIn": {
            "in": base64.b64encode(content).decode(),
            "filename": "a.zip",
            "fixmedins_code": HOSPITAL,
        }
    }


def _fetch(client: Client, number: str) -> tuple[int, bytes]:
    given = {"fsDownloadIn": {"file_qury_no": number, "filename": "a", "fixmedins_code": "plc"}}
    return client.post(json.dumps(client.envelope("9102", given)).encode())


def test_a_file_goes_in_and_comes_out_of_its_institution_only(client: Client, port: int) -> None:
    content = bytes(range(256))
    kept = client.do("9101", _file(content))
    assert kept["filename"] == "a.zip" and kept["dld_endtime"] > "2024-12-20"
    assert _fetch(client, kept["file_qury_no"]) == (200, content)
    status, body = _fetch(Client(port, OTHER), kept["file_qury_no"])
    assert status == 200 and says("file_unknown", json.loads(body)["err_msg"])
    as_bytes = {"fsUploadIn": {"in": [-1, 0, 127], "filename": "b"}}
    assert _fetch(client, client.do("9101", as_bytes)["file_qury_no"])[1] == b"\xff\x00\x7f"
    assert "Base64" in client.refused("9101", {"fsUploadIn": {"in": "不是", "filename": "b"}})


def test_a_file_may_come_in_parts(client: Client) -> None:
    sent = json.dumps(client.envelope("9101", {"fsUploadIn": {"filename": "c.zip"}}))
    content = b"PK\r\n--\r\n\x00"
    body = b"\r\n".join(
        [
            b"--edge",
            b'Content-Disposition: form-data; name="jsonStr"',
            b"",
            sent.encode(),
            b"--edge",
            b'Content-Disposition: form-data; name="file"; filename="c.zip"',
            b"",
            content,
            b"--edge--",
            b"",
        ]
    )
    reply = json.loads(client.post(body)[1])
    assert reply["infcode"] == 0, reply
    assert _fetch(client, reply["output"]["file_qury_no"])[1] == content


def _bought(number: int, **changes: Any) -> dict[str, Any]:
    row = line("", "", number, **changes)
    return {name: row[name] for name in row if name not in ("mdtrt_id", "psn_no", "chrg_bchno")}


def test_a_purchase_is_tried_made_and_taken_back(
    shop: Client, county: Counter, owner: psycopg.Connection[Any]
) -> None:
    psn_no = county.psn_no(3)
    rows = [_bought(1), _bought(2, med_list_codg=ITEMS[1][0])]
    tried = shop.do("2101", purchase(psn_no, 60, rows))
    assert owner.execute("select count(*) from visit").fetchone() == (0,)
    made = shop.do("2102", purchase(psn_no, "60.00", rows, invono="1"))
    info = made["setlinfo"]
    assert (info["clr_type"], info["med_type"], info["preselfpay_amt"]) == ("41", "41", 3)
    assert tried["setlinfo"]["acct_pay"] == info["acct_pay"] and tried["setlinfo"]["mdtrt_id"] == ""
    assert tried["detlcutinfo"] == made["detlcutinfo"]
    assert [row["preselfpay_amt"] for row in made["detlcutinfo"]] == [0, 3]
    undone = shop.do(
        "2103",
        {"data": {"psn_no": psn_no, "mdtrt_id": info["mdtrt_id"], "setl_id": info["setl_id"]}},
    )
    back = undone["setlinfo"]
    assert back["psn_pay"] == back["psn_part_amt"] == -info["psn_part_amt"]
    assert back["cash_payamt"] == back["psn_cash_pay"] == -info["psn_cash_pay"]
    assert back["balc"] == 1500 and back["medfee_sumamt"] == -60


def test_a_prescription_filled_elsewhere_is_used_once(shop: Client, county: Counter) -> None:
    psn_no = county.psn_no(3)
    row = _bought(1, rxno="RX-17", rx_circ_flag="1")
    by = {"exp_content": {"rxfixmedinsCode": OTHER}}
    shop.do("2102", purchase(psn_no, 30, [row], **by))
    assert "RX-17" in shop.refused("2102", purchase(psn_no, 30, [row], **by))


def test_only_a_pharmacy_sells(client: Client, county: Counter) -> None:
    said = client.refused("2102", purchase(county.psn_no(3), 30, [_bought(1)]))
    assert says("institution_kind", said) and HOSPITAL in said
    empty = Client(client.port, PHARMACY).refused("2102", purchase(county.psn_no(3), 30, []))
    assert says("lines_missing", empty)


def test_each_payer_has_its_field_and_its_fund() -> None:
    payers = {
        "公务员医疗补助": 1,
        "企业补充医疗保险": 2,
        "大额医疗费用补助": 4,
        "大病保险": 8,
        "医疗救助": 16,
        "老干部医疗补助": 32,
    }
    entry = EntryRow(
        id=7,
        area="430500",
        person=1,
        kind="settlement",
        service_date=NOW.date(),
        accounting_date=NOW.date(),
        made_at=NOW,
        actor_kind="operator",
        actor="tester",
        settlement=SettlementRow(
            total_fen=200,
            in_scope_fen=200,
            pool_fen=64,
            supplements_fen=63,
            cash_fen=50,
            borne_fen=23,
            result=Decision(benefit="ordinary", payers=payers),
        ),
    )
    found = {name: bytes(value) for name, value in write_settlement.amounts(entry, 5).items()}
    assert (
        found
        | {
            "hifp_pay": b"0.64",
            "cvlserv_pay": b"0.01",
            "hifes_pay": b"0.02",
            "hifob_pay": b"0.12",
            "maf_pay": b"0.16",
            "oth_pay": b"0.32",
            "fund_pay_sumamt": b"1.27",
            "pool_prop_selfpay": b"0.3200",
            "balc": b"0.05",
        }
        == found
    )
    rows = write_settlement.setldetail(entry, {"pool": 100})
    assert {row["fund_pay_type"]: bytes(row["fund_payamt"]) for row in rows} == {
        "310100": b"0.64",
        "320100": b"0.01",
        "370100": b"0.02",
        "330100": b"0.04",
        "310300": b"0.08",
        "610100": b"0.16",
        "999997": b"0.32",
        "999996": b"0.23",
    }
    assert bytes(rows[0]["crt_payb_lmt_amt"]) == b"1.00"


@pytest.fixture
def visitor(county: Counter) -> str:
    """A person from Hong Kong, whose number the platform gave in letters."""
    county.owner.execute(
        "insert into person (psn_no, area, name, certificate_kind, certificate, certificate_hash)"
        " values ('JM9900000001', '430500', '测试港', '04', %s, %s)",
        [
            gateways.IDENTITY.encrypt("H12345678"),
            gateways.IDENTITY.lookup_hash("04", "H12345678"),
        ],
    )
    return "JM9900000001"


@pytest.mark.parametrize(
    "changes",
    [
        {"psn_cert_type": "04"},
        {"psn_cert_type": "4"},
        {"psn_cert_type": "04", "mdtrt_cert_no": " h1234 5678"},
        {"psn_cert_type": "04", "mdtrt_cert_type": "01", "certno": "H12345678"},
    ],
)
def test_a_certificate_of_another_kind_is_found_by_its_kind(
    client: Client, visitor: str, changes: dict[str, str]
) -> None:
    base = client.do("1101", _asked(**({"mdtrt_cert_no": "H12345678"} | changes)))["baseinfo"]
    assert (base["psn_no"], base["psn_cert_type"], base["certno"]) == (visitor, "04", "H12345678")
    for kind in ("01", "", "08"):
        given = _asked(mdtrt_cert_no="H12345678", psn_cert_type=kind)
        assert says("person_unknown", client.refused("1101", given))


def test_a_kind_that_was_left_standing_does_not_hide_an_identity_card(client: Client) -> None:
    number = gateways.certificate_of(2)
    base = client.do("1101", _asked(mdtrt_cert_no=number, psn_cert_type="04"))["baseinfo"]
    assert base["certno"] == number
    base = client.do("1101", _asked(mdtrt_cert_no="CARD2", psn_cert_type="90"))["baseinfo"]
    assert base["certno"] == number
