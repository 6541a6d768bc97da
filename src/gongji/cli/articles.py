"""`gongji articles`: what became of every article of a document."""

import itertools
import json
from collections import Counter
from pathlib import Path
from typing import Any

import click

from gongji.cli.options import json_option, rulebooks_option
from gongji.cli.value_kinds import AREA
from gongji.law.checks.library import Library
from gongji.law.compile.citations import own_mark
from gongji.law.report.law_figures import short_path
from gongji.law.report.register import NAMES, Entry, entries
from gongji.law.report.text_tables import print_table
from gongji.law.rulebook.rulebook import Rulebook
from gongji.refusals import Refusal

STYLES = {"rule": "", "workflow": "cyan", "none": "dim"}


@click.command()
@click.argument("area", default="", metavar="[统筹区]", type=AREA)
@rulebooks_option
@json_option
def command(area: str, folders: tuple[Path, ...], as_json: bool) -> None:
    """各文件逐条的处置：规则（在哪个键）、流程（由哪个模块承担、建成与否），或不涉及计算（为什么）。

    \b
    例：
      gongji articles
      gongji articles 445300
      gongji articles 532300 --json
    """
    library = Library(folders)
    found = entries(library, area)
    if area and not found:
        values = {"value": area, "allowed": "、".join(library.areas())}
        raise Refusal("area_unknown", "area", values)
    grouped = [(book, list(group)) for book, group in itertools.groupby(found, lambda e: e.book)]
    if as_json:
        documents = [_document_json(book, group) for book, group in grouped]
        click.echo(json.dumps(documents, ensure_ascii=False, indent=1))
        return
    for book, group in grouped:
        _show(book, group)


def _show(book: Rulebook, group: list[Entry]) -> None:
    rows = [
        (
            entry.name,
            NAMES[entry.article.disposition],
            entry.article.note,
            entry.workflow,
            "、".join(entry.article.keys),
        )
        for entry in group
    ]
    mark = own_mark(book.source)
    click.echo(f"{book.head.title}（{book.head.number}，{short_path(book.path)}）{mark}")
    styles = [STYLES[entry.article.disposition] for entry in group]
    print_table(
        ("条", "处置", "说明", "流程", "规则所在"), rows, ((0,), (1,), (2, 3), (4,)), styles
    )
    counted = Counter(NAMES[entry.article.disposition] for entry in group)
    click.echo("，".join(f"{name} {number} 条" for name, number in counted.items()) + "\n")


def _document_json(book: Rulebook, group: list[Entry]) -> dict[str, Any]:
    return {
        "rulebook": book.label,
        "number": book.head.number,
        "title": book.head.title,
        "source": book.source,
        "file": short_path(book.path),
        "articles": [
            {
                "article": entry.name,
                "disposition": entry.article.disposition,
                "keys": list(entry.article.keys),
                "parts": list(entry.rooms),
                "built": list(entry.article.built),
                "note": entry.article.note,
                "line": entry.article.node.line,
            }
            for entry in group
        ],
    }
