"""`gongji quote`: one visit, explained."""

import json
from pathlib import Path

import click

from gongji.cli.options import json_option, pairs, rulebooks_option, settings_option
from gongji.cli.value_kinds import AREA, BENEFIT, LEVEL, STATUS
from gongji.law.explain import as_json as explanation_json
from gongji.law.explain import as_markdown, as_text
from gongji.law.explain.as_far import as_far, by_level
from gongji.law.explain.quote import quote
from gongji.law.rulebook.vocabulary import BENEFITS, LEVELS
from gongji.refusals import Refusal
from gongji.tabular.cell_forms import amount_said
from gongji.units import yuan_text

ORDINARY = "ordinary"
LEVEL_NAMES = {code: name for name, code in LEVELS.items()}
AMOUNTS = {"in_scope", "in_scope_fen", "total", "total_fen"}
"""Facts that say what the visit cost."""


@click.command()
@click.option(
    "--area",
    required=True,
    help="统筹区（或其下县区）的六位代码。",
    type=AREA,
)
@click.option("--date", "date", required=True, help="就诊日期 YYYY-MM-DD。")
@click.option(
    "--status",
    required=True,
    help="参保状态：active（在职）、retired（退休）。",
    type=STATUS,
)
@click.option(
    "--level",
    default="",
    help="医疗机构级别：1（一级及以下）、2、3。",
    type=LEVEL,
)
@click.option("--in-scope", "in_scope", default="", help="政策范围内费用（元）。")
@click.option("--total", default="", help="总费用（元）；不给则等于政策范围内费用。")
@click.option(
    "--benefit",
    default=ORDINARY,
    help=f"待遇：{'、'.join(BENEFITS.values())}。",
    type=BENEFIT,
)
@click.option(
    "--used", multiple=True, metavar="计量=金额", help="本年已累计，如 ordinary_paid=5500。"
)
@click.option(
    "--fact",
    "facts",
    multiple=True,
    metavar="事实=值",
    help="其他事实，见 docs/use/facts.zh-CN.md。",
)
@settings_option
@rulebooks_option
@click.option("--markdown", is_flag=True, help="以 Markdown 输出。")
@json_option
def command(
    area: str,
    date: str,
    status: str,
    level: str,
    in_scope: str,
    total: str,
    benefit: str,
    used: tuple[str, ...],
    facts: tuple[str, ...],
    settings: tuple[str, ...],
    folders: tuple[Path, ...],
    markdown: bool,
    as_json: bool,
) -> None:
    """一次就诊：各方支付多少，逐条说明依据。

    \b
    例：
      gongji quote --area 532300 --date 2023-03-01 --status retired --level 3 --in-scope 1000
      gongji quote --area 430500 --date 2023-02-01 --status active --level 3 --in-scope 4000 \\
          --used ordinary_paid=1200 --used year_deductible=300
      gongji quote --area 445300 --date 2024-05-01 --status retired --level 2 --in-scope 500 \\
          --set average_wage=96957
      gongji quote --area 532300 --date 2023-03-01 --status active --level 3 --total 1000 \\
          --benefit negotiated_drug --fact drug=药甲 \\
          --set inpatient_deductible.3=1200 --set inpatient_rate=85% --set inpatient_ceiling=80000
    """
    row = {
        "area": area,
        "date": date,
        "status": status,
        "level": level,
        "in_scope": amount_said(in_scope),
        "total": amount_said(total),
        "benefit": benefit,
    }
    others = pairs("--fact", facts)
    twice = [name for name in others if row.get(name) and row[name] != ORDINARY]
    if twice:
        given = "、".join(twice)
        raise click.BadParameter(f"{given} 已由选项给出，不能再用 --fact", param_hint="--fact")
    if not (in_scope or total or AMOUNTS & others.keys()):
        raise Refusal("field_missing", "--in-scope 或 --total")
    spent = {name: amount_said(text) for name, text in pairs("--used", used).items()}
    asked = (row | others, spent, pairs("--set", settings), folders)
    try:
        explanation = quote(*asked)
    except Refusal as refusal:
        _say_how_far(refusal, as_json, *asked)
        raise
    if as_json:
        click.echo(json.dumps(explanation_json(explanation), ensure_ascii=False, indent=1))
    else:
        click.echo((as_markdown if markdown else as_text)(explanation))


def _say_how_far(
    refusal: Refusal,
    as_json: bool,
    facts: dict[str, str],
    used: dict[str, str],
    settings: dict[str, str],
    folders: tuple[Path, ...],
) -> None:
    """What is settled of a visit that lacks a figure or its level, and what it depends on."""
    if refusal.code == "parameter_missing":
        found = as_far(facts, used, settings, folders)
        if found and as_json:
            refusal.values |= {
                "at_least": yuan_text(found.least_fen),
                "at_most": yuan_text(found.most_fen),
            }
        elif found:
            click.echo(as_text(found.explanation))
    elif refusal.code == "level_missing" and not as_json:
        for level, explanation in by_level(facts, used, settings, folders).items():
            click.echo(f"{LEVEL_NAMES[level]}：{explanation.sentences[-1].text}")
