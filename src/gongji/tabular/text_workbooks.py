"""Workbooks of texts: every cell a text, so that no number is rounded and no formula runs."""

from collections.abc import Iterable, Sequence
from io import BytesIO

TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WIDTH = 18

TextSheet = tuple[str | None, Sequence[str], Iterable[Sequence[object]]]
"""A sheet: its name, its head, its rows; without a name it has Excel's own."""


def text_workbook(sheets: Iterable[TextSheet]) -> bytes:
    """The sheets as a file, each with its head in sight; nothing is an empty cell."""
    import xlsxwriter

    made = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(made, options) as book:
        bold = book.add_format({"bold": True})
        for name, head, rows in sheets:
            sheet = book.add_worksheet(name)
            sheet.set_column(0, max(0, len(head) - 1), WIDTH)
            sheet.freeze_panes(1, 0)
            for column, words in enumerate(head):
                sheet.write_string(0, column, words, bold)
            for line, row in enumerate(rows, 1):
                for column, value in enumerate(row):
                    sheet.write_string(line, column, "" if value is None else str(value))
    return made.getvalue()
