"""The sentences of a month's credit and of a year's clearing, each with the articles behind it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, NamedTuple

from gongji.law.accounts.check_accounts import values_of
from gongji.law.accounts.clearing import MONTHS, Statement
from gongji.law.accounts.credits import CreditCase, CreditPlan, MonthCredit
from gongji.law.accounts.roster import month_name
from gongji.law.compile.cells import value_axes
from gongji.law.compile.citations import Cite, Cited, doubts_of, own_note, said_source
from gongji.law.compile.grounds import Ground, ground
from gongji.law.explain.sentences import Sentence, yuan
from gongji.law.explain.show import cited
from gongji.law.kernel import accrue
from gongji.law.kernel.calendar import NO_DAY, month_of
from gongji.law.rulebook.account_provisions import EVENTS, FUNDS
from gongji.law.rulebook.law import Law
from gongji.law.rulebook.provision_kinds import ByAxis, Doubt, FactDefinition
from gongji.law.rulebook.rulebook import OFFICIAL
from gongji.refusals import REFUSALS
from gongji.units import WHOLE, show_ppm

EVENT_NAMES = {EVENTS["退休手续"]: "办结退休手续", EVENTS["缴满年限"]: "缴满规定年限"}
FUND_NAMES = {code: name for name, code in FUNDS.items()}


@dataclass(frozen=True)
class Told:
    """What is said of a result: sentences, and the doubts and supplied figures they rest on."""

    law: Law
    sentences: tuple[Sentence, ...]
    doubts: tuple[Doubt, ...]
    supplied: tuple[str, ...]

    @property
    def cites(self) -> tuple[Cite, ...]:
        """Every citation once."""
        return tuple(dict.fromkeys(c for s in self.sentences for c in s.cites))

    @property
    def rulebook(self) -> str:
        """The documents in force, by id; a user's own with its hash."""
        return self.law.labels

    @property
    def articles(self) -> str:
        """Document and article of every citation, each once."""
        return "；".join(dict.fromkeys(f"{c.document} {c.article}" for c in self.cites))

    def notes(self) -> list[str]:
        """Doubts, figures that are not official, figures that were supplied."""
        notes = [
            f"【存疑】{doubt.question}？采用：{doubt.reading}。另解：{doubt.other}。"
            for doubt in self.doubts
        ]
        said = [(said_source(c.source), c.document) for c in self.cites]
        sources = dict.fromkeys(one for one in said if one[0] != OFFICIAL)
        notes += [
            f"【{source}】用到{source}的数字，出自：{document}。" for source, document in sources
        ]
        if own := own_note(self.cites):
            notes.append(f"【自备】{own}")
        if self.supplied:
            notes.append(f"【设定】由使用者给出的参数：{'、'.join(self.supplied)}。")
        return notes

    def lines(self) -> list[str]:
        """Sentences with citations, then notes."""
        return [s.text + cited(s.cites) for s in self.sentences] + self.notes()

    def as_text(self) -> str:
        """One cell of a file, a sentence a line."""
        return "\n".join(self.lines())

    def as_json(self) -> list[dict[str, Any]]:
        """The sentences with their citations, for machines."""
        return [
            {
                "kind": s.kind,
                "text": s.text,
                "cites": [
                    {"document": c.document, "article": c.article, "file": c.file, "line": c.line}
                    for c in s.cites
                ],
            }
            for s in self.sentences
        ]


def _told(
    law: Law, sentences: list[Sentence], figures: Iterable[Cited], grounds: Iterable[Ground]
) -> Told:
    figures = list(figures)
    doubts = [d for cited in figures for d in cited.doubts] + [d for g in grounds for d in g.doubts]
    supplied = [path for cited in figures for path in cited.supplied]
    unique = {(doubt.article, doubt.question): doubt for doubt in doubts}
    return Told(law, tuple(sentences), tuple(unique.values()), tuple(dict.fromkeys(supplied)))


class Amounts(NamedTuple):
    """The amounts in the sentences of a credit, as text."""

    base: str
    used: str
    credit: str
    pool: str


PLACES = Amounts(*"\ue000\ue001\ue002\ue003")
"""Marks (of Unicode's private use) where amounts go, so that cases can share their sentences."""


def amounts_of(result: MonthCredit) -> Amounts:
    """The amounts of a credit."""
    amounts = (result.base_fen, result.used_fen, result.credit_fen, result.pool_fen)
    return Amounts(*map(yuan, amounts))


def fill(text: str, amounts: Amounts) -> str:
    """A text with PLACES, its amounts filled in."""
    for place, amount in zip(PLACES, amounts, strict=True):
        text = text.replace(place, amount)
    return text


def explain_credit(result: MonthCredit, amounts: Amounts | None = None) -> Told:
    """The sentences of a month's credit, with its own amounts or with PLACES."""
    case, amounts = result.case, amounts or amounts_of(result)
    plan = case.plan
    start = case.start.ground if case.start else None
    found = [start, plan.stop, *plan.contributions]
    grounds = [ground(*pair) for pair in found if pair is not None]
    month = month_name(case.given.month)
    sentences = [
        Sentence("facts", f"{month}，{case.law.place}，{_who(case)}。"),
        *_start(case),
    ]
    if result.refusal:
        cites = (ground(*plan.stop).cite,) if plan.stop else ()
        sentences.append(Sentence("refusal", f"本月不划入：{REFUSALS[result.refusal]}。", cites))
    else:
        sentences += [*_credit(result, amounts), *_pool(plan, amounts)]
    told = _told(case.law, sentences, plan.figures.values(), grounds)
    return replace(told, doubts=told.doubts + tuple(_of_age(case)))


def _of_age(case: CreditCase) -> Iterator[Doubt]:
    """Doubts of the month in which somebody reaches an age that the credit turns on."""
    born = case.given.birth_day
    if born == NO_DAY or not case.plan.credit:
        return
    rests = set().union(*(value_axes(case.law, v) for v in values_of(case.plan.credit[1])))
    for name, provision in case.law.all(FactDefinition).items():
        for bound in case.law.facts[name].bands.values() if name in rests else ():
            if isinstance(bound, int) and month_of(born) + 12 * bound == case.given.month:
                yield from doubts_of(provision.book, provision.value.doubts)


def _who(case: CreditCase) -> str:
    cell, plan = case.cell, case.plan
    parts = [cell["参保状态"]]
    table = plan.credit[1].amount if plan.credit and not plan.stop else None
    if isinstance(table, ByAxis) and table.axis != "参保状态":
        known = case.given.birth_day != NO_DAY or case.law.facts[table.axis].source != "年龄"
        parts.append(cell[table.axis] if known else f"{cell[table.axis]}（未给出生日期）")
    if cell["缴费档次"] != "无":
        parts.append(f"{cell['缴费档次']}灵活就业")
    return "、".join(parts)


def _start(case: CreditCase) -> Iterator[Sentence]:
    if case.start is None:
        return
    start = case.start
    event = month_name(case.given.events[start.event])
    after = "次月" if start.months_after else "当月"
    status = "退休人员" if case.cell["参保状态"] == "退休" else "在职人员"
    text = f"{event}{EVENT_NAMES[start.event]}，自{after}起按退休人员划入；本月按{status}。"
    cites = (ground(*start.ground).cite,) if start.ground else ()
    yield Sentence("status", text, cites)


def _credit(result: MonthCredit, amounts: Amounts) -> Iterator[Sentence]:
    plan = result.case.plan
    assert plan.credit
    fund = FUND_NAMES[plan.credit[1].fund]
    credited = f"划入个人账户{amounts.credit}，由{fund}划入。"
    if accrue.RATE not in plan.figures:
        yield Sentence("credit", f"每月定额{credited}", _cites(plan.figures.values()))
        return
    own = plan.code[accrue.BASE] == accrue.OWN_BASE
    name = "缴费基数" if own else "基数"
    if own and result.used_fen != result.base_fen:
        bound = "低于下限" if result.used_fen > result.base_fen else "高于上限"
        cites = _cites(plan.figures[n] for n in (accrue.FLOOR, accrue.CAP) if n in plan.figures)
        yield Sentence("base", f"缴费基数{amounts.base}{bound}，按{amounts.used}。", cites)
    unit = "，四舍五入到元" if plan.code[accrue.UNIT] > 1 else ""
    rate = show_ppm(plan.code[accrue.RATE])
    text = f"{name}{amounts.used}×{rate}{unit}，{credited}"
    yield Sentence("credit", text, _cites(plan.figures.values()))


def _cites(figures: Iterable[Cited]) -> tuple[Cite, ...]:
    by_article = {(c.document, c.article): c for cited in figures for c in cited.cites}
    return tuple(by_article.values())


def _pool(plan: CreditPlan, amounts: Amounts) -> Iterator[Sentence]:
    paid = plan.contributions
    if paid:
        names = "、".join(provision.name for provision, _ in paid)
        rate = show_ppm(plan.code[accrue.POOL_RATE])
        text = f"{names}按缴费基数的{rate}，{amounts.pool}进入统筹基金。"
        yield Sentence("pool", text, tuple(ground(*found).cite for found in paid))


def explain_statement(result: Statement) -> Told:
    """The sentences of an institution's year."""
    terms, rule = result.terms, result.terms.rule
    grounds = [ground(*terms.clearing), ground(terms.payment[0], terms.capitation)]
    if result.given.manual_fen:
        grounds.append(ground(*terms.payment))
    if rule.direct and result.given.settled == 0:
        grounds.append(ground(terms.clearing[0], rule.direct))
    sentences = [*_prepaid(result), *_used(result), *_kept(result)]
    return _told(terms.law, sentences, [terms.ceiling], grounds)


def _prepaid(result: Statement) -> Iterator[Sentence]:
    terms, given = result.terms, result.given
    ceiling, share = yuan(terms.ceiling.figure), show_ppm(terms.capitation.share)
    yield Sentence(
        "ceiling",
        f"{given.year}年，{terms.law.place}：{terms.capitation.benefit}年度最高支付限额{ceiling}。",
        terms.ceiling.cites,
    )
    months = []
    paid = list(zip(MONTHS, given.heads, result.monthly_fen, strict=True))
    for (heads, fen), run in groupby(paid, key=lambda row: row[1:]):
        numbers = [row[0] for row in run]
        if heads:
            span = f"{numbers[0]}月" if len(numbers) == 1 else f"{numbers[0]}—{numbers[-1]}月每月"
            months.append(f"{span}{heads:,}人{yuan(fen)}")
    yield Sentence(
        "prepaid",
        f"按月预拨＝限额×{share}×当月定点人数÷12：{'，'.join(months) or '全年无定点人员'}；"
        f"全年定额包干{yuan(result.prepaid_fen)}。",
        (ground(terms.payment[0], terms.capitation).cite,),
    )


def _used(result: Statement) -> Iterator[Sentence]:
    given = result.given
    if given.manual_fen:
        yield Sentence(
            "charged_back",
            f"零星报销{yuan(given.manual_fen)}在定额包干费用中扣回，"
            f"实付定额{yuan(result.budget_fen)}。",
            (ground(result.terms.payment[0], result.terms.capitation).cite,),
        )
    band = result.terms.rule.bands[result.band]
    text = (
        f"使用{yuan(given.spent_fen)}÷{yuan(result.budget_fen)}，使用率{show_ppm(result.usage_ppm)}"
        if result.budget_fen
        else f"没有定额，使用{yuan(given.spent_fen)}"
    )
    text += f"；结余{yuan(result.balance_fen)}，本档由机构留用{show_ppm(band.kept)}。"
    yield Sentence("band", text, (ground(result.terms.clearing[0], band).cite,))


def _kept(result: Statement) -> Iterator[Sentence]:
    terms, rule, given = result.terms, result.terms.rule, result.given
    if rule.direct and given.settled:
        rate = given.direct_settled * WHOLE // given.settled
        points = show_ppm(result.lost_ppm).removesuffix("%")
        text = f"直接结算{given.direct_settled:,}÷{given.settled:,}＝{show_ppm(rate)}，"
        text += (
            f"低于{show_ppm(rule.direct.below)}，留用比例降低{points}个百分点。"
            if result.lost_ppm
            else f"不低于{show_ppm(rule.direct.below)}，不降低。"
        )
        yield Sentence("direct", text, (ground(terms.clearing[0], rule.direct).cite,))
    if result.borne_fen:
        cite = ground(*terms.clearing, rule.over_article).cite
        text = f"超出定额的{yuan(result.borne_fen)}由机构承担，统筹基金不予支付。"
        yield Sentence("borne", text, (cite,))
        return
    yield Sentence(
        "kept",
        f"机构留用{show_ppm(result.kept_ppm)}，{yuan(result.kept_fen)}；"
        f"退回统筹基金{yuan(result.returned_fen)}。",
        (ground(*terms.clearing).cite,),
    )
