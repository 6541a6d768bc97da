"""An area's law over all its time as tables of plain integers, with the citation twin beside them.

Every benefit under every span of law is a **family** of cells, one for each combination of values
on its axes; a cell's number leads to its program in `code`. Cells are compiled when a visit first
falls into them and programs that say the same from the same articles are shared. The tables know
the law; they do not know where facts come from.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, is_dataclass
from math import prod

from gongji.law.compile.cells import axes_of, axis_values, offered_benefits
from gongji.law.compile.citations import Cite
from gongji.law.compile.figures import parsed_parameter
from gongji.law.compile.layout import Layout, lay_out
from gongji.law.compile.program import Compiler, Program
from gongji.law.kernel import pour
from gongji.law.rulebook import provision_kinds
from gongji.law.rulebook.law import Law
from gongji.law.rulebook.source import Node
from gongji.refusals import PRECEDENCE, Fault
from gongji.units import Ppm

UNSET = -1
"""A cell that no visit has fallen into yet."""

MANY = 1 << 10
"""More layers than a program has."""

MAX_CELLS = 1 << 24
"""The bound on an area's cells, so that a cell fits in the trace of a settled visit."""


@dataclass(frozen=True)
class Family:
    """The cells of one benefit under one law (in one year, where an index is used)."""

    law: int
    benefit: str
    year: int
    base: int
    axes: tuple[str, ...]
    strides: tuple[int, ...]
    sizes: tuple[int, ...]

    def cell_of(self, number: int, law: Law) -> dict[str, str]:
        """The values (by their Chinese names) of a cell by its number."""
        place = number - self.base
        return {
            axis: axis_values(law.facts[axis])[place // stride % size]
            for axis, stride, size in zip(self.axes, self.strides, self.sizes, strict=True)
        }


@dataclass(frozen=True)
class Placed:
    """A program in `code`: where it begins, under which law, and what follows from it.

    `readings` are the meters it reads: the number of the meter's column, and its place.
    """

    start: int
    law: int
    program: Program
    first_self_pay: Ppm
    readings: tuple[tuple[int, int], ...]


@dataclass
class Tables:
    """The programs of an area, found by cell.

    Shape:   `cells[number]` is the number of a program or UNSET; `code` holds all programs end to
             end, each beginning at its `Placed.start`.
    """

    laws: list[Law]
    layout: Layout = field(init=False)
    code: list[int] = field(default_factory=list)
    cells: list[int] = field(default_factory=list)
    placed: list[Placed] = field(default_factory=list)
    families: list[Family] = field(default_factory=list)
    _known: dict[tuple[int, str, int], Family | None] = field(default_factory=dict)
    _shared: dict[tuple[object, ...], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.layout = lay_out(self.laws)
        self.meter_codes = list(dict.fromkeys(m.code for m in self.layout.meters.values()))
        self.yearly = [uses_index(law) for law in self.laws]
        codes = (code for law in self.laws for code in law.benefits.values())
        self.benefits = list(dict.fromkeys(codes))

    def family(self, law: int, benefit: str, year: int) -> Family | None:
        """The cells of a benefit (by code) under a law, or None where the law does not offer it."""
        key = (law, benefit, year if self.yearly[law] else 0)
        if key not in self._known:
            self._known[key] = self._family(*key)
        return self._known[key]

    def _family(self, number: int, benefit: str, year: int) -> Family | None:
        law = self.laws[number]
        if benefit not in law.benefits.values():
            return None
        name = law.benefit_name(benefit)
        if name not in offered_benefits(law):
            return None
        axes = axes_of(law, name)
        sizes = tuple(len(axis_values(law.facts[axis])) for axis in axes)
        strides = tuple(prod(sizes[place + 1 :]) for place in range(len(sizes)))
        family = Family(number, name, year, len(self.cells), axes, strides, sizes)
        if len(self.cells) + prod(sizes) > MAX_CELLS:
            raise Fault(f"{law.area} 的“{name}”按 {'、'.join(axes)} 细分，组合超过 {MAX_CELLS} 个")
        self.cells += [UNSET] * prod(sizes)
        self.families.append(family)
        return family

    def family_of(self, cell: int) -> Family:
        """The family that a cell belongs to."""
        return self.families[bisect_right(self.families, cell, key=lambda f: f.base) - 1]

    def place(self, cell: int) -> int:
        """The number of a cell's program, compiled now if it is the first time."""
        if self.cells[cell] == UNSET:
            family = self.family_of(cell)
            law = self.laws[family.law]
            compiler = Compiler(law, self.layout, family.year)
            program = compiler.program(family.benefit, family.cell_of(cell, law))
            self.cells[cell] = self._share(family.law, program)
        return self.cells[cell]

    def _share(self, law: int, program: Program) -> int:
        cites = tuple(citations(program, *reached) for reached in [(0, 0), (MANY, MANY)])
        gaps = tuple((at, gap.axis, gap.value) for at, gap in program.gaps.items())
        opens = tuple(program.opens.items())
        key = (law, program.benefit, tuple(program.code), cites, opens, gaps)
        if key not in self._shared:
            self._shared[key] = len(self.placed)
            readings = tuple(self._readings(program))
            share = first_self_pay(self.laws[law], program.benefit)
            self.placed.append(Placed(len(self.code), law, program, share, readings))
            self.code += program.code
        return self._shared[key]

    def _readings(self, program: Program) -> Iterable[tuple[int, int]]:
        found = {
            self.meter_codes.index(self.layout.meters[limit.meter].code): position
            for note in program.steps.values()
            for position, limit in note.limits.items()
        }
        for column, position in found.items():
            yield column, program.code[position + 1]

    def placed_at(self, position: int) -> Placed:
        """The program that holds a position in `code`."""
        return self.placed[bisect_right(self.placed, position, key=lambda p: p.start) - 1]


def uses_index(law: Law) -> bool:
    """Whether a figure of a law depends on the calendar year through an index (指数)."""
    values = [
        provision.value for entries in law.provisions.values() for provision in entries.values()
    ]
    parameters = law.all(provision_kinds.Parameter).values()
    values += [
        parsed_parameter(provision)
        for provision in parameters
        if isinstance(provision.value, provision_kinds.Parameter)
        and provision.value.value is not None
    ]
    return any(_mentions_index(value) for value in values)


def _mentions_index(value: object) -> bool:
    if isinstance(value, provision_kinds.FromIndex):
        return True
    if isinstance(value, dict):
        return any(_mentions_index(child) for child in value.values())
    if isinstance(value, tuple | list):
        return any(_mentions_index(child) for child in value)
    if is_dataclass(value) and not isinstance(value, Node):
        return any(_mentions_index(getattr(value, item.name)) for item in fields(value))
    return False


def first_self_pay(law: Law, benefit: str) -> Ppm:
    """The share of the total that a person pays before the cost of a benefit is in scope."""
    value = law.all(provision_kinds.Benefit)[benefit].value
    return value.first_self_pay.share if value.first_self_pay else 0


def citations(program: Program, reached: int, tails: int = 0) -> tuple[Cite, ...]:
    """What a visit rests on that reached so many layers of a program, and so many of its tail."""
    notes = list(program.steps.values())
    layers = pour.steps_of(program.code, 0) - len(program.stops)
    found = [cite for _, cite, _ in program.routes]
    for note in notes[: min(reached, layers)] + notes[layers : layers + tails]:
        found += [*note.onward, *note.rate.cites]
        for limit in note.limits.values():
            found += limit.cited.cites
    return tuple(dict.fromkeys(found))


def gate_citations(program: Program, code: str) -> tuple[Cite, ...]:
    """What a refusal by a gate rests on."""
    note = program.gates.get(PRECEDENCE[code])
    return note.cites if note else ()


def show_articles(cites: Iterable[Cite]) -> str:
    """Articles by document: `楚政规〔2022〕2号 第十三条第二款、第十三条第三款`."""
    documents_: dict[str, list[str]] = {}
    for cite in cites:
        articles = documents_.setdefault(cite.document, [])
        if cite.article not in articles:
            articles.append(cite.article)
    return "；".join(f"{number} {'、'.join(articles)}" for number, articles in documents_.items())
