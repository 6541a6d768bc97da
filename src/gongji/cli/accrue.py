"""`gongji accrue`: the monthly credits of a roster."""

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
from gongji.refusals import Refusal


@click.command()
@click.argument("roster", type=TableInput())
@output_option
@area_option
@click.option(
    "--month", default="", help="计算哪个月（YYYY-MM）；名册 month 列另有月份的行不受理。"
)
@click.option("--from", "since", default="", help="逐月计算的第一个月（YYYY-MM）。")
@click.option("--to", "until", default="", help="逐月计算的最后一个月（YYYY-MM）。")
@options.sheet_option
@options.header_row_option
@options.settings_option
@options.rulebooks_option
@report_option
@strict_option
@options.json_option
def command(
    roster: Path,
    output: Path | None,
    area: str,
    month: str,
    since: str,
    until: str,
    sheet: str,
    header_row: int | None,
    settings: tuple[str, ...],
    folders: tuple[Path, ...],
    report: Path | None,
    strict: bool,
    as_json: bool,
) -> int:
    """按名册（CSV、Parquet、Excel）计算个人账户的月划入，逐行说明依据。

    名册的列见 docs/use/roster-file.md。不给 -o 则逐行打印说明。读不懂的行不影响其他行，写入
    <结果>.rejected.csv。

    \b
    例：
      gongji accrue roster.csv -o credits.xlsx --area 445300 --month 2024-05
      gongji accrue roster.parquet -o credits.parquet --from 2024-01 --to 2024-12
      gongji accrue roster.csv --area 510400 --month 2024-05 --set average_pension=3000
    """
    # Only this command reads files; `gongji quote` must start without it.
    from gongji.law.accounts.account_files import Accrual, in_fen, months_between
    from gongji.law.checks.library import Library
    from gongji.law.engine.areas import Areas
    from gongji.tabular.sheets import Sheet

    table = Sheet(roster, options.place_of(sheet, header_row))
    if bool(since) != bool(until) or (month and since):
        raise Refusal("field_missing", "--from 与 --to（二者同给，且不与 --month 并用）")
    months: tuple[str, ...] = ()
    if month:
        months = months_between(month, month, ("--month", "--month"))
    elif since:
        months = months_between(since, until)
    areas = Areas(Library(folders), everywhere=options.pairs("--set", settings))
    areas.check_given(areas.library.areas())
    job = Accrual(areas, months, in_fen(table.columns))
    return process(job, table, JobWishes(output, report, area, strict, as_json))
