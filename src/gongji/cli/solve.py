"""`gongji solve`: the figure that meets a target."""

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gongji.cli.options import (
    json_option,
    own_note_of,
    pairs,
    rulebooks_option,
    say_own,
    settings_option,
    writable,
)
from gongji.cli.progress import ProgressBar, say_if_first_run
from gongji.cli.simulate import base_option, change_option, population_argument, reform_given
from gongji.cli.value_kinds import AREA
from gongji.law.report.text_tables import print_table
from gongji.refusals import Refusal

MOST_VARIED = 2

if TYPE_CHECKING:
    from gongji.simulation.solving import Answer, CostMap, Solver


@click.command()
@population_argument
@click.option("--area", required=True, help="统筹区代码。", type=AREA)
@click.option("--target", required=True, help="目标，如 “统筹支出 +2%”“个人负担 -500万元”。")
@click.option(
    "--vary",
    multiple=True,
    required=True,
    metavar="路径",
    help="要求的数字；写第二个则给出等支出的搭配。",
)
@click.option(
    "--between", nargs=2, metavar="数字 数字", help="在这两个数字之间找；缺省从现行数字起扩大。"
)
@click.option(
    "--line",
    type=click.Choice(["static", "central", "high"]),
    default="static",
    show_default=True,
    help="按哪种情形：不计行为、居中、偏高。",
)
@base_option
@change_option
@click.option(
    "-o",
    "output",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=writable,
    help="把曲线存为 .svg；要求两个数字时是等支出线的图。",
)
@settings_option
@rulebooks_option
@json_option
def command(
    population: Path,
    area: str,
    target: str,
    vary: tuple[str, ...],
    between: tuple[str, str] | None,
    line: str,
    base: str,
    changes: tuple[str, ...],
    output: Path | None,
    settings: tuple[str, ...],
    folders: tuple[Path, ...],
    as_json: bool,
) -> None:
    """反求：在同一人群上逐次减半，找出正好达到目标的数字，给出曲线和 90% 区间。

    \b
    例：
      gongji solve people/ --area 430500 --target "统筹支出 +2%" \\
        --vary 待遇.普通门诊.最高支付限额.退休
      gongji solve people/ --area 532300 --target "统筹支出 +0%" \\
        --vary 待遇.普通门诊.普通门诊.最高支付限额 --vary 待遇.普通门诊.普通门诊.支付比例.三级
    """
    from gongji.simulation.behaviour import LINES
    from gongji.simulation.simulate import Comparison
    from gongji.simulation.solving import Goal, Solver, cost_map, equal_cost

    if len(vary) != len(set(vary)) or len(vary) > MOST_VARIED:
        allowed = "一个数字的路径；求两个数字的搭配时，写两个不同的"
        raise Refusal("value_invalid", "--vary", {"value": "、".join(vary), "allowed": allowed})
    asked = Comparison(
        population,
        area,
        reform_given(base, (), ""),
        reform_given("", changes, "反求"),
        folders=folders,
        settings=pairs("--set", settings),
    )
    assumed = next(one for one in LINES if one.code == line)
    say_if_first_run()
    with ProgressBar("次", name="反求") as bar:
        solver = Solver(asked, vary[0], Goal.parse(target), assumed, bar.update)
        answer = solver.solve(between)
        pairs_found = equal_cost(solver, vary[1]) if len(vary) > 1 else []
        grid = cost_map(solver, vary[1]) if len(vary) > 1 and (output or as_json) else None
    if output and grid:
        _draw_map(grid, answer, output)
    elif output:
        _draw(answer, output)
    if as_json:
        body = _body(answer) | {"pairs": pairs_found, "map": grid and dataclasses.asdict(grid)}
        body["own_note"] = own_note_of(solver.base.area.laws)
        click.echo(json.dumps(body, ensure_ascii=False, indent=1))
        return
    _say(solver, answer)
    if pairs_found:
        print_table((vary[1], vary[0]), pairs_found)
    say_own(solver.base.area.laws)


def _body(answer: "Answer") -> dict[str, Any]:
    return {
        "path": answer.path,
        "before": answer.before,
        "figure": answer.trial.figure,
        "change": vars(answer.trial.change),
        "low": answer.low,
        "high": answer.high,
        "curve": [
            {"figure": one.figure, "number": one.number, "change": vars(one.change)}
            for one in answer.curve
        ],
    }


def _say(solver: "Solver", answer: "Answer") -> None:
    rows = [(one.figure, solver.shown(one.change.value)) for one in answer.curve]
    print_table((answer.path, answer.goal.measure), rows)
    click.echo(
        f"{answer.path} 由 {answer.before} 改为 {answer.trial.figure}："
        f"{answer.goal.measure} {solver.shown(answer.trial.change.value)}"
        f"（数字的 90% 区间约 {answer.low:,.4g} 至 {answer.high:,.4g}）"
    )


def _draw_map(grid: "CostMap", answer: "Answer", path: Path) -> None:
    from gongji.simulation.report_pictures import map_picture

    share = answer.goal.share is not None
    picture = map_picture(grid, 100 if share else 1e-6, "%" if share else "万元", grid.paths)
    path.write_text(picture, encoding="utf-8")


def _draw(answer: "Answer", path: Path) -> None:
    from gongji.simulation.report_pictures import curve_picture

    scale = 100 if answer.goal.share is not None else 1e-6
    points = [(one.number, one.change.value * scale) for one in answer.curve]
    found = (answer.trial.number, answer.trial.change.value * scale)
    unit = "%" if answer.goal.share is not None else "万元"
    names = (answer.path, f"{answer.goal.measure}增减（{unit}）")
    path.write_text(curve_picture(points, found, names), encoding="utf-8")
