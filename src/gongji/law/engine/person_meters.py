"""A person's meters online: blocks of numbers that begin anew with each period, drug, disease."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from gongji.law.compile.layout import Dimension, Layout
from gongji.law.engine.visit import Visit, value_name, value_of
from gongji.law.kernel.calendar import period_number
from gongji.law.rulebook.law import Law
from gongji.refusals import Refusal
from gongji.units import Day, Fen

Key = tuple[object, ...]
Place = tuple[int, Key]
"""Where a block is: the number of its dimension, and its key."""


MONTHS = {"月": 1, "季": 3, "年": 12}


def period_of(dimension: Dimension, day: Day) -> int:
    """The number of the day's period; that of a registration (次) is its year."""
    return _number(dimension.period, dimension.start, day)


@lru_cache(maxsize=8192)
def _number(period: str, start: int, day: Day) -> int:
    if period == "日":
        return day
    number: int = period_number(MONTHS.get(period, 12), start, day)
    return number


def key_of(dimension: Dimension, visit: Visit, settlement: int) -> Key:
    """Which block of a dimension a visit uses.

    `settlement` numbers the person's settlements; it stands for the registration where the visit
    does not name one.
    """
    value = visit.facts.get(dimension.column, "")
    if dimension.period == "笔":
        return (settlement, value)
    if dimension.period == "次":
        return (period_of(dimension, visit.day), visit.visit or settlement, value)
    return (period_of(dimension, visit.day), value)


@dataclass
class Meters:
    """What a person has used: one block of fen for each dimension and key."""

    layout: Layout
    blocks: dict[Place, list[Fen]] = field(default_factory=dict)
    visits: int = 0

    def block(self, dimension: int, key: Key) -> list[Fen]:
        """The block of a dimension and key, new ones empty."""
        place = (dimension, key)
        if place not in self.blocks:
            self.blocks[place] = [0] * self.layout.widths[dimension]
        return self.blocks[place]

    def gather(self, places: Sequence[Place]) -> list[Fen]:
        """The blocks at some places, laid end to end as `Layout.starts` says."""
        return [number for place in places for number in self.block(*place)]

    def keep(self, places: Sequence[Place], numbers: list[Fen]) -> None:
        """Put the blocks back after a visit."""
        for place, start in zip(places, self.layout.starts, strict=True):
            self.blocks[place] = numbers[start : start + self.layout.widths[place[0]]]
        self.visits += 1

    def places(self, visit: Visit) -> list[Place]:
        """Where the blocks are that a visit uses."""
        return [
            (number, key_of(dimension, visit, self.visits))
            for number, dimension in enumerate(self.layout.dimensions)
        ]


def use(
    meters: Meters, law: Law, visit: Visit, name: str, amount_fen: Fen, own_level: bool
) -> None:
    """Set a meter (by code or Chinese name) to what was used so far, where the visit would find it.

    A meter spread over an axis may name its value: `level_deductible.2`; without one it is the
    visit's own.

    Refuses: value_invalid with the meters, or the values of the meter, that there are.
    """
    code, _, value = name.partition(".")
    for place in meters.layout.meters.values():
        if code in (place.code, place.name):
            break
    else:
        known = "、".join(place.code for place in meters.layout.meters.values())
        raise Refusal("value_invalid", "used", {"value": name, "allowed": known})
    offset, named = 0, not value
    for axis, size in zip(place.axes, place.sizes, strict=True):
        fact = law.facts[axis]
        own = value_name(fact, value_of(fact, visit, own_level))
        chosen = next((n for n, c in fact.choices.items() if value and value in (n, c)), own)
        named = named or value in (chosen, fact.choices.get(chosen))
        offset = offset * size + fact.values.index(chosen)
    if not named:
        values = [c for axis in place.axes for n, c in law.facts[axis].choices.items() if c]
        known = "、".join((place.code, *(f"{place.code}.{text}" for text in values)))
        raise Refusal("value_invalid", "used", {"value": name, "allowed": known})
    key = key_of(meters.layout.dimensions[place.dimension], visit, meters.visits)
    meters.block(place.dimension, key)[place.offset + offset] = amount_fen
