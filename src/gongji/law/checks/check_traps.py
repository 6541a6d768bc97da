"""Traps: what a rulebook says that can be read and settled, and surely is not meant.

Rates outside 0 to 100 %, rows of tables and layers that no visit ever comes to, meters that nothing
uses. A law with a trap still works; only `gongji check` and publishing say so, never a settlement.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from gongji.law.checks.structs import structs_in
from gongji.law.compile.cells import settled_values
from gongji.law.compile.figures import Cell
from gongji.law.compile.program import Program
from gongji.law.kernel import pour
from gongji.law.rulebook import provision_kinds
from gongji.law.rulebook.law import Law
from gongji.law.rulebook.provision_kinds import ByAxis, Layer, Limit, Literal, Rate
from gongji.law.rulebook.source import line_of
from gongji.law.rulebook.vocabulary import LEVEL_COLUMNS, PHARMACY
from gongji.refusals import Problem
from gongji.units import WHOLE, show_ppm


@dataclass
class Reached:
    """What the cells of a law come to: rates out of range, and which layers ever take cost."""

    rates: dict[int, Problem] = field(default_factory=dict)
    layers: dict[int, tuple[Layer, bool]] = field(default_factory=dict)

    def see(self, program: Program, cell: Cell) -> None:
        """Look at one cell's program; one with a gap says nothing about its layers."""
        filled: dict[int, int] = {}
        passed = True
        for at in sorted(program.steps):
            note = program.steps[at]
            rate, beyond = note.layer.rate, note.rate.beyond
            if rate and beyond is not None:
                self.rates.setdefault(id(rate.node), _beyond(rate, beyond, cell))
            if _begins_anew(program, at):
                filled, passed = {}, True
            taken = passed and not _shut(program, at, filled)
            known = self.layers.get(id(note.layer.node), (note.layer, False))[1]
            self.layers[id(note.layer.node)] = (note.layer, known or taken)
            passed = passed and not (note.layer.rate and _takes_all(program, at))

    def problems(self) -> Iterator[Problem]:
        """Every rate out of range, and every layer to which no cell's cost ever comes."""
        yield from self.rates.values()
        for layer, reached in self.layers.values():
            if not reached:
                message = (
                    f"这一层（{layer.name}）永远轮不到：前面的层已容纳全部费用，"
                    "或前面同一计量的费用段不小于这一段；请查费用段的金额和先后"
                )
                yield Problem(layer.node.file, layer.node.line, f"层.{layer.name}", message)


def _beyond(rate: Rate, figure: int, cell: Cell) -> Problem:
    where = "、".join(f"{axis}为{value}" for axis, value in cell.items())
    bound = "100%" if figure > WHOLE else "0%"
    key = "最高" if figure > WHOLE else "最低"
    message = (
        f"{where or '任何人'}时，增减之后是 {show_ppm(figure)}，不在 0% 与 100% 之间；"
        f"请查增减，确是如此的写明“{key}: {bound}”"
    )
    return Problem(rate.node.file, line_of(rate.node, "增减"), "支付比例.增减", message)


def _begins_anew(program: Program, at: int) -> bool:
    """Whether a step takes its cost from the whole visit, not from the step before it."""
    tail = program.code[pour.TAIL]
    return bool(tail) and at >= tail and program.code[at + pour.BASE] != pour.ONWARD


def _groups(program: Program, at: int) -> list[list[tuple[int, int]]]:
    """Amount and place of each limit of a step: its bands, deductibles, ceilings."""
    code, at = program.code, at + pour.STEP_SIZE
    groups: list[list[tuple[int, int]]] = []
    for _ in range(3):
        group: list[tuple[int, int]] = []
        while code[at] != pour.END:
            group.append((code[at], code[at + 1]))
            at += pour.LIMIT_SIZE
        groups.append(group)
        at += 1
    return groups


def _shut(program: Program, at: int, filled: dict[int, int]) -> bool:
    """Whether the bands of a step are full before it begins; what its own fill is remembered.

    A step with a ceiling, or with several bands, may pass cost on before a band is full.
    """
    bands, _, ceilings = _groups(program, at)
    known = [(amount, place) for amount, place in bands if 0 <= amount < pour.UNLIMITED]
    shut = any(amount <= filled.get(place, 0) for amount, place in known)
    if len(bands) == 1 and not ceilings:
        for amount, place in known:
            filled[place] = max(filled.get(place, 0), amount)
    return shut


def _takes_all(program: Program, at: int) -> bool:
    """Whether a step takes all the cost that comes to it: no band and no ceiling bounds it."""
    bands, _, ceilings = _groups(program, at)
    return all(amount == pour.UNLIMITED for amount, _ in (*bands, *ceilings))


def of_tables(law: Law) -> Iterator[Problem]:
    """Rows of tables by level that no visit ever comes to, and pharmacies under 其余."""
    for section in law.provisions.values():
        for provision in section.values():
            for table in structs_in(provision.value):
                if isinstance(table, ByAxis):
                    yield from _of_table(law, table)


def _of_table(law: Law, table: ByAxis) -> Iterator[Problem]:
    fact = law.facts.get(table.axis)
    if fact is None or fact.column not in LEVEL_COLUMNS or fact.source:
        return
    rest, node = provision_kinds.REST_TEXT, table.node
    possible = settled_values(law, table.axis)
    named = [name for name in table.values if name != rest]
    for name in named:
        if name in fact.values and name not in possible:
            yield Problem(node.file, line_of(node, name), f"{table.axis}.{name}", _unused(name))
    if rest in table.values:
        left = [name for name in possible if name not in named]
        if not left:
            message = f"“{rest}”没有容纳任何级别：能遇到的级别都已列出；请删去"
            yield Problem(node.file, line_of(node, rest), f"{table.axis}.{rest}", message)
        elif PHARMACY in left and isinstance(table.values[rest], Literal):
            message = f"“{rest}”把药店也算了进去（就医里药店自成一级）；请把“{PHARMACY}”单独写一行"
            yield Problem(node.file, line_of(node, rest), f"{table.axis}.{rest}", message)


def _unused(name: str) -> str:
    if name != PHARMACY:
        return f"“{name}”这一行用不到：没有级别的就诊不予受理（level_missing）；请删去"
    return (
        f"“{PHARMACY}”这一行用不到：没有“就医”时药店按开方机构的级别；药店自成一级的，"
        f"另写 就医: {{药店: {{药店级别: 药店, 依据: …}}}}"
    )


def unused_meters(area: str, laws: Iterable[Law]) -> Iterator[Problem]:
    """Meters of an area's own documents that no limit of its law is ever held against."""
    meters: dict[str, provision_kinds.Meter] = {}
    used: set[str] = set()
    for law in laws:
        for name, provision in law.all(provision_kinds.Meter).items():
            if provision.book.head.area == area:
                meters.setdefault(name, provision.value)
        for section in law.provisions.values():
            for provision in section.values():
                structs = structs_in(provision.value)
                used |= {one.meter for one in structs if isinstance(one, Limit)}
    for name, meter in meters.items():
        if name not in used:
            message = "没有起付标准、限额或费用段用到这个计量；请删去，或在限额里写“计量”引用它"
            yield Problem(meter.node.file, meter.node.line, f"计量.{name}", message)
