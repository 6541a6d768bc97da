"""Options that several commands share."""

import json
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gongji.refusals import Refusal

if TYPE_CHECKING:
    from gongji.law.rulebook.law import Law
    from gongji.tabular.header_rows import TablePlace

Decorated = Callable[..., Any]

rulebooks_option = click.option(
    "--rulebooks",
    "folders",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    multiple=True,
    help="另外的规则目录；其中有的统筹区以它为准。",
)
settings_option = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="参数=值",
    help="给出规则留空的参数，如 inpatient_rate.3.retired=89%、average_wage=96957；"
    "只给一个统筹区的写成 430500:disease_ceiling=4000。",
)
sheet_option = click.option(
    "--sheet", default="", help="Excel 中用哪一张工作表；不给则用唯一有内容的那张。"
)
header_row_option = click.option(
    "--header-row",
    type=click.IntRange(min=1),
    default=None,
    help="列名在第几行（Excel 的行号）；不给则是第一个有内容的行。",
)
json_option = click.option("--json", "as_json", is_flag=True, help="以 JSON 输出。")


def tell(as_json: bool, body: object, *sentences: str) -> None:
    """What came of a command: an object for machines, or sentences for people."""
    if as_json:
        click.echo(json.dumps(body, ensure_ascii=False, indent=1, default=str))
        return
    for sentence in sentences:
        click.echo(sentence)


def own_note_of(laws: "Iterable[Law]") -> str:
    """That documents of these laws did not come with the program; nothing if all did."""
    # Commands that ask for no law start without it.
    from gongji.law.compile.citations import books_note

    return books_note(book for law in laws for book in law.books)


def say_own(laws: "Iterable[Law]") -> None:
    """The line that marks what laws with files of a user's own give; none for the shipped ones."""
    if note := own_note_of(laws):
        click.echo(f"【自备】{note}")


def place_of(sheet: str, header_row: int | None) -> "TablePlace":
    """Where the table stands in a file, as the two options say."""
    from gongji.tabular.header_rows import TablePlace

    return TablePlace(sheet, header_row or 0)


def writable(context: click.Context, parameter: click.Parameter, path: Any) -> Any:
    """The place of a result, once it is sure before any work that it can be written.

    Refuses: a usage error naming the option. An address is tried when it is written to.
    """
    if not isinstance(path, Path):
        return path
    if not path.parent.is_dir():
        raise click.BadParameter(f"目录不存在：{path.parent}")
    if not os.access(path.parent, os.W_OK):
        raise click.BadParameter(f"目录不可写：{path.parent}")
    return path


def folder_option(told: str) -> Decorated:
    """The option of a folder that results are written to; `told` is its help."""
    kind = click.Path(file_okay=False, path_type=Path)
    return click.option("-o", "output", required=True, type=kind, callback=writable, help=told)


def apart(*paths: Path | None) -> None:
    """What is read and what is written are different files; the first that is written comes second.

    Refuses: value_invalid.
    """
    resolved = [path.resolve() for path in paths if path is not None]
    if len(set(resolved)) < len(resolved):
        values = {"value": str(paths[1]), "allowed": "与输入文件、报告文件不同的文件名"}
        raise Refusal("value_invalid", "-o", values)


def pairs(option: str, texts: tuple[str, ...]) -> dict[str, str]:
    """NAME=VALUE texts as a mapping; the sign may be a wide one.

    Refuses: a usage error naming the option, also for a name that stands twice with two values.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, *rest = (part.strip() for part in re.split("[=＝]", text, maxsplit=1))
        if not name or not any(rest):
            raise click.BadParameter(f"应写成 名称=值：{text}", param_hint=option)
        if found.setdefault(name, rest[0]) != rest[0]:
            both = f"{name} 写了两次：{found[name]}、{rest[0]}；请只留一个"
            raise click.BadParameter(both, param_hint=option)
    return found


backup_key_option = click.option(
    "--key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="加密备份的私钥文件（PEM）。",
)
