"""One question to the calculator answered: who pays, why, what comes next, what elsewhere.

The visit is settled by the same functions as at the counter and in `gongji quote`; earlier visits
are settled first, and their meters are what the visit finds. Nothing is kept.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import replace as with_fields

from msgspec.structs import replace

from gongji.law.compile.gates import gates_for
from gongji.law.engine.area import Area
from gongji.law.engine.engine import Result, settle
from gongji.law.engine.person_meters import Meters, use
from gongji.law.engine.visit import DERIVED, read_amount, read_date, read_visit
from gongji.law.explain.as_far import AsFar, as_far_by, by_level_of
from gongji.law.explain.sentences import Explanation, explain
from gongji.law.kernel import pour
from gongji.law.report.curve import LEVELS, PHARMACY
from gongji.law.rulebook import provision_kinds
from gongji.law.rulebook.vocabulary import FLAG, Fact
from gongji.platform.installation import installed_areas
from gongji.portal.inputs import Question
from gongji.refusals import Refusal
from gongji.units import Fen

OUTSIDE, FIRST, DEDUCTIBLE, BEYOND, SHARE, REFUSED = (
    "outside",
    "first_self_pay",
    "deductible",
    "beyond",
    "share",
    "refused",
)
"""What the person's part consists of."""


@dataclass(frozen=True)
class ShownShare:
    """Who pays a part of the cost: the code of a colour, a name, fen."""

    code: str
    name: str
    amount_fen: Fen


@dataclass(frozen=True)
class Room:
    """What is left under a limit after the visit."""

    kind: str
    meter: str
    where: str
    limit_fen: Fen
    used_fen: Fen

    @property
    def left_fen(self) -> Fen:
        """What is left."""
        return max(0, self.limit_fen - self.used_fen)


@dataclass(frozen=True)
class Elsewhere:
    """The same visit at another kind of institution: its result, or why there is none."""

    level: str
    here: bool
    result: Result | None
    refusal: Refusal | None = None


@dataclass(frozen=True)
class CalculatedAnswer:
    """What the calculator says of one question."""

    question: Question
    area: Area
    explanation: Explanation
    shares: tuple[ShownShare, ...]
    rooms: tuple[Room, ...]
    following: Result | None
    elsewhere: tuple[Elsewhere, ...]
    conditions: tuple[Fact, ...] = ()
    """What the payment rests on that the visitor has not said: where it is otherwise, none."""
    earlier: tuple[Result, ...] = ()

    @property
    def result(self) -> Result:
        """The result of the visit itself."""
        return self.explanation.result


def settled(question: Question) -> tuple[Area, list[Result], Meters]:
    """The earlier visits and the visit itself settled in order of their dates.

    Refuses: what `quote` refuses; the field of an earlier visit begins with `earlier.<number>.`.
    """
    for column in ("area", "date"):
        if not question.get(column):
            raise Refusal("field_missing", column)
    area = installed_areas().area(question.get("area"), dict(question.figures))
    law = area.law(read_date("date", question.get("date")))
    visit = read_visit(question.facts, law)
    meters = Meters(area.layout)
    for name, text in question.used.items():
        use(meters, law, visit, name, read_amount(name, text), area.own_level(law))
    before = [
        _earlier(area, question, number, row, meters, visit.day)
        for number, row in sorted(
            enumerate(question.earlier), key=lambda pair: (pair[1].get("date", ""), pair[0])
        )
    ]
    return area, [*before, settle(area, visit, meters)], meters


def _earlier(
    area: Area, question: Question, number: int, row: Mapping[str, str], meters: Meters, day: int
) -> Result:
    try:
        if not row.get("date"):
            raise Refusal("field_missing", "date")
        if installed_areas().home(row.get("area") or area.code).code != area.code:
            raise Refusal("value_invalid", "area", {"value": row["area"], "allowed": area.code})
        law = area.law(read_date("date", row["date"]))
        kept = {k: v for k, v in question.facts.items() if not k.startswith(("total", "in_scope"))}
        visit = read_visit({**kept, **row}, law)
        if visit.day > day:
            allowed = f"不晚于 {question.get('date')}"
            raise Refusal("value_invalid", "date", {"value": row["date"], "allowed": allowed})
        return settle(area, visit, meters)
    except Refusal as refusal:
        field = f"earlier.{number}.{refusal.field}"
        raise Refusal(refusal.code, field, refusal.values) from None


def answer(question: Question) -> CalculatedAnswer:
    """Everything the calculator says of a question.

    Refuses: what `quote` refuses.
    """
    area, results, meters = settled(question)
    result = results[-1]
    return CalculatedAnswer(
        question,
        area,
        explain(result),
        shares(result),
        rooms(area, result),
        _following(area, result, meters),
        tuple(_elsewhere(area, question, result)),
        tuple(_conditions(question, result)),
        tuple(results[:-1]),
    )


def so_far(question: Question) -> AsFar | None:
    """What is settled of a question that lacks a figure, and between which bounds the rest is.

    None where it lacks anything else, or an earlier visit lacks the figure.
    """

    def attempt(figures: Mapping[str, str]) -> Result:
        more = {**question.figures, **figures}
        return settled(with_fields(question, figures=more))[1][-1]

    try:
        area = installed_areas().area(question.get("area"), dict(question.figures))
        law = area.law(read_date("date", question.get("date")))
    except Refusal:
        return None
    return as_far_by(attempt, law)


def at_each_level(question: Question) -> dict[str, Explanation]:
    """A question that names no level of institution, at each."""
    return by_level_of(lambda level: explain(settled(question.with_facts(level=level))[1][-1]))


def _conditions(question: Question, result: Result) -> Iterator[Fact]:
    """Facts that are preset in the person's favour and that nobody has said."""
    if result.refusal or not result.pool_fen:
        return
    law = result.law
    named = {name for _, when in gates_for(law, result.program.benefit) for name in when}
    for name in law.facts:
        fact = law.facts[name]
        preset = fact.kind == FLAG and bool(fact.default) and fact.column not in DERIVED
        if name in named and preset and not question.get(fact.column):
            try:
                other = settled(question.with_facts(**{fact.column: "false"}))[1][-1]
            except Refusal:
                continue
            if other.refusal:
                yield fact


def shares(result: Result) -> tuple[ShownShare, ...]:
    """Who pays what, the funds first, then what the person's part consists of.

    Ensures: the shares add up to the total.
    """
    paid: dict[str, Fen] = {}
    for step in result.steps:
        payer = step.note.layer.payer
        paid[payer] = paid.get(payer, 0) + step.paid
    found = [ShownShare(_code(payer), payer, amount) for payer, amount in paid.items() if amount]
    account = paid.get(provision_kinds.ACCOUNT, 0)
    left = result.person_fen - account
    outside = min(left, result.total_fen - result.in_scope_fen - result.first_self_pay_fen)
    first = min(left - outside, result.first_self_pay_fen)
    deductible = min(left - outside - first, result.deductible_fen)
    beyond = min(left - outside - first - deductible, _beyond(result))
    rest = left - outside - first - deductible - beyond
    code, why = (REFUSED, "统筹基金不予支付的") if result.refusal else (SHARE, "个人按比例负担")
    own = {
        DEDUCTIBLE: ("起付标准内", deductible),
        code: (why, rest),
        BEYOND: ("超过限额", beyond),
        FIRST: ("先行自付", first),
        OUTSIDE: ("政策范围外", outside),
    }
    return (*found, *(ShownShare(one, name, fen) for one, (name, fen) in own.items() if fen))


def _beyond(result: Result) -> Fen:
    """The cost that passed the last ceiling, where one chain of layers takes the whole cost."""
    payers = {step.note.layer.payer for step in result.steps}
    one_chain = payers <= {provision_kinds.POOL, provision_kinds.ACCOUNT} and not result.visit.parts
    return result.steps[-1].rest if result.steps and one_chain else 0


def _code(payer: str) -> str:
    codes = {provision_kinds.POOL: "pool", provision_kinds.ACCOUNT: "account"}
    return codes.get(payer, "supplement")


def rooms(area: Area, result: Result) -> tuple[Room, ...]:
    """What is left under each limit of the layers that the visit could reach."""
    readings = {reading.place: reading for reading in result.readings}
    kinds = {"deductible": "起付标准", "paid": "最高支付限额"}
    found: dict[int, Room] = {}
    for note in result.program.steps.values():
        for position, limit in note.limits.items():
            place = result.program.code[position + 1]
            meter = area.layout.meters[limit.meter]
            figure = limit.cited.figure
            if meter.measure not in kinds or not 0 < figure < pour.UNLIMITED:
                continue
            # A meter of the visit alone begins anew with the next one.
            if area.layout.dimensions[meter.dimension].period in ("次", "笔"):
                continue
            reading = readings.get(place)
            if reading:
                found[place] = Room(
                    kinds[meter.measure], reading.name, reading.where, figure, reading.after
                )
    return tuple(found.values())


def _following(area: Area, result: Result, meters: Meters) -> Result | None:
    """The same visit once more, a registration of its own; None where the rules say no more."""
    if result.refusal:
        return None
    try:
        return settle(area, replace(result.visit, visit=""), meters)
    except Refusal:
        return None


def places_of(area: Area, result: Result) -> dict[str, dict[str, str]]:
    """The kinds of institution to compare, by name, with the facts that make them."""
    found = {
        name: {"level": level, "institution_kind": "hospital"} for level, name in LEVELS.items()
    }
    if area.own_level(result.law):
        found[PHARMACY] = {"institution_kind": "pharmacy", "prescriber_level": "1"}
    return found


def _elsewhere(area: Area, question: Question, result: Result) -> list[Elsewhere]:
    found = []
    pharmacy = question.get("institution_kind") in ("pharmacy", PHARMACY)
    for name, facts in places_of(area, result).items():
        here = name == PHARMACY if pharmacy else facts.get("level") == question.get("level")
        if here:
            found.append(Elsewhere(name, True, result))
            continue
        try:
            other = settled(question.with_facts(**facts, parent_level=""))[1][-1]
        except Refusal as refusal:
            found.append(Elsewhere(name, False, None, refusal))
        else:
            found.append(Elsewhere(name, False, other))
    return found
