"""`gongji restore`: give a backup back."""

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from gongji.cli import options
from gongji.refusals import Refusal


@click.command()
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--until", default="", help="恢复到哪一时刻，如 2025-03-01T12:00:00（北京时间）；不给则到最新。"
)
@click.option(
    "--to",
    "place",
    type=click.Path(file_okay=False, path_type=Path),
    help="恢复成哪个数据目录；不给则为内置数据库的，原来的移到一旁。",
)
@options.backup_key_option
@options.json_option
def command(source: Path, until: str, place: Path | None, key: Path | None, as_json: bool) -> None:
    """从备份目录恢复数据库，可到任何一个时刻；或把 --dump 导出的文件装入空数据库。

    恢复前先停止 gongji serve。原来的数据目录改名保留，不会删除；恢复失败则原样放回。DATABASE_URL
    指向别的服务器时，用 --to 恢复出数据目录，由同一大版本的 PostgreSQL 启动。

    \b
    例：
      gongji restore /backup/gongji
      gongji restore /backup/gongji --until 2025-03-01T12:00:00
      gongji restore /backup/gongji/20250301T040000Z.dump
      gongji restore /backup/gongji --key backup.key
    """
    from gongji.backup import restore
    from gongji.backup.recipients import load_opener
    from gongji.platform.environment import environment

    opener = load_opener(key) if key else None
    if source.is_file():
        from gongji.platform.database import owner_dsn

        restore.load(source, owner_dsn(), opener)
        _say(as_json, {"loaded": str(source)}, f"已装入 {source}")
        return
    if place is None:
        if environment().database_url:
            raise Refusal("field_missing", "--to（不能替 DATABASE_URL 的服务器换数据目录）")
        place = environment().data / "postgresql"
    aside = restore.restore(source, place, datetime.now(UTC), _instant(until), opener)
    body: dict[str, object] = {"data": str(place), "aside": str(aside) if aside else None}
    sentence = f"已恢复到 {place}" + (f"；原来的数据目录移到 {aside}" if aside else "")
    _say(as_json, body, sentence)


def _instant(text: str) -> datetime | None:
    """An instant; without a zone it is of China."""
    from gongji.units import CHINA

    if not text:
        return None
    try:
        made = datetime.fromisoformat(text)
    except ValueError:
        allowed = "ISO 8601 的时刻，如 2025-03-01T12:00:00"
        raise Refusal("value_invalid", "--until", {"value": text, "allowed": allowed}) from None
    return made if made.tzinfo else made.replace(tzinfo=CHINA)


def _say(as_json: bool, body: dict[str, object], sentence: str) -> None:
    click.echo(json.dumps(body, ensure_ascii=False) if as_json else sentence)
