"""Sheets of Excel workbooks: which one is meant, its typed cells, and what is wrong with some.

The library that reads workbooks gives nothing for a cell with an error or a formula that was never
calculated, as if it were empty: both are looked for in the workbook's own XML.
"""

import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakValueDictionary
from xml.etree import ElementTree

from gongji.refusals import Refusal
from gongji.tabular.cell_forms import CellProblem, Form, cell_text, column_name
from gongji.tabular.first_bytes import check_kind
from gongji.tabular.header_rows import LOOKED_AT, WHOLE_ROW, TablePlace, check_header, sum_reason

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

EXPLANATIONS, SUMS, RULES = "说明", "合计", "规则与存疑"
"""Sheets of templates and results beside the table: they are not read where there is another."""
MOST_COLUMNS = 1 << 10
MOST_PLACES, SPARSE = 10_000_000, 100
"""Places of a sheet that are read whatever is in them; beyond, one in so many must be filled."""
MOST_BYTES = 2 << 30
_REFERENCE = re.compile(rb'<(?:\w+:)?c\s[^>]*?\br="([A-Z]{1,3})([0-9]{1,7})"')
_CELL = re.compile(
    rb"<(?:\w+:)?row\b([^>]*)>|<(?:\w+:)?c\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL
)
_ROW = re.compile(rb'\br="([0-9]+)"')
_VALUE = re.compile(rb"<(?:\w+:)?v\b[^>]*>([^<]+)</")
_FORMULA = re.compile(rb"<(?:\w+:)?f\b")
_AT = re.compile(rb'\br="([A-Z]+)([0-9]+)"')

Texts = tuple[str, ...]


class Record(NamedTuple):
    """A row of a table: its number from 1 below the header, its texts, what is wrong with cells.

    Shape:   a problem is the column's name (or 整行) and a sentence.
    """

    number: int
    cells: Texts
    problems: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class WorkbookSheet:
    """A sheet with its typed cells; rows and columns are counted from zero."""

    path: Path
    name: str
    rows: list[list[Any]]
    bad: Mapping[tuple[int, int], str]
    header: int

    @cached_property
    def width(self) -> int:
        """How many columns there are, without those that are blank at the end."""
        width = 0
        for row in self.rows[self.header :]:
            end = len(row)
            while end > width and not _filled(row[end - 1]):
                end -= 1
            width = max(width, end)
        return width

    @cached_property
    def columns(self) -> Texts:
        """The names of the columns; the header is checked by `check`."""
        head = self.rows[self.header][: self.width] if self.rows else []
        return tuple(column_name(_shown(cell)) for cell in head)

    def check(self) -> None:
        """The header has a name for each column.

        Refuses: header_invalid.
        """
        above, below = (
            [[_shown(cell) for cell in row] for row in rows]
            for rows in (
                self.rows[: self.header],
                self.rows[self.header : self.header + LOOKED_AT],
            )
        )
        check_header(self.path, self.columns, below, above)

    def records(self, forms: Sequence[Form | None]) -> Iterator[Record]:
        """The rows below the header by the forms of their columns; blank ones are passed over.

        Shape:   a column without a form is not read; then blank rows stay.
        """
        marks = {row for row, _ in self.bad}
        some = None in forms
        for at in range(self.header + 1, len(self.rows)):
            row = self.rows[at][: self.width]
            record = self._record(at, row, forms, at in marks)
            if some or any(record.cells) or record.problems:
                yield record

    def _record(
        self, at: int, row: list[Any], forms: Sequence[Form | None], marked: bool
    ) -> Record:
        texts, problems = [], []
        for column, (value, form) in enumerate(zip(row, forms, strict=False)):
            if form is None:
                texts.append("")
                continue
            try:
                if marked and (at, column) in self.bad:
                    raise CellProblem(self.bad[at, column])
                texts.append(cell_text(value, form))
            except CellProblem as error:
                texts.append("")
                where = f"{_letters(column)}{at + 1}"
                problems.append((self.columns[column], f"{error}（单元格 {where}）"))
        first = next(filter(_filled, row), "")
        if isinstance(first, str) and (reason := sum_reason(_shown(first))):
            problems = [(WHOLE_ROW, reason)]
        return Record(at - self.header, tuple(texts), tuple(problems))


def _filled(cell: Any) -> bool:
    """Whether there is anything in a cell; zero is something."""
    return bool(cell.strip()) if isinstance(cell, str) else cell is not None


def _shown(cell: Any) -> str:
    try:
        return cell_text(cell, "day")
    except CellProblem:
        return str(cell)


_open: "WeakValueDictionary[tuple[Path, int, int], Book]" = WeakValueDictionary()
"""The workbooks that somebody holds, by what tells that one has not changed."""


def open_book(path: Path) -> "Book":
    """A workbook; as long as somebody holds it, it is not opened again: that reads the whole of it.

    Refuses: what its library raises for a broken file.
    """
    from python_calamine import CalamineWorkbook

    state = path.stat()
    key = path, state.st_size, state.st_mtime_ns
    book = _open.get(key)
    if book is None:
        check_kind(path)
        _check_extent(*key)
        book = _open[key] = Book(path, CalamineWorkbook.from_path(str(path)))
    return book


@lru_cache(maxsize=64)
def _check_extent(path: Path, size: int, changed: int) -> None:
    """The sheets are not mostly empty: their reader keeps a place for every cell between.

    A workbook that is opened again and is the same is looked at once.
    Refuses: file_unreadable where a sheet spans more places than it has cells a hundred times.
    """
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        for part in archive.infolist():
            if not part.filename.startswith("xl/worksheets/") or part.is_dir():
                continue
            if part.file_size > MOST_BYTES:
                raise _too_large(path, f"一张工作表解压后超过 {MOST_BYTES >> 20} MB")
            places = _REFERENCE.findall(archive.read(part))
            if not places:
                continue
            rows = max(map(int, {row for _, row in places}))
            columns = max(map(_number, {letters for letters, _ in places})) + 1
            if rows * columns > max(MOST_PLACES, SPARSE * len(places)):
                raise _too_large(path, f"工作表跨 {rows} 行 {columns} 列，几乎全空")


def _too_large(path: Path, reason: str) -> Refusal:
    return Refusal("file_unreadable", "文件", {"value": path.name, "reason": reason})


class Book:
    """A workbook: its sheets that are seen and filled, read when they are asked for."""

    def __init__(self, path: Path, book: "CalamineWorkbook") -> None:
        self.path, self.book = path, book
        self._sheets: dict[str, CalamineSheet] = {}
        self._read: dict[str, list[list[Any]]] = {}
        self._unusable: dict[str, dict[tuple[int, int], str]] = {}

    @cached_property
    def filled(self) -> list[str]:
        """The names of the sheets that are visible and have anything in them; sums and rules beside
        a table are not meant, but may be the only sheet there is."""
        from python_calamine import SheetTypeEnum, SheetVisibleEnum

        found = [
            sheet.name
            for sheet in self.book.sheets_metadata
            if sheet.visible == SheetVisibleEnum.Visible
            and sheet.typ == SheetTypeEnum.WorkSheet
            and sheet.name != EXPLANATIONS
            and any(any(map(_filled, row)) for row in self._cells(sheet.name))
        ]
        return [name for name in found if name not in (SUMS, RULES)] or found

    def one(self, place: TablePlace) -> WorkbookSheet:
        """The sheet that is named, or the only one that is filled.

        Refuses: sheet_unclear; value_invalid for a sheet or header row that there is not.
        """
        if place.sheet:
            if place.sheet not in self.book.sheet_names:
                allowed = "、".join(self.book.sheet_names)
                raise Refusal(
                    "value_invalid", "--sheet", {"value": place.sheet, "allowed": allowed}
                )
            return self.sheet(place.sheet, place.header_row)
        if len(self.filled) > 1:
            sheets = "、".join(self.filled)
            values = {"value": self.path.name, "sheets": sheets, "option": "--sheet"}
            raise Refusal("sheet_unclear", "文件", values)
        if not self.filled:
            return WorkbookSheet(self.path, "", [], {}, 0)
        return self.sheet(self.filled[0], place.header_row)

    def sheet(self, name: str, header_row: int = 0) -> WorkbookSheet:
        """A sheet by its name, and where its column names stand.

        Refuses: value_invalid for a header row that there is not.
        """
        rows = self._cells(name)
        first = next((n for n, row in enumerate(rows) if any(map(_filled, row))), 0)
        header = header_row - 1 if header_row else first
        if header >= len(rows) > 0:
            values = {"value": str(header_row), "allowed": f"1 至 {len(rows)}（工作表 {name}）"}
            raise Refusal("value_invalid", "--header-row", values)
        return WorkbookSheet(self.path, name, rows, self._bad(name), header)

    def _cells(self, name: str) -> list[list[Any]]:
        if name not in self._read:
            self._read[name] = self._sheet(name).to_python(skip_empty_area=False)
        return self._read[name]

    def _sheet(self, name: str) -> "CalamineSheet":
        """A sheet of the library's; it reads the whole of it at every call."""
        if name not in self._sheets:
            self._sheets[name] = self.book.get_sheet_by_name(name)
        return self._sheets[name]

    def _bad(self, name: str) -> dict[tuple[int, int], str]:
        """The cells that must not be taken as empty: errors, formulas without value, merged."""
        if name not in self._unusable:
            self._unusable[name] = self._merged(name) | _unreadable_cells(self.path, name)
        return self._unusable[name]

    def _merged(self, name: str) -> dict[tuple[int, int], str]:
        """The cells under another one, which would be taken as empty."""
        found: dict[tuple[int, int], str] = {}
        for (top, left), (bottom, right) in self._sheet(name).merged_cell_ranges or ():
            where = f"{_letters(left)}{top + 1}:{_letters(right)}{bottom + 1}"
            for row in range(top, bottom + 1):
                for column in range(left, min(right, MOST_COLUMNS) + 1):
                    if (row, column) != (top, left):
                        found[row, column] = f"在合并单元格 {where} 里；请取消合并，逐行填写"
        return found


def _unreadable_cells(path: Path, name: str) -> dict[tuple[int, int], str]:
    """Cells with an error or with a formula that was never calculated, from the sheet's XML."""
    found: dict[tuple[int, int], str] = {}
    with zipfile.ZipFile(path) as archive:
        xml = archive.read(_part_of(archive, name))
    formulas = (b"<f" in xml or b":f" in xml) and _FORMULA.search(xml)
    if b't="e"' not in xml and not formulas:
        return found
    for place, given, inside in _cells_of(xml):
        value = _VALUE.search(inside)
        if b't="e"' in given:
            said = value[1].decode() if value else "错误"
            reason = f"单元格是错误值 {said}；请改正公式，或删去这一格"
        elif _FORMULA.search(inside) and not value and b't="str"' not in given:
            reason = "公式没有算出的值；请用 Excel 打开、重新计算后保存"
        else:
            continue
        found[place] = reason
    return found


def _cells_of(xml: bytes) -> Iterator[tuple[tuple[int, int], bytes, bytes]]:
    """The cells of a sheet: their place, what stands in their tag, and inside them.

    Shape:   a row or cell that does not say where it stands follows the one before it.
    """
    row = column = -1
    for part in _CELL.finditer(xml):
        if part[1] is not None:
            at = _ROW.search(part[1])
            row, column = int(at[1]) - 1 if at else row + 1, -1
            continue
        given, inside = part[2], part[3] or b""
        if at := _AT.search(given):
            row, column = int(at[2]) - 1, _number(at[1])
        else:
            column += 1
        yield (row, column), given, inside


def _part_of(archive: zipfile.ZipFile, name: str) -> str:
    """The file of a sheet inside the workbook."""
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    for node in book.iter():
        if node.tag.endswith("}sheet") and node.get("name") == name:
            key = next((value for kind, value in node.items() if kind.endswith("}id")), "")
            target = targets[key]
            return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    raise KeyError(name)


def _number(letters: bytes) -> int:
    """A column's number from its letters: A is 0, AA 26."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def _letters(number: int) -> str:
    """A column's letters from its number."""
    found = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        found = chr(65 + rest) + found
    return found
