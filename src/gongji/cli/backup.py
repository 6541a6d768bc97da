"""`gongji backup`: bring the backups of a folder up to date."""

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from gongji.cli import options


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--full", is_flag=True, help="另做一份新的基础备份；更早的仍可恢复到它们的时刻。")
@click.option("--follow", is_flag=True, help="接着不停地接收日志，直到按 Ctrl-C；断电至多丢几秒。")
@click.option("--dump", is_flag=True, help="只导出数据库（pg_dump），用于没有复制权限的数据库。")
@options.json_option
def command(folder: Path, full: bool, follow: bool, dump: bool, as_json: bool) -> None:
    """把数据库备份到一个目录：首次做基础备份，以后只取新的日志，可恢复到其间任何时刻。

    内置数据库和 DATABASE_URL 指向的数据库（15 以上，角色有 replication 权限）都可以。密钥不在备份
    里，须另外保管。见 docs/operate/backup.md。

    \b
    例：
      gongji backup /backup/gongji
      gongji backup /backup/gongji --follow
      gongji backup /backup/gongji --dump
    """
    from gongji.backup import backup
    from gongji.platform.database import owner_dsn

    now = datetime.now(UTC)
    dsn = owner_dsn()
    if dump:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = folder / f"{now:%Y%m%dT%H%M%SZ}.dump"
        backup.dump(file, dsn)
        _say(as_json, {"dump": str(file)}, f"数据库导出到 {file}")
        return
    chain, made = backup.take(folder, dsn, now, full)
    what = "基础备份和日志" if made else "新的日志"
    body = {"chain": str(chain.folder), "base": made, "from": chain.begun_at, "to": chain.reaches}
    _say(as_json, body, f"{what}写入 {chain.folder}\n可恢复到 {chain.span}")
    if follow:
        process = backup.follow(chain, dsn)
        try:
            process.wait()
        except KeyboardInterrupt:
            process.terminate()
            process.wait()
        backup.take(folder, dsn, datetime.now(UTC))


def _say(as_json: bool, body: dict[str, object], sentence: str) -> None:
    click.echo(json.dumps(body, ensure_ascii=False) if as_json else sentence)
