"""What a detector is, how it is found by its name, and what it gives."""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from gongji.supervision.claim_tables import ClaimPart
from gongji.supervision.rules_folded import Rule

HIT = {
    "line": pl.String,
    "visit": pl.String,
    "person": pl.String,
    "institution": pl.String,
    "doctor": pl.String,
    "day": pl.Date,
    "money": pl.Int64,
    "over_percent": pl.Float64,
    "evidence": pl.String,
}
"""What a detector gives, a row for each line (or visit, `line` empty) that it means.

Units:   money in fen is what is at stake, the excess only; `over_percent` is by how much a limit is
         passed, empty where there is no limit to be near to.
"""
POINT = {
    "rule": pl.String,
    "item": pl.String,
    "other": pl.String,
    "low": pl.Int64,
    "high": pl.Int64,
    "allowed": pl.String,
    "unit": pl.String,
    "since": pl.Date,
    "until": pl.Date,
    "basis": pl.String,
}
"""A knowledge point: of which rule, for which code (and the other of a pair), its bounds or what is
allowed (joined by ;), from and to which day."""

Find = Callable[[ClaimPart, Rule, pl.DataFrame], pl.DataFrame]


@dataclass(frozen=True)
class Detector:
    """One word of the vocabulary.

    Shape:   `needs` are columns without which nothing is looked at; a row in which one is empty is
             passed over and counted. `whole` looks at everybody at once instead of some persons;
             `near` at nobody's visits of other days than those of a visit and beside it.
    """

    name: str
    find: Find
    needs: tuple[str, ...]
    points: bool = False
    whole: bool = False
    near: bool = False


DETECTORS: dict[str, Detector] = {}
"""Every detector by its Chinese name."""


def detector(
    name: str, *needs: str, points: bool = False, whole: bool = False, near: bool = False
) -> Callable[[Find], Find]:
    """A function as a word of the vocabulary."""

    def named(find: Find) -> Find:
        DETECTORS[name] = Detector(name, find, needs, points, whole, near)
        return find

    return named


def hits(
    frame: pl.DataFrame, money: pl.Expr, evidence: pl.Expr, over_percent: pl.Expr | None = None
) -> pl.DataFrame:
    """Rows of lines or visits as hits."""
    there = frame.columns
    line = pl.col("line") if "line" in there else pl.lit(None, pl.String)
    doctor = pl.col("doctor") if "doctor" in there else pl.lit(None, pl.String)
    day = pl.col("occurred_at").dt.date() if "occurred_at" in there else pl.col("begin")
    over = pl.lit(None, pl.Float64) if over_percent is None else over_percent.cast(pl.Float64)
    return frame.select(
        line=line,
        visit="visit",
        person="person",
        institution="institution",
        doctor=doctor,
        day=day,
        money=money.cast(pl.Int64),
        over_percent=over,
        evidence=evidence,
    )


def nothing() -> pl.DataFrame:
    """No hits."""
    return pl.DataFrame(schema=HIT)


def with_points(lines: pl.DataFrame, points: pl.DataFrame, key: str = "item") -> pl.DataFrame:
    """Lines that a point speaks of on their day, with the point's columns."""
    mine = points.select("item", "other", "low", "high", "allowed", "unit", "since", "until")
    if points.is_empty():
        return lines.clear().join(mine.rename({"item": key}), on=key, how="inner")
    known = lines.join(points.select(pl.col("item").alias(key)).unique(), on=key, how="semi")
    day = pl.col("occurred_at").dt.date()
    holds = (day >= pl.col("since")) & (pl.col("until").is_null() | (day < pl.col("until")))
    return known.join(mine.rename({"item": key}), on=key).filter(holds)


def listed(column: str, allowed: str = "allowed") -> pl.Expr:
    """Whether a code is one of a text's codes joined by ;."""
    return pl.col(allowed).str.split(";").list.contains(pl.col(column))


def yuan(money: str) -> pl.Expr:
    """An amount in fen as yuan, for people."""
    return (pl.col(money) / 100).round(2).cast(pl.String)
