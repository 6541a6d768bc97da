"""Detectors of limits that a knowledge point sets: for whom, where, how, for what disease."""

import polars as pl

from gongji.supervision.claim_tables import ClaimPart
from gongji.supervision.detectors.detector_words import detector, hits, listed, nothing, with_points
from gongji.supervision.rules_folded import Rule

LEVELS = {"": 0, "pharmacy": 0, "1": 1, "2": 2, "3": 3}
DRUG_KINDS = ("101", "102", "103")
INPATIENT = "inpatient"
DAYS_A_YEAR = 365.25


def _persons(part: ClaimPart, lines: pl.DataFrame) -> pl.DataFrame:
    return lines.join(part.persons.select("person", "sex", "born"), on="person", how="left")


def age_years(born: str, day: pl.Expr) -> pl.Expr:
    """Completed years on a day."""
    month, birth_month = (one.dt.month().cast(pl.Int32) for one in (day, pl.col(born)))
    birthday_to_come = month * 100 + day.dt.day() < birth_month * 100 + pl.col(born).dt.day()
    return day.dt.year() - pl.col(born).dt.year() - birthday_to_come.cast(pl.Int32)


def _outside(age: pl.Expr) -> pl.Expr:
    low, high = pl.col("low"), pl.col("high")
    return (low.is_not_null() & (age < low)) | (high.is_not_null() & (age > high))


@detector("限年龄", "persons.born", points=True)
def age_limit(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """The age on the day, in years or days as the point says, is outside its bounds."""
    lines = _persons(part, with_points(part.lines, points)).filter(pl.col("born").is_not_null())
    day = pl.col("occurred_at").dt.date()
    in_days = (day - pl.col("born")).dt.total_days()
    age = pl.when(pl.col("unit") == "天").then(in_days).otherwise(age_years("born", day))
    found = lines.with_columns(_age=age).filter(_outside(pl.col("_age")))
    told = pl.format("年龄 {}{}", "_age", pl.col("unit").fill_null("岁"))
    return hits(found, pl.col("in_scope"), told)


@detector("限性别", "persons.sex", points=True)
def sex_limit(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """The person is of the other sex than the item is for."""
    lines = _persons(part, with_points(part.lines, points)).filter(pl.col("sex").is_not_null())
    found = lines.filter(~listed("sex"))
    sex = pl.when(pl.col("sex") == "1").then(pl.lit("男")).otherwise(pl.lit("女"))
    return hits(found, pl.col("in_scope"), pl.format("登记性别{}，{}", sex, "name"))


@detector("限级别", "visits.level", points=True)
def level_limit(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """The institution's level is below the lowest that the point allows."""
    level = pl.col("level").replace_strict(LEVELS, default=0, return_dtype=pl.Int64)
    lines = _of_visits(part, with_points(part.lines, points), "level")
    found = lines.filter(pl.col("level").is_not_null() & (level < pl.col("low")))
    return hits(found, pl.col("in_scope"), pl.format("机构级别“{}”", "level"))


def _of_visits(part: ClaimPart, lines: pl.DataFrame, *columns: str) -> pl.DataFrame:
    return lines.join(part.visits.select("visit", *columns), on="visit", how="inner")


@detector("限就医方式", "visits.med_type", points=True)
def mode_limit(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """The visit is of a kind that the point does not allow."""
    lines = _of_visits(part, with_points(part.lines, points), "med_type")
    found = lines.filter(pl.col("med_type").is_not_null() & ~listed("med_type"))
    return hits(found, pl.col("in_scope"), pl.format("就医方式 {}", "med_type"))


@detector("限科室", "lines.department", points=True)
def department_limit(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """The line's department is not one that the point allows."""
    lines = with_points(part.lines, points)
    found = lines.filter(pl.col("department").is_not_null() & ~listed("department"))
    return hits(found, pl.col("in_scope"), pl.format("科室 {}", "department"))


def _diagnosed(part: ClaimPart, lines: pl.DataFrame) -> pl.DataFrame:
    """Lines with whether some diagnosis of the visit begins with one of the allowed codes."""
    there = _of_visits(part, lines, "diagnosis").filter(
        pl.col("diagnosis").is_not_null() & (pl.col("diagnosis") != "")
    )
    pairs = there.select("line", "item", "diagnosis", "allowed").with_row_index("_row")
    codes = pairs.with_columns(pl.col("diagnosis").str.split(";")).explode("diagnosis")
    codes = codes.with_columns(pl.col("allowed").str.split(";")).explode("allowed")
    meets = codes.group_by("_row").agg(
        _meets=pl.col("diagnosis").str.starts_with(pl.col("allowed")).any()
    )
    return there.with_row_index("_row").join(meets, on="_row", how="left")


@detector("限诊断", "visits.diagnosis", points=True)
def indication(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """No diagnosis of the visit is among those that the point asks for."""
    found = _diagnosed(part, with_points(part.lines, points)).filter(~pl.col("_meets"))
    return hits(found, pl.col("in_scope"), pl.format("诊断 {}，要求 {}", "diagnosis", "allowed"))


@detector("禁诊断", "visits.diagnosis", points=True)
def contraindication(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """Some diagnosis of the visit is among those that the point forbids."""
    found = _diagnosed(part, with_points(part.lines, points)).filter(pl.col("_meets"))
    return hits(found, pl.col("in_scope"), pl.format("诊断 {}，禁用 {}", "diagnosis", "allowed"))


@detector("不予支付", "lines.in_scope", points=True)
def never_payable(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """An item that this insurance never pays was taken into the scope."""
    found = with_points(part.lines, points).filter(pl.col("in_scope") > 0)
    return hits(found, pl.col("in_scope"), pl.format("{} 不属本险种支付", "name"))


@detector("单味不予支付", "lines.kind", points=True)
def not_alone(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """All decoction pieces of a visit are ones that are not payable alone."""
    pieces = part.lines.filter(pl.col("kind") == "102")
    bad = with_points(pieces, points)
    counts = pieces.group_by("visit").agg(_all=pl.len())
    mine = bad.group_by("visit").agg(_bad=pl.len())
    alone = counts.join(mine, on="visit").filter(pl.col("_all") == pl.col("_bad"))
    found = bad.join(alone, on="visit", how="semi").filter(pl.col("in_scope") > 0)
    return hits(found, pl.col("in_scope"), pl.format("处方只有 {}", "name"))


@detector("超病种目录", "visits.disease", points=True)
def disease_list(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """In a visit for a listed disease, an item that no point allows for it."""
    if points.is_empty():
        return nothing()
    cares = rule.words("待遇") or ["chronic", "special"]
    visits = part.visits.filter(pl.col("care").is_in(cares) & (pl.col("disease") != ""))
    lines = part.lines.join(visits.select("visit", "disease"), on="visit")
    known = points.select("item", disease=pl.col("allowed").str.split(";")).explode("disease")
    ruled = lines.filter(pl.col("disease").is_in(known["disease"].implode()))
    found = ruled.join(known, on=["item", "disease"], how="anti").filter(pl.col("in_scope") > 0)
    return hits(found, pl.col("in_scope"), pl.format("病种 {} 的目录没有 {}", "disease", "name"))


@detector("超机构清单", "institutions.kind", points=True)
def institution_list(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """A drug that no point lists, at institutions of the kind that the rule names."""
    if points.is_empty():
        return nothing()
    kinds = part.institutions.filter(pl.col("kind").is_in(rule.words("机构类型")))
    lines = part.lines.filter(pl.col("kind").is_in(DRUG_KINDS))
    found = lines.join(kinds, on="institution", how="semi")
    found = found.join(points.select("item"), on="item", how="anti").filter(pl.col("in_scope") > 0)
    return hits(found, pl.col("in_scope"), pl.format("清单外 {}", "name"))


def _diagnoses(part: ClaimPart, points: pl.DataFrame) -> pl.DataFrame:
    """Visits with the points that speak of one of their diagnoses."""
    visits = part.visits.filter(pl.col("diagnosis").is_not_null() & (pl.col("diagnosis") != ""))
    split = visits.with_columns(_code=pl.col("diagnosis").str.split(";")).explode("_code")
    split = split.with_columns(occurred_at=pl.col("begin").cast(pl.Datetime("us")))
    return _persons(part, with_points(split, points, "_code")).drop("occurred_at")


@detector("诊断限性别", "visits.diagnosis", "persons.sex", points=True)
def diagnosis_sex(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """A diagnosis that the other sex has."""
    found = _diagnoses(part, points).filter(pl.col("sex").is_not_null() & ~listed("sex"))
    return hits(found.unique("visit"), pl.col("pool"), pl.format("诊断 {}", "_code"))


@detector("诊断限年龄", "visits.diagnosis", "persons.born", points=True)
def diagnosis_age(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """A diagnosis of another age."""
    visits = _diagnoses(part, points).filter(pl.col("born").is_not_null())
    found = visits.filter(_outside(age_years("born", pl.col("begin"))))
    return hits(found.unique("visit"), pl.col("pool"), pl.format("诊断 {}", "_code"))


@detector("诊断缺配套", "visits.diagnosis", points=True)
def diagnosis_alone(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """A diagnosis for which the person has none of the items that belong to it, whose codes begin
    as the point says, within so many days before or after; visits without lines are not meant."""
    asked = _diagnoses(part, points).join(part.lines, on="visit", how="semi")
    wanted = asked.select("visit", "person", "begin", "_code", pl.col("allowed").str.split(";"))
    had = part.lines.select("person", "item", _then=pl.col("occurred_at").dt.date())
    pairs = wanted.explode("allowed").join(had, on="person")
    near = (pl.col("_then") - pl.col("begin")).dt.total_days().abs() <= rule.number("天数", 0)
    served = pairs.filter(near & pl.col("item").str.starts_with(pl.col("allowed")))
    found = asked.join(served, on=["visit", "_code"], how="anti").unique("visit")
    return hits(found, pl.col("pool"), pl.format("诊断 {} 没有 {}", "_code", "allowed"))
