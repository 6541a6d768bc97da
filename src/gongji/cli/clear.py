"""`gongji clear`: the annual clearing of institutions paid by capitation."""

from pathlib import Path

import click

from gongji.cli import options
from gongji.cli.file_jobs import (
    JobWishes,
    area_option,
    output_option,
    process,
    report_option,
    strict_option,
)
from gongji.cli.table_files import TableInput


@click.command()
@click.argument("institutions", type=TableInput())
@output_option
@area_option
@options.sheet_option
@options.header_row_option
@options.settings_option
@options.rulebooks_option
@report_option
@strict_option
@options.json_option
def command(
    institutions: Path,
    output: Path | None,
    area: str,
    sheet: str,
    header_row: int | None,
    settings: tuple[str, ...],
    folders: tuple[Path, ...],
    report: Path | None,
    strict: bool,
    as_json: bool,
) -> int:
    """按人头付费的机构（CSV、Parquet、Excel）逐月预拨、年度清算，逐行说明算式和依据。

    文件的列见 docs/use/institutions-file.md。不给 -o 则逐行打印说明。读不懂的行不影响其他行，写入
    <结果>.rejected.csv。

    \b
    例：
      gongji clear institutions.csv --area 445300 --set average_wage.2022=96957
      gongji clear institutions.xlsx -o cleared.xlsx --set average_wage=96957
    """
    # Only this command reads files; `gongji quote` must start without it.
    from gongji.law.accounts.account_files import ClearingJob, in_fen
    from gongji.law.checks.library import Library
    from gongji.law.engine.areas import Areas
    from gongji.tabular.sheets import Sheet

    table = Sheet(institutions, options.place_of(sheet, header_row))
    areas = Areas(Library(folders), everywhere=options.pairs("--set", settings))
    areas.check_given(areas.library.areas())
    return process(
        ClearingJob(areas, in_fen(table.columns)),
        table,
        JobWishes(output, report, area, strict, as_json),
    )
