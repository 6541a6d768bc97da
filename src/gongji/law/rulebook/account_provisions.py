"""What a rulebook says of accounts, payment of institutions, deadlines and duties.

Like `provision_kinds.py`: one struct for each kind of provision, flat maps of name to provision,
each with its article. Who reads them is `gongji.law.accounts`; this module describes and computes
nothing.
"""

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from gongji.law.rulebook import schema as s
from gongji.law.rulebook.provision_kinds import Condition, Value, value_of
from gongji.law.rulebook.schema import Parser, Reading, key, list_of, map_of, struct
from gongji.law.rulebook.source import Node
from gongji.law.rulebook.vocabulary import BENEFITS, FACTS, FLAG, Fact
from gongji.units import parse_day

OWN_BASE = "缴费基数"
"""The base of a credit that is the person's own contribution base."""

ROSTER_FACTS: dict[str, Fact] = {
    name: FACTS[name] for name in ("参保状态", "缴费档次", "待遇享受期内")
} | {
    "按月补缴": Fact("按月补缴", "paying_monthly", FLAG, False),
    "改革前有账户": Fact("改革前有账户", "had_account", FLAG, True),
}
"""The facts of a month of a person that rules about accounts may speak of; with bands of 年龄."""

NO_CREDIT = ("outside_benefit_period", "no_account", "not_eligible", "paying_monthly")
"""The reasons why a month puts nothing into an account."""

FUNDS = {"个人缴费": "contribution", "统筹基金": "pool"}
EVENTS = {"退休手续": "retired_month", "缴满年限": "years_complete_month"}

RELATIONS = {
    "本人": "self",
    "配偶": "spouse",
    "父母": "parent",
    "子女": "child",
    "兄弟姐妹": "sibling",
    "祖父母": "grandparent",
    "外祖父母": "maternal_grandparent",
    "孙子女": "grandchild",
    "外孙子女": "maternal_grandchild",
    "近亲属": "close_relative",
    "配偶的父母": "parent_in_law",
    "其他人": "other",
}
PLACES = {"定点医疗机构": "hospital", "定点零售药店": "pharmacy", "其他": "other"}
USES = {
    "医疗费用": "care",
    "药品": "drugs",
    "医疗器械": "devices",
    "医用耗材": "consumables",
    "中医治未病": "preventive_tcm",
    "居民医保缴费": "resident_premium",
    "大额医疗费用补助缴费": "large_amount_premium",
    "长期护理保险缴费": "long_term_care_premium",
    "商业健康保险": "commercial_insurance",
    "普惠型商业补充医疗保险": "city_insurance",
    "补充医疗保险缴费": "supplementary_premium",
    "重特大疾病保险缴费": "critical_illness_premium",
    "退休补缴": "contribution_gap",
    "公共卫生": "public_health",
    "体育健身": "sport",
    "养生保健": "wellness",
    "健康体检": "check_up",
}
"""What an account may be asked to pay: the law's words and the codes of files."""
OWN_USES = ("中医治未病", "健康体检", "体育健身", "养生保健", "公共卫生")
"""Uses that an item of the catalogue may have of its own, instead of care or drugs."""

_condition = map_of(list_of(s.prose))
_doubts = list_of(s.prose)
_names = list_of(s.prose)


def _month(text: str) -> int:
    found = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", text)
    if not found:
        raise ValueError(f"“{text}”须写成 2023-01 的样子")
    return int(found[1]) * 12 + int(found[2]) - 1


month = s.scalar("月份（YYYY-MM）", _month, {"pattern": r"^\d{4}-(0[1-9]|1[0-2])$"})


def _choices(options: Mapping[str, object]) -> Parser:
    return list_of(s.choice(options))


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Share:
    """A rate of a base: 缴费基数 (the person's own) or an amount, within bounds, rounded."""

    rate: Value = key("比例", value_of(s.percent))
    base: Value | None = key(
        "基数",
        s.either(
            lambda node: isinstance(node.value, str) and node.text() == OWN_BASE,
            s.scalar("基数", lambda text: None, {"enum": [OWN_BASE]}),
            value_of(s.money),
        ),
        "缴费基数，或金额、参数、指数",
    )
    at_least: Value | None = key("基数下限", value_of(s.money), default=None)
    at_most: Value | None = key("基数上限", value_of(s.money), default=None)
    rounding: str = key("取整", s.choice({"元": "元", "分": "分"}), default="分")
    node: Node = None  # type: ignore[assignment]


def _is_share(node: Node) -> bool:
    return isinstance(node.value, dict) and "比例" in node.value and "指数" not in node.value


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Credit:
    """划入: what a month puts into an account."""

    amount: Share | Value = key(
        "标准", s.either(_is_share, struct(Share), value_of(s.money)), "定额，或比例与基数"
    )
    fund: str = key("资金", s.choice(FUNDS), "个人缴费或统筹基金")
    article: str = key("依据", s.prose)
    when: Condition = key("当", _condition, "哪些人", default={})
    since: int | None = key("自", month, "晚于文件施行的起始月", default=None)
    doubts: tuple[str, ...] = key("存疑", _doubts, default=())
    node: Node = None  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class NoCredit:
    """不计发: a condition under which a month puts nothing into an account."""

    when: Condition = key("当", _condition)
    refusal: str = key("拒付", s.choice({code: code for code in NO_CREDIT}))
    article: str = key("依据", s.prose)
    doubts: tuple[str, ...] = key("存疑", _doubts, default=())
    node: Node = None  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Contribution:
    """缴费: which part of a contribution goes where, and its rate where the document gives one."""

    payer: str = key("缴费人", s.choice({"用人单位": "employer", "个人": "person"}))
    fund: str = key("去向", s.choice({"统筹基金": "pool", "个人账户": "account"}))
    article: str = key("依据", s.prose)
    rate: int | None = key("费率", s.percent, default=None)
    when: Condition = key("当", _condition, default={})
    doubts: tuple[str, ...] = key("存疑", _doubts, default=())
    node: Node = None  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RetirementStart:
    """退休起算: from which month the rules for retirees hold, counted from an event."""

    governs: tuple[str, ...] = key("用于", _choices({"待遇": "benefit", "划入": "credit"}))
    event: str = key("事件", s.choice(EVENTS))
    months_after: int = key("起", s.choice({"当月": 0, "次月": 1}))
    article: str = key("依据", s.prose)
    doubts: tuple[str, ...] = key("存疑", _doubts, default=())
    node: Node = None  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Coverage:
    """参保: whom the document covers, and in which period."""

    people: tuple[str, ...] = key(
        "人员", _choices({"职工": "employee", "退休人员": "retired", "灵活就业人员": "flexible"})
    )
    article: str = key("依据", s.prose)
    period: str = key("享受期", s.prose, default="")
    doubts: tuple[str, ...] = key("存疑", _doubts, default=())
    node: Node = None  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Use:
    """账户使用: what an account may pay, for whom and where (anywhere without 地点)."""

    uses: tuple[str, ...] = key("用途", _choices(USES))
    relations: tuple[str, ...] = key("亲属", _choices(RELATIONS))
    article: str = key("依据", s.prose)
    places: tuple[str, ...] = key("地点", _choices(PLACES), default=())
    in_policy: bool = key("限政策范围内", s.yes_no, "只付政策范围内的个人负担", default=False)
    coded: bool = key("限国家编码", s.yes_no, "只付有国家医保标准编码的", default=False)
    doubts: tuple[str, ...] = key("存疑", _doubts, default=())
    node: Node = None  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class NoUse:
    """账户禁用: what an account must never pay."""

    uses: tuple[str, ...] = key("用途", _choices(USES))
    article: str = key("依据", s.prose)
    doubts: tuple[str, ...] = key("存疑", _doubts, default=())
    node: Node = None  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Binding:
    """账户绑定: whose care an owner may let the account pay, and what if it runs short."""

    relations: tuple[str, ...] = key("亲属", _choices(RELATIONS))
    article: str = key("依据", s.prose)
    voluntary: bool = key("自愿", s.yes_no, default=True)
    short: str = key("余额不足", s.choice({"自付": "cash"}), default="cash")
    doubts: tuple[str, ...] = key("存疑", _doubts, default=())
    node: Node = None  # type: ignore[assignment]


ACCOUNT_EVENTS = {
    "年度结转": "carry_over",
    "计息": "interest",
    "省内跨市转移": "move_in_province",
    "跨省转移": "move_across_provinces",
    "跨省异地安置退休": "resettlement",
    "应征入伍": "enlistment",
    "死亡": "death",
    "出境定居": "emigration",
}
OUTCOMES = {
    "结转使用": "carry",
    "利息计入本金": "add_interest",
    "不计利息": "no_interest",
    "依法继承": "inherit",
    "随同转移": "transfer",
    "不划转不提现": "stay",
    "一次性清退": "refund",
    "划入本人银行账户": "payout",
}


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class AccountEvent:
    """账户事件: what becomes of an account's money."""

    events: tuple[str, ...] = key("事件", _choices(ACCOUNT_EVENTS))
    outcomes: tuple[str, ...] = key("处理", _choices(OUTCOMES))
    article: str = key("依据", s.prose)
    on_request: bool = key("申请", s.yes_no, "提现或清退须经申请", default=False)
    special: str = key("特殊情形", s.prose, default="")
    special_outcomes: tuple[str, ...] = key("特殊处理", _choices(OUTCOMES), default=())
    doubts: tuple[str, ...] = key("存疑", _doubts, default=())
    node: Node = None  # type: ignore[assignment]


PAYMENT_METHODS = {
    "按项目付费": "fee_for_service",
    "按人头付费": "capitation",
    "按服务单元付费": "per_service_unit",
    "按病种付费": "per_disease",
    "按病种分值付费": "disease_scores",
    "按病种结合人头付费": "disease_groups_with_capitation",
    "门诊病例分组结合点数法付费": "outpatient_groups_with_points",
    "复合式付费": "mixed",
    "另行规定": "elsewhere",
}


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Capitation:
    """定额: what is prepaid a head and year, by the month: a share of an annual ceiling."""

    benefit: str = key("限额", s.choice({name: name for name in BENEFITS}), "哪项待遇的年度限额")
    share: int = key("比例", s.percent)
    article: str = key("依据", s.prose)
    doubts: tuple[str, ...] = key("存疑", _doubts, default=())
    node: Node = None  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Payment:
    """付费: how the agency pays institutions."""

    method: str = key("方式", s.choice(PAYMENT_METHODS))
    article: str = key("依据", s.prose)
    stage: str = key("状态", s.choice({"施行": "in_force", "探索": "explored"}), default="in_force")
    budget: bool = key("总额预算", s.yes_no, default=False)
    capitation: Capitation | None = key("定额", struct(Capitation), default=None)
    includes: tuple[str, ...] = key("纳入", _names, "也算在定额内的费用", default=())
    charged_back: tuple[str, ...] = key("扣回", _names, "从定额中扣回的费用", default=())
    note: str = key("说明", s.prose, default="")
    doubts: tuple[str, ...] = key("存疑", _doubts, default=())
    node: Node = None  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Band:
    """分档: from this use of the budget on, the institution keeps this share of the balance."""

    since: int = key("使用率", s.percent, "自此使用率（含）起")
    kept: int = key("留用", s.percent)
    article: str = key("依据", s.prose)
    node: Node = None  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class DirectRate:
    """直接结算率: what the kept share loses for each step, or part of one, below a rate."""

    below: int = key("低于", s.percent)
    step: int = key("每低", s.percent)
    loss: int = key("降低", s.percent)
    article: str = key("依据", s.prose)
    doubts: tuple[str, ...] = key("存疑", _doubts, default=())
    node: Node = None  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Clearing:
    """清算: a year's capitation of an institution settled by the use of its budget."""

    payment: str = key("付费", s.prose, "清算哪一项付费")
    bands: tuple[Band, ...] = key("分档", list_of(struct(Band)))
    article: str = key("依据", s.prose)
    over: str = key("超支", s.choice({"定点医疗机构承担": "institution"}))
    over_article: str = key("超支依据", s.prose)
    direct: DirectRate | None = key("直接结算率", struct(DirectRate), default=None)
    doubts: tuple[str, ...] = key("存疑", _doubts, default=())
    node: Node = None  # type: ignore[assignment]


@dataclass(frozen=True)
class YearlyDate:
    """A month and day so many years after the year of an event."""

    years: int
    month: int
    day: int

    def last_day(self, of: date) -> date:
        """The last day for an event of a day."""
        return date(of.year + self.years, self.month, self.day)


@dataclass(frozen=True)
class Lapse:
    """So many months and days after the day of an event."""

    months: int
    days: int

    def last_day(self, of: date) -> date:
        """The last day for an event of a day: the same day of the month, or that month's last."""
        number = of.year * 12 + of.month - 1 + self.months
        year, month = number // 12, number % 12 + 1
        day = min(of.day, calendar.monthrange(year, month)[1])
        return date(year, month, day) + timedelta(self.days)


LAPSES = {"年": (12, 0), "个月": (1, 0), "日": (0, 1), "天": (0, 1)}
"""Months and days of one unit of a lapse."""


def _deadline(text: str) -> YearlyDate | Lapse:
    lapse = re.fullmatch(r"就诊后([1-9]\d{0,2})(年|个月|日|天)", text)
    if lapse:
        months, days = LAPSES[lapse[2]]
        return Lapse(months * int(lapse[1]), days * int(lapse[1]))
    found = re.fullmatch(r"(当年|次年)(\d{1,2})月(\d{1,2})日", text)
    if not found:
        raise ValueError(f"“{text}”须写成 就诊后6个月、次年3月31日 的样子")
    years, month, day = found.groups()
    try:
        # 2001 is not a leap year: a deadline must exist every year.
        parse_day(f"2001-{int(month):02d}-{int(day):02d}")
    except ValueError:
        raise ValueError(f"“{text}”不是每年都有的日子") from None
    return YearlyDate(1 if years == "次年" else 0, int(month), int(day))


until_parser = s.scalar(
    "期限（如 次年3月31日、就诊后6个月）",
    _deadline,
    {"pattern": r"^((当年|次年)\d{1,2}月\d{1,2}日|就诊后[1-9]\d{0,2}(年|个月|日|天))$"},
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Deadline:
    """期限: until when something may be handed in, with which papers, and what lateness means."""

    matter: str = key("事项", s.choice({"手工报销": "manual_reimbursement"}))
    article: str = key("依据", s.prose)
    accepted: bool = key("受理", s.yes_no, default=True)
    until: YearlyDate | Lapse | None = key(
        "截止", until_parser, "最后一天，含当日；由就诊当日起算", default=None
    )
    late: str = key(
        "逾期", s.choice({"不予受理": "refused", "原则上不予受理": "by_review"}), default="refused"
    )
    papers: tuple[str, ...] = key("材料", _names, default=())
    scope: str = key("范围", s.prose, default="")
    doubts: tuple[str, ...] = key("存疑", _doubts, default=())
    node: Node = None  # type: ignore[assignment]


def _post_pair(node: Node, name: str, context: Reading) -> object:
    posts = (
        [text.strip() for text in node.text().split("和")] if isinstance(node.value, str) else []
    )
    if len(posts) != 2 or not all(posts):
        return context.add(node, name, "应写成 经办和稽核 的样子")
    return (posts[0], posts[1])


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Review:
    """审核: the steps of a review in order, and posts that one person must not hold together."""

    article: str = key("依据", s.prose)
    steps: tuple[str, ...] = key("步骤", _names, default=())
    apart: tuple[tuple[str, str], ...] = key(
        "不相容", list_of(Parser(_post_pair, {"type": "string", "pattern": "^.+和.+$"})), default=()
    )
    scope: str = key("范围", s.prose, default="")
    doubts: tuple[str, ...] = key("存疑", _doubts, default=())
    node: Node = None  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Supervision:
    """监管: what is watched: indicators, kinds of fraud, duties of institutions, consequences."""

    kind: str = key(
        "类", s.choice({"指标": "indicator", "线索": "lead", "要求": "duty", "后果": "consequence"})
    )
    code: str = key("代号", s.code)
    article: str = key("依据", s.prose)
    note: str = key("说明", s.prose, default="")
    doubts: tuple[str, ...] = key("存疑", _doubts, default=())
    node: Node = None  # type: ignore[assignment]


SECTIONS: dict[str, type] = {
    "参保": Coverage,
    "退休起算": RetirementStart,
    "缴费": Contribution,
    "划入": Credit,
    "不计发": NoCredit,
    "账户使用": Use,
    "账户禁用": NoUse,
    "账户绑定": Binding,
    "账户事件": AccountEvent,
    "付费": Payment,
    "清算": Clearing,
    "期限": Deadline,
    "审核": Review,
    "监管": Supervision,
}
"""Sections about accounts, institutions, deadlines and duties, each a map of name to provision."""
