"""`gongji areas`: the areas with rulebooks, and the law of a date figure by figure."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import click

from gongji.cli.options import json_option, rulebooks_option
from gongji.cli.value_kinds import AREA
from gongji.law.checks.library import Library
from gongji.law.engine.area import Area
from gongji.law.engine.areas import Areas
from gongji.law.engine.visit import read_date
from gongji.law.report.law_figures import Figure, figures, short_path
from gongji.law.report.text_tables import print_table
from gongji.law.rulebook.law import Law
from gongji.law.rulebook.rulebook import FOREVER, Rulebook
from gongji.refusals import Refusal
from gongji.units import Day, date_of

ON_TERMINAL = ((0,), (1, 2), (3,), (4, 5, 6), (7,))
"""Item with its condition, document with article and line."""


@click.command()
@click.option("--at", "at", default="", metavar="YYYY-MM-DD", help="列出这一天有效的每个数字。")
@click.option("--area", "code", default="", help="只看一个统筹区（或其下县区）。", type=AREA)
@rulebooks_option
@json_option
def command(at: str, code: str, folders: tuple[Path, ...], as_json: bool) -> None:
    """有哪些统筹区、哪些文件、覆盖哪些日期；给出日期时列出当日有效的规则，逐个数字注明出处。

    \b
    例：
      gongji areas
      gongji areas --at 2024-11-01 --area 532300
      gongji areas --at 2024-11-01 --json
    """
    library = Library(folders)
    loaded = Areas(library)
    areas = [loaded.area(one) for one in ([code] if code else library.areas())]
    if not at:
        _list(library, areas, as_json)
        return
    day = read_date("--at", at)
    laws = [(area, law) for area in areas for law in _in_force(area, day, bool(code))]
    if as_json:
        found = [_law_json(area, law, at) for area, law in laws]
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    for area, law in laws:
        _show(area, law, at)
    if not laws:
        click.echo(f"{at} 没有一个统筹区的规则有效；各区的日期见 gongji areas")


def _in_force(area: Area, day: Day, asked: bool) -> list[Law]:
    """The law of a day; none where an area that nobody asked for has no rules then.

    Refuses: date_outside for an area that was asked for.
    """
    try:
        return [area.law(day)]
    except Refusal:
        if asked:
            raise
        return []


def _list(library: Library, areas: list[Area], as_json: bool) -> None:
    listed = [
        {
            "area": area.code,
            "place": area.laws[-1].place,
            "covered": area.covered(),
            "documents": [_book_json(book) for book in library.books(area.code)],
        }
        for area in areas
    ]
    if as_json:
        click.echo(json.dumps(listed, ensure_ascii=False, indent=1))
        return
    rows = []
    for area, one in zip(areas, listed, strict=True):
        first = (area.code, str(one["place"]), str(one["covered"]))
        for number, book in enumerate(library.books(area.code)):
            lead = first if number == 0 else ("", "", "")
            rows.append((*lead, book.head.number, _span(book), book.source, book.head.title))
    headers = ("统筹区", "地名", "覆盖日期", "文号", "施行", "来源", "文件")
    print_table(headers, rows, ((0, 1), (2,), (3, 6), (4,), (5,)))
    click.echo("某日有效的规则逐个数字列出：gongji areas --at 日期 --area 代码")


def _span(book: Rulebook) -> str:
    end = "" if book.head.until >= FOREVER - 1 else str(date_of(book.head.until))
    return f"{date_of(book.head.since)} 至 {end}" if end else f"{date_of(book.head.since)} 起"


def _book_json(book: Rulebook) -> dict[str, Any]:
    head = book.head
    return {
        "rulebook": book.id,
        "number": head.number,
        "title": head.title,
        "since": str(date_of(head.since)),
        "until": None if head.until >= FOREVER - 1 else str(date_of(head.until)),
        "source": book.source,
        "file": short_path(book.path),
    }


def _law_json(area: Area, law: Law, at: str) -> dict[str, Any]:
    return {
        "area": area.code,
        "place": law.place,
        "at": at,
        "documents": [_book_json(book) for book in law.books],
        "figures": [_figure_json(figure) for figure in figures(law)],
    }


def _figure_json(figure: Figure) -> dict[str, Any]:
    return dataclasses.asdict(figure) | {"where": dict(figure.where), "marks": figure.marks}


def _show(area: Area, law: Law, at: str) -> None:
    documents = "；".join(f"{b.head.number}（{b.source}，{_span(b)}）" for b in law.books)
    click.echo(f"{law.place}（{area.code}）{at} 有效的规则：{documents}")
    headers = ("规定", "项目", "条件", "数字", "文号", "条", "文件与行", "注意")
    found = figures(law)
    rows = []
    before = ""
    for figure in found:
        rows.append(
            (
                figure.provision if figure.provision != before else "",
                figure.item,
                "，".join(f"{fact}：{value}" for fact, value in figure.where),
                figure.text,
                figure.document,
                figure.article,
                f"{figure.file}:{figure.line}",
                figure.marks,
            )
        )
        before = figure.provision
    print_table(headers, rows, ON_TERMINAL, ["yellow" if f.open else "" for f in found])
    click.echo(
        f"共 {len(found)} 项，其中未定 {sum(bool(f.open) for f in found)} 项、"
        f"非官方或转述 {sum(f.source != '官方' for f in found)} 项、"
        f"存疑 {sum(bool(f.doubts) for f in found)} 项。\n"
    )
