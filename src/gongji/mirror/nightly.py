"""A run over delivered tables: read what is new, make each bucket's own tables, check, say it all.

A run may be stopped anywhere: what was read is not read again, and a bucket is made anew only where
anything it rests on changed. A later delivery is added to what is there.
"""

import hashlib
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

import msgspec
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from gongji import __version__
from gongji.batch.buckets import MANIFEST, MOST_BUCKETS, Bucket, Manifest, hash_of
from gongji.batch.own_tables import ALSO_OF_VISITS, TABLES
from gongji.mirror.deliveries import PARTS, SETTINGS, Delivery, find_deliveries, refuse_copies
from gongji.mirror.dictionary import (
    Dictionary,
    likened_sentences,
    read_dictionary,
    with_dictionary,
)
from gongji.mirror.national_values import CAUSES, texts
from gongji.mirror.newest import Counted
from gongji.mirror.own_persons import make_institutions, make_items, make_persons
from gongji.mirror.own_visits import REJECTED, BucketTables, BucketWork, make_lines, make_visits
from gongji.mirror.part_store import FILE, Intake, PartStore
from gongji.mirror.pseudonyms import Pseudonyms, load_key
from gongji.mirror.source_databases import SourceDatabase
from gongji.mirror.summary import summary_lines
from gongji.mirror.table_checks import (
    Check,
    Checks,
    check_lines,
    check_visits,
    checks_of_settlements,
    counts_of,
    decide_family,
)
from gongji.mirror.table_mapping import Family, TableMapping, load_mapping
from gongji.refusals import Refusal
from gongji.tabular.whole_files import appearing, write_whole

BUCKET_BYTES = 192 << 20
"""So many bytes of CSV of one table are a bucket; of Parquet an eighth."""
PAIRS = "person-numbers.json"
CHECKS, SUMMARY = "checks.json", "checks.txt"
BY_PERSON = ("visits", "lines", "persons", "spells", "filings", "refunds")
Told = Callable[[str, int], object]
"""Hears what is being done, and of how many rows or buckets."""


@dataclass(frozen=True)
class MirrorWishes:
    """What was asked for.

    Shape:   `buckets` 0 leaves their number to the size of the tables; what was settled after
             `latest_day` is rejected.
    """

    output: Path
    mappings: tuple[Path, ...] = ()
    key: Path | None = None
    keep_numbers: bool = False
    buckets: int = 0
    latest_day: date = date.max


class Settings(msgspec.Struct, frozen=True):
    """What a folder was begun with; another wish begins it anew."""

    mapping: str
    buckets: int
    numbers: str


class NumberPairs(msgspec.Struct, frozen=True):
    """How many pairs of a local and a national number were told, and how many are one to one."""

    pairs: int
    one_to_one: int


class BucketDone(msgspec.Struct):
    """What became of a bucket, with the fingerprint of all that it rests on."""

    fingerprint: str
    files: dict[str, Bucket]
    rows: dict[str, dict[str, int]]
    fen: dict[str, dict[str, int]]
    checks: list[Check]


def mirror_tables(
    sources: Sequence[Path | SourceDatabase], wishes: MirrorWishes, told: Told
) -> Checks:
    """Read delivered tables into our own in a folder, with checks and rejected rows.

    Refuses: value_invalid, field_missing, file_unreadable, database_unreadable, tables_together.
    Ensures: no number of a person is in the folder unless it was asked for.
    """
    mapping = load_mapping(wishes.mappings)
    deliveries, passed = find_deliveries(sources, mapping)
    wishes.output.mkdir(parents=True, exist_ok=True)
    store = _store(wishes, mapping, deliveries)
    refuse_copies({*(r.called for r in store.records), *(d.called for d in deliveries)}, mapping)
    _take_in(wishes, mapping, store, deliveries, told)
    family = decide_family(store.records)
    decided: Family = "beside" if family.decided == "beside" else "inside"
    of_dictionary = BucketTables()
    dictionary = read_dictionary(BucketWork(store, mapping, 0, decided), of_dictionary)
    run = NightlyRun(
        wishes.output,
        store,
        with_dictionary(mapping, dictionary),
        decided,
        dictionary,
        wishes.latest_day,
    )
    done = [run.bucket(number, told) for number in range(store.buckets)]
    counted = _together(done) | of_dictionary.counted
    run.finish(done, counted)
    checks = Checks(
        1,
        mapping.version,
        counts_of(counted, store.records),
        _checks_together(done) + _check_of_pairs(wishes.output / PARTS),
        family,
        passed,
        {record.name: record.read_as for record in store.records if record.read_as},
        likened_sentences(mapping, dictionary),
    )
    write_whole(wishes.output / CHECKS, msgspec.json.format(msgspec.json.encode(checks)))
    write_whole(wishes.output / SUMMARY, "\n".join(summary_lines(checks)).encode())
    return checks


def _store(wishes: MirrorWishes, mapping: TableMapping, found: Sequence[Delivery]) -> PartStore:
    """The parts of the folder, begun anew where it was begun with something else."""
    folder = wishes.output / PARTS
    settings = folder / SETTINGS
    numbers = "kept" if wishes.keep_numbers else "pseudonyms"
    before = None
    if settings.exists():
        before = msgspec.json.decode(settings.read_bytes(), type=Settings)
    buckets = wishes.buckets or (before.buckets if before else _buckets_for(found))
    if not 1 <= buckets <= MOST_BUCKETS:
        values = {"value": str(buckets), "allowed": f"1 至 {MOST_BUCKETS}"}
        raise Refusal("value_invalid", "--buckets", values)
    now = Settings(mapping.version, buckets, numbers)
    if before != now:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        write_whole(settings, msgspec.json.encode(now))
    return PartStore(folder, buckets)


def _buckets_for(found: Sequence[Delivery]) -> int:
    sizes: dict[str, int] = {}
    for item in found:
        sizes[item.table.name] = sizes.get(item.table.name, 0) + item.size
    return min(MOST_BUCKETS, max(1, -(-max(sizes.values()) // BUCKET_BYTES)))


def _take_in(
    wishes: MirrorWishes,
    mapping: TableMapping,
    store: PartStore,
    deliveries: Sequence[Delivery],
    told: Told,
) -> None:
    key = None if wishes.keep_numbers else load_key(wishes.output, wishes.key)
    fresh = [d for d in deliveries if not store.has(d.mark, mapping.version)]
    pseudonyms = Pseudonyms(key, _aliases(wishes.output / PARTS, fresh))
    for item in fresh:
        new = item.after(store.until(item.origin, mapping.version))
        Intake(store, new, mapping, pseudonyms, partial(told, item.name)).run()


def _aliases(folder: Path, deliveries: Iterable[Delivery]) -> dict[str, str]:
    """Local numbers of persons that have a national one, where tables tell both.

    Ensures: the folder keeps how far the two go together, no number.
    """
    schema = {"PSN_NO": pl.String, "PSN_NO_GB": pl.String}
    found = pl.DataFrame(schema=schema)
    for item in deliveries:
        written = {national: name for name, national in item.columns.items()}
        if not set(schema) <= set(written):
            continue
        for frame in item.rows.frames([written[name] for name in schema]):
            pairs = frame.select(
                texts(frame[written[name]].cast(pl.String)).alias(name) for name in schema
            )
            found = pl.concat([found, pairs.drop_nulls()]).unique(maintain_order=True)
    if found.height:
        alone = (pl.col(name).is_unique() for name in schema)
        told = NumberPairs(found.height, found.filter(pl.all_horizontal(alone)).height)
        write_whole(folder / PAIRS, msgspec.json.encode(told))
    return dict(found.iter_rows())


def _check_of_pairs(folder: Path) -> list[Check]:
    """How far local and national numbers of persons go together, where any table told both."""
    if not (folder / PAIRS).exists():
        return []
    told = msgspec.json.decode((folder / PAIRS).read_bytes(), type=NumberPairs)
    sentence = "本地人员编号与国家编号一一对应"
    return [Check("person_numbers", sentence, told.pairs, told.one_to_one)]


@dataclass
class NightlyRun:
    """The buckets of a folder on their way into our own tables."""

    output: Path
    store: PartStore
    mapping: TableMapping
    family: Family
    dictionary: Dictionary
    latest_day: date

    def bucket(self, number: int, told: Told) -> BucketDone:
        """Make a bucket's tables, or find them made of the very same."""
        record = self.store.folder / f"bucket-{number:05d}.done"
        before = _done(record)
        fingerprint = self._fingerprint()
        if before and before.fingerprint == fingerprint and self._stands(before):
            told("分桶", 1)
            return before
        record.unlink(missing_ok=True)
        work = BucketWork(self.store, self.mapping, number, self.family, self.latest_day)
        made, checks = BucketTables(), checks_of_settlements()
        netted = make_visits(work, made)
        make_lines(work, made, netted)
        make_persons(work, made)
        check_visits(checks, made.tables["visits"], netted.live, self.family)
        check_lines(checks, made.tables["visits"], made.tables["lines"])
        self._seen(number, netted.live, made.tables["visits"])
        files = {name: self._keep(number, name, made.tables[name]) for name in BY_PERSON}
        rejected = [frame for frame in made.rejected if frame.height]
        whole = pl.concat(rejected) if rejected else pl.DataFrame(schema=REJECTED)
        whole.write_parquet(self._rejected(number))
        done = BucketDone(
            fingerprint,
            files,
            {name: counts.rows for name, counts in made.counted.items()},
            {name: counts.fen for name, counts in made.counted.items()},
            checks,
        )
        write_whole(record, msgspec.json.encode(done))
        told("分桶", 1)
        return done

    def _fingerprint(self) -> str:
        marks = sorted(record.mark for record in self.store.records)
        told = repr((__version__, self.mapping.version, self.family, self.store.buckets, marks))
        return hashlib.sha256(told.encode()).hexdigest()

    def _stands(self, done: BucketDone) -> bool:
        paths = ((self.output / name / bucket.file, bucket) for name, bucket in done.files.items())
        return all(path.is_file() and hash_of(path) == bucket.sha256 for path, bucket in paths)

    def _rejected(self, number: int) -> Path:
        return self.store.folder / f"bucket-{number:05d}.rejected.parquet"

    def _seen(self, number: int, settled: pl.DataFrame, visits: pl.DataFrame) -> None:
        """Remember the institutions that settlements name."""
        names = settled.select(
            pl.col("FIXMEDINS_CODE").alias("institution"), pl.col("FIXMEDINS_NAME").alias("name")
        ).unique("institution", keep="last", maintain_order=True)
        seen = visits.select("institution", "level", "region").unique(
            "institution", keep="last", maintain_order=True
        )
        joined = seen.join(names, on="institution", how="left")
        joined.write_parquet(self.store.folder / f"bucket-{number:05d}.seen.parquet")

    def _keep(self, number: int, table: str, frame: pl.DataFrame) -> Bucket:
        """Write a bucket of a table."""
        folder = self.output / table
        folder.mkdir(exist_ok=True)
        (folder / MANIFEST).unlink(missing_ok=True)
        path = folder / f"{number:05d}.parquet"
        _write_own(path, table, frame)
        persons = frame["person"].value_counts() if frame.height else None
        most = int(persons["count"].max()) if persons is not None else 0  # type: ignore[arg-type]
        count = persons.height if persons is not None else 0
        return Bucket(path.name, frame.height, count, most, hash_of(path))

    def finish(self, done: Sequence[BucketDone], counted: dict[str, Counted]) -> None:
        """Write what is not by bucket: manifests, institutions, the catalogue, rejected rows."""
        for table in BY_PERSON:
            buckets = tuple(one.files[table] for one in done)
            manifest = Manifest(table, tuple(_schema(table).names), buckets, self._fingerprint())
            content = msgspec.json.format(msgspec.json.encode(manifest))
            for path in (self.output / table).glob("[0-9]" * 5 + ".parquet"):
                if path.name not in {bucket.file for bucket in buckets}:
                    path.unlink()
            write_whole(self.output / table / MANIFEST, content)
        made = BucketTables(counted=counted)
        work = BucketWork(self.store, self.mapping, 0, self.family)
        seen = pl.concat(
            pl.read_parquet(self.store.folder / f"bucket-{number:05d}.seen.parquet")
            for number in range(self.store.buckets)
        )
        _write_own(
            self.output / "institutions.parquet",
            "institutions",
            make_institutions(work, made, seen),
        )
        make_items(work, made).write_parquet(self.output / "items.parquet", compression="zstd")
        self._write_rejected()

    def _write_rejected(self) -> None:
        """All rows that cannot be used, of reading and of the buckets."""
        unread = [
            frame.with_columns(
                pl.lit(None, dtype=pl.String).alias("key"),
                pl.lit(None, dtype=pl.String).alias("value"),
            ).select(*REJECTED)
            for frame in self.store.bad()
        ]
        numbers = range(self.store.buckets)
        whole = pl.concat([*unread, *(pl.read_parquet(self._rejected(n)) for n in numbers)])
        target = self.output / "rejected.csv"
        reason = pl.col("cause").replace(CAUSES).alias("reason")
        whole = self.dictionary.explain(whole).with_columns(reason)
        whole.sort("table", FILE, "row_number", nulls_last=True).write_csv(target, include_bom=True)


def _schema(table: str) -> pa.Schema:
    own = TABLES[table]
    if table == "visits":
        return pa.schema([*own, *ALSO_OF_VISITS])
    if table == "lines":
        return own.append(pa.field("settlement", pa.string()))
    return own


def _write_own(path: Path, table: str, frame: pl.DataFrame) -> None:
    """Write a table in our columns and types, whole or not at all."""
    schema = _schema(table)
    arrow = frame.select(schema.names).to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema)
    with appearing(path) as beside:
        pq.write_table(arrow, beside, compression="zstd")


def _done(path: Path) -> BucketDone | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=BucketDone)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def _together(done: Iterable[BucketDone]) -> dict[str, Counted]:
    whole: dict[str, Counted] = {}
    for one in done:
        for table, rows in one.rows.items():
            counted = whole.setdefault(table, Counted())
            for kind, count in rows.items():
                counted.count(kind, count)
            for kind, fen in one.fen.get(table, {}).items():
                counted.fen[kind] = counted.fen.get(kind, 0) + fen
    return whole


def _checks_together(done: Iterable[BucketDone]) -> list[Check]:
    whole = checks_of_settlements()
    for one in done:
        for mine, its in zip(whole, one.checks, strict=True):
            mine.rows += its.rows
            mine.holds += its.holds
            mine.differs_fen += its.differs_fen
            mine.shown = (mine.shown + its.shown)[:5]
    return whole
