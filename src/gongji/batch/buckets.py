"""Visits cut once into buckets of whole persons, with a manifest: what all later work takes.

A person's bucket is a hash of the person's text, the same on every machine. Each bucket is a file
sorted by person, date and sequence; the manifest is written last, so that a folder without one is
not finished and the next run goes on with it. This module knows rows and files, no law.
"""

import hashlib
import shutil
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gongji.batch import ordering
from gongji.batch.visit_files import VisitSource
from gongji.batch.work_steps import UNWATCHED, WorkSteps
from gongji.refusals import Refusal
from gongji.tabular.arrow_tables import FAULT, ROW, numbered
from gongji.tabular.cell_forms import plain, text_of
from gongji.tabular.header_rows import missing_column, no_rows
from gongji.tabular.whole_files import appearing, write_whole

MANIFEST = "manifest.json"
FORMAT = 1
MOST_BUCKETS = 512
"""So many files may be open at a time on an ordinary machine."""
_SCATTERED = ".scattered"
_READY = "ready.json"

Source: TypeAlias = "pa.Table | Path | Sequence[Path] | Iterable[pa.Table]"
"""A table, a file, several files of the same columns, or tables that come one after the other."""
SORTING = "按人排序"
"""The part after the cutting."""


class Bucket(msgspec.Struct, frozen=True):
    """One file of whole persons: rows, persons, the rows of the person with most, its hash."""

    file: str
    rows: int
    persons: int
    most_rows: int
    sha256: str

    def path(self, folder: Path) -> Path:
        """Where the bucket lies, once it is sure that it is what was written.

        Refuses: file_unreadable for a file that is missing or was changed.
        """
        path = folder / self.file
        if not path.is_file():
            raise Refusal("file_unreadable", "目录", {"value": str(path), "reason": "文件缺失"})
        if hash_of(path) != self.sha256:
            reason = "内容与清单不符，可能已被改动或没有写完"
            raise Refusal("file_unreadable", "目录", {"value": str(path), "reason": reason})
        return path


class Manifest(msgspec.Struct, frozen=True):
    """What a folder of buckets holds.

    Shape:   `source` is the hash of the files that it was cut from, empty for tables in memory;
             `content` the hash of all buckets' hashes: the same rows give the same.
    """

    table: str
    columns: tuple[str, ...]
    buckets: tuple[Bucket, ...]
    source: str = ""
    format: int = FORMAT

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """The manifest of a folder.

        Refuses: value_invalid for a folder without one that can be read.
        """
        try:
            found = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=cls)
        except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
            found = None
        if found is None or found.format != FORMAT:
            allowed = f"含 {MANIFEST} 的目录，由 gongji buckets 或 gongji population 写出"
            raise Refusal("value_invalid", "目录", {"value": str(folder), "allowed": allowed})
        return found

    @property
    def rows(self) -> int:
        """The rows of all buckets."""
        return sum(bucket.rows for bucket in self.buckets)

    @property
    def persons(self) -> int:
        """The persons of all buckets."""
        return sum(bucket.persons for bucket in self.buckets)

    @property
    def content(self) -> str:
        """The hash of all content."""
        whole = "".join(bucket.sha256 for bucket in self.buckets)
        return hashlib.sha256(whole.encode()).hexdigest()


def hash_of(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def bucket_of(person: str, buckets: int) -> int:
    """The number of a person's bucket."""
    return zlib.crc32(person.encode()) % buckets


def rows_known(paths: Sequence[Path]) -> int:
    """How many rows files have, where that is known before they are read; else zero."""
    if any(path.suffix.lower() != ".parquet" or not path.is_file() for path in paths):
        return 0
    return sum(pq.read_metadata(path).num_rows for path in paths)


def write_buckets(
    source: Source,
    folder: Path,
    buckets: int,
    steps: WorkSteps = UNWATCHED,
    table: str = "visits",
) -> Manifest:
    """Cut rows by person into so many files of whole persons, sorted, with a manifest.

    Shape:   `steps` hears of rows as they are read, in a part that its caller began, then of the
             part that sorts them; of files every row has its number, row_number.
    Refuses: value_invalid for a number of buckets, field_missing without persons, and what reading
             the files is refused for.
    Ensures: memory is bounded by two buckets; the same rows give the same bytes; a run that was
             stopped is gone on with where its source is the same; nothing is half written.
    """
    if not 1 <= buckets <= MOST_BUCKETS:
        values = {"value": str(buckets), "allowed": f"1 至 {MOST_BUCKETS}"}
        raise Refusal("value_invalid", "--buckets", values)
    made = _made_before(source, folder, buckets, table)
    if made is not None:
        return made
    folder.mkdir(parents=True, exist_ok=True)
    scattered = folder / _SCATTERED
    ready = _Scattered.read(scattered)
    origin = _origin(source)
    if ready is None or not origin or (ready.source, ready.buckets) != (origin, buckets):
        shutil.rmtree(scattered, ignore_errors=True)
        columns, rows = _scattered_anew(source, scattered, buckets, steps)
        ready = _Scattered(origin, buckets, columns, rows)
        write_whole(scattered / _READY, msgspec.json.encode(ready))
    (folder / MANIFEST).unlink(missing_ok=True)
    done = tuple(_gathered(scattered, folder, ready, steps))
    manifest = Manifest(table, ready.columns, done, origin)
    _remove_others(folder, manifest)
    write_whole(folder / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
    shutil.rmtree(scattered)
    return manifest


def _gathered(
    scattered: Path, folder: Path, ready: "_Scattered", steps: WorkSteps
) -> Iterator[Bucket]:
    """The buckets, each sorted into its file."""
    steps.begin(SORTING, ready.rows)
    jobs = (partial(_gather, scattered, folder, number) for number in range(ready.buckets))
    for bucket in ordering.side_by_side(jobs):
        steps.update(bucket.rows)
        yield bucket


def _scattered_anew(
    source: Source, scattered: Path, buckets: int, steps: WorkSteps
) -> tuple[tuple[str, ...], int]:
    """The columns of all rows, which are cut into a new folder, and how many rows there are; what
    is refused leaves none."""
    scattered.mkdir()
    try:
        return _scatter(_tables(source), scattered, buckets, steps)
    except Refusal:
        shutil.rmtree(scattered)
        with suppress(OSError):
            scattered.parent.rmdir()
        raise


class _Scattered(msgspec.Struct, frozen=True):
    """That all rows were cut into files, not yet sorted."""

    source: str
    buckets: int
    columns: tuple[str, ...]
    rows: int = 0

    @classmethod
    def read(cls, folder: Path) -> "_Scattered | None":
        try:
            return msgspec.json.decode((folder / _READY).read_bytes(), type=cls)
        except (FileNotFoundError, msgspec.DecodeError):
            return None


def _made_before(source: Source, folder: Path, buckets: int, table: str) -> Manifest | None:
    """The manifest where the folder holds already what was asked for."""
    origin = _origin(source) if (folder / MANIFEST).is_file() else ""
    if not origin:
        return None
    try:
        found = Manifest.read(folder)
        if (found.source, len(found.buckets), found.table) != (origin, buckets, table):
            return None
        for bucket in found.buckets:
            bucket.path(folder)
    except Refusal:
        return None
    return found


def _paths(source: Source) -> list[Path]:
    if isinstance(source, Path):
        return [source]
    if isinstance(source, Sequence) and all(isinstance(item, Path) for item in source):
        return [item for item in source if isinstance(item, Path)]
    return []


def _origin(source: Source) -> str:
    """The hash of the files that rows come from; empty for tables, which may not come again."""
    paths = _paths(source)
    whole = "".join(hash_of(path) for path in paths)
    return hashlib.sha256(whole.encode()).hexdigest() if paths else ""


def _tables(source: Source) -> Iterator[pa.Table]:
    """The rows as tables, each row with its number."""
    paths = _paths(source)
    if paths:
        files = [VisitSource(path) for path in paths]
        names = files[0].columns()
        done = 0
        for file in files:
            last = done
            for table in file.chunks(names)(None):
                if done and len(files) > 1:
                    place = table.column_names.index(ROW)
                    table = table.set_column(place, ROW, pc.add(table.column(ROW), done))
                last = int(pc.max(table.column(ROW)).as_py() or last)
                yield table
            done = last
        return
    done = 0
    given: Iterable[object] = [source] if isinstance(source, pa.Table | Path) else source
    for table in given:
        assert isinstance(table, pa.Table)
        yield table if ROW in table.column_names else numbered(table, done + 1)
        done += table.num_rows


def _scatter(
    tables: Iterator[pa.Table], folder: Path, buckets: int, steps: WorkSteps
) -> tuple[tuple[str, ...], int]:
    """Every row in the file of its bucket; the names of the columns, and how many rows."""
    rows = 0
    first = next(tables, None)
    if first is None:
        raise no_rows()
    if "person" not in first.column_names:
        raise missing_column("person", first.column_names)
    schema = _plain_schema(first.schema)
    writers: dict[int, pa.ipc.RecordBatchStreamWriter] = {}
    try:
        for table, ends in ordering.side_by_side(
            partial(_cut, one, schema, buckets) for one in chain([first], tables)
        ):
            start = 0
            for number, end in enumerate(map(int, ends)):
                if number not in writers:
                    writers[number] = pa.ipc.new_stream(str(folder / f"{number:05d}.arrow"), schema)
                if end > start:
                    writers[number].write_table(table.slice(start, end - start))
                start = end
            steps.update(table.num_rows)
            rows += table.num_rows
    finally:
        for writer in writers.values():
            writer.close()
    return tuple(name for name in schema.names if name not in (ROW, FAULT)), rows


def _plain_schema(schema: pa.Schema) -> pa.Schema:
    """Columns without dictionaries, which would be written with every piece."""
    fields = []
    for item in schema:
        kind = item.type.value_type if pa.types.is_dictionary(item.type) else item.type
        fields.append(pa.field(item.name, pa.string() if pa.types.is_null(kind) else kind))
    if FAULT not in schema.names:
        fields.append(pa.field(FAULT, pa.string()))
    return pa.schema(fields)


def _cut(
    table: pa.Table, schema: pa.Schema, buckets: int
) -> tuple[pa.Table, npt.NDArray[np.int64]]:
    """A table's rows by bucket, and where each bucket ends."""
    if FAULT not in table.column_names:
        table = table.append_column(FAULT, pa.nulls(table.num_rows, pa.string()))
    numbers = _buckets_of(table, buckets)
    order = np.argsort(numbers, kind="stable")
    plain_table = table.select(schema.names).cast(schema).combine_chunks()
    ends = np.cumsum(np.bincount(numbers, minlength=buckets))
    return plain_table.take(pa.array(order)), ends


def _buckets_of(table: pa.Table, buckets: int) -> npt.NDArray[np.int64]:
    """The bucket of every row; rows without a person, which nobody settles, are spread."""
    column = table.column("person").combine_chunks()
    array = pa.concat_arrays(column.chunks) if isinstance(column, pa.ChunkedArray) else column
    coded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    texts = [plain(text_of(value)) for value in coded.dictionary.to_pylist()]
    of_text = np.array([bucket_of(text, buckets) if text else -1 for text in (*texts, "")])
    codes = pc.fill_null(coded.indices.cast(pa.int64()), len(texts)).to_numpy()
    found = of_text[codes]
    spread = table.column(ROW).to_numpy() % buckets
    whole: npt.NDArray[np.int64] = np.where(found < 0, spread, found).astype(np.int64)
    return whole


def _gather(scattered: Path, folder: Path, number: int) -> Bucket:
    """Sort the rows of a bucket into its file; what an earlier run finished stays."""
    name = f"{number:05d}.parquet"
    record = scattered / f"{number:05d}.json"
    if record.exists():
        bucket = msgspec.json.decode(record.read_bytes(), type=Bucket)
        if (folder / name).is_file() and hash_of(folder / name) == bucket.sha256:
            return bucket
    with pa.memory_map(str(scattered / f"{number:05d}.arrow")) as source:
        table = pa.ipc.open_stream(source).read_all()
        keys = [key for key in ("date", "sequence") if key in table.column_names]
        if table.num_rows:
            table = ordering.sort(table, keys)
        if table.column(FAULT).null_count == table.num_rows:
            table = table.drop_columns([FAULT])
        with appearing(folder / name) as beside:
            pq.write_table(table, beside, compression="zstd", row_group_size=ordering.CHUNK_ROWS)
            hashed = hash_of(beside)
    counts = pc.value_counts(table.column("person")).field("counts").to_numpy()
    most = int(counts.max(initial=0))
    bucket = Bucket(name, table.num_rows, len(counts), most, hashed)
    write_whole(record, msgspec.json.encode(bucket))
    return bucket


def _remove_others(folder: Path, manifest: Manifest) -> None:
    """Remove buckets of an earlier cut into more files."""
    kept = {bucket.file for bucket in manifest.buckets}
    for path in folder.glob("[0-9]" * 5 + ".parquet"):
        if path.name not in kept:
            path.unlink()
