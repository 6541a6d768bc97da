"""The person's year: what can still be paid, what was used, what came and went month by month."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from gongji.ledger.statement import of_person
from gongji.platform.installation import installed_areas
from gongji.portal import own_records, present
from gongji.portal.own_records import Visitor
from gongji.refusals import Refusal
from gongji.settlement.routes import ORDINARY
from gongji.settlement.year_rooms import (
    CEILING,
    LEVELS,
    BenefitYear,
    PersonYear,
    YearRoom,
    year_of,
)
from gongji.units import Fen, yuan_text

OTHER_METER = "其他累计"
"""What a meter is called that the rules of today do not know any more."""
PERIODS = {"年": 1, "季": 4, "月": 12}
"""Periods whose meters are shown, with how many there are in a year."""
PERIOD_WORDS = {"年": "全年", "季": "本季", "月": "本月", "日": "每天", "次": "每次", "笔": "每次"}
LEVEL_WORDS = dict(zip(LEVELS, ("一级", "二级", "三级"), strict=True))
WHOLE = 1000
"""How wide a bar is, in units of its picture."""


def meters(visitor: Visitor) -> list[dict[str, Any]]:
    """Meters of more than one visit by period, the latest first, by their names."""
    found = []
    for area, period, slot, code, used in own_records.meters(visitor):
        kind, _, number = period.partition(":")
        if kind in PERIODS:
            name, where = meter_name(area, code)
            found.append(
                {
                    "period": period_words(kind, int(number)),
                    "name": name,
                    "where": where or slot,
                    "used": used,
                    "order": int(number) * 12 // PERIODS[kind],
                }
            )
    return sorted(found, key=lambda row: -row["order"])


def period_words(kind: str, number: int) -> str:
    """A period by its number, counted from the year zero."""
    year = number // PERIODS[kind]
    part = number % PERIODS[kind] + 1
    return str(year) if kind == "年" else f"{year}-{'Q' if kind == '季' else ''}{part}"


def meter_name(area: str, code: str) -> tuple[str, str]:
    """A meter's name and the values of its axes, by its code."""
    head, *values = code.split(".")
    try:
        found = installed_areas().area(area)
    except Refusal:
        return OTHER_METER, ""
    meter = next((m for m in found.layout.meters.values() if m.code == head), None)
    if meter is None:
        return OTHER_METER, ""
    facts = {name: fact for law in found.laws for name, fact in law.facts.items()}
    names = []
    for axis, value in zip(meter.axes, values, strict=False):
        choices = {(c or n): n for n, c in facts[axis].choices.items()}
        names.append(choices.get(value, value))
    return meter.name, "、".join(names)


# What can still be paid.


def person_year(visitor: Visitor, day: date) -> PersonYear | Refusal:
    """What the person can still be paid, or why nobody can say."""
    try:
        return year_of(visitor.connection, visitor.person.id, installed_areas(), day)
    except Refusal as refusal:
        return refusal


def shown_year(found: PersonYear) -> list[dict[str, Any]]:
    """Each benefit with its bars; one whose limits nobody knows says why."""
    return [
        {
            "name": one.benefit,
            "disease": one.disease,
            "ceilings": [_bar(found.area, room) for room in one.ceilings],
            "deductibles": [_bar(found.area, room) for room in one.deductibles],
            "untold": present.refusal_text(one.untold, None, found.area) if one.untold else "",
        }
        for one in found.benefits
    ]


def _bar(area: str, room: YearRoom) -> dict[str, Any]:
    name, where = meter_name(area, room.meter)
    levels = "、".join(LEVEL_WORDS[level] for level in room.levels)
    shown = room.left_fen if room.kind == CEILING else min(room.used_fen, room.limit_fen)
    return {
        "name": name,
        "where": where or levels,
        "period": PERIOD_WORDS[room.period],
        "lasting": room.lasting,
        "limit": room.limit_fen,
        "spent": room.used_fen,
        "used": min(room.used_fen, room.limit_fen),
        "left": room.left_fen,
        "width": shown * WHOLE // room.limit_fen if room.limit_fen else 0,
        "open": room.open,
        "article": room.article,
    }


def calculator_link(found: PersonYear, day: date) -> str:
    """The query that asks the calculator about this person: what is known stands filled in."""
    ordinary = next((one for one in found.benefits if one.code == ORDINARY), None)
    pairs = {"area": found.area, "date": str(day), "benefit": ORDINARY, **found.facts}
    pairs |= dict(_used(ordinary)) if ordinary else {}
    return urlencode(pairs)


def _used(one: BenefitYear) -> Iterable[tuple[str, str]]:
    for room in one.rooms:
        if room.lasting and room.used_fen:
            yield f"used.{room.meter}", yuan_text(room.used_fen)


# Month by month.


@dataclass(frozen=True)
class OwnMonth:
    """A month of the personal account: what came, what went, what was left (fen)."""

    month: int
    risen_fen: Fen
    fallen_fen: Fen
    closing_fen: Fen


def months(visitor: Visitor, today: date) -> list[OwnMonth]:
    """The months of the year up to today; none where nothing ever was on the account."""
    told = of_person(visitor.connection, visitor.person.psn_no, date(today.year, 1, 1), today)
    account = told.accounts[0]
    if not account.movements and not account.opening_fen:
        return []
    found, balance = [], account.opening_fen
    for month in range(1, today.month + 1):
        amounts = [one.amount_fen for one in account.movements if one.date.month == month]
        balance += sum(amounts)
        risen = sum(fen for fen in amounts if fen > 0)
        found.append(OwnMonth(month, risen, risen - sum(amounts), balance))
    return found


FOOT, TALL, WIDE, THICK = 118, 96, 29, 10
"""Measures of the picture of months: where bars stand, the tallest, a month's width, a bar's."""


def drawn(found: list[OwnMonth]) -> list[dict[str, Any]]:
    """The bars of the months as a picture has them."""
    most = max((max(one.risen_fen, one.fallen_fen) for one in found), default=0)
    if not most:
        return []
    return [
        {
            "month": one.month,
            "x": 6 + WIDE * (one.month - 1),
            "x2": 6 + WIDE * (one.month - 1) + THICK + 1,
            "middle": 6 + WIDE * (one.month - 1) + THICK,
            "up": _tall(one.risen_fen, most),
            "down": _tall(one.fallen_fen, most),
            "up_y": FOOT - _tall(one.risen_fen, most),
            "down_y": FOOT - _tall(one.fallen_fen, most),
        }
        for one in found
    ]


def _tall(fen: Fen, most: Fen) -> int:
    return max(2, fen * TALL // most) if fen else 0
