"""A walk through every transaction of the gateway in which no two values are alike.

Plain functions: what each transaction answered, by a name of its own. Every step is taken a minute
after the one before.
"""

from datetime import timedelta
from typing import Any

from tests.platform import gateways
from tests.platform.counter import NOW
from tests.platform.gateways import AREA, HOSPITAL, IDENTITY, OTHER, PHARMACY, Client, Clock
from tests.platform.queries_county import CLINIC, Standing

from gongji.units import CHINA

DAY = "2024-12-18"
NUMBER = "990501198507103121"
DRUG, HERB, OWN, LIMITED = (f"X{kind}0000000000000000000{kind}" for kind in "ABCD")
ITEMS = (
    {
        "item": DRUG,
        "name": "甲药",
        "list_type": "101",
        "charge_type": "01",
        "grade": "甲",
        "specification": "10片/盒",
        "essential": True,
        "since": "2021-01-01",
        "until": "2030-01-01",
    },
    {
        "item": HERB,
        "name": "乙药",
        "list_type": "102",
        "charge_type": "02",
        "grade": "乙",
        "first_self_pay_ppm": 100_000,
        "specification": "20袋",
        "negotiated": True,
        "dual_channel": True,
        "agreement_until": "2027-07-01",
        "since": "2022-02-02",
    },
    {
        "item": OWN,
        "name": "丙项",
        "list_type": "201",
        "charge_type": "03",
        "grade": "丙",
        "since": "2023-03-03",
    },
    {
        "item": LIMITED,
        "name": "限材",
        "list_type": "103",
        "charge_type": "04",
        "grade": "乙",
        "first_self_pay_ppm": 200_000,
        "standard_fen": 1000,
        "standard_3_fen": 1200,
        "listing_fen": 1900,
        "restricted": True,
        "specification": "30支",
        "since": "2024-04-04",
    },
)
LINES = (
    {
        "med_list_codg": DRUG,
        "det_item_fee_sumamt": "900.00",
        "cnt": "2.5",
        "pric": "360",
        "medins_list_codg": "own-1",
        "rxno": "RX-8",
    },
    {"med_list_codg": HERB, "det_item_fee_sumamt": "50.00", "cnt": 4, "pric": "12.5"},
    {"med_list_codg": OWN, "det_item_fee_sumamt": 7, "cnt": 1, "pric": 7},
    {
        "med_list_codg": LIMITED,
        "det_item_fee_sumamt": "30.00",
        "cnt": 2,
        "pric": "15",
        "hosp_appr_flag": "1",
    },
)
SENT = {
    "sin_dos_dscr": "一片",
    "used_frqu_dscr": "一日三次",
    "prd_days": "5",
    "medc_way_dscr": "口服",
    "bilg_dept_codg": "D-01",
    "bilg_dept_name": "开单科",
    "bilg_dr_codg": "D-02",
    "bilg_dr_name": "开单医生",
    "acord_dept_codg": "D-03",
    "acord_dept_name": "受单科",
    "orders_dr_code": "D-04",
    "orders_dr_name": "受单医生",
    "tcmdrug_used_way": "W-5",
    "etip_flag": "E-6",
    "etip_hosp_code": "E-7",
    "dscg_tkdrug_flag": "T-8",
    "matn_fee_flag": "M-9",
    "memo": "行的备注",
    "fee_ocur_time": f"{DAY} 09:31:00",
}
"""What 2204 is told of a line and 5204 tells again."""
DIAGNOSES = [
    {
        "diag_type": "1",
        "diag_srt_no": 2,
        "diag_code": "J06.9",
        "diag_name": "上感",
        "diag_dept": "D-10",
        "dise_dor_no": "D-11",
        "dise_dor_name": "诊断医生",
        "diag_time": f"{DAY} 09:06:00",
        "vali_flag": "1",
    },
    {
        "diag_type": "2",
        "diag_srt_no": 1,
        "diag_code": "I10.x",
        "diag_name": "血压高",
        "diag_dept": "D-12",
        "dise_dor_no": "D-13",
        "dise_dor_name": "另一医生",
        "diag_time": f"{DAY} 09:07:00",
        "vali_flag": "1",
    },
]


def add(place: Standing, table: str, row: dict[str, Any]) -> None:
    """A row as the owner adds it."""
    place.owner.execute(
        f"insert into {table} ({', '.join(row)}) values ({', '.join(['%s'] * len(row))})",
        list(row.values()),
    )


def settle_in(place: Standing) -> str:
    """The town: institutions, items and the person that the walk is about."""
    for code, name, grade, uscc in (
        (HOSPITAL, "测试一院", "06", "USCC-1"),
        (OTHER, "测试二院", "03", "USCC-2"),
        (PHARMACY, "测试药房", "", "USCC-3"),
        (CLINIC, "测试门诊部", "09", "USCC-4"),
    ):
        place.owner.execute(
            "update institution set name = %s, grade = %s, uscc = %s where code = %s",
            [name, grade, uscc, code],
        )
    # The county's items are not of this town: taken away past the wall, as no one else can.
    with place.owner.transaction():
        place.owner.execute("set local session_replication_role = replica")
        place.owner.execute("delete from item_version")
    for number, item in enumerate(ITEMS):
        learnt_at = NOW - timedelta(days=9 - number)
        add(place, "item_version", {"area": AREA, "diseases": [], "learnt_at": learnt_at} | item)
    psn_no = place.county.person(
        400, 12_345, "2020-05-06", employer="测试厂", scheme="flexible", status="active"
    )
    place.owner.execute(
        "update person set certificate = %s, certificate_hash = %s, card_hash = %s, sex = '2',"
        " ethnicity = '05', name = '测甲' where psn_no = %s",
        [
            IDENTITY.encrypt(NUMBER),
            IDENTITY.lookup_hash("01", NUMBER),
            IDENTITY.lookup_hash("card", "CARD-400"),
            psn_no,
        ],
    )
    fact = place.county.fact
    fact(psn_no, "birth", "2020-01-01", birth_date="1985-07-10")
    fact(psn_no, "subsidy", "2021-03-04", subsidy="civil_servant")
    fact(
        psn_no,
        "bond",
        "2021-01-01",
        key=place.county.person(401, 10_000),
        order=1,
        relation="spouse",
        consented_on="2021-01-01",
    )
    return psn_no


class Walk:
    """Takes the steps, each a minute after the one before."""

    def __init__(self, place: Standing) -> None:
        assert isinstance(place.clock, Clock)
        self.place, self.clock = place, place.clock
        self.psn_no = settle_in(place)
        self.steps: dict[str, Any] = {}
        self.messages: dict[str, str] = {}
        self.times: dict[str, str] = {}

    def step(self, name: str, given: Any, client: Client | None = None) -> Any:
        """One transaction; its name begins with its number."""
        asking = client or self.place.client
        self.messages[name] = asking.msgid()
        self.times[name] = f"{self.clock().astimezone(CHINA):%Y-%m-%d %H:%M:%S}"
        self.steps[name] = asking.do(name.split()[0], given, self.messages[name])
        self.clock.now += timedelta(minutes=1)
        return self.steps[name]

    def take(self) -> None:
        """Every step."""
        self.shop()
        self.visit()
        self.file()
        self.look()
        self.catalogue()

    def visit(self) -> None:
        """From signing in to a settlement taken back."""
        psn_no, step = self.psn_no, self.step
        signed = step("9001", {"signIn": {"opter_no": "0007", "mac": "m", "ip": "i"}})
        node = {
            "psn_no": psn_no,
            "insutype": "310",
            "begntime": f"{DAY} 08:55:00",
            "mdtrt_cert_type": "03",
            "mdtrt_cert_no": "CARD-400",
            "ipt_otp_no": "MZ-17",
            "atddr_no": "D-20",
            "dr_name": "接诊医生",
            "dept_code": "D-21",
            "dept_name": "接诊科",
            "caty": "A03",
        }
        visit = step("2201", {"data": node})["data"]["mdtrt_id"]
        self.number = str(visit)
        step(
            "2203",
            {
                "mdtrtinfo": {
                    "mdtrt_id": visit,
                    "psn_no": psn_no,
                    "med_type": "13",
                    "begntime": f"{DAY} 09:05:00",
                    "main_cond_dscr": "头痛",
                    "dise_codg": "M03900",
                    "dise_name": "高血压",
                },
                "diseinfo": DIAGNOSES,
            },
        )
        rows = [
            gateways.line(psn_no, visit, number, "B-3", **SENT | one)
            for number, one in enumerate(LINES, start=11)
        ]
        step("2204", {"feedetail": rows})
        given = gateways.bill(
            psn_no,
            visit,
            "987.00",
            "B-3",
            acct_used_flag="2",
            invono="FP-9",
            med_type="13",
            mdtrt_cert_type="03",
            mdtrt_cert_no="CARD-400",
            fulamt_ownpay_amt=7,
            overlmt_selfpay=10,
            preselfpay_amt=9,
            inscp_scp_amt=961,
        )
        for infno in ("2206", "2206A", "2207"):
            step(infno, given)
        done = self.steps["2207"]["setlinfo"]
        step("5203", {"data": {"psn_no": psn_no, "mdtrt_id": visit, "setl_id": done["setl_id"]}})
        step("5204", {"data": {"psn_no": psn_no, "mdtrt_id": visit, "setl_id": done["setl_id"]}})
        span = {"begntime": DAY, "endtime": DAY}
        step("5201", {"data": {"psn_no": psn_no, "med_type": "13", **span}})
        step("5202", {"data": {"psn_no": psn_no, "mdtrt_id": visit}})
        step("5206", {"data": {"psn_no": psn_no, "cum_ym": "202412"}})
        step(
            "3201",
            {
                "data": {
                    "insutype": "310",
                    "clr_type": "11",
                    "setl_optins": "430599",
                    "stmt_begndate": "2024-12-20",
                    "stmt_enddate": "2024-12-20",
                    "medfee_sumamt": "1",
                    "fund_pay_sumamt": "2",
                    "acct_pay": "3",
                    "fixmedins_setl_cnt": 4,
                }
            },
        )
        step(
            "2208",
            {
                "data": {
                    "psn_no": psn_no,
                    "mdtrt_id": visit,
                    "setl_id": done["setl_id"],
                    "mdtrt_cert_type": "02",
                }
            },
        )
        step("2207A", given)
        step("9002", {"signOut": {"sign_no": signed["signinoutb"]["sign_no"], "opter_no": "0007"}})

    def shop(self) -> None:
        """A purchase tried, made and taken back."""
        row = gateways.line(
            "",
            "",
            21,
            med_list_codg=HERB,
            cnt=8,
            pric="12.5",
            det_item_fee_sumamt="100.00",
            rxno="RX-9",
            rx_circ_flag="1",
            rxfixmedinscode=HOSPITAL,
        )
        for name in ("mdtrt_id", "psn_no", "chrg_bchno"):
            del row[name]
        given = gateways.purchase(
            self.psn_no,
            "100.00",
            [row],
            acct_used_flag="1",
            invono="FP-2",
            mdtrt_cert_type="03",
            mdtrt_cert_no="CARD-400",
        )
        shop = self.place.pharmacy
        step = self.step
        step("2101", given, shop)
        done = step("2102", given, shop)["setlinfo"]
        names = ("psn_no", "mdtrt_id", "setl_id")
        step("2103", {"data": {name: done[name] for name in names}}, shop)

    def file(self) -> None:
        """Filings."""
        psn_no, step = self.psn_no, self.step
        step(
            "2501",
            {
                "refmedin": {
                    "psn_no": psn_no,
                    "insutype": "310",
                    "tel": "TEL-1",
                    "addr": "测试路",
                    "diag_code": "I10",
                    "diag_name": "高压",
                    "dise_cond_dscr": "病情",
                    "reflin_medins_no": OTHER,
                    "reflin_medins_name": "乱写",
                    "mdtrtarea_admdvs": AREA,
                    "refl_type": "1",
                    "refl_date": "2024-12-11",
                    "refl_rea": "缘由",
                    "refl_opnn": "同意",
                    "hosp_agre_refl_flag": "0",
                    "begndate": "2024-12-12",
                    "enddate": "2024-12-28",
                }
            },
        )
        step(
            "2503",
            {
                "data": {
                    "psn_no": psn_no,
                    "insutype": "310",
                    "opsp_dise_code": "M01600",
                    "opsp_dise_name": "消渴",
                    "insu_optins": AREA,
                    "ide_fixmedins_no": OTHER,
                    "ide_fixmedins_name": "测试",
                    "hosp_ide_date": "2024-12-10",
                    "diag_dr_codg": "D1",
                    "diag_dr_name": "测试医生",
                    "begndate": "2024-12-03",
                    "enddate": "2025-12-02",
                }
            },
        )
        step(
            "2505",
            {
                "data": {
                    "psn_no": self.place.yunfu.psn_no(200),
                    "biz_appy_type": "03",
                    "begndate": "2024-12-21",
                    "enddate": "2025-06-07",
                    "fix_srt_no": "1",
                    "fixmedins_code": CLINIC,
                    "fixmedins_name": "测试",
                    "memo": "就近",
                }
            },
            self.place.clinic,
        )
        step(
            "2507",
            {
                "data": {
                    "dcla_souc": "01",
                    "psn_no": psn_no,
                    "psn_cert_type": "01",
                    "certno": NUMBER,
                    "psn_name": "测甲",
                    "insu_admdvs": AREA,
                    "chk_pay_flag": "1",
                    "begndate": DAY,
                }
            },
        )
        step(
            "5302",
            {"data": {"psn_no": self.place.yunfu.psn_no(200), "biz_appy_type": "03"}},
            self.place.clinic,
        )
        span = {"begntime": "2024-12-01", "endtime": "2024-12-31"}
        step("5304", {"data": {"psn_no": psn_no, **span}})
        self.place.county.fact(
            psn_no,
            "registration",
            "2024-01-02",
            "2025-01-02",
            "M07200",
            benefit="chronic",
            disease="强直性脊柱炎",
            name="强脊",
        )
        step("5301", {"data": {"psn_no": psn_no}})
        self.chronic()
        step(
            "GJ01",
            {
                "stays": [
                    {
                        "psn_no": psn_no,
                        "certno": NUMBER,
                        "ipt_no": "ZY-5",
                        "begntime": "2024-12-01",
                        "endtime": "2024-12-04",
                        "medfee_sumamt": "8000",
                        "act_pay_dedc": "600.00",
                        "hifp_pay": "5000.01",
                    }
                ]
            },
        )
        step("5303", {"data": {"psn_no": psn_no, **span}})

    def chronic(self) -> None:
        """A visit for a disease, and the drugs that were had for it."""
        psn_no, step = self.psn_no, self.step
        given = gateways.registration(psn_no, ipt_otp_no="MZ-18", mdtrt_cert_no=NUMBER)
        visit = step("2201 chronic", given)["data"]["mdtrt_id"]
        given = gateways.description(psn_no, visit, med_type="14", dise_codg="M07200")
        step("2203A", given)
        row = gateways.line(psn_no, visit, 31, **SENT | LINES[0], dise_codg="M07200")
        step("2204 chronic", {"feedetail": [row]})
        step("2207 chronic", gateways.bill(psn_no, visit, 900, med_type="14", acct_used_flag="0"))
        step("5205", {"data": {"psn_no": psn_no, "begntime": DAY, "endtime": DAY}})

    def look(self) -> None:
        """The person, the institution, the benefits, files."""
        asked = {"mdtrt_cert_type": "02", "mdtrt_cert_no": NUMBER, "psn_cert_type": "01"}
        self.step("1101", {"data": asked})
        self.step("1201", {"medinsinfo": {"fixmedins_type": "1", "fixmedins_name": "一院"}})
        self.step(
            "2001",
            {
                "data": {
                    "psn_no": self.psn_no,
                    "insutype": "310",
                    "med_type": "11",
                    "begntime": "2024-12-05 08:00:00",
                    "endtime": "2024-12-25 09:00:00",
                }
            },
        )
        self.step(
            "9101", {"fsUploadIn": {"in": "IA==", "filename": "名.txt", "fixmedins_code": "plc"}}
        )
        number = self.steps["9101"]["file_qury_no"]
        self.step(
            "3202",
            {
                "data": {
                    "clr_type": "11",
                    "setl_optins": "430599",
                    "stmt_begndate": "2024-12-19",
                    "stmt_enddate": "2024-12-20",
                    "medfee_sumamt": 0,
                    "fund_pay_sumamt": 0,
                    "cash_payamt": 0,
                    "fixmedins_setl_cnt": 0,
                    "file_qury_no": number,
                }
            },
        )

    def catalogue(self) -> None:
        """Downloads and pages of the catalogue."""
        step = self.step
        step(
            "3301",
            {
                "data": [
                    {
                        "fixmedins_hilist_id": "own-1",
                        "fixmedins_hilist_name": "院内甲",
                        "list_type": "101",
                        "med_list_codg": DRUG,
                        "begndate": "2024-02-01",
                        "enddate": "2026-03-31",
                        "aprvno": "准字",
                        "dosform": "片剂",
                        "exct_cont": "除外",
                        "item_cont": "内涵",
                        "prcunt": "盒",
                        "spec": "规格",
                        "pacspec": "包装",
                        "memo": "对照备注",
                    }
                ]
            },
        )
        visit = {"psn_no": self.psn_no, "mdtrt_id": self.number}
        step("5204 matched", {"data": visit})
        for infno in ("1301", "1302", "1303", "1305", "1306", "1307", "1308", "1309"):
            step(infno, {"data": {"ver": "0"}})
        page = {"updt_time": "2020-01-01", "page_num": 1, "page_size": 10}
        step("1312", {"data": page | {"hilist_code": HERB}})
        step("1317", {"data": page})
        step("1318", {"data": page | {"hilist_lmtpric_type": "3"}})
        step("1319", {"data": page | {"hilist_code": LIMITED}})
