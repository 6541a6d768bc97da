"""`gongji compare`: several areas' laws on one population, with a report."""

import json
from pathlib import Path

import click

from gongji.cli.options import folder_option, json_option, pairs, rulebooks_option, settings_option
from gongji.cli.progress import ProgressBar, say_if_first_run
from gongji.cli.simulate import population_argument
from gongji.cli.value_kinds import AREA


@click.command()
@population_argument
@click.option(
    "--area", "codes", multiple=True, help="统筹区代码，可写多个；缺省为规则库里的全部。", type=AREA
)
@click.option("--date", "day", default="", help="哪天有效的规则；缺省为人群年度的第一天。")
@folder_option("报告写到哪个目录：report.html、report.xlsx、tables/。")
@settings_option
@rulebooks_option
@json_option
def command(
    population: Path,
    codes: tuple[str, ...],
    day: str,
    output: Path,
    settings: tuple[str, ...],
    folders: tuple[Path, ...],
    as_json: bool,
) -> None:
    """同一人群在各统筹区的规则下各结算一遍，按人群（状态和年龄）并列。

    各统筹区的数字与单独模拟那个统筹区的相同。

    \b
    例：
      gongji compare people/ --area 430500 --area 532300 -o 对照/
      gongji compare people/ --date 2025-01-01 -o 对照/
      gongji compare people/ --set 430500:disease_ceiling=4000 --set average_wage=96957 -o 对照/
    """
    from gongji.law.checks.library import Library
    from gongji.law.engine.areas import Areas
    from gongji.simulation.area_comparison import AreasAsked, area_tables, compare_areas
    from gongji.simulation.area_report import FILES, warnings_of, write_area_report
    from gongji.simulation.reform_report import check_folder

    check_folder(output, FILES)
    areas = Areas(Library(folders), everywhere=pairs("--set", settings))
    wanted = codes or tuple(area.code for area in areas.every() if area.code != "000000")
    say_if_first_run()
    with ProgressBar("次", name="对照") as bar:
        made = compare_areas(AreasAsked(population, wanted, areas, day), bar.update)
    files = write_area_report(made, output)
    frames = area_tables(made)
    if as_json:
        body: dict[str, object] = {name: frame.to_dicts() for name, frame in frames.items()}
        body |= {"files": list(map(str, files)), "warnings": warnings_of(made, frames)}
        click.echo(json.dumps(body, ensure_ascii=False, indent=1))
        return
    for said in warnings_of(made, frames):
        click.echo(said, err=True)
    for row in frames["areas"].iter_rows(named=True):
        click.echo(f"{row['area']}：统筹支付占费用的 {row['pool_share']:.2%}")
    click.echo(f"报告写入 {files[0]}")
