"""Bills as they come out of a spreadsheet: pasted or as a file, a line each, by the columns' names.

What a cell says is read by the form's fields as if it had been typed. Nothing is guessed: a blank
cell of a merged block stays blank, and is told.
"""

import csv
import io
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from django.core.files.uploadedfile import UploadedFile

from gongji.console.item_forms import BILL
from gongji.refusals import Refusal
from gongji.settlement.reimburse import bill_number
from gongji.tabular.cell_forms import Form, key_text, narrow
from gongji.tabular.sheets import Sheet

_FORMS: dict[str, Form] = {"date": "day", "key": "key"}
_NAMES = {narrow(one.label): one.name for one in BILL}
"""The fields by their labels, whose brackets may be wide or narrow."""


@dataclass(frozen=True)
class BillRow:
    """A line of bills: its cells by field, and why it cannot be read where it cannot."""

    line: int
    typed: dict[str, str]
    problem: str = ""


def pasted(text: str) -> list[BillRow]:
    """Bills pasted from Excel or WPS: cells by tabs, one with a line's end inside in quotes.

    Columns go by their names where the first line has them, else in the form's order.
    Refuses: value_invalid where a name that is needed is missing.
    """
    rows = [row for row in _cells(text) if any(cell.strip() for cell in row)]
    head = [narrow(cell) for cell in rows[0]] if rows else []
    if sum(name in _NAMES for name in head) < 2:
        return [_in_order(line, row) for line, row in enumerate(rows, 1)]
    _check(head)
    return [BillRow(line, _named(head, row)) for line, row in enumerate(rows[1:], 1)]


def _cells(text: str) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter="\t"))
    except csv.Error as error:
        raise Refusal("value_invalid", "票据", {"value": str(error), "allowed": "表格"}) from None


def _in_order(line: int, row: Sequence[str]) -> BillRow:
    typed = {one.name: cell.strip() for one, cell in zip(BILL, row, strict=False)}
    beyond = [cell.strip() for cell in row[len(BILL) :] if cell.strip()]
    said = f"多出的列：{'、'.join(beyond)}；请连同列名一起粘贴" if beyond else ""
    return BillRow(line, typed, said)


def _named(head: Sequence[str], row: Sequence[str]) -> dict[str, str]:
    cells = zip(head, row, strict=False)
    return {_NAMES[name]: cell.strip() for name, cell in cells if name in _NAMES}


def _check(head: Sequence[str]) -> None:
    """Every column that is needed is there."""
    missing = [one.label for one in BILL if one.needed and narrow(one.label) not in head]
    if missing:
        values = {"value": f"缺 {'、'.join(missing)}", "allowed": "、".join(o.label for o in BILL)}
        raise Refusal("value_invalid", "表头", values)


def from_workbook(file: UploadedFile) -> list[BillRow]:
    """Bills of a workbook or CSV with the labels of the fields as its head.

    Refuses: file_unreadable, header_invalid; value_invalid for another kind of file, or where a
             name that is needed is missing.
    """
    forms = {name: _FORMS.get(o.kind, "text") for o in BILL for name in (o.label, narrow(o.label))}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"票据{Path(file.name or '').suffix.lower()}"
        path.write_bytes(file.read())
        sheet = Sheet(path, forms=forms)
        head = [narrow(name) for name in sheet.columns]
        _check(head)
        rows = [row for chunk in sheet.records() for row in chunk]
    return [
        BillRow(
            row.number, _named(head, row.cells), "；".join(f"{n}：{p}" for n, p in row.problems)
        )
        for row in rows
    ]


def once(rows: Sequence[BillRow]) -> list[BillRow]:
    """The rows; one that repeats a bill of an earlier one says of which."""
    seen: dict[tuple[str, str], int] = {}
    found = []
    for row in rows:
        number = bill_number(row.typed.get("number", ""))
        first = seen.setdefault((key_text(row.typed.get("institution", "")), number), row.line)
        again = f"与第 {first} 行是同一张票据" if number and first != row.line else ""
        found.append(replace(row, problem=row.problem or again))
    return found
