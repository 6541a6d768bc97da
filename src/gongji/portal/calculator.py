"""The calculator's page, and the part of it that its script asks for while one types."""

from collections.abc import Container
from dataclasses import replace
from html import unescape
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import strip_tags
from django.views.decorators.http import require_safe

from gongji.law.engine.area import Area
from gongji.law.engine.visit import read_date
from gongji.law.explain.as_far import MISSING
from gongji.law.rulebook.vocabulary import LEVELS, NO_LEVEL, PHARMACY
from gongji.platform.installation import installed_areas
from gongji.portal import fields, institutions, item_list, present
from gongji.portal.bill_curve import bill_curve, drawn
from gongji.portal.calculation import answer, at_each_level, so_far
from gongji.portal.fields import Field
from gongji.portal.inputs import (
    EARLIER,
    INTERNET_LEVEL,
    ITEM,
    Question,
    at_pharmacy,
    cleaned,
    of_form,
    read_question,
    supposed,
    with_answer,
)
from gongji.portal.law_state import CoveredDay, covered_day
from gongji.portal.outcomes import outcome, ways
from gongji.portal.question_path import OF_DISEASES, PICKS, PathOfQuestions, path_of
from gongji.portal.ui_texts import name, say
from gongji.refusals import Refusal
from gongji.settlement.nothing_paid import limit_reached
from gongji.units import date_of, day_of

DEFAULTS = {"status": "active", "level": "2", "benefit": "ordinary", "total": "1000"}
"""What a visitor finds who has said nothing yet."""
NOT_FOUND = "没有找到这家机构，先按所选级别计算；请从列表中选"
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
    if at_pharmacy(question) or question.get("parent_level"):
        del usual["level"]
    missing = {name: text for name, text in usual.items() if name not in said}
    return question.with_facts(**missing) if missing else question


def last_day(area: Area) -> str:
    """Today, or the last day that the area's rules cover."""
    today = day_of(timezone.localdate())
    return str(date_of(min(today, area.laws[-1].until - 1)))


def _asked(request: HttpRequest) -> Question:
    return fields.fitting(of_form(read_question(request.GET)))


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The calculator with whatever the link says."""
    question = completed(_asked(request), request.GET)
    context = _context(question)
    context["folded"] = request.headers.get("Sec-CH-UA-Mobile") == "?1"
    return render(request, "portal/calculator.html", context)


@require_safe
def part(request: HttpRequest) -> HttpResponse:
    """The answer, the errors, and the fields: what the script puts in place of the old ones."""
    question = _asked(request)
    if not request.GET or "whole" in request.GET:
        question = completed(question, request.GET)
    context = _context(question)
    headline = render_to_string("portal/headline.html", context, request)
    return JsonResponse(
        {
            "key": context["key"],
            "form": render_to_string("portal/question.html", context, request),
            "answer": render_to_string("portal/answer.html", context, request),
            "headline": headline,
            "told": " ".join(unescape(strip_tags(headline)).split()),
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
    return question.with_facts(parent_level="", **facts), place


def _within(question: Question) -> tuple[Question, CoveredDay | None]:
    """The question on a day that the area's rules cover: the nearest where it is of another."""
    try:
        area = installed_areas().area(question.get("area"), {})
        day = read_date("date", question.get("date"))
    except Refusal:
        return question, None
    if any(law.since <= day < law.until for law in area.laws):
        return question, None
    near = covered_day(area, day)
    return question.with_facts(date=near.day), near


def _context(given: Question) -> dict[str, Any]:
    question, place = _placed(given)
    within, near = _within(question)
    form = fields.form(within)
    path = path_of(within, form, question.get("date"))
    context: dict[str, Any] = {
        "question": question,
        "named": place.name if place else given.get("institution"),
        "form": form,
        "path": path,
        "picks": PICKS,
        "errors": {},
        "link": question.link(),
        "earlier": _rows(question.earlier, "earlier", EARLIER),
        "levels": _LEVELS,
        "here": "calculator",
        "place": place,
        "key": f"{form.key} {path.key} {bool(given.get('disease'))} {place.code if place else ''}",
    }
    context["places"] = form.law is not None and institutions.has_places(form.law.area)
    if form.law and item_list.has_catalogue(form.law.area):
        context["lines"] = _rows(question.items, "line", ITEM)
    if given.get("institution") and place is None:
        context["errors"]["institution"] = say(NOT_FOUND)
        context["likely"] = _likely(given, form)
    every = (*form.facts, *form.circumstances, *form.used, *form.figures)
    labels = {field.name: field.label for field in every}
    if near:
        context |= _past(question, near, labels, context["errors"])
    context |= _answered(within, path, labels, context["errors"])
    return context | _opened(context, path, within)


def _likely(given: Question, form: fields.InputForm) -> list[tuple[str, str]]:
    """The institutions that a half-remembered name may mean, with the links that name them."""
    if form.law is None:
        return []
    day = date_of(read_date("date", given.get("date")))
    likely = institutions.likely(form.law.area, day, given.get("institution"))
    return [(label, given.with_facts(institution=label).link()) for label in likely]


def _opened(context: dict[str, Any], path: PathOfQuestions, within: Question) -> dict[str, Any]:
    """Which folded fields are shown: those that say something unusual, or something wrong."""
    try:
        usual = last_day(installed_areas().area(within.get("area"), {}))
    except Refusal:
        usual = ""
    told = {field.name for field in path.more if field.value not in ("", field.default, usual)}
    wrong = {field.name for field in path.more} & context["errors"].keys()
    over = usual if usual and usual < str(timezone.localdate()) else ""
    return {"more_open": bool(told or wrong), "ended": over if "past" not in context else ""}


def _past(
    question: Question, near: CoveredDay, labels: dict[str, str], errors: dict[str, str]
) -> dict[str, Any]:
    """That the rules do not cover the day, and the nearest one that they cover."""
    area = installed_areas().area(question.get("area"), {})
    try:
        area.law(read_date("date", question.get("date")))
    except Refusal as refusal:
        sentence = present.error_of(refusal, question, labels)[1]
    told = {"errors": errors | {"date": sentence}, "past": sentence, "near": near}
    return told | {"near_link": question.with_facts(date=near.day).link()}


def _answered(
    question: Question, path: PathOfQuestions, labels: dict[str, str], errors: dict[str, str]
) -> dict[str, Any]:
    """The answer, or why there is none and as far as it can be told; with its errors."""
    asked = supposed(question)
    try:
        costed, priced = item_list.priced(asked)
    except Refusal as refusal:
        return _refused(refusal, question, labels, errors)
    found: dict[str, Any] = {"priced": priced}
    try:
        found |= _told(costed, question)
    except Refusal as refusal:
        found |= _refused(refusal, question, labels, errors)
        found |= _as_far(refusal, costed)
    if "result" in found or "so_far" in found:
        found |= _alternatives(costed, question, path)
    return found


def _told(costed: Question, question: Question) -> dict[str, Any]:
    """What the template needs of a visit that is settled."""
    answered = answer(costed)
    found = present.shown(replace(answered, question=question))
    curve = bill_curve(costed, answered.result)
    found["plot"] = drawn(curve) if curve else None
    found["day"] = costed.get("date")
    found["reached"] = limit_reached(answered.result, answered.result.in_scope_fen)[0]
    if answered.result.refusal:
        area = question.get("area")
        found["why_not"] = present.reason_text(answered.result.refusal)
        found["ways"] = present.shown_ways(ways(costed, answered.result), area)
    return found


def _alternatives(asked: Question, given: Question, path: PathOfQuestions) -> dict[str, Any]:
    """The answer under each value of what is unsaid, and by each benefit of a disease.

    `asked` is what rules read of the question `given`, which the links ask again.
    """
    branches, supposed_so = [], []
    for field in path.unsaid:
        rows = [
            {"label": name(label)}
            | present.shown_outcome(outcome(supposed(with_answer(asked, field.name, code))))
            | {"link": with_answer(given, field.name, code).link()}
            for code, label in field.choices
            if code
        ]
        told = {(row.get("least"), row.get("most"), row["reason"]) for row in rows}
        if len(told) > 1:
            branches.append({"title": name(field.label), "rows": rows})
            supposed_so.append(SUPPOSED.get(field.name) or _supposed(field, asked))
    benefits = dict(path.benefit.choices)
    diseases = [code for code in ("ordinary", *OF_DISEASES) if code in benefits]
    by_name = bool(asked.get("disease")) or path.benefit.value in OF_DISEASES
    by_benefit = [
        {"label": name(benefits[code]), "here": code == path.benefit.value}
        | present.shown_outcome(outcome(asked.with_facts(benefit=code)))
        | {"link": given.with_facts(benefit=code).link()}
        for code in (diseases if by_name else ())
        if code != "two_diseases" or asked.get("disease") in TWO_DISEASES
    ]
    return {"branches": branches, "by_benefit": by_benefit, "prefixes": supposed_so}


SUPPOSED = {"selected": "在选定的机构看，或经转诊"}
TWO_DISEASES = ("", "高血压", "糖尿病", "hypertension", "diabetes")


def _supposed(field: Field, asked: Question) -> str:
    """What is supposed of a question that nobody has answered."""
    column = "parent_level" if field.name == INTERNET_LEVEL else field.name
    choices = dict(field.choices)
    return choices.get(asked.get(column)) or choices.get("1", "")


def _refused(
    refusal: Refusal, question: Question, labels: dict[str, str], errors: dict[str, str]
) -> dict[str, Any]:
    """Why there is no answer, beside its field and in the answer's place, and a way on."""
    field, sentence = present.error_of(refusal, question, labels)
    return {"errors": errors | {field: sentence}, "refusal": sentence}


def _as_far(refusal: Refusal, question: Question) -> dict[str, Any]:
    """What is settled all the same of a visit that lacks a figure or its level."""
    if refusal.code == MISSING:
        found = so_far(question)
        if found is None:
            return {}
        shown = present.shown_so_far(found) | present.shown_outcome(outcome(question))
        return {"so_far": shown | {"levels": _at_other_levels(question)}}
    if refusal.code == "level_missing":
        return {"by_level": present.shown_levels(at_each_level(question), question)}
    return {}


def _at_other_levels(question: Question) -> list[dict[str, Any]]:
    """What a visit that lacks a figure comes to at each level; none at a pharmacy."""
    if at_pharmacy(question):
        return []
    return [
        {"label": name(level), "here": code == question.get("level")}
        | present.shown_outcome(outcome(question.with_facts(level=code, parent_level="")))
        for code, level in _LEVELS
    ]


def _rows(
    given: tuple[Any, ...], prefix: str, names: tuple[str, ...]
) -> list[list[tuple[str, str, str]]]:
    """The rows given and one empty: name of the input, its value, where an error stands."""
    return [
        [(f"{prefix}_{name}", row.get(name, ""), f"{prefix}.{number}.{name}") for name in names]
        for number, row in enumerate((*given, {}))
    ]
