"""Columns of a table as small numbers: codes of values, days, fen; BAD where nothing can be read.

Each distinct value is read once, by the same functions that read a visit online; what varies with
the date is worked out for whole columns by the kernel's own calendar.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from gongji.batch.amounts_by_column import read_decimals, read_floats
from gongji.batch.loops import ABSENT, BAD
from gongji.batch.numba_rows import Row, compiled
from gongji.law.engine.visit import read_amount
from gongji.law.kernel import calendar
from gongji.refusals import Refusal
from gongji.tabular.arrow_tables import FAULT
from gongji.tabular.cell_forms import amount_text, day_text, plain, text_of
from gongji.units import MAX_FEN, parse_day

I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]

FEW = 1 << 16
"""So many combinations of values are looked up in a table."""
_YUAN = r"^\d{1,11}(\.\d{1,2})?$"


@dataclass(frozen=True)
class Coded:
    """A column as the numbers of its distinct values; an empty value has a number too."""

    codes: npt.NDArray[np.int32]
    texts: tuple[str, ...]


def _one_code_a_text(codes: I32, texts: tuple[str, ...]) -> Coded:
    """The same with one number for texts that are the same once they are in their normal form."""
    places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    if len(places) == len(texts):
        return Coded(codes, texts)
    found = np.array([places[text] for text in texts], np.int32)
    return Coded(at_places(found, codes), tuple(places))


def one_array(column: pa.ChunkedArray) -> pa.Array:
    """One array; dictionaries stay as they are."""
    if column.num_chunks == 1:
        return column.chunk(0)
    return column.unify_dictionaries().combine_chunks()


class Columns:
    """A table of whole persons, each column turned into numbers when it is first asked for."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table
        self.count = table.num_rows
        self._coded: dict[str, Coded] = {}
        self._used: dict[str, npt.NDArray[np.bool_]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self.table.column_names

    def coded(self, name: str) -> Coded:
        """A column's codes and texts; an absent column is empty throughout."""
        if name not in self._coded:
            self._coded[name] = self._code(name)
        return self._coded[name]

    def _code(self, name: str) -> Coded:
        if name not in self:
            return Coded(np.zeros(self.count, np.int32), ("",))
        array = one_array(self.table.column(name))
        if not pa.types.is_dictionary(array.type):
            array = array.dictionary_encode()
        found = array.dictionary.to_pylist()
        texts = (*(plain(text_of(value)) for value in found), "")
        numbers = array.indices.cast(pa.int32())
        codes = (pc.fill_null(numbers, len(found)) if array.null_count else numbers).to_numpy()
        return _one_code_a_text(codes, texts)

    def used(self, name: str) -> npt.NDArray[np.bool_]:
        """Which of a column's texts some row has."""
        if name not in self._used:
            coded = self.coded(name)
            self._used[name] = marked(coded.codes, len(coded.texts))
        return self._used[name]

    def each(self, name: str, read: Callable[[str], int], bad: int = BAD) -> I64:
        """A number for every row from its text; `bad` where `read` refuses."""
        if name not in self:
            return np.full(self.count, read(""), np.int64)
        coded = self.coded(name)
        numbers = np.full(len(coded.texts), bad, np.int64)
        for code in np.flatnonzero(self.used(name)):
            try:
                numbers[code] = read(coded.texts[code])
            except (Refusal, ValueError):
                continue
        return numbers[coded.codes]

    def together(
        self, names: Iterable[str], read: Callable[[dict[str, str]], int], made: I32
    ) -> None:
        """A number for every row from its texts in several columns, one of them present."""
        columns = [(name, self.coded(name)) for name in names if name in self]
        combined: npt.NDArray[Any] = columns[0][1].codes
        for _, coded in columns[1:]:
            combined = combined.astype(np.int64) * len(coded.texts) + coded.codes
        size = int(np.prod([len(coded.texts) for _, coded in columns], dtype=object))
        if len(columns) == 1:
            present, places = np.flatnonzero(self.used(columns[0][0])), combined
        elif size <= FEW:
            combined = combined.astype(np.int32)
            present, places = np.flatnonzero(marked(combined, size)), combined
        else:
            present, places = np.unique(combined, return_inverse=True)
        direct = places is combined
        table = np.full(size if direct else len(present), BAD, np.int32)
        for at, combination in enumerate(present):
            texts, rest = {}, int(combination)
            for name, coded in reversed(columns):
                rest, code = divmod(rest, len(coded.texts))
                if coded.texts[code]:
                    texts[name] = coded.texts[code]
            table[combination if direct else at] = read(texts)
        made[:] = at_places(table, places.astype(np.int32, copy=False))

    def days(self, name: str) -> I64:
        """A column of dates as days; NO_DAY where empty, BAD_DAY where unreadable."""
        if name in self and pa.types.is_date32(self.table.schema.field(name).type):
            numbers = one_array(self.table.column(name)).cast(pa.int32())
            days: I64 = pc.fill_null(numbers.cast(pa.int64()), calendar.NO_DAY).to_numpy()
            return days

        def read(text: str) -> int:
            return parse_day(day_text(text)) if text else calendar.NO_DAY

        # BAD is the last day of 1969, on which people were born.
        return self.each(name, read, BAD_DAY)

    @cached_property
    def day(self) -> I32:
        """The dates of service; BAD_DAY where there is none."""
        kind = self.table.schema.field("date").type if "date" in self else None
        if kind == pa.date32() and not self.table.column("date").null_count:
            numbers: I32 = one_array(self.table.column("date")).cast(pa.int32()).to_numpy()
            return numbers
        return np.maximum(self.days("date"), BAD_DAY).astype(np.int32)

    @cached_property
    def dates(self) -> tuple[I64, I32]:
        """The different dates of service (and perhaps some between), and which each row has."""
        if not self.count:
            return np.zeros(0, np.int64), np.zeros(0, np.int32)
        first, last = int(self.day.min()), int(self.day.max())
        if last - first > self.count + FEW:
            some, places = np.unique(self.day, return_inverse=True)
            return some.astype(np.int64), places.astype(np.int32)
        return np.arange(first, last + 1), self.day - np.int32(first)

    @cached_property
    def month(self) -> I64:
        """The months of the dates of service, counted from year 0."""
        dates, at_date = self.dates
        return months_of(dates)[at_date]

    def fen(self, name: str) -> I64:
        """An amount in fen from `name` (yuan) or `name_fen`; ABSENT where empty, BAD_FEN if bad."""
        found = self.found_fen(name)
        return np.full(self.count, ABSENT, np.int64) if found is None else found

    def found_fen(self, name: str) -> I64 | None:
        """The same, None without such a column."""
        units = {name: "yuan", f"{name}_fen": "fen"}
        found = [self._fen(column, unit) for column, unit in units.items() if column in self]
        if not found:
            return None
        return found[0] if len(found) == 1 else np.where(found[0] == ABSENT, found[1], found[0])

    def _fen(self, column: str, unit: str) -> I64:
        array = one_array(self.table.column(column))
        if pa.types.is_integer(array.type):
            scale = 1 if unit == "fen" else 100
            numbers = array.cast(pa.int64())
            whole: I64 = (pc.fill_null(numbers, 0) if numbers.null_count else numbers).to_numpy()
            if whole.min(initial=0) >= 0 and whole.max(initial=0) <= MAX_FEN // scale:
                fen = whole if scale == 1 else whole * scale
            else:
                fen = np.where((whole < 0) | (whole > MAX_FEN // scale), BAD_FEN, whole * scale)
            if not numbers.null_count:
                return fen
            return np.where(numbers.is_valid().to_numpy(zero_copy_only=False), fen, ABSENT)
        if pa.types.is_dictionary(array.type):
            array = array.dictionary_decode()
        if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
            return self._fen_of_texts(array, column, unit)
        read = read_floats if pa.types.is_floating(array.type) else read_decimals
        if not (pa.types.is_floating(array.type) or pa.types.is_decimal(array.type)):
            return self._fen_of_values(array, column, unit)
        fen, read_well = read(array, unit)
        rest = np.flatnonzero(~read_well)
        if len(rest):
            fen[rest] = self._fen_of_values(array.take(pa.array(rest)), column, unit)
        return fen

    def _fen_of_values(self, array: pa.Array, column: str, unit: str) -> I64:
        texts = pa.array([text_of(value) for value in array.to_pylist()], pa.string())
        return self._fen_of_texts(texts, column, unit)

    def _fen_of_texts(self, array: pa.Array, column: str, unit: str) -> I64:
        trimmed = pc.fill_null(pc.utf8_trim_whitespace(array), "")
        simple = pc.match_substring_regex(trimmed, _YUAN if unit == "yuan" else r"^\d{1,12}$")
        figures = pc.if_else(simple, trimmed, "0")
        fen: I64
        if unit == "fen":
            fen = figures.cast(pa.int64()).to_numpy().copy()
        else:
            # A decimal is its number of hundredths in two halves of 64 bits.
            halves = figures.cast(pa.decimal128(18, 2)).buffers()[1]
            fen = np.frombuffer(halves, np.int64)[: 2 * len(figures) : 2].copy()
        for at in np.flatnonzero(~simple.to_numpy(zero_copy_only=False)):
            text = amount_text(trimmed[int(at)].as_py())
            fen[at] = ABSENT
            if text:
                try:
                    fen[at] = read_amount(column, text, unit)
                except Refusal:
                    fen[at] = BAD_FEN
        fen[fen > MAX_FEN] = BAD_FEN
        return fen

    @cached_property
    def starts(self) -> npt.NDArray[np.int8]:
        """One where a person begins."""
        array = one_array(self.table.column("person"))
        new = np.ones(self.count, np.int8)
        if pa.types.is_integer(array.type) and not array.null_count:
            numbers = array.to_numpy()
            new[1:] = numbers[1:] != numbers[:-1]
        else:
            codes = self.coded("person").codes
            new[1:] = codes[1:] != codes[:-1]
        return new

    def lacking(self, name: str) -> npt.NDArray[np.bool_]:
        """The rows where a column, which is there, is empty."""
        array = one_array(self.table.column(name))
        if not (pa.types.is_integer(array.type) and not array.null_count):
            coded = self.coded(name)
            empty = [n for n, text in enumerate(coded.texts) if not text]
            if self.used(name)[empty].any():
                return np.isin(coded.codes, empty)
        return np.zeros(self.count, bool)

    def faulty(self) -> npt.NDArray[np.bool_] | None:
        """The rows that cannot be used as their file was read, None if there are none."""
        if FAULT not in self:
            return None
        column = self.table.column(FAULT)
        if column.null_count == len(column):
            return None
        return np.asarray(column.is_valid().to_numpy())

    def rows(self, at: Iterable[int], names: Iterable[str]) -> Iterator[dict[str, str]]:
        """Some rows as texts, as a visit is read online."""
        kept = [name for name in names if name in self]
        kept += [FAULT] if FAULT in self else []
        found = self.table.select(kept).take(pa.array(list(at), pa.int64())).to_pylist()
        for row in found:
            yield {name: text for name, value in row.items() if (text := text_of(value))}


BAD_DAY = -(1 << 30)
"""A date that cannot be read."""
BAD_FEN = -2
"""An amount that cannot be read."""


@compiled
def _look_up(count: int, table: Row, places: Row, found: Row) -> None:
    """What a table has at each of so many places."""
    for i in range(count):
        found[i] = table[places[i]]


@compiled
def _range_of(count: int, size: int, bounds: Row, numbers: Row, found: Row) -> None:
    """How many of some bounds each number has reached; for a few hundred bounds no search is
    faster than to look at all."""
    for i in range(count):
        reached = 0
        for bound in range(size):
            reached += 1 if bounds[bound] <= numbers[i] else 0
        found[i] = reached


@compiled
def _mark(count: int, places: Row, used: Row) -> None:
    """Put a one wherever some place is."""
    for i in range(count):
        used[places[i]] = 1


@compiled
def _fallen(count: int, key: Row, tied: Row) -> int:
    """How many rows fall below the row before with which they are tied; equal ones stay tied."""
    fallen = 0
    for i in range(1, count):
        fallen += tied[i] & (1 if key[i] < key[i - 1] else 0)
        tied[i] = tied[i] & (1 if key[i] == key[i - 1] else 0)
    return fallen


@compiled
def _months(days: Any, made: Any) -> None:
    for i in range(len(days)):
        made[i] = calendar.month_of(days[i])


@compiled
def _ages(by_day: int, days: Any, born: Any, made: Any) -> None:
    for i in range(len(days)):
        if by_day:
            made[i] = calendar.age_by_day(days[i], born[i])
        else:
            made[i] = calendar.age_by_month(days[i], born[i])


@compiled
def _months_left(days: Any, approved: Any, made: Any) -> None:
    for i in range(len(days)):
        made[i] = calendar.months_left(days[i], approved[i])


@compiled
def periods(months: int, start: int, days: Any, made: Any) -> None:
    """The number of every day's period."""
    for i in range(len(days)):
        made[i] = calendar.period_number(months, start, days[i])


def marked(places: I32, size: int) -> npt.NDArray[np.bool_]:
    """Which of so many places there are."""
    used = np.zeros(size, np.int8)
    _mark(len(places), Row(places, "rows", True), Row(used, "used"))
    return used.view(np.bool_)


def rise(keys: Sequence[I32 | I64]) -> bool:
    """Whether rows already come in order of all keys (ties keep the file's order)."""
    count = len(keys[0])
    tied = Row(np.ones(count, np.int8), "tied")
    return not any(_fallen(count, Row(key, "rows", True), tied) for key in keys)


def at_places(table: I32, places: I32) -> I32:
    """What a table has at each place."""
    found = np.empty(len(places), np.int32)
    given = (Row(table, "rows", True), Row(places, "rows", True))
    _look_up(len(places), *given, Row(found, "found"))
    return found


def ranged(bounds: I64, numbers: I64) -> npt.NDArray[np.uint16]:
    """How many of some bounds each number has reached."""
    found = np.empty(len(numbers), np.uint16)
    given = (Row(bounds, "rows", True), Row(numbers, "rows", True))
    _range_of(len(numbers), len(bounds), *given, Row(found, "found"))
    return found


def months_of(days: I64) -> I64:
    """The month of every day."""
    made = np.empty(len(days), np.int64)
    _months(days, made)
    return made


def dated(columns: Columns, column: str) -> I64 | I32 | None:
    """A fact that varies with the date, as numbers; None for a fact that does not.

    Returns: BAD_DAY where a date it rests on cannot be read.
    """
    made = np.empty(columns.count, np.int64)
    if column in ("age", "age_by_day"):
        given = columns.days("birth_date")
        _ages(int(column == "age_by_day"), columns.day, given, made)
    elif column == "birth_date":
        given = columns.days(column)
        made[:] = np.where(given == calendar.NO_DAY, BAD_DAY, given)
    elif column == "months_left":
        given = columns.days("approval_date")
        _months_left(columns.day, given, made)
    elif column == "months_into_year":
        return columns.month % 12 + 1
    elif column == "months_into_quarter":
        return columns.month % 3 + 1
    elif column == "date":
        return columns.day
    else:
        return None
    made[given == BAD_DAY] = BAD_DAY
    return made
