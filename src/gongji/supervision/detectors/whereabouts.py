"""Detectors of when and where a person is: stays, death, arrears, two places, too often."""

import polars as pl

from gongji.supervision.claim_tables import ClaimPart
from gongji.supervision.detectors.detector_words import detector, hits
from gongji.supervision.detectors.limits import DRUG_KINDS, INPATIENT
from gongji.supervision.rules_folded import Rule


@detector("住院期间门诊", "visits.end")
def during_stay(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """An outpatient visit on a day inside the person's own stay, its first and last day not."""
    stays = part.visits.filter((pl.col("care") == INPATIENT) & pl.col("end").is_not_null())
    stays = stays.select("person", _stay="visit", _in="begin", _out="end")
    inside = (
        part.visits.filter(pl.col("care") != INPATIENT)
        .join(stays, on="person")
        .filter((pl.col("begin") > pl.col("_in")) & (pl.col("begin") < pl.col("_out")))
    )
    found = inside.unique("visit", keep="first", maintain_order=True)
    return hits(found, pl.col("total"), pl.format("住院 {} 至 {}", "_in", "_out"))


@detector("死亡后就诊", "persons.died")
def after_death(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """A visit that begins more than so many days after the person's death."""
    dead = part.persons.filter(pl.col("died").is_not_null()).select("person", "died")
    late = (pl.col("begin") - pl.col("died")).dt.total_days() > rule.number("宽限天数", 0)
    found = part.visits.join(dead, on="person").filter(late)
    return hits(found, pl.col("total"), pl.format("死亡日期 {}", "died"))


@detector("欠费期间支付", "spells.arrears")
def during_arrears(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """A visit on a day of a spell with arrears for which the pooled fund paid; a spell that is no
    older than so many days is not yet meant."""
    owing = part.spells.filter(pl.col("arrears").fill_null(False))
    owing = owing.select("person", "since", "until")
    day, since, until = pl.col("begin"), pl.col("since"), pl.col("until")
    grace = pl.duration(days=rule.number("宽限天数", 0))
    inside = (since.is_null() | (day >= since + grace)) & (until.is_null() | (day <= until))
    found = part.visits.filter(pl.col("pool") > 0).join(owing, on="person").filter(inside)
    found = found.unique("visit", keep="first", maintain_order=True)
    told = pl.format("{} 起欠费", pl.col("since").cast(pl.String).fill_null("参保"))
    return hits(found, pl.col("pool"), told)


@detector("异地同时", "visits.settled_at", "visits.region")
def two_places(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """Two visits in different prefectures within so few minutes that nobody travels between them;
    the later one is meant. Internet hospitals and stays are no place."""
    online = part.institutions.filter(pl.col("kind") == "internet").select("institution")
    visits = part.visits.filter((pl.col("care") != INPATIENT) & pl.col("region").is_not_null())
    visits = visits.join(online, on="institution", how="anti").sort("person", "settled_at", "visit")
    place = pl.col("region").str.slice(0, 4)
    apart = place != place.shift(1).over("person")
    minutes = (
        pl.col("settled_at") - pl.col("settled_at").shift(1).over("person")
    ).dt.total_minutes()
    found = visits.with_columns(_apart=apart, _minutes=minutes)
    found = found.filter(pl.col("_apart") & (pl.col("_minutes") < rule.number("分钟")))
    return hits(found, pl.col("total"), pl.format("{} 分钟前在另一市", "_minutes"))


@detector("频繁就诊", "visits.med_type")
def often(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """More visits of the named kinds than so many within so many days, counted back from each."""
    visits = part.visits.filter(pl.col("med_type").is_in(rule.words("就医方式")))
    visits = visits.sort("person", "begin", "settled_at", "visit")
    most = rule.number("次数")
    since = (pl.col("begin") - pl.col("begin").shift(most).over("person")).dt.total_days()
    found = visits.with_columns(_since=since).filter(pl.col("_since") < rule.number("天数"))
    told = pl.format("{} 天内第 {} 次以上", pl.lit(rule.number("天数")), pl.lit(most + 1))
    return hits(found, pl.col("pool") + pl.col("account"), told)


@detector("多处购药", "lines.item")
def many_places(part: ClaimPart, rule: Rule, points: pl.DataFrame) -> pl.DataFrame:
    """One drug from at least so many institutions within so many days; what was bought at the last
    of them is meant."""
    lines = part.lines.filter(pl.col("kind").is_in(DRUG_KINDS))
    lines = lines.with_columns(_drug=pl.col("item").str.slice(0, 10))
    places = pl.col("institution").n_unique().over("person", "_drug")
    lines = lines.filter(places >= rule.number("家数"))
    day = pl.col("occurred_at").dt.date()
    earlier = lines.select("person", "_drug", _where="institution", _then=day, _key="line")
    since = (day - pl.col("_then")).dt.total_days()
    pairs = lines.join(earlier, on=["person", "_drug"]).filter(
        (since >= 0) & (since < rule.number("天数"))
    )
    counts = pairs.group_by("line").agg(_places=pl.col("_where").n_unique())
    found = lines.join(counts, on="line").filter(pl.col("_places") >= rule.number("家数"))
    return hits(found, pl.col("amount"), pl.format("{} 家机构", "_places"))
