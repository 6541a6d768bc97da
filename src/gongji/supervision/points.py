"""Knowledge points from the official workbooks: two sheets, details and the codes that they mean.

The details have their header in row 4, a total and notes at the end; the sheet of codes names the
detail's number in its first column, and a blank cell means the same as above. Sheets may declare
16,384 columns: only the first ones are read. A file's first day is in its name; a later file of
the same rule ends the points of an earlier one, so that a claim is judged by its day's version.
"""

import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

import polars as pl

from gongji.refusals import Refusal
from gongji.supervision.detectors.detector_words import POINT
from gongji.supervision.rule_names import read_register

HEADER_ROW = 4
MOST_COLUMNS = 32
NAMESPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_NUMBER = re.compile(r"^\d+(\.0)?$")
_LETTERS = re.compile(r"[A-Z]+")
Row = dict[int, str]


@dataclass(frozen=True)
class PointLimit:
    """What a detail's logic says, as a point has it."""

    low: int | None = None
    high: int | None = None
    allowed: str | None = None
    unit: str | None = None


def read_points(files: Sequence[Path]) -> pl.DataFrame:
    """The points of all files, each holding until the next version of its rule.

    Refuses: file_unreadable for a file that is not of the form, or without a date in its name.
    """
    versions: dict[str, list[tuple[date, list[tuple[object, ...]]]]] = {}
    for path in files:
        since = _date_of(path)
        rule, rows = _read_book(path)
        versions.setdefault(rule, []).append((since, rows))
    points: list[tuple[object, ...]] = []
    for rule, each in versions.items():
        ordered = sorted(each, key=lambda one: one[0])
        for at, (since, rows) in enumerate(ordered):
            until = ordered[at + 1][0] if at + 1 < len(ordered) else None
            points += [(rule, *row[:6], since, until, row[6]) for row in rows]
    return pl.DataFrame(points, schema=POINT, orient="row")


def _bad(path: Path, reason: str) -> Refusal:
    return Refusal("file_unreadable", "", {"value": str(path), "reason": reason})


def _date_of(path: Path) -> date:
    found = re.match(r"\d{4}-\d{2}-\d{2}", path.name)
    try:
        return date.fromisoformat(found[0] if found else "")
    except ValueError:
        raise _bad(path, "文件名不是以生效日期（如 2025-05-23）开头") from None


def _read_book(path: Path) -> tuple[str, list[tuple[object, ...]]]:
    """The rule of a workbook and its points: item, other, low, high, allowed, unit, basis."""
    try:
        with zipfile.ZipFile(path) as archive:
            sheets = _sheets(archive)
            texts = _shared(archive)
            tables = [list(_rows(archive, part, texts)) for part in sheets[:2]]
    except (zipfile.BadZipFile, KeyError, ElementTree.ParseError) as error:
        raise _bad(path, str(error)) from None
    if len(tables) < 2:
        raise _bad(path, "应有两张工作表：知识点明细、代码")
    rule = _rule_of(path, tables[0])
    details = _details(path, tables[0])
    return rule, list(_coded(path, details, tables[1]))


def _sheets(archive: zipfile.ZipFile) -> list[str]:
    """The parts of the sheets in their order."""
    found = [name for name in archive.namelist() if re.match(r"xl/worksheets/sheet\d+\.xml$", name)]
    return sorted(found, key=lambda name: int(re.findall(r"\d+", name)[-1]))


def _shared(archive: zipfile.ZipFile) -> list[str]:
    if "xl/sharedStrings.xml" not in archive.namelist():
        return []
    with archive.open("xl/sharedStrings.xml") as file:
        return ["".join(one.itertext()) for one in _elements(file, "si")]


def _elements(file: IO[bytes], name: str) -> Iterator[ElementTree.Element]:
    """Elements of a name, one at a time, each forgotten after it."""
    for _, element in ElementTree.iterparse(file):
        if element.tag == NAMESPACE + name:
            yield element
            element.clear()


def _rows(archive: zipfile.ZipFile, part: str, texts: list[str]) -> Iterator[tuple[int, Row]]:
    """The rows of a sheet that have anything in their first columns."""
    with archive.open(part) as file:
        for element in _elements(file, "row"):
            row: Row = {}
            for cell in element.iterfind(NAMESPACE + "c"):
                column = _column(cell.get("r", ""))
                if column >= MOST_COLUMNS:
                    break
                text = _text(cell, texts).strip()
                if text:
                    row[column] = text
            if row:
                yield int(element.get("r", "0")), row


def _column(reference: str) -> int:
    number = 0
    for letter in (_LETTERS.match(reference) or [""])[0]:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _text(cell: ElementTree.Element, texts: list[str]) -> str:
    if cell.get("t") == "inlineStr":
        return "".join(cell.itertext())
    value = cell.findtext(NAMESPACE + "v") or ""
    return texts[int(value)] if cell.get("t") == "s" and value else value


def _rule_of(path: Path, rows: list[tuple[int, Row]]) -> str:
    """The rule's name: the longest of the register that the title names."""
    title = "".join("".join(row.values()) for number, row in rows if number < HEADER_ROW)
    found = [one.title for one in read_register() if one.title in title]
    if not found:
        raise _bad(path, "标题中没有规则库的规则名称")
    return max(found, key=len)


def _details(path: Path, rows: list[tuple[int, Row]]) -> dict[str, tuple[PointLimit, str]]:
    """Number of a detail -> its limit and basis; totals and notes have no number."""
    header = next((row for number, row in rows if number == HEADER_ROW), {})
    places = {title: column for column, title in header.items()}
    logic = next((at for title, at in places.items() if "逻辑" in title), None)
    basis = next((at for title, at in places.items() if "依据" in title), None)
    if logic is None:
        raise _bad(path, f"第 {HEADER_ROW} 行没有列“检测逻辑”")
    found: dict[str, tuple[PointLimit, str]] = {}
    for number, row in rows:
        if number > HEADER_ROW and _NUMBER.match(row.get(0, "")):
            said = row.get(logic, "")
            found[str(int(float(row[0])))] = (limit_of(said), row.get(basis or -1, ""))
    return found


def limit_of(said: str) -> PointLimit:
    """The bounds in a sentence of logic; what it does not say stays empty.

    Shape:   限男性, 限女性; 不低于 or 不超过 N 岁, 天, 元; 每次, 每日, 每年; N 日内;
             级别不低于 一级|二级|三级; 限 codes joined by 、 or ; in brackets 【】.
    """
    allowed = re.search(r"【([^】]+)】", said)
    codes = ";".join(re.split(r"[、;；,，\s]+", allowed[1])) if allowed else None
    if "男性" in said or "女性" in said:
        codes = "1" if "限男性" in said else "2"
    low = re.search(r"(?:不低于|不小于|大于等于)\s*(\d+)", said)
    high = re.search(r"(?:不超过|不大于|小于等于)\s*(\d+)\s*(元)?", said)
    level = re.search(r"级别不低于\s*([一二三])级", said)
    window = re.search(r"(\d+)\s*日内", said)
    unit = re.search(r"每(次|日|年)|(岁|天)", said)
    lowest = int(low[1]) if low else None
    if level:
        lowest = "一二三".index(level[1]) + 1
    if window:
        lowest = int(window[1])
    most = int(high[1]) * (100 if high[2] else 1) if high else None
    return PointLimit(lowest, most, codes, (unit[1] or unit[2]) if unit else None)


def _coded(
    path: Path, details: dict[str, tuple[PointLimit, str]], rows: list[tuple[int, Row]]
) -> Iterator[tuple[object, ...]]:
    """A point for each code; a number that is blank is the one above."""
    titles = _code_header(path, rows)
    current = ""
    for number, row in rows:
        if number <= titles[0]:
            continue
        first = row.get(0, "")
        if first and not _NUMBER.match(first):
            continue
        current = str(int(float(first))) if first else current
        item, other = row.get(titles[1], ""), row.get(titles[2], "") if titles[2] else ""
        if not item:
            continue
        if current not in details:
            raise _bad(path, f"代码表第 {number} 行的序号 {current or '（空）'} 不在明细中")
        limit, basis = details[current]
        yield (item, other or None, limit.low, limit.high, limit.allowed, limit.unit, basis)


def _code_header(path: Path, rows: list[tuple[int, Row]]) -> tuple[int, int, int]:
    """The row of the header of codes, the column of the code, that of the other (0: none)."""
    for number, row in rows:
        places = [
            column for column, title in sorted(row.items()) if "代码" in title or "编码" in title
        ]
        places = [column for column in places if column > 0]
        if places:
            return number, places[0], places[1] if len(places) > 1 else 0
    raise _bad(path, "代码表没有“代码”一列")
