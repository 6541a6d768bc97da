"""An audit's report as files: a page, a workbook, the differences as Parquet."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import polars as pl

from gongji.auditing.differences import AMOUNTS
from gongji.auditing.open_figures import Estimate
from gongji.auditing.own_folder import FolderAudit
from gongji.auditing.report_page import page_of
from gongji.auditing.report_tables import aside_lines, report_tables, unjudged_lines
from gongji.law.explain.rules_sheet import rules_sheet
from gongji.tabular.frame_sheets import frame_sheet
from gongji.tabular.handed_on import EXCEL_ROWS, result_book
from gongji.tabular.whole_files import appearing
from gongji.units import yuan_text

PAGE, BOOK, TABLE = "report.html", "report.xlsx", "differences.parquet"
MONEY = ("多付（元）", "少付（元）")


def write_report(
    output: Path, found: FolderAudit, estimates: Sequence[Estimate], source: str
) -> list[Path]:
    """Write the report into a folder, each file whole or not at all.

    Returns: the files written.
    """
    output.mkdir(exist_ok=True)
    paths = [output / name for name in (PAGE, BOOK, TABLE)]
    with ExitStack() as whole:
        page, book, table = [whole.enter_context(appearing(path)) for path in paths]
        page.write_text(page_of(found, estimates, source), encoding="utf-8")
        _write_book(book, found, estimates)
        found.findings.write_parquet(table, compression="zstd")
    return paths


def _write_book(path: Path, found: FolderAudit, estimates: Sequence[Estimate]) -> None:
    with result_book(path, rules_sheet(found.laws)) as book:
        for table in report_tables(found):
            rows = [
                (line.name, line.rows, line.differ, yuan_text(line.over_fen))
                + (yuan_text(line.under_fen),)
                for line in table.lines
            ]
            frame = pl.DataFrame(rows, schema=[table.of, "就诊", "差异", *MONEY], orient="row")
            book.add(frame_sheet(table.title, frame, MONEY))
        money = [name for name in found.findings.columns if name.startswith(AMOUNTS)]
        book.add(frame_sheet("差异", found.findings.head(EXCEL_ROWS - 1), money))
        unjudged = [*aside_lines(found), *unjudged_lines(found)]
        book.add(
            frame_sheet("未判断", pl.DataFrame(unjudged, schema=["原因", "就诊"], orient="row"))
        )
        told = [
            (one.setting, one.benefit, one.agree, one.rows, "是" if one.clear else "否")
            for one in estimates
        ]
        names = ["估计的参数", "待遇", "相符笔数", "核对笔数", "可用"]
        book.add(frame_sheet("估计", pl.DataFrame(told, schema=names, orient="row")))
