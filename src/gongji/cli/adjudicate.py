"""`gongji adjudicate`: a file of visits settled into another."""

import dataclasses
import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gongji.cli.options import (
    json_option,
    pairs,
    rulebooks_option,
    settings_option,
    writable,
)
from gongji.cli.progress import ProgressBar, say_if_first_run
from gongji.cli.table_files import (
    TableInput,
    TableOutput,
    report_beside,
    shown,
    to_standard_output,
)
from gongji.cli.table_places import TablePlaces, header_rows_option, sheets_option
from gongji.cli.value_kinds import AREA
from gongji.units import CHINA, day_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from gongji.batch.addresses import Address
    from gongji.batch.adjudicate import Options, Summary

_file = TableInput()


EXIT_NOTHING = 1
"""The exit code where no visit was settled."""
NOTES = {
    "after_rejected": "次就诊的本人另有就诊未能读取，金额可能随之不同",
    "repeated": "行与同一人同一天的另一行完全相同，各付了一次",
    "future": "次就诊的日期晚于今天",
}
"""What is said of rows with a note; each row has it in the column note."""


@click.command()
@click.argument("visits", type=TableInput(folders=True, joined=True, far=True))
@click.option(
    "-o",
    "output",
    required=True,
    type=TableOutput(folders=True, far=True),
    help="结果文件：.csv、.csv.gz、.parquet 或 .xlsx，写完才出现；- 为标准输出；"
    "输入为分桶目录时是结果目录。",
)
@click.option(
    "--area",
    default="",
    help="没有 area 列（或为空）时的统筹区代码。",
    type=AREA,
)
@click.option("--opening", type=_file, help="各人此前已累计的数额，列见 docs/use/visits-file.md。")
@click.option("--lines", type=_file, help="费用明细；先按目录逐行定价，得出政策范围内费用。")
@click.option("--catalogue", type=_file, help="药品和项目目录，与 --lines 同用。")
@click.option(
    "--unknown-items",
    type=click.Choice(["refuse", "own"]),
    default="refuse",
    show_default=True,
    help="目录中没有的项目：不结算该次就诊（refuse），或作目录外由个人负担（own）。",
)
@click.option("--ignore", multiple=True, metavar="列名", help="不属于规则的列，读时略过。")
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=writable,
    help="无法读取的行写到这里；缺省为 <结果>.rejected.csv。",
)
@click.option(
    "--compression",
    type=click.Choice(["none", "snappy", "lz4", "zstd"]),
    default="none",
    help="Parquet 结果的压缩方式；none 最快，snappy 的文件约小一半。",
    show_default=True,
)
@click.option(
    "--engine",
    type=click.Choice(["threads", "spark"]),
    default="threads",
    show_default=True,
    help="分桶目录由谁结算：本进程的线程，或 Apache Spark（须安装 gongji[spark]）。",
)
@click.option(
    "--master",
    default="local[2]",
    show_default=True,
    help="Spark 的主节点，如 local[2]、yarn、k8s://…；与 --engine spark 同用。",
)
@click.option("--strict", is_flag=True, help="遇到无法读取的行就停下，什么也不写。")
@sheets_option
@header_rows_option
@settings_option
@rulebooks_option
@json_option
def command(
    visits: "Path | Address",
    output: "Path | Address",
    area: str,
    opening: Path | None,
    lines: Path | None,
    catalogue: Path | None,
    unknown_items: str,
    ignore: tuple[str, ...],
    report: Path | None,
    compression: str,
    engine: str,
    master: str,
    strict: bool,
    sheets: tuple[str, ...],
    header_rows: tuple[str, ...],
    settings: tuple[str, ...],
    folders: tuple[Path, ...],
    as_json: bool,
) -> int:
    """批量结算一个就诊文件（CSV、Parquet、Excel；任意顺序和大小），或 gongji buckets 写出的目录。

    VISITS 也可以是 -（标准输入）、.csv.gz，或只有 Parquet 文件的目录（按文件名相接）。

    列见 docs/use/visits-file.md。结果按人、日期、次序排列；读不懂的行不影响其他行，写入报告。
    一次就诊也没有结算时，退出码为 1。

    \b
    例：
      gongji adjudicate visits.csv -o result.xlsx
      gongji adjudicate visits.parquet -o result.parquet --area 430500
      gongji adjudicate visits.csv -o result.csv --set average_wage.2022=96957
      gongji adjudicate visits.csv -o result.csv --lines lines.csv --catalogue catalogue.csv
      gongji adjudicate buckets/ -o results/ --area 430500
      gongji adjudicate buckets/ -o results/ --engine spark --master local[2]
      gongji adjudicate hdfs://name/buckets -o hdfs://name/results --engine spark --master yarn
      zcat visits.csv.gz | gongji adjudicate - -o - --area 430500 > result.csv
    """
    if (lines is None) != (catalogue is None):
        raise click.UsageError("--lines 与 --catalogue 须同时给出。")
    _fitting(visits, output, lines, report, engine)
    if to_standard_output() and as_json:
        raise click.UsageError("-o - 与 --json 不能同用：二者都写标准输出。")
    if isinstance(visits, Path) and isinstance(output, Path) and not visits.is_dir():
        report = report or report_beside(output)
    named = {"lines": lines, "catalogue": catalogue, "opening": opening}
    places = TablePlaces(sheets, header_rows, named)
    from gongji.batch.adjudicate import Options

    opened = places.file("opening")
    options = Options(
        area, pairs("--set", settings), folders, opened, ignore, strict, report, compression
    )
    options = dataclasses.replace(
        options, place=places.of(), latest_day=day_of(datetime.now(CHINA).date())
    )
    with places.naming(Path(str(visits))):
        summary = _settled((visits, output), options, places, unknown_items, (engine, master))
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(summary), ensure_ascii=False, indent=1))
    else:
        _say(summary, output)
    return EXIT_NOTHING if summary.visits <= summary.refusals.get("parameter_missing", 0) else 0


def _settled(
    given: "tuple[Path | Address, Path | Address]",
    options: "Options",
    places: TablePlaces,
    unknown_items: str,
    asked: tuple[str, str],
) -> "Summary":
    """The file settled, its lines priced first where there are any; a bar shows how far."""
    from gongji.batch.adjudicate import adjudicate_file
    from gongji.cli.steps_shown import StepsShown
    from gongji.tabular.header_rows import TablePlace

    visits, output = given
    first = say_if_first_run()
    with ProgressBar("行") as bar:
        options = dataclasses.replace(options, steps=StepsShown(bar, first))
        if not isinstance(visits, Path) or not isinstance(output, Path) or visits.is_dir():
            return _settle_buckets((visits, output), options, bar.of, asked)
        if "lines" not in places.named:
            return adjudicate_file(visits, output, options, bar.of)
        from gongji.cli.priced_visits import priced_file

        lines, catalogue = places.file("lines"), places.file("catalogue")
        assert lines and catalogue
        with priced_file(visits, lines, catalogue, output, options, unknown_items) as priced:
            numbered = dataclasses.replace(
                options, numbered=True, named=priced.areas, place=TablePlace()
            )
            return adjudicate_file(priced.path, output, numbered, bar.of)


def _fitting(
    visits: "Path | Address",
    output: "Path | Address",
    lines: Path | None,
    report: Path | None,
    engine: str,
) -> None:
    """A folder is settled into a folder, a file into a file."""
    folder = not isinstance(visits, Path) or visits.is_dir()
    if folder and (lines is not None or report is not None):
        raise click.UsageError("分桶目录不能与 --lines、--report 同用。")
    if folder and isinstance(output, Path) and output.is_file():
        raise click.UsageError(f"输入是目录，-o 也应是目录：{output}")
    if not folder and (not isinstance(output, Path) or output.is_dir()):
        raise click.UsageError(f"输入是文件，-o 也应是文件：{output}")
    if engine == "spark" and not folder:
        raise click.UsageError("--engine spark 只用于 gongji buckets 写出的分桶目录。")


def _settle_buckets(
    places: "tuple[Path | Address, Path | Address]",
    options: "Options",
    progress: "Callable[[int, int], None]",
    asked: tuple[str, str],
) -> "Summary":
    """A folder of buckets settled into another by the engine and the master asked for."""
    from gongji.batch.addresses import Address
    from gongji.batch.bucket_results import adjudicate_buckets, in_threads
    from gongji.batch.spark_engine import on_spark

    folder, output = (
        Address.of(str(place)) if isinstance(place, Path) else place for place in places
    )
    engine = on_spark(asked[1]) if asked[0] == "spark" else in_threads
    return adjudicate_buckets(folder, output, options, progress, engine)


def _say(summary: "Summary", output: "Path | Address") -> None:
    """What became of the file, and why rows have no amount."""
    said = f"{summary.visits} 次就诊写入 {shown(output)}，统筹基金共支付 {summary.pool_pays} 元"
    click.echo(said, err=to_standard_output())
    for code, count in sorted(summary.refusals.items()):
        click.echo(f"  {code}：{count} 次", err=True)
    if "parameter_missing" in summary.refusals:
        click.echo("  缺少参数的就诊没有金额，这些人此后的就诊未计入它们", err=True)
    if summary.unread:
        click.echo(f"没有规则读取的列：{'、'.join(summary.unread)}；它们不影响结果", err=True)
    for code, count in sorted(summary.notes.items()):
        click.echo(f"  {count} {NOTES[code]}，见结果的 note 列", err=True)
    if summary.rejected:
        click.echo(f"{summary.rejected} 行无法读取，原因见 {summary.report}", err=True)
