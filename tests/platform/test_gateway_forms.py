"""Forms in which clients of the interface send instants, numbers, names and bytes."""

import json
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from tests.platform import gateways
from tests.platform.counter import Counter
from tests.platform.gateways import Client

from gongji.gateway import transactions
from gongji.gateway.statements.statement_files import read_rows
from gongji.gateway.wire.envelope import decode
from gongji.refusals import Refusal


@pytest.mark.parametrize(
    "text",
    [
        "2025-12-31T16:30:00.000Z",
        "2025-12-31T16:30:00+00:00",
        "2025-12-31T09:30:00-0700",
        "2026-01-01 00:30:00",
        "2026-01-01T00:30:00+08:00",
        "20260101003000",
    ],
)
def test_07_an_instant_with_an_offset_is_converted(text: str) -> None:
    made = transactions._instant("begntime", text)
    assert made.astimezone(UTC) == datetime(2025, 12, 31, 16, 30, tzinfo=UTC)
    assert str(made.date()) == "2026-01-01"


@pytest.mark.parametrize("text", ["²026-01-01", "٢٠٢٦-01-01", "2026-02-30", "1899-01-01"])
def test_07_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        transactions._instant("begntime", text)
    assert caught.value.code == "value_invalid"


@pytest.mark.parametrize("name", ["测试医院", "張誠", "許功蓋", "u0000誠u0000"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_08_bytes_are_decoded_before_the_parser_sees_them(name: str, encoding: str) -> None:
    """In GB18030 the second byte of 誠, 許, 功 and 蓋 is a backslash in some tables."""
    body = json.dumps({"fixmedins_name": name}, ensure_ascii=False).encode(encoding)
    assert decode(body) == {"fixmedins_name": name}


def test_08_a_null_character_is_refused_in_every_encoding() -> None:
    for body in (b'{"a": "\\u0000"}', '{"名": "\\u0000"}'.encode("gb18030"), b'{"a": "\0"}'):
        with pytest.raises(Refusal, match="空字符"):
            decode(body)
    with pytest.raises(Refusal, match="编码"):
        decode(b'{"a": "\xff\xff"}')


class _Call:
    """The readers of a call, of which only the text matters here."""

    text = transactions.Call.text
    scaled = transactions.Call.scaled


@pytest.mark.parametrize(
    ("text", "number"),
    [("1200000.00", 1_200_000_000_000), ("10000000000", 10**16), ("0.000001", 1)],
)
def test_11_a_single_infusion_may_cost_more_than_a_million(text: str, number: int) -> None:
    assert _Call().scaled({"pric": text}, "pric", 6, most=10**10) == number


def test_11_a_bound_is_told_as_a_bound() -> None:
    with pytest.raises(Refusal, match="不超过 10000000000 的数"):
        _Call().scaled({"pric": "10000000000.01"}, "pric", 6, most=10**10)
    with pytest.raises(Refusal, match="至多 6 位小数"):
        _Call().scaled({"pric": "1.0000001"}, "pric", 6, most=10**10)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_statement_is_read_in_every_encoding(encoding: str) -> None:
    row = "\t".join(["1", "誠", "43050000000000000001", "１00.50", "-1", "0", "0"])
    (found,) = read_rows(row.encode(encoding))
    assert (found.total_fen, found.fund_fen) == (10_050, -100)


def test_16_a_name_is_the_same_with_a_blank_inside(
    client: Client, county: Counter, owner: psycopg.Connection[Any]
) -> None:
    owner.execute("update person set name = '张 三' where psn_no = %s", [county.psn_no(2)])
    asked: dict[str, Any] = {
        "mdtrt_cert_type": "02",
        "mdtrt_cert_no": gateways.certificate_of(2),
        "psn_cert_type": "01",
    }
    for name in ("张三", "张\u3000三", "张 三"):
        found = client.do("1101", {"data": asked | {"psn_name": name}})
        assert found["baseinfo"]["psn_no"] == county.psn_no(2)
