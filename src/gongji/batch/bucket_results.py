"""A folder of buckets settled into a folder of results: one bucket, one file and its totals.

A result is known by its bucket's name and stands for its bucket's hash, the rulebooks and what was
asked for; where all of these are the same it is left as it is, so a run that was stopped, or one
beside another on the same folder, only does what is missing.
"""

import dataclasses
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from gongji import __version__
from gongji.batch import ordering
from gongji.batch.addresses import Address
from gongji.batch.adjudicate import Options, Summary, adjudicate_file
from gongji.batch.buckets import MANIFEST, Bucket, Manifest, hash_of
from gongji.batch.own_tables import ALSO_OF_VISITS, VISITS
from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.law.rulebook.vocabulary import FACTS, VISIT_COLUMNS
from gongji.refusals import Refusal
from gongji.tabular.header_rows import table_file
from gongji.tabular.whole_files import write_whole
from gongji.units import FEN_PER_YUAN, Fen, parse_fen

Told = Callable[[int], None]
RESULTS = "results.json"
WORKERS = 2
OUR_OWN = tuple(
    name
    for name in (*VISITS.names, *ALSO_OF_VISITS.names)
    if name not in {*VISIT_COLUMNS, *(fact.column for fact in FACTS.values())}
)
"""Columns of our own tables that no rule knows; they are passed over."""


class BucketResult(msgspec.Struct, frozen=True):
    """What became of a bucket; `key` says of which content, rulebooks and wishes it is the result.

    Shape:   no `file` for a bucket without rows.
    """

    bucket: str
    key: str
    file: str
    sha256: str
    visits: int
    rejected: int
    pool_fen: Fen
    refusals: dict[str, int]
    notes: dict[str, int]
    unread: tuple[str, ...] = ()
    report: str = ""


class ResultsManifest(msgspec.Struct, frozen=True):
    """The results of all buckets; written when all are there."""

    source: str
    buckets: tuple[BucketResult, ...]

    def summary(self, folder: Address) -> Summary:
        """What became of all; `folder` is where the results lie."""
        whole = Summary()
        pool = 0
        for one in self.buckets:
            whole.visits += one.visits
            whole.rejected += one.rejected
            pool += one.pool_fen
            for code, count in one.refusals.items():
                whole.refusals[code] = whole.refusals.get(code, 0) + count
            for code, count in one.notes.items():
                whole.notes[code] = whole.notes.get(code, 0) + count
            whole.report = whole.report or (f"{folder}/{one.report}" if one.report else "")
        read = [set(one.unread) for one in self.buckets if one.visits]
        whole.unread = tuple(sorted(set.intersection(*read))) if read else ()
        whole.pool_pays = f"{pool // FEN_PER_YUAN}.{pool % FEN_PER_YUAN:02d}"
        return whole


@dataclass(frozen=True)
class BucketJob:
    """What the work on every bucket needs; `wishes` is the hash of all that it depends on else."""

    folder: Address
    output: Address
    options: Options
    areas: Areas
    wishes: str

    def settle(self, bucket: Bucket, told: Told = lambda _: None) -> BucketResult:
        """One bucket's result, made or found.

        Refuses: file_unreadable for a bucket that was changed; what `adjudicate_file` refuses.
        """
        bucket_files, results = (bucket.file,), _results_of(bucket)
        with self.folder.brought(bucket_files) as folder, self.output.kept(results) as output:
            return self._settled(bucket.path(folder), output / bucket.file, bucket, told)

    def _settled(self, path: Path, target: Path, bucket: Bucket, told: Told) -> BucketResult:
        make = partial(self._made, path, target, bucket, told)
        return kept_or_made(bucket, self.wishes, target, BucketResult, (make, told))

    def _made(self, path: Path, target: Path, bucket: Bucket, told: Told, key: str) -> BucketResult:
        report = target.with_suffix(".rejected.csv")
        if bucket.rows:
            options = dataclasses.replace(self.options, report=report)
            summary = adjudicate_file(path, target, options, lambda rows, _: told(rows), self.areas)
        else:
            target.unlink(missing_ok=True)
            summary = Summary()
        return BucketResult(
            bucket.file,
            key,
            target.name if bucket.rows else "",
            hash_of(target) if bucket.rows else "",
            summary.visits,
            summary.rejected,
            parse_fen(summary.pool_pays),
            summary.refusals,
            summary.notes,
            summary.unread,
            report.name if summary.report else "",
        )


R = TypeVar("R", bound="KeptResult")
Engine = Callable[[BucketJob, Sequence[Bucket], Told], list[BucketResult]]
"""What has the work on all buckets done, and gives the results in the buckets' order."""


def in_threads(work: BucketJob, buckets: Sequence[Bucket], told: Told) -> list[BucketResult]:
    """The work done by this process, two buckets at a time."""
    jobs = (partial(work.settle, bucket, told) for bucket in buckets)
    return list(ordering.side_by_side(jobs, WORKERS))


def adjudicate_buckets(
    folder: Address,
    output: Address,
    options: Options,
    progress: Callable[[int, int], None],
    engine: Engine = in_threads,
) -> Summary:
    """Settle a folder of buckets into another.

    Refuses: value_invalid for a folder that is none of buckets; what the work on one is refused
             for.
    Ensures: each result is complete or not there, and made anew only where something changed;
             every engine writes the same bytes.
    """
    if folder == output:
        raise Refusal("value_invalid", "-o", {"value": str(output), "allowed": "与输入不同的目录"})
    with folder.brought((MANIFEST,)) as near:
        manifest = Manifest.read(near)
    work = _prepared(folder, output, options, manifest)
    output.remove(RESULTS)
    results = engine(work, manifest.buckets, lambda rows: progress(rows, manifest.rows))
    done = ResultsManifest(manifest.content, tuple(results))
    with output.kept((RESULTS,)) as made:
        write_whole(made / RESULTS, msgspec.json.format(msgspec.json.encode(done)))
    return done.summary(output)


def _prepared(folder: Address, output: Address, options: Options, manifest: Manifest) -> BucketJob:
    """What the work on the buckets of a folder needs."""
    areas = Areas(Library(options.folders), everywhere=options.settings)
    ignored = tuple(sorted({*options.ignored, *OUR_OWN} & set(manifest.columns)))
    wanted = dataclasses.replace(options, ignored=ignored, numbered=True)
    return BucketJob(folder, output, wanted, areas, wishes_of(areas.library, wanted))


def wishes_of(library: Library, options: Options) -> str:
    """The hash of all that a result depends on beside the bucket."""
    digest = hashlib.sha256(__version__.encode())
    for folder in library.folders:
        for path in sorted(folder.glob("**/*.yaml")):
            digest.update(f"{path.relative_to(folder)}\n".encode() + path.read_bytes())
    opened = table_file(options.opening) if options.opening else None
    opening = f"{hash_of(opened.path)} {opened.place}" if opened else ""
    settings = sorted(options.settings.items())
    latest = options.latest_day
    asked = (options.area, settings, opening, sorted(options.ignored), options.compression, latest)
    digest.update(repr(asked).encode())
    return digest.hexdigest()


def _results_of(bucket: Bucket) -> tuple[str, ...]:
    """The files that the work on a bucket leaves, its record last."""
    stem = bucket.file.removesuffix(".parquet")
    return bucket.file, f"{stem}.rejected.csv", f"{stem}.json"


class KeptResult(Protocol):
    """What is kept of a bucket's result: of what it is, its file and its report."""

    @property
    def key(self) -> str:
        """Of which content, rulebooks and wishes."""

    @property
    def file(self) -> str:
        """The file, none without rows."""

    @property
    def sha256(self) -> str:
        """The file's hash."""

    @property
    def report(self) -> str:
        """The file of rows that could not be read, if there are any."""


def kept_or_made(
    bucket: Bucket, asked: str, target: Path, kind: type[R], work: tuple[Callable[[str], R], Told]
) -> R:
    """The result of a bucket for what was asked: an earlier one of the very same, or made now.

    Shape:   `work` makes it by its key, and hears of the rows of one that was there.
    Ensures: its record is written last, and is gone as long as it is being made.
    """
    key = hashlib.sha256(f"{bucket.sha256} {asked}".encode()).hexdigest()
    record, (make, told) = target.with_suffix(".json"), work
    before = kept_result(record, target, key, kind)
    if before is not None:
        told(bucket.rows)
        return before
    record.unlink(missing_ok=True)
    made = make(key)
    write_whole(record, msgspec.json.encode(made))
    return made


def kept_result(record: Path, target: Path, key: str, kind: type[R]) -> R | None:
    """An earlier result of the very same, with its file as it was."""
    try:
        result = msgspec.json.decode(record.read_bytes(), type=kind)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    if result.key != key or (result.report and not target.with_name(result.report).is_file()):
        return None
    if result.file and not (target.is_file() and hash_of(target) == result.sha256):
        return None
    return result
