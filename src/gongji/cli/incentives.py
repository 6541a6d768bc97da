"""`gongji incentives`: what a rule invites people to do, each with an example."""

import dataclasses
import json
from pathlib import Path

import click

from gongji.cli.options import (
    json_option,
    own_note_of,
    pairs,
    rulebooks_option,
    say_own,
    settings_option,
)
from gongji.cli.simulate import change_option, reform_given
from gongji.cli.value_kinds import AREA, BENEFIT


@click.command()
@click.option("--area", required=True, help="统筹区代码。", type=AREA)
@click.option("--date", "day", required=True, help="哪一天有效的规则。")
@click.option(
    "--benefit", "benefits", multiple=True, help="只看这些待遇（代码）；缺省为全部。", type=BENEFIT
)
@change_option
@settings_option
@rulebooks_option
@json_option
def command(
    area: str,
    day: str,
    benefits: tuple[str, ...],
    changes: tuple[str, ...],
    settings: tuple[str, ...],
    folders: tuple[Path, ...],
    as_json: bool,
) -> None:
    """规则引出的打算：拆分、合并、拖到次年、换级别或药店、等退休……各举省得最多的一例。

    同样的费用，个人少负担即为有利可图；是否符合规则的本意由读者判断。另列支付突降的费用点。

    \b
    例：
      gongji incentives --area 532300 --date 2024-11-01 --benefit ordinary
      gongji incentives --area 430500 --date 2024-06-05 \\
        --change 待遇.普通门诊.最高支付限额.退休=8000元
    """
    from gongji.law.engine.visit import read_date
    from gongji.simulation.incentives import cliffs, incentives, told
    from gongji.simulation.reforms import side_of

    reform = reform_given(day, changes, "")
    side = side_of(reform, area, read_date("date", day), folders, pairs("--set", settings))
    found, steep = incentives(side, benefits), cliffs(side, benefits or ("ordinary",))
    if as_json:
        body = {
            "incentives": [dataclasses.asdict(one) | {"gain_fen": one.gain_fen} for one in found],
            "cliffs": [dataclasses.asdict(one) for one in steep],
            "own_note": own_note_of(side.area.laws),
        }
        click.echo(json.dumps(body, ensure_ascii=False, indent=1))
        return
    names = {code: name for name, code in side.area.laws[0].benefits.items()}
    for number, one in enumerate(found, start=1):
        click.echo(f"{number}. {told(one, names)}")
        click.echo(f"   依据：{one.articles}")
    for cliff in steep:
        click.echo(
            f"支付突降：{cliff.place} 费用 {cliff.cost_fen / 100:,.2f} 元时统筹支付 "
            f"{cliff.pool_at_fen / 100:,.2f} 元，少一分时为 {cliff.pool_below_fen / 100:,.2f} 元"
        )
    if not (found or steep):
        click.echo("没有找到")
    say_own(side.area.laws)
