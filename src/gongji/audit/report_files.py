"""An audit's report as files: a page, a workbook, the differences as Parquet."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import polars as pl

from gongji.audit.open_figures import Estimate
from gongji.audit.own_folder import FolderAudit
from gongji.audit.report_page import page_of
from gongji.audit.report_tables import aside_lines, report_tables, unjudged_lines
from gongji.tabular.formulas import FORMULA, NUMBER
from gongji.tabular.sheets import EXCEL_ROWS
from gongji.tabular.whole_files import appearing
from gongji.units import FEN_PER_YUAN

PAGE, BOOK, TABLE = "report.html", "report.xlsx", "differences.parquet"


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
    import xlsxwriter

    with xlsxwriter.Workbook(path) as book:
        for table in report_tables(found):
            rows = [
                (line.name, line.rows, line.differ, _yuan(line.over_fen), _yuan(line.under_fen))
                for line in table.lines
            ]
            names = [table.of, "就诊", "差异", "多付（元）", "少付（元）"]
            _sheet(book, table.title, pl.DataFrame(rows, schema=names, orient="row"))
        money = pl.col("^(due|paid|difference)_.*$").cast(pl.Decimal(18, 2))
        kept = found.findings.head(EXCEL_ROWS - 1)
        _sheet(book, "差异", kept.with_columns(money))
        unjudged = [*aside_lines(found), *unjudged_lines(found)]
        _sheet(book, "未判断", pl.DataFrame(unjudged, schema=["原因", "就诊"], orient="row"))
        told = [
            (one.setting, one.benefit, one.agree, one.rows, "是" if one.clear else "否")
            for one in estimates
        ]
        names = ["估计的参数", "待遇", "相符笔数", "核对笔数", "可用"]
        _sheet(book, "估计", pl.DataFrame(told, schema=names, orient="row"))


def _sheet(book: object, name: str, frame: pl.DataFrame) -> None:
    """A sheet whose texts no spreadsheet takes for formulas."""
    formula = pl.col(pl.String).str.contains(FORMULA) & ~pl.col(pl.String).str.contains(NUMBER)
    guarded = frame.with_columns(
        pl.when(formula).then("'" + pl.col(pl.String)).otherwise(pl.col(pl.String)).name.keep()
    )
    guarded.write_excel(book, name, autofit=True, freeze_panes=(1, 0))


def _yuan(fen: int) -> float:
    """Fen as a number of yuan for a sheet, which has no other numbers."""
    return fen / FEN_PER_YUAN
