"""Compile one cell of a law (a benefit, one value on every axis) to a program and its citations.

The program is for the kernel; the citation twin says, position by position, which figure stands
there, from which article, file and line, and what it rests on. Batch tables are all cells compiled;
a single quote compiles the one it needs.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gongji.errors import PRECEDENCE
from gongji.kernel import pour
from gongji.rulebook import documents
from gongji.rulebook.documents import (
    Adjustment, ByAxis, Condition, FromFact, FromIndex, FromParameter, Layer, Limit, Literal,
    Onward, Rate, Value,
)  # fmt: skip
from gongji.rulebook.facts import FLAG, Fact
from gongji.rulebook.law import Law, Provision, Rulebook
from gongji.rulebook.layout import Layout, floor_layer
from gongji.rulebook.schema import Context
from gongji.units import FEN_PER_YUAN, WHOLE, parse_fen, parse_ppm, round_half_up

Cell = Mapping[str, str]
"""A value (by its Chinese name) for each axis."""


@dataclass(frozen=True)
class Cite:
    """Where a figure stands: document, article, file, line, and how official it is."""

    document: str
    article: str
    file: str
    line: int
    source: str


@dataclass(frozen=True)
class Cited:
    """A figure with its reasons; `figure` as the kernel sees it (OPEN, UNLIMITED or below)."""

    figure: int
    cites: tuple[Cite, ...]
    doubts: tuple[documents.Doubt, ...] = ()
    open: str = ""
    supplied: tuple[str, ...] = ()


@dataclass(frozen=True)
class LimitNote:
    """The twin of a limit."""

    cited: Cited
    meter: str


@dataclass(frozen=True)
class StepNote:
    """The twin of a step; limits by their position in the program."""

    layer: Layer
    rate: Cited
    limits: dict[int, LimitNote]
    onward: tuple[Cite, ...]
    doubts: tuple[documents.Doubt, ...]
    floor: bool = False


@dataclass(frozen=True)
class GateNote:
    """The twin of a gate, by refusal number."""

    refusal: str
    name: str
    cite: Cite
    doubts: tuple[documents.Doubt, ...]


@dataclass
class Program:
    """A compiled cell: numbers for the kernel, and what each stands for."""

    code: list[int] = field(default_factory=list)
    benefit: str = ""
    steps: dict[int, StepNote] = field(default_factory=dict)
    gates: dict[int, GateNote] = field(default_factory=dict)
    routes: tuple[tuple[str, Cite, tuple[documents.Doubt, ...]], ...] = ()
    opens: dict[int, str] = field(default_factory=dict)


class Gap(Exception):
    """A table has no value for this cell."""

    def __init__(self, axis: str, value: str, table: ByAxis) -> None:
        self.axis, self.value, self.table = axis, value, table
        super().__init__(f"{table.node.file}:{table.node.line}: {axis}={value}")


def cite(book: Rulebook, article: str, node: object, source: str = "") -> Cite:
    """The citation of a provision's figure."""
    line = getattr(node, "line", 0)
    return Cite(book.head.number, article, book.path.name, line, source or book.head.source)


def doubts_of(book: Rulebook, names: tuple[str, ...]) -> tuple[documents.Doubt, ...]:
    """The doubts of a document by name."""
    return tuple(book.doubts[name] for name in names)


def holds(condition: Condition, cell: Cell) -> bool:
    """Whether a condition over axes holds in a cell."""
    return all(cell[name] in values for name, values in condition.items())


def number_of(law: Law, fact: str, cell: Cell) -> int:
    """The number that a band stands for: its lower bound."""
    bound = law.facts[fact].bands[cell[fact]]
    assert isinstance(bound, int)
    return bound


class Resolver:
    """Works out the figures of one cell, keeping where each came from."""

    def __init__(self, law: Law, layout: Layout, cell: Cell, year: int) -> None:
        self.law, self.layout, self.cell, self.year = law, layout, cell, year
        self._cites: list[Cite] = []
        self._open = ""
        self._supplied: list[str] = []
        self._doubts: list[documents.Doubt] = []

    def _start(self, book: Rulebook, article: str, node: object) -> None:
        self._cites = [cite(book, article, node)]
        self._open, self._supplied, self._doubts = "", [], []

    def _finish(self, figure: int, book: Rulebook, names: tuple[str, ...]) -> Cited:
        return Cited(
            figure,
            tuple(dict.fromkeys(self._cites)),
            doubts_of(book, names) + tuple(self._doubts),
            self._open,
            tuple(self._supplied),
        )

    def rate(self, rate: Rate, book: Rulebook) -> Cited:
        """The rate of a layer in this cell.

        Units:   parts per million, between nothing and the whole; OPEN where a parameter is.
        """
        self._start(book, rate.article, rate.node)
        figure = self._value(rate.value, self.cell)
        if figure != pour.OPEN:
            figure = self._adjusted(figure, rate.adjustments, book, rate.at_most, rate.at_least)
        if not self._open:
            figure = min(max(figure, 0), WHOLE)
        return self._finish(figure, book, rate.doubts)

    def limit(self, limit: Limit, book: Rulebook) -> Cited:
        """The amount of a limit in this cell.

        Units:   fen; OPEN, UNLIMITED, or below OPEN an amount of the visit.
        Rounds:  a proration half up to the fen.
        """
        self._start(book, limit.article, limit.node)
        figure = self._value(limit.value, self.cell)
        if 0 <= figure < pour.UNLIMITED:
            figure = self._adjusted(figure, limit.adjustments, book, limit.at_most, limit.at_least)
            if not self._open:
                figure = self._prorated(max(figure, 0), limit.proration, book)
        return self._finish(figure, book, limit.doubts)

    def _adjusted(
        self,
        figure: int,
        adjustments: tuple[Adjustment, ...],
        book: Rulebook,
        at_most: int | None,
        at_least: int | None,
    ) -> int:
        # A negative figure cannot come out of a table, so OPEN is told by `self._open`.
        for adjustment in adjustments:
            if not holds(adjustment.when, self.cell):
                continue
            units = 1
            if adjustment.each:
                units = max(0, number_of(self.law, adjustment.each, self.cell) - adjustment.beyond)
            if not units:
                continue
            self._cites.append(cite(book, adjustment.article, adjustment.node))
            added = self._value(adjustment.add, self.cell)
            if added == pour.OPEN and self._open:
                return pour.OPEN
            figure += added * units
        figure = figure if at_most is None else min(figure, at_most)
        return figure if at_least is None else max(figure, at_least)

    def _prorated(self, figure: int, share: documents.Proration | None, book: Rulebook) -> int:
        if share is None or not holds(share.when, self.cell):
            return figure
        self._cites.append(cite(book, share.article, share.node))
        return round_half_up(figure * number_of(self.law, share.fact, self.cell), share.divisor)

    def _value(self, value: Value, cell: Cell) -> int:
        if isinstance(value, Literal):
            return pour.UNLIMITED if value.amount is None else value.amount
        if isinstance(value, ByAxis):
            chosen = value.values.get(cell[value.axis], value.values.get(documents.REST_TEXT))
            if chosen is None:
                raise Gap(value.axis, cell[value.axis], value)
            return self._value(chosen, cell)
        if isinstance(value, FromFact):
            return pour.OPEN - 1 - self.layout.amounts.index(value.fact)
        if isinstance(value, FromIndex):
            return self._index(value)
        return self._parameter(value, cell)

    def _parameter(self, value: FromParameter, cell: Cell) -> int:
        provision = self.law.section("参数")[value.parameter]
        parameter = provision.value
        assert isinstance(parameter, documents.Parameter)
        inner = dict(cell) | {to: cell[of] for to, of in value.swapped.items()} | value.fixed
        figure = self._supplied_figure(parameter, inner)
        if figure is None and parameter.value is not None:
            source = parameter.source or provision.book.head.source
            self._cites.append(cite(provision.book, parameter.article, parameter.value, source))
            figure = self._value(parsed_parameter(provision), inner)
        if figure is None or figure == pour.OPEN:
            self._open = self._open or self._path(parameter, inner)
            return pour.OPEN
        return figure if value.share is None else round_half_up(figure * value.share, WHOLE)

    def _path(self, parameter: documents.Parameter, cell: Cell) -> str:
        return ".".join([parameter.code, *_codes(self.law, parameter, cell)])

    def _supplied_figure(self, parameter: documents.Parameter, cell: Cell) -> int | None:
        parts = [parameter.code, *_codes(self.law, parameter, cell)]
        for length in range(len(parts), 0, -1):
            path = ".".join(parts[:length])
            if path in self.law.settings:
                self._supplied.append(path)
                return parse_setting(self.law.settings[path], parameter.unit)
        return None

    def _index(self, value: FromIndex) -> int:
        provision = self.law.section("参数")[value.index]
        parameter = provision.value
        assert isinstance(parameter, documents.Parameter)
        year = str(self.year + value.years)
        path = f"{parameter.code}.{year}"
        text = self.law.settings.get(path, self.law.settings.get(parameter.code))
        statistic = parameter.years.get(year)
        if text is not None:
            self._supplied.append(path)
            statistic = parse_setting(text, "fen")
        elif statistic is not None:
            source = parameter.source or provision.book.head.source
            self._cites.append(cite(provision.book, parameter.article, parameter.node, source))
        else:
            self._open = path
            return pour.OPEN
        unit = FEN_PER_YUAN if value.rounding == "元" else 1
        return round_half_up(statistic * value.share, WHOLE * unit) * unit


def parse_setting(text: str, unit: str) -> int:
    """A figure given by --set: yuan (`1200`, `1200元`) or a percentage (`85%`).

    Refuses: ValueError.
    """
    return parse_ppm(text) if unit == "ppm" else parse_fen(text.removesuffix("元"))


_PARSED: dict[int, Value] = {}


def parsed_parameter(provision: Provision) -> Value:
    """The typed value of a parameter (its unit decides how figures are written)."""
    parameter = provision.value
    assert isinstance(parameter, documents.Parameter) and parameter.value is not None
    if id(parameter) not in _PARSED:
        figure = documents.s.percent if parameter.unit == "ppm" else documents.s.money
        context = Context()
        parsed = documents.value_of(figure).parse(parameter.value, provision.path, context)
        if context.problems:
            raise documents.RulebookError(context.problems)
        _PARSED[id(parameter)] = parsed
    return _PARSED[id(parameter)]


def _codes(law: Law, parameter: documents.Parameter, cell: Cell) -> list[str]:
    codes = []
    for axis in parameter.axes:
        fact = law.facts[axis]
        name = cell[axis]
        codes.append(fact.choices.get(name, name) or name)
    return codes


class Compiler:
    """Compiles cells of one law."""

    def __init__(self, law: Law, layout: Layout, year: int) -> None:
        self.law, self.layout, self.year = law, layout, year

    def program(self, benefit: str, cell: Cell) -> Program:
        """The program of a benefit (Chinese name) in a cell.

        Refuses: Gap where a table has no value for the cell.
        """
        self._made = Program(benefit=benefit)
        self._resolver = Resolver(self.law, self.layout, cell, self.year)
        self._cell = cell
        gates = self._gates(benefit)
        target, routes = self._routed(benefit)
        self._made.benefit, self._made.routes = target, routes
        steps = [self._step(*found) for found in self._chain("待遇", target, ())]
        tails = [self._step(*found) for found in self._tail(target)]
        self._assemble(gates, steps, tails)
        return self._made

    def _gates(self, benefit: str) -> list[int]:
        found: list[tuple[int, int, GateNote]] = []
        for name, provision in self.law.section("门槛").items():
            gate = provision.value
            assert isinstance(gate, documents.Gate)
            if gate.benefits and benefit not in gate.benefits:
                continue
            axes = {f: v for f, v in gate.when.items() if f in self._cell}
            if not holds(axes, self._cell):
                continue
            mask = sum(1 << self.layout.atoms[a] for a in gate.when.items() if a[0] not in axes)
            note = GateNote(
                gate.refusal, name, cite(provision.book, gate.article, gate.node),
                doubts_of(provision.book, gate.doubts),
            )  # fmt: skip
            found.append((PRECEDENCE[gate.refusal], mask, note))
        numbers = []
        for number, mask, note in sorted(found, key=lambda x: x[0]):
            self._made.gates.setdefault(number, note)
            numbers += [mask, number]
        return numbers

    def _routed(
        self, benefit: str
    ) -> tuple[str, tuple[tuple[str, Cite, tuple[documents.Doubt, ...]], ...]]:
        for name, provision in self.law.section("转归").items():
            route = provision.value
            assert isinstance(route, documents.Route)
            if benefit in route.benefits and holds(route.when, self._cell):
                note = cite(provision.book, route.article, route.node)
                return route.to, ((name, note, doubts_of(provision.book, route.doubts)),)
        return benefit, ()

    def _chain(
        self, section: str, name: str, onward: tuple[Cite, ...]
    ) -> Iterator[tuple[Layer, Rulebook, tuple[Cite, ...], tuple[documents.Doubt, ...]]]:
        provision = self.law.section(section)[name]
        value = provision.value
        assert isinstance(value, documents.Benefit | documents.Chain)
        extra = doubts_of(provision.book, getattr(value, "doubts", ()))
        for item in value.layers:
            if not holds(item.when, self._cell):
                continue
            doubts = extra + doubts_of(provision.book, item.doubts)
            here = cite(provision.book, item.article, item.node)
            if isinstance(item, Onward):
                inner = "层组" if item.to in self.law.section("层组") else "待遇"
                for layer, book, cites, more in self._chain(inner, item.to, (*onward, here)):
                    yield layer, book, cites, doubts + more
            else:
                yield item, provision.book, (*onward, *([here] if item.article else [])), doubts

    def _tail(
        self, benefit: str
    ) -> Iterator[tuple[Layer, Rulebook, tuple[Cite, ...], tuple[documents.Doubt, ...]]]:
        provision = self.law.section("待遇")[benefit]
        assert isinstance(provision.value, documents.Benefit)
        if provision.value.floor:
            yield floor_layer(provision.value.floor), provision.book, (), ()
        for provision in self.law.section("补充").values():
            supplement = provision.value
            assert isinstance(supplement, documents.Supplement)
            for layer in supplement.layers:
                if holds(layer.when, self._cell):
                    here = cite(provision.book, supplement.article, supplement.node)
                    yield layer, provision.book, (here,), doubts_of(provision.book, layer.doubts)

    def _step(
        self,
        layer: Layer,
        book: Rulebook,
        onward: tuple[Cite, ...],
        doubts: tuple[documents.Doubt, ...],
    ) -> tuple[list[int], StepNote]:
        rate = self._resolver.rate(layer.rate, book)
        floor = layer.code == "floor"
        numbers = [
            pour.FLOOR if floor else pour.LEFT, self.layout.column(layer.code), rate.figure,
        ]  # fmt: skip
        limits: dict[int, LimitNote] = {}
        body: list[int] = []
        for group in (layer.deductibles, layer.ceilings, layer.bands):
            used = [limit for limit in group if holds(limit.when, self._cell)]
            numbers.append(len(used))
            for limit in used:
                cited = self._resolver.limit(limit, book)
                meter = self.layout.meters[limit.meter]
                limits[pour.STEP_SIZE + len(body)] = LimitNote(cited, limit.meter)
                body += [cited.figure, meter.dimension, self._offset(limit.meter)]
        return numbers + body, StepNote(layer, rate, limits, onward, doubts, floor)

    def _offset(self, name: str) -> int:
        meter = self.layout.meters[name]
        offset = 0
        for axis, size in zip(meter.axes, meter.sizes, strict=True):
            offset = offset * size + self.law.facts[axis].values.index(self._cell[axis])
        return meter.offset + offset

    def _assemble(
        self,
        gates: list[int],
        steps: list[tuple[list[int], StepNote]],
        tails: list[tuple[list[int], StepNote]],
    ) -> None:
        made = self._made
        dims = sorted(
            {
                numbers[at + 1]
                for numbers, _ in steps + tails
                for at in range(pour.STEP_SIZE, len(numbers), pour.LIMIT_SIZE)
            }
        )
        code = [len(gates) // pour.GATE_SIZE, len(steps), len(tails), 0, len(dims), *dims, *gates]
        for number, (numbers, note) in enumerate(steps + tails):
            if number == len(steps):
                code[pour.TAIL] = len(code)
            self._place(note, len(code))
            code += numbers
        made.code = code

    def _place(self, note: StepNote, at: int) -> None:
        made = self._made
        moved = {at + position: limit for position, limit in note.limits.items()}
        made.steps[at] = StepNote(
            note.layer, note.rate, moved, note.onward, note.doubts, note.floor
        )
        if note.rate.open:
            made.opens[at + pour.RATE] = note.rate.open
        made.opens |= {p: limit.cited.open for p, limit in moved.items() if limit.cited.open}


def axes_of(law: Law, benefit: str) -> tuple[str, ...]:
    """The facts that distinguish the cells of a benefit, in the order of the area's facts."""
    found: set[str] = set()
    pending = [("待遇", benefit)] if benefit in law.section("待遇") else []
    for provision in law.section("转归").values():
        route = provision.value
        assert isinstance(route, documents.Route)
        if benefit in route.benefits:
            found |= route.when.keys()
            pending.append(("待遇", route.to))
    seen: set[tuple[str, str]] = set()
    while pending:
        place = pending.pop()
        if place in seen:
            continue
        seen.add(place)
        value = law.section(place[0])[place[1]].value
        assert isinstance(value, documents.Benefit | documents.Chain)
        for item in value.layers:
            found |= item.when.keys()
            if isinstance(item, Onward):
                pending.append(("层组" if item.to in law.section("层组") else "待遇", item.to))
            else:
                found |= _layer_axes(law, item)
        if isinstance(value, documents.Benefit) and value.floor:
            found |= _layer_axes(law, floor_layer(value.floor))
    for provision in law.section("补充").values():
        assert isinstance(provision.value, documents.Supplement)
        for layer in provision.value.layers:
            found |= layer.when.keys() | _layer_axes(law, layer)
    for provision in law.section("门槛").values():
        gate = provision.value
        assert isinstance(gate, documents.Gate)
        found |= {"医院级别"} & gate.when.keys()
    return tuple(name for name in law.facts if name in found)


def _layer_axes(law: Law, layer: Layer) -> set[str]:
    found: set[str] = set()
    groups: list[Rate | Limit] = [
        layer.rate, *layer.deductibles, *layer.ceilings, *layer.bands,
    ]  # fmt: skip
    for item in groups:
        found |= _value_axes(law, item.value)
        for adjustment in item.adjustments:
            found |= adjustment.when.keys() | ({adjustment.each} - {""})
            found |= _value_axes(law, adjustment.add)
        if isinstance(item, Limit):
            found |= item.when.keys()
            meter = law.section("计量")[item.meter].value
            assert isinstance(meter, documents.Meter)
            found |= set(meter.apart) - {"病种", "药品", "医疗机构"}
            if item.proration:
                found |= {item.proration.fact} | item.proration.when.keys()
    return found


def _value_axes(law: Law, value: Value) -> set[str]:
    if isinstance(value, ByAxis):
        inner = [_value_axes(law, child) for child in value.values.values()]
        return {value.axis}.union(*inner)
    if isinstance(value, FromParameter):
        provision = law.section("参数")[value.parameter]
        assert isinstance(provision.value, documents.Parameter)
        axes = set(provision.value.axes)
        if provision.value.value is not None:
            axes |= _value_axes(law, parsed_parameter(provision))
        swapped = {value.swapped.get(axis, axis) for axis in axes if axis not in value.fixed}
        return swapped
    return set()


def cell_values(law: Law, axes: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The values of each axis, in the order of their codes."""
    return [axis_values(law.facts[axis]) for axis in axes]


def axis_values(fact: Fact) -> tuple[str, ...]:
    """The values of a fact that serves as an axis."""
    assert fact.kind == FLAG or fact.choices or fact.bands, fact.name
    return fact.values
