"""`gongji buckets`: files of visits cut by person into a folder of buckets."""

import json
from pathlib import Path

import click

from gongji.cli.options import folder_option, json_option
from gongji.cli.progress import ProgressBar
from gongji.cli.table_files import TableInput

LARGE_PERSON = 10_000
"""A person with more rows than this is perhaps no person but a number for those unknown."""


@click.command()
@click.argument(
    "visits",
    nargs=-1,
    required=True,
    type=TableInput(folders=True, joined=True),
)
@folder_option("写到哪个目录；清单 manifest.json 最后写出。")
@click.option(
    "--buckets",
    type=click.IntRange(1, 512),
    default=64,
    show_default=True,
    help="分成多少个文件；每个以一百万行左右为宜。",
)
@click.option("--table", default="visits", show_default=True, help="清单中记的表名。")
@json_option
def command(
    visits: tuple[Path, ...], output: Path, buckets: int, table: str, as_json: bool
) -> None:
    """把就诊文件（任意大小和顺序）按人分到若干文件：同一人在同一文件，按人、日期、次序排列。

    内存用量不随文件大小增长；中断后再运行会接着做；完成前没有清单。

    \b
    例：
      gongji buckets visits.parquet -o buckets/ --buckets 64
      gongji buckets 2023.csv 2024.csv -o buckets/
    """
    from gongji.batch.buckets import rows_known, write_buckets

    with ProgressBar("行", rows_known(visits), name="按人分开") as bar:
        made = write_buckets(list(visits), output, buckets, bar, table)
    most = max(bucket.most_rows for bucket in made.buckets)
    if as_json:
        body = {"folder": str(output), "rows": made.rows, "persons": made.persons}
        body |= {"buckets": len(made.buckets), "most_rows": most, "content": made.content}
        click.echo(json.dumps(body, ensure_ascii=False, indent=1))
        return
    click.echo(f"{made.rows} 行、{made.persons} 人写入 {output} 的 {len(made.buckets)} 个文件")
    if most > LARGE_PERSON:
        click.echo(f"请留意：有一人多达 {most} 行，可能是未知人员共用的号码", err=True)
