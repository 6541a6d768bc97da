"""Columns of import files: how a cell becomes a value, and what a file of a kind looks like.

A reader takes the text of a cell and gives its value, or raises ValueError with what is allowed.
This module knows no file, no database and no particular kind: each room declares its own.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from gongji.platform.identity import normalise
from gongji.tabular.cell_forms import (
    Form,
    amount_text,
    day_number_said,
    instant_of,
    is_open_end,
    month_text,
    person_name,
)
from gongji.tabular.cell_forms import day_text as iso_day
from gongji.units import MAX_FEN, WHOLE, parse_fen, parse_ppm, show_ppm, yuan_text

Reader = Callable[[str], Any]

FIRST_YEAR = 1900
EXAMPLE = "例："
"""What the first cell of an example row begins with; such rows of a file are passed over."""
LONGEST_NUMBER = 30
"""Of how many characters the number of a person may be (psn_no)."""
_HOUR = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(:[0-5]\d)?")
_SCIENTIFIC = re.compile(r"[0-9](\.[0-9]+)?[eE]\+?[0-9]{2}")
_YES = {"是", "1", "true", "yes", "y"}
_NO = {"否", "0", "false", "no", "n"}


@dataclass(frozen=True)
class Column:
    """A column of a file: its name, its Chinese heading, how it is read and shown, an explanation.

    `personal`: name or number, masked in exports. `empty` is the value where the cell is empty.
    """

    name: str
    heading: str
    read: Reader
    meaning: str
    example: str = ""
    required: bool = False
    empty: Any = ""
    personal: str = ""
    show: Callable[[Any], str] = str

    @property
    def form(self) -> Form:
        """How a typed cell becomes a text: only a column of dates takes dates."""
        if self.read in (day, end_day, day_text):
            return "day"
        return "instant" if self.read is instant else "text"


def _nothing_wrong(values: dict[str, Any]) -> None:
    """What most kinds say of the cells of a row together."""


@dataclass(frozen=True)
class Kind:
    """A kind of file: its name, its Chinese title (the name of an Excel sheet) and its columns.

    Shape:   `known_rows` is the statement that reads what is known now, by %(kind)s and %(area)s
             (empty: of every area); a kind without one cannot be exported. `wrong` gives heading
             and sentence where the cells of a row contradict each other.
    """

    name: str
    title: str
    meaning: str
    columns: tuple[Column, ...]
    known_rows: str = ""
    wrong: Callable[[dict[str, Any]], tuple[str, str] | None] = _nothing_wrong
    unbroken: bool = False
    """Whether days between two spells are worth telling."""

    @property
    def spellings(self) -> dict[str, Column]:
        """Every way to head a column: Chinese heading or name."""
        known = {column.name: column for column in self.columns}
        return known | {column.heading: column for column in self.columns}


def text(longest: int = 200) -> Reader:
    """A text of at most so many characters."""

    def read(cell: str) -> str:
        if len(cell) > longest:
            raise ValueError(f"至多 {longest} 个字")
        if not cell.isprintable():
            raise ValueError("没有换行、制表符等控制字符的一行文字")
        return cell

    return read


def name_of_person(cell: str) -> str:
    """A person's name; blanks inside a Chinese one do not count."""
    return str(text(50)(person_name(cell)))


def digits(count: int, most: int = 0) -> Reader:
    """A text of so many digits, or of as many up to `most`."""
    counts = f"{count} 至 {most}" if most else str(count)

    def read(cell: str) -> str:
        if not (count <= len(cell) <= max(count, most) and cell.isascii() and cell.isdigit()):
            raise ValueError(f"{counts} 位数字（在 Excel 中把这一列设为文本，以免变成科学记数）")
        return cell

    return read


def person_number(cell: str) -> str:
    """The number of a person, as the platform gave it: up to 30 characters without blanks."""
    if len(cell) > LONGEST_NUMBER or not cell.isprintable() or len(cell.split()) != 1:
        raise ValueError(f"至多 {LONGEST_NUMBER} 个字符的编号，中间没有空格")
    if _SCIENTIFIC.fullmatch(cell):
        raise ValueError("完整的编号（在 Excel 中把这一列设为文本，以免变成科学记数）")
    return cell


def two_digits(cell: str) -> str:
    """A code of the interface that may be written without its first zero: 1 is 01."""
    return str(text(6)(cell)).zfill(2)


def institution_code(cell: str) -> str:
    """The national code of an institution: H or P and eleven digits."""
    code = normalise(cell)
    if not (len(code) == 12 and code[0] in "HP" and code[1:].isascii() and code[1:].isdigit()):
        raise ValueError("H 或 P 加 11 位数字")
    return code


@cache
def day(cell: str) -> date:
    """A date from 1900 on: 2025-01-31, 2025/1/31, 20250131 or 2025年1月31日."""
    try:
        found = date.fromisoformat(iso_day(cell))
        if found.year < FIRST_YEAR:
            raise ValueError
        return found
    except ValueError:
        raise ValueError(f"日期，如 2025-01-31{day_number_said(cell)}") from None


@cache
def end_day(cell: str) -> date | None:
    """The day on which something ends; nothing for what never comes (9999-12-31)."""
    return None if is_open_end(cell) else day(cell)


def day_text(cell: str) -> str:
    """A date as the text that details keep."""
    return day(cell).isoformat()


def month_name(cell: str) -> str:
    """A month as YYYY-MM, also of a day in it."""
    text = month_text(cell)
    try:
        day(f"{text}-01")
    except ValueError:
        raise ValueError(f"月份，如 2025-01{day_number_said(cell)}") from None
    return text


def instant(cell: str) -> datetime:
    """A date or an instant, in the time of China."""
    try:
        found = instant_of(cell)
        if found.year < FIRST_YEAR:
            raise ValueError
        return found
    except (ValueError, OverflowError):
        raise ValueError(f"日期，如 2025-01-31{day_number_said(cell)}") from None


def hour(cell: str) -> str:
    """An hour of the day as HH:MM; seconds are dropped."""
    found = _HOUR.fullmatch(cell)
    if not found:
        raise ValueError("时刻，如 09:30")
    return f"{int(found[1]):02}:{found[2]}"


def flag(cell: str) -> bool:
    """是 or 否."""
    word = cell.lower()
    if word not in _YES | _NO:
        raise ValueError("是 或 否")
    return word in _YES


def whole(cell: str) -> int:
    """A whole number from zero on."""
    if not (cell.isascii() and cell.isdigit() and len(cell) < 10):
        raise ValueError("不小于零的整数")
    return int(cell)


def fen(cell: str) -> int:
    """An amount in yuan with at most two decimals, as fen."""
    try:
        amount = parse_fen(amount_text(cell, grouped=True))
    except ValueError:
        raise ValueError("以元为单位、至多两位小数的金额；逗号只能每三位一个") from None
    if not 0 <= amount <= MAX_FEN:
        raise ValueError("不为负、不超过 100 亿元的金额")
    return amount


def share(cell: str) -> int:
    """A percentage, as parts per million. A bare number is refused: 0.1 may mean 10 % or 0.1 %."""
    try:
        found = parse_ppm(cell)
    except ValueError:
        found = -1
    if not 0 <= found <= WHOLE:
        raise ValueError("0% 至 100%，须带百分号（在 Excel 中把这一列设为文本）")
    return found


def choice(words: dict[str, str]) -> Reader:
    """One of some words: the Chinese or the code that stands behind it."""
    known = words | {code: code for code in words.values()}
    allowed = "、".join(words)

    def read(cell: str) -> str:
        if cell not in known:
            raise ValueError(allowed)
        return known[cell]

    return read


def several(read: Reader) -> Reader:
    """Some values apart by a blank, a comma or 、."""

    def read_all(cell: str) -> list[Any]:
        for mark in "、，；;":
            cell = cell.replace(mark, ",")
        return [read(part) for word in cell.split(",") for part in word.split()]

    return read_all


def show_yes(value: object) -> str:
    """A flag as a cell."""
    return "是" if value else "否"


def show_fen(value: int | None) -> str:
    """An amount as a cell; nothing where none is given."""
    return "" if value is None else yuan_text(value)


def show_share(value: int | None) -> str:
    """A share as a cell; nothing where none is given."""
    return "" if value is None else show_ppm(value)


def show_several(values: list[str]) -> str:
    """Several values as a cell."""
    return "、".join(values)


def show_choice(words: dict[str, str]) -> Callable[[Any], str]:
    """A code as its Chinese word."""
    shown = {code: word for word, code in reversed(words.items())}

    def show(code: str) -> str:
        return shown.get(code, code)

    return show


class KindList:
    """The kinds that an installation imports, in the order in which they are imported."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self.by_name = {kind.name: kind for kind in kinds}
        self.by_title = {kind.title: kind for kind in self.by_name.values()}

    def __iter__(self) -> Iterator[Kind]:
        return iter(self.by_name.values())

    def __getitem__(self, name: str) -> Kind:
        return self.by_name[name]

    @property
    def titles(self) -> str:
        """Every title, as a refusal names what is allowed."""
        return "、".join(self.by_title)

    @property
    def exported(self) -> tuple[Kind, ...]:
        """Kinds that can be exported; balances and meters are statements of the ledger."""
        return tuple(kind for kind in self if kind.known_rows)

    def find(self, word: str) -> Kind | None:
        """The kind that a word names: its name or title, a date or number after it allowed."""
        named = [name for name in (*self.by_name, *self.by_title) if word.startswith(name)]
        found = max(named, key=len, default="")
        if word[len(found) :][:1].isalpha():
            return None
        return self.by_name.get(found) or self.by_title.get(found)

    def position(self, kind: Kind) -> int:
        """Where a kind stands in the order."""
        return list(self.by_name).index(kind.name)
