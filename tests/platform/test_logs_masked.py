"""Logs hold no number and no name of anybody, whoever writes them and however they come in."""

import json
import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest

from gongji.platform.logs import HIDDEN, PRIVATE_KEYS, mask

CARD_1 = "110105194912310021"
CARD_X = "11010519491231002X"
NUMBERS = {
    CARD_1: "1101***0021",
    CARD_X: "1101***002X",
    CARD_X.lower(): "1101***002x",
    "１１０１０５１９４９１２３１００２Ｘ": "１１０１***００２Ｘ",
    "110105491231002": "1101***1002",  # the fifteen digits of an old card
    "43050000000000000001": "4305***0001",
    "6217000010001234567": "6217***4567",  # a bank card
    "13812345678": "138***5678",
    "19912345678": "199***5678",
}
"""Numbers by which somebody can be found, and what a log shows of them."""
KEPT = (
    "430500",
    "2024-12-20",
    "99999999",
    "H43050000001",
    "H13010000001",
    "P15010000002",
    "12345678901",
    "23812345678",
    "0.1234",
    "20250301T040000",
)
"""What is nobody's: regions, days, institutions, amounts."""


@pytest.mark.parametrize(("number", "shown"), NUMBERS.items())
def test_every_kind_of_number_is_shortened_wherever_it_stands(number: str, shown: str) -> None:
    for before, after in (("", ""), ("人员 ", " 的"), ("(psn_no)=(", ")"), ("'", "'"), ("x=", ",")):
        assert mask(f"{before}{number}{after}") == f"{before}{shown}{after}"
    assert mask({"a": [number, {"b": (number,)}]}) == {"a": [shown, {"b": [shown]}]}
    assert mask({number: 1}) == {shown: 1} and mask({number}) == [shown]
    assert mask(f"{number} {number}") == f"{shown} {shown}"


@pytest.mark.parametrize("text", KEPT)
def test_what_is_nobodys_is_written_as_it_is(text: str) -> None:
    assert mask(text) == text


def test_numbers_that_are_no_texts_are_shortened_too() -> None:
    assert mask(int(CARD_1)) == "1101***0021"
    assert mask({"n": [43050000000000000001]}) == {"n": ["4305***0001"]}
    error = ValueError(f"no {CARD_X}")
    assert mask(error) == "ValueError('no 1101***002X')"
    assert mask(Decimal("1.50")) == "Decimal('1.50')"
    kept: tuple[Any, ...] = (None, True, False, 0, 12345, -5, 1.5)
    assert [mask(value) for value in kept] == list(kept)


@pytest.mark.parametrize("key", [*sorted(PRIVATE_KEYS), "TEL", "Psn_Name"])
def test_private_fields_are_hidden_whole_at_any_depth(key: str) -> None:
    assert mask("测试·天枢", key) == HIDDEN
    assert mask({"a": [{key: {"more": "测试·天枢"}}]}) == {"a": [{key: HIDDEN}]}


LOGGING = f"""
import logging, sys, structlog
from gongji.platform import logs
logs.configure(sys.argv[1])
log = structlog.get_logger()
log.info("own", psn_no="43050000000000000001", certno="{CARD_X}", days=3)
try:
    raise ValueError("{CARD_X}")
except ValueError:
    log.exception("own accident")
    logging.getLogger("foreign").exception("met %s", "{CARD_1}", extra={{"tel": "13812345678"}})
logging.getLogger("foreign").debug("foreign debug")
logging.getLogger("uvicorn").info("comings and goings")
logging.getLogger("procrastinate").info("comings and goings")
logging.getLogger("uvicorn").warning("of uvicorn %s", "{CARD_1}")
"""


def lines(level: str) -> list[dict[str, Any]]:
    """What a process of its own writes at a level."""
    done = subprocess.run(
        [sys.executable, "-c", LOGGING, level], capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    for number in (CARD_X, CARD_1, "43050000000000000001", "13812345678"):
        assert number not in done.stderr
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_every_line_is_json_with_its_time_and_level_and_nobody_in_it() -> None:
    found = lines("INFO")
    assert [line["event"] for line in found] == [
        "own",
        "own accident",
        "met 1101***0021",
        "of uvicorn 1101***0021",
    ]
    assert [line["level"] for line in found] == ["info", "error", "error", "warning"]
    assert all(line["timestamp"].endswith("Z") for line in found)
    assert (found[0]["psn_no"], found[0]["certno"], found[0]["days"]) == ("4305***0001", HIDDEN, 3)
    assert found[2]["tel"] == HIDDEN
    for line in found[1:3]:
        assert "ValueError: 1101***002X" in line["exception"]


@pytest.mark.parametrize(
    ("level", "told"),
    [("DEBUG", 5), ("INFO", 4), ("WARNING", 3), ("ERROR", 2)],
)
def test_a_level_lets_through_what_is_as_grave_and_no_more(level: str, told: int) -> None:
    assert len(lines(level)) == told
