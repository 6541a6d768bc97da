"""What the account articles of the areas share: 2 % of the base, months, the outcome.

Knows no area and no amount but the 2 % that every document gives for active employees.
"""

from dataclasses import dataclass
from datetime import date

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
