"""Tables for people: text that lines up with double-width characters, CSV and Excel files."""

import csv
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from gongji.errors import Refusal

Row = Sequence[str]
_WIDE = 10_000
"""Columns of a table that is piped into a file or a program: nothing is folded there."""

KINDS = (".csv", ".xlsx")


def print_table(headers: Row, rows: Sequence[Row], styles: Row = ()) -> None:
    """A table on standard output, as wide as the terminal (folded) or as its text.

    `styles` gives each row a style of rich, or nothing.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    terminal = sys.stdout.isatty()
    console = Console(width=shutil.get_terminal_size().columns if terminal else _WIDE)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False)
    for header in headers:
        table.add_column(header, overflow="fold")
    for number, row in enumerate(rows):
        style = styles[number] if styles else ""
        table.add_row(*(Text(cell) for cell in row), style=style)
    console.print(table)


def write_table(path: Path, headers: Row, rows: Sequence[Row]) -> None:
    """A table as a CSV (UTF-8 with its mark, as spreadsheets expect) or Excel file.

    Refuses: value_invalid for another ending.
    """
    if path.suffix == ".xlsx":
        _write_excel(path, headers, rows)
    elif path.suffix == ".csv":
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows([headers, *rows])
    else:
        values = {"value": path.name, "allowed": "、".join(KINDS)}
        raise Refusal("value_invalid", "-o", values)


def _write_excel(path: Path, headers: Row, rows: Sequence[Row]) -> None:
    import xlsxwriter  # type: ignore[import-untyped]

    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, headers, book.add_format({"bold": True}))
        for number, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                sheet.write_string(number, column, cell)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, len(rows), len(headers) - 1)
        sheet.autofit()
