"""Shaoyang, 邵市政办发〔2022〕22号, from 2022-11-01; Hunan's deductibles from 2023-06-01.

The inpatient figures (第八条), the limit of each disease (第十条) and the dual-channel rules
(第十五条) are open.
"""

from datetime import date

from gongji.oracle import hunan
from gongji.oracle.accounts import CreditOutcome, active_credit, outside, retired_in
from gongji.oracle.facts import Facts, first_refusal, level_of
from gongji.oracle.layers import Limit, Parameters, Pot, points, yuan

FIRST = date(2022, 11, 1)
LAST: date | None = None
ACCOUNTS_FIRST = date(2023, 1, 1)
"""第二十条 自2022年11月1日起施行。改进个人账户计入办法统一从2023年1月1日起执行."""
BENEFITS = frozenset({"ordinary", "emergency", "chronic", "special", "dual_channel"})

RATE = {"1": points(70), "2": points(60), "3": points(60)}
YEAR = {"2": yuan(200), "3": yuan(300)}
"""第六条 一级…不设起付标准，按70%; 二级…起付标准200元，按60%; 三级…起付标准300元，按60%."""
ALL = yuan(300)
"""第六条 一个自然年度内，职工门诊统筹起付标准累计不超过300元."""
CEILING = {"active": yuan(1500), "retired": yuan(2000)}
"""第六条 在职…最高支付限额为1500元，退休人员最高支付限额为2000元."""
DISEASE_RATE = {"active": points(80), "retired": points(85)}
"""第十条 在职职工…按80%比例支付，退休人员…按85%比例支付."""

DISEASE_GATES = frozenset(
    {
        # 第七条 （一）到非定点协议医药机构就医, care outside the area without a filing included.
        "not_designated",
        "offsite_unfiled",
        # 第十五条 享受住院待遇期间，不享受门诊统筹和慢特病门诊待遇.
        "inpatient_stay",
        # 第十四条 处方流转到定点零售药店配药.
        "no_prescription",
    }
)
# 第七条 （四）未…直接结算 （七）保健、整形美容; （五）（六）（八） are the nation's too.
ORDINARY_GATES = DISEASE_GATES | {"not_direct", "wellness"}
# 第八条 急诊抢救死亡的，参照住院政策支付: at any place, and what cannot be settled there on paper.
DEATH_GATES = frozenset({"inpatient_stay", "no_prescription", "wellness"})
GATES_BY_BENEFIT = {
    "ordinary": ORDINARY_GATES,
    # 第八条 急诊抢救在72小时内转为住院治疗的，急诊抢救医疗费用与住院费用合并计算.
    "emergency": ORDINARY_GATES | {"joins_inpatient"},
    "chronic": DISEASE_GATES,
    "special": DISEASE_GATES,
    # 第七条（一）到非定点协议医药机构就医、购药; 第十五条 按照“双通道”政策执行; 第十四条 处方流转.
    "dual_channel": frozenset({"not_designated", "offsite_unfiled", "no_prescription"}),
}


def refusal(facts: Facts) -> str | None:
    """The first gate that holds."""
    if facts["benefit"] == "emergency" and facts["died"]:
        return first_refusal(facts, DEATH_GATES)
    return first_refusal(facts, GATES_BY_BENEFIT[facts["benefit"]])


def pay(pot: Pot, cost: int) -> None:
    """Settle one visit.

    Law: 急诊抢救死亡的，参照住院政策支付；其他急诊费用按普通门诊统筹标准支付 (第八条); 第七条（三）
         excludes what the disease benefit paid, so cost above its limit goes on to the ordinary
         pool, where that would pay at all.
    """
    benefit = pot.facts["benefit"]
    if benefit in ("chronic", "special"):
        left = _disease(pot, benefit, cost)
        if first_refusal(pot.facts, ORDINARY_GATES) is None:
            _ordinary(pot, left)
    elif benefit == "dual_channel":
        _dual_channel(pot, cost)
    elif benefit == "emergency" and pot.facts["died"]:
        _as_inpatient(pot, cost)
    else:
        _ordinary(pot, cost)


def _deductibles(pot: Pot, level: str) -> list[Limit]:
    """Article 6: a meter for each level and one over all; Hunan's from 2023-06-01."""
    if pot.facts["date"] >= hunan.FIRST:
        return hunan.deductibles(pot, level)
    if level == "1":
        return []
    return [(YEAR[level], ("ordinary_deductible", level)), (ALL, ("ordinary_deductible",))]


def _ordinary(pot: Pot, cost: int) -> None:
    """Article 6: the ordinary pool, nothing beyond its ceiling (第七条（二）)."""
    level = level_of(pot.facts)
    pot.pour(
        "ordinary",
        cost,
        RATE[level],
        deductibles=_deductibles(pot, level),
        ceilings=[(CEILING[pot.status], ("ordinary",))],
    )


def _disease(pot: Pot, benefit: str, cost: int) -> int:
    """Article 10: 根据各个慢特病…合理确定…年度医保统筹基金支付限额; one meter for each disease."""
    disease = str(pot.facts["disease"])
    ceilings = [(pot.amount_for("disease_ceiling", disease), ("disease", disease))]
    return pot.pour(benefit, cost, DISEASE_RATE[pot.status], ceilings=ceilings)


def _dual_channel(pot: Pot, cost: int) -> None:
    """Article 15: 按照“双通道”政策执行, whose figures are open."""
    pot.pour(
        "dual_channel",
        cost,
        pot.rate("dual_channel_rate"),
        ceilings=[(pot.amount("dual_channel_ceiling"), ("dual_channel",))],
    )


def _as_inpatient(pot: Pot, cost: int) -> None:
    """Article 8: a death in emergency care, by the inpatient rules."""
    level = level_of(pot.facts)
    once = (pot.amount(f"inpatient_deductible.{level}"), pot.registered("emergency_visit"))
    pot.pour(
        "emergency",
        cost,
        pot.rate(f"inpatient_rate.{level}.{pot.status}"),
        deductibles=[once],
        ceilings=[(pot.amount("inpatient_ceiling"), ("inpatient",))],
    )


def credit(row: Facts, parameters: Parameters) -> CreditOutcome:
    """A month's credit.

    Law: 改革前参加职工医保并按政策建立了个人账户的，…统一按75元/月; 从完成医疗保险退休手续的
         次月起，按照退休人员方式计入个人账户 (第十一条).
    """
    if row["month"] < ACCOUNTS_FIRST:
        return CreditOutcome(0, "date_outside")
    if stopped := outside(row):
        return stopped
    if not retired_in(row["month"], row):
        return active_credit(row["base_fen"])
    if not row.get("had_account", True):
        return CreditOutcome(0, "no_account")
    return CreditOutcome(yuan(75))
