"""/api/v1: the operations, their limits a caller, their refusals."""

import dataclasses
from typing import Annotated, Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI, Path, Query
from ninja.errors import HttpError, ValidationError
from ninja.throttling import AnonRateThrottle

from gongji.api import shapes
from gongji.law.engine.visit import read_date
from gongji.law.explain.as_far import MISSING, AsFar
from gongji.law.explain.sentences import explain
from gongji.law.explain.show import as_json
from gongji.law.report.law_figures import figures
from gongji.law.rulebook.rulebook import FOREVER, Rulebook
from gongji.platform.installation import installed_areas
from gongji.portal import official_texts
from gongji.portal.calculation import at_each_level, settled, so_far
from gongji.portal.calculator import last_day
from gongji.portal.inputs import Question, cleaned, question_of
from gongji.refusals import Refusal
from gongji.units import date_of, yuan_text

REFUSED = {422: shapes.Refused, 429: shapes.Refused}
OF_AREA = {404: shapes.Refused, **REFUSED}

LIMIT = AnonRateThrottle(settings.GONGJI_API_RATE)
"""How often one caller may ask."""

api = NinjaAPI(
    title="gongji",
    version="1",
    description="Employee outpatient mutual aid: what the pool pays, and by which article. "
    "Amounts are yuan as text. No account is needed; each caller may ask so often a minute.",
    throttle=[LIMIT],
)


def _refuse(request: HttpRequest, code: str, field: str, reason: str, status: int) -> HttpResponse:
    body = {"refusal": code, "field": field, "reason": reason}
    return api.create_response(request, body, status=status)


def _told(refusal: Refusal) -> dict[str, Any]:
    """A refusal for programs, without the words of the command line."""
    field = "settings" if refusal.field == "--set" else refusal.field
    reason = str(refusal).partition("；可用 --")[0]
    return {"refusal": refusal.code, "field": field, "reason": reason}


@api.exception_handler(Refusal)
def _refusal(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    status = 404 if refusal.code == "area_unknown" and request.method != "POST" else 422
    return api.create_response(request, _told(refusal), status=status)


class _Open(Exception):
    """A visit that lacks a figure or its level: the refusal with what is settled all the same."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body
        super().__init__(body["refusal"])


@api.exception_handler(_Open)
def _open(request: HttpRequest, found: _Open) -> HttpResponse:
    return api.create_response(request, found.body, status=422)


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    first = error.errors[0]
    field = ".".join(str(part) for part in first["loc"] if part not in ("body", "question"))
    return _refuse(request, "value_invalid", field, str(first["msg"]), 422)


@api.exception_handler(HttpError)
def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    code = "rate_limited" if error.status_code == 429 else "value_invalid"
    status = 422 if error.status_code == 400 else error.status_code
    return _refuse(request, code, "", str(error), status)


@api.post(
    "/quote",
    response={200: shapes.Quote, **REFUSED, 422: shapes.RefusedQuote},
    summary="One visit settled",
)
def quote(request: HttpRequest, question: shapes.Question) -> dict[str, Any]:
    """Settle one visit and explain it, sentence by sentence, with the articles."""
    asked = question_of(
        _clean(question.facts),
        _clean(question.used),
        _clean(question.settings),
        tuple(_clean(row) for row in question.earlier),
    )
    try:
        return as_json(explain(settled(asked)[1][-1]))
    except Refusal as refusal:
        more = _as_far(refusal, asked)
        if more:
            raise _Open(_told(refusal) | more) from None
        raise


def _as_far(refusal: Refusal, question: Question) -> dict[str, Any]:
    """What is settled of a visit that lacks a figure, the bounds; or the visit at each level."""
    if refusal.code == MISSING:
        found = so_far(question)
        return {"so_far": _so_far(found)} if found else {}
    if refusal.code == "level_missing" and not refusal.field.startswith("earlier."):
        told = at_each_level(question).items()
        return {"by_level": {level: as_json(explanation) for level, explanation in told}}
    return {}


def _so_far(found: AsFar) -> dict[str, Any]:
    return {
        "pool_pays_at_least": yuan_text(found.least_fen),
        "pool_pays_at_most": yuan_text(found.most_fen),
        "missing": list(found.missing),
        "explanation": as_json(found.explanation)["explanation"],
    }


def _clean(row: dict[str, str]) -> dict[str, str]:
    given = {cleaned(name): cleaned(text) for name, text in row.items()}
    return {name: text for name, text in given.items() if text}


@api.get("/areas", response={200: list[shapes.AreaOut], 429: shapes.Refused}, summary="The areas")
def areas(request: HttpRequest) -> list[shapes.AreaOut]:
    """Every area with rules, the dates they cover, the documents."""
    return [
        shapes.AreaOut(
            area=one.code,
            place=one.laws[-1].place,
            covered=one.covered(),
            documents=[_document(book) for book in installed_areas().library.books(one.code)],
        )
        for one in installed_areas().every({})
    ]


Code = Annotated[str, Path(pattern=r"^[0-9]{6}$", description="an area or a county of it")]
Day = Annotated[
    str, Query(description="YYYY-MM-DD; today, or the last day covered, where it is not given")
]


@api.get("/areas/{code}/rules", response={200: shapes.Rules, **OF_AREA}, summary="The law at a day")
def rules(request: HttpRequest, code: Code, at: Day = "") -> shapes.Rules:
    """Every figure of the law of an area at a day, with document, article, file and line."""
    area = installed_areas().area(code, {})
    day = read_date("at", cleaned(at) or last_day(area))
    law = area.law(day)
    return shapes.Rules(
        area=area.code,
        place=law.place,
        at=str(date_of(day)),
        documents=[_document(book) for book in law.books],
        figures=[
            shapes.FigureOut(**dataclasses.asdict(figure) | {"where": dict(figure.where)})
            for figure in figures(law)
        ],
    )


@api.get(
    "/areas/{code}/articles",
    response={200: list[shapes.DocumentText], **OF_AREA},
    summary="The documents, article by article",
)
def articles(request: HttpRequest, code: Code) -> list[shapes.DocumentText]:
    """Each article of an area's documents: the official text, what became of it in the rules."""
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
        rulebook=book.id,
        number=head.number,
        title=head.title,
        since=str(date_of(head.since)),
        until=None if head.until >= FOREVER - 1 else str(date_of(head.until)),
        source=book.source,
    )
