"""Detectors of what stands together: pairs, sets, repeated charges, lines that do not add up."""

import polars as pl

from gongji.supervision.claim_tables import ClaimPart
from gongji.supervision.detectors.detector_words import detector, hits, nothing, with_points
from gongji.supervision.detectors.limits import INPATIENT
from gongji.supervision.rules_folded import Rule

ONE = 10_000


def _pairs(part: ClaimPart, points: pl.DataFrame) -> pl.DataFrame:
    """Lines of a first code beside those of the other, in one visit or one day of a person."""
    first = with_points(part.lines, points).with_columns(_day=pl.col("occurred_at").dt.date())
    other = part.lines.join(points.select(item="other").unique(), on="item", how="semi")
    other = other.select(
        "person",
        _visit="visit",
        other="item",
        _line="line",
        _day=pl.col("occurred_at").dt.date(),
        _amount="amount",
        _name="name",
    )
    both = first.join(other, on=["person", "other", "_day"])
    by_day = pl.col("unit").fill_null("次") == "日"
    return both.filter(by_day | (pl.col("visit") == pl.col("_visit")))


@detector("不得同收", "lines.item", points=True)
def forbidden_pair(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """Both codes of a forbidden pair in one visit or day; the cheaper of the two is at stake."""
    both = _pairs(part, points)
    cheaper = pl.min_horizontal("amount", "_amount")
    found = both.sort("line", "_line").unique("line", keep="first", maintain_order=True)
    return hits(found, cheaper, pl.format("{} 与 {} 同时收费", "name", "_name"))


@detector("相互作用", "lines.days", points=True)
def interaction(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """Both drugs of a pair in overlapping days of supply."""
    first = with_points(part.lines, points).filter(pl.col("days") > 0)
    day, end = pl.col("occurred_at").dt.date(), pl.duration(days=pl.col("days"))
    first = first.with_columns(_from=day, _to=day + end)
    other = part.lines.join(points.select(item="other").unique(), on="item", how="semi")
    other = other.filter(pl.col("days") > 0)
    other = other.select("person", other="item", _name="name", _a=day, _b=day + end)
    both = first.join(other, on=["person", "other"])
    over = both.filter((pl.col("_from") < pl.col("_b")) & (pl.col("_a") < pl.col("_to")))
    found = over.sort("line", "_a").unique("line", keep="first", maintain_order=True)
    return hits(found, pl.lit(0), pl.format("{} 与 {} 同用", "name", "_name"))


@detector("分解项目", "lines.item", points=True)
def split_item(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """All parts of a set in one visit where one item covers them; `high` is that item's price."""
    lines = with_points(part.lines, points)
    sizes = points.group_by("other").agg(_size=pl.col("item").n_unique())
    sets = lines.group_by("visit", "other").agg(
        _have=pl.col("item").n_unique(), _sum=pl.col("amount").sum()
    )
    whole = sets.join(sizes, on="other").filter(pl.col("_have") == pl.col("_size"))
    found = lines.join(whole, on=["visit", "other"])
    beyond = pl.max_horizontal(pl.col("_sum") - pl.col("high").fill_null(0), 0)
    return hits(
        found, pl.col("amount") * beyond // pl.col("_sum"), pl.format("应按 {} 收费", "other")
    )


@detector("缺少配套", "lines.item", points=True)
def lacks_other(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """An item without the other that belongs to it, on no day near it."""
    lines = with_points(part.lines, points)
    day = pl.col("occurred_at").dt.date()
    other = part.lines.join(points.select(item="other").unique(), on="item", how="semi")
    other = other.select("person", other="item", _then=day)
    near = (pl.col("_then") - day).dt.total_days().abs() <= rule.number("天数", 0)
    paired = lines.join(other, on=["person", "other"]).filter(near)
    found = lines.join(paired.select("line"), on="line", how="anti").unique("line")
    return hits(found, pl.col("in_scope"), pl.format("{} 没有配套的 {}", "name", "other"))


@detector("越级用药", "lines.item", points=True)
def second_line(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """A second-line drug without any of its first-line drugs in so many days before."""
    lines = with_points(part.lines, points)
    day = pl.col("occurred_at").dt.date()
    firsts = points.select(other=pl.col("allowed").str.split(";")).explode("other").unique()
    had = part.lines.join(firsts.rename({"other": "item"}), on="item", how="semi")
    had = had.select("person", _first="item", _then=day)
    asked = lines.select("line", "person", _day=day, _first=pl.col("allowed").str.split(";"))
    asked = asked.explode("_first").join(had, on=["person", "_first"])
    since = (pl.col("_day") - pl.col("_then")).dt.total_days()
    served = asked.filter((since > 0) & (since <= rule.number("天数")))
    found = lines.join(served.select("line"), on="line", how="anti").unique("line")
    return hits(found, pl.col("in_scope"), pl.format("此前没有用过 {}", "allowed"))


@detector("重复收费", "lines.item")
def charged_twice(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """A service stands more than once in a visit, by the same doctor; all after the first."""
    stays = part.visits.filter(pl.col("care") == INPATIENT).select("visit")
    lines = part.lines.filter(pl.col("kind") == "201").join(stays, on="visit", how="anti")
    for prefix in rule.words("可多次"):
        lines = lines.filter(~pl.col("item").str.starts_with(prefix))
    keys = ["visit", "item"]
    again = lines.filter(pl.struct(keys).is_duplicated()).sort("occurred_at", "line")
    found = again.with_columns(_nth=pl.int_range(pl.len()).over(keys)).filter(pl.col("_nth") > 0)
    return hits(found, pl.col("amount"), pl.format("{} 第 {} 次收费", "name", pl.col("_nth") + 1))


@detector("明细异常", "lines.count", "lines.price")
def wrong_line(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """Count times price is not the amount, or the count is nothing, or a doctor is missing where
    there must be one."""
    exact = (pl.col("count") * pl.col("price") + 50_000_000) // 100_000_000
    off = (exact - pl.col("amount")).abs()
    lines = part.lines.filter(pl.col("count").is_not_null() & pl.col("price").is_not_null())
    wrong = (off > rule.number("允许差额")) | (pl.col("count") <= 0)
    found = lines.filter(wrong).with_columns(_off=off)
    money = pl.max_horizontal(pl.col("amount") - exact, 0)
    return hits(found, money, pl.format("数量×单价与金额差 {} 分", "_off"))


@detector("分解就诊", "visits.diagnosis")
def split_visit(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """Several visits of a person at an institution on one day for one diagnosis; the consultations
    after the first are at stake."""
    if part.visits.is_empty():
        return nothing()
    visits = part.visits.filter(pl.col("care") != INPATIENT).sort("settled_at", "visit")
    shops = part.institutions.filter(pl.col("kind") == "pharmacy")
    visits = visits.join(shops, on="institution", how="anti")
    keys = ["person", "institution", "begin", "diagnosis"]
    nth = pl.int_range(pl.len()).over(keys)
    many = visits.with_columns(_nth=nth, _all=pl.len().over(keys))
    many = many.filter((pl.col("_all") >= rule.number("次数")) & (pl.col("_nth") > 0))
    fees = part.lines.filter(pl.col("item").str.starts_with(str(rule.figures["诊查费编码"])))
    fees = fees.group_by("visit").agg(_fee=pl.col("amount").sum())
    found = many.join(fees, on="visit", how="left")
    told = pl.format("同日同诊断就诊 {} 次", "_all")
    return hits(found, pl.col("_fee").fill_null(0), told)
