"""/api/v1: the operations, their limits a caller, their refusals."""

import dataclasses
from typing import Annotated, Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI, Path, Query
from ninja.errors import HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.throttling import AnonRateThrottle

from gongji.api import problems, quotes, shapes
from gongji.api.figure_values import figure_value
from gongji.api.question_schema import question_schema
from gongji.api.reference_page import ReferencePage
from gongji.law.engine.area import Area
from gongji.law.engine.visit import read_date
from gongji.law.report.law_figures import Figure, figures
from gongji.law.rulebook.law import Law
from gongji.law.rulebook.rulebook import FOREVER, Rulebook
from gongji.platform.installation import installed_areas
from gongji.portal import official_texts
from gongji.portal.calculator import last_day
from gongji.portal.inputs import cleaned, day_said, is_trace
from gongji.portal.law_terms import term
from gongji.portal.ui_texts import is_english
from gongji.refusals import Refusal
from gongji.units import date_of

REFUSED = {422: shapes.Refused, 429: shapes.Refused}
OF_AREA = {404: shapes.Refused, **REFUSED}

LIMIT = AnonRateThrottle(settings.GONGJI_API_RATE)
"""How often one caller may ask."""


class PublicInterface(NinjaAPI):
    """Ninja's interface, whose description says that refusals are problems."""

    def get_openapi_schema(self, **given: Any) -> OpenAPISchema:
        """The description, each refusal under the media type that it is answered with."""
        described = super().get_openapi_schema(**given)
        for operations in described["paths"].values():
            for operation in operations.values():
                for status, response in operation["responses"].items():
                    if int(status) >= 400:
                        content = response["content"]
                        content[problems.PROBLEM_JSON] = content.pop("application/json")
        return described


api = PublicInterface(
    title="gongji",
    version="1",
    description="Employee outpatient mutual aid: what the pool pays, and by which article. "
    "Amounts are yuan as text. No account is needed; each caller may ask so often a minute. "
    "Answers are in Chinese, or in English for `Accept-Language: en`.",
    docs=ReferencePage(),
    throttle=[LIMIT],
)


@api.exception_handler(Refusal)
def _refusal(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    status = 404 if refusal.code == "area_unknown" and request.method != "POST" else 422
    return problems.respond(request, problems.of_refusal(refusal, status))


class _Open(Exception):
    """A visit that lacks a figure or its level: the refusal with what is settled all the same."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body
        super().__init__(body["refusal"])


@api.exception_handler(_Open)
def _open(request: HttpRequest, found: _Open) -> HttpResponse:
    return problems.respond(request, found.body)


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return problems.respond(request, problems.of_form(error.errors[0]))


@api.exception_handler(HttpError)
def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problems.respond(request, problems.of_status(error.status_code))


@api.post(
    "/quote",
    response={200: shapes.Quote, **REFUSED, 422: shapes.RefusedQuote},
    summary="One visit settled",
)
def quote(request: HttpRequest, question: shapes.Question) -> dict[str, Any]:
    """Settle one visit and explain it, sentence by sentence, with the articles."""
    asked = quotes.asked(question)
    try:
        return quotes.quoted(asked)
    except Refusal as refusal:
        more = quotes.as_far(refusal, asked)
        if more:
            raise _Open(problems.of_refusal(refusal) | more) from None
        raise


@api.post("/quotes", response={200: shapes.Answers, **REFUSED}, summary="Many visits settled")
def batch(request: HttpRequest, asked: shapes.Questions) -> shapes.Answers:
    """Settle up to 100 visits, each by itself: every one is answered, with a quote or a problem.

    With their earlier visits they are 500 at most. How far a refused one comes, a quote of it alone
    tells.
    """
    return quotes.answers(asked.questions)


@api.get("/areas", response={200: list[shapes.AreaOut], **REFUSED}, summary="The areas")
def areas(request: HttpRequest) -> list[shapes.AreaOut]:
    """Every area with rules, the dates they cover, the documents."""
    _only(request)
    return [
        shapes.AreaOut(
            area=one.code,
            place=one.laws[-1].place,
            covered=one.covered(),
            documents=[_document(book) for book in installed_areas().library.books(one.code)],
        )
        for one in installed_areas().every({})
    ]


def _only(request: HttpRequest, *names: str) -> None:
    """An operation's query has no name that it does not read, or the answer would be another's.

    Refuses: field_unknown.
    """
    for name in request.GET:
        if name not in names and not is_trace(name):
            raise Refusal("field_unknown", name)


def _law_on(area: Area, name: str, text: str) -> tuple[Law, str]:
    """An area's law on the day that a query names, and that day; today's where it names none.

    Refuses: value_invalid, date_outside.
    """
    day = read_date(name, day_said(cleaned(text)) or last_day(area))
    try:
        return area.law(day), str(date_of(day))
    except Refusal as refusal:
        raise Refusal(refusal.code, name, refusal.values) from None


Code = Annotated[str, Path(pattern=r"^[0-9]{6}$", description="an area or a county of it")]
Day = Annotated[
    str, Query(description="YYYY-MM-DD; today, or the last day covered, where it is not given")
]


@api.get("/areas/{code}/rules", response={200: shapes.Rules, **OF_AREA}, summary="The law at a day")
def rules(request: HttpRequest, code: Code, at: Day = "") -> shapes.Rules:
    """Every figure of the law of an area at a day, with document, article, file and line."""
    _only(request, "at")
    area = installed_areas().area(code, {})
    law, day = _law_on(area, "at", at)
    return shapes.Rules(
        area=area.code,
        place=law.place,
        at=day,
        documents=[_document(book) for book in law.books],
        figures=[_figure(figure) for figure in figures(law)],
    )


def _figure(figure: Figure) -> shapes.FigureOut:
    value, unit = figure_value(figure.text)
    said = dataclasses.asdict(figure) | {"where": dict(figure.where)}
    return shapes.FigureOut(**said, value=value, unit=unit)


@api.get("/areas/{code}/facts", response={200: shapes.Facts, **OF_AREA}, summary="What to ask")
def facts(request: HttpRequest, code: Code, date: Day = "") -> shapes.Facts:
    """The facts, meters and parameters of an area on a day, as a JSON Schema of the question.

    Each fact says its form, its values with the law's words for them, and the benefits whose rules
    read it (`x-benefits`); `x-open` marks parameters that the documents leave open.
    """
    _only(request, "date")
    area = installed_areas().area(code, {})
    law, said = _law_on(area, "date", date)
    return shapes.Facts(
        area=area.code,
        place=term(law.place) if is_english() else law.place,
        at=said,
        rulebook=[book.label for book in law.books],
        question=question_schema(area, law, said),
    )


@api.get(
    "/areas/{code}/articles",
    response={200: list[shapes.DocumentText], **OF_AREA},
    summary="The documents, article by article",
)
def articles(request: HttpRequest, code: Code) -> list[shapes.DocumentText]:
    """Each article of an area's documents: the official text, what became of it in the rules."""
    _only(request)
    area = installed_areas().area(code, {})
    found = {book.id: book for law in area.laws for book in law.books}
    return [_text(official_texts.document(book)) for book in found.values()]


def _text(document: official_texts.Document) -> shapes.DocumentText:
    return shapes.DocumentText(
        document=_document(document.book),
        articles=[
            shapes.ArticleOut(
                article=one.name,
                chapter=one.chapter,
                title=one.title,
                text=list(one.paragraphs),
                disposition=one.disposition,
                note=one.note,
                keys=list(one.keys),
            )
            for one in document.articles
        ],
    )


def _document(book: Rulebook) -> shapes.Document:
    head = book.head
    return shapes.Document(
        rulebook=book.label,
        number=head.number,
        title=head.title,
        since=str(date_of(head.since)),
        until=None if head.until >= FOREVER - 1 else str(date_of(head.until)),
        source=book.source,
    )
