"""Where the names of a table's columns stand: the row is found, checked, or what to do is said."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gongji.refusals import Refusal

LOOKED_AT = 20
"""So many rows are looked at for a header under a title."""
_SHOWN = 20
_COLUMNS_SHOWN = 40
_SUMS = re.compile(
    r"(?:本页|本月|全部)?(?:合|小|总|累|共)\s*计.*|(?:制表|审核|填报|经办|复核|负责)人?\s*(?:签[名字章])?[:：].*"
)


@dataclass(frozen=True)
class TablePlace:
    """Where in a file its table stands: the sheet's name, the number of the row of column names.

    Shape:   "" is the only sheet that is visible and has anything in it; 0 the first row that has.
    """

    sheet: str = ""
    header_row: int = 0


@dataclass(frozen=True)
class TableFile:
    """A file and where in it its table stands."""

    path: Path
    place: TablePlace = TablePlace()


def table_file(source: Path | TableFile) -> TableFile:
    """A file with its table where tables usually stand, unless it is said."""
    return source if isinstance(source, TableFile) else TableFile(source)


WHOLE_ROW = "整行"
"""Where a fault is that no single column has."""


def unknown_columns(unknown: Sequence[str], known: Iterable[str]) -> Refusal:
    """The refusal of columns that a table may not have, with those that it may have."""
    names = list(dict.fromkeys(known))
    more = "……" if len(names) > _COLUMNS_SHOWN else ""
    said = f"；可用的列：{'、'.join(names[:_COLUMNS_SHOWN])}{more}"
    return Refusal("field_unknown", "、".join(unknown), {"known": said})


def missing_column(name: str, found: Iterable[str]) -> Refusal:
    """The refusal of a table without a column that it must have, with those that it has."""
    names = list(found)
    more = "……" if len(names) > _SHOWN else ""
    shown = "、".join(one[:_SHOWN] for one in names[:_SHOWN])
    return Refusal("field_missing", name, {"known": f"；文件里的列：{shown}{more}"})


def no_rows() -> Refusal:
    """The refusal of a table that has nothing below its header."""
    return Refusal("value_invalid", "文件", {"value": "0 行", "allowed": "至少一行"})


def sum_reason(first: str) -> str:
    """Why a row that begins so, as a subtotal or a signature does, is no row of the table; nothing
    if it may be one."""
    if not _SUMS.fullmatch(first):
        return ""
    return f"像是合计或落款（{first[:_SHOWN]}），不是明细；请删去这一行"


def check_header(
    path: Path,
    names: Sequence[str],
    below: Sequence[Sequence[str]] = (),
    above: Sequence[Sequence[str]] = (),
) -> None:
    """Every column of a file has a name, and each name is there once.

    Shape:   `below` are the first rows from the header on, to tell a title from a header; `above`
             all rows before it.
    Refuses: header_invalid, with what was found and what to do.
    """
    reason, row = "", len(above) + 1
    twice = [name for name, count in Counter(names).items() if name and count > 1]
    if not any(names):
        reason = "第一行应为列名，却是空的"
    elif under := _under_title(names, below, row):
        reason = under
    elif len(names) == 1 and any(mark in names[0] for mark in "；，"):
        reason = "只有一列，列名之间用的是中文标点；请另存为以英文逗号分隔的 CSV"
    elif higher := _below_names(names, above):
        reason = higher
    elif twice:
        reason = f"列 {'、'.join(twice)} 不止一次出现，无法确定用哪一列；请各保留一列"
    elif not all(names):
        at = names.index("") + 1
        reason = f"第 {at} 列没有列名；请写上列名，或删去这一列"
    if reason:
        raise Refusal("header_invalid", "文件", {"value": path.name, "reason": reason})


def _below_names(names: Sequence[str], above: Sequence[Sequence[str]]) -> str:
    """What to say where a row of the table was named as the header, and the names stand above."""
    filled = [sum(1 for cell in row if cell) for row in above]
    most = max(filled, default=0)
    if all(names) or most < 2 or most <= sum(1 for name in names if name):
        return ""
    at = filled.index(most) + 1
    return (
        f"第 {len(above) + 1} 行像是明细，不是列名（第 {list(names).index('') + 1} 列是空的）；"
        f"列名看来在第 {at} 行，请改为 --header-row {at}"
    )


def _under_title(names: Sequence[str], below: Sequence[Sequence[str]], row: int) -> str:
    """What to say where the first row is a title and the names stand further down."""
    filled = [sum(1 for cell in row if cell) for row in below]
    most = max(filled, default=0)
    here = sum(1 for name in names if name)
    if here > 1 and here * 2 > most or most < 2 or here >= most:
        return ""
    at = next((n for n, count in enumerate(filled) if count * 4 >= most * 3 and count > here), 0)
    title = next(name for name in names if name)[:_SHOWN]
    if not at:
        return ""
    return (
        f"第 {row} 行（{title}…）像是标题，不是列名；列名看来在第 {row + at} 行，"
        f"请加 --header-row {row + at}，或删去上面的行"
    )
