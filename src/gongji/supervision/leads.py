"""Leads: whom to look at first and why, with evidence and articles, from four sources.

A lead of rules adds the money of the findings that count, by whom the rule points at; one of
peers, of the own past or of a network tells money in excess. They rank by money times how sure the
source is, each subject once in each source; a lead is no accusation.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from gongji.supervision import own_past, peers
from gongji.supervision.findings import counting, weighed
from gongji.supervision.rules_folded import ACCOUNT, BREACH, DOCTOR, INSTITUTION, PERSON, Rule

RULES, PEERS, PAST, NETWORK = "规则", "同行比较", "自身历史", "网络"
SURE = {RULES: 1.0, PEERS: 0.5, PAST: 0.6, NETWORK: 0.6}
BREACH_FIRST = 3.0
"""A clear breach weighs so many times its money: it is sure, and quickly settled."""
LEAD = {
    "source": pl.String,
    "unit": pl.String,
    "subject": pl.String,
    "institution": pl.String,
    "money": pl.Int64,
    "score": pl.Float64,
    "findings": pl.Int64,
    "reasons": pl.String,
    "grounds": pl.String,
}


@dataclass(frozen=True)
class Comparisons:
    """Peers, doctors, months and networks, as they were compared.

    Shape:   `departments` as `institutions`; `cells` are the sums that all of them rest on.
    """

    institutions: pl.DataFrame
    doctors: pl.DataFrame
    months: pl.DataFrame
    rings: pl.DataFrame
    robins: pl.DataFrame
    departments: pl.DataFrame
    cells: pl.DataFrame

    @property
    def peers(self) -> list[pl.DataFrame]:
        """All that were compared with peers."""
        return [self.institutions, self.departments, self.doctors]


SUBJECT_COLUMNS = {
    INSTITUTION: "institution",
    DOCTOR: "doctor",
    PERSON: "person",
    ACCOUNT: "person",
}


def rule_leads(
    findings: pl.DataFrame, rules: tuple[Rule, ...], precision: Mapping[str, float]
) -> pl.DataFrame:
    """Subjects by the money of what counts against them."""
    whom = pl.DataFrame(
        {"rule": [rule.name for rule in rules], "unit": [rule.subject for rule in rules]},
        schema={"rule": pl.String, "unit": pl.String},
    ).unique("rule")
    mine = findings.filter(counting()).join(whom, on="rule", how="left")
    # A person at a shop whose rule points at institutions is its customer, not its subject.
    subject = pl.coalesce(
        [
            pl.when(pl.col("unit") == unit).then(pl.col(column))
            for unit, column in SUBJECT_COLUMNS.items()
        ]
    )
    breach = pl.when(pl.col("kind") == BREACH).then(BREACH_FIRST).otherwise(1.0)
    scored = mine.with_columns(
        subject=subject, _score=pl.col("money") * weighed(precision) * breach
    ).filter(pl.col("subject").is_not_null())
    each = scored.group_by("unit", "subject", "rule").agg(
        pl.len().cast(pl.Int64).alias("n"),
        pl.col("money").sum(),
        pl.col("_score").sum(),
        pl.col("grounds").first(),
        pl.col("institution").mode().sort().first(),
    )
    said = pl.format("{} {} 处，{} 元", "rule", "n", (pl.col("money") / 100).round(2))
    ordered = each.sort("_score", "rule", descending=[True, False])
    found = ordered.group_by("unit", "subject", maintain_order=True).agg(
        pl.col("institution").first(),
        pl.col("money").sum(),
        score=pl.col("_score").sum(),
        findings=pl.col("n").sum(),
        reasons=said.str.join("；"),
        grounds=pl.col("grounds").unique(maintain_order=True).str.join("；"),
    )
    return _typed(found, RULES)


def _typed(found: pl.DataFrame, source: str) -> pl.DataFrame:
    named = found.with_columns(
        source=pl.lit(source), score=pl.col("score").cast(pl.Float64) * SURE[source]
    )
    return named.select([pl.col(name).cast(kind) for name, kind in LEAD.items()])


def peer_leads(compared: Comparisons) -> pl.DataFrame:
    """Institutions and doctors beyond their peers; money in excess of their worst indicator.

    A doctor counts only beyond the own institution too: what all of a house do is the house's.
    """
    both = pl.concat([peers.alerts(compared.institutions), own_doctors(compared)])
    said = pl.format(
        "{}为预期的 {} 倍（z={}，多 {} 元）",
        "indicator",
        pl.col("ratio").exp().round(2),
        pl.col("z").round(1),
        ((pl.col("excess") / 100).round(2)).round(2),
    )
    sure = 1 - (pl.lit(peers.LIMIT) / pl.col("z")) ** 2 / 2
    ordered = both.with_columns(_score=pl.col("excess") * sure).sort(
        "_score", "indicator", descending=[True, False]
    )
    found = ordered.group_by("unit", "subject", "institution", maintain_order=True).agg(
        money=pl.col("excess").first(),
        score=pl.col("_score").first(),
        findings=pl.len(),
        reasons=said.head(4).str.join("；"),
        grounds=pl.col("law").first(),
    )
    return _typed(found, PEERS)


def own_doctors(compared: Comparisons) -> pl.DataFrame:
    """Doctors who are beyond both their peers and the rest of their own institution."""
    doctors = peers.alerts(compared.doctors)
    house = compared.institutions.select("institution", "indicator", _house="ratio")
    both = doctors.join(house, on=["institution", "indicator"], how="left")
    beyond = pl.col("ratio") - pl.max_horizontal(pl.col("_house").fill_null(0.0), 0.0)
    still = (beyond * pl.col("z") / pl.col("ratio")) > peers.LIMIT
    return both.filter(still).drop("_house")


def past_leads(compared: Comparisons) -> pl.DataFrame:
    """Institutions that outgrew their own past."""
    grown = own_past.growing(compared.months)
    said = pl.format(
        "医药费用自 {} 起增长过快，多 {} 元", "first", (pl.col("excess") / 100).round(2)
    )
    sure = 1 - (pl.lit(own_past.LIMIT) / pl.max_horizontal("most", own_past.LIMIT)) ** 2 / 2
    found = grown.with_columns(
        unit=pl.lit(INSTITUTION),
        subject="institution",
        money="excess",
        score=pl.col("excess") * sure,
        findings="months",
        reasons=said,
        grounds=pl.lit("楚政规〔2022〕2号 第三十二条（二）"),
    )
    return _typed(found, PAST)


def network_leads(compared: Comparisons) -> pl.DataFrame:
    """Shops in rings of shared payers and in round-robin prescriptions."""
    ring = pl.format(
        "{} 个账户为 {} 人支付，{} 集中于此", "payers", "persons", pl.col("share").round(2)
    )
    rings = compared.rings.with_columns(reasons=ring, findings="persons")
    robin = pl.format(
        "处方 {} 来自 {}，其他店 {}",
        pl.col("share").round(2),
        "prescriber",
        pl.col("usual").round(3),
    )
    robins = compared.robins.with_columns(reasons=robin, findings="scripts")
    columns = ("institution", "money", "findings", "reasons")
    both = pl.concat([rings.select(columns), robins.select(columns)])
    found = (
        both.sort("money", "reasons", descending=[True, False])
        .group_by("institution", maintain_order=True)
        .agg(pl.col("money").sum(), pl.col("findings").sum(), pl.col("reasons").str.join("；"))
        .with_columns(
            unit=pl.lit(INSTITUTION),
            subject="institution",
            score="money",
            grounds=pl.lit("邵市政办发〔2022〕22号 第十八条"),
        )
    )
    return _typed(found, NETWORK)


def ranked(found: list[pl.DataFrame]) -> pl.DataFrame:
    """All leads in one order, with their rank."""
    both = pl.concat(found).filter(pl.col("score") > 0)
    ordered = both.sort("score", "source", "subject", descending=[True, False, False])
    return ordered.with_row_index("rank", offset=1)
