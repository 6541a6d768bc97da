"""`gongji mirror`: the national platform's nightly tables become our own, with checks."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gongji.cli import options
from gongji.cli.progress import ProgressBar
from gongji.refusals import Refusal
from gongji.units import day_in_china

if TYPE_CHECKING:
    from gongji.mirror.source_databases import SourceDatabase

PASSWORD = "GONGJI_MIRROR_PASSWORD"
"""The variable that has the password of a database."""
EXIT_REJECTED, EXIT_BAD_FILE = 1, 2
"""Exit codes: some rows could not be used; a table cannot be read at all."""


@click.command()
@click.argument("tables", nargs=-1)
@click.option(
    "-o",
    "output",
    type=click.Path(file_okay=False, path_type=Path),
    callback=options.writable,
    help="写入这个目录；再次运行只读新送来的文件。",
)
@click.option(
    "--mapping",
    "mappings",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="本地的对照文件（YAML），只写与国家表不同的列名和代码。",
)
@click.option(
    "--key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="人员假名的密钥；不给则在目录里生成 pseudonym.key。",
)
@click.option(
    "--password-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="来源是数据库时，密码所在的文件；不给则取环境变量 GONGJI_MIRROR_PASSWORD。",
)
@click.option("--keep-numbers", is_flag=True, help="保留人员编号，不换成假名。")
@click.option("--buckets", type=int, default=0, help="按人分成几个文件；不给则按表的大小定。")
@click.option(
    "--made-up",
    type=click.Path(file_okay=False, path_type=Path),
    callback=options.writable,
    help="不读表，而在这个目录写出一个虚构地市的库表，带常见的毛病。",
)
@click.option("--persons", type=click.IntRange(min=10), default=2000, help="虚构地市的人数。")
@click.option("--seed", type=int, default=1, help="虚构地市的随机种子。")
@options.json_option
def command(
    tables: tuple[str, ...],
    output: Path | None,
    mappings: tuple[Path, ...],
    key: Path | None,
    password_file: Path | None,
    keep_numbers: bool,
    buckets: int,
    made_up: Path | None,
    persons: int,
    seed: int,
    as_json: bool,
) -> int:
    """把国家医保信息平台的库表（CSV、Parquet、Excel 或其目录，或数据库）读成就诊、明细、参保各表。

    列按名称认，不分大小写和次序；退费冲抵、重复送达取最新；人员编号换成假名；每一行都有去向，不能用的
    写入 rejected.csv，核对结果写入 checks.json。说明见 docs/use/mirror.md。

    全部可用时退出码为 0；有行不能用为 1；有表不能读为 2。

    \b
    例：
      gongji mirror 夜间库表/ -o 本地/
      gongji mirror SETL_D.csv FEE_LIST_D.csv -o 本地/ --mapping 本市.yaml
      gongji mirror 'postgresql://reader@10.0.0.8/mirror?schema=setlcent_db' -o 本地/
      gongji mirror --made-up 虚构/ --persons 5000
    """
    if made_up is not None:
        return _make_up(made_up, persons, seed, as_json)
    if not tables or output is None:
        raise click.UsageError("请给出库表的文件或目录，以及 -o 目录。")
    from gongji.mirror.nightly import MirrorWishes, mirror_tables
    from gongji.mirror.summary import summary_lines

    today = day_in_china(datetime.now(UTC))
    wishes = MirrorWishes(output, mappings, key, keep_numbers, buckets, today)
    try:
        with ProgressBar("行", shown=not as_json) as bar:

            def told(what: str, rows: int) -> None:
                bar.say(what)
                bar.update(rows)

            checks = mirror_tables(_sources(tables, password_file), wishes, told)
    except Refusal as error:
        click.echo(f"{error}", err=True)
        if as_json:
            click.echo(json.dumps(error.as_json(), ensure_ascii=False))
        return EXIT_BAD_FILE
    if as_json:
        click.echo((output / "checks.json").read_text(encoding="utf-8"))
    else:
        click.echo("\n".join(summary_lines(checks)))
        click.echo(f"写入 {output}")
    return EXIT_REJECTED if any(table.rows.get("rejected") for table in checks.tables) else 0


def _sources(tables: tuple[str, ...], password_file: Path | None) -> "list[Path | SourceDatabase]":
    """Files, folders and databases as they were named.

    Refuses: value_invalid for an address with a password in it; a usage error for a missing file.
    """
    from gongji.mirror.source_databases import is_address, parse_address, source_database

    password = os.environ.get(PASSWORD, "")
    if password_file:
        password = password_file.read_text(encoding="utf-8").strip()
    for name in tables:
        if not is_address(name) and not Path(name).exists():
            raise click.BadParameter(f"没有这个文件或目录：{name}")
    return [
        source_database(parse_address(name, password)) if is_address(name) else Path(name)
        for name in tables
    ]


def _make_up(folder: Path, persons: int, seed: int, as_json: bool) -> int:
    """Write a made-up prefecture: its own tables, and the national tables made of them."""
    from gongji.mirror.by_law import pay_by_law
    from gongji.mirror.made_up import Dirt, encode_prefecture
    from gongji.supervision.prefecture import Wishes, make_prefecture

    make_prefecture(folder / "truth", Wishes(persons=persons, seed=seed, area="532300"))
    wrong = pay_by_law(folder / "truth")
    dirt = encode_prefecture(folder / "truth", folder, Dirt({"paid_wrongly": wrong}))
    if as_json:
        click.echo(json.dumps(dirt.counts, ensure_ascii=False))
    else:
        click.echo(f"虚构的库表写入 {folder / 'tables'}；其中的毛病记在 {folder / 'dirt.json'}")
    return 0
