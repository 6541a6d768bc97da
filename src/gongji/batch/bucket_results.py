"""A folder of buckets settled into a folder of results: one bucket, one file and its totals.

A result is known by its bucket's name and stands for its bucket's hash, the rulebooks and what was
asked for; where all of these are the same it is left as it is, so a run that was stopped, or one
beside another on the same folder, only does what is missing.
"""

import dataclasses
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from gongji import __version__
from gongji.batch import ordering
from gongji.batch.adjudicate import Options, Summary, adjudicate_file
from gongji.batch.buckets import Bucket, Manifest, hash_of
from gongji.batch.own_tables import ALSO_OF_VISITS, VISITS
from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.law.rulebook.vocabulary import FACTS, VISIT_COLUMNS
from gongji.refusals import Refusal
from gongji.tabular.header_rows import table_file
from gongji.tabular.whole_files import write_whole
from gongji.units import FEN_PER_YUAN, Fen, parse_fen

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

    def summary(self) -> Summary:
        """What became of all."""
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
            whole.report = whole.report or one.report
        read = [set(one.unread) for one in self.buckets if one.visits]
        whole.unread = tuple(sorted(set.intersection(*read))) if read else ()
        whole.pool_pays = f"{pool // FEN_PER_YUAN}.{pool % FEN_PER_YUAN:02d}"
        return whole


@dataclass(frozen=True)
class _Job:
    """What every bucket's work needs."""

    folder: Path
    output: Path
    manifest: Manifest
    options: Options
    areas: Areas
    wishes: str
    told: Callable[[int], None]


def adjudicate_buckets(
    folder: Path, output: Path, options: Options, progress: Callable[[int, int], None]
) -> Summary:
    """Settle a folder of buckets into another.

    Refuses: value_invalid for a folder that is none of buckets; file_unreadable for a bucket that
             was changed; what `adjudicate_file` refuses.
    Ensures: each result is complete or not there, and made anew only where something changed.
    """
    manifest = Manifest.read(folder)
    if folder.resolve() == output.resolve():
        raise Refusal("value_invalid", "-o", {"value": str(output), "allowed": "与输入不同的目录"})
    output.mkdir(exist_ok=True)
    (output / RESULTS).unlink(missing_ok=True)
    areas = Areas(Library(options.folders), everywhere=options.settings)
    ignored = tuple({*options.ignored, *OUR_OWN} & set(manifest.columns))
    wanted = dataclasses.replace(options, ignored=ignored, numbered=True)
    job = _Job(
        folder,
        output,
        manifest,
        wanted,
        areas,
        _wishes(areas.library, options),
        lambda rows: progress(rows, manifest.rows),
    )
    jobs = (partial(_settle, job, bucket) for bucket in manifest.buckets)
    done = ResultsManifest(manifest.content, tuple(ordering.side_by_side(jobs, WORKERS)))
    write_whole(output / RESULTS, msgspec.json.format(msgspec.json.encode(done)))
    return done.summary()


def _wishes(library: Library, options: Options) -> str:
    """The hash of all that a result depends on but the bucket."""
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


def _settle(job: _Job, bucket: Bucket) -> BucketResult:
    """One bucket's result, made or found."""
    path = job.manifest.path(job.folder, bucket)
    key = hashlib.sha256(f"{bucket.sha256} {job.wishes}".encode()).hexdigest()
    target = job.output / bucket.file
    record = target.with_suffix(".json")
    before = _found(record, target, key)
    if before is not None:
        job.told(bucket.rows)
        return before
    record.unlink(missing_ok=True)
    if bucket.rows:
        options = dataclasses.replace(job.options, report=target.with_suffix(".rejected.csv"))
        summary = adjudicate_file(path, target, options, lambda rows, _: job.told(rows), job.areas)
    else:
        target.unlink(missing_ok=True)
        summary = Summary()
    result = BucketResult(
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
        summary.report,
    )
    write_whole(record, msgspec.json.encode(result))
    return result


def _found(record: Path, target: Path, key: str) -> BucketResult | None:
    """An earlier result of the very same, with its file as it was."""
    try:
        result = msgspec.json.decode(record.read_bytes(), type=BucketResult)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    if result.key != key or (result.rejected and not Path(result.report).is_file()):
        return None
    if result.file and not (target.is_file() and hash_of(target) == result.sha256):
        return None
    return result
