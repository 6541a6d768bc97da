"""Yunfu, 云浮市…实施细则, 2022-09-01 to 2025-12-31, with the clearing of institutions.

The average wage behind the ceiling and the figures of the special diseases are open.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import ceil
from typing import Any

from gongji.oracle.accounts import CreditOutcome, active_credit, outside, retired_in
from gongji.oracle.facts import Facts, first_refusal, level_of
from gongji.oracle.layers import Parameters, Pot, points, to_fen, to_whole_yuan
from gongji.units import WHOLE

FIRST = date(2022, 9, 1)
LAST: date | None = date(2025, 12, 31)
"""第二十六条 自2022年9月1日起施行，有效期至2025年12月31日."""
BENEFITS = frozenset({"ordinary", "dual_channel", "emergency", "special"})

ACTIVE_RATE = {"1": points(60), "2": points(55), "3": points(50)}
"""第五条 一级及以下定点医疗机构支付比例为60%，二级定点医疗机构为55%，三级定点医疗机构为50%."""
RETIRED_MORE = points(10)
"""第五条 退休人员…支付比例比在职职工提高10个百分点."""
RETIREE_CREDIT = 10_555
"""第九条 即105.55元/月."""

# 第十八条 （一）参保人患病住院期间; 第二十条 院外购药费用（“双通道”管理药品）, on a prescription.
ANY_GATES = frozenset({"inpatient_stay", "no_prescription"})
# 第十七条 选定1家定点医疗机构就诊; 除急救和抢救需要外，未经转诊到非选定医疗卫生机构门诊就医，
# 统筹基金不予支付: a place outside the area is none of these without a filing.
CHOSEN_GATES = ANY_GATES | {"not_designated", "offsite_unfiled", "not_selected"}
GATES_BY_BENEFIT = {
    # Drugs bought outside are paid only where they are dual-channel drugs.
    "ordinary": CHOSEN_GATES | {"not_dual_channel"},
    "dual_channel": CHOSEN_GATES,
    "emergency": ANY_GATES | {"not_dual_channel"},
    # 第八条 门诊特定病种…按照省、市…有关规定执行.
    "special": frozenset({"not_designated", "offsite_unfiled"}),
}
RETIREMENT = ("retired_month", "years_complete_month")
"""第四条 达到法定退休年龄且缴满年限…办理医保退休手续后次月起; 第九条 从缴满规定年限后的次月起."""


def refusal(facts: Facts) -> str | None:
    """The first gate that holds."""
    return first_refusal(facts, GATES_BY_BENEFIT[facts["benefit"]])


def pay(pot: Pot, cost: int) -> None:
    """Settle one visit; dual-channel drugs and emergencies are ordinary pool spending.

    Law: 转诊医疗费用和院外购药费用（“双通道”管理药品），纳入普通门诊统筹支付范围 (第二十条).
    """
    if pot.facts["benefit"] == "special":
        _special(pot, cost)
    else:
        _ordinary(pot, cost)


def _ordinary(pot: Pot, cost: int) -> None:
    """Articles 5 and 6: 不设起付标准; one ceiling for the year, nothing beyond."""
    wage = pot.amount(f"average_wage.{pot.facts['date'].year - 2}")
    pot.pour(
        "ordinary",
        cost,
        ACTIVE_RATE[level_of(pot.facts)] + (RETIRED_MORE if pot.retired else 0),
        ceilings=[(lambda: annual_ceiling(wage()), ("ordinary",))],
    )


def annual_ceiling(average_wage_fen: int) -> int:
    """The year's ceiling.

    Law:    本市上上年度城镇在岗职工年平均工资的2% (第六条).
    Rounds: half up to the yuan, as neighbouring areas publish theirs.
    """
    return to_whole_yuan(points(2) * average_wage_fen)


def _special(pot: Pot, cost: int) -> None:
    """Article 8: the special diseases' own rules, whose figures are open; nothing beyond."""
    pot.pour(
        "special",
        cost,
        pot.rate(f"special_rate.{pot.status}"),
        deductibles=[(pot.amount("special_deductible"), ("special_deductible",))],
        ceilings=[(pot.amount("special_ceiling"), ("special",))],
    )


def credit(row: Facts, parameters: Parameters) -> CreditOutcome:
    """A month's credit.

    Law: 计入资金起止时间原则上和基本医疗保险待遇享受时间一致 (第十条); 选择按月缴费的人员，
         其按月缴费期间，不计发个人账户; 退休人员从缴满规定年限后的次月起变更个人账户划入额度
         (第九条). A retiree without a month of completion had the years long ago.
    """
    if stopped := outside(row):
        return stopped
    if row.get("paying_monthly"):
        return CreditOutcome(0, "paying_monthly")
    if retired_in(row["month"], row, RETIREMENT):
        return CreditOutcome(RETIREE_CREDIT)
    return active_credit(row["base_fen"])


@dataclass(frozen=True)
class ClearOutcome:
    """An institution's year under article 20: what was prepaid, kept, returned and borne."""

    prepaid_fen: int
    usage: Fraction
    balance_fen: int
    kept_ppm: int
    kept_fen: int
    returned_fen: int
    borne_fen: int


def kept_share(usage: Fraction) -> Fraction:
    """The share of the balance that the institution keeps.

    Law: <30%…全部由基本医疗保险统筹基金留用; ≥30%<70%…30%定点医疗机构留用; ≥70%<80%…70%定点医疗机构
         留用; ≥80%的，结余额全部由定点医疗机构留用 (第二十条（二）).
    """
    if usage < points(30):
        return points(0)
    if usage < points(70):
        return points(30)
    if usage < points(80):
        return points(70)
    return points(100)


def direct_reduction(direct_settled: int, settled: int) -> Fraction:
    """What the share loses for a direct-settlement rate under 90 %.

    Law: 每低一个百分点，结余额的返回百分比降低一个百分点（不足一个百分点按照一个百分点计算）.
         Where nothing was settled there is no rate and nothing is lost.
    """
    if settled == 0:
        return points(0)
    rate = Fraction(direct_settled, settled)
    if rate >= points(90):
        return points(0)
    return points(ceil((points(90) - rate) * 100))


def clear(row: Mapping[str, Any]) -> ClearOutcome:
    """Clear one institution's year (第二十条).

    Law:    付费标准按照参保人年度最高支付限额的30%确定…按当月定点人数将包干费用按月预拨付;
            >100%的，超出部分由定点医疗机构承担，统筹基金不予支付.
    Rounds: each month's prepayment and the part kept, half up to the fen.
    """
    prepaid = sum(to_fen(points(30) * row["ceiling_fen"] * heads / 12) for heads in row["heads"])
    # 零星报销…在支付给医疗机构的“定额包干”费用中扣回: taken off what is paid.
    manual = row.get("manual_fen", 0)
    paid = max(0, prepaid - manual)
    spent = row["spent_fen"]
    usage = Fraction(spent, paid) if paid else Fraction(0)
    balance = max(0, paid - spent)
    reduction = direct_reduction(row["direct_settled"], row["settled"])
    share = max(points(0), kept_share(usage) - reduction)
    kept = to_fen(share * balance)
    return ClearOutcome(
        prepaid_fen=prepaid,
        usage=usage,
        balance_fen=balance,
        kept_ppm=int(share * WHOLE),
        kept_fen=kept,
        returned_fen=balance - kept,
        borne_fen=max(0, spent + manual - prepaid),
    )
