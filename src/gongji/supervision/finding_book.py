"""The workbook of a report: leads, findings to be marked, what was not looked at, rules."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from gongji.supervision.marks import MARKS
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


def write_book(path: Path, leads: pl.DataFrame, findings: pl.DataFrame, others: Sheets) -> None:
    """The workbook, whole or not at all; the column 认定 waits for a mark."""
    import xlsxwriter

    options = {"constant_memory": True}
    with appearing(path) as beside, xlsxwriter.Workbook(str(beside), options) as book:
        bold = book.add_format({"bold": True, "bg_color": "#e8eef4"})
        _sheet(book, "线索", _named(leads, LEAD_NAMES), bold)
        marked = _named(findings.head(EXCEL_FINDINGS), FINDING_NAMES)
        marked = marked.with_columns(pl.lit("").alias("认定"), pl.lit("").alias("认定说明"))
        sheet = _sheet(book, "发现", marked, bold)
        last = max(len(marked), 1)
        at = marked.columns.index("认定")
        sheet.data_validation(1, at, last, at, {"validate": "list", "source": list(MARKS)})
        for name, frame in others:
            _sheet(book, name, frame, bold)


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


def _sheet(book: Any, name: str, frame: pl.DataFrame, bold: Any) -> Any:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    for column, title in enumerate(frame.columns):
        sheet.set_column(column, column, 14 if title not in ("理由", "证据", "依据") else 40)
        sheet.write_string(0, column, title, bold)
    for number, row in enumerate(frame.iter_rows(), start=1):
        for column, value in enumerate(row):
            if isinstance(value, int | float):
                sheet.write_number(number, column, value)
            elif value is not None:
                sheet.write_string(number, column, str(value))
    return sheet
