"""`gongji curve`: what the pool pays against cost, as a picture."""

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
    writable,
)
from gongji.cli.value_kinds import AREA, BENEFIT
from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.law.engine.visit import read_amount, read_date
from gongji.law.report.curve import Curve, curves
from gongji.law.report.picture import KINDS, NoFont, draw
from gongji.law.rulebook.vocabulary import BENEFITS
from gongji.units import date_of, yuan_text


@click.command()
@click.option("--area", "code", required=True, help="统筹区（或其下县区）的六位代码。", type=AREA)
@click.option("--date", "at", default="", help="就诊日期 YYYY-MM-DD；缺省为最新规则的第一天。")
@click.option(
    "--benefit", default="ordinary", help=f"待遇：{'、'.join(BENEFITS.values())}。", type=BENEFIT
)
@click.option("--to", "to", default="", metavar="元", help="画到多少费用；缺省画到不再变化为止。")
@click.option(
    "--fact",
    "facts",
    multiple=True,
    metavar="事实=值",
    help="其他事实，见 docs/use/facts.zh-CN.md。",
)
@click.option(
    "-o",
    "output",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    callback=writable,
    help="图片文件：.svg 或 .png。",
)
@click.option(
    "--font", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="中文字体文件。"
)
@settings_option
@rulebooks_option
@json_option
def command(
    code: str,
    at: str,
    benefit: str,
    to: str,
    facts: tuple[str, ...],
    output: Path,
    font: Path | None,
    settings: tuple[str, ...],
    folders: tuple[Path, ...],
    as_json: bool,
) -> None:
    """画出一年中第一次就诊时统筹基金支付多少：横轴费用，纵轴支付，按级别和参保状态分线。

    规则留空的参数没有给出时，线画到用得着它的地方为止，以 ○ 标明。

    \b
    例：
      gongji curve --area 430500 --date 2023-02-01 -o 邵阳.svg
      gongji curve --area 532300 --date 2023-03-01 --to 20000 -o 楚雄.svg
      gongji curve --area 445300 --date 2024-05-01 --set average_wage=96957 -o 云浮.png
      gongji curve --area 510400 --benefit chronic --set chronic_deductible=300 \\
          --set chronic_rate=80% --set chronic_ceiling=3000 -o 攀枝花慢性病.svg
    """
    if output.suffix not in KINDS:
        raise click.BadParameter(f"文件名应以 {' 或 '.join(KINDS)} 结尾：{output}", param_hint="-o")
    given = pairs("--set", settings)
    areas = Areas(Library(folders), everywhere=given)
    areas.check_given((code,))
    area = areas.area(code)
    day = read_date("--date", at) if at else area.laws[-1].since
    law = area.law(day)
    name = area.benefit(law, benefit)
    row = {"area": code, "date": str(date_of(day)), "benefit": benefit} | pairs("--fact", facts)
    found = curves(area, law, row, read_amount("--to", to) if to else None)
    documents = "、".join(dict.fromkeys(_documents(found)))
    given_text = "".join(f"，设 {key} = {value}" for key, value in given.items())
    try:
        draw(
            found,
            f"{law.place} {name}：统筹基金支付多少",
            f"{date_of(day)}，一年中第一次就诊；{documents}{given_text}",
            output,
            font,
        )
    except NoFont as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        lines = [_curve_json(curve) for curve in found]
        body = {"file": str(output), "curves": lines, "own_note": own_note_of((law,))}
        click.echo(json.dumps(body, ensure_ascii=False, indent=1))
    else:
        click.echo(f"已存入 {output}：{len(found)} 条线。")
        say_own((law,))
        for missing in dict.fromkeys(curve.missing for curve in found if curve.missing):
            click.echo(f"○ 此后需要规则没有给出的参数：{missing}；可用 --set 给出。")


def _documents(found: list[Curve]) -> list[str]:
    return [document for curve in found for document in curve.documents]


def _curve_json(curve: Curve) -> dict[str, object]:
    return {
        "status": curve.status,
        "levels": list(curve.levels),
        "points": [[yuan_text(cost), yuan_text(paid)] for cost, paid in curve.points],
        "missing": curve.missing,
        "documents": list(curve.documents),
    }
