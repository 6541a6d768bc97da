"""What every transaction of the gateway tells, field by field, in values that are not alike.

Law:     2207: (961.00 - 50.00) x 60 % = 546.60 at a hospital of the second level (Hunan, from
         2023-06-01); 2102: (90.00 - 50.00) x 60 % = 24.00 by the level of who prescribed.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.platform.gateways import AREA, HOSPITAL, OTHER
from tests.platform.queries_county import CLINIC, standing
from tests.platform.replies_town import DAY, DRUG, HERB, LIMITED, NUMBER, OWN, SENT, Walk

DOCUMENTED = json.loads((Path(__file__).parent / "reply_fields.json").read_text())
"""The documented fields of every reply, by transaction and node."""
PERSON = {
    "psn_no": "43050000000000000400",
    "psn_name": "测甲",
    "psn_cert_type": "01",
    "certno": NUMBER,
    "gend": "2",
    "naty": "05",
    "brdy": "1985-07-10",
    "age": 39,
}
MASKED = PERSON | {"certno": "9905**********3121"}
"""As a query tells it of somebody whose certificate the caller has read already."""
INSURED = {
    "insutype": "310",
    "psn_type": "11",
    "cvlserv_flag": "1",
    "flxempe_flag": "1",
    "insu_optins": AREA,
    "emp_name": "测试厂",
}
BILL = {
    "medfee_sumamt": 987,
    "fulamt_ownpay_amt": 7,
    "overlmt_selfpay": 10,
    "preselfpay_amt": 9,
    "inscp_scp_amt": 961,
    "act_pay_dedc": 50,
    "hifp_pay": 546.6,
    "pool_prop_selfpay": 0.6,
    "fund_pay_sumamt": 546.6,
    "psn_part_amt": 440.4,
    "acct_pay": 223.45,
    "psn_cash_pay": 216.95,
    "acct_mulaid_pay": 100,
    "balc": 0,
}
SOLD = {
    "medfee_sumamt": 100,
    "preselfpay_amt": 10,
    "inscp_scp_amt": 90,
    "act_pay_dedc": 50,
    "hifp_pay": 24,
    "pool_prop_selfpay": 0.6,
    "fund_pay_sumamt": 24,
    "psn_part_amt": 76,
    "acct_pay": 76,
    "balc": 47.45,
}
POOL, ACCOUNT = "城镇职工基本医疗保险统筹基金", "城镇职工基本医疗保险个人账户基金"
BILLED = "费用961.00元，扣除起付标准50.00元，按60%支付546.60元"
BOUGHT = "费用90.00元，扣除起付标准50.00元，按60%支付24.00元"
ARTICLE = "湖南省2023年6月1日起门诊统筹标准 普通门诊统筹"


@pytest.fixture(scope="module")
def walk(server: str) -> Iterator[Walk]:
    """The walk, taken."""
    with standing(server) as place:
        made = Walk(place)
        made.take()
        yield made


def negated(amounts: dict[str, Any]) -> dict[str, Any]:
    """The amounts of what is taken back; the share and the balance are no amounts of it."""
    return {n: v if n in ("pool_prop_selfpay", "balc") else -v for n, v in amounts.items()}


def details(
    scope: float, limit: float, pool: float, account: float, worked: str
) -> list[dict[str, Any]]:
    """setldetail of a pool's and an account's payment; `worked` is how the pool came to it."""
    undone = "撤销：" if pool < 0 else ""
    shared = worked == BILLED
    drawn = f"本人账户支付{abs(account) - 100 * shared:.2f}元"
    drawn += "；共济账户支付100.00元" if shared else ""
    return [
        {
            "fund_pay_type": "310100",
            "inscp_scp_amt": scope,
            "crt_payb_lmt_amt": limit,
            "fund_payamt": pool,
            "fund_pay_type_name": POOL,
            "setl_proc_info": f"{undone}{worked}〔{ARTICLE}〕",
        },
        {
            "fund_pay_type": "310200",
            "inscp_scp_amt": scope,
            "crt_payb_lmt_amt": account,
            "fund_payamt": account,
            "fund_pay_type_name": ACCOUNT,
            "setl_proc_info": f"{undone}{drawn}",
        },
    ]


def bill_of(step: str, **more: Any) -> dict[str, Any]:
    """setlinfo of the hospital's bill; {visit} and the like are looked up in the walk."""
    known = PERSON | {name: INSURED[name] for name in ("insutype", "psn_type", "cvlserv_flag")}
    return (
        known
        | BILL
        | {
            "mdtrt_id": "{2201.data.mdtrt_id}",
            "mdtrt_cert_type": "03",
            "med_type": "13",
            "clr_type": "11",
            "medins_setl_id": f"<{step}>",
        }
        | more
    )


def sale_of(step: str, **more: Any) -> dict[str, Any]:
    """setlinfo of the pharmacy's bill."""
    known = PERSON | {name: INSURED[name] for name in ("insutype", "psn_type", "cvlserv_flag")}
    return (
        known
        | SOLD
        | {
            "mdtrt_cert_type": "03",
            "med_type": "41",
            "clr_type": "41",
            "medins_setl_id": f"<{step}>",
        }
        | more
    )


STANDING = {"clr_optins": "430599", "clr_way": "1"}
CUT = {
    "feedetl_sn": "21",
    "det_item_fee_sumamt": 100,
    "cnt": 8,
    "pric": 12.5,
    "pric_uplmt_amt": 999999,
    "selfpay_prop": 0.1,
    "preselfpay_amt": 10,
    "inscp_scp_amt": 90,
    "chrgitm_lv": "02",
    "med_chrgitm_type": "02",
    "bas_medn_flag": "0",
    "hi_nego_drug_flag": "1",
    "lmt_used_flag": "0",
}
ONLY_KNOWN = {
    "pric_uplmt_amt": 999999,
    "bas_medn_flag": "0",
    "hi_nego_drug_flag": "0",
    "lmt_used_flag": "0",
}
PRICED = [
    ONLY_KNOWN
    | {
        "feedetl_sn": "11",
        "det_item_fee_sumamt": 900,
        "cnt": 2.5,
        "pric": 360,
        "inscp_scp_amt": 900,
        "chrgitm_lv": "01",
        "med_chrgitm_type": "01",
        "bas_medn_flag": "1",
    },
    ONLY_KNOWN
    | {
        "feedetl_sn": "12",
        "det_item_fee_sumamt": 50,
        "cnt": 4,
        "pric": 12.5,
        "selfpay_prop": 0.1,
        "preselfpay_amt": 5,
        "inscp_scp_amt": 45,
        "chrgitm_lv": "02",
        "med_chrgitm_type": "02",
        "hi_nego_drug_flag": "1",
    },
    ONLY_KNOWN
    | {
        "feedetl_sn": "13",
        "det_item_fee_sumamt": 7,
        "cnt": 1,
        "pric": 7,
        "selfpay_prop": 1,
        "fulamt_ownpay_amt": 7,
        "chrgitm_lv": "03",
        "med_chrgitm_type": "03",
    },
    ONLY_KNOWN
    | {
        "feedetl_sn": "14",
        "det_item_fee_sumamt": 30,
        "cnt": 2,
        "pric": 15,
        "pric_uplmt_amt": 10,
        "selfpay_prop": 0.2,
        "overlmt_amt": 10,
        "preselfpay_amt": 4,
        "inscp_scp_amt": 16,
        "chrgitm_lv": "02",
        "med_chrgitm_type": "04",
        "lmt_used_flag": "1",
    },
]
SAID = [
    {},
    {},
    {"memo": "丙类项目，全部由个人负担"},
    {"memo": "支付标准每单位10.00元，高出部分由个人负担"},
]
OF_ITEM = [
    {
        "rx_drord_no": "RX-8",
        "hilist_code": DRUG,
        "hilist_name": "甲药",
        "list_type": "101",
        "med_list_codg": DRUG,
        "spec": "10片/盒",
        "hosp_prep_flag": "0",
        "hosp_appr_flag": "0",
    },
    {
        "hilist_code": HERB,
        "hilist_name": "乙药",
        "list_type": "102",
        "med_list_codg": HERB,
        "spec": "20袋",
        "hosp_prep_flag": "0",
        "hosp_appr_flag": "0",
    },
    {
        "hilist_code": OWN,
        "hilist_name": "丙项",
        "list_type": "201",
        "med_list_codg": OWN,
        "hosp_prep_flag": "0",
        "hosp_appr_flag": "0",
    },
    {
        "hilist_code": LIMITED,
        "hilist_name": "限材",
        "list_type": "103",
        "med_list_codg": LIMITED,
        "spec": "30支",
        "hosp_prep_flag": "1",
        "hosp_appr_flag": "1",
    },
]
TOLD_AGAIN = [
    SENT
    | priced
    | item
    | {
        "mdtrt_id": "{2201.data.mdtrt_id}",
        "setl_id": "{2207.setlinfo.setl_id}",
        "med_type": "13",
        "medins_list_codg": "own-1",
        "medins_list_name": item["hilist_name"],
        "opt_time": ...,
    }
    for priced, item in zip(PRICED, OF_ITEM, strict=True)
]
MATCHED = [
    row
    | {"setl_id": "{2207A.setlinfo.setl_id}"}
    | ({"medins_list_name": "院内甲", "dosform_name": "片剂"} if number == 0 else {})
    for number, row in enumerate(TOLD_AGAIN)
]
FOR_CHRONIC = {
    name: value
    for name, value in (
        TOLD_AGAIN[0]
        | {
            "feedetl_sn": "31",
            "fixmedins_code": HOSPITAL,
            "fixmedins_name": "测试一院",
            "psn_no": PERSON["psn_no"],
            "med_type": "14",
        }
    ).items()
    if name in DOCUMENTED["5205"]["feedetail"]
}
DIAGNOSED = [
    {
        "diag_info_id": "{2201.data.mdtrt_id}-1",
        "diag_type": "1",
        "maindiag_flag": "1",
        "diag_srt_no": 2,
        "diag_code": "J06.9",
        "diag_name": "上感",
        "diag_dept": "D-10",
        "dise_dor_no": "D-11",
        "dise_dor_name": "诊断医生",
        "diag_time": f"{DAY} 09:06:00",
    },
    {
        "diag_info_id": "{2201.data.mdtrt_id}-2",
        "diag_type": "2",
        "maindiag_flag": "0",
        "diag_srt_no": 1,
        "diag_code": "I10.x",
        "diag_name": "血压高",
        "diag_dept": "D-12",
        "dise_dor_no": "D-13",
        "dise_dor_name": "另一医生",
        "diag_time": f"{DAY} 09:07:00",
    },
]
USED = {
    "C0000": 1,
    "S0000": 987,
    "Q0000": 50,
    "D310101": 546.6,
    "D310201": 223.45,
    "D320101": 0,
    "D330101": 0,
}
RETURNED = dict.fromkeys(USED, 0)
"""Of the purchase, which was taken back."""
COUNTED = (
    list(USED.items())
    + [(f"{code}_BIZ13", used) for code, used in USED.items()]
    + [(f"{code}_BIZ41", used) for code, used in RETURNED.items()]
)
FILED = {"begndate": "2024-12-12", "enddate": "2024-12-28"}
EXPECTED: dict[str, dict[str, Any]] = {
    "9001": {"signinoutb": {"sign_time": "@9001", "sign_no": ...}},
    "9002": {"signoutoutb": {"sign_time": "@9002"}},
    "2201": {"data": {"mdtrt_id": ..., "psn_no": PERSON["psn_no"], "ipt_otp_no": "MZ-17"}},
    "2204": {"result": [one | said for one, said in zip(PRICED, SAID, strict=True)]},
    "2206": {"setlinfo": bill_of("2206"), "setldetail": details(961, 1500, 546.6, 223.45, BILLED)},
    "2206A": {
        "setlinfo": bill_of("2206A"),
        "setldetail": details(961, 1500, 546.6, 223.45, BILLED),
    },
    "2207": {
        "setlinfo": bill_of("2207", setl_id=..., setl_time="@2207", **STANDING),
        "setldetail": details(961, 1500, 546.6, 223.45, BILLED),
    },
    "2207A": {
        "setlinfo": bill_of("2207A", setl_id=..., setl_time="@2207A", **STANDING),
        "setldetail": details(961, 1500, 546.6, 223.45, BILLED),
    },
    "2208": {
        "setlinfo": bill_of(
            "2208",
            setl_id=...,
            setl_time="@2208",
            mdtrt_cert_type="02",
            **STANDING,
            **negated(BILL) | {"balc": 123.45},
        ),
        "setldetail": details(-961, -546.6, -546.6, -223.45, BILLED),
    },
    "2101": {
        "setlinfo": sale_of("2101"),
        "setldetail": details(90, 1500, 24, 76, BOUGHT),
        "detlcutinfo": [CUT],
    },
    "2102": {
        "setlinfo": sale_of("2102", mdtrt_id=..., setl_id=..., setl_time="@2102", **STANDING),
        "setldetail": details(90, 1500, 24, 76, BOUGHT),
        "detlcutinfo": [CUT],
    },
    "2103": {
        "setlinfo": negated(SOLD)
        | {
            "mdtrt_id": "{2102.setlinfo.mdtrt_id}",
            "setl_id": ...,
            "clr_optins": "430599",
            "setl_time": "@2103",
            "medins_setl_id": "<2103>",
            "psn_pay": -76,
            "balc": 123.45,
        },
        "setldetail": details(-90, -24, -24, -76, BOUGHT),
    },
    "5201": {
        "mdtrtinfo": [
            MASKED
            | INSURED
            | {
                "mdtrt_id": "{2201.data.mdtrt_id}",
                "begntime": f"{DAY} 08:55:00",
                "endtime": "@2207",
                "mdtrt_cert_type": "03",
                "med_type": "13",
                "ipt_otp_no": "MZ-17",
                "atddr_no": "D-20",
                "chfpdr_name": "接诊医生",
                "adm_dept_codg": "D-21",
                "adm_dept_name": "接诊科",
                "dscg_maindiag_code": "J06.9",
                "dscg_maindiag_name": "上感",
                "main_cond_dscr": "头痛",
                "dise_codg": "M03900",
                "dise_name": "高血压",
                "otp_diag_info": "上感；血压高",
                "opt_time": ...,
            }
        ]
    },
    "5202": {
        "diseinfo": [
            one | {"mdtrt_id": "{2201.data.mdtrt_id}", "psn_no": PERSON["psn_no"], "opt_time": ...}
            for one in DIAGNOSED
        ]
    },
    "5203": {
        "setlinfo": {
            name: value
            for name, value in (MASKED | INSURED | BILL).items()
            if name not in ("psn_part_amt", "psn_cash_pay")
        }
        | {
            "setl_id": "{2207.setlinfo.setl_id}",
            "mdtrt_id": "{2201.data.mdtrt_id}",
            "pay_loc": "2",
            "fixmedins_code": HOSPITAL,
            "fixmedins_name": "测试一院",
            "hosp_lv": "06",
            "fixmedins_poolarea": AREA,
            "lmtpric_hosp_lv": "2",
            "dedc_hosp_lv": "2",
            "begndate": DAY,
            "enddate": DAY,
            "setl_time": "@2207",
            "mdtrt_cert_type": "03",
            "med_type": "13",
            "clr_type": "11",
            **STANDING,
            "psn_pay": 440.4,
            "cash_payamt": 216.95,
            "medins_setl_id": "<2207>",
            "refd_setl_flag": "0",
            "year": "2024",
            "dise_codg": "M03900",
            "dise_name": "高血压",
            "invono": "FP-9",
            "opt_time": "@2207",
        },
        "setldetail": details(961, 546.6, 546.6, 223.45, BILLED),
    },
    "5204": {"": TOLD_AGAIN},
    "5204 matched": {"": MATCHED},
    "5205": {"feedetail": [FOR_CHRONIC]},
    "5206": {
        "cuminfo": [
            {
                "insutype": "310",
                "year": "2024",
                "cum_ym": "202412",
                "cum_type_code": code,
                "cum": used,
            }
            for code, used in COUNTED
        ]
    },
    "3201": {
        "stmtinfo": {
            "setl_optins": "430599",
            "stmt_rslt": "1",
            "stmt_rslt_dscr": "医疗费总额平台987.00机构1.00；基金支付总额平台546.60机构2.00；"
            "个人账户支付平台223.45机构3.00；结算笔数平台1机构4",
        }
    },
    "3202": {
        "fileinfo": {
            "file_qury_no": ...,
            "filename": f"3202_{HOSPITAL}_20241219_20241220.zip",
            "dld_endtime": "2024-12-28 00:00:00",
        }
    },
    "2501": {"result": {"trt_dcla_detl_sn": ...}},
    "2503": {"result": {"trt_dcla_detl_sn": ...}},
    "2505": {"result": {"trt_dcla_detl_sn": ...}, "trt_dcla_detl_sn": ...},
    "2507": {"result": {"trt_dcla_detl_sn": ...}},
    "5301": {
        "feedetail": [
            {
                "opsp_dise_code": "M07200",
                "opsp_dise_name": "强脊",
                "begndate": "2024-01-02",
                "enddate": "2025-01-01",
            }
        ]
    },
    "5302": {
        "psnfixmedin": [
            {
                "psn_no": "44530000000000000200",
                "insutype": "310",
                "fix_srt_no": "1",
                "fixmedins_code": CLINIC,
                "fixmedins_name": "测试门诊部",
                "begndate": "2024-12-21",
                "enddate": "2025-06-07",
                "memo": "就近",
            }
        ]
    },
    "5303": {
        "data": [
            {name: MASKED[name] for name in MASKED if name != "naty"}
            | {
                "mdtrt_id": f"{HOSPITAL}|ZY-5",
                "insutype": "310",
                "begndate": "2024-12-01",
                "med_type": "21",
                "out_flag": "0",
            }
        ]
    },
    "5304": {
        "refmedin": [
            {name: MASKED[name] for name in MASKED if name not in ("naty", "age")}
            | FILED
            | {
                "insutype": "310",
                "dcla_souc": "01",
                "tel": "TEL-1",
                "addr": "测试路",
                "insu_optins": AREA,
                "emp_name": "测试厂",
                "diag_code": "I10",
                "diag_name": "高压",
                "dise_cond_dscr": "病情",
                "reflin_medins_no": OTHER,
                "reflin_medins_name": "测试二院",
                "out_flag": "0",
                "refl_date": "2024-12-11",
                "refl_rea": "缘由",
                "hosp_agre_refl_flag": "0",
                "opt_time": "@2501",
            }
        ]
    },
    "1101": {
        "baseinfo": PERSON,
        "insuinfo": [
            {
                "balc": 0,
                "insutype": "310",
                "psn_type": "11",
                "psn_insu_stas": "1",
                "psn_insu_date": "2020-05-06",
                "cvlserv_flag": "1",
                "insuplc_admdvs": AREA,
                "emp_name": "测试厂",
            }
        ],
        "idetinfo": [],
    },
    "1201": {
        "medinsinfo": [
            {
                "fixmedins_code": HOSPITAL,
                "fixmedins_name": "测试一院",
                "uscc": "USCC-1",
                "fixmedins_type": "1",
                "hosp_lv": "06",
            }
        ]
    },
    "2001": {
        "trtinfo": [
            {
                "psn_no": PERSON["psn_no"],
                "trt_chk_type": "01",
                "fund_pay_type": fund,
                "trt_enjymnt_flag": "1",
                "begndate": "2024-12-05",
                "enddate": "2024-12-25",
            }
            for fund in ("310100", "310200", "320100")
        ]
    },
    "9101": {
        "": {
            "file_qury_no": ...,
            "filename": "名.txt",
            "fixmedins_code": HOSPITAL,
            "dld_endtime": ...,
        }
    },
    "GJ01": {"result": [{"ipt_no": "ZY-5", "setl_id_cancelled": [], "setl_id_flagged": []}]},
}
"""The fields that hold something: `...` anything but nothing, `@2207` the time of that step,
`<2207>` its message id, `{2207.setlinfo.setl_id}` what it answered. All others are empty."""


def looked_up(walk: Walk, expected: Any) -> Any:
    """An expected value with its references resolved."""
    if not isinstance(expected, str):
        return expected
    if expected.startswith("@"):
        return walk.times[expected[1:]]
    if expected.startswith("<"):
        return walk.messages[expected[1:-1]]
    if expected.startswith("{"):
        path, _, rest = expected[1:].partition("}")
        step, *names = path.split(".")
        found = walk.steps[step]
        for name in names:
            found = found[name]
        return f"{found}{rest}"
    return expected


def assert_told(walk: Walk, infno: str, node: str, expected: Any, told: Any) -> None:
    """An object tells what is expected and nothing else."""
    assert set(expected) <= set(told), (infno, node)
    for name, value in told.items():
        wanted = looked_up(walk, expected.get(name, ""))
        if wanted is ...:
            assert value not in ("", 0, None), (infno, node, name)
        elif name in expected:
            assert value == wanted, (infno, node, name)
        else:
            assert value in ("", 0), (infno, node, name)


@pytest.mark.parametrize("step", EXPECTED)
def test_every_field_of_a_reply_is_the_one_that_its_name_says(walk: Walk, step: str) -> None:
    told, infno = walk.steps[step], step.split()[0]
    for node, expected in EXPECTED[step].items():
        found = told if node == "" else told[node]
        if isinstance(expected, dict):
            assert_told(walk, infno, node, expected, found)
        elif isinstance(expected, list):
            assert len(found) == len(expected), (infno, node)
            for one, row in zip(expected, found, strict=True):
                assert_told(walk, infno, node, one, row)
    if "" not in EXPECTED[step]:
        assert set(told) == set(EXPECTED[step])


FILED_ELSEWHERE = {
    "1301",
    "1302",
    "1303",
    "1305",
    "1306",
    "1307",
    "1308",
    "1309",
    "1312",
    "1317",
    "1318",
    "1319",
    "7103",
    "7104",
}
"""The catalogue's, in test_catalogue_replies; prescriptions, in test_prescriptions."""


def test_every_transaction_that_tells_anything_is_in_this_table() -> None:
    speaking = {infno for infno, nodes in DOCUMENTED.items() if nodes}
    assert speaking - FILED_ELSEWHERE <= {step.split()[0] for step in EXPECTED}


@pytest.mark.parametrize("step", ["2203", "2203A", "3301"])
def test_what_has_nothing_to_tell_tells_nothing(walk: Walk, step: str) -> None:
    assert walk.steps[step] is None and not DOCUMENTED[step]


def test_serials_tell_the_area_the_time_and_a_number(walk: Walk) -> None:
    seen = set()
    for step, area in (("2501", AREA), ("2503", AREA), ("2505", "445300"), ("2507", AREA)):
        serial = walk.steps[step]["result"]["trt_dcla_detl_sn"]
        moment = "".join(filter(str.isdigit, walk.times[step]))
        assert len(serial) == 30 and serial[:20] == area + moment
        assert serial[20:].isdigit()
        seen.add(serial[20:])
    assert len(seen) == 4
