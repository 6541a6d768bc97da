"""Delivered rows as values, kept by bucket of persons until all that is needed has arrived.

Each delivered file becomes a few part files whose row groups are buckets, and a record that is
written last: a file that has one is not read again. This module knows buckets, no meaning.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pyarrow.parquet as pq

from gongji.batch.buckets import bucket_of
from gongji.mirror.deliveries import Delivery
from gongji.mirror.national_values import read_values
from gongji.mirror.pseudonyms import Pseudonyms
from gongji.mirror.table_mapping import TableMapping
from gongji.tabular.whole_files import appearing, write_whole

FLUSH_ROWS = 1 << 20
BUCKET = "bucket"
FILE = "delivery"


class PartFile(msgspec.Struct, frozen=True):
    """A part file: which bucket each of its row groups is."""

    file: str
    buckets: tuple[int, ...]


class DeliveryRecord(msgspec.Struct, frozen=True):
    """What became of a delivered file.

    Shape:   `rows` were read; `causes` counts those that cannot be used; `mark` tells whether the
             same file comes again; `family` counts how PSN_PAY adds up, see `checks`. `order`
             counts what was read before; of a database's table `origin` tells which it is and
             `until` how new its newest row was. `read_as` says how a file was read.
    """

    name: str
    table: str
    called: str
    mark: str
    mapping: str
    rows: int
    parts: tuple[PartFile, ...]
    causes: dict[str, int]
    rounded: int
    family: dict[str, int]
    order: int = 0
    origin: str = ""
    until: str = ""
    read_as: str = ""


@dataclass
class PartStore:
    """The parts of a folder."""

    folder: Path
    buckets: int
    records: list[DeliveryRecord] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        records = [
            msgspec.json.decode(path.read_bytes(), type=DeliveryRecord)
            for path in sorted(self.folder.glob("*.record"))
        ]
        self.records = sorted(records, key=lambda record: record.order)

    def has(self, mark: str, mapping: str) -> bool:
        """Whether a file was read already with the same mapping."""
        return any((r.mark, r.mapping) == (mark, mapping) for r in self.records)

    def until(self, origin: str, mapping: str) -> str:
        """How new the newest row was when a database's table was read; nothing if it never was."""
        mine = [r.until for r in self.records if (r.origin, r.mapping) == (origin, mapping)]
        return max(mine) if origin and mine else ""

    def tables(self) -> set[str]:
        """The tables of which anything was read."""
        return {record.table for record in self.records}

    def read(self, table: str, bucket: int) -> pl.DataFrame | None:
        """The rows of a table in a bucket, None where no such table was delivered.

        Shape:   files of different deliveries may have different columns: what one lacks is null.
        """
        frames, known = [], False
        for record in self.records:
            if record.table != table:
                continue
            known = True
            for part in record.parts:
                groups = [at for at, number in enumerate(part.buckets) if number == bucket]
                if groups:
                    with pq.ParquetFile(self.folder / part.file) as file:
                        found = file.read_row_groups(groups)
                    frames.append(pl.DataFrame(pl.from_arrow(found)))
        if frames:
            return pl.concat(frames, how="diagonal_relaxed")
        return pl.DataFrame() if known else None

    def bad(self) -> Iterator[pl.DataFrame]:
        """The rows that could not be read, file by file."""
        for path in sorted(self.folder.glob("*.bad.parquet")):
            yield pl.read_parquet(path)


@dataclass
class Intake:
    """Reads one delivery into a store."""

    store: PartStore
    delivery: Delivery
    mapping: TableMapping
    pseudonyms: Pseudonyms
    told: Callable[[int], object] = int
    parts: list[PartFile] = field(default_factory=list)
    held: list[pl.DataFrame] = field(default_factory=list)
    causes: dict[str, int] = field(default_factory=dict)
    family: dict[str, int] = field(default_factory=dict)
    rounded: int = 0

    def run(self) -> DeliveryRecord:
        """Read the file; its record appears when everything is written.

        Refuses: file_unreadable.
        """
        rows, bad = 0, []
        forms = {n: self.delivery.table.forms[n] for n in self.delivery.columns.values()}
        for piece in self.delivery.pieces():
            read = read_values(piece, forms, self._keys(forms))
            rows += piece.height
            self.rounded += read.rounded
            bad.append(read.bad)
            self._hold(self._ours(read.frame))
            self.told(piece.height)
        self._flush()
        self._keep_bad(bad)
        return self._record(rows)

    def _keys(self, forms: dict[str, str]) -> tuple[str, ...]:
        wanted = (*self.delivery.table.keys, "PSN_NO")
        return tuple(dict.fromkeys(name for name in wanted if name in forms))

    def _ours(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows with pseudonyms, their bucket and the delivery that they came with."""
        numbers = "PSN_NO"
        person = self.pseudonyms.column(frame[numbers]) if numbers in frame.columns else None
        if person is not None:
            frame = frame.with_columns(person.alias(numbers))
            codes = person.unique()
            known = [bucket_of(text, self.store.buckets) for text in codes]
            bucket = person.replace_strict(codes, known, return_dtype=pl.Int32)
        else:
            bucket = pl.zeros(frame.height, pl.Int32, eager=True)
        for counted, sums in _FAMILY.items():
            if {"PSN_PAY", "ACCT_MULAID_PAY", *sums} <= set(frame.columns):
                self._count_family(frame, counted, sums)
        frame = frame.drop("PSN_NO_GB", strict=False)
        name = pl.lit(self.delivery.name).alias(FILE)
        return frame.with_columns(bucket.alias(BUCKET), name)

    def _count_family(self, frame: pl.DataFrame, counted: str, sums: tuple[str, ...]) -> None:
        told = pl.col("ACCT_MULAID_PAY").fill_null(0) != 0
        total = pl.sum_horizontal(pl.col(name).fill_null(0) for name in sums)
        agree = frame.filter(told & (pl.col("PSN_PAY") == total)).height
        self.family[counted] = self.family.get(counted, 0) + agree

    def _hold(self, frame: pl.DataFrame) -> None:
        self.held.append(frame)
        if sum(one.height for one in self.held) >= FLUSH_ROWS:
            self._flush()

    def _flush(self) -> None:
        frames = [frame for frame in self.held if frame.height]
        self.held = []
        if not frames:
            return
        table = pl.concat(frames).sort(BUCKET, maintain_order=True)
        numbers = table[BUCKET].to_numpy()
        starts = np.flatnonzero(np.r_[True, numbers[1:] != numbers[:-1]])
        ends = [*starts[1:], len(numbers)]
        arrow = table.drop(BUCKET).to_arrow(compat_level=pl.CompatLevel.oldest())
        name = f"{self.delivery.mark[:16]}-{len(self.parts):05d}.parquet"
        with (
            appearing(self.store.folder / name) as beside,
            pq.ParquetWriter(beside, arrow.schema, compression="zstd") as writer,
        ):
            for start, end in zip(starts, ends, strict=True):
                writer.write_table(arrow.slice(start, end - start))
        self.parts.append(PartFile(name, tuple(int(numbers[start]) for start in starts)))

    def _keep_bad(self, bad: list[pl.DataFrame]) -> None:
        found = pl.concat(bad) if bad else pl.DataFrame()
        if not found.height:
            return
        for cause, count in found["cause"].value_counts().iter_rows():
            self.causes[cause] = count
        named = found.with_columns(
            pl.lit(self.delivery.table.name).alias("table"),
            pl.lit(self.delivery.name).alias(FILE),
        )
        named.write_parquet(self.store.folder / f"{self.delivery.mark[:16]}.bad.parquet")

    def _record(self, rows: int) -> DeliveryRecord:
        record = DeliveryRecord(
            self.delivery.name,
            self.delivery.table.name,
            self.delivery.called,
            self.delivery.mark,
            self.mapping.version,
            rows,
            tuple(self.parts),
            self.causes,
            self.rounded,
            self.family,
            len(self.store.records),
            self.delivery.origin,
            self.delivery.until,
            self.delivery.read_as,
        )
        path = self.store.folder / f"{self.delivery.mark[:16]}.record"
        write_whole(path, msgspec.json.encode(record))
        self.store.records.append(record)
        return record


_FAMILY = {
    "inside": ("ACCT_PAY", "CASH_PAYAMT"),
    "beside": ("ACCT_PAY", "ACCT_MULAID_PAY", "CASH_PAYAMT"),
}
"""How PSN_PAY may add up, told from rows in which a family account paid."""
