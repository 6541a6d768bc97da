"""What a rule invites before it is in force: found by search over short histories of one person.

A history is settled as it is and as it would be with one thing done otherwise: a visit split or
joined, spread over months or gathered in one, put off to the next year or brought forward from it,
at another level or a pharmacy, under another benefit, after retiring or growing older, with another
value of a fact that the area's documents define (签约, a class of institution) or that a person
arranges (转诊). A year is the meters' own, which may begin in another month than January.
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
from gongji.law.rulebook.provision_kinds import Meter
from gongji.law.rulebook.vocabulary import CHOICE, FLAG, NUMBER, Fact
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
AGES = {"active": 40, "retired": 66}
"""How old who is tried is in the year of the law's day."""
AGE_FACTS = ("年龄", "周岁")
ARRANGED = ("转诊", "选定机构", "缴费档次")
"""Facts that every area may use and that are the person's to arrange."""
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
    """Who comes where, under which benefit, in which year of meters that begin in month `opens`."""

    code: str
    year: int
    status: str
    place: str
    benefit: str
    opens: int = 1

    def visit(self, month: int, day: int, cost: Fen, year: int = 0) -> Visit:
        """A visit of this person there, in a month counted from that in which the year begins."""
        # A year that opens in July is told by its last months: they are those of the law's year.
        opening = date(self.year + year - (self.opens > 1), self.opens, day)
        row = {
            "area": self.code,
            "date": str(_months_after(month - 1, opening)),
            "status": self.status,
            "benefit": self.benefit,
            "total_fen": str(cost),
            "in_scope_fen": str(cost),
            "birth_date": f"{self.year - AGES[self.status]}-01-01",
        }
        return row | _at(self.place)

    def year_of(self, row: Visit) -> int:
        """The year of the meters in which a visit is, by the year in which it begins."""
        day = date.fromisoformat(row["date"])
        return day.year - (day.month < self.opens)


def _at(place: str) -> dict[str, str]:
    """What a visit says of the place where it is; a pharmacy's prescription is a level 2 one."""
    level, kind = PLACES.get(place, ("", "pharmacy"))
    prescriber = "2" if kind == "pharmacy" else ""
    return {"level": level, "institution_kind": kind, "prescriber_level": prescriber}


def _months_after(months: int, day: date) -> date:
    """The same day so many months later, or earlier."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return day.replace(year=year, month=month + 1)


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
    Refuses: what every visit is refused for, where none can be settled.
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
    if not any(trier.known.values()):
        trier.results(next(_histories(next(_starts(side, benefits)), costs_of(side))))
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
                for opens in _openings(law):
                    yield _Start(side.code, year, status, place, benefit, opens)


def _openings(law: Law) -> list[int]:
    """The months in which years of the law's meters begin."""
    meters = (meter.value for meter in law.all(Meter).values())
    return sorted({meter.start for meter in meters if meter.period == "年"}) or [1]


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
        _Move("spread", "同月的两次就诊隔开三个月", partial(_earlier_at, start, 3)),
        _Move("gather", "两个月的就诊集中到一个月", partial(_earlier_at, start, 0)),
        *_turns(start),
    ]
    for place in (*PLACES, PHARMACY):
        if place != start.place:
            word = f"同样的费用，由{start.place}改到{place}"
            moves.append(_Move(f"place.{place}", word, partial(_elsewhere, place)))
    if start.status == "active":
        moves.append(_Move("retire", "办理退休之后再就诊", partial(_other, "status", "retired")))
    law = side.area.laws[0]
    for name in offered_benefits(law):
        code = law.benefits[name]
        if code != start.benefit:
            word = f"改按“{name}”结算"
            moves.append(_Move(f"benefit.{code}", word, partial(_other, "benefit", code)))
    moves += _facts_otherwise(law, start)
    word = "不直接结算，改为事后报销"
    moves.append(_Move("paper", word, partial(_other, "direct", "false")))
    moves.append(
        _Move("offsite", "改在统筹区外（已备案）就诊", partial(_other, "offsite", "filed"))
    )
    return moves


def _turns(start: _Start) -> tuple[_Move, _Move]:
    """Over the end of the meters' year, later and earlier."""
    if start.opens == 1:
        later = ("january", "年底的就诊拖到次年一月")
        earlier = ("december", "次年一月的就诊提前到年底")
    else:
        later = (f"next_year.{start.opens}", f"年度末的就诊拖到{start.opens}月新年度开始")
        earlier = (f"year_end.{start.opens}", f"{start.opens}月新年度的就诊提前到上一年度末")
    return (
        _Move(*later, partial(_put_off, start)),
        _Move(*earlier, partial(_brought_forward, start)),
    )


def _facts_otherwise(law: Law, start: _Start) -> Iterator[_Move]:
    """Each value of the area's own facts and of those that a person arranges, where the benefit's
    rules ask."""
    asked = columns_read(law, law.benefit_name(start.benefit))
    for name in (*law.definitions, *ARRANGED):
        fact = law.facts[name]
        if fact.column not in asked:
            continue
        if fact.source in AGE_FACTS:
            yield from _ages(fact, start)
        elif not fact.source:
            yield from _values(fact)


def _values(fact: Fact) -> Iterator[_Move]:
    """Another value of a fact; the bands of a number are one kind, told by the best of them."""
    values = dict(fact.choices)
    if fact.kind == FLAG:
        values = {"是": "true", "否": "false"}
    elif fact.kind == NUMBER:
        values = {name: str(bound) for name, bound in fact.bands.items()}
    elif fact.kind != CHOICE:
        return
    for value, code in values.items():
        kind = f"fact.{fact.column}" + ("" if fact.kind == NUMBER else f".{code}")
        word = f"改为“{fact.name}：{value}”之后就诊"
        yield _Move(kind, word, partial(_other, fact.column, code))


def _ages(fact: Fact, start: _Start) -> Iterator[_Move]:
    """A later band of age, which who works reaches before retirees' years."""
    most = AGES["retired"] if start.status == "active" else None
    for band, bound in fact.bands.items():
        years = int(str(bound))
        if AGES[start.status] < years and (most is None or years < most):
            word = f"等到“{fact.name}：{band}”之后再就诊"
            yield _Move(f"age.{fact.column}", word, partial(_aged, years))


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
    day = date.fromisoformat(parts[-1]["date"])
    last = len(parts) - 1
    return tuple(_with(one, date=str(_months_after(n - last, day))) for n, one in enumerate(parts))


def _earlier_at(start: _Start, months: int, history: History) -> History | None:
    """The first of two visits so many months before the last, or on the day before it, where it was
    not so."""
    if len(history) != 2 or _turns_year(start, history):
        return None
    first, last = (date.fromisoformat(row["date"]) for row in history)
    if (first.month == last.month) == (months == 0):
        return None
    day = _months_after(-months, last) - timedelta(days=1)
    return (_with(history[0], date=str(day)), history[1])


def _put_off(start: _Start, history: History) -> History | None:
    """The last visit in the next year, where something was used before it in the same year."""
    if len(history) < 2 or _turns_year(start, history):
        return None
    day = date(start.year_of(history[-1]) + 1, start.opens, 10)
    return (*history[:-1], _with(history[-1], date=str(day)))


def _brought_forward(start: _Start, history: History) -> History | None:
    """The next year's visit on the day after the one before it."""
    if len(history) < 2 or not _turns_year(start, history):
        return None
    day = date.fromisoformat(history[-2]["date"]) + timedelta(days=1)
    return (*history[:-1], _with(history[-1], date=str(day)))


def _turns_year(start: _Start, history: History) -> bool:
    """Whether the last visit is in another year than the one before it."""
    return start.year_of(history[-1]) != start.year_of(history[-2])


def _elsewhere(place: str, history: History) -> History:
    """The last visit at another kind of place."""
    return (*history[:-1], {**history[-1], **_at(place)})


def _aged(years: int, history: History) -> History:
    """The last visit at another age."""
    born = int(history[-1]["date"][:4]) - years
    return (*history[:-1], _with(history[-1], birth_date=f"{born}-01-01"))


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
        f"{_other_payers(one)}"
    )


def _other_payers(one: Incentive) -> str:
    """What neither the person nor the pool pays, where there is such."""
    cost = sum(int(row["total_fen"]) for row in one.before)
    before = cost - one.own_before_fen - one.pool_before_fen
    after = cost - one.own_after_fen - one.pool_after_fen
    if not before and not after:
        return ""
    return f"其他付款方由 {yuan_text(before)} 元变为 {yuan_text(after)} 元。"


def _steps(history: History) -> str:
    """A history in a few words; equal visits one after the other are counted."""
    return "、".join(f"{row['date']} {yuan_text(int(row['total_fen']))} 元" for row in history)
