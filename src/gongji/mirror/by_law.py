"""Own tables of a made-up prefecture paid as the law gives, but for mistakes that are known.

So an audit of what is read back finds these mistakes and nothing else.
"""

from pathlib import Path

import polars as pl

from gongji.batch.adjudicate import adjudicate_table
from gongji.batch.own_tables import SHORT, own_files
from gongji.law.rulebook.law import Settings
from gongji.law.rulebook.vocabulary import BENEFITS

GIVEN = (
    *("person", "visit", "date", "area", "status", "level", "institution_kind", "institution"),
    *("benefit", "total_fen", "in_scope_fen", "birth_date"),
)
MISTAKE_IN = 211
"""One visit in so many was paid wrongly."""


def pay_by_law(folder: Path, settings: Settings | None = None) -> int:
    """Pay the visits of a folder of own tables as the law gives; how many were paid wrongly.

    Shape:   visits that the law does not settle keep what they had.
    """
    wrong = 0
    for path in own_files(folder, "visits"):
        given = pl.read_parquet(path)
        visits = given.rename({s: own for s, own in SHORT.items() if s in given.columns})
        paid, mistakes = _paid(visits, settings or {})
        paid.write_parquet(path, compression="zstd")
        wrong += mistakes
    return wrong


def _paid(visits: pl.DataFrame, settings: Settings) -> tuple[pl.DataFrame, int]:
    numbered = visits.with_row_index("at")
    judged = numbered.filter(
        pl.col("benefit").is_in([*BENEFITS.values()]) & (pl.col("institution_kind") == "hospital")
    )
    table = judged.select(name for name in GIVEN if name in judged.columns).to_arrow()
    results, _ = adjudicate_table(table, settings=settings)
    due = pl.DataFrame(pl.from_arrow(results)).select(
        pl.col("row_number").cast(pl.Int64) - 1,
        pl.col("pool_pays_fen").cast(pl.Int64),
        pl.col("deductible_fen").cast(pl.Int64),
    )
    at = judged.with_row_index("row_number").select(pl.col("row_number").cast(pl.Int64), "at")
    told = at.join(due, on="row_number").drop("row_number").drop_nulls("pool_pays_fen")
    joined = numbered.join(told, on="at", how="left", maintain_order="left")
    mistaken = (pl.col("at") % MISTAKE_IN == 0) & (pl.col("pool_pays_fen") > 0)
    less = pl.when(mistaken).then(0).otherwise("pool_pays_fen")
    pool = less.fill_null(pl.col("paid_pool_fen"))
    rest = pl.col("total_fen") - pool
    family = pl.min_horizontal(pl.col("family_fen").fill_null(0), rest)
    account = pl.min_horizontal(pl.col("account_fen").fill_null(0), rest - family)
    paid = joined.with_columns(
        pool.alias("paid_pool_fen"),
        pl.coalesce("deductible_fen", "paid_deductible_fen").alias("paid_deductible_fen"),
        family.alias("family_fen"),
        account.alias("account_fen"),
        (rest - family - account).alias("cash_fen"),
    )
    return paid.select(visits.columns), joined.filter(mistaken).height
