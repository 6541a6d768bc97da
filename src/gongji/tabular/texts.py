"""Tables as text: a CSV, Parquet or Excel file, or a frame, read without guessing any type.

Every cell is text until the column that it stands in says what it is, so that an item `007` stays
one and an amount is never a float. This module knows no column.
"""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from gongji.refusals import Refusal
from gongji.tabular.sheets import Sheet, check_header, excel_rows, unreadable

KINDS = (".csv", ".parquet", ".xlsx", ".xls", ".ods")
ROW = "row_number"
"""The column that says where a row stood: rows are counted from 1, without the header and without
lines that are blank, as `gongji adjudicate` counts them."""
_BLOCK = 1 << 24


def read_texts(source: Path | pl.DataFrame) -> pl.DataFrame:
    """Every column as text without outer blanks, nothing where a cell is empty, and ROW.

    Refuses: value_invalid for another kind of file; file_unreadable; header_invalid.
    """
    if isinstance(source, pl.DataFrame):
        return _numbered(_as_texts(source))
    ending = source.suffix.lower()
    if ending not in KINDS:
        values = {"value": source.name, "allowed": "、".join(KINDS)}
        raise Refusal("value_invalid", "文件", values)
    try:
        if ending in (".csv", ".parquet"):
            frame = pl.concat(list(_pieces(source)))
        else:
            frame = _as_texts(_read_sheet(source))
    except (OSError, Refusal):
        raise
    except Exception as error:  # Each library has its own errors for a broken file.
        raise unreadable(source, error) from None
    return _numbered(frame)


def read_slices(path: Path, key: str, at_once: int) -> Iterator[pl.DataFrame]:
    """A file as texts in slices of about so many rows, the rows of one key in the same slice.

    Refuses: what `read_texts` refuses.
    """
    rows, names = 0, []
    if path.suffix.lower() in (".csv", ".parquet"):
        try:
            for piece in _pieces(path):
                rows, names = rows + len(piece), piece.columns
        except (OSError, ValueError):
            rows = 0
    count = -(-rows // at_once)
    if count < 2 or key not in names:
        # Small, a sheet or with a fault: read whole, which says what it is.
        yield read_texts(path)
        return
    slice_ = pl.col(key).hash() % count
    for number in range(count):
        start, kept = 1, []
        for piece in _pieces(path):
            numbered = _numbered(piece, start)
            start += len(piece)
            kept.append(numbered.filter(slice_.fill_null(0) == number))
        yield pl.concat(kept)


def _numbered(texts: pl.DataFrame, first: int = 1) -> pl.DataFrame:
    return texts.with_row_index(ROW, offset=first).with_columns(pl.col(ROW).cast(pl.Int64))


def _as_texts(frame: pl.DataFrame) -> pl.DataFrame:
    frame = frame.rename({name: name.strip() for name in frame.columns}).drop(ROW, strict=False)
    text = pl.all().cast(pl.String).str.strip_chars()
    return frame.select(pl.when(text != "").then(text))


def _pieces(path: Path) -> Iterator[pl.DataFrame]:
    """A CSV or Parquet file as texts, piece by piece; at least one, if empty."""
    csv = path.suffix.lower() == ".csv"
    for piece in _csv_pieces(path) if csv else _parquet_pieces(path):
        yield _as_texts(piece)


def _parquet_pieces(path: Path) -> Iterator[pl.DataFrame]:
    with pq.ParquetFile(path) as file:
        check_header(path, [name.strip() for name in file.schema_arrow.names])
        yield pl.DataFrame(pl.from_arrow(file.schema_arrow.empty_table()))
        for batch in file.iter_batches(1 << 17):
            yield pl.DataFrame(pl.from_arrow(batch))


def _csv_pieces(path: Path) -> Iterator[pl.DataFrame]:
    header = list(Sheet(path).columns)
    reading = pacsv.ReadOptions(
        column_names=header, skip_rows=1, block_size=_BLOCK, encoding=_encoding(path)
    )
    converting = pacsv.ConvertOptions(column_types=dict.fromkeys(header, pa.string()))
    yield pl.DataFrame(schema=dict.fromkeys(header, pl.String))
    parsing = pacsv.ParseOptions(newlines_in_values=True)
    with pacsv.open_csv(path, reading, parsing, converting) as reader:
        for batch in reader:
            yield pl.DataFrame(pl.from_arrow(batch))


def _encoding(path: Path) -> str:
    """UTF-8 (with or without its mark) or, as spreadsheets in China still write it, GB 18030."""
    try:
        with path.open(encoding="utf-8") as file:
            while file.read(_BLOCK):
                pass
    except UnicodeDecodeError:
        return "gb18030"
    return "utf8"


def _read_sheet(path: Path) -> pl.DataFrame:
    names, *rows = excel_rows(path) or [()]
    check_header(path, names)
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    cells = dict(zip(names, columns, strict=True))
    return pl.DataFrame(cells, schema=dict.fromkeys(names, pl.String))
