"""The tables of an area's page: what the law at a day says, figure by figure, with its articles."""

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gongji.law.compile.citations import Cite
from gongji.law.engine.area import Area
from gongji.law.report.compare import _WORKED_OUT as WORKED_OUT
from gongji.law.report.effects import Effect, EffectsTable, Place, effects
from gongji.law.report.law_figures import Figure, figures, short_path
from gongji.law.rulebook.law import Law
from gongji.law.rulebook.source import Node
from gongji.portal import present, refusal_words
from gongji.portal.present import Link
from gongji.units import Day

LEVEL = "医院级别"
NOT_PAID = "不予支付"
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
    "参数": "由其他文件规定的数字",
    "付费": "与机构结算",
    "清算": "清算",
    "审核": "审核",
    "监管": "监管",
    "指数": "统计数字",
}
"""Sections of the rulebook whose words are shown as they stand, by their headings."""


@dataclass(frozen=True)
class Cell:
    """A figure, over how many columns it stands, and where it comes from."""

    text: str
    span: int = 1
    links: tuple[Link, ...] = ()
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableRow:
    """A kind of figure under some conditions: a cell for each level, or one for all."""

    kind: str
    label: str
    where: str
    cells: tuple[Cell, ...]

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
    """A benefit's figures by level, and what is not paid under it."""

    name: str
    code: str
    levels: tuple[str, ...] = ()
    rows: list[TableRow] = field(default_factory=list)
    refused: list[tuple[str, Cell]] = field(default_factory=list)


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


def benefits(area: Area, law: Law, day: Day) -> list[ShownBenefit]:
    """The benefits of a law with their figures."""
    doubts = Doubts(law)
    found: dict[str, ShownBenefit] = {}
    tables = effects(area, law, day)
    for place, table in tables.items():
        name = place[0]
        if name not in found:
            found[name] = ShownBenefit(name, law.benefits[name], _levels(tables, name))
        benefit = found[name]
        if place[2] == NOT_PAID:
            benefit.refused += _refused(law, table, doubts)
        else:
            benefit.rows += _rows(law, place, table, benefit.levels, doubts)
    return list(found.values())


def _levels(tables: dict[Place, EffectsTable], benefit: str) -> tuple[str, ...]:
    """The levels that tell figures of a benefit apart, in their order."""
    found = {
        value
        for place, table in tables.items()
        if place[0] == benefit
        for where in table.cells
        for fact, value in where
        if fact == LEVEL
    }
    return tuple(name for name in ("一级", "二级", "三级", "药店", "无") if name in found)


def _refused(law: Law, table: EffectsTable, doubts: Doubts) -> Iterator[tuple[str, Cell]]:
    for effect in table.cells.values():
        if effect:
            yield table.label, _cell(law, effect, 1, doubts)
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
        cells: tuple[Cell, ...]
        if "" in found:
            cells = (_cell(law, found[""], max(len(levels), 1), doubts),)
        else:
            cells = tuple(
                _cell(law, found[level], 1, doubts) if level in found else Cell("—")
                for level in levels
            )
        yield TableRow(place[2], label, said, cells)


def _cell(law: Law, effect: Effect, span: int, doubts: Doubts) -> Cell:
    links = tuple(present.links(effect.cites, law.books))
    return Cell(
        refusal_words.figure_in_words(effect.text, law), span, links, doubts.of(effect.cites)
    )


@dataclass(frozen=True)
class Said:
    """One thing that a section says in its own words."""

    name: str
    item: str
    where: str
    text: str
    link: Link | None
    marks: str


def sections(law: Law) -> list[tuple[str, list[Said]]]:
    """The sections that no table of benefits holds, each with what it says."""
    found: dict[str, list[Said]] = {}
    for figure in figures(law):
        if figure.section not in WORKED_OUT:
            found.setdefault(figure.section, []).append(_said(law, figure))
    order = [*SECTIONS, *(name for name in found if name not in SECTIONS)]
    return [(SECTIONS.get(name, name), found[name]) for name in order if name in found]


def _said(law: Law, figure: Figure) -> Said:
    where = "，".join(f"{fact}：{value}" for fact, value in figure.where)
    source = "" if figure.source == "官方" else figure.source
    book = next((b for b in law.books if short_path(b.path) == figure.file), None)
    label = f"{figure.document} {figure.article}"
    text = refusal_words.figure_in_words(figure.text, law)
    link = Link(label, present.text_url(book, figure.article), source) if book else None
    marks = refusal_words.figure_in_words(figure.marks, law)
    return Said(figure.name, figure.item, where, text, link, marks)


def tables_of_payment(area: Area, law: Law, day: Day, benefit: str) -> list[tuple[str, list[str]]]:
    """What the pool pays of round costs of a first visit: the curve in numbers."""
    from gongji.law.engine.engine import settle
    from gongji.law.engine.person_meters import Meters
    from gongji.law.engine.visit import read_visit
    from gongji.law.report.curve import LEVELS, STATUSES
    from gongji.refusals import Refusal
    from gongji.units import date_of, show_fen

    found = []
    for status, status_name in STATUSES.items():
        for level, level_name in LEVELS.items():
            row = {"date": str(date_of(day)), "benefit": benefit, "status": status, "level": level}
            paid = []
            for cost in ROUND_COSTS:
                try:
                    visit = read_visit({**row, "in_scope": str(cost)}, law)
                    result = settle(area, visit, Meters(area.layout))
                    paid.append("—" if result.refusal else show_fen(result.pool_fen))
                except Refusal:
                    paid.append("—")
            found.append((f"{status_name}，{level_name}", paid))
    return found


ROUND_COSTS = (200, 500, 1000, 2000, 5000, 10000, 20000)
"""Yuan."""
