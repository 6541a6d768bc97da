"""The workbook of a report: leads, findings to be marked, what was not looked at, rules."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import polars as pl

from gongji.supervision.marks import MARKS
from gongji.supervision.rules_folded import Rule
from gongji.tabular.frame_sheets import frame_sheet
from gongji.tabular.handed_on import RULES, BookColumn, BookTable, result_book
from gongji.tabular.whole_files import appearing

LEAD_NAMES = {
    "rank": "名次",
    "source": "来源",
    "unit": "对象类别",
    "subject": "对象",
    "name": "名称",
    "institution": "机构",
    "money": "涉及金额（元）",
    "findings": "处数",
    "reasons": "理由",
    "grounds": "依据",
}
FINDING_NAMES = {
    "line": "明细",
    "visit": "就诊",
    "day": "日期",
    "person": "参保人",
    "institution": "机构",
    "doctor": "医师",
    "rule": "规则",
    "kind": "性质",
    "also": "同时命中",
    "money": "涉及金额（元）",
    "evidence": "证据",
    "grounds": "依据",
    "state": "规则状态",
    "grey": "灰区",
    "excused": "例外",
}
EXCEL_FINDINGS = 100_000
"""So many findings are written into the workbook; all of them are in the Parquet."""
Sheets = Sequence[tuple[str, pl.DataFrame]]
MONEY = "涉及金额（元）"


def write_book(
    path: Path, leads: pl.DataFrame, findings: pl.DataFrame, others: Sheets, rules: Sequence[Rule]
) -> None:
    """The workbook, whole or not at all; the column 认定 waits for a mark."""
    with appearing(path) as beside, result_book(beside, [_rules(rules)]) as book:
        book.add(frame_sheet("线索", _named(leads, LEAD_NAMES), [MONEY]))
        marked = _named(findings.head(EXCEL_FINDINGS), FINDING_NAMES)
        marked = marked.with_columns(pl.lit("").alias("认定"), pl.lit("").alias("认定说明"))
        sheet = book.add(frame_sheet("发现", marked, [MONEY]))
        last = max(len(marked), 1)
        at = marked.columns.index("认定")
        choice = {"validate": "list", "source": list(MARKS)}
        sheet.sheet.data_validation(1, at, last, at, choice)
        for name, frame in others:
            book.add(frame_sheet(name, frame))


def _rules(rules: Sequence[Rule]) -> BookTable:
    """The rules by which was looked, with what they stand on."""
    names = ("规则", "性质", "状态", "金额算法", "灰区（%）", "例外", "依据", "起", "止")
    columns = tuple(BookColumn(name, "day" if name in ("起", "止") else "text") for name in names)
    rows = [
        (one.name, one.kind, one.state, one.at_stake, one.grey_percent, "、".join(one.excuses))
        + ("；".join(one.grounds), _day(one.since), _day(one.until))
        for one in rules
    ]
    return BookTable(RULES, columns, rows)


def _day(day: date) -> date | None:
    return None if day in (date.min, date.max) else day


def _named(frame: pl.DataFrame, names: dict[str, str]) -> pl.DataFrame:
    there = {name: title for name, title in names.items() if name in frame.columns}
    chosen = frame.select(list(there))
    if "money" in there:
        chosen = chosen.with_columns(pl.col("money") / 100)
    if "grey" in there:
        chosen = chosen.with_columns(
            grey=pl.when(pl.col("grey")).then(pl.lit("是")).otherwise(pl.lit(""))
        )
    return chosen.rename(there)
