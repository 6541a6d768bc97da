"""An area's tables as arrays for the compiled loops, and where its facts lead.

A **facet** is a fact as some law of the area understands it; it gives every row one small number,
the index of its value. What is absent from the file has its ordinary value, worked out once here,
so an absent column costs nothing.
"""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from gongji.batch.loops import (
    ACCOUNT,
    BAD,
    INSTITUTION,
    MAX_PARTS,
    PART_BITS,
    POOL,
    SUPPLEMENT,
    TAIL_BITS,
    Place,
    Plan,
)
from gongji.batch.numba_rows import Row
from gongji.law.compile.cells import axis_values, own_level
from gongji.law.compile.tables import Family, Placed, Tables
from gongji.law.engine.area import Area
from gongji.law.engine.visit import Visit, read_visit, value_name, value_of
from gongji.law.kernel import pour
from gongji.law.rulebook import provision_kinds
from gongji.law.rulebook.law import PART, REST, Law
from gongji.law.rulebook.vocabulary import Fact
from gongji.refusals import Fault, Refusal
from gongji.units import date_of

I64 = npt.NDArray[np.int64]
NO_FACET = -1
UNPLACED = -(1 << 40)
"""Added to a base, it keeps every cell of a family below zero."""
PAYERS = {
    provision_kinds.POOL: POOL,
    provision_kinds.ACCOUNT: ACCOUNT,
    provision_kinds.INSTITUTION: INSTITUTION,
}


@dataclass(frozen=True, eq=False)
class Facet:
    """A fact as the laws in `laws` understand it."""

    fact: Fact
    own_level: bool
    law: Law

    def same(self, fact: Fact, own: bool) -> bool:
        """Whether another law understands a fact so."""
        return self.fact == fact and (self.own_level == own or "level" not in fact.column)

    def code(self, texts: dict[str, str]) -> int:
        """The index of the value that a row with these columns has; BAD where it has none."""
        row = {"date": str(date_of(self.law.since)), "total_fen": "0"} | texts
        row.setdefault("status", next(iter(self.law.facts["参保状态"].choices.values())))
        try:
            visit = read_visit(row, self.law)
            return self.code_of(visit)
        except (Refusal, StopIteration):
            return BAD

    def code_of(self, visit: Visit) -> int:
        """The index of a visit's value."""
        return self.fact.values.index(
            value_name(self.fact, value_of(self.fact, visit, self.own_level))
        )


class AreaPlan:
    """One pooling area, ready for batches."""

    def __init__(self, area: Area) -> None:
        self.laws = area.laws
        self.code = self.laws[0].area
        self.tables = Tables(self.laws)
        self.layout = self.tables.layout
        self.lock = threading.RLock()
        self.facets: list[Facet] = []
        self.facet_of = [self._facets(law) for law in self.laws]
        parts = (part.code for law in self.laws for part in law.parts.values())
        self.parts = list(dict.fromkeys(parts))
        if len(self.parts) >= MAX_PARTS:
            raise Fault(f"{self.code} 的费用部分超过 {MAX_PARTS - 1} 个")
        self._places: dict[tuple[object, ...], Place] = {}
        self._plan: tuple[int, Plan] | None = None

    def _facets(self, law: Law) -> dict[str, int]:
        names = {name for name, _ in self.layout.atoms}
        for benefit in law.benefits.values():
            family = self.tables.family(self.laws.index(law), benefit, 0)
            names |= set(family.axes) if family else set()
        own = own_level(law)
        return {
            name: self._facet(law.facts[name], own, law)
            for name in law.facts
            if name in names and name != PART
        }

    def _facet(self, fact: Fact, own: bool, law: Law) -> int:
        for number, facet in enumerate(self.facets):
            if facet.same(fact, own):
                return number
        self.facets.append(Facet(fact, own, law))
        return len(self.facets) - 1

    def place(self, varying: Iterable[int], years: tuple[int, int]) -> Place:
        """Where rows lead in which only the facets `varying` differ from the ordinary."""
        key = (tuple(varying), years)
        with self.lock:
            if key not in self._places:
                self._places[key] = self._place(*key)
            return self._places[key]

    def _place(self, varying: tuple[int, ...], years: tuple[int, int]) -> Place:
        ordinary = [facet.code({}) for facet in self.facets]
        spans = range(years[0], years[1] + 1)
        family_of = np.full((len(self.laws), len(spans), len(self.tables.benefits)), BAD, np.int32)
        for law in range(len(self.laws)):
            for at, year in enumerate(spans):
                for number, benefit in enumerate(self.tables.benefits):
                    family = self.tables.family(law, benefit, year)
                    if family:
                        family_of[law, at, number] = self.tables.families.index(family)
        families = self.tables.families
        widest = max((len(facet.fact.values) for facet in self.facets), default=1)
        bases = [family.base for family in families]
        strides = np.zeros((len(families), len(varying)), np.int64)
        needed = np.zeros((len(families), len(varying)), np.int8)
        flags = np.zeros(len(self.laws), np.int64)
        bits = np.zeros((len(self.laws), len(varying), widest), np.int64)
        column_of = {facet: number for number, facet in enumerate(varying)}
        for number, family in enumerate(families):
            for facet in self._atom_facets(family.law):
                if facet in column_of:
                    needed[number, column_of[facet]] = 1
                elif ordinary[facet] == BAD:
                    bases[number] = UNPLACED
            for axis, stride in zip(family.axes, family.strides, strict=True):
                facet = self.facet_of[family.law].get(axis, NO_FACET)
                if facet in column_of:
                    strides[number, column_of[facet]] = stride
                    needed[number, column_of[facet]] = 1
                else:
                    code = self._rest(family) if facet == NO_FACET else ordinary[facet]
                    bases[number] += UNPLACED if code == BAD else stride * code
        for number in range(len(self.laws)):
            for facet, value, bit in self._atom_bits(number):
                if facet in column_of:
                    bits[number, column_of[facet], value] |= bit
                elif ordinary[facet] == value:
                    flags[number] |= bit
        return Place(
            len(spans),
            len(self.tables.benefits),
            len(varying),
            widest,
            *(
                Row(array, "place", constant=True)
                for array in (family_of, np.array(bases, np.int64), strides, needed, flags, bits)
            ),
        )

    def _atom_facets(self, law: int) -> set[int]:
        facets = self.facet_of[law]
        return {facets[name] for name, _ in self.layout.atoms if name in facets}

    def _atom_bits(self, law: int) -> Iterator[tuple[int, int, int]]:
        """The facets, their values and the bits that these set."""
        for (name, wanted), bit in self.layout.atoms.items():
            if name in self.laws[law].facts:
                facet = self.facet_of[law][name]
                for value, text in enumerate(self.facets[facet].fact.values):
                    if text in wanted:
                        yield facet, value, 1 << bit

    def _rest(self, family: Family) -> int:
        return axis_values(self.laws[family.law].facts[PART]).index(REST)

    def plan(self, cells: Iterable[int], layer_at: I64, meter_at: I64) -> Plan:
        """The tables as arrays, with these cells (and those of their parts) compiled.

        Shape:   `layer_at` and `meter_at` by layer and meter: the column that results have for it.
        """
        with self.lock:
            for cell in cells:
                for step in (0, *self._part_steps(self.tables.family_of(cell))):
                    self.tables.place(cell + step)
            if self._plan is None or self._plan[0] != len(self.tables.placed):
                self._plan = (len(self.tables.placed), self._arrays())
            return self._plan[1]._replace(
                cells=_row(self.tables.cells),
                layer_at=Row(layer_at, "plan", constant=True),
                meter_at=Row(meter_at, "plan", constant=True),
            )

    def _part_steps(self, family: Family) -> list[int]:
        if PART not in family.axes:
            return [0] * len(self.parts)
        law = self.laws[family.law]
        values = axis_values(law.facts[PART])
        stride = family.strides[family.axes.index(PART)]
        own = {part.code: name for name, part in law.parts.items()}
        return [
            (values.index(own[code]) - values.index(REST)) * stride if code in own else 0
            for code in self.parts
        ]

    def _arrays(self) -> Plan:
        tables = self.tables
        readings = [reading for placed in tables.placed for reading in placed.readings]
        counts = [len(placed.readings) for placed in tables.placed]
        steps = [self._part_steps(family) for family in tables.families]
        for placed in tables.placed:
            check_size(placed.program.code)
        return Plan(
            code=_row(tables.code),
            cells=_row([]),
            starts=_row([p.start for p in tables.placed] + [len(tables.code)]),
            shares=_row([p.first_self_pay for p in tables.placed]),
            used=_row([self._used(placed) for placed in tables.placed]),
            layer_at=_row([]),
            meter_at=_row([]),
            payers=_row([PAYERS.get(c.payer, SUPPLEMENT) for c in self.layout.columns]),
            reading_from=_row([0, *accumulate(counts)]),
            readings=_row([number for reading in readings for number in reading]),
            part_steps=_row([step for family in steps for step in family]),
        )

    def _used(self, placed: Placed) -> int:
        """The bits of the dimensions that a program reads."""
        dimensions = {self.layout.split(place)[0] for _, place in placed.readings}
        return sum(1 << dimension for dimension in dimensions)

    def part_steps_of(self, cell: int) -> list[int]:
        """From the cell of the rest of a cost to the cells of its parts."""
        return self._part_steps(self.tables.family_of(cell))


def _row(numbers: list[int]) -> Row:
    return Row(np.array(numbers, np.int64), "plan", constant=True)


def check_size(code: list[int]) -> None:
    """A program that fits in a trace.

    Refuses: Fault.
    """
    if pour.steps_of(code, 0) >= 1 << PART_BITS or code[pour.TAILS] >= 1 << TAIL_BITS:
        raise Fault("一项待遇的层数过多")
