"""Panzhihua, 攀枝花市…实施细则 of 2022-10-14, 2023-01-01 to 2027-12-31.

The two diseases and chronic and special care run by other documents (第九、十条): their figures
are open. What passes their ceilings goes on to the ordinary pool (第十一条).
"""

from datetime import date

from gongji.oracle.accounts import CreditOutcome, active_credit, outside, retired_in
from gongji.oracle.facts import (
    Facts,
    at_pharmacy,
    first_refusal,
    level_of,
)
from gongji.oracle.layers import (
    Limit,
    Parameters,
    Pot,
    find_amount,
    points,
    to_whole_yuan,
    yuan,
)

FIRST = date(2023, 1, 1)
LAST: date | None = date(2027, 12, 31)
"""第十九条 自2023年1月1日起实施，有效期5年."""
BENEFITS = frozenset({"ordinary", "two_diseases", "chronic", "special"})

DEDUCTIBLE = {"active": yuan(200), "retired": yuan(150)}
"""第七条 在职职工：…起付线为200元; 退休人员：…起付线为150元."""
RATE_HIGH = {"active": points(50), "retired": points(55)}
"""第七条 三级定点医疗机构和定点零售药店报销比例为50%; 退休…55%."""
RATE_LOW = {"active": points(60), "retired": points(65)}
"""第七条 二级及以下定点医疗机构为60%; 退休…65%."""
CEILING = {"active": yuan(1000), "retired": yuan(1500)}
"""第七条 统筹年度最高支付限额为1000元; 退休…1500元."""

# 第七条 在医保定点医疗机构、符合条件的医保定点零售药店; 按规定办理异地…备案.
GATES = frozenset({"not_designated", "offsite_unfiled"})
ORDINARY_GATES = GATES | {
    # 第七条 建立了个人账户且在待遇享受期内的; 第四条 “一档”…计入.
    "outside_benefit_period",
    "no_account",
    # 第八条 （一）其他资金（基金）（二）个人账户（三）第三人（四）其他不予支付.
    "other_fund",
    "paid_by_account",
    "third_party",
    "excluded_by_law",
    # 第七条 流转处方购药费用; 第十四条 资质合规…可追溯等条件的定点零售药店.
    "no_prescription",
    "pharmacy_not_qualified",
}


def refusal(facts: Facts) -> str | None:
    """The first gate that holds; articles 7 and 8 speak of the ordinary pool only."""
    ordinary = facts["benefit"] == "ordinary"
    return first_refusal(facts, ORDINARY_GATES if ordinary else GATES)


def pay(pot: Pot, cost: int) -> None:
    """Settle one visit: the disease's own rules first, then the ordinary pool.

    Law: 先按“两病”、门诊慢特病政策支付，超过统筹年度最高支付限额后的门诊就诊费用按门诊统筹政策支付
         (第十一条): what the ordinary pool would not pay by itself (第七、八、十四条), it does not
         pay of what is left either.
    """
    benefit = pot.facts["benefit"]
    if benefit == "ordinary":
        _ordinary(pot, cost)
        return
    left = _two_diseases(pot, cost) if benefit == "two_diseases" else _listed(pot, benefit, cost)
    if first_refusal(pot.facts, ORDINARY_GATES) is None:
        _ordinary(pot, left)


def _ordinary(pot: Pot, cost: int) -> None:
    """Article 7: one deductible and one ceiling for the year, a pharmacy paid as level 3."""
    facts = pot.facts
    place = facts["parent_level"] or ("pharmacy" if at_pharmacy(facts) else level_of(facts))
    rates = RATE_HIGH if place in ("3", "pharmacy") else RATE_LOW
    pot.pour(
        "ordinary",
        cost,
        rates[pot.status],
        deductibles=[(DEDUCTIBLE[pot.status], ("ordinary_deductible",))],
        ceilings=[(CEILING[pot.status], ("ordinary",))],
    )


def _two_diseases(pot: Pot, cost: int) -> int:
    """Article 9: 与城乡居民“两病”门诊用药保持一致; rate and ceilings are open.

    A ceiling for each of the two diseases, and one for both together.
    """
    disease = str(pot.facts["disease"])
    both: Limit = (pot.amount("two_diseases_ceiling"), ("two_diseases",))
    each: Limit = (pot.amount_for("two_diseases_ceiling", disease), ("each_disease", disease))
    return pot.pour("two_diseases", cost, pot.rate("two_diseases_rate"), ceilings=[each, both])


def _listed(pot: Pot, benefit: str, cost: int) -> int:
    """Article 10: 门诊慢特病保障按现行政策执行; deductible, rate and ceiling are open."""
    return pot.pour(
        benefit,
        cost,
        pot.rate(f"{benefit}_rate.{pot.status}"),
        deductibles=[(pot.amount(f"{benefit}_deductible"), (f"{benefit}_deductible",))],
        ceilings=[(pot.amount(f"{benefit}_ceiling"), (benefit,))],
    )


def credit(row: Facts, parameters: Parameters) -> CreditOutcome:
    """A month's credit.

    Law: 以职工医保“一档”缴费标准参保的灵活就业人员，按缴费基数的2%计入; 退休人员…2022年度基本
         养老金平均水平的2%定额计入（以“元”为单位四舍五入）(第四条).
    """
    if stopped := outside(row):
        return stopped
    if row.get("tier") == "2":
        return CreditOutcome(0, "no_account")
    if not retired_in(row["month"], row):
        return active_credit(row["base_fen"])
    pension = find_amount(parameters, "average_pension")
    return CreditOutcome(to_whole_yuan(points(2) * pension))
