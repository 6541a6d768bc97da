"""Yunnan province from 2024-11-01, 云政办规〔2024〕2号 as the Shuangjiang text explains it.

The Shuangjiang text has headings 二（一）to（四）instead of articles. Chuxiong and Lincang take
the first layer and the account credits from here; their own further layers stay theirs.
"""

from datetime import date

from gongji.oracle.accounts import CreditOutcome, active_credit, month_number, outside, retired_in
from gongji.oracle.facts import Facts, first_refusal, level_of
from gongji.oracle.layers import Parameters, Pot, points, yuan

FIRST = date(2024, 11, 1)
"""文件规定：全省统一于2024年11月1日执行."""
LAST: date | None = None
BENEFITS = frozenset({"ordinary"})

DEDUCTIBLE = {"1": yuan(20), "2": yuan(40), "3": yuan(60)}
"""二（二）一、二、三级定点医疗机构起付标准分别由30元、60元、90元降为20元、40元、60元."""
ACTIVE_RATE = {"1": points(60), "2": points(55), "3": points(50)}
"""二（二）一级定点医疗机构60%，二级定点医疗机构55%，三级定点医疗机构50%."""
RETIRED_MORE = points(10)
RETIRED_MOST = points(70)
"""二（二）退休人员报销比例提高10个百分点，最高可报销70%."""
CEILING = yuan(6000)
"""二（二）全省普通门诊自然年度支付限额统一为6000元."""

GATES = frozenset({"not_designated", "no_prescription", "offsite_unfiled"})
"""定点医疗机构 (二（二）); 将符合条件的定点零售药店纳入门诊统筹管理 (二（四）); off-site care only
with a filing, as in 楚雄第二十五条 (settled reading)."""


def refusal(facts: Facts) -> str | None:
    """The first gate that holds."""
    return first_refusal(facts, GATES)


def ordinary_layer(pot: Pot, cost: int) -> int:
    """The ordinary pool: a deductible for each registration, a ceiling for the year."""
    level = level_of(pot.facts)
    rate = ACTIVE_RATE[level]
    if pot.retired:
        rate = min(rate + RETIRED_MORE, RETIRED_MOST)
    return pot.pour(
        "ordinary",
        cost,
        rate,
        deductibles=[(DEDUCTIBLE[level], pot.registered("ordinary_visit"))],
        ceilings=[(CEILING, ("ordinary",))],
    )


def inpatient_overflow(pot: Pot, cost: int) -> int:
    """What passes the 6,000, at the institution's inpatient rate within the inpatient ceiling.

    Law: 超过支付限额的政策范围内医疗费用，按照职工医保住院待遇报销 (二（二）; 楚雄第十三条
         按照就诊定点医疗机构住院支付比例进行报销，与住院费用年度最高支付限额合并计算).
    """
    return pot.pour(
        "overflow",
        cost,
        pot.rate(f"inpatient_rate.{level_of(pot.facts)}.{pot.status}"),
        ceilings=[(pot.amount("inpatient_ceiling"), ("inpatient",))],
    )


def pay(pot: Pot, cost: int) -> None:
    """Settle one visit of the province's own rulebook."""
    inpatient_overflow(pot, ordinary_layer(pot, cost))


def credit(row: Facts, parameters: Parameters) -> CreditOutcome:
    """A month's credit.

    Law: 在职职工…2%; 70周岁以下退休人员每月划入106元，70周岁及以上退休人员每月划入142元 (二（一）).
         Age 70 counts from the month of the birthday.
    """
    if stopped := outside(row):
        return stopped
    if not retired_in(row["month"], row):
        return active_credit(row["base_fen"])
    born = row.get("birth_date")
    seventy = born is not None and month_number(row["month"]) >= month_number(born) + 70 * 12
    return CreditOutcome(yuan(142) if seventy else yuan(106))
