"""Import files as tables of a kind: CSV, Parquet, and Excel workbooks with a sheet for each kind.

Opening finds the kind and checks the head; reading gives rows as values and notes every mistake.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gongji.platform.identity import mask_name, mask_number
from gongji.platform.imports.import_columns import EXAMPLE, Column, Kind, KindList
from gongji.refusals import Problem, Refusal, RowProblem
from gongji.tabular.formulas import formula_again
from gongji.tabular.header_rows import TablePlace
from gongji.tabular.sheets import Sheet, ending_of, kept_open, workbook
from gongji.tabular.workbooks import Record, Texts

MOST_PROBLEMS = 500
"""So many problems of one table are told; of the rest the number."""

Row = tuple[int, dict[str, Any]]


@dataclass(frozen=True)
class ArrivingTable:
    """A file, or a sheet of a workbook, that holds rows of a kind."""

    number: int
    label: str
    kind: Kind
    columns: tuple[Column | None, ...]
    rows: int | None
    records: Callable[[], Iterator[list[Record]]]

    @property
    def absent(self) -> frozenset[str]:
        """The columns that the file does not have: what is known of these stays as it is."""
        return frozenset(c.name for c in self.kind.columns if c not in self.columns)


class Problems(list[Problem]):
    """Everything wrong with some files; what is too much is counted only."""

    def __init__(self) -> None:
        super().__init__()
        self.told: dict[str, int] = {}
        self.mentioned: set[str] = set()
        """Persons and institutions of rows that are not kept; what is said of them stays untold."""

    def note(self, label: str, line: int, key: str, message: str) -> None:
        """One mistake of a table."""
        told = self.told[label] = self.told.get(label, 0) + 1
        if told <= MOST_PROBLEMS:
            self.append(RowProblem(label, line, key, message))

    def complete(self) -> list[Problem]:
        """Every problem, with the number of those left out."""
        left_out: list[Problem] = [
            RowProblem(label, 1 << 30, "其余", f"还有 {told - MOST_PROBLEMS} 处问题没有列出")
            for label, told in self.told.items()
            if told > MOST_PROBLEMS
        ]
        return [*self, *left_out]


def open_tables(
    paths: Sequence[Path],
    kinds: KindList,
    kind: str,
    problems: Problems,
    place: TablePlace | None = None,
) -> list[ArrivingTable]:
    """The tables of some files in the order in which they are imported.

    Refuses: value_invalid for a kind or an ending that there is not; file_unreadable,
             header_invalid. Unknown sheets, files and columns are noted as problems.
    """
    given = kinds.find(kind) if kind else None
    if kind and given is None:
        raise Refusal("value_invalid", "--kind", {"value": kind, "allowed": kinds.titles})
    tables: list[ArrivingTable] = []
    for path in paths:
        reader = _workbook if ending_of(path, "文件") == ".xlsx" else _file
        with kept_open(path):
            for found in reader(path, kinds, given, place or TablePlace(), problems):
                tables.append(_table(len(tables) + 1, found, problems))
    return sorted(tables, key=lambda table: kinds.position(table.kind))


Found = tuple[str, Kind, Path, TablePlace, Texts]
"""Label, kind, file, where in it, the heads of its columns."""


def _file(
    path: Path, kinds: KindList, given: Kind | None, place: TablePlace, problems: Problems
) -> list[Found]:
    kind = given or kinds.find(path.stem)
    if kind is None:
        message = f"文件名看不出种类；请用 --kind 指明，可取：{kinds.titles}"
        problems.note(path.name, 0, "种类", message)
        return []
    return [(path.name, kind, path, place, Sheet(path, place).columns)]


def _workbook(
    path: Path, kinds: KindList, given: Kind | None, place: TablePlace, problems: Problems
) -> list[Found]:
    """The sheets of a workbook: one alone is of the kind given, others are named by their kind."""
    book = workbook(path)
    filled = [place.sheet] if place.sheet else book.filled
    found: list[Found] = []
    for name in filled:
        kind = kinds.find(name)
        if given is not None:
            kind = given if kind is given or len(filled) == 1 else None
            if kind is None:
                continue
        label = f"{path.name}[{name}]" if len(filled) > 1 else path.name
        if kind is None:
            message = f"工作表名看不出种类；可取：{kinds.titles}；只有一张时可用 --kind 指明"
            problems.note(label, 0, "工作表", message)
            continue
        one = TablePlace(name, place.header_row)
        found.append((label, kind, path, one, book.one(one).columns))
    if not found and not problems:
        problems.note(path.name, 0, "工作表", "工作簿里没有可导入的表")
    return found


def _table(number: int, found: Found, problems: Problems) -> ArrivingTable:
    """A table with its head checked against the columns of its kind."""
    label, kind, path, place, _ = found
    spellings = kind.spellings
    forms = {head: column.form for head, column in spellings.items()}
    sheet = Sheet(path, place, forms)
    heads = sheet.columns
    columns = tuple(spellings.get(head.strip()) for head in heads)
    allowed = "、".join(column.heading for column in kind.columns)
    for head, column in zip(heads, columns, strict=True):
        if column is None and head.strip():
            problems.note(label, 0, head, f"“{kind.title}”没有这一列；可取：{allowed}")
    here = [column.name for column in columns if column is not None]
    for wanted in kind.columns:
        if wanted.required and wanted.name not in here:
            problems.note(label, 0, wanted.heading, "缺少这一列；请加上，或用模板重填")
        if here.count(wanted.name) > 1:
            problems.note(label, 0, wanted.heading, "这一列不止一次出现；请只留一列")
    return ArrivingTable(number, label, kind, columns, sheet.rows, sheet.records)


def read_rows(
    table: ArrivingTable, problems: Problems, progress: Callable[[int], object] = lambda count: None
) -> Iterator[Row]:
    """The rows of a table as values by column name, with those left out that have a mistake."""
    absent = {
        column.name: column.empty for column in table.kind.columns if column not in table.columns
    }
    for chunk in table.records():
        for record in chunk:
            line, cells = record.number, record.cells
            if cells[0].startswith(EXAMPLE):
                continue
            values = _values(table, record, problems)
            if values is not None:
                yield line, absent | values
            elif table.kind.columns[0] in table.columns:
                problems.mentioned.add(cells[table.columns.index(table.kind.columns[0])].strip())
        progress(len(chunk))


def _values(table: ArrivingTable, record: Record, problems: Problems) -> dict[str, Any] | None:
    """The values of one row, or None once its mistakes are noted."""
    values: dict[str, Any] = {}
    line, cells = record.number, record.cells
    told = {key for key, _ in record.problems}
    for key, message in record.problems:
        problems.note(table.label, line, key, message)
    if "整行" in told:
        return None
    fine = not told
    padded = (*cells, *("",) * len(table.columns))
    for column, raw in zip(table.columns, padded, strict=False):
        if column is None or told & {column.heading, column.name}:
            continue
        cell = formula_again(raw.strip())
        if not cell:
            if column.required:
                problems.note(table.label, line, column.heading, "不能为空；请填写")
                fine = False
            values[column.name] = column.empty
            continue
        try:
            values[column.name] = column.read(cell)
        except ValueError as error:
            shown = _shown(column, cell)
            message = f"“{shown}”无法识别；应为{error}"
            problems.note(table.label, line, column.heading, message)
            fine = False
    return values if fine and _agree(table, line, values, problems) else None


def _agree(table: ArrivingTable, line: int, values: dict[str, Any], problems: Problems) -> bool:
    """What the cells of one row say together."""
    since, until = values.get("since"), values.get("until")
    if since and until and until <= since:
        message = f"{until} 不晚于起始日 {since}；终止日是不再成立的第一天"
        problems.note(table.label, line, "终止日", message)
        return False
    wrong = table.kind.wrong(values)
    if wrong:
        problems.note(table.label, line, *wrong)
        return False
    return True


def _shown(column: Column, cell: str) -> str:
    if column.personal == "name":
        return mask_name(cell)
    if column.personal == "secret":
        return "（密钥）"
    return mask_number(cell) if column.personal else cell[:40]
