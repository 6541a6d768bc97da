"""Files of rows as Arrow tables of texts in their normal form, piece by piece: the fast way.

Each table has the numbers of its rows in ROW, and in FAULT why a row cannot be used: a cell of the
wrong type, a row of the wrong width. Who settles or prices rows tells these beside its own. What is
plain already, as nearly everything in a large file is, is seen to be so without touching each text.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gongji.refusals import Refusal
from gongji.tabular.cell_forms import (
    COLUMN_FORMS,
    MOST_DIGITS,
    NO_NUMBER,
    NORMAL,
    SPOILT_SIGNS,
    Form,
    column_name,
    spoilt,
    text_of,
)
from gongji.tabular.csv_files import arrow_pieces, read_head
from gongji.tabular.header_rows import TablePlace, check_header
from gongji.tabular.sheets import ending_of, guarded
from gongji.tabular.workbooks import Record, Texts, open_book

ROW = "row_number"
"""The column that says where a row stood: rows are counted from 1 below the header. Lines without
anything do not count; rows without anything count, but are passed over."""
FAULT = "row_fault"
"""The column that says why a row cannot be used; nothing where it can."""
CHUNK_ROWS = 1 << 18
_SHEET_ROWS = 1 << 16
_EIGHT_HOURS = 8 * 3600
TEXT_FACTS = ("disease", "drug", "registered_diseases")
"""Columns of free texts that meters are kept by: what is lost there is told too."""
_LABELS = re.compile(r"__index_level_[0-9]+__")
_SECONDS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def fault_text(column: str, reason: str, code: str = "cell_unreadable") -> str:
    """A fault as the column FAULT holds it."""
    return json.dumps([code, column, reason], ensure_ascii=False)


def refusal_of_fault(text: str) -> Refusal:
    """The refusal of a row that has a fault."""
    code, column, reason = json.loads(text)
    return Refusal(code, column, {"reason": reason})


def record_fault(record: Record) -> str | None:
    """What is wrong with a row; of several things the first."""
    return fault_text(*record.problems[0]) if record.problems else None


def numbered(table: pa.Table, first: int) -> pa.Table:
    """A table with ROW and without a fault."""
    numbers = np.arange(first, first + table.num_rows, dtype=np.int64)
    none = pa.nulls(table.num_rows, pa.string())
    return table.append_column(ROW, pa.array(numbers)).append_column(FAULT, none)


def records_table(records: Sequence[Record], columns: Texts, names: Sequence[str]) -> pa.Table:
    """Rows as a table of some of their columns."""
    width = len(columns)
    padded = [(*record.cells, *("",) * width)[:width] for record in records]
    places = [columns.index(name) for name in names]
    arrays = [pa.array([row[place] for row in padded], pa.string()) for place in places]
    numbers = pa.array([record.number for record in records], pa.int64())
    faults = pa.array([record_fault(record) for record in records], pa.string())
    return pa.table([*arrays, numbers, faults], names=[*names, ROW, FAULT])


def column_names(path: Path, place: TablePlace | None = None) -> list[str]:
    """The names of a file's columns.

    Refuses: value_invalid for a file of another kind; file_unreadable; header_invalid.
    """
    ending = ending_of(path, "文件")
    place = place or TablePlace()

    def read() -> Iterator[list[str]]:
        if ending == ".parquet":
            names = [ours for ours, _ in own_names(pq.read_schema(path).names)]
            check_header(path, names)
            yield names
        elif ending == ".csv":
            yield list(read_head(path, place.header_row).columns)
        else:
            sheet = open_book(path).one(place)
            sheet.check()
            yield list(sheet.columns)

    return next(guarded(path, read()))


def own_names(given: Sequence[str]) -> list[tuple[str, str]]:
    """The columns of a Parquet file by their names as they are looked for, and as they stand there;
    without the numbers that pandas gives to rows."""
    return [(column_name(name), name) for name in given if not _LABELS.fullmatch(name)]


def read_tables(
    path: Path,
    names: Sequence[str],
    place: TablePlace | None = None,
    blanks: bool = False,
    rows: int = CHUNK_ROWS,
) -> Iterator[pa.Table]:
    """The tables of a file with some of its columns, then ROW and FAULT.

    Shape:   with `blanks` rows without anything stay, for who reads only some columns; of a Parquet
             file so many `rows` at a time. ROW among `names` is the file's own.
    Refuses: as `column_names`; file_unreadable further down.
    """
    ending = ending_of(path, "文件")
    place = place or TablePlace()
    kept = list(names)
    makers: dict[str, Callable[[], Iterator[pa.Table]]] = {
        ".csv": lambda: arrow_pieces(read_head(path, place.header_row), kept),
        ".parquet": lambda: _parquet(path, kept, rows),
        ".xlsx": lambda: _excel(path, kept, place),
    }
    for table in guarded(path, makers[ending]()):
        made = normal(table)
        yield made if blanks else without_blank_rows(made)


def _excel(path: Path, names: list[str], place: TablePlace) -> Iterator[pa.Table]:
    sheet = open_book(path).one(place)
    sheet.check()
    forms = [COLUMN_FORMS.get(c, "text") if c in names else None for c in sheet.columns]
    rows = sheet.records(forms)
    empty = True
    while chunk := list(islice(rows, _SHEET_ROWS)):
        empty = False
        yield records_table(chunk, sheet.columns, names)
    if empty:
        yield records_table([], sheet.columns, names)


def _parquet(path: Path, names: list[str], rows: int) -> Iterator[pa.Table]:
    given = pq.read_schema(path)
    # What comes again and again is read as the numbers of its values.
    texts = [f.name for f in given if pa.types.is_string(f.type) and _comes_again(f.name)]
    stripped = dict(own_names(given.names))
    own = ROW in names
    # Otherwise what was read before stays in memory.
    reading = {"pre_buffer": False, "buffer_size": 1 << 20}
    with pq.ParquetFile(path, read_dictionary=texts, **reading) as file:
        done = 0
        for batch in file.iter_batches(rows, columns=[stripped[name] for name in names]):
            table = pa.Table.from_batches([batch])
            table = table.select([stripped[name] for name in names]).rename_columns(names)
            if not own:
                numbers = np.arange(done + 1, done + 1 + table.num_rows, dtype=np.int64)
                table = table.append_column(ROW, pa.array(numbers))
            done += table.num_rows
            yield table


def _comes_again(name: str) -> bool:
    """Whether a column's texts come again and again, as keys of persons and visits do not."""
    return name not in ("person", "visit", "sequence", FAULT)


def normal(table: pa.Table) -> pa.Table:
    """A table whose keys, days and months are in their normal form; other columns as they are.

    Ensures: a key that has lost its end, or a text that is an error of a spreadsheet, is a fault of
             its row.
    Refuses: value_invalid for a column of a type that is no text, number or date.
    """
    for place, name in enumerate(table.column_names):
        given = table.column(name)
        column = made = readable(name, given)
        form = COLUMN_FORMS.get(name)
        if form == "key" and pa.types.is_boolean(column.type):
            raise _of_no_use(name, column.type)
        if form is not None:
            made = normal_column(column, form)
        if made is not given:
            table = table.set_column(place, name, made)
        if form == "key" and pa.types.is_floating(column.type):
            table = _long_numbers(table, name, column)
        elif form == "key" or name in TEXT_FACTS:
            table = _spoilt_texts(table, name, made, form or "text")
    return table


def readable(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of a type that cells can have: bytes as their text, short floats as written.

    Refuses: value_invalid.
    """
    kind = column.type
    if pa.types.is_float32(kind) or pa.types.is_float16(kind):
        # A short float is the decimal that it was made of: 99.9, not 99.9000015258789.
        told = [None if v.as_py() is None else float(str(v.as_py())) for v in column.cast("string")]
        return pa.chunked_array([pa.array(told, pa.float64())])
    if kind == pa.uint64() and (pc.max(column).as_py() or 0) >= 1 << 63:
        return column.cast(pa.decimal128(20, 0))
    if _is_bytes(kind):
        try:
            return column.cast(pa.binary()).cast(pa.string())
        except pa.ArrowInvalid:
            pass
    elif not (pa.types.is_nested(kind) or pa.types.is_time(kind) or pa.types.is_duration(kind)):
        return column
    raise _of_no_use(name, kind)


def _of_no_use(name: str, kind: pa.DataType) -> Refusal:
    allowed = "文本（UTF-8）、数字、日期"
    return Refusal("value_invalid", name, {"value": f"类型 {kind}", "allowed": allowed})


def _is_bytes(kind: pa.DataType) -> bool:
    return any(
        is_one(kind)
        for is_one in (
            pa.types.is_binary,
            pa.types.is_large_binary,
            pa.types.is_binary_view,
            pa.types.is_fixed_size_binary,
        )
    )


def _spoilt_texts(table: pa.Table, name: str, column: pa.ChunkedArray, form: Form) -> pa.Table:
    """A table whose rows have a fault where a spreadsheet has lost the text of a column."""
    found = [_spoilt(chunk, name, form) for chunk in column.chunks]
    if not any(chunk.null_count < len(chunk) for chunk in found):
        return table
    return _with_faults(table, pa.chunked_array(found, pa.string()))


def _spoilt(chunk: pa.Array, name: str, form: Form) -> pa.Array:
    """Why each text of a chunk is of no use."""
    texts = chunk.dictionary if pa.types.is_dictionary(chunk.type) else chunk
    signs = _signs(texts) if pa.types.is_string(texts.type) else np.empty(0, np.uint8)
    if not any((signs == ord(sign)).any() for sign in SPOILT_SIGNS):
        return pa.nulls(len(chunk), pa.string())
    encoded = chunk if texts is not chunk else chunk.dictionary_encode()
    why = [spoilt(text or "", form) for text in encoded.dictionary.to_pylist()]
    told = pa.array([fault_text(name, one) if one else None for one in why], pa.string())
    return told.take(encoded.indices)


def _long_numbers(table: pa.Table, name: str, column: pa.ChunkedArray) -> pa.Table:
    reason = f"超过 {MOST_DIGITS} 位的数字存成浮点数后末几位已经失真；请存为文本"
    lost = pc.fill_null(pc.greater_equal(pc.abs(column), float(10**MOST_DIGITS)), False)
    none = pc.fill_null(pc.invert(pc.is_finite(column)), False)
    said = pc.case_when(
        pc.make_struct(none, lost),
        pa.scalar(fault_text(name, NO_NUMBER)),
        pa.scalar(fault_text(name, reason)),
    )
    return _with_faults(table, said)


def _with_faults(table: pa.Table, said: pa.ChunkedArray) -> pa.Table:
    """A table with further faults of its rows; the first of a row stays."""
    if FAULT in table.column_names:
        place = table.column_names.index(FAULT)
        said = pc.coalesce(table.column(FAULT), said)
        return table.set_column(place, FAULT, said)
    return table.append_column(FAULT, said)


def normal_column(column: pa.ChunkedArray, form: Form) -> pa.ChunkedArray:
    """A column in the normal form; the very same where it has it already."""
    kind = column.type
    if form == "day" and pa.types.is_timestamp(kind):
        return days_in_china(column)
    if form == "day" and pa.types.is_date64(kind):
        return column.cast(pa.date32())
    if pa.types.is_integer(kind) or pa.types.is_date(kind) or pa.types.is_null(kind):
        return column
    if pa.types.is_dictionary(kind):
        return _normal_dictionary(column, form)
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        column = column.cast(pa.string())
    elif not pa.types.is_string(kind):
        texts = pa.array([text_of(value) for value in column.to_pylist()], pa.string())
        return pa.chunked_array([texts])
    chunks = [_normal_texts(chunk, form) for chunk in column.chunks]
    if all(new is old for new, old in zip(chunks, column.chunks, strict=True)):
        return column
    return pa.chunked_array(chunks, pa.string())


def _normal_dictionary(column: pa.ChunkedArray, form: Form) -> pa.ChunkedArray:
    """A column read as the numbers of its values: only these are looked at."""
    read = NORMAL[form]
    for chunk in column.chunks:
        values = chunk.dictionary.to_pylist()
        if any(isinstance(value, str) and read(value) != value for value in values):
            decoded = (one.dictionary_decode().cast(pa.string()) for one in column.chunks)
            return pa.chunked_array([_normal_texts(o, form).dictionary_encode() for o in decoded])
    return column


def _normal_texts(array: pa.Array, form: Form) -> pa.Array:
    if form == "key" and _is_plain(array):
        return array
    encoded = array.dictionary_encode()
    read = NORMAL[form]
    values = encoded.dictionary.to_pylist()
    made = [read(value) for value in values]
    if made == values:
        return array
    return pa.array(made, pa.string()).take(encoded.indices)


def _is_plain(array: pa.Array) -> bool:
    """Whether no text has a blank, a mark that a text follows, or anything outside ASCII.

    Shape:   seen from all their bytes at once.
    """
    signs = _signs(array)
    if not signs.size:
        return True
    if int(signs.min()) <= ord(" ") or int(signs.max()) >= 127:
        return False
    return not any((signs == ord(mark)).any() for mark in "='")


def _signs(array: pa.Array) -> npt.NDArray[np.uint8]:
    """All the bytes of an array's texts."""
    _, ends, held = array.buffers()
    if held is None or not len(array):
        return np.empty(0, np.uint8)
    offsets = np.frombuffer(ends, np.int32)[array.offset : array.offset + len(array) + 1]
    return np.frombuffer(held, np.uint8)[offsets[0] : offsets[-1]]


def days_in_china(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Timestamps as days of China; without a zone they are meant there."""
    unit = _SECONDS[column.type.unit]
    ahead = _EIGHT_HOURS * unit if column.type.tz else 0
    whole = column.combine_chunks().cast(pa.int64())
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.concat_arrays(whole.chunks)
    counted = pc.fill_null(whole, 0).to_numpy() + ahead
    days = np.floor_divide(counted, 86_400 * unit).astype(np.int32)
    mask = whole.is_null().to_numpy(zero_copy_only=False)
    return pa.chunked_array([pa.array(days, pa.int32(), mask=mask).cast(pa.date32())])


def without_blank_rows(table: pa.Table) -> pa.Table:
    """The rows that have anything in any column."""
    blank: Any = None
    # The keys are in their normal form: an empty one is empty.
    for name in sorted(table.column_names, key=lambda name: name not in COLUMN_FORMS):
        if name == ROW:
            continue
        if _has_none_empty(table.column(name), name in COLUMN_FORMS):
            return table
        here = _empty(table.column(name), name in COLUMN_FORMS)
        blank = here if blank is None else pc.and_(blank, here)
        if not pc.any(blank).as_py():
            return table
    return table if blank is None else table.filter(pc.invert(blank))


def _has_none_empty(column: pa.ChunkedArray, trimmed: bool) -> bool:
    """Whether it is seen without looking at each value that none is empty."""
    if column.null_count or not len(column):
        return False
    texts = pa.types.is_string(column.type)
    return not _textual(column.type) or bool(
        trimmed and texts and pc.min(pc.binary_length(column)).as_py()
    )


def _empty(column: pa.ChunkedArray, trimmed: bool) -> pa.ChunkedArray:
    """Where a column has nothing."""
    if not _textual(column.type):
        return column.is_null()
    if pa.types.is_dictionary(column.type):
        column = column.cast(pa.string())
    texts = column if trimmed else pc.utf8_trim_whitespace(column)
    return pc.fill_null(pc.equal(pc.binary_length(texts), 0), True)


def _textual(kind: pa.DataType) -> bool:
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(value) or pa.types.is_large_string(value))
