"""The tables of an audit's report: by cause, article, institution, month, benefit and level."""

from dataclasses import dataclass

import polars as pl

from gongji.auditing.causes import CAUSES
from gongji.auditing.own_folder import ASIDE, DIMENSIONS, FolderAudit
from gongji.law.rulebook.vocabulary import BENEFIT_NAMES
from gongji.units import Fen, parse_fen

OVER, UNDER = "over_fen", "under_fen"
LEVEL_NAMES = {"1": "一级", "2": "二级", "3": "三级", "": "无级别"}


@dataclass(frozen=True)
class ReportLine:
    """One line of a table: what it is, how many visits of how many differ, by how much."""

    key: str
    name: str
    rows: int
    differ: int
    over_fen: Fen
    under_fen: Fen


@dataclass(frozen=True)
class ReportTable:
    """A table of the report: its title, what its lines are, the column of the findings."""

    title: str
    of: str
    column: str
    lines: tuple[ReportLine, ...]


def with_money(findings: pl.DataFrame) -> pl.DataFrame:
    """The findings with what the pool paid too much and too little, in fen."""
    if "difference_pool" not in findings.columns:
        nothing = pl.lit(0, pl.Int64)
        return findings.with_columns(nothing.alias(OVER), nothing.alias(UNDER))
    difference = pl.Series(
        [0 if text is None else parse_fen(text) for text in findings["difference_pool"]],
        dtype=pl.Int64,
    )
    zero = pl.lit(0, pl.Int64)
    return findings.with_columns(
        pl.max_horizontal(pl.lit(difference), zero).alias(OVER),
        pl.max_horizontal(-pl.lit(difference), zero).alias(UNDER),
    )


def report_tables(found: FolderAudit) -> list[ReportTable]:
    """The tables in the order of the report; lines with most money first, months by date."""
    findings = with_money(found.findings)
    tables = [
        _of_findings("按原因", "原因", "cause", findings, CAUSES),
        _of_findings("按条文", "条文", "articles", findings, {}),
    ]
    for column, name in DIMENSIONS.items():
        tables.append(_of_totals(column, name, findings, found))
    return tables


def _sums(findings: pl.DataFrame, column: str) -> dict[str, tuple[int, Fen, Fen]]:
    grouped = findings.group_by(pl.col(column).fill_null("")).agg(
        pl.len(), pl.col(OVER).sum(), pl.col(UNDER).sum()
    )
    return {
        str(key): (int(n), int(over), int(under)) for key, n, over, under in grouped.iter_rows()
    }


def _of_findings(
    title: str, of: str, column: str, findings: pl.DataFrame, names: dict[str, str]
) -> ReportTable:
    lines = [
        ReportLine(key, names.get(key, key or "（无）"), count, count, over, under)
        for key, (count, over, under) in _sums(findings, column).items()
    ]
    return ReportTable(title, of, column, tuple(sorted(lines, key=_by_money)))


def _of_totals(column: str, of: str, findings: pl.DataFrame, found: FolderAudit) -> ReportTable:
    names = {"institution": found.names, "benefit": BENEFIT_NAMES, "level": LEVEL_NAMES}
    sums = _sums(findings, column)
    totals = found.totals.get(column, pl.DataFrame())
    lines = []
    for value, rows, _ in totals.iter_rows():
        count, over, under = sums.get(value, (0, 0, 0))
        name = names.get(column, {}).get(value) or value or "（无）"
        lines.append(ReportLine(value, name, int(rows), count, over, under))
    key = (lambda line: line.key) if column == "month" else _by_money
    return ReportTable(f"按{of}", of, column, tuple(sorted(lines, key=key)))


def _by_money(line: ReportLine) -> tuple[int, int, str]:
    return -(line.over_fen + line.under_fen), -line.differ, line.key


def aside_lines(found: FolderAudit) -> list[tuple[str, int]]:
    """What was not judged, with its reason, in a fixed order."""
    return [(text, found.aside[key]) for key, text in ASIDE.items() if found.aside.get(key)]


def unjudged_lines(found: FolderAudit) -> list[tuple[str, int]]:
    """The rows that could not be audited, by reason, the most frequent first."""
    if found.bad.is_empty():
        return []
    counted = found.bad["reason"].value_counts(sort=True)
    return [(str(reason), int(count)) for reason, count in counted.head(20).iter_rows()]
