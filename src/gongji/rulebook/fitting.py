"""Whether what the law at a date refers to exists and fits: facts, meters, parameters, units.

One `Checker` walks the provisions of one Law; what concerns whole documents and an area's time is
`references`. Nothing is raised: every mistake is a Problem with its line.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from gongji.errors import Problem
from gongji.rulebook import accounts, documents, pricing
from gongji.rulebook.definitions import define
from gongji.rulebook.documents import (
    Adjustment,
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
    Scaling,
    Value,
)
from gongji.rulebook.facts import AMOUNT, BENEFITS, FACTS, VISIT_COLUMNS, Fact
from gongji.rulebook.figures import parameter_parser
from gongji.rulebook.law import Law, Provision
from gongji.rulebook.layout import floor_layer
from gongji.rulebook.schema import BAD, Context
from gongji.rulebook.source import Node, line_of
from gongji.units import WHOLE

FEN, PPM = "fen", "ppm"
UNITS = {FEN: "金额", PPM: "百分比"}
RESULT_COLUMNS = (
    "pool_pays", "deductible", "supplements", "person_pays", "refusal", "articles", "rulebook",
)  # fmt: skip
"""Columns of results that no layer may take for its own."""

GROUPS = (
    ("deductibles", "起付标准", "起付"),
    ("ceilings", "最高支付限额", "支付"),
    ("bands", "费用段", "费用"),
)
_MEASURES = {english: chinese for chinese, english in documents.METER_MEASURES.items()}


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """That a name is not known, which ones are, and which may have been meant."""
    # Only a mistake needs it, and it is slow to import.
    from difflib import get_close_matches

    names = list(dict.fromkeys(known))
    close = get_close_matches(name, names, 1)
    meant = f"（是否指“{close[0]}”？）" if close else ""
    return f"没有{what}“{name}”{meant}；可取：{'、'.join(names) or '（无）'}"


class Checker:
    """Finds what one law refers to that does not exist or does not fit."""

    def __init__(self, law: Law) -> None:
        self.law = law
        self.problems: list[Problem] = []
        self.facts: Mapping[str, Fact] = law.facts
        self._checks: dict[type, Callable[[Any, str], None]] = {
            documents.FactDefinition: self._definition,
            documents.Meter: self._meter,
            documents.Parameter: self._parameter,
            documents.Gate: self._gate,
            documents.Route: self._route,
            documents.Benefit: self._benefit,
            documents.Chain: self._chain,
            documents.Supplement: self._supplement,
            pricing.LineRule: self._line_rule,
            Layer: self._layer,
            Onward: self._onward,
            Rate: self._rate,
            Limit: lambda limit, path: self._limit(limit, path, ""),
        }

    def run(self) -> list[Problem]:
        """Every problem of the law's provisions, and of what is left of broken ones."""
        for provision in self._provisions():
            self.facts = self.law.facts
            if provision.section in accounts.SECTIONS:
                self.facts = accounts.ROSTER_FACTS | self.law.facts
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

    def _provisions(self, section: str = "") -> Iterator[Provision]:
        for name, entries in self.law.provisions.items():
            if section in ("", name):
                yield from entries.values()

    def report(self, node: Node, path: str, keys: tuple[str, ...], message: str) -> None:
        """A problem at a key of a node."""
        key = ".".join(part for part in (path, *keys) if part)
        self.problems.append(Problem(node.file, line_of(node, *keys), key, message))

    def _names(self, section: str) -> list[str]:
        """The names of a section's provisions, those that could not be read included."""
        broken = [path for book in self.law.books for path in book.broken]
        found = [path.partition(".")[2] for path in broken if path.startswith(f"{section}.")]
        return [*self.law.section(section), *found]

    def _known(
        self, what: str, name: str, known: Iterable[str], at: tuple[Node, str, tuple[str, ...]]
    ) -> bool:
        """Whether a name is known; where it is not, that is reported."""
        names = list(known)
        if name not in names:
            self.report(*at, unknown(what, name, names))
        return name in names

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

    # Conditions and values.

    def _axis(self, name: str, at: tuple[Node, str, tuple[str, ...]]) -> Fact | None:
        """A fact that tells cells apart; where it cannot, that is reported."""
        if name not in self.facts:
            if name not in self._names("事实"):
                self.report(*at, unknown("事实", name, self.facts))
            return None
        fact = self.facts[name]
        if not fact.values:
            how = (
                "先在“事实”中用“取自”归类（段）"
                if fact.keys_meters
                else "先在“事实”中用“段”或“至”分段"
            )
            self.report(*at, f"“{name}”是{fact.kind}，不能直接作为条件或表的列；{how}")
            return None
        return fact

    def _condition(self, when: Condition, node: Node, path: str) -> None:
        for name, values in when.items():
            at = (node, path, ("当", name))
            fact = self._axis(name, at)
            for value in values if fact else ():
                self._known(f"“{name}”的值", value, fact.values if fact else (), at)

    def _number(self, name: str, at: tuple[Node, str, tuple[str, ...]]) -> None:
        """A fact that can be counted with."""
        fact = self._axis(name, at)
        if fact and not all(isinstance(bound, int) for bound in fact.bands.values() or [""]):
            self.report(*at, f"“{name}”不是数；这里须是用“段”或“至”分段的数")

    def _value(self, value: Value, unit: str, path: str, signed: bool = False) -> None:
        """A value of a unit (any where it is empty), each of its references and figures."""
        node = value.node
        if isinstance(value, Literal):
            self._literal(value, unit, path, signed)
        elif isinstance(value, ByAxis):
            fact = self._axis(value.axis, (node, path, ("按",)))
            for name, inner in value.values.items():
                if fact and name != documents.REST_TEXT:
                    allowed = (*fact.values, documents.REST_TEXT)
                    self._known(f"“{value.axis}”的值", name, allowed, (node, path, (name,)))
                self._value(inner, unit, f"{path}.{name}", signed)
        elif isinstance(value, FromFact):
            self.report(node, path, ("事实",), "随就诊给出的金额只能单独作为“金额”，不能分表或增减")
        elif isinstance(value, FromIndex):
            self._index(value, unit, path)
        else:
            self._from_parameter(value, unit, path)

    def _literal(self, value: Literal, unit: str, path: str, signed: bool) -> None:
        written = PPM if value.node.text().endswith(("%", "点")) else FEN
        if unit and value.amount is not None and value.node.text() != documents.NONE_TEXT:
            if written != unit:
                self.report(
                    value.node, path, (), f"这里应为{UNITS[unit]}，写的是“{value.node.text()}”"
                )
            elif not signed and (value.amount < 0 or (unit == PPM and value.amount > WHOLE)):
                self.report(
                    value.node,
                    path,
                    (),
                    f"“{value.node.text()}”超出范围（不小于零，比例不大于100%）",
                )
        elif signed and value.amount is None:
            self.report(value.node, path, (), "增减不能是“不限”")

    def _parameter_named(self, name: str, at: tuple[Node, str, tuple[str, ...]]) -> Any:
        if not self._known("参数", name, self._names("参数"), at):
            return None
        provision = self.law.section("参数").get(name)
        return provision.value if provision else None

    def _index(self, value: FromIndex, unit: str, path: str) -> None:
        at = (value.node, path, ("指数",))
        if unit == PPM:
            self.report(*at, "指数只能用于金额")
        parameter = self._parameter_named(value.index, at)
        if parameter and (parameter.unit != FEN or parameter.value is not None):
            self.report(*at, f"“{value.index}”不是逐年公布的金额（各年），不能作指数")

    def _from_parameter(self, value: FromParameter, unit: str, path: str) -> None:
        at = (value.node, path, ("参数",))
        parameter = self._parameter_named(value.parameter, at)
        if parameter and unit and parameter.unit != unit:
            self.report(
                *at, f"这里应为{UNITS[unit]}，参数“{value.parameter}”是{UNITS[parameter.unit]}"
            )
        if parameter and parameter.years:
            self.report(*at, f"“{value.parameter}”是逐年公布的，须写成“指数”")
        for name, fixed in value.fixed.items():
            fact = self._axis(name, (value.node, path, ("取", name)))
            if fact:
                self._known(f"“{name}”的值", fixed, fact.values, (value.node, path, ("取", name)))
        for name, other in value.swapped.items():
            place = (value.node, path, ("换", name))
            fact, source = self._axis(name, place), self._axis(other, place)
            if fact and source and not set(source.values) <= set(fact.values):
                self.report(*place, f"“{other}”的值与“{name}”的不同，不能替换")

    # Figures of layers.

    def _adjustments(self, figure: Rate | Limit, unit: str, path: str) -> None:
        for number, adjustment in enumerate(figure.adjustments):
            self._adjustment(adjustment, unit, f"{path}.增减[{number}]")
        for number, scaling in enumerate(figure.scalings):
            self._scaling(scaling, f"{path}.折算[{number}]")
        if None not in (figure.at_least, figure.at_most) and figure.at_least > figure.at_most:  # type: ignore[operator]
            self.report(figure.node, path, ("最低",), "“最低”高于“最高”")

    def _adjustment(self, adjustment: Adjustment, unit: str, path: str) -> None:
        self._condition(adjustment.when, adjustment.node, path)
        self._value(adjustment.add, unit, f"{path}.加", signed=True)
        if adjustment.each:
            self._number(adjustment.each, (adjustment.node, path, ("每",)))
        elif adjustment.beyond:
            self.report(adjustment.node, path, ("超过",), "写了“超过”，须同时写“每”")

    def _scaling(self, scaling: Scaling, path: str) -> None:
        self._condition(scaling.when, scaling.node, path)
        if scaling.share < 0:
            self.report(scaling.node, path, ("比例",), "折算的比例不能为负")
        if scaling.fact:
            self._number(scaling.fact, (scaling.node, path, ("事实",)))

    def _rate(self, rate: Rate, path: str) -> None:
        self._value(rate.value, PPM, f"{path}.比例")
        self._adjustments(rate, PPM, path)

    def _limit(self, limit: Limit, path: str, measure: str) -> None:
        self._condition(limit.when, limit.node, path)
        at = (limit.node, path, ("计量",))
        known = self._known("计量", limit.meter, self._names("计量"), at)
        provision = self.law.section("计量").get(limit.meter)
        if known and provision and measure:
            assert isinstance(provision.value, documents.Meter)
            found = _MEASURES[provision.value.measure]
            if found != measure:
                self.report(*at, f"这里须用量为“{measure}”的计量，“{limit.meter}”的量是“{found}”")
        if isinstance(limit.value, FromFact):
            self._amount_of_visit(limit, path)
        else:
            self._value(limit.value, FEN, f"{path}.金额")
        self._adjustments(limit, FEN, path)

    def _amount_of_visit(self, limit: Limit, path: str) -> None:
        assert isinstance(limit.value, FromFact)
        name, at = limit.value.fact, (limit.value.node, path, ("事实",))
        amounts = [fact.name for fact in self.facts.values() if fact.kind == AMOUNT]
        self._known("金额事实", name, amounts, at)
        if (
            limit.adjustments
            or limit.scalings
            or limit.at_most is not None
            or limit.at_least is not None
        ):
            self.report(*at, "随就诊给出的金额不能再增减、折算或设最高最低")

    # Provisions.

    def _layer(self, layer: Layer, path: str) -> None:
        self._condition(layer.when, layer.node, path)
        self._rate(layer.rate, f"{path}.支付比例")
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

    def _layers(self, layers: tuple[Layer | Onward, ...], path: str) -> None:
        for number, item in enumerate(layers):
            self._any(item, f"{path}.层[{number}]")
            if isinstance(item, Layer) and item.base != documents.BURDEN and "补充" not in path:
                self.report(item.node, f"{path}.层[{number}]", ("基数",), "“基数”只用于补充")

    def _onward(self, onward: Onward, path: str) -> None:
        self._condition(onward.when, onward.node, path)
        targets = [*self._names("层组"), *self._names("待遇")]
        self._known("层组或待遇", onward.to, targets, (onward.node, path, ("接续",)))

    def _benefit(self, benefit: documents.Benefit, path: str) -> None:
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

    def _chain(self, chain: documents.Chain, path: str) -> None:
        self._layers(chain.layers, path)

    def _supplement(self, supplement: documents.Supplement, path: str) -> None:
        self._benefit_names(supplement.benefits, supplement.node, path, "适用")
        self._layers(supplement.layers, path)

    def _benefit_names(self, names: tuple[str, ...], node: Node, path: str, key: str) -> None:
        known = dict.fromkeys([*BENEFITS, *self._names("待遇")])
        for name in names:
            self._known("待遇", name, known, (node, path, (key,)))

    def _gate(self, gate: documents.Gate, path: str) -> None:
        self._condition(gate.when, gate.node, path)
        self._benefit_names(gate.benefits, gate.node, path, "适用")

    def _line_rule(self, rule: pricing.LineRule, path: str) -> None:
        self._benefit_names(rule.benefits, rule.node, path, "适用")
        if rule.kind in (pricing.UNRELATED, pricing.APART) and not rule.benefits:
            self.report(rule.node, path, ("适用",), f"“{rule.kind}”须写明适用的待遇")
        if rule.share is not None and not 0 <= rule.share <= WHOLE:
            self.report(rule.node, path, ("比例",), "应在 0% 与 100% 之间")

    def _route(self, route: documents.Route, path: str) -> None:
        self._condition(route.when, route.node, path)
        self._benefit_names(route.benefits, route.node, path, "待遇")
        self._known("待遇", route.to, self._names("待遇"), (route.node, path, ("按",)))

    def _meter(self, meter: documents.Meter, path: str) -> None:
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

    def _definition(self, definition: documents.FactDefinition, path: str) -> None:
        name = path.partition(".")[2]
        earlier: dict[str, Fact] = dict(FACTS)
        for other, provision in self.law.section("事实").items():
            if other == name:
                break
            assert isinstance(provision.value, documents.FactDefinition)
            earlier[other] = define(other, provision.value, earlier)[0]
        for key, message in define(name, definition, earlier)[1]:
            keys = () if key == name else tuple(key.split("."))
            self.report(definition.node, path, keys, message)

    def _parameter(self, parameter: documents.Parameter, path: str) -> None:
        node = parameter.node
        for axis in parameter.axes:
            self._axis(axis, (node, path, ("按",)))
        if parameter.years and (parameter.value is not None or parameter.unit != FEN):
            self.report(node, path, ("各年",), "逐年公布的统计数以元为单位，不再写“值”")
        if parameter.value is None:
            return
        context = Context()
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
            provision = self.law.section("参数").get(value.parameter)
            parameter = provision.value if provision else None
            if isinstance(parameter, documents.Parameter) and parameter.value is not None:
                inner = parameter_parser(parameter).parse(parameter.value, "", Context())
                self._parameters_in(inner, seen)
        return seen

    # The law as a whole.

    def _codes(self) -> None:
        """A code stands for one thing."""
        for section in ("计量", "参数", "费用部分", "待遇"):
            seen: dict[str, str] = {}
            for name, provision in self.law.section(section).items():
                code = getattr(provision.value, "code", "")
                other = seen.setdefault(code, name) if code else name
                if other != name:
                    node: Node = provision.value.node  # type: ignore[attr-defined]
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
                if isinstance(value, documents.Benefit) and value.floor:
                    yield provision.path, floor_layer(value.floor)

    def _onward_loops(self) -> None:
        """A chain of benefits and layers comes to an end."""
        targets: dict[str, list[Onward]] = {}
        for section in ("待遇", "层组"):
            for provision in self._provisions(section):
                layers = provision.value.layers  # type: ignore[attr-defined]
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
