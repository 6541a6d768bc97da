"""The calculator's page, and the part of it that its script asks for while one types."""

from collections.abc import Container
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_safe

from gongji.law.engine.area import Area
from gongji.law.engine.visit import read_date
from gongji.law.explain.as_far import MISSING
from gongji.law.rulebook.vocabulary import FACTS, LEVELS, NO_LEVEL, PHARMACY
from gongji.platform.installation import installed_areas
from gongji.portal import fields, institutions, item_list, present
from gongji.portal.calculation import answer, at_each_level, so_far
from gongji.portal.fields import DAY, MONEY, SELECT, Field, InputForm
from gongji.portal.inputs import EARLIER, ITEM, Question, cleaned, read_question
from gongji.portal.ui_texts import say
from gongji.refusals import Refusal
from gongji.units import date_of, day_of

DEFAULTS = {"status": "active", "level": "2", "benefit": "ordinary", "total": "1000"}
"""What a visitor finds who has said nothing yet."""
NOT_FOUND = "没有找到这家机构，先按所选级别计算；请从列表中选"
PHARMACIES = ("pharmacy", PHARMACY)
_LEVELS = tuple((code, n) for n, code in LEVELS.items() if n not in (NO_LEVEL, PHARMACY))


COSTS = ("total", "in_scope", "line_item")
"""Names that say what the visit cost."""


def completed(question: Question, said: Container[str]) -> Question:
    """The question with what a link leaves out: the first area, today, and the usual visit.

    What the link names is the visitor's, also where it is left empty.
    """
    try:
        area = installed_areas().home(question.get("area") or installed_areas().every({})[0].code)
    except Refusal:
        return question
    usual = {"area": area.code, "date": last_day(area), **DEFAULTS}
    if any(name in said for name in COSTS):
        del usual["total"]
    if question.get("institution_kind") in PHARMACIES:
        del usual["level"]
    missing = {name: text for name, text in usual.items() if name not in said}
    return question.with_facts(**missing) if missing else question


def last_day(area: Area) -> str:
    """Today, or the last day that the area's rules cover."""
    today = day_of(timezone.localdate())
    return str(date_of(min(today, area.laws[-1].until - 1)))


def _asked(request: HttpRequest) -> Question:
    return fields.fitting(read_question(request.GET))


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The calculator with whatever the link says."""
    question = completed(_asked(request), request.GET)
    return render(request, "portal/calculator.html", _context(question))


@require_safe
def part(request: HttpRequest) -> HttpResponse:
    """The answer, the errors, and the fields: what the script puts in place of the old ones."""
    question = _asked(request)
    if not request.GET or "whole" in request.GET:
        question = completed(question, request.GET)
    context = _context(question)
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
    words = cleaned(request.GET.get("words", ""))[:50]
    if what == "items":
        found = item_list.suggestions(law.area, day, words)
    else:
        places = institutions.suggestions(law.area, day, words)
        named = zip(places, institutions.labels(places), strict=True)
        found = [(one.code, label, "") for one, label in named]
    return JsonResponse({"found": [{"code": c, "name": f"{n} {s}".strip()} for c, n, s in found]})


def _placed(question: Question) -> tuple[Question, institutions.FoundPlace | None]:
    """The question with the kind and level of the institution that it names.

    One that is not known is told beside its field, and the level that was chosen counts.
    """
    said = question.get("institution")
    law = fields.form(question).law
    if not said or law is None:
        return question, None
    place = institutions.find(law.area, date_of(read_date("date", question.get("date"))), said)
    if place is None:
        return question.with_facts(institution=""), None
    facts = {"level": place.level, "institution_kind": place.kind, "institution": place.code}
    if place.ended:
        facts["designated"] = "false"
    return question.with_facts(**facts), place


def _context(given: Question) -> dict[str, Any]:
    question, place = _placed(given)
    form = fields.form(question)
    groups = _groups(question, form)
    labels = {field.name: field.label for field in _all(form)}
    context: dict[str, Any] = {
        "question": question,
        "named": place.name if place else given.get("institution"),
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
    if given.get("institution") and place is None:
        context["errors"]["institution"] = say(NOT_FOUND)
    try:
        costed, context["priced"] = item_list.priced(question)
    except Refusal as refusal:
        return context | _refused(refusal, question, labels, context["errors"])
    try:
        context |= present.shown(replace_question(answer(costed), question))
    except Refusal as refusal:
        context |= _refused(refusal, question, labels, context["errors"])
        context |= _as_far(refusal, costed)
    return context


def _refused(
    refusal: Refusal, question: Question, labels: dict[str, str], errors: dict[str, str]
) -> dict[str, Any]:
    """Why there is no answer, beside its field and in the answer's place, and a way on."""
    field, sentence = present.error_of(refusal, question, labels)
    found: dict[str, Any] = {"errors": errors | {field: sentence}, "refusal": sentence}
    if refusal.code == "date_outside" and field == "date":
        area = installed_areas().area(question.get("area"), {})
        day = last_day(area)
        if question.get("date") > day:
            found["last_day"] = day
            found["last_link"] = question.with_facts(date=day).link()
    return found


def _as_far(refusal: Refusal, question: Question) -> dict[str, Any]:
    """What is settled all the same of a visit that lacks a figure or its level."""
    if refusal.code == MISSING:
        found = so_far(question)
        return {"so_far": present.shown_so_far(found)} if found else {}
    if refusal.code == "level_missing":
        return {"by_level": present.shown_levels(at_each_level(question), question)}
    return {}


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
