"""Figures that a document leaves open, estimated from what was paid where that is clear.

An estimate is the value that nearly all rows show, tried on whole persons by the engine itself: it
is offered as `--set`, said to be estimated, and never used unasked.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import islice, product
from pathlib import Path

import polars as pl

from gongji.auditing.rows import PaidFile
from gongji.auditing.suspects import rows_paid_by_law
from gongji.law.rulebook.law import Settings
from gongji.refusals import Refusal
from gongji.units import FEN_PER_YUAN, WHOLE, show_ppm, yuan_text

CLEAR_PPM, FEWEST, TRIED_ROWS, TRIED = 900_000, 30, 4_000, 32
"""So many of the rows must agree, of so many at least; so many rows and combinations are tried."""
OPEN = r"--set ([a-z_0-9.]+)=…"


@dataclass(frozen=True)
class FolderWishes:
    """How a folder is to be audited, as for a file."""

    area: str = ""
    folders: tuple[Path, ...] = ()
    settings: Settings = field(default_factory=dict)
    opening: Path | None = None
    mode: str = "law"

    def also(self, settings: Settings) -> "FolderWishes":
        """The same with more settings."""
        return replace(self, settings={**self.settings, **settings})


@dataclass(frozen=True)
class Estimate:
    """A figure read from the data: how many of the rows that need it agree with it."""

    parameter: str
    value: str
    benefit: str
    rows: int
    agree: int

    @property
    def clear(self) -> bool:
        """Whether nearly all rows show it."""
        return self.rows >= FEWEST and self.agree * WHOLE >= CLEAR_PPM * self.rows

    @property
    def setting(self) -> str:
        """As it is given to the commands."""
        return f"--set {self.parameter}={self.value}"


def estimate(frame: pl.DataFrame, bad: pl.DataFrame, wishes: FolderWishes) -> list[Estimate]:
    """The open figures of visits that lack one, benefit by benefit.

    Shape:   `frame` are judged visits of a file and `bad` the rows of them that could not be
             audited, by row_number.
    """
    lacking = bad.filter(pl.col("code") == "parameter_missing")
    if lacking.is_empty():
        return []
    numbered = frame.with_columns(pl.int_range(1, pl.len() + 1).cast(pl.Int64).alias("row_number"))
    rows = numbered.join(lacking.select("row_number", "column", "reason"), on="row_number")
    found = []
    for (benefit,), group in rows.group_by("benefit", maintain_order=True):
        found += _of_benefit(str(benefit), frame, group, wishes)
    return found


def _of_benefit(
    benefit: str, frame: pl.DataFrame, group: pl.DataFrame, wishes: FolderWishes
) -> list[Estimate]:
    also = group["reason"].unique().str.extract_all(OPEN).explode().drop_nulls()
    names = list(dict.fromkeys([*group["column"].unique().sort(), *_parameters(also)]))
    whole = frame.filter(pl.col("person").is_in(group["person"].unique().implode()))
    some = whole.head(TRIED_ROWS)
    values = [list(candidates(name, group)) for name in names]
    best, agreed, looked = None, -1, 0
    for tried in islice(product(*values), TRIED):
        settings = dict(zip(names, tried, strict=True))
        rows, agree = _agreeing(benefit, some, wishes.also(settings))
        if agree > agreed:
            best, agreed, looked = settings, agree, rows
    if best is None:
        return []
    stood_in = {name for name in names if "ceiling" in name and not _ceilings(group)}
    return [
        Estimate(name, value, benefit, looked, agreed)
        for name, value in best.items()
        if name not in stood_in
    ]


def _parameters(texts: Iterable[str]) -> list[str]:
    return [text.removeprefix("--set ").removesuffix("=…") for text in texts]


def candidates(name: str, rows: pl.DataFrame) -> list[str]:
    """The values that a figure may have by its name, the most frequent first."""
    axes = set(name.split(".")[1:])
    for column, known in (("status", {"active", "retired"}), ("level", {"1", "2", "3"})):
        if axes & known:
            rows = rows.filter(pl.col(column).is_in(axes & known))
    paid = rows.filter(pl.col("paid_pool_fen") > 0)
    if rows.is_empty():
        return []
    if "rate" in name:
        base = pl.col("in_scope_fen") - pl.col("paid_deductible_fen").fill_null(0)
        percent = (pl.col("paid_pool_fen") * 100 + base // 2) // base
        shown = paid.filter(base > 0).select(percent.alias("x"))["x"]
        return [show_ppm(int(x) * WHOLE // 100) for x in _frequent(shown, 3)]
    if "deductible" in name:
        return [yuan_text(int(x)) for x in _frequent(rows["paid_deductible_fen"].drop_nulls(), 3)]
    if "ceiling" in name:
        # Where nobody stands still under a ceiling, one that nobody reaches stands in for it.
        beyond = int(rows["paid_pool_fen"].sum()) + FEN_PER_YUAN
        return [yuan_text(fen) for fen in _ceilings(rows)] or [yuan_text(beyond)]
    return []


def _ceilings(rows: pl.DataFrame) -> list[int]:
    """Sums of a person's year at which several persons stand still."""
    sums = rows.group_by("person", pl.col("date").dt.year()).agg(pl.col("paid_pool_fen").sum())
    shown = sums["paid_pool_fen"].value_counts().filter(pl.col("count") >= 5)
    often = shown.sort("count", descending=True)["paid_pool_fen"].head(2)
    return [int(fen) for fen in often if fen]


def _frequent(shown: pl.Series, most: int) -> list[int]:
    counted = shown.rename("x").value_counts(sort=True)
    return [int(x) for x in counted["x"].head(most)]


def _agreeing(benefit: str, frame: pl.DataFrame, wishes: FolderWishes) -> tuple[int, int]:
    """How many visits of a benefit there are, and how many were paid as the law gives now."""
    try:
        file = PaidFile(frame, area=wishes.area, folders=wishes.folders, settings=wishes.settings)
        agree = rows_paid_by_law(file)
    except Refusal:
        return 0, 0
    mine = (frame["benefit"] == benefit).to_numpy()
    return int(mine.sum()), int((mine & agree).sum())
