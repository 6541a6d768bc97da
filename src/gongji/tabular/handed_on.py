"""Workbooks that one can hand on: one way to write a sheet, whoever writes it.

A sheet has a header that stays in sight, a filter, columns as wide as what is in them, amounts and
dates as Excel's own; a workbook has the sums of its amounts and what it rests on as sheets of their
own, so that a table stays a table that programs can read. Written row by row, not kept in memory.
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from gongji.refusals import Refusal
from gongji.tabular.workbooks import RULES, SUMS

if TYPE_CHECKING:
    from xlsxwriter.format import Format

    from gongji.tabular.row_sheets import RowSheet

Kind = Literal["text", "money", "fen", "balance", "day", "number", "share"]
"""What the values of a column are; `balance` is an amount of yuan that is not added up."""
EXCEL_ROWS = 1_048_576
FORMS = {
    "money": "#,##0.00",
    "fen": "#,##0",
    "balance": "#,##0.00",
    "day": "yyyy-mm-dd",
    "share": "0.0%",
}
"""How Excel shows the values of a column."""
LOOKED_AT = 1000
"""So many rows are looked at for the width of their columns."""
NARROWEST, WIDEST = 8, 60
HEADER = {"bold": True, "bg_color": "#DDEBF7", "bottom": 1, "valign": "vcenter"}
_WIDE = 0x2E7F


@dataclass(frozen=True)
class BookColumn:
    """A column of a sheet: its heading and what its values are."""

    name: str
    kind: Kind = "text"


@dataclass(frozen=True)
class BookTable:
    """A sheet that is ready: its name, columns and rows."""

    name: str
    columns: tuple[BookColumn, ...]
    rows: Iterable[Sequence[object]]


@dataclass(frozen=True)
class Formula:
    """A formula, and what it comes to."""

    text: str
    shown: float


Value = str | float | date | Formula
Cell = tuple[int, Value, "Format | None"]
"""Its column, its value and how it is shown; a date has a format."""


def width_of(text: str) -> int:
    """How many columns of a screen a text takes, Chinese signs taking two."""
    return sum(2 if ord(sign) > _WIDE else 1 for sign in text)


class BookSheet:
    """A sheet that rows are written to; `ResultBook.sheet` makes it."""

    def __init__(self, sheet: "RowSheet", formats: "dict[str, Any]", table: BookTable) -> None:
        self.sheet, self.formats, self.columns = sheet, formats, table.columns
        self.name = table.name
        self.next = 0
        self.sums = [0] * len(self.columns)
        self.widths = [width_of(column.name) + 3 for column in self.columns]
        sheet.freeze_panes(1, 0)
        for place, column in enumerate(self.columns):
            sheet.write_string(0, place, column.name, formats["header"])
        self.next = 1

    def write(self, rows: Iterable[Sequence[object]]) -> None:
        """Append rows.

        Refuses: value_invalid where Excel has no more rows.
        """
        for row in rows:
            if self.next >= EXCEL_ROWS:
                values = {"value": ".xlsx", "allowed": f"{EXCEL_ROWS} 行以上请用 .csv 或 .parquet"}
                raise Refusal("value_invalid", "-o", values)
            there = enumerate(row)
            self.write_cells([self._cell(*one) for one in there if one[1] not in (None, "")])

    def write_cells(self, cells: Sequence[Cell]) -> None:
        """Append one row of cells that are ready."""
        for place, value, _ in cells if self.next <= LOOKED_AT else ():
            shown = _shown(value, self.columns[place].kind)
            self.widths[place] = max(self.widths[place], width_of(shown) + 1)
        self.sheet.write_cells(self.next, cells)
        self.next += 1

    def _cell(self, place: int, value: object) -> Cell:
        """A value as its column has it; an amount is added up."""
        kind = self.columns[place].kind
        if kind in ("money", "fen", "balance"):
            number = Decimal(str(value))
            self.sums[place] += int(number if kind == "fen" else number * 100)
            return place, float(number), self.formats[kind]
        if kind == "day" and (day := _day(value)):
            return place, day, self.formats[kind]
        if isinstance(value, int | float) and not isinstance(value, bool):
            return place, value, self.formats.get(kind)
        return place, str(value), None

    def finish(self) -> None:
        """Set widths and filter."""
        for place, width in enumerate(self.widths):
            self.sheet.set_column(place, place, min(max(width, NARROWEST), WIDEST))
        if self.columns:
            self.sheet.autofilter(0, 0, max(self.next - 1, 1), len(self.columns) - 1)

    def totals(self) -> Iterator[tuple[str, Kind, int, int]]:
        """The columns with amounts: heading, kind, place, sum in fen."""
        for place, (column, total) in enumerate(zip(self.columns, self.sums, strict=True)):
            if column.kind in ("money", "fen"):
                yield column.name, column.kind, place, total


def _shown(value: Value, kind: Kind) -> str:
    """A value as one sees it, for the width of its column."""
    if isinstance(value, date):
        return value.isoformat()[:10]
    if isinstance(value, Formula):
        return f"{value.shown:,.2f} "
    return f"{value:,.2f}" if kind in ("money", "fen", "balance") else str(value)


def _day(value: object) -> date | None:
    """A date as it is, or as an ISO text says it."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None


class ResultBook:
    """A workbook of results; closed by `close`, with a sheet of sums where there are amounts."""

    def __init__(self, path: Path) -> None:
        import xlsxwriter

        # What the library sets down on the way is beside the file, and goes with it.
        self.place = tempfile.TemporaryDirectory(dir=path.parent, prefix=f"{path.name}.")
        options = {
            "constant_memory": True,
            "tmpdir": self.place.name,
            "strings_to_formulas": False,
            "strings_to_urls": False,
        }
        self.book = xlsxwriter.Workbook(str(path), options)
        self.formats = {kind: self.book.add_format({"num_format": f}) for kind, f in FORMS.items()}
        self.formats["header"] = self.book.add_format(HEADER)
        self.sheets: list[BookSheet] = []

    def sheet(self, name: str, columns: Sequence[BookColumn]) -> BookSheet:
        """A further sheet; what was written before it is finished."""
        from gongji.tabular.row_sheets import RowSheet

        table = BookTable(name, tuple(columns), ())
        made = BookSheet(self.book.add_worksheet(name, RowSheet), self.formats, table)
        self.sheets.append(made)
        return made

    def add(self, table: BookTable) -> BookSheet:
        """A further sheet with all its rows."""
        made = self.sheet(table.name, table.columns)
        made.write(table.rows)
        return made

    def close(self, rules: Sequence[BookTable] = ()) -> None:
        """Finish the sheets, add the sums and what the results rest on, and close."""
        told = list(self.sheets)
        if any(True for sheet in told for _ in sheet.totals()):
            self._sums(told)
        for table in rules:
            self.add(table)
        for sheet in self.sheets:
            sheet.finish()
        try:
            self.book.close()
        finally:
            self.place.cleanup()

    def _sums(self, told: Sequence[BookSheet]) -> None:
        """The sums of amounts, by formulas that follow the filters, with what they come to."""
        columns = [BookColumn(name) for name in ("工作表", "列")]
        columns += [BookColumn("行数", "number"), BookColumn("合计", "number")]
        made = self.sheet(SUMS, columns)
        for sheet in told:
            for name, kind, place, total in sheet.totals():
                letters = _letters(place)
                cells = f"'{sheet.name}'!{letters}2:{letters}{max(sheet.next, 2)}"
                shown = total / 100 if kind == "money" else total
                formula = Formula(f"=SUBTOTAL(109,{cells})", shown)
                row: list[Cell] = [
                    (0, sheet.name, None),
                    (1, name, None),
                    (2, sheet.next - 1, None),
                ]
                made.write_cells([*row, (3, formula, self.formats[kind])])


def _letters(place: int) -> str:
    from xlsxwriter.utility import xl_col_to_name

    return str(xl_col_to_name(place))


@contextmanager
def result_book(path: Path, rules: Sequence[BookTable] = ()) -> Iterator[ResultBook]:
    """A workbook that is closed at the end, whatever happens, with its sheets of rules."""
    book = ResultBook(path)
    try:
        yield book
    finally:
        book.close(rules)


__all__ = ["RULES", "SUMS", "BookColumn", "BookTable", "ResultBook", "result_book", "width_of"]
