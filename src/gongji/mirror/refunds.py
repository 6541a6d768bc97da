"""Refunds netted: an extra row with negative amounts and the settlement that it reverses.

Whether a settlement lives is told by these rows, not by its flag: a region may flag either row or
both. Where the flag says otherwise it is counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from gongji.mirror.newest import Counted

NATIONAL, LOCAL = "settlement", "SETL_ID"
ROOT, HOW = "root", "how"
LIVE, REFUNDED, ALONE = "written", "refunded", "rejected"


@dataclass(frozen=True)
class Netted:
    """Settlements after their refunds.

    Shape:   `live` the original rows with net amounts; `refunds` the reversing rows with `root`,
             the settlement they reverse; `bad` reversing rows that reverse nothing known, and
             settlements whose net is negative, with `cause`; `roots` leads every id of a settlement
             (its own, the local one, that of its refunds) to the settlement and to what became of
             it.
    """

    live: pl.DataFrame
    refunds: pl.DataFrame
    bad: pl.DataFrame
    roots: pl.DataFrame


def net_refunds(rows: pl.DataFrame, money: Sequence[str], counted: Counted) -> Netted:
    """Net valid settlements with the rows that reverse them.

    Shape:   `rows` have `settlement` (the national id where there is one), SETL_ID, INIT_SETL_ID
             and the columns of `money`; MEDFEE_SUMAMT is the money that is counted.
    Ensures: every row is in `live`, among the refunded, in `refunds` or in `bad`.
    """
    reversing = rows.filter(pl.col("INIT_SETL_ID").is_not_null())
    originals = rows.filter(pl.col("INIT_SETL_ID").is_null())
    ids = _ids(originals).select("id", pl.col(NATIONAL).alias(ROOT))
    led = reversing.join(ids, left_on="INIT_SETL_ID", right_on="id", how="left")
    led_back = pl.col(ROOT).is_not_null()
    # What comes back has the other sign; added, it would be paid twice.
    taken = led_back & (pl.col("MEDFEE_SUMAMT") <= 0).fill_null(True)
    refunds, lost = led.filter(taken), led.filter(~taken)
    of_refund = pl.col("INIT_SETL_ID").is_in(_ids(reversing)["id"].implode())
    cause = (
        pl.when(led_back)
        .then(pl.lit("refund_positive"))
        .when(of_refund)
        .then(pl.lit("refund_of_refund"))
        .otherwise(pl.lit("refund_alone"))
    )
    lost = lost.with_columns(cause.alias("cause")).drop(ROOT)
    net = _net(originals, refunds, money)
    touched = pl.col(NATIONAL).is_in(refunds[ROOT].unique().implode())
    nothing = touched & (pl.col("MEDFEE_SUMAMT") == 0) & (pl.col("HIFP_PAY").fill_null(0) == 0)
    negative = (pl.col("MEDFEE_SUMAMT") < 0) | (pl.col("HIFP_PAY").fill_null(0) < 0)
    wrong = net.filter(negative).with_columns(pl.lit("amount_negative").alias("cause"))
    gone, live = net.filter(~negative & nothing), net.filter(~negative & ~nothing)
    counted.add("refunded", originals.join(gone.select(NATIONAL), on=NATIONAL), "MEDFEE_SUMAMT")
    counted.add("refund_rows", refunds, "MEDFEE_SUMAMT")
    counted.add("partly_refunded", live.filter(touched))
    _count_flags(originals, refunds, counted)
    bad = pl.concat([lost, wrong], how="diagonal_relaxed")
    return Netted(live, refunds, bad, _roots(net, live, gone, refunds))


def _ids(rows: pl.DataFrame) -> pl.DataFrame:
    """Every id by which a settlement may be named, beside the settlement."""
    pairs = [rows.select(pl.col(name).alias("id"), NATIONAL) for name in (NATIONAL, LOCAL)]
    return pl.concat(pairs).drop_nulls("id").unique("id", maintain_order=True)


def _net(originals: pl.DataFrame, refunds: pl.DataFrame, money: Sequence[str]) -> pl.DataFrame:
    sums = refunds.group_by(ROOT).agg(pl.col(name).sum().name.prefix("back_") for name in money)
    joined = originals.join(sums, left_on=NATIONAL, right_on=ROOT, how="left")
    # What the original row does not tell is not told by its refund either.
    amounts = [(pl.col(n) + pl.col(f"back_{n}").fill_null(0)).alias(n) for n in money]
    return joined.with_columns(amounts).drop(f"back_{name}" for name in money)


def _count_flags(originals: pl.DataFrame, refunds: pl.DataFrame, counted: Counted) -> None:
    """Count settlements whose refund flag says otherwise than the rows."""
    flag = pl.col("REFD_SETL_FLAG")
    touched = pl.col(NATIONAL).is_in(refunds[ROOT].unique().implode())
    told = flag.is_in(["1", "2"])
    counted.count("flag_without_refund", originals.filter(told & ~touched).height)
    counted.count("refund_without_flag", originals.filter((flag == "0") & touched).height)


def _roots(
    net: pl.DataFrame, live: pl.DataFrame, gone: pl.DataFrame, refunds: pl.DataFrame
) -> pl.DataFrame:
    of_rows = _ids(net).select("id", pl.col(NATIONAL).alias(ROOT))
    of_refunds = pl.concat(
        [refunds.select(pl.col(name).alias("id"), ROOT) for name in (NATIONAL, LOCAL)]
    ).drop_nulls("id")
    how = (
        pl.when(pl.col(ROOT).is_in(live[NATIONAL].implode()))
        .then(pl.lit(LIVE))
        .when(pl.col(ROOT).is_in(gone[NATIONAL].implode()))
        .then(pl.lit(REFUNDED))
        .otherwise(pl.lit(ALONE))
    )
    both = pl.concat([of_rows, of_refunds]).unique("id", keep="first", maintain_order=True)
    return both.with_columns(how.alias(HOW))
