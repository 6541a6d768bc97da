"""Accounts, shops and prescribers as a graph: rings of shared payers, round-robin prescriptions.

Both are leads to be looked at, not findings: who is family is not in the tables.
"""

import numpy as np
import numpy.typing as npt
import polars as pl

from gongji.supervision.claim_tables import ClaimTables

Numbers = npt.NDArray[np.int64]

RING_PERSONS = 8
FEWEST_SCRIPTS = 30
TIMES = 3.0
RING = {
    "ring": pl.Int64,
    "payers": pl.Int64,
    "persons": pl.Int64,
    "institution": pl.String,
    "share": pl.Float64,
    "money": pl.Int64,
    "members": pl.String,
}
ROUND = {
    "institution": pl.String,
    "prescriber": pl.String,
    "scripts": pl.Int64,
    "share": pl.Float64,
    "usual": pl.Float64,
    "money": pl.Int64,
}


def components(left: Numbers, right: Numbers, count: int) -> Numbers:
    """For each of so many points the least point that edges lead to.

    Each round gives every point the least label of its neighbours and of its label's label; rounds
    are as many as the logarithm of the longest way, about.
    """
    label = np.arange(count)
    while True:
        least = label.copy()
        np.minimum.at(least, left, label[right])
        np.minimum.at(least, right, label[left])
        least = least[least]
        if np.array_equal(least, label):
            return label
        label = least


def payer_rings(tables: ClaimTables) -> pl.DataFrame:
    """Groups of accounts and persons tied by payments, larger than families, mostly at one shop."""
    if not tables.has("visits.payer_account"):
        return pl.DataFrame(schema=RING)
    paid = (
        tables.scan("visits")
        .filter(pl.col("payer_account").is_not_null() & (pl.col("family") > 0))
        .select("payer_account", "person", "institution", "family")
        .collect()
    )
    if paid.is_empty():
        return pl.DataFrame(schema=RING)
    names = (
        pl.concat([paid["payer_account"], paid["person"].rename("payer_account")]).unique().sort()
    )
    place = pl.DataFrame({"name": names, "at": np.arange(len(names))})
    edges = paid.join(place.rename({"name": "payer_account", "at": "_a"}), on="payer_account")
    edges = edges.join(place.rename({"name": "person", "at": "_b"}), on="person")
    label = components(edges["_a"].to_numpy(), edges["_b"].to_numpy(), len(names))
    tied = edges.with_columns(ring=pl.Series(label[edges["_a"].to_numpy()]))
    by_shop = tied.group_by("ring", "institution").agg(_m=pl.col("family").sum())
    top = (
        by_shop.sort("_m", "institution")
        .group_by("ring")
        .agg(institution=pl.col("institution").last(), _top=pl.col("_m").last())
    )
    rings = tied.group_by("ring").agg(
        payers=pl.col("payer_account").n_unique().cast(pl.Int64),
        persons=pl.col("person").n_unique().cast(pl.Int64),
        money=pl.col("family").sum(),
        members=pl.col("person").unique().sort().head(20).str.join(" "),
    )
    found = rings.join(top, on="ring").with_columns(share=pl.col("_top") / pl.col("money"))
    large = found.filter((pl.col("persons") >= RING_PERSONS) & (pl.col("share") >= 0.5))
    return large.select(list(RING)).sort("money", "ring", descending=[True, False])


def round_robins(tables: ClaimTables) -> pl.DataFrame:
    """Shops whose prescriptions come from one prescriber far beyond that prescriber's share."""
    if not tables.has("visits.prescriber"):
        return pl.DataFrame(schema=ROUND)
    scripts = (
        tables.scan("visits")
        .filter(pl.col("prescriber").is_not_null())
        .group_by("institution", "prescriber")
        .agg(scripts=pl.len().cast(pl.Int64), money=pl.col("total").sum())
        .collect()
    )
    of_shop = pl.col("scripts").sum().over("institution")
    others = pl.col("scripts").sum() - of_shop
    elsewhere = pl.col("scripts").sum().over("prescriber") - pl.col("scripts")
    shares = scripts.with_columns(
        share=pl.col("scripts") / of_shop, usual=(elsewhere + 1) / (others + 1)
    )
    found = shares.filter(
        (pl.col("scripts") >= FEWEST_SCRIPTS)
        & (pl.col("share") > 0.2)
        & (pl.col("share") > TIMES * pl.col("usual"))
    )
    beyond = (pl.col("money") * (1 - pl.col("usual") / pl.col("share"))).round().cast(pl.Int64)
    return found.with_columns(money=beyond).select(list(ROUND)).sort("money", descending=True)
