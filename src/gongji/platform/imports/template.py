"""Empty files to fill in, with an example row and what each column means."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gongji.platform.imports.import_columns import EXAMPLE, Kind
from gongji.tabular.whole_files import appearing


def template(kinds: Sequence[Kind], path: Path) -> None:
    """An Excel workbook to fill in: a sheet for each kind with an example row, and explanations.

    Shape:   example rows begin with 例： and are passed over when the file is imported.
    """
    import xlsxwriter

    with appearing(path) as beside, xlsxwriter.Workbook(str(beside)) as book:
        # Texts, or Excel makes numbers of codes and fractions of percentages.
        plain = book.add_format({"num_format": "@"})
        head = book.add_format({"bold": True, "num_format": "@", "bg_color": "#DDEBF7"})
        must = book.add_format({"bold": True, "num_format": "@", "bg_color": "#FCE4D6"})
        grey = book.add_format({"italic": True, "num_format": "@", "font_color": "#7F7F7F"})
        for kind in kinds:
            sheet = book.add_worksheet(kind.title)
            sheet.freeze_panes(1, 0)
            for at, column in enumerate(kind.columns):
                sheet.set_column(at, at, max(12, 2 * len(column.heading) + 4), plain)
                sheet.write_string(0, at, column.heading, must if column.required else head)
                example = column.example if at else EXAMPLE + column.example
                sheet.write_string(1, at, example, grey)
        _explain(book, kinds, head)


def explained(kind: Kind) -> list[tuple[str, ...]]:
    """Each column of a kind: heading, name, whether required, meaning, example."""
    return [
        (
            column.heading,
            column.name,
            "是" if column.required else "",
            column.meaning,
            column.example,
        )
        for column in kind.columns
    ]


def _explain(book: Any, kinds: Sequence[Kind], head: Any) -> None:
    """The sheet of explanations: what each column means."""
    sheet = book.add_worksheet("说明")
    sheet.freeze_panes(1, 0)
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    titles = ("表", "列", "英文列名", "必填", "说明", "示例")
    for at, (title, width) in enumerate(zip(titles, (12, 16, 26, 6, 60, 26), strict=True)):
        sheet.set_column(at, at, width)
        sheet.write_string(0, at, title, head)
    row = 1
    for kind in kinds:
        sheet.write_string(row, 0, kind.title)
        meaning = f"{kind.meaning}。第一格以“{EXAMPLE}”开头的行是示例，导入时略过"
        sheet.write_string(row, 4, meaning, wrapped)
        row += 1
        for cells in explained(kind):
            for at, cell in enumerate((kind.title, *cells)):
                sheet.write_string(row, at, cell, wrapped)
            row += 1
