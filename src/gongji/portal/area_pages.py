"""Pages about the rules: the areas, one area at a day, the documents' texts."""

from functools import lru_cache
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from gongji.law.engine.area import Area
from gongji.law.engine.visit import read_date
from gongji.law.report.effects import effects
from gongji.law.rulebook.law import NATION, Law
from gongji.law.rulebook.rulebook import Rulebook
from gongji.platform.installation import installed_areas
from gongji.portal import area_overview, area_tables, official_texts, pictures, present
from gongji.portal.area_overview import Overview
from gongji.portal.calculator import last_day
from gongji.portal.inputs import cleaned, said
from gongji.portal.law_state import area_state, covered_day, state_of, state_of_book
from gongji.portal.ui_texts import is_english
from gongji.refusals import Refusal
from gongji.units import Day, date_of

KEPT_PAGES = 64
"""Of how many areas and days a process keeps the figures that their pages show."""


@require_safe
def areas(request: HttpRequest) -> HttpResponse:
    """Every area, whether its rules are in force, the dates that they cover, its documents."""
    listed = [
        {
            "area": area,
            "state": area_state(area),
            "place": area.laws[-1].place,
            "covered": area.covered(),
            "documents": [
                (book, present.text_url(book, ""))
                for book in reversed(installed_areas().library.books(area.code))
            ],
        }
        for area in installed_areas().every({})
    ]
    return render(request, "portal/areas.html", {"areas": listed, "here": "areas"})


def _area(code: str) -> Area:
    try:
        return installed_areas().area(code, {})
    except Refusal as refusal:
        raise Http404(str(refusal)) from None


def _day(request: HttpRequest, area: Area) -> Day:
    return read_date("at", said("date", cleaned(request.GET.get("at", ""))) or last_day(area))


@require_safe
def area(request: HttpRequest, code: str) -> HttpResponse:
    """The rules of an area at a day: one table first, the rest folded below it."""
    found = _area(code)
    context: dict[str, Any] = {"area": found, "here": "areas", "changes": _changes(found)}
    context["place"] = found.laws[-1].place
    try:
        day = _day(request, found)
        law = found.law(day)
    except Refusal as refusal:
        at = cleaned(request.GET.get("at", ""))
        outside = refusal.code == "date_outside"
        offered = covered_day(found, _day(request, found)) if outside else None
        text = present.refusal_text(refusal, {"at": "日期"})
        context |= {"error": text, "at": at, "offered": offered}
        return render(request, "portal/area.html", context, status=404)
    context |= {"law": law, "at": str(date_of(day)), "place": law.place}
    context |= _shown(found, law, day)
    return render(request, "portal/area.html", context)


def _shown(found: Area, law: Law, day: Day) -> dict[str, Any]:
    """What the page of an area shows of its law on a day."""
    overview, benefits = _figures(found, law, day)
    return {
        "state": state_of(found, law),
        "overview": overview,
        "benefits": benefits,
        "open_figures": area_tables.open_figures(law),
        "sections": area_tables.sections(law),
        "documents": [
            (official_texts.document(book), state_of_book(book), present.text_url(book, ""))
            for book in reversed(law.books)
        ],
        "doubts": [
            (name, doubt, present.links_of_doubt(doubt, law.books))
            for book in law.books
            for name, doubt in book.doubts.items()
        ],
    }


@lru_cache(maxsize=KEPT_PAGES)
def _figures(
    found: Area, law: Law, day: Day
) -> tuple[Overview | None, list[area_tables.ShownBenefit]]:
    """The first table and the benefits, kept for whoever looks next; nobody changes them."""
    tables = effects(found, law, day)
    overview = area_overview.overview(found, law, tables)
    return overview, area_tables.benefits(found, law, day, tables)


def _changes(found: Area) -> list[str]:
    """The days on which an area's law changed."""
    return [str(date_of(law.since)) for law in found.laws]


@require_safe
def curve(request: HttpRequest, code: str) -> HttpResponse:
    """The curve of an area's benefit at a day."""
    try:
        found = installed_areas().area(code, {})
        day = _day(request, found)
        benefit = request.GET.get("benefit", "ordinary")
        reach = request.GET.get("reach", pictures.WHOLE)
        law = found.law(day)
        if benefit not in law.benefits.values() or reach not in pictures.REACHES:
            raise Http404
        drawn = pictures.curve(code, day, benefit, is_english(), reach)
    except Refusal as refusal:
        raise Http404(str(refusal)) from None
    return HttpResponse(drawn, content_type="image/svg+xml")


@require_safe
def text(request: HttpRequest, code: str, date: str) -> HttpResponse:
    """The text of a document, every article with its place and what became of it."""
    return render(request, "portal/text.html", {"document": _document(code, date), "here": "areas"})


@require_safe
def article(request: HttpRequest, code: str, date: str, named: str) -> HttpResponse:
    """One article of a document, to stand beside what cites it."""
    document = _document(code, date)
    found = document.article(named)
    if found is None:
        raise Http404
    return render(request, "portal/article.html", {"document": document, "article": found})


def _book_of(area: Area, rulebook: str) -> Rulebook | None:
    """A document of an area by its id (532300@2022-07-01)."""
    books = (book for law in area.laws for book in law.books)
    return next((book for book in books if book.id == rulebook), None)


def _document(code: str, date: str) -> official_texts.Document:
    book = _book_of_nation(date) if code == NATION else _book_of(_area(code), f"{code}@{date}")
    if book is None:
        raise Http404
    return official_texts.document(book)


def _book_of_nation(date: str) -> Rulebook | None:
    """A law of the nation, which lies under every area."""
    found = (_book_of(area, f"{NATION}@{date}") for area in installed_areas().every({}))
    return next((book for book in found if book), None)
