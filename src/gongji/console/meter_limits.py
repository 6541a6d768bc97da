"""What was used of a meter against the limits that the law of the day sets on it.

A limit that depends on the person is told from its least to its most; the bar is of the most.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from gongji.law.engine.areas import Areas
from gongji.law.rulebook.law import Law
from gongji.law.rulebook.provision_kinds import ByAxis, Layer, Literal, Value
from gongji.refusals import Refusal
from gongji.units import Fen, day_of

PERIODS = {"年": 1, "季": 4, "月": 12}
Used = tuple[str, str, str, str, Fen]
"""Area, period, slot, code, fen: as the journal keeps a meter."""


def _figures(value: Value) -> list[Fen]:
    """The figures that stand in a value."""
    if isinstance(value, Literal):
        return [] if value.amount is None else [value.amount]
    if isinstance(value, ByAxis):
        return [fen for one in value.values.values() for fen in _figures(one)]
    return []


def limits_of(law: Law) -> dict[str, tuple[Fen, Fen, str]]:
    """Meter -> the least and the most that is held against it (fen), and the article."""
    found: dict[str, tuple[Fen, Fen, str]] = {}
    for document, layer in _layers(law):
        for limit in (*layer.ceilings, *layer.deductibles):
            figures = _figures(limit.value)
            if figures:
                before = found.get(limit.meter, (figures[0], figures[0], ""))
                least, most = min(*figures, before[0]), max(*figures, before[1])
                found[limit.meter] = (least, most, f"{document} {limit.article}")
    return found


def _layers(law: Law) -> Iterator[tuple[str, Layer]]:
    """Every layer with the document that says it."""
    for section in ("待遇", "层组", "补充"):
        for provision in law.section(section).values():
            for layer in provision.value.layers:
                if isinstance(layer, Layer):
                    yield provision.book.head.number, layer


def shown_meters(used: Iterable[Used], areas: Areas, today: date) -> list[dict[str, Any]]:
    """Meters of years, quarters and months, the latest first, each with its limit if it has one."""
    found = []
    kept: dict[str, tuple[dict[str, str], dict[str, tuple[Fen, Fen, str]]]] = {}
    for area, period, slot, code, fen in used:
        kind, _, number = period.partition(":")
        if kind not in PERIODS:
            continue
        if area not in kept:
            kept[area] = _of_area(areas, area, today)
        names, limits = kept[area]
        head, _, where = code.partition(".")
        name = names.get(head, "其他累计")
        least, most, article = limits.get(name, (None, None, ""))
        year, part = divmod(int(number), PERIODS[kind])
        found.append(
            {
                "period": str(year) if kind == "年" else f"{year} 第 {part + 1} {kind}",
                "name": name,
                "where": where or slot,
                "fen": fen,
                "least": least,
                "most": most,
                "article": article,
                "width": min(1000, fen * 1000 // most) if most else 0,
            }
        )
    return sorted(found, key=lambda one: str(one["period"]), reverse=True)


def _of_area(
    areas: Areas, code: str, today: date
) -> tuple[dict[str, str], dict[str, tuple[Fen, Fen, str]]]:
    try:
        area = areas.area(code)
        names = {place.code: place.name for place in area.layout.meters.values()}
        return names, limits_of(area.law(day_of(today)))
    except Refusal:
        return {}, {}
