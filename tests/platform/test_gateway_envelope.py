"""What a gateway takes in and what it keeps out: envelopes, signatures, deliveries repeated."""

import asyncio
import hashlib
import http.client
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from tests import databases
from tests.platform import gateways
from tests.platform.counter import NOW, Counter
from tests.platform.gateways import (
    HOSPITAL,
    OTHER,
    SECRETS,
    Client,
    bill,
    line,
    opened,
    registration,
    says,
)

from gongji.gateway.app import make_app
from gongji.gateway.transactions import GatewaySettings
from gongji.gateway.wire.envelope import read
from gongji.gateway.wire.signatures import ADAPTORS, Signature
from gongji.law.engine.areas import Areas

ONE = b'{"infno":"1101","msgid":"1","fixmedins_code":"H43050000001"}'
ASKED = {"medinsinfo": {"fixmedins_type": "1", "fixmedins_code": HOSPITAL}}


def _sent(client: Client, **changes: Any) -> bytes:
    return json.dumps(client.envelope("1201", ASKED, **changes), ensure_ascii=False).encode()


def _reply(client: Client, body: bytes, **how: Any) -> dict[str, Any]:
    status, answer = client.post(body, **how)
    assert status == 200, answer
    found: dict[str, Any] = json.loads(answer)
    return found


def test_a_reply_has_the_documented_envelope(client: Client) -> None:
    reply = _reply(client, _sent(client))
    number = reply.pop("inf_refmsgid")
    assert number.startswith("43050020241220100000") and len(number) == 30 and number.isdigit()
    assert reply.pop("output")["medinsinfo"]
    assert reply == {
        "infcode": 0,
        "refmsg_time": "20241220100000000",
        "respond_time": "20241220100000000",
        "err_msg": None,
        "warn_msg": None,
        "cainfo": None,
        "signtype": None,
        "enctype": None,
    }


def _capital_input(sent: dict[str, Any]) -> dict[str, Any]:
    return {"Input" if name == "input" else name: value for name, value in sent.items()}


@pytest.mark.parametrize(
    "change",
    [
        lambda sent: json.dumps(_capital_input(sent)).encode(),
        lambda sent: json.dumps(dict(reversed(sent.items()))).encode(),
        lambda sent: b"\xef\xbb\xbf" + json.dumps(sent, ensure_ascii=False).encode(),
        lambda sent: json.dumps(sent, ensure_ascii=False).encode("gb18030"),
        lambda sent: json.dumps(sent | {"enc_type": "", "serv_code": "x"}).encode(),
        lambda sent: json.dumps(sent | {"infver": "v2.0", "opter_type": 1}).encode(),
        lambda sent: json.dumps(sent | {"msgid": "A" * 30, "sign_no": "sign_no"}).encode(),
        lambda sent: json.dumps(
            sent | {"input": {"MEDINSINFO": {"FIXMEDINS_TYPE": 1, "fixmedins_name": "测"}}}
        ).encode(),
        lambda sent: json.dumps(sent | {"input": {"medinsinfo": [ASKED["medinsinfo"]]}}).encode(),
        lambda sent: json.dumps(sent | {"input": ASKED["medinsinfo"]}).encode(),
        lambda sent: json.dumps(sent, indent=4).encode(),
    ],
)
def test_envelopes_of_real_clients_are_understood(client: Client, change: Any) -> None:
    body = change(client.envelope("1201", ASKED))
    for path in ("/", "/fsi/api/x/1201", "/CSB?x=1"):
        assert _reply(client, body, path=path)["infcode"] == 0


def test_the_content_type_does_not_matter(client: Client) -> None:
    for kind in ("text/plain; charset=gbk", "application/x-www-form-urlencoded", ""):
        headers = client.headers() | {"content-type": kind}
        assert _reply(client, _sent(client), headers=headers)["infcode"] == 0


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        (b"", "message_unreadable", "JSON"),
        (b"{", "message_unreadable", "JSON"),
        (b"[1]", "message_unreadable", "对象"),
        (b"\xff\xff\xff", "message_unreadable", "编码"),
        (b"[" * 100_000, "message_unreadable", "嵌套"),
        (b'{"a":' * 600 + b"1" + b"}" * 600, "message_unreadable", "嵌套"),
        (b'{"infno":"1101\\u0000"}', "message_unreadable", "空字符"),
        (b"--x\r\n--x--", "message_unreadable", "jsonStr"),
        (b'{"infno":"1101"}', "field_missing", "msgid"),
        (ONE.replace(b'"1"', b'"null"'), "field_missing", "msgid"),
        (ONE.replace(b'"1"', b"{}"), "value_invalid", "msgid"),
        (ONE.replace(b"}", b',"input":[]}'), "value_invalid", "input"),
        (ONE.replace(b"1101", b"9999"), "transaction_unknown", "9999"),
        (ONE, "field_missing", "data"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_sentence(
    client: Client, body: bytes, code: str, said: str
) -> None:
    reply = _reply(client, body)
    assert reply["infcode"] == -1 and reply["output"] is None
    assert says(code, reply["err_msg"]) and said in reply["err_msg"]


def test_a_body_that_is_too_long_is_refused(database: str, county: Counter) -> None:
    with gateways.serving(database, body_bytes=2000) as port:
        status, body = Client(port).post(b"x" * 2001)
        assert status == 413 and says("message_too_large", json.loads(body)["err_msg"])


def test_a_million_lines_are_too_many(client: Client, county: Counter) -> None:
    rows = [{"mdtrt_id": "1", "psn_no": "1", "chrg_bchno": "1"}] * 5001
    assert says("lines_too_many", client.refused("2204", {"feedetail": rows}))


@pytest.mark.parametrize("adaptor", ["x-tif", "api"])
def test_a_signature_by_the_formula_is_let_in(database: str, county: Counter, adaptor: str) -> None:
    with gateways.serving(database, adaptor=adaptor) as port:
        client = Client(port, adaptor=adaptor)
        assert _reply(client, _sent(client))["infcode"] == 0
        late = client.headers(NOW - timedelta(seconds=1700))
        assert _reply(client, _sent(client), headers=late)["infcode"] == 0
        name = "x-tif-timestamp" if adaptor == "x-tif" else "_api_timestamp"
        missing = client.headers()
        del missing[name]
        outside = client.headers(NOW + timedelta(seconds=1801))
        forged = client.headers() | {name: str(int(NOW.timestamp()) + 1)}
        unknown = Client(port, "H43050000009", adaptor)
        for headers, said in (
            ({}, "缺少"),
            (missing, name),
            (outside, "1800"),
            (forged, "签名不一致"),
            (unknown.headers(), "账号"),
            (client.headers() | {name: "now"}, "时间戳"),
        ):
            status, body = client.post(_sent(client), headers)
            answer = json.loads(body)
            assert (status, answer["code"]) == (401, 401) and said in answer["message"]
            assert "infcode" not in answer


def test_the_known_answers_of_both_formulas() -> None:
    # Worked out once with sha256sum and openssl, from section 3 of the fact sheet.
    tif = Signature("p", "1700000000", "n", "")
    assert ADAPTORS["x-tif"].sign(tif, "s") == (
        "d58e7fc94b514f31edb73fcf2a56ba9b023c0b1046ffc5cffe20eb5844081213"
    )
    signed = (
        ("_api_access_key", "a"),
        ("_api_name", "b"),
        ("_api_timestamp", "1"),
        ("_api_version", "1.0.0"),
    )
    made = ADAPTORS["api"].sign(Signature("a", "1", "", "", signed), "SK")
    assert made == "371XSu/d4MUQO7+HJrLr91WDu4U="


def test_seconds_and_milliseconds_are_both_times(client: Client) -> None:
    stamp = str(int(NOW.timestamp()) * 1000)
    made = hashlib.sha256(f"{stamp}{SECRETS[HOSPITAL]}n-1{stamp}".encode()).hexdigest()
    headers = {"x-tif-timestamp": stamp, "x-tif-nonce": "n-1", "x-tif-signature": made.upper()}
    assert _reply(client, _sent(client), headers=client.headers() | headers)["infcode"] == 0


def test_a_nonce_is_used_once_over_all_gateways(
    client: Client, database: str, county: Counter
) -> None:
    headers, body = client.headers(nonce="once"), _sent(client)
    assert _reply(client, body, headers=headers)["infcode"] == 0
    assert _reply(client, body, headers=headers)["infcode"] == 0, "the same delivery repeated"
    with gateways.serving(database) as port:
        for other in (client, Client(port)):
            status, answer = other.post(_sent(client), headers)
            assert status == 401 and "随机数" in json.loads(answer)["message"]
            visit = json.dumps(client.envelope("2207", bill("1", "1", 1))).encode()
            assert other.post(visit, headers)[0] == 401


def test_an_institution_speaks_for_itself_only(client: Client, port: int, county: Counter) -> None:
    said = client.refused("1201", ASKED, fixmedins_code=OTHER)
    assert says("institution_foreign", said) and OTHER in said
    psn_no = county.psn_no(1)
    visit = opened(client, psn_no)
    other = Client(port, OTHER)
    for infno, given in (
        ("2203", gateways.description(psn_no, visit)),
        ("2204", {"feedetail": [line(psn_no, visit, 9, "9")]}),
        ("2206", bill(psn_no, visit, 30)),
        ("2207", bill(psn_no, visit, 30)),
        ("2205", {"data": {"psn_no": psn_no, "mdtrt_id": visit, "chrg_bchno": "0000"}}),
        ("2202", {"data": {"psn_no": psn_no, "mdtrt_id": visit, "ipt_otp_no": "OP1"}}),
    ):
        assert "本机构没有" in other.refused(infno, given), infno
    setl_id = client.do("2207", bill(psn_no, visit, 30))["setlinfo"]["setl_id"]
    given = {"data": {"psn_no": psn_no, "mdtrt_id": visit, "setl_id": setl_id}}
    assert other.refused("2208", given)
    assert client.do("2208", given)


def test_a_revoked_credential_is_kept_out(
    database: str, owner: psycopg.Connection[Any], county: Counter
) -> None:
    owner.execute(
        "insert into credential (access_key, institution, secret, since, revoked_at)"
        " select 'ak-old', institution, secret, since, '2024-12-19' from credential limit 1"
    )
    with gateways.serving(database) as port:
        client = Client(port)
        headers = client.headers() | {"x-tif-paasid": "ak-old"}
        assert client.post(_sent(client), headers)[0] == 401


def test_without_an_adaptor_nobody_signs(database: str, county: Counter) -> None:
    with gateways.serving(database, adaptor="none") as port:
        client = Client(port, adaptor="none")
        assert _reply(client, _sent(client), headers={})["infcode"] == 0


@pytest.mark.parametrize("infno", ["2207", "2201"])
def test_the_same_message_gets_the_same_bytes(
    client: Client, county: Counter, owner: psycopg.Connection[Any], infno: str
) -> None:
    psn_no = county.psn_no(2)
    given = registration(psn_no)
    if infno == "2207":
        given = bill(psn_no, opened(client, psn_no), 30)
    msgid = client.msgid()
    body = json.dumps(client.envelope(infno, given, msgid)).encode()
    first = client.post(body)
    shuffled = client.envelope(infno, given, msgid, inf_time="2024-12-20 10:00:09")
    assert first == client.post(body) == client.post(json.dumps(shuffled).encode())
    altered = json.loads(body)
    altered["input"]["data"]["mdtrt_cert_no"] = "other"
    reply = json.loads(client.post(json.dumps(altered).encode())[1])
    assert says("message_differs", reply["err_msg"])
    assert "data.mdtrt_cert_no" in reply["err_msg"]
    other = "2207" if infno == "2201" else "2201"
    reply = json.loads(client.post(json.dumps(altered | {"infno": other}).encode())[1])
    # What cannot be read as a bill is told so before it is looked for in the log.
    code, named = ("message_differs", "infno") if infno == "2207" else ("field_missing", "med_type")
    assert reply["infcode"] == -1 and says(code, reply["err_msg"]) and named in reply["err_msg"]
    found = owner.execute("select count(*) from inbox where msg_id = %s", [msgid]).fetchone()
    assert found == (1,)


def test_a_refusal_is_repeated_for_its_message(client: Client, county: Counter) -> None:
    msgid = client.msgid()
    given = {"data": {"psn_no": county.psn_no(2), "mdtrt_id": "77777", "ipt_otp_no": "1"}}
    first = client.ask("2202", given, msgid)
    assert first["infcode"] == -1 and says("visit_unknown", first["err_msg"])
    assert client.ask("2202", given, msgid) == first


def test_many_deliveries_at_once_take_effect_once(
    client: Client, county: Counter, owner: psycopg.Connection[Any]
) -> None:
    psn_no = county.psn_no(2)
    visit = opened(client, psn_no)
    for infno, given, table in (
        ("2207", bill(psn_no, visit, 30), "entry"),
        ("2201", registration(psn_no), "visit"),
    ):
        body = json.dumps(client.envelope(infno, given)).encode()
        before = owner.execute(f"select count(*) from {table}").fetchone() or (0,)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(client.post, [body] * 8))
        assert len(set(answers)) == 1
        assert json.loads(answers[0][1])["infcode"] == 0
        assert owner.execute(f"select count(*) from {table}").fetchone() == (before[0] + 1,)


def test_settlements_at_once_are_each_answered(client: Client, county: Counter) -> None:
    bills = []
    for number in range(24):
        psn_no = county.psn_no(number % 6 + 1)
        bills.append(bill(psn_no, opened(client, psn_no), 30))
    with ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda one: client.do("2207", one), bills))
    assert len({answer["setlinfo"]["setl_id"] for answer in answers}) == 24
    assert {answer["setlinfo"]["mdtrt_id"] for answer in answers} == {
        one["data"]["mdtrt_id"] for one in bills
    }


def test_pages_of_a_gateway(client: Client, port: int) -> None:
    client.do("1201", ASKED)

    def get(path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", path)
        answer = connection.getresponse()
        found = answer.status, answer.read().decode()
        connection.close()
        return found

    assert get("/health") == (200, '{"status":"ok"}')
    status, said = get("/ready")
    assert status == 200 and said.startswith('{"status":"ready","lacking":[],"postgresql":"')
    assert get("/x")[0] == 404
    page = get("/metrics")[1]
    assert 'gongji_gateway_requests_total{infno="1201",outcome="done"}' in page
    assert "gongji_gateway_batch_bucket" in page and "gongji_gateway_seconds_bucket" in page


def test_a_gateway_without_its_database_says_so_and_faults_politely(
    server: str, caplog: pytest.LogCaptureFixture
) -> None:
    with databases.copy(server) as database, gateways.serving(database) as port:
        with psycopg.connect(database, autocommit=True) as owner:
            gateways.fill_county(owner)
            client = Client(port)
            assert client.do("1201", ASKED)
            owner.execute("alter table institution rename to elsewhere")
        reply = client.ask("1201", ASKED)
        assert reply["infcode"] == -1 and "请用同一报文重发" in reply["err_msg"]
        assert "elsewhere" not in reply["err_msg"] and "Traceback" not in reply["err_msg"]
        (record,) = [one for one in caplog.records if one.name == "gongji.gateway"]
        assert record.trace in reply["err_msg"] and "42P01" in record.reason


def test_a_broken_connection_is_made_anew(
    client: Client, county: Counter, owner: psycopg.Connection[Any]
) -> None:
    psn_no = county.psn_no(1)
    visit = opened(client, psn_no)
    owner.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where pid <> pg_backend_pid() and datname = current_database()"
    )
    assert client.do("1201", ASKED)
    assert client.do("2207", bill(psn_no, visit, 30))["setlinfo"]["setl_id"]


def test_the_hash_of_a_message_is_of_its_content_only() -> None:
    base = Client(0).envelope("2207", {"data": {"a": 1, "B": " x ", "c": None}}, "m")
    same = base | {"input": {"DATA": {"c": "null", "b": "x", "a": "1"}}, "inf_time": "later"}
    other = base | {"input": {"data": {"a": 2}}}
    box = GatewaySettings(**gateways.KEYS).inbox
    hashes = [box.hash(read(json.dumps(one).encode(), NOW).key) for one in (base, same, other)]
    assert hashes[0] == hashes[1] != hashes[2]


def test_a_gateway_with_unsound_rules_does_not_open() -> None:
    rules = Areas(parameters={gateways.AREA: {"no_such_parameter": "1"}})
    app = make_app("", rules, GatewaySettings(**gateways.KEYS))
    told: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "lifespan.startup"}

    async def send(message: Any) -> None:
        told.append(message)

    asyncio.run(app({"type": "lifespan"}, receive, send))
    (message,) = told
    assert (
        message["type"] == "lifespan.startup.failed" and "no_such_parameter" in message["message"]
    )
