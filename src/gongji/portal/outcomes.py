"""What a question comes to under other answers: each value of what is unsaid, each way to be paid.

A visit that lacks a figure comes to bounds, so every question that can be read comes to something.
Visits are settled by the functions of the calculator; nothing is kept.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from gongji.law.compile.gates import gates_for
from gongji.law.compile.layout import law_layers
from gongji.law.engine.area import Area
from gongji.law.engine.engine import Result
from gongji.law.explain.as_far import MISSING, AsFar
from gongji.law.rulebook.law import Law
from gongji.law.rulebook.provision_kinds import Parameter
from gongji.law.rulebook.vocabulary import CHOICE, DERIVED, FLAG, LEVEL_COLUMNS, Fact
from gongji.platform.installation import installed_areas
from gongji.portal.calculation import settled, so_far
from gongji.portal.fields import parameters_of
from gongji.portal.inputs import Question, at_pharmacy
from gongji.refusals import Refusal
from gongji.units import MAX_FEN, Fen, yuan_text

LEVELS = ("1", "2", "3")
MOST_WAYS = 6
DEEPEST = 2
"""So many things at once are changed to find a way to be paid."""


@dataclass(frozen=True)
class QuestionOutcome:
    """What the pool pays of a question at least and at most, or by which gate it refuses.

    Units:   fen. `person_fen` is None where the payment is not settled to the fen. `within`: what
             is open is only a ceiling, and the person pays so much below it.
    """

    question: Question
    least_fen: Fen = 0
    most_fen: Fen = 0
    person_fen: Fen | None = None
    gate: str = ""
    refusal: Refusal | None = None
    within: bool = False

    @property
    def paid(self) -> bool:
        """Whether the pool pays, or may pay, anything."""
        return not self.gate and self.refusal is None and self.most_fen > 0


def outcome(question: Question) -> QuestionOutcome:
    """What a question comes to."""
    try:
        result = settled(question)[1][-1]
    except Refusal as refusal:
        found = so_far(question) if refusal.code == MISSING else None
        if found is None:
            return QuestionOutcome(question, refusal=refusal)
        return _open(question, found)
    pool, person = result.pool_fen, result.person_fen
    return QuestionOutcome(question, pool, pool, person, result.refusal)


def _open(question: Question, found: AsFar) -> QuestionOutcome:
    """The bounds of a question that lacks a figure; below a ceiling nobody published, a figure."""
    law = found.explanation.result.law
    if not only_ceilings(law, {path.split(".")[0] for path in found.missing}):
        return QuestionOutcome(question, found.least_fen, found.most_fen)
    high = dict.fromkeys(found.missing, yuan_text(MAX_FEN))
    whole = replace(question, figures={**question.figures, **high})
    person = settled(whole)[1][-1].person_fen
    return QuestionOutcome(question, found.least_fen, found.most_fen, person, within=True)


def only_ceilings(law: Law, codes: set[str]) -> bool:
    """Whether nothing but the pool's ceilings depends on some parameters."""
    named = {p.value.code: name for name, p in law.all(Parameter).items()}
    names = {named[code] for code in codes if code in named}
    for layer in law_layers(law):
        groups = [*layer.deductibles, *layer.bands, layer.rate, layer.own]
        for group in (one for one in groups if one):
            values = (group.value, *(adjustment.add for adjustment in group.adjustments))
            if any(names & set(parameters_of(value)) for value in values):
                return False
    return bool(names)


@dataclass(frozen=True)
class WayToBePaid:
    """What would have to be otherwise (columns and their values), and what it comes to."""

    changes: tuple[tuple[str, str], ...]
    outcome: QuestionOutcome


def ways(question: Question, result: Result) -> list[WayToBePaid]:
    """How a visit that the pool refuses would be paid, the fewest changes first."""
    area = installed_areas().area(question.get("area"), dict(question.figures))
    found = list(_ways(area, question, result, ()))
    found.sort(key=lambda way: len(way.changes))
    alone = {way.changes[0] for way in found if len(way.changes) == 1}
    needed = [way for way in found if len(way.changes) == 1 or not alone & set(way.changes)]
    return needed[:MOST_WAYS]


def _ways(
    area: Area, question: Question, result: Result, before: tuple[tuple[str, str], ...]
) -> Iterator[WayToBePaid]:
    for told, facts in _changes(area, question, result):
        changed = question.with_facts(**facts)
        found = outcome(changed)
        if found.paid:
            yield WayToBePaid((*before, told), found)
        elif found.gate and found.gate != result.refusal and len(before) + 1 < DEEPEST:
            again = settled(changed)[1][-1]
            yield from _ways(area, changed, again, (*before, told))


Change = tuple[tuple[str, str], dict[str, str]]
"""How a change is told (column and value), and all the facts that it sets."""


def _changes(area: Area, question: Question, result: Result) -> Iterator[Change]:
    """Facts, each of which the gate that refused looks at, with another value."""
    law = result.law
    seen = set()
    for provision, when in gates_for(law, result.program.benefit):
        if provision.value.refusal == result.refusal:
            for fact in (law.facts[name] for name in when):
                if fact.column not in seen:
                    seen.add(fact.column)
                    yield from _values(area, law, question, fact)


def _values(area: Area, law: Law, question: Question, fact: Fact) -> Iterator[Change]:
    column = fact.column
    if column in LEVEL_COLUMNS or column == "institution_kind":
        if at_pharmacy(question) and "dual_channel" in law.benefits.values():
            yield ("benefit", "dual_channel"), {"benefit": "dual_channel"}
        yield from _hospitals(question)
    elif column == "has_prescription":
        for level in LEVELS[:1] if area.own_level(law) else LEVELS:
            told = "any" if area.own_level(law) else level
            yield ("prescriber_level", told), {"prescriber_level": level}
        yield from _hospitals(question)
    elif fact.kind == FLAG and column not in DERIVED:
        now = question.get(column) or ("true" if fact.default else "false")
        other = "false" if now in ("true", "是", "1") else "true"
        yield (column, other), {column: other}
    elif fact.kind == CHOICE:
        now = question.get(column)
        for code in fact.choices.values():
            if code != fact.codes.get(now, now):
                yield (column, code), {column: code}


def _hospitals(question: Question) -> Iterator[Change]:
    """Every other level of hospital."""
    for level in LEVELS:
        if level != question.get("level") or at_pharmacy(question):
            there = {"level": level, "institution_kind": "hospital", "parent_level": ""}
            yield ("level", level), there
