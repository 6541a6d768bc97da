"""Meters between the database and the engine: rows of text keys, and blocks of numbers.

A row is (period, slot, code). The period is its kind and number (`年:2024`, `次:2024`), the slot
the unbounded part of the block's key (the visit of 次, a disease, a drug; joined by `|`), the code
the meter's with the value of each of its axes (`level_deductible.2`). One layout serves an area
over all its time, so a row means the same under every law.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from gongji.law.compile.layout import MeterPlace
from gongji.law.engine.area import Area
from gongji.law.engine.engine import Result
from gongji.law.engine.person_meters import Key, Meters, key_of
from gongji.law.engine.visit import Visit
from gongji.law.rulebook.law import KEPT
from gongji.law.rulebook.vocabulary import FLAG, Fact
from gongji.ledger.entry_contents import MeterRow
from gongji.ledger.entry_rows import Move
from gongji.units import Fen

JOIN = "|"


@dataclass(frozen=True)
class Names:
    """The codes of an area's meters: by where they stand when the blocks lie end to end."""

    codes: tuple[str, ...]
    dimensions: tuple[int, ...]
    places: dict[str, tuple[int, int]]
    """code -> (dimension, offset in its block)."""


@lru_cache(maxsize=KEPT)
def names(area: Area) -> Names:
    """The names of an area's meters, worked out once."""
    layout = area.layout
    facts = {name: fact for law in area.laws for name, fact in law.facts.items()}
    places = {
        ".".join((meter.code, *values)): (meter.dimension, meter.offset + offset)
        for meter in layout.meters.values()
        for offset, values in enumerate(_values(meter, facts))
    }
    at = {(place[0], place[1]): code for code, place in places.items()}
    order = [(number, n) for number, width in enumerate(layout.widths) for n in range(width)]
    return Names(tuple(at[place] for place in order), tuple(d for d, _ in order), places)


def _values(meter: MeterPlace, facts: dict[str, Fact]) -> Iterator[tuple[str, ...]]:
    """The values of a meter's axes, by code, in the order of their offsets."""
    for offset in range(meter.size):
        texts = []
        for axis, size in zip(reversed(meter.axes), reversed(meter.sizes), strict=True):
            offset, number = divmod(offset, size)
            texts.append(_value(facts[axis], number))
        yield tuple(reversed(texts))


def _value(fact: Fact, number: int) -> str:
    name = fact.values[number]
    if fact.bands:
        return name
    return ("false", "true")[number] if fact.kind == FLAG else fact.choices[name] or name


def _texts(kind: str, key: Key) -> tuple[str, str]:
    """Period and slot of a block's key."""
    if kind == "笔":
        number, value = key
        return f"{kind}:0", f"{number}{JOIN}{value}" if value else str(number)
    if len(key) == 2:
        return f"{kind}:{key[0]}", str(key[1])
    return f"{kind}:{key[0]}", f"{key[1]}{JOIN}{key[2]}" if key[2] else str(key[1])


def _key(kind: str, column: str, period: str, slot: str) -> Key:
    """The key of a block from period and slot."""
    number = int(period.partition(":")[2])
    if kind == "次":
        visit, _, value = slot.partition(JOIN)
        return (number, visit, value)
    return (number, slot if column else "")


def blocks_of(area: Area, visit: Visit, settlement: int = 0) -> list[tuple[str, str]]:
    """Period and slot of each block that a visit uses, in the order of the area's dimensions."""
    return [
        _texts(dimension.period, key_of(dimension, visit, settlement))
        for dimension in area.layout.dimensions
    ]


def load(area: Area, rows: Iterable[MeterRow]) -> Meters:
    """A person's meters from rows; rows of meters that the area does not have are passed over."""
    meters = Meters(area.layout)
    add(area, meters, rows)
    return meters


def add(area: Area, meters: Meters, rows: Iterable[MeterRow]) -> None:
    """Add what rows say to a person's meters."""
    places = names(area).places
    for period, slot, code, used in rows:
        if code in places:
            number, offset = places[code]
            dimension = area.layout.dimensions[number]
            key = _key(dimension.period, dimension.column, period, slot)
            meters.block(number, key)[offset] += used


def limited(area: Area, result: Result, figures: Mapping[int, Fen]) -> list[MeterRow]:
    """Of the meters that a result moved, up to where they may go; `figures` by their place."""
    blocks, known = blocks_of(area, result.visit), names(area)
    found: list[MeterRow] = []
    for at in result.readings:
        number = known.dimensions[at.place]
        if (
            at.after > at.before
            and at.place in figures
            and area.layout.dimensions[number].period != "笔"
        ):
            found.append((*blocks[number], known.codes[at.place], figures[at.place]))
    return found


def readings(
    area: Area, result: Result, settlement: int = 0
) -> tuple[list[MeterRow], tuple[Move, ...]]:
    """The meters that a result found above zero, and how it moves the person's meters.

    Returns: (rows before, moves). There is a move for each meter that changed, and one of zero
             for a meter that held something and did not change, since it bears on the result;
             none for a meter of one settlement (笔).
    """
    blocks = blocks_of(area, result.visit, settlement)
    known = names(area)
    before: list[MeterRow] = []
    moved: list[Move] = []
    for at in result.readings:
        number = known.dimensions[at.place]
        if area.layout.dimensions[number].period == "笔":
            # It begins anew with each settlement: there is nothing to keep.
            continue
        period, slot = blocks[number]
        code = known.codes[at.place]
        if at.before:
            before.append((period, slot, code, at.before))
        if at.before or at.after:
            moved.append((code, period, slot, at.after - at.before))
    return before, tuple(moved)
