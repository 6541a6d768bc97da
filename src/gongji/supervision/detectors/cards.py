"""Detectors of cards, codes and accounts: they look at everybody at once, not person by person."""

import polars as pl

from gongji.supervision.claim_tables import ClaimPart
from gongji.supervision.detectors.detector_words import detector, hits, nothing
from gongji.supervision.detectors.limits import INPATIENT
from gongji.supervision.rules_folded import Rule

ONE = 10_000
CENT = 100


@detector("追溯码重复", "lines.trace", whole=True)
def trace_twice(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """A code of a pack that was settled before; every settlement but the first is meant.

    Opened packs (a count below one) and the same visit again are not; a refund has been netted
    before the tables were made.
    """
    lines = part.lines.filter(pl.col("trace").is_not_null() & (pl.col("count") >= ONE))
    code = pl.col("trace").hash(1)
    again = lines.filter(code.is_duplicated()).sort("occurred_at", "line")
    first = pl.col("visit").first().over("trace")
    nth = pl.int_range(pl.len()).over("trace")
    where = pl.col("institution").first().over("trace")
    when = pl.col("occurred_at").first().over("trace").dt.date()
    found = again.with_columns(_nth=nth, _first=first, _where=where, _when=when)
    found = found.filter((pl.col("_nth") > 0) & (pl.col("visit") != pl.col("_first")))
    return hits(found, pl.col("amount"), pl.format("{} 已在 {} 结算", "_when", "_where"))


@detector("连续刷卡", "visits.terminal", "visits.settled_at", whole=True, near=True)
def card_runs(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """At one terminal, one after another within so many seconds, at least so many different
    persons for one and the same amount."""
    there = pl.col("terminal").is_not_null() & (pl.col("care") != INPATIENT)
    # Sorted are few columns, and numbers for names: the rest is fetched for those that are meant.
    terminal = pl.col("terminal").cast(pl.Categorical).to_physical()
    few = part.visits.with_row_index("_at").filter(there)
    few = few.select("_at", "visit", "total", "settled_at", terminal)
    few = few.sort("terminal", "settled_at", "visit")
    gap = (pl.col("settled_at") - pl.col("settled_at").shift(1)).dt.total_seconds()
    breaks = (
        (pl.col("terminal") != pl.col("terminal").shift(1))
        | (pl.col("total") != pl.col("total").shift(1))
        | (gap > rule.number("间隔秒数"))
    )
    runs = few.select("_at", _run=breaks.fill_null(True).cast(pl.Int64).cum_sum())
    long = runs.filter(pl.len().over("_run") >= rule.number("张数"))
    visits = part.visits[long["_at"]].with_columns(long["_run"])
    cards = pl.col("person").n_unique().over("_run")
    found = visits.with_columns(_cards=cards).filter(pl.col("_cards") >= rule.number("张数"))
    found = found.filter(pl.col("total") >= rule.number("起算金额", 0))
    return hits(found, pl.col("total"), pl.format("同一终端连续 {} 张卡同一金额", "_cards"))


@detector("金额雷同", "visits.total", whole=True, near=True)
def equal_amounts(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """On one day at one institution, at least so many persons with one and the same amount."""
    visits = part.visits.filter(
        (pl.col("total") >= rule.number("起算金额")) & (pl.col("care") != INPATIENT)
    )
    keys = ["institution", "begin", "total"]
    many = visits.filter(pl.len().over(keys) >= rule.number("人数"))
    found = many.with_columns(_persons=pl.col("person").n_unique().over(keys))
    found = found.filter(pl.col("_persons") >= rule.number("人数"))
    return hits(found, pl.col("total"), pl.format("同日 {} 人同一金额", "_persons"))


@detector("一户多人", "visits.payer_account", whole=True)
def one_account(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """An account that pays for more other persons than a family has."""
    visits = part.visits.filter(pl.col("payer_account").is_not_null())
    persons = pl.col("person").n_unique().over("payer_account")
    found = visits.with_columns(_persons=persons).filter(pl.col("_persons") > rule.number("人数"))
    return hits(found, pl.col("family"), pl.format("该账户为 {} 人支付", "_persons"))


@detector("年末用尽", "visits.pool", whole=True)
def year_end(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """In the last days of a year, a purchase in a pharmacy that takes exactly what was left.

    What the pool paid a person in the year then equals a sum that many persons have, the ceiling,
    and nothing of the purchase's own share was cut off: its rate is one that visits of that kind
    usually have.
    """
    visits = part.visits.filter((pl.col("care") != INPATIENT) & (pl.col("pool") > 0))
    if visits.is_empty():
        return nothing()
    visits = visits.with_columns(_year=pl.col("begin").dt.year()).sort("settled_at", "visit")
    key = ["person", "_year"]
    sums = visits.group_by(key).agg(
        _paid=pl.col("pool").sum(), visit=pl.col("visit").last(), day=pl.col("begin").last()
    )
    many = pl.len().over("_year", "_paid") >= rule.number("同额人数")
    ceilings = sums.filter(many)
    left = (pl.date(pl.col("_year"), 12, 31) - pl.col("day")).dt.total_days()
    ceilings = ceilings.filter(left < rule.number("年末天数"))
    shops = part.institutions.filter(pl.col("kind") == "pharmacy").select("institution")
    last = visits.join(ceilings.select("visit", "_paid"), on="visit").join(
        shops, on="institution", how="semi"
    )
    found = _uncut(last, visits).filter(pl.col("pool") >= rule.number("起算金额"))
    return hits(found, pl.col("total"), pl.format("恰好用完年度限额 {} 元", pl.col("_paid") / CENT))


def _rate(frame: pl.DataFrame) -> pl.DataFrame:
    """With the pool's share of what is above the deductible, in whole percent."""
    above = pl.col("in_scope") - pl.col("deductible").fill_null(0)
    rate = (pl.col("pool") * CENT / pl.max_horizontal(above, 1)).round(0).cast(pl.Int64)
    return frame.with_columns(_above=above, _rate=rate)


def _usual_rates(visits: pl.DataFrame) -> pl.DataFrame:
    """The rates by level that one visit in fifty has."""
    rated = _rate(visits).group_by("level", "_rate").agg(_n=pl.len())
    share = pl.col("_n") / pl.col("_n").sum().over("level")
    return rated.filter(share >= 0.02).select("level", "_rate")


def _uncut(last: pl.DataFrame, visits: pl.DataFrame) -> pl.DataFrame:
    """Purchases whose share was not cut off by the ceiling."""
    rated = _rate(last)
    exact = (pl.col("_above") * pl.col("_rate") / CENT - pl.col("pool")).abs() <= CENT
    return rated.filter(exact).join(_usual_rates(visits), on=["level", "_rate"], how="semi")
