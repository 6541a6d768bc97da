"""`gongji supervise`: whom to look at first and why, from a folder of own tables."""

import json
from pathlib import Path

import click

from gongji.cli import options
from gongji.cli.progress import ProgressBar
from gongji.cli.value_kinds import AREA


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "-o",
    "report",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="报告目录：HTML、Excel、Parquet；再次运行只追加新的发现。",
)
@click.option(
    "--area",
    default="000000",
    show_default=True,
    help="统筹区代码，决定用哪些规则。",
    type=AREA,
)
@click.option("--top", default=200, show_default=True, help="列出多少条线索。")
@click.option(
    "--points",
    "points_files",
    type=click.Path(exists=True, path_type=Path),
    multiple=True,
    help="知识点工作簿，文件名以生效日期开头，如 2025-05-23-性别.xlsx。",
)
@click.option(
    "--rules",
    "folders",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    multiple=True,
    help="另外的规则目录，其中为 <省>/<统筹区>/<日期>.yaml。",
)
@options.json_option
def command(
    folder: Path,
    report: Path,
    area: str,
    top: int,
    points_files: tuple[Path, ...],
    folders: tuple[Path, ...],
    as_json: bool,
) -> int:
    """按规则、同行比较、自身历史和网络，从自有表中排出先看哪里、为什么。

    目录中有 visits、lines、persons 等自有表（docs/inside/own-tables.md）。说明见
    docs/use/supervise.md。在报告的工作簿“发现”一页填写认定，下次运行时读回。

    \b
    例：
      gongji supervise tables -o report
      gongji supervise tables -o report --area 532300 --points 2025-05-23-性别.xlsx --top 100
    """
    import polars as pl

    from gongji.supervision.claim_tables import ClaimTables
    from gongji.supervision.points import read_points
    from gongji.supervision.rules_folded import fold_rules
    from gongji.supervision.supervise_run import Supervising, given_points, supervise

    tables = ClaimTables(folder)
    points = pl.concat([given_points(tables), read_points(points_files)])
    asked = Supervising(tables, fold_rules(area, folders), points, top)
    with ProgressBar("步", shown=not as_json) as bar:

        def told(what: str) -> None:
            bar.say(what)
            bar.update()

        run = supervise(asked, report, told)
    if as_json:
        told_figures = {
            "visits": run.visits,
            "new_visits": run.new_visits,
            "new_findings": run.new_findings,
            "findings": len(run.findings),
            "leads": len(run.leads),
            "not_looked_at": run.not_looked_at.to_dicts(),
        }
        click.echo(json.dumps(told_figures, ensure_ascii=False, indent=1))
        return 0
    click.echo(
        f"看了 {run.visits} 次就诊（新 {run.new_visits}），新发现 {run.new_findings} 处，"
        f"线索 {len(run.leads)} 条；{len(run.not_looked_at)} 项没有看到"
    )
    click.echo(f"报告写入 {report}")
    return 0
