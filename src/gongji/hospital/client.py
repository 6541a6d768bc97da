"""A client of the national interface: envelopes, signatures, and a visit from sign-in to receipt.

It knows the interface and nothing of gongji: what it needs of a person or an item it asks for.
"""

import hashlib
import itertools
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

Node = dict[str, Any]


class NotAccepted(Exception):
    """The platform answered infcode -1, or the gateway refused; the text is for the cashier."""

    def __init__(self, infno: str, sentence: str) -> None:
        super().__init__(sentence)
        self.infno = infno


@dataclass(frozen=True)
class Item:
    """A line of a bill before it is sent: national code, own code, quantity, price in yuan."""

    code: str
    own_code: str
    quantity: str
    price: str
    amount: str
    prescription: str = ""
    prescriber: str = ""


@dataclass
class Hospital:
    """One institution's system, signing by x-tif.

    `area` is the region of treatment; `clock` gives the time that envelopes say.
    """

    address: str
    code: str
    name: str
    area: str
    access_key: str
    secret: str
    clock: Any = datetime.now
    operator: str = "0001"
    sign_no: str = ""
    warned: str = ""
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30))
    serial: Any = field(default_factory=lambda: itertools.count(1))

    def headers(self) -> dict[str, str]:
        """The x-tif headers of one request."""
        stamp, nonce = str(int(time.time())), secrets.token_hex(8)
        signed = f"{stamp}{self.secret}{nonce}{stamp}".encode()
        return {
            "x-tif-paasid": self.access_key,
            "x-tif-timestamp": stamp,
            "x-tif-nonce": nonce,
            "x-tif-signature": hashlib.sha256(signed).hexdigest(),
            "content-type": "application/json",
        }

    def envelope(self, infno: str, given: Node, insured_in: str = "", msgid: str = "") -> Node:
        """A request; the msgid is the institution's code, the time and a serial.

        It is the real time, whatever `clock` says: an id is used once.
        """
        now = self.clock()
        sent = time.strftime("%Y%m%d%H%M%S")
        made = f"{self.code}{sent}{next(self.serial) % 10_000:04d}"
        return {
            "infno": infno,
            "msgid": msgid or made,
            "mdtrtarea_admvs": self.area,
            "insuplc_admdvs": insured_in,
            "recer_sys_code": "99",
            "dev_no": "",
            "dev_safe_info": "",
            "cainfo": "",
            "signtype": "",
            "infver": "V1.0",
            "opter_type": "1",
            "opter": self.operator,
            "opter_name": "收费员",
            "inf_time": f"{now:%Y-%m-%d %H:%M:%S}",
            "fixmedins_code": self.code,
            "fixmedins_name": self.name,
            "sign_no": self.sign_no,
            "input": given,
        }

    def ask(self, infno: str, given: Node, insured_in: str = "", msgid: str = "") -> Any:
        """Send a transaction.

        Returns: the output.
        Refuses: NotAccepted with what the platform said.
        """
        envelope = self.envelope(infno, given, insured_in, msgid)
        reply = self.http.post(f"{self.address}/{infno}", json=envelope, headers=self.headers())
        if reply.headers.get("content-type", "").startswith("application/octet-stream"):
            return reply.content
        answer = reply.json()
        if answer.get("infcode") != 0:
            raise NotAccepted(infno, answer.get("err_msg") or answer.get("message") or reply.text)
        self.warned = answer.get("warn_msg") or ""
        return answer.get("output")

    def sign_in(self) -> str:
        """9001."""
        given = {
            "signIn": {"opter_no": self.operator, "mac": "02-00-00-00-00-01", "ip": "127.0.0.1"}
        }
        self.sign_no = str(self.ask("9001", given)["signinoutb"]["sign_no"])
        return self.sign_no

    def sign_out(self) -> None:
        """9002."""
        self.ask("9002", {"signOut": {"sign_no": self.sign_no, "opter_no": self.operator}})

    def person(self, certificate: str) -> Node:
        """1101 by identity number."""
        found: Node = self.ask(
            "1101",
            {
                "data": {
                    "mdtrt_cert_type": "02",
                    "mdtrt_cert_no": certificate,
                    "psn_cert_type": "01",
                    "certno": certificate,
                    "psn_name": "",
                }
            },
        )
        return found


@dataclass
class Encounter:
    """A visit at the counter, step by step, of a person that 1101 found."""

    hospital: Hospital
    person: Node
    certificate: str
    med_type: str = "11"
    disease: tuple[str, str] = ("", "")
    accounts: str = "1"
    visit: str = ""
    batch: str = "1"
    total: str = ""
    lines: list[Node] = field(default_factory=list)

    @property
    def psn_no(self) -> str:
        """The platform's number of the person."""
        return str(self.person["baseinfo"]["psn_no"])

    @property
    def insured_in(self) -> str:
        """The region of the employee insurance."""
        rows = [row for row in self.person["insuinfo"] if row["insutype"] == "310"]
        return str(rows[0]["insuplc_admdvs"]) if rows else ""

    def ask(self, infno: str, given: Node) -> Any:
        """A transaction about this person."""
        return self.hospital.ask(infno, given, self.insured_in)

    def register(self) -> str:
        """2201."""
        now = self.hospital.clock()
        output = self.ask(
            "2201",
            {
                "data": {
                    "psn_no": self.psn_no,
                    "insutype": "310",
                    "begntime": f"{now:%Y-%m-%d %H:%M:%S}",
                    "mdtrt_cert_type": "02",
                    "mdtrt_cert_no": self.certificate,
                    "ipt_otp_no": f"MZ{now:%m%d%H%M%S}{secrets.randbelow(10_000):04d}",
                    "atddr_no": "D000000000001",
                    "dr_name": "测试医生",
                    "dept_code": "01",
                    "dept_name": "内科",
                    "caty": "A03",
                }
            },
        )
        self.visit = str(output["data"]["mdtrt_id"])
        return self.visit

    def diagnose(self) -> None:
        """2203."""
        now = f"{self.hospital.clock():%Y-%m-%d %H:%M:%S}"
        code, name = self.disease
        self.ask(
            "2203",
            {
                "mdtrtinfo": {
                    "mdtrt_id": self.visit,
                    "psn_no": self.psn_no,
                    "med_type": self.med_type,
                    "begntime": now,
                    "dise_codg": code,
                    "dise_name": name,
                },
                "diseinfo": [
                    {
                        "diag_type": "1",
                        "diag_srt_no": 1,
                        "diag_code": code or "J06.900",
                        "diag_name": name or "急性上呼吸道感染",
                        "diag_dept": "内科",
                        "dise_dor_no": "D000000000001",
                        "dise_dor_name": "测试医生",
                        "diag_time": now,
                        "vali_flag": "1",
                    }
                ],
            },
        )

    def charge(self, items: Sequence[Item]) -> list[Node]:
        """2204: the lines as the platform splits them."""
        now = f"{self.hospital.clock():%Y-%m-%d %H:%M:%S}"
        rows = [
            {
                "feedetl_sn": str(number),
                "mdtrt_id": self.visit,
                "psn_no": self.psn_no,
                "chrg_bchno": self.batch,
                "dise_codg": self.disease[0],
                "rxno": item.prescription,
                "rx_circ_flag": "0",
                "fee_ocur_time": now,
                "med_list_codg": item.code,
                "medins_list_codg": item.own_code,
                "det_item_fee_sumamt": item.amount,
                "cnt": item.quantity,
                "pric": item.price,
                "bilg_dept_codg": "01",
                "bilg_dept_name": "内科",
                "bilg_dr_codg": "D000000000001",
                "bilg_dr_name": "测试医生",
                "hosp_appr_flag": "0",
            }
            for number, item in enumerate(items, start=1)
        ]
        self.lines = list(self.ask("2204", {"feedetail": rows})["result"])
        fen = sum(round(float(row["det_item_fee_sumamt"]) * 100) for row in self.lines)
        self.total = f"{fen // 100}.{fen % 100:02d}"
        return self.lines

    def _bill(self) -> Node:
        return {
            "psn_no": self.psn_no,
            "mdtrt_cert_type": "02",
            "mdtrt_cert_no": self.certificate,
            "med_type": self.med_type,
            "medfee_sumamt": self.total,
            "psn_setlway": "01",
            "mdtrt_id": self.visit,
            "chrg_bchno": self.batch,
            "insutype": "310",
            "acct_used_flag": self.accounts,
        }

    def try_out(self) -> Node:
        """2206."""
        found: Node = self.ask("2206", {"data": self._bill()})
        return found

    def settle(self) -> Node:
        """2207, with the class totals of 2204's answer."""
        totals = {
            sent: f"{sum(float(row[had] or 0) for row in self.lines):.2f}"
            for sent, had in (
                ("fulamt_ownpay_amt", "fulamt_ownpay_amt"),
                ("overlmt_selfpay", "overlmt_amt"),
                ("preselfpay_amt", "preselfpay_amt"),
                ("inscp_scp_amt", "inscp_scp_amt"),
            )
        }
        found: Node = self.ask("2207", {"data": {**self._bill(), **totals}})
        return found

    def purchase(self, items: Sequence[Item]) -> Node:
        """2102: a purchase at a pharmacy, settled at once."""
        now = f"{self.hospital.clock():%Y-%m-%d %H:%M:%S}"
        rows = [
            {
                "feedetl_sn": str(number),
                "rxno": item.prescription,
                "rx_circ_flag": "1" if item.prescription else "0",
                "fee_ocur_time": now,
                "exp_content": {"rxfixmedinsCode": item.prescriber},
                "med_list_codg": item.code,
                "medins_list_codg": item.own_code,
                "det_item_fee_sumamt": item.amount,
                "cnt": item.quantity,
                "pric": item.price,
            }
            for number, item in enumerate(items, start=1)
        ]
        fen = sum(round(float(item.amount) * 100) for item in items)
        code, name = self.disease
        found: Node = self.ask(
            "2102",
            {
                "druginfo": {
                    "psn_no": self.psn_no,
                    "mdtrt_cert_type": "02",
                    "mdtrt_cert_no": self.certificate,
                    "begntime": now,
                    "medfee_sumamt": f"{fen // 100}.{fen % 100:02d}",
                    "insutype": "310",
                    "dise_codg": code,
                    "dise_name": name,
                    "acct_used_flag": self.accounts,
                    "med_type": self.med_type,
                },
                "drugdetail": rows,
            },
        )
        self.visit = str(found["setlinfo"]["mdtrt_id"])
        return found

    def cancel(self, settlement: str) -> Node:
        """2208, at a pharmacy 2103."""
        infno = "2103" if self.hospital.code.startswith("P") else "2208"
        found: Node = self.ask(
            infno,
            {
                "data": {
                    "setl_id": settlement,
                    "mdtrt_id": self.visit,
                    "psn_no": self.psn_no,
                }
            },
        )
        return found
