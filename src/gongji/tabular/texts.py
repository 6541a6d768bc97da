"""Tables as text: a CSV, Parquet or Excel file, or a frame, read without guessing any type.

Every cell is text until the column that it stands in says what it is, so that an item `007` stays
one and an amount is never a float.
"""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pyarrow as pa

from gongji.refusals import Refusal
from gongji.tabular.arrow_tables import (
    FAULT,
    ROW,
    column_names,
    days_in_china,
    normal,
    read_tables,
    refusal_of_fault,
    without_blank_rows,
)
from gongji.tabular.cell_forms import column_name, text_of
from gongji.tabular.header_rows import TablePlace, check_header
from gongji.tabular.sheets import kept_open

__all__ = ["FAULT", "ROW", "fault_of", "faults_of", "read_slices", "read_texts", "without_faults"]


def read_texts(source: Path | pl.DataFrame, place: TablePlace | None = None) -> pl.DataFrame:
    """Every column as text without outer blanks, nothing where a cell is empty, and ROW.

    Shape:   FAULT says of rows that cannot be used why; the column is there only if one is. ROW of
             a Parquet file that has it is the file's own.
    Refuses: value_invalid for another kind of file; file_unreadable; header_invalid.
    """
    if isinstance(source, pl.DataFrame):
        table = source.rename({name: column_name(name) for name in source.columns})
        table = table.drop(ROW, FAULT, strict=False).with_row_index(ROW, offset=1)
        pieces = [_texts(without_blank_rows(normal(table.to_arrow())))]
    else:
        pieces = [_texts(table) for table in _read(source, place)]
    frame = pl.concat(pieces)
    return frame if frame[FAULT].count() else frame.drop(FAULT)


def read_slices(
    path: Path, key: str, at_once: int, place: TablePlace | None = None
) -> Iterator[pl.DataFrame]:
    """A file as texts in slices of about so many rows, the rows of one key in the same slice.

    Refuses: what `read_texts` refuses.
    """
    with kept_open(path):
        names = column_names(path, place)
        rows = sum(len(table) for table in read_tables(path, names[:1], place, blanks=True))
        count = -(-rows // at_once)
        if count < 2 or key not in names:
            yield read_texts(path, place)
            return
        slice_ = pl.col(key).hash() % count
        for number in range(count):
            pieces = (_texts(table) for table in read_tables(path, names, place))
            frame = pl.concat([piece.filter(slice_.fill_null(0) == number) for piece in pieces])
            yield frame if frame[FAULT].count() else frame.drop(FAULT)


def _read(path: Path, place: TablePlace | None) -> Iterator[pa.Table]:
    with kept_open(path):
        names = column_names(path, place)
        check_header(path, names)
        empty = pa.table({name: pa.array([], pa.string()) for name in names if name != ROW})
        yield empty.append_column(ROW, pa.array([], pa.int64()))
        yield from read_tables(path, names, place)


def _texts(table: pa.Table) -> pl.DataFrame:
    """A table as a frame of texts."""
    made = {}
    for name in table.column_names:
        column = table.column(name)
        if name != ROW:
            column = _as_text(column)
        made[name] = column
    if FAULT not in made:
        made[FAULT] = pa.chunked_array([pa.nulls(table.num_rows, pa.string())])
    frame = pl.DataFrame(pl.from_arrow(pa.table(made)))
    text = pl.col(pl.String).str.strip_chars()
    frame = frame.with_columns(pl.when(text != "").then(text), pl.col(ROW).cast(pl.Int64))
    names = [name for name in frame.columns if name not in (ROW, FAULT)]
    return frame.select(ROW, *names, FAULT)


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return column.cast(pa.string())
    if pa.types.is_timestamp(kind):
        return days_in_china(column).cast(pa.string())
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        texts = [None if value is None else text_of(value) for value in column.to_pylist()]
        return pa.chunked_array([pa.array(texts, pa.string())])
    return column.cast(pa.string())


def fault_of(text: str | None) -> Refusal | None:
    """The refusal of a row that has a fault."""
    return refusal_of_fault(text) if text else None


def faults_of(frame: pl.DataFrame) -> list[tuple[int, Refusal]]:
    """The rows of a frame that cannot be used, and why."""
    if FAULT not in frame.columns:
        return []
    rows = frame.filter(pl.col(FAULT).is_not_null()).select(ROW, FAULT).iter_rows()
    return [(number, refusal_of_fault(text)) for number, text in rows]


def without_faults(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows of a frame that can be used."""
    return frame.filter(pl.col(FAULT).is_null()).drop(FAULT) if FAULT in frame.columns else frame
