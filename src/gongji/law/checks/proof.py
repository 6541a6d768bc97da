"""Prove in fen what everybody expects of a chain of layers, with the kernel itself.

Payment never falls when cost rises, burden never falls when cost rises, payment is at most the
cost: for every state of the meters that a limit can tell apart. Why looking at the kinks is enough
is written in docs/decisions/0005-proofs.md; where a program is not what that argument asks for,
`uncovered` says why. Nothing is claimed about splitting a cost over two visits, nor about a mixture
of parts (费用部分).
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from gongji.law.kernel import pour
from gongji.units import MAX_FEN, WHOLE, Fen, show_fen

NEAR = 2
"""Fen looked at on either side of a kink."""

AMOUNTS: tuple[Fen, ...] = (0, 1, 100_00, MAX_FEN)
"""Values tried for an amount that comes with the visit (a balance of an account)."""

Place = int
"""A meter as the kernel sees it; below zero, an amount that comes with the visit."""


@dataclass(frozen=True)
class Proof:
    """What was looked at, and what was found.

    `broken` is a counterexample as a sentence; `uncovered` why the argument does not cover the
    program although no counterexample was found. Both empty: proved.
    """

    states: int
    points: int
    broken: str = ""
    uncovered: str = ""


@dataclass(frozen=True)
class _Limit:
    amount: Fen
    place: Place


@dataclass(frozen=True)
class _Step:
    base: int
    rate: int
    bands: tuple[_Limit, ...]
    deductibles: tuple[_Limit, ...]
    ceilings: tuple[_Limit, ...]

    @property
    def limits(self) -> tuple[_Limit, ...]:
        return self.deductibles + self.ceilings + self.bands


def refuses_all(code: list[int]) -> bool:
    """Whether a gate refuses every visit of this cell."""
    end = pour.HEADER + pour.GATE_SIZE * code[pour.GATES]
    masks = code[pour.HEADER : end : pour.GATE_SIZE]
    return 0 in masks


def prove(code: list[int]) -> Proof:
    """Look at a program without open parameters in every state at every kink, and at each prefix
    of its layers at which a gate can stop.

    Shape:   `code` is one program of `gongji.law.compile.program`, beginning at zero.
    """
    states = points = 0
    uncovered = ""
    for flags in (0, *_masks(code)):
        found = _prove(code, flags)
        states, points = states + found.states, points + found.points
        uncovered = uncovered or found.uncovered
        if found.broken:
            return Proof(states, points, found.broken)
    return Proof(states, points, "", uncovered)


def _masks(code: list[int]) -> list[int]:
    """The flags at which each gate between the layers stops."""
    return list(dict.fromkeys(mask for mask, _ in _walk(code) if mask))


def _prove(code: list[int], flags: int) -> Proof:
    steps, tails = _steps(code, flags)
    uncovered = _uncovered(steps, tails)
    bench = _Bench(code, steps + tails, flags)
    states = points = 0
    for state in _states(steps + tails):
        bench.set(state)
        states += 1
        kinks = bench.kinks()
        for low, high in itertools.pairwise([0, *kinks, MAX_FEN]):
            points += 1
            broken = bench.slope(low, high)
            if broken:
                return Proof(states, points, broken)
        for kink in kinks:
            points += 2 * NEAR
            broken = bench.around(kink)
            if broken:
                return Proof(states, points, broken)
    return Proof(states, points, "", uncovered)


def _walk(code: list[int]) -> Iterator[tuple[int, _Step | None]]:
    """Each step of a program; a gate between layers as its mask, without a step."""
    at = pour.HEADER + pour.GATE_SIZE * code[pour.GATES]
    for _ in range(pour.steps_of(code, 0) + code[pour.TAILS]):
        limit = at + pour.STEP_SIZE
        if code[at + pour.BASE] == pour.STOP:
            yield code[at + pour.COLUMN], None
            at = limit
            continue
        groups = []
        for _ in range(3):
            end = code.index(pour.END, limit)
            starts = range(limit, end, pour.LIMIT_SIZE)
            groups.append(tuple(_Limit(code[s], code[s + 1]) for s in starts))
            limit = end + 1
        yield 0, _Step(code[at + pour.BASE], code[at + pour.RATE], *groups)
        at = limit


def _steps(code: list[int], flags: int = 0) -> tuple[list[_Step], list[_Step]]:
    """The layers that these flags let be reached, and the tail."""
    layers: list[_Step] = []
    tails: list[_Step] = []
    stopped = False
    for number, (mask, step) in enumerate(_walk(code)):
        if step is None:
            stopped = stopped or flags & mask == mask
        elif number >= pour.steps_of(code, 0):
            tails.append(step)
        elif not stopped:
            layers.append(step)
    return layers, tails


def _uncovered(steps: list[_Step], tails: list[_Step]) -> str:
    """What the argument of docs/decisions/0005-proofs.md asks and the program does not give."""
    if any(not 0 <= step.rate <= WHOLE for step in steps + tails):
        return "支付比例不在 0 与 100% 之间"
    if any(step.base == pour.OWN and step.limits for step in steps):
        return "先自付的层另有限额"
    moved = {limit.place for step in steps for limit in step.limits}
    own: set[Place] = set()
    whole = False
    bases: set[int] = set()
    for tail in tails:
        if tail.base != pour.ONWARD:
            # What follows as ONWARD is one chain with this step, and a chain may share meters.
            moved |= own
            own = set()
            if tail.base in (pour.LEFT, pour.FLOOR):
                whole = True
            elif whole or tail.base in bases:
                return "两项补充可能以同一笔负担为基数"
            bases.add(tail.base)
        if moved & {limit.place for limit in tail.deductibles + tail.bands}:
            return "补充的起付标准或费用段与前面各层共用计量"
        own |= {limit.place for limit in tail.limits}
    return ""


def _states(steps: list[_Step]) -> Iterator[dict[Place, Fen]]:
    """Meters at nothing, half way, one fen below and at each limit that reads them; amounts.

    Every combination, reachable or not; and each meter alone above its limits.
    """
    axes: dict[Place, set[Fen]] = {}
    for step in steps:
        for limit in step.limits:
            values = axes.setdefault(limit.place, {0})
            if limit.amount < pour.OPEN:
                axes[limit.amount] = set(AMOUNTS)
            elif 0 < limit.amount < pour.UNLIMITED:
                values.update((limit.amount // 2, limit.amount - 1, limit.amount))
    for state in itertools.product(*(sorted(values) for values in axes.values())):
        yield dict(zip(axes, state, strict=True))
    for place, values in axes.items():
        yield dict.fromkeys(axes, 0) | {place: max(values) + 1}


class _Bench:
    """The kernel at work on one program: settles any cost in a given state of the meters."""

    def __init__(self, code: list[int], steps: list[_Step], flags: int = 0) -> None:
        self.code, self.flags = code, flags
        places = {limit.place for step in steps for limit in step.limits}
        self.numbers = [0] * (1 + max(places, default=0))
        used = [pour.OPEN - 1 - limit.amount for step in steps for limit in step.limits]
        self.amounts = [0] * (1 + max(used, default=0))
        self.out = [0] * (pour.RECORD_SIZE * max(1, len(steps)))
        self.why = [0] * (pour.REASON_SIZE * max(1, len(steps)))
        self.scaled = any(step.base == pour.OWN for step in steps)
        self.tail = code[pour.TAIL] if code[pour.TAILS] else len(code)

    def set(self, state: dict[Place, Fen]) -> None:
        """Put the meters and amounts where the state says."""
        self.state = state
        self.known: dict[Fen, Fen] = {}
        for place, fen in state.items():
            if place < 0:
                self.amounts[pour.OPEN - 1 - place] = fen
            else:
                self.numbers[place] = fen

    def run(self, cost: Fen) -> int:
        """Settle a cost; the records are in `out` and the meters stay as they were.

        Returns: the number of records.
        """
        meters = list(self.numbers)
        status, records = pour.pour_through(
            self.code, [0], [cost], 1, self.flags, self.amounts, meters, self.out, self.why
        )
        assert status == pour.SETTLED
        return int(records)

    def paid(self, cost: Fen) -> Fen:
        """What all payers pay of a cost."""
        if cost not in self.known:
            end = self.run(cost) * pour.RECORD_SIZE
            self.known[cost] = sum(self.out[pour.PAID : end : pour.RECORD_SIZE])
        return self.known[cost]

    def records(self, cost: Fen) -> list[list[int]]:
        """What the steps leave of a cost."""
        size = pour.RECORD_SIZE
        return [self.out[n * size : (n + 1) * size] for n in range(self.run(cost))]

    def kinks(self) -> list[Fen]:
        """The costs at which the payment's slope may change, ascending."""
        found = {0}
        if not self.scaled:
            # Each layer is offered the cost less what went before it, so the sums are the kinks.
            reached = 0
            for record in self.records(MAX_FEN):
                if record[pour.AT] < self.tail:
                    through = record[pour.COST] - record[pour.REST]
                    found |= {reached + record[pour.DEDUCTIBLE], reached + through}
                    reached += through
        if self.scaled or self.code[pour.TAILS]:
            for low, high in itertools.pairwise([*sorted(found - {MAX_FEN}), MAX_FEN]):
                found |= set(self._changes(low + 1, high))
        return sorted(found - {MAX_FEN})

    def _changes(self, low: Fen, high: Fen) -> Iterator[Fen]:
        """Where, between two costs, a step passes from one of its phases to the next."""
        if high <= low or self._phases(low) == self._phases(high):
            return
        if high - low == 1:
            yield high
            return
        middle = (low + high) // 2
        yield from self._changes(low, middle)
        yield from self._changes(middle, high)

    def _phases(self, cost: Fen) -> list[tuple[bool, bool, bool]]:
        """For each step: is there cost, is any above the deductible, is any left."""
        phases = []
        for number, record in enumerate(self.records(cost)):
            taken = self.why[number * pour.REASON_SIZE + pour.TAKEN]
            absorbed = taken - record[pour.DEDUCTIBLE]
            phases.append((record[pour.COST] > 0, absorbed > 0, record[pour.REST] > 0))
        return phases

    def slope(self, low: Fen, high: Fen) -> str:
        """Between two costs the payment grows, and by no more than the cost."""
        return self._compared(low, high, self.paid(low), self.paid(high))

    def around(self, kink: Fen) -> str:
        """The same from fen to fen beside a kink."""
        costs = range(max(0, kink - NEAR), min(MAX_FEN, kink + NEAR) + 1)
        paid = [self.paid(cost) for cost in costs]
        for number, (less, more) in enumerate(itertools.pairwise(paid)):
            broken = self._compared(costs[number], costs[number + 1], less, more)
            if broken:
                return broken
        return ""

    def _compared(self, low: Fen, high: Fen, less: Fen, more: Fen) -> str:
        what = ""
        if more < less:
            what = "支付下降"
        elif more - less > high - low:
            what = "个人负担下降"
        elif not 0 <= more <= high:
            what = "支付超过费用"
        if not what:
            return ""
        meters = "、".join(show_fen(fen) for fen in self.state.values())
        return (
            f"费用由 {show_fen(low)} 元升至 {show_fen(high)} 元时{what}"
            f"（{show_fen(less)} → {show_fen(more)} 元；计量依次为 {meters or '无'}）"
        )
