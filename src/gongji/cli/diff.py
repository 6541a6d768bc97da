"""`gongji diff`: two laws side by side, figure by figure."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import click

from gongji.cli.options import (
    json_option,
    pairs,
    rulebooks_option,
    settings_option,
    writable,
)
from gongji.law.checks.library import Library
from gongji.law.engine.area import Area
from gongji.law.engine.areas import Areas
from gongji.law.engine.visit import read_date
from gongji.law.explain.rules_sheet import rules_sheet
from gongji.law.report.compare import CHANGED, ONLY_LEFT, ONLY_RIGHT, SAME, LawDifference, compare
from gongji.law.report.text_tables import print_table
from gongji.tabular.sheets import ENDINGS, Whole
from gongji.units import Day

STYLES = {CHANGED: "", ONLY_LEFT: "red", ONLY_RIGHT: "green", SAME: "dim"}

ON_TERMINAL = ((0,), (1,), (2, 3), (4, 6), (5, 7))
"""Item and condition in one column, each figure with its articles below."""


@click.command()
@click.argument("left", metavar="甲@日期")
@click.argument("right", metavar="乙@日期")
@click.option("--all", "everything", is_flag=True, help="相同的也列出。")
@click.option(
    "-o",
    "output",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=writable,
    help=f"存为 {'、'.join(ENDINGS)}。",
)
@settings_option
@rulebooks_option
@json_option
def command(
    left: str,
    right: str,
    everything: bool,
    output: Path | None,
    settings: tuple[str, ...],
    folders: tuple[Path, ...],
    as_json: bool,
) -> None:
    """两部规则逐项对照：同一统筹区的两个日期，或两个统筹区；只列不同之处，注明各自的条款。

    待遇按实际结果对照（基本比例加上退休人员提高的百分点等），其余按文件的规定对照。
    ≠ 两边不同，－ 只有左边有，＋ 只有右边有，＝ 相同。

    \b
    例：
      gongji diff 532300@2024-10-31 532300@2024-11-01
      gongji diff 430500@2023-05-31 430500@2023-06-01 --all
      gongji diff 510400@2024-01-01 445300@2024-01-01 --set average_wage=96957 -o 对照.xlsx
    """
    areas = Areas(Library(folders), everywhere=pairs("--set", settings))
    sides = [_side(areas, text) for text in (left, right)]
    areas.check_given(area.code for area, _ in sides)
    found = compare(*sides[0], *sides[1])
    shown = [row for row in found if everything or row.mark != SAME]
    headers = ("异同", "规定", "项目", "条件", left, right, f"{left} 依据", f"{right} 依据")
    if output:
        laws = [area.law(day) for area, day in sides]
        with Whole(output, headers, rules=lambda: rules_sheet(laws)) as file:
            file.write([_cells(row) for row in shown])
    if as_json:
        body = {"left": left, "right": right, "rows": [_row_json(row) for row in shown]}
        click.echo(json.dumps(body, ensure_ascii=False, indent=1))
        return
    if not output:
        _show(headers, shown)
    equal = sum(row.mark == SAME for row in found)
    saved = f"，已存入 {output}" if output else ""
    click.echo(f"不同 {len(found) - equal} 项，相同 {equal} 项{saved}。")


def _side(areas: Areas, text: str) -> tuple[Area, Day]:
    """An area and a day from 532300@2024-11-01."""
    code, at, day = text.partition("@")
    if not at:
        raise click.BadParameter(f"应写成 统筹区@日期，如 532300@2024-11-01：{text}")
    return areas.area(code), read_date("date", day)


def _row_json(row: LawDifference) -> dict[str, Any]:
    return dataclasses.asdict(row) | {"where": dict(row.where), "mark": row.mark}


def _cells(row: LawDifference) -> tuple[str, ...]:
    where = "，".join(f"{fact}：{value}" for fact, value in row.where)
    texts = (row.left, row.right, row.left_articles, row.right_articles)
    return (row.mark, row.subject, row.item, where, *texts)


def _show(headers: tuple[str, ...], rows: list[LawDifference]) -> None:
    cells = []
    before = ""
    for row in rows:
        mark, subject, *rest = _cells(row)
        cells.append((mark, subject if subject != before else "", *rest))
        before = subject
    print_table(headers, cells, ON_TERMINAL, [STYLES[row.mark] for row in rows])
