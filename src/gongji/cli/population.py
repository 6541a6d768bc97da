"""`gongji population`: a made-up population that meets published margins."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gongji.cli.options import folder_option, json_option, rulebooks_option
from gongji.cli.progress import ProgressBar
from gongji.cli.value_kinds import AREA
from gongji.law.report.text_tables import print_table

if TYPE_CHECKING:
    from gongji.simulation.populations import Target


@click.command()
@click.option("--area", required=True, help="统筹区代码。", type=AREA)
@click.option(
    "--persons", type=click.IntRange(100), required=True, help="虚构多少人；每人代表若干参保人。"
)
@click.option(
    "--margins",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="本地的边际（YAML），代替缺省的全国数字；见 docs/use/simulation.md。",
)
@click.option(
    "--year",
    type=click.IntRange(2000, 2100),
    default=2025,
    show_default=True,
    help="就诊在哪一年。",
)
@click.option(
    "--buckets",
    type=click.IntRange(1, 512),
    default=None,
    show_default="每 62500 人一个，至少 16 个",
    help="分成多少个文件。",
)
@click.option(
    "--seed", type=int, default=1, show_default=True, help="随机数种子；同一种子得同一人群。"
)
@folder_option("写到哪个目录。")
@rulebooks_option
@json_option
def command(
    area: str,
    persons: int,
    file: Path | None,
    year: int,
    buckets: int | None,
    seed: int,
    output: Path,
    folders: tuple[Path, ...],
    as_json: bool,
) -> None:
    """虚构一个参保人群：人、就诊和费用，按公布的边际校准；逐项列出目标与实得。

    任何一项与目标相差超过 2%，就标为“未校准”，此后每份报告都会写明。

    \b
    例：
      gongji population --area 430500 --persons 100000 -o people/
      gongji population --area 532300 --persons 200000 --margins 楚雄.yaml -o people/
    """
    from gongji.law.checks.library import Library
    from gongji.law.engine.areas import Areas
    from gongji.simulation.margins import read_margins
    from gongji.simulation.populations import PopulationWish, make_population

    Areas(Library(folders)).area(area)
    wanted = PopulationWish(area, persons, year, read_margins(file), seed, buckets or 0)
    with ProgressBar("次", wanted.visits, name="虚构") as bar:
        made = make_population(wanted, output, bar)
    if as_json:
        import msgspec

        body = msgspec.to_builtins(made) | {"calibrated": made.calibrated}
        click.echo(json.dumps(body, ensure_ascii=False, indent=1))
        return
    heads = ("项目", "目标", "实得", "相差", "把握", "来源")
    print_table(heads, [_cells(target) for target in made.targets])
    click.echo(f"{persons} 人写入 {output}，每人代表 {made.weight:.2f} 人；{said(made.calibrated)}")


def said(calibrated: bool) -> str:
    """Whether a population met its targets, in a word."""
    return "已校准" if calibrated else "未校准：有目标相差超过 2%"


def _cells(target: "Target") -> tuple[str, ...]:
    mark = "" if target.met else "　未校准"
    figures = (f"{target.wanted:.4g}", f"{target.found:.4g}", f"{target.missed:.2%}{mark}")
    return (target.name, *figures, target.sureness, target.source)
