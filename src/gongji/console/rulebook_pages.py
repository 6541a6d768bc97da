"""Rulebooks: which versions of a law there are and from when, what they say, how two differ.

What is shown was published: at the command line, or by a change that was reviewed
(`law_change_pages`).
"""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from gongji.console.at_work import Clerk, at_work, shown
from gongji.law.engine.area import Area
from gongji.law.report.compare import CHANGED, ONLY_LEFT, ONLY_RIGHT, compare
from gongji.law.rulebook.law import Law
from gongji.law.rulebook.provision_kinds import Parameter
from gongji.law.rulebook.rulebook import FOREVER
from gongji.platform.installation import installed_law
from gongji.platform.laws import LawVersion, current, history
from gongji.refusals import Refusal
from gongji.review.command_kinds import get_kind
from gongji.units import date_of, day_of

BUILT = {"rule": "规则", "workflow": "流程", "none": "不涉及计算"}
MARKS = {CHANGED: "改动", ONLY_LEFT: "只在左", ONLY_RIGHT: "只在右"}


def own_area(clerk: Clerk, code: str) -> str:
    """An area in which somebody works.

    Refuses: Http404.
    """
    if code not in clerk.areas:
        raise Http404
    return code


@require_safe
@at_work
def rulebooks(request: HttpRequest, clerk: Clerk) -> HttpResponse:
    """The areas in which I work, the version in force and those before and to come."""
    now = current(clerk.connection)
    rows = [
        (one, one.area in now and now[one.area].id == one.id, one.since > clerk.desk.now)
        for area in clerk.areas
        for one in reversed(history(clerk.connection, area))
    ]
    return shown(request, clerk, "rulebooks", {"here": "rulebooks", "rows": rows})


def _version(clerk: Clerk, area: str, number: int) -> LawVersion:
    for one in history(clerk.connection, area):
        if one.number == number:
            return one
    raise Http404


def area_of(clerk: Clerk, version: LawVersion) -> Area:
    """The area as a version has it."""
    return installed_law().areas(clerk.connection, [version.id]).area(version.area)


@require_safe
@at_work
def rulebook(request: HttpRequest, clerk: Clerk, area: str, number: int) -> HttpResponse:
    """A version: its documents with their articles and doubts, and the parameters that are open."""
    version = _version(clerk, own_area(clerk, area), number)
    found = area_of(clerk, version)
    law = law_of(found, clerk)
    context = {
        "here": "rulebooks",
        "version": version,
        "may_change": clerk.holds(*get_kind("change_law").makers),
        "place": law.place,
        "documents": [_document(book) for book in law.books],
        "open": open_parameters(law),
        "given": sorted(law.settings.items()),
        "others": [one for one in history(clerk.connection, area) if one.number != version.number],
    }
    return shown(request, clerk, "rulebook", context)


def law_of(area: Area, clerk: Clerk) -> Law:
    """The law of today, or the last one where none is in force today."""
    try:
        return area.law(day_of(clerk.today))
    except Refusal:
        return area.laws[-1]


def _document(book: Any) -> dict[str, Any]:
    until = "" if book.head.until >= FOREVER - 1 else date_of(book.head.until).isoformat()
    return {
        "head": book.head,
        "since": date_of(book.head.since),
        "until": until,
        "articles": [
            (name, BUILT[one.disposition], one.note) for name, one in book.articles.items()
        ],
        "doubts": [(name, one) for name, one in book.doubts.items()],
    }


def open_parameters(law: Law) -> list[tuple[str, str, str, str]]:
    """Parameters that nobody has given: name, how it is named when it is set, article, note."""
    found = []
    for name, provision in law.all(Parameter).items():
        one = provision.value
        set_here = any(key.split(".")[0] == one.code for key in law.settings)
        if one.value is None and not set_here:
            article = f"{provision.book.head.number} {one.article}"
            found.append((name, one.code, article, one.note))
    return found


@require_safe
@at_work
def differences(
    request: HttpRequest, clerk: Clerk, area: str, left: int, right: int
) -> HttpResponse:
    """How two versions of an area's law differ today."""
    versions = [_version(clerk, own_area(clerk, area), number) for number in (left, right)]
    areas = [area_of(clerk, one) for one in versions]
    today = day_of(clerk.today)
    rows = [
        (row, MARKS[row.mark])
        for row in compare(areas[0], today, areas[1], today)
        if row.mark in MARKS
    ]
    context = {"here": "rulebooks", "area": area, "left": versions[0], "right": versions[1]}
    return shown(request, clerk, "rulebook_differences", context | {"rows": rows})
