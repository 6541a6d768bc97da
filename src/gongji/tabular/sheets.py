"""Files of rows as texts, read row by row, and results written whole or not at all.

CSV, Parquet and Excel, told apart by the file's ending. This module knows files, not rules; what
is heavy is imported only when a file of its kind is met.
"""

import csv
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from gongji.refusals import Refusal, RowRefusal
from gongji.tabular.cell_forms import COLUMN_FORMS, CellProblem, Form, cell_text
from gongji.tabular.csv_files import read_head
from gongji.tabular.formulas import no_formula
from gongji.tabular.handed_on import EXCEL_ROWS
from gongji.tabular.header_rows import TablePlace, check_header
from gongji.tabular.whole_files import own_beside, under_way
from gongji.tabular.workbooks import Book, Record, Texts, open_book

if TYPE_CHECKING:
    from gongji.tabular.handed_on import BookTable

CHUNK_ROWS = 20_000
ENDINGS = (".csv", ".parquet", ".xlsx")
_MENDS = {
    **dict.fromkeys((".txt", ".tsv", ".tab", ".dat"), "（分隔的文本，请把结尾改为 .csv）"),
    **dict.fromkeys((".xls", ".et", ".ods", ".xlsm", ".xlsb"), "（请另存为 .xlsx）"),
    **dict.fromkeys((".gz", ".zst", ".zip", ".7z", ".rar"), "（请先解压）"),
}
"""What to do with files of other endings."""

T = TypeVar("T")


def ending_of(path: Path, field: str) -> str:
    """The kind of a file by its ending.

    Refuses: value_invalid.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        allowed = "、".join(ENDINGS) + _MENDS.get(ending, "")
        raise Refusal("value_invalid", field, {"value": path.name, "allowed": allowed})
    return ending


def check_rows(path: Path, rows: int) -> None:
    """A sheet has room for so many rows below its header; other files have for any number.

    Refuses: value_invalid.
    """
    if path.suffix.lower() == ".xlsx" and rows + 1 > EXCEL_ROWS:
        values = {"value": f".xlsx（{rows} 行）"}
        values["allowed"] = f"{EXCEL_ROWS} 行以上请用 .csv 或 .parquet"
        raise Refusal("value_invalid", "-o", values)


def unreadable(path: Path, error: Exception) -> Refusal:
    """What to say of a file that its reader gives up on."""
    reason = f"不是完好的 {path.suffix.lower()} 文件（{error}）"
    if isinstance(error, UnicodeDecodeError):
        reason = "编码不是 UTF-8 或 GB 18030；请另存为 UTF-8 的 CSV"
    elif isinstance(error, csv.Error):
        reason = f"引号可能没有成对（{error}）"
    return Refusal("file_unreadable", "文件", {"value": path.name, "reason": reason})


def guarded(path: Path, rows: Iterator[T]) -> Iterator[T]:
    """The same, what a library says of a broken file being a refusal.

    Refuses: file_unreadable.
    """
    try:
        yield from rows
    except (OSError, Refusal):
        raise
    except Exception as error:  # Each library has its own errors for a broken file.
        raise unreadable(path, error) from None


def workbook(path: Path) -> Book:
    """A workbook.

    Refuses: file_unreadable.
    """
    return next(guarded(path, map(open_book, [path])))


@contextmanager
def kept_open(path: Path) -> Iterator[None]:
    """Within this a workbook is opened once, however often it is read; other files are as ever.

    Refuses: file_unreadable.
    """
    book = workbook(path) if path.suffix.lower() == ".xlsx" else None
    yield
    del book


class Sheet:
    """A file of rows: its columns, how many rows if that is known, and the rows as texts.

    Shape:   `forms` says how a column's texts are read where COLUMN_FORMS does not.
    Refuses: value_invalid for a file of another kind; sheet_unclear; header_invalid;
             file_unreadable, which a row further down may bring about too.
    """

    def __init__(
        self, path: Path, place: TablePlace | None = None, forms: Mapping[str, Form] | None = None
    ) -> None:
        self.path, self.place = path, place or TablePlace()
        self.given = {**COLUMN_FORMS, **(forms or {})}
        self.rows: int | None = None
        self.columns: Texts = ()
        opened = {".csv": self._csv, ".parquet": self._parquet, ".xlsx": self._excel}
        self._records = guarded(path, opened[ending_of(path, "文件")]())
        next(self._records)

    def records(self) -> Iterator[list[Record]]:
        """The rows in the file's order, some at a time; who takes them tells their problems."""
        while chunk := list(islice(self._records, CHUNK_ROWS)):
            yield chunk

    def chunks(self) -> Iterator[list[Texts]]:
        """The texts of rows, some at a time.

        Refuses: row_rejected at the first row with a problem.
        """
        for chunk in self.records():
            for record in chunk:
                for column, reason in record.problems:
                    code = "cell_unreadable"
                    raise RowRefusal(record.number, column, code, reason, self.path.name)
            yield [record.cells for record in chunk]

    def _forms(self) -> list[Form]:
        return [self.given.get(name, "text") for name in self.columns]

    def _csv(self) -> Iterator[Record]:
        head = read_head(self.path, self.place.header_row)
        self.columns = head.columns
        yield Record(0, self.columns)
        forms = self._forms()
        for record in head.records():
            more = max(0, len(record.cells) - len(forms))
            beyond: list[Form] = ["text"] * more
            names, kinds = (*self.columns, *("",) * more), [*forms, *beyond]
            width = len(record.cells)
            read = typed_record(record.number, names[:width], record.cells, kinds[:width])
            yield read._replace(problems=(*record.problems, *read.problems))

    def _parquet(self) -> Iterator[Record]:
        import pyarrow as pa
        from pyarrow import parquet

        from gongji.tabular.arrow_tables import own_names, readable

        file = parquet.ParquetFile(self.path)
        self.rows = file.metadata.num_rows
        names = own_names(file.schema_arrow.names)
        self.columns = tuple(ours for ours, _ in names)
        check_header(self.path, self.columns)
        yield Record(0, self.columns)
        forms, number = self._forms(), 0
        for batch in file.iter_batches(batch_size=CHUNK_ROWS):
            table = pa.Table.from_batches([batch]).select([given for _, given in names])
            columns = map(readable, self.columns, table.columns)
            for row in zip(*(column.to_pylist() for column in columns), strict=True):
                number += 1
                record = typed_record(number, self.columns, row, forms)
                if any(record.cells) or record.problems:
                    yield record

    def _excel(self) -> Iterator[Record]:
        sheet = open_book(self.path).one(self.place)
        self.columns = sheet.columns
        sheet.check()
        self.rows = max(0, len(sheet.rows) - sheet.header - 1)
        yield Record(0, self.columns)
        yield from sheet.records(self._forms())


def typed_record(
    number: int, columns: Texts, row: Sequence[object], forms: Sequence[Form]
) -> Record:
    """A row of typed values by the forms of its columns."""
    texts, problems = [], []
    for name, value, form in zip(columns, row, forms, strict=True):
        try:
            texts.append(cell_text(value, form))
        except CellProblem as error:
            texts.append("")
            problems.append((name, str(error)))
    return Record(number, tuple(texts), tuple(problems))


class Writer(Protocol):
    """Writes rows to a file of one kind."""

    def write(self, rows: Sequence[Sequence[object]]) -> None:
        """Append rows."""

    def close(self, rules: Sequence["BookTable"] = ()) -> None:
        """Finish the file, a workbook with what its results rest on."""


class _Csv:
    def __init__(self, path: Path, columns: Sequence[str], money: frozenset[str]) -> None:
        # With its mark, as spreadsheets expect of a file with Chinese text.
        self.file = path.open("w", encoding="utf-8-sig", newline="")
        self.writer = csv.writer(self.file, lineterminator="\n")
        self.writer.writerow(map(no_formula, columns))

    def write(self, rows: Sequence[Sequence[object]]) -> None:
        self.writer.writerows([no_formula(value) for value in row] for row in rows)

    def close(self, rules: Sequence["BookTable"] = ()) -> None:
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

    def close(self, rules: Sequence["BookTable"] = ()) -> None:
        self.writer.close()


def _number(value: object) -> Decimal | int | None:
    if value in (None, ""):
        return None
    return value if isinstance(value, int) else Decimal(str(value))


class _Excel:
    def __init__(self, path: Path, columns: Sequence[str], money: frozenset[str]) -> None:
        from gongji.tabular.handed_on import BookColumn, Kind, ResultBook

        def kind(column: str) -> Kind:
            if column in money:
                return "money"
            if column.endswith("_fen"):
                return "fen"
            return "day" if COLUMN_FORMS.get(column) == "day" else "text"

        self.book = ResultBook(path)
        self.sheet = self.book.sheet("结果", [BookColumn(c, kind(c)) for c in columns])
        self.write = self.sheet.write

    def close(self, rules: Sequence["BookTable"] = ()) -> None:
        self.book.close(rules)


class Whole:
    """A file that appears only when it is complete; what went wrong leaves nothing behind.

    Shape:   `rules` gives, at the end, the sheets of what a workbook's results rest on.
    """

    def __init__(
        self,
        path: Path,
        columns: Sequence[str],
        money: frozenset[str] = frozenset(),
        rules: Callable[[], Sequence["BookTable"]] = tuple,
    ) -> None:
        kinds: dict[str, Any] = {".csv": _Csv, ".parquet": _Parquet, ".xlsx": _Excel}
        kind = kinds[ending_of(path, "-o")]
        self.path, self.rules = path, rules
        self.beside = own_beside(path)
        self._ends = ExitStack()
        self.writer: Writer = kind(self.beside, columns, money)
        self.write = self.writer.write

    def __enter__(self) -> "Whole":
        self._ends.enter_context(under_way(self.beside, self.path))
        self._ends.callback(self.beside.unlink, missing_ok=True)
        self._ends.push(self._finish)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._ends.__exit__(kind, error, at)

    def _finish(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.writer.close(self.rules() if kind is None else ())
        if kind is None:
            os.replace(self.beside, self.path)
