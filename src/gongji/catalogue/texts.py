"""Tables as text: a CSV, Parquet or Excel file, or a frame, read without guessing any type.

Every cell is text until the column that it stands in says what it is, so that an item `007` stays
one and an amount is never a float. This module knows no column.
"""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from gongji.errors import Refusal

KINDS = (".csv", ".parquet", ".xlsx", ".xls", ".ods")
ROW = "row"
"""The column that says where a row stood: the line of a text file or sheet, counted with its
header; in a Parquet file or a frame the number of the row."""


def read_texts(source: Path | pl.DataFrame) -> pl.DataFrame:
    """Every column as text without outer blanks, nothing where a cell is empty, and `row`.

    Refuses: value_invalid for another kind of file, or one that cannot be read.
    """
    if isinstance(source, pl.DataFrame):
        frame, first = source, 1
    elif source.suffix.lower() == ".parquet":
        frame, first = _guard(source, pl.read_parquet), 1
    elif source.suffix.lower() == ".csv":
        frame, first = _guard(source, _read_csv), 2
    elif source.suffix.lower() in KINDS:
        frame, first = _guard(source, _read_sheet), 2
    else:
        values = {"value": source.name, "allowed": "、".join(KINDS)}
        raise Refusal("value_invalid", "文件", values)
    frame = frame.rename({name: name.strip() for name in frame.columns}).drop(ROW, strict=False)
    text = pl.all().cast(pl.String).str.strip_chars()
    texts = frame.select(pl.when(text != "").then(text))
    return texts.with_row_index(ROW, offset=first).with_columns(pl.col(ROW).cast(pl.Int64))


def read_slices(path: Path, key: str, at_once: int) -> Iterator[pl.DataFrame]:
    """A file as texts in slices of about so many rows, the rows of one key in the same slice.

    Refuses: what `read_texts` refuses.
    """
    csv = path.suffix.lower() == ".csv"
    try:
        scanned = pl.scan_csv(path, infer_schema=False) if csv else pl.scan_parquet(path)
        whole = scanned.drop(ROW, strict=False).with_row_index(ROW, offset=2 if csv else 1)
        rows = whole.select(pl.len()).collect().item()
        names = whole.collect_schema().names()
    except (OSError, pl.exceptions.PolarsError):
        rows, names = 0, []
    count = -(-rows // at_once)
    if count < 2 or key not in names:
        # Small, a sheet, in another encoding or with a fault: read whole, which says what it is.
        yield read_texts(path)
        return
    slice_ = pl.col(key).cast(pl.String).str.strip_chars().hash() % count
    for number in range(count):
        frame = whole.filter(slice_.fill_null(0) == number).collect(engine="streaming")
        yield read_texts(frame.drop(ROW)).with_columns(frame[ROW].cast(pl.Int64))


def _guard(path: Path, read: Any) -> pl.DataFrame:
    """What a reader makes of a file; what it cannot read is a refusal."""
    try:
        frame: pl.DataFrame = read(path)
    except Exception as error:  # Each library has its own errors for a broken file.
        values = {"value": path.name, "allowed": f"完好的 {path.suffix} 文件（{error}）"}
        raise Refusal("value_invalid", "文件", values) from None
    return frame


def _read_csv(path: Path) -> pl.DataFrame:
    """A CSV file in UTF-8 (with or without its mark) or, as spreadsheets write it, in GB 18030."""
    try:
        return pl.read_csv(path, infer_schema=False)
    except pl.exceptions.ComputeError:
        decoded = path.read_bytes().decode("gb18030")
        return pl.read_csv(decoded.encode(), infer_schema=False)


def _read_sheet(path: Path) -> pl.DataFrame:
    from python_calamine import CalamineWorkbook

    header, *rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    names = [_cell(name) for name in header]
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    cells = {
        name: [_cell(cell) for cell in column]
        for name, column in zip(names, columns, strict=True)
        if name
    }
    return pl.DataFrame(cells, schema=dict.fromkeys(cells, pl.String))


def _cell(value: object) -> str:
    """A cell of a sheet as it would be written: whole numbers without decimals, ISO dates."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, date):
        return value.isoformat()
    return str(value).lower() if isinstance(value, bool) else str(value)
