"""Files as clerks hand them in: one test for each kind of fault, with siblings of it.

docs/inside/files.md names the kinds and these tests.
"""

import csv
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from gongji.cli.main import main
from gongji.platform.imports import import_columns

HEAD = "person,date,area,status,level,total"
Fill = Callable[[Any], None]


@pytest.fixture
def gongji(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> "Runner":
    """The command line in a folder of its own."""
    return Runner(tmp_path, capsys)


class Runner:
    """Commands on files that are written beside their results."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys
        self.said = ""

    def text(self, name: str, *lines: str, encoding: str = "utf-8") -> Path:
        """A file of lines."""
        path = self.folder / name
        path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
        return path

    def book(self, name: str, **sheets: Fill | list[list[object]]) -> Path:
        """A workbook, each sheet of rows or filled by a function."""
        path = self.folder / name
        with xlsxwriter.Workbook(path) as book:
            for title, content in sheets.items():
                sheet = book.add_worksheet(title)
                if callable(content):
                    content(sheet)
                else:
                    for at, row in enumerate(content):
                        sheet.write_row(at, 0, row)
        return path

    def run(self, *words: object) -> int:
        """The exit code of a command; what it said stays in `said`."""
        with pytest.raises(SystemExit) as leaving:
            main([str(word) for word in words])
        found = self.capsys.readouterr()
        self.said = found.out + found.err
        return int(leaving.value.code or 0)

    def settle(self, visits: Path, *more: str) -> list[dict[str, str]]:
        """The settled rows of a file."""
        self.code = self.run("adjudicate", visits, "-o", self.folder / "out.csv", *more)
        return self.rows("out.csv")

    def rows(self, name: str) -> list[dict[str, str]]:
        """A result as rows; none where there is no such file."""
        path = self.folder / name
        if not path.exists():
            return []
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    def rejected(self) -> list[tuple[str, str, str]]:
        """Row, column and code of what was not settled."""
        found = self.rows("out.rejected.csv")
        return [(row["row_number"], row["column"], row["refusal"]) for row in found]


def pool(rows: list[dict[str, str]]) -> list[str]:
    """What the pool pays, row by row."""
    return [row["pool_pays"] for row in rows]


@pytest.mark.parametrize(
    "first", [" 2023-01-05", "2023/1/5", "20230105", "2023年1月5日", "2023-01-05 08:30:00"]
)
def test_01_rows_are_ordered_by_the_date_that_was_read(gongji: Runner, first: str) -> None:
    lines = [f"A,{day},430500,active,2,5000" for day in (first, "2022-12-20", "2023-01-06")]
    rows = gongji.settle(gongji.text("v.csv", HEAD, *lines))
    assert sum(map(Decimal, pool(rows))) == Decimal("3000.00")
    assert [row["date"] for row in rows] == ["2022-12-20", "2023-01-05", "2023-01-06"]


@pytest.mark.parametrize("other", ["0012 ", "\u30000012", "００１２", "\ufeff0012"])
def test_02_a_key_is_one_however_it_is_written(gongji: Runner, other: str) -> None:
    lines = [
        f"{person},2023-03-0{day},430500,active,2,1000,{paid}"
        for person, day, paid in (("0012", 1, 480), (other, 2, 600))
    ]
    path = gongji.text("v.csv", f"{HEAD},paid_pool", *lines)
    rows = gongji.settle(path, "--ignore", "paid_pool")
    assert pool(rows) == ["480.00", "600.00"]
    assert [row["person"] for row in rows] == ["0012", "0012"]
    assert gongji.run("audit", path) == 0, gongji.said


def test_02_other_keys_of_meters_are_one_too(gongji: Runner) -> None:
    head = f"{HEAD},benefit,disease,visit"
    lines = [
        f"A,2023-03-0{day},532300,active,2,1000,chronic,{disease},{day}"
        for day, disease in ((1, "hypertension"), (2, " hypertension"), (3, "hypertension "))
    ]
    blanks = pool(gongji.settle(gongji.text("v.csv", head, *lines)))
    plain = [line.replace(" ", "") for line in lines]
    assert blanks == pool(gongji.settle(gongji.text("w.csv", head, *plain)))


def test_03_a_number_of_more_than_15_digits_is_refused(gongji: Runner) -> None:
    names = HEAD.split(",")
    rows = [[532301196001010000 + n, "2023-03-01", "430500", "active", "2", 1000] for n in (1, 2)]
    good = ["P", "2023-03-01", "430500", "active", "2", 1000]
    found = gongji.settle(gongji.book("v.xlsx", 就诊=[names, *rows, good]))
    assert [row["row_number"] for row in found] == ["3"]
    assert gongji.rejected() == [
        ("1", "person", "cell_unreadable"),
        ("2", "person", "cell_unreadable"),
    ]
    assert "15 位" in gongji.rows("out.rejected.csv")[0]["reason"]
    assert "A2" in gongji.rows("out.rejected.csv")[0]["reason"]


def test_03_so_is_a_key_that_a_parquet_file_has_as_a_float(gongji: Runner) -> None:
    path = gongji.folder / "v.parquet"
    cells = {"date": "2023-03-01", "area": "430500", "status": "active", "level": "2", "total": "9"}
    pq.write_table(
        pa.table({"person": [5.3e17, 12.0]} | {name: [text] * 2 for name, text in cells.items()}),
        path,
    )
    assert [row["person"] for row in gongji.settle(path)] == ["12"]
    assert gongji.rejected() == [("1", "person", "cell_unreadable")]


def test_04_an_error_and_a_formula_without_value_are_no_empty_cells(gongji: Runner) -> None:
    def fill(sheet: Any) -> None:
        sheet.write_row(0, 0, [*HEAD.split(","), "in_scope", "third_party"])
        for at, person in enumerate("ABCD", start=1):
            sheet.write_row(at, 0, [person, "2023-03-01", "532300", "active", "2", 1000])
        sheet.write_formula(1, 6, "=VLOOKUP(A2,B:C,2,0)", None, "#N/A")
        sheet.write_formula(2, 6, "=F3*0.8", None, "")
        sheet.write_formula(3, 7, "=X1", None, "#REF!")
        sheet.write_formula(4, 6, "=F5*0.8", None, 800)

    path = gongji.book("v.xlsx", 就诊=fill)
    assert [row["person"] for row in gongji.settle(path)] == ["D"]
    reasons = [row["reason"] for row in gongji.rows("out.rejected.csv")]
    assert [("错误值 #N/A" in reasons[0]), ("公式没有算出" in reasons[1])] == [True, True]
    assert "错误值 #REF!" in reasons[2] and "H4" in reasons[2]


@pytest.mark.parametrize("count", ["²", "①", "٣", "一", "1.5"])
def test_09_what_is_no_decimal_digit_costs_one_row(gongji: Runner, count: str) -> None:
    head = f"{HEAD},benefit,disease,disease_count"
    rows = gongji.settle(
        gongji.text(
            "v.csv",
            head,
            f"A,2023-03-01,532300,active,2,1000,chronic,hypertension,{count}",
            "B,2023-03-01,532300,active,2,1000,ordinary,,",
        )
    )
    assert [row["person"] for row in rows] == ["B"]
    assert gongji.rejected() == [("1", "disease_count", "value_invalid")]


def test_10_a_row_of_another_month_is_refused(gongji: Runner) -> None:
    head = "person,month,status,base"
    roster = gongji.text("r.csv", head, "A,2023-04,active,4000", "A,2023-05,active,5000")
    words = ("accrue", roster, "--area", "430500", "-o", gongji.folder / "out.csv")
    assert gongji.run(*words, "--month", "2023-05") == 0
    assert [(row["month"], row["credit"]) for row in gongji.rows("out.csv")] == [
        ("2023-05", "100.00")
    ]
    assert gongji.rejected() == [("1", "month", "value_invalid")]


@pytest.mark.parametrize("month", ["2023-05-99", "2023-13", "2023.05", "²023-05"])
def test_10_what_is_no_month_is_refused(gongji: Runner, month: str) -> None:
    roster = gongji.text("r.csv", "person,month,status,base", f"A,{month},active,4000")
    words = ("accrue", roster, "--area", "430500", "-o", gongji.folder / "out.csv")
    assert gongji.run(*words) == 1
    assert gongji.rejected() == [("1", "month", "value_invalid")]


def test_13_the_first_sign_of_gb18030_may_come_late(gongji: Runner) -> None:
    lines = [f"P{n:07d},2023-03-01,532300,active,2,100" for n in range(30_000)]
    path = gongji.text(
        "v.csv", HEAD, *lines, "测试,2023-03-01,532300,active,2,100", encoding="gb18030"
    )
    assert path.stat().st_size > 1 << 20
    assert "测试" in [row["person"] for row in gongji.settle(path)]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_13_every_encoding_reads_the_same(gongji: Runner, encoding: str) -> None:
    lines = ["張誠,2023-03-01,430500,active,2,1000", "乙,2023-03-02,430500,active,2,1000"]
    rows = gongji.settle(gongji.text("v.csv", HEAD, *lines, encoding=encoding))
    assert sorted(row["person"] for row in rows) == ["乙", "張誠"]


def test_14_amounts_are_what_excel_shows_and_what_a_decimal_is(gongji: Runner) -> None:
    names = HEAD.split(",")
    visit: dict[str, object] = dict(
        zip(names, ["A", "2023-03-01", "430500", "active", "2", 0], strict=True)
    )
    path = gongji.folder / "v.parquet"
    for total, wanted in ((Decimal("1000.0000"), "480.00"), (1000.0, "480.00"), (1000, "480.00")):
        kind = pa.decimal128(12, 4) if isinstance(total, Decimal) else None
        columns = {n: pa.array([v]) for n, v in visit.items()} | {"total": pa.array([total], kind)}
        pq.write_table(pa.table(columns), path)
        assert pool(gongji.settle(path)) == [wanted]
    book = gongji.book(
        "v.xlsx", 就诊=[names, ["A", "2023-03-01", "430500", "active", "2", 333 * 3.1]]
    )
    found = gongji.settle(book)
    assert gongji.rejected() == [] and len(found) == 1


def test_14_a_formula_gives_the_amount_that_excel_shows(gongji: Runner) -> None:
    """33.3*3 is 99.89999999999999 as a float: 99.90, of which 70 % in level 1 of 430500, 69.93."""
    assert repr(33.3 * 3) != "99.9"
    row = ["A", "2023-03-01", "430500", "active", "1", 33.3 * 3]
    (found,) = gongji.settle(gongji.book("v.xlsx", 就诊=[HEAD.split(","), row]))
    assert (found["pool_pays"], found["person_pays"]) == ("69.93", "29.97")


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2025-12-31T16:30:00.000Z", "2026-01-01"),
        ("2025-12-31T23:30:00+08:00", "2025-12-31"),
        ("2025-12-31 16:30:00+00", "2026-01-01"),
        ("2025-12-31 23:30:00.123+08", "2025-12-31"),
        ("2026-01-01 00:05:00+08", "2026-01-01"),
        ("2026-01-01 00:05:00+0830", "2025-12-31"),
        ("2025-12-31 16:30:00 UTC", "2026-01-01"),
        ("2026-01-01Z", "2026-01-01"),
        ("2026-01-01 00:30:00", "2026-01-01"),
    ],
)
def test_07_an_instant_in_a_file_is_its_day_in_china(gongji: Runner, text: str, day: str) -> None:
    """Whether the table of visits is settled or a roster credited: another day is another year."""
    line = f"甲,{text},430500,active,1,700"
    assert [row["date"] for row in gongji.settle(gongji.text("v.csv", HEAD, line))] == [day]
    roster = gongji.text("r.csv", "person,area,month,status,base", f"甲,430500,{text},active,4000")
    assert gongji.run("accrue", roster, "-o", gongji.folder / "credits.csv") == 0, gongji.said
    assert gongji.rows("credits.csv")[0]["credit"] == "80.00"
    assert day[:7] in gongji.rows("credits.csv")[0]["explanation"]
    assert str(import_columns.instant(text).date()) == day


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_24_a_number_of_a_day_is_told_as_excels(gongji: Runner, kind: str) -> None:
    """44986 days after 1899-12-30 are 2023-03-01; the other rows go on."""
    rows: list[list[object]] = [
        ["甲", 44986, "430500", "active", "1", 700],
        ["乙", "2023-03-01", "430500", "active", "1", 700],
    ]
    if kind == "xlsx":
        path = gongji.book("v.xlsx", 就诊=[HEAD.split(","), *rows])
    else:
        path = gongji.text("v.csv", HEAD, *(",".join(map(str, row)) for row in rows))
    assert [row["person"] for row in gongji.settle(path)] == ["乙"]
    (told,) = gongji.rows("out.rejected.csv")
    assert (told["row_number"], told["column"]) == ("1", "date")
    wanted = "44986 像是 Excel 的日期序号，即 2023-03-01；请把这一列设为日期格式"
    assert wanted in told["reason"]
    for read in (import_columns.day, import_columns.month_name):
        with pytest.raises(ValueError, match="即 2023-03-01"):
            read("44986")
    with pytest.raises(ValueError, match="日期，如 2025-01-31$"):
        import_columns.day("99999")


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_24_a_row_of_the_table_named_as_its_header_is_told_with_the_right_row(
    gongji: Runner, kind: str
) -> None:
    person = ["甲", "active", "", 4000, "2023-05", "在编"]
    rows: list[list[object]] = [["退休人员"], ROSTER[2], person]
    if kind == "xlsx":
        path = gongji.book("r.xlsx", 退休人员=rows)
    else:
        path = gongji.text("r.csv", *(",".join(map(str, [*row, ""][:6])) for row in rows))
    words = ("accrue", path, "--area", "430500", "-o", gongji.folder / "out.csv", "--header-row")
    assert gongji.run(*words, "3") == 1
    assert "第 3 行像是明细，不是列名" in gongji.said and "请改为 --header-row 2" in gongji.said
    assert "删去这一列" not in gongji.said
    assert gongji.run(*words, "2") == 1
    assert "不认识的列或事实 备注；可用的列：person、area、" in gongji.said


@pytest.mark.parametrize(
    ("command", "known"), [("adjudicate", "person、visit、"), ("audit", "person、visit、")]
)
def test_24_a_strange_column_is_told_with_those_that_there_may_be(
    gongji: Runner, command: str, known: str
) -> None:
    lines = ("A,2023-03-01,430500,active,1,700,1,480", "B,2023-03-01,430500,active,1,700,2,480")
    head = f"{HEAD},序号,paid_pool" if command == "audit" else f"{HEAD},序号,备注"
    gongji.run(command, gongji.text("v.csv", head, *lines), "-o", gongji.folder / "out.csv")
    wanted = "序号" if command == "audit" else "序号、备注"
    assert f"不认识的列或事实 {wanted}；可用的列：{known}" in gongji.said


@pytest.mark.parametrize("total", ["1000.005", "1e3", "1,50", "１０００．００1", "NaN"])
def test_14_other_amounts_are_refused(gongji: Runner, total: str) -> None:
    path = gongji.text("v.csv", HEAD, f'A,2023-03-01,430500,active,2,"{total}"')
    gongji.settle(path)
    assert gongji.rejected() == [("1", "total", "amount_invalid")] and gongji.code == 1


@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_15_blank_rows_do_not_count(gongji: Runner, ending: str) -> None:
    head = [*HEAD.split(","), "paid_pool"]
    rows: list[list[object]] = [
        ["A", "2023-03-01", "430500", "active", "2", 1000, 480],
        [],
        ["B", "2023-03-01", "430500", "active", "2", 1000, 480],
        [],
        [" "],
    ]
    if ending == "xlsx":
        path = gongji.book("v.xlsx", 就诊=[list(head), *rows])
    else:
        texts = [",".join(map(str, [*row, *[""] * (7 - len(row))])) for row in rows]
        path = gongji.text("v.csv", ",".join(head), *texts)
    assert gongji.run("audit", path) == 0, gongji.said
    assert "共 2 行" in gongji.said
    rows_settled = gongji.settle(path, "--ignore", "paid_pool")
    assert [row["row_number"] for row in rows_settled] == ["1", "3"] and gongji.rejected() == []


def test_17_a_hidden_sheet_is_passed_over_and_several_are_told(gongji: Runner) -> None:
    visits: list[list[object]] = [
        HEAD.split(","),
        ["A", "2023-03-01", "430500", "active", "2", 1000],
    ]

    def hide(sheet: Any) -> None:
        sheet.write_row(0, 0, ["代码", "名称"])
        sheet.hide()

    def first(sheet: Any) -> None:
        for at, row in enumerate(visits):
            sheet.write_row(at, 0, row)
        sheet.activate()
        sheet.set_first_sheet()

    path = gongji.book("v.xlsx", 字典=hide, 就诊=first)
    assert pool(gongji.settle(path)) == ["480.00"]
    two = gongji.book("w.xlsx", 说明书=[["说明"], ["甲"]], 就诊=visits)
    assert gongji.run("adjudicate", two, "-o", gongji.folder / "two.csv") == 1
    assert (
        "sheet_unclear" in gongji.said
        and "说明书、就诊" in gongji.said
        and "--sheet" in gongji.said
    )
    assert pool(gongji.settle(two, "--sheet", "就诊")) == ["480.00"]
    assert gongji.run("adjudicate", two, "-o", gongji.folder / "x.csv", "--sheet", "无") == 1
    assert "可取：说明书、就诊" in gongji.said or "说明书、就诊" in gongji.said


def test_17_the_files_beside_have_sheets_and_header_rows_of_their_own(gongji: Runner) -> None:
    visits = gongji.text("v.csv", "visit," + HEAD[:-6], "V,A,2023-03-01,430500,active,2")
    note: list[list[object]] = [["说明"], ["甲"]]
    title: list[list[object]] = [["某院费用明细"], []]
    head: list[list[object]] = [["visit", "item", "quantity", "amount"]]
    lines = gongji.book("l.xlsx", 说明书=note, 明细=[*title, *head, ["V", "X", 1, 1000]])
    catalogue = gongji.book(
        "c.xlsx", 说明书=note, 目录=[["item", "from", "class"], ["X", "2023-01-01", "甲"]]
    )
    opening = gongji.book(
        "o.xlsx",
        说明书=note,
        期初=[*title, ["person", "meter", "amount"], ["A", "year_deductible", 200]],
    )
    words = ["--lines", lines, "--catalogue", catalogue, "--opening", opening]

    def told(*more: str) -> str:
        code = gongji.run("adjudicate", visits, "-o", gongji.folder / "out.csv", *words, *more)
        return gongji.said if code else ""

    given = ["--sheet", "catalogue=目录"]
    assert "c.xlsx" in told() and "--sheet catalogue=表名" in gongji.said
    assert "--sheet lines=表名" in told(*given)
    given += ["--sheet", "lines=明细"]
    assert "请加 --header-row lines=3" in told(*given)
    given += ["--header-row", "lines=3"]
    assert "--sheet opening=表名" in told(*given)
    given += ["--sheet", "opening=期初", "--header-row", "opening=3"]
    assert told(*given) == "", gongji.said
    # 200 of the year's 300 were borne: the deductible of level 2 is 200, of which 200 are left but
    # for the year's 100: (1000 - 100) x 60 %.
    assert pool(gongji.rows("out.csv")) == ["540.00"]
    assert "没有给出 --opening" in _usage(gongji, visits, "--sheet", "opening=期初")
    assert "给了两次" in _usage(gongji, visits, "--sheet", "甲", "--sheet", "乙")
    assert "应为行号" in _usage(gongji, visits, "--header-row", "三")


def _usage(gongji: Runner, visits: Path, *more: str) -> str:
    assert gongji.run("adjudicate", visits, "-o", gongji.folder / "x.csv", *more) == 2
    return gongji.said


def test_18_a_visit_to_come_is_told(gongji: Runner) -> None:
    rows = gongji.settle(gongji.text("v.csv", HEAD, "A,3023-03-01,430500,active,2,1000"))
    assert [row["note"] for row in rows] == ["就诊日期晚于今天"]
    assert "1 次就诊的日期晚于今天" in gongji.said


def test_18_a_run_in_which_nothing_was_settled_is_no_success(gongji: Runner) -> None:
    path = gongji.text("v.csv", HEAD, "A,2023-03-99,430500,active,2,1000")
    assert gongji.settle(path) == [] and gongji.code == 1
    roster = gongji.text("r.csv", "person,month,status,base", "A,2023-05,nobody,4000")
    assert gongji.run("accrue", roster, "--area", "430500") == 1


@pytest.mark.parametrize("before", ["", "\n", ",,,,,\n"])
def test_19_blank_lines_before_the_header_are_passed_over(gongji: Runner, before: str) -> None:
    path = gongji.text("v.csv", before + "\n" + HEAD, "P1,2023-03-01,532300,active,2,1000")
    assert [(row["row_number"], row["person"]) for row in gongji.settle(path)] == [("1", "P1")]
    assert gongji.rejected() == []


@pytest.mark.parametrize("line", ["P1,2023-03-01,532300,active,2,1,000", "P1,2023-03-01,532300"])
def test_19_a_row_of_another_width_costs_one_row(gongji: Runner, line: str) -> None:
    path = gongji.text("v.csv", HEAD, line, "P2,2023-03-01,532300,active,2,1000")
    assert [(row["row_number"], row["person"]) for row in gongji.settle(path)] == [("2", "P2")]
    assert gongji.rejected() == [("1", "整行", "cell_unreadable")]


def test_19_quoted_lines_and_crlf(gongji: Runner) -> None:
    path = gongji.folder / "v.csv"
    path.write_bytes(
        f'{HEAD},visit\r\n"P1",2023-03-01,532300,active,2,1000,"一\r\n二"\r\n\r\n'
        "P2,2023-03-01,532300,active,2,1000,三\r\n".encode()
    )
    assert [(row["row_number"], row["person"]) for row in gongji.settle(path)] == [
        ("1", "P1"),
        ("2", "P2"),
    ]


@pytest.mark.parametrize("bad", ["2023-03-01,430500,active,2,x", "2023-02-30,430500,active,2,9"])
def test_20_visits_after_one_that_was_not_read_are_marked(gongji: Runner, bad: str) -> None:
    path = gongji.text(
        "v.csv",
        HEAD,
        f"A,{bad}",
        "A,2023-03-02,430500,active,2,500",
        "B" + bad[:0] + ",2023-03-02,430500,active,2,500",
    )
    rows = gongji.settle(path)
    assert [bool(row["note"]) for row in rows] == [True, False]
    assert "第 1 行" in rows[0]["note"] and "未能读取" in rows[0]["note"]
    assert "1 次就诊的本人另有就诊未能读取" in gongji.said


def test_20_an_amount_with_commas_is_not_read_in_a_file_of_visits(gongji: Runner) -> None:
    path = gongji.text(
        "v.csv", HEAD, 'A,2023-03-01,430500,active,2,"1,000.00"', "A,2023-03-02,430500,active,2,500"
    )
    rows = gongji.settle(path)
    assert gongji.rejected() == [("1", "total", "amount_invalid")] and "第 1 行" in rows[0]["note"]


def test_20_a_visit_before_it_is_not_marked(gongji: Runner) -> None:
    path = gongji.text(
        "v.csv", HEAD, "A,2023-03-05,430500,active,2,x", "A,2023-03-02,430500,active,2,500"
    )
    assert [row["note"] for row in gongji.settle(path)] == [""]


def test_22_a_row_that_stands_twice_is_told(gongji: Runner) -> None:
    head = "person,visit,date,area,status,level,total"
    line = "A,MZ0002,2023-03-05,430500,active,2,1000"
    other = line.replace("MZ0002", "MZ0003")
    rows = gongji.settle(gongji.text("v.csv", head, line, other, line))
    assert [row["note"] for row in rows] == ["", "", "与第 1 行完全相同"]
    assert "1 行与同一人同一天的另一行完全相同" in gongji.said
    gongji.run("adjudicate", gongji.folder / "v.csv", "-o", gongji.folder / "x.csv", "--json")
    assert json.loads(gongji.said)["notes"] == {"repeated": 1}


ROSTER: list[list[object]] = [
    ["XX县职工医保参保人员花名册（2023年5月）"],
    ["填报单位（盖章）：XX县第一中学          单位：元"],
    ["person", "status", "birth_date", "base", "month", "备注"],
    ["甲", "active", "1980-01-01", 4000, "2023年5月"],
    ["乙 ", " active", "1975.3.3", "５０００", 202305],
    ["小计", "", "", 9000],
    [],
    ["制表人：测试", "", "", "审核人："],
]


def test_24_a_title_over_the_header_is_told_with_what_to_do(gongji: Runner) -> None:
    path = gongji.book("r.xlsx", 在职人员=[row[:5] for row in ROSTER])
    words = ("accrue", path, "--area", "430500", "-o", gongji.folder / "out.csv")
    assert gongji.run(*words) == 1
    assert (
        "列名看来在第 3 行，请加 --header-row 3" in gongji.said
        and "XX县职工医保参保人员花" in gongji.said
    )
    assert gongji.run(*words, "--header-row", "3") == 0, gongji.said
    assert [(row["person"], row["credit"]) for row in gongji.rows("out.csv")] == [
        ("甲", "80.00"),
        ("乙", "100.00"),
    ]
    told = [(row["row_number"], row["column"]) for row in gongji.rows("out.rejected.csv")]
    assert told == [("3", "整行"), ("5", "整行")]


def test_24_a_merged_cell_is_no_empty_cell(gongji: Runner) -> None:
    def fill(sheet: Any) -> None:
        sheet.write_row(0, 0, HEAD.split(","))
        for at, person in enumerate("AB", start=1):
            sheet.write_row(at, 0, [person, "2023-03-01", "430500", "active", "2"])
        sheet.merge_range(1, 5, 2, 5, 1000)

    assert [row["person"] for row in gongji.settle(gongji.book("v.xlsx", 就诊=fill))] == ["A"]
    assert gongji.rejected() == [("2", "total", "cell_unreadable")]
    assert "F2:F3" in gongji.rows("out.rejected.csv")[0]["reason"]


def test_timestamps_of_a_parquet_file_are_days_of_china(gongji: Runner) -> None:
    instant = datetime(2022, 12, 31, 16, 30, tzinfo=UTC)
    columns: dict[str, object] = {
        "person": ["A"],
        "date": pa.array([instant], pa.timestamp("ms", tz="UTC")),
        **{
            name: [text]
            for name, text in (("area", "430500"), ("status", "active"), ("level", "2"))
        },
        "total": ["1000"],
    }
    path = gongji.folder / "v.parquet"
    pq.write_table(pa.table(columns), path)
    assert [row["date"] for row in gongji.settle(path)] == ["2023-01-01"]
    naive = columns | {"date": pa.array([datetime(2022, 12, 31, 16, 30)], pa.timestamp("us"))}
    pq.write_table(pa.table(naive), path)
    assert [row["date"] for row in gongji.settle(path)] == ["2022-12-31"]


def test_a_frame_is_read_by_the_same_form() -> None:
    import gongji as package

    frame = pl.DataFrame(
        {
            "person": ["0012", "0012 "],
            "date": ["2023/3/1", "2023-03-02"],
            "status": ["active"] * 2,
            "level": ["2"] * 2,
            "total": ["1000"] * 2,
        }
    )
    found = package.adjudicate(frame, area="430500")
    assert found["pool_pays"].to_list() == [Decimal("480.00"), Decimal("600.00")]


@pytest.mark.parametrize(
    ("person", "says"),
    [
        ("#N/A", "单元格是错误值 #N/A"),
        ("#NAME?", "单元格是错误值 #NAME?"),
        ("########", "单元格是错误值 ########"),
        ("5.32301E+17", "长数字变成了科学记数 5.32301E+17，末几位已经失真"),
    ],
)
def test_04_what_a_spreadsheet_lost_is_no_key_of_a_csv_file(
    gongji: Runner, person: str, says: str
) -> None:
    """Many persons would become one: an error, a narrow column, a number as a power of ten."""
    lines = (f"{person},2023-03-01,430500,active,1,700", "B,2023-03-01,430500,active,1,700")
    found = gongji.settle(gongji.text("v.csv", HEAD, *lines))
    assert [row["person"] for row in found] == ["B"]
    (told,) = gongji.rows("out.rejected.csv")
    assert (told["row_number"], told["column"]) == ("1", "person") and says in told["reason"]
    roster = (f"{person},430500,2023-05,active,4000", "B,430500,2023-05,active,4000")
    path = gongji.text("r.csv", "person,area,month,status,base", *roster)
    gongji.run("accrue", path, "-o", gongji.folder / "credits.csv")
    assert [row["person"] for row in gongji.rows("credits.csv")] == ["B"]
    assert says in gongji.rows("credits.rejected.csv")[0]["reason"]


def test_04_an_error_is_no_disease(gongji: Runner) -> None:
    path = gongji.text("v.csv", f"{HEAD},disease", "A,2023-03-01,430500,active,1,700,#REF!")
    assert gongji.settle(path) == []
    assert "错误值 #REF!" in gongji.rows("out.rejected.csv")[0]["reason"]


@pytest.mark.parametrize("person", ['="0012"', "'0012", "0012"])
def test_02_marks_that_a_text_follows_are_no_part_of_a_key(gongji: Runner, person: str) -> None:
    """430500 level 2: the deductible of 200 is met by the first visit; 200×60% + 700×60%."""
    quoted = person.replace('"', '""')
    lines = (
        f'"{quoted}",2023-03-01,430500,active,2,400',
        "0012,2023-03-02,430500,active,2,700",
    )
    found = gongji.settle(gongji.text("v.csv", HEAD, *lines))
    assert [(row["person"], row["pool_pays"]) for row in found] == [
        ("0012", "120.00"),
        ("0012", "420.00"),
    ]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_13_utf_16_is_read_without_its_mark_too(gongji: Runner, encoding: str) -> None:
    line = "甲,2023-03-01,430500,active,1,700"
    assert len(gongji.settle(gongji.text("v.csv", HEAD, line, encoding=encoding))) == 1


def test_19_a_quote_without_its_partner_is_told_as_one(gongji: Runner) -> None:
    good, bad = "甲,2023-03-01,430500,active,1,700", '"乙,2023-03-01,430500,active,1,700'
    gongji.settle(gongji.text("v.csv", HEAD, good, bad, good.replace("甲", "丙")))
    (told,) = gongji.rows("out.rejected.csv")
    assert "引号可能没有成对" in told["reason"]


@pytest.mark.parametrize("mark", ["|", ";", "\t"])
def test_19_another_separator_is_read_by_every_command(gongji: Runner, mark: str) -> None:
    lines = (HEAD, "甲,2023-03-01,430500,active,2,300.00")
    path = gongji.text("v.csv", *(line.replace(",", mark) for line in lines))
    assert gongji.run("adjudicate", path, "-o", gongji.folder / "out.csv") == 0, gongji.said
    found = pl.read_csv(gongji.folder / "out.csv").select("person", "pool_pays", "person_pays")
    assert found.rows() == [("甲", 60.0, 240.0)]


def test_22_a_row_written_otherwise_stands_twice_too(gongji: Runner) -> None:
    path = gongji.text(
        "v.csv",
        HEAD,
        "甲,2023-03-01,430500,active,1,700",
        "甲,2023/3/1,４３０５００,active,1,700.00",
        "甲,2023-03-01,430500,active,1,700.01",
    )
    notes = [row["note"] for row in gongji.settle(path)]
    assert notes == ["", "与第 1 行完全相同", ""]


def test_24_a_sum_below_visits_is_told_as_one(gongji: Runner) -> None:
    gongji.settle(gongji.text("v.csv", HEAD, "甲,2023-03-01,430500,active,1,700", "合计,,,,,700"))
    (told,) = gongji.rows("out.rejected.csv")
    assert "像是合计或落款（合计）" in told["reason"]


@pytest.mark.parametrize(
    ("name", "column", "says"),
    [
        ("person", pa.array([["甲"]]), "类型 list"),
        ("date", pa.array([3], pa.time32("s")), "类型 time32"),
        ("person", pa.array([b"\xbc\xd7"]), "类型 binary"),
    ],
)
def test_14_a_column_of_another_type_is_told(
    gongji: Runner, name: str, column: pa.Array, says: str
) -> None:
    """For files that are settled and for those that are read row by row."""
    given = {"person": ["甲"], "date": ["2023-03-01"], "area": ["430500"], "status": ["active"]}
    given |= {"level": ["1"], "total": ["700"]}
    path = gongji.folder / "v.parquet"
    pq.write_table(pa.table({**given, name: column}), path)
    assert gongji.run("adjudicate", path, "-o", gongji.folder / "out.csv") == 1
    assert says in gongji.said
    pq.write_table(pa.table({"person": column, "status": ["active"]}), path)
    assert gongji.run("accrue", path, "-o", gongji.folder / "out.csv") == 1
    assert says in gongji.said


def test_14_short_floats_are_the_decimals_they_were_made_of(gongji: Runner) -> None:
    """99.9 × 70% of the first level in 430500; bytes are their text."""
    path = gongji.folder / "v.parquet"
    given = {"person": [b"A"], "date": ["2023-03-01"], "area": ["430500"], "status": ["active"]}
    given |= {"level": ["1"], "total": pa.array([99.9], pa.float32())}
    pq.write_table(pa.table(given), path)
    assert [(row["person"], row["pool_pays"]) for row in gongji.settle(path)] == [("A", "69.93")]


AS_READ: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "adjudicate": (HEAD, "甲,2023-03-01,430500,active,1,700", ()),
    "audit": (f"{HEAD},paid_pool", "甲,2023-03-01,430500,active,1,700,500", ()),
    "accrue": ("person,month,status,base", "甲,2023-05,active,4000", ("--area", "430500")),
    "clear": (
        "institution,year,heads_1,spent,settled,direct_settled",
        "甲,2024,100,1000,10,10",
        ("--area", "445300", "--set", "average_wage.2022=96957"),
    ),
}
"""Commands that read a table, the names of its columns, a row, and what else the command needs."""


@pytest.mark.parametrize("command", AS_READ)
def test_19_lines_that_end_with_cr_alone_are_rows(gongji: Runner, command: str) -> None:
    """None was read, and an audit of nothing ended as one without differences."""
    head, row, more = AS_READ[command]
    path = gongji.folder / "v.csv"
    path.write_bytes(f"{head}\r{row}\r".encode())
    code = gongji.run(command, path, "-o", gongji.folder / "out.csv", *more)
    assert (code, len(gongji.rows("out.csv"))) == (int(command == "audit"), 1), gongji.said


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
@pytest.mark.parametrize("command", AS_READ)
def test_18_a_table_without_rows_is_no_success(gongji: Runner, command: str, ending: str) -> None:
    head, _, more = AS_READ[command]
    path = gongji.text("v.csv", head)
    if ending == ".xlsx":
        path = gongji.book("v.xlsx", a=[list(head.split(","))])
    assert gongji.run(command, path, "-o", gongji.folder / "out.csv", *more) > 0
    assert "至少一行" in gongji.said and not (gongji.folder / "out.csv").exists()


@pytest.mark.parametrize("name", ["\ufeffperson", "per\u200bson ", "ｐｅｒｓｏｎ", '"per\nson"'])
@pytest.mark.parametrize("command", ["adjudicate", "accrue", "audit"])
def test_24_what_hides_in_the_name_of_a_column_is_no_part_of_it(
    gongji: Runner, command: str, name: str
) -> None:
    head, row, more = AS_READ[command]
    path = gongji.text("v.csv", head.replace("person", name), row)
    gongji.run(command, path, "-o", gongji.folder / "out.csv", *more)
    assert [found["person"] for found in gongji.rows("out.csv")] == ["甲"], gongji.said


def test_24_a_column_that_is_missing_is_told_with_those_that_are_there(gongji: Runner) -> None:
    path = gongji.text("v.csv", "编号,日期", "甲,2023-03-01")
    assert gongji.run("adjudicate", path, "-o", gongji.folder / "out.csv") == 1
    assert "缺少必填项 person；文件里的列：编号、日期" in gongji.said


@pytest.mark.parametrize(("first", "then"), [("utf-8", "gbk"), ("gbk", "utf-8")])
def test_13_the_line_is_told_at_which_another_encoding_begins(
    gongji: Runner, first: str, then: str
) -> None:
    rows = ("甲,2023-03-01,430500,在职,1,700\n", "乙,2023-03-02,430500,退休,1,700\n")
    path = gongji.folder / "v.csv"
    path.write_bytes(f"{HEAD}\n".encode() + rows[0].encode(first) + rows[1].encode(then))
    assert gongji.run("adjudicate", path, "-o", gongji.folder / "out.csv") == 1
    assert "第 3 行起是另一种" in gongji.said


@pytest.mark.parametrize("at", [0, 1, 2])
def test_13_a_line_of_utf_8_is_told_where_it_would_be_read_as_other_signs(
    gongji: Runner, at: int
) -> None:
    """An even number of signs in UTF-8 is nearly always GB 18030 too, of other signs."""
    lines = [f"{who},2023-03-01,430500,在职,1,700\n" for who in ("甲一", "乙二", "丙三")]
    coded = [line.encode("utf-8" if n == at else "gbk") for n, line in enumerate(lines)]
    path = gongji.folder / "v.csv"
    path.write_bytes(f"{HEAD}\n".encode() + b"".join(coded))
    assert gongji.run("adjudicate", path, "-o", gongji.folder / "out.csv") == 1
    assert f"第 {at + 2} 行是 UTF-8，别的行是 GB 18030" in gongji.said


@pytest.mark.parametrize(
    ("name", "begin", "says"),
    [
        ("v.csv", b"PK\x03\x04", "内容是 Excel 工作簿；请把文件名的结尾改为 .xlsx"),
        ("v.csv", b"PAR1", "内容是 Parquet"),
        ("v.csv", b"\x1f\x8b\x08\x00", "内容是 gzip 压缩的"),
        ("v.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "是旧版 Excel（.xls）或加了密码的工作簿"),
        ("v.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "请另存为 .xlsx"),
        ("v.txt", b"person", "请把结尾改为 .csv"),
        ("v.csv.zst", b"\x28\xb5\x2f\xfd", "请先解压"),
    ],
)
def test_24_a_file_of_another_kind_than_its_name_says_is_told(
    gongji: Runner, name: str, begin: bytes, says: str
) -> None:
    path = gongji.folder / name
    path.write_bytes(begin + bytes(64))
    assert gongji.run("adjudicate", path, "-o", gongji.folder / "out.csv") == 1
    assert says in gongji.said


def test_04_an_error_in_a_cell_that_does_not_say_where_it_stands(gongji: Runner) -> None:
    """Some writers leave the addresses of cells out: the error was an empty cell, so filed."""
    path = gongji.book("full.xlsx", a=[[*HEAD.split(","), "offsite"], *[["甲"] * 7] * 2])
    cells = ["甲", "2023-03-01", "430500", "active", "1", "700"]
    texts = "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in cells)
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"].decode()
    before = sheet[: sheet.index("<row", sheet.index("<row") + 1)]
    more = f'<row>{texts}</row><row>{texts}<c t="e"><v>#N/A</v></c></row></sheetData></worksheet>'
    parts["xl/worksheets/sheet1.xml"] = (before + more).encode()
    with zipfile.ZipFile(gongji.folder / "v.xlsx", "w") as book:
        for name, part in parts.items():
            book.writestr(name, part)
    assert pool(gongji.settle(gongji.folder / "v.xlsx")) == ["490.00"]
    (told,) = gongji.rows("out.rejected.csv")
    assert (told["row_number"], told["column"]) == ("2", "offsite")
    assert "错误值 #N/A" in told["reason"] and "G3" in told["reason"]


def test_17_rows_that_a_filter_hides_are_rows(gongji: Runner) -> None:
    def fill(sheet: Any) -> None:
        for at, line in enumerate((HEAD, *(f"{p},2023-03-01,430500,active,1,700" for p in "甲乙"))):
            sheet.write_row(at, 0, line.split(","))
        sheet.autofilter(0, 0, 2, 5)
        sheet.set_row(2, None, None, {"hidden": True})

    assert pool(gongji.settle(gongji.book("v.xlsx", a=fill))) == ["490.00"] * 2


TYPED: dict[str, tuple[dict[str, Any], list[str], str]] = {
    "too large": ({"total": pa.array([700, 1 << 63], pa.uint64())}, ["1"], "total 超过上限"),
    "no number": ({"person": [1.0, float("nan")]}, ["1"], "person：不是数（NaN 或无穷大）"),
    "bytes": ({"person": pa.array([b"A1", b"A2"], pa.binary(2))}, ["A1", "A2"], ""),
    "labels": ({"__index_level_0__": [7, 8]}, ["1", "2"], ""),
    "flags": ({"person": [True, False]}, [], "person 的值 类型 bool 无法识别"),
}


@pytest.mark.parametrize("kind", TYPED)
def test_14_typed_columns_of_other_systems(gongji: Runner, kind: str) -> None:
    """For files that are settled and for those that are read row by row."""
    changed, persons, says = TYPED[kind]
    given = {"person": ["1", "2"], "date": ["2023-03-01"] * 2, "area": ["430500"] * 2}
    given |= {"status": ["active"] * 2, "level": ["1"] * 2, "total": ["700"] * 2}
    path = gongji.folder / "v.parquet"
    pq.write_table(pa.table(given | changed), path)
    assert [row["person"] for row in gongji.settle(path)] == persons
    assert says in gongji.said + str(gongji.rows("out.rejected.csv"))
    roster = {"person": ["1", "2"], "month": [202305] * 2, "status": ["active"] * 2}
    if "total" in changed:
        changed = {"base": changed["total"]}
    pq.write_table(pa.table(roster | {"base": ["4000"] * 2} | changed), path)
    gongji.run("accrue", path, "--area", "430500", "-o", gongji.folder / "r.csv")
    found = gongji.rows("r.csv")
    assert [(row["person"], row["month"]) for row in found] == [(p, "2023-05") for p in persons]
