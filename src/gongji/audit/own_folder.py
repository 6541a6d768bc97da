"""A folder of our own tables audited: every visit against the law, counted by what differs.

Visits are read bucket by bucket. What the outpatient rules do not cover, or what the tables do not
tell enough about, is set aside and counted, never judged.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from gongji.audit.differences import AuditSummary, bad_frame, findings_frame
from gongji.audit.history import Finding
from gongji.audit.open_figures import Estimate, FolderWishes, estimate
from gongji.audit.rows import BadRow, PaidFile, audit
from gongji.audit.suspects import suspects_of
from gongji.batch.own_tables import SHORT, own_files
from gongji.law.rulebook.vocabulary import BENEFITS
from gongji.refusals import Refusal
from gongji.tabular.texts import ROW

GIVEN = (
    *("person", "visit", "sequence", "date", "area", "status", "level", "institution_kind"),
    *("institution", "prescriber_level", "benefit", "total_fen", "in_scope_fen", "birth_date"),
    *("disease", "offsite", "subsidy", "paid_pool_fen", "paid_supplements_fen"),
    "paid_deductible_fen",
)
"""The columns that the audit reads; others of a folder are passed over."""
ASIDE = {
    "not_outpatient": "住院等不在门诊待遇之内",
    "account_only": "药店只用个人账户的购药",
    "prescriber_unknown": "药店有统筹支付而处方机构不明",
}
"""Why a visit is not judged."""
MONTH = "month"
DIMENSIONS = {"institution": "机构", MONTH: "月份", "benefit": "待遇", "level": "级别"}
SEEN = ("institution", MONTH, "benefit", "level")


@dataclass
class FolderAudit:
    """What was found in a folder.

    Shape:   `findings` and `bad` as in a file, with `file`, `institution`, `month`, `level`;
             `totals` by dimension: value, rows, pool_fen; `aside` counts what was not judged.
    """

    summary: AuditSummary
    findings: pl.DataFrame
    bad: pl.DataFrame
    totals: dict[str, pl.DataFrame]
    aside: dict[str, int]
    names: dict[str, str]
    """Institution -> name."""
    estimates: list[Estimate]


def own_visits(folder: Path) -> Iterator[tuple[str, pl.DataFrame]]:
    """The visits of a folder file by file, with the columns that the audit reads.

    Refuses: value_invalid for a folder without visits.
    """
    paths = own_files(folder, "visits")
    if not paths:
        allowed = "含 visits 表的目录，由 gongji mirror 等写出"
        raise Refusal("value_invalid", "目录", {"value": str(folder), "allowed": allowed})
    people = _people(folder)
    places = _places(folder)
    for path in paths:
        frame = pl.read_parquet(path)
        frame = frame.rename({s: own for s, own in SHORT.items() if s in frame.columns})
        yield path.name, _complete(frame, people, places)


def _people(folder: Path) -> pl.DataFrame:
    found = [pl.read_parquet(path) for path in own_files(folder, "persons")]
    if not found:
        kinds = dict.fromkeys(("person", "status", "area"), pl.String)
        return pl.DataFrame(schema=kinds | {"born": pl.Date})
    return pl.concat(found).select("person", "status", "area", "born")


def _places(folder: Path) -> pl.DataFrame:
    found = [pl.read_parquet(path) for path in own_files(folder, "institutions")]
    if not found:
        return pl.DataFrame(
            schema=dict.fromkeys(("institution", "name", "kind", "level"), pl.String)
        )
    return pl.concat(found).select("institution", "name", "kind", "level")


def _complete(frame: pl.DataFrame, people: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """The visits with what persons and institutions tell where the visit does not."""
    frame = _with(frame, people.rename({"born": "birth_date"}), "person")
    kinds = pl.when(pl.col("kind") == "pharmacy").then(pl.lit("pharmacy"))
    place = places.select(
        "institution", kinds.otherwise(pl.lit("hospital")).alias("institution_kind")
    )
    frame = _with(frame, place.unique("institution"), "institution")
    writer = places.select(
        pl.col("institution").alias("prescriber"), pl.col("level").alias("prescriber_level")
    )
    if "prescriber" in frame.columns:
        frame = _with(frame, writer.unique("prescriber"), "prescriber")
    if "offsite" in frame.columns and frame["offsite"].dtype == pl.Boolean:
        frame = frame.with_columns(pl.when("offsite").then(pl.lit("filed")).alias("offsite"))
    graded = pl.col("level").is_in(["1", "2", "3"])
    frame = frame.with_columns(
        pl.lit(None, pl.String).alias(name)
        for name in ("level", "prescriber_level")
        if name not in frame.columns
    )
    frame = frame.with_columns(pl.when(graded).then("level").alias("level"))
    return frame.select(name for name in GIVEN if name in frame.columns)


def _with(frame: pl.DataFrame, told: pl.DataFrame, key: str) -> pl.DataFrame:
    """A frame with columns from another where it lacks them or has nothing."""
    joined = frame.join(told, on=key, how="left", suffix="_told", maintain_order="left")
    names = [name for name in told.columns if f"{name}_told" in joined.columns]
    return joined.with_columns(
        pl.coalesce(name, f"{name}_told").alias(name) for name in names
    ).drop(f"{name}_told" for name in names)


def judged(frame: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    """The visits that the outpatient rules judge, and how many are set aside, by reason."""
    shop = pl.col("institution_kind") == "pharmacy"
    nothing = (pl.col("paid_pool_fen") == 0) & pl.col("prescriber_level").is_null()
    reason = (
        pl.when((pl.col("benefit") == "account") | (shop & nothing))
        .then(pl.lit("account_only"))
        .when(~pl.col("benefit").is_in([*BENEFITS.values()]))
        .then(pl.lit("not_outpatient"))
        .when(shop & pl.col("prescriber_level").is_null())
        .then(pl.lit("prescriber_unknown"))
    )
    told = frame.with_columns(reason.alias("aside"))
    counts = dict(told["aside"].drop_nulls().value_counts().iter_rows())
    return told.filter(pl.col("aside").is_null()).drop("aside"), counts


def audit_folder(
    folder: Path, wishes: FolderWishes, progress: Callable[[int], object] = int
) -> FolderAudit:
    """Audit the visits of a folder.

    Refuses: value_invalid for a folder without visits; what `PaidFile` refuses.
    """
    places = _places(folder)
    made = _Found()
    for name, frame in own_visits(folder):
        kept, aside = judged(frame)
        for reason, count in aside.items():
            made.aside[reason] = made.aside.get(reason, 0) + count
        progress(frame.height - kept.height)
        if kept.height:
            made.add(name, kept, wishes, progress)
    return made.whole(dict(places.select("institution", "name").iter_rows()))


@dataclass
class _Found:
    """What was found so far, file by file."""

    summary: AuditSummary = field(default_factory=AuditSummary)
    findings: list[pl.DataFrame] = field(default_factory=list)
    bad: list[pl.DataFrame] = field(default_factory=list)
    totals: dict[str, list[pl.DataFrame]] = field(default_factory=dict)
    aside: dict[str, int] = field(default_factory=dict)
    estimates: dict[str, Estimate] = field(default_factory=dict)

    def add(
        self,
        name: str,
        frame: pl.DataFrame,
        wishes: FolderWishes,
        progress: Callable[[int], object],
    ) -> None:
        """Audit the visits of one file."""
        paid = PaidFile(
            frame,
            area=wishes.area,
            folders=wishes.folders,
            settings=wishes.settings,
            opening=wishes.opening,
        )
        findings: list[Finding] = []
        bad: list[BadRow] = []
        for found in audit(paid, wishes.mode, progress, suspects_of(paid)):
            self.summary.add(found)
            if isinstance(found, Finding):
                findings.append(found)
            else:
                bad.append(found)
        self.summary.rows += frame.height
        month = pl.col("date").cast(pl.String).str.slice(0, 7)
        seen = frame.with_columns(month.alias(MONTH), pl.int_range(1, pl.len() + 1).alias(ROW))
        places = seen.select(pl.col(ROW).cast(pl.Int64), "institution", MONTH, "level")
        for frames, made in (
            (self.findings, findings_frame(findings, tuple(paid.names))),
            (self.bad, bad_frame(bad)),
        ):
            frames.append(
                made.join(places, on=ROW, how="left").with_columns(pl.lit(name).alias("file"))
            )
        for one in estimate(frame, self.bad[-1], wishes):
            before = self.estimates.get(one.parameter)
            if before is None or before.rows < one.rows:
                self.estimates[one.parameter] = one
        for dimension in SEEN:
            value = pl.col(dimension).fill_null("")
            counted = seen.group_by(value.alias("value")).agg(
                pl.len().cast(pl.Int64).alias("rows"),
                pl.col("paid_pool_fen").sum().alias("pool_fen"),
            )
            self.totals.setdefault(dimension, []).append(counted)

    def whole(self, names: dict[str, str]) -> FolderAudit:
        """Everything together."""
        totals = {
            dimension: pl.concat(frames).group_by("value").sum().sort("value")
            for dimension, frames in self.totals.items()
        }
        empty = findings_frame([])
        findings = pl.concat(self.findings, how="diagonal_relaxed") if self.findings else empty
        bad = pl.concat(self.bad, how="diagonal_relaxed") if self.bad else bad_frame([])
        estimates = list(self.estimates.values())
        return FolderAudit(self.summary, findings, bad, totals, self.aside, names, estimates)
