"""Files of visits in and out: any format read in chunks, results written whole or not at all.

This module knows files and threads; what becomes of a chunk is `gongji.batch.core`.
"""

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from gongji.batch import ordering
from gongji.batch.ordering import CHUNK_ROWS, Chunks
from gongji.tabular.arrow_tables import FAULT, ROW, column_names, read_tables
from gongji.tabular.cell_forms import COLUMN_FORMS
from gongji.tabular.formulas import FORMULA, NUMBER
from gongji.tabular.handed_on import BookColumn, BookTable, ResultBook
from gongji.tabular.header_rows import TablePlace, no_rows
from gongji.tabular.sheets import ENDINGS, ending_of
from gongji.tabular.whole_files import own_beside, own_prefix, under_way

COMPRESSIONS = ("none", "snappy", "lz4", "zstd")
"""How a Parquet result is compressed; none is fastest and about two and a half times as large."""
Rules = Callable[[], Sequence[BookTable]]


@dataclass(frozen=True)
class Rejected:
    """A row that could not be read as a visit."""

    row_number: int
    column: str
    code: str
    reason: str


class Settles(Protocol):
    """What settles a table of whole persons."""

    def settle(self, table: pa.Table, narrow: bool = False) -> tuple[pa.Table, list[Rejected]]:
        """The results of a table, and its rows that cannot be read."""


@dataclass(frozen=True)
class VisitSource:
    """A file of visits and where in it the table stands.

    Shape:   with `numbered` the file has the numbers of its rows itself, in the column ROW.
    """

    path: Path
    place: TablePlace = TablePlace()
    numbered: bool = False

    def columns(self) -> list[str]:
        """The names of the columns, but for those that say which row it is and what is wrong."""
        names = column_names(self.path, self.place)
        return [n for n in names if not (self.numbered and n in (ROW, FAULT))]

    def chunks(self, names: list[str]) -> Chunks:
        """The tables of the file, each row with its number; of all its columns only `names`.

        Refuses: value_invalid for a file of another kind.
        """
        own: list[str] = []
        if self.numbered:
            given = column_names(self.path, self.place)
            own = [name for name in (ROW, FAULT) if name in given]
        return lambda only: read_tables(
            self.path, [*(only or names), *own], self.place, bool(only), CHUNK_ROWS
        )


def look(path: Path, chunks: Chunks, names: list[str]) -> ordering.Survey:
    """What a file holds; of Parquet the order only as its first chunk tells."""
    if ending_of(path, "文件") != ".parquet":
        return ordering.survey(chunks([n for n in names if n in ("person", "area", "benefit")]))
    first = next(chunks(["person"]), None)
    ordered = first is None or ordering.survey(iter([first])).ordered
    coded = [name for name in names if name in ("area", "benefit")]
    found = ordering.survey(chunks(coded) if coded else iter([]))
    return replace(found, ordered=ordered, count=pq.read_metadata(path).num_rows)


class _Csv:
    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.schema = pa.schema(
            [pa.field(f.name, pa.int64() if f.type == pa.int32() else f.type) for f in schema]
        )
        self.file = path.open("wb")
        # With its mark, as spreadsheets expect of a file with Chinese text.
        self.file.write(b"\xef\xbb\xbf")
        self.writer = pacsv.CSVWriter(
            self.file, self.schema, write_options=pacsv.WriteOptions(quoting_style="needed")
        )

    def write(self, table: pa.Table) -> None:
        self.writer.write_table(_no_formulas(table.cast(self.schema)))

    def close(self) -> None:
        self.writer.close()
        self.file.close()


def _no_formulas(table: pa.Table) -> pa.Table:
    """A table whose texts no spreadsheet takes for formulas."""
    for number, field in enumerate(table.schema):
        if not (pa.types.is_string(field.type) or pa.types.is_large_string(field.type)):
            continue
        column = table.column(number)
        found = pc.match_substring_regex(column, FORMULA)
        if pc.any(found).as_py():
            plain = pc.match_substring_regex(column, NUMBER)
            marked = pc.binary_join_element_wise("'", column, "")
            kept = pc.if_else(pc.and_not(found, plain), marked, column)
            table = table.set_column(number, field, kept)
    return table


class _Parquet:
    """A file of columns as narrow as its amounts allow, begun anew if wider ones come later."""

    def __init__(self, path: Path, schema: pa.Schema, compression: str) -> None:
        self.path, self.compression = path, compression
        self._open(schema)

    def _open(self, schema: pa.Schema) -> None:
        self.schema = schema
        texts = [item.name for item in schema if pa.types.is_dictionary(item.type)]
        self.writer = pq.ParquetWriter(
            self.path,
            schema,
            compression=self.compression,
            use_dictionary=texts,
            write_statistics=False,
            store_decimal_as_integer=True,
            write_batch_size=1 << 15,
            data_page_size=1 << 18,
        )

    def write(self, table: pa.Table) -> None:
        if table.schema != self.schema:
            wider = _covering(self.schema, table.schema)
            if wider != self.schema:
                self._anew(wider)
            table = table.cast(wider)
        self.writer.write_table(table)

    def _anew(self, schema: pa.Schema) -> None:
        self.writer.close()
        before = self.path.with_name(f"{self.path.name}.partial")
        os.replace(self.path, before)
        try:
            self._open(schema)
            with pq.ParquetFile(before) as file:
                for group in range(file.num_row_groups):
                    self.writer.write_table(file.read_row_group(group).cast(schema))
        finally:
            before.unlink()

    def close(self) -> None:
        self.writer.close()


def _covering(one: pa.Schema, other: pa.Schema) -> pa.Schema:
    """Columns that hold what either holds: of wider whole numbers, and empty where one may be."""
    fields = []
    for mine, its in zip(one, other, strict=True):
        kind = pa.int64() if {mine.type, its.type} == {pa.int32(), pa.int64()} else mine.type
        fields.append(pa.field(mine.name, kind, mine.nullable or its.nullable))
    return pa.schema(fields)


class _Excel:
    def __init__(self, path: Path, schema: pa.Schema, rules: Rules = tuple) -> None:
        self.book, self.rules = ResultBook(path), rules
        self.sheet = self.book.sheet("结果", [_book_column(field) for field in schema])

    def write(self, table: pa.Table) -> None:
        self.sheet.write(zip(*(column.to_pylist() for column in table.columns), strict=True))

    def close(self) -> None:
        self.book.close(self.rules())


def _book_column(field: pa.Field) -> BookColumn:
    if pa.types.is_decimal(field.type):
        return BookColumn(field.name, "money")
    if field.name.endswith("_fen"):
        return BookColumn(field.name, "fen")
    return BookColumn(field.name, "day" if COLUMN_FORMS.get(field.name) == "day" else "text")


_WRITERS: dict[str, Callable[..., "_Csv | _Parquet | _Excel"]] = {
    ".csv": _Csv,
    ".parquet": _Parquet,
    ".xlsx": _Excel,
}
assert tuple(sorted(_WRITERS)) == tuple(sorted(ENDINGS))


def write(
    path: Path,
    tables: Iterable[pa.Table],
    compression: str = COMPRESSIONS[0],
    rules: Rules = tuple,
) -> None:
    """Write tables to a file that appears only when it is complete.

    Shape:   `rules` gives, at the end, the sheets of what a workbook's results rest on.
    Ensures: what goes wrong leaves nothing behind and an earlier file as it was.
    """
    made = _WRITERS[ending_of(path, "-o")]
    if made is _Parquet:
        made = partial(_Parquet, compression=compression)
    elif made is _Excel:
        made = partial(_Excel, rules=rules)
    beside = own_beside(path)
    writer = None
    with under_way(beside, path), ThreadPoolExecutor(1, "writing") as pool:
        try:
            written: Future[None] | None = None
            for table in tables:
                writer = writer or made(beside, table.schema)
                if written:
                    written.result()
                # The next table is fetched and counted while this one is encoded.
                written = pool.submit(writer.write, table)
            if writer is None or written is None:
                raise no_rows()
            written.result()
            last, writer = writer, None
            last.close()
            os.replace(beside, path)
        finally:
            pool.shutdown()
            if writer is not None:
                with suppress(Exception):
                    writer.close()
            beside.unlink(missing_ok=True)


@dataclass(frozen=True)
class Listeners:
    """Who is told of rows that cannot be read, and of how many rows are done."""

    rejected: Callable[[list[Rejected]], None]
    progress: Callable[[int], None]


def settle_file(
    chunks: Chunks,
    found: ordering.Survey,
    columns: list[str],
    settler: Settles,
    told: Listeners,
    output: Path,
) -> Iterator[pa.Table]:
    """The results of a file in order, two chunks being settled at a time.

    Shape:   `columns` order a person's visits. What does not fit in memory lies beside `output`.
    """

    def job(read: ordering.Job) -> tuple[pa.Table, list[Rejected], int]:
        table = read()
        return *settler.settle(table, narrow=True), table.num_rows

    prefix = f"{own_prefix(output)}."
    with (
        tempfile.TemporaryDirectory(dir=output.parent, prefix=prefix) as place,
        under_way(Path(place), output),
    ):
        reads = ordering.ahead(ordering.in_order(chunks, found, columns, Path(place)))
        jobs = (lambda read=read: job(read) for read in reads)
        for results, bad, rows in ordering.side_by_side(jobs):
            told.rejected(bad)
            told.progress(rows)
            if results.num_rows:
                yield results
