"""Whether the provisions of the law at a date refer to what exists: benefits, meters, codes.

One `Checker` walks the provisions of one Law; what concerns whole documents and an area's time is
`references`. Nothing is raised: every mistake is a Problem with its line.
"""

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from gongji.law.checks.check_figures import FEN, Figures
from gongji.law.compile.figures import parameter_parser
from gongji.law.compile.layout import floor_layer
from gongji.law.rulebook import (
    account_provisions,
    item_provisions,
    line_provisions,
    provision_kinds,
)
from gongji.law.rulebook.definitions import define_all
from gongji.law.rulebook.law import Law, Provision
from gongji.law.rulebook.provision_kinds import (
    ByAxis,
    Condition,
    FromFact,
    FromIndex,
    FromParameter,
    Layer,
    Limit,
    Literal,
    Onward,
    Rate,
)
from gongji.law.rulebook.schema import BAD, Reading
from gongji.law.rulebook.source import Node
from gongji.law.rulebook.vocabulary import BENEFITS, VISIT_COLUMNS
from gongji.refusals import Problem
from gongji.units import WHOLE

RESULT_COLUMNS = (
    "pool_pays",
    "deductible",
    "supplements",
    "person_pays",
    "refusal",
    "articles",
    "rulebook",
)
"""Columns of results that no layer may take for its own."""

GROUPS = (
    ("deductibles", "起付标准", "起付"),
    ("ceilings", "最高支付限额", "支付"),
    ("bands", "费用段", "费用"),
)


class Checker(Figures):
    """Finds what one law refers to that does not exist or does not fit."""

    def __init__(self, law: Law) -> None:
        super().__init__(law)
        _, self._wrong = define_all(law.definitions)
        self._checks: dict[type, Callable[[Any, str], None]] = {
            provision_kinds.FactDefinition: self._definition,
            provision_kinds.Meter: self._meter,
            provision_kinds.Parameter: self._parameter,
            provision_kinds.Gate: self._gate,
            provision_kinds.Route: self._route,
            provision_kinds.Benefit: self._benefit,
            provision_kinds.Chain: self._chain,
            provision_kinds.Supplement: self._supplement,
            line_provisions.LineRule: self._line_rule,
            item_provisions.ItemRule: self._item,
            Layer: self._layer,
            Onward: self._onward,
            Rate: self._rate,
            Limit: lambda limit, path: self._limit(limit, path, ""),
        }

    def run(self) -> list[Problem]:
        """Every problem of the law's provisions, and of what is left of broken ones."""
        for provision in self._provisions():
            self.facts = self.law.facts
            if provision.section in account_provisions.SECTIONS:
                self.facts = account_provisions.ROSTER_FACTS | self.law.facts
            self._any(provision.value, provision.path)
        self.facts = self.law.facts
        for book in self.law.books:
            for piece in book.loose:
                for item in piece if isinstance(piece, tuple) else (piece,):
                    if type(item) in self._checks:
                        self._any(item, "")
        self._codes()
        self._onward_loops()
        return self.problems

    def _provisions(self, section: str = "") -> Iterator[Provision[Any]]:
        for name, entries in self.law.provisions.items():
            if section in ("", name):
                yield from entries.values()

    def _any(self, value: Any, path: str) -> None:
        """Check a struct by its kind, or what it consists of."""
        check = self._checks.get(type(value))
        if check:
            check(value, path)
        elif isinstance(value, ByAxis | FromParameter | FromFact | FromIndex | Literal):
            self._value(value, "", path)
        elif isinstance(value, tuple | list):
            for item in value:
                self._any(item, path)
        elif is_dataclass(value) and not isinstance(value, Node | type):
            when = getattr(value, "when", None)
            if isinstance(when, dict):
                self._condition(when, value.node, path)  # type: ignore[attr-defined]
            for item in fields(value):
                self._any(getattr(value, item.name), path)

    # Provisions.

    def _layer(self, layer: Layer, path: str) -> None:
        self._condition(layer.when, layer.node, path)
        self._takes(layer, path)
        for attribute, name, measure in GROUPS:
            limits: tuple[Limit, ...] = getattr(layer, attribute)
            for number, limit in enumerate(limits):
                self._limit(limit, f"{path}.{name}[{number}]", measure)
                for earlier in limits[:number]:
                    if earlier.meter == limit.meter and not _exclusive(earlier.when, limit.when):
                        message = f"同一组里“{limit.meter}”用了两次，会重复累计；请合并或用“当”区分"
                        self.report(limit.node, f"{path}.{name}[{number}]", ("计量",), message)
        if layer.code in RESULT_COLUMNS + VISIT_COLUMNS or layer.code.startswith("meter_"):
            self.report(layer.node, path, ("代号",), f"{layer.code} 另有用途，请另取代号")

    def _takes(self, layer: Layer, path: str) -> None:
        """A layer pays at a rate, or takes its deductible only, or a share of the person's own."""
        limited = bool(layer.ceilings or layer.bands)
        if layer.rate:
            self._rate(layer.rate, f"{path}.支付比例")
        if layer.own:
            self._rate(layer.own, f"{path}.先自付")
            if layer.rate or layer.deductibles or limited or "补充" in path:
                message = "“先自付”的层不写支付比例、起付标准和限额，也不用于补充"
                self.report(layer.node, path, ("先自付",), message)
        elif not layer.rate and (limited or not layer.deductibles):
            message = "没有支付比例的层只扣起付标准：须有起付标准，不写最高支付限额和费用段"
            self.report(layer.node, path, (), message)

    def _layers(self, layers: tuple[Layer | Onward, ...], path: str) -> None:
        for number, item in enumerate(layers):
            self._any(item, f"{path}.层[{number}]")
            if (
                isinstance(item, Layer)
                and item.base != provision_kinds.BURDEN
                and "补充" not in path
            ):
                self.report(item.node, f"{path}.层[{number}]", ("基数",), "“基数”只用于补充")

    def _onward(self, onward: Onward, path: str) -> None:
        self._condition(onward.when, onward.node, path)
        targets = [*self._names("层组"), *self._names("待遇")]
        self._known("层组或待遇", onward.to, targets, (onward.node, path, ("接续",)))

    def _benefit(self, benefit: provision_kinds.Benefit, path: str) -> None:
        name = path.partition(".")[2]
        if name not in BENEFITS and not benefit.code:
            others = "、".join(BENEFITS)
            self.report(benefit.node, path, (), f"另立的待遇须写“代号”；通用的待遇有：{others}")
        elif name in BENEFITS and benefit.code not in ("", BENEFITS[name]):
            self.report(
                benefit.node, path, ("代号",), f"“{name}”的代号是 {BENEFITS[name]}，不用另写"
            )
        elif name not in BENEFITS and benefit.code in BENEFITS.values():
            self.report(benefit.node, path, ("代号",), f"{benefit.code} 是通用待遇的代号，请另取")
        self._layers(benefit.layers, path)
        if benefit.floor:
            self._layer(floor_layer(benefit.floor), f"{path}.保底")

    def _chain(self, chain: provision_kinds.Chain, path: str) -> None:
        self._layers(chain.layers, path)

    def _supplement(self, supplement: provision_kinds.Supplement, path: str) -> None:
        self._benefit_names(supplement.benefits, supplement.node, path, "适用")
        self._layers(supplement.layers, path)

    def _benefit_names(self, names: tuple[str, ...], node: Node, path: str, key: str) -> None:
        known = dict.fromkeys([*BENEFITS, *self._names("待遇")])
        for name in names:
            self._known("待遇", name, known, (node, path, (key,)))

    def _gate(self, gate: provision_kinds.Gate, path: str) -> None:
        self._condition(gate.when, gate.node, path)
        self._benefit_names(gate.benefits, gate.node, path, "适用")

    def _line_rule(self, rule: line_provisions.LineRule, path: str) -> None:
        self._benefit_names(rule.benefits, rule.node, path, "适用")
        if rule.kind in (line_provisions.UNRELATED, line_provisions.APART) and not rule.benefits:
            self.report(rule.node, path, ("适用",), f"“{rule.kind}”须写明适用的待遇")
        if rule.share is not None and not 0 <= rule.share <= WHOLE:
            self.report(rule.node, path, ("比例",), "应在 0% 与 100% 之间")
        self._item_ceiling(rule, path)

    def _item_ceiling(self, rule: line_provisions.LineRule, path: str) -> None:
        """A ceiling of single items has an amount and no benefit; nothing else has one."""
        kind = line_provisions.ITEM_CEILING
        if rule.kind != kind:
            for key, said in (("金额", rule.ceiling is not None), ("级别", bool(rule.levels))):
                if said:
                    self.report(rule.node, path, (key,), f"“{key}”只写在“{kind}”里；请删去")
            return
        if rule.ceiling is None:
            self.report(rule.node, path, (), f"“{kind}”须写金额，如 金额: 120元")
        elif rule.ceiling <= 0:
            self.report(rule.node, path, ("金额",), "应大于零：为零则什么项目也不支付")
        if rule.benefits:
            message = "明细定价时还不知道按哪项待遇结算，限额对各项待遇都一样；请删去“适用”"
            self.report(rule.node, path, ("适用",), message)

    def _item(self, item: item_provisions.ItemRule, path: str) -> None:
        self._papers(item.papers, path)
        if item.limit and item.limit.days < 0:
            self.report(item.limit.node, f"{path}.时限", ("工作日",), "不能小于 0")
        for number, step in enumerate(item.review):
            at = f"{path}.审核[{number}]"
            before = item.review[:number]
            if any(step.post == other.post and step.level == other.level for other in before):
                self.report(step.node, at, ("岗位",), "同一机构的同一岗位不重复审核")
            ranks = [item_provisions.LEVELS.index(other.level) for other in before]
            if max(ranks, default=0) > item_provisions.LEVELS.index(step.level):
                self.report(step.node, at, ("机构",), "先受理机构，再县级，再市级")
            if step.above >= 0 and not item_provisions.ITEMS[item.code]:
                self.report(step.node, at, ("超过",), "这一事项没有金额")
        always = [step for step in item.review if step.above < 0]
        if item_provisions.ITEMS[item.code] and len(always) < 2:
            message = "支付待遇的事项，任何金额都至少两步审核"
            self.report(item.node, path, ("审核",), message)

    def _papers(self, papers: tuple[item_provisions.Paper, ...], path: str) -> None:
        names: set[str] = set()
        for number, paper in enumerate(papers):
            at = f"{path}.材料[{number}]"
            for name in (paper.name, *paper.instead):
                if name in names:
                    self.report(paper.node, at, ("名称",), f"“{name}”写了两次")
                names.add(name)
            if paper.promise != bool(paper.broken):
                self.report(
                    paper.node, at, ("违诺",), "可以承诺代替的，写明承诺不实的后果；其余不写"
                )

    def _route(self, route: provision_kinds.Route, path: str) -> None:
        self._condition(route.when, route.node, path)
        self._benefit_names(route.benefits, route.node, path, "待遇")
        self._known("待遇", route.to, self._names("待遇"), (route.node, path, ("按",)))

    def _meter(self, meter: provision_kinds.Meter, path: str) -> None:
        keys = []
        for name in meter.apart:
            at = (meter.node, path, ("分",))
            fact = self.facts.get(name)
            if fact and fact.keys_meters:
                keys.append(name)
            else:
                self._axis(name, at)
        if len(keys) > 1:
            message = f"只能按一个不限取值的事实分别累计，写了 {'、'.join(keys)}"
            self.report(meter.node, path, ("分",), message)
        if meter.start != 1 and meter.period != "年":
            self.report(meter.node, path, ("起",), "“起”只用于按年累计的计量")

    def _definition(self, definition: provision_kinds.FactDefinition, path: str) -> None:
        name = path.partition(".")[2]
        if definition.source in self._names("事实") and definition.source not in self.facts:
            return  # What it is taken from could not be read, which is told already.
        for key, message in self._wrong.get(name, []):
            keys = () if key == name else tuple(key.split("."))
            self.report(definition.node, path, keys, message)

    def _parameter(self, parameter: provision_kinds.Parameter, path: str) -> None:
        node = parameter.node
        for axis in parameter.axes:
            if axis not in self.facts or not self.facts[axis].keys_meters:
                self._axis(axis, (node, path, ("按",)))
            elif parameter.axes[-1] != axis:
                self.report(node, path, ("按",), f"“{axis}”不限取值，只能是最后一项")
        if parameter.years and (parameter.value is not None or parameter.unit != FEN):
            self.report(node, path, ("各年",), "逐年公布的统计数以元为单位，不再写“值”")
        if parameter.value is None:
            return
        context = Reading()
        value = parameter_parser(parameter).parse(parameter.value, f"{path}.值", context)
        self.problems += context.problems
        if value is BAD:
            return
        self._value(value, parameter.unit, f"{path}.值")
        if path.partition(".")[2] in self._parameters_in(value, set()):
            self.report(node, path, ("值",), "参数的值又引用了它自己")

    def _parameters_in(self, value: Any, seen: set[str]) -> set[str]:
        """The parameters that a value rests on, directly or through others."""
        if isinstance(value, ByAxis):
            for inner in value.values.values():
                self._parameters_in(inner, seen)
        elif isinstance(value, FromParameter) and value.parameter not in seen:
            seen.add(value.parameter)
            provision = self.law.all(provision_kinds.Parameter).get(value.parameter)
            parameter = provision.value if provision else None
            if isinstance(parameter, provision_kinds.Parameter) and parameter.value is not None:
                inner = parameter_parser(parameter).parse(parameter.value, "", Reading())
                self._parameters_in(inner, seen)
        return seen

    # The law as a whole.

    def _codes(self) -> None:
        """A code stands for one thing."""
        for section in ("计量", "参数", "费用部分", "待遇", "事项"):
            seen: dict[str, str] = {}
            for name, provision in self.law.section(section).items():
                code = getattr(provision.value, "code", "")
                other = seen.setdefault(code, name) if code else name
                if other != name:
                    node: Node = provision.value.node
                    self.report(node, provision.path, ("代号",), f"“{other}”已用代号 {code}")
        payers: dict[str, str] = {}
        for path, layer in self._all_layers():
            payer = payers.setdefault(layer.code, layer.payer)
            if payer != layer.payer:
                message = f"代号 {layer.code} 的付款方前面是{payer}；付款方不同的层须有不同的代号"
                self.report(layer.node, path, ("代号",), message)

    def _all_layers(self) -> Iterator[tuple[str, Layer]]:
        for section in ("待遇", "层组", "补充"):
            for provision in self._provisions(section):
                value: Any = provision.value
                for item in value.layers:
                    if isinstance(item, Layer):
                        yield provision.path, item
                if isinstance(value, provision_kinds.Benefit) and value.floor:
                    yield provision.path, floor_layer(value.floor)

    def _onward_loops(self) -> None:
        """A chain of benefits and layers comes to an end."""
        targets: dict[str, list[Onward]] = {}
        for section in ("待遇", "层组"):
            for provision in self._provisions(section):
                layers = provision.value.layers
                targets[provision.path] = [item for item in layers if isinstance(item, Onward)]
        for start in targets:
            seen, pending = set(), [start]
            while pending:
                for onward in targets.get(pending.pop(), []):
                    path = next(
                        (p for p in (f"层组.{onward.to}", f"待遇.{onward.to}") if p in targets), ""
                    )
                    if path == start:
                        self.report(onward.node, start, ("接续",), "接续绕回了自己，没有尽头")
                    elif path and path not in seen:
                        seen.add(path)
                        pending.append(path)


def _exclusive(one: Condition, other: Condition) -> bool:
    """Whether two conditions never hold together."""
    return any(not set(one[name]) & set(other[name]) for name in one.keys() & other.keys())
