"""Limits before work: what costs the gateway much is refused before it costs anything."""

import json
import threading
import time
import tracemalloc
from typing import Any

import pytest
from tests.platform import gateways
from tests.platform.gateways import HOSPITAL, Client
from tests.platform.queries_county import Standing

from gongji.gateway import transactions
from gongji.gateway.app import TooLarge
from gongji.gateway.statements import statement_files
from gongji.gateway.statements.statement_files import MOST_ROWS, read_rows
from gongji.gateway.transactions import normalise
from gongji.gateway.wire.envelope import MOST_VALUES, decode, is_upload
from gongji.refusals import Refusal

ASKED = {"medinsinfo": {"fixmedins_code": HOSPITAL}}


def nested(depth: int) -> Any:
    made: Any = "x"
    for number in range(depth):
        made = [made] if number % 2 else {"a": made}
    return made


def refused(value: Any) -> str:
    with pytest.raises(Refusal) as found:
        normalise(value)
    assert found.value.code == "message_unreadable"
    return str(found.value)


def test_objects_lie_so_deep_in_each_other_and_no_deeper() -> None:
    normalise(nested(transactions._DEEPEST))
    assert "嵌套层数过多" in refused(nested(transactions._DEEPEST + 1))


def test_an_object_has_so_many_fields_of_such_length_and_no_more() -> None:
    most, longest = transactions._MOST_FIELDS, transactions._LONGEST_NAME
    normalise({f"k{n}": "" for n in range(most)})
    assert "字段过多" in refused({f"k{n}": "" for n in range(most + 1)})
    normalise({"n" * longest: ""})
    assert "字段名过长" in refused({"n" * (longest + 1): ""})


def test_names_of_strangers_are_not_kept_for_ever() -> None:
    before = set(transactions._names)
    try:
        for number in range(100):
            normalise({f"{number}-{n}": "" for n in range(transactions._MOST_FIELDS)})
            with pytest.raises(Refusal):
                normalise({f"{number}" * 10_000: ""})
        assert len(transactions._names) <= transactions._MOST_NAMES
        assert max(map(len, transactions._names)) <= transactions._LONGEST_NAME
    finally:
        for name in set(transactions._names) - before:
            del transactions._names[name]


def test_a_body_of_nothing_but_values_costs_nothing() -> None:
    assert decode(b'{"a":[' + b"1," * (MOST_VALUES - 1) + b"1]}")
    tracemalloc.start()
    try:
        with pytest.raises(Refusal, match=f"多于 {MOST_VALUES} 项"):
            decode(b'{"a":[' + b"1," * (MOST_VALUES + 1) + b"1]}")
        assert tracemalloc.get_traced_memory()[1] < 8 * MOST_VALUES
    finally:
        tracemalloc.stop()


def test_only_a_file_makes_a_body_long(place: Standing) -> None:
    with gateways.serving(
        place.owner.info.dsn, place.clock, body_bytes=2000, upload_bytes=6000
    ) as port:
        client = Client(port)

        def sent(infno: str, bytes_: int, **more: Any) -> tuple[int, dict[str, Any]]:
            given = {"fsUploadIn": {"filename": "a", "in": ""}} if infno == "9101" else ASKED
            body = json.dumps(client.envelope(infno, given, **more)).encode()
            status, answer = client.post(body + b" " * (bytes_ - len(body)))
            return status, json.loads(answer)

        assert sent("1201", 2000)[0] == 200 and sent("1201", 2001)[0] == 413
        assert sent("9101", 2001)[0] == 200 and sent("9101", 6000)[0] == 200
        assert sent("9101", 6001)[0] == 413
        # One that only pretends is refused all the same.
        assert sent("1201", 2001, opter_name='"infno":"9101"')[0] == 413
        assert sent("1201", 2001, note={"infno": "9101"})[0] == 413
    assert is_upload(b"--edge") and is_upload(b'{ "Infno" : "9101"')
    assert not is_upload(b'{"infno":"2204"') and issubclass(TooLarge, Exception)


def test_a_file_of_nothing_but_lines_is_refused_before_it_is_read() -> None:
    assert read_rows(b"\n" * MOST_ROWS) == []
    begun = time.monotonic()
    with pytest.raises(Refusal, match=f"多于 {MOST_ROWS} 行"):
        read_rows(b"\n" * (60 << 20))
    assert time.monotonic() - begun < 2


def test_a_file_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 10_000, 15))
    monkeypatch.setattr(statement_files, "monotonic", lambda: next(clock))
    with pytest.raises(Refusal, match="秒内没有读完"):
        read_rows(b"\n" * 5000)


def test_nobody_waits_for_who_reads_a_file(
    place: Standing, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, go, late = threading.Event(), threading.Event(), threading.Event()

    def slow(content: bytes) -> Any:
        entered.set()
        if not go.wait(20):
            late.set()
        raise Refusal("statement_unreadable", "file_qury_no", {"reason": "x"})

    monkeypatch.setattr("gongji.gateway.statements.statements.read_rows", slow)
    with gateways.serving(place.owner.info.dsn, place.clock, workers=1) as port:
        client = Client(port)
        number = client.do("9101", {"fsUploadIn": {"in": "eA==", "filename": "a"}})["file_qury_no"]
        asked = {
            "data": {
                "setl_optins": "430500",
                "file_qury_no": number,
                "stmt_begndate": "2024-12-01",
                "stmt_enddate": "2024-12-31",
                "medfee_sumamt": "0",
                "fund_pay_sumamt": "0",
                "cash_payamt": "0",
                "fixmedins_setl_cnt": "0",
                "clr_type": "11",
            }
        }
        reading = threading.Thread(target=lambda: client.ask("3202", asked))
        reading.start()
        try:
            assert entered.wait(60)
            assert Client(port).ask("1201", ASKED)["infcode"] == 0 and not late.is_set()
        finally:
            go.set()
            reading.join()
