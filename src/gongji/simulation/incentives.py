"""What a rule invites before it is in force: found by search over short histories of one person.

A history is settled as it is and as it would be with one thing done otherwise: a visit split or
joined, spread over months or gathered in one, put off to January or brought forward from it, at
another level or a pharmacy, under another benefit, after retiring, with another value of a fact
that the area's documents define (签约, a class of institution).
Where the person then bears less for the same care, that is an incentive; the largest of each kind
is told as a worked example. Whether it is meant by the law is for its reader to judge.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

from gongji.law.compile.cells import offered_benefits
from gongji.law.engine.amendment import figures_by_path
from gongji.law.engine.area import Area
from gongji.law.engine.engine import Result, settle
from gongji.law.engine.person_meters import Meters
from gongji.law.engine.visit import read_visit
from gongji.law.explain.facts_told import columns_read
from gongji.law.explain.sentences import explain
from gongji.law.explain.show import cited_alone
from gongji.law.rulebook.figure_paths import unit_of
from gongji.law.rulebook.law import Law
from gongji.law.rulebook.vocabulary import CHOICE, FLAG
from gongji.refusals import Refusal
from gongji.simulation.reforms import Side
from gongji.units import FEN_PER_YUAN, WHOLE, Fen, date_of, parse_fen, yuan_text

Visit = Mapping[str, str]
History = tuple[Visit, ...]
COSTS = (30, 60, 120, 250, 500, 1000, 2000, 4000, 8000, 16_000, 40_000)
"""Costs of a visit in yuan that are tried, beside those around the law's own figures."""
USED = (0, 3000, 12_000)
"""Cost in yuan that came before in the year."""
MOST_KINKS = 24
PLACES = {"一级": ("1", "hospital"), "二级": ("2", "hospital"), "三级": ("3", "hospital")}
PHARMACY = "药店"
STATUSES = {"active": "在职", "retired": "退休"}
SMALLEST: Fen = FEN_PER_YUAN
"""A gain of less than a yuan is rounding."""


@dataclass(frozen=True)
class Incentive:
    """One kind of thing that pays, with the example in which it pays most.

    Shape:   `least_fen` the smallest cost of the visit in question at which it was seen to pay.
    """

    kind: str
    said: str
    status: str
    place: str
    benefit: str
    before: History
    after: History
    own_before_fen: Fen
    own_after_fen: Fen
    pool_before_fen: Fen
    pool_after_fen: Fen
    least_fen: Fen
    articles: str

    @property
    def gain_fen(self) -> Fen:
        """What the person saves."""
        return self.own_before_fen - self.own_after_fen


@dataclass(frozen=True)
class PaymentCliff:
    """A cost at which the pool pays less than for a fen less."""

    status: str
    place: str
    benefit: str
    cost_fen: Fen
    pool_below_fen: Fen
    pool_at_fen: Fen


@dataclass(frozen=True)
class _Start:
    """Who comes where, under which benefit, in which year."""

    code: str
    year: int
    status: str
    place: str
    benefit: str

    def visit(self, month: int, day: int, cost: Fen, year: int = 0) -> Visit:
        """A visit of this person there."""
        level, kind = PLACES.get(self.place, ("", "pharmacy"))
        row = {
            "area": self.code,
            "date": str(date(self.year + year, month, day)),
            "status": self.status,
            "level": level,
            "institution_kind": kind,
            "benefit": self.benefit,
            "total_fen": str(cost),
            "in_scope_fen": str(cost),
            "birth_date": f"{self.year - (40 if self.status == 'active' else 66)}-01-01",
        }
        return row | ({"prescriber_level": "2"} if kind == "pharmacy" else {})


@dataclass(frozen=True)
class _Move:
    """One thing done otherwise: its name, and a history so changed; None where it cannot be."""

    kind: str
    said: str
    change: Callable[[History], History | None]


class Trier:
    """Settles histories under one law, each visit list once."""

    def __init__(self, area: Area) -> None:
        self.area = area
        self.known: dict[tuple[tuple[tuple[str, str], ...], ...], tuple[Fen, Fen] | None] = {}

    def results(self, history: History) -> list[Result]:
        """Each visit of a history settled after the others.

        Refuses: what a visit is refused for.
        """
        meters = Meters(self.area.layout)
        law = self.area.laws[0]
        return [settle(self.area, read_visit(row, law), meters) for row in history]

    def amounts(self, history: History) -> tuple[Fen, Fen] | None:
        """What the person bears and what the pool pays; None where a visit cannot be settled."""
        key = tuple(tuple(sorted(row.items())) for row in history)
        if key not in self.known:
            try:
                found = self.results(history)
                own = sum(result.person_fen for result in found)
                self.known[key] = (own, sum(result.pool_fen for result in found))
            except Refusal:
                self.known[key] = None
        return self.known[key]


def incentives(side: Side, benefits: tuple[str, ...] = ()) -> list[Incentive]:
    """Everything that pays, the largest gain first.

    Shape:   `benefits` codes, by default all that the law offers.
    """
    trier = Trier(side.area)
    best: dict[tuple[str, str], Incentive] = {}
    for start in _starts(side, benefits):
        moves = _moves(start, side)
        for history in _histories(start, costs_of(side)):
            before = trier.amounts(history)
            if before is None:
                continue
            for move in moves:
                _try(trier, start, move, history, best)
    told = (one for key, one in best.items() if not _said_already(key, best))
    found = [_cited(trier, one) for one in told]
    return sorted(found, key=lambda one: -one.gain_fen)


def _said_already(key: tuple[str, str], best: Mapping[tuple[str, str], Incentive]) -> bool:
    """Whether parting by months pays no more than parting by days does."""
    kind, benefit = key
    days = best.get(("split_many", benefit))
    return kind == "split_months" and days is not None and days.gain_fen >= best[key].gain_fen


def _try(
    trier: Trier,
    start: _Start,
    move: _Move,
    history: History,
    best: dict[tuple[str, str], Incentive],
) -> None:
    """Keep a history in which a move pays more than in those before."""
    changed = move.change(history)
    before = trier.amounts(history)
    after = trier.amounts(changed) if changed else None
    if changed is None or before is None or after is None or before[0] - after[0] < SMALLEST:
        return
    key = (move.kind, start.benefit)
    cost, kept = int(history[-1]["total_fen"]), best.get(key)
    least = min(cost, kept.least_fen) if kept else cost
    found = Incentive(
        move.kind,
        move.said,
        start.status,
        start.place,
        start.benefit,
        history,
        changed,
        before[0],
        after[0],
        before[1],
        after[1],
        least,
        "",
    )
    chosen = found if kept is None or found.gain_fen > kept.gain_fen else kept
    best[key] = Incentive(**{**vars(chosen), "least_fen": least})


def _cited(trier: Trier, one: Incentive) -> Incentive:
    """The same with the articles behind the visits that differ."""
    marks: dict[str, None] = {}
    for history in (one.before, one.after):
        for result in trier.results(history):
            for sentence in explain(result).sentences:
                marks |= dict.fromkeys([cited_alone(sentence.cites)] if sentence.cites else [])
    articles = "；".join(mark.strip("〔〕") for mark in list(marks)[:6])
    return Incentive(**{**vars(one), "articles": articles})


def costs_of(side: Side) -> list[Fen]:
    """Costs worth trying: a range, and those around what the law's figures reach."""
    law = side.area.laws[0]
    figures = figures_by_path(law)
    own = {path: text for path, text in figures.items() if path.split(".")[0] in ("待遇", "层组")}
    amounts = sorted(
        {parse_fen(text[:-1].replace(",", "")) for text in own.values() if _yuan(text)}
    )
    kinks = [fen + step for fen in amounts for step in (0, FEN_PER_YUAN)]
    near = [2 * fen for fen in amounts]
    some = [fen for fen in (*kinks, *near) if fen >= FEN_PER_YUAN]
    step = max(len(some) // MOST_KINKS, 1)
    return sorted({*(yuan * FEN_PER_YUAN for yuan in COSTS), *some[::step]})


def _yuan(text: str) -> bool:
    return unit_of(text) == "元" and text[:1].isdigit()


def _starts(side: Side, benefits: tuple[str, ...]) -> Iterator[_Start]:
    law = side.area.laws[0]
    codes = benefits or tuple(law.benefits[name] for name in offered_benefits(law))
    year = date_of(side.day).year
    for benefit in codes:
        for status in STATUSES:
            for place in (*PLACES, PHARMACY):
                yield _Start(side.code, year, status, place, benefit)


def _histories(start: _Start, costs: list[Fen]) -> Iterator[History]:
    """Histories whose last visit is the one in question."""
    for used in USED:
        earlier = (start.visit(11, 10, used * FEN_PER_YUAN),) if used else ()
        for cost in costs:
            yield (*earlier, start.visit(12, 10, cost))
    for cost in costs:
        if cost >= 2 * FEN_PER_YUAN:
            half = cost // 2
            yield (start.visit(12, 9, half), start.visit(12, 10, half))
            yield (start.visit(11, 9, half), start.visit(12, 10, half))
            yield (start.visit(12, 9, half), start.visit(1, 10, half, year=1))


def _moves(start: _Start, side: Side) -> list[_Move]:
    """All that could be done otherwise by this person."""
    moves = [
        _Move("split", "一次就诊拆成两次，隔日结算", lambda h: _parted(h, 2, 1)),
        _Move("split_many", "一次就诊拆成五次，逐日结算", lambda h: _parted(h, 5, 1)),
        _Move("split_day", "一次就诊在同一天拆成两次结算", lambda h: _parted(h, 2, 0)),
        _Move("join", "两次就诊并成一次结算", _joined_last),
        _Move("split_months", "一次就诊拆成五次，每月结算一次", _by_months),
        _Move("spread", "同月的两次就诊隔开三个月", partial(_earlier_at, 3)),
        _Move("gather", "两个月的就诊集中到一个月", partial(_earlier_at, 0)),
        _Move("january", "年底的就诊拖到次年一月", _put_off),
        _Move("december", "次年一月的就诊提前到年底", _brought_forward),
    ]
    for place in (*PLACES, PHARMACY):
        if place != start.place:
            word = f"同样的费用，由{start.place}改到{place}"
            moves.append(_Move(f"place.{place}", word, partial(_elsewhere, start, place)))
    if start.status == "active":
        moves.append(_Move("retire", "办理退休之后再就诊", _retired))
    law = side.area.laws[0]
    for name in offered_benefits(law):
        code = law.benefits[name]
        if code != start.benefit:
            word = f"改按“{name}”结算"
            moves.append(_Move(f"benefit.{code}", word, partial(_other, "benefit", code)))
    moves += [_Move(*one) for one in _own_facts(law, start.benefit)]
    word = "不直接结算，改为事后报销"
    moves.append(_Move("paper", word, partial(_other, "direct", "false")))
    moves.append(
        _Move("offsite", "改在统筹区外（已备案）就诊", partial(_other, "offsite", "filed"))
    )
    return moves


def _own_facts(
    law: Law, benefit: str
) -> Iterator[tuple[str, str, Callable[[History], History | None]]]:
    """Each value of what the area's documents define as facts, where the benefit's rules ask."""
    asked = columns_read(law, law.benefit_name(benefit))
    for name in law.definitions:
        fact = law.facts[name]
        if fact.source or fact.kind not in (FLAG, CHOICE) or fact.column not in asked:
            continue
        values = {"是": "true", "否": "false"} if fact.kind == FLAG else fact.choices
        for value, code in values.items():
            word = f"改为“{name}：{value}”之后就诊"
            yield f"fact.{fact.column}.{code}", word, partial(_other, fact.column, code)


def _with(row: Visit, **facts: str) -> Visit:
    return {**row, **facts}


def _parted(history: History, parts: int, days: int) -> History | None:
    """The last visit in so many equal parts, so many days apart; the last takes the odd fen."""
    last = history[-1]
    cost = int(last["total_fen"])
    if len(history) > 1 and int(history[-2]["total_fen"]) == cost:
        return None
    if cost < parts * FEN_PER_YUAN:
        return None
    shares = [cost // parts] * (parts - 1)
    shares.append(cost - sum(shares))
    first = date.fromisoformat(last["date"])
    split = tuple(
        _with(
            last,
            date=str(first + timedelta(days=days * number)),
            total_fen=str(share),
            in_scope_fen=str(share),
        )
        for number, share in enumerate(shares)
    )
    return (*history[:-1], *split)


def _joined_last(history: History) -> History | None:
    """The last two visits as one, where they were in one month."""
    if len(history) < 2 or history[-1]["date"][:7] != history[-2]["date"][:7]:
        return None
    cost = str(sum(int(row["total_fen"]) for row in history[-2:]))
    return (*history[:-2], _with(history[-1], total_fen=cost, in_scope_fen=cost))


def _by_months(history: History) -> History | None:
    """The only visit in five parts, the last of them when it was, one in each month before."""
    parts = _parted(history, 5, 0) if len(history) == 1 else None
    if parts is None:
        return None
    year, month, day = parts[-1]["date"].split("-")
    if int(month) < len(parts):
        return None
    first = int(month) - len(parts) + 1
    return tuple(_with(one, date=f"{year}-{first + n:02}-{day}") for n, one in enumerate(parts))


def _earlier_at(months: int, history: History) -> History | None:
    """The first of two visits so many months before the last, or on the day before it, where it was
    not so."""
    if len(history) != 2:
        return None
    first, last = (date.fromisoformat(row["date"]) for row in history)
    if first.year != last.year or (first.month == last.month) == (months == 0):
        return None
    day = last.replace(month=last.month - months) - timedelta(days=1)
    return (_with(history[0], date=str(day)), history[1])


def _put_off(history: History) -> History | None:
    """The last visit in January, where something was used before it in the same year."""
    if len(history) < 2 or _turns_year(history):
        return None
    year = int(history[-1]["date"][:4]) + 1
    return (*history[:-1], _with(history[-1], date=f"{year}-01-10"))


def _brought_forward(history: History) -> History | None:
    """January's visit on the day after the one before it."""
    if len(history) < 2 or not _turns_year(history):
        return None
    day = date.fromisoformat(history[-2]["date"]) + timedelta(days=1)
    return (*history[:-1], _with(history[-1], date=str(day)))


def _turns_year(history: History) -> bool:
    """Whether the last visit is in another year than the one before it."""
    return history[-1]["date"][:4] != history[-2]["date"][:4]


def _elsewhere(start: _Start, place: str, history: History) -> History:
    """The last visit at another kind of place."""
    day = date.fromisoformat(history[-1]["date"])
    other = _Start(start.code, day.year, start.status, place, start.benefit)
    return (*history[:-1], other.visit(day.month, day.day, int(history[-1]["total_fen"])))


def _retired(history: History) -> History:
    """The last visit as a retiree, nothing else changed."""
    return (*history[:-1], _with(history[-1], status="retired"))


def _other(column: str, value: str, history: History) -> History:
    """The last visit with another fact."""
    return (*history[:-1], _with(history[-1], **{column: value}))


def cliffs(side: Side, benefits: tuple[str, ...] = ("ordinary",)) -> list[PaymentCliff]:
    """Costs at which the pool suddenly pays less, each to the fen."""
    trier, found = Trier(side.area), []
    for start in _starts(side, benefits):
        costs = costs_of(side)
        for low, high in zip(costs, costs[1:], strict=False):
            below, above = (_pool(trier, start, cost) for cost in (low, high))
            if below is None or above is None or above >= below:
                continue
            while high - low > 1:
                middle = (low + high) // 2
                at = _pool(trier, start, middle)
                if at is None:
                    break
                low, high = (middle, high) if at >= below else (low, middle)
            before, at = _pool(trier, start, low), _pool(trier, start, high)
            if before is not None and at is not None and at < before:
                found.append(
                    PaymentCliff(start.status, start.place, start.benefit, high, before, at)
                )
    return found


def _pool(trier: Trier, start: _Start, cost: Fen) -> Fen | None:
    found = trier.amounts((start.visit(6, 10, cost),))
    return None if found is None else found[1]


def told(one: Incentive, names: Mapping[str, str]) -> str:
    """An incentive as a worked example."""
    benefit = names.get(one.benefit, one.benefit)
    saved = one.gain_fen * WHOLE // max(one.own_before_fen, 1) / 10_000
    return (
        f"{one.said}（{STATUSES[one.status]}，{one.place}，{benefit}）："
        f"{_steps(one.before)}，个人负担 {yuan_text(one.own_before_fen)} 元；"
        f"改为 {_steps(one.after)}，个人负担 {yuan_text(one.own_after_fen)} 元，"
        f"少负担 {yuan_text(one.gain_fen)} 元（{saved:.1f}%）。"
        f"统筹支付由 {yuan_text(one.pool_before_fen)} 元变为 {yuan_text(one.pool_after_fen)} 元。"
    )


def _steps(history: History) -> str:
    """A history in a few words; equal visits one after the other are counted."""
    return "、".join(f"{row['date']} {yuan_text(int(row['total_fen']))} 元" for row in history)
