"""What goes in and out of the public interface; amounts are yuan as text with two decimals."""

from typing import Annotated, Any

from ninja import Schema
from pydantic import ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

MOST_EARLIER = 60
"""Earlier visits of one question."""
MOST_QUESTIONS = 100
MOST_VISITS = 500
"""Questions of one batch, and the visits that these have in all."""
TEXT_LENGTH = 200

Name = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^\S+$")]
Value = Annotated[str, StringConstraints(max_length=TEXT_LENGTH)]
Row = dict[Name, Value]
"""Texts by the column names of a visits file."""

QUOTE: JsonDict = {
    "facts": {
        "area": "430500",
        "date": "2023-02-01",
        "status": "active",
        "level": "3",
        "in_scope": "4000",
    },
    "used": {"year_deductible": "200"},
    "earlier": [{"date": "2023-01-05", "level": "1", "in_scope": "500"}],
}


class Question(Schema):
    """A visit to settle: its facts, what was used of meters before, figures for parameters."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": QUOTE})

    facts: Row = Field(
        description="columns of a visits file (docs/use/facts.md): area, date, status …"
    )
    used: Row = Field(default={}, description="meters used so far: code -> yuan")
    settings: Row = Field(default={}, description="figures for open parameters: code -> figure")
    earlier: list[Row] = Field(
        default=[],
        max_length=MOST_EARLIER,
        description="earlier visits, settled first; what they do not say is as in `facts`",
    )


class Cite(Schema):
    """Where a figure stands."""

    document: str
    article: str
    file: str
    line: int
    source: str


class Sentence(Schema):
    """One sentence of the explanation with its citations."""

    kind: str
    text: str
    cites: list[Cite]


class Meter(Schema):
    """A meter before and after the visit."""

    meter: str
    name: str
    where: str
    before: str
    after: str


class Doubt(Schema):
    """A question that the documents leave open, and the reading taken."""

    question: str
    reading: str
    other: str
    reason: str
    article: str


class Unread(Schema):
    """A fact that was told and that no rule of the benefit asks for."""

    name: str
    column: str


class ResolvedFact(Schema):
    """A fact as it counts, and the column that it comes from."""

    value: str
    name: str
    by: str


class ResolvedFacts(Schema):
    """What the rules took the visit for: where, the level that counts, the status that counts."""

    place: str
    level: ResolvedFact
    status: ResolvedFact


class UsedFigure(Schema):
    """One figure that the answer rests on: its value, its unit, the articles it stands in."""

    layer: str = Field(description="code of the layer, as in `layers`")
    kind: str = Field(description="deductible, rate, own_share, ceiling or band")
    value: str | None = Field(description="null: no limit")
    unit: str = Field(description="yuan or percent")
    meter: str = Field(description="code of the meter that it is held against")
    cites: list[Cite]
    supplied: list[str] = Field(description="the parameters of `settings` that it is worked out of")


class Quote(Schema):
    """A visit settled and explained, the same as `gongji quote --json`."""

    area: str = Field(description="the area whose rules hold")
    date: str
    benefit: str
    rulebook: list[str] = Field(description="the documents in force")
    resolved: ResolvedFacts
    total: str
    in_scope: str
    first_self_pay: str
    deductible: str
    layers: dict[str, str] = Field(description="what each layer pays, by code")
    pool_pays: str
    supplements: str
    institution_bears: str
    person_pays: str
    refusal: str = Field(description="the gate by which the pool does not pay, if one does")
    meters: list[Meter]
    figures: list[UsedFigure] = Field(description="every figure that the answer rests on")
    explanation: list[Sentence] = Field(description="in the caller's language")
    doubts: list[Doubt]
    unofficial: list[str] = Field(description="documents that are not official")
    supplied: list[str] = Field(description="figures of `settings` that counted")
    unread: list[Unread] = Field(description="facts told that no rule of the benefit reads")


class Refused(Schema):
    """Why a request is refused (RFC 9457), in the caller's language."""

    type: str = Field(description="where this kind of problem is described")
    title: str
    status: int
    detail: str = Field(description="one sentence")
    refusal: str = Field(description="the code of this kind of problem")
    field: str = Field(description="what in the request it is about, with points between the names")
    reason: str = Field(description="the same as `detail`")


class SoFar(Schema):
    """What is settled of a visit that lacks a figure, and between which bounds the rest is."""

    pool_pays_at_least: str
    pool_pays_at_most: str
    missing: list[str] = Field(description="parameters to give in `settings`: code or code.value")
    explanation: list[Sentence]


class RefusedQuote(Refused):
    """A quote that is refused: what is settled all the same, where a figure or a level lacks."""

    so_far: SoFar | None = Field(default=None, description="with `parameter_missing`")
    by_level: dict[str, Quote] | None = Field(
        default=None, description="with `level_missing`: the visit at each level"
    )


class Questions(Schema):
    """Questions to answer at once, each of the form of a quote's."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"questions": [QUOTE]}})

    questions: list[dict[str, Any]] = Field(
        min_length=1,
        max_length=MOST_QUESTIONS,
        description="each as in a quote; one of the wrong form is told by its index, "
        "the others are answered",
    )


class Answered(Schema):
    """What became of one question: a quote, or a problem."""

    index: int = Field(description="its place in `questions`, from 0")
    quote: Quote | None
    problem: Refused | None


class Answers(Schema):
    """What became of each question, in their order."""

    quoted: int
    refused: int
    answers: list[Answered]


class Document(Schema):
    """A document in force."""

    rulebook: str
    number: str
    title: str
    since: str
    until: str | None
    source: str


class AreaOut(Schema):
    """A pooling area, the dates that its rules cover, its documents."""

    area: str
    place: str
    covered: str
    documents: list[Document]


class FigureOut(Schema):
    """One figure of the law and where it stands."""

    section: str
    name: str
    item: str
    where: dict[str, str] = Field(description="the conditions under which it holds")
    text: str = Field(description="as the rulebook writes it")
    value: str | None = Field(description="null: no limit, or no single figure")
    unit: str = Field(description="yuan, percent, points, number; empty where it is no figure")
    document: str
    article: str
    file: str
    line: int
    source: str
    doubts: list[str]
    open: str


class Rules(Schema):
    """The law of an area at a day, figure by figure."""

    area: str
    place: str
    at: str
    documents: list[Document]
    figures: list[FigureOut]


class Facts(Schema):
    """What may be asked of an area on a day."""

    area: str
    place: str
    at: str
    rulebook: list[str]
    question: dict[str, Any] = Field(description="a JSON Schema of the question of a quote")


class ArticleOut(Schema):
    """An article: its official text where there is one, and what became of it."""

    article: str
    chapter: str
    title: str
    text: list[str]
    disposition: str
    note: str
    keys: list[str]


class DocumentText(Schema):
    """A document with its articles."""

    document: Document
    articles: list[ArticleOut]
