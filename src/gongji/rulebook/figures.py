"""The figures of one cell: values looked up, adjusted and prorated, each with where it came from."""

from collections.abc import Mapping

from gongji.kernel import pour
from gongji.rulebook import documents
from gongji.rulebook.citations import Cite, Cited, cite, doubts_of
from gongji.rulebook.documents import (
    Adjustment, ByAxis, Condition, FromFact, FromIndex, FromParameter, Limit, Literal, Rate, Value,
)  # fmt: skip
from gongji.rulebook.law import Law, Provision, Rulebook
from gongji.rulebook.layout import Layout
from gongji.rulebook.schema import Context
from gongji.units import FEN_PER_YUAN, WHOLE, parse_fen, parse_ppm, round_half_up

Cell = Mapping[str, str]
"""A value (by its Chinese name) for each axis."""


class Gap(Exception):
    """A table has no value for this cell."""

    def __init__(self, axis: str, value: str, table: ByAxis) -> None:
        self.axis, self.value, self.table = axis, value, table
        super().__init__(f"{table.node.file}:{table.node.line}: {axis}={value}")


def holds(condition: Condition, cell: Cell) -> bool:
    """Whether a condition over axes holds in a cell."""
    return all(cell[name] in values for name, values in condition.items())


def number_of(law: Law, fact: str, cell: Cell) -> int:
    """The number that a band stands for: its lower bound."""
    bound = law.facts[fact].bands[cell[fact]]
    assert isinstance(bound, int)
    return bound


class Resolver:
    """Works out the figures of one cell, keeping where each came from."""

    def __init__(self, law: Law, layout: Layout, cell: Cell, year: int) -> None:
        self.law, self.layout, self.cell, self.year = law, layout, cell, year
        self._cites: list[Cite] = []
        self._open = ""
        self._supplied: list[str] = []
        self._doubts: list[documents.Doubt] = []

    def _start(self, book: Rulebook, article: str, node: object) -> None:
        self._cites = [cite(book, article, node)]
        self._open, self._supplied, self._doubts = "", [], []

    def _finish(self, figure: int, book: Rulebook, names: tuple[str, ...]) -> Cited:
        return Cited(
            figure,
            tuple(dict.fromkeys(self._cites)),
            doubts_of(book, names) + tuple(self._doubts),
            self._open,
            tuple(self._supplied),
        )

    def rate(self, rate: Rate, book: Rulebook) -> Cited:
        """The rate of a layer in this cell.

        Units:   parts per million, between nothing and the whole; OPEN where a parameter is.
        """
        self._start(book, rate.article, rate.node)
        figure = self._value(rate.value, self.cell)
        if figure != pour.OPEN:
            figure = self._adjusted(figure, rate.adjustments, book, rate.at_most, rate.at_least)
        if not self._open:
            figure = min(max(figure, 0), WHOLE)
        return self._finish(figure, book, rate.doubts)

    def limit(self, limit: Limit, book: Rulebook) -> Cited:
        """The amount of a limit in this cell.

        Units:   fen; OPEN, UNLIMITED, or below OPEN an amount of the visit.
        Rounds:  a proration half up to the fen.
        """
        self._start(book, limit.article, limit.node)
        figure = self._value(limit.value, self.cell)
        if 0 <= figure < pour.UNLIMITED:
            figure = self._adjusted(figure, limit.adjustments, book, limit.at_most, limit.at_least)
            if not self._open:
                figure = self._prorated(max(figure, 0), limit.proration, book)
        return self._finish(figure, book, limit.doubts)

    def _adjusted(
        self,
        figure: int,
        adjustments: tuple[Adjustment, ...],
        book: Rulebook,
        at_most: int | None,
        at_least: int | None,
    ) -> int:
        # A negative figure cannot come out of a table, so OPEN is told by `self._open`.
        for adjustment in adjustments:
            if not holds(adjustment.when, self.cell):
                continue
            units = 1
            if adjustment.each:
                units = max(0, number_of(self.law, adjustment.each, self.cell) - adjustment.beyond)
            if not units:
                continue
            self._cites.append(cite(book, adjustment.article, adjustment.node))
            added = self._value(adjustment.add, self.cell)
            if added == pour.OPEN and self._open:
                return pour.OPEN
            figure += added * units
        figure = figure if at_most is None else min(figure, at_most)
        return figure if at_least is None else max(figure, at_least)

    def _prorated(self, figure: int, share: documents.Proration | None, book: Rulebook) -> int:
        if share is None or not holds(share.when, self.cell):
            return figure
        self._cites.append(cite(book, share.article, share.node))
        return round_half_up(figure * number_of(self.law, share.fact, self.cell), share.divisor)

    def _value(self, value: Value, cell: Cell) -> int:
        if isinstance(value, Literal):
            return pour.UNLIMITED if value.amount is None else value.amount
        if isinstance(value, ByAxis):
            chosen = value.values.get(cell[value.axis], value.values.get(documents.REST_TEXT))
            if chosen is None:
                raise Gap(value.axis, cell[value.axis], value)
            return self._value(chosen, cell)
        if isinstance(value, FromFact):
            return pour.OPEN - 1 - self.layout.amounts.index(value.fact)
        if isinstance(value, FromIndex):
            return self._index(value)
        return self._parameter(value, cell)

    def _parameter(self, value: FromParameter, cell: Cell) -> int:
        provision = self.law.section("参数")[value.parameter]
        parameter = provision.value
        assert isinstance(parameter, documents.Parameter)
        inner = dict(cell) | {to: cell[of] for to, of in value.swapped.items()} | value.fixed
        figure = self._supplied_figure(parameter, inner)
        if figure is None and parameter.value is not None:
            source = parameter.source or provision.book.head.source
            self._cites.append(cite(provision.book, parameter.article, parameter.value, source))
            figure = self._value(parsed_parameter(provision), inner)
        if figure is None or figure == pour.OPEN:
            self._open = self._open or self._path(parameter, inner)
            return pour.OPEN
        return figure if value.share is None else round_half_up(figure * value.share, WHOLE)

    def _path(self, parameter: documents.Parameter, cell: Cell) -> str:
        return ".".join([parameter.code, *_codes(self.law, parameter, cell)])

    def _supplied_figure(self, parameter: documents.Parameter, cell: Cell) -> int | None:
        parts = [parameter.code, *_codes(self.law, parameter, cell)]
        for length in range(len(parts), 0, -1):
            path = ".".join(parts[:length])
            if path in self.law.settings:
                self._supplied.append(path)
                return parse_setting(self.law.settings[path], parameter.unit)
        return None

    def _index(self, value: FromIndex) -> int:
        provision = self.law.section("参数")[value.index]
        parameter = provision.value
        assert isinstance(parameter, documents.Parameter)
        year = str(self.year + value.years)
        path = f"{parameter.code}.{year}"
        text = self.law.settings.get(path, self.law.settings.get(parameter.code))
        statistic = parameter.years.get(year)
        if text is not None:
            self._supplied.append(path)
            statistic = parse_setting(text, "fen")
        elif statistic is not None:
            source = parameter.source or provision.book.head.source
            self._cites.append(cite(provision.book, parameter.article, parameter.node, source))
        else:
            self._open = path
            return pour.OPEN
        unit = FEN_PER_YUAN if value.rounding == "元" else 1
        return round_half_up(statistic * value.share, WHOLE * unit) * unit


def parse_setting(text: str, unit: str) -> int:
    """A figure given by --set: yuan (`1200`, `1200元`) or a percentage (`85%`).

    Refuses: ValueError.
    """
    return parse_ppm(text) if unit == "ppm" else parse_fen(text.removesuffix("元"))


_PARSED: dict[int, Value] = {}


def parsed_parameter(provision: Provision) -> Value:
    """The typed value of a parameter (its unit decides how figures are written)."""
    parameter = provision.value
    assert isinstance(parameter, documents.Parameter) and parameter.value is not None
    if id(parameter) not in _PARSED:
        figure = documents.s.percent if parameter.unit == "ppm" else documents.s.money
        context = Context()
        parsed = documents.value_of(figure).parse(parameter.value, provision.path, context)
        if context.problems:
            raise documents.RulebookError(context.problems)
        _PARSED[id(parameter)] = parsed
    return _PARSED[id(parameter)]


def _codes(law: Law, parameter: documents.Parameter, cell: Cell) -> list[str]:
    codes = []
    for axis in parameter.axes:
        fact = law.facts[axis]
        name = cell[axis]
        codes.append(fact.choices.get(name, name) or name)
    return codes
