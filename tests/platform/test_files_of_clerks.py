"""Import files as clerks hand them in: what they lack, what they hold in the wrong form."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import xlsxwriter
from tests.platform.county_files import IDENTITY, NOW, load_files, psn, take

from gongji.cli.import_kinds import KINDS
from gongji.people.person_rows import find_person
from gongji.platform.imports.import_tables import Problems, open_tables, read_rows
from gongji.refusals import RowProblem, RulebookError
from gongji.tabular.header_rows import TablePlace

Connection = psycopg.Connection[Any]
LATER = NOW + timedelta(days=1)
PERSON = "人员编号,统筹区,姓名,证件类型,证件号码,出生日期"
SPELL = "人员编号,起始日,参保状态,参保方式,缴费档次,欠费,单位,待遇起"
WHO = "43050000000000009301"


def text(folder: Path, name: str, *lines: str) -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def book(path: Path, *rows: list[object]) -> Path:
    """A workbook with one sheet named like the file; dates are typed cells."""
    with xlsxwriter.Workbook(path) as made:
        sheet = made.add_worksheet(path.stem)
        day = made.add_format({"num_format": "yyyy-mm-dd"})
        for at, row in enumerate(rows):
            for column, value in enumerate(row):
                if isinstance(value, date):
                    sheet.write_datetime(at, column, value, day)
                elif isinstance(value, tuple):
                    sheet.write_formula(at, column, "=1/0", None, value[0])
                else:
                    sheet.write(at, column, value)
    return path


def problems_of(path: Path) -> list[str]:
    """What reading a file finds wrong, without any database."""
    problems = Problems()
    for table in open_tables([path], KINDS, "", problems):
        list(read_rows(table, problems))
    return [str(problem) for problem in problems]


def values_of(path: Path, place: TablePlace | None = None) -> list[dict[str, Any]]:
    problems = Problems()
    (table,) = open_tables([path], KINDS, "", problems, place)
    found = [values for _, values in read_rows(table, problems)]
    assert problems == []
    return found


def insured(owner: Connection) -> dict[str, Any]:
    row = owner.execute(
        "select since, until, details, source from person_fact"
        " where kind = 'insured' and retired_at is null"
    ).fetchone()
    assert row
    return {"since": row[0], "until": row[1], "source": row[3], **row[2]}


def test_03_a_long_number_of_a_person_is_refused(tmp_path: Path) -> None:
    heads: list[object] = [*PERSON.split(",")]
    row: list[object] = [53230000000012345678, "532300", "测试甲", "99", "T1", "1970-01-01"]
    (said,) = problems_of(book(tmp_path / "参保人.xlsx", heads, row))
    assert "第 1 行 人员编号" in said and "15 位" in said and "A2" in said


def test_04_errors_in_cells_are_refused(tmp_path: Path) -> None:
    heads: list[object] = ["人员编号", "起始日", "终止日", "参保状态", "欠费"]
    row: list[object] = [WHO, "2027-01-01", ("#N/A",), "退休", ("#REF!",)]
    said = problems_of(book(tmp_path / "参保.xlsx", heads, row))
    assert ["终止日" in said[0], "欠费" in said[1], len(said)] == [True, True, 2]
    (blank,) = problems_of(book(tmp_path / "参保.xlsx", heads, [*row[:4], ("",)][:5]))[1:] or [""]
    assert "没有算出" in blank


def test_05_a_column_that_is_not_there_leaves_what_is_known(
    owner: Connection, tmp_path: Path
) -> None:
    take(owner, text(tmp_path, "参保人.csv", PERSON, f"{WHO},430500,测试擦,99,T9301,1969-01-01"))
    spell = f"{WHO},2024-01-01,在职,灵活就业,一档,是,测试单位,2024-07-01"
    take(owner, text(tmp_path, "参保.csv", SPELL, spell))
    before = insured(owner)
    assert (before["scheme"], before["tier"], before["arrears"]) == ("flexible", "1", True)
    ended = f"{WHO},2024-01-01,2026-06-01,在职"
    (counts,) = take(
        owner, text(tmp_path, "参保.csv", "人员编号,起始日,终止日,参保状态", ended), now=LATER
    )
    assert counts.changed == 1
    assert insured(owner) == before | {"until": date(2026, 6, 1)}
    emptied = text(tmp_path, "参保.csv", "人员编号,起始日,参保状态,欠费", f"{WHO},2024-01-01,在职,")
    take(owner, emptied, now=LATER + timedelta(days=1))
    assert insured(owner) == before | {"until": date(2026, 6, 1), "arrears": False}


def test_05_a_person_keeps_sex_kind_and_a_corrected_birth(
    owner: Connection, tmp_path: Path
) -> None:
    head = "人员编号,统筹区,姓名,性别,民族,证件类型,证件号码,出生日期"
    take(owner, text(tmp_path, "参保人.csv", head, f"{WHO},430500,甲,2,55,99,T1,1969-01-01"))
    short = text(
        tmp_path, "参保人.csv", "人员编号,统筹区,姓名,证件类型,证件号码", f"{WHO},430500,乙,99,T1"
    )
    take(owner, short, now=LATER)
    person = find_person(owner, WHO)
    assert person and (person.name, person.sex) == ("乙", "2")
    kind = owner.execute("select ethnicity, certificate_kind from person").fetchone()
    assert kind == ("55", "99")
    untold = f"{WHO},430500,乙,990101198001010014"
    with pytest.raises(RulebookError, match="证件类型"):
        take(
            owner, text(tmp_path, "参保人.csv", "人员编号,统筹区,姓名,证件号码", untold), now=LATER
        )


@pytest.mark.parametrize(
    ("amount", "fen"),
    [
        ("1,50", None),
        ("1,5000", None),
        ("12,34.5", None),
        ("1.000,50", None),
        (",150", None),
        ("1,500.00", 150_000),
        ("１，５００", 150_000),
        ("1,234,567.8", 123_456_780),
    ],
)
def test_06_commas_part_three_digits_before_the_point(
    tmp_path: Path, amount: str, fen: int | None
) -> None:
    path = text(tmp_path, "期初余额.csv", "人员编号,日期,余额", f'{WHO},2026-01-01,"{amount}"')
    if fen is None:
        (said,) = problems_of(path)
        assert "余额" in said and "逗号只能每三位一个" in said
    else:
        assert fen in values_of(path)[0].values()


@pytest.mark.parametrize(
    "number", ["43000043050000000012345678", "4" * 30, "4" * 20, "JM9900000001", "7"]
)
def test_12_numbers_of_up_to_30_characters_are_taken(tmp_path: Path, number: str) -> None:
    path = text(tmp_path, "参保人.csv", PERSON, f"{number},430500,测试廿六位,99,T26,1970-01-01")
    assert values_of(path)[0]["psn_no"] == number
    wrong = text(
        tmp_path, "参保人.csv", PERSON, f"{number}{'1' * 30},430500,测试,99,T26,1970-01-01"
    )
    assert "至多 30 个字符" in problems_of(wrong)[0]


@pytest.mark.parametrize("name", ["张 三", "张\u3000三", " 张三\u200b"])
def test_16_blanks_inside_a_chinese_name_do_not_count(tmp_path: Path, name: str) -> None:
    path = text(
        tmp_path,
        "参保人.csv",
        "人员编号,统筹区,姓名,证件号码",
        f"{WHO},430500,{name},99010119800101033X",
    )
    assert values_of(path)[0]["name"] == "张三"


def test_21_a_date_in_a_column_of_codes_is_refused(tmp_path: Path) -> None:
    heads: list[object] = ["机构代码", "机构编码", "机构名称", "目录类别", "国家编码", "起始日"]
    row: list[object] = ["H43050000003", date(2026, 3, 1), "甲", "101", "X99TEST00000008"]
    (said,) = problems_of(book(tmp_path / "目录对照.xlsx", heads, [*row, date(2025, 1, 1)]))
    assert "机构编码" in said and "单元格是日期" in said


def test_22_days_between_two_spells_are_told(owner: Connection, tmp_path: Path) -> None:
    take(owner, text(tmp_path, "参保人.csv", PERSON, f"{WHO},430500,测试,99,T9301,1969-01-01"))
    spells = text(
        tmp_path,
        "参保.csv",
        "人员编号,起始日,终止日,参保状态",
        f"{WHO},2024-01-01,2024-06-01,在职",
        f"{WHO},2024-07-01,,在职",
    )
    told: list[RowProblem] = []
    load_files(owner, [spells], IDENTITY, NOW, tell=told.append)
    assert told and all("2024-06-01 至 2024-07-01" in str(one) for one in told)
    assert len(told) == 1


def test_24_sums_and_sheets_of_an_import_are_told(tmp_path: Path) -> None:
    heads: list[object] = [*PERSON.split(",")]
    row: list[object] = [psn(1), "532300", "测试 甲 ", "99", "T1", "1980年1月1日"]
    path = book(tmp_path / "参保人2023.xlsx", ["2023年参保人"], heads, row, ["合计", "", "1人"])
    said = problems_of_first(path)
    assert "列名看来在第 2 行，请加 --header-row 2" in said
    problems = Problems()
    (table,) = open_tables([path], KINDS, "", problems, TablePlace("", 2))
    (values,) = [values for _, values in read_rows(table, problems)]
    assert (values["name"], values["birth_date"]) == ("测试甲", date(1980, 1, 1))
    assert [("合计" in str(one), one.line) for one in problems] == [(True, 2)]


def problems_of_first(path: Path) -> str:
    """What opening a file is refused with."""
    from gongji.refusals import Refusal

    with pytest.raises(Refusal) as caught:
        open_tables([path], KINDS, "", Problems())
    return str(caught.value)


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [
        ("2025-12-31T16:30:00.000Z", datetime(2025, 12, 31, 16, 30, tzinfo=UTC)),
        ("2025-12-31T16:30:00+00:00", datetime(2025, 12, 31, 16, 30, tzinfo=UTC)),
        ("2026-01-01 00:30:00", datetime(2025, 12, 31, 16, 30, tzinfo=UTC)),
    ],
)
def test_an_instant_is_one_of_china(cell: str, wanted: datetime) -> None:
    from gongji.platform.imports.import_columns import day, instant

    assert instant(cell) == wanted and day(cell) == date(2026, 1, 1)
