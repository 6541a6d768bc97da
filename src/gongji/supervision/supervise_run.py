"""One run of supervision over a folder of own tables: inspected, compared, ranked, written down.

The folder of the report keeps what was found and which visits were looked at. The next run there
looks for what is new only, adds it, and reads back the marks that people gave in the workbook.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from gongji.batch.buckets import hash_of
from gongji.law.report.picture import NOT_DRAWN, can_draw
from gongji.supervision import (
    indicator_tables,
    indicators,
    lead_pictures,
    leads,
    marks,
    networks,
    own_past,
    peers,
)
from gongji.supervision.claim_tables import ClaimTables
from gongji.supervision.detectors.detector_words import POINT
from gongji.supervision.finding_book import write_book
from gongji.supervision.findings import FINDING, counting
from gongji.supervision.inspection import Inspected, inspect
from gongji.supervision.kept_looks import kept_looks
from gongji.supervision.lead_pages import Page, Picture, render
from gongji.supervision.rules_folded import Rule
from gongji.tabular.whole_files import appearing, write_whole

FINDINGS, VISITS_SEEN, MARKS = "findings.parquet", "visits-seen.parquet", "marks.parquet"
LEADS, BOOK, PAGE = "leads.parquet", "supervision.xlsx", "supervision.html"
BOOK_WRITTEN = "supervision.sha256"
"""The hash of the workbook as a run left it: while it is that, nobody has marked anything in it."""
PARTS = "parts"
"""The folder of what was found in each bucket."""
CHOSEN = 3
"""So many funnels and courses over time are drawn."""
INDICATORS_SAID = (
    "楚政规〔2022〕2号 第三十二条（二）、邵市政办发〔2022〕22号 第十七条所列指标，按机构、科室、"
    "医师与同行比较，超出 3 个标准差的；逐月的数在工作簿“逐月指标”。"
)
Told = Callable[[str], object]


@dataclass(frozen=True)
class SupervisionRun:
    """What a run found."""

    visits: int
    new_visits: int
    new_findings: int
    findings: pl.DataFrame
    leads: pl.DataFrame
    not_looked_at: pl.DataFrame
    precision: pl.DataFrame


@dataclass(frozen=True)
class Supervising:
    """What is to be looked at: tables, rules, knowledge points, how many leads."""

    tables: ClaimTables
    rules: tuple[Rule, ...]
    points: pl.DataFrame
    top: int = 200


def _kept(path: Path) -> pl.DataFrame | None:
    return pl.read_parquet(path) if path.is_file() else None


def _write(frame: pl.DataFrame, path: Path) -> None:
    """A file of the report, whole or not at all."""
    with appearing(path) as beside:
        frame.write_parquet(beside, compression="zstd")


def given_points(tables: ClaimTables) -> pl.DataFrame:
    """The knowledge points that lie beside the tables."""
    found = tables.scan("points")
    if "rule" not in found.collect_schema().names():
        return pl.DataFrame(schema=POINT)
    return found.select([pl.col(name).cast(kind) for name, kind in POINT.items()]).collect()


def supervise(asked: Supervising, report: Path, told: Told = lambda what: None) -> SupervisionRun:
    """Inspect, compare, rank and write the report.

    Ensures: findings of earlier runs stay as they are; a line is never told twice; of tables in
             buckets a run that was stopped is gone on with.
    """
    report.mkdir(parents=True, exist_ok=True)
    precision = _marked(report)
    before = _kept(report / VISITS_SEEN)
    kept = kept_looks(asked.tables, (asked.rules, asked.points), report / PARTS)

    def inspected() -> Inspected:
        return inspect(asked.tables, asked.rules, asked.points, before, told, kept)

    def compared_all() -> leads.Comparisons:
        told("同行比较")
        return compare_all(asked.tables)

    seen, compared = _both(inspected, compared_all, before is not None)
    earlier = _kept(report / FINDINGS)
    earlier = pl.DataFrame(schema=FINDING) if earlier is None else earlier
    new = seen.findings.join(earlier.select("line"), on="line", how="anti")
    findings = pl.concat([earlier, new]).sort("day", "line")
    found = all_leads(findings, asked.rules, compared, precision)
    named = found.head(asked.top).join(
        asked.tables.everybodys["institutions"].select("institution", "name").unique("institution"),
        on="institution",
        how="left",
    )
    run = SupervisionRun(
        seen.visits, len(seen.new_visits), len(new), findings, named, seen.not_looked_at, precision
    )
    told("报告")
    _write_report(report, run, compared, asked)
    _write(found, report / LEADS)
    _write(findings, report / FINDINGS)
    # Last: a run that was stopped looks at its visits again.
    _write(_all_seen(before, seen), report / VISITS_SEEN)
    return run


def _both(
    inspected: Callable[[], Inspected], compared: Callable[[], leads.Comparisons], at_once: bool
) -> tuple[Inspected, leads.Comparisons]:
    """What is inspected and what is compared; at once where a day is inspected, which leaves
    memory for both."""
    if not at_once:
        return inspected(), compared()
    with ThreadPoolExecutor(1) as beside:
        comparing = beside.submit(compared)
        return inspected(), comparing.result()


def _all_seen(before: pl.DataFrame | None, seen: Inspected) -> pl.DataFrame:
    new = seen.new_visits.select("_visit")
    return new if before is None else pl.concat([before, new])


def _marked(report: Path) -> pl.DataFrame:
    """The precision of rules by all marks so far, those of the last workbook if it was changed."""
    kept = _kept(report / MARKS)
    found = [pl.DataFrame(schema=marks.MARK)] if kept is None else [kept]
    written = report / BOOK_WRITTEN
    unmarked = written.read_text("ascii") if written.is_file() else ""
    if (report / BOOK).is_file() and hash_of(report / BOOK) != unmarked:
        found.append(marks.read_marks(report / BOOK))
    both = pl.concat(found).unique("line", keep="last", maintain_order=True)
    if len(both):
        _write(both, report / MARKS)
    return marks.precision_of(both)


def compare_all(tables: ClaimTables) -> leads.Comparisons:
    """Institutions, departments, doctors beside their peers and own past, and the networks."""
    cells, heads = indicators.cells(tables), indicators.heads(tables)
    institutions = tables.everybodys["institutions"]
    return leads.Comparisons(
        peers.compare(cells, institutions, heads),
        peers.compare(cells, institutions, heads, "医师"),
        own_past.against_past(cells, institutions),
        networks.payer_rings(tables),
        networks.round_robins(tables),
        peers.compare(cells, institutions, indicators.heads_of_departments(tables), "科室"),
        cells,
    )


def all_leads(
    findings: pl.DataFrame,
    rules: tuple[Rule, ...],
    compared: leads.Comparisons,
    precision: pl.DataFrame,
) -> pl.DataFrame:
    """Leads of all sources in one order."""
    weights = dict(zip(precision["rule"], precision["weight"], strict=True))
    return leads.ranked(
        [
            leads.rule_leads(findings, rules, weights),
            leads.peer_leads(compared),
            leads.past_leads(compared),
            leads.network_leads(compared),
        ]
    )


def _pictures(run: SupervisionRun, compared: leads.Comparisons) -> list[Picture]:
    if not can_draw():
        return [Picture("图", "", NOT_DRAWN)]
    found = [
        Picture("阶梯图", lead_pictures.ladder(run.leads), "前 20 条线索的涉及金额（万元），按名次")
    ]
    worst = peers.alerts(compared.institutions).unique(
        ["group", "indicator"], keep="first", maintain_order=True
    )
    for row in worst.head(CHOSEN).iter_rows(named=True):
        mine = compared.institutions.filter(
            (pl.col("group") == row["group"]) & (pl.col("indicator") == row["indicator"])
        )
        said = "横轴就诊人次，纵轴实际与预期之比；灰区为同行正常范围（含超离散），红点在其外"
        title = f"漏斗图：{row['indicator']}（{row['group']}）"
        found.append(Picture(title, lead_pictures.funnel(mine), said))
    for row in own_past.growing(compared.months).head(CHOSEN).iter_rows(named=True):
        mine = compared.months.filter(pl.col("institution") == row["institution"])
        said = "实线为各月费用（万元），虚线为按季节的预期，细线为移动平均的上限，红点超出"
        title = f"时间图：{row['institution']}"
        found.append(Picture(title, lead_pictures.over_time(mine.sort("month")), said))
    return found


def _by_rule(run: SupervisionRun) -> pl.DataFrame:
    return (
        run.findings.group_by("rule", "kind", "state")
        .agg(
            pl.len().alias("处数"),
            counting().sum().alias("计入"),
            pl.col("grey").sum().alias("灰区"),
            pl.col("excused").is_not_null().sum().alias("例外"),
            (pl.col("money").filter(counting()).sum() / 100).alias("涉及金额（元）"),
        )
        .sort("涉及金额（元）", "rule", descending=[True, False])
        .rename({"rule": "规则", "kind": "性质", "state": "状态"})
    )


def _write_report(
    report: Path, run: SupervisionRun, compared: leads.Comparisons, asked: Supervising
) -> None:
    blind = run.not_looked_at.rename({"rule": "规则", "reason": "原因", "rows": "行数"})
    more = [("指标", reason, None) for reason in indicators.NOT_LOOKED_AT]
    blind = pl.concat([blind, pl.DataFrame(more, schema=blind.schema, orient="row")])
    precise = run.precision.rename(
        {"rule": "规则", "marks": "认定数", "true": "属实", "lawful": "合理例外"}
        | {"wrong_entry": "数据错误", "precision": "准确率", "weight": "权重", "proposal": "建议"}
    )
    by_rule = _by_rule(run)
    counted = run.findings.filter(counting())
    instant: datetime | None = asked.tables.last_instant
    figures = (
        ("就诊", f"{run.visits:,}"),
        ("本次新看", f"{run.new_visits:,}"),
        ("发现（计入）", f"{len(counted):,}"),
        ("涉及金额（元）", f"{counted['money'].sum() / 100:,.2f}"),
        ("数据截至", f"{instant:%Y-%m-%d}" if instant else ""),
    )
    beyond = indicator_tables.beyond_peers(compared.peers)
    months = indicator_tables.by_month(compared.cells, compared.peers)
    tables = (
        ("指标", INDICATORS_SAID, beyond.head(indicator_tables.SHOWN)),
        ("按规则", "计入：启用的规则、不在灰区、没有例外；金额每条明细只计一次。", by_rule),
        ("没有看到的", "缺列、缺知识点或为空的行；没有看到不等于没有问题。", blind),
        ("规则的准确率", "由工作簿中的认定（属实、合理例外、数据错误）得出。", precise),
    )
    page = Page(
        "基金监管：线索与发现", figures, run.leads, counted, _pictures(run, compared), tables
    )
    (report / PAGE).write_text(render(page), encoding="utf-8")
    ordered = run.findings.sort("money", "line", descending=[True, False])
    sheets = [("指标", beyond), ("逐月指标", months), ("按规则", by_rule)]
    sheets += [("没有看到的", blind), ("准确率", precise)]
    write_book(report / BOOK, run.leads, ordered, sheets, asked.rules)
    write_whole(report / BOOK_WRITTEN, hash_of(report / BOOK).encode())
