"""The facts of a visit in people's words, and those that no rule asks for."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from gongji.law.compile.cells import reached_layers
from gongji.law.compile.gates import gates_of
from gongji.law.compile.retirement import BENEFIT, starts_of
from gongji.law.engine.area import benefit_axes
from gongji.law.engine.engine import Result
from gongji.law.engine.visit import MOMENTS
from gongji.law.rulebook.law import KEPT, PART, Law
from gongji.law.rulebook.provision_kinds import Meter
from gongji.law.rulebook.vocabulary import ALSO_TOLD_BY, AMOUNT, CHOICE, DERIVED, FLAG, TEXT, Fact

DISEASES = {
    "renal_failure": "慢性肾功能衰竭",
    "severe_mental_illness": "重性精神病",
    "hypertension": "高血压",
    "diabetes": "糖尿病",
    "cancer": "恶性肿瘤",
}
"""Diseases that files may write in English, as people call them."""
PLAIN = ("参保状态", "医院级别")
"""Facts whose value says enough without their name."""
_ALWAYS = ("status", "level", "institution_kind", "admission_level")


@dataclass(frozen=True)
class Unread:
    """A fact that was told and that no rule of the benefit asks for."""

    name: str
    column: str


def shown_facts(result: Result) -> str:
    """What tells this visit from others, in words: 在职、三级、病种：恶性肿瘤."""
    shown: dict[str, None] = {}
    admitted = result.visit.facts.get("admitted")
    for name, value in result.cell.items():
        fact = result.law.facts[name]
        if name == PART or (fact.column == "admission_level" and not admitted):
            continue
        if not _ordinary(fact, value):
            shown[_said(result, fact, value)] = None
    return "、".join(shown)


def _ordinary(fact: Fact, value: str) -> bool:
    """Whether a value is the one of every visit that does not tell the fact."""
    if fact.kind == FLAG:
        return (value == "是") == bool(fact.default)
    return value in ("无", "否")


def _said(result: Result, fact: Fact, value: str) -> str:
    if fact.kind == TEXT:
        # A class of diseases or drugs is told by what the visit has.
        given = str(result.visit.facts.get(fact.column) or "")
        source = result.law.facts[fact.source].name if fact.source else fact.name
        return f"{source}：{DISEASES.get(given, given)}" if given else f"{source}：未说明"
    return value if fact.name in PLAIN else f"{fact.name}：{value}"


def unread_facts(result: Result) -> Iterator[Unread]:
    """Facts that the visit tells otherwise than ordinarily and that nobody reads."""
    law, given = result.law, result.visit.facts
    read = columns_read(law, law.benefit_name(result.visit.benefit))
    for fact in law.facts.values():
        asked = fact.kind in (FLAG, CHOICE, AMOUNT) and not fact.source
        told = fact.column in given and given[fact.column] != fact.default
        if asked and told and fact.column not in read:
            yield Unread(fact.name, fact.column)
    for column, name in ((MOMENTS[0], "抢救开始"), (MOMENTS[1], "入院时间")):
        if column in given and column not in read:
            yield Unread(name, column)
    if "years_complete_month" in given and "years_complete_month" not in read:
        yield Unread("缴满年限", "years_complete_month")


@lru_cache(maxsize=16 * KEPT)
def columns_read(law: Law, benefit: str) -> frozenset[str]:
    """The columns that the rules of a benefit can ask for."""
    names = set(benefit_axes(law, benefit))
    for _, when in gates_of(law):
        names |= when.keys()
    meters = law.all(Meter)
    for layer in reached_layers(law, benefit):
        for limit in (*layer.deductibles, *layer.ceilings, *layer.bands):
            names |= set(meters[limit.meter].value.apart)
            fact = getattr(limit.value, "fact", "")
            names |= {fact} - {""}
    columns = {law.facts[name].column for name in names if name in law.facts}
    for column in tuple(columns):
        columns |= {*DERIVED.get(column, ()), *ALSO_TOLD_BY.get(column, ())}
    columns |= {start.event for start in starts_of(law, BENEFIT)}
    return frozenset(columns) | frozenset(_ALWAYS)
