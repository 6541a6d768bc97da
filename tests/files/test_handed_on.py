"""A workbook of results can be handed on: widths, dates, amounts, filter, sums, rules, doubts."""

import re
import zipfile
from datetime import date
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from gongji.cli.main import main
from gongji.law.engine.areas import Areas
from gongji.tabular.handed_on import BookColumn, ResultBook
from gongji.tabular.row_sheets import RowSheet
from gongji.tabular.sheets import Sheet
from gongji.units import parse_day

AREA, DAY = "430500", "2023-03-01"
VISITS = pl.DataFrame(
    {
        "person": ["0012", "0012", "=cmd"],
        "date": [DAY, "2023-03-09", DAY],
        "area": [AREA] * 3,
        "status": ["active"] * 3,
        "level": ["2", "3", "1"],
        "total": ["1000.00", "400.00", "300.07"],
    }
)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("book")
    VISITS.write_csv(folder / "v.csv")
    with pytest.raises(SystemExit) as leaving:
        main(["adjudicate", str(folder / "v.csv"), "-o", str(folder / "r.xlsx")])
    assert leaving.value.code == 0
    return folder / "r.xlsx"


def cells(book: Path, sheet: str) -> list[list[object]]:
    """The cells of a sheet, typed."""
    return CalamineWorkbook.from_path(str(book)).get_sheet_by_name(sheet).to_python()


def test_keys_are_texts_dates_dates_and_amounts_numbers(book: Path) -> None:
    head, *rows = cells(book, "结果")
    found = [dict(zip(map(str, head), row, strict=True)) for row in rows]
    assert [row["person"] for row in found] == ["0012", "0012", "=cmd"]
    assert found[0]["date"] == date(2023, 3, 1) and found[0]["pool_pays"] == 480.0


def test_header_filter_and_widths_are_set(book: Path) -> None:
    with zipfile.ZipFile(book) as archive:
        xml = archive.read("xl/worksheets/sheet1.xml").decode()
        styles = archive.read("xl/styles.xml").decode()
    assert re.search(r'<autoFilter ref="A1:[A-Z]+4"', xml) and 'state="frozen"' in xml
    widths = [float(width) for width in re.findall(r'<col [^>]*width="([0-9.]+)"', xml)]
    assert widths and max(widths) > 30 and "<b/>" in styles
    assert "#,##0.00" in styles and "yyyy-mm-dd" in styles.replace("\\", "")


def test_the_sums_are_those_of_the_columns_and_follow_the_filter(book: Path) -> None:
    head, *rows = cells(book, "结果")
    at = head.index("pool_pays")
    total = round(sum(float(str(row[at])) for row in rows), 2)
    sums = {row[1]: row[2:] for row in cells(book, "合计")[1:]}
    assert sums["pool_pays"] == [3.0, total]
    with zipfile.ZipFile(book) as archive:
        assert "SUBTOTAL(109," in archive.read("xl/worksheets/sheet2.xml").decode()


def test_the_rules_stand_with_hash_and_origin_and_their_doubts(book: Path) -> None:
    law = Areas().area(AREA).law(parse_day(DAY))
    head, *rows = cells(book, "规则与存疑")
    found = [dict(zip(map(str, head), row, strict=True)) for row in rows]
    rules = [row for row in found if row["类别"] == "规则"]
    assert [row["SHA-256"] for row in rules] == [law.hash]
    documents = {row["文号"]: row for row in found if row["类别"] == "文件"}
    assert set(documents) == {one.head.number for one in law.books}
    assert all(documents[one.head.number]["出处"] == one.head.origin for one in law.books)
    doubts = {row["内容"] for row in found if row["类别"] == "存疑"}
    assert doubts == {d.question for one in law.books for d in one.doubts.values()} != set()


def test_a_result_is_read_again_as_the_table_that_it_is(book: Path) -> None:
    sheet = Sheet(book)
    rows = [row for chunk in sheet.chunks() for row in chunk]
    assert len(rows) == 3 and rows[2][sheet.columns.index("person")] == "=cmd"
    assert rows[0][sheet.columns.index("date")] == DAY


def test_a_sheet_that_is_called_as_the_sums_is_read_where_it_is_the_only_one(
    tmp_path: Path,
) -> None:
    made = ResultBook(tmp_path / "a.xlsx")
    made.sheet("合计", [BookColumn("person")]).write([("甲",)])
    made.close()
    assert [row for chunk in Sheet(tmp_path / "a.xlsx").chunks() for row in chunk] == [("甲",)]


def test_a_sheet_without_amounts_has_no_sums(tmp_path: Path) -> None:
    made = ResultBook(tmp_path / "a.xlsx")
    made.sheet("甲", [BookColumn("名称"), BookColumn("日期", "day")]).write([("x", "不详")])
    made.close()
    found = CalamineWorkbook.from_path(str(tmp_path / "a.xlsx"))
    assert found.sheet_names == ["甲"]
    assert found.get_sheet_by_name("甲").to_python()[1] == ["x", "不详"]


UNUSUAL = ["0012", "药 a", " a", "a ", "<r>a</r>", "a & b", 'a"b', "a>b", "a\nb", "\x01", "_x0001_"]
UNUSUAL += ["a\u3000b", "\ufffe", "\U0001f600" * 17_000, "x" * 40_000, "=1+1", "{=1}", "http://a"]


def test_a_row_written_at_once_is_to_the_byte_what_the_library_writes_by_cells(
    tmp_path: Path,
) -> None:
    found = {}
    for at_once in (True, False):
        path = tmp_path / f"{at_once}.xlsx"
        options = {"constant_memory": True, "tmpdir": str(tmp_path)}
        with xlsxwriter.Workbook(str(path), options) as made:
            sheet = made.add_worksheet("甲", RowSheet)
            money, day = (made.add_format({"num_format": form}) for form in ("0.00", "yyyy"))
            for row, text in enumerate(["头", *UNUSUAL, "尾"]):
                cells = [(0, text, None), (3, row / 3, money), (30, 2**60 + row, None)]
                cells += [(31, date(1900, 1, 1 + row), day), (40, "甲乙", None)]
                if at_once:
                    sheet.write_cells(2 * row, cells)
                    continue
                sheet.write_string(2 * row, 0, text)
                sheet.write_number(2 * row, 3, row / 3, money)
                sheet.write_number(2 * row, 30, 2**60 + row)
                sheet.write_datetime(2 * row, 31, date(1900, 1, 1 + row), day)
                sheet.write_string(2 * row, 40, "甲乙")
        with zipfile.ZipFile(path) as archive:
            found[at_once] = {
                name: archive.read(name) for name in archive.namelist() if "core" not in name
            }
    assert found[True] == found[False]
