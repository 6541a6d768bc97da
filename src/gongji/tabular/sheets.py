"""Files of rows as texts, read piece by piece, and results written whole or not at all.

CSV, Parquet and Excel, told apart by the file's ending. This module knows files, not rules; what
is heavy is imported only when a file of its kind is met.
"""

import csv
import os
from codecs import getincrementaldecoder
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from gongji.refusals import Refusal

CHUNK_ROWS = 20_000
ENDINGS = (".csv", ".parquet", ".xlsx")
EXCEL_ROWS = 1_048_576
_HEAD_BYTES = 1 << 20

Texts = tuple[str, ...]


def text_of(value: object) -> str:
    """A cell as text: nothing as empty, whole numbers without a point, dates in ISO."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value).strip()


def ending_of(path: Path, field: str) -> str:
    """The kind of a file by its ending.

    Refuses: value_invalid.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        allowed = "、".join(ENDINGS)
        raise Refusal("value_invalid", field, {"value": path.name, "allowed": allowed})
    return ending


def check_header(path: Path, names: Sequence[str]) -> None:
    """Every column of a file has a name, and each name is there once.

    Refuses: header_invalid.
    """
    reason = ""
    twice = [name for name, count in Counter(names).items() if name and count > 1]
    if not any(names):
        reason = "第一行应为列名，却是空的"
    elif len(names) == 1 and any(mark in names[0] for mark in ";\t；，"):
        reason = "只有一列，列名之间用的不是英文逗号；请另存为以英文逗号分隔的 CSV"
    elif twice:
        reason = f"列 {'、'.join(twice)} 不止一次出现，无法确定用哪一列；请各保留一列"
    elif not all(names):
        at = names.index("") + 1
        reason = f"第 {at} 列没有列名；请写上列名，或删去这一列"
    if reason:
        raise Refusal("header_invalid", "文件", {"value": path.name, "reason": reason})


def unreadable(path: Path, error: Exception) -> Refusal:
    """What to say of a file that its reader gives up on."""
    reason = f"不是完好的 {path.suffix.lower()} 文件（{error}）"
    return Refusal("file_unreadable", "文件", {"value": path.name, "reason": reason})


def excel_rows(path: Path) -> list[Texts]:
    """The first sheet's rows as texts, head included, without columns that are blank at its end."""
    from python_calamine import CalamineWorkbook

    sheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
    rows = [tuple(map(text_of, row)) for row in sheet.to_python(skip_empty_area=False)]
    widths = (next((n for n in range(len(row), 0, -1) if row[n - 1]), 0) for row in rows)
    width = max(widths, default=0)
    return [row[:width] for row in rows]


class Sheet:
    """A file of rows: its columns, how many rows if that is known, and the rows as texts.

    Refuses: value_invalid for a file of another kind; header_invalid; file_unreadable, which a row
             further down may bring about too.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: int | None = None
        opened = {".csv": self._csv, ".parquet": self._parquet, ".xlsx": self._excel}
        self._rows = self._guarded(opened[ending_of(path, "文件")]())
        self.columns: Texts = tuple(text.strip() for text in next(self._rows, ()))
        check_header(path, self.columns)

    def chunks(self) -> Iterator[list[Texts]]:
        """The rows in the file's order, some at a time."""
        while chunk := list(islice(self._rows, CHUNK_ROWS)):
            yield chunk

    def _guarded(self, rows: Iterator[Texts]) -> Iterator[Texts]:
        try:
            yield from rows
        except (OSError, Refusal):
            raise
        except Exception as error:  # Each library has its own errors for a broken file.
            raise unreadable(self.path, error) from None

    def _csv(self) -> Iterator[Texts]:
        # Spreadsheets in China still save CSV in GB 18030.
        with self.path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        encoding = "utf-8-sig"
        try:
            # A character that the end of the head cuts in two is no mistake.
            getincrementaldecoder(encoding)().decode(head, final=len(head) < _HEAD_BYTES)
        except UnicodeDecodeError:
            encoding = "gb18030"
        with self.path.open(encoding=encoding, newline="") as file:
            for row in csv.reader(file):
                if row:
                    yield tuple(row)

    def _parquet(self) -> Iterator[Texts]:
        from pyarrow import parquet

        file = parquet.ParquetFile(self.path)
        self.rows = file.metadata.num_rows
        yield tuple(file.schema_arrow.names)
        for batch in file.iter_batches(batch_size=CHUNK_ROWS):
            columns = [map(text_of, column.to_pylist()) for column in batch.columns]
            yield from zip(*columns, strict=True)

    def _excel(self) -> Iterator[Texts]:
        rows = excel_rows(self.path)
        self.rows = max(0, len(rows) - 1)
        yield from rows


class Writer(Protocol):
    """Writes rows to a file of one kind."""

    def write(self, rows: Sequence[Sequence[object]]) -> None:
        """Append rows."""

    def close(self) -> None:
        """Finish the file."""


class _Csv:
    def __init__(self, path: Path, columns: Sequence[str], money: frozenset[str]) -> None:
        # With its mark, as spreadsheets expect of a file with Chinese text.
        self.file = path.open("w", encoding="utf-8-sig", newline="")
        self.writer = csv.writer(self.file, lineterminator="\n")
        self.writer.writerow(columns)

    def write(self, rows: Sequence[Sequence[object]]) -> None:
        self.writer.writerows(rows)

    def close(self) -> None:
        self.file.close()


class _Parquet:
    def __init__(self, path: Path, columns: Sequence[str], money: frozenset[str]) -> None:
        import pyarrow
        from pyarrow import parquet

        self.arrow = pyarrow
        kinds = {True: pyarrow.decimal128(18, 2), False: pyarrow.string()}
        whole = pyarrow.int64()
        self.schema = pyarrow.schema(
            [(c, whole if c.endswith("_fen") else kinds[c in money]) for c in columns]
        )
        self.writer = parquet.ParquetWriter(path, self.schema, compression="zstd")

    def write(self, rows: Sequence[Sequence[object]]) -> None:
        columns = zip(*rows, strict=True) if rows else ([] for _ in self.schema)
        arrays = [
            self.arrow.array(map(_number, column), kind.type)
            if kind.type != self.arrow.string()
            else self.arrow.array(column, kind.type)
            for column, kind in zip(columns, self.schema, strict=True)
        ]
        self.writer.write_table(self.arrow.Table.from_arrays(arrays, schema=self.schema))

    def close(self) -> None:
        self.writer.close()


def _number(value: object) -> Decimal | int | None:
    if value in (None, ""):
        return None
    return value if isinstance(value, int) else Decimal(str(value))


class _Excel:
    def __init__(self, path: Path, columns: Sequence[str], money: frozenset[str]) -> None:
        import xlsxwriter

        # Written row by row and not kept in memory.
        self.book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
        self.sheet = self.book.add_worksheet()
        self.sheet.freeze_panes(1, 0)
        self.amount = self.book.add_format({"num_format": "#,##0.00"})
        self.money = [column in money for column in columns]
        self.next = 0
        self.write([columns])

    def write(self, rows: Sequence[Sequence[object]]) -> None:
        if self.next + len(rows) > EXCEL_ROWS:
            values = {"value": ".xlsx", "allowed": f"{EXCEL_ROWS} 行以上请用 .csv 或 .parquet"}
            raise Refusal("value_invalid", "-o", values)
        for row in rows:
            for column, value in enumerate(row):
                if self.next and self.money[column] and value:
                    self.sheet.write_number(self.next, column, float(str(value)), self.amount)
                elif isinstance(value, int):
                    self.sheet.write_number(self.next, column, value)
                elif value:
                    self.sheet.write_string(self.next, column, str(value))
            self.next += 1

    def close(self) -> None:
        self.book.close()


class Whole:
    """A file that appears only when it is complete; what went wrong leaves nothing behind."""

    def __init__(
        self, path: Path, columns: Sequence[str], money: frozenset[str] = frozenset()
    ) -> None:
        kinds: dict[str, Any] = {".csv": _Csv, ".parquet": _Parquet, ".xlsx": _Excel}
        kind = kinds[ending_of(path, "-o")]
        self.path = path
        self.beside = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
        self.writer: Writer = kind(self.beside, columns, money)
        self.write = self.writer.write

    def __enter__(self) -> "Whole":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        try:
            self.writer.close()
            if kind is None:
                os.replace(self.beside, self.path)
        finally:
            self.beside.unlink(missing_ok=True)
