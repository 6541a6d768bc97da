"""The forms of the items: their fields, how they make a content, how a content is shown.

Law:     国务院令第765号 第三十八条: the handling is recorded as it was asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gongji.agency.personal_copy import ASKERS, CHECKS
from gongji.agency.typed_forms import FormField, read_form
from gongji.law.rulebook.account_provisions import RELATIONS
from gongji.units import yuan_text

APPLICANTS = (("person", "本人"), ("delegate", "代办人"))


@dataclass(frozen=True)
class ItemForm:
    """The form of a kind of command; `told` are columns that only papers say."""

    kind: str
    words: str
    fields: tuple[FormField, ...]
    subject: str = "psn_no"
    told: tuple[FormField, ...] = field(default=())


_PERSON = FormField("psn_no", "参保人编号", "key")
_APPLICANT = FormField("applicant", "申请人", "choice", choices=APPLICANTS)
_RELATED = FormField(
    "relation", "账户所有人是其", "choice", choices=tuple((c, n) for n, c in RELATIONS.items())
)
_BOND = (
    _PERSON,
    FormField("name", "参保人姓名"),
    FormField("owner", "账户所有人编号", "key"),
    FormField("owner_name", "账户所有人姓名"),
    _RELATED,
    FormField("consented_on", "账户所有人同意日期", "date"),
    FormField("order", "支付顺序", "number", needed=False, hint="1 最先；不填排在最后"),
    FormField("applicant", "申请人", "choice", choices=(*APPLICANTS, ("owner", "账户所有人"))),
)
_CHRONIC = (
    _PERSON,
    FormField("disease", "病种代码", "key", hint="国家编码，如 M03900"),
    FormField("certifier", "认定机构编码", "key"),
    FormField("since", "自", "date"),
    FormField("last", "至", "date", needed=False, hint="不填按病种的有效期"),
    FormField(
        "applicant", "申请人", "choice", choices=(*APPLICANTS, ("institution", "定点医药机构"))
    ),
)
BILL = (
    FormField("number", "票据号", "key"),
    FormField("institution", "医疗机构编码", "key"),
    FormField("service_date", "就医日期", "date"),
    FormField("total_fen", "总额（元）", "yuan"),
    FormField("in_scope_fen", "政策范围内（元）", "yuan"),
    FormField("above_standard_fen", "超限价（元）", "yuan", needed=False),
    FormField("wholly_own_fen", "全自费（元）", "yuan", needed=False),
    FormField("first_self_pay_fen", "先行自付（元）", "yuan", needed=False),
)
"""The fields of a bill, in the order of the columns that are pasted."""
_REIMBURSED = (
    _PERSON,
    *BILL,
    FormField(
        "benefit", "类别", "choice", choices=(("ordinary", "普通门诊"), ("emergency", "急诊抢救"))
    ),
    _APPLICANT,
    FormField("late_reason", "逾期原因", needed=False, hint="过了期限才填"),
)
_TOLD = (
    FormField("died", "抢救死亡", "choice", False, (("", "否"), ("1", "是"))),
    FormField("advance", "先行支付（第三人责任）", "choice", False, (("", "否"), ("1", "是"))),
)
_PARTICULARS = (
    _PERSON,
    FormField("name", "姓名", needed=False, hint="不更正的不填"),
    FormField(
        "sex", "性别", "choice", False, (("", "不更正"), ("1", "男"), ("2", "女"), ("9", "未说明"))
    ),
    FormField("ethnicity", "民族代码", needed=False, hint="两位，如 01"),
)
_COPY = (
    _PERSON,
    FormField("applicant", "申请人", "choice", choices=tuple(ASKERS.items())),
    FormField("checked", "核验身份", "choice", choices=tuple(CHECKS.items())),
    FormField("asker", "申请人姓名", needed=False, hint="本人申请的不填"),
    FormField("authority", "凭何办理", needed=False, hint="如委托书、监护证明；本人申请的不填"),
)
FORMS = {
    one.kind: one
    for one in (
        ItemForm("family_bond", "家庭共济", _BOND),
        ItemForm(
            "family_bond_end",
            "解除家庭共济",
            (
                _PERSON,
                FormField("bond", "家庭共济编号", "number"),
                FormField(
                    "applicant", "申请人", "choice", choices=(*APPLICANTS, ("owner", "账户所有人"))
                ),
            ),
        ),
        ItemForm("chronic_filing", "慢特病备案", _CHRONIC),
        ItemForm("manual_reimbursement", "零星报销", _REIMBURSED, told=_TOLD),
        ItemForm("personal_copy", "复制个人信息", _COPY),
        ItemForm("personal_correction", "更正个人信息", _PARTICULARS),
        ItemForm("personal_erasure", "删除个人信息", (_PERSON,)),
    )
}
"""The items that are drafted here, by kind."""


def read_item(form: ItemForm, typed: Mapping[str, str]) -> dict[str, Any]:
    """The content of an item.

    Refuses: value_invalid.
    """
    content = read_form(form.fields, typed)
    if form.kind == "family_bond_end":
        content.pop("psn_no")
    told = read_form(form.told, typed)
    return content | ({"told": told} if told else {})


def typed_again(form: ItemForm, content: Mapping[str, Any]) -> dict[str, str]:
    """A content as it was typed."""
    given = {**content, **content.get("told", {})}
    return {
        one.name: _text(one, given[one.name])
        for one in (*form.fields, *form.told)
        if given.get(one.name) is not None
    }


def _text(one: FormField, value: Any) -> str:
    return yuan_text(value) if one.kind == "yuan" else str(value)


_NAMES = {
    "documents": "文件",
    "figures": "参数",
    "since": "自",
    "last": "至",
    "reason": "原因",
    "psn_no": "参保人编号",
    "serial": "备案流水号",
    "applicant": "申请人",
    "institution": "医药机构",
    "proposal": "销毁建议",
    "third_party": "有第三人责任",
    "advance": "先行支付",
    "withdrawn": "撤回",
    "payee": "收款账户",
    "claim": "债权",
    "fen": "金额（元）",
    "payer": "退款人",
    "received_on": "收到日期",
    "bank_ref": "银行凭证号",
    "lines": "明细",
    "agency": "受理机构",
    "order": "业务参考号",
    "returned_on": "退票日期",
    "staff": "人员",
    "post": "岗位",
    "area": "统筹区",
    "holding": "任职",
    "stands_for": "代哪一任职",
    "lead": "线索",
    "reasons": "理由",
    "grounds": "依据",
    "stake_fen": "涉及金额（元）",
    "due_on": "期限",
    "step": "办理",
    "day": "日期",
    "said": "要点",
    "verdict": "认定",
    "recover_fen": "须追回（元）",
    "end": "了结",
}
"""What is said of a kind without a form, in words."""
LABELS = _NAMES | {
    one.name: one.label.removesuffix("（元）")
    for form in FORMS.values()
    for one in (*form.fields, *form.told)
}
"""What fields are called, whichever form has them."""
_LONG = 200


def _said(value: Any, name: str = "") -> str:
    """A value in words; of a long text only how long it is, of a list how many there are."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return f"{len(value)} 行"
    if name.endswith("fen"):
        return yuan_text(value)
    if name == "payee":
        return "已加密；见预览"
    if isinstance(value, Mapping):
        return "；".join(f"{name} {_said(one)}" for name, one in value.items())
    text = str(value)
    return text if len(text) <= _LONG else f"（{len(text)} 字）"


def shown_content(kind: str, content: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a command says, field by field in words; kinds without a form by their own names."""
    form = FORMS.get(kind)
    if form is None:
        return [
            (_NAMES.get(name, name), dict(APPLICANTS).get(str(value)) or _said(value, name))
            for name, value in content.items()
            if value not in (None, {}, "")
        ]
    given = {**content, **content.get("told", {})}
    return [
        (one.label, dict(one.choices).get(str(given[one.name]), _text(one, given[one.name])))
        for one in (*form.fields, *form.told)
        if given.get(one.name) not in (None, "")
    ]
