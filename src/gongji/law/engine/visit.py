"""The facts of one visit: read from text, checked, ready for cells, flags and keys."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from gongji.law.compile.retirement import BENEFIT, EVENT_COLUMNS, Start, delaying
from gongji.law.kernel import calendar
from gongji.law.rulebook.law import KEPT, Law
from gongji.law.rulebook.vocabulary import (
    AMOUNT,
    BIRTH_DATE,
    CHOICE,
    DATE,
    FLAG,
    LEVELS,
    NUMBER,
    TEXT,
    VISIT_COLUMNS,
    Fact,
)
from gongji.refusals import Refusal
from gongji.tabular.cell_forms import (
    amount_text,
    day_number_said,
    day_text,
    key_text,
    month_text,
    plain,
)
from gongji.units import MAX_FEN, Day, Fen, date_of, parse_day, parse_fen, yuan_text

_FLAGS = {
    "true": True,
    "1": True,
    "yes": True,
    "是": True,
    "false": False,
    "0": False,
    "no": False,
    "否": False,
}
_LEVELS = {"": 0, "1": 1, "2": 2, "3": 3, "一级": 1, "二级": 2, "三级": 3}
_LEVEL_CODES = tuple(LEVELS.values())
_KINDS = {"": 0, "hospital": 0, "pharmacy": 1, "医院": 0, "药店": 1}
_KIND_CODES = ("hospital", "pharmacy")
_LEVEL_COLUMNS = ("level", "parent_level", "prescriber_level", "admission_level")
_DAY_COLUMNS = (BIRTH_DATE, "approval_date")
_NUMBERED = frozenset({*_LEVEL_COLUMNS, "institution_kind"})
"""Columns of choices whose values are numbers, as the kernel counts with them."""

Value = bool | int | str
"""What a fact may be: a flag, a number, fen or a day, a code or a text."""


class Visit(msgspec.Struct, frozen=True):
    """One visit with its facts as values; `facts` holds only what was given.

    Shape:   `facts` column -> value: levels 0 to 3, kinds of institutions 0 and 1, other choices
             their code, dates a Day, amounts fen.
    """

    area: str
    day: Day
    benefit: str
    in_scope_fen: Fen | None
    total_fen: Fen | None
    facts: dict[str, Value] = {}
    person: str = ""
    visit: str = ""
    parts: dict[str, Fen] = {}
    """In-scope cost of each part treated apart, by code; the rest of the cost is the last part."""


def _invalid(column: str, value: str, allowed: str) -> Refusal:
    return Refusal("value_invalid", column, {"value": value, "allowed": allowed})


def read_amount(column: str, text: str, unit: str = "yuan") -> Fen:
    """An amount of a visit in fen.

    Refuses: amount_invalid, amount_negative, amount_too_large.
    """
    written = amount_text(text)
    try:
        amount = parse_fen(written) if unit == "yuan" else _whole(written)
    except ValueError:
        raise Refusal("amount_invalid", column, {"value": text}) from None
    if amount < 0:
        raise Refusal("amount_negative", column, {"value": text})
    if amount > MAX_FEN:
        raise Refusal("amount_too_large", column, {"value": text})
    return amount


def _whole(text: str) -> int:
    """A whole number of decimal digits; Python's own reader takes more than these."""
    if not (text.isascii() and text.removeprefix("-").isdigit()):
        raise ValueError(text)
    return int(text)


def read_flag(column: str, text: str) -> bool:
    """True or false, in any of the usual spellings."""
    value = _FLAGS.get(text.lower())
    if value is None:
        raise _invalid(column, text, "true、false、是、否、1、0")
    return value


def read_date(column: str, text: str) -> Day:
    """A date."""
    try:
        return parse_day(day_text(text))
    except ValueError:
        raise _invalid(column, text, f"YYYY-MM-DD{day_number_said(text)}") from None


def read_level(column: str, text: str) -> int:
    """A level of an institution; 0 where it has none.

    Refuses: value_invalid.
    """
    if text not in _LEVELS:
        raise _invalid(column, text, "1、2、3 或空")
    return _LEVELS[text]


def read_month_name(column: str, text: str) -> int:
    """A month (`2023-05`, or a day in it) counted from year 0.

    Refuses: value_invalid.
    """
    try:
        day = parse_day(f"{month_text(text)}-01")
    except ValueError:
        raise _invalid(column, text, f"YYYY-MM{day_number_said(text)}") from None
    month: int = calendar.month_of(day)
    return month


def read_minute(column: str, text: str) -> int:
    """A moment (`2025-03-01 10:30`, seconds dropped) as minutes since 1970 in China's time.

    Refuses: value_invalid.
    """
    day, _, clock = text.replace("T", " ").partition(" ")
    found = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)(:[0-5]\d(\.\d+)?)?", clock)
    if not found:
        raise _invalid(column, text, "YYYY-MM-DD HH:MM")
    return (read_date(column, day) * 24 + int(found[1])) * 60 + int(found[2])


def read_fact(fact: Fact, text: str) -> Value:
    """A fact's value from text: a flag, a choice's code, a number, an amount in fen, a day, a text.

    Refuses: value_invalid with the allowed values; amount_*.
    """
    if fact.kind == FLAG:
        return read_flag(fact.column, text)
    if fact.kind == CHOICE:
        if text not in fact.codes:
            allowed = "、".join(code or "（空）" for code in fact.choices.values())
            raise _invalid(fact.column, text, allowed)
        return fact.codes[text]
    if fact.kind == NUMBER:
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            raise _invalid(fact.column, text, "不小于零的整数")
        return int(text)
    if fact.kind == AMOUNT:
        return read_amount(fact.column, text)
    if fact.kind == DATE:
        return read_date(fact.column, text)
    return text


@lru_cache(maxsize=KEPT)
def columns_of(law: Law) -> dict[str, Fact]:
    """The facts of a law by column (bands share their source's column), worked out once."""
    return {fact.column: fact for fact in law.facts.values() if not fact.source}


def readable(law: Law) -> frozenset[str]:
    """The columns that a visit under a law may have."""
    parts = {f"in_scope_{part.code}" for part in law.parts.values()}
    fixed = {*_LEVEL_COLUMNS, *_DAY_COLUMNS, *EVENT_COLUMNS, *MOMENTS, *VISIT_COLUMNS}
    return frozenset(fixed | parts | columns_of(law).keys() | {"institution_kind"})


def read_visit(row: Mapping[str, str], law: Law) -> Visit:
    """A visit from a row of texts under the names of a visits file; empty means absent.

    Refuses: the first of the input refusals that holds.
    """
    given = {column: found for column, text in row.items() if text and (found := plain(text))}
    for column in ("date", "status"):
        if column not in given:
            raise Refusal("field_missing", column)
    known = columns_of(law)
    facts: dict[str, Value] = {}
    parts: dict[str, Fen] = {}
    part_columns = {f"in_scope_{part.code}": part.code for part in law.parts.values()}
    for column, text in given.items():
        if column in _LEVEL_COLUMNS:
            facts[column] = read_level(column, text)
        elif column == "institution_kind":
            if text not in _KINDS:
                raise _invalid(column, text, "hospital、pharmacy")
            facts[column] = _KINDS[text]
        elif column in _DAY_COLUMNS:
            facts[column] = read_date(column, text)
        elif column in EVENT_COLUMNS:
            facts[column] = read_month_name(column, text)
        elif column in MOMENTS:
            facts[column] = read_minute(column, text)
        elif column in known:
            facts[column] = read_fact(known[column], text)
        elif column in part_columns:
            parts[part_columns[column]] = read_amount(column, text)
        elif column not in VISIT_COLUMNS:
            raise Refusal("field_unknown", column)
    benefit = given.get("benefit", "ordinary")
    benefit = law.benefits.get(benefit, benefit)
    if benefit not in law.benefits.values():
        raise _invalid("benefit", benefit, "、".join(law.benefits.values()))
    total, in_scope = (_amount(given, name) for name in ("total", "in_scope"))
    if total is None and in_scope is None:
        raise Refusal("field_missing", "total")
    _check_scope(total, in_scope, sum(parts.values()))
    day = read_date("date", given["date"])
    if (joined := joins_stay(facts)) is not None:
        facts["admitted"] = joined
    if delay := waiting(law, day, facts):
        facts |= {"status": ACTIVE, WAITS: delay.event}
    return Visit(
        law.area,
        day,
        benefit,
        in_scope,
        total,
        facts,
        key_text(given.get("person", "")),
        key_text(given.get("visit", "")),
        parts,
    )


def check_visit(visit: Visit, law: Law) -> None:
    """A visit of values speaks only of what the law knows.

    Refuses: field_unknown, value_invalid.
    """
    known = columns_of(law)
    for column, value in visit.facts.items():
        if column in _NUMBERED or column in _DAY_COLUMNS or column == WAITS:
            continue
        if column not in known:
            raise Refusal("field_unknown", column)
        fact = known[column]
        if fact.kind == CHOICE and value not in fact.names:
            read_fact(fact, str(value))
    if visit.parts:
        codes = {part.code for part in law.parts.values()}
        for code in visit.parts:
            if code not in codes:
                raise Refusal("field_unknown", f"in_scope_{code}")
    if visit.benefit not in law.benefits.values():
        raise _invalid("benefit", visit.benefit, "、".join(law.benefits.values()))


def fact_text(law: Law, column: str, value: Value) -> str:
    """A fact's value as a visits file writes it."""
    if column in _LEVEL_COLUMNS:
        return str(value or "")
    if column == "institution_kind":
        return _KIND_CODES[int(value)]
    if isinstance(value, bool):
        return "true" if value else "false"
    fact = columns_of(law).get(column)
    kind = fact.kind if fact else DATE if column in _DAY_COLUMNS else TEXT
    if kind == DATE:
        return str(date_of(int(value)))
    return yuan_text(int(value)) if kind == AMOUNT else str(value)


MOMENTS = ("rescue_at", "admitted_at")
"""When a rescue began, and when the person was admitted."""


def joins_stay(facts: Mapping[str, object]) -> bool | None:
    """Whether the moments told make a rescue and a stay one episode; None where they are not."""
    began, admitted = (facts.get(name) for name in MOMENTS)
    if not (isinstance(began, int) and isinstance(admitted, int)):
        return None
    return bool(calendar.joins_stay(began, admitted))


ACTIVE, RETIRED = "active", "retired"
WAITS = "retirement_waits"
"""Which event of a retired person does not yet count at a visit, so that it is one of an active
employee; told beside the facts, and no rule's."""


def waiting(law: Law, day: Day, facts: Mapping[str, object]) -> Start | None:
    """What a person registered as retired still waits for before being treated as one."""
    if facts.get("status") != RETIRED:
        return None
    events = {name: value for name in EVENT_COLUMNS if isinstance(value := facts.get(name), int)}
    return delaying(law, BENEFIT, calendar.month_of(day), events) if events else None


def _check_scope(total: Fen | None, in_scope: Fen | None, parts: Fen) -> None:
    whole = in_scope if in_scope is not None else total
    if total is not None and in_scope is not None and in_scope > total:
        values = {"value": yuan_text(in_scope), "total": yuan_text(total)}
        raise Refusal("in_scope_above_total", "in_scope", values)
    if whole is not None and parts > whole:
        values = {"value": yuan_text(parts), "total": yuan_text(whole)}
        raise Refusal("in_scope_above_total", "in_scope_*", values)


def _amount(given: Mapping[str, str], name: str) -> Fen | None:
    if name in given:
        return read_amount(name, given[name])
    if name + "_fen" in given:
        return read_amount(name + "_fen", given[name + "_fen"], "fen")
    return None


Derived = Callable[[Visit, bool], object]


def counting_level(visit: Visit, own_level: bool) -> int:
    """The code of the level that counts for a visit."""
    facts = visit.facts
    level: int = calendar.counting_level(
        facts.get("level", 0),
        facts.get("parent_level", 0),
        facts.get("institution_kind", 0),
        facts.get("prescriber_level", 0),
        int(own_level),
    )
    return level


def _level(visit: Visit, own_level: bool) -> object:
    return _LEVEL_CODES[counting_level(visit, own_level)]


def _admission_level(visit: Visit, own_level: bool) -> object:
    given: Any = visit.facts.get("admission_level", 0)
    return _LEVEL_CODES[given or counting_level(visit, own_level)]


def _has_prescription(visit: Visit, own_level: bool) -> object:
    return not visit.facts.get("institution_kind", 0) or bool(visit.facts.get("prescriber_level"))


def _kind(visit: Visit, own_level: bool) -> object:
    given: Any = visit.facts.get("institution_kind", 0)
    return _KIND_CODES[given]


def _since(count: Callable[[Day, Day], int], column: str) -> Derived:
    """What is counted from a date that the visit tells to its own."""
    return lambda visit, _: count(visit.day, visit.facts.get(column, calendar.NO_DAY))  # type: ignore[arg-type]


DERIVED: dict[str, Derived] = {
    "level": _level,
    "admission_level": _admission_level,
    "has_prescription": _has_prescription,
    "institution_kind": _kind,
    "date": lambda visit, _: visit.day,
    "age_by_day": _since(calendar.age_by_day, "birth_date"),
    "age": _since(calendar.age_by_month, "birth_date"),
    "months_left": _since(calendar.months_left, "approval_date"),
    "months_into_year": lambda visit, _: calendar.month_of(visit.day) % 12 + 1,
    "months_into_quarter": lambda visit, _: calendar.month_of(visit.day) % 3 + 1,
}
"""Facts that are worked out from others, by column."""


def value_of(fact: Fact, visit: Visit, own_level: bool) -> object:
    """A fact's value for a visit: given, derived, or its default."""
    derived = DERIVED.get(fact.column)
    if derived:
        return derived(visit, own_level)
    return visit.facts.get(fact.column, fact.default)


def value_name(fact: Fact, value: object) -> str:
    """The Chinese name of a value on its axis.

    Refuses: value_invalid where no band holds it; field_missing for a birth date not told.
    """
    if fact.bands:
        # Who was born when nobody told is in no band: the first one would be a guess.
        if fact.column == BIRTH_DATE and value == calendar.NO_DAY:
            raise Refusal("field_missing", BIRTH_DATE)
        return band_of(fact, value)
    if fact.kind == FLAG:
        return "是" if value else "否"
    return fact.names[value]


def _below(fact: Fact, value: object) -> tuple[str, str]:
    """How a value below every band is shown, and what is allowed."""
    lowest = min(fact.bands.values())  # type: ignore[type-var]
    if fact.kind == DATE:
        shown = "（空）" if value == calendar.NO_DAY else str(date_of(value))  # type: ignore[arg-type]
        return shown, f"{date_of(lowest)} 及以后"  # type: ignore[arg-type]
    return str(value), f"不小于 {lowest}"


def band_of(fact: Fact, value: object) -> str:
    """The band of a number or date (the highest bound reached), the class of a text or choice."""
    if fact.kind in (TEXT, CHOICE):
        rest = ""
        for name, texts in fact.bands.items():
            if value in texts:  # type: ignore[operator]
                return name
            if not texts or texts == ("其余",):
                rest = name
        return rest
    reached = [name for name, bound in fact.bands.items() if value >= bound]  # type: ignore[operator]
    if not reached:
        raise _invalid(fact.column, *_below(fact, value))
    return reached[-1]
