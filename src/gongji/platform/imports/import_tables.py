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
from gongji.tabular.sheets import CHUNK_ROWS, Sheet, Texts, ending_of, text_of, unreadable

EXPLANATIONS = "说明"
"""The sheet of a template that is not read."""
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
    chunks: Callable[[], Iterator[list[Texts]]]


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
    paths: Sequence[Path], kinds: KindList, kind: str, problems: Problems
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
        if ending_of(path, "文件") == ".xlsx":
            sheets = _workbook(path, kinds, given, problems)
        else:
            sheets = [_file(path, kinds, given, problems)]
        for found in sheets:
            if found is not None:
                tables.append(_table(len(tables) + 1, found, problems))
    return sorted(tables, key=lambda table: kinds.position(table.kind))


Found = tuple[str, Kind, Texts, int | None, Callable[[], Iterator[list[Texts]]]]


def _file(path: Path, kinds: KindList, given: Kind | None, problems: Problems) -> Found | None:
    kind = given or kinds.find(path.stem)
    if kind is None:
        message = f"文件名看不出种类；请用 --kind 指明，可取：{kinds.titles}"
        problems.note(path.name, 0, "种类", message)
        return None
    sheet = Sheet(path)
    return path.name, kind, sheet.columns, sheet.rows, sheet.chunks


def _workbook(
    path: Path, kinds: KindList, given: Kind | None, problems: Problems
) -> list[Found | None]:
    """The sheets of a workbook: one alone is of the kind given, others are named by their kind."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(str(path))
        named = {
            name: [
                tuple(map(text_of, row))
                for row in book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            ]
            for name in book.sheet_names
            if name != EXPLANATIONS
        }
    except CalamineError as error:
        raise unreadable(path, error) from None
    found: list[Found | None] = []
    filled = {name: rows for name, rows in named.items() if any(any(row) for row in rows)}
    for name, rows in filled.items():
        kind = kinds.find(name)
        if given is not None:
            kind = given if kind is given or len(filled) == 1 else None
            if kind is None:
                continue
        label = f"{path.name}[{name}]" if len(filled) > 1 else path.name
        if kind is None:
            message = f"工作表名看不出种类；可取：{kinds.titles}"
            problems.note(label, 0, "工作表", message)
            continue
        found.append((label, kind, rows[0], len(rows) - 1, _chunks(rows[1:])))
    if not found and not problems:
        problems.note(path.name, 0, "工作表", "工作簿里没有可导入的表")
    return found


def _chunks(rows: list[Texts]) -> Callable[[], Iterator[list[Texts]]]:
    def chunks() -> Iterator[list[Texts]]:
        for start in range(0, len(rows), CHUNK_ROWS):
            yield rows[start : start + CHUNK_ROWS]

    return chunks


def _table(number: int, found: Found, problems: Problems) -> ArrivingTable:
    """A table with its head checked against the columns of its kind."""
    label, kind, heads, rows, chunks = found
    columns = tuple(kind.spellings.get(head.strip()) for head in heads)
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
    return ArrivingTable(number, label, kind, columns, rows, chunks)


def read_rows(
    table: ArrivingTable, problems: Problems, progress: Callable[[int], object] = lambda count: None
) -> Iterator[Row]:
    """The rows of a table as values by column name, with those left out that have a mistake."""
    absent = {
        column.name: column.empty for column in table.kind.columns if column not in table.columns
    }
    line = 0
    for chunk in table.chunks():
        for cells in chunk:
            line += 1
            if not any(cells) or cells[0].startswith(EXAMPLE):
                continue
            values = _values(table, line, cells, problems)
            if values is not None:
                yield line, absent | values
            elif table.kind.columns[0] in table.columns:
                problems.mentioned.add(cells[table.columns.index(table.kind.columns[0])].strip())
        progress(len(chunk))


def _values(
    table: ArrivingTable, line: int, cells: Texts, problems: Problems
) -> dict[str, Any] | None:
    """The values of one row, or None once its mistakes are noted."""
    values: dict[str, Any] = {}
    fine = True
    if len(cells) > len(table.columns) and any(cells[len(table.columns) :]):
        problems.note(table.label, line, "整行", "单元格比列名多；请检查是否多了分隔符")
        fine = False
    padded = (*cells, *("",) * len(table.columns))
    for column, raw in zip(table.columns, padded, strict=False):
        if column is None:
            continue
        cell = raw.strip()
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
