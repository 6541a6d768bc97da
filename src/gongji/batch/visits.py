"""Settle tables of visits: whole persons in order -> numbers -> the compiled kernel -> results.

A row that the compiled loops cannot place is read again online, which gives the same refusal that
a single visit would get. This module knows tables, not files.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gongji.batch import loops
from gongji.batch.columns import BAD_DAY, BAD_FEN, Columns, dated, periods
from gongji.batch.loops import ABSENT, BAD, PART_BITS, TAIL_BITS, UNTOUCHED
from gongji.batch.files import Rejected
from gongji.batch.machine import NOWHERE, Row
from gongji.batch.ordering import ROW
from gongji.batch.plans import AreaPlan, Facet
from gongji.errors import CODES, Fault, Refusal
from gongji.kernel import pour
from gongji.rulebook.cells import reached_layers
from gongji.rulebook.facts import DERIVED, VISIT_COLUMNS
from gongji.rulebook.law import FOREVER, Library, Settings
from gongji.rulebook.layout import Dimension
from gongji.rulebook.tables import citations, gate_citations, show_articles
from gongji.units import Fen
from gongji.visit.area import Area
from gongji.visit.facts import columns_of, read_visit
from gongji.visit.meters import MONTHS, Meters, use
from gongji.visit.settle import figure_missing, settle

I64 = npt.NDArray[np.int64]
Opening = Mapping[str, Mapping[str, Fen]]
"""What a person (as text) has used before the first visit: meter (as in --used) -> fen."""

Reached = tuple[list[str], list[str], set[int]]

KEYS = ("person", "visit", "sequence", "date", "area", ROW)
ALL_LEVELS = ("admission_level", *DERIVED["level"])


def _sources(facet: Facet) -> tuple[str, ...]:
    """The columns that a fact is read from."""
    column = facet.fact.column
    return ALL_LEVELS if column == "admission_level" else DERIVED.get(column, (column,))


@dataclass
class Settled:
    """The numbers of one area's rows after the loops."""

    refusal: npt.NDArray[np.int16]
    pool: I64
    deductible: I64
    supplements: I64
    person: I64
    layers: I64
    meters: I64
    trace: I64
    law: I64


@dataclass
class _Region:
    """An area ready to settle: its plan for batches and its rules online."""

    plan: AreaPlan
    online: Area
    articles: dict[int, str] = field(default_factory=dict)
    _reached: dict[tuple[str, ...] | None, Reached] = field(default_factory=dict)

    @cached_property
    def columns(self) -> set[str]:
        """The columns that the area's rules know."""
        known = set(VISIT_COLUMNS)
        for law in self.plan.laws:
            known |= columns_of(law).keys()
            known |= {f"in_scope_{part.code}" for part in law.parts.values()}
        return known


    def reached(self, benefits: tuple[str, ...] | None) -> Reached:
        """What these benefits (None: the ordinary; empty: all) can come to: codes of layers and
        of meters, numbers of dimensions.
        """
        if benefits not in self._reached:
            self._reached[benefits] = self._reach(benefits)
        return self._reached[benefits]

    def _reach(self, benefits: tuple[str, ...] | None) -> Reached:
        layout = self.plan.layout
        meters = [place.code for place in layout.meters.values()]
        if benefits == ():
            codes = [column.code for column in layout.columns]
            return codes, list(dict.fromkeys(meters)), set(range(len(layout.dimensions)))
        layers = [
            layer
            for law in self.plan.laws
            for name, code in law.benefits.items()
            if {name, code} & {text or "ordinary" for text in benefits or ("",)}
            for layer in reached_layers(law, name)
        ]
        codes = {layer.code for layer in layers}
        names = {
            limit.meter
            for layer in layers
            for limit in (*layer.deductibles, *layer.ceilings, *layer.bands)
        }
        used = {layout.meters[name].code for name in names}
        return (
            [column.code for column in layout.columns if column.code in codes],
            [code for code in dict.fromkeys(meters) if code in used],
            {layout.meters[name].dimension for name in names},
        )


class Settler:
    """Settles tables of whole persons for some areas.

    Shape:   a table has `person`, `date`, `status`, amounts and ROW, persons together and a
             person's visits in order; `areas` are all that the tables name ("" being `area`).
    Refuses: area_unknown.
    """

    def __init__(
        self,
        library: Library,
        areas: tuple[str, ...],
        settings: Settings | None = None,
        area: str = "",
        opening: Opening | None = None,
        in_fen: bool = False,
        benefits: tuple[str, ...] | None = (),
    ) -> None:
        self.default = area
        self.opening = opening or {}
        self.in_fen = in_fen
        self.benefits = benefits
        self.problems: dict[str, Refusal] = {}
        self.regions: dict[str, _Region] = {}
        homes: dict[str, _Region] = {}
        for code in dict.fromkeys((*areas, *([area] if area else []))):
            named = code or area
            if not named:
                self.problems[code] = Refusal("field_missing", "area")
                continue
            try:
                online = Area(library, named, settings)
            except Refusal as refusal:
                self.problems[code] = refusal
                continue
            home = online.laws[0].area
            if home not in homes:
                homes[home] = _Region(AreaPlan(library, named, settings), online)
            self.regions[code] = homes[home]
        self.homes = list(homes.values())
        self.layers: list[str] = []
        self.meters: list[str] = []
        for region in self.homes:
            layers, meters, _ = region.reached(benefits)
            self.layers += [code for code in layers if code not in self.layers]
            self.meters += [code for code in meters if code not in self.meters]

    def known_columns(self) -> set[str]:
        """The columns that some area's rules know."""
        return set(VISIT_COLUMNS).union(*(region.columns for region in self.homes))

    def schema(self, given: pa.Schema) -> pa.Schema:
        """The columns of the results for a table with such columns."""
        empty = given.empty_table()
        if ROW not in given.names:
            empty = empty.append_column(ROW, pa.array([], pa.int64()))
        return _Results(self, Columns(empty)).table().schema

    def settle(self, table: pa.Table) -> tuple[pa.Table, list[Rejected]]:
        """The results of a table's visits, and the rows that cannot be read as a visit."""
        columns = Columns(table)
        areas = columns.coded("area")
        whole = len(self.homes) == 1 and not self.problems
        made = _Results(self, columns)
        for region in self.homes:
            codes = [n for n, text in enumerate(areas.texts) if self.regions.get(text) is region]
            rows = None if whole else np.flatnonzero(np.isin(areas.codes, codes))
            if rows is None or len(rows):
                part = columns if rows is None else Columns(table.take(pa.array(rows)))
                made.add(region, part, rows)
        for code, refusal in self.problems.items():
            places = [n for n, text in enumerate(areas.texts) if text == code]
            made.reject(np.flatnonzero(np.isin(areas.codes, places)), refusal)
        return made.table(), made.rejected


class _Results:
    """Collects the areas' results and lays them out as one table."""

    def __init__(self, settler: Settler, columns: Columns) -> None:
        self.settler, self.columns = settler, columns
        self.rejected: list[Rejected] = []
        count = columns.count
        self.kept = np.ones(count, bool)
        self.refusal = np.zeros(count, np.int16)
        self.money = {
            name: np.zeros(count, np.int64)
            for name in ("pool_pays", "deductible", *settler.layers, "supplements", "person_pays")
        }
        self.meters = {code: np.full(count, UNTOUCHED, np.int64) for code in settler.meters}
        self.articles = np.zeros(count, np.int32)
        self.texts: dict[str, int] = {"": 0}
        self.books = np.zeros(count, np.int32)
        self.ids: dict[str, int] = {"": 0}

    def reject(self, rows: I64, refusal: Refusal) -> None:
        """Leave rows out for one reason."""
        self.kept[rows] = False
        numbers = self.columns.table.column(ROW).take(pa.array(rows)).to_pylist()
        self.rejected += [Rejected(n, refusal.field, refusal.code, str(refusal)) for n in numbers]

    def add(self, region: _Region, columns: Columns, rows: I64 | None) -> None:
        """Settle one area's rows and put them in their places."""
        settled = _Settling(
            region, columns, self.settler.opening, region.reached(self.settler.benefits)
        ).run()
        places: Any = slice(None) if rows is None else rows
        bad = settled.refusal == loops.NOT_READ
        for at in np.flatnonzero(settled.refusal == loops.OPEN):
            placed = region.plan.tables.placed_at(int(settled.trace[at]))
            bad[at] = int(settled.trace[at]) - placed.start in placed.program.gaps
        if bad.any():
            self._read_again(region, columns, np.flatnonzero(bad), rows)
        self.refusal[places] = settled.refusal
        names = ("pool_pays", "deductible", "supplements", "person_pays")
        amounts = (settled.pool, settled.deductible, settled.supplements, settled.person)
        for name, fen in zip(names, amounts, strict=True):
            self.money[name][places] = fen
        for column, fen in zip(region.plan.layout.columns, settled.layers, strict=True):
            if column.code in self.money:
                self.money[column.code][places] = fen
        for code, fen in zip(region.plan.tables.meter_codes, settled.meters, strict=True):
            if code in self.meters:
                self.meters[code][places] = fen
        self._add_texts(region, settled, places)

    def _read_again(
        self, region: _Region, columns: Columns, bad: I64, rows: I64 | None
    ) -> None:
        numbers = columns.table.column(ROW).take(pa.array(bad)).to_pylist()
        self.kept[bad if rows is None else rows[bad]] = False
        for number, row in zip(numbers, columns.rows(bad, region.columns), strict=True):
            refusal = refusal_of(region.online, row)
            self.rejected.append(Rejected(number, refusal.field, refusal.code, str(refusal)))

    def _add_texts(self, region: _Region, settled: Settled, places: Any) -> None:
        if not settled.trace.size:
            return
        shown = pa.array(settled.trace * 2048 + settled.refusal.clip(-1)).dictionary_encode()
        numbers = [
            self.texts.setdefault(self._articles(region, *divmod(key, 2048)), len(self.texts))
            for key in shown.dictionary.to_pylist()
        ]
        self.articles[places] = np.array(numbers, np.int32)[shown.indices.to_numpy()]
        laws = [
            self.ids.setdefault("+".join(b.id for b in law.books), len(self.ids))
            for law in region.plan.laws
        ]
        self.books[places] = np.array([*laws, 0], np.int32)[settled.law]

    def _articles(self, region: _Region, trace: int, refusal: int) -> str:
        """The articles that a visit rests on, from its trace."""
        key = trace * 2048 + refusal
        if refusal == 2047:
            return ""
        if key not in region.articles:
            region.articles[key] = show_articles(_cites(region.plan, trace, refusal))
        return region.articles[key]

    def table(self) -> pa.Table:
        """The results in the order of the input, rejected rows left out."""
        given = self.columns.table
        made = {name: given.column(name) for name in KEYS if name in given.column_names}
        open_ = self.refusal == loops.OPEN
        for name, fen in self.money.items():
            made[self._name(name)] = self._money(fen, open_)
        for code, fen in self.meters.items():
            untouched = open_ | (fen == UNTOUCHED)
            made[self._name(f"meter_{code}")] = self._money(np.where(untouched, 0, fen), untouched)
        codes = np.where(open_, CODES.index("parameter_missing"), self.refusal.clip(0))
        made["refusal"] = _texts(codes.astype(np.int32), list(CODES))
        made["articles"] = _texts(self.articles, list(self.texts))
        made["rulebook"] = _texts(self.books, list(self.ids))
        table = pa.table(made)
        return table if self.kept.all() else table.filter(pa.array(self.kept))

    def _name(self, name: str) -> str:
        return f"{name}_fen" if self.settler.in_fen else name

    def _money(self, fen: I64, missing: npt.NDArray[np.bool_]) -> pa.Array:
        mask = missing if missing.any() else None
        if self.settler.in_fen:
            return pa.array(fen, mask=mask)
        halves = np.empty((len(fen), 2), np.int64)
        halves[:, 0] = fen
        halves[:, 1] = fen >> 63
        valid = None if mask is None else pa.array(~mask).buffers()[1]
        return pa.Array.from_buffers(
            pa.decimal128(18, 2), len(fen), [valid, pa.py_buffer(halves)]
        )


def _texts(codes: npt.NDArray[np.int32], texts: list[str]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(texts, pa.string()))


def _cites(plan: AreaPlan, trace: int, refusal: int) -> Iterator[Any]:
    tables = plan.tables
    if refusal:
        yield from gate_citations(tables.placed[tables.cells[trace]].program, CODES[refusal])
        return
    reached = trace & ((1 << PART_BITS * loops.MAX_PARTS) - 1)
    rest = trace >> PART_BITS * loops.MAX_PARTS
    cell, tails = rest >> TAIL_BITS, rest & ((1 << TAIL_BITS) - 1)
    steps = [*plan.part_steps_of(cell), 0]
    for part, step in enumerate(steps):
        layers = reached >> PART_BITS * part & ((1 << PART_BITS) - 1)
        last = part + 1 == len(steps)
        if layers or last:
            program = tables.placed[tables.cells[cell + step]].program
            yield from citations(program, layers, tails if last else 0)


def refusal_of(area: Area, row: Mapping[str, str]) -> Refusal:
    """Why a row cannot be settled, as a single visit would be told."""
    try:
        if "date" not in row:
            raise Refusal("field_missing", "date")
        laws = [law for law in area.laws if "date" in row]
        visit = read_visit(row, laws[0])
        visit = read_visit(row, area.law(visit.day))
        settle(area, visit, Meters(area.layout))
    except Refusal as refusal:
        return refusal
    raise Fault(f"这一行在批量中无法放置，单笔却可以结算：{dict(row)}")


class _Settling:
    """One area's rows on their way through the loops."""

    def __init__(
        self, region: _Region, columns: Columns, opening: Opening, reached: Reached
    ) -> None:
        self.region, self.plan, self.columns = region, region.plan, columns
        self.reached = reached
        self.layout, self.count = region.plan.layout, columns.count
        self.opening = opening
        self.new = columns.starts()

    def run(self) -> Settled:
        """Find cells, lay out meters, settle."""
        law, cell, family, flags = self._located()
        total, in_scope, parts = self._amounts(cell)
        total = np.where(total == ABSENT, in_scope, total)
        plan = self._compiled(cell)
        count = self.count
        layers = np.empty((len(self.layout.columns), count), np.int64)
        meters = np.empty((len(self.plan.tables.meter_codes), count), np.int64)
        for number, column in enumerate(self.layout.columns):
            if column.code in self.reached[0]:
                layers[number] = 0
        for number, code in enumerate(self.plan.tables.meter_codes):
            if code in self.reached[1]:
                meters[number] = UNTOUCHED
        refusal = np.zeros(count, np.int16)
        money = [np.zeros(count, np.int64) for _ in range(4)]
        trace = np.zeros(count, np.int64)
        results = loops.Results(
            1, Row(refusal, "refusal"),
            *(Row(a, n) for a, n in zip(money, ("pool", "deductible", "supp", "person"), strict=True)),
            Row(layers, "layers"), Row(meters, "meters_out"), Row(trace, "trace"),
        )  # fmt: skip
        blocks = self._blocks()
        rows = loops.Rows(
            count, len(self.plan.parts), len(self.layout.amounts), 1,
            *(
                Row(np.ascontiguousarray(a), "rows", True)
                for a in (
                    self._turns(), self.columns.day, cell, family, flags, total, in_scope, parts,
                    self._visit_amounts(), self.first,
                )
            ),
        )  # fmt: skip
        loops.settle(plan, rows, blocks, self._scratch(), results)
        return Settled(refusal, *money, layers, meters, trace, law)

    def _located(self) -> tuple[I64, I64, I64, I64]:
        columns, plan = self.columns, self.plan
        law = columns.by_day(self._laws)
        year = columns.month // 12
        covered = law >= 0
        first = int(year[covered].min()) if covered.any() else 0
        last = int(year[covered].max()) if covered.any() else 0
        varying = [n for n, facet in enumerate(plan.facets) if self._varies(facet)]
        place = plan.place(varying, (first, last))
        codes = [self._codes(plan.facets[number]) for number in varying]
        stacked = np.stack(codes) if codes else np.zeros((0, self.count), np.int64)
        cell, family, flags = (np.empty(self.count, np.int64) for _ in range(3))
        loops.locate(
            place, self.count,
            *(Row(np.ascontiguousarray(a), "rows", True) for a in (law, year - first, self._benefit(), stacked)),
            *(Row(a, "located") for a in (cell, family, flags)),
        )  # fmt: skip
        return law, cell, family, flags

    def _laws(self, days: I64) -> I64:
        """The number of the law in force on each day; BAD where there is none."""
        law = np.full(len(days), BAD, np.int64)
        for number, item in enumerate(self.plan.laws):
            law[(days >= item.since) & (days < min(item.until, FOREVER))] = number
        return law

    def _varies(self, facet: Facet) -> bool:
        if facet.fact.column in ("months_into_year", "months_into_quarter", "date"):
            return True
        return any(name in self.columns for name in _sources(facet))

    def _codes(self, facet: Facet) -> I64:
        numbers = dated(self.columns, facet.fact.column)
        if numbers is None:
            return self.columns.together(_sources(facet), facet.code)
        bounds = np.array(list(facet.fact.bands.values()), np.int64)
        codes = np.searchsorted(bounds, numbers, side="right") - 1
        return np.where(numbers == BAD_DAY, BAD, codes)

    def _benefit(self) -> I64:
        known = {code: n for n, code in enumerate(self.plan.tables.benefits)}
        for law in self.plan.laws:
            known |= {name: known[code] for name, code in law.benefits.items()}
        return self.columns.each("benefit", lambda text: known.get(text or "ordinary", BAD))

    def _amounts(self, cell: I64) -> tuple[I64, I64, I64]:
        """Total, in-scope cost and parts; rows whose amounts are wrong lose their cell."""
        total, in_scope = self.columns.fen("total"), self.columns.fen("in_scope")
        wrong = (total == BAD_FEN) | (in_scope == BAD_FEN)
        wrong |= (total == ABSENT) & (in_scope == ABSENT)
        wrong |= (total != ABSENT) & (in_scope > total)
        parts = np.zeros((len(self.plan.parts), self.count), np.int64)
        for number, code in enumerate(self.plan.parts):
            fen = self.columns.fen(f"in_scope_{code}")
            wrong |= fen == BAD_FEN
            parts[number] = np.where(fen == ABSENT, 0, fen)
        wrong |= parts.sum(axis=0) > np.where(in_scope == ABSENT, total, in_scope)
        wrong |= self._unreadable()
        cell[wrong | (cell < 0)] = BAD
        return total, in_scope, parts

    def _unreadable(self) -> npt.NDArray[np.bool_]:
        """Rows with a value in a known column that no fact of their cell looked at, but is wrong."""
        wrong = np.zeros(self.count, bool)
        law = self.plan.laws[-1]
        known = {fact.column for facet in self.plan.facets for fact in (facet.fact,)}
        read = {name for facet in self.plan.facets for name in _sources(facet)} | known
        for name in self.region.columns - {"person", "visit", "sequence", "area", "date"}:
            if name not in self.columns or name in read or name.startswith(("total", "in_scope")):
                continue
            wrong |= self.columns.each(name, lambda text, name=name: _readable(name, text, law)) < 0
        return wrong

    def _visit_amounts(self) -> I64:
        """Amounts that come with visits, by row."""
        made = np.zeros((self.count, len(self.layout.amounts)), np.int64)
        for number, name in enumerate(self.layout.amounts):
            for law in self.plan.laws:
                fact = law.facts.get(name)
                if fact and fact.column in self.columns:
                    fen = self.columns.fen(fact.column)
                    default = fact.default if isinstance(fact.default, int) else 0
                    made[:, number] = np.where(fen < 0, default, fen)
        return made

    def _compiled(self, cell: I64) -> loops.Plan:
        used = np.flatnonzero(np.bincount(cell + 1)[1:])
        return self.plan.plan([int(c) for c in used], np.arange(len(self.layout.columns)))

    def _scratch(self) -> loops.Scratch:
        programs = self.plan.tables.placed
        steps = max((p.program.code[pour.STEPS] + p.program.code[pour.TAILS] for p in programs), default=1)
        room = (steps + 1) * (len(self.plan.parts) + 1)
        parts = len(self.plan.parts) + 1
        return loops.Scratch(
            *(Row(np.zeros(parts, np.int64), n) for n in ("programs", "kinds", "cells", "costs")),
            Row(np.full(len(programs) + 1, -1, np.int64), "cleared"),
            Row(np.zeros(room * pour.RECORD_SIZE, np.int64), "out"),
            Row(np.zeros(1, np.int64), NOWHERE),
        )  # fmt: skip

    def _turns(self) -> npt.NDArray[np.int8]:
        """Where a person begins, and where a period of meters may."""
        unkeyed = [d for d in self.layout.dimensions if not d.column]
        season = self.columns.month // 12
        if any(d.period == "日" for d in unkeyed):
            season = self.columns.day
        elif any(d.period in ("月", "季") or d.start != 1 for d in unkeyed):
            season = self.columns.month
        turn = self.new * np.int8(loops.NEW_PERSON)
        turn[1:] |= (season[1:] != season[:-1]) * np.int8(loops.NEW_SEASON)
        return turn

    def _blocks(self) -> loops.Blocks:
        """Where the meters of each dimension lie and when they are emptied."""
        starts, widths = self.layout.starts, self.layout.widths
        periodic, fresh, keyed, firsts = [], [], [], []
        shifting = base = 0
        self.kept_at: dict[int, tuple[int, I64]] = {}
        for number, dimension in enumerate(self.layout.dimensions):
            if number not in self.reached[2]:
                continue
            place = [starts[number], widths[number]]
            unnamed = dimension.period == "次" and "visit" not in self.columns
            if dimension.period == "笔" or unnamed:
                fresh += place
                shifting |= 1 << number
            elif not dimension.column and dimension.period != "次":
                periodic += [*place, MONTHS.get(dimension.period, 0), dimension.start]
            else:
                first = self._first(dimension)
                self.kept_at[number] = (base, first)
                keyed += [*place, base]
                firsts.append(first)
                shifting |= 1 << number
                base += self.count * widths[number]
        self.first = np.stack(firsts) if firsts else np.zeros((0, self.count), np.int64)
        self.kept = np.zeros(base + 1, np.int64)
        opening = self._openings()
        return loops.Blocks(
            len(periodic) // 4, len(fresh) // 2, len(firsts), shifting, len(opening[0]),
            Row(np.zeros(sum(widths) + 1, np.int64), "meters"), Row(self.kept, "kept"),
            _numbers(periodic), Row(np.full(len(periodic) + 1, -1, np.int64), "current"),
            _numbers(fresh), _numbers(keyed), *(_numbers(column) for column in opening),
        )  # fmt: skip

    def _first(self, dimension: Dimension) -> I64:
        """The row in which each row's registration, drug, disease … first appears."""
        period = np.zeros(self.count, np.int64)
        if dimension.period == "日":
            period = self.columns.day
        else:
            periods(MONTHS.get(dimension.period, 12), dimension.start, self.columns.day, period)
        begins = self.new.astype(bool)
        begins[1:] |= period[1:] != period[:-1]
        rows = np.arange(self.count)
        group = np.maximum.accumulate(np.where(begins, rows, 0))
        if dimension.column and dimension.column in self.columns:
            group = _within(group, self.columns.coded(dimension.column))
        if dimension.period == "次":
            coded = self.columns.coded("visit")
            named = np.array([bool(text) for text in coded.texts])[coded.codes]
            group = np.where(named, _within(group, coded), rows)
        return group

    def _openings(self) -> tuple[list[int], list[int], list[int]]:
        """What persons have used before their first visit: row, place, fen of what is periodic.

        Ensures: what is apart for a drug or disease already stands in `kept`.
        """
        rows: list[int] = []
        places: list[int] = []
        fens: list[int] = []
        if not self.opening:
            return rows, places, fens
        people = self.columns.coded("person")
        begins = [int(i) for i in np.flatnonzero(self.new)]
        wanted = [i for i in begins if people.texts[people.codes[i]] in self.opening]
        for at, texts in zip(wanted, self.columns.rows(wanted, self.region.columns), strict=True):
            try:
                law = self.region.online.law(int(self.columns.day[at]))
                visit = read_visit(texts, law)
            except Refusal:
                continue
            meters = Meters(self.layout)
            own = self.region.online.own_level(law)
            for name, fen in self.opening[people.texts[people.codes[at]]].items():
                use(meters, law, visit, name, fen, own)
            for (dimension, _), block in meters.blocks.items():
                for offset, fen in enumerate(block):
                    if dimension in self.kept_at:
                        base, first = self.kept_at[dimension]
                        at_key = int(first[at]) * self.layout.widths[dimension]
                        self.kept[base + at_key + offset] += fen
                    elif fen:
                        rows.append(at)
                        places.append(self.layout.starts[dimension] + offset)
                        fens.append(fen)
        return rows, places, fens


def _numbers(numbers: list[int]) -> Row:
    return Row(np.array([*numbers, 0], np.int64), "blocks", True)


def _readable(name: str, text: str, law: Any) -> int:
    """Zero where a text can be read as the value of a column, otherwise a refusal."""
    row = {"date": "2000-01-01", "status": next(iter(law.facts["参保状态"].choices.values()))}
    read_visit(row | {"total_fen": "0", name: text}, law)
    return 0


def _within(group: I64, coded: Any) -> I64:
    """The first row of each combination of a group and a value."""
    combined = group * len(coded.texts) + coded.codes
    _, first, inverse = np.unique(combined, return_index=True, return_inverse=True)
    return first[inverse]


