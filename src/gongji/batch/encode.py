"""One area's rows on their way through the compiled loops.

Columns become cells, flags, meters and amounts; what comes out is numbers, not yet a table.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gongji.batch import loops
from gongji.batch.area_arrays import Facet
from gongji.batch.columns import BAD_DAY, BAD_FEN, Columns, dated, months_of, periods
from gongji.batch.loops import ABSENT, BAD
from gongji.batch.numba_rows import NOWHERE, Row
from gongji.batch.regions import Reached, Region
from gongji.law.compile.layout import Dimension
from gongji.law.compile.retirement import BENEFIT, EVENT_COLUMNS, NO_MONTH, starts_of
from gongji.law.engine.opening_meters import Used
from gongji.law.engine.person_meters import MONTHS, Meters, use
from gongji.law.engine.visit import ACTIVE, RETIRED, columns_of, read_month_name, read_visit
from gongji.law.kernel import pour
from gongji.law.rulebook.law import Law
from gongji.law.rulebook.rulebook import FOREVER
from gongji.law.rulebook.vocabulary import ALSO_TOLD_BY, AMOUNT, DATE, DERIVED, TEXT
from gongji.refusals import Refusal
from gongji.tabular.arrow_tables import ROW

I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
Money = npt.NDArray[np.int32] | I64
"""Amounts in fen, as narrow as they fit."""
TRACES = 1 << 12
"""Room for so many different traces of a table (half of it is used) before they are sorted."""

"""What a person (as text) has used before the first visit: meter (as in --used) -> fen."""

KEYS = ("person", "visit", "sequence", "date", "area", ROW)
"""Columns that come through to the results as they are."""
MONEY = ("total", "total_fen", "in_scope", "in_scope_fen")
ALL_LEVELS = ("admission_level", *DERIVED["level"])


@dataclass(frozen=True)
class Located:
    """The law, cell, family and flags of rows, and the laws that there may be."""

    law: I32
    cell: I32
    family: I32
    flags: I64
    laws: list[int]


def sources_of(facet: Facet) -> tuple[str, ...]:
    """The columns that a fact is read from."""
    column = facet.fact.column
    if column == "admission_level":
        return ALL_LEVELS
    return ALSO_TOLD_BY.get(column) or DERIVED.get(column, (column,))


@dataclass
class SettledSums:
    """What each row comes to, without layers, meters and articles."""

    refusal: npt.NDArray[np.int16]
    pool: I64
    deductible: I64
    supplements: I64
    person: I64


@dataclass
class SettledRows:
    """The numbers of one area's rows after the loops: `layers` and `meters` as in `Reached`.

    `found` numbers the `traces` from one; zero is for a row without.
    """

    refusal: npt.NDArray[np.int16]
    pool: Money
    deductible: Money
    supplements: Money
    person: Money
    layers: Money
    meters: Money
    trace: I64
    found: I32
    traces: list[int]
    law: I32


class Settling:
    """One area's rows on their way through the loops."""

    def __init__(self, region: Region, columns: Columns, opening: Used, reached: Reached) -> None:
        self.region, self.plan, self.columns = region, region.plan, columns
        self.reached = reached
        self.layout, self.count = region.plan.layout, columns.count
        self.opening = opening
        self.new = columns.starts

    def run(self) -> SettledRows:
        """Find cells, lay out meters, settle."""
        located, rows, plan = self._laid_out()
        settled, most = self._settle(plan, rows, located, np.int32)
        if most > np.iinfo(np.int32).max:
            settled, _ = self._settle(plan, rows, located, np.int64)
        return settled

    def sums(self) -> SettledSums:
        """The same for who asks only what each visit comes to."""
        _, rows, plan = self._laid_out()
        refusal, money = np.empty(self.count, np.int16), np.empty((4, self.count), np.int64)
        names = ("pool", "deductible", "supplements", "person")
        kept = [Row(fen, name) for fen, name in zip(money, names, strict=True)]
        unread = [Row(np.zeros(1, np.int64), NOWHERE)] * 4
        results = loops.Results(0, 0, Row(refusal, "refusal"), *kept, *unread)
        loops.settle(plan, rows, self._blocks(), self._scratch(), results)
        return SettledSums(refusal, *money)

    def _laid_out(self) -> tuple[Located, loops.Rows, loops.Plan]:
        located = self._located()
        parts, wrong = self._parts(located)
        rows = self._rows(located, parts)
        return located, rows, self._accepted(rows, wrong)

    def _settle(
        self, plan: loops.Plan, rows: loops.Rows, located: Located, kind: type[Any]
    ) -> tuple[SettledRows, int]:
        """Settle into columns of a kind of number, and the bits of all the amounts."""
        count, layers, meters = self.count, len(self.reached[0]), len(self.reached[1])
        refusal, found = np.empty(count, np.int16), np.empty(count, np.int32)
        # What these benefits cannot reach has a last column together, which nobody reads.
        sizes = (1, 1, 1, 1, layers + 1, meters + 1)
        money = [np.empty(size * count, kind) for size in sizes]
        trace, most = np.empty(count, np.int64), np.zeros(1, np.int64)
        names = ("pool", "deductible", "supplements", "person", "layers", "meters_after")
        arrays = zip(
            ("refusal", *names, "trace", "most"), (refusal, *money, trace, most), strict=True
        )
        results = loops.Results(layers, meters, *(Row(array, name) for name, array in arrays))
        loops.settle(plan, rows, self._blocks(), self._scratch(), results)
        traces = self._traces(refusal, trace, found)
        shaped = [array.reshape(size, count) for array, size in zip(money, sizes, strict=True)]
        pool, deductible, supplements, person = (array[0] for array in shaped[:4])
        settled = SettledRows(
            refusal,
            pool,
            deductible,
            supplements,
            person,
            shaped[4],
            shaped[5],
            trace,
            found,
            traces,
            located.law,
        )
        return settled, int(most[0])

    def _traces(self, refusal: Any, trace: I64, found: I32) -> list[int]:
        """The different traces, the rows numbered with them."""
        keys = np.full((TRACES, 2), loops.FREE, np.int64)
        known = loops.number(
            self.count,
            Row(refusal, "refusal"),
            Row(trace, "trace"),
            TRACES,
            Row(keys, "keys"),
            Row(found, "found"),
        )
        if not known:
            some, places = np.unique(trace, return_inverse=True)
            found[:] = np.where(refusal < 0, 0, places + 1)
            return [int(one) for one in some]
        taken = keys[keys[:, 0] != loops.FREE]
        return [int(one) for one in taken[np.argsort(taken[:, 1]), 0]]

    def _located(self) -> Located:
        columns, plan, count = self.columns, self.plan, self.count
        dates, at_date = columns.dates
        law_of, year_of = self._laws(dates), months_of(dates) // 12
        covered = year_of[law_of >= 0]
        first = int(covered.min()) if len(covered) else 0
        last = int(covered.max()) if len(covered) else 0
        varying = [n for n, facet in enumerate(plan.facets) if self._varies(facet)]
        place = plan.place(varying, (first, last))
        codes = np.empty((len(varying), count), np.int32)
        for column, number in zip(codes, varying, strict=True):
            self._codes(plan.facets[number], column)
        law, cell, family = (np.empty(count, np.int32) for _ in range(3))
        flags = np.empty(count, np.int64)
        given = (at_date, law_of, year_of - first, self._benefit(), codes)
        loops.locate(
            place,
            count,
            *(Row(array, "rows", True) for array in given),
            *(Row(array, "located") for array in (law, cell, family, flags)),
        )
        present = [number for number in range(len(plan.laws)) if (law_of == number).any()]
        return Located(law, cell, family, flags, present)

    def _laws(self, days: I64) -> I64:
        """The number of the law in force on each day; BAD where there is none."""
        law = np.full(len(days), BAD, np.int64)
        for number, item in enumerate(self.plan.laws):
            law[(days >= item.since) & (days < min(item.until, FOREVER))] = number
        return law

    def _varies(self, facet: Facet) -> bool:
        if facet.fact.column in ("months_into_year", "months_into_quarter", "date"):
            return True
        return any(name in self.columns for name in sources_of(facet))

    def _codes(self, facet: Facet, made: I32) -> None:
        numbers = dated(self.columns, facet.fact.column)
        if numbers is None:
            self.columns.together(sources_of(facet), facet.code, made)
            if facet.fact.column == "status":
                self._retire(facet, made)
            return
        bounds = np.array(list(facet.fact.bands.values()), np.int64)
        codes = np.searchsorted(bounds, numbers, side="right") - 1
        made[:] = np.where(numbers == BAD_DAY, BAD, codes)

    def _retire(self, facet: Facet, made: I32) -> None:
        """Who is registered as retired is active until the events count by the law of the day."""
        names = [name for name in EVENT_COLUMNS if name in self.columns]
        if not names:
            return
        retired, active = (
            facet.fact.values.index(facet.fact.names[code]) for code in (RETIRED, ACTIVE)
        )
        dates, at_date = self.columns.dates
        law, month = self._laws(dates)[at_date], self.columns.month
        for name in names:
            event = self.columns.each(name, partial(_month, name))
            for number, item in enumerate(self.plan.laws):
                for start in starts_of(item, BENEFIT):
                    if start.event == name:
                        waits = (law == number) & (month < event + start.months_after)
                        made[(made == retired) & (event != NO_MONTH) & waits] = active

    def _benefit(self) -> I32:
        known = {code: n for n, code in enumerate(self.plan.tables.benefits)}
        for law in self.plan.laws:
            known |= {name: known[code] for name, code in law.benefits.items()}
        if "benefit" not in self.columns:
            return np.full(self.count, known.get("ordinary", BAD), np.int32)
        found = self.columns.each("benefit", lambda text: known.get(text or "ordinary", BAD))
        return found.astype(np.int32)

    def _parts(self, located: Located) -> tuple[I64 | None, npt.NDArray[np.bool_] | None]:
        """The costs of parts, and which rows are wrong in what is no total or in-scope cost."""
        wrong = self._unreadable(located) | self.columns.lacking("person")
        faulty = self.columns.faulty()
        if faulty is not None:
            wrong |= faulty
        # Without a status a row is incomplete, even where no rule asks for it.
        wrong |= self.columns.lacking("status")
        names = [f"in_scope_{code}" for code in self.plan.parts]
        if not any(name in self.columns or f"{name}_fen" in self.columns for name in names):
            return None, wrong if wrong.any() else None
        parts = np.zeros((len(names), self.count), np.int64)
        for number, name in enumerate(names):
            if name in self.columns or f"{name}_fen" in self.columns:
                fen = self.columns.fen(name)
                wrong |= fen == BAD_FEN
                parts[number] = np.where(fen == ABSENT, 0, fen)
        return parts, wrong if wrong.any() else None

    def _rows(self, located: Located, parts: I64 | None) -> loops.Rows:
        total, in_scope = (self.columns.found_fen(name) for name in ("total", "in_scope"))
        return loops.Rows(
            self.count,
            0 if parts is None else len(parts),
            len(self.layout.amounts),
            *(
                _given(array)
                for array in (
                    self._turns(),
                    self.columns.day,
                    located.cell,
                    located.family,
                    located.flags,
                    total,
                    in_scope,
                    parts,
                    self._visit_amounts(),
                    self._keyed(),
                )
            ),
        )

    def _accepted(self, rows: loops.Rows, wrong: npt.NDArray[np.bool_] | None) -> loops.Plan:
        """The tables with the cells of these rows, of which those that are wrong lose theirs."""
        used = np.zeros(len(self.plan.tables.cells), np.int8)
        loops.accept(
            rows,
            _given(None if wrong is None else wrong.view(np.int8)),
            Row(rows.cell.array, "located"),
            Row(used, "used"),
        )
        self.cell = rows.cell.array
        layers = _places(self.reached[0], [column.code for column in self.layout.columns])
        meters = _places(self.reached[1], self.plan.tables.meter_codes)
        return self.plan.plan([int(c) for c in np.flatnonzero(used)], layers, meters)

    def _unreadable(self, located: Located) -> npt.NDArray[np.bool_]:
        """Rows with a value in some column that their law does not know or cannot read."""
        wrong = np.zeros(self.count, bool)
        law = located.law
        for name in self.columns.table.column_names:
            if name in KEYS or name in MONEY or name not in self.region.columns:
                continue
            for number in located.laws:
                fact = columns_of(self.plan.laws[number]).get(name)
                if fact and fact.kind == AMOUNT:
                    wrong |= (self.columns.fen(name) == BAD_FEN) & (law == number)
                    continue
                unread = self._unread(name, self.plan.laws[number])
                if unread.any():
                    wrong |= unread[self.columns.coded(name).codes] & (law == number)
        return wrong

    def _unread(self, name: str, law: Law) -> npt.NDArray[np.bool_]:
        """Which of a column's texts a law does not know or cannot read."""
        fact = columns_of(law).get(name)
        dated_ = pa.types.is_date32(self.columns.table.schema.field(name).type)
        if fact and (fact.kind == TEXT or (fact.kind == DATE and dated_)):
            return np.zeros(1, bool)
        if name in ("birth_date", "approval_date") and dated_:
            return np.zeros(1, bool)
        if name in {f"in_scope_{part.code}" for part in law.parts.values()}:
            # Amounts are read as amounts; a law without the part does not know the column.
            return np.zeros(1, bool)
        known = self.region.readable
        texts = self.columns.coded(name).texts
        for text in texts:
            if (law.since, name, text) not in known:
                known[law.since, name, text] = not text or _readable(name, text, law)
        return np.array([not known[law.since, name, text] for text in texts])

    def _visit_amounts(self) -> I64:
        """Amounts that come with visits, by row."""
        made = np.zeros((self.count, len(self.layout.amounts)), np.int64)
        for number, name in enumerate(self.layout.amounts):
            for law in self.plan.laws:
                fact = law.facts.get(name)
                if fact and fact.several:
                    fen = self.columns.each(fact.column, fact.several.amount)
                    made[:, number] = np.where(self._under(law), fen, made[:, number])
                elif fact and fact.column in self.columns:
                    fen = self.columns.fen(fact.column)
                    default = fact.default if isinstance(fact.default, int) else 0
                    made[:, number] = np.where(fen < 0, default, fen)
        return made

    def _under(self, law: Law) -> npt.NDArray[np.bool_]:
        """Which rows a law is in force for."""
        day = self.columns.day
        return (day >= law.since) & (day < min(law.until, FOREVER))

    def _scratch(self) -> loops.Scratch:
        programs = self.plan.tables.placed
        steps = max(
            (pour.steps_of(p.program.code, 0) + p.program.code[pour.TAILS] for p in programs),
            default=1,
        )
        room = (steps + 1) * (len(self.plan.parts) + 1)
        parts = len(self.plan.parts) + 1
        names = ("programs", "kinds", "cells", "costs")
        programs_at, kinds, cells, costs = (Row(np.zeros(parts, np.int64), n) for n in names)
        return loops.Scratch(
            programs_at,
            kinds,
            cells,
            costs,
            Row(np.full(len(programs) + 1, -1, np.int64), "cleared"),
            Row(np.zeros(room * pour.RECORD_SIZE, np.int64), "out"),
            Row(np.zeros(1, np.int64), NOWHERE),
        )

    def _turns(self) -> npt.NDArray[np.int8]:
        """Where a person begins, and where a period of meters may."""
        unkeyed = [d for d in self.layout.dimensions if not d.column]
        dates, at_date = self.columns.dates
        season = months_of(dates) // 12
        if any(d.period == "日" for d in unkeyed):
            season = dates
        elif any(d.period in ("月", "季") or d.start != 1 for d in unkeyed):
            season = months_of(dates)
        turn = self.new * np.int8(loops.NEW_PERSON)
        if len(season) and (season != season[0]).any():
            of_row = season[at_date]
            turn[1:] |= (of_row[1:] != of_row[:-1]) * np.int8(loops.NEW_SEASON)
        return turn

    def _keyed(self) -> I64:
        """Where the meters of each dimension lie and when they are emptied.

        Returns: by keyed dimension and row, where the key first appears.
        """
        starts, widths = self.layout.starts, self.layout.widths
        self.periodic: list[int] = []
        self.fresh: list[int] = []
        self.keyed: list[int] = []
        self.shifting = self.room = 0
        self.kept_at: dict[int, tuple[int, I64]] = {}
        for number, dimension in enumerate(self.layout.dimensions):
            if number not in self.reached[2]:
                continue
            place = [starts[number], widths[number]]
            unnamed = dimension.period == "次" and "visit" not in self.columns
            if dimension.period == "笔" or unnamed:
                self.fresh += place
                self.shifting |= 1 << number
            elif not dimension.column and dimension.period != "次":
                self.periodic += [*place, MONTHS.get(dimension.period, 0), dimension.start]
            else:
                self.kept_at[number] = (self.room, self._first(dimension))
                self.keyed += [*place, self.room]
                self.shifting |= 1 << number
                self.room += self.count * widths[number]
        firsts = [first for _, first in self.kept_at.values()]
        return np.stack(firsts) if firsts else np.zeros((0, self.count), np.int64)

    def _blocks(self) -> loops.Blocks:
        """Empty meters, but for what persons have used before."""
        self.kept = np.zeros(self.room + 1, np.int64)
        opening = self._openings()
        return loops.Blocks(
            len(self.periodic) // 4,
            len(self.fresh) // 2,
            len(self.keyed) // 3,
            self.shifting,
            len(opening[0]),
            Row(np.zeros(sum(self.layout.widths) + 1, np.int64), "meters"),
            Row(self.kept, "kept"),
            _numbers(self.periodic),
            Row(np.full(len(self.periodic) + 1, -1, np.int64), "current"),
            _numbers(self.fresh),
            _numbers(self.keyed),
            *(_numbers(column) for column in opening),
        )

    def _first(self, dimension: Dimension) -> I64:
        """The row in which each row's registration, drug, disease … first appears."""
        period = np.zeros(self.count, np.int64)
        if dimension.period == "日":
            period = self.columns.day
        else:
            periods(MONTHS.get(dimension.period, 12), dimension.start, self.columns.day, period)
        # A date that cannot be read ends no period.
        dated_rows = np.where(self.columns.day == BAD_DAY, 0, np.arange(self.count))
        period = period[np.maximum.accumulate(dated_rows)]
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
        # A person's meters are opened at the first row that can be read.
        readable = np.flatnonzero(self.cell >= 0)
        _, firsts = np.unique(np.cumsum(self.new)[readable], return_index=True)
        begins = [int(i) for i in readable[firsts]]
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


def _places(reached: list[str], codes: list[str]) -> I64:
    """Where each code has its column among those reached; one that is not has the last."""
    places = {code: place for place, code in enumerate(reached)}
    return np.array([places.get(code, len(reached)) for code in codes], np.int64)


def _given(array: npt.NDArray[Any] | None) -> Row:
    """A column of the rows; NOWHERE if it is not given, so that what it asks for is left out."""
    if array is None:
        return Row(np.zeros(1, np.int64), NOWHERE, True)
    return Row(np.ascontiguousarray(array), "rows", True)


def _numbers(numbers: list[int]) -> Row:
    return Row(np.array([*numbers, 0], np.int64), "blocks", True)


def _month(name: str, text: str) -> int:
    """The month of an event; NO_MONTH for none (one that cannot be read makes the row wrong)."""
    return read_month_name(name, text) if text else NO_MONTH


def _readable(name: str, text: str, law: Law) -> bool:
    """Whether a text can be read as the value of a column."""
    row = {"date": "2000-01-01", "status": next(iter(law.facts["参保状态"].choices.values()))}
    try:
        read_visit(row | {"total_fen": "0", name: text}, law)
    except Refusal:
        return False
    return True


def _within(group: I64, coded: Any) -> I64:
    """The first row of each combination of a group and a value."""
    combined = group * len(coded.texts) + coded.codes
    _, first, inverse = np.unique(combined, return_index=True, return_inverse=True)
    return first[inverse]
