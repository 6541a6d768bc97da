"""What officials hand in: Excel under a title, two tables in a workbook, words for codes, days that
cannot be, mapping files with mistakes."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from gongji.mirror.nightly import MirrorWishes, mirror_tables
from gongji.mirror.table_mapping import load_mapping
from gongji.refusals import Refusal, RulebookError
from mirror.test_mirror import SETTLED, nothing, read, rows_of, settle

LINE = {
    "BKKP_SN": "L1", "SETL_ID": "1", "PSN_NO": SETTLED["PSN_NO"], "DET_ITEM_FEE_SUMAMT": "100.00",
}  # fmt: skip


def workbook(path, **sheets):
    """An Excel workbook: sheets by name, each a list of rows."""
    with xlsxwriter.Workbook(str(path)) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for at, row in enumerate(rows):
                sheet.write_row(at, 0, row)


def under_title(rows):
    """Rows as records under a title and a line of blanks."""
    return [["邵阳市（虚构）"], [], list(rows[0]), *([*row.values()] for row in rows)]


def mirrored(folder, output):
    return mirror_tables([folder], MirrorWishes(output, keep_numbers=True), nothing)


def test_tables_of_one_workbook_are_read_each_under_its_title(tmp_path):
    folder = tmp_path / "tables"
    folder.mkdir()
    settled = [SETTLED, SETTLED | {"SETL_ID": "2"}]
    notes = [["说明", "填报人"], ["无", "测试"]]
    workbook(
        folder / "本月.xlsx",
        结算信息表=under_title(settled),
        Sheet2=[list(LINE), list(LINE.values())],
        FEE_LIST_D=under_title([LINE]),
        说明=notes,
    )
    checks = mirrored(folder, tmp_path / "out")
    assert rows_of(checks)["read"] == 2 and rows_of(checks, "FEE_LIST_D")["read"] >= 1
    assert read(tmp_path / "out", "visits")["paid_pool_fen"].to_list() == [6000, 6000]
    assert checks.read_as["本月.xlsx（工作表 结算信息表）"] == "列名在第 3 行"
    assert [Path(name).name for name in checks.passed_over] == ["本月.xlsx（工作表 Sheet2）"]


def test_a_csv_under_a_title_is_read(tmp_path):
    folder = tmp_path / "tables"
    folder.mkdir()
    text = pl.DataFrame([SETTLED]).write_csv()
    (folder / "SETL_D.csv").write_text(f"邵阳市（虚构）\n导出日期：2023-03-02\n{text}", "utf-8")
    checks = mirrored(folder, tmp_path / "out")
    assert rows_of(checks)["written"] == 1
    assert checks.read_as == {"SETL_D.csv": "列名在第 3 行"}


def test_a_copy_is_told_as_what_it_is(tmp_path):
    checks, _ = settle(tmp_path, {}, name="CLRED_SETL_D.csv")
    assert checks.read_as == {"CLRED_SETL_D.csv": "是 CLRED_SETL_D，读作 SETL_D"}


def test_where_nothing_is_a_table_every_file_is_named(tmp_path):
    (tmp_path / "a.csv").write_text("x,y\n1,2\n", "utf-8")
    workbook(tmp_path / "b.xlsx", 甲=[["x"], ["1"]])
    with pytest.raises(Refusal) as told:
        mirrored(tmp_path, tmp_path / "out")
    assert "a.csv" in str(told.value) and "b.xlsx" in str(told.value)


@pytest.mark.parametrize(
    ("insurance", "way"),
    [
        ("310", "written"),
        ("职工基本医疗保险", "written"),
        ("城镇职工基本医疗保险", "written"),
        ("390", "other_insurance"),
        ("职工大额医疗费用补助", "other_insurance"),
        ("城乡居民基本医疗保险", "other_insurance"),
        ("职 工", "rejected"),
        ("X", "rejected"),
    ],
)
def test_an_insurance_may_be_told_in_words_and_an_unknown_one_is_told(tmp_path, insurance, way):
    checks, out = settle(tmp_path, {"INSUTYPE": insurance}, {"SETL_ID": "2"})
    found = {"written": 1} | rows_of(checks)
    assert found[way] == (2 if way == "written" else 1)
    told = (out / "rejected.csv").read_text("utf-8-sig")
    assert (insurance in told) == (way == "rejected")


@pytest.mark.parametrize(
    ("wrong", "column"),
    [
        ({"SETL_TIME": "0001-01-01 00:00:00"}, "SETL_TIME"),
        ({"SETL_TIME": "1998-12-31 23:59:59"}, "SETL_TIME"),
        ({"BEGNDATE": "9999-12-31"}, "BEGNDATE"),
        ({"BEGNDATE": "2023-03-03", "SETL_TIME": "2023-03-03 00:00:00"}, "SETL_TIME"),
        ({"ENDDATE": "2099-12-31"}, "ENDDATE"),
    ],
)
def test_a_settlement_of_a_day_that_cannot_be_is_rejected(tmp_path, wrong, column):
    last = {"SETL_ID": "2", "SETL_TIME": "2023-03-02 23:59:59", "ENDDATE": "2023-03-02"}
    first = {"SETL_ID": "3", "SETL_TIME": "1999-01-01 00:00:00", "BEGNDATE": "1999-01-01"}
    first["ENDDATE"] = "1999-01-01"
    checks, out = settle(tmp_path, wrong, last, first, latest_day=date(2023, 3, 2))
    assert (rows_of(checks)["written"], rows_of(checks)["rejected"]) == (2, 1)
    told = pl.read_csv(out / "rejected.csv", infer_schema=False)
    assert told.select("column", "cause").rows() == [(column, "day_impossible")]
    assert "晚于今天" in told["reason"][0]


def test_the_last_day_of_a_spell_may_be_any(tmp_path):
    folder = tmp_path / "tables"
    folder.mkdir()
    pl.DataFrame([SETTLED]).write_csv(folder / "SETL_D.csv")
    spell = {"PSN_INSU_RLTS_ID": "1", "PSN_NO": SETTLED["PSN_NO"], "INSUTYPE": "310"}
    spell |= {"PSN_TYPE": "11", "CRT_INSU_DATE": "1990-01-01", "PAUS_INSU_DATE": "9999-12-31"}
    pl.DataFrame([spell]).write_csv(folder / "PSN_INSU_D.csv")
    mirrored(folder, tmp_path / "out")
    assert read(tmp_path / "out", "spells")["until"].to_list() == [date(9999, 12, 30)]


WRONG = """版本: 本市-1
表:
  SETL_X: {列: {A: 文}}
  SETL_D:
    主建: SETL_ID
    主键: SETL_ID+NO
    必需: [SETL_ID, NOPE]
    列:
      MEDFEE_SUMAMT: [文, 费用总额]
      MED_TYPE: 号
      费用总额: [元]
      HIFP_PAY: [钱]
      PSN_NO: 号
代码:
  MEDTYPE: {"11": ordinary}
  MED_TYPE: {"11": ordinery, "14": 慢性病, 0521: inpatient}
更新时间: UPDT_TIME
没有: 1
"""


def test_every_mistake_of_a_mapping_file_is_told_with_its_line(tmp_path):
    path = tmp_path / "本市.yaml"
    path.write_text(WRONG, "utf-8")
    with pytest.raises(RulebookError) as told:
        load_mapping([path])
    found = {(one.line, one.key) for one in told.value.problems}
    assert found == {
        (3, "SETL_X"), (5, "SETL_D.主建"), (6, "SETL_D.主键"), (7, "SETL_D.必需"),
        (9, "SETL_D.MEDFEE_SUMAMT"), (11, "SETL_D.费用总额"), (12, "SETL_D.HIFP_PAY"),
        (13, "SETL_D.PSN_NO"), (15, "MEDTYPE"), (16, "MED_TYPE.11"), (17, "更新时间"), (18, "没有"),
    }  # fmt: skip
    assert all("可取" in one.message or "应是" in one.message or "国家" in one.message
               for one in told.value.problems)  # fmt: skip


@pytest.mark.parametrize("text", ["", "版本: [", "- 1\n", "表: 1\n", "表: {SETL_D: 1}\n", "甲: 1"])
def test_what_is_no_mapping_file_is_refused(tmp_path, text):
    path = tmp_path / "本市.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(RulebookError):
        load_mapping([path])


def test_meanings_may_be_words_and_codes_keep_their_zeros(tmp_path):
    path = tmp_path / "本市.yaml"
    path.write_text("代码:\n  MED_TYPE: {051: 住院, 52: 慢性病}\n  HOSP_LV: {1: 三级}\n", "utf-8")
    mapping = load_mapping([path])
    assert mapping.code("MED_TYPE", "0511") == "inpatient" and mapping.code("MED_TYPE", "41")
    assert mapping.code("MED_TYPE", "52") == "chronic" and mapping.code("HOSP_LV", "1") == "3"
