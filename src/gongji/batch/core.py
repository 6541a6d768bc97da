"""Settle tables of visits: whole persons in order -> numbers -> the compiled kernel -> results.

A row that the compiled loops cannot place is read again online, which gives the same refusal that
a single visit would get. This module knows tables, not files.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gongji.batch import loops
from gongji.batch.area_arrays import AreaPlan
from gongji.batch.columns import Columns, at_places
from gongji.batch.encode import I32, KEYS, Money, SettledRows, Settling
from gongji.batch.loops import PART_BITS, TAIL_BITS, UNTOUCHED
from gongji.batch.notes import notes_on
from gongji.batch.regions import Region
from gongji.batch.visit_files import Rejected
from gongji.law.compile.tables import citations, gate_citations, show_articles
from gongji.law.engine.area import Area, gap_refusal
from gongji.law.engine.areas import Areas
from gongji.law.engine.engine import settle
from gongji.law.engine.opening_meters import Opening, Used
from gongji.law.engine.person_meters import Meters
from gongji.law.engine.visit import columns_of, read_date, read_visit
from gongji.law.rulebook.vocabulary import VISIT_COLUMNS
from gongji.refusals import CODES, Fault, Refusal
from gongji.tabular.arrow_tables import FAULT, ROW, refusal_of_fault
from gongji.tabular.header_rows import WHOLE_ROW, sum_reason
from gongji.units import Day

I64 = npt.NDArray[np.int64]


class Settler:
    """Settles tables of whole persons for some areas.

    Shape:   a table has `person`, `date`, `status`, amounts and ROW, persons together and a
             person's visits in order; `named` are all that the tables name ("" being `area`).
    Refuses: area_unknown.
    """

    def __init__(
        self,
        areas: Areas,
        named: tuple[str, ...],
        area: str = "",
        opening: Opening | Used | None = None,
        in_fen: bool = False,
        benefits: tuple[str, ...] | None = (),
    ) -> None:
        self.default = area
        self.latest_day: Day | None = None
        """The day after which a visit is noted to be yet to come."""
        self.in_fen = in_fen
        self.benefits = benefits
        self.problems: dict[str, Refusal] = {}
        self.regions: dict[str, Region] = {}
        homes: dict[str, Region] = {}
        for code in dict.fromkeys((*named, *([area] if area else []))):
            if not (code or area):
                self.problems[code] = Refusal("field_missing", "area")
                continue
            try:
                online = areas.area(code or area)
            except Refusal as refusal:
                self.problems[code] = refusal
                continue
            home = online.laws[0].area
            if home not in homes:
                homes[home] = Region(AreaPlan(online), online)
            self.regions[code] = homes[home]
        self.homes = list(homes.values())
        given = opening if isinstance(opening, Opening) else Opening({"": dict(opening or {})})
        self.opening = given.by_home(list(homes), areas.library)
        self.layers: list[str] = []
        self.meters: list[str] = []
        for region in self.homes:
            layers, meters, _ = region.reached(benefits)
            self.layers += [code for code in layers if code not in self.layers]
            self.meters += [code for code in meters if code not in self.meters]

    def known_columns(self) -> set[str]:
        """The columns that some area's rules know."""
        return set(VISIT_COLUMNS).union(*(region.columns for region in self.homes))

    def unread(self, names: Iterable[str]) -> tuple[str, ...]:
        """Which columns are facts that no rule of any of the areas asks for."""
        facts = {c for home in self.homes for law in home.plan.laws for c in columns_of(law)}
        read = {column for home in self.homes for column in home.read}
        return tuple(name for name in names if name in facts - read - set(VISIT_COLUMNS))

    def schema(self, given: pa.Schema) -> pa.Schema:
        """The columns of the results for a table with such columns."""
        empty = given.empty_table()
        if ROW not in given.names:
            empty = empty.append_column(ROW, pa.array([], pa.int64()))
        return Results(self, Columns(empty)).table().schema

    def settle(self, table: pa.Table, narrow: bool = False) -> tuple[pa.Table, list[Rejected]]:
        """The results of a table's visits, and the rows that cannot be read as a visit.

        Shape:   with `narrow` whole amounts are of 32 bits where they fit, and a column in which
                 nothing is missing says so; else all tables have the same types.
        """
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
        return made.table(narrow), made.rejected


class Results:
    """Collects the areas' results and lays them out as one table."""

    def __init__(self, settler: Settler, columns: Columns) -> None:
        self.settler, self.columns = settler, columns
        self.rejected: list[Rejected] = []
        self.kept: npt.NDArray[np.bool_] | None = None
        self.refusal = np.zeros(columns.count, np.int16)
        self.money: dict[str, Money] = {}
        self.meters: dict[str, Money] = {}
        self.articles = np.zeros(columns.count, np.int32)
        self.texts: dict[str, int] = {"": 0}
        self.books = np.zeros(columns.count, np.int32)
        self.ids: dict[str, int] = {"": 0}

    def _reject(self, rows: I64) -> None:
        if self.kept is None:
            self.kept = np.ones(self.columns.count, bool)
        self.kept[rows] = False

    def reject(self, rows: I64, refusal: Refusal) -> None:
        """Leave rows out for one reason."""
        self._reject(rows)
        numbers = self.columns.table.column(ROW).take(pa.array(rows)).to_pylist()
        for number, row in zip(numbers, self.columns.rows(rows, ("person",)), strict=True):
            self._say(number, _fault_of(row) or refusal)

    def _say(self, number: int, refusal: Refusal) -> None:
        self.rejected.append(Rejected(number, refusal.field, refusal.code, str(refusal)))

    def add(self, region: Region, columns: Columns, rows: I64 | None) -> None:
        """Settle one area's rows and put them in their places."""
        reached = region.reached(self.settler.benefits)
        opening = self.settler.opening[region.online.laws[0].area]
        settled = Settling(region, columns, opening, reached).run()
        if settled.refusal.min(initial=0) < 0:
            self._left_out(region, columns, settled, rows)
        self.refusal = self._put(self.refusal, settled.refusal, rows)
        nothing = np.zeros(0, np.int64)
        names = ("pool_pays", "deductible", "supplements", "person_pays", *reached[0])
        amounts = (
            settled.pool,
            settled.deductible,
            settled.supplements,
            settled.person,
            *settled.layers,
        )
        # What these benefits cannot reach is last in layers and meters.
        for name, fen in zip(names, amounts, strict=False):
            self.money[name] = self._put(self.money.get(name, nothing), fen, rows)
        for code, fen in zip(reached[1], settled.meters, strict=False):
            self.meters[code] = self._put(self.meters.get(code, nothing), fen, rows, UNTOUCHED)
        articles, books = self._texts(region, settled)
        self.articles = self._put(self.articles, articles, rows)
        self.books = self._put(self.books, books, rows)

    def _put(self, whole: Any, part: Any, rows: I64 | None, rest: int = 0) -> Any:
        """A column with an area's rows put in; the first makes the column of `rest`."""
        if rows is None:
            return part
        if not len(whole):
            whole = np.full(self.columns.count, rest, max(part.dtype, np.dtype(np.int32)))
        whole = whole.astype(max(whole.dtype, part.dtype), copy=False)
        whole[rows] = part
        return whole

    def _left_out(
        self, region: Region, columns: Columns, settled: SettledRows, rows: I64 | None
    ) -> None:
        """Reject what could not be read, and what needs a figure that its law does not give."""
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

    def _read_again(self, region: Region, columns: Columns, bad: I64, rows: I64 | None) -> None:
        numbers = columns.table.column(ROW).take(pa.array(bad)).to_pylist()
        self._reject(bad if rows is None else rows[bad])
        for number, row in zip(numbers, columns.rows(bad, region.columns), strict=True):
            self._say(number, _fault_of(row) or refusal_of(region.online, row))

    def _texts(self, region: Region, settled: SettledRows) -> tuple[I32, I32]:
        """The numbers of every row's articles and rulebooks among the texts."""
        shown = [0]
        for trace in settled.traces:
            if trace not in region.articles:
                pair = (trace, 0) if trace >= 0 else divmod(-1 - trace, loops.REFUSALS)
                region.articles[trace] = show_articles(_cites(region.plan, *pair))
            shown.append(self.texts.setdefault(region.articles[trace], len(self.texts)))
        laws = [
            self.ids.setdefault("+".join(b.label for b in law.books), len(self.ids))
            for law in region.plan.laws
        ]
        articles = at_places(np.array(shown, np.int32), settled.found)
        # A row without a law (-1) is left out.
        return articles, at_places(np.array([0, *laws], np.int32)[1:], settled.law)

    def table(self, narrow: bool = False) -> pa.Table:
        """The results in the order of the input, rejected rows left out."""
        given = self.columns.table
        made = {name: given.column(name) for name in KEYS if name in given.column_names}
        numbers = made[ROW].to_numpy()
        if narrow and numbers.max(initial=0) <= np.iinfo(np.int32).max:
            made[ROW] = pa.array(numbers.astype(np.int32))
        count = self.columns.count
        open_ = self.refusal == loops.OPEN
        missing = open_ if open_.any() else None
        nothing = np.zeros(count, np.int32)
        for name in ("pool_pays", "deductible", *self.settler.layers, "supplements", "person_pays"):
            made[self._name(name)] = self._money(self.money.get(name, nothing), missing, narrow)
        for code in self.settler.meters:
            fen = self.meters[code] if code in self.meters else nothing + UNTOUCHED
            unused = fen < 0
            lacks = unused if missing is None else unused | missing
            made[self._name(f"meter_{code}")] = self._money(
                fen, lacks if lacks.any() else None, narrow
            )
        refused = self.refusal.any()
        codes = self.refusal.clip(0).astype(np.int32) if refused else nothing
        if missing is not None:
            codes[missing] = CODES.index("parameter_missing")
        made["refusal"] = _texts(codes, list(CODES) if refused else [CODES[0]])
        made["articles"] = _texts(self.articles, list(self.texts))
        made["rulebook"] = _texts(self.books, list(self.ids))
        made["note"] = _texts(*notes_on(self.columns, self.kept, self.settler.latest_day))
        table = pa.table(made)
        if self.kept is not None:
            table = table.filter(pa.array(self.kept))
        if not narrow:
            return table
        fields = [
            field.with_nullable(table.column(place).null_count > 0)
            for place, field in enumerate(table.schema)
        ]
        return pa.Table.from_arrays(table.columns, schema=pa.schema(fields))

    def _name(self, name: str) -> str:
        return f"{name}_fen" if self.settler.in_fen else name

    def _money(self, fen: Money, missing: npt.NDArray[np.bool_] | None, narrow: bool) -> pa.Array:
        valid = None
        if missing is not None:
            valid = pa.py_buffer(np.packbits(~missing, bitorder="little"))
        if self.settler.in_fen:
            kind = pa.int32() if narrow and fen.dtype == np.int32 else pa.int64()
            fen = np.ascontiguousarray(fen, kind.to_pandas_dtype())
            return pa.Array.from_buffers(kind, len(fen), [valid, pa.py_buffer(fen)])
        halves = np.empty((len(fen), 2), np.int64)
        halves[:, 0] = fen
        halves[:, 1] = fen >> 63
        return pa.Array.from_buffers(pa.decimal128(18, 2), len(fen), [valid, pa.py_buffer(halves)])


def _texts(codes: npt.NDArray[np.int32], texts: list[str]) -> pa.Array:
    # Every code was made here, so that none has to be looked at.
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(texts, pa.string()), safe=False)


def _fault_of(row: dict[str, str]) -> Refusal | None:
    """Why a row is of no use whatever its cells say: as its file was read, or a sum."""
    if fault := row.pop(FAULT, ""):
        return refusal_of_fault(fault)
    reason = sum_reason(row.get("person", ""))
    return Refusal("cell_unreadable", WHOLE_ROW, {"reason": reason}) if reason else None


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
