"""Compile one cell of a law (a benefit, one value on every axis) to a program and its citations.

The program is for the kernel; the citation twin says, position by position, which figure stands
there, from which article, file and line, and what it rests on. Batch tables are all cells compiled;
a single quote compiles the one it needs.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from gongji.law.compile.cells import axes_of, axis_values, cell_values
from gongji.law.compile.citations import (
    Cite,
    Cited,
    Gap,
    GateNote,
    LimitNote,
    StepNote,
    cite,
    doubts_of,
)
from gongji.law.compile.figures import Cell, Resolver, holds
from gongji.law.compile.gates import Gates, gates_for
from gongji.law.compile.layout import Layout, floor_layer
from gongji.law.kernel import pour
from gongji.law.rulebook import provision_kinds
from gongji.law.rulebook.law import PART, Law
from gongji.law.rulebook.provision_kinds import Layer, Onward
from gongji.law.rulebook.rulebook import Rulebook
from gongji.refusals import PRECEDENCE
from gongji.units import WHOLE

__all__ = [
    "Cell",
    "Cite",
    "Cited",
    "Compiler",
    "Gap",
    "GateNote",
    "LimitNote",
    "Program",
    "StepNote",
    "axes_of",
    "axis_values",
    "cell_values",
]


CEILINGS = 2
"""The group of a layer's ceilings: bands, deductibles, ceilings."""

BASES = (provision_kinds.BURDEN, provision_kinds.FLOOR, *provision_kinds.BASES[1:])
"""The bases of steps in the order of the kernel's numbers, from LEFT to BEYOND."""


@dataclass(eq=False)
class Program:
    """A compiled cell: numbers for the kernel, and what each stands for.

    `opens` and `gaps` say, for each position in `code` that holds OPEN, why. `gates` has the first
    gate of each refusal by number, `gate_order` all in the order of their conditions in `code`;
    `stops` has the gates between the layers, by the position of their step.
    """

    code: list[int] = field(default_factory=list)
    benefit: str = ""
    steps: dict[int, StepNote] = field(default_factory=dict)
    gates: dict[int, GateNote] = field(default_factory=dict)
    gate_order: list[GateNote] = field(default_factory=list)
    stops: dict[int, GateNote] = field(default_factory=dict)
    routes: tuple[tuple[str, Cite, tuple[provision_kinds.Doubt, ...]], ...] = ()
    opens: dict[int, str] = field(default_factory=dict)
    gaps: dict[int, Gap] = field(default_factory=dict)


def gate_of(program: Program, flags: int) -> GateNote:
    """The first gate that holds for these flags: the one by which the kernel refuses."""
    masks = program.code[pour.HEADER :: pour.GATE_SIZE]
    return next(
        note for note, mask in zip(program.gate_order, masks, strict=False) if flags & mask == mask
    )


Conditions = list[tuple[int, GateNote]]
"""Gates of a cell: the bits of the flags that all hold where a gate refuses, and its twin."""


@dataclass(frozen=True)
class _Place:
    """A layer where it stands: its document, what led to it, the doubts that it rests on."""

    layer: Layer
    book: Rulebook
    onward: tuple[Cite, ...] = ()
    doubts: tuple[provision_kinds.Doubt, ...] = ()
    onto: bool = False
    tail: bool = False


class Compiler:
    """Compiles cells of one law."""

    def __init__(self, law: Law, layout: Layout, year: int) -> None:
        self.law, self.layout, self.year = law, layout, year

    def program(self, benefit: str, cell: Cell) -> Program:
        """The program of a benefit (Chinese name) in a cell."""
        self._made = Program(benefit=benefit)
        self._resolver = Resolver(self.law, self.layout, cell, self.year)
        self._cell = cell
        gates = self._gates(benefit)
        target, routes = self._routed(benefit)
        self._made.benefit, self._made.routes = target, routes
        self._passed = {id(provision) for provision, _ in gates_for(self.law, benefit)}
        steps = [self._item(found) for found in self._chain("待遇", target, ())]
        tails = [self._step(found) for found in self._tail(target)]
        self._assemble(gates, steps, tails)
        return self._made

    def _gates(self, benefit: str) -> list[int]:
        numbers = []
        for mask, note in self._conditions(gates_for(self.law, benefit)):
            number = PRECEDENCE[note.refusal]
            self._made.gates.setdefault(number, note)
            self._made.gate_order.append(note)
            numbers += [mask, number]
        return numbers

    def _conditions(self, gates: Gates) -> Conditions:
        """What is left of gates in this cell, in the order of precedence."""
        found: Conditions = []
        for provision, when in gates:
            axes = {f: v for f, v in when.items() if f in self._cell}
            if not holds(axes, self._cell):
                continue
            mask = sum(1 << self.layout.atoms[a] for a in when.items() if a[0] not in axes)
            gate, book = provision.value, provision.book
            note = GateNote(
                gate.refusal,
                provision.name,
                cite(book, gate.article, gate.node),
                doubts_of(book, gate.doubts),
                provision.national,
            )
            found.append((mask, note))
        found.sort(key=lambda one: PRECEDENCE[one[1].refusal])
        return [(mask, _with_nations(mask, note, found)) for mask, note in found]

    def _routed(
        self, benefit: str
    ) -> tuple[str, tuple[tuple[str, Cite, tuple[provision_kinds.Doubt, ...]], ...]]:
        for name, provision in self.law.all(provision_kinds.Route).items():
            route = provision.value
            if benefit in route.benefits and holds(route.when, self._cell):
                note = cite(provision.book, route.article, route.node)
                return route.to, ((name, note, doubts_of(provision.book, route.doubts)),)
        return benefit, ()

    def _chain(
        self, section: str, name: str, onward: tuple[Cite, ...]
    ) -> Iterator[_Place | tuple[int, GateNote]]:
        """The layers of a benefit or chain in order, and the gates between them."""
        provision = self.law.section(section)[name]
        value = provision.value
        assert isinstance(value, provision_kinds.Benefit | provision_kinds.Chain)
        extra = doubts_of(provision.book, getattr(value, "doubts", ()))
        for item in value.layers:
            if not holds(item.when, self._cell):
                continue
            doubts = extra + doubts_of(provision.book, item.doubts)
            here = cite(provision.book, item.article, item.node)
            if isinstance(item, Layer):
                cites = (*onward, *([here] if item.article else []))
                yield _Place(item, provision.book, cites, doubts)
            else:
                yield from self._beyond(item, (*onward, here), doubts)

    def _beyond(
        self, item: Onward, onward: tuple[Cite, ...], doubts: tuple[provision_kinds.Doubt, ...]
    ) -> Iterator[_Place | tuple[int, GateNote]]:
        """What flows on to another benefit meets that benefit's gates first."""
        inner = "层组" if item.to in self.law.all(provision_kinds.Chain) else "待遇"
        if inner == "待遇":
            gates = gates_for(self.law, item.to)
            gates = [one for one in gates if id(one[0]) not in self._passed]
            for mask, note in self._conditions(gates):
                yield mask, note
                if not mask:
                    return
        for found in self._chain(inner, item.to, onward):
            if isinstance(found, _Place):
                yield replace(found, doubts=doubts + found.doubts)
            else:
                yield found

    def _tail(self, benefit: str) -> Iterator[_Place]:
        provision = self.law.all(provision_kinds.Benefit)[benefit]
        floor = provision.value.floor
        if floor and holds(floor.when, self._cell):
            doubts = doubts_of(provision.book, floor.doubts)
            yield _Place(floor_layer(floor), provision.book, (), doubts, tail=True)
        for further in self.law.all(provision_kinds.Supplement).values():
            supplement = further.value
            if supplement.benefits and benefit not in supplement.benefits:
                continue
            here = cite(further.book, supplement.article, supplement.node)
            used = [layer for layer in supplement.layers if holds(layer.when, self._cell)]
            for number, layer in enumerate(used):
                doubts = doubts_of(further.book, layer.doubts)
                yield _Place(layer, further.book, (here,), doubts, onto=number > 0, tail=True)

    def _item(self, found: _Place | tuple[int, GateNote]) -> tuple[list[int], StepNote | GateNote]:
        if isinstance(found, _Place):
            return self._step(found)
        mask, note = found
        return [pour.STOP, mask, 0], note

    def _step(self, place: _Place) -> tuple[list[int], StepNote]:
        layer = place.layer
        share = layer.rate or layer.own
        rate = self._resolver.rate(share, place.book) if share else Cited(WHOLE, ())
        base = pour.ONWARD if place.onto else pour.OWN if layer.own else BASES.index(layer.base)
        numbers = [base, self.layout.column(layer.code), rate.figure]
        limits: dict[int, LimitNote] = {}
        body: list[int] = []
        for number, group in enumerate((layer.bands, layer.deductibles, layer.ceilings)):
            for limit in group:
                if holds(limit.when, self._cell):
                    cited = self._resolver.limit(limit, place.book)
                    limits[pour.STEP_SIZE + len(body)] = LimitNote(cited, limit.meter)
                    body += [cited.figure, self._position(limit.meter)]
            if number == CEILINGS and not share:
                # Only the deductible is taken: there is no room to pay, and all else flows on.
                body += [0, self._position(layer.deductibles[0].meter)]
            body.append(pour.END)
        floor = layer.base == provision_kinds.FLOOR
        part = "" if place.tail else self._cell.get(PART, "")
        note = StepNote(layer, rate, limits, place.onward, place.doubts, floor, part)
        return numbers + body, note

    def _position(self, name: str) -> int:
        """Where a meter of this cell stands when a person's blocks lie end to end."""
        meter = self.layout.meters[name]
        offset = 0
        for axis, size in zip(meter.axes, meter.sizes, strict=True):
            offset = offset * size + self.law.facts[axis].values.index(self._cell[axis])
        return self.layout.starts[meter.dimension] + meter.offset + offset

    def _assemble(
        self,
        gates: list[int],
        steps: list[tuple[list[int], StepNote | GateNote]],
        tails: list[tuple[list[int], StepNote]],
    ) -> None:
        made = self._made
        guarded = any(isinstance(note, GateNote) for _, note in steps)
        count = -len(steps) if guarded else len(steps)
        code = [len(gates) // pour.GATE_SIZE, count, len(tails), 0, *gates]
        for number, (numbers, note) in enumerate([*steps, *tails]):
            if number == len(steps):
                code[pour.TAIL] = len(code)
            if isinstance(note, StepNote):
                self._place(note, len(code))
            else:
                made.stops[len(code)] = note
            code += numbers
        made.code = code

    def _place(self, note: StepNote, at: int) -> None:
        made = self._made
        moved = {at + position: limit for position, limit in note.limits.items()}
        made.steps[at] = replace(note, limits=moved)
        figures = {at + pour.RATE: note.rate} | {p: limit.cited for p, limit in moved.items()}
        for position, cited in figures.items():
            if cited.gap:
                made.gaps[position] = cited.gap
            elif cited.open:
                made.opens[position] = cited.open


def _with_nations(mask: int, note: GateNote, gates: Conditions) -> GateNote:
    """An area's gate with what the nation's law says wherever it holds, of the same reason.

    What the nation's law is only read to say is no ground beside an area's own text.
    """
    if note.national:
        return note
    more = tuple(
        other.cite
        for wide, other in gates
        if other.national
        and other.refusal == note.refusal
        and not other.doubts
        and wide & mask == wide
    )
    return replace(note, more=more)
