"""`gongji evaluate`: months before and after a reform, on what was settled."""

import dataclasses
import json
from datetime import date
from pathlib import Path

import click

from gongji.cli.options import folder_option, json_option
from gongji.units import date_of

_folder = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.argument("folders", nargs=-1, required=True, type=_folder)
@click.option("--on", "day", required=True, help="改革从哪天起实行（某月第一天，YYYY-MM-DD）。")
@click.option(
    "--compare", "compared", multiple=True, type=_folder, help="对照地区的目录，可给多个。"
)
@click.option("--title", default="改革前后对照", show_default=True, help="报告的标题。")
@folder_option("报告写到哪个目录。")
@json_option
def command(
    folders: tuple[Path, ...],
    day: str,
    compared: tuple[Path, ...],
    title: str,
    output: Path,
    as_json: bool,
) -> None:
    """改革实行以后的评估：按月的就诊、费用、统筹支付和个人负担，前后对照，可扣除对照地区同期的变化。

    目录由 gongji ledger tables 或 gongji mirror 写出，同一地区可给多个（如每年一个）。
    有上一年同月的，与同月相比。

    \b
    例：
      gongji evaluate 2024/ 2025/ --on 2025-01-01 -o 评估/
      gongji evaluate 楚雄2024/ --on 2024-07-01 --compare 玉溪2024/ --compare 大理2024/ -o 评估/
    """
    from gongji.law.engine.visit import read_date
    from gongji.simulation.before_after import evaluate
    from gongji.simulation.evaluation_report import sentences, write_evaluation

    on: date = date_of(read_date("--on", day))
    made = evaluate(folders, on, compared)
    files = write_evaluation(made, output, title)
    if as_json:
        body = {
            "files": list(map(str, files)),
            "season": made.season,
            "findings": [dataclasses.asdict(one) for one in made.findings],
        }
        click.echo(json.dumps(body, ensure_ascii=False, indent=1))
        return
    for said in sentences(made):
        click.echo(said)
    click.echo(f"报告写入 {files[0]}")
