"""Forms of items: typed fields and how what was typed is read, in whichever face it was.

Law:     国务院令第765号 第三十八条: the handling is recorded as it was asked.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gongji.refusals import Refusal
from gongji.review.desk import Acting
from gongji.tabular.cell_forms import (
    LAST_YEAR,
    amount_said,
    day_number_said,
    day_text,
    key_text,
    narrow,
    plain,
)
from gongji.units import MAX_FEN, Fen, date_of, parse_day, parse_fen, yuan_text

_NUMBER = re.compile(r"-?[0-9]{1,15}")
"""A number that is typed: no row has a longer one."""
LONGEST = {"key": 64, "text": 500}
"""Signs of a key and of other words; a longer key fits into no index."""
FIRST_YEAR = 1900


@dataclass(frozen=True)
class FormField:
    """A field of a form; `kind` is text, key, date, yuan, number, choice, staff or holding."""

    name: str
    label: str
    kind: str = "text"
    needed: bool = True
    choices: tuple[tuple[str, str], ...] = ()
    hint: str = ""


def read_field(one: FormField, text: str) -> Any:
    """A field's value from what was typed or pasted, in the one normal form of cells; None where
    nothing was.

    Refuses: value_invalid, amount_invalid, amount_negative, amount_too_large, naming the field.
    """
    text = plain(text)
    if not text:
        if one.needed:
            raise _wrong(one, text, "不能为空")
        return None
    if one.kind in _READERS:
        return _READERS[one.kind](one, text)
    if one.choices and text not in dict(one.choices):
        raise _wrong(one, text, "、".join(words for _, words in one.choices))
    return _short(one, text)


def _short(one: FormField, text: str) -> str:
    longest = LONGEST.get(one.kind, LONGEST["text"])
    if len(text) > longest:
        raise _wrong(one, f"{text[:20]}…", f"不超过 {longest} 个字")
    return text


def _key(one: FormField, text: str) -> str:
    return _short(one, key_text(text))


def _yuan(one: FormField, text: str) -> Fen:
    try:
        fen = parse_fen(amount_said(text))
    except ValueError:
        raise Refusal("amount_invalid", one.label, {"value": text}) from None
    if fen < 0:
        raise Refusal("amount_negative", one.label, {"value": yuan_text(fen)})
    if fen > MAX_FEN:
        raise Refusal("amount_too_large", one.label, {"value": yuan_text(fen)})
    return fen


def _number(one: FormField, text: str) -> int:
    found = narrow(text)
    if not _NUMBER.fullmatch(found):
        raise _wrong(one, text, "不超过 15 位的整数")
    return int(found)


def _date(one: FormField, text: str) -> str:
    allowed = f"{FIRST_YEAR} 至 {LAST_YEAR} 年的日期（2026-01-31）{day_number_said(text)}"
    try:
        day = date_of(parse_day(day_text(text)))
    except ValueError:
        raise _wrong(one, text, allowed) from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise _wrong(one, text, allowed)
    return day.isoformat()


_READERS: Mapping[str, Callable[[FormField, str], Any]] = {
    "key": _key,
    "yuan": _yuan,
    "number": _number,
    "date": _date,
}


def whole(text: str) -> int:
    """A number of a row as a page tells it back; zero for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def read_acting(
    typed: Mapping[str, str], number: int, act: str = "", reason: str = "", mark: str = ""
) -> Acting:
    """A step on a command as its form tells it: message, version and preview that were looked at.

    Shape:   `act` is added to the message's id, where a form has several; `mark` to the fields'
             names, where several commands are on one form.
    """
    msg_id = typed.get(f"msg_id{mark}", "")
    version, seen = typed.get(f"version{mark}", ""), typed.get(f"seen{mark}", "")
    return Acting(f"{msg_id}-{act}" if act else msg_id, number, whole(version), seen, reason)


def _wrong(one: FormField, text: str, allowed: str) -> Refusal:
    return Refusal("value_invalid", one.label, {"value": text or "（空）", "allowed": allowed})


def read_form(fields: Iterable[FormField], typed: Mapping[str, str]) -> dict[str, Any]:
    """What was typed, as a content; what may be empty and is does not stand in it.

    Refuses: as `read_field`.
    """
    read = {one.name: read_field(one, typed.get(one.name, "")) for one in fields}
    return {name: value for name, value in read.items() if value is not None}
