"""`gongji backup`: bring the backups of a folder up to date, or try whether they come back."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gongji.cli import options
from gongji.refusals import Refusal

if TYPE_CHECKING:
    from gongji.backup.recipients import Recipient


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--full", is_flag=True, help="另做一份新的基础备份；更早的仍可恢复到它们的时刻。")
@click.option("--follow", is_flag=True, help="接着不停地接收日志，直到按 Ctrl-C；断电至多丢几秒。")
@click.option("--dump", is_flag=True, help="只导出数据库（pg_dump），用于没有复制权限的数据库。")
@click.option(
    "--recipient",
    "public",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="加密给这个公钥（X25519，PEM）；恢复时要成对的私钥。",
)
@click.option("--verify", is_flag=True, help="不备份：把最新的备份恢复到临时目录，在那里核对账簿。")
@options.backup_key_option
@options.json_option
def command(folder: Path, public: Path | None, key: Path | None, **asked: bool) -> int:
    """把数据库备份到一个目录：首次做基础备份，以后只取新的日志，可恢复到其间任何时刻。

    内置数据库和 DATABASE_URL 指向的数据库（15 以上，角色有 replication 权限）都可以。系统的密钥不在
    备份里，须另外保管。见 docs/operate/backup.md。

    \b
    例：
      gongji backup /backup/gongji
      gongji backup /backup/gongji --follow
      gongji backup /backup/gongji --dump
      gongji backup /backup/gongji --recipient backup.pub
      gongji backup /backup/gongji --verify --key backup.key
    """
    from gongji.backup.recipients import load_recipient

    if asked["verify"]:
        return _try(folder, key, asked["as_json"])
    recipient = load_recipient(public) if public else None
    if recipient and asked["follow"]:
        values = {"value": "--recipient", "allowed": "不加密；加密的备份请每几分钟运行一次"}
        raise Refusal("value_invalid", "--follow", values)
    if asked["dump"]:
        _dump(folder, recipient, asked["as_json"])
    else:
        _take(folder, recipient, asked)
    return 0


def _take(folder: Path, recipient: "Recipient | None", asked: dict[str, bool]) -> None:
    """Fetch what is new, and go on where that is asked for."""
    from gongji.backup import backup
    from gongji.platform.database import owner_dsn

    dsn = owner_dsn()
    chain, made = backup.take(folder, dsn, datetime.now(UTC), asked["full"], recipient)
    what = "基础备份和日志" if made else "新的日志"
    body = {"chain": str(chain.folder), "base": made, "from": chain.begun_at, "to": chain.reaches}
    _say(asked["as_json"], body, f"{what}写入 {chain.folder}\n可恢复到 {chain.span}")
    if asked["follow"]:
        process = backup.follow(chain, dsn)
        try:
            process.wait()
        except KeyboardInterrupt:
            process.terminate()
            process.wait()
        backup.take(folder, dsn, datetime.now(UTC))


def _dump(folder: Path, recipient: "Recipient | None", as_json: bool) -> None:
    """Write a dump."""
    from gongji.backup import backup
    from gongji.backup.recipients import SEALED
    from gongji.platform.database import owner_dsn

    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.dump{SEALED if recipient else ''}"
    backup.dump(file, owner_dsn(), recipient)
    _say(as_json, {"dump": str(file)}, f"数据库导出到 {file}")


def _try(folder: Path, key: Path | None, as_json: bool) -> int:
    """Restore into a scratch place and verify; 1 where something differs."""
    from dataclasses import asdict

    from gongji.backup.drill import drill
    from gongji.backup.recipients import load_opener
    from gongji.cli.ledger import say_differences

    found = drill(folder, datetime.now(UTC), load_opener(key) if key else None)
    body = {
        "chain": str(found.chain.folder),
        "to": found.chain.reaches,
        "seconds": round(found.seconds, 1),
        "entries": found.entries,
        "settlements": found.settlements,
        "seals": found.seals,
        "differences": [asdict(each) for each in found.differences],
    }
    whole = f"{found.entries} 笔分录（结算 {found.settlements} 笔）、封存 {found.seals} 环"
    place = f"{found.chain.folder} 已在临时目录恢复到 {found.chain.span.split(' 至 ')[1]}"
    _say(as_json, body, f"{place}，用时 {found.seconds:.1f} 秒")
    if not as_json:
        say_differences(list(found.differences), whole)
    return 1 if found.differences else 0


def _say(as_json: bool, body: dict[str, object], sentence: str) -> None:
    click.echo(json.dumps(body, ensure_ascii=False) if as_json else sentence)
