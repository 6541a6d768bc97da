"""A gateway over real HTTP for the tests: a server in a thread, and a client that uses the
interface.

Plain functions and classes, no fixtures. The gateway's clock stands still at `counter.NOW`, unless
a test gives it one of its own.
"""

import base64
import hashlib
import hmac
import http.client
import itertools
import json
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
import uvicorn
from psycopg.conninfo import make_conninfo
from tests.platform.counter import NOW, RULES, Counter

from gongji.gateway.app import make_app
from gongji.gateway.transactions import GatewaySettings
from gongji.gateway.wire.codes import sentence as sentence_of
from gongji.law.engine.areas import Areas
from gongji.platform.identity import Identity

KEYS = {"identity_key": b"identity" * 4, "lookup_key": b"lookup.." * 4}
IDENTITY = Identity(*KEYS.values())
AREA = "430500"
HOSPITAL, OTHER, PHARMACY = "H43050000001", "H43050000002", "P43050000003"
CLINIC = "H44530000001"
"""In another area; `queries_county` has it, a county alone does not."""
SECRETS = {
    HOSPITAL: "secret-one",
    OTHER: "secret-two",
    PHARMACY: "secret-three",
    CLINIC: "secret-four",
}
"""Of each institution; its access key is `ak-` and its code."""
ROLE = "-c role=gongji_gateway -c timezone=UTC"
DAY = "2024-12-18"

ITEMS = (
    # item, grade, first self-pay, standard, restricted, negotiated
    ("XA00000000000000000001", "甲", None, None, False, False),
    ("XB00000000000000000002", "乙", 100_000, None, False, False),
    ("XC00000000000000000003", "丙", None, None, False, False),
    ("XR00000000000000000004", "乙", 200_000, 1000, True, False),
)


class Clock:
    """A clock that a test sets."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def fill_county(owner: psycopg.Connection[Any]) -> Counter:
    """Institutions with secrets, a catalogue, and six persons of Shaoyang."""
    county = Counter(owner, AREA)
    county.institution(1, "2")
    county.institution(2, "3")
    county.institution(3, "2", kind="pharmacy")
    for code in (HOSPITAL, OTHER, PHARMACY):
        give_secret(owner, code)
    for item, grade, share, standard, restricted, negotiated in ITEMS:
        owner.execute(
            "insert into item_version (area, item, name, list_type, charge_type, since, grade,"
            " first_self_pay_ppm, standard_fen, restricted, negotiated, diseases)"
            " values (%s, %s, '测试品', '101', '09', '2020-01-01', %s, %s, %s, %s, %s, '{}')",
            [AREA, item, grade, share, standard, restricted, negotiated],
        )
    for number in range(1, 7):
        insure(county, number, 50_000 * number, status="retired" if number == 2 else "active")
    county.fact(county.psn_no(2), "subsidy", "2020-01-01", subsidy="civil_servant")
    county.fact(
        county.psn_no(1),
        "bond",
        "2020-01-01",
        key=county.psn_no(3),
        order=1,
        relation="spouse",
        consented_on="2020-01-01",
    )
    return county


def give_secret(owner: psycopg.Connection[Any], code: str) -> None:
    """An institution may sign, and its inpatient system by a key of its own."""
    for key, scope in ((f"ak-{code}", "counter"), (f"ak-in-{code}", "inpatient")):
        owner.execute(
            "insert into credential (access_key, institution, secret, since, scope)"
            " values (%s, %s, %s, '2020-01-01', %s)",
            [key, code, IDENTITY.encrypt(SECRETS[code]), scope],
        )


def insure(county: Counter, number: int, balance_fen: int, **spell: Any) -> str:
    """A person with an account, a birth date, an identity number and a card."""
    psn_no = county.person(number, balance_fen, **spell)
    county.fact(psn_no, "birth", "2020-01-01", birth_date="1970-05-06")
    certificate = certificate_of(number)
    county.owner.execute(
        "update person set certificate = %s, certificate_hash = %s, card_hash = %s, sex = '1'"
        " where psn_no = %s",
        [
            IDENTITY.encrypt(certificate),
            IDENTITY.lookup_hash("01", certificate),
            IDENTITY.lookup_hash("card", f"CARD{number}"),
            psn_no,
        ],
    )
    return psn_no


def certificate_of(number: int) -> str:
    """An invented identity number; its region does not exist."""
    return f"99050119700506{number:03d}X"


def number_of(psn_no: str) -> str:
    """The identity number of a person of a county, by the person's number."""
    return certificate_of(int(psn_no[6:])) if psn_no[6:].isdigit() else "1"


@dataclass
class Client:
    """A hospital system: it knows HTTP, the envelope and how to sign."""

    port: int
    institution: str = HOSPITAL
    adaptor: str = "x-tif"
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    run: str = field(default_factory=lambda: uuid.uuid4().hex[:6])
    clock: Callable[[], datetime] = lambda: NOW

    def msgid(self) -> str:
        """A message id of its own."""
        return f"{self.institution}{self.run}{next(self.numbers):012d}"

    def envelope(self, infno: str, given: Any, msgid: str = "", **changes: Any) -> dict[str, Any]:
        """A request as a client sends it."""
        made = {
            "infno": infno,
            "msgid": msgid or self.msgid(),
            "mdtrtarea_admvs": AREA,
            "insuplc_admdvs": AREA,
            "recer_sys_code": "99",
            "dev_no": "",
            "dev_safe_info": "null",
            "cainfo": "",
            "signtype": "",
            "infver": "V1.0",
            "opter_type": "1",
            "opter": "0001",
            "opter_name": "测试操作员",
            "inf_time": "2024-12-20 10:00:00",
            "fixmedins_code": self.institution,
            "fixmedins_name": "测试医院",
            "sign_no": "null",
            "input": given,
        }
        return made | changes

    def headers(
        self, at: datetime | None = None, nonce: str = "", **changes: str
    ) -> dict[str, str]:
        """The signature of a request, by default of the client's own time."""
        key, secret = f"ak-{self.institution}", SECRETS.get(self.institution, "none")
        stamp = str(int((at or self.clock()).timestamp()))
        if self.adaptor == "none":
            return changes
        if self.adaptor == "api":
            given = {
                "_api_access_key": key,
                "_api_name": "hssServives",
                "_api_timestamp": stamp + "000",
                "_api_version": "1.0.0",
            } | changes
            text = "&".join(f"{name}={given[name]}" for name in sorted(given))
            made = hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()
            return {"_api_signature": base64.b64encode(made).decode()} | given
        nonce = nonce or uuid.uuid4().hex
        digest = hashlib.sha256(f"{stamp}{secret}{nonce}{stamp}".encode()).hexdigest()
        return {
            "x-tif-paasid": key,
            "x-tif-timestamp": stamp,
            "x-tif-nonce": nonce,
            "x-tif-signature": digest,
        } | changes

    def post(
        self, body: bytes, headers: dict[str, str] | None = None, path: str = "/callService"
    ) -> tuple[int, bytes]:
        """Status and body of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        signed = self.headers() if headers is None else headers
        connection.request("POST", path, body, {"content-type": "text/plain"} | signed)
        answer = connection.getresponse()
        found = answer.status, answer.read()
        connection.close()
        return found

    def ask(self, infno: str, given: Any, msgid: str = "", **changes: Any) -> dict[str, Any]:
        """The reply to a transaction; who is asked about has shown a certificate before."""
        if infno in ("5206", "5301", "5302", "5303", "5304"):
            self._card((given.get("data") or {}).get("psn_no"))
        sent = json.dumps(self.envelope(infno, given, msgid, **changes), ensure_ascii=False)
        names = {"x-tif": "x-tif-paasid", "api": "_api_access_key"}
        keyed = {names[self.adaptor]: f"ak-in-{self.institution}"} if infno == "GJ01" else {}
        status, body = self.post(sent.encode(), self.headers(**keyed))
        assert status == 200, body
        reply: dict[str, Any] = json.loads(body)
        return reply

    def _card(self, psn_no: object) -> None:
        """A certificate is read, if it is one of the county's."""
        if isinstance(psn_no, str) and psn_no[6:].isdigit():
            number = certificate_of(int(psn_no[6:]))
            self.ask("1101", {"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": number}})

    def do(self, infno: str, given: Any, msgid: str = "", **changes: Any) -> Any:
        """The output of a transaction that succeeds."""
        reply = self.ask(infno, given, msgid, **changes)
        assert reply["infcode"] == 0, reply["err_msg"]
        return reply["output"]

    def refused(self, infno: str, given: Any, msgid: str = "", **changes: Any) -> str:
        """The sentence of a transaction that is refused."""
        reply = self.ask(infno, given, msgid, **changes)
        assert reply["infcode"] == -1 and reply["output"] is None, reply
        return str(reply["err_msg"])


@contextmanager
def serving(
    database: str,
    clock: Callable[[], datetime] = lambda: NOW,
    laws: Areas = RULES,
    **changes: Any,
) -> Iterator[int]:
    """A gateway on a port of its own."""
    settings = GatewaySettings(**(KEYS | {"workers": 3, "forgeries": 10**9} | changes))
    application = make_app(make_conninfo(database, options=ROLE), laws, settings, clock)
    config = uvicorn.Config(
        application, host="127.0.0.1", port=0, log_level="error", access_log=False, lifespan="on"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
        assert thread.is_alive(), "the server did not start"
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


def says(code: str, sentence: str) -> bool:
    """Whether a sentence is that of a refusal, whatever its values."""
    pieces = re.split(r"\{\w+\}", sentence_of(code))
    return re.fullmatch(".*".join(map(re.escape, pieces)), sentence) is not None


# What a client sends for a visit.


def registration(psn_no: str, day: str = DAY, **changes: Any) -> dict[str, Any]:
    """2201."""
    return {
        "data": {
            "psn_no": psn_no,
            "insutype": "310",
            "begntime": f"{day} 09:00:00",
            "mdtrt_cert_type": "02",
            "mdtrt_cert_no": number_of(psn_no),
            "ipt_otp_no": "OP1",
            "atddr_no": "D1",
            "dr_name": "测试医生",
            "dept_code": "01",
            "dept_name": "内科",
            "caty": "A03",
        }
        | changes
    }


def description(psn_no: str, visit: str, day: str = DAY, **changes: Any) -> dict[str, Any]:
    """2203, with node names as some clients write them."""
    return {
        "mdtrtInfo": {
            "mdtrt_id": visit,
            "psn_no": psn_no,
            "med_type": "11",
            "begntime": f"{day} 09:05:00",
            "main_cond_dscr": "",
            "dise_codg": "",
            "dise_name": "",
        }
        | changes,
        "diseinfo": [
            {
                "diag_type": "1",
                "diag_srt_no": 1,
                "diag_code": "J06.900",
                "diag_name": "上呼吸道感染",
                "diag_dept": "内科",
                "dise_dor_no": "D1",
                "dise_dor_name": "测试医生",
                "diag_time": f"{day} 09:05:00",
                "vali_flag": "1",
            }
        ],
    }


def line(psn_no: str, visit: str, number: int, batch: str = "1", **changes: Any) -> dict[str, Any]:
    """A fee line of 2204: by default two at 15.00 of class 甲."""
    return {
        "feedetl_sn": str(number),
        "mdtrt_id": visit,
        "psn_no": psn_no,
        "chrg_bchno": batch,
        "dise_codg": "",
        "rxno": "",
        "rx_circ_flag": "0",
        "fee_ocur_time": f"{DAY} 09:30:00",
        "med_list_codg": ITEMS[0][0],
        "medins_list_codg": "own-1",
        "det_item_fee_sumamt": 30.00,
        "cnt": 2,
        "pric": "15.000000",
        "bilg_dept_codg": "01",
        "bilg_dept_name": "内科",
        "bilg_dr_codg": "D1",
        "bilg_dr_name": "测试医生",
        "hosp_appr_flag": "0",
    } | changes


def bill(psn_no: str, visit: str, total: Any, batch: str = "1", **changes: Any) -> dict[str, Any]:
    """2206 or 2207, with class totals as careless clients send them."""
    return {
        "data": {
            "psn_no": psn_no,
            "mdtrt_cert_type": "02",
            "mdtrt_cert_no": number_of(psn_no),
            "med_type": "11",
            "medfee_sumamt": total,
            "psn_setlway": "01",
            "mdtrt_id": visit,
            "chrg_bchno": batch,
            "insutype": "310",
            "acct_used_flag": "1",
            "invono": "",
            "fulamt_ownpay_amt": 0,
            "overlmt_selfpay": 0,
            "preselfpay_amt": 0,
            "inscp_scp_amt": total,
        }
        | changes
    }


def purchase(
    psn_no: str, total: Any, lines: list[dict[str, Any]], **changes: Any
) -> dict[str, Any]:
    """2101 or 2102."""
    return {
        "druginfo": {
            "psn_no": psn_no,
            "mdtrt_cert_type": "02",
            "mdtrt_cert_no": number_of(psn_no),
            "begntime": f"{DAY} 10:00:00",
            "medfee_sumamt": total,
            "insutype": "310",
            "dise_codg": "",
            "dise_name": "",
            "acct_used_flag": "1",
            "med_type": "41",
        }
        | changes,
        "drugdetail": lines,
    }


def opened(client: Client, psn_no: str, amounts: list[dict[str, Any]] | None = None) -> str:
    """A visit registered, described and billed; gives its mdtrt_id."""
    visit = str(client.do("2201", registration(psn_no))["data"]["mdtrt_id"])
    assert client.do("2203", description(psn_no, visit)) is None
    rows = [line(psn_no, visit, number + 1, **one) for number, one in enumerate(amounts or [{}])]
    client.do("2204", {"feedetail": rows})
    return visit
