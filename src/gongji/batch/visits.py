"""Settle tables of visits: whole persons in order -> numbers -> the compiled kernel -> results.

A row that the compiled loops cannot place is read again online, which gives the same refusal that
a single visit would get. This module knows tables, not files.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gongji.batch import loops
from gongji.batch.columns import Columns
from gongji.batch.files import Rejected
from gongji.batch.loops import PART_BITS, TAIL_BITS, UNTOUCHED
from gongji.batch.ordering import ROW
from gongji.batch.plans import AreaPlan
from gongji.batch.regions import Region
from gongji.batch.settling import KEYS, Opening, Settled, Settling
from gongji.errors import CODES, Fault, Refusal
from gongji.rulebook.facts import VISIT_COLUMNS
from gongji.rulebook.law import Library, Settings
from gongji.rulebook.tables import citations, gate_citations, show_articles
from gongji.visit.area import Area, gap_refusal
from gongji.visit.facts import read_date, read_visit
from gongji.visit.meters import Meters
from gongji.visit.settle import settle

I64 = npt.NDArray[np.int64]


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
        self.regions: dict[str, Region] = {}
        homes: dict[str, Region] = {}
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
                homes[home] = Region(AreaPlan(library, named, settings), online)
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
        return Results(self, Columns(empty)).table().schema

    def settle(self, table: pa.Table) -> tuple[pa.Table, list[Rejected]]:
        """The results of a table's visits, and the rows that cannot be read as a visit."""
        columns = Columns(table)
        areas = columns.coded("area")
        whole = len(self.homes) == 1 and not self.problems
        made = Results(self, columns)
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


class Results:
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

    def add(self, region: Region, columns: Columns, rows: I64 | None) -> None:
        """Settle one area's rows and put them in their places."""
        reached = region.reached(self.settler.benefits)
        settled = Settling(region, columns, self.settler.opening, reached).run()
        places: Any = slice(None) if rows is None else rows
        bad = np.flatnonzero(settled.refusal == loops.NOT_READ)
        if len(bad):
            self._read_again(region, columns, bad, rows)
        for at in np.flatnonzero(settled.refusal == loops.OPEN):
            placed = region.plan.tables.placed_at(int(settled.trace[at]))
            position = int(settled.trace[at]) - placed.start
            if position in placed.program.gaps:
                # Whether a visit needs the figure depends on the meters, so it is not read again.
                law = region.plan.laws[placed.law]
                refusal = gap_refusal(law, placed.program.gaps[position])
                self.reject(np.array([at if rows is None else rows[at]]), refusal)
        self.refusal[places] = settled.refusal
        names = ("pool_pays", "deductible", "supplements", "person_pays")
        amounts = (settled.pool, settled.deductible, settled.supplements, settled.person)
        for name, fen in zip(names, amounts, strict=True):
            self.money[name][places] = fen
        for column, fen in zip(region.plan.layout.columns, settled.layers, strict=True):
            # Another area's benefits may reach a column that this area's leave unwritten.
            if column.code in reached[0]:
                self.money[column.code][places] = fen
        for code, fen in zip(region.plan.tables.meter_codes, settled.meters, strict=True):
            if code in reached[1]:
                self.meters[code][places] = fen
        self._add_texts(region, settled, places)

    def _read_again(self, region: Region, columns: Columns, bad: I64, rows: I64 | None) -> None:
        numbers = columns.table.column(ROW).take(pa.array(bad)).to_pylist()
        self.kept[bad if rows is None else rows[bad]] = False
        for number, row in zip(numbers, columns.rows(bad, region.columns), strict=True):
            refusal = refusal_of(region.online, row)
            self.rejected.append(Rejected(number, refusal.field, refusal.code, str(refusal)))

    def _add_texts(self, region: Region, settled: Settled, places: Any) -> None:
        if not settled.trace.size:
            return
        # A trace may fill 59 bits; that of a refused visit is its cell, with room for the refusal.
        refused = -1 - (settled.trace * 2048 + settled.refusal.clip(-1) % 2048)
        marked = np.where(settled.refusal == 0, settled.trace, refused)
        shown = pa.array(marked).dictionary_encode()
        pairs = [(n, 0) if n >= 0 else divmod(-1 - n, 2048) for n in shown.dictionary.to_pylist()]
        numbers = [
            self.texts.setdefault(self._articles(region, *pair), len(self.texts)) for pair in pairs
        ]
        self.articles[places] = np.array(numbers, np.int32)[shown.indices.to_numpy()]
        laws = [
            self.ids.setdefault("+".join(b.id for b in law.books), len(self.ids))
            for law in region.plan.laws
        ]
        self.books[places] = np.array([*laws, 0], np.int32)[settled.law]

    def _articles(self, region: Region, trace: int, refusal: int) -> str:
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
        return pa.Array.from_buffers(pa.decimal128(18, 2), len(fen), [valid, pa.py_buffer(halves)])


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
        for column in ("person", "date"):
            if column not in row:
                raise Refusal("field_missing", column)
        law = area.law(read_date("date", row["date"]))
        settle(area, read_visit(row, law), Meters(area.layout))
    except Refusal as refusal:
        return refusal
    raise Fault(f"这一行在批量中无法放置，单笔却可以结算：{dict(row)}")
