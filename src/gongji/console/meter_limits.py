"""What was used of a meter against the limits that the law of its period sets on it.

A limit that depends on the person is told from its least to its most; the bar is of the most.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from gongji.law.engine.areas import Areas
from gongji.law.rulebook.law import Law
from gongji.law.rulebook.provision_kinds import ByAxis, Layer, Literal, Value
from gongji.refusals import Refusal
from gongji.units import Fen, day_of

PERIODS = {"年": 1, "季": 4, "月": 12}
OTHER_METER = "其他累计"
Limit = tuple[Fen | None, Fen | None, str]
"""The least and the most that is held against a meter (fen), and the article."""
UNLIMITED: Limit = (None, None, "")
Used = tuple[str, str, str, str, Fen]
"""Area, period, slot, code, fen: as the journal keeps a meter."""


def _figures(value: Value) -> list[Fen]:
    """The figures that stand in a value."""
    if isinstance(value, Literal):
        return [] if value.amount is None else [value.amount]
    if isinstance(value, ByAxis):
        return [fen for one in value.values.values() for fen in _figures(one)]
    return []


@lru_cache(maxsize=64)
def limits_of(law: Law) -> dict[str, Limit]:
    """Meter -> the least and the most that is held against it (fen), and the article."""
    found: dict[str, Limit] = {}
    for document, layer in _layers(law):
        for limit in (*layer.ceilings, *layer.deductibles):
            figures = _figures(limit.value)
            if figures:
                least, most, _ = found.get(limit.meter, UNLIMITED)
                told = [*figures, *(fen for fen in (least, most) if fen is not None)]
                found[limit.meter] = (min(told), max(told), f"{document} {limit.article}")
    return found


def _layers(law: Law) -> Iterator[tuple[str, Layer]]:
    """Every layer with the document that says it."""
    for section in ("待遇", "层组", "补充"):
        for provision in law.section(section).values():
            for layer in provision.value.layers:
                if isinstance(layer, Layer):
                    yield provision.book.head.number, layer


def shown_meters(used: Iterable[Used], areas: Areas, today: date) -> list[dict[str, Any]]:
    """Meters of years, quarters and months, the latest first, each with its limit if it has one.

    The limit is that of the law at the end of the meter's own period, or today where it still runs.
    """
    found = []
    for area, period, slot, code, fen in used:
        kind, _, number = period.partition(":")
        if kind not in PERIODS:
            continue
        year, part = divmod(int(number), PERIODS[kind])
        head, _, where = code.partition(".")
        day = min(_ended(kind, year, part), today)
        name, (least, most, article) = _held(areas, area, head, day)
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


def _ended(kind: str, year: int, part: int) -> date:
    """The last day of a period."""
    months = (part + 1) * 12 // PERIODS[kind]
    return date(year + months // 12, months % 12 + 1, 1) - timedelta(days=1)


def _held(areas: Areas, code: str, meter: str, day: date) -> tuple[str, Limit]:
    """A meter's name, and what the law of a day holds against it; nothing where no law did."""
    try:
        area = areas.area(code)
    except Refusal:
        return OTHER_METER, UNLIMITED
    name = next((m.name for m in area.layout.meters.values() if m.code == meter), OTHER_METER)
    try:
        return name, limits_of(area.law(day_of(day))).get(name, UNLIMITED)
    except Refusal:
        return name, UNLIMITED
