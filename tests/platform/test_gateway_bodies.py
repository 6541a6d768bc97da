"""What a gateway reads: bodies in parts, encodings, sizes, and every reader at its bounds."""

import base64
import http.client
import json
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from tests.platform import gateways
from tests.platform.counter import NOW, RULES
from tests.platform.gateways import HOSPITAL, Client, line, says
from tests.platform.queries_county import Standing, refused

from gongji.gateway.transactions import (
    TRANSACTIONS,
    Call,
    GatewaySettings,
    normalise,
    shown,
    transaction,
)
from gongji.gateway.visits import read_bills
from gongji.gateway.wire import multipart
from gongji.gateway.wire.envelope import decode, read
from gongji.gateway.wire.files import content
from gongji.platform.inbox import INSTITUTION, Key
from gongji.refusals import Refusal
from gongji.units import MAX_FEN

CHINA = timezone(timedelta(hours=8))
ASKED = {"medinsinfo": {"fixmedins_code": HOSPITAL}}


def parts(*given: tuple[str, bytes], edge: bytes = b"--edge") -> bytes:
    """A body in parts: what follows `form-data; `, and the content."""
    made = b""
    for head, value in given:
        made += edge + b"\r\nContent-Disposition: form-data; " + head.encode()
        made += b"\r\n\r\n" + value + b"\r\n"
    return made + edge + b"--\r\n"


def test_the_parts_of_a_body_are_told_by_their_names() -> None:
    envelope = json.dumps({"infno": "9101", "Input": {"FsUploadIn": {"filename": "a"}}}).encode()
    for order in (1, -1):
        given = [('name="jsonStr"', envelope), ('name="file"; filename="b.zip"', b"\r\n--x\r\n")]
        found = multipart.read_parts(parts(*given[::order]))
        node = found["Input"]["FsUploadIn"]
        assert node == {"filename": "a", "in": base64.b64encode(b"\r\n--x\r\n").decode()}


@pytest.mark.parametrize("given", ["", ', "input": null', ', "input": {}', ', "input": {"x": 1}'])
def test_a_file_finds_its_place_where_the_envelope_has_none(given: str) -> None:
    body = parts(
        ("name=JSONSTR", f'{{"infno": "9101"{given}}}'.encode()),
        ("name=file; filename=文.zip", b"x"),
    )
    found = multipart.read_parts(body)["input"]["fsuploadin"]
    assert found == {"in": "eA==", "filename": "文.zip"}


def test_a_part_without_a_name_is_no_file_and_one_alone_is_no_message() -> None:
    sent = ('name="jsonStr"', b'{"infno": "1201"}')
    assert multipart.read_parts(parts(sent, ("x", b"y"))) == {"infno": "1201"}
    with pytest.raises(Refusal, match="jsonStr"):
        multipart.read_parts(parts(('name="file"; filename="a"', b"y")))
    assert multipart.is_multipart(b"--x") and not multipart.is_multipart(b"-1")


def test_a_file_in_parts_arrives_whole_over_http(place: Standing) -> None:
    sent = json.dumps(place.client.envelope("9101", {"fsUploadIn": {}})).encode()
    body = parts(('name="jsonStr"', sent), ('name="file"; filename="d.zip"', bytes(range(256))))
    status, answer = place.client.post(body)
    found = json.loads(answer)["output"]
    assert status == 200 and found["filename"] == "d.zip"
    asked = {"fsDownloadIn": {"file_qury_no": found["file_qury_no"]}}
    connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=60)
    connection.request(
        "POST", "/", json.dumps(place.client.envelope("9102", asked)), place.client.headers()
    )
    reply = connection.getresponse()
    assert reply.read() == bytes(range(256))
    assert reply.getheader("content-type") == "application/octet-stream"
    assert reply.getheader("content-disposition") == 'attachment; filename="d.zip"'
    connection.close()


@pytest.mark.parametrize(
    ("name", "sent"), [("文", "file.zip"), ('a"b', "ab"), ("甲a.zip", "a.zip")]
)
def test_a_name_that_no_header_holds_is_written_without(
    place: Standing, name: str, sent: str
) -> None:
    given = {"fsUploadIn": {"in": "eA==", "filename": name}}
    number = place.client.do("9101", given)["file_qury_no"]
    connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=60)
    asked = {"fsDownloadIn": {"file_qury_no": number}}
    connection.request(
        "POST", "/", json.dumps(place.client.envelope("9102", asked)), place.client.headers()
    )
    reply = connection.getresponse()
    assert reply.getheader("content-disposition") == f'attachment; filename="{sent}"'
    assert reply.read() == b"x"
    connection.close()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("eA==", b"x"),
        ("e A\n==", b"x"),
        (["-1", "0", "255", "-128"], b"\xff\x00\xff\x80"),
        ([], b""),
    ],
)
def test_a_file_is_base64_or_bytes(value: Any, expected: bytes) -> None:
    assert content(value) == expected


@pytest.mark.parametrize("value", ["eA=", "不", ["x"], [None], [["1"]], {"a": "b"}])
def test_what_is_no_file_is_refused(value: Any) -> None:
    with pytest.raises(Refusal) as found:
        content(value)
    assert (found.value.code, found.value.field) == ("value_invalid", "in")
    with pytest.raises(Refusal, match="in"):
        content(None)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("word", ["测试", "㐀𠮷", "ascii"])
def test_every_encoding_reads_the_same(encoding: str, word: str) -> None:
    body = json.dumps({"a": word}, ensure_ascii=False).encode(encoding)
    assert decode(body) == {"a": word}


@pytest.mark.parametrize(
    "body", [b'{"a": "\\u0000"}', b'{"a": "\x00"}', '{"a": "测'.encode("gb18030"), b"1", b"null"]
)
def test_what_is_no_object_is_not_read(body: bytes) -> None:
    with pytest.raises(Refusal, match="报文无法读取"):
        decode(body)


def test_a_body_may_have_so_many_bytes_and_no_more(place: Standing) -> None:
    with gateways.serving(place.owner.info.dsn, place.clock, body_bytes=2000) as port:
        client = Client(port)
        sent = json.dumps(client.envelope("1201", ASKED)).encode()
        assert client.post(sent + b" " * (2000 - len(sent)))[0] == 200
        status, answer = client.post(sent + b" " * (2001 - len(sent)))
        said = json.loads(answer)
        assert status == 413 and said["infcode"] == -1 and "2000 字节" in said["err_msg"]
        assert said["inf_refmsgid"].startswith("000000")


@pytest.mark.parametrize(
    ("name", "longest"), [("infno", 10), ("msgid", 100), ("fixmedins_code", 12)]
)
def test_a_field_of_the_envelope_has_a_longest_form(name: str, longest: int) -> None:
    sent = {"infno": "1201", "msgid": "m", "fixmedins_code": "H"}
    assert read(json.dumps(sent | {name: "9" * longest}).encode(), NOW)
    for value in ("9" * (longest + 1), "a\nb", ["9"], "a\u200bb"):
        with pytest.raises(Refusal) as found:
            read(json.dumps(sent | {name: value}).encode(), NOW)
        assert (found.value.code, found.value.field) == ("value_invalid", name)
    for value in ("", "null", None):
        with pytest.raises(Refusal) as found:
            read(json.dumps(sent | {name: value}).encode(), NOW)
        assert (found.value.code, found.value.field) == ("field_missing", name)


@pytest.mark.parametrize("told", ["43050", "4305000", "43050a", "", "４３０５００", ["430500"]])
def test_a_region_that_is_none_is_written_as_zeros(place: Standing, told: Any) -> None:
    reply = place.client.ask("1201", ASKED, mdtrtarea_admvs=told)
    assert reply["infcode"] == 0 and reply["inf_refmsgid"].startswith("000000")


def test_a_transaction_is_found_whatever_the_case_of_its_letter(place: Standing) -> None:
    psn_no = place.insured()
    visit = gateways.opened(place.client, psn_no)
    assert place.client.do("2206a", gateways.bill(psn_no, visit, 30))["setlinfo"]


def call(given: dict[str, Any]) -> Call:
    """A call for its readers only."""
    nowhere: Any = None
    key = Key(INSTITUTION, HOSPITAL, "m", "0000", {})
    return Call(nowhere, HOSPITAL, "0000", normalise(given), key, NOW, RULES, GatewaySettings())


def reading(name: str, value: Any, *how: Any, **more: Any) -> Any:
    """What a reader makes of a value, or the code of its refusal."""
    one = call({"data": {"x": value}})
    try:
        return getattr(one, name)(one.one("data"), "x", *how, **more)
    except Refusal as refusal:
        assert refusal.field == "x"
        return refusal.code


BOUND = f"{MAX_FEN // 100}.{MAX_FEN % 100:02d}"


@pytest.mark.parametrize(
    ("value", "fen"),
    [
        ("1", 100),
        ("1.5", 150),
        ("1.05", 105),
        ("0.01", 1),
        ("+1", 100),
        ("1.", 100),
        ("1e1", 1000),
        ("1.250", 125),
        ("12345E-2", 12345),
        ("1.5e-1", 15),
        ("-0", 0),
        ("", 0),
        (None, 0),
        (BOUND, MAX_FEN),
        ("0.001", "amount_invalid"),
        ("1e-3", "amount_invalid"),
        ("1,000", "amount_invalid"),
        ("１", 100),
        ("-1", "amount_negative"),
        ("10000000000.01", "amount_too_large"),
        (".5", "amount_invalid"),
        ([1], "value_invalid"),
        ("1" * 501, "value_invalid"),
        (True, 100),
    ],
)
def test_an_amount_is_read_to_the_fen(value: Any, fen: Any) -> None:
    assert reading("fen", value) == fen


def test_an_amount_below_zero_is_read_where_it_may_be() -> None:
    assert reading("fen", "-1.05", negative=True) == -105
    assert reading("fen", f"-{BOUND}", negative=True) == -MAX_FEN
    assert reading("fen", "-10000000000.01", negative=True) == "amount_too_large"
    assert reading("fen", "", required=True) == "field_missing"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1.5", 15_000),
        ("0.0357", 357),
        ("1.00005", "value_invalid"),
        ("", 0),
        ("-2", -20_000),
        ("two", "value_invalid"),
        (str(MAX_FEN // 10_000), MAX_FEN),
        (str(MAX_FEN // 10_000 + 1), "value_invalid"),
    ],
)
def test_a_quantity_has_four_decimals(value: str, expected: Any) -> None:
    assert reading("scaled", value, 4) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", 0),
        ("9", 9),
        ("10", "value_invalid"),
        ("-1", "value_invalid"),
        ("1.0", 1),
        ("1.5", "value_invalid"),
        ("", 0),
        ("x", "value_invalid"),
    ],
)
def test_a_whole_number_lies_in_its_bounds(value: str, expected: Any) -> None:
    assert reading("whole", value, most=9) == expected


def test_a_text_has_a_longest_form() -> None:
    assert reading("text", "a" * 9, longest=9) == "a" * 9
    assert reading("text", "a" * 10, longest=9) == "value_invalid"
    assert reading("text", {"a": 1}) == "value_invalid"
    assert reading("text", "a\x00b") == "value_invalid"
    assert reading("text", " null ", required=True) == "field_missing"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("9999-12-31", None),
        ("99991231235959", None),
        ("9999-12-31T16:00:00Z", None),
        ("2201-01-01", None),
        ("2200-12-31", date(2200, 12, 31)),
        ("2099-12-31 23:59:59", date(2099, 12, 31)),
        ("", None),
        ("9999-13-31", "value_invalid"),
        ("0000-00-00", "value_invalid"),
    ],
)
def test_an_end_that_never_comes_is_no_end(value: str, expected: Any) -> None:
    assert reading("last_day", value) == expected
    assert reading("last_day", "", required=True) == "field_missing"
    if expected is None and value:
        assert reading("day", value) == "value_invalid"


@pytest.mark.parametrize(
    ("value", "expected"),
    [("02", "02"), ("2", "02"), (2, "02"), ("002", "02"), ("20", "value_invalid")],
)
def test_a_code_that_a_client_keeps_as_a_number_is_the_code(value: Any, expected: str) -> None:
    assert reading("choice", value, ("01", "02")) == expected
    assert reading("choice", "00", ("0", "1")) == "0"


def test_a_code_is_of_its_table_or_its_default() -> None:
    assert reading("choice", "1", ("0", "1")) == "1"
    assert reading("choice", "2", ("0", "1")) == "value_invalid"
    assert reading("choice", "", ("0", "1")) == "field_missing"
    assert reading("choice", "", ("0", "1"), False, "0") == "0"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024-12-18", (2024, 12, 18)),
        ("2024-12-18 09:05:07", (2024, 12, 18, 9, 5, 7)),
        ("20241218", (2024, 12, 18)),
        ("20241218090507", (2024, 12, 18, 9, 5, 7)),
        ("2024/12/18 09:05", (2024, 12, 18, 9, 5)),
        ("2024-12-18T09:05:07.123", (2024, 12, 18, 9, 5, 7)),
        ("20241218090507123", (2024, 12, 18, 9, 5, 7)),
        ("2024-12-18T09:05:07+08:00", (2024, 12, 18, 9, 5, 7)),
        ("1900-01-01", (1900, 1, 1)),
        ("2200-12-31", (2200, 12, 31)),
        ("1899-12-31", None),
        ("2201-01-01", None),
        ("2023-02-29", None),
        ("2024-12-18 24:00", None),
        ("18.12.2024", None),
        ("2024-12", None),
        ("now", None),
    ],
)
def test_an_instant_is_of_china(value: str, expected: tuple[int, ...] | None) -> None:
    wanted = datetime(*expected, tzinfo=CHINA) if expected else "value_invalid"  # type: ignore[misc,arg-type]
    assert reading("instant", value) == wanted
    if expected:
        assert reading("day", value) == datetime(*expected).date()  # type: ignore[misc,arg-type]
    assert reading("day", "", False) is None and reading("day", "") == "field_missing"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"data": {"a": 1}}, {"a": "1"}),
        ({"data": [{"a": 1}]}, {"a": "1"}),
        ({"a": 1}, {"a": "1"}),
        ({}, "field_missing"),
        ({"data": []}, "value_invalid"),
        ({"other": {"a": 1}}, "field_missing"),
        ({"data": [{"a": 1}, {"a": 2}]}, "value_invalid"),
        ({"data": "x"}, "value_invalid"),
    ],
)
def test_one_node_is_one_object(given: dict[str, Any], expected: Any) -> None:
    try:
        assert call(given).one("data") == expected
    except Refusal as refusal:
        assert refusal.code == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"rows": [{"a": 1}, {"a": 2}]}, 2),
        ({"rows": {"a": 1}}, 1),
        ({"rows": []}, "field_missing"),
        ({}, "field_missing"),
        ({"rows": ["x"]}, "value_invalid"),
        ({"rows": "x"}, "value_invalid"),
    ],
)
def test_rows_are_objects(given: dict[str, Any], expected: Any) -> None:
    try:
        assert len(call(given).many("rows", required=True)) == expected
    except Refusal as refusal:
        assert refusal.code == expected
    if expected == "field_missing":
        assert call(given).many("rows") == []


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("certno", "990501197005060001", "9***"),
        ("psn_name", "测试甲", "测***"),
        ("x", "a" * 40, "a" * 40),
        ("x", "a" * 41, "a" * 40 + "…"),
        ("x", {"psn_name": "甲"}, "（对象）"),
    ],
)
def test_what_is_private_is_not_said_again(name: str, value: Any, said: str) -> None:
    assert shown(name, value) == said


def test_a_transaction_has_one_handler() -> None:
    with pytest.raises(ValueError, match="1201 has two handlers"):
        transaction("1201")(TRANSACTIONS["1201"].answer)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"rel_ttp_flag": "1"}, {"third_party": "true"}),
        ({"rel_ttp_flag": "0"}, {}),
        ({"rel_ttp_flag": True}, {"third_party": "true"}),
        ('{"REL_TTP_FLAG": 1}', {"third_party": "true"}),
        ("[1]", {}),
        ("text", {}),
        (None, {}),
        ('{"a": 1.5, "rel_ttp_flag": "1"}', {"third_party": "true"}),
    ],
)
@pytest.mark.parametrize("name", ["exp_content", "expContent"])
def test_an_extension_says_what_happened(name: str, value: Any, expected: dict[str, str]) -> None:
    one = call({"data": {name: value}})
    assert read_bills.told(one, one.one("data")) == expected


@pytest.mark.parametrize(
    "broken", ['{"a": ' * 2000, "{broken", '{"rel_ttp_flag": "1"', "{'rel_ttp_flag': 1}"]
)
def test_an_extension_that_cannot_be_read_is_refused(broken: str) -> None:
    """What it tells must not be taken for untold."""
    one = call({"data": {"exp_content": broken}})
    with pytest.raises(Refusal, match="exp_content"):
        read_bills.told(one, one.one("data"))


@pytest.mark.parametrize("odd", ["true", "是", "2", [1], {"a": "1"}])
def test_a_flag_of_an_extension_that_says_neither_is_refused(odd: Any) -> None:
    """A third party that is liable must not become the pool's by a word that nobody reads."""
    one = call({"data": {"exp_content": "", "expContent": {"REL_TTP_FLAG": odd}}})
    with pytest.raises(Refusal, match="rel_ttp_flag"):
        read_bills.told(one, one.one("data"))


@pytest.mark.parametrize(
    ("flag", "expected"),
    [
        ("0", "none"),
        ("00", "none"),
        ("1", "own"),
        ("001", "own"),
        ("2", "family"),
        ("10", "value_invalid"),
        ("", "field_missing"),
    ],
)
def test_the_flag_of_the_accounts_is_read(flag: str, expected: str) -> None:
    one = call({"data": {"acct_used_flag": flag}})
    try:
        assert read_bills.accounts(one, one.one("data")) == expected
    except Refusal as refusal:
        assert refusal.code == expected


@pytest.mark.parametrize("number", ["1" * 19, str(1 << 63), "１", "-1", "1.0", "a"])
def test_a_number_of_ours_is_a_number_of_ours(place: Standing, number: str) -> None:
    given = {"psn_no": place.county.psn_no(1), "mdtrt_id": number, "ipt_otp_no": "1"}
    code = "visit_unknown" if number == "1" * 19 else "value_invalid"
    refused(place.client, code, "2202", {"data": given})
    assert says(
        "visit_unknown",
        place.client.refused("2202", {"data": given | {"mdtrt_id": str((1 << 63) - 1)}}),
    )


def test_a_prescriber_is_told_by_the_row_else_the_extension_else_the_bill() -> None:
    row = line("1", "1", 1, rxno="R", det_item_fee_sumamt="30.00")
    one = call({})
    for more, bill, expected in (
        ({"rxfixmedinsCode": "H1"}, "H3", "H1"),
        ({"exp_content": {"rxfixmedinsCode": "H2"}}, "H3", "H2"),
        ({}, "H3", "H3"),
        ({"rxno": ""}, "H3", ""),
        ({}, "", ""),
        ({"rxfixmedinsCode": "H" * 20}, "", "H" * 12),
    ):
        (found,) = read_bills.read_lines(one, [normalise(row | more)], bill)
        assert found.prescriber == expected
