"""The first table of an area's page: what comes back, from where on, up to how much.

Ordinary care, by kind of institution and by status: of one yuan above the deductible so much comes
back; the deductible; what is paid at most. Every figure is one of `effects`, with its article.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from gongji.law.compile.gates import gates_for
from gongji.law.compile.layout import law_layers
from gongji.law.engine.area import Area
from gongji.law.report.curve import LEVELS, PHARMACY, STATUSES
from gongji.law.report.effects import Effect, EffectsTable, Place
from gongji.law.rulebook import provision_kinds
from gongji.law.rulebook.law import Law
from gongji.portal import present
from gongji.portal.present import Link

LEVEL, STATUS = "医院级别", "参保状态"
ORDINARY = "ordinary"
PLACES = {
    "一级": "社区、卫生院（一级）",
    "二级": "县医院（二级）",
    "三级": "市州医院（三级）",
    PHARMACY: "药店",
}
"""What levels are called by people."""
EACH = {"笔": "每笔", "次": "每次", "日": "每天", "月": "每月", "季": "每季", "年": "一年"}
"""How long a figure lasts, by the period of its meter."""
OPEN = "尚未公布"
NONE = provision_kinds.NONE_TEXT
RATE, DEDUCTIBLE, CEILING = "支付比例", "起付标准", "最高支付限额"


@dataclass(frozen=True)
class OverviewFigure:
    """A figure with what stands before it, the articles it comes from and the doubts about it."""

    text: str
    each: str = ""
    links: tuple[Link, ...] = ()


@dataclass(frozen=True)
class OverviewCell:
    """What comes back of one yuan, and the deductibles, at one kind of institution for one status.

    `share` is the rate as the law writes it.
    """

    back: OverviewFigure
    share: str
    deductibles: tuple[OverviewFigure, ...]
    span: int = 1


@dataclass(frozen=True)
class Overview:
    """The table: institutions with a cell for each status (one where both are alike), the foot."""

    rows: tuple[tuple[str, tuple[OverviewCell, ...]], ...]
    foot: tuple[tuple[str, tuple[OverviewFigure, ...]], ...]
    by_prescriber: bool


class _Ordinary:
    """The figures of the first layer of ordinary care."""

    def __init__(self, area: Area, law: Law, tables: dict[Place, EffectsTable]) -> None:
        self.area, self.law = area, law
        self.name = next((n for n, code in law.benefits.items() if code == ORDINARY), "")
        self.tables = {place: table for place, table in tables.items() if place[0] == self.name}
        self.layer = self._first_layer()

    def _first_layer(self) -> str:
        """The code of the first layer that the pool pays at a rate."""
        payers = {layer.code: layer.payer for layer in law_layers(self.law)}
        for _, code, kind, _ in self.tables:
            if kind == RATE and payers.get(code) == provision_kinds.POOL:
                return code
        return ""

    def of(self, kind: str) -> dict[Place, EffectsTable]:
        """The tables of a kind of the layer."""
        return {
            place: table
            for place, table in self.tables.items()
            if place[1] == self.layer and place[2] == kind
        }

    def each(self, place: Place) -> str:
        """How long a figure lasts."""
        meters = {meter.code: meter for meter in self.area.layout.meters.values()}
        meter = meters.get(place[3])
        return EACH[self.area.layout.dimensions[meter.dimension].period] if meter else ""

    def levels(self) -> list[str]:
        """The kinds of institution at which ordinary care is paid."""
        names = [*LEVELS.values(), *([PHARMACY] if self.area.own_level(self.law) else [])]
        return [name for name in names if name not in refused_levels(self.law, self.name)]


def refused_levels(law: Law, benefit: str) -> set[str]:
    """The levels at which a benefit is never paid: its gates ask for nothing but the level."""
    found: set[str] = set()
    for _, when in gates_for(law, benefit):
        if set(when) == {LEVEL}:
            found.update(when[LEVEL])
    return found


def overview(area: Area, law: Law, tables: dict[Place, EffectsTable]) -> Overview | None:
    """The first table of an area; None where it has no ordinary care that the pool pays."""
    ordinary = _Ordinary(area, law, tables)
    if not ordinary.layer:
        return None
    rows = tuple((level, _cells(ordinary, level)) for level in ordinary.levels())
    at_pharmacies = set(law.section("就医")) and not area.own_level(law)
    return Overview(rows, tuple(_foot(ordinary)), bool(at_pharmacies) and _open_to_all(ordinary))


def _open_to_all(ordinary: _Ordinary) -> bool:
    """Whether no gate turns pharmacies away as such."""
    return not any(
        set(when) == {"机构类别"} and PHARMACY in when["机构类别"]
        for _, when in gates_for(ordinary.law, ordinary.name)
    )


def _cells(ordinary: _Ordinary, level: str) -> tuple[OverviewCell, ...]:
    """The cells of an institution: one for each status, or one over both."""
    found = [_cell(ordinary, level, status) for status in STATUSES.values()]
    first = found[0]
    if all(_alike(one, first) for one in found):
        return (OverviewCell(first.back, first.share, first.deductibles, len(found)),)
    return tuple(found)


def _alike(one: OverviewCell, other: OverviewCell) -> bool:
    def texts(cell: OverviewCell) -> tuple[object, ...]:
        return cell.back.text, tuple((d.each, d.text) for d in cell.deductibles)

    return texts(one) == texts(other)


def _cell(ordinary: _Ordinary, level: str, status: str) -> OverviewCell:
    rates = [e for table in ordinary.of(RATE).values() for e in _at(table, level, status)]
    share = _joined(rates)
    back = OverviewFigure(_back(share), "", _links(ordinary, rates))
    deductibles: dict[str, OverviewFigure] = {}
    for place, table in ordinary.of(DEDUCTIBLE).items():
        if _over_all_levels(place, ordinary):
            continue
        effects = _at(table, level, status)
        text, each = _joined(effects), ordinary.each(place)
        if text and text != NONE:
            deductibles[each] = OverviewFigure(text, each, _links(ordinary, effects))
    return OverviewCell(back, share, tuple(deductibles.values()))


def _over_all_levels(place: Place, ordinary: _Ordinary) -> bool:
    """Whether a deductible is the sum over levels that have one of their own for the same time."""
    others = [one for one in ordinary.of(DEDUCTIBLE) if one != place]
    return not _by_level(ordinary.tables[place]) and any(
        ordinary.each(one) == ordinary.each(place) and _by_level(ordinary.tables[one])
        for one in others
    )


def _by_level(table: EffectsTable) -> bool:
    return any(fact == LEVEL for where in table.cells for fact, _ in where)


def _at(table: EffectsTable, level: str, status: str) -> list[Effect]:
    """The figures of a table that are for a level and a status."""
    mine = {LEVEL: level, STATUS: status}
    return [
        effect
        for where, effect in table.cells.items()
        if effect and all(mine.get(fact, value) == value for fact, value in where)
    ]


def _joined(effects: Iterable[Effect]) -> str:
    """The figures, each once; an open one by one word."""
    texts = (OPEN if is_open(effect.text) else effect.text for effect in effects)
    return "、".join(dict.fromkeys(texts))


def is_open(text: str) -> bool:
    """Whether a figure is one that no document here gives."""
    return text.startswith("未定（")


def _back(share: str) -> str:
    """What comes back of one yuan at a rate: 0.60 元 of 60%."""
    if not share.endswith("%") or "、" in share:
        return share
    part = (Decimal(share[:-1]) / 100).normalize()
    return f"{part:.2f} 元" if part == round(part, 2) else f"{part:f} 元"


def _links(ordinary: _Ordinary, effects: Iterable[Effect]) -> tuple[Link, ...]:
    cites = [cite for effect in effects for cite in effect.cites]
    return tuple(present.links(cites, ordinary.law.books))


def _foot(ordinary: _Ordinary) -> Iterator[tuple[str, tuple[OverviewFigure, ...]]]:
    """Below the institutions: the deductibles over all of them, and what is paid at most."""
    for place in ordinary.of(DEDUCTIBLE):
        if _over_all_levels(place, ordinary):
            yield "各级起付线合计，最多扣", _by_status(ordinary, place)
    for place in ordinary.of(CEILING):
        yield "最多报", _by_status(ordinary, place)


def _by_status(ordinary: _Ordinary, place: Place) -> tuple[OverviewFigure, ...]:
    """A figure for each status, or one for both."""
    found = []
    for status in STATUSES.values():
        effects = [
            effect
            for level in ordinary.levels()
            for effect in _at(ordinary.tables[place], level, status)
        ]
        figure = OverviewFigure(_joined(effects), ordinary.each(place), _links(ordinary, effects))
        found.append(figure)
    return tuple(found[:1]) if len({figure.text for figure in found}) == 1 else tuple(found)


def in_short(rows: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """A benefit in one line: its kinds of figures with their least and greatest.

    Shape:   `rows` of kind and figure.
    """
    found: dict[str, list[str]] = {}
    for kind, text in rows:
        if kind in (DEDUCTIBLE, RATE, CEILING):
            found.setdefault(kind, []).append(OPEN if is_open(text) else text)
    said = [(kind, _range(texts)) for kind, texts in found.items()]
    return [("", "数字尚未公布")] if said and all(text == OPEN for _, text in said) else said


def _range(texts: list[str]) -> str:
    amounts = {_amount(text): text for text in texts if _amount(text) is not None}
    others = [text for text in dict.fromkeys(texts) if _amount(text) is None]
    ordered = [amounts[one] for one in sorted(amounts, key=lambda one: one or 0)]
    ends = [ordered[0], ordered[-1]] if len(ordered) > 1 else ordered
    return "、".join([*(["—".join(ends)] if ends else []), *others])


def _amount(text: str) -> Decimal | None:
    plain = text.removesuffix(" 元").removesuffix("%").replace(",", "")
    return Decimal(plain) if plain.replace(".", "", 1).isdigit() else None
