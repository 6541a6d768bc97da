"""`gongji simulate`: two laws on one population, with a report."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gongji.cli.options import folder_option, json_option, pairs, rulebooks_option, settings_option
from gongji.cli.progress import ProgressBar, say_if_first_run
from gongji.cli.value_kinds import AREA

if TYPE_CHECKING:
    from gongji.simulation.behaviour import BehaviourLine
    from gongji.simulation.reforms import Reform
    from gongji.simulation.simulate import ReformOutcome

population_argument = click.argument(
    "population", type=click.Path(exists=True, file_okay=False, path_type=Path)
)
change_option = click.option(
    "--change",
    "changes",
    multiple=True,
    metavar="路径=数字",
    help="改动的数字，如 待遇.普通门诊.最高支付限额=8000元；可写多次。",
)
base_option = click.option(
    "--base", default="", help="现行规则：日期或 reform.yaml；缺省为人群年度第一天有效的规则。"
)


@click.command()
@population_argument
@click.option("--area", required=True, help="统筹区代码。", type=AREA)
@base_option
@click.option("--reform", default="", help="改革：另一日期的规则，或 reform.yaml；缺省与现行相同。")
@change_option
@click.option("--name", default="", help="改革的名称，写在报告上。")
@click.option("--years", type=click.IntRange(1, 20), default=1, show_default=True, help="算几年。")
@click.option(
    "--elasticity",
    "elasticities",
    multiple=True,
    metavar="名称=次数,费用",
    help="就诊次数和次均费用的弹性，如 居中=-0.1,-0.1；给出则代替缺省的两种情形。",
)
@click.option("--invited", is_flag=True, help="报告附上改革引出的打算（拆分、拖延……），多用几秒。")
@folder_option("报告写到哪个目录：report.html、report.xlsx、tables/、reform.yaml。")
@settings_option
@rulebooks_option
@json_option
def command(
    population: Path,
    area: str,
    base: str,
    reform: str,
    changes: tuple[str, ...],
    name: str,
    years: int,
    elasticities: tuple[str, ...],
    invited: bool,
    output: Path,
    settings: tuple[str, ...],
    folders: tuple[Path, ...],
    as_json: bool,
) -> None:
    """模拟改革：同一人群按两部规则各结算一遍，写出给决策者看的报告。

    三种情形（不计行为、居中、偏高）各有 90% 区间；人群未校准的，报告开头就写明。

    \b
    例：
      gongji simulate people/ --area 430500 --change 待遇.普通门诊.最高支付限额.退休=8000元 -o 报告/
      gongji simulate people/ --area 532300 --base 2024-10-31 --reform 2024-11-01 --years 5 -o 报告/
    """
    from gongji.simulation.behaviour import LINES
    from gongji.simulation.reform_report import (
        check_folder,
        points,
        report_parts,
        warnings_of,
        write_report,
    )
    from gongji.simulation.simulate import Comparison, simulate, steps

    check_folder(output)
    wanted = reform_given(reform, changes, name)
    asked = Comparison(
        population,
        area,
        reform_given(base, (), ""),
        wanted,
        years,
        _lines(elasticities) or LINES,
        folders=folders,
        settings=pairs("--set", settings),
    )
    total = steps(asked)
    say_if_first_run()
    with ProgressBar("次", total, name="模拟") as bar:
        outcome = simulate(asked, bar.update)
    parts = report_parts(outcome, _invited(outcome) if invited else ())
    files = write_report(outcome, wanted, output, parts)
    frames = parts.frames
    if as_json:
        body = {
            "files": list(map(str, files)),
            "warnings": warnings_of(outcome),
            "lines": frames["lines"].to_dicts(),
            "classes": frames["classes"].to_dicts(),
        }
        click.echo(json.dumps(body, ensure_ascii=False, indent=1))
        return
    for said in warnings_of(outcome):
        click.echo(said, err=True)
    for said in points(frames):
        click.echo(said)
    click.echo(f"报告写入 {output / 'report.html'}")


def reform_given(text: str, changes: tuple[str, ...], name: str) -> "Reform":
    """A reform from a date or a file, with further changes of figures.

    Refuses: a usage error for a change that is none; what reading the file is refused for.
    """
    import msgspec

    from gongji.simulation.reforms import Reform, read_reform

    found = read_reform(Path(text)) if text.endswith((".yaml", ".yml")) else Reform(day=text)
    figures = found.figures | pairs("--change", changes)
    said = "、".join(f"{path} 改为 {figure}" for path, figure in pairs("--change", changes).items())
    return msgspec.structs.replace(found, figures=figures, name=name or found.name or said)


def _invited(outcome: "ReformOutcome") -> list[str]:
    """What the reform invites under the population's benefits, as sentences."""
    from gongji.simulation.incentives import incentives, told

    names = {code: name for name, code in outcome.reform.area.laws[0].benefits.items()}
    return [told(one, names) for one in incentives(outcome.reform, outcome.benefits)]


def _lines(texts: tuple[str, ...]) -> "tuple[BehaviourLine, ...]":
    from gongji.simulation.behaviour import STATIC, BehaviourLine

    made = []
    for name, value in pairs("--elasticity", texts).items():
        try:
            visits, cost = map(float, value.split(","))
        except ValueError:
            raise click.BadParameter(f"应写成 名称=次数,费用：{value}") from None
        made.append(BehaviourLine(name, name, visits, cost, f"使用者给出：{visits}、{cost}"))
    return (STATIC, *made) if made else ()
