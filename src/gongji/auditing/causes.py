"""The causes of a difference, each with its name, in the order in which they are preferred."""

CAUSES: dict[str, str] = {
    "carried_forward": "前次差异的延续",
    "rounding": "尾差（取整）",
    "deductible_again": "起付标准重复扣除",
    "paid_zero": "应付未付",
    "self_pay_skipped": "先行自付未扣",
    "self_pay_again": "先行自付重复扣除",
    "outside_scope_paid": "政策范围外费用计入支付",
    "deductible_skipped": "起付标准未扣",
    "previous_version": "沿用修改前的规定",
    "next_version": "提前适用修改后的规定",
    "last_year": "沿用上一年度的数字",
    "wrong_status": "参保状态有误",
    "wrong_level": "医疗机构级别有误",
    "wrong_institution": "机构类别有误",
    "gate_ignored": "不应支付而支付",
    "ceiling_ignored": "最高支付限额未控制",
    "ceiling_exhausted": "误作限额已用完",
    "wrong_benefit": "待遇类别有误",
    "other_reading": "条文的另一种理解",
    "split_inconsistent": "统筹支付相符，其他金额不符",
    "unknown": "原因不明",
}
"""Every cause: code -> Chinese name. Where several reproduce what was paid, the first is taken and
the others are named beside it."""
