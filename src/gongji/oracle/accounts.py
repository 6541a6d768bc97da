"""What the account articles of the areas share: 2 % of the base, months, the outcome.

Knows no area and no amount but the 2 % that every document gives for active employees.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from gongji.oracle.layers import points, to_fen


@dataclass(frozen=True)
class CreditOutcome:
    """A month's credit to a personal account, or why there is none."""

    credit_fen: int
    refusal: str | None = None
    missing: str | None = None


def active_credit(base_fen: int) -> CreditOutcome:
    """The active employee's own contribution.

    Law:    计入标准为本人参保缴费基数的2% (楚雄第八条, 云浮第九条, 邵阳第十一条, 攀枝花第四条).
    Rounds: half up to the fen.
    """
    return CreditOutcome(to_fen(points(2) * base_fen))


def month_number(day: date) -> int:
    """Months counted through the years, to compare and add months."""
    return day.year * 12 + day.month


def retired_in(
    month: date, row: Mapping[str, Any], events: tuple[str, ...] = ("retired_month",)
) -> bool:
    """Whether the rules for retirees hold for a person in a month.

    Law: from the month after the registration (云浮第四条 办理医保退休手续后次月起, 邵阳第十一条;
         everywhere by the settled reading), and after each further event that a document names. An
         event that is not told was long ago.
    """
    told = [row[name] for name in events if row.get(name) is not None]
    reached = all(month_number(month) > month_number(event) for event in told)
    return bool(row["status"] == "retired" and reached)


def outside(row: Mapping[str, Any]) -> CreditOutcome | None:
    """Nothing is credited outside the benefit period, in any area (云浮第十条, settled reading)."""
    if row.get("in_benefit_period", True):
        return None
    return CreditOutcome(0, "outside_benefit_period")
