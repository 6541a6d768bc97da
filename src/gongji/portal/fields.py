"""The fields of the calculator: what the law of an area and day needs to know for a benefit.

Only facts that the benefit's figures, gates or meters depend on are asked for; open parameters are
those that its layers refer to. This module knows the law, not how a field looks.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from gongji.law.compile.cells import axes_of, offered_benefits, reached_layers
from gongji.law.engine.area import Area
from gongji.law.engine.visit import columns_of, read_date, readable
from gongji.law.rulebook import provision_kinds
from gongji.law.rulebook.law import PART, Law
from gongji.law.rulebook.provision_kinds import ByAxis, FromIndex, FromParameter
from gongji.law.rulebook.vocabulary import AMOUNT, CHOICE, DATE, DERIVED, FLAG, NUMBER, Fact
from gongji.platform.installation import installed_areas
from gongji.portal.inputs import SET, USED, Question, day_said, is_trace
from gongji.refusals import Refusal
from gongji.tabular.cell_forms import amount_said

ASKED = {
    "area",
    "date",
    "status",
    "level",
    "institution_kind",
    "prescriber_level",
    "benefit",
    "total",
    "in_scope",
    "birth_date",
}
"""Facts with a place of their own at the top of the form."""
NEVER = {"institution"}
"""Facts that only tell meters of other visits apart."""
OPENLY = {"selected"}
"""Facts that turn the answer to nothing and that many people's visits do not have: they are asked
for in the open, and not answered until the visitor does."""
NOT_SAID = "不清楚"
ONLY_THERE = "只在选定的机构看，或经转诊，统筹基金才支付"

CARDS, SELECT, CHECK, MONEY, WHOLE, DAY, WORDS, RATE = (
    "cards",
    "select",
    "check",
    "money",
    "whole",
    "day",
    "words",
    "rate",
)
_KINDS = {FLAG: CHECK, CHOICE: SELECT, NUMBER: WHOLE, AMOUNT: MONEY, DATE: DAY}


@dataclass(frozen=True)
class Field:
    """One field: its name in the query string, its label, its kind, its value."""

    name: str
    label: str
    kind: str
    value: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    default: str = ""
    note: str = ""
    article: str = ""
    own: bool = False
    """Whether its note is the rulebook's."""


@dataclass(frozen=True)
class InputForm:
    """The fields that depend on area, day, benefit and kind of institution."""

    key: str
    benefits: tuple[tuple[str, str], ...] = ()
    facts: tuple[Field, ...] = ()
    circumstances: tuple[Field, ...] = ()
    used: tuple[Field, ...] = ()
    figures: tuple[Field, ...] = ()
    law: Law | None = None


def form(question: Question) -> InputForm:
    """The fields for a question; none but the fixed ones where area or day cannot be read."""
    try:
        area = installed_areas().area(question.get("area"), {})
        law = area.law(read_date("date", question.get("date")))
    except Refusal:
        return InputForm("none")
    offered = offered_benefits(law)
    code = question.get("benefit", "ordinary")
    name = next((n for n in offered if law.benefits[n] == code), "")
    kind = question.get("institution_kind") or "hospital"
    facts = list(_facts(law, name)) if name else []
    made = InputForm(
        f"{area.code} {law.since} {code} {kind}",
        tuple((law.benefits[n], n) for n in offered),
        tuple(_field(fact, question) for fact in facts if not _rare(fact)),
        tuple(_field(fact, question) for fact in facts if _rare(fact)),
        tuple(_used(area, law, name, question)) if name else (),
        tuple(_figures(law, name, question)) if name else (),
        law,
    )
    return made


def fitting(question: Question) -> Question:
    """The question without what only other areas know, and without names that are no facts.

    Whoever chooses another area leaves fields of the first one filled in; whoever passes a link on
    adds names to it. Meters and figures that none knows stay, to be refused.
    """
    all_names = [_names(other) for other in installed_areas().every({})]
    known = [set().union(*group) for group in zip(*all_names, strict=True)]
    strange = tuple(name for name in question.facts if name not in known[0])
    facts = {name: text for name, text in question.facts.items() if name not in strange}
    told = tuple(name for name in strange if not is_trace(name))
    question = replace(question, facts=facts, unknown=question.unknown + told)
    try:
        area = installed_areas().area(question.get("area"), {})
    except Refusal:
        return question
    ours = _names(area)

    def kept(given: Mapping[str, str], group: int) -> dict[str, str]:
        foreign = known[group] - ours[group]
        return {n: t for n, t in given.items() if n.partition(".")[0] not in foreign}

    return replace(
        question,
        facts=_as_read(area, kept(question.facts, 0)),
        used=kept(question.used, 1),
        figures=_with_percent(area, kept(question.figures, 2)),
    )


def _as_read(area: Area, facts: dict[str, str]) -> dict[str, str]:
    """Facts with those of the area that are days and amounts in the form that is read."""
    forms: dict[str, Callable[[str], str]] = {DATE: day_said, AMOUNT: amount_said}
    columns = columns_of(area.laws[-1])
    return {
        name: forms[columns[name].kind](text)
        if name in columns and columns[name].kind in forms
        else text
        for name, text in facts.items()
    }


def _with_percent(area: Area, figures: dict[str, str]) -> dict[str, str]:
    """Figures with rates as percentages: beside the field stands （%）, so `85` is meant."""
    found = (p.value for law in area.laws for p in law.all(provision_kinds.Parameter).values())
    rates = {p.code for p in found if p.unit == "ppm"}
    return {
        name: f"{text}%"
        if name.partition(".")[0] in rates and text.replace(".", "", 1).isdigit()
        else text
        for name, text in figures.items()
    }


def _names(area: Area) -> tuple[set[str], set[str], set[str]]:
    """The columns, meters and parameters of an area over all its time."""
    columns = {name for law in area.laws for name in readable(law)}
    meters = {place.code for place in area.layout.meters.values()}
    found = (p.value for law in area.laws for p in law.all(provision_kinds.Parameter).values())
    return columns, meters, {p.code for p in found if isinstance(p, provision_kinds.Parameter)}


def _facts(law: Law, benefit: str) -> Iterator[Fact]:
    """The facts that a benefit depends on, beside those that everybody is asked for."""
    named = {*axes_of(law, benefit)} - {PART}
    for provision in law.all(provision_kinds.Gate).values():
        gate = provision.value
        if not gate.benefits or benefit in gate.benefits:
            named |= gate.when.keys()
    for found in law.all(provision_kinds.Route).values():
        if benefit in found.value.benefits:
            named |= found.value.when.keys()
    meters = law.all(provision_kinds.Meter)
    for layer in reached_layers(law, benefit):
        for limit in (*layer.deductibles, *layer.ceilings, *layer.bands):
            meter = meters[limit.meter].value
            named |= set(meter.apart)
    columns: dict[str, None] = {}
    for fact in law.facts.values():
        if fact.name in named:
            source = law.facts[fact.source] if fact.source else fact
            for column in DERIVED.get(source.column, (source.column,)):
                columns[column] = None
    known = {fact.column: fact for fact in law.facts.values() if not fact.source}
    for column in (name for name in columns if name not in ASKED | NEVER):
        yield known.get(column) or _UNNAMED[column]


def _rare(fact: Fact) -> bool:
    """Whether a fact is a circumstance that most visits do not have."""
    rare = fact.kind == FLAG and fact.column not in OPENLY
    return rare or fact.column == "parent_level"


_OF_LEVELS = {"一级": "1", "二级": "2", "三级": "3"}
_UNNAMED = {
    "approval_date": Fact("备案核准日期", "approval_date", DATE),
    "parent_level": Fact(
        "互联网医院的实体机构级别", "parent_level", CHOICE, "", {"无": "", **_OF_LEVELS}
    ),
}
"""Columns from which facts are worked out without being facts themselves."""


def _field(fact: Fact, question: Question) -> Field:
    value = question.get(fact.column)
    if fact.column in OPENLY:
        answers = (("", NOT_SAID), ("true", "是"), ("false", "否"))
        given = {"是": "true", "1": "true", "否": "false", "0": "false"}.get(value, value)
        return Field(fact.column, fact.name, SELECT, given, answers, note=ONLY_THERE)
    if fact.kind == FLAG:
        default = "true" if fact.default else "false"
        return Field(fact.column, fact.name, CHECK, value or default, default=default)
    choices = tuple((code, name) for name, code in fact.choices.items())
    kind = _KINDS.get(fact.kind, WORDS)
    default = "" if fact.default is None or fact.kind in (AMOUNT, DATE) else str(fact.default)
    return Field(fact.column, fact.name, kind, value or default, choices, default)


def _used(area: Area, law: Law, benefit: str, question: Question) -> Iterator[Field]:
    """A field for each meter of more than one visit that the benefit draws on."""
    meters = law.all(provision_kinds.Meter)
    seen: dict[str, provision_kinds.Meter] = {}
    for layer in reached_layers(law, benefit):
        for limit in (*layer.deductibles, *layer.ceilings, *layer.bands):
            meter = meters[limit.meter].value
            assert isinstance(meter, provision_kinds.Meter)
            if meter.period not in ("次", "笔", "日"):
                seen[limit.meter] = meter
    for name, meter in seen.items():
        value = question.used.get(meter.code, "")
        yield Field(USED + meter.code, name, MONEY, value, note=meter.note, own=True)


def _figures(law: Law, benefit: str, question: Question) -> Iterator[Field]:
    """A field for each open parameter that the benefit's layers refer to."""
    named: set[str] = set()
    for layer in reached_layers(law, benefit):
        groups = [*layer.deductibles, *layer.ceilings, *layer.bands]
        for value in (g.value for g in (*groups, layer.rate, layer.own) if g):
            named |= set(parameters_of(value))
        for group in (*groups, layer.rate, layer.own):
            for adjustment in group.adjustments if group else ():
                named |= set(parameters_of(adjustment.add))
    for name, provision in law.all(provision_kinds.Parameter).items():
        parameter = provision.value
        if name in named and parameter.value is None and not parameter.years:
            kind = RATE if parameter.unit == "ppm" else MONEY
            article = f"{provision.book.head.number} {parameter.article}"
            given = question.figures.get(parameter.code, "")
            yield Field(
                SET + parameter.code,
                name,
                kind,
                given,
                note=parameter.note,
                article=article,
                own=True,
            )


def parameters_of(value: object) -> Iterator[str]:
    """The parameters that a value refers to."""
    if isinstance(value, FromParameter):
        yield value.parameter
    elif isinstance(value, FromIndex):
        yield value.index
    elif isinstance(value, ByAxis):
        for child in value.values.values():
            yield from parameters_of(child)
