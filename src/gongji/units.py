"""Fen, Ppm and Day: how amounts, rates and civil dates are written, and the one rounding function.

Everything inside gongji counts in integers: money in fen, rates in parts per million, dates as
days since 1970-01-01. This module knows nothing of rules; it is the only one that the oracle
shares with the kernel.
"""

import re
from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache
from typing import TypeAlias

Fen: TypeAlias = int
Ppm: TypeAlias = int
Day: TypeAlias = int

FEN_PER_YUAN = 100
WHOLE = 1_000_000
"""A rate of 100 % in parts per million."""
UNIT = 10_000
"""One of a quantity, which is kept in ten-thousandths (`quantity_e4`): a pack is sold in parts."""
QUANTITY_DECIMALS = 4

MAX_FEN: Fen = 10**12
"""The bound on any amount that enters, ten billion yuan: times WHOLE it still fits in 63 bits,
and Numba would wrap silently beyond."""

CHINA = timezone(timedelta(hours=8))
"""The time of all of China, in which a civil date is meant."""

_EPOCH = date(1970, 1, 1).toordinal()
_AMOUNT = re.compile(r"-?[0-9]+(\.[0-9]{1,2})?")
_PERCENT = re.compile(r"-?[0-9]+(\.[0-9]{1,4})?%")


def divided(numerator: int, denominator: int) -> int:
    """The whole quotient of two integers that are never negative; compiled as unsigned."""
    return numerator // denominator


def round_half_up(numerator: int, denominator: int) -> int:
    """The quotient of two integers, numerator not negative, rounded half up: the one rounding.

    Rounds:  half up to the whole unit (元 by the caller's scale, otherwise fen).
    """
    return (2 * numerator + denominator) // (2 * denominator)


def parse_fen(text: str) -> Fen:
    """Yuan written with at most two decimals (`1000`, `99.50`) as fen.

    Refuses: ValueError for any other form.
    """
    text = text.strip()
    if not _AMOUNT.fullmatch(text):
        raise ValueError(f"不是以元为单位、至多两位小数的金额：{text!r}")
    whole, _, cents = text.partition(".")
    sign = -1 if whole.startswith("-") else 1
    return sign * (abs(int(whole)) * FEN_PER_YUAN + int(cents.ljust(2, "0") or "0"))


def parse_ppm(text: str) -> Ppm:
    """A percentage (`60%`, `2.8%`) in parts per million.

    Refuses: ValueError for any other form.
    """
    text = text.strip()
    if not _PERCENT.fullmatch(text):
        raise ValueError(f"不是百分比：{text!r}")
    whole, _, decimals = text[:-1].partition(".")
    sign = -1 if whole.startswith("-") else 1
    return sign * (abs(int(whole)) * 10_000 + int(decimals.ljust(4, "0") or "0"))


@lru_cache(maxsize=1 << 16)
def parse_day(text: str) -> Day:
    """An ISO date (`2023-03-01`) as days since 1970-01-01.

    Refuses: ValueError for any other form or a date that does not exist.
    """
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text.strip()):
        raise ValueError(f"不是 YYYY-MM-DD 形式的日期：{text!r}")
    return date.fromisoformat(text.strip()).toordinal() - _EPOCH


def day_of(value: date) -> Day:
    """A calendar date as days since 1970-01-01."""
    return value.toordinal() - _EPOCH


def date_of(day: Day) -> date:
    """Days since 1970-01-01 as a calendar date."""
    return date.fromordinal(day + _EPOCH)


def show_fen(fen: Fen) -> str:
    """Fen as yuan with two decimals and thousands separated: `1,000.00`."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // FEN_PER_YUAN:,}.{abs(fen) % FEN_PER_YUAN:02d}"


def yuan_text(fen: Fen) -> str:
    """Fen as plain yuan with two decimals for files: `1000.00`."""
    return show_fen(fen).replace(",", "")


def show_ppm(ppm: Ppm) -> str:
    """Parts per million as the shortest percentage: `60%`, `2.8%`."""
    whole, rest = divmod(abs(ppm), 10_000)
    decimals = f".{rest:04d}".rstrip("0") if rest else ""
    return f"{'-' if ppm < 0 else ''}{whole}{decimals}%"


def day_in_china(instant: datetime) -> date:
    """The civil date of an aware instant."""
    return instant.astimezone(CHINA).date()


def hour_in_china(instant: datetime) -> str:
    """The hour of an aware instant as HH:MM; empty at midnight sharp, as a bare date is read."""
    clock = instant.astimezone(CHINA).time()
    return f"{clock:%H:%M}" if clock != time() else ""
