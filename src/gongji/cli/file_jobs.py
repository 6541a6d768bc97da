"""What `accrue` and `clear` share: their options, and a job run over a file with progress."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gongji.cli.options import apart, writable
from gongji.cli.progress import ProgressBar
from gongji.cli.table_files import TableOutput, report_beside, shown, to_standard_output
from gongji.cli.value_kinds import AREA

if TYPE_CHECKING:
    from gongji.law.accounts.account_files import Job, JobSummary
    from gongji.tabular.sheets import Sheet

output_option = click.option(
    "-o",
    "output",
    type=TableOutput(),
    help="结果文件：.csv、.csv.gz、.parquet 或 .xlsx，写完才出现；- 为标准输出。",
)
area_option = click.option(
    "--area",
    default="",
    help="没有 area 列（或为空）时的统筹区代码。",
    type=AREA,
)
report_option = click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=writable,
    help="无法计算的行写到这里；缺省为 <结果>.rejected.csv。",
)
strict_option = click.option("--strict", is_flag=True, help="遇到无法计算的行就停下，什么也不写。")


@dataclass(frozen=True)
class JobWishes:
    """Where a job's results go and how: a file or the terminal, the report of what cannot be read.

    `area` is that of rows which name none; `strict` stops at the first bad row.
    """

    output: Path | None
    report: Path | None
    area: str
    strict: bool
    as_json: bool


def process(job: "Job", sheet: "Sheet", wanted: JobWishes) -> int:
    """Run a job over a file: to a result file, or row by row to the terminal.

    Returns: the exit code: 1 where there were rows and none of them could be computed.
    """
    from gongji.law.accounts.account_files import run, write
    from gongji.tabular.sheets import check_rows

    if to_standard_output() and wanted.as_json:
        raise click.UsageError("-o - 与 --json 不能同用：二者都写标准输出。")
    output, area, strict, as_json = wanted.output, wanted.area, wanted.strict, wanted.as_json
    if output is None:
        return _print(job, sheet, area, strict, as_json)
    report = wanted.report or report_beside(output)
    check_rows(output, sheet.rows or 0)
    apart(sheet.path, output, report)
    with ProgressBar("行", sheet.rows, name="计算") as bar:
        summary = write(run(job, sheet, area, strict, bar.update), job, output, report)
    if as_json:
        click.echo(json.dumps(summary.as_json(), ensure_ascii=False, indent=1))
    else:
        click.echo(f"{summary.results} 条结果写入 {shown(output)}", err=to_standard_output())
        _say(job, summary, str(report) if summary.rejected else "")
    return _exit_code(summary)


def _exit_code(summary: "JobSummary") -> int:
    computed = summary.results - summary.counts["parameter_missing"]
    return 1 if computed <= 0 else 0


def _print(job: "Job", sheet: "Sheet", area: str, strict: bool, as_json: bool) -> int:
    from gongji.law.accounts.account_files import REJECTED, JobSummary, run

    summary = JobSummary()
    rows: list[dict[str, object]] = []
    bad: list[dict[str, object]] = []
    for done, rejected, current in run(job, sheet, area, strict):
        summary = current
        rows += [dict(zip(job.results, values, strict=True)) for values in done]
        bad += [dict(zip(REJECTED, values, strict=True)) for values in rejected]
        if not as_json:
            for row in rows:
                click.echo(_line(row))
            rows = []
    if as_json:
        body = summary.as_json() | {"rows": rows, "rejected_rows": bad}
        click.echo(json.dumps(body, ensure_ascii=False, indent=1))
        return _exit_code(summary)
    for row in bad:
        click.echo(f"第 {row['row_number']} 行 {row['column']}：{row['reason']}", err=True)
    _say(job, summary, "")
    return _exit_code(summary)


def _line(row: dict[str, object]) -> str:
    """Who, and what was said of it, a sentence a line."""
    who = str(row.get("person") or row.get("institution") or "")
    return f"{who}：{row['explanation']}".replace("\n", "\n  ")


def _say(job: "Job", summary: "JobSummary", report: str) -> None:
    for name, count in sorted(summary.counts.items()):
        click.echo(f"  {name}：{count} 条", err=True)
    if summary.repeated:
        click.echo(f"{summary.repeated} 行与前面的行是{job.same}，都算了，逐行已注明", err=True)
    if summary.rejected:
        where = f"，原因见 {report}" if report else ""
        click.echo(f"{summary.rejected} 行无法计算{where}", err=True)
