"""Lincang with Shuangjiang: its interim rules from 2023-01-01, Yunnan's from 2024-11-01.

Sources: 临政办规〔2022〕2号 as the Shuangjiang text names it, and the city's benefit table as
parameters.md gives it (inpatient rates, ceilings, large amounts, chronic limits).
"""

from datetime import date

from gongji.oracle import yunnan
from gongji.oracle.accounts import CreditOutcome, active_credit, outside, retired_in
from gongji.oracle.facts import Facts, first_refusal, level_of
from gongji.oracle.layers import (
    Parameters,
    Pot,
    find_amount,
    points,
    to_fen,
    yuan,
)

FIRST = date(2023, 1, 1)
"""明确我市自2023年1月1日改革在职职工个人账户计入标准，建立普通门诊费用保障机制."""
LAST: date | None = None
BENEFITS = frozenset({"ordinary", "chronic"})

DEDUCTIBLE = {"1": yuan(30), "2": yuan(60), "3": yuan(90)}
"""二（二）起付标准分别由30元、60元、90元降为…: the figures before 2024-11-01."""
ACTIVE_RATE = {"1": points(60), "2": points(55), "3": points(50)}
CEILING = yuan(6000)

INPATIENT_RATE = {
    "active": {"1": points(95), "2": points(90), "3": points(80)},
    "retired": {"1": points(98), "2": points(95), "3": points(85)},
}
"""The city's benefit table: 95 / 90 / 80 active, 98 / 95 / 85 retired."""
INPATIENT_CEILING = yuan(50_000)
LARGE_AMOUNT_RATE = points(90)
LARGE_AMOUNT_CEILING = yuan(400_000)
"""The city's benefit table: 50,000 of the pool's own payment; above it 90 % to 400,000."""

GATES = frozenset({"not_designated", "no_prescription", "offsite_unfiled"})


def refusal(facts: Facts) -> str | None:
    """The first gate that holds."""
    return first_refusal(facts, GATES)


def pay(pot: Pot, cost: int) -> None:
    """Settle one visit."""
    if pot.facts["benefit"] == "chronic":
        _chronic(pot, cost)
        return
    if pot.facts["date"] >= yunnan.FIRST:
        left = yunnan.ordinary_layer(pot, cost)
    else:
        left = _interim_ordinary(pot, cost)
    _beyond(pot, left)


def _interim_ordinary(pot: Pot, cost: int) -> int:
    """The ordinary pool to 2024-10-31; what retired people have more is open."""
    level = level_of(pot.facts)
    active = ACTIVE_RATE[level]
    bonus = pot.rate("lincang_retired_bonus")
    return pot.pour(
        "ordinary",
        cost,
        (lambda: active + bonus()) if pot.retired else active,
        deductibles=[(DEDUCTIBLE[level], pot.registered("ordinary_visit"))],
        ceilings=[(CEILING, ("ordinary",))],
    )


def _beyond(pot: Pot, cost: int) -> None:
    """Above 6,000: the inpatient rate within its ceiling, then the large-amount fund."""
    left = pot.pour(
        "overflow",
        cost,
        INPATIENT_RATE[pot.status][level_of(pot.facts)],
        ceilings=[(INPATIENT_CEILING, ("inpatient",))],
    )
    pot.pour(
        "large_amount",
        left,
        LARGE_AMOUNT_RATE,
        ceilings=[(LARGE_AMOUNT_CEILING, ("large_amount",))],
        supplement=True,
    )


def chronic_ceiling(disease_count: int, year: int, approval: date | None) -> int:
    """The year's ceiling for chronic diseases, prorated in the year of approval.

    Law:    2,000 + 1,000 each, 5,000 at most, prorated by the months left in the year of approval
            (the city's benefit table); the month of approval counts.
    Rounds: half up to the fen.
    """
    whole = min(yuan(2000) + yuan(1000) * (disease_count - 1), yuan(5000))
    if approval is None or approval.year != year:
        return whole
    return to_fen(points(100) * whole * (13 - approval.month) / 12)


def _chronic(pot: Pot, cost: int) -> None:
    """Chronic disease: deductible and rate are open, nothing beyond the ceiling."""
    facts = pot.facts
    ceiling = chronic_ceiling(facts["disease_count"], facts["date"].year, facts["approval_date"])
    pot.pour(
        "chronic",
        cost,
        pot.rate(f"chronic_rate.{pot.status}"),
        deductibles=[(pot.amount("chronic_deductible"), ("chronic_deductible",))],
        ceilings=[(ceiling, ("chronic",))],
    )


def credit(row: Facts, parameters: Parameters) -> CreditOutcome:
    """A month's credit: 2 % active; retirees' is open to 2024-10-31, then Yunnan's."""
    if row["month"] >= yunnan.FIRST:
        return yunnan.credit(row, parameters)
    if stopped := outside(row):
        return stopped
    if not retired_in(row["month"], row):
        return active_credit(row["base_fen"])
    return CreditOutcome(find_amount(parameters, "retiree_credit"))
