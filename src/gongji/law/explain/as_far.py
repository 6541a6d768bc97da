"""How far a visit can be settled where a figure is missing: what is certain, between which bounds.

A payment never falls when a rate or a ceiling rises or a deductible falls, so the figures that are
missing are tried at their least and at their most favourable. Nothing of what comes out rests on
these: only the layers before the first missing figure are told as settled.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from msgspec.structs import replace as with_fields

from gongji.law.compile.cells import parameters_in
from gongji.law.compile.layout import law_layers
from gongji.law.engine.engine import MeterReading, Result, Step
from gongji.law.explain.quote import AskedVisit, quote
from gongji.law.explain.sentence import Sentence, yuan
from gongji.law.explain.sentences import Explanation, explain
from gongji.law.rulebook.law import Law
from gongji.law.rulebook.provision_kinds import Limit, Parameter
from gongji.refusals import Refusal
from gongji.units import MAX_FEN, Fen, yuan_text

MISSING = "parameter_missing"
_TRIES = 30
_LEVELS = ("1", "2", "3")


@dataclass(frozen=True)
class AsFar:
    """What is settled of a visit, and what the pool pays at least and at most.

    Units:   fen. `missing` are the figures that it still depends on.
    """

    explanation: Explanation
    least_fen: Fen
    most_fen: Fen
    missing: tuple[str, ...]


Attempt = Callable[[Mapping[str, str]], Result]
"""Settles the visit with figures for parameters that are missing; refuses as `quote` does."""


def as_far(
    facts: Mapping[str, str],
    used: Mapping[str, str] | None = None,
    settings: Mapping[str, str] | None = None,
    folders: tuple[Path, ...] = (),
) -> AsFar | None:
    """What is settled of a visit that lacks a figure; None where it lacks nothing but that.

    Shape:   as `quote`.
    """
    given = dict(settings or {})

    def attempt(figures: Mapping[str, str]) -> Result:
        return AskedVisit(facts, used, given | dict(figures), folders).result

    try:
        law = AskedVisit(facts, used, given, folders).law
    except (Refusal, KeyError):
        return None
    return as_far_by(attempt, law)


def as_far_by(attempt: Attempt, law: Law) -> AsFar | None:
    """What is settled of a visit by whoever settles it; None where it lacks nothing but a figure.

    `law` is that of the visit's day, which knows the parameters.
    """
    least, missing = _extreme(attempt, law, favourable=False)
    most, more = _extreme(attempt, law, favourable=True)
    if least is None or most is None or not missing:
        return None
    paths = tuple(dict.fromkeys((*missing, *more)))
    settled = _settled(least, frozenset(paths))
    readings = _readings(least, settled)
    part = with_fields(least, steps=settled, stops=(), readings=readings)
    explanation = explain(part, whole=False)
    return AsFar(_told(explanation, least, most, paths), least.pool_fen, most.pool_fen, paths)


def _extreme(attempt: Attempt, law: Law, favourable: bool) -> tuple[Result | None, tuple[str, ...]]:
    """The visit with every missing figure at one end, and which figures were missing.

    None where another visit before it lacks a figure: what that one used cannot be bounded.
    """
    tried: dict[str, str] = {}
    known = {p.value.code: (name, p.value) for name, p in law.all(Parameter).items()}
    for _ in range(_TRIES):
        try:
            return attempt(tried), tuple(tried)
        except Refusal as refusal:
            path = refusal.values.get("parameter", "")
            code = path.split(".")[0]
            again = path in tried or refusal.field != path
            if refusal.code != MISSING or code not in known or again:
                return None, ()
            tried[path] = _end(law, *known[code], favourable)
    return None, ()


def _end(law: Law, name: str, parameter: Parameter, favourable: bool) -> str:
    """The end of a parameter's range that pays most, or least."""
    borne = any(name in parameters_in(limit.value) for limit in _deductibles(law))
    high = favourable != borne
    if parameter.unit == "ppm":
        return "100%" if high else "0%"
    return yuan_text(MAX_FEN if high else 0)


def _deductibles(law: Law) -> Iterator[Limit]:
    for layer in law_layers(law):
        yield from layer.deductibles


def _settled(result: Result, supposed: frozenset[str]) -> tuple[Step, ...]:
    """The steps before the first that rests on a figure that was only supposed."""
    found = []
    for step in result.steps:
        figures = [step.note.rate, *(limit.cited for limit in step.note.limits.values())]
        if any(supposed & set(cited.supplied) for cited in figures):
            break
        found.append(step)
    return tuple(found)


def _readings(result: Result, steps: tuple[Step, ...]) -> tuple[MeterReading, ...]:
    """The meters of the settled steps."""
    code = result.program.code
    places = {code[position + 1] for step in steps for position in step.note.limits}
    return tuple(reading for reading in result.readings if reading.place in places)


def _told(
    explanation: Explanation, least: Result, most: Result, missing: tuple[str, ...]
) -> Explanation:
    """The explanation with the open part and its bounds instead of the total."""
    names = {p.value.code: (name, p) for name, p in least.law.all(Parameter).items()}
    whys = []
    for path in missing:
        name, provision = names[path.split(".")[0]]
        whys.append(f"{name}（{provision.value.note}）")
    open_fen = least.in_scope_fen - sum(step.cost - step.rest for step in explanation.result.steps)
    low, high = yuan(least.pool_fen), yuan(most.pool_fen)
    text = f"其余政策范围内费用{yuan(open_fen)}无法计算，取决于：{'、'.join(dict.fromkeys(whys))}。"
    bound = f"统筹基金至少支付{low}，至多支付{high}。" if low != high else f"统筹基金支付{low}。"
    kept = [one for one in explanation.sentences if one.kind != "total"]
    told = (*kept, Sentence("open", text), Sentence("bounds", bound))
    supplied = tuple(path for path in explanation.supplied if path not in missing)
    return replace(explanation, sentences=told, supplied=supplied)


def by_level(
    facts: Mapping[str, str],
    used: Mapping[str, str] | None = None,
    settings: Mapping[str, str] | None = None,
    folders: tuple[Path, ...] = (),
) -> dict[str, Explanation]:
    """The visit at each level of institution, for one that does not name its own."""
    return by_level_of(lambda level: quote({**facts, "level": level}, used, settings, folders))


def by_level_of(told: Callable[[str], Explanation]) -> dict[str, Explanation]:
    """What is told at each level of institution where it can be told."""
    found = {}
    for level in _LEVELS:
        try:
            found[level] = told(level)
        except Refusal:
            continue
    return found
