"""Chuxiong, 楚政规〔2022〕2号, from 2022-07-01; the ordinary pool is Yunnan's from 2024-11-01.

The document leaves the inpatient deductibles, rates and ceiling and the subsidies' rates open.
"""

from datetime import date

from gongji.oracle import yunnan
from gongji.oracle.accounts import CreditOutcome, active_credit, outside, retired_in
from gongji.oracle.facts import Facts, first_refusal, level_of
from gongji.oracle.layers import (
    HALF,
    Limit,
    Parameters,
    Pot,
    find_amount,
    find_rate,
    points,
    to_fen,
    yuan,
)

FIRST = date(2022, 7, 1)
"""第三十七条 本实施细则自2022年7月1日起施行."""
LAST: date | None = None
BENEFITS = frozenset(
    {"ordinary", "chronic", "special", "emergency", "negotiated_drug", "day_surgery"}
)
"""第三条 普通门诊…门诊慢性病、门诊特殊病、门诊急诊抢救、国家医保谈判药品门诊保障、日间手术等."""

DEDUCTIBLE = {"1": yuan(30), "2": yuan(60), "3": yuan(90)}
"""第十三条 一级及以下…30元，二级定点医疗机构60元，三级定点医疗机构90元."""
ACTIVE_RATE = {"1": points(60), "2": points(55), "3": points(50)}
"""第十三条 一级及以下定点医疗机构60%，二级定点医疗机构55%，三级定点医疗机构50%."""
RETIRED_MORE = points(5)
"""第十三条 退休人员的支付比例提高5个百分点."""
CEILING = yuan(6000)
"""第十三条 年度最高支付限额为6000元，与住院年度最高支付限额分别计算."""

CHRONIC_DEDUCTIBLE = yuan(300)
CHRONIC_RATE = {"active": points(85), "retired": points(90)}
"""第十四条 起付标准为300元; 支付比例为在职人员85%，退休人员90%."""
WITHOUT_DEDUCTIBLE = frozenset({"renal_failure", "severe_mental_illness"})
WITHOUT_DEDUCTIBLE_RATE = points(90)
"""第十五条 慢性肾功能衰竭和重性精神病…不设起付标准，政策范围内报销比例为90%."""

# 第十三条 在定点医疗机构; 第二十五条 可以在备案后到统筹地区外…; 第三十条 持外配处方在定点零售药店.
GATES = frozenset({"not_designated", "offsite_unfiled", "no_prescription"})
GATES_BY_BENEFIT = {
    # 第十五条 在二级及以上定点医疗机构就诊.
    "special": GATES | {"level_too_low"},
    # 第十八条 协议期内国家医保谈判药品，在二级及以上定点医疗机构门诊.
    "negotiated_drug": GATES | {"level_too_low", "not_in_agreement"},
    # 第二十七条 门急诊抢救…不受定点医疗机构、异地就医备案等规定限制.
    "emergency": frozenset({"no_prescription"}),
}


def refusal(facts: Facts) -> str | None:
    """The first gate that holds."""
    return first_refusal(facts, GATES_BY_BENEFIT.get(facts["benefit"], GATES))


def pay(pot: Pot, cost: int) -> None:
    """Settle one visit: the benefit's layers, then the subsidy on what remains."""
    benefit = pot.facts["benefit"]
    if benefit == "ordinary":
        _ordinary(pot, cost)
    elif benefit == "chronic":
        _chronic(pot, cost)
    elif benefit == "special":
        _special(pot, cost)
    elif benefit == "emergency":
        _emergency(pot, cost)
    elif benefit == "negotiated_drug":
        _negotiated_drug(pot, cost)
    else:
        _day_surgery(pot, cost)
    _subsidy(pot, cost)


def _ordinary(pot: Pot, cost: int) -> None:
    """Article 13, or Yunnan's figures from 2024-11-01; then the overflow."""
    if pot.facts["date"] >= yunnan.FIRST:
        left = yunnan.ordinary_layer(pot, cost)
    else:
        level = level_of(pot.facts)
        left = pot.pour(
            "ordinary",
            cost,
            ACTIVE_RATE[level] + (RETIRED_MORE if pot.retired else 0),
            deductibles=[(DEDUCTIBLE[level], pot.registered("ordinary_visit"))],
            ceilings=[(CEILING, ("ordinary",))],
        )
    yunnan.inpatient_overflow(pot, left)


def chronic_ceiling(disease_count: int) -> int:
    """The year's ceiling for chronic diseases.

    Law: 单病种…2000元，每增加一个病种增加1000元，…总额不超过5000元 (第十四条).
    """
    return min(yuan(2000) + yuan(1000) * (disease_count - 1), yuan(5000))


def _chronic(pot: Pot, cost: int) -> None:
    """Article 14; nothing beyond the ceiling."""
    pot.pour(
        "chronic",
        cost,
        CHRONIC_RATE[pot.status],
        deductibles=[(CHRONIC_DEDUCTIBLE, ("chronic_deductible",))],
        ceilings=[(chronic_ceiling(pot.facts["disease_count"]), ("chronic",))],
    )


def _as_inpatient(pot: Pot, name: str, cost: int, deductibles: list[Limit]) -> None:
    """A layer at the institution's inpatient rate, within the one inpatient ceiling.

    Law: 统筹基金年度最高支付限额与住院年度最高支付限额合并计算 (第十五、十七、十八、十九条).
    """
    pot.pour(
        name,
        cost,
        pot.rate(f"inpatient_rate.{level_of(pot.facts)}.{pot.status}"),
        deductibles=deductibles,
        ceilings=[(pot.amount("inpatient_ceiling"), ("inpatient",))],
    )


def _special(pot: Pot, cost: int) -> None:
    """Article 15: 在一个自然年度内…按照统筹区内三级定点医疗机构住院起付标准执行."""
    if pot.facts["disease"] in WITHOUT_DEDUCTIBLE:
        ceilings = [(pot.amount("inpatient_ceiling"), ("inpatient",))]
        pot.pour("special", cost, WITHOUT_DEDUCTIBLE_RATE, ceilings=ceilings)
        return
    once_a_year = (pot.amount("inpatient_deductible.3"), ("special_deductible",))
    _as_inpatient(pot, "special", cost, [once_a_year])


def _emergency(pot: Pot, cost: int) -> None:
    """Article 17: 按照该级别定点医疗机构住院起付标准、支付比例执行.

    后即刻住院的，门诊急诊抢救起付标准与住院起付标准合并计算: the admitting hospital's, once.
    """
    level = level_of(pot.facts)
    if pot.facts["admitted"] and pot.facts["admission_level"]:
        level = pot.facts["admission_level"]
    once = (pot.amount(f"inpatient_deductible.{level}"), pot.registered("emergency_visit"))
    _as_inpatient(pot, "emergency", cost, [once])


def _negotiated_drug(pot: Pot, cost: int) -> None:
    """Article 18: 按照…三级…住院起付标准执行，每种谈判药每年支付一次起付标准."""
    of_the_drug = ("drug_deductible", str(pot.facts["drug"]))
    once_a_year = (pot.amount("inpatient_deductible.3"), of_the_drug)
    _as_inpatient(pot, "negotiated_drug", cost, [once_a_year])


def _day_surgery(pot: Pot, cost: int) -> None:
    """Article 19: 按照就诊定点医疗机构住院起付标准减半执行，与住院起付标准分别计算."""
    whole = pot.amount(f"inpatient_deductible.{level_of(pot.facts)}")
    half = (lambda: to_fen(HALF * whole()), pot.registered("day_surgery_visit"))
    _as_inpatient(pot, "day_surgery", cost, [half])


def _subsidy(pot: Pot, cost: int) -> None:
    """Article 35: 经医保报销后的个人负担部分，符合规定的继续按照相应政策予以保障.

    公务员医疗补助、建国初期参加革命工作部分退休干部医疗补助、企业补充医疗保险.
    """
    subsidy = pot.facts["subsidy"]
    if subsidy:
        remaining = cost - pot.pool
        pot.pour(subsidy, remaining, pot.rate(f"subsidy_rate.{subsidy}"), supplement=True)


def credit(row: Facts, parameters: Parameters) -> CreditOutcome:
    """A month's credit.

    Law: 第八条 2%; 第九条 退休人员个人账户继续按现有比例划入 (rate and base are open). From
         2024-11-01 Yunnan's.
    """
    if row["month"] >= yunnan.FIRST:
        return yunnan.credit(row, parameters)
    if stopped := outside(row):
        return stopped
    if not retired_in(row["month"], row):
        return active_credit(row["base_fen"])
    rate = find_rate(parameters, "retiree_credit_rate")
    return CreditOutcome(to_fen(rate * find_amount(parameters, "retiree_credit_base")))
