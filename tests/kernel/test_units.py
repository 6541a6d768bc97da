"""Amounts, rates and days as texts: each form that is read, each that is refused, and back."""

from datetime import UTC, date, datetime

import pytest

from gongji.refusals import REFUSALS, Refusal, RowRefusal
from gongji.units import (
    date_of,
    day_in_china,
    day_of,
    parse_day,
    parse_fen,
    parse_ppm,
    round_half_up,
    show_fen,
    show_ppm,
    yuan_text,
)


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("0", 0),
        ("1000", 100_000),
        ("99.5", 9_950),
        ("99.05", 9_905),
        ("0.01", 1),
        ("0.10", 10),
        (" 12.30 ", 1_230),
        ("-0.50", -50),
        ("-1.05", -105),
        ("10000000000.00", 10**12),
    ],
)
def test_yuan_are_read_to_the_fen(text: str, fen: int) -> None:
    assert parse_fen(text) == fen


@pytest.mark.parametrize(
    "text", ["", "1.", ".5", "1.005", "1,000", "1e3", "+1", "--1", "一", "1 0"]
)
def test_other_forms_of_an_amount_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="金额"):
        parse_fen(text)


@pytest.mark.parametrize(
    ("fen", "shown", "plain"),
    [
        (0, "0.00", "0.00"),
        (5, "0.05", "0.05"),
        (-5, "-0.05", "-0.05"),
        (100_000, "1,000.00", "1000.00"),
        (-123_456_789, "-1,234,567.89", "-1234567.89"),
    ],
)
def test_fen_are_shown_as_yuan(fen: int, shown: str, plain: str) -> None:
    assert (show_fen(fen), yuan_text(fen)) == (shown, plain)
    assert parse_fen(plain) == fen


@pytest.mark.parametrize(
    ("text", "ppm"),
    [
        ("60%", 600_000),
        ("2.8%", 28_000),
        ("0.05%", 500),
        ("0.0001%", 1),
        ("100%", 1_000_000),
        ("-5%", -50_000),
        ("-0.5%", -5_000),
        ("12.3456%", 123_456),
    ],
)
def test_percentages_are_read_and_shown(text: str, ppm: int) -> None:
    assert parse_ppm(text) == ppm
    assert show_ppm(ppm) == text


@pytest.mark.parametrize("text", ["60", "%", "1.00001%", "6 0%", "六十%"])
def test_other_forms_of_a_percentage_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="百分比"):
        parse_ppm(text)


@pytest.mark.parametrize(
    ("numerator", "denominator", "whole"), [(0, 2, 0), (1, 2, 1), (3, 7, 0), (4, 7, 1), (5, 2, 3)]
)
def test_a_half_is_rounded_up(numerator: int, denominator: int, whole: int) -> None:
    assert round_half_up(numerator, denominator) == whole


@pytest.mark.parametrize("text", ["1970-01-01", "1969-12-31", "2024-02-29", "2023-12-31"])
def test_days_are_read_and_shown(text: str) -> None:
    assert str(date_of(parse_day(text))) == text
    assert day_of(date.fromisoformat(text)) == parse_day(f" {text} ")
    assert parse_day("1970-01-01") == 0


@pytest.mark.parametrize("text", ["2023-02-29", "2023-2-1", "20230201", "2023/02/01", "", "今天"])
def test_days_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_day(text)


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2024, 12, 31, 15, 59, 59, tzinfo=UTC), date(2024, 12, 31)),
        (datetime(2024, 12, 31, 16, 0, tzinfo=UTC), date(2025, 1, 1)),
        (datetime(2025, 1, 1, 0, 0, tzinfo=UTC), date(2025, 1, 1)),
        (datetime(2024, 2, 28, 16, 0, tzinfo=UTC), date(2024, 2, 29)),
    ],
)
def test_a_day_of_china_begins_at_sixteen_hours_of_the_day_before(
    instant: datetime, day: date
) -> None:
    assert day_in_china(instant) == day


def test_a_refusal_of_a_row_names_file_row_and_column() -> None:
    """And the refusal of the row itself, for machines."""
    own = Refusal("amount_negative", "total", {"value": "-1"})
    found = RowRefusal(7, own.field, own.code, str(own), "a.csv")
    assert (found.field, found.code) == ("total", "row_rejected")
    assert str(found).startswith("a.csv 第 7 行 total：total 为负数：-1")
    assert found.as_json() == {
        "refusal": "row_rejected",
        "field": "total",
        "reason": str(found),
        "row_number": "7",
        "row_refusal": "amount_negative",
    }
    assert str(RowRefusal(1, "x", "field_missing", "缺")).startswith("第 1 行 x：缺")


def test_every_sentence_of_a_refusal_can_be_said() -> None:
    """Whatever a sentence asks for is a word, and none is left empty."""
    for code, sentence in REFUSALS.items():
        names = {part.split("}")[0] for part in sentence.split("{")[1:]}
        assert all(name.isidentifier() for name in names), code
        said = str(Refusal(code, "列", dict.fromkeys(names - {"field"}, "值")))
        assert said and "{" not in said and "}" not in said, code
