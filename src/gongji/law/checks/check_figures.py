"""Whether conditions and figures fit what the law at a date has: facts, meters, parameters.

What provisions refer to is `provisions`, which builds on this. Nothing is raised: a mistake is a
Problem with its line.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from gongji.law.rulebook import provision_kinds
from gongji.law.rulebook.law import Law
from gongji.law.rulebook.provision_kinds import (
    Adjustment,
    ByAxis,
    Condition,
    FromFact,
    FromIndex,
    FromParameter,
    Limit,
    Literal,
    Rate,
    Scaling,
    Value,
)
from gongji.law.rulebook.schema import near
from gongji.law.rulebook.source import Node, line_of
from gongji.law.rulebook.vocabulary import AMOUNT, Fact
from gongji.refusals import Problem
from gongji.units import WHOLE

FEN, PPM = "fen", "ppm"
UNITS = {FEN: "金额", PPM: "百分比"}
_MEASURES = {english: chinese for chinese, english in provision_kinds.METER_MEASURES.items()}


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """That a name is not known, which ones are, and which may have been meant."""
    names = list(dict.fromkeys(known))
    return f"没有{what}“{name}”{near(name, names)}；可取：{'、'.join(names) or '（无）'}"


class Figures:
    """Finds what conditions, values and limits refer to that does not exist or does not fit."""

    def __init__(self, law: Law) -> None:
        self.law = law
        self.problems: list[Problem] = []
        self.facts: Mapping[str, Fact] = law.facts

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
            for name in value.articles:
                self._known("表中的值", name, value.values, (node, path, ("依据", name)))
            for name, inner in value.values.items():
                if fact and name != provision_kinds.REST_TEXT:
                    allowed = (*fact.values, provision_kinds.REST_TEXT)
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
        if unit and value.amount is not None and value.node.text() != provision_kinds.NONE_TEXT:
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
        provision = self.law.all(provision_kinds.Parameter).get(name)
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
            if name in self.facts and self.facts[name].keys_meters:
                continue
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
        provision = self.law.all(provision_kinds.Meter).get(limit.meter)
        if known and provision and measure:
            found = _MEASURES[provision.value.measure]
            if found != measure:
                self.report(*at, f"这里须用量为“{measure}”的计量，“{limit.meter}”的量是“{found}”")
        if isinstance(limit.value, Literal) and limit.value.amount is None and measure == "起付":
            message = "起付标准不能是“不限”；没有起付标准的写“不设”"
            self.report(limit.value.node, path, ("金额",), message)
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
