"""What the pages show of an answer: sentences with their links, in the visitor's language."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.urls import reverse

from gongji.law.compile.citations import Cite, document_of
from gongji.law.explain.as_far import AsFar
from gongji.law.explain.gate_sentences import BORNE_BY, HANDED_ON, borne
from gongji.law.explain.sentences import Explanation, Sentence
from gongji.law.explain.show import supplied_names
from gongji.law.report import curve
from gongji.law.report.law_figures import OFFICIAL
from gongji.law.rulebook.provision_kinds import Parameter
from gongji.law.rulebook.rulebook import Rulebook
from gongji.law.rulebook.vocabulary import Fact
from gongji.portal import english, english_provisions, official_texts, refusal_words
from gongji.portal.calculation import CalculatedAnswer, Elsewhere
from gongji.portal.fields import OPENLY
from gongji.portal.inputs import SET, USED, Question
from gongji.portal.outcomes import QuestionOutcome, WayToBePaid
from gongji.portal.ui_texts import is_english, name, say
from gongji.refusals import Refusal
from gongji.units import Fen

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
    percents = _percents([share.amount_fen for share in answer.shares], total)
    for share, percent in zip(answer.shares, percents, strict=True):
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
                "percent": percent,
            }
        )
    return found


def _percents(parts: list[Fen], whole: Fen) -> list[str]:
    """Parts of a whole in tenths of a percent that add up to it, by the largest remainders.

    Shape:   of equal remainders the first is rounded up.
    """
    if not whole:
        return ["0.0%" for _ in parts]
    tenths = [part * 1000 // whole for part in parts]
    missing = (sum(parts) * 1000 + whole // 2) // whole - sum(tenths)
    by_rest = sorted(range(len(parts)), key=lambda n: (-(parts[n] * 1000 % whole), n))
    for number in by_rest[:missing]:
        tenths[number] += 1
    return [f"{one // 10}.{one % 10}%" for one in tenths]


def reason_text(gate: str) -> str:
    """Why the pool does not pay, in the visitor's language."""
    reason = english.REFUSALS.get(gate, "") if is_english() else ""
    return reason or refusal_words.sentence(Refusal(gate))


def elsewhere(answer: CalculatedAnswer) -> Iterator[dict[str, Any]]:
    """The rows of the comparison with other kinds of institution."""
    here = answer.result
    for other in answer.elsewhere:
        row: dict[str, Any] = {"level": name(other.level), "here": other.here, "reason": ""}
        if other.result is None:
            assert other.refusal
            row["reason"] = refusal_text(other.refusal, None, answer.question.get("area"))
        elif other.result.refusal:
            row["reason"] = reason_text(other.result.refusal)
        else:
            row |= {"pool": other.result.pool_fen, "person": other.result.person_fen}
            row["more"] = here.person_fen - other.result.person_fen
            row["link"] = _there(answer.question, other)
        yield row


def _differing(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows, or none where each gives the same reason why nothing is paid."""
    reasons = {row["reason"] for row in rows}
    return [] if len(reasons) == 1 and all(reasons) else rows


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
        "elsewhere_borne": say(borne(result)) if result.refusal in BORNE_BY else "",
        "handed_on": result.refusal in HANDED_ON,
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
        "elsewhere": _differing(list(elsewhere(answer))),
        "doubts": [(doubt, links_of_doubt(doubt, books)) for doubt in explanation.doubts],
        "unofficial": unofficial,
        "supplied": [name(one) for one in supplied_names(explanation)],
        "conditions": [_condition(fact) for fact in answer.conditions if fact.column not in OPENLY],
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
        "figures": list(_figures(found)),
        "doubts": [(doubt, links_of_doubt(doubt, books)) for doubt in explanation.doubts],
    }


def _figures(found: AsFar) -> Iterator[tuple[str, str]]:
    """The figures that a visit lacks: the name of each and what its rulebook says of it."""
    known = {p.value.code: (n, p.value.note) for n, p in _parameters(found).items()}
    for code in dict.fromkeys(path.split(".")[0] for path in found.missing):
        named, note = known[code]
        yield name(named), english_provisions.words(note) if is_english() else note


def _parameters(found: AsFar) -> Mapping[str, Any]:
    return found.explanation.result.law.all(Parameter)


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


WAYS = {
    ("in_benefit_period", "true"): "在待遇享受期内",
    ("designated", "true"): "到定点医药机构看",
    ("selected", "true"): "到选定的那家机构看",
    ("referred", "true"): "由选定的机构开转诊",
    ("offsite", ""): "在参保地看",
    ("offsite", "filed"): "先办异地就医备案",
    ("direct", "true"): "在定点医药机构当场结算",
    ("advance", "true"): "第三人不支付或者找不到第三人的，由基金先行支付",
    ("has_account", "true"): "建立了职工医保个人账户",
    ("qualified", "true"): "到纳入门诊统筹的药店买",
    ("in_agreement", "true"): "药品在协议期内",
    ("benefit", "dual_channel"): "买的是“双通道”管理药品",
    ("prescriber_level", "any"): "有定点医疗机构开的处方",
    ("prescriber_level", "1"): "有社区、卫生院（一级）开的处方",
    ("prescriber_level", "2"): "有县医院（二级）开的处方",
    ("prescriber_level", "3"): "有市州医院（三级）开的处方",
    ("level", "1"): "到社区、卫生院（一级）看",
    ("level", "2"): "到县医院（二级）看",
    ("level", "3"): "到市州医院（三级）看",
    ("third_party", "false"): "不是应当由第三人负担的",
    ("inpatient", "false"): "不在住院期间",
    ("admitted", "false"): "没有转入住院",
    ("other_fund", "false"): "没有由其他基金支付",
    ("paid_by_account", "false"): "没有用个人账户付过",
    ("public_health", "false"): "不是应当由公共卫生负担的",
    ("abroad", "false"): "在境内看",
    ("wellness", "false"): "不是保健、整形美容",
    ("excluded_by_law", "false"): "不属于法律法规规定不予支付的",
}
"""What a person does, or how it would have to be, for the pool to pay."""


def _condition(fact: Fact) -> str:
    """What a payment rests on, as a person would say it."""
    return say(WAYS.get((fact.column, "true"), "")) or name(fact.name)


def _way(column: str, value: str, labels: Mapping[str, str]) -> str:
    said = WAYS.get((column, value))
    if said:
        return say(said)
    shown = {"true": "是", "false": "否"}.get(value, value)
    return f"{name(labels.get(column, column))}{say('：')}{name(labels.get(shown, shown))}"


def shown_ways(found: Iterable[WayToBePaid], area: str) -> list[dict[str, Any]]:
    """How a visit that the pool refuses would be paid, and what it would then come to."""
    labels = refusal_words.labels_of(refusal_words.area_of(area))
    return [
        {"label": say("，并且").join(_way(*change, labels) for change in way.changes)}
        | shown_outcome(way.outcome)
        for way in found
    ]


def shown_outcome(found: QuestionOutcome) -> dict[str, Any]:
    """What one of several outcomes is: figures or bounds, or why nothing is paid."""
    shown: dict[str, Any] = {"link": found.question.link(), "reason": ""}
    if found.refusal is not None:
        return shown | {"reason": refusal_text(found.refusal, None, found.question.get("area"))}
    if found.gate:
        shown["reason"] = reason_text(found.gate)
    return shown | {
        "least": found.least_fen,
        "most": found.most_fen,
        "person": found.person_fen,
        "within": found.within,
    }


def links_of_doubt(doubt: Any, books: Iterable[Rulebook]) -> list[Link]:
    """The article that a doubt is about."""
    for book in books:
        if doubt in book.doubts.values():
            label = f"{document_of(book, doubt.article)} {doubt.article}"
            return [Link(label, text_url(book, doubt.article))]
    return []


def _metered(meter: str, where: str) -> str:
    shown = name(meter)
    return f"{shown}{say('（')}{name(where)}{say('）')}" if where else shown
