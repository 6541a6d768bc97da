"""What the pages show of an answer: sentences with their links, in the visitor's language."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.urls import reverse

from gongji.law.compile.citations import Cite, document_of
from gongji.law.explain.as_far import AsFar
from gongji.law.explain.sentences import Explanation, Sentence
from gongji.law.explain.show import supplied_names
from gongji.law.report import curve
from gongji.law.report.law_figures import OFFICIAL
from gongji.law.rulebook.rulebook import Rulebook
from gongji.portal import english, official_texts, refusal_words
from gongji.portal.calculation import CalculatedAnswer, Elsewhere
from gongji.portal.fields import OPENLY
from gongji.portal.inputs import SET, USED, Question
from gongji.portal.ui_texts import is_english, name
from gongji.refusals import Refusal

LABELS = {
    "area": "统筹区",
    "date": "就诊日期",
    "status": "参保状态",
    "level": "医院级别",
    "institution_kind": "机构类别",
    "prescriber_level": "处方机构级别",
    "benefit": "待遇",
    "institution": "医疗机构",
    "total": "总费用",
    "in_scope": "政策范围内费用",
    "birth_date": "出生日期",
}
"""What the fixed fields are called."""
ROWS = {"item": "项目", "quantity": "数量", "price": "单价"}
"""What the columns of a list of items are called."""


@dataclass(frozen=True)
class Link:
    """A citation that opens the article."""

    label: str
    url: str
    source: str = ""


def text_url(book: Rulebook, article: str) -> str:
    """Where an article stands in the text of its document."""
    area, date = book.id.split("@")
    base = reverse("portal:text", args=[area, date])
    return f"{base}#{quote(official_texts.anchor(article))}"


def links(cites: Iterable[Cite], books: Iterable[Rulebook]) -> list[Link]:
    """Citations as links, each article once, marked where not official."""
    books = tuple(books)
    found: dict[str, Link] = {}
    for cite in cites:
        label = f"{cite.document} {cite.article}"
        book = official_texts.book_cited(books, cite)
        url = text_url(book, cite.article) if book else ""
        source = "" if cite.source == OFFICIAL else cite.source
        found.setdefault(label, Link(label, url, source))
    return list(found.values())


def refusal_text(refusal: Refusal, labels: dict[str, str] | None = None, area: str = "") -> str:
    """The sentence of a refusal in words of the page; `area` is the area asked about."""
    home = refusal_words.area_of(area) if area else None
    field = refusal.field
    known = LABELS | ROWS | refusal_words.labels_of(home) | (labels or {})
    parts = (field, field.rpartition(".")[2], field.removeprefix(USED).removeprefix(SET))
    label = next((known[part] for part in parts if part in known), "")
    label = label or known.get(parts[-1].partition(".")[0], refusal_words.OF_THE_LINK)
    shown = refusal_words.in_words(refusal, name(label), home)
    return english.refusal(shown) if is_english() else refusal_words.sentence(shown)


def field_of(field: str, question: Question) -> str:
    """The name of the input that a refusal is about."""
    if field in question.used:
        return USED + field
    if field in question.figures:
        return SET + field
    return field


def error_of(refusal: Refusal, question: Question, labels: dict[str, str]) -> tuple[str, str]:
    """The input that a refusal is about and the sentence beside it."""
    field = field_of(refusal.field, question)
    if refusal.code == "parameter_missing":
        field = SET + refusal.field.split(".")[0]
    if refusal.code == "field_missing" and field == "in_scope":
        field = "total"
    return field, refusal_text(refusal, labels, question.get("area"))


@dataclass(frozen=True)
class ShownSentence:
    """A sentence as it is shown."""

    text: str
    links: list[Link]
    lang: str = ""


def said(sentence: Sentence, books: Iterable[Rulebook]) -> ShownSentence:
    """A sentence in the visitor's language; one without a form in it keeps its own."""
    text = english.sentence(sentence.text) if is_english() else sentence.text
    untold = is_english() and text == sentence.text
    return ShownSentence(text, links(sentence.cites, books), "zh-Hans" if untold else "")


def bars(answer: CalculatedAnswer) -> list[dict[str, Any]]:
    """The parts of the bar: where each begins and how wide it is, in thousandths of the cost."""
    total = answer.result.total_fen
    found: list[dict[str, Any]] = []
    before = 0
    for share in answer.shares:
        start = before * 1000 // total if total else 0
        before += share.amount_fen
        end = before * 1000 // total if total else 0
        found.append(
            {
                "code": share.code,
                "name": name(share.name),
                "fen": share.amount_fen,
                "x": start,
                "width": max(end - start, 2),
                "percent": _percent(share.amount_fen, total),
            }
        )
    return found


def _percent(part: int, whole: int) -> str:
    tenths = (part * 2000 + whole) // (2 * whole) if whole else 0
    return f"{tenths // 10}.{tenths % 10}%"


def elsewhere(answer: CalculatedAnswer) -> Iterator[dict[str, Any]]:
    """The rows of the comparison with other kinds of institution."""
    here = answer.result
    for other in answer.elsewhere:
        row: dict[str, Any] = {"level": name(other.level), "here": other.here, "reason": ""}
        if other.result is None:
            assert other.refusal
            row["reason"] = refusal_text(other.refusal, None, answer.question.get("area"))
        elif other.result.refusal:
            row["reason"] = english.REFUSALS.get(other.result.refusal, "") if is_english() else ""
            row["reason"] = row["reason"] or str(Refusal(other.result.refusal))
        else:
            row |= {"pool": other.result.pool_fen, "person": other.result.person_fen}
            row["more"] = here.person_fen - other.result.person_fen
            row["link"] = _there(answer.question, other)
        yield row


def _there(question: Question, other: Elsewhere) -> str:
    codes = {level: code for code, level in curve.LEVELS.items()}
    if other.level in codes:
        return question.with_facts(
            level=codes[other.level], institution_kind="", institution=""
        ).link()
    facts = {"institution_kind": "pharmacy", "prescriber_level": "1", "institution": ""}
    return question.with_facts(**facts).link()


def shown(answer: CalculatedAnswer) -> dict[str, Any]:
    """Everything the answer's template needs."""
    result, explanation = answer.result, answer.explanation
    books = result.law.books
    unofficial = dict.fromkeys((cite.source, cite.document) for cite in explanation.unofficial)
    return {
        "result": result,
        "answer": answer,
        "bars": bars(answer),
        "sentences": [said(sentence, books) for sentence in explanation.sentences],
        "readings": [(_metered(r.name, r.where), r.before, r.after) for r in result.readings],
        "rooms": [
            (
                name(room.kind),
                _metered(room.meter, room.where),
                room.limit_fen,
                room.used_fen,
                room.left_fen,
            )
            for room in answer.rooms
        ],
        "elsewhere": list(elsewhere(answer)),
        "doubts": [(doubt, links_of_doubt(doubt, books)) for doubt in explanation.doubts],
        "unofficial": unofficial,
        "supplied": [name(one) for one in supplied_names(explanation)],
        "conditions": [(fact, name(fact.name)) for fact in answer.conditions],
        "unsaid": any(fact.column in OPENLY for fact in answer.conditions),
        "documents": [(book, text_url(book, "")) for book in books],
    }


def shown_so_far(found: AsFar) -> dict[str, Any]:
    """What the template needs of a visit of which a part is open."""
    explanation = found.explanation
    books = explanation.result.law.books
    told = [one for one in explanation.sentences if one.kind not in ("open", "bounds")]
    rest = [one for one in explanation.sentences if one.kind in ("open", "bounds")]
    return {
        "least": found.least_fen,
        "most": found.most_fen,
        "total": explanation.result.total_fen,
        "sentences": [said(sentence, books) for sentence in told],
        "open": [said(sentence, books) for sentence in rest],
        "doubts": [(doubt, links_of_doubt(doubt, books)) for doubt in explanation.doubts],
    }


def shown_levels(found: Mapping[str, Explanation], question: Question) -> list[dict[str, Any]]:
    """What is paid at each level, for a visit that names none."""
    return [
        {
            "level": name(curve.LEVELS[level]),
            "pool": told.result.pool_fen,
            "person": told.result.person_fen,
            "link": question.with_facts(level=level).link(),
        }
        for level, told in found.items()
    ]


def links_of_doubt(doubt: Any, books: Iterable[Rulebook]) -> list[Link]:
    """The article that a doubt is about."""
    for book in books:
        if doubt in book.doubts.values():
            label = f"{document_of(book, doubt.article)} {doubt.article}"
            return [Link(label, text_url(book, doubt.article))]
    return []


def _metered(meter: str, where: str) -> str:
    shown = name(meter)
    return f"{shown}（{name(where)}）" if where else shown
