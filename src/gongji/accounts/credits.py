"""A month's credit to an account: facts -> cell -> figures of the rulebook -> kernel -> credit.

The citation twin of each figure stays beside the numbers, as in `rulebook.program`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gongji.accounts.roster import NO_MONTH, PersonMonth, month_name, read_person_month
from gongji.errors import CODES, PRECEDENCE, Refusal
from gongji.kernel import accrue as kernel
from gongji.kernel.calendar import age_by_month, first_of_month, month_of
from gongji.kernel.pour import OPEN, SETTLED, UNLIMITED
from gongji.rulebook.accounts import ROSTER_FACTS, Contribution, Credit, NoCredit, RetirementStart, Share
from gongji.rulebook.citations import Cited
from gongji.rulebook.documents import Limit, Rate, Value
from gongji.rulebook.figures import Cell, Resolver, holds
from gongji.rulebook.law import Law, Provision
from gongji.rulebook.layout import Layout
from gongji.units import FEN_PER_YUAN, WHOLE, Fen
from gongji.visit.area import Area
from gongji.visit.facts import value_name
from gongji.visit.settle import parameter_missing


@dataclass(frozen=True)
class Plan:
    """The credit of one cell: numbers for the kernel, and the provisions that they come from."""

    code: tuple[int, ...]
    credit: Provision | None = None
    stop: Provision | None = None
    figures: Mapping[int, Cited] = field(default_factory=dict)
    contributions: tuple[Provision, ...] = ()


@dataclass(frozen=True)
class MonthCredit:
    """What a month puts into an account, with everything needed to explain it."""

    law: Law
    given: PersonMonth
    plan: Plan
    cell: Cell
    start: Provision | None
    """What delays the retiree's credit, where an event of the person was looked at."""
    credit_fen: Fen
    pool_fen: Fen
    refusal: str = ""


def credit(area: Area, row: Mapping[str, str]) -> MonthCredit:
    """The credit of a row of a roster.

    Refuses: the input refusals, date_outside, not_ruled, parameter_missing; outside_benefit_period,
             no_account, paying_monthly and not_eligible are results with nothing credited.
    """
    return credit_month(area, read_person_month(row))


def credit_month(area: Area, given: PersonMonth) -> MonthCredit:
    """The credit of a month of a person."""
    law = law_of_month(area, given.month)
    status, start = _status(law, given)
    cell = cell_of(law, given, status)
    plan = plan_of(law, given.month, cell)
    own = plan.code[kernel.BASE] == kernel.OWN_BASE
    if own and given.base_fen is None and not given.retired:
        raise Refusal("field_missing", "base")
    _check_since(area, plan, given.month)
    state, credited, pool = kernel.accrue(plan.code, 0, given.base_fen or 0)
    if state < SETTLED:
        paths = tuple(cited.open for cited in plan.figures.values() if cited.open)
        raise parameter_missing(law, plan.figures[-state].open, paths)
    return MonthCredit(law, given, plan, cell, start, credited, pool, CODES[state])


def law_of_month(area: Area, month: int) -> Law:
    """The law on the first day of a month.

    Refuses: date_outside with the dates covered; not_ruled where the law knows no credits.
    """
    try:
        law = area.law(first_of_month(month))
    except Refusal as refusal:
        values = refusal.values | {"value": month_name(month)}
        raise Refusal("date_outside", "month", values) from None
    if not law.section("划入"):
        raise Refusal("not_ruled", "area", {"area": area.code, "value": "个人账户划入"})
    return law


def _check_since(area: Area, plan: Plan, month: int) -> None:
    if plan.credit is None:
        return
    provision = plan.credit.value
    assert isinstance(provision, Credit)
    if provision.since is not None and first_of_month(month) < provision.since:
        allowed = f"{plan.credit.path} 自 {month_name(month_of(provision.since))} 起"
        values = {"value": month_name(month), "area": area.code, "allowed": allowed}
        raise Refusal("date_outside", "month", values)


def _status(law: Law, given: PersonMonth) -> tuple[str, Provision | None]:
    """The status whose rules hold in the month, and the provision that says from when."""
    for provision in law.section("退休起算").values():
        start = provision.value
        assert isinstance(start, RetirementStart)
        if "credit" in start.governs and given.retired:
            event = given.events.get(start.event, NO_MONTH)
            retired = kernel.retired_in(given.month, 1, event, start.months_after)
            return ("退休" if retired else "在职"), provision if event != NO_MONTH else None
    return ("退休" if given.retired else "在职"), None


def cell_of(law: Law, given: PersonMonth, status: str) -> dict[str, str]:
    """The value of every fact that rules about accounts may speak of."""
    cell = {
        name: value_name(fact, given.facts.get(fact.column, fact.default))
        for name, fact in ROSTER_FACTS.items()
    } | {"参保状态": status}
    age = age_by_month(first_of_month(given.month), given.birth_day)
    for name, fact in law.facts.items():
        if fact.source == "年龄":
            cell[name] = value_name(fact, age)
    return cell


def plan_of(law: Law, month: int, cell: dict[str, str]) -> Plan:
    """The plan of a cell in a month's year, made once."""
    plans: dict[tuple[object, ...], Plan] = law.__dict__.setdefault("_credit_plans", {})
    key = (month // 12, *cell.values())
    if key not in plans:
        plans[key] = _Planner(law, month // 12, cell).plan()
    return plans[key]


class _Planner:
    """Finds the provisions of a cell and puts their figures in the kernel's order."""

    def __init__(self, law: Law, year: int, cell: Cell) -> None:
        self.law, self.cell = law, cell
        self.resolver = Resolver(law, Layout(), cell, year)

    def plan(self) -> Plan:
        """The credit, or what stands against it (the first in order of precedence)."""
        stops = [p for p in self._held("不计发") if isinstance(p.value, NoCredit)]
        if stops:
            stop = min(stops, key=lambda p: PRECEDENCE[p.value.refusal])  # type: ignore[attr-defined]
            return self._refused(stop.value.refusal, stop)  # type: ignore[attr-defined]
        credits = self._held("划入")
        return self._credit(credits[0]) if credits else self._refused("not_eligible", None)

    def _held(self, section: str) -> list[Provision]:
        return [
            provision
            for provision in self.law.section(section).values()
            if holds(provision.value.when, self.cell)  # type: ignore[attr-defined]
        ]

    def _refused(self, code: str, stop: Provision | None) -> Plan:
        numbers = [0] * kernel.CREDIT_SIZE
        numbers[kernel.REFUSAL] = PRECEDENCE[code]
        return Plan(tuple(numbers), stop=stop)

    def _credit(self, provision: Provision) -> Plan:
        provided = provision.value
        assert isinstance(provided, Credit)
        figures: dict[int, Cited] = {}
        numbers = [0, WHOLE, kernel.OWN_BASE, 0, UNLIMITED, 1, 0]
        if isinstance(provided.amount, Share):
            share = provided.amount
            rate = Rate(value=share.rate, article=provided.article, node=share.node,
                        doubts=provided.doubts)  # fmt: skip
            figures[kernel.RATE] = self.resolver.rate(rate, provision.book)
            amounts = {kernel.BASE: share.base, kernel.FLOOR: share.at_least, kernel.CAP: share.at_most}
            numbers[kernel.UNIT] = FEN_PER_YUAN if share.rounding == "元" else 1
        else:
            amounts = {kernel.BASE: provided.amount}
        for position, value in amounts.items():
            if value is not None:
                figures[position] = self._amount(value, provision, provided)
        for position, cited in figures.items():
            numbers[position] = OPEN if cited.open else cited.figure
        contributions = tuple(
            p for p in self._held("缴费")
            if isinstance(p.value, Contribution) and p.value.fund == "pool" and p.value.rate
        )  # fmt: skip
        numbers[kernel.POOL_RATE] = sum(p.value.rate for p in contributions)  # type: ignore[attr-defined]
        return Plan(tuple(numbers), provision, None, figures, contributions)

    def _amount(self, value: Value, provision: Provision, provided: Credit) -> Cited:
        limit = Limit(
            meter="", value=value, article=provided.article, node=value.node, doubts=provided.doubts
        )
        return self.resolver.limit(limit, provision.book)
