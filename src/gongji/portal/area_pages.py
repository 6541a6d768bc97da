"""Pages about the rules: the areas, one area at a day, two side by side, the documents' texts."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from gongji.law.engine.area import Area
from gongji.law.engine.visit import read_date
from gongji.law.report.compare import CHANGED, ONLY_LEFT, ONLY_RIGHT, SAME, compare
from gongji.law.rulebook.law import NATION
from gongji.law.rulebook.rulebook import Rulebook
from gongji.platform.installation import installed_areas
from gongji.portal import area_tables, official_texts, pictures, present, refusal_words
from gongji.portal.calculator import last_day
from gongji.portal.inputs import cleaned, said
from gongji.portal.ui_texts import is_english, name
from gongji.refusals import Refusal
from gongji.units import Day, date_of

CLASSES = {CHANGED: "changed", ONLY_LEFT: "left", ONLY_RIGHT: "right", SAME: ""}


@require_safe
def areas(request: HttpRequest) -> HttpResponse:
    """Every area, the dates its rules cover, its documents."""
    listed = [
        {
            "area": area,
            "place": area.laws[-1].place,
            "covered": area.covered(),
            "documents": [
                (book, present.text_url(book, ""))
                for book in installed_areas().library.books(area.code)
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
    return read_date("at", cleaned(request.GET.get("at", "")) or last_day(area))


@require_safe
def area(request: HttpRequest, code: str) -> HttpResponse:
    """The rules of an area at a day, with the texts of its documents beside them."""
    found = _area(code)
    context: dict[str, Any] = {"area": found, "here": "areas", "changes": _changes(found)}
    context["place"] = found.laws[-1].place
    try:
        day = _day(request, found)
        law = found.law(day)
    except Refusal as refusal:
        at = cleaned(request.GET.get("at", ""))
        context |= {"error": present.refusal_text(refusal, {"at": "日期"}), "at": at}
        return render(request, "portal/area.html", context, status=404)
    tables = area_tables.benefits(found, law, day)
    context |= {
        "law": law,
        "at": str(date_of(day)),
        "place": law.place,
        "benefits": tables,
        "sections": area_tables.sections(law),
        "documents": [official_texts.document(book) for book in reversed(law.books)],
        "doubts": [
            (doubt, present.links_of_doubt(doubt, law.books))
            for book in law.books
            for doubt in book.doubts.values()
        ],
        "payments": area_tables.tables_of_payment(found, law, day, "ordinary"),
        "costs": area_tables.ROUND_COSTS,
    }
    return render(request, "portal/area.html", context)


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
        law = found.law(day)
        if benefit not in law.benefits.values():
            raise Http404
        drawn = pictures.curve(code, day, benefit, is_english())
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


@require_safe
def comparison(request: HttpRequest) -> HttpResponse:
    """Two areas, or two days of one, side by side."""
    given = request.GET
    everything = given.get("all") == "1"
    sides = {side: cleaned(given.get(side, "")) or _default(side) for side in ("a", "b")}
    context: dict[str, Any] = {
        "here": "compare",
        "all": everything,
        "errors": {},
        "areas": [(area.code, area.laws[-1].place) for area in installed_areas().every({})],
    }
    parts = {}
    for side, value in sides.items():
        code, _, day = value.partition("@")
        code = cleaned(given.get(f"{side}_area", "")) or code
        day = said("date", cleaned(given.get(f"{side}_date", "")) or day)
        parts[side] = (code, day or _last_day(code))
    context |= {"a": parts["a"], "b": parts["b"]}
    laws = []
    for side, (code, day) in parts.items():
        try:
            found = installed_areas().area(code, {})
            laws.append((found, read_date("date", day), found.law(read_date("date", day))))
        except Refusal as refusal:
            context["errors"][side] = present.refusal_text(refusal, {"date": "日期"})
    if not context["errors"]:
        context |= _compared(laws, everything)
    return render(request, "portal/compare.html", context)


def _last_day(code: str) -> str:
    """Today, or the last day that an area's rules cover, for a side that names no day."""
    found = refusal_words.area_of(code)
    return last_day(found) if found else ""


def _compared(laws: list[Any], everything: bool) -> dict[str, Any]:
    (left, left_day, left_law), (right, right_day, right_law) = laws
    found = compare(left, left_day, right, right_day)
    rows = [
        {
            "mark": row.mark,
            "class": CLASSES[row.mark],
            "subject": row.subject,
            "item": row.item,
            "where": "，".join(f"{fact}：{value}" for fact, value in row.where),
            "left": refusal_words.figure_in_words(row.left, left_law),
            "right": refusal_words.figure_in_words(row.right, right_law),
            "left_articles": row.left_articles,
            "right_articles": row.right_articles,
        }
        for row in found
        if everything or row.mark != SAME
    ]
    titles = [f"{name(law.place)} {date_of(day)}" for _, day, law in laws]
    return {
        "rows": rows,
        "same": sum(row.mark == SAME for row in found),
        "different": sum(row.mark != SAME for row in found),
        "titles": titles,
    }


def _default(side: str) -> str:
    """The last change of the first area that has one: before it, and since."""
    found = next(
        (a for a in installed_areas().every({}) if len(a.laws) > 1), installed_areas().every({})[0]
    )
    since = found.laws[-1].since
    today = str(timezone.localdate())
    shown = {"a": str(date_of(since - 1)), "b": min(str(date_of(since)), today)}
    return f"{found.code}@{shown[side]}"
