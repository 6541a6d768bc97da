"""A workbook of a few hundred bytes that spans millions of places is refused before it is read."""

from pathlib import Path

import pytest
import xlsxwriter

from gongji.refusals import Refusal
from gongji.tabular import workbooks
from gongji.tabular.sheets import Sheet


def workbook(path: Path, *cells: tuple[int, int, str]) -> Path:
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        for row, column, text in cells:
            sheet.write_string(row, column, text)
    return path


def test_two_cells_at_the_corners_are_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", (0, 0, "编码"), (1_048_575, 16_383, "x"))
    assert path.stat().st_size < 10_000
    with pytest.raises(Refusal, match="几乎全空") as refused:
        list(Sheet(path).chunks())
    assert refused.value.code == "file_unreadable"


def test_a_sheet_with_a_far_cell_that_still_fits_is_read(tmp_path: Path) -> None:
    path = workbook(tmp_path / "b.xlsx", (0, 0, "编码"), (1, 0, "1"), (99_999, 0, "2"))
    rows = [row for chunk in Sheet(path).chunks() for row in chunk]
    assert len(rows) == 2


def test_a_sheet_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = workbook(tmp_path / "c.xlsx", (0, 0, "编码"))
    monkeypatch.setattr(workbooks, "MOST_BYTES", 100)
    with pytest.raises(Refusal, match="解压后超过"):
        list(Sheet(path).chunks())
