"""Files of rows: which are refused whole and with what words, and how their rows are counted."""

from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from gongji.refusals import Refusal, RowRefusal
from gongji.tabular import csv_files
from gongji.tabular.sheets import Sheet
from gongji.tabular.texts import ROW, faults_of, read_slices, read_texts, without_faults


def saved(path: Path, rows: list[list[str]]) -> Path:
    """Rows, the first of them column names, in the format that the path says."""
    if path.suffix == ".csv":
        path.write_text("\n".join(",".join(row) for row in rows) + "\n", encoding="utf-8")
    elif path.suffix == ".parquet":
        columns = [pa.array(column) for column in zip(*rows[1:], strict=True)]
        pq.write_table(pa.Table.from_arrays(columns, names=rows[0]), path)
    else:
        with xlsxwriter.Workbook(path) as book:
            sheet = book.add_worksheet()
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return path


def told(path: Path) -> Refusal:
    """What both readers say of a file."""
    with pytest.raises(Refusal) as first:
        list(Sheet(path).chunks())
    with pytest.raises(Refusal) as second:
        read_texts(path)
    assert (first.value.code, first.value.field) == (second.value.code, second.value.field)
    assert str(path.name) in str(first.value) and str(path.name) in str(second.value)
    return first.value


@pytest.mark.parametrize("ending", ["csv", "parquet", "xlsx"])
def test_a_column_that_is_there_twice_is_refused_by_name(tmp_path: Path, ending: str) -> None:
    """Which of two columns counts is not guessed."""
    rows = [["person", "total", "person ", "date", "total"], ["甲", "1", "乙", "2023-01-01", "2"]]
    found = told(saved(tmp_path / f"twice.{ending}", rows))
    assert found.code == "header_invalid"
    assert "列 person、total 不止一次出现" in str(found) and "date" not in str(found)


@pytest.mark.parametrize("ending", ["csv", "parquet", "xlsx"])
def test_a_column_without_a_name_is_refused_by_its_place(tmp_path: Path, ending: str) -> None:
    """A cell under no name is not dropped silently."""
    found = told(saved(tmp_path / f"unnamed.{ending}", [["person", "", "date"], ["甲", "1", "2"]]))
    assert found.code == "header_invalid" and "第 2 列没有列名" in str(found)


def test_columns_of_a_sheet_that_are_blank_at_its_end_do_not_count(tmp_path: Path) -> None:
    """A spreadsheet remembers cells that were emptied."""
    path = saved(tmp_path / "wide.xlsx", [["person", " ", ""], ["甲", " ", " "]])
    assert Sheet(path).columns == ("person",)
    assert read_texts(path).columns == [ROW, "person"]


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
def test_what_is_no_such_file_is_refused(tmp_path: Path, ending: str) -> None:
    """Broken files, and files of another kind under this ending, never end in a stack trace."""
    path = tmp_path / f"broken.{ending}"
    path.write_bytes(b"\xff\xfe\x00\x81\x00" * 3)
    assert told(path).code == "file_unreadable"


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    """There is not even a line of names."""
    path = tmp_path / "empty.csv"
    path.write_bytes(b"")
    found = told(path)
    assert found.code == "header_invalid" and "第一行应为列名" in str(found)


def parted(tmp_path: Path, mark: str) -> Path:
    """A file of two columns with a mark between them."""
    path = tmp_path / "parted.csv"
    path.write_text(mark.join(["person", "date"]) + "\n" + mark.join("甲乙") + "\n", "utf-8")
    return path


def test_columns_parted_by_another_mark_are_told(tmp_path: Path) -> None:
    """A Chinese comma parts nothing; the columns are not called missing."""
    found = told(parted(tmp_path, "，"))
    assert found.code == "header_invalid" and "英文逗号" in str(found)


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_columns_are_parted_by_the_mark_of_the_header(tmp_path: Path, mark: str) -> None:
    """Spreadsheets of other countries save semicolons, databases tabs and bars."""
    sheet = Sheet(parted(tmp_path, mark))
    assert sheet.columns == ("person", "date")
    assert [record.cells for record in next(sheet.records())] == [("甲", "乙")]


def test_a_row_of_another_width_is_told_with_its_number_and_the_others_stand(
    tmp_path: Path,
) -> None:
    """One comma too many costs one row, not the file."""
    path = tmp_path / "ragged.csv"
    path.write_text("甲列,乙列\n一,二\n三,四,五\n六\n七,八\n", encoding="utf-8")
    frame = read_texts(path)
    assert without_faults(frame).rows() == [(1, "一", "二"), (4, "七", "八")]
    assert [(row, refusal.code, refusal.field) for row, refusal in faults_of(frame)] == [
        (2, "cell_unreadable", "整行"),
        (3, "cell_unreadable", "整行"),
    ]
    (records,) = Sheet(path).records()
    assert [(one.number, bool(one.problems)) for one in records] == [
        (1, False),
        (2, True),
        (3, True),
        (4, False),
    ]
    with pytest.raises(RowRefusal, match="有 3 格，列名有 2 个"):
        list(Sheet(path).chunks())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_rows_are_counted_from_one_below_the_header_without_blank_lines(
    tmp_path: Path, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same numbers however a file is read."""
    path = tmp_path / "rows.csv"
    text = "visit,item\n一,A\n\n二,B\n,\n\n三,\n"
    path.write_text(text, encoding=encoding)
    wanted = [(1, "一"), (2, "二"), (4, "三")]
    assert read_texts(path).select(ROW, "visit").rows() == wanted
    monkeypatch.setattr(csv_files, "_BLOCK", 16)
    slices = list(read_slices(path, "visit", 2))
    assert len(slices) == 2
    assert sorted(pl.concat(slices).select(ROW, "visit").rows()) == wanted
    rows = [row for chunk in Sheet(path).chunks() for row in chunk]
    assert [row[0] for row in rows] == ["一", "二", "三"]
    assert [one.number for (chunk) in Sheet(path).records() for one in chunk] == [1, 2, 4]


@pytest.mark.parametrize("shift", range(3))
def test_a_large_file_is_read_as_utf_8_wherever_its_first_part_is_cut(tmp_path, shift):
    path = tmp_path / "large.csv"
    path.write_text("\ufeffa\n" + "x" * shift + ("星" * 999 + "\n") * 400, encoding="utf-8")
    (rows,) = Sheet(path).chunks()
    assert rows[-1] == ("星" * 999,)
