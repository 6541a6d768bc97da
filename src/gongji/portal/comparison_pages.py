"""The comparison: two areas or two days side by side, or every area for one person.

It leads with people, then tells by benefit what differs; the same rows can be taken as CSV, and an
address keeps what is compared.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from gongji.law.engine.area import Area
from gongji.law.engine.visit import read_amount, read_date
from gongji.law.report.compare import CHANGED, SAME, LawDifference, compare
from gongji.law.report.curve import LEVELS, STATUSES
from gongji.law.rulebook.law import Law
from gongji.platform.installation import installed_areas
from gongji.portal import comparison_grids, present, refusal_words
from gongji.portal.area_overview import PLACES
from gongji.portal.area_tables import NOT_PAID, SECTIONS
from gongji.portal.calculator import last_day
from gongji.portal.english_provisions import cited
from gongji.portal.inputs import cleaned, said
from gongji.portal.law_state import LawState, covered_day, state_of
from gongji.portal.people_compared import (
    HIGH,
    WIDE,
    BeforeAndAfter,
    Patient,
    before_and_after,
    small_multiples,
)
from gongji.portal.templatetags.rules import fig, provision, why
from gongji.portal.ui_texts import is_english, name, say
from gongji.refusals import Refusal
from gongji.tabular.formulas import no_formula
from gongji.units import Day, Fen, date_of, yuan_text

EVERY_AREA = "all"
KEPT_COMPARISONS = 64
"""Of how many pairs of laws a process keeps what they say."""
MOST_YUAN = 100_000
"""The highest bill of the small pictures."""


@dataclass(frozen=True)
class ComparedSide:
    """One side: an area, a day, the law then and what became of it."""

    area: Area
    day: Day
    law: Law
    state: LawState

    @property
    def title(self) -> str:
        """Area and day, as columns are called."""
        return f"{name(self.law.place)} {date_of(self.day)}"

    @property
    def key(self) -> str:
        """How a link names it."""
        return f"{self.area.code}@{date_of(self.day)}"


@require_safe
def comparison(request: HttpRequest) -> HttpResponse:
    """Two areas, or two days of one, side by side; or every area for one person."""
    if request.GET.get("mode") == EVERY_AREA:
        return _every_area(request)
    everything = request.GET.get("all") == "1"
    context: dict[str, Any] = {"here": "compare", "all": everything, "errors": {}, "offers": {}}
    parts = _parts(request)
    sides: list[ComparedSide] = []
    for side, (code, day) in parts.items():
        try:
            area = installed_areas().area(code, {})
            at = read_date("date", day)
            sides.append(ComparedSide(area, at, area.law(at), state_of(area, area.law(at))))
        except Refusal as refusal:
            field = f"{side}_area" if refusal.code == "area_unknown" else f"{side}_date"
            context["errors"][field] = present.refusal_text(refusal, {"date": "日期"})
            if refusal.code == "date_outside":
                context["offers"][side] = covered_day(area, at)
    areas = installed_areas().every({})
    context |= {"a": parts["a"], "b": parts["b"], "picks": _picks(areas)}
    context["areas"] = [(area.code, area.laws[-1].place) for area in areas]
    if not context["errors"]:
        sides = _in_order(sides)
        rows = _rows(sides[0].area, sides[0].day, sides[1].area, sides[1].day)
        people = before_and_after([(side.area, side.day) for side in sides])
        if request.GET.get("format") == "csv":
            return _csv(sides, people, rows)
        context |= _compared(sides, rows, everything) | {"people": people}
    return render(request, "portal/compare.html", context)


def _in_order(sides: list[ComparedSide]) -> list[ComparedSide]:
    """Two areas as they were asked for; two days of one in the order of time, as reforms go."""
    one_area = sides[0].area.code == sides[1].area.code
    return sorted(sides, key=lambda side: side.day) if one_area else sides


@lru_cache(maxsize=KEPT_COMPARISONS)
def _rows(left: Area, left_day: Day, right: Area, right_day: Day) -> list[LawDifference]:
    """What two laws say, kept for whoever looks next; nobody changes it."""
    return compare(left, left_day, right, right_day)


def _parts(request: HttpRequest) -> dict[str, tuple[str, str]]:
    """The area and the day of each side, as the link or the form has them."""
    given = request.GET
    parts = {}
    for side in ("a", "b"):
        code, _, day = (cleaned(given.get(side, "")) or _default(side)).partition("@")
        code = cleaned(given.get(f"{side}_area", "")) or code
        day = said("date", cleaned(given.get(f"{side}_date", "")) or day)
        parts[side] = (code, day or _last_day(code))
    return parts


def _last_day(code: str) -> str:
    """Today, or the last day that an area's rules cover, for a side that names no day."""
    found = refusal_words.area_of(code)
    return last_day(found) if found else ""


def _default(side: str) -> str:
    """The last change of the first area that has one: before it, and since."""
    found = next(
        (a for a in installed_areas().every({}) if len(a.laws) > 1), installed_areas().every({})[0]
    )
    since = found.laws[-1].since
    today = str(timezone.localdate())
    shown = {"a": str(date_of(since - 1)), "b": min(str(date_of(since)), today)}
    return f"{found.code}@{shown[side]}"


def _picks(areas: tuple[Area, ...]) -> list[tuple[str, str, str]]:
    """Comparisons to begin with: each area's last change, as place, day and query."""
    found = []
    for area in areas:
        if len(area.laws) > 1:
            since = area.laws[-1].since
            query = _query(f"{area.code}@{date_of(since - 1)}", f"{area.code}@{date_of(since)}")
            found.append((area.laws[-1].place, str(date_of(since)), query))
    return found


def _query(left: str, right: str, **more: str) -> str:
    return urlencode({"a": left, "b": right, **more}, safe="@")


def _compared(
    sides: list[ComparedSide], rows: list[LawDifference], everything: bool
) -> dict[str, Any]:
    """What differs, by benefit and by section, with the counts and the links to it."""
    laws = (sides[0].law, sides[1].law)
    one_area = sides[0].area.code == sides[1].area.code
    keys = [side.key for side in sides]
    return {
        "sides": sides,
        "one_area": one_area,
        "dates": one_area and laws[0] is not laws[1],
        "benefits": comparison_grids.compared_benefits(rows, laws, everything),
        "sections": comparison_grids.compared_sections(rows, laws, everything),
        "same": sum(row.mark == SAME for row in rows),
        "different": sum(row.mark != SAME for row in rows),
        "link": _query(*keys, **({"all": "1"} if everything else {})),
        "turned": _query(*reversed(keys), **({"all": "1"} if everything else {})),
        "csv": _query(*keys, format="csv"),
    }


def _csv(
    sides: list[ComparedSide], people: list[BeforeAndAfter], rows: list[LawDifference]
) -> HttpResponse:
    """Everything that two laws say, a row each, the people first, as a spreadsheet opens it."""
    file = io.StringIO()
    writer = csv.writer(file)
    basis = say("依据")
    heads = [text for side in sides for text in (side.title, f"{side.title} {basis}")]
    writer.writerow([say("异同"), say("规定"), say("内容"), say("条件"), *heads])
    for line in (*_people_rows(people), *_rule_rows(sides, rows)):
        writer.writerow([no_formula(text) for text in line])
    named = "-".join(side.key.replace("@", "-") for side in sides)
    answer = HttpResponse("\ufeff" + file.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{named}.csv"'
    return answer


def _people_rows(people: list[BeforeAndAfter]) -> Iterator[list[str]]:
    for one in people:
        left, right = one.left.text, one.right.text
        mark = SAME if left == right else CHANGED
        yield [mark, say("这样的人报多少"), one.patient.label, "", left, "", right, ""]


def _rule_rows(sides: list[ComparedSide], rows: list[LawDifference]) -> Iterator[list[str]]:
    laws = [side.law for side in sides]
    for row in rows:
        section, _, subject = row.subject.partition(".")
        heading = SECTIONS.get(section, "")
        item = row.item.partition(" · ")
        reason = item[0] == NOT_PAID
        yield [
            row.mark,
            say("：").join(part for part in (say(heading), provision(subject)) if part),
            say("：").join((provision(item[0]), why(item[2]))) if reason else provision(row.item),
            provision("，".join(f"{fact}：{value}" for fact, value in row.where)),
            fig(comparison_grids.figure(row.left, laws[0])),
            _basis(row.left_articles),
            fig(comparison_grids.figure(row.right, laws[1])),
            _basis(row.right_articles),
        ]


def _basis(articles: str) -> str:
    return "; ".join(cited(one) for one in articles.split("；")) if is_english() else articles


def _bill(text: str) -> Fen:
    """A bill of the small pictures.

    Refuses: amount_*, value_invalid.
    """
    fen = read_amount("total", text)
    if not 0 < fen <= MOST_YUAN * 100:
        allowed = f"大于 0、不超过 {MOST_YUAN} 元"
        raise Refusal("value_invalid", "total", {"value": text, "allowed": allowed})
    return fen


def _every_area(request: HttpRequest) -> HttpResponse:
    """Every area for one person: small pictures on one scale, with the same numbers as a table."""
    given = request.GET
    status = given.get("status", "") if given.get("status") in STATUSES else "retired"
    level = given.get("level", "") if given.get("level") in LEVELS else "2"
    typed = {name: cleaned(given.get(name, "")) for name in ("cost", "at")}
    errors: dict[str, str] = {}
    cost, day = "800", str(timezone.localdate())
    try:
        cost = yuan_text(_bill(said("total", typed["cost"] or cost)))
    except Refusal as refusal:
        errors["cost"] = present.refusal_text(refusal)
    try:
        day = str(date_of(read_date("date", said("date", typed["at"] or day))))
    except Refusal as refusal:
        errors["at"] = present.refusal_text(refusal, {"date": "日期"})
    shown = {"cost": cost, "at": day} | {name: typed[name] for name in errors}
    patient = Patient(status, level, cost)
    areas = installed_areas().every({})
    context: dict[str, Any] = {
        "here": "compare",
        "errors": errors,
        "patient": patient,
        "typed": shown,
        "at": day,
        "places": [(code, PLACES[level_name]) for code, level_name in LEVELS.items()],
        "statuses": list(STATUSES.items()),
        "wide": WIDE,
        "high": HIGH,
        "multiples": small_multiples(areas, read_date("date", day), patient),
        "link": urlencode(
            {"mode": EVERY_AREA, "status": status, "level": level, "cost": cost, "at": day}
        ),
    }
    return render(request, "portal/every_area.html", context)
