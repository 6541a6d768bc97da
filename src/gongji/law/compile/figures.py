"""The figures of one cell: looked up, adjusted, scaled, each with where it came from."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from gongji.law.compile.citations import Cite, Cited, Gap, cite, doubts_of
from gongji.law.compile.layout import Layout
from gongji.law.kernel import pour
from gongji.law.rulebook import provision_kinds, schema
from gongji.law.rulebook.law import KEPT, REST, Law, Provision, named_axis
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
from gongji.law.rulebook.rulebook import Rulebook
from gongji.law.rulebook.schema import Parser, Reading
from gongji.law.rulebook.vocabulary import LEVEL_COLUMNS, NO_LEVEL
from gongji.refusals import RulebookError
from gongji.units import WHOLE, parse_fen, parse_ppm, round_half_up

Cell = Mapping[str, str]
"""A value (by its Chinese name) for each axis."""


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
        self._gap: Gap | None = None
        self._supplied: list[str] = []
        self._doubts: list[provision_kinds.Doubt] = []
        self._row_doubts: list[provision_kinds.Doubt] = []

    def _start(self, book: Rulebook, article: str, node: object) -> None:
        self._book = book
        self._cites = [cite(book, article, node)]
        self._open, self._gap, self._supplied, self._doubts = "", None, [], []
        self._row_doubts = []
        self._exact = False

    @property
    def _unknown(self) -> bool:
        return bool(self._open or self._gap)

    def _finish(self, figure: int, book: Rulebook, names: tuple[str, ...]) -> Cited:
        return Cited(
            figure,
            tuple(dict.fromkeys(self._cites)),
            (*doubts_of(book, names), *self._doubts, *self._row_doubts),
            self._open,
            self._gap,
            tuple(self._supplied),
            row_doubts=tuple(self._row_doubts),
        )

    def rate(self, rate: Rate, book: Rulebook) -> Cited:
        """The rate of a layer in this cell.

        Units:   parts per million, between nothing and the whole; OPEN where a parameter is.
        """
        self._start(book, rate.article, rate.node)
        beyond = None
        figure = self._value(rate.value, self.cell)
        if figure != pour.OPEN:
            figure = self._adjusted(figure, rate.adjustments, book, rate.at_most, rate.at_least)
        if not self._unknown:
            scaled = self._scaled(max(figure, 0), rate.scalings, book)
            beyond = figure if figure < 0 else scaled if scaled > WHOLE else None
            figure = min(scaled, WHOLE)
        cited = self._finish(figure, book, rate.doubts)
        return cited if beyond is None else replace(cited, beyond=beyond)

    def limit(self, limit: Limit, book: Rulebook) -> Cited:
        """The amount of a limit in this cell.

        Units:   fen; OPEN, UNLIMITED, or below OPEN an amount of the visit.
        Rounds:  each scaling half up to the fen.
        """
        self._start(book, limit.article, limit.node)
        figure = self._value(limit.value, self.cell)
        if 0 <= figure < pour.UNLIMITED:
            figure = self._adjusted(figure, limit.adjustments, book, limit.at_most, limit.at_least)
            if not self._unknown:
                figure = self._scaled(max(figure, 0), limit.scalings, book)
        return self._finish(figure, book, () if self._exact else limit.doubts)

    def _adjusted(
        self,
        figure: int,
        adjustments: tuple[Adjustment, ...],
        book: Rulebook,
        at_most: int | None,
        at_least: int | None,
    ) -> int:
        # An adjustment may be negative, so OPEN is told by `self._unknown`.
        for adjustment in adjustments:
            if not holds(adjustment.when, self.cell):
                continue
            units = 1
            if adjustment.each:
                units = max(0, number_of(self.law, adjustment.each, self.cell) - adjustment.beyond)
            if not units:
                continue
            self._cites.append(cite(book, adjustment.article, adjustment.node))
            self._doubts += doubts_of(book, adjustment.doubts)
            added = self._value(adjustment.add, self.cell)
            if added == pour.OPEN and self._unknown:
                return pour.OPEN
            figure += added * units
        figure = figure if at_most is None else min(figure, at_most)
        return figure if at_least is None else max(figure, at_least)

    def _scaled(self, figure: int, scalings: tuple[Scaling, ...], book: Rulebook) -> int:
        for scaling in scalings:
            if holds(scaling.when, self.cell):
                number = number_of(self.law, scaling.fact, self.cell) if scaling.fact else 1
                scaled = round_half_up(figure * scaling.share * number, scaling.divisor * WHOLE)
                if scaled != figure:
                    self._cites.append(cite(book, scaling.article, scaling.node))
                    self._doubts += doubts_of(book, scaling.doubts)
                figure = scaled
        return figure

    def _value(self, value: Value, cell: Cell) -> int:
        if isinstance(value, Literal):
            return pour.UNLIMITED if value.amount is None else value.amount
        if isinstance(value, ByAxis):
            chosen = value.values.get(cell[value.axis], value.values.get(provision_kinds.REST_TEXT))
            if chosen is None:
                return self._missing(Gap(value.axis, cell[value.axis], value))
            if cell[value.axis] in value.articles:
                article = value.articles[cell[value.axis]]
                self._cites[-1] = cite(self._book, article, value.node)
            names = value.row_doubts.get(cell[value.axis], ())
            self._row_doubts += doubts_of(self._book, names)
            return self._value(chosen, cell)
        if isinstance(value, FromFact):
            self._cite_definition(value.fact)
            return pour.OPEN - 1 - self.layout.amounts.index(value.fact)
        if isinstance(value, FromIndex):
            return self._index(value)
        return self._parameter(value, cell)

    def _cite_definition(self, name: str) -> None:
        """An amount that is worked out of texts rests on the article that gives each of them."""
        provision = self.law.all(provision_kinds.FactDefinition).get(name)
        if provision and provision.value.each:
            definition = provision.value
            self._cites.append(cite(provision.book, definition.article, definition.node))
            self._doubts += doubts_of(provision.book, definition.doubts)

    def _missing(self, gap: Gap) -> int:
        self._gap = self._gap or gap
        return pour.OPEN

    def _parameter(self, value: FromParameter, cell: Cell) -> int:
        provision = self.law.all(provision_kinds.Parameter)[value.parameter]
        parameter = provision.value
        inner = dict(cell) | {to: cell[of] for to, of in value.swapped.items()} | value.fixed
        figure = self._supplied_figure(parameter, inner)
        if figure is None and parameter.value is not None:
            source = parameter.source
            self._cites.append(cite(provision.book, parameter.article, parameter.value, source))
            figure = self._value(parsed_parameter(provision), inner)
        for axis in parameter.axes if figure is None else ():
            if inner.get(axis) == NO_LEVEL and self.law.facts[axis].column in LEVEL_COLUMNS:
                return self._missing(Gap(axis, NO_LEVEL, None))
        if figure is None or figure == pour.OPEN:
            self._open = self._open or ("" if self._gap else self._path(parameter, inner))
            return pour.OPEN
        return figure if value.share is None else round_half_up(figure * value.share, WHOLE)

    def _path(self, parameter: provision_kinds.Parameter, cell: Cell) -> str:
        axes = [self.law.facts[axis] for axis in parameter.axes]
        codes = _codes(self.law, parameter, cell) if not any(f.keys_meters for f in axes) else []
        return ".".join([parameter.code, *codes])

    def _supplied_figure(self, parameter: provision_kinds.Parameter, cell: Cell) -> int | None:
        parts = [parameter.code, *_codes(self.law, parameter, cell)]
        for length in range(len(parts), 0, -1):
            path = ".".join(parts[:length])
            if path in self.law.settings:
                self._supplied.append(path)
                return parse_setting(self.law.settings[path], parameter.unit)
        return None

    def _index(self, value: FromIndex) -> int:
        provision = self.law.all(provision_kinds.Parameter)[value.index]
        parameter = provision.value
        year = str(self.year + value.years)
        path = f"{parameter.code}.{year}"
        text = self.law.settings.get(path, self.law.settings.get(parameter.code))
        statistic = parameter.years.get(year)
        if text is not None:
            self._supplied.append(path)
            statistic = parse_setting(text, "fen")
        elif statistic is not None:
            source = parameter.source
            self._cites.append(cite(provision.book, parameter.article, parameter.node, source))
        else:
            self._open = path
            return pour.OPEN
        # How a figure is rounded is no question where nothing is to be rounded.
        self._exact = statistic * value.share % (WHOLE * value.unit) == 0
        return round_by(value.way, statistic * value.share, WHOLE * value.unit) * value.unit


def round_by(way: str, numerator: int, denominator: int) -> int:
    """The quotient rounded in a way that a rulebook names.

    Rounds:  half up (四舍五入), down (舍去) or up (进一).
    """
    if way == "舍去":
        return numerator // denominator
    if way == "进一":
        return -(-numerator // denominator)
    return round_half_up(numerator, denominator)


def parse_setting(text: str, unit: str) -> int:
    """A figure given by --set: yuan (`1200`, `1200元`) or a percentage (`85%`).

    Refuses: ValueError.
    """
    return parse_ppm(text) if unit == "ppm" else parse_fen(text.removesuffix("元"))


def parameter_parser(parameter: provision_kinds.Parameter) -> Parser:
    """How a parameter's value is read: as rates or as amounts, by its unit."""
    if parameter.unit == "ppm":
        return provision_kinds.value_of(schema.percent)
    return provision_kinds.value_of(schema.money, words=True)


@lru_cache(maxsize=16 * KEPT)
def parsed_parameter(provision: Provision[provision_kinds.Parameter]) -> Value:
    """The typed value of a parameter (its unit decides how figures are written)."""
    parameter = provision.value
    assert parameter.value is not None
    context = Reading()
    parsed: Value = parameter_parser(parameter).parse(parameter.value, provision.path, context)
    if context.problems:
        raise RulebookError(context.problems)
    return parsed


def _codes(law: Law, parameter: provision_kinds.Parameter, cell: Cell) -> list[str]:
    codes = []
    for axis in parameter.axes:
        fact = law.facts[axis]
        if fact.keys_meters:
            # Of a text for which no figure is given the parameter's own counts.
            name = cell.get(axis, cell.get(named_axis(parameter.code, axis), REST))
            if name == REST:
                break
        else:
            name = cell[axis]
        codes.append(fact.choices.get(name, name) or name)
    return codes
