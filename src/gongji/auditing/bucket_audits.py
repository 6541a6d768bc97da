"""A folder of buckets audited into a folder of results: one bucket, one file and its totals.

As buckets are settled (`gongji.batch.bucket_results`): a result stands for its bucket's hash, the
rulebooks and what was asked for, so that a run that was stopped only does what is missing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec
import polars as pl

from gongji.auditing.differences import AuditSummary, Tally, bad_frame, findings_frame, write
from gongji.auditing.history import Finding
from gongji.auditing.open_figures import FolderWishes
from gongji.auditing.rows import BadRow, PaidFile, audit
from gongji.auditing.suspects import suspects_of
from gongji.batch import ordering
from gongji.batch.adjudicate import Options
from gongji.batch.bucket_results import RESULTS, WORKERS, kept_or_made, wishes_of
from gongji.batch.buckets import Bucket, Manifest, hash_of
from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.refusals import Refusal
from gongji.tabular.whole_files import write_whole
from gongji.units import Fen

Told = Callable[[int], None]


class AuditedBucket(msgspec.Struct, frozen=True):
    """What was found in a bucket; `key` says of which content, rulebooks and wishes it is.

    Shape:   `causes` cause -> how many, too much, too little; no `file` without rows.
    """

    bucket: str
    key: str
    file: str
    sha256: str
    rows: int
    bad: int
    causes: dict[str, tuple[int, Fen, Fen]]
    report: str = ""


class AuditsManifest(msgspec.Struct, frozen=True):
    """What was found in all buckets; written when all are there."""

    source: str
    buckets: tuple[AuditedBucket, ...]

    def summary(self) -> AuditSummary:
        """The totals of all."""
        whole = AuditSummary()
        for one in self.buckets:
            whole.rows += one.rows
            whole.bad += one.bad
            for cause, (count, over, under) in one.causes.items():
                tally = whole.causes.setdefault(cause, Tally())
                tally.count += count
                tally.over_fen += over
                tally.under_fen += under
        return whole


@dataclass(frozen=True)
class BucketAudit:
    """What the work on every bucket needs; `asked` is the hash of all that it depends on else."""

    folder: Path
    output: Path
    wishes: FolderWishes
    areas: Areas
    asked: str

    def audit(self, bucket: Bucket, told: Told) -> AuditedBucket:
        """One bucket's result, made or found.

        Refuses: file_unreadable for a bucket that was changed; what `PaidFile` refuses.
        """
        path, target = bucket.path(self.folder), self.output / bucket.file
        make = partial(self._audited, path, target, bucket, told)
        return kept_or_made(bucket, self.asked, target, AuditedBucket, (make, told))

    def _audited(
        self, path: Path, target: Path, bucket: Bucket, told: Told, key: str
    ) -> AuditedBucket:
        if not bucket.rows:
            return AuditedBucket(bucket.file, key, "", "", 0, 0, {})
        wishes = self.wishes
        file = PaidFile(path, area=wishes.area, folders=self.areas, opening=wishes.opening)
        found = list(audit(file, wishes.mode, told, suspects_of(file)))
        summary = AuditSummary(rows=len(file.frame))
        for one in found:
            summary.add(one)
        findings = findings_frame((f for f in found if isinstance(f, Finding)), tuple(file.names))
        bad = bad_frame(f for f in found if isinstance(f, BadRow))
        _, *report = write(target, findings, summary, bad)
        causes = {
            name: (one.count, one.over_fen, one.under_fen) for name, one in summary.causes.items()
        }
        named = report[0].name if report else ""
        shape = (summary.rows, summary.bad, causes, named)
        return AuditedBucket(bucket.file, key, target.name, hash_of(target), *shape)


def audit_buckets(
    folder: Path, output: Path, wishes: FolderWishes, told: Told = lambda _: None
) -> AuditSummary:
    """Audit a folder of buckets into another, two buckets at a time.

    Shape:   `told` hears of rows that were done.
    Refuses: value_invalid for a folder that is none of buckets, or a setting that no area of it
             knows; what the work on one is refused for.
    Ensures: each result is complete or not there, and made anew only where something changed.
    """
    if folder.resolve() == output.resolve():
        raise Refusal("value_invalid", "-o", {"value": str(output), "allowed": "与输入不同的目录"})
    manifest = Manifest.read(folder)
    work = _prepared(folder, output, wishes, manifest)
    output.mkdir(exist_ok=True)
    (output / RESULTS).unlink(missing_ok=True)
    jobs = (partial(work.audit, bucket, told) for bucket in manifest.buckets)
    done = AuditsManifest(manifest.content, tuple(ordering.side_by_side(jobs, WORKERS)))
    write_whole(output / RESULTS, msgspec.json.format(msgspec.json.encode(done)))
    summary = done.summary()
    known = _known(work.areas, folder, manifest, wishes.area)
    summary.rest_on(law for code in known for law in work.areas.area(code).laws)
    return summary


def _prepared(folder: Path, output: Path, wishes: FolderWishes, manifest: Manifest) -> BucketAudit:
    """What the work on the buckets of a folder needs; settings are checked once for all."""
    areas = Areas(Library(wishes.folders), everywhere=wishes.settings)
    areas.check_given(_known(areas, folder, manifest, wishes.area))
    options = Options(wishes.area, wishes.settings, wishes.folders, wishes.opening)
    asked = f"audit {wishes.mode} {wishes_of(areas.library, options)}"
    return BucketAudit(folder, output, wishes, areas, asked)


def _known(areas: Areas, folder: Path, manifest: Manifest, given: str) -> Sequence[str]:
    """The areas with rules that the visits are of."""
    codes = {given} if given else set()
    if "area" in manifest.columns:
        paths = [bucket.path(folder) for bucket in manifest.buckets]
        scan = pl.scan_parquet(paths).select(pl.col("area").cast(pl.String).unique())
        codes |= set(scan.collect()["area"].drop_nulls())
    return sorted(code for code in codes if code in areas.library.areas())
