"""What the figures of the law come to: deductibles, rates, ceilings and refusals by benefit.

Every cell of a benefit is compiled as for a settlement and its figures are read back with their
articles; a fact that makes no difference to a figure is dropped from its table. So two documents
that say one thing in different ways can be compared, and adjustments are seen in their result.
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gongji.law.compile.cells import axes_of, cell_values, offered_benefits
from gongji.law.compile.citations import Cite, Cited, cite
from gongji.law.compile.program import Program
from gongji.law.engine.area import Area
from gongji.law.kernel import pour
from gongji.law.rulebook import provision_kinds
from gongji.law.rulebook.law import Law
from gongji.refusals import REFUSALS
from gongji.units import Day, show_fen, show_ppm

Place = tuple[str, str, str, str]
"""Benefit, layer code, kind of figure, and the meter's code or the refusal's."""

Where = tuple[tuple[str, str], ...]
"""The facts that a figure depends on, each with its value."""

KINDS = ("起付标准", "支付比例", "最高支付限额", "费用段", "先行自付", "不予支付")
_KIND_OF = {"deductible": "起付标准", "paid": "最高支付限额", "cost": "费用段"}


@dataclass(frozen=True)
class Effect:
    """A figure as it works, and the articles that make it so."""

    text: str
    cites: tuple[Cite, ...] = ()


@dataclass
class EffectsTable:
    """One kind of figure of one benefit: what it is in each cell that tells figures apart."""

    label: str
    cells: dict[Where, Effect | None] = field(default_factory=dict)
    """None where the figure does not apply."""


def effects(area: Area, law: Law, day: Day) -> dict[Place, EffectsTable]:
    """The figures of every benefit on a day, in the order of benefits, layers and kinds."""
    found: dict[Place, EffectsTable] = {}
    for benefit in offered_benefits(law):
        tables = _tables(area, law, day, benefit)
        order = list(dict.fromkeys(place[1] for place in tables))
        ranked = sorted(tables, key=lambda p: (p[1] == "", order.index(p[1]), KINDS.index(p[2])))
        found |= {place: _reduced(tables[place]) for place in ranked}
    return found


def _tables(area: Area, law: Law, day: Day, benefit: str) -> dict[Place, EffectsTable]:
    axes = axes_of(law, benefit)
    tables: dict[Place, EffectsTable] = {}
    cells: list[Where] = []
    gaps: dict[Place, set[Where]] = {}
    for values in itertools.product(*cell_values(law, axes)):
        cell = dict(zip(axes, values, strict=True))
        where = tuple(cell.items())
        cells.append(where)
        program = area.program(law, day, benefit, cell)
        for place, label, effect in _figures(area, law, benefit, program):
            if effect is None:
                gaps.setdefault(place, set()).add(where)
            else:
                tables.setdefault(place, EffectsTable(label)).cells[where] = effect
    for place, table in tables.items():
        missing = set(cells) - table.cells.keys() - gaps.get(place, set())
        table.cells |= dict.fromkeys(missing)
    return tables


def _figures(
    area: Area, law: Law, benefit: str, program: Program
) -> Iterator[tuple[Place, str, Effect | None]]:
    """The figures of a compiled cell; None for one that the cell has no figure for."""
    for note in program.steps.values():
        layer = note.layer
        if layer.rate or layer.own:
            kind = "支付比例" if layer.rate else "先行自付"
            rate = _effect(note.rate, note.onward, rate=True)
            yield (benefit, layer.code, kind, ""), layer.name, rate
        for limit in note.limits.values():
            meter = area.layout.meters[limit.meter]
            place = (benefit, layer.code, _KIND_OF[meter.measure], meter.code)
            yield place, f"{layer.name} · {limit.meter}", _effect(limit.cited, note.onward)
    for gate in program.gates.values():
        place = (benefit, "", "不予支付", gate.refusal)
        yield place, REFUSALS[gate.refusal], Effect("不予支付", (gate.cite,))
    provision = law.all(provision_kinds.Benefit)[program.benefit]
    own = provision.value.first_self_pay
    if own:
        effect = Effect(show_ppm(own.share), (cite(provision.book, own.article, own.node),))
        yield (benefit, "", "先行自付", ""), "先行自付", effect


def _effect(cited: Cited, onward: tuple[Cite, ...], rate: bool = False) -> Effect | None:
    if cited.gap:
        return None
    return Effect(_text(cited, rate), (*onward, *cited.cites))


def _text(cited: Cited, rate: bool) -> str:
    if cited.open:
        return f"未定（{cited.open.split('.')[0]}）"
    if rate:
        return show_ppm(cited.figure)
    if cited.figure == pour.UNLIMITED:
        return provision_kinds.UNLIMITED_TEXT
    if cited.figure < pour.OPEN:
        return "随就诊给出"
    return f"{show_fen(cited.figure)} 元" if cited.figure else provision_kinds.NONE_TEXT


def _reduced(table: EffectsTable) -> EffectsTable:
    """The table without the facts on which nothing depends, and without what does not apply."""
    cells = table.cells
    for axis in [fact for fact, _ in next(iter(cells))]:
        merged = _without(axis, cells)
        cells = merged if merged is not None else cells
    return EffectsTable(table.label, {where: effect for where, effect in cells.items() if effect})


def _without(axis: str, cells: Mapping[Where, Effect | None]) -> dict[Where, Effect | None] | None:
    """The cells with a fact left out; None where the figure depends on it."""
    merged: dict[Where, Effect | None] = {}
    for where, effect in cells.items():
        rest = tuple(pair for pair in where if pair[0] != axis)
        if rest not in merged:
            merged[rest] = effect
        elif (one := merged[rest]) is None or effect is None:
            if one is not effect:
                return None
        elif one.text != effect.text:
            return None
        else:
            merged[rest] = Effect(one.text, tuple(dict.fromkeys((*one.cites, *effect.cites))))
    return merged
