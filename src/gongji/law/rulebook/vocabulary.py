"""The facts of a visit that rules may speak of: their Chinese names, columns and ordinary values.

A rulebook adds its own (section 事实): further flags and choices, and bands or classes of a fact
(age bands, groups of diseases). This module knows names and values, not where facts come from.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from gongji.law.kernel.calendar import NO_DAY

KINDS = ("是否", "选项", "数", "文字", "日期", "金额")
FLAG, CHOICE, NUMBER, TEXT, DATE, AMOUNT = KINDS

BIRTH_DATE = "birth_date"
"""The column of the date on which the insured person was born."""

YES_NO = {"是": True, "否": False}


SUM, HIGHEST = "相加", "最高"
TOGETHER = (SUM, HIGHEST)
"""How the amounts of several texts come to one: added, or the highest of them."""
PARTED = re.compile(r"[、，,;；/+\s]+")
"""What stands between several texts in one."""


@dataclass(frozen=True)
class Several:
    """An amount for each of the texts that one may name: diseases, drugs.

    Units:   fen. `rest` is for a text without one of its own, and where none is named; `more` is
             added to the highest for each further text; `most` bounds the whole.
    """

    amounts: Mapping[str, int]
    rest: int
    way: str = SUM
    more: int = 0
    most: int | None = None

    def amount(self, text: str) -> int:
        """The amount of the texts that `text` names, each once."""
        named = [one for one in dict.fromkeys(PARTED.split(text)) if one] or [""]
        each = [self.amounts.get(one, self.rest) for one in named]
        whole = sum(each) if self.way == SUM else max(each) + self.more * (len(each) - 1)
        return whole if self.most is None else min(whole, self.most)


@dataclass(frozen=True)
class Fact:
    """One fact: its Chinese name, its column, its kind and what its absence means.

    `choices` maps the law's word to the code in files. `bands` (of a number or a date: lower
    bounds; of a text or a choice: lists of values, one band holding the rest) make an axis out of
    `source`; `several` makes an amount out of the texts that it names.
    """

    name: str
    column: str
    kind: str
    default: object = None
    choices: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    bands: Mapping[str, object] = field(default_factory=dict)
    several: "Several | None" = None

    @property
    def values(self) -> tuple[str, ...]:
        """The names of its values when it serves as an axis, the order of their codes."""
        if self.bands:
            return tuple(self.bands)
        if self.kind == FLAG:
            return ("否", "是")
        return tuple(self.choices)

    @cached_property
    def codes(self) -> dict[str, str]:
        """The code of each way to write a choice: by its name or by the code itself."""
        return {**self.choices, **{code: code for code in self.choices.values()}}

    @cached_property
    def names(self) -> dict[object, str]:
        """The name of each choice, by its code."""
        return {code: name for name, code in reversed([*self.choices.items()])}

    @property
    def keys_meters(self) -> bool:
        """Whether its values are unbounded: meters apart by it are numbered slots of the person."""
        return self.kind == TEXT and not self.bands


def _flags(*rows: tuple[str, str, bool]) -> list[Fact]:
    return [Fact(name, column, FLAG, default) for name, column, default in rows]


def _counted(months: int) -> dict[str, object]:
    return {f"{month}个月": month for month in range(1, months + 1)}


NO_LEVEL, PHARMACY = "无", "药店"
LEVELS = {NO_LEVEL: "", "一级": "1", "二级": "2", "三级": "3", PHARMACY: "pharmacy"}
"""The level that counts: its order is the code that `kernel.calendar.counting_level` gives."""
LEVEL_COLUMNS = ("level", "admission_level")
"""Columns of facts that are levels; the first value means that none is given."""

BENEFITS = {
    "普通门诊": "ordinary",
    "慢性病": "chronic",
    "特殊病": "special",
    "急诊抢救": "emergency",
    "谈判药": "negotiated_drug",
    "日间手术": "day_surgery",
    "两病": "two_diseases",
    "双通道药": "dual_channel",
}
BENEFIT_NAMES = {code: name for name, code in BENEFITS.items()}

FACTS: dict[str, Fact] = {
    fact.name: fact
    for fact in [
        Fact("参保状态", "status", CHOICE, None, {"在职": "active", "退休": "retired"}),
        Fact("医院级别", "level", CHOICE, "", LEVELS),
        Fact(
            "机构类别",
            "institution_kind",
            CHOICE,
            "hospital",
            {"医院": "hospital", "药店": "pharmacy"},
        ),
        Fact("住院医院级别", "admission_level", CHOICE, "", LEVELS),
        Fact("缴费档次", "tier", CHOICE, "", {"无": "", "一档": "1", "二档": "2"}),
        Fact("异地", "offsite", CHOICE, "", {"否": "", "已备案": "filed", "未备案": "unfiled"}),
        Fact(
            "补助身份",
            "subsidy",
            CHOICE,
            "",
            {"无": "", "公务员": "civil_servant", "老干部": "veteran", "企业补充": "enterprise"},
        ),
        Fact("病种", "disease", TEXT, ""),
        Fact("登记病种", "registered_diseases", TEXT, ""),
        Fact("药品", "drug", TEXT, ""),
        Fact("医疗机构", "institution", TEXT, ""),
        Fact("病种数", "disease_count", NUMBER, 1),
        Fact("当年账户", "account_current", AMOUNT, 0),
        Fact("日期", "date", DATE, NO_DAY),
        Fact("出生日期", BIRTH_DATE, DATE, NO_DAY),
        Fact("年龄", "age", NUMBER, 0),
        Fact("周岁", "age_by_day", NUMBER, 0),
        Fact("季内月数", "months_into_quarter", NUMBER, 1, bands=_counted(3)),
        Fact("年内月数", "months_into_year", NUMBER, 1, bands=_counted(12)),
        Fact("核准当年剩余月数", "months_left", NUMBER, 12, bands=_counted(12)),
        *_flags(
            ("待遇享受期内", "in_benefit_period", True),
            ("定点", "designated", True),
            ("选定机构", "selected", True),
            ("转诊", "referred", False),
            ("直接结算", "direct", True),
            ("住院期间", "inpatient", False),
            ("第三人责任", "third_party", False),
            ("先行支付", "advance", False),
            ("其他基金", "other_fund", False),
            ("账户已付", "paid_by_account", False),
            ("公共卫生", "public_health", False),
            ("境外就医", "abroad", False),
            ("保健美容", "wellness", False),
            ("依法不予支付", "excluded_by_law", False),
            ("有个人账户", "has_account", True),
            ("药店合规", "qualified", True),
            ("有处方", "has_prescription", True),
            ("协议期内", "in_agreement", True),
            ("转住院", "admitted", False),
            ("死亡", "died", False),
        ),
    ]
}
"""The facts that every rulebook may use, by Chinese name."""

DERIVED = {
    "level": ("level", "parent_level", "institution_kind", "prescriber_level"),
    "admission_level": ("admission_level", "level"),
    "has_prescription": ("institution_kind", "prescriber_level"),
    "age": ("birth_date",),
    "age_by_day": ("birth_date",),
    "months_into_quarter": (),
    "months_into_year": (),
    "months_left": ("approval_date",),
}
"""Facts that are worked out from other columns (and the date of service)."""

ALSO_TOLD_BY = {"admitted": ("admitted", "rescue_at", "admitted_at")}
"""Facts that are given, or told by moments instead."""

VISIT_COLUMNS = (
    "person",
    "visit",
    "sequence",
    "date",
    "area",
    "status",
    "level",
    "parent_level",
    "institution_kind",
    "institution",
    "prescriber_level",
    "benefit",
    "total",
    "in_scope",
    "total_fen",
    "in_scope_fen",
    "birth_date",
    "approval_date",
    "retired_month",
    "years_complete_month",
    "rescue_at",
    "admitted_at",
)
"""Columns of a visits file beside the facts above."""
