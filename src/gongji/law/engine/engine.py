"""Settle one visit online with the kernel in plain Python."""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

import msgspec

from gongji.law.compile.layout import Layout
from gongji.law.compile.program import GateNote, Program, StepNote, gate_of
from gongji.law.engine.area import Area, benefit_axes, gap_refusal
from gongji.law.engine.person_meters import Meters
from gongji.law.engine.visit import Visit, value_name, value_of
from gongji.law.kernel import pour
from gongji.law.kernel.price import first_self_pay
from gongji.law.rulebook import provision_kinds
from gongji.law.rulebook.law import KEPT, PART, REST, Law
from gongji.law.rulebook.vocabulary import Fact
from gongji.refusals import CODES, Refusal
from gongji.units import Fen


class Step(msgspec.Struct, frozen=True, eq=False):
    """What one layer did: the record of the kernel with its citation twin."""

    note: StepNote
    cost: Fen
    taken: Fen
    deductible: Fen
    deductible_by: int
    paid: Fen
    paid_by: int
    rest: Fen


class MeterReading(msgspec.Struct, frozen=True, eq=False):
    """A meter before and after the visit; `place` is where it stands among the person's."""

    place: int
    code: str
    name: str
    where: str
    before: Fen
    after: Fen


class Result(msgspec.Struct, frozen=True, eq=False):
    """One visit settled or refused by a gate.

    Ensures: total = pool + supplements + person + borne.
    """

    visit: Visit
    law: Law
    program: Program
    cell: dict[str, str]
    total_fen: Fen
    in_scope_fen: Fen
    first_self_pay_fen: Fen
    steps: tuple[Step, ...] = ()
    refusal: str = ""
    gate: GateNote | None = None
    readings: tuple[MeterReading, ...] = ()
    columns: tuple[str, ...] = ()
    stops: tuple[tuple[int, GateNote], ...] = ()
    """Gates that kept what was left of the cost from flowing on, by the number of the step."""

    def paid_by(self, *payers: str) -> Fen:
        """What these payers pay."""
        return sum(step.paid for step in self.steps if step.note.layer.payer in payers)

    @property
    def pool_fen(self) -> Fen:
        """What the pooled fund pays."""
        return self.paid_by(provision_kinds.POOL)

    @property
    def supplements_fen(self) -> Fen:
        """What funds other than the pool and the account pay."""
        return self.paid_by(*provision_kinds.SUPPLEMENTS)

    @property
    def borne_fen(self) -> Fen:
        """What the institution bears: cost above a price that is fixed for it."""
        return self.paid_by(provision_kinds.INSTITUTION)

    @property
    def person_fen(self) -> Fen:
        """What is left to the person and their account."""
        return self.total_fen - self.pool_fen - self.supplements_fen - self.borne_fen

    @property
    def deductible_fen(self) -> Fen:
        """The deductible borne."""
        return sum(step.deductible for step in self.steps)

    @property
    def layers(self) -> dict[str, Fen]:
        """What each layer paid, by code."""
        paid: dict[str, Fen] = {}
        for step in self.steps:
            paid[step.note.layer.code] = paid.get(step.note.layer.code, 0) + step.paid
        return paid


def settle(area: Area, visit: Visit, meters: Meters) -> Result:
    """Settle a visit and move the person's meters.

    Refuses: date_outside, benefit_not_offered, level_missing, value_invalid, parameter_missing; a
             refusal by a gate is a Result with nothing paid.
    Ensures: the meters move only when the visit is settled.
    """
    law = area.law(visit.day)
    benefit = area.benefit(law, visit.benefit)
    own_level = area.own_level(law)
    values = {
        name: value_name(law.facts[name], value_of(law.facts[name], visit, own_level))
        for name in benefit_axes(law, benefit)
    }
    first = area.program(law, visit.day, benefit, values)
    total, in_scope, self_paid = _amounts(law, first, visit)
    costs, programs = [in_scope], [first]
    if PART in values:
        shares = _parts(law, visit, in_scope)
        costs = [cost for _, cost in shares]
        programs = [
            area.program(law, visit.day, benefit, values | {PART: name}) for name, _ in shares
        ]
    program, cells = join(programs)
    flags = flags_of(area.layout, law, visit, own_level)
    amounts = tuple(_amount(law, name, visit) for name in area.layout.amounts)
    places = meters.places(visit)
    numbers = meters.gather(places)
    before = list(numbers)
    out = [0] * (pour.RECORD_SIZE * len(program.steps))
    why = [0] * (pour.REASON_SIZE * len(program.steps))
    refusal, records = pour.pour(
        program.code, cells, costs, len(costs), flags, amounts, numbers, out, why
    )
    if refusal < 0:
        raise figure_missing(law, program, -refusal)
    settled = (visit, law, program, values, total, in_scope, self_paid)
    if refusal:
        return Result(*settled, refusal=CODES[refusal], gate=gate_of(program, flags))
    meters.keep(places, numbers)
    steps = tuple(_steps(program, out, why, records))
    return Result(
        *settled,
        steps=steps,
        readings=tuple(_readings(area.layout, law, program, before, numbers)),
        stops=tuple(
            _stops(program, flags, [out[n * pour.RECORD_SIZE] for n in range(records)], steps)
        ),
    )


def _amount(law: Law, name: str, visit: Visit) -> Fen:
    """An amount that comes with the visit; zero where this law does not know it."""
    fact = law.facts.get(name)
    if fact and fact.several:
        return fact.several.amount(str(visit.facts.get(fact.column, "")))
    amount = visit.facts.get(fact.column, fact.default) if fact else 0
    assert isinstance(amount, int)
    return amount


def _parts(law: Law, visit: Visit, in_scope: Fen) -> list[tuple[str, Fen]]:
    shares = [(name, visit.parts.get(part.code, 0)) for name, part in law.parts.items()]
    shares = [(name, cost) for name, cost in shares if cost]
    rest = in_scope - sum(cost for _, cost in shares)
    return [*shares, (REST, rest)] if rest or not shares else shares


def join(programs: list[Program]) -> tuple[Program, list[int]]:
    """Programs laid end to end, and where each begins."""
    if len(programs) == 1:
        return programs[0], [0]
    first = programs[0]
    joined = Program([], first.benefit, {}, first.gates, first.gate_order, {}, first.routes)
    starts = []
    for program in programs:
        start = len(joined.code)
        starts.append(start)
        joined.code += program.code
        joined.opens |= {start + at: path for at, path in program.opens.items()}
        joined.gaps |= {start + at: gap for at, gap in program.gaps.items()}
        joined.stops |= {start + at: note for at, note in program.stops.items()}
        for at, note in program.steps.items():
            limits = {start + position: limit for position, limit in note.limits.items()}
            joined.steps[start + at] = replace(note, limits=limits)
    return joined, starts


def figure_missing(law: Law, program: Program, at: int) -> Refusal:
    """The refusal for a figure that the visit needs and the program does not hold at `at`."""
    if at in program.gaps:
        return gap_refusal(law, program.gaps[at])
    return parameter_missing(law, program.opens[at], tuple(program.opens.values()))


def parameter_missing(law: Law, path: str, opens: tuple[str, ...] = ()) -> Refusal:
    """The refusal for an open parameter: where it should come from, what else is open."""
    others = [f"--set {other}=…" for other in dict.fromkeys(opens) if other != path]
    also = f"；这项待遇还可能用到 {' '.join(others)}" if others else ""
    code = path.split(".")[0]
    for name, provision in law.all(provision_kinds.Parameter).items():
        parameter = provision.value
        if parameter.code == code:
            reason = f"{name}（{parameter.note}，{provision.book.head.number} {parameter.article}）"
            values = {"parameter": path, "reason": reason, "also": also}
            return Refusal("parameter_missing", path, values)
    values = {"parameter": path, "reason": "规则未给出", "also": also}
    return Refusal("parameter_missing", path, values)


def _amounts(law: Law, program: Program, visit: Visit) -> tuple[Fen, Fen, Fen]:
    if visit.in_scope_fen is not None:
        total = visit.in_scope_fen if visit.total_fen is None else visit.total_fen
        return total, visit.in_scope_fen, 0
    assert visit.total_fen is not None
    benefit = law.all(provision_kinds.Benefit)[program.benefit].value
    share = benefit.first_self_pay.share if benefit.first_self_pay else 0
    self_paid = first_self_pay(visit.total_fen, share)
    return visit.total_fen, visit.total_fen - self_paid, self_paid


def flags_of(layout: Layout, law: Law, visit: Visit, own_level: bool) -> int:
    """The bits of the gate conditions that hold for a visit."""
    flags = 0
    for fact, atoms in _atoms_by_fact(layout, law):
        name = value_name(fact, value_of(fact, visit, own_level))
        for wanted, bit in atoms:
            if name in wanted:
                flags |= bit
    return flags


Atoms = list[tuple[Fact, list[tuple[tuple[str, ...], int]]]]


@lru_cache(maxsize=KEPT)
def _atoms_by_fact(layout: Layout, law: Law) -> Atoms:
    """The conditions of gates by the fact that they are about, worked out once for a law."""
    found: dict[str, list[tuple[tuple[str, ...], int]]] = {}
    for (name, wanted), bit in layout.atoms.items():
        if name in law.facts:
            found.setdefault(name, []).append((wanted, 1 << bit))
    return [(law.facts[name], atoms) for name, atoms in found.items()]


def _steps(program: Program, out: list[int], why: list[int], records: int) -> Iterator[Step]:
    for number in range(records):
        record = out[number * pour.RECORD_SIZE :]
        reason = why[number * pour.REASON_SIZE :]
        yield Step(
            program.steps[record[pour.AT]],
            record[pour.COST],
            reason[pour.TAKEN],
            record[pour.DEDUCTIBLE],
            reason[pour.DEDUCTIBLE_BY],
            record[pour.PAID],
            reason[pour.PAID_BY],
            record[pour.REST],
        )


def _stops(
    program: Program, flags: int, at: list[int], steps: tuple[Step, ...]
) -> Iterator[tuple[int, GateNote]]:
    """The gates at which a cost that was left went no further, with the step before each."""
    if not program.stops:
        return
    places = sorted((*program.steps, *program.stops))
    for number, step in enumerate(steps):
        following = places[places.index(at[number]) + 1 :] if step.rest else []
        for place in following:
            if place not in program.stops:
                break
            mask = program.code[place + pour.COLUMN]
            if flags & mask == mask:
                yield number, program.stops[place]
                break


def _readings(
    layout: Layout,
    law: Law,
    program: Program,
    before: list[Fen],
    after: list[Fen],
) -> list[MeterReading]:
    return [
        MeterReading(at, code, name, where, before[at], after[at])
        for at, code, name, where in _places(layout, law, program)
    ]


@lru_cache(maxsize=16 * KEPT)
def _places(layout: Layout, law: Law, program: Program) -> list[tuple[int, str, str, str]]:
    """Where the meters of a program are, each once, with code, name and the values of its axes."""
    seen, found = set(), []
    for note in program.steps.values():
        for position, limit in note.limits.items():
            at = program.code[position + 1]
            if at not in seen:
                seen.add(at)
                place = layout.meters[limit.meter]
                offset = at - layout.starts[place.dimension] - place.offset
                where = _where(law, place.axes, place.sizes, offset)
                found.append((at, place.code, place.name, where))
    return found


def _where(law: Law, axes: tuple[str, ...], sizes: tuple[int, ...], offset: int) -> str:
    names = []
    for axis, size in zip(reversed(axes), reversed(sizes), strict=True):
        offset, code = divmod(offset, size)
        names.append(law.facts[axis].values[code])
    return "、".join(reversed(names))
