"""`gongji registry`: import and export of persons, institutions, catalogue; files to fill in."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from gongji.cli.options import (
    header_row_option,
    json_option,
    place_of,
    sheet_option,
    tell,
    writable,
)
from gongji.cli.progress import ProgressBar
from gongji.cli.value_kinds import AREA
from gongji.law.rulebook.law import Law
from gongji.refusals import Refusal, RowProblem

output_option = click.option(
    "-o",
    "output",
    required=True,
    callback=writable,
    type=click.Path(dir_okay=False, path_type=Path),
    help="写到哪个文件；写完才出现。",
)


@click.group(name="registry")
@json_option
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """参保人、机构、目录和期初的导入、导出与模板；各列见 docs/operate/import-files.md。

    \b
    例：
      gongji registry template -o 全部.xlsx
      gongji registry import 全部.xlsx --dry-run
      gongji registry export 参保 -o 参保.csv
    """
    context.obj = as_json


@command.command("import")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option("--kind", default="", help="文件的种类；不给则看文件名或工作表名。")
@sheet_option
@header_row_option
@click.option("--dry-run", is_flag=True, help="只检查并计数，什么也不保存。")
@json_option
@click.pass_obj
def import_files(
    outer: bool,
    files: tuple[Path, ...],
    kind: str,
    sheet: str,
    header_row: int | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """导入文件（CSV、Excel、Parquet）：全部导入，或指出全部问题而什么也不导入。

    同样的内容再导入一次不会改变什么；改了的内容停用原来的一条，另加新的一条，两个时间都留下。

    \b
    例：
      gongji registry import 参保人.csv 参保.csv --dry-run
      gongji registry import 全部.xlsx
    """
    from gongji.cli.import_kinds import ROOMS, stores
    from gongji.platform.imports.load_files import Importing, load
    from gongji.platform.installation import (
        installed_areas,
        installed_identity,
        operator,
        owner_connection,
    )

    areas = installed_areas()

    def home(area: str) -> str:
        try:
            return areas.area(area).laws[0].area
        except Refusal:
            return area  # People insured elsewhere have no rules here.

    def laws(area: str) -> Sequence[Law]:
        try:
            return areas.area(area).laws
        except Refusal:
            return ()

    with (
        owner_connection() as connection,
        ProgressBar("行", shown=not (as_json or outer), name="导入") as bar,
    ):
        place = place_of(sheet, header_row)
        kept = stores(areas, operator())
        importing = Importing(
            ROOMS, installed_identity(), home, kept, bar.update, place, _tell, laws
        )
        loaded = load(connection, importing, files, datetime.now(UTC), kind, dry_run)
    if as_json or outer:
        body = {"dry_run": dry_run, "tables": [{"table": name} | vars(c) for name, c in loaded]}
        click.echo(json.dumps(body, ensure_ascii=False, indent=1))
        return
    for name, counts in loaded:
        click.echo(
            f"{name}：新增 {counts.new}，更改 {counts.changed}，撤销 {counts.withdrawn}，"
            f"未变 {counts.same}"
        )
    if dry_run:
        click.echo("只作检查，没有保存。")


def _tell(problem: RowProblem) -> None:
    click.echo(f"请留意 {problem}", err=True)


@command.command("export")
@click.argument("kind")
@output_option
@click.option(
    "--area",
    default="",
    help="只要哪个统筹区的。",
    type=AREA,
)
@click.option("--unmasked", is_flag=True, help="不遮盖姓名和号码；写出的文件请妥善保管。")
@json_option
@click.pass_obj
def export_file(
    outer: bool, kind: str, output: Path, area: str, unmasked: bool, as_json: bool
) -> None:
    """导出一个种类现在有效的内容，列与导入相同；姓名和号码遮盖，除非 --unmasked。

    \b
    例：
      gongji registry export 目录 -o 目录.xlsx --area 532300
      gongji registry export insured -o 参保.csv --unmasked
    """
    from gongji.cli.import_kinds import KINDS
    from gongji.platform import trail
    from gongji.platform.imports.export_files import export
    from gongji.platform.installation import installed_identity, operator, owner_connection

    found = KINDS.find(kind)
    if found is None or found not in KINDS.exported:
        allowed = "、".join(one.title for one in KINDS.exported)
        raise Refusal("value_invalid", "KIND", {"value": kind, "allowed": allowed})
    with owner_connection() as connection:
        if unmasked:
            trace = trail.Trace(trail.EXPORT, f"registry {found.name}", reason=area)
            trail.log(connection, (operator().kind, operator().id), trace)
        count = export(connection, found, output, installed_identity(), area, unmasked)
    body = {"kind": found.name, "rows": count, "file": str(output)}
    tell(as_json or outer, body, f"{count} 行写入 {output}")


@command.command("template")
@click.argument("kinds", nargs=-1)
@output_option
@json_option
@click.pass_obj
def template_file(outer: bool, kinds: tuple[str, ...], output: Path, as_json: bool) -> None:
    """写出供填写的 Excel 工作簿：每个种类一张表，附示例行和说明；不给种类则为全部。

    \b
    例：
      gongji registry template -o 全部.xlsx
      gongji registry template 参保人 参保 -o 参保.xlsx
    """
    from gongji.cli.import_kinds import KINDS
    from gongji.platform.imports.template import template

    if output.suffix.lower() != ".xlsx":
        raise Refusal("value_invalid", "-o", {"value": output.name, "allowed": ".xlsx"})
    wanted = []
    for word in kinds or KINDS.by_name:
        kind = KINDS.find(word)
        if kind is None:
            raise Refusal("value_invalid", "KIND", {"value": word, "allowed": KINDS.titles})
        wanted.append(kind)
    template(wanted, output)
    body = {"file": str(output), "kinds": [kind.name for kind in wanted]}
    said = f"模板写入 {output}：{'、'.join(kind.title for kind in wanted)}"
    tell(as_json or outer, body, said)
