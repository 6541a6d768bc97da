"""What goes in and out of the public interface; amounts are yuan as text with two decimals."""

from typing import Annotated

from ninja import Schema
from pydantic import ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

Name = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^\S+$")]
Value = Annotated[str, StringConstraints(max_length=200)]
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
        max_length=60,
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


class Quote(Schema):
    """A visit settled and explained, the same as `gongji quote --json`."""

    area: str
    date: str
    benefit: str
    rulebook: list[str]
    total: str
    in_scope: str
    first_self_pay: str
    deductible: str
    layers: dict[str, str]
    pool_pays: str
    supplements: str
    institution_bears: str
    person_pays: str
    refusal: str
    meters: list[Meter]
    explanation: list[Sentence]
    doubts: list[Doubt]
    unofficial: list[str]
    supplied: list[str]
    unread: list[Unread]


class Refused(Schema):
    """Why a request is refused: a code, the field it is about, one sentence."""

    refusal: str
    field: str
    reason: str


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
    where: dict[str, str]
    text: str
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
