"""`gongji law`: the versions of the laws by which the installation settles."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gongji.cli import options
from gongji.cli.value_kinds import AREA
from gongji.refusals import Refusal

if TYPE_CHECKING:
    from gongji.platform.laws import LawText, LawVersion

HASH = 12
"""How many signs of a hash are shown."""


@click.group(name="law")
@options.json_option
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """结算所依据的规则版本：发布、列出、查看、对照；版本存在数据库里，只增不改。

    \b
    例：
      gongji law publish --rulebooks 我的规则 --area 530100
      gongji law publish --rulebooks 我的规则 --from 2026-01-01T00:00+08:00
      gongji law list --area 430500
      gongji law diff 430500 1 2
    """
    context.obj = as_json


@command.command("publish")
@options.rulebooks_option
@click.option(
    "--area", "codes", multiple=True, help="只发布这个统筹区的规则；可多次给出。", type=AREA
)
@click.option(
    "--set",
    "given",
    multiple=True,
    metavar="统筹区:参数=值",
    help="规则留空的参数；给出时代替 GONGJI_PARAMETERS。",
)
@click.option("--from", "since", default="", help="从哪个时刻起生效（ISO 8601）；不给则立即。")
@options.json_option
@click.pass_obj
def publish(
    outer: bool,
    folders: tuple[Path, ...],
    codes: tuple[str, ...],
    given: tuple[str, ...],
    since: str,
    as_json: bool,
) -> None:
    """检查规则文件（同 gongji check）并发布为新的版本；与最新版本相同的不发布。

    不给 --rulebooks 则用 GONGJI_RULEBOOKS 的目录和随程序发布的规则。正在运行的服务不必重启：
    到了生效时刻，各接口的下一笔结算即按新版本，先前的结算仍依各自的版本重放。规则有错则全部
    列出，不发布。

    \b
    例：
      gongji law publish
      gongji law publish --rulebooks 我的规则 --area 530100
      gongji law publish --set 430500:disease_ceiling=4000 --area 430500
    """
    from gongji.platform.installation import operator, owner_connection
    from gongji.platform.laws import Publication, publish_law

    laws = _chosen(folders, codes, given)
    content = Publication(laws, _instant(since) if since else None)
    with owner_connection() as connection:
        made = publish_law(connection, content, actor=operator(), now=datetime.now(UTC))
    if as_json or outer:
        click.echo(json.dumps([_json(one) for one in made], ensure_ascii=False, indent=1))
        return
    for one in made:
        click.echo(f"{one.area} 第 {one.number} 版（{one.hash[:HASH]}）自 {_when(one)} 起生效")
    if not made:
        click.echo("与最新版本相同，没有发布")


def _chosen(
    folders: tuple[Path, ...], codes: tuple[str, ...], given: tuple[str, ...]
) -> "tuple[LawText, ...]":
    """The laws to publish.

    Refuses: area_unknown for a code that has no rulebooks of its own.
    """
    from gongji.law.checks.library import Library
    from gongji.law.engine.areas import Areas
    from gongji.platform.environment import environment, parameters_of
    from gongji.platform.laws import read_laws

    parameters = parameters_of(" ".join(given)) if given else environment().parameters
    laws = read_laws(Areas(Library(folders or environment().rulebooks), parameters))
    known = [law.area for law in laws]
    for code in codes:
        if code not in known:
            raise Refusal("area_unknown", "--area", {"value": code, "allowed": "、".join(known)})
    return tuple(law for law in laws if law.area in codes or not codes)


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = datetime.min
    if found.tzinfo is None:
        allowed = "带时区的时刻，如 2026-01-01T00:00+08:00"
        raise Refusal("value_invalid", "--from", {"value": text, "allowed": allowed})
    return found


def _when(version: "LawVersion") -> str:
    from gongji.units import CHINA

    return version.since.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")


def _json(version: "LawVersion") -> dict[str, object]:
    return {
        "id": version.id,
        "area": version.area,
        "number": version.number,
        "hash": version.hash,
        "from": version.since.isoformat(),
    }


@command.command("list")
@click.option("--area", default="", help="只看一个统筹区。", type=AREA)
@options.json_option
@click.pass_obj
def show_list(outer: bool, area: str, as_json: bool) -> int:
    """列出各版本，何时生效、现行的是哪一版；内容与哈希不符的标出，退出码为 1。

    \b
    例：
      gongji law list
      gongji law list --area 430500 --json
    """
    from gongji.law.report.text_tables import print_table
    from gongji.platform.installation import owner_connection
    from gongji.platform.laws import current, history, unfit

    with owner_connection() as connection:
        versions = history(connection, area)
        in_force = current(connection)
        changed = {one.id for one in unfit(connection)}
    standing = {one.id for one in in_force.values()}
    if area and not versions:
        allowed = "、".join(in_force)
        raise Refusal("area_unknown", "--area", {"value": area, "allowed": allowed})
    if as_json or outer:
        rows = [
            _json(one) | {"in_force": one.id in standing, "hash_fits": one.id not in changed}
            for one in versions
        ]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        marks = {one.id: "现行" if one.id in standing else "" for one in versions}
        marks |= dict.fromkeys(changed, "内容与哈希不符")
        print_table(
            ("统筹区", "版", "哈希", "生效时刻", "状态"),
            [
                (one.area, str(one.number), one.hash[:HASH], _when(one), marks[one.id])
                for one in versions
            ],
        )
    return 1 if changed & {one.id for one in versions} else 0


@command.command("show")
@click.argument("area", type=AREA)
@click.argument("number", type=int, default=0)
@click.option("--to", "folder", type=click.Path(path_type=Path), help="把各文件写到这个目录。")
@options.json_option
@click.pass_obj
def show(outer: bool, area: str, number: int, folder: Path | None, as_json: bool) -> None:
    """一个版本的文件、参数和哈希；不给版次则为现行的。可把文件原样写出。

    \b
    例：
      gongji law show 430500
      gongji law show 430500 1 --to 旧规则
    """
    version, law = _version(area, number)
    if as_json or outer:
        body = _json(version) | {
            "documents": dict(law.documents),
            "parameters": dict(law.parameters),
        }
        click.echo(json.dumps(body, ensure_ascii=False, indent=1))
        return
    click.echo(f"{area} 第 {version.number} 版，自 {_when(version)} 起生效")
    click.echo(f"哈希 {version.hash}")
    for path, content in sorted(law.content.items()):
        click.echo(f"  {path}（{len(content)} 字节）")
    for name, figure in sorted(law.parameters.items()):
        click.echo(f"  {name} = {figure}")
    for path, content in law.content.items() if folder else ():
        assert folder is not None
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    if folder:
        click.echo(f"{len(law.documents)} 个文件写入 {folder}")


@command.command("diff")
@click.argument("area", type=AREA)
@click.argument("before", type=int)
@click.argument("after", type=int, default=0)
@options.json_option
@click.pass_obj
def diff(outer: bool, area: str, before: int, after: int, as_json: bool) -> None:
    """一个统筹区的两个版本逐行对照；不给后一版则与现行的对照。规则的逐项对照见 gongji diff。

    \b
    例：
      gongji law diff 430500 1
      gongji law diff 430500 1 2
    """
    (_, old), (_, new) = _version(area, before), _version(area, after)
    lines = list(_differences(old, new))
    body = {"area": area, "same": not lines, "lines": lines}
    options.tell(as_json or outer, body, *(lines or ["两个版本相同"]))


def _differences(old: "LawText", new: "LawText") -> Iterator[str]:
    """The lines in which documents and figures differ."""
    for path in sorted({*old.documents, *new.documents}):
        texts = (old.documents.get(path, ""), new.documents.get(path, ""))
        before, after = (text.splitlines() for text in texts)
        yield from unified_diff(before, after, path, path, lineterm="")
    for name in sorted({*old.parameters, *new.parameters}):
        was, now = old.parameters.get(name, "（空）"), new.parameters.get(name, "（空）")
        if was != now:
            yield f"参数 {name}：{was} → {now}"


def _version(area: str, number: int) -> "tuple[LawVersion, LawText]":
    """A version by its number, 0 for the one in force, with what it says.

    Refuses: value_invalid, naming the numbers that there are.
    """
    from gongji.platform.installation import owner_connection
    from gongji.platform.laws import current, history, load

    with owner_connection() as connection:
        known = {one.number: one for one in history(connection, area)}
        found = known.get(number) if number else current(connection).get(area)
        if found is None:
            allowed = "、".join(f"{area} 第 {one} 版" for one in known) or "已发布的统筹区"
            values = {"value": f"{area} {number or '现行'}", "allowed": allowed}
            raise Refusal("value_invalid", "版本", values)
        return found, load(connection, [found.id])[found.id]
