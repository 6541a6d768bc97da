"""Workbooks of knowledge points in the official form, with made-up points."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from gongji.refusals import Refusal
from gongji.supervision.points import limit_of, read_points

LAST_COLUMN = 16_383


def book(
    path: Path,
    title: str = "“药品区分性别使用”知识点（虚构）",
    logic: str = "限女性使用",
    codes: tuple[tuple[object, ...], ...] = ((1, "XA"), ("", "XB"), (2, "XC"), ("", "XD")),
) -> Path:
    """A workbook as it is published: title in row 2, header in row 4, a total and a note."""
    with xlsxwriter.Workbook(str(path)) as made:
        sheet = made.add_worksheet("明细")
        styled = made.add_format({"bold": True})
        sheet.write(1, 0, title)
        for column, name in enumerate(("序号", "知识点名称", "检测逻辑", "依据", "代码数", "备注")):
            sheet.write(3, column, name)
        for row in (1, 2):
            for column, value in enumerate((row, f"药{row}", logic, "说明书", 2, "")):
                sheet.write(3 + row, column, value)
        sheet.write_row(6, 0, ["合计", "", "", "", 4])
        sheet.write(7, 0, "注：虚构")
        sheet.write_blank(5, LAST_COLUMN, None, styled)
        second = made.add_worksheet("代码")
        second.write_row(0, 0, ["序号", "药品代码", "药品名称"])
        for number, row in enumerate(codes, 1):
            for column, value in enumerate(row):
                if value != "":
                    second.write(number, column, value)
    return path


def test_a_blank_number_is_the_one_above_and_totals_are_no_points(tmp_path: Path) -> None:
    found = read_points([book(tmp_path / "2025-05-23-性别.xlsx")])
    assert found["item"].to_list() == ["XA", "XB", "XC", "XD"]
    assert set(found["rule"]) == {"药品区分性别使用"} and set(found["allowed"]) == {"2"}
    assert set(found["since"]) == {date(2025, 5, 23)} and found["until"].is_null().all()
    assert set(found["basis"]) == {"说明书"}


def test_a_later_version_ends_the_earlier_one(tmp_path: Path) -> None:
    later = book(tmp_path / "2026-01-28.xlsx", codes=((1, "XA"),))
    found = read_points([later, book(tmp_path / "2025-05-23.xlsx")])
    held = found.filter(pl.col("item") == "XA").select("since", "until").rows()
    assert held == [
        (date(2025, 5, 23), date(2026, 1, 28)),
        (date(2026, 1, 28), None),
    ]
    assert found.filter(pl.col("item") == "XB")["until"].to_list() == [date(2026, 1, 28)]


def test_a_pair_has_two_codes(tmp_path: Path) -> None:
    path = tmp_path / "2025-09-01.xlsx"
    with xlsxwriter.Workbook(str(path)) as made:
        sheet = made.add_worksheet()
        sheet.write(1, 0, "医疗服务项目重复收费")
        sheet.write_row(3, 0, ["序号", "名称", "检测逻辑"])
        sheet.write_row(4, 0, [1, "甲与乙", "每次不得同时收取"])
        second = made.add_worksheet()
        second.write_row(1, 0, ["序号", "项目A代码", "名称", "项目B代码"])
        second.write_row(2, 0, [1, "0011", "甲", "0012"])
    (one,) = read_points([path]).to_dicts()
    assert (one["item"], one["other"], one["unit"]) == ("0011", "0012", "次")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("使用者年龄不超过 14 岁", (None, 14, None, "岁")),
        ("年龄不超过28天", (None, 28, None, "天")),
        ("医疗机构级别不低于二级", (2, None, None, None)),
        ("每日不超过 2 次", (None, 2, None, "日")),
        ("30 日内不超过 1 次", (30, 1, None, None)),
        ("每年累计不超过 500 元", (None, 50_000, None, "年")),
        ("限科室【A03、A05】", (None, None, "A03;A05", None)),
        ("限男性", (None, None, "1", None)),
    ],
)
def test_the_logic_is_read(said: str, expected: tuple[object, ...]) -> None:
    limit = limit_of(said)
    assert (limit.low, limit.high, limit.allowed, limit.unit) == expected


def test_what_is_not_of_the_form_is_refused(tmp_path: Path) -> None:
    for path, reason in (
        (book(tmp_path / "性别.xlsx"), "生效日期"),
        (book(tmp_path / "2025-01-01.xlsx", title="别的"), "规则名称"),
        (book(tmp_path / "2025-01-02.xlsx", codes=((3, "XA"),)), "不在明细中"),
    ):
        with pytest.raises(Refusal, match=reason):
            read_points([path])
    broken = tmp_path / "2025-01-03.xlsx"
    broken.write_bytes(b"nothing")
    with pytest.raises(Refusal) as refused:
        read_points([broken])
    assert refused.value.code == "file_unreadable"
