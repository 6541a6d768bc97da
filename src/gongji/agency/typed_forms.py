"""Forms of items: typed fields and how what was typed is read, in whichever face it was.

Law:     国务院令第765号 第三十八条: the handling is recorded as it was asked.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from gongji.refusals import Refusal
from gongji.review.desk import Acting
from gongji.units import parse_fen

LONGEST_NUMBER = 15
"""Signs of a number that is typed: no row has a longer one."""


@dataclass(frozen=True)
class FormField:
    """A field of a form; `kind` is text, date, yuan, number, choice, staff or holding."""

    name: str
    label: str
    kind: str = "text"
    needed: bool = True
    choices: tuple[tuple[str, str], ...] = ()
    hint: str = ""


def read_field(one: FormField, text: str) -> Any:
    """A field's value from what was typed; None where nothing was.

    Refuses: value_invalid naming the field.
    """
    text = text.strip()
    if not text:
        if one.needed:
            raise _wrong(one, text, "不能为空")
        return None
    try:
        if one.kind == "yuan":
            return parse_fen(text.replace(",", ""))
        if one.kind == "number":
            if len(text) > LONGEST_NUMBER:
                raise ValueError
            return int(text)
        if one.kind == "date":
            return date.fromisoformat(text).isoformat()
    except ValueError:
        raise _wrong(one, text, "金额、数字或日期（2026-01-31）") from None
    if one.choices and text not in dict(one.choices):
        raise _wrong(one, text, "、".join(words for _, words in one.choices))
    return text


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

    Refuses: value_invalid.
    """
    read = {one.name: read_field(one, typed.get(one.name, "")) for one in fields}
    return {name: value for name, value in read.items() if value is not None}
