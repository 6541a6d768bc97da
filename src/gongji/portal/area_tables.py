"""The tables of an area's page: what the law at a day says, figure by figure, with its articles."""

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gongji.law.compile.citations import Cite, document_of
from gongji.law.engine.area import Area
from gongji.law.engine.engine import settle
from gongji.law.engine.person_meters import Meters
from gongji.law.engine.visit import read_visit
from gongji.law.report.compare import WORKED_OUT
from gongji.law.report.curve import STATUSES, places_of
from gongji.law.report.effects import Effect, EffectsTable, Place
from gongji.law.report.law_figures import Figure, figures, short_path
from gongji.law.rulebook import provision_kinds
from gongji.law.rulebook.law import Law
from gongji.law.rulebook.source import Node
from gongji.portal import present, refusal_words
from gongji.portal.area_overview import LEVEL, OPEN, ORDINARY, in_short, is_open, refused_levels
from gongji.portal.calculation import so_far
from gongji.portal.inputs import Question
from gongji.portal.present import Link
from gongji.portal.ui_texts import name
from gongji.refusals import Refusal
from gongji.units import Day, date_of, show_fen

NOT_PAID = "不予支付"
SUPPLEMENTS = "补充保障"
PARAMETERS = "参数"
SECTIONS = {
    "划入": "个人账户的计入",
    "不计发": "不计入个人账户的",
    "账户使用": "个人账户的用途",
    "账户禁用": "个人账户不得用于",
    "账户绑定": "家庭共济",
    "账户事件": "个人账户的其他事项",
    "期限": "备案、报销和期限",
    "就医": "就医和购药",
    "费用明细": "费用明细",
    "参保": "谁参加",
    "退休起算": "从何时起算退休",
    "缴费": "缴费",
    PARAMETERS: "由其他文件规定的数字",
    "付费": "与机构结算",
    "清算": "清算",
    "审核": "审核",
    "监管": "监管",
    "指数": "统计数字",
    "事项": "怎样办理",
}
"""Sections of the rulebook whose words are shown as they stand, by their headings."""


@dataclass(frozen=True)
class Cell:
    """A figure, over how many columns it stands, and where it comes from.

    `level` is the one level of the column, `open` whether nobody has published the figure.
    """

    text: str
    span: int = 1
    links: tuple[Link, ...] = ()
    doubts: tuple[str, ...] = ()
    level: str = ""
    open: bool = False


@dataclass(frozen=True)
class TableRow:
    """A kind of figure under some conditions: a cell for each level, or one for all."""

    kind: str
    label: str
    where: str
    cells: tuple[Cell, ...]
    layer: str = ""

    @property
    def links(self) -> tuple[Link, ...]:
        """The articles behind the row, each once, where all its figures have the same."""
        found = {cell.links for cell in self.cells if cell.links}
        return found.pop() if len(found) == 1 else ()

    @property
    def doubts(self) -> tuple[str, ...]:
        """The doubts that the row rests on, where all its figures have the same."""
        found = {cell.doubts for cell in self.cells if cell.links}
        return found.pop() if len(found) == 1 else ()


@dataclass
class ShownBenefit:
    """A benefit's figures by level, what is not paid under it, and what a first visit brings.

    `never` are the levels at which it is not paid at all.
    """

    name: str
    code: str
    levels: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    rows: list[TableRow] = field(default_factory=list)
    refused: list[tuple[str, Cell]] = field(default_factory=list)
    payments: tuple["PaymentTable", ...] = ()
    onward: list[str] = field(default_factory=list)
    """The benefits whose figures hold for what is left, or for all where it has none of its own."""

    @property
    def drawn(self) -> bool:
        """Whether there is a curve: an amount is known without a figure that is open."""
        texts = [text for table in self.payments for _, row in table.rows for text in row]
        return any(text != NOTHING and not text.startswith(AT_MOST) for text in texts)

    @property
    def bounded(self) -> bool:
        """Whether some amounts are known as bounds only."""
        texts = [text for table in self.payments for _, row in table.rows for text in row]
        return any(text.startswith(AT_MOST) for text in texts)

    @property
    def short(self) -> list[tuple[str, str]]:
        """The benefit in one line."""
        layer = self.rows[0].layer if self.rows and self.code else ""
        rows = [row for row in self.rows if not layer or row.layer == layer]
        return in_short((row.kind, cell.text) for row in rows for cell in row.cells)


@dataclass(frozen=True)
class PaymentTable:
    """What the pool pays of round costs of a first visit, for one status.

    Shape:   `rows` of a cost in yuan with what is paid at each of the kinds of institution.
    """

    status: str
    places: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]


class Doubts:
    """Which figures a law's doubts are about, by the line that a citation names."""

    def __init__(self, law: Law) -> None:
        self.at: dict[tuple[str, int], tuple[str, ...]] = {}
        for named in law.provisions.values():
            for provision in named.values():
                self._walk(provision.value)

    def _walk(self, value: object) -> None:
        """Everything inside a provision that names doubts."""
        if isinstance(value, tuple | list):
            for part in value:
                self._walk(part)
        elif isinstance(value, dict):
            self._walk(list(value.values()))
        elif dataclasses.is_dataclass(value) and not isinstance(value, Node):
            names, node = getattr(value, "doubts", ()), getattr(value, "node", None)
            if names and node:
                self.at[Path(node.file).name, node.line] = names
            self._walk([getattr(value, part.name) for part in dataclasses.fields(value)])

    def of(self, cites: Iterable[Cite]) -> tuple[str, ...]:
        """The doubts that cited figures rest on."""
        names = (self.at.get((Path(cite.file).name, cite.line), ()) for cite in cites)
        return tuple(dict.fromkeys(name for group in names for name in group))


def benefits(
    area: Area, law: Law, day: Day, tables: dict[Place, EffectsTable]
) -> list[ShownBenefit]:
    """The benefits of a law with their figures; supplements stand once, after all of them."""
    doubts = Doubts(law)
    found: dict[str, ShownBenefit] = {}
    supplements = ShownBenefit(SUPPLEMENTS, "")
    codes, owners = supplement_codes(law), owners_of_layers(law)
    for place, table in tables.items():
        benefit = found.get(place[0])
        if benefit is None:
            never = refused_levels(law, place[0])
            benefit = found[place[0]] = ShownBenefit(
                place[0],
                law.benefits[place[0]],
                tuple(one for one in _levels(tables, place[0]) if one not in never),
                tuple(sorted(never)),
                payments=payments_of_round_costs(area, law, day, law.benefits[place[0]]),
            )
        if place[2] == NOT_PAID:
            benefit.refused += _refused(law, table, doubts)
        elif place[1] in codes:
            rows = _rows(law, place, table, (), doubts)
            supplements.rows += [row for row in rows if not _known(row, supplements.rows)]
        elif (owner := owners.get(place[1], place[0])) != place[0]:
            benefit.onward += [owner] if owner not in benefit.onward else []
        else:
            benefit.rows += _rows(law, place, table, benefit.levels, doubts)
    return [*found.values(), *([supplements] if supplements.rows else [])]


def supplement_codes(law: Law) -> set[str]:
    """The codes of the layers of supplements."""
    supplements = law.all(provision_kinds.Supplement).values()
    return {layer.code for provision in supplements for layer in provision.value.layers}


def owners_of_layers(law: Law) -> dict[str, str]:
    """The benefit in whose provision a layer stands, by the layer's code."""
    return {
        layer.code: called
        for called, provision in law.all(provision_kinds.Benefit).items()
        for layer in provision.value.layers
        if isinstance(layer, provision_kinds.Layer)
    }


def _known(row: TableRow, rows: list[TableRow]) -> bool:
    """Whether a row says what another one says already."""

    def says(one: TableRow) -> tuple[object, ...]:
        return one.kind, one.label, one.where, [cell.text for cell in one.cells]

    return any(says(one) == says(row) for one in rows)


def _levels(tables: dict[Place, EffectsTable], benefit: str) -> tuple[str, ...]:
    """The levels that tell figures of a benefit apart, in their order."""
    found = {
        value
        for place, table in tables.items()
        if place[0] == benefit and place[2] != NOT_PAID
        for where in table.cells
        for fact, value in where
        if fact == LEVEL
    }
    return tuple(name for name in ("一级", "二级", "三级", "药店", "无") if name in found)


def _refused(law: Law, table: EffectsTable, doubts: Doubts) -> Iterator[tuple[str, Cell]]:
    for effect in table.cells.values():
        if effect:
            yield table.label, _cell(law, effect, "", 1, doubts)
            return


def _rows(
    law: Law, place: Place, table: EffectsTable, levels: tuple[str, ...], doubts: Doubts
) -> Iterator[TableRow]:
    """A row for each combination of the facts other than the level."""
    by_rest: dict[tuple[tuple[str, str], ...], dict[str, Effect]] = {}
    for where, effect in table.cells.items():
        rest = tuple(pair for pair in where if pair[0] != LEVEL)
        level = next((value for fact, value in where if fact == LEVEL), "")
        if effect:
            by_rest.setdefault(rest, {})[level] = effect
    label = "" if table.label == place[2] else table.label
    for rest, found in by_rest.items():
        said = "，".join(
            value if fact == "参保状态" else f"{fact}：{value}" for fact, value in rest
        )
        yield TableRow(place[2], label, said, tuple(_cells(law, found, levels, doubts)), place[1])


def _cells(
    law: Law, found: dict[str, Effect], levels: tuple[str, ...], doubts: Doubts
) -> Iterator[Cell]:
    """The cells of a row: one over all columns, or one for each level."""
    shown = {level: effect for level, effect in found.items() if level in levels}
    alike = len({(effect.text, effect.cites) for effect in shown.values()}) == 1
    if "" in found or not levels or (alike and len(shown) == len(levels)):
        first = next(iter(shown.values())) if shown else next(iter(found.values()))
        yield _cell(law, found.get("", first), "", max(len(levels), 1), doubts)
        return
    for level in levels:
        if level in found:
            yield _cell(law, found[level], level, 1, doubts)
        else:
            yield Cell("—", level=level)


def _cell(law: Law, effect: Effect, level: str, span: int, doubts: Doubts) -> Cell:
    links = tuple(present.links(effect.cites, law.books))
    unknown = is_open(effect.text)
    text = OPEN if unknown else refusal_words.figure_in_words(effect.text, law)
    return Cell(text, span, links, doubts.of(effect.cites), level, unknown)


@dataclass(frozen=True)
class Said:
    """One thing that a section says in its own words; `open` where nobody published its figure."""

    name: str
    item: str
    where: str
    text: str
    link: Link | None
    doubts: tuple[str, ...] = ()
    open: bool = False

    @property
    def links(self) -> list[Link]:
        """The link to its article, as other figures have several."""
        return [self.link] if self.link else []


def sections(law: Law) -> list[tuple[str, list[Said]]]:
    """The sections that no table of benefits holds, each with what it says.

    Figures that are open stand in `open_figures` and not here.
    """
    found: dict[str, list[Said]] = {}
    for figure in figures(law):
        if figure.section not in WORKED_OUT and not (figure.section == PARAMETERS and figure.open):
            found.setdefault(figure.section, []).append(said(law, figure))
    order = [*SECTIONS, *(one for one in found if one not in SECTIONS)]
    return [(SECTIONS.get(one, one), found[one]) for one in order if one in found]


def said(law: Law, figure: Figure) -> Said:
    """A figure of the law in its own words, with the link to its article."""
    where = "，".join(f"{fact}：{value}" for fact, value in figure.where)
    source = "" if figure.source == "官方" else figure.source
    book = next((b for b in law.books if short_path(b.path) == figure.file), None)
    label = f"{figure.document} {figure.article}"
    text = refusal_words.figure_in_words(figure.text, law)
    link = None
    if book:
        here = figure.document == document_of(book, figure.article)
        link = Link(label, present.text_url(book, figure.article) if here else "", source)
    return Said(figure.name, figure.item, where, text, link, figure.doubts, bool(figure.open))


@dataclass(frozen=True)
class OpenFigure:
    """A figure that the documents here leave to another one: its name, who gives it, its article.

    `by` are the facts that it depends on.
    """

    name: str
    note: str
    by: tuple[str, ...]
    link: Link

    @property
    def links(self) -> list[Link]:
        """The link to its article, as other figures have several."""
        return [self.link]

    @property
    def by_words(self) -> str:
        """What it depends on, in the visitor's language."""
        return name("、".join(self.by))


def open_figures(law: Law) -> list[OpenFigure]:
    """The figures of a law that no document here gives, each once."""
    found = []
    for called, provision in law.all(provision_kinds.Parameter).items():
        parameter = provision.value
        if parameter.value is None and not parameter.years and parameter.code not in law.settings:
            label = f"{provision.book.head.number} {parameter.article}"
            link = Link(label, present.text_url(provision.book, parameter.article))
            found.append(OpenFigure(called, parameter.note, parameter.axes, link))
    return found


NOTHING, AT_MOST = "—", "≤"
USUAL_YUAN = 3_000
"""Below which most bills are: only these are worth a bound."""
ROUND_COSTS = (200, 500, 800, 1000, 2000, 3000, 5000, 10000, 20000)
"""Yuan."""


def payments_of_round_costs(
    area: Area, law: Law, day: Day, benefit: str
) -> tuple[PaymentTable, ...]:
    """What the pool pays of round costs of a first visit: the curve in numbers.

    Returns: a table for each status; none where nothing is paid at any cost.
    """
    places = dict(places_of(area, law))
    found = []
    for status, called in STATUSES.items():
        facts = {"date": str(date_of(day)), "benefit": benefit, "status": status}
        lines = [
            [_paid(area, law, {**facts, **place, "in_scope": str(cost)}) for cost in ROUND_COSTS]
            for place in places.values()
        ]
        rows = tuple(zip(ROUND_COSTS, zip(*lines, strict=True), strict=True))
        found.append(PaymentTable(called, tuple(places), rows))
    every = [text for table in found for _, row in table.rows for text in row]
    return tuple(found) if any(text != NOTHING for text in every) else ()


def _paid(area: Area, law: Law, facts: dict[str, str]) -> str:
    """What the pool pays of a first visit; a dash where it is refused or nothing is certain."""
    try:
        result = settle(area, read_visit(facts, law), Meters(area.layout))
    except Refusal as refusal:
        return _bound(area, facts) if refusal.code == "parameter_missing" else NOTHING
    return NOTHING if result.refusal else show_fen(result.pool_fen)


def _bound(area: Area, facts: dict[str, str]) -> str:
    """What the pool pays at most of an ordinary bill, where a figure that it needs is open."""
    if facts["benefit"] != ORDINARY or int(facts["in_scope"]) > USUAL_YUAN:
        return NOTHING
    found = so_far(Question({"area": area.code, **facts}))
    return f"{AT_MOST}{show_fen(found.most_fen)}" if found else NOTHING
