"""A month's credit to an account: facts -> cell -> figures of the rulebook -> kernel -> credit.

The citation twin of each figure stays beside the numbers, as in `rulebook.program`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from gongji.law.accounts.roster import (
    NO_MONTH,
    PersonMonth,
    month_name,
    read_base,
    read_person_month,
)
from gongji.law.compile.citations import Cited
from gongji.law.compile.figures import Cell, Resolver, holds
from gongji.law.compile.grounds import rules
from gongji.law.compile.layout import Layout
from gongji.law.engine.area import Area, gap_refusal
from gongji.law.engine.engine import parameter_missing
from gongji.law.engine.visit import value_name
from gongji.law.kernel import accrue as kernel
from gongji.law.kernel.calendar import age_by_month, first_of_month
from gongji.law.kernel.pour import SETTLED, UNLIMITED
from gongji.law.rulebook.account_provisions import (
    ROSTER_FACTS,
    Contribution,
    Credit,
    NoCredit,
    RetirementStart,
    Share,
)
from gongji.law.rulebook.law import KEPT, Law, Provision
from gongji.law.rulebook.provision_kinds import Limit, Rate, Value
from gongji.refusals import CODES, PRECEDENCE, Refusal
from gongji.units import FEN_PER_YUAN, WHOLE, Fen


@dataclass(frozen=True)
class CreditPlan:
    """The credit of one cell: numbers for the kernel, and the provisions that they come from."""

    code: tuple[int, ...]
    credit: tuple[Provision[Credit], Credit] | None = None
    """The rule for the cell, given or, where there is a stop, not."""
    stop: tuple[Provision[NoCredit], NoCredit] | None = None
    figures: Mapping[int, Cited] = field(default_factory=dict)
    contributions: tuple[tuple[Provision[Contribution], Contribution], ...] = ()


@dataclass(frozen=True, eq=False)
class CreditCase:
    """What a month's credit rests on, whatever the base."""

    law: Law
    given: PersonMonth
    plan: CreditPlan
    cell: Cell
    start: tuple[Provision[RetirementStart], RetirementStart] | None
    """What delays the retiree's credit, where an event of the person was looked at."""


@dataclass(frozen=True)
class MonthCredit:
    """What a month puts into an account."""

    case: CreditCase
    base_fen: Fen
    credit_fen: Fen
    pool_fen: Fen
    refusal: str = ""

    @property
    def used_fen(self) -> Fen:
        """The base that counts, within the plan's bounds."""
        code = self.case.plan.code
        base = self.base_fen if code[kernel.BASE] == kernel.OWN_BASE else code[kernel.BASE]
        return min(max(base, code[kernel.FLOOR]), code[kernel.CAP])


def credit(area: Area, row: Mapping[str, str]) -> MonthCredit:
    """The credit of a row of a roster.

    Refuses: the input refusals, date_outside, not_ruled, parameter_missing; outside_benefit_period,
             no_account, paying_monthly and not_eligible are results with nothing credited.
    """
    return credit_of(case_of(area, read_person_month(row)), read_base(row))


def case_of(area: Area, given: PersonMonth) -> CreditCase:
    """What the credit of a month of a person rests on."""
    law = law_of_month(area, given.month)
    status, start = _status(law, given)
    cell = cell_of(law, given, status)
    plan = plan_of(law, given.month, cell)
    _check_since(area, plan, given.month)
    return CreditCase(law, given, plan, cell, start)


def credit_of(case: CreditCase, base_fen: Fen | None) -> MonthCredit:
    """The credit of a case with a contribution base.

    Refuses: field_missing where the credit is a share of a base that is not given;
             parameter_missing.
    """
    plan = case.plan
    if plan.code[kernel.BASE] == kernel.OWN_BASE and base_fen is None:
        raise Refusal("field_missing", "base")
    base = base_fen or 0
    state, credited, pool = kernel.accrue(plan.code, 0, base)
    if state < SETTLED:
        raise _missing(case.law, plan, plan.figures[-state])
    return MonthCredit(case, base, credited, pool, CODES[state])


def _missing(law: Law, plan: CreditPlan, cited: Cited) -> Refusal:
    if cited.gap:
        return gap_refusal(law, cited.gap)
    paths = tuple(other.open for other in plan.figures.values() if other.open)
    return parameter_missing(law, cited.open, paths)


def law_of_month(area: Area, month: int) -> Law:
    """The law on the first day of a month.

    Refuses: date_outside with the dates covered; not_ruled where the law knows no credits.
    """
    try:
        law = area.law(first_of_month(month))
    except Refusal as refusal:
        values = refusal.values | {"value": month_name(month)}
        raise Refusal("date_outside", "month", values) from None
    if not law.all(Credit):
        raise Refusal("not_ruled", "area", {"area": area.code, "value": "个人账户划入"})
    return law


def _check_since(area: Area, plan: CreditPlan, month: int) -> None:
    if plan.credit is None:
        return
    provision, rule = plan.credit
    if rule.since is not None and month < rule.since:
        allowed = f"{provision.path} 自 {month_name(rule.since)} 起"
        values = {"value": month_name(month), "area": area.code, "allowed": allowed}
        raise Refusal("date_outside", "month", values)


def _status(
    law: Law, given: PersonMonth
) -> tuple[str, tuple[Provision[RetirementStart], RetirementStart] | None]:
    """The status whose rules hold in the month, and the provision that says from when."""
    for provision, start in rules(law, RetirementStart):
        if "credit" in start.governs and given.retired:
            event = given.events.get(start.event, NO_MONTH)
            retired = kernel.retired_in(given.month, 1, event, start.months_after)
            told = (provision, start) if event != NO_MONTH else None
            return ("退休" if retired else "在职"), told
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


def plan_of(law: Law, month: int, cell: dict[str, str]) -> CreditPlan:
    """The plan of a cell in a month's year, made once."""
    return _plan(law, month // 12, tuple(cell.items()))


@lru_cache(maxsize=16 * KEPT)
def _plan(law: Law, year: int, cell: tuple[tuple[str, str], ...]) -> CreditPlan:
    return _Planner(law, year, dict(cell)).plan()


class _Planner:
    """Finds the provisions of a cell and puts their figures in the kernel's order."""

    def __init__(self, law: Law, year: int, cell: Cell) -> None:
        self.law, self.cell = law, cell
        self.resolver = Resolver(law, Layout(), cell, year)

    def plan(self) -> CreditPlan:
        """The credit, or what stands against it (the first in order of precedence)."""
        law, cell = self.law, self.cell
        credits = [found for found in rules(law, Credit) if holds(found[1].when, cell)]
        stops = [found for found in rules(law, NoCredit) if holds(found[1].when, cell)]
        if credits and not stops:
            return self._credit(*credits[0])
        stop = min(stops, key=lambda found: PRECEDENCE[found[1].refusal], default=None)
        numbers = [0] * kernel.CREDIT_SIZE
        numbers[kernel.REFUSAL] = PRECEDENCE[stop[1].refusal if stop else "not_eligible"]
        return CreditPlan(tuple(numbers), credits[0] if credits else None, stop)

    def _credit(self, provision: Provision[Credit], rule: Credit) -> CreditPlan:
        figures: dict[int, Cited] = {}
        numbers = [0] * kernel.CREDIT_SIZE
        numbers[kernel.BASE], numbers[kernel.UNIT] = kernel.OWN_BASE, 1
        numbers[kernel.CAP] = UNLIMITED
        if isinstance(rule.amount, Share):
            share = rule.amount
            rate = Rate(value=share.rate, article=rule.article, node=share.node, doubts=rule.doubts)
            figures[kernel.RATE] = self.resolver.rate(rate, provision.book)
            amounts = {
                kernel.BASE: share.base,
                kernel.FLOOR: share.at_least,
                kernel.CAP: share.at_most,
            }
            numbers[kernel.UNIT] = FEN_PER_YUAN if share.rounding == "元" else 1
        else:
            amounts = {kernel.BASE: rule.amount}
        for position, value in amounts.items():
            if value is not None:
                figures[position] = self._amount(value, provision, rule)
                numbers[position] = figures[position].figure
        numbers[kernel.RATE] = figures[kernel.RATE].figure if kernel.RATE in figures else WHOLE
        contributions = [
            found
            for found in rules(self.law, Contribution)
            if found[1].fund == "pool" and found[1].rate and holds(found[1].when, self.cell)
        ]
        numbers[kernel.POOL_RATE] = sum(paid.rate or 0 for _, paid in contributions)
        return CreditPlan(tuple(numbers), (provision, rule), None, figures, tuple(contributions))

    def _amount(self, value: Value, provision: Provision[Credit], rule: Credit) -> Cited:
        limit = Limit(
            meter="", value=value, article=rule.article, node=value.node, doubts=rule.doubts
        )
        return self.resolver.limit(limit, provision.book)
