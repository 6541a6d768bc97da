"""`gongji audit`: what was actually paid, against what the law gives."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gongji.cli import options
from gongji.cli.file_jobs import area_option
from gongji.cli.progress import ProgressBar
from gongji.cli.table_files import TableInput
from gongji.cli.table_places import TablePlaces, header_rows_option, sheets_option
from gongji.refusals import Refusal

if TYPE_CHECKING:
    from gongji.auditing import AuditSummary, BadRow, Finding
    from gongji.auditing.open_figures import FolderWishes
    from gongji.auditing.own_folder import FolderAudit

SHOWN = 20
"""How many differences and bad rows the terminal shows."""
EXIT_DIFFERENT, EXIT_BAD_FILE = 1, 2
"""Exit codes: something differs or could not be audited; the file cannot be read at all."""


@click.command()
@click.argument("visits", type=TableInput(folders=True))
@click.option(
    "-o",
    "output",
    type=click.Path(path_type=Path),
    callback=options.writable,
    help="差异写入：.xlsx、.csv 或 .parquet；输入是目录时，是写出报告的目录。写完才出现。",
)
@area_option
@click.option(
    "--opening",
    type=TableInput(),
    help="各人此前已累计的数额，列见 docs/use/visits-file.md。",
)
@click.option(
    "--meters",
    type=click.Choice(["law", "paid"]),
    default="law",
    show_default=True,
    help="后续各次按规则的累计（law）还是按实付的累计（paid）核对。",
)
@sheets_option
@header_rows_option
@options.settings_option
@options.rulebooks_option
@options.json_option
def command(
    visits: Path,
    output: Path | None,
    area: str,
    opening: Path | None,
    meters: str,
    sheets: tuple[str, ...],
    header_rows: tuple[str, ...],
    settings: tuple[str, ...],
    folders: tuple[Path, ...],
    as_json: bool,
) -> int:
    """把实际支付与规则应付逐笔核对：每处差异的金额、可能的原因和依据。

    就诊文件另有 paid_pool（实际统筹支付，元，或 paid_pool_fen）一列；还可有 paid_supplements、
    paid_person、paid_deductible、paid_<层代号>。说明见 docs/use/audit.md。

    就诊也可以是 gongji mirror 写出的目录；报告是一个网页和一个工作簿，另有规则未给出的数字的估计。

    也可以是 gongji buckets 写出的目录：每桶一个差异文件，汇总在 results.json；
    中断后再运行只做余下的。

    全部相符时退出码为 0；有差异或有未能核对的行为 1；文件不能读为 2。

    \b
    例：
      gongji audit visits.csv --area 430500 -o differences.xlsx
      gongji audit visits.parquet --set inpatient_rate=85% --set inpatient_ceiling=80000 --json
      gongji audit 本地/ -o 核对报告/
      gongji audit buckets/ -o 差异/ --area 430500
    """
    if visits.is_dir():
        from gongji.auditing.open_figures import FolderWishes
        from gongji.batch.buckets import MANIFEST

        wishes = FolderWishes(area, folders, options.pairs("--set", settings), opening, meters)
        if (visits / MANIFEST).is_file():
            return _audit_buckets(visits, output, wishes, as_json)
        return _audit_folder(visits, output, wishes, as_json)
    from gongji.auditing import AuditSummary, BadRow, Finding, PaidFile, audit
    from gongji.auditing.differences import as_row, bad_frame, findings_frame, write
    from gongji.auditing.suspects import suspects_of
    from gongji.tabular.header_rows import no_rows

    _check_output(output, visits, opening)
    places = TablePlaces(sheets, header_rows, {"opening": opening})
    try:
        file = PaidFile(
            visits,
            area=area,
            folders=folders,
            settings=options.pairs("--set", settings),
            opening=places.file("opening"),
            place=places.of(),
        )
        if file.frame.is_empty():
            raise no_rows()
    except Refusal as error:
        return _unreadable(visits, error, as_json)
    summary = AuditSummary(rows=len(file.frame))
    findings: list[Finding] = []
    bad: list[BadRow] = []
    with ProgressBar("行", summary.rows, not as_json, "核对") as bar:
        for found in audit(file, meters, bar.update, suspects_of(file)):
            summary.add(found)
            (findings if isinstance(found, Finding) else bad).append(found)  # type: ignore[arg-type]
    names, laws = tuple(file.names), file.laws()
    summary.rest_on(laws)
    if output:
        told = findings_frame(findings, names)
        written = write(output, told, summary, bad_frame(bad), laws)
        click.echo(f"差异写入 {'、'.join(map(str, written))}", err=True)
    if as_json:
        rows = [as_row(finding, names) for finding in findings]
        body = {"rows_differing": rows, "rows_not_audited": [vars(found) for found in bad]}
        click.echo(json.dumps(summary.as_json() | body, ensure_ascii=False, indent=1, default=str))
    else:
        _say(summary, findings, bad, output is not None)
    return EXIT_DIFFERENT if summary.count or bad else 0


def _audit_folder(folder: Path, output: Path | None, wishes: "FolderWishes", as_json: bool) -> int:
    """A folder of our own tables audited, its report written."""
    from gongji.auditing.own_folder import audit_folder, visits_files
    from gongji.auditing.report_files import write_report
    from gongji.batch.buckets import rows_known

    if output is not None and (output.is_file() or output.resolve() == folder.resolve()):
        raise click.UsageError(f"输入是目录，-o 应是另一个目录：{output}")
    try:
        rows = rows_known(visits_files(folder))
        with ProgressBar("行", rows, not as_json, "核对") as bar:
            found = audit_folder(folder, wishes, bar.update)
    except Refusal as error:
        return _unreadable(folder, error, as_json)
    if output is not None:
        written = write_report(output, found, found.estimates, folder.name)
        click.echo(f"报告写入 {'、'.join(map(str, written))}", err=True)
    if as_json:
        told = [{"setting": one.setting, "clear": one.clear} for one in found.estimates]
        body = found.summary.as_json() | {"set_aside": found.aside, "estimates": told}
        click.echo(json.dumps(body, ensure_ascii=False, indent=1))
    else:
        _say_folder(found)
    return EXIT_DIFFERENT if found.summary.count or found.summary.bad else 0


def _audit_buckets(folder: Path, output: Path | None, wishes: "FolderWishes", as_json: bool) -> int:
    """A folder of buckets audited into a folder of results."""
    from gongji.auditing.bucket_audits import audit_buckets

    if output is None or output.is_file():
        raise click.UsageError("输入是分桶目录，须以 -o 给出结果目录。")
    try:
        with ProgressBar("行", shown=not as_json, name="核对") as bar:
            summary = audit_buckets(folder, output, wishes, bar.update)
    except Refusal as error:
        return _unreadable(folder, error, as_json)
    if as_json:
        click.echo(json.dumps(summary.as_json(), ensure_ascii=False, indent=1))
    else:
        _say(summary, [], [], True)
        click.echo(f"差异写入 {output}", err=True)
    return EXIT_DIFFERENT if summary.count or summary.bad else 0


def _unreadable(path: Path, error: Refusal, as_json: bool) -> int:
    """What cannot be read at all is told."""
    click.echo(f"{path}：{error}", err=True)
    if as_json:
        click.echo(json.dumps(error.as_json(), ensure_ascii=False))
    return EXIT_BAD_FILE


def _say_folder(found: "FolderAudit") -> None:
    """What was found in a folder, by cause, and what was not judged."""
    from gongji.auditing.report_tables import aside_lines

    _say(found.summary, [], [], True)
    for reason, count in aside_lines(found):
        click.echo(f"{reason}：{count} 次未判断")
    for one in found.estimates:
        if one.clear:
            click.echo(f"估计（{one.agree}/{one.rows} 笔相符，请以文件为准）：可用 {one.setting}")


def _check_output(output: Path | None, visits: Path, opening: Path | None) -> None:
    """A result of a known kind that overwrites nothing that is read."""
    from gongji.auditing.differences import beside
    from gongji.tabular.sheets import ending_of

    if output:
        ending_of(output, "-o")
        options.apart(visits, output, beside(output), opening)


def _say(
    summary: "AuditSummary", findings: "list[Finding]", bad: "list[BadRow]", written: bool
) -> None:
    """The summary by cause, and the first differences where no file was asked for."""
    from gongji.auditing import CAUSES
    from gongji.law.explain.show import cited_alone
    from gongji.law.report.text_tables import print_table
    from gongji.units import date_of, show_fen

    for finding in [] if written else findings[:SHOWN]:
        over = finding.difference_fen
        amount = f"{'多付' if over > 0 else '少付'}{show_fen(abs(over))}元"
        visit = finding.visit
        click.echo(
            f"第 {finding.row_number} 行 {visit.person} {date_of(visit.day)}：{amount}。"
            f"{CAUSES[finding.cause]}：{finding.sentence}{cited_alone(finding.cites)}"
        )
    if not written and len(findings) > SHOWN:
        click.echo(f"……其余 {len(findings) - SHOWN} 处差异请用 -o 写入文件")
    for found in bad[:SHOWN]:
        click.echo(f"第 {found.row_number} 行未核对（{found.code}）：{found.reason}", err=True)
    if len(bad) > SHOWN:
        click.echo(f"……其余 {len(bad) - SHOWN} 行未核对", err=True)
    if summary.count:
        rows = [
            (CAUSES[cause], str(t.count), show_fen(t.over_fen), show_fen(t.under_fen))
            for cause, t in summary.rows_by_cause()
        ]
        print_table(("原因", "笔数", "多付（元）", "少付（元）"), rows)
    click.echo(f"共 {summary.rows} 行，{summary.count} 处差异，{summary.bad} 行未能核对")
    if summary.own_note:
        click.echo(f"【自备】{summary.own_note}")
