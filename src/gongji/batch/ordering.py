"""Visits of any file by person, date, sequence and file order, in memory bounded by a chunk.

A file whose persons already come in order is streamed. Any other is first cut by person into ranges
that fit in memory (bounds from a sample of its persons), each range a file in a folder of its own,
and each range is sorted when its turn comes. Every table that comes out holds whole persons.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from math import prod
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from gongji.batch.columns import marked, ranged, rise
from gongji.tabular.cell_forms import narrow, plain, text_of

I64 = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.int32] | I64
Chunks = Callable[[list[str] | None], Iterator[pa.Table]]
"""A file's tables anew, with the columns named or all."""

Job = Callable[[], pa.Table]
T = TypeVar("T")

CHUNK_ROWS = 1 << 18
"""Rows of a chunk: what is in memory at a time, a few times over."""
RANGE_ROWS = 1 << 20
"""Rows of a range, about."""
SAMPLE = 1 << 12
"""Persons of a chunk sampled to bound the ranges."""
LARGE = 1 << 10
"""A dictionary with more values than this is no column of choices."""


class Unordered(Exception):
    """A file taken to be in order of persons is not."""


@dataclass(frozen=True)
class Survey:
    """What a look at a file told; that persons never fall is a guess until all is read."""

    ordered: bool
    count: int
    areas: tuple[str, ...]
    benefits: tuple[str, ...] | None


def survey(tables: Iterator[pa.Table]) -> Survey:
    """Whether persons never fall from row to row (where they are), how many rows, the areas and
    benefits (None without a column)."""
    ordered = True
    count = 0
    seen: dict[str, dict[str, None]] = {"area": {}, "benefit": {}}
    last: pa.Scalar | None = None
    for table in tables:
        if ordered and table.num_rows and "person" in table.column_names:
            ordered, last = _goes_on(table, last)
        count += table.num_rows
        for name, values in seen.items():
            if name in table.column_names:
                values |= dict.fromkeys(_values(table.column(name)))
    return Survey(ordered, count, tuple(seen["area"]), tuple(seen["benefit"]) or None)


def _goes_on(table: pa.Table, last: pa.Scalar | None) -> tuple[bool, pa.Scalar]:
    """Whether a table's persons do not fall, after the last one before; and its last."""
    array = _plain(table.column("person"))
    fell = last is not None and pc.less(array[0], last).as_py() is not False
    return not fell and not _falls(array), array[-1]


def _values(column: pa.ChunkedArray) -> list[str]:
    """The different texts of a column."""
    found = []
    for chunk in column.chunks:
        if pa.types.is_dictionary(chunk.type):
            codes = chunk.indices.drop_null().cast(pa.int32()).to_numpy()
            used = np.flatnonzero(marked(codes, len(chunk.dictionary)))
            values = chunk.dictionary.take(pa.array(used)).to_pylist()
            values += [None] * min(chunk.null_count, 1)
        else:
            values = pc.unique(chunk).to_pylist()
        found += [plain(text_of(value)) for value in values]
    return found


def sampled(tables: Iterator[pa.Table]) -> pa.Array:
    """Some persons from all over a file."""
    rng = np.random.default_rng(0)
    found = []
    for table in tables:
        array = _plain(table.column("person"))
        places = rng.integers(0, max(len(array), 1), min(len(array), SAMPLE))
        found.append(array.take(pa.array(places)))
    return pa.concat_arrays(found).drop_null() if found else pa.array([], pa.string())


def _plain(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    array = column
    if isinstance(column, pa.ChunkedArray):
        # One chunk is taken as it is, not copied.
        chunks = column.chunks or [pa.array([], column.type)]
        array = chunks[0] if len(chunks) == 1 else pa.concat_arrays(chunks)
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def _falls(array: pa.Array) -> bool:
    if array.null_count:
        # A person that is missing is in no order, and would hide a fall.
        return True
    if pa.types.is_integer(array.type) and not array.null_count:
        numbers = array.to_numpy()
        return bool((numbers[1:] < numbers[:-1]).any())
    return bool(pc.any(pc.less(array[1:], array[:-1])).as_py())


def in_order(chunks: Chunks, found: Survey, columns: list[str], folder: Path) -> Iterator[Job]:
    """Jobs that each give a table of whole persons by person, date, sequence and file row.

    Shape:   the tables of `chunks` have `person` (whole numbers or text) and ROW; `columns` are
             those that order a person's visits (`date`, `sequence`).
    Ensures: the jobs come in the order of persons and may run side by side; each removes what was
             written to `folder` for it. Unordered is raised if `found` was wrong about the order.
    """
    if found.ordered or found.count <= CHUNK_ROWS:
        tables = _rising(chunks(None)) if found.ordered else iter([pa.concat_tables(chunks(None))])
        for table in tables if not found.ordered else whole_persons(tables):
            yield partial(_sorted, table, columns, found.ordered)
        return
    persons = sampled(chunks(["person"]))
    for path in _ranges(chunks, persons, -(-found.count // RANGE_ROWS), folder):
        yield partial(_sorted_range, path, columns)


def _rising(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    last: pa.Scalar | None = None
    for table in tables:
        if table.num_rows:
            rises, last = _goes_on(table, last)
            if not rises:
                raise Unordered
        yield table


def _sorted_range(path: Path, columns: list[str]) -> pa.Table:
    with pa.memory_map(str(path)) as source:
        table = _sorted(pa.ipc.open_stream(source).read_all(), columns, False)
    path.unlink()
    return table


def whole_persons(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """The same rows, cut only between persons."""
    rest: pa.Table | None = None
    for table in tables:
        if rest is not None and rest.num_rows:
            table = pa.concat_tables([rest, table], promote_options="default")
        if not table.num_rows:
            continue
        cut = _last_person(table.column("person"))
        rest = table.slice(cut)
        if cut:
            yield table.slice(0, cut)
    if rest is not None and rest.num_rows:
        yield rest


def _last_person(column: pa.ChunkedArray) -> int:
    array = _plain(column)
    step = 64
    while step < len(array):
        tail = array.slice(len(array) - step)
        same = _equal(tail, array[-1])
        if not same[0]:
            return len(array) - step + int(np.flatnonzero(~same)[-1]) + 1
        step *= 8
    same = _equal(array, array[-1])
    others = np.flatnonzero(~same)
    return int(others[-1]) + 1 if len(others) else 0


def _equal(array: pa.Array, value: pa.Scalar) -> npt.NDArray[np.bool_]:
    """Where a value stands; what is missing equals what is missing."""
    same = pc.equal(array, value) if value.is_valid else array.is_null()
    found: npt.NDArray[np.bool_] = pc.fill_null(same, False).to_numpy(zero_copy_only=False)
    return found


def _codes(array: pa.Array) -> Numbers:
    """Whole numbers in the order of an array's values; what is missing comes first."""
    numbers: Numbers
    if pa.types.is_integer(array.type) and not array.null_count:
        numbers = array.to_numpy().astype(np.int64, copy=False)
        return numbers
    if pa.types.is_date(array.type):
        days = array.cast(pa.date32()).cast(pa.int32())
        numbers = pc.fill_null(days, np.iinfo(np.int32).min).to_numpy()
        return numbers
    encoded = array.dictionary_encode()
    order = pc.sort_indices(encoded.dictionary).to_numpy()
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    codes = pc.fill_null(encoded.indices, -1).to_numpy()
    return np.where(codes < 0, -1, rank[codes] if len(rank) else -1)


def _turns(array: pa.Array) -> Numbers:
    """The numbers of a sequence, also where they are text (10 after 9); no number comes last."""
    if pa.types.is_integer(array.type) and not array.null_count:
        return _codes(array)
    encoded = array.dictionary_encode()
    texts = [narrow(text_of(value)) for value in encoded.dictionary.to_pylist()]
    last = np.iinfo(np.int64).max
    turns = [_turn(text, last) for text in texts]
    codes = pc.fill_null(encoded.indices, len(texts)).to_numpy()
    numbers: I64 = np.array([*turns, last], np.int64)[codes]
    return numbers


def _turn(text: str, last: int) -> int:
    number = text.isascii() and text.isdigit() and len(text) < 19
    return int(text) if number else last


def sort(table: pa.Table, columns: list[str]) -> pa.Table:
    """A table by person and `columns`, ties as they stand."""
    return _sorted(table, columns, True)


def _sorted(table: pa.Table, columns: list[str], maybe: bool) -> pa.Table:
    table = table.unify_dictionaries().combine_chunks()
    keys = [
        (_turns if name == "sequence" else _codes)(_plain(table.column(name)))
        for name in ("person", *columns)
    ]
    if maybe and rise(keys):
        return table
    return table.take(pa.array(_order(keys)))


def _order(keys: list[Numbers]) -> I64:
    """The places of rows in the order of all keys, then as they stand.

    Ensures: one number is sorted for each row if the keys fit into it, which is much faster.
    """
    count = len(keys[0])
    packed = np.zeros(count, np.int64)
    spans = []
    for key in (*keys, np.arange(count)):
        least = int(key.min(initial=0))
        spans.append((key, least, int(key.max(initial=0)) - least + 1))
    if prod(span for _, _, span in spans) >= 1 << 63:
        return np.lexsort(keys[::-1])  # It keeps ties as they stand.
    for key, least, span in spans:
        packed *= span
        packed += key
        packed -= least
    packed.sort()
    packed %= max(count, 1)
    return packed


def _ranges(chunks: Chunks, sample: pa.Array, count: int, folder: Path) -> list[Path]:
    """The file cut by person into so many ranges, each a file."""
    order = sample.take(pc.sort_indices(sample))
    places = (np.arange(1, count) * len(order)) // count
    bounds = pc.unique(order.take(pa.array(places if len(order) else places[:0])))
    paths = [folder / f"{number:05d}.arrow" for number in range(len(bounds) + 1)]
    writers: dict[int, pa.ipc.RecordBatchStreamWriter] = {}
    for table, ends in side_by_side(
        partial(_gathered, t, bounds) for t in _undictionaried(chunks(None))
    ):
        for number, end in enumerate(ends):
            start = int(ends[number - 1]) if number else 0
            if end == start:
                continue
            part = table.slice(start, int(end) - start)
            if number not in writers:
                writers[number] = pa.ipc.new_stream(str(paths[number]), part.schema)
            writers[number].write_table(part)
    for writer in writers.values():
        writer.close()
    return [path for path in paths if path.exists()]


def _gathered(table: pa.Table, bounds: pa.Array) -> tuple[pa.Table, I64]:
    """A table's rows by range, and where each range ends."""
    numbers = _range_of(_plain(table.column("person")), bounds)
    gathered = table.combine_chunks().take(pa.array(np.argsort(numbers, kind="stable")))
    return gathered, np.cumsum(np.bincount(numbers, minlength=len(bounds) + 1))


def ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items, the next one made while one is used."""
    end = object()
    with ThreadPoolExecutor(1) as pool:
        waiting: Future[Any] = pool.submit(next, items, end)
        while (item := waiting.result()) is not end:
            waiting = pool.submit(next, items, end)
            yield item


def side_by_side(jobs: Iterable[Callable[[], T]], workers: int = 2) -> Iterator[T]:
    """The results of jobs in their order, a few of them running at a time."""
    waiting: deque[Future[T]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for job in jobs:
                waiting.append(pool.submit(job))
                if len(waiting) > workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _undictionaried(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Tables with the values of large dictionaries, which would be written with every part."""
    schema: pa.Schema | None = None
    for table in tables:
        if schema is None:
            schema = table.schema
            for number, item in enumerate(schema):
                if pa.types.is_dictionary(item.type) and _large(table.column(number)):
                    schema = schema.set(number, pa.field(item.name, item.type.value_type))
        yield table.cast(schema)


def _large(column: pa.ChunkedArray) -> bool:
    return any(len(chunk.dictionary) > LARGE for chunk in column.chunks)


def _range_of(array: pa.Array, bounds: pa.Array) -> npt.NDArray[np.uint16]:
    if pa.types.is_integer(array.type) and not array.null_count:
        persons = array.to_numpy().astype(np.int64, copy=False)
        return ranged(bounds.to_numpy().astype(np.int64), persons)
    encoded = array.dictionary_encode()
    names = np.array(bounds.to_pylist(), object)
    values = np.array(encoded.dictionary.to_pylist(), object)
    of_value = np.searchsorted(names, values, side="right").astype(np.uint16)
    codes = pc.fill_null(encoded.indices, 0).to_numpy()
    return of_value[codes] if len(of_value) else np.zeros(len(array), np.uint16)
