"""Cells, rows and tables of import files at their boundaries; what rows say against each other."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from tests.platform.county_files import (
    AREA,
    IDENTITY,
    NOW,
    ROWS,
    Connection,
    certificate,
    fill,
    load_files,
    psn,
    saved,
    take,
)

from gongji.cli.import_kinds import KINDS
from gongji.people.import_kinds import certificate as certificate_cell
from gongji.people.import_kinds import wrong_certificate
from gongji.platform import identity
from gongji.platform.imports import import_columns
from gongji.platform.imports.dated_rows import Counts
from gongji.platform.imports.import_tables import MOST_PROBLEMS, Problems, open_tables, read_rows
from gongji.platform.imports.template import template
from gongji.refusals import Fault, Refusal, RulebookError
from gongji.units import CHINA

WORDS = {"甲": "1", "乙": "2", "乙类": "2"}
READ: list[tuple[Any, str, Any]] = [
    *(
        (import_columns.person_number, cell, cell)
        for cell in ("1", "JM9900000001", "9" * 30, "ZJ-330100_甲", "53230000000000000001")
    ),
    *(
        (import_columns.person_number, cell, None)
        for cell in ("9" * 31, "53 23", "5.3230000000000E+19", "5.3e19", "甲\t乙")
    ),
    (import_columns.two_digits, "1", "01"),
    (import_columns.two_digits, "04", "04"),
    (import_columns.two_digits, "990102", "990102"),
    (import_columns.text(3), "三个字", "三个字"),
    (import_columns.text(3), "四个字了", None),
    (import_columns.text(3), "a\tb", None),
    (import_columns.digits(6), "532300", "532300"),
    (import_columns.digits(6), "53230", None),
    (import_columns.digits(6), "5323000", None),
    (import_columns.digits(6), "53230０", None),
    (import_columns.digits(6), "5.3E+5", None),
    (import_columns.institution_code, "h53230000001", "H53230000001"),
    (import_columns.institution_code, "P53230000001", "P53230000001"),
    (import_columns.institution_code, "X53230000001", None),
    (import_columns.institution_code, "H5323000001", None),
    (import_columns.institution_code, "H532300000011", None),
    (import_columns.institution_code, "H5323000000A", None),
    (import_columns.day, "2025-01-31", date(2025, 1, 31)),
    (import_columns.day, "2025/1/3", date(2025, 1, 3)),
    (import_columns.day, "2025.12.31", date(2025, 12, 31)),
    (import_columns.day, "20250131", date(2025, 1, 31)),
    (import_columns.day, "1900-01-01", date(1900, 1, 1)),
    (import_columns.day, "1899-12-31", None),
    (import_columns.day, "2025-02-29", None),
    (import_columns.day, "2024-02-29", date(2024, 2, 29)),
    (import_columns.day, "2025-13-01", None),
    (import_columns.day, "25-01-01", None),
    (import_columns.day, "45658", None),
    (import_columns.day_text, "2025/1/3", "2025-01-03"),
    (import_columns.instant, "2025-01-01", datetime(2024, 12, 31, 16, tzinfo=UTC)),
    (import_columns.instant, "2025/1/1", datetime(2024, 12, 31, 16, tzinfo=UTC)),
    (import_columns.instant, "2025-01-01T12:00", datetime(2025, 1, 1, 4, tzinfo=UTC)),
    (import_columns.instant, "2025-01-01T12:00Z", datetime(2025, 1, 1, 12, tzinfo=UTC)),
    (import_columns.instant, "1900-01-01", datetime(1900, 1, 1, tzinfo=CHINA)),
    (import_columns.instant, "1899-12-31T23:59", None),
    (import_columns.instant, "soon", None),
    (import_columns.flag, "是", True),
    (import_columns.flag, "否", False),
    (import_columns.flag, "TRUE", True),
    (import_columns.flag, "0", False),
    (import_columns.flag, "Y", True),
    (import_columns.flag, "n", False),
    (import_columns.flag, "对", None),
    (import_columns.whole, "0", 0),
    (import_columns.whole, "999999999", 999_999_999),
    (import_columns.whole, "1000000000", None),
    (import_columns.whole, "-1", None),
    (import_columns.whole, "²", None),
    (import_columns.fen, "0", 0),
    (import_columns.fen, "0.01", 1),
    (import_columns.fen, "1,234.5", 123_450),
    (import_columns.fen, "0.001", None),
    (import_columns.fen, "-0.01", None),
    (import_columns.fen, "10000000000.00", 10**12),
    (import_columns.fen, "10000000000.01", None),
    (import_columns.share, "0%", 0),
    (import_columns.share, "100%", 1_000_000),
    (import_columns.share, "12.5%", 125_000),
    (import_columns.share, "100.0001%", None),
    (import_columns.share, "-1%", None),
    (import_columns.share, "0.1", None),
    (import_columns.choice(WORDS), "甲", "1"),
    (import_columns.choice(WORDS), "2", "2"),
    (import_columns.choice(WORDS), "乙类", "2"),
    (import_columns.choice(WORDS), "丙", None),
    (import_columns.several(import_columns.choice(WORDS)), "甲、乙类; 2，1", ["1", "2", "2", "1"]),
    (import_columns.several(import_columns.choice(WORDS)), "甲、丙", None),
    (import_columns.several(str), "，；", []),
    (certificate_cell, " 11010519491231002x", "11010519491231002X"),
    (certificate_cell, "9" * 51, None),
    (certificate_cell, "9" * 50, "9" * 50),
]


@pytest.mark.parametrize(("read", "cell", "value"), READ)
def test_a_cell_is_read_or_refused(read: Any, cell: str, value: Any) -> None:
    if value is None:
        with pytest.raises(ValueError, match="."):
            read(cell)
    else:
        assert read(cell) == value


def test_a_code_is_shown_by_its_first_word_and_an_unknown_one_as_it_is() -> None:
    show = import_columns.show_choice(WORDS)
    assert [show("1"), show("2"), show("9")] == ["甲", "乙", "9"]
    assert (import_columns.show_fen(None), import_columns.show_fen(5)) == ("", "0.05")
    assert (import_columns.show_share(None), import_columns.show_share(125_000)) == ("", "12.5%")


NUMBERS = {
    "11010519491231002X": "",
    "11010519491231002x": "",
    " 1101051949 1231002X": "",
    "110105194912310021": "校验码",
    "110105194912310020": "校验码",
    "11010519491331002X": "日期",
    "11010519490229002X": "日期",
    "1101051949123100": "18 位",
    "1101051949123100222": "18 位",
    "A1010519491231002X": "18 位",
}


@pytest.mark.parametrize(("number", "problem"), NUMBERS.items())
def test_an_identity_number_is_right_or_says_what_is_wrong(number: str, problem: str) -> None:
    said = identity.number_problem(number)
    assert problem in said and bool(said) == bool(problem)
    wrong = wrong_certificate({"certificate_kind": "01", "certificate": number})
    shown = f"“{identity.mask_number(number)}”：{said}"
    assert wrong == (("证件号码", shown) if said else None)
    assert wrong_certificate({"certificate_kind": "07", "certificate": number}) is None


@pytest.mark.parametrize("place", range(17))
def test_one_digit_that_is_wrong_is_found_wherever_it_stands(place: int) -> None:
    right = certificate(123)
    for digit in "0123456789":
        if digit != right[place]:
            assert identity.number_problem(right[:place] + digit + right[place + 1 :])


def test_the_odd_are_men_and_the_even_women() -> None:
    assert [identity.sex_of(certificate(order)) for order in (1, 2, 9, 10)] == ["1", "2", "1", "2"]


MASKED = {
    "": "",
    "1": "*",
    "123456789": "*" * 9,
    "1234567890": "1234**7890",
    "12345678901": "1234***8901",
    "99010119800101001X": "9901**********001X",
}


@pytest.mark.parametrize(("number", "shown"), MASKED.items())
def test_a_number_is_masked_but_for_its_ends_and_a_short_one_whole(number: str, shown: str) -> None:
    assert identity.mask_number(number) == shown


def told(owner: Connection, *paths: Path, **more: Any) -> list[str]:
    """Every problem of an import."""
    with pytest.raises(RulebookError) as caught:
        take(owner, *paths, **more)
    return [str(problem) for problem in caught.value.problems]


def book(path: Path, **sheets: list[list[str]]) -> Path:
    """A workbook of sheets."""
    with xlsxwriter.Workbook(str(path)) as made:
        for name, rows in sheets.items():
            sheet = made.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return path


HEAD = ["人员编号", "统筹区", "姓名", "证件号码"]
ROW = [psn(1), AREA, "测试·天枢", certificate(1)]


def test_a_sheet_alone_is_of_the_kind_given_and_others_by_their_names(
    owner: Connection, tmp_path: Path
) -> None:
    alone = book(tmp_path / "a.xlsx", Sheet1=[HEAD, ROW], 说明=[["x"]], 空=[])
    assert take(owner, alone, kind="参保人")[0] == Counts(new=1)
    (said,) = told(owner, alone)
    assert "a.xlsx" in said and "工作表名看不出种类" in said
    two = book(tmp_path / "b.xlsx", 参保人=[HEAD, ROW], 别的=[["x"], ["y"]])
    assert take(owner, two, kind="参保人")[0] == Counts(same=1)
    (said,) = told(owner, two)
    assert "b.xlsx[别的]" in said
    (said,) = told(owner, book(tmp_path / "c.xlsx", 说明=[["x"]]))
    assert "没有可导入的表" in said
    broken = tmp_path / "d.xlsx"
    broken.write_bytes(b"PK\x03\x04 no workbook")
    with pytest.raises(Refusal) as caught:
        take(owner, broken)
    assert caught.value.code == "file_unreadable"


def test_a_template_is_written_whole_and_its_examples_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "全部.xlsx"
    template(list(KINDS), path)
    assert list(tmp_path.iterdir()) == [path]
    problems = Problems()
    tables = open_tables([path], KINDS, "", problems)
    assert [table.kind.name for table in tables] == list(KINDS.by_name)
    assert problems == [] and [list(read_rows(table, problems)) for table in tables] == [
        [] for _ in tables
    ]


def test_a_column_twice_absent_or_unknown_is_told_by_its_heading(
    owner: Connection, tmp_path: Path
) -> None:
    file = tmp_path / "参保人.csv"
    file.write_text("人员编号,psn_no,统筹区,姓名,颜色\n")
    said = "\n".join(told(owner, file))
    assert "人员编号：这一列不止一次出现" in said
    assert "证件号码：缺少这一列" in said and "颜色：“参保人”没有这一列" in said
    assert "证件类型" in said and "社保卡号：缺少" not in said


def test_rows_of_other_widths_and_blank_rows(owner: Connection, tmp_path: Path) -> None:
    file = tmp_path / "参保人.csv"
    rows = [HEAD, [*ROW, "", ""], ["", "", "", ""], [f"例：{psn(3)}", "", "", ""]]
    file.write_text("\n".join(",".join(row) for row in rows) + "\n")
    assert take(owner, file)[0] == Counts(new=1)
    file.write_text(f"{','.join(HEAD)}\n{','.join([*ROW, '', 'x'])}\n{psn(2)}\n")
    said = told(owner, file)
    assert "第 1 行 整行：单元格比列名多" in said[0]
    assert "第 2 行 整行：单元格比列名少" in said[1] and len(said) == 2


def test_of_many_problems_the_rest_is_counted(owner: Connection, tmp_path: Path) -> None:
    file = tmp_path / "参保人.csv"
    for more, counted in ((0, []), (1, ["还有 1 处"]), (7, ["还有 7 处"])):
        rows = [",".join([*ROW[:3], "1"])] * (MOST_PROBLEMS + more)
        file.write_text("\n".join([",".join(HEAD), *rows]) + "\n")
        said = told(owner, file)
        assert len(said) == MOST_PROBLEMS + len(counted)
        assert [word for word in counted if not any(word in line for line in said)] == []


def test_what_is_wrong_is_shown_without_names_numbers_and_secrets(
    owner: Connection, tmp_path: Path
) -> None:
    fill(owner, tmp_path, "institution")
    wrong = {
        "person": [ROWS["person"][0] | {"姓名": "名" * 51, "证件号码": "990101198001010015"}],
        "credential": [ROWS["credential"][0] | {"密钥": "s" * 201}],
        "bond": [ROWS["bond"][0] | {"账户所有人": "1234567890123456789012345678906789"}],
    }
    files = [saved(tmp_path, kind, rows) for kind, rows in wrong.items()]
    said = "\n".join(told(owner, *files))
    assert "名名" not in said and "ss" not in said and "123456789012" not in said
    assert (
        "“名*”无法识别" in said and "“（密钥）”无法识别" in said and f"1234{'*' * 26}6789" in said
    )


@pytest.mark.parametrize("never", ["9999-12-31", "2999/12/31"])
def test_a_row_that_never_ends_is_open(owner: Connection, tmp_path: Path, never: str) -> None:
    fill(owner, tmp_path, "institution", "person")
    file = saved(tmp_path, "account", [ROWS["account"][0] | {"终止日": never}])
    take(owner, file)
    found = owner.execute("select until from person_fact where kind = 'account'").fetchall()
    assert found == [(None,)]


@pytest.mark.parametrize(("until", "fits"), [("2024-02-02", True), ("2024-02-01", False)])
def test_a_row_holds_for_a_day_at_least(
    owner: Connection, tmp_path: Path, until: str, fits: bool
) -> None:
    fill(owner, tmp_path, "institution", "person")
    file = saved(tmp_path, "account", [ROWS["account"][0] | {"终止日": until}])
    if fits:
        assert take(owner, file) == [Counts(new=1)]
    else:
        assert "不晚于起始日 2024-02-01" in told(owner, file)[0]


OVERLAPS = [
    ("2025-07-01", "", ""),
    ("2025-06-30", "", "重叠"),
    ("2024-01-01", "2024-02-01", ""),
    ("2024-01-01", "2024-02-02", "重叠"),
    ("2024-01-01", "", "重叠"),
]


@pytest.mark.parametrize("kind", ["account", "item", "match", "level"])
def test_rows_may_touch_but_not_overlap_each_other_or_what_is_known(
    owner: Connection, tmp_path: Path, kind: str
) -> None:
    first = ROWS[kind][0]
    fill(owner, tmp_path, "institution", "person", "item")
    for since, until, problem in OVERLAPS:
        other = first | {"起始日": since, "终止日": until}
        together = saved(tmp_path, kind, [first, other])
        if problem:
            assert problem in told(owner, together)[0]
        else:
            take(owner, together, dry_run=True)
    take(owner, saved(tmp_path, kind, [first]))
    for since, until, problem in OVERLAPS:
        alone = saved(tmp_path, kind, [first | {"起始日": since, "终止日": until}])
        if problem:
            assert "与已有的一条（2024-02-01 至 2025-07-01）重叠" in told(owner, alone)[0]
        else:
            assert take(owner, alone, dry_run=True) == [Counts(new=1)]
    # The same day twice is the same thing twice, whatever else it says.
    twice = saved(tmp_path, kind, [first, first | {"终止日": "2025-01-01"}])
    assert "与第 1 行是同一项、同一起始日" in told(owner, twice)[0]
    # One who is put right in the same file leaves room for the other.
    shorter = first | {"终止日": "2024-06-01"}
    later = first | {"起始日": "2024-06-01", "终止日": ""}
    assert take(owner, saved(tmp_path, kind, [shorter, later])) == [Counts(changed=1, new=1)]


def test_who_and_what_is_named_must_be_there(owner: Connection, tmp_path: Path) -> None:
    fill(owner, tmp_path, "institution")
    nobody = f"{AREA}{9:014d}"
    said = told(owner, saved(tmp_path, "account", [ROWS["account"][0] | {"人员编号": nobody}]))
    assert said == [
        "account.csv: 第 1 行 人员编号：没有参保人 5323************0009；请先导入参保人"
    ]
    fill(owner, tmp_path, "person")
    for kind, cells, problem in (
        ("selection", {"机构代码": "H99999999999"}, "机构代码：没有机构 H99999999999"),
        ("level", {"机构代码": "H99999999999"}, "机构代码：没有机构 H99999999999"),
        (
            "level",
            {"实体机构": "H99999999999"},
            "实体机构：没有机构 H99999999999；请先导入实体机构",
        ),
        ("agreement", {"机构代码": "H99999999999"}, "机构代码：没有机构"),
        ("match", {"机构代码": "H99999999999"}, "机构代码：没有机构"),
        ("credential", {"机构代码": "H99999999999"}, "机构代码：没有机构"),
        ("bond", {"账户所有人": nobody}, "账户所有人：没有参保人 5323************0009"),
        ("bond", {"账户所有人": psn(1)}, "账户所有人：5323************0001 是本人"),
        ("stay", {"人员编号": nobody}, "人员编号：没有参保人"),
    ):
        said = told(owner, saved(tmp_path, kind, [ROWS[kind][0] | cells]))
        assert len(said) == 1 and problem in said[0], kind
    # A withdrawal asks for nobody else.
    take(owner, saved(tmp_path, "bond", ROWS["bond"]))
    gone = ROWS["bond"][0] | {"撤销": "是"}
    assert take(owner, saved(tmp_path, "bond", [gone])) == [Counts(withdrawn=1)]


def test_what_is_said_of_a_row_that_is_not_kept_stays_untold(
    owner: Connection, tmp_path: Path
) -> None:
    places = [row | {"统筹区": "x"} for row in ROWS["institution"]]
    people = [row | {"统筹区": "x"} for row in ROWS["person"]]
    files = [saved(tmp_path, "institution", places), saved(tmp_path, "person", people)]
    files += [
        saved(tmp_path, kind, ROWS[kind]) for kind in ("account", "bond", "agreement", "stay")
    ]
    said = told(owner, *files)
    assert len(said) == 5 and all("统筹区" in line for line in said)


def test_a_person_or_an_institution_twice_is_told_with_the_row_before(
    owner: Connection, tmp_path: Path
) -> None:
    rows = ROWS["institution"]
    said = told(owner, saved(tmp_path, "institution", [rows[0], rows[1], rows[0]]))
    assert said == ["institution.csv: 第 3 行 机构代码：与第 1 行是同一机构；请只留一行"]
    one, two = ROWS["person"]
    said = told(owner, saved(tmp_path, "person", [one, two, one]))
    assert any("第 3 行 人员编号：与第 1 行是同一人员编号" in line for line in said)


def test_an_import_that_meets_another_keeps_nothing_and_says_so(
    owner: Connection, tmp_path: Path, connect: Any, database: str
) -> None:
    import psycopg

    fill(owner, tmp_path, "institution", "person")
    file = saved(tmp_path, "account", ROWS["account"])
    other = psycopg.connect(database, autocommit=True)

    def meanwhile(count: int) -> None:
        # Somebody at the counter adds the same fact while the file is being read.
        other.execute(
            "insert into person_fact (person_id, area, kind, since) select id, area, 'account',"
            " '2024-03-01' from person where psn_no = %s and not exists"
            " (select 1 from person_fact where kind = 'account')",
            [psn(1)],
        )

    assert "重叠" in told(owner, file, progress=meanwhile)[0]
    other.close()


def test_the_database_refusing_what_nobody_saw_is_a_fault(
    owner: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gongji.platform.imports import dated_rows

    fill(owner, tmp_path, "institution", "person")
    take(owner, saved(tmp_path, "account", ROWS["account"]))
    monkeypatch.setattr(dated_rows, "conflicts", lambda *given: iter(()))
    file = saved(tmp_path, "account", [ROWS["account"][0] | {"起始日": "2024-03-01"}])
    with pytest.raises(Fault, match="另有人改动"):
        load_files(owner, [file], IDENTITY, NOW)
    assert owner.execute("select count(*) from person_fact where kind = 'account'").fetchone() == (
        1,
    )


def test_progress_counts_every_row_and_a_dry_run_keeps_none(
    owner: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gongji.tabular.sheets.CHUNK_ROWS", 2)
    rows = [[psn(n), AREA, "测试", certificate(n)] for n in range(1, 6)]
    seen: list[int] = []
    path = book(tmp_path / "参保人.xlsx", 参保人=[HEAD, *rows])
    assert take(owner, path, progress=seen.append, dry_run=True)[0] == Counts(new=5)
    assert seen == [2, 2, 1]
    assert owner.execute("select count(*) from person").fetchone() == (0,)


def test_a_corrected_date_of_birth_takes_the_place_of_the_one_of_the_number(
    owner: Connection, tmp_path: Path
) -> None:
    untold = dict.fromkeys(("出生日期", "性别", "民族", "证件类型"), "")
    file = saved(tmp_path, "person", [ROWS["person"][0] | untold])
    assert take(owner, file) == [Counts(new=1), Counts(new=1)]
    born = [{"人员编号": psn(1), "出生日期": "1979-12-31", "来源": "更正"}]
    assert take(owner, saved(tmp_path, "birth", born), now=NOW + timedelta(1)) == [
        Counts(changed=1)
    ]
    rows = owner.execute(
        "select details->>'birth_date', retired_at is null from person_fact order by id"
    ).fetchall()
    assert rows == [("1980-01-01", False), ("1979-12-31", True)]
    row = owner.execute("select sex, ethnicity, certificate_kind from person").fetchone()
    assert row == ("1", "01", "01")
