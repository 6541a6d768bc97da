"""The calculator's page, and the part of it that its script asks for while one types."""

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_safe

from gongji.law.engine.area import Area
from gongji.law.engine.visit import read_date
from gongji.law.rulebook.vocabulary import FACTS, LEVELS, NO_LEVEL, PHARMACY
from gongji.platform.installation import installed_areas
from gongji.portal import fields, institutions, item_list, present
from gongji.portal.calculation import answer
from gongji.portal.fields import DAY, MONEY, SELECT, Field, InputForm
from gongji.portal.inputs import EARLIER, ITEM, Question, read_question
from gongji.refusals import Refusal
from gongji.units import date_of, day_of

DEFAULTS = {"status": "active", "level": "2", "benefit": "ordinary", "total": "1000"}
"""What a visitor finds who has said nothing yet."""
PHARMACIES = ("pharmacy", PHARMACY)
_LEVELS = tuple((code, n) for n, code in LEVELS.items() if n not in (NO_LEVEL, PHARMACY))


def first_question() -> Question:
    """The question of a visitor who has said nothing yet: the first area, today."""
    area = installed_areas().every({})[0]
    return Question({"area": area.code, "date": last_day(area), **DEFAULTS})


def last_day(area: Area) -> str:
    """Today, or the last day that the area's rules cover."""
    today = day_of(timezone.localdate())
    return str(date_of(min(today, area.laws[-1].until - 1)))


def _asked(request: HttpRequest) -> Question:
    return fields.fitting(read_question(request.GET)) if request.GET else first_question()


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The calculator with whatever the link says."""
    return render(request, "portal/calculator.html", _context(_asked(request)))


@require_safe
def part(request: HttpRequest) -> HttpResponse:
    """The answer, the errors, and the fields: what the script puts in place of the old ones."""
    context = _context(_asked(request))
    return JsonResponse(
        {
            "key": context["key"],
            "form": render_to_string("portal/question.html", context, request),
            "answer": render_to_string("portal/answer.html", context, request),
            "errors": context["errors"],
        }
    )


@require_safe
def suggestions(request: HttpRequest, what: str) -> HttpResponse:
    """Items of an area's catalogue, or its institutions, that hold some words: code and name."""
    try:
        law = installed_areas().area(request.GET.get("area", ""), {}).laws[0]
        day = date_of(read_date("date", request.GET.get("date", "")))
    except Refusal:
        return JsonResponse({"found": []})
    words = request.GET.get("words", "")[:50]
    if what == "items":
        found = item_list.suggestions(law.area, day, words)
    else:
        found = [(one.code, one.name, "") for one in institutions.suggestions(law.area, day, words)]
    return JsonResponse({"found": [{"code": c, "name": f"{n} {s}".strip()} for c, n, s in found]})


def _placed(question: Question) -> tuple[Question, institutions.FoundPlace | None]:
    """The question with the kind and level of the institution that it names.

    An institution that is not known is refused with the answer.
    """
    code = question.get("institution")
    law = fields.form(question).law
    if not code or law is None:
        return question, None
    place = institutions.find(law.area, date_of(read_date("date", question.get("date"))), code)
    if place is None:
        return question, None
    return question.with_facts(level=place.level, institution_kind=place.kind), place


def _context(given: Question) -> dict[str, Any]:
    question, place = _placed(given)
    form = fields.form(question)
    groups = _groups(question, form)
    labels = {field.name: field.label for field in _all(form)}
    context: dict[str, Any] = {
        "question": question,
        "form": form,
        "errors": {},
        "link": question.link(),
        "groups": groups,
        "earlier": _rows(question.earlier, "earlier", EARLIER),
        "levels": _LEVELS,
        "here": "calculator",
        "place": place,
        "key": f"{form.key} {place.code if place else ''}",
    }
    context["places"] = form.law is not None and institutions.has_places(form.law.area)
    if form.law and item_list.has_catalogue(form.law.area):
        context["lines"] = _rows(question.items, "line", ITEM)
    try:
        if question.get("institution") and place is None:
            value = {"value": question.get("institution")}
            raise Refusal("institution_unknown", "institution", value)
        costed, context["priced"] = item_list.priced(question)
        context |= present.shown(replace_question(answer(costed), question))
    except Refusal as refusal:
        field, sentence = present.error_of(refusal, question, labels)
        context["errors"] = {field: sentence}
        context["refusal"] = sentence
    return context


def replace_question(given: Any, question: Question) -> Any:
    """The answer with the question as it was asked, so that its links keep the items."""
    return replace(given, question=question)


def _all(form: InputForm) -> tuple[Field, ...]:
    return (*form.facts, *form.circumstances, *form.used, *form.figures)


def _groups(question: Question, form: InputForm) -> dict[str, list[Field]]:
    """The fixed fields, by where they stand."""
    areas = tuple((area.code, area.laws[-1].place) for area in installed_areas().every({}))
    status = tuple((code, name) for name, code in FACTS["参保状态"].choices.items())
    kinds = tuple((code, name) for name, code in FACTS["机构类别"].choices.items())

    def one(name: str, kind: str, choices: Any = (), note: str = "", default: str = "") -> Field:
        value = question.get(name) or default
        return Field(name, present.LABELS[name], kind, value, choices, default, note)

    level = one("level", SELECT, _LEVELS)
    if question.get("institution_kind") in PHARMACIES:
        level = one("prescriber_level", SELECT, (("", "无"), *_LEVELS))
    benefit = one("benefit", SELECT, form.benefits or (("ordinary", "普通门诊"),), "", "ordinary")
    return {
        "person": [
            one("area", SELECT, areas),
            one("date", DAY),
            one("status", SELECT, status),
            one("birth_date", DAY, (), "可不填；只在规则按年龄区分时用到"),
        ],
        "place": [one("institution_kind", SELECT, kinds, "", "hospital"), level, benefit],
        "cost": [
            one("total", MONEY),
            one("in_scope", MONEY, (), "可不填；不填则按总费用扣除先行自付"),
        ],
    }


def _rows(
    given: tuple[Any, ...], prefix: str, names: tuple[str, ...]
) -> list[list[tuple[str, str, str]]]:
    """The rows given and one empty: name of the input, its value, where an error stands."""
    return [
        [(f"{prefix}_{name}", row.get(name, ""), f"{prefix}.{number}.{name}") for name in names]
        for number, row in enumerate((*given, {}))
    ]
