"""What may be asked of an area on a day, as a JSON Schema of the question of a quote.

Every fact that a rule of some benefit reads is there with its form and its values, every meter,
every parameter; what fits the schema is read, whatever the law then says of it. Texts as people
write them (`1,000`, `800元`, 2023年3月1日, 退休) are read too, and no form here says so.
"""

import re
from collections.abc import Mapping
from typing import Any

from gongji.api.shapes import MOST_EARLIER, TEXT_LENGTH
from gongji.law.compile.cells import offered_benefits
from gongji.law.engine.area import Area
from gongji.law.engine.visit import MOMENTS, columns_of
from gongji.law.explain.facts_told import columns_read
from gongji.law.rulebook.law import Law
from gongji.law.rulebook.provision_kinds import Parameter
from gongji.law.rulebook.vocabulary import (
    AMOUNT,
    CHOICE,
    DATE,
    DERIVED,
    FLAG,
    LEVELS,
    NO_LEVEL,
    NUMBER,
    PHARMACY,
    TEXT,
    Fact,
)
from gongji.portal import law_terms
from gongji.portal.ui_texts import is_english

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
YUAN = {"type": "string", "pattern": r"^\d{1,9}(\.\d{1,2})?$", "x-unit": "yuan"}
PERCENT = {"type": "string", "pattern": r"^(100|\d{1,2}(\.\d{1,4})?)%$", "x-unit": "percent"}
DAY = {"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
MONTH = {"type": "string", "pattern": r"^\d{4}-(0[1-9]|1[0-2])$"}
MOMENT = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2} ([01]\d|2[0-3]):[0-5]\d$"}
WHOLE = {"type": "string", "pattern": r"^\d{1,4}$"}
WORDS = {"type": "string", "minLength": 1, "maxLength": TEXT_LENGTH}
_FORMS: dict[str, Schema] = {NUMBER: WHOLE, AMOUNT: YUAN, DATE: DAY, TEXT: WORDS}
_LEVELS = {name: code for name, code in LEVELS.items() if name not in (NO_LEVEL, PHARMACY)}
_KINDS = {"医院": "hospital", "药店": "pharmacy"}
_GIVEN: dict[str, tuple[str, str, Schema]] = {
    "level": ("医院级别", "level of institution", {}),
    "parent_level": ("互联网医院的实体机构级别", "level behind an Internet hospital", {}),
    "prescriber_level": ("处方机构级别", "level of the prescriber", {}),
    "admission_level": ("住院医院级别", "level of the inpatient hospital", {}),
    "institution_kind": ("机构类别", "kind of institution", {}),
    "birth_date": ("出生日期", "date of birth", DAY),
    "approval_date": ("备案核准日期", "date of approval of the registration", DAY),
    "retired_month": ("办结退休手续的月份", "month of the registration as retired", MONTH),
    "years_complete_month": ("缴满年限的月份", "month in which the years were complete", MONTH),
    MOMENTS[0]: ("抢救开始", "start of the rescue", MOMENT),
    MOMENTS[1]: ("入院时间", "time of admission", MOMENT),
}
"""Columns that are read as given and that a law knows only by what is worked out of them."""


def question_schema(area: Area, law: Law, day: str) -> Schema:
    """The schema of a question about an area on a day."""
    facts = _facts(law) | {
        "area": {"title": _said("统筹区", "area"), "const": area.code},
        "date": {"title": _said("就诊日期", "date of the visit"), "const": day},
    }
    row = {"type": "object", "additionalProperties": False}
    cost = [{"required": ["total"]}, {"required": ["in_scope"]}]
    earlier = facts | {"date": {"title": facts["date"]["title"], **DAY}}
    return {
        "$schema": DIALECT,
        "title": f"{term(law.place)} {day}",
        "type": "object",
        "additionalProperties": False,
        "required": ["facts"],
        "properties": {
            "facts": row
            | {"required": ["area", "date", "status"], "anyOf": cost, "properties": facts},
            "used": row | _used(area, law),
            "settings": row | _settings(law),
            "earlier": {
                "type": "array",
                "maxItems": MOST_EARLIER,
                "items": row | {"required": ["date"], "anyOf": cost, "properties": earlier},
            },
        },
    }


def term(word: str) -> str:
    """A word of the law in the caller's language."""
    return law_terms.term(word) if is_english() else word


def _said(chinese: str, english: str) -> str:
    return english if is_english() else chinese


def _one_of(choices: Mapping[str, str]) -> Schema:
    """A text that is one of these codes, each with the law's word for it."""
    shown = [{"const": code, "title": term(name)} for name, code in choices.items() if code]
    return {"type": "string", "oneOf": shown}


def _facts(law: Law) -> dict[str, Schema]:
    """The columns of a visit under a law, each with the benefits whose rules read it."""
    benefits = {law.benefits[name]: name for name in offered_benefits(law)}
    found: dict[str, Schema] = {
        "benefit": {
            "title": _said("待遇", "benefit"),
            "default": "ordinary",
            **_one_of({name: code for code, name in benefits.items()}),
        },
        "total": {"title": _said("总费用", "total cost"), **YUAN},
        "in_scope": {"title": _said("政策范围内费用", "cost in scope"), **YUAN},
    }
    for name, part in law.parts.items():
        found[f"in_scope_{part.code}"] = {"title": term(name), **YUAN}
    for column, read in _readers(law, benefits).items():
        form = _form(law, column)
        if form:
            found[column] = form | {"x-benefits": read}
    return found


def _readers(law: Law, benefits: Mapping[str, str]) -> dict[str, list[str]]:
    """Which benefits' rules read a column, in the order of the law's facts."""
    read = {code: columns_read(law, name) for code, name in benefits.items()}
    order = [*(fact.column for fact in law.facts.values()), *_GIVEN]
    return {
        column: codes
        for column in dict.fromkeys(order)
        if (codes := [code for code, columns in read.items() if column in columns])
    }


def _form(law: Law, column: str) -> Schema | None:
    """How a column is written; None for what is never given but worked out."""
    if column in _GIVEN:
        chinese, english, form = _GIVEN[column]
        kind = _KINDS if column == "institution_kind" else _LEVELS
        return {"title": _said(chinese, english), **(form or _one_of(kind))}
    fact = columns_of(law).get(column)
    if fact is None or column in DERIVED or column == "date":
        return None
    found: Schema = {"title": term(fact.name)}
    if fact.kind == FLAG:
        return found | _flag(fact)
    if fact.kind == CHOICE:
        default: Schema = {"default": fact.default} if fact.default else {}
        return found | _one_of(fact.choices) | default
    return found | _FORMS[fact.kind] | _named_texts(law, fact)


def _flag(fact: Fact) -> Schema:
    yes, no = (_said("是", "yes"), _said("否", "no"))
    choices = [{"const": "true", "title": yes}, {"const": "false", "title": no}]
    return {"type": "string", "oneOf": choices, "default": "true" if fact.default else "false"}


def _named_texts(law: Law, fact: Fact) -> Schema:
    """Texts that rules name among all that may be written: diseases, drugs."""
    named: dict[str, None] = {}
    for other in law.facts.values():
        if fact.kind == TEXT and fact.name in (other.source, other.name):
            named |= dict.fromkeys(other.several.amounts if other.several else ())
            for texts in other.bands.values():
                named |= dict.fromkeys(text for text in texts if text != "其余")  # type: ignore[attr-defined]
    return {"examples": list(named)} if named else {}


def _used(area: Area, law: Law) -> Schema:
    """The meters by code, and with the value that spreads them: `level_deductible.2`."""
    found: dict[str, Schema] = {}
    for place in area.layout.meters.values():
        title = term(place.name)
        found[place.code] = {"title": title, **YUAN}
        if len(place.axes) == 1 and place.axes[0] in law.facts:
            for name, code in law.facts[place.axes[0]].choices.items():
                if code:
                    shown = f"{title} ({term(name)})" if is_english() else f"{title}（{name}）"
                    found[f"{place.code}.{code}"] = {"title": shown, **YUAN}
    return {"properties": found}


def _settings(law: Law) -> Schema:
    """The parameters by code; one that differs by facts also takes a figure for some values."""
    plain: dict[str, Schema] = {}
    spread: dict[str, Schema] = {}
    for name, provision in law.all(Parameter).items():
        parameter = provision.value
        form = PERCENT if parameter.unit == "ppm" else YUAN
        said = {
            "title": term(name),
            "description": f"{provision.book.head.number} {parameter.article}：{parameter.note}",
            "x-open": parameter.value is None and not parameter.years,
            **form,
        }
        plain[parameter.code] = said
        for values in _cells(law, parameter):
            spread[f"{parameter.code}.{values}"] = {"title": f"{said['title']} {values}", **form}
    return {"properties": plain | spread, "patternProperties": _named(law)}


def _named(law: Law) -> dict[str, Schema]:
    """Figures of a year (`average_wage.2022`) and of a text that is named (`ceiling.高血压`)."""
    found: dict[str, Schema] = {}
    for provision in law.all(Parameter).values():
        parameter = provision.value
        form = PERCENT if parameter.unit == "ppm" else YUAN
        code = re.escape(parameter.code)
        if not parameter.axes:
            found[rf"^{code}\.\d{{4}}$"] = form
        elif law.facts[parameter.axes[-1]].keys_meters:
            before = r"\.[^.]+" * (len(parameter.axes) - 1)
            found[rf"^{code}{before}\.[^.\s]+$"] = form
    return found


def _cells(law: Law, parameter: Parameter) -> list[str]:
    """The values of the facts that a parameter differs by, joined by points; none of a text."""
    joined: list[str] = []
    for axis in parameter.axes:
        fact = law.facts[axis]
        codes = [code for code in fact.choices.values() if code] or list(fact.bands)
        if not codes:
            return joined
        joined = [f"{one}.{code}" for one in joined or [""] for code in codes]
    return [one.lstrip(".") for one in joined]
