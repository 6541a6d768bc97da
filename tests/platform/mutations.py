"""Requests gone wrong: valid ones of every transaction, then changed in one to three places.

A stream is told by its seed alone, so that a failure can be had again. The caller says which values
are real (persons, items …) and which belong together (`scenes`: a person's visit with its open
batch, a settlement with its message); without them most requests would stop at the first check.
"""

import json
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FIELDS: dict[str, dict[str, Any]] = json.loads(
    Path(__file__).with_name("request_fields.json").read_text(encoding="utf-8")
)
FIELDS["GJ01"] = {
    "stays": [
        True,
        [
            ["psn_no", "string", "30", True],
            ["certno", "string", "50", True],
            ["ipt_no", "string", "30", True],
            ["begntime", "date", "", True],
            ["endtime", "date", "", False],
            ["medfee_sumamt", "number", "16,2", False],
            ["act_pay_dedc", "number", "16,2", False],
            ["hifp_pay", "number", "16,2", False],
            ["otp_er_refl_flag", "string", "1", False],
            ["die_flag", "string", "1", False],
        ],
    ],
}
"""A transaction of gongji's own, which no fact sheet describes."""
SAMPLES: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("request_samples.json").read_text(encoding="utf-8")
)
"""Requests as real systems send them."""
USUAL = {
    "insutype": ["310"],
    "psn_setlway": ["01"],
    "acct_used_flag": ["0", "1", "2"],
    "mdtrt_cert_type": ["02", "03"],
    "psn_cert_type": ["01"],
    "med_type": ["11", "11", "14", "41"],
    "vali_flag": ["1"],
    "diag_type": ["1"],
    "rx_circ_flag": ["0"],
    "hosp_appr_flag": ["0", "1"],
    "fixmedins_type": ["1"],
    "chrg_bchno": ["1"],
    "clr_type": ["11"],
    "page_num": ["1"],
    "page_size": ["20"],
    "oinfno": ["2207", "2102", "2208"],
    "list_type": ["101"],
    "dise_codg": ["", "M00500"],
    "biz_appy_type": ["03"],
    "trt_dcla_detl_sn": ["1"],
    "otp_er_refl_flag": ["0", "1"],
    "die_flag": ["0", "0", "1"],
}
"""Values that real clients send most."""
ENVELOPE = (
    "infno",
    "msgid",
    "mdtrtarea_admvs",
    "insuplc_admdvs",
    "recer_sys_code",
    "infver",
    "opter_type",
    "opter",
    "inf_time",
    "fixmedins_code",
    "fixmedins_name",
    "sign_no",
    "input",
)
WEIGHTS = {
    "2201": 4,
    "2203": 4,
    "2204": 8,
    "2206": 6,
    "2207": 12,
    "2208": 4,
    "2102": 8,
    "2101": 4,
    "2601": 4,
    "2103": 3,
    "1101": 3,
    "GJ01": 3,
}
"""Transactions that move money or lead to it come more often."""

_OF_A_ROW = frozenset({"med_list_codg", "hosp_appr_flag", "diag_type", "list_type"})
"""Fields that differ between the rows of a node."""

ODD_TEXTS = (
    "null",
    " ",
    "'",
    "' or 1=1 --",
    "%s",
    "{}",
    "\\",
    "\u200f",
    "😀" * 5,
    "张" * 400,
    "x" * 5000,
    "1;drop table entry",
    "\x7f",
    "\t\r\n",
    "０１２",
    "+1",
    "0x10",
    "NaN",
    "-0",
    "1e5",
    "١٢٣",
    "\x00",
    "a\x00b",
    "\ud800",
    "张\udfff",
    "\x01\x1b[31m",
    "x'; drop table entry; --",
    "Infinity",
    "-Infinity",
    "1e400",
    "1e99",
    "-30.00",
    "9" * 5000,
    "../../etc/passwd",
    "<b>张</b>",
    "H43050000002",
    "43050000000000000001",
    "990101",
    "\ufeff30.00",
    "３０．００",
    "30.00元",
    "1,000.00",
    "$1",
    "%(area)s",
)
ODD_NUMBERS = (
    0,
    -1,
    1,
    -0.01,
    0.001,
    1e3,
    1e16,
    10**11,
    10**30,
    -(10**19),
    2**31,
    2**63,
    2**64,
    0.1 + 0.2,
    1e-7,
    99999999999999.99,
    float("nan"),
    float("inf"),
    -float("inf"),
    -30,
    1e308,
)
ODD_TIMES = (
    "0000-00-00",
    "2024-02-30",
    "2024-13-01 00:00:00",
    "1899-12-31",
    "9999-12-31 23:59:59",
    "2024-12-18 25:00:00",
    "2024-12-18T09:00:00Z",
    "20241218",
    "18/12/2024",
    "2024-12-18 09:00",
    "2030-01-01 00:00:00",
    "1990-01-01 00:00:00",
)


@dataclass
class Stream:
    """Mutated requests without an end; `real` gives field name -> values that exist.

    Shape:   `scenes` of field name -> value; a request draws one of them, and takes the rest from
             `real` and from what clients usually send.
    """

    seed: int
    real: Mapping[str, Sequence[str]]
    envelope: Callable[[str, Any], dict[str, Any]]
    transactions: Sequence[str] = tuple(FIELDS)
    scenes: Sequence[Mapping[str, str]] = ()
    chance: random.Random = field(init=False)
    msgids: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield self.request()

    def request(self) -> bytes:
        """One request, mutated in its fields, its envelope or its bytes."""
        pick = self.chance
        weights = [WEIGHTS.get(infno, 1) for infno in self.transactions]
        (infno,) = pick.choices(self.transactions, weights)
        sent = self.envelope(infno, self.valid(infno))
        if pick.random() < 0.03:
            sample = json.loads(json.dumps(pick.choice(SAMPLES)))
            sent = sample | {name: sent[name] for name in ("msgid", "fixmedins_code")}
        self.msgids.append(str(sent["msgid"]))
        if pick.random() < 0.03:
            sent["msgid"] = pick.choice(self.msgids[-200:])
        if pick.random() < 0.02:
            sent["infno"] = pick.choice((*self.transactions, "9999", "2207 ", "２２０７"))
        for _ in range(pick.choice((0, 1, 1, 1, 2, 3))):
            pick.choice(CHANGES)(pick, sent)
        body = encode(sent, ascii_only=pick.random() < 0.5)
        return _change_bytes(pick, body) if pick.random() < 0.1 else body

    def valid(self, infno: str) -> dict[str, Any]:
        """An input with every required field and some of the others."""
        asked = {one[0] for _, fields in FIELDS[infno].values() for one in fields}
        fitting = [scene for scene in self.scenes if infno in scene.get("for", infno)]
        shared: dict[str, Any] = {}
        if fitting and self.chance.random() < 0.85:
            shared = {k: v for k, v in self.chance.choice(fitting).items() if k in asked}
        if infno == "2204":
            shared["chrg_bchno"] = str(self.chance.randint(2, 10**6))
        made: dict[str, Any] = {}
        total = 0
        for name, (multiple, fields) in FIELDS[infno].items():
            count = self.chance.choice((1, 1, 2, 3)) if multiple else 1
            rows = [self._object(fields, shared) for _ in range(count)]
            total += sum(self._priced(row) for row in rows)
            made[name] = rows if multiple else rows[0]
        for node in made.values():
            if total and isinstance(node, dict) and "medfee_sumamt" in node:
                node["medfee_sumamt"] = total / 100
        return made

    def _object(self, fields: Sequence[Sequence[Any]], shared: dict[str, Any]) -> dict[str, Any]:
        made = {}
        for name, kind, length, required in fields:
            if name in shared:
                made[name] = shared[name]
            elif not required and self.chance.random() < 0.6:
                continue
            elif name in self.real or name in USUAL:
                values = self.real.get(name) or USUAL[name]
                made[name] = self.chance.choice(values)
                if name not in _OF_A_ROW:
                    shared[name] = made[name]
            else:
                made[name] = self._value(kind, length)
        return made

    def _priced(self, row: dict[str, Any]) -> int:
        """Give a fee line a price that fits its amount; gives the amount in fen."""
        if "pric" not in row or "cnt" not in row:
            return 0
        price, count = self.chance.randint(1, 90_000), self.chance.randint(1, 9)
        row |= {"pric": price / 100, "cnt": count, "det_item_fee_sumamt": price * count / 100}
        row.pop("rxno", None)
        return price * count

    def _value(self, kind: str, length: str) -> Any:
        pick = self.chance
        if kind in ("datetime", "date"):
            day = f"2024-12-{pick.randint(1, 20):02d}"
            return day if kind == "date" else f"{day} {pick.randint(0, 23):02d}:15:00"
        if kind == "number":
            amount = pick.randint(0, 9) if pick.random() < 0.5 else pick.randint(1, 99_999) / 100
            return pick.choice((amount, str(amount)))
        if kind == "digits":
            return str(pick.randint(1, 10**9))
        if kind == "bytes":
            return pick.choice(("UEs=", "AAAA", "not base64"))
        if kind == "array":
            return []
        most = int(str(length).split(",")[0] or 10) if str(length)[:1].isdigit() else 10
        return "测x1"[: max(most, 1)] if pick.random() < 0.5 else str(pick.randint(0, 9))


def encode(sent: dict[str, Any], ascii_only: bool = False) -> bytes:
    """A request as bytes, lone surrogates and all."""
    return json.dumps(sent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")


def decode(answer: bytes) -> Any:
    """What an answer says."""
    return json.loads(answer)


def _objects(sent: dict[str, Any]) -> list[dict[str, Any]]:
    """Every object of the input that has fields."""
    given = sent.get("input")
    found = []
    for node in given.values() if isinstance(given, dict) else ():
        rows = node if isinstance(node, list) else [node]
        found += [row for row in rows if isinstance(row, dict) and row]
    return found


def _odd(pick: random.Random) -> Any:
    """A value that does not belong."""
    return pick.choice(
        (
            lambda: None,
            lambda: "",
            lambda: True,
            list,
            dict,
            lambda: [[["x"]]],
            lambda: {"a": {"b": [1]}},
            lambda: pick.choice(ODD_TEXTS),
            lambda: pick.choice(ODD_NUMBERS),
            lambda: pick.choice(ODD_TIMES),
            lambda: str(pick.choice(ODD_NUMBERS)),
            lambda: "9" * pick.randint(1, 40),
        )
    )()


def _change_field(pick: random.Random, sent: dict[str, Any]) -> None:
    objects = _objects(sent)
    if not objects:
        return
    one = pick.choice(objects)
    name = pick.choice(list(one))
    what = pick.randint(0, 5)
    if what == 0:
        del one[name]
    elif what == 1:
        one[pick.choice((name.upper(), name.title(), f" {name} "))] = one.pop(name)
    elif what == 2:
        one[pick.choice(("exp_content", "expContent", "额外", "\u0001"))] = _odd(pick)
    else:
        one[name] = _odd(pick)


def _mix_fields(pick: random.Random, sent: dict[str, Any]) -> None:
    """A value where another one belongs."""
    objects = _objects(sent)
    if objects:
        one, other = pick.choice(objects), pick.choice(objects)
        one[pick.choice(list(one))] = other[pick.choice(list(other))]


def _change_node(pick: random.Random, sent: dict[str, Any]) -> None:
    given = sent.get("input")
    if not isinstance(given, dict) or not given:
        return
    name = pick.choice(list(given))
    what = pick.randint(0, 5)
    if what == 0:
        del given[name]
    elif what == 1:
        given[name.upper()] = given.pop(name)
    elif what == 2:
        given[name] = [given[name], given[name]]
    elif what == 3:
        rows = given[name]
        given[name] = rows[0] if isinstance(rows, list) and rows else [rows]
    elif what == 4:
        given[name] = _odd(pick)
    elif isinstance(given[name], list):
        given[name] = given[name] * pick.choice((0, 2, 50))


def _change_envelope(pick: random.Random, sent: dict[str, Any]) -> None:
    name = pick.choice(ENVELOPE)
    if name in ("infno", "fixmedins_code") and pick.random() < 0.7:
        return
    what = pick.randint(0, 3)
    if what == 0:
        sent.pop(name, None)
    elif what == 1 and name in sent:
        sent[name.capitalize()] = sent.pop(name)
    else:
        sent[name] = _odd(pick)


CHANGES = (
    _change_field,
    _change_field,
    _change_field,
    _change_node,
    _change_envelope,
    _mix_fields,
)


def _change_bytes(pick: random.Random, body: bytes) -> bytes:
    place = pick.randrange(len(body))
    what = pick.randint(0, 9)
    if what == 0:
        return body[:place]
    if what == 7:
        return body.replace(b"{", b'{"psn_no": "1", "data": 1, "input": 2, ', pick.randint(1, 3))
    if what == 8:
        return re.sub(rb": -?\d[\d.]*", b": " + b"9" * pick.choice((30, 400, 5000)), body, count=1)
    if what == 9:
        return re.sub(rb': "\d', rb': "\\u0000\\ud83d', body, count=pick.randint(1, 3))
    if what == 1:
        return body[:place] + bytes([pick.randrange(256)]) + body[place + 1 :]
    if what == 2:
        return body.decode("utf-8", "replace").encode("gb18030", "replace")
    if what == 3:
        return b"\xef\xbb\xbf" + body
    if what == 4:
        return body + body
    if what == 5:
        return body.replace(b'"', b"'", pick.randint(1, 9))
    return body.replace(b":", b":" + b"[" * pick.choice((1, 300, 5000)), 1)


TRACES = (
    "entry",
    "posting",
    "visit",
    "charge_batch",
    "fee_line",
    "person_fact",
    "item_match",
    "prescription_use",
    "review_flag",
    "file_ticket",
    "sign_in",
)
"""Tables in which a refusal leaves nothing."""
TRACE = (
    "select "
    + ", ".join(f"(select count(*) from {table})" for table in TRACES)
    + ", (select coalesce(sum(amount_fen), 0)::bigint from balance)"
    + ", (select coalesce(sum(used_fen), 0)::bigint from meter_use)"
    + ", (select count(*) from charge_batch b where withdrawn_at is null and not exists"
    + " (select 1 from settlement_batch s where s.batch = b.id and s.released_at is null))"
    + ", (select count(*) from visit where withdrawn_at is null)"
    + ", (select count(*) from person_fact where retired_at is null)"
)
"""One row that is the same before and after a request that was refused."""


def problem(status: int, body: bytes) -> str:
    """What is wrong with an answer, empty if it is one that a cashier may see.

    An accident counts, however politely it is told.
    """
    if status not in (200, 413):
        return f"HTTP {status}"
    if status == 200 and not body.startswith(b"{"):
        return ""
    reply = json.loads(body)
    said = reply.get("err_msg") or ""
    if reply.get("infcode") not in (0, -1):
        return f"infcode {reply.get('infcode')}"
    if reply["infcode"] == -1 and (not said or reply["output"] is not None):
        return "no sentence, or an output beside it"
    if "系统暂时不能处理" in said:
        return f"fault: {said}"
    if "Traceback" in said or "psycopg" in said or "\n" in said.strip("\n") and len(said) > 2000:
        return f"not one clear sentence: {said[:200]}"
    return ""


def refused(body: bytes) -> bool:
    """Whether an answer is a refusal."""
    return body.startswith(b"{") and json.loads(body).get("infcode") == -1
