"""An institution against its own past: months of cost, the season taken out, a moving average.

The season is what all peers of its kind and level have in the month. What is left is the log of
the institution's month over its share of the first months; an exponentially weighted average of it
that leaves its limits tells of growth.
"""

import numpy as np
import polars as pl

WEIGHT = 0.3
BASE_MONTHS = 4
LIMIT = 4.0
LEAST_SPREAD = 0.08
FEWEST_VISITS_A_MONTH = 10
PAST = {
    "institution": pl.String,
    "group": pl.String,
    "month": pl.Date,
    "total": pl.Int64,
    "expected": pl.Float64,
    "average": pl.Float64,
    "limit": pl.Float64,
    "beyond": pl.Boolean,
}
"""One row an institution and month; `average` and `limit` are natural logarithms."""


def against_past(cells: pl.DataFrame, institutions: pl.DataFrame) -> pl.DataFrame:
    """Every institution's months, and those in which its average left the limits upwards."""
    known = institutions.select("institution", "kind", "level").unique("institution")
    months = (
        cells.join(known, on="institution")
        .with_columns(group=pl.concat_str("kind", pl.lit("/"), pl.col("level").fill_null("")))
        .group_by("institution", "group", "month")
        .agg(pl.col("total").sum(), pl.col("visits").sum())
        .sort("institution", "month")
    )
    enough = pl.col("visits").min().over("institution") >= FEWEST_VISITS_A_MONTH
    whole = pl.len().over("institution") == pl.col("month").n_unique()
    months = months.filter(enough & whole)
    season = pl.col("total").sum().over("group", "month") - pl.col("total")
    rest = months.with_columns(_log=(pl.col("total") / pl.max_horizontal(season, 1)).log())
    base = pl.col("_log").head(BASE_MONTHS).mean().over("institution")
    return _averaged(rest.with_columns(_left=pl.col("_log") - base, _season=season))


def _averaged(months: pl.DataFrame) -> pl.DataFrame:
    found = [pl.DataFrame(schema=PAST)]
    for _, group in months.group_by("group", maintain_order=True):
        spread = _spread(group)
        for _, one in group.group_by("institution", maintain_order=True):
            found.append(_one(one, spread))
    return pl.concat(found)


def _spread(group: pl.DataFrame) -> float:
    """The spread of a month beside the one before, over all peers, from their median."""
    steps = group.select(pl.col("_left").diff().over("institution").drop_nulls()).to_series()
    steps = steps.drop_nulls()
    if steps.is_empty():
        return LEAST_SPREAD
    return max(LEAST_SPREAD, 1.4826 * float(np.median(np.abs(steps.to_numpy()))) / 2**0.5)


def _one(one: pl.DataFrame, spread: float) -> pl.DataFrame:
    left = one["_left"].to_numpy()
    average, running = np.zeros(len(left)), 0.0
    for month, value in enumerate(left):
        running = WEIGHT * value + (1 - WEIGHT) * running
        average[month] = running
    ages = np.arange(1, len(left) + 1)
    shrink = WEIGHT / (2 - WEIGHT) * (1 - (1 - WEIGHT) ** (2 * ages))
    limit = LIMIT * spread * np.sqrt(shrink)
    total = one["total"].to_numpy()
    return pl.DataFrame(
        {
            "institution": one["institution"],
            "group": one["group"],
            "month": one["month"],
            "total": total,
            "expected": total / np.exp(left),
            "average": average,
            "limit": limit,
            "beyond": (average > limit) & (ages > BASE_MONTHS),
        },
        schema=PAST,
    )


def growing(months: pl.DataFrame) -> pl.DataFrame:
    """Institutions beyond their limits in some month: how much more than expected, in fen."""
    over = months.filter(pl.col("beyond")).with_columns(
        _excess=pl.max_horizontal(pl.col("total") - pl.col("expected"), 0)
    )
    return (
        over.group_by("institution", "group")
        .agg(
            months=pl.len().cast(pl.Int64),
            first=pl.col("month").min(),
            excess=pl.col("_excess").sum().round().cast(pl.Int64),
            most=(pl.col("average") / pl.col("limit")).max() * LIMIT,
        )
        .sort("excess", "institution", descending=[True, False])
    )
