"""The sentences of one result, in the order of the arithmetic.

Every sentence that states a figure carries the citations of the cells it touched. This module
reads results and their citation twins; it computes no benefit.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gongji.law.compile.citations import cite as citation
from gongji.law.compile.program import Cite, Cited
from gongji.law.compile.retirement import BENEFIT, starts_of
from gongji.law.engine.engine import Result
from gongji.law.engine.visit import WAITS, counting_level
from gongji.law.explain.facts_told import Unread, shown_facts, unread_facts
from gongji.law.explain.gate_sentences import HANDED_ON, Passed, borne, refused
from gongji.law.explain.layer_sentences import Layers
from gongji.law.explain.sentence import Sentence, yuan
from gongji.law.rulebook import provision_kinds
from gongji.law.rulebook.account_provisions import EVENTS
from gongji.law.rulebook.provision_kinds import Doubt, Place
from gongji.law.rulebook.vocabulary import LEVELS, NO_LEVEL
from gongji.units import date_of, show_ppm

__all__ = ["Explanation", "Sentence", "explain", "yuan"]

_EVENT_WORDS = {"retired_month": "办结退休手续", "years_complete_month": "缴满规定年限"}
assert set(_EVENT_WORDS) == set(EVENTS.values())


@dataclass(frozen=True, eq=False, repr=False)
class Explanation:
    """All that is said of one result; `unread` are facts that no rule of the benefit asks for."""

    result: Result
    sentences: tuple[Sentence, ...]
    doubts: tuple[Doubt, ...]
    unofficial: tuple[Cite, ...]
    supplied: tuple[str, ...]
    unread: tuple[Unread, ...] = ()


def explain(result: Result, whole: bool = True) -> Explanation:
    """The explanation of a result, settled or refused; not `whole` where layers are still open.

    Ensures: each figure of the result appears in a sentence with the article behind it.
    """
    doubts: list[Doubt] = []
    sentences = [_opening(result), *_status(result, doubts)]
    if result.refusal not in HANDED_ON:
        sentences += _routes(result, doubts)
    if result.refusal:
        assert result.gate
        doubts += result.gate.doubts
        sentences += [*_scope(result), *refused(result)]
    else:
        passed, layers = Passed(result), Layers(result, whole)
        sentences += [*_place(result, doubts), *passed.sentences(), *_scope(result)]
        sentences += layers.sentences()
        doubts += [*passed.doubts, *layers.doubts]
    unread = tuple(unread_facts(result))
    if unread:
        sentences.append(Sentence("unread", _unread(unread)))
    sentences.append(_closing(result))
    return Explanation(
        result,
        tuple(sentences),
        tuple({(d.article, d.question): d for d in doubts}.values()),
        tuple(c for c in dict.fromkeys(_cites(sentences)) if c.source not in ("官方",)),
        tuple(dict.fromkeys(path for cited in _figures(result) for path in cited.supplied)),
        unread,
    )


def _opening(result: Result) -> Sentence:
    visit, law = result.visit, result.law
    name = law.benefit_name(visit.benefit)
    books = "、".join(f"{book.head.number}" for book in law.books)
    provision = law.all(provision_kinds.Benefit).get(name)
    cites: tuple[Cite, ...] = ()
    if provision and visit.benefit != "ordinary":
        cites = (citation(provision.book, provision.value.article, provision.value.node),)
    facts = shown_facts(result)
    told = f"（{facts}）" if facts else ""
    return Sentence(
        "facts",
        f"{date_of(visit.day)}，{law.place}，{name}{told}。"
        f"总费用{yuan(result.total_fen)}，其中政策范围内费用{yuan(result.in_scope_fen)}。"
        f"适用文件：{books}。",
        cites,
    )


def _status(result: Result, doubts: list[Doubt]) -> Iterator[Sentence]:
    """That a registration as retired does not count yet."""
    waits = result.visit.facts.get(WAITS)
    for start in starts_of(result.law, BENEFIT):
        if start.event != waits:
            continue
        month = result.visit.facts[start.event]
        assert isinstance(month, int)
        after = "次月" if start.months_after else "当月"
        text = f"{month // 12:04d}-{month % 12 + 1:02d}{_EVENT_WORDS[start.event]}"
        text += f"，退休待遇自{after}起；本次仍按在职人员。"
        cites: tuple[Cite, ...] = ()
        if start.ground:
            provision, rule = start.ground
            cites = (citation(provision.book, rule.article, rule.node),)
            doubts += (provision.book.doubts[name] for name in rule.doubts)
        yield Sentence("status", text, cites)


def _place(result: Result, doubts: list[Doubt]) -> Iterator[Sentence]:
    """Whose level counts at a pharmacy and for an Internet hospital."""
    facts = result.visit.facts
    pharmacy, parent = facts.get("institution_kind", 0), facts.get("parent_level", 0)
    for provision in result.law.all(Place).values() if pharmacy or parent else ():
        place, book = provision.value, provision.book
        level = tuple(LEVELS)[counting_level(result.visit, place.own_level)]
        if level == NO_LEVEL:
            continue  # Bought without a prescription: no level counts, nor is one asked for.
        if pharmacy:
            whose = "定点零售药店" if place.own_level else f"开具处方的{level}定点医疗机构"
            text, article = f"在药店购药，按{whose}的标准结算。", place.article
            doubts += (book.doubts[name] for name in place.doubts)
        else:
            text, article = f"互联网医院按其依托的{level}实体医疗机构的标准结算。", place.internet
        cites = (citation(book, article, place.node),) if article else ()
        yield Sentence("place", text, cites)


def _routes(result: Result, doubts: list[Doubt]) -> Iterator[Sentence]:
    for name, cite, found in result.program.routes:
        doubts += found
        yield Sentence("route", f"{name}：按{result.program.benefit}的规定结算。", (cite,))


def _scope(result: Result) -> Iterator[Sentence]:
    outside = result.total_fen - result.in_scope_fen - result.first_self_pay_fen
    if result.first_self_pay_fen:
        provision = result.law.all(provision_kinds.Benefit)[result.program.benefit]
        own = provision.value.first_self_pay
        assert own
        yield Sentence(
            "first_self_pay",
            f"先行自付{show_ppm(own.share)}，即{yuan(result.first_self_pay_fen)}，由个人负担。",
            (citation(provision.book, own.article, own.node),),
        )
    if outside:
        yield Sentence("outside", f"政策范围外费用{yuan(outside)}，由个人负担。")


def _unread(unread: Iterable[Unread]) -> str:
    names = "、".join(fact.name for fact in unread)
    return f"这项待遇没有规定读取的事实：{names}；它们不影响本次结果。"


def _closing(result: Result) -> Sentence:
    parts = [f"统筹基金支付{yuan(result.pool_fen)}"]
    if result.supplements_fen:
        parts.append(f"补充保障支付{yuan(result.supplements_fen)}")
    if result.borne_fen:
        parts.append(f"定点医疗机构承担{yuan(result.borne_fen)}")
    account, left = result.paid_by(provision_kinds.ACCOUNT), yuan(result.person_fen)
    mine = borne(result) == "由个人负担"
    parts.append(f"个人负担{left}" if mine else f"其余{left}{borne(result)}")
    if account:
        parts.append(f"其中个人账户支付{yuan(account)}")
    return Sentence("total", "合计：" + "，".join(parts) + "。")


def _figures(result: Result) -> Iterator[Cited]:
    for step in result.steps:
        yield step.note.rate
        yield from (note.cited for note in step.note.limits.values())


def _cites(sentences: Iterable[Sentence]) -> Iterator[Cite]:
    for sentence in sentences:
        yield from sentence.cites
