"""Own tables of a made-up prefecture paid as the law gives, but for mistakes that are known.

So an audit of what is read back finds these mistakes and nothing else.
"""

from pathlib import Path

import polars as pl

from gongji.auditing.own_folder import ASSUMED, complete_visits, judged, people_of, places_of
from gongji.batch.adjudicate import adjudicate_table
from gongji.batch.own_tables import SHORT, own_files
from gongji.law.rulebook.law import Settings

MISTAKE_IN = 211
"""One visit in so many was paid nothing though something was due."""
PAID = ("paid_pool_fen", "paid_supplements_fen", "paid_deductible_fen")
AT = "at"


def pay_by_law(folder: Path, settings: Settings | None = None) -> int:
    """Pay the visits of a folder of own tables as the law gives; how many were paid wrongly.

    Shape:   visits that the law does not settle keep what they had.
    """
    wrong = 0
    people, places = people_of(folder), places_of(folder)
    for path in own_files(folder, "visits"):
        given = pl.read_parquet(path)
        visits = given.rename({s: own for s, own in SHORT.items() if s in given.columns})
        numbered = visits.with_row_index(AT)
        whole = complete_visits(numbered, people, places)
        told, _ = judged(whole.with_columns(numbered[AT]))
        told = told.filter(~pl.col(ASSUMED)).drop(ASSUMED)
        paid, mistakes = _paid(numbered, _due(told, settings or {}))
        paid.select(visits.columns).write_parquet(path, compression="zstd")
        wrong += mistakes
    return wrong


def _due(told: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """What the law gives for each visit that it settles, by its place."""
    results, _ = adjudicate_table(told.drop(*PAID, AT).to_arrow(), settings=settings)
    due = pl.DataFrame(pl.from_arrow(results)).select(
        pl.col("row_number").cast(pl.Int64) - 1,
        *(
            pl.col(f"{name}_fen").cast(pl.Int64).alias(f"due_{name}")
            for name in ("pool_pays", "supplements", "deductible")
        ),
    )
    places = told.with_row_index("row_number").select(pl.col("row_number").cast(pl.Int64), AT)
    return places.join(due, on="row_number").drop("row_number").drop_nulls("due_pool_pays")


def _paid(numbered: pl.DataFrame, due: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    joined = numbered.join(due, on=AT, how="left", maintain_order="left")
    mistaken = (pl.col(AT) % MISTAKE_IN == 0) & (pl.col("due_pool_pays") > 0)
    pool = pl.when(mistaken).then(0).otherwise("due_pool_pays").fill_null(pl.col(PAID[0]))
    more = pl.coalesce("due_supplements", PAID[1]).fill_null(0)
    rest = pl.col("total_fen") - pool - more
    family = pl.min_horizontal(pl.col("family_fen").fill_null(0), rest)
    account = pl.min_horizontal(pl.col("account_fen").fill_null(0), rest - family)
    paid = joined.with_columns(
        pool.alias(PAID[0]),
        more.alias(PAID[1]),
        pl.coalesce("due_deductible", PAID[2]).alias(PAID[2]),
        family.alias("family_fen"),
        account.alias("account_fen"),
        (rest - family - account).alias("cash_fen"),
    )
    return paid, joined.filter(mistaken).height
