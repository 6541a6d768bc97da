"""The one normal form of what stands in a cell: keys, days, months, instants, amounts.

A cell has a type in Excel, Parquet and frames, and is a text in CSV, in messages and on pages. Here
it becomes a text in one form, or is refused with what is wrong with it. Nothing else in gongji
folds, trims or guesses. This module knows no file and no data frame.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from math import isfinite
from typing import Literal

from gongji.units import CHINA

Form = Literal["text", "key", "day", "instant", "month"]
"""How the texts of a column are read; amounts, flags and choices are texts that their readers
judge."""

COLUMN_FORMS: Mapping[str, Form] = {
    **dict.fromkeys(("person", "visit", "area", "institution", "item", "sequence"), "key"),
    **dict.fromkeys(("date", "birth_date", "approval_date", "from", "to"), "day"),
    **dict.fromkeys(("month", "retired_month", "years_complete_month"), "month"),
}
"""The form of each column that files with our column names have; of others, `text`."""

MOST_DIGITS = 15
"""Excel and floats keep so many digits of a number; what follows is lost without a word."""


class CellProblem(ValueError):
    """A cell that holds no value which could be used, and why."""


_INVISIBLE = dict.fromkeys((0x0000, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x00AD))
_WIDE = _INVISIBLE | {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {0x3000: " "}
_WIDE_LETTERS = _INVISIBLE | {
    wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F) if chr(wide - 0xFEE0).isalnum()
}
_GROUPED = re.compile(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]{1,9})?)?"
_ZONE = r" ?(Z|z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?)?"
_INSTANTS = (
    re.compile(
        r"([0-9]{4})[-/.]?([0-9]{2})[-/.]?([0-9]{2})"
        r"(?:[T ]?([0-9]{2}):?([0-9]{2})(?::?([0-9]{2})(?:\.?[0-9]{1,9})?)?)?" + _ZONE
    ),
    re.compile(
        r"([0-9]{4})(?P<mark>[-/.])([0-9]{1,2})(?P=mark)([0-9]{1,2})(?:[T ]" + _TIME + ")?" + _ZONE
    ),
    re.compile(r"([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日(?: ?" + _TIME + ")?" + _ZONE),
)
_MONTHS = re.compile(r"([0-9]{4})(?:[-/]([0-9]{1,2})|年([0-9]{1,2})月|([0-9]{2}))")


def narrow(text: str) -> str:
    """A text without outer blanks and invisible marks, every wide character as the usual one."""
    return (text if _is_ascii(text) else text.translate(_WIDE)).strip()


def _is_ascii(text: str) -> bool:
    return text.isascii() and "\0" not in text


def plain(text: str) -> str:
    """The same, but wide punctuation stays: it belongs to names of diseases and of institutions."""
    return (text if _is_ascii(text) else text.translate(_WIDE_LETTERS)).strip()


_BREAKS = re.compile(r"\s*[\r\n\v\f\x85\u2028\u2029]\s*")


def column_name(text: str) -> str:
    """The name of a column as it is looked for: without line breaks and invisible marks."""
    return plain(_BREAKS.sub("", text.strip()))


_AS_TEXT = re.compile(r"=\"(?P<text>.*)\"|'(?=[0-9=+@-])(?P<marked>.*)")


def key_text(text: str) -> str:
    """A key as it is compared: `０0１2 ` is `0012`. Case stays, and so do blanks inside.

    Shape:   what only says that a text follows (`="0012"`, `'0012`) is no part of it.
    """
    given = narrow(text)
    found = _AS_TEXT.fullmatch(given) if given[:1] in ("=", "'") else None
    return (found["text"] or found["marked"] or "").strip() if found else given


_ERROR = re.compile(r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!)|#{4,}", re.I)
_POWER = re.compile(r"[0-9](?:\.[0-9]+)?E\+[0-9]+", re.I)
SPOILT_SIGNS = "#+"
"""Without one of these signs nothing is spoilt."""


def spoilt(text: str, form: Form = "text") -> str:
    """What a spreadsheet left of a cell where its value is lost: why, or nothing.

    Shape:   errors and the hashes of a narrow column; among keys long numbers as powers of ten.
    """
    if _ERROR.fullmatch(text):
        return f"单元格是错误值 {text}；请改正后重新填写"
    if form == "key" and _POWER.fullmatch(text):
        return f"长数字变成了科学记数 {text}，末几位已经失真；请把这一列设为文本后重新填写"
    return ""


INTERPUNCTS = "·•・‧∙⋅･"
"""What is written between the parts of a name; the first is the standard's."""
_DOTS = dict.fromkeys(map(ord, INTERPUNCTS), INTERPUNCTS[0])


def person_name(text: str) -> str:
    """A person's name as it is compared: blanks inside a Chinese name do not count, and the dot
    between its parts is one, however it is typed."""
    words = plain(text.replace("\u3000", " ").translate(_DOTS)).split()
    chinese = any("\u3400" <= sign <= "\u9fff" or sign >= "\U00020000" for sign in text)
    return ("" if chinese else " ").join(words)


def amount_text(text: str, grouped: bool = False) -> str:
    """An amount as its reader takes it; with `grouped` without commas that part three digits.

    Ensures: a comma anywhere else stays, so that the reader refuses it (`1,50` is not 150).
    """
    found = narrow(text)
    return found.replace(",", "") if grouped and _GROUPED.fullmatch(found) else found


_CURRENCY = "人民币|RMB|CNY"
_SAID = re.compile(
    rf"(?:[￥¥]|{_CURRENCY})? ?(?P<number>-?[0-9][0-9 ,]*(?:\.[0-9]*)?) ?(?P<unit>[百千万]?) ?"
    rf"(?:元整?|圆整?|块钱?|{_CURRENCY})?",
    re.I,
)
_COINS = re.compile(
    r"(?P<yuan>[0-9][0-9,]*)[元圆块](?=[0-9])(?:(?P<tenths>[0-9])[角毛])?(?:(?P<hundredths>[0-9])分)?"
)
_SPACED = re.compile(r"-?[0-9]{1,2}( [0-9]{3})+(\.[0-9]+)?")
"""Blanks that part three digits; behind three first digits they part two amounts as well."""
_UNITS = {"百": 100, "千": 1000, "万": 10000}


def amount_said(text: str) -> str:
    """An amount as people write it (`1,000`, `800元`, `0.5万`, `8元5角`) as its reader takes it.

    Ensures: what is no amount stays as it is, and so does a comma that parts no three digits.
    """
    given = narrow(text)
    if coins := _COINS.fullmatch(given):
        given = f"{coins['yuan']}.{coins['tenths'] or 0}{coins['hundredths'] or 0}"
    found = _SAID.fullmatch(given)
    if found is None:
        return text
    number = found["number"].strip()
    number = number.replace(" ", "") if _SPACED.fullmatch(number) else number
    read = amount_text(number, grouped=True).removesuffix(".")
    if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", read):
        return text
    times = _UNITS.get(found["unit"])
    if times and len(read) > MOST_DIGITS:
        return text
    return f"{(Decimal(read) * times).normalize():f}" if times else read


def instant_of(text: str) -> datetime:
    """An instant in the time of China, which is meant where no offset is given; a day alone is its
    midnight, whatever offset is written behind it.

    Refuses: ValueError.
    """
    *numbers, zone = _parts(text)
    year, month, day, hour, minute, second = (int(part or 0) for part in numbers)
    made = datetime(year, month, day, hour, minute, second, tzinfo=CHINA)
    if zone and numbers[3] is None and zone[0] in "+-" and len(zone) == len("+08"):
        # Behind a day alone it is no offset: 2023-01-05-06 are two days.
        raise ValueError(f"不是日期或时间：{text!r}")
    if zone and numbers[3] is not None:
        return made.replace(tzinfo=_offset(zone)).astimezone(CHINA)
    return made


LAST_YEAR = 2200
"""Whatever ends after it never ends: an open end is written 9999-12-31 or 2999-12-31."""


def is_open_end(text: str) -> bool:
    """Whether an instant lies beyond every year that is taken."""
    try:
        return instant_of(text).year > LAST_YEAR
    except OverflowError:
        return True
    except ValueError:
        return False


def has_hour(text: str) -> bool:
    """Whether an instant tells an hour, and not its day alone.

    Refuses: ValueError.
    """
    return _parts(text)[3] is not None


def _parts(text: str) -> list[str | None]:
    """Year, month, day, hour, minute, second and offset of an instant, as they are written.

    Refuses: ValueError.
    """
    given = narrow(text)
    found = next((made for form in _INSTANTS if (made := form.fullmatch(given))), None)
    if found is None:
        raise ValueError(f"不是日期或时间：{text!r}")
    return [part for name, part in enumerate(found.groups(), 1) if name != _mark(found)]


def _mark(found: re.Match[str]) -> int:
    return found.re.groupindex.get("mark", 0)


def _offset(zone: str) -> timezone:
    if zone in ("Z", "z", "UTC"):
        return timezone(timedelta())
    sign = -1 if zone[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(zone[1:3]), minutes=int(zone[3:].strip(":") or 0)))


@lru_cache(maxsize=1 << 16)
def day_text(text: str) -> str:
    """A day as YYYY-MM-DD, an instant as its day in China; what is no day stays as it is."""
    if _ISO.fullmatch(text):
        return text
    try:
        return instant_of(text).date().isoformat()
    except (ValueError, OverflowError):
        return narrow(text)


_FIRST_NUMBERED = date(1899, 12, 30)
_NUMBERED = re.compile(r"([2-7][0-9]{4})(?:\.[0-9]+)?")
"""Excel's numbers of the days from 1954 to 2118."""


def day_number_said(text: str) -> str:
    """What to say of a text that is a number of a day in Excel instead of the day; else nothing."""
    found = _NUMBERED.fullmatch(narrow(text))
    if found is None:
        return ""
    day = _FIRST_NUMBERED + timedelta(days=int(found[1]))
    return f"（{found[0]} 像是 Excel 的日期序号，即 {day}；请把这一列设为日期格式后重新填写）"


def instant_text(text: str) -> str:
    """An instant in ISO; what is none stays as it is."""
    try:
        return instant_of(text).isoformat()
    except (ValueError, OverflowError):
        return narrow(text)


def month_text(text: str) -> str:
    """A month as YYYY-MM, also of a day in it; what is none stays as it is."""
    given = narrow(text)
    found = _MONTHS.fullmatch(given)
    if found is None:
        day = day_text(given)
        return day[:7] if _ISO.fullmatch(day) and _is_day(day) else given
    return f"{found[1]}-{int(found[2] or found[3] or found[4]):02d}"


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


NORMAL: Mapping[Form, Callable[[str], str]] = {
    "text": plain,
    "key": key_text,
    "day": day_text,
    "instant": instant_text,
    "month": month_text,
}
"""The normal form of a text, by the form of its column."""


_CODED = ("text", "key")
"""Forms of which plain letters and digits are the normal form."""
_DATED = ("day", "month")
"""Forms in which a whole number may be written: 20230301, 202303."""
NO_NUMBER = "不是数（NaN 或无穷大）；没有的请留空"


def cell_text(value: object, form: Form = "text") -> str:
    """A typed cell as a text of its column.

    Refuses: CellProblem where the cell's type does not fit: a date among codes, a number of more
             than 15 digits; or where a spreadsheet has lost what it was.
    """
    if value is None:
        return ""
    # Nearly every cell is one of these two, and asked for itself.
    if type(value) is float and value.is_integer() and abs(value) < 10**MOST_DIGITS:
        return str(int(value))
    if isinstance(value, str):
        if form in _CODED and value.isascii() and value.isalnum():
            return value
        text = NORMAL[form](value)
        if reason := spoilt(text, form):
            raise CellProblem(reason)
        return text
    if isinstance(value, bool):
        if form == "key":
            raise CellProblem("单元格是逻辑值（TRUE、FALSE），不是编号；请改为文本")
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        text = _number_text(value)
        return NORMAL[form](text) if form in _DATED else text
    if isinstance(value, datetime | date):
        return _date_text(value, form)
    if isinstance(value, bytes):
        return NORMAL[form](_decoded(value))
    if isinstance(value, time | timedelta):
        raise CellProblem("单元格是时间，这一列不收时间；请改为文本")
    return NORMAL[form](str(value))


def _decoded(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise CellProblem("单元格是字节，不是 UTF-8 文本") from None


def _number_text(value: int | float | Decimal) -> str:
    """A number as Excel shows it: at most 15 digits, whole ones without a point."""
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        whole, point, rest = f"{value:f}".partition(".")
        return f"{whole}.{rest[:2]}{rest[2:].rstrip('0')}" if point else whole
    if not isfinite(value):
        raise CellProblem(NO_NUMBER)
    if abs(value) >= 10**MOST_DIGITS:
        raise CellProblem("超过 15 位的数字存成数值后末几位已经失真；请把这一列设为文本后重新填写")
    if value.is_integer():
        return str(int(value))
    shown = f"{value:.{MOST_DIGITS}g}"
    return f"{Decimal(shown):f}" if "e" in shown else shown


def _date_text(value: datetime | date, form: Form) -> str:
    if form not in ("day", "instant", "month"):
        raise CellProblem("单元格是日期，这一列不是日期列；请把这一列设为文本后重新填写")
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.astimezone(CHINA)
    if isinstance(value, datetime) and form == "instant":
        return value.isoformat()
    day = value.date() if isinstance(value, datetime) else value
    return day.isoformat()[: 7 if form == "month" else 10]


def text_of(value: object) -> str:
    """A typed value of our own tables as text: nothing as empty, dates in ISO, China's day."""
    if isinstance(value, float) and not (value.is_integer() and abs(value) < 10**MOST_DIGITS):
        return f"{Decimal(f'{value:.{MOST_DIGITS}g}'):f}"
    if isinstance(value, str):
        return plain(value)
    return cell_text(value, "day" if isinstance(value, date) else "text")
