"""One area's rows on their way through the compiled loops.

Columns become cells, flags, meters and amounts; what comes out is numbers, not yet a table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gongji.batch import loops
from gongji.batch.columns import BAD_DAY, BAD_FEN, Columns, dated, periods
from gongji.batch.loops import ABSENT, BAD, UNTOUCHED
from gongji.batch.machine import NOWHERE, Row
from gongji.batch.ordering import ROW
from gongji.batch.plans import Facet
from gongji.batch.regions import Reached, Region
from gongji.errors import Refusal
from gongji.kernel import pour
from gongji.rulebook.facts import AMOUNT, DATE, DERIVED, TEXT
from gongji.rulebook.law import FOREVER, Law
from gongji.rulebook.layout import Dimension
from gongji.units import Fen
from gongji.visit.facts import columns_of, read_visit
from gongji.visit.meters import MONTHS, Meters, use

I64 = npt.NDArray[np.int64]

Opening = Mapping[str, Mapping[str, Fen]]
"""What a person (as text) has used before the first visit: meter (as in --used) -> fen."""

KEYS = ("person", "visit", "sequence", "date", "area", ROW)
"""Columns that come through to the results as they are."""
MONEY = ("total", "total_fen", "in_scope", "in_scope_fen")
ALL_LEVELS = ("admission_level", *DERIVED["level"])


def sources_of(facet: Facet) -> tuple[str, ...]:
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


class Settling:
    """One area's rows on their way through the loops."""

    def __init__(
        self, region: Region, columns: Columns, opening: Opening, reached: Reached
    ) -> None:
        self.region, self.plan, self.columns = region, region.plan, columns
        self.reached = reached
        self.layout, self.count = region.plan.layout, columns.count
        self.opening = opening
        self.new = columns.starts()

    def run(self) -> Settled:
        """Find cells, lay out meters, settle."""
        law, cell, family, flags = self._located()
        total, in_scope, parts = self._amounts(cell, law)
        total = np.where(total == ABSENT, in_scope, total)
        self.cell = cell
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
        pool, deductible, supplements, person = (np.zeros(count, np.int64) for _ in range(4))
        trace = np.zeros(count, np.int64)
        results = loops.Results(
            1, Row(refusal, "refusal"), Row(pool, "pool"), Row(deductible, "deductible"),
            Row(supplements, "supp"), Row(person, "person"),
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
        return Settled(refusal, pool, deductible, supplements, person, layers, meters, trace, law)

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
            *(
                Row(np.ascontiguousarray(a), "rows", True)
                for a in (law, year - first, self._benefit(), stacked)
            ),
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
        return any(name in self.columns for name in sources_of(facet))

    def _codes(self, facet: Facet) -> I64:
        numbers = dated(self.columns, facet.fact.column)
        if numbers is None:
            return self.columns.together(sources_of(facet), facet.code)
        bounds = np.array(list(facet.fact.bands.values()), np.int64)
        codes = np.searchsorted(bounds, numbers, side="right") - 1
        return np.where(numbers == BAD_DAY, BAD, codes)

    def _benefit(self) -> I64:
        known = {code: n for n, code in enumerate(self.plan.tables.benefits)}
        for law in self.plan.laws:
            known |= {name: known[code] for name, code in law.benefits.items()}
        return self.columns.each("benefit", lambda text: known.get(text or "ordinary", BAD))

    def _amounts(self, cell: I64, law: I64) -> tuple[I64, I64, I64]:
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
        wrong |= self._unreadable(law) | self._incomplete()
        cell[wrong | (cell < 0)] = BAD
        return total, in_scope, parts

    def _unreadable(self, law: I64) -> npt.NDArray[np.bool_]:
        """Rows with a value in some column that their law does not know or cannot read."""
        wrong = np.zeros(self.count, bool)
        present = [number for number in range(len(self.plan.laws)) if (law == number).any()]
        for name in self.columns.table.column_names:
            if name in KEYS or name in MONEY or name not in self.region.columns:
                continue
            for number in present:
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

    def _incomplete(self) -> npt.NDArray[np.bool_]:
        """Rows without a person, or without a status even where no rule asks for it."""
        return self.columns.lacking("person") | self.columns.lacking("status")

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
        steps = max(
            (p.program.code[pour.STEPS] + p.program.code[pour.TAILS] for p in programs), default=1
        )
        room = (steps + 1) * (len(self.plan.parts) + 1)
        parts = len(self.plan.parts) + 1
        names = ("programs", "kinds", "cells", "costs")
        programs_at, kinds, cells, costs = (Row(np.zeros(parts, np.int64), n) for n in names)
        return loops.Scratch(
            programs_at, kinds, cells, costs,
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


def _numbers(numbers: list[int]) -> Row:
    return Row(np.array([*numbers, 0], np.int64), "blocks", True)


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
