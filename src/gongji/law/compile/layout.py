"""Where things stand in the kernel's numbers: dimensions of meters, columns of layers, flag bits.

One layout serves an area over all its time, so that meters go on through a change of rules.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate

from gongji.law.compile.gates import gates_of
from gongji.law.rulebook import provision_kinds
from gongji.law.rulebook.law import Law
from gongji.law.rulebook.vocabulary import Fact


@dataclass(frozen=True)
class Dimension:
    """Meters that begin anew together: with a period, and with each value of a column if any.

    `period` is one of documents.PERIODS; a year (quarter) begins with the month `start`.
    """

    period: str
    column: str = ""
    start: int = 1


@dataclass(frozen=True)
class MeterPlace:
    """A meter: its dimension, its offset in the block, and the facts that spread it."""

    name: str
    code: str
    measure: str
    dimension: int
    offset: int
    axes: tuple[str, ...]
    sizes: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many numbers it takes in the block."""
        total = 1
        for size in self.sizes:
            total *= size
        return total


@dataclass(frozen=True)
class Column:
    """A layer's column in results: its code, its name and who pays it."""

    code: str
    name: str
    payer: str


@dataclass(eq=False)
class Layout:
    """Dimensions, meters, columns, flag atoms and amounts of an area."""

    dimensions: list[Dimension] = field(default_factory=list)
    widths: list[int] = field(default_factory=list)
    meters: dict[str, MeterPlace] = field(default_factory=dict)
    columns: list[Column] = field(default_factory=list)
    atoms: dict[tuple[str, tuple[str, ...]], int] = field(default_factory=dict)
    amounts: list[str] = field(default_factory=list)

    @cached_property
    def starts(self) -> list[int]:
        """Where the block of each dimension begins when a person's blocks lie end to end.

        Worked out once, so it is asked for only when everything is laid out.
        """
        return [0, *accumulate(self.widths)][:-1]

    def split(self, place: int) -> tuple[int, int]:
        """The dimension of a number among a person's blocks, and its offset in the block."""
        dimension = bisect_right(self.starts, place) - 1
        return dimension, place - self.starts[dimension]

    def column(self, code: str) -> int:
        """The number of a layer's column."""
        return next(n for n, column in enumerate(self.columns) if column.code == code)


def lay_out(laws: Iterable[Law]) -> Layout:
    """The layout of an area from all its laws."""
    layout = Layout()
    for law in laws:
        for name, provision in law.all(provision_kinds.Meter).items():
            _place_meter(layout, name, provision.value, law.facts)
        for layer in law_layers(law):
            column = Column(layer.code, layer.name, layer.payer)
            if column.code not in [c.code for c in layout.columns]:
                layout.columns.append(column)
        for _, when in gates_of(law):
            for atom in when.items():
                layout.atoms.setdefault(atom, len(layout.atoms))
        for fact in law.facts.values():
            if fact.kind == "金额" and fact.name not in layout.amounts:
                layout.amounts.append(fact.name)
    return layout


def law_layers(law: Law) -> list[provision_kinds.Layer]:
    """Every layer of a law, floors included as layers of their own."""
    layers: list[provision_kinds.Layer] = []
    for section in ("待遇", "层组", "补充"):
        for provision in law.section(section).values():
            value = provision.value
            assert isinstance(
                value, provision_kinds.Benefit | provision_kinds.Chain | provision_kinds.Supplement
            )
            layers.extend(x for x in value.layers if isinstance(x, provision_kinds.Layer))
            if isinstance(value, provision_kinds.Benefit) and value.floor:
                layers.append(floor_layer(value.floor))
    return layers


def floor_layer(floor: provision_kinds.Floor) -> provision_kinds.Layer:
    """The layer that tops a payment up to a floor."""
    return provision_kinds.Layer(
        name=floor.name,
        code=floor.code,
        payer=floor.payer,
        rate=floor.rate,
        when=floor.when,
        ceilings=floor.ceilings,
        doubts=floor.doubts,
        base=provision_kinds.FLOOR,
        node=floor.node,
    )


def _place_meter(
    layout: Layout, name: str, meter: provision_kinds.Meter, facts: dict[str, Fact]
) -> None:
    if name in layout.meters:
        return
    keys = [facts[fact].column for fact in meter.apart if facts[fact].keys_meters]
    axes = tuple(fact for fact in meter.apart if not facts[fact].keys_meters)
    dimension = Dimension(meter.period, "".join(keys), meter.start)
    if dimension not in layout.dimensions:
        layout.dimensions.append(dimension)
        layout.widths.append(0)
    number = layout.dimensions.index(dimension)
    place = MeterPlace(
        name,
        meter.code,
        meter.measure,
        number,
        layout.widths[number],
        axes,
        tuple(len(facts[axis].values) for axis in axes),
    )
    layout.meters[name] = place
    layout.widths[number] += place.size
