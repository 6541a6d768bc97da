"""Detectors of how much: units, days of supply, courses, amounts, prices, daily use."""

import polars as pl

from gongji.supervision.claim_tables import ClaimPart
from gongji.supervision.detectors.detector_words import detector, hits, with_points
from gongji.supervision.detectors.limits import DRUG_KINDS, INPATIENT, age_years
from gongji.supervision.rules_folded import Rule

ONE = 10_000
"""A unit of `count`."""
UNIT_KEYS = {"次": ("visit",), "日": ("person", "institution", "_day"), "年": ("person", "_year")}
GENERIC = 10
"""Places of a drug's code that name class and substance."""


def _dated(lines: pl.DataFrame) -> pl.DataFrame:
    day = pl.col("occurred_at").dt.date()
    return lines.with_columns(_day=day, _year=day.dt.year())


def _beyond(lines: pl.DataFrame, value: str, limit: pl.Expr, keys: tuple[str, ...]) -> pl.DataFrame:
    """Lines whose running sum passes a limit: `_over` is what of their own value is beyond."""
    running = pl.col(value).cum_sum().over([*keys, "item"])
    over = pl.min_horizontal(running - limit, pl.col(value))
    ordered = lines.sort("occurred_at", "line").with_columns(_limit=limit)
    summed = ordered.with_columns(_sum=running, _over=over)
    return summed.filter(pl.col("_over") > 0)


def _share(value: str) -> pl.Expr:
    """The excess part of a line's amount, rounded down to the fen."""
    return pl.col("amount") * pl.col("_over") // pl.col(value)


def _percent(sums: str, limit: str) -> pl.Expr:
    return (pl.col(sums) / pl.col(limit) - 1) * 100


@detector("限次数", "lines.count", points=True)
def units(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """More units of an item than the point allows in a visit, a day or a year."""
    lines = _dated(with_points(part.lines, points))
    limit = pl.col("high") * ONE
    found = [
        _beyond(lines.filter(pl.col("unit").fill_null("次") == unit), "count", limit, keys)
        for unit, keys in UNIT_KEYS.items()
    ]
    told = pl.format("每{}限 {}，共 {}", "unit", "high", pl.col("_sum") / ONE)
    return hits(pl.concat(found), _share("count"), told, _percent("_sum", "_limit"))


@detector("周期限次", "lines.count", points=True)
def units_in_window(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """More units than the point allows within so many days, counted back from each line."""
    lines = _dated(with_points(part.lines, points))
    earlier = lines.select("person", "item", "line", _then="occurred_at", _had="count")
    pairs = lines.join(earlier, on=["person", "item"]).filter(
        (pl.col("_then") <= pl.col("occurred_at"))
        & ((pl.col("_day") - pl.col("_then").dt.date()).dt.total_days() < pl.col("low"))
        & ((pl.col("_then") < pl.col("occurred_at")) | (pl.col("line_right") <= pl.col("line")))
    )
    sums = pairs.group_by("line").agg(_sum=pl.col("_had").sum())
    limit = pl.col("high") * ONE
    found = lines.join(sums, on="line").with_columns(
        _over=pl.min_horizontal(pl.col("_sum") - limit, "count"), _limit=limit
    )
    told = pl.format("{} 日内限 {}，共 {}", "low", "high", pl.col("_sum") / ONE)
    found = found.filter(pl.col("_over") > 0)
    return hits(found, _share("count"), told, _percent("_sum", "_limit"))


@detector("限开药天数", "lines.days", points=True)
def days_a_prescription(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """One line has more days of supply than the point allows."""
    lines = with_points(part.lines, points).filter(pl.col("days").is_not_null())
    found = lines.with_columns(_over=pl.col("days") - pl.col("high")).filter(pl.col("_over") > 0)
    told = pl.format("开药 {} 天，限 {} 天", "days", "high")
    return hits(found, _share("days"), told, _percent("days", "high"))


@detector("限疗程", "lines.days", points=True)
def course(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """More days of supply within a year than the course has."""
    lines = _dated(with_points(part.lines, points)).filter(pl.col("days").is_not_null())
    lines = lines.with_columns(pl.col("days").cast(pl.Int64))
    found = _beyond(lines, "days", pl.col("high"), ("person", "_year"))
    told = pl.format("疗程 {} 天，累计 {} 天", "high", "_sum")
    return hits(found, _share("days"), told, _percent("_sum", "_limit"))


@detector("限金额", "lines.amount", points=True)
def amount_cap(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """What an item cost in a visit, a day or a year passes the cap of the point, in fen."""
    lines = _dated(with_points(part.lines, points))
    found = [
        _beyond(
            lines.filter(pl.col("unit").fill_null("次") == unit), "in_scope", pl.col("high"), keys
        )
        for unit, keys in UNIT_KEYS.items()
    ]
    told = pl.format("限 {} 元，累计 {} 元", pl.col("high") / 100, pl.col("_sum") / 100)
    return hits(pl.concat(found), pl.col("_over"), told, _percent("_sum", "_limit"))


def _dearer(lines: pl.DataFrame, limit: str) -> pl.DataFrame:
    """Lines above a price; what is beyond it for their count, rounded half up to the fen."""
    over = (pl.col("price") - pl.col(limit)) * pl.col("count")
    money = (over + 50_000_000) // 100_000_000
    found = lines.filter(pl.col("price") > pl.col(limit))
    told = pl.format("单价 {}，上限 {}", pl.col("price") / 1e6, pl.col(limit) / 1e6)
    return hits(found, money, told, _percent("price", limit))


@detector("超单价", "lines.price", points=True)
def unit_price(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """The unit price is above that of the point, in millionths of yuan."""
    return _dearer(with_points(part.lines, points), "high")


@detector("超挂网价", "items.listing", "lines.price")
def above_listing(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """The unit price of a drug is above the listing price of the catalogue."""
    listed = part.items.select("item", "listing").filter(pl.col("listing") > 0)
    lines = part.lines.filter(pl.col("kind").is_in(DRUG_KINDS)).join(listed, on="item")
    return _dearer(lines, "listing")


@detector("日用量", "lines.days", points=True)
def daily_use(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """Units a day above the leaflet's, which the point gives in ten-thousandths."""
    lines = with_points(part.lines, points).filter(pl.col("days") > 0)
    found = lines.with_columns(_most=pl.col("high") * pl.col("days"))
    found = found.with_columns(_over=pl.col("count") - pl.col("_most")).filter(pl.col("_over") > 0)
    told = pl.format("{} 天用 {}", "days", pl.col("count") / ONE)
    return hits(found, _share("count"), told, _percent("count", "_most"))


@detector("超量开药", "lines.days", "lines.count", "persons.born")
def over_supply(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """What a person has in hand of one drug after a purchase is above the limit, in whole packs.

    Supply in hand falls by a day each day and not below zero. What is beyond is rounded down to
    packs, and is never more than the line itself. The old may have more in hand. A drug of which
    all that is beyond, the grey zone aside, costs less than the rule's least amount is left alone.
    """
    lines = part.lines.filter(pl.col("kind").is_in(DRUG_KINDS) & (pl.col("days") > 0))
    lines = lines.filter(pl.col("count") >= ONE).with_columns(
        _drug=pl.col("item").str.slice(0, GENERIC),
        _t=pl.col("occurred_at").dt.date().cast(pl.Int32).cast(pl.Int64),
    )
    lines = lines.sort("person", "_drug", "occurred_at", "line")
    key = ["person", "_drug"]
    summed = lines.with_columns(_s=pl.col("days").cast(pl.Int64).cum_sum().over(key))
    start = pl.col("_t") - (pl.col("_s") - pl.col("days"))
    hand = summed.with_columns(_hand=pl.col("_s") - pl.col("_t") + start.cum_max().over(key))
    hand = hand.filter(pl.col("_hand") > rule.number("上限天数"))
    hand = hand.join(part.persons.select("person", "born"), on="person", how="left")
    old = age_years("born", pl.col("occurred_at").dt.date()) >= rule.number("高龄", 200)
    limit = (
        pl.when(old.fill_null(False))
        .then(rule.number("高龄上限天数", rule.number("上限天数")))
        .otherwise(rule.number("上限天数"))
    )
    pack = pl.max_horizontal(pl.col("days") * ONE // pl.col("count"), 1)
    packs = pl.min_horizontal((pl.col("_hand") - pl.col("_limit")) // pack, pl.col("count") // ONE)
    found = hand.with_columns(_limit=limit).with_columns(_packs=packs).filter(pl.col("_packs") > 0)
    money = pl.col("amount") * pl.col("_packs") * ONE // pl.col("count")
    clear = money.filter(_percent("_hand", "_limit") > rule.grey_percent).sum()
    found = found.filter(clear.over(key) >= rule.number("起算金额", 0))
    told = pl.format("{} 在手 {} 天，限 {} 天，超 {} 盒", "name", "_hand", "_limit", "_packs")
    return hits(found, money, told, _percent("_hand", "_limit"))


@detector("重复开药", "lines.days")
def same_class(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """Another drug of the same subclass, while enough days of the first are left.

    The subclass is the point's where points are given, else what the drug's code says.
    """
    lines = part.lines.filter((pl.col("kind") == "101") & (pl.col("days") > 0))
    if len(points):
        lines = with_points(lines, points).with_columns(_class=pl.col("allowed"))
    else:
        lines = lines.filter(pl.col("item").str.starts_with("X"))
        lines = lines.with_columns(_class=pl.col("item").str.slice(0, 6))
    lines = lines.with_columns(_day=pl.col("occurred_at").dt.date())
    kinds = lines.group_by("person", "_class").agg(_n=pl.col("item").n_unique())
    lines = lines.join(kinds.filter(pl.col("_n") > 1), on=["person", "_class"], how="semi")
    end = pl.col("_day") + pl.duration(days=pl.col("days"))
    earlier = lines.select("person", "_class", _other="item", _then="_day", _end=end)
    pairs = lines.join(earlier, on=["person", "_class"]).filter(
        (pl.col("_other") != pl.col("item"))
        & (pl.col("_then") < pl.col("_day"))
        & ((pl.col("_end") - pl.col("_day")).dt.total_days() > rule.number("重叠天数"))
    )
    overlap = pairs.group_by("line").agg(
        _over=(pl.col("_end") - pl.col("_day")).dt.total_days().max()
    )
    found = lines.join(overlap, on="line").with_columns(_over=pl.min_horizontal("_over", "days"))
    return hits(found, _share("days"), pl.format("同类药重叠 {} 天", "_over"))


@detector("品种数", "lines.item")
def many_drugs(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """More different drugs in a visit than allowed; the cheapest beyond are at stake."""
    stays = part.visits.filter(pl.col("care") == INPATIENT)
    lines = part.lines.filter(pl.col("kind") == "101").join(stays, on="visit", how="anti")
    lines = lines.sort("amount", "line", descending=True).with_columns(
        _all=pl.col("item").n_unique().over("visit")
    )
    most = rule.number("品种")
    rank = pl.int_range(pl.len()).over("visit")
    found = lines.with_columns(_rank=rank).filter(
        (pl.col("_all") > most) & (pl.col("_rank") >= most)
    )
    return hits(found, pl.col("in_scope"), pl.format("{} 种药，限 {} 种", "_all", pl.lit(most)))


@detector("饮片大处方", "lines.count")
def large_decoction(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """More kinds, or more grams, of decoction pieces in a visit than allowed."""
    pieces = part.lines.filter(pl.col("kind") == "102").sort("visit", "line")
    grams = pl.col("count").sum().over("visit") // ONE
    pieces = pieces.with_columns(_kinds=pl.col("item").n_unique().over("visit"), _grams=grams)
    most = rule.number("克数")
    many = (pl.col("_kinds") > rule.number("味数")) | (pl.col("_grams") > most)
    told = pl.format("{} 味 {} 克", "_kinds", "_grams")
    beyond = pl.max_horizontal(pl.col("_grams") - most, 0)
    money = pl.col("in_scope") * beyond // pl.max_horizontal("_grams", 1)
    over = (pl.col("_grams") / most - 1) * 100
    return hits(pieces.filter(many), money, told, pl.when(pl.col("_grams") > most).then(over))
