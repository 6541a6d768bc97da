"""A folder of our own tables audited: every visit against the law, counted by what differs.

Visits are read bucket by bucket. What the outpatient rules do not cover, or what the tables do not
tell enough about, is set aside and counted, never judged.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from gongji.auditing.differences import AuditSummary, bad_frame, findings_frame
from gongji.auditing.history import Finding
from gongji.auditing.open_figures import Estimate, FolderWishes, estimate
from gongji.auditing.rows import BadRow, PaidFile, audit
from gongji.auditing.suspects import rows_paid_by_law, suspects_of
from gongji.batch.own_tables import SHORT, check_tables, own_files
from gongji.law.rulebook.law import Law
from gongji.law.rulebook.vocabulary import BENEFITS, FACTS
from gongji.refusals import Refusal
from gongji.tabular.header_rows import no_rows
from gongji.tabular.texts import ROW

GIVEN = (
    *("person", "visit", "sequence", "date", "area", "status", "level", "institution_kind"),
    *("institution", "prescriber_level", "benefit", "total_fen", "in_scope_fen", "birth_date"),
    *("disease", "offsite", "subsidy", "paid_pool_fen", "paid_supplements_fen"),
    "paid_deductible_fen",
)
FACT_COLUMNS = tuple(
    fact.column for fact in FACTS.values() if not fact.source and fact.column not in GIVEN
)
"""Facts that tables of a ledger tell besides."""
ASIDE = {
    "not_outpatient": "住院等不在门诊待遇之内",
    "account_only": "药店只用个人账户的购药",
    "prescriber_unknown": "药店处方机构不明，按哪一级都与实付不符",
}
"""Why a visit is not judged."""
ASSUMED = "assumed"
"""Marks a pharmacy's visit of which it is not told who prescribed, though the pool paid."""
TRIED_LEVELS = ("3", "2", "1")
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
    laws: tuple[Law, ...] = ()
    """The laws that the visits fall under."""


NEEDED = {
    "visits": ("person", "institution", "date", "benefit", "paid_pool_fen", "paid_deductible_fen"),
    "persons": ("person", "status", "area", "born"),
    "institutions": ("institution", "name", "kind", "level"),
}
"""Columns that tables must have where they are there."""


def visits_files(folder: Path) -> list[Path]:
    """The files of a folder's visits.

    Refuses: value_invalid for a folder without visits; file_unreadable for a table without the
             columns that are needed.
    """
    paths = own_files(folder, "visits")
    if not paths:
        allowed = "含 visits 表的目录，由 gongji mirror 等写出"
        raise Refusal("value_invalid", "目录", {"value": str(folder), "allowed": allowed})
    for table, columns in NEEDED.items():
        check_tables(own_files(folder, table), table, columns, False)
    return paths


def own_visits(folder: Path) -> Iterator[tuple[str, pl.DataFrame]]:
    """The visits of a folder file by file, with the columns that the audit reads.

    Refuses: as `visits_files`.
    """
    paths = visits_files(folder)
    people = people_of(folder)
    places = places_of(folder)
    for path in paths:
        frame = pl.read_parquet(path)
        frame = frame.rename({s: own for s, own in SHORT.items() if s in frame.columns})
        yield path.name, complete_visits(frame, people, places)


def people_of(folder: Path) -> pl.DataFrame:
    found = [pl.read_parquet(path) for path in own_files(folder, "persons")]
    if not found:
        kinds = dict.fromkeys(("person", "status", "area"), pl.String)
        return pl.DataFrame(schema=kinds | {"born": pl.Date})
    return pl.concat(found).select("person", "status", "area", "born")


def places_of(folder: Path) -> pl.DataFrame:
    found = [pl.read_parquet(path) for path in own_files(folder, "institutions")]
    if not found:
        return pl.DataFrame(
            schema=dict.fromkeys(("institution", "name", "kind", "level"), pl.String)
        )
    return pl.concat(found).select("institution", "name", "kind", "level")


def complete_visits(
    frame: pl.DataFrame, people: pl.DataFrame, places: pl.DataFrame
) -> pl.DataFrame:
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
    if "sequence" not in frame.columns and "settled_at" in frame.columns:
        order = pl.struct("settled_at", "visit").rank("ordinal").over("person", "date")
        frame = frame.with_columns(order.cast(pl.Int64).alias("sequence"))
    graded = pl.col("level").is_in(["1", "2", "3"])
    frame = frame.with_columns(
        pl.lit(None, pl.String).alias(name)
        for name in ("level", "prescriber_level")
        if name not in frame.columns
    )
    # An institution without a grade counts as level 1 and below; a pharmacy has no level.
    ungraded = pl.when(pl.col("institution_kind") != "pharmacy").then(pl.lit("1"))
    frame = frame.with_columns(pl.when(graded).then("level").otherwise(ungraded).alias("level"))
    return frame.select(name for name in (*GIVEN, *FACT_COLUMNS) if name in frame.columns)


def _with(frame: pl.DataFrame, told: pl.DataFrame, key: str) -> pl.DataFrame:
    """A frame with columns from another where it lacks them or has nothing."""
    joined = frame.join(told, on=key, how="left", suffix="_told", maintain_order="left")
    names = [name for name in told.columns if f"{name}_told" in joined.columns]
    return joined.with_columns(
        pl.coalesce(name, f"{name}_told").alias(name) for name in names
    ).drop(f"{name}_told" for name in names)


def judged(frame: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    """The visits that the outpatient rules judge, marked ASSUMED where nobody tells who
    prescribed, and how many are set aside, by reason."""
    unknown = (pl.col("institution_kind") == "pharmacy") & pl.col("prescriber_level").is_null()
    borne = pl.col("paid_deductible_fen").fill_null(0)
    nothing = (pl.col("paid_pool_fen") == 0) & (borne == 0)
    reason = (
        pl.when((pl.col("benefit") == "account") | (unknown & nothing))
        .then(pl.lit("account_only"))
        .when(~pl.col("benefit").is_in([*BENEFITS.values()]))
        .then(pl.lit("not_outpatient"))
    )
    frame = frame.with_columns(unknown.fill_null(False).alias(ASSUMED))
    told = frame.with_columns(reason.alias("aside"))
    counts = dict(told["aside"].drop_nulls().value_counts().iter_rows())
    return told.filter(pl.col("aside").is_null()).drop("aside"), counts


def with_prescribers(frame: pl.DataFrame, wishes: FolderWishes) -> pl.DataFrame:
    """The visits with a level of the prescriber where none is told: one that agrees with what was
    paid, so that the visit moves the meters as it did.

    Ensures: ASSUMED stays only where no level agrees.
    """
    left = frame[ASSUMED]
    for level in TRIED_LEVELS:
        if not left.any():
            break
        mine = pl.when(pl.lit(left)).then(pl.lit(level)).otherwise("prescriber_level")
        frame = frame.with_columns(mine.alias("prescriber_level"))
        try:
            agree = rows_paid_by_law(paid_file(frame, wishes))
        except Refusal:
            break
        left = left & ~pl.Series(agree)
    return frame.with_columns(left.alias(ASSUMED))


def paid_file(frame: pl.DataFrame, wishes: FolderWishes) -> PaidFile:
    """The visits of a folder's file as a file of what was paid."""
    return PaidFile(
        frame.drop(ASSUMED, strict=False),
        area=wishes.area,
        folders=wishes.folders,
        settings=wishes.settings,
        opening=wishes.opening,
    )


def audit_folder(
    folder: Path, wishes: FolderWishes, progress: Callable[[int], object] = int
) -> FolderAudit:
    """Audit the visits of a folder.

    Refuses: as `visits_files`; value_invalid for visits without rows; what `PaidFile` refuses.
    """
    places = places_of(folder)
    made, rows = _Found(), 0
    for name, frame in own_visits(folder):
        rows += frame.height
        kept, aside = judged(frame)
        for reason, count in aside.items():
            made.aside[reason] = made.aside.get(reason, 0) + count
        progress(frame.height - kept.height)
        if kept.height:
            made.add(name, kept, wishes, progress)
    if not rows:
        raise no_rows()
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
    laws: list[Law] = field(default_factory=list)

    def add(
        self,
        name: str,
        frame: pl.DataFrame,
        wishes: FolderWishes,
        progress: Callable[[int], object],
    ) -> None:
        """Audit the visits of one file."""
        frame = with_prescribers(frame, wishes)
        unknown = set(frame[ASSUMED].arg_true() + 1)
        paid = paid_file(frame, wishes)
        self.laws += paid.laws()
        findings: list[Finding] = []
        bad: list[BadRow] = []
        for found in audit(paid, wishes.mode, progress, suspects_of(paid)):
            if found.row_number in unknown:
                continue
            self.summary.add(found)
            if isinstance(found, Finding):
                findings.append(found)
            else:
                bad.append(found)
        self.summary.rows += frame.height - len(unknown)
        if unknown:
            had = self.aside.get("prescriber_unknown", 0)
            self.aside["prescriber_unknown"] = had + len(unknown)
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
        for one in estimate(frame.drop(ASSUMED), self.bad[-1], wishes):
            before = self.estimates.get(one.parameter)
            if before is None or before.rows < one.rows:
                self.estimates[one.parameter] = one
        for dimension in SEEN:
            value = pl.col(dimension).fill_null("")
            counted = (
                seen.filter(~pl.col(ASSUMED))
                .group_by(value.alias("value"))
                .agg(
                    pl.len().cast(pl.Int64).alias("rows"),
                    pl.col("paid_pool_fen").sum().alias("pool_fen"),
                )
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
        self.summary.rest_on(self.laws)
        return FolderAudit(
            self.summary,
            findings,
            bad,
            totals,
            self.aside,
            names,
            estimates,
            tuple(self.laws),
        )
