"""Who pays what of the made-up visits: a plain scheme with a deductible, rates and a ceiling.

It is near what areas have and is no area's law; whoever needs the law settles the visits again.
"""

import polars as pl

from gongji.supervision.prefecture.claims import Claims

DEDUCTIBLE_FEN = 30_000
CEILING_FEN = {"active": 150_000, "retired": 200_000}
RATES = {"1": 70, "2": 60, "3": 60, "": 70, "pharmacy": 60}
RETIRED_MORE = 10
"""Percent."""


def settled(claims: Claims, persons: pl.DataFrame) -> pl.DataFrame:
    """The visits with every amount; the pool pays what was in scope, person by person in order.

    Ensures: total = in_scope + first_self + own; total = pool + supplements + account + family +
             cash.
    """
    lines = claims.lines
    first_self = pl.when(pl.col("listing_level") == "02").then(
        pl.col("amount") - pl.col("in_scope")
    )
    own = pl.when(pl.col("listing_level") == "03").then(pl.col("amount"))
    sums = lines.group_by("visit").agg(
        total=pl.col("amount").sum(),
        in_scope=pl.col("in_scope").sum(),
        first_self=first_self.fill_null(0).sum(),
        own=own.fill_null(0).sum(),
    )
    visits = claims.visits.join(sums, on="visit", how="inner").join(
        persons.select("person", "status"), on="person", how="left"
    )
    return _paid_by(_pooled(visits.sort("person", "settled_at", "visit")))


def rate() -> pl.Expr:
    """The pool's percent of a visit."""
    base = pl.col("level").replace_strict(RATES, return_dtype=pl.Int64)
    return base + pl.when(pl.col("status") == "retired").then(RETIRED_MORE).otherwise(0)


def _pooled(visits: pl.DataFrame) -> pl.DataFrame:
    """With what the pool pays and the deductible borne."""
    pays = (pl.col("level") != "pharmacy") | pl.col("prescriber").is_not_null()
    stay = pl.col("care") == "inpatient"
    ceiling = pl.col("status").replace_strict(CEILING_FEN, return_dtype=pl.Int64)
    scope = pl.when(pays & ~stay).then("in_scope").otherwise(0)
    visits = visits.with_columns(_scope=scope)
    before = pl.col("_scope").cum_sum().over("person") - pl.col("_scope")
    due = pl.min_horizontal(pl.max_horizontal(DEDUCTIBLE_FEN - before, 0), "_scope")
    visits = visits.with_columns(deductible=due)
    wanted = ((pl.col("_scope") - pl.col("deductible")) * rate() + 50) // 100
    visits = visits.with_columns(_wanted=wanted)
    used = pl.col("_wanted").cum_sum().over("person") - pl.col("_wanted")
    left = pl.max_horizontal(ceiling - used, 0)
    pool = pl.min_horizontal("_wanted", left)
    stays = (pl.col("in_scope") * 80 + 50) // 100
    return visits.with_columns(
        pool=pl.when(stay).then(stays).otherwise(pool),
        left=pl.max_horizontal(left - pl.col("_wanted"), 0),
    )


def _paid_by(visits: pl.DataFrame) -> pl.DataFrame:
    """With account, family and cash; who brings a family member's account pays from it."""
    rest = pl.col("total") - pl.col("pool")
    has_payer = pl.col("payer_account").is_not_null()
    draws = pl.col("visit").hash(7) % 10 < 8
    return visits.with_columns(
        over_limit=pl.lit(0, pl.Int64),
        supplements=pl.lit(0, pl.Int64),
        institution_bears=pl.lit(0, pl.Int64),
        family=pl.when(has_payer).then(rest).otherwise(0),
        account=pl.when(~has_payer & draws).then(rest).otherwise(0),
        cash=pl.when(~has_payer & ~draws).then(rest).otherwise(0),
    )


VISIT_COLUMNS = (
    *("visit", "person", "institution", "region", "begin", "end", "settled_at", "med_type", "care"),
    *("disease", "diagnosis", "level", "offsite", "doctor", "department", "prescriber", "terminal"),
    *("total", "in_scope", "own", "first_self", "over_limit", "deductible", "pool", "supplements"),
    *("account", "family", "cash", "institution_bears", "payer_account"),
)
LINE_COLUMNS = (
    *("line", "visit", "person", "institution", "occurred_at", "item", "name", "kind", "count"),
    *("price", "amount", "in_scope", "listing_level", "days", "doctor", "department", "trace"),
)
