"""What a rulebook file may say: one struct for each kind of provision.

The keys are the law's own words; each figure sits in a struct that demands its article (依据).
This module describes files; what the law at a date is, `law.py` folds from them.
"""

from dataclasses import dataclass, field
from typing import Any

from gongji.law.rulebook import schema as s
from gongji.law.rulebook.schema import Parser, Reading, key, list_of, map_of, struct
from gongji.law.rulebook.source import Node
from gongji.law.rulebook.vocabulary import CHOICE, KINDS, SUM, TOGETHER
from gongji.refusals import GATES
from gongji.units import WHOLE

UNLIMITED_TEXT = "不限"
NONE_TEXT = "不设"
REST_TEXT = "其余"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Literal:
    """A figure as written: fen, ppm, or None for 不限."""

    amount: int | None
    node: Node


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ByAxis:
    """A table: one value for each value of a fact, for some the paragraph that says it or a doubt
    about which figure it is."""

    axis: str
    values: dict[str, "Value"]
    node: Node
    articles: dict[str, str] = field(default_factory=dict)
    row_doubts: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FromParameter:
    """A parameter's value, some facts fixed (取) or read from other facts (换), times a share."""

    parameter: str
    fixed: dict[str, str]
    swapped: dict[str, str]
    share: int | None
    node: Node


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FromFact:
    """An amount that comes with the visit."""

    fact: str
    node: Node


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FromIndex:
    """A share of a dated statistic, of `years` from the visit's (-1 the year before), rounded.

    Rounds:  to a multiple of `unit` fen, half up unless 方式 says otherwise.
    """

    index: str
    years: int
    share: int
    unit: int
    way: str
    node: Node


ROUNDING_UNITS = {"分": 1, "角": 10, "元": 100, "十元": 1000, "百元": 10_000}
ROUNDING_WAYS = ("四舍五入", "舍去", "进一")

Value = Literal | ByAxis | FromParameter | FromFact | FromIndex


def value_of(figure: Parser, words: bool = False) -> Parser:
    """A figure, a table (按), a parameter (参数), an amount of the visit (事实) or an index (指数).

    `words` allows 不限 and 不设 where a figure stands.
    """
    texts, row_doubts = map_of(s.prose), map_of(list_of(s.prose))

    def parse(node: Node, name: str, context: Reading) -> Any:
        if isinstance(node.value, str):
            if words and node.text() in (UNLIMITED_TEXT, NONE_TEXT):
                return Literal(amount=0 if node.text() == NONE_TEXT else None, node=node)
            amount = figure.parse(node, name, context)
            return amount if amount is s.BAD else Literal(amount=amount, node=node)
        if not isinstance(node.value, dict):
            return context.add(node, name, "应为一个数字，或含 按、参数、事实、指数 之一的键值表")
        fields = dict(node.value)
        text = {k: v.text() for k, v in fields.items() if isinstance(v.value, str)}
        if "按" in text:
            del fields["按"]
            articles = {}
            if "依据" in fields:
                articles = texts.parse(fields.pop("依据"), f"{name}.依据", context)
            doubts = {}
            if "存疑" in fields:
                doubts = row_doubts.parse(fields.pop("存疑"), f"{name}.存疑", context)
            values = {k: parse(v, f"{name}.{k}", context) for k, v in fields.items()}
            found = s.whole_or_bad(values, (*values.values(), articles, doubts), context)
            if found is s.BAD:
                return s.BAD
            return ByAxis(
                axis=text["按"], values=found, node=node, articles=articles, row_doubts=doubts
            )
        if "参数" in text:
            return _from_parameter(node, name, context, texts)
        if "事实" in text and len(fields) == 1:
            return FromFact(fact=text["事实"], node=node)
        if "指数" in text:
            return s.read_struct(_IndexFields, node, name, context)
        return context.add(node, name, "应含 按、参数、事实、指数 之一")

    return Parser(
        parse,
        {
            "anyOf": [
                figure.schema,
                *([{"enum": [UNLIMITED_TEXT, NONE_TEXT]}] if words else []),
                {"type": "object", "required": ["按"]},
                {"type": "object", "required": ["参数"]},
                {"type": "object", "required": ["事实"]},
                {"type": "object", "required": ["指数"]},
            ]
        },
    )


def _from_parameter(node: Node, name: str, context: Reading, texts: Parser) -> Any:
    fields = s.read_struct(_ParameterFields, node, name, context)
    if fields is s.BAD:
        return s.BAD
    return FromParameter(
        parameter=fields.parameter,
        fixed=fields.fixed,
        swapped=fields.swapped,
        share=fields.share,
        node=node,
    )


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class _ParameterFields:
    parameter: str = key("参数", s.prose)
    fixed: dict[str, str] = key("取", map_of(s.prose), default={})
    swapped: dict[str, str] = key("换", map_of(s.prose), default={})
    share: int | None = key("折算", s.percent, default=None)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class _IndexFields(FromIndex):
    index: str = key("指数", s.prose)
    years: int = key("年", s.whole)
    share: int = key("比例", s.percent)
    unit: int = key("取整", s.choice(ROUNDING_UNITS), "取整到")
    way: str = key("方式", s.choice({way: way for way in ROUNDING_WAYS}), default="四舍五入")
    node: Node = None  # type: ignore[assignment]


def either_figure(node: Node) -> bool:
    """Whether an adjustment is of a rate."""
    return isinstance(node.value, str) and node.text().endswith(("%", "个百分点"))


def _bare_figure(node: Node) -> bool:
    """Whether an adjustment says neither yuan nor points."""
    return isinstance(node.value, str) and node.text().replace(".", "").lstrip("-").isdecimal()


_said = s.scalar("金额或百分点（如 30元、5个百分点）", s.money_or_points, s.money.schema)
_either = s.either(either_figure, s.percent, s.money)


def _read_figure(node: Node, name: str, context: Reading) -> Any:
    return (_said if _bare_figure(node) else _either).parse(node, name, context)


_figure = Parser(_read_figure, _either.schema)
_condition = map_of(list_of(s.prose))

Condition = dict[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Adjustment:
    """An amount or points added: when a condition holds, or for each unit of a fact beyond 超过."""

    add: Value = key("加", value_of(_figure), "加（减）多少：元，或百分点")
    article: str = key("依据", s.prose, "条、款")
    when: Condition = key("当", _condition, "条件：事实与取值", default={})
    each: str = key("每", s.prose, "每一单位的哪个事实", default="")
    beyond: int = key("超过", s.whole, "超出多少之后才加", default=0)
    doubts: tuple[str, ...] = key("存疑", list_of(s.prose), default=())
    node: Node = None  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Scaling:
    """折算: a figure times a share, times a number (months left) ÷ a divisor.

    Rounds:  half up to the fen (or part per million), once for each scaling.
    """

    article: str = key("依据", s.prose)
    share: int = key("比例", s.percent, "乘以百分之几，如 50%、120%", default=WHOLE)
    fact: str = key("事实", s.prose, "再乘以哪个数", default="")
    divisor: int = key("除以", s.positive, "再除以几", default=1)
    when: Condition = key("当", _condition, default={})
    doubts: tuple[str, ...] = key("存疑", list_of(s.prose), default=())
    node: Node = None  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Rate:
    """支付比例: what the payer pays of the cost above the deductible."""

    value: Value = key("比例", value_of(s.percent), "支付比例")
    article: str = key("依据", s.prose, "条、款")
    adjustments: tuple[Adjustment, ...] = key("增减", list_of(struct(Adjustment)), default=())
    at_most: int | None = key("最高", s.percent, "增减后最高", default=None)
    at_least: int | None = key("最低", s.percent, "增减后最低", default=None)
    scalings: tuple[Scaling, ...] = key("折算", list_of(struct(Scaling)), "最后折算", default=())
    doubts: tuple[str, ...] = key("存疑", list_of(s.prose), default=())
    node: Node = None  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Limit:
    """An amount held against a meter: a deductible, a ceiling on payment, or a band of cost."""

    meter: str = key("计量", s.prose, "累计到哪个计量")
    value: Value = key("金额", value_of(s.money, words=True), "金额")
    article: str = key("依据", s.prose, "条、款")
    adjustments: tuple[Adjustment, ...] = key("增减", list_of(struct(Adjustment)), default=())
    at_most: int | None = key("最高", s.money, default=None)
    at_least: int | None = key("最低", s.money, default=None)
    scalings: tuple[Scaling, ...] = key("折算", list_of(struct(Scaling)), "最后折算", default=())
    when: Condition = key("当", _condition, "只在此条件下适用", default={})
    doubts: tuple[str, ...] = key("存疑", list_of(s.prose), default=())
    node: Node = None  # type: ignore[assignment]


BURDEN, FLOOR = "个人负担", "保底"
BASES = (BURDEN, "起付标准", "按比例自付", "超限额")
"""What a supplement is on: all that is left to the person, or only the deductibles, the shares, the
cost that no layer took."""

POOL, ACCOUNT, INSTITUTION = "统筹基金", "个人账户", "定点医疗机构"
"""Payers that are no supplement; what the institution bears (包干 above a fixed price) moves no
fund."""
PAYERS = (
    POOL,
    "大额医疗费用补助",
    "大病保险",
    "公务员医疗补助",
    "老干部医疗补助",
    "企业补充医疗保险",
    "医疗救助",
    ACCOUNT,
    INSTITUTION,
)
NO_SUPPLEMENTS = frozenset({POOL, ACCOUNT, INSTITUTION})
SUPPLEMENTS = tuple(payer for payer in PAYERS if payer not in NO_SUPPLEMENTS)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Layer:
    """One layer: a deductible, a rate and a ceiling, on the cost that the layers before left.

    Without a rate it takes its deductible only, or (先自付) a share that is the person's own; the
    next layer begins above it.
    """

    name: str = key("名称", s.prose)
    code: str = key("代号", s.code, "结果文件中的列名")
    rate: Rate | None = key("支付比例", struct(Rate), "没有则只扣起付标准", default=None)
    own: Rate | None = key("先自付", struct(Rate), "个人先自付余下费用的比例", default=None)
    payer: str = key("付款方", s.choice({p: p for p in PAYERS}), default=POOL)
    deductibles: tuple[Limit, ...] = key("起付标准", list_of(struct(Limit)), default=())
    ceilings: tuple[Limit, ...] = key("最高支付限额", list_of(struct(Limit)), default=())
    bands: tuple[Limit, ...] = key("费用段", list_of(struct(Limit)), default=())
    when: Condition = key("当", _condition, "只在此条件下适用", default={})
    article: str = key("依据", s.prose, "接续到这一层的依据", default="")
    base: str = key("基数", s.choice({x: x for x in BASES}), "补充以什么为基数", default=BURDEN)
    wording: str = key("计算办法", s.prose, "说明中怎样称呼这一层的计算", default="")
    doubts: tuple[str, ...] = key("存疑", list_of(s.prose), default=())
    node: Node = None  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Onward:
    """What is left goes on to the layers of another benefit or chain."""

    to: str = key("接续", s.prose, "另一项待遇或层组的名称")
    article: str = key("依据", s.prose)
    when: Condition = key("当", _condition, default={})
    doubts: tuple[str, ...] = key("存疑", list_of(s.prose), default=())
    node: Node = None  # type: ignore[assignment]


def _is_onward(node: Node) -> bool:
    return isinstance(node.value, dict) and "接续" in node.value


_layers = list_of(s.either(_is_onward, struct(Onward), struct(Layer)))


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FirstSelfPay:
    """先行自付: the share a person pays before the cost counts as in scope."""

    share: int = key("比例", s.percent)
    article: str = key("依据", s.prose)
    doubts: tuple[str, ...] = key("存疑", list_of(s.prose), default=())
    node: Node = None  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Floor:
    """保底: what is paid is topped up to a share of the visit's in-scope cost."""

    rate: Rate = key("支付比例", struct(Rate), "补足到政策范围内费用的比例")
    name: str = key("名称", s.prose, default="保底补足")
    code: str = key("代号", s.code, default="floor")
    payer: str = key("付款方", s.choice({p: p for p in PAYERS}), default=POOL)
    ceilings: tuple[Limit, ...] = key("最高支付限额", list_of(struct(Limit)), default=())
    when: Condition = key("当", _condition, default={})
    doubts: tuple[str, ...] = key("存疑", list_of(s.prose), default=())
    node: Node = None  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Benefit:
    """A benefit: its layers, a floor if any, and how its cost is put in scope."""

    article: str = key("依据", s.prose)
    layers: tuple[Layer | Onward, ...] = key("层", _layers)
    code: str = key("代号", s.code, "另立的待遇在文件中的写法", default="")
    floor: Floor | None = key("保底", struct(Floor), "实际支付不低于的比例", default=None)
    first_self_pay: FirstSelfPay | None = key("先行自付", struct(FirstSelfPay), default=None)
    doubts: tuple[str, ...] = key("存疑", list_of(s.prose), default=())
    note: str = key("说明", s.prose, default="")
    node: Node = None  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Chain:
    """层组: layers that several benefits go on to."""

    article: str = key("依据", s.prose)
    layers: tuple[Layer | Onward, ...] = key("层", _layers)
    node: Node = None  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Supplement:
    """补充: layers on what remains to the person of the whole visit's in-scope cost.

    The first takes the person's burden or a part of it (基数), each other what the one before left.
    """

    article: str = key("依据", s.prose)
    layers: tuple[Layer, ...] = key("层", list_of(struct(Layer)))
    benefits: tuple[str, ...] = key("适用", list_of(s.prose), "适用的待遇", default=())
    node: Node = None  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Gate:
    """门槛: a condition over facts under which the pool does not pay."""

    when: Condition = key("当", _condition, "条件全部成立即不予支付")
    benefits: tuple[str, ...] = key("适用", list_of(s.prose), "适用的待遇", default=())
    refusal: str = key("拒付", s.choice({code: code for code in GATES}), "门槛的拒付代码")
    article: str = key("依据", s.prose)
    unless: Condition = key(
        "除外",
        _condition,
        "条件成立时，这一原因的门槛都不适用（国家法律的除外在各地都成立）",
        default={},
    )
    unless_article: str = key("除外依据", s.prose, default="")
    near_doubts: tuple[str, ...] = key(
        "放行存疑", list_of(s.prose), "只差一个条件而没有拒付时的存疑", default=()
    )
    spares_article: str = key("不适用依据", s.prose, "为什么不适用于其他待遇", default="")
    note: str = key("说明", s.prose, default="")
    doubts: tuple[str, ...] = key("存疑", list_of(s.prose), default=())
    node: Node = None  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Route:
    """转归: a visit of one benefit is settled by another."""

    benefits: tuple[str, ...] = key("待遇", list_of(s.prose))
    to: str = key("按", s.prose)
    article: str = key("依据", s.prose)
    when: Condition = key("当", _condition, default={})
    doubts: tuple[str, ...] = key("存疑", list_of(s.prose), default=())
    node: Node = None  # type: ignore[assignment]


METER_MEASURES = {"起付": "deductible", "支付": "paid", "费用": "cost"}
PERIODS = ("笔", "次", "日", "月", "季", "年")
"""When a meter begins anew: each settlement, each registration, each day, month, quarter, year."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Meter:
    """计量: an amount used so far: of what, over what period, apart by which facts."""

    code: str = key("代号", s.code)
    measure: str = key("量", s.choice(METER_MEASURES), "起付、支付或费用")
    period: str = key("期", s.choice({p: p for p in PERIODS}))
    start: int = key("起", s.month, "年度从几月起", default=1)
    apart: tuple[str, ...] = key("分", list_of(s.prose), "分别累计的事实", default=())
    note: str = key("说明", s.prose, default="")
    node: Node = None  # type: ignore[assignment]


SOURCES = ("官方", "官方转述", "非官方", "演示")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Parameter:
    """参数: a figure that the document leaves to another one; without 值 it is open."""

    code: str = key("代号", s.code, "--set 用的名称")
    unit: str = key("单位", s.choice({"元": "fen", "%": "ppm"}))
    article: str = key("依据", s.prose, "哪一条引用了它，或它的出处")
    note: str = key("说明", s.prose)
    axes: tuple[str, ...] = key("按", list_of(s.prose), default=())
    years: dict[str, int] = key(
        "各年", map_of(s.money, s.year_key), "年份（四位数字）与那一年公布的统计数", default={}
    )
    value: Node | None = key("值", Parser(lambda node, name, context: node, {}), default=None)
    source: str = key("来源", s.choice({x: x for x in SOURCES}), default="")
    node: Node = None  # type: ignore[assignment]


OF_VISIT, OF_PERSON, OF_INSTITUTION = "就诊", "参保人", "机构"
"""Whose a fact of an area's own is: told with each visit, or kept of persons or institutions."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Message:
    """报文: which field of a message tells a fact, and what its codes mean."""

    field: str = key("字段", s.prose, "exp_content 或交易节点里的字段名")
    words: dict[str, str] = key("取值", map_of(s.prose), "报文里的代码与事实的取值", default={})
    node: Node = None  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FactDefinition:
    """事实: a fact of this area's own, or bands (段) of another fact (取自).

    An amount may be taken from a text that names several, one for each (各).
    A number may be taken one by one up to 至 instead of in bands; a choice or text is grouped.
    What is kept of persons or institutions (归属) is imported with its dates.
    """

    column: str = key("列", s.code, "文件中的列名", default="")
    kind: str = key("类", s.choice({kind: kind for kind in KINDS}), default=CHOICE)
    choices: dict[str, str] = key("选项", map_of(s.text), "名称与文件中的写法", default={})
    default: str = key("缺省", s.prose, default="")
    source: str = key("取自", s.prose, default="")
    bands: dict[str, tuple[str, ...]] = key(
        "段", map_of(list_of(s.prose)), "名称与下限，或文字", default={}
    )
    each: dict[str, int] = key(
        "各", map_of(s.money), "金额取自可以列几种的文字时，每一种多少；其余的写“其余”", default={}
    )
    together: str = key(
        "合计", s.choice({way: way for way in TOGETHER}), "列了几种时怎样合成一个金额", default=SUM
    )
    more: int | None = key("每增", s.money, "合计取最高时，每多一种加多少", default=None)
    at_most: int | None = key("最高", s.money, "合成之后最高", default=None)
    last: int | None = key("至", s.positive, "逐一取值到多少，再多的按它算", default=None)
    owner: str = key(
        "归属",
        s.choice({whose: whose for whose in (OF_VISIT, OF_PERSON, OF_INSTITUTION)}),
        "登记在谁名下",
        default=OF_VISIT,
    )
    message: Message | None = key("报文", struct(Message), "由哪个报文字段告知", default=None)
    article: str = key("依据", s.prose)
    doubts: tuple[str, ...] = key("存疑", list_of(s.prose), default=())
    node: Node = None  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Part:
    """费用部分: a part of a visit's in-scope cost that is treated apart (class 甲, a drug list)."""

    code: str = key("代号", s.code, "列 in_scope_<代号>，也是费用明细的标记")
    article: str = key("依据", s.prose)
    note: str = key("说明", s.prose, default="")
    node: Node = None  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Place:
    """就医: whose level counts at a pharmacy and for Internet visits."""

    own_level: bool = key("药店级别", s.choice({"处方机构": False, "药店": True}))
    article: str = key("依据", s.prose)
    internet: str = key("互联网", s.prose, "互联网医院级别的依据", default="")
    note: str = key("说明", s.prose, default="")
    doubts: tuple[str, ...] = key("存疑", list_of(s.prose), default=())
    node: Node = None  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Doubt:
    """存疑: a question the text leaves, the reading taken and why."""

    question: str = key("问题", s.prose)
    reading: str = key("采用", s.prose)
    other: str = key("另解", s.prose)
    reason: str = key("理由", s.prose)
    article: str = key("依据", s.prose)
    node: Node = None  # type: ignore[assignment]


DISPOSITIONS = {"规则": "rule", "流程": "workflow", "不涉及计算": "none"}


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Article:
    """条文: what became of one article: rule (keys), workflow (part of gongji), or nothing."""

    disposition: str = key("处置", s.choice(DISPOSITIONS))
    note: str = key("说明", s.prose)
    keys: tuple[str, ...] = key("键", list_of(s.prose), "规则所在的键", default=())
    part: str = key("模块", s.prose, "承担流程的模块", default="")
    built: tuple[str, ...] = key("已建", list_of(s.prose), "其中已经建成的模块", default=())
    document: str = key("出自", s.prose, "条文出自另一份文件时，那份文件怎样称呼", default="")
    node: Node = None  # type: ignore[assignment]


EXAMPLE_KINDS = ("就诊", "划入", "清算", "期限", "用途", "费用")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Example:
    """示例: rows of facts with what is expected of each, run by `gongji check`."""

    name: str = key("名称", s.prose)
    article: str = key("依据", s.prose)
    rows: Node = key("行", Parser(lambda node, name, context: node, {"type": "array"}))
    kind: str = key("类别", s.choice({kind: kind for kind in EXAMPLE_KINDS}), default="就诊")
    settings: dict[str, str] = key("设定", map_of(s.prose), default={})
    node: Node = None  # type: ignore[assignment]
