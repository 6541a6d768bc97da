"""Refusals and faults: every code once, in order of precedence.

A **Refusal** is a decision with a reason; a **Fault** is an accident. Where several refusals hold,
the first in REFUSALS is the one that is given. This module knows the codes and their sentences,
not the articles behind them: those come from the rulebook.
"""

import dataclasses
from dataclasses import dataclass

REFUSALS: dict[str, str] = {
    # Files of rows as a whole, and the first bad row where none is let pass.
    "file_unreadable": "无法读取文件 {value}：{reason}",
    "header_invalid": "文件 {value} 的表头有误：{reason}",
    "row_rejected": "{file}第 {row} 行 {field}：{reason}。"
    "请改正这一行；不用 --strict 则这类行写入报告，其余照常处理",
    # Input that cannot be read as a visit.
    "field_missing": "缺少必填项 {field}",
    "field_unknown": "不认识的列或事实 {field}",
    "value_invalid": "{field} 的值 {value} 无法识别；可取：{allowed}",
    "amount_invalid": "{field} 的值 {value} 不是以元为单位、至多两位小数的金额",
    "amount_negative": "{field} 为负数：{value}；冲销请另作退费，不用负数",
    "amount_too_large": "{field} 超过上限：{value}；单笔不得超过 100 亿元",
    "in_scope_above_total": "政策范围内费用 {value} 大于总费用 {total}",
    "area_unknown": "没有统筹区 {value} 的规则；现有：{allowed}",
    "date_outside": "{value} 不在统筹区 {area} 规则的有效期内；现有规则覆盖：{allowed}",
    "benefit_not_offered": "统筹区 {area} 的文件没有规定待遇“{value}”；现有：{allowed}",
    "not_ruled": "统筹区 {area} 的文件没有规定{value}",
    # Fee lines.
    "line_visit_unknown": "费用明细的就诊 {value} 不在就诊文件中",
    "line_visit_ambiguous": "就诊 {value} 在就诊文件中有多行；费用明细请加上列 {allowed} 以区分",
    "benefits_mixed": "一笔结算只有一项待遇，这张账单混有 {value}，须分别结算{article}",
    "item_unknown": "目录中没有项目 {value}；确属目录外的可用 --unknown-items own",
    "item_outside_dates": "项目 {value} 在 {date} 没有有效的目录版本；现有版本：{allowed}",
    "self_pay_missing": "目录没有给出乙类项目 {value} 的先行自付比例，{area} 的文件也没有规定",
    "lines_differ": "费用明细合计 {value} 与就诊的总费用 {total} 不符",
    # Gates: reasons why the pool does not pay. The article comes from the rulebook.
    "outside_benefit_period": "不在待遇享受期内",
    "not_designated": "不是定点医药机构",
    "not_selected": "不是选定的定点医疗机构，也没有转诊",
    "inpatient_stay": "住院期间发生的门诊费用",
    "joins_inpatient": "急诊抢救后转入住院，与住院费用合并计算，不在门诊结算",
    "third_party": "应当由第三人负担的费用",
    "other_fund": "由其他资金（基金）保障的费用",
    "paid_by_account": "已用个人账户支付的费用",
    "public_health": "应当由公共卫生负担的费用",
    "wellness": "保健、整形美容等费用",
    "excluded_by_law": "法律法规规定不予支付的费用",
    "no_account": "没有建立职工医保个人账户",
    "level_too_low": "该待遇限二级及以上定点医疗机构",
    "not_in_agreement": "国家医保谈判药品不在协议期内",
    "offsite_unfiled": "统筹区外就医没有备案",
    "not_direct": "没有在定点医药机构直接结算",
    "no_prescription": "在药店购药没有定点医疗机构的处方（缺开方机构级别）",
    "pharmacy_not_qualified": "药店不符合纳入门诊统筹的条件",
    "not_eligible": "不符合本地规定的享受条件",
    # Accounts.
    "paying_monthly": "退休后按月补缴期间不计发个人账户",
    "use_not_allowed": "个人账户不得用于这项支出",
    "relation_not_allowed": "个人账户不得为这位亲属支付这项支出",
    # A figure that the visit needs is not there.
    "level_missing": "计算所需的医疗机构级别缺失；请提供 {field}",
    "parameter_missing": "缺少参数 {parameter}：{reason}；可用 --set {parameter}=… 给出{also}",
}
"""Every refusal: code -> Chinese sentence, in order of precedence."""

PRECEDENCE = {code: number for number, code in enumerate(REFUSALS, start=1)}
CODES = ("",) + tuple(REFUSALS)
"""The code of each refusal number; number zero is no refusal."""


class GongjiError(Exception):
    """Anything gongji says no to."""


@dataclass
class Refusal(GongjiError):
    """A decision not to do what was asked.

    Ensures: `code` is one of REFUSALS; `str()` is one Chinese sentence.
    """

    code: str
    field: str = ""
    values: dict[str, str] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(str(self))

    def __str__(self) -> str:
        return REFUSALS[self.code].format(**({"field": self.field} | self.values))

    def as_json(self) -> dict[str, str]:
        """Code, field and sentence, for machines."""
        return {"refusal": self.code, "field": self.field, "reason": str(self)}


class RowRefusal(Refusal):
    """Why the first bad row of a file stops it: which row, which column, the row's own refusal.

    Shape:   rows of a file are counted from 1, its head not counted; `reason` is the sentence of
             the refusal `why`.
    """

    def __init__(self, row_number: int, column: str, why: str, reason: str, file: str = "") -> None:
        self.row_number, self.why = row_number, why
        values = {"file": f"{file} " if file else "", "row": str(row_number), "reason": reason}
        super().__init__("row_rejected", column, values)

    def as_json(self) -> dict[str, str]:
        """With the row and its own refusal."""
        return super().as_json() | {"row_number": str(self.row_number), "row_refusal": self.why}


@dataclass(frozen=True)
class Problem:
    """One mistake in a file: where, which key, what is wrong and what to do."""

    file: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.key}：{self.message}"


@dataclass(frozen=True)
class RowProblem(Problem):
    """One mistake in a file of rows: `line` counts its rows from 1, zero being its head."""

    def __str__(self) -> str:
        row = f"第 {self.line} 行 " if self.line else ""
        return f"{self.file}: {row}{self.key}：{self.message}"


class RulebookError(GongjiError):
    """A rulebook that cannot be used, with every problem found."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems, key=lambda p: (p.file, p.line, p.key))
        super().__init__("\n".join(map(str, self.problems)))


class Fault(GongjiError):
    """Something that should not happen; a retry may succeed."""
