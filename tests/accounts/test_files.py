"""`gongji accrue` and `gongji clear` on files: every format, bad rows, whole or not at all."""

import csv
import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
from click.testing import CliRunner, Result

from gongji.cli.main import cli
from gongji.law.accounts import account_files
from gongji.law.accounts.account_files import Accrual, ClearingJob
from gongji.law.engine.areas import Areas
from gongji.refusals import Refusal
from gongji.tabular.cell_forms import text_of
from gongji.tabular.sheets import Sheet, Whole

DOCS = Path(__file__).parents[2] / "docs"
ROSTER = [
    ("person", "area", "month", "status", "base", "retired_month"),
    ("甲", "430500", "2023-05", "active", "4000", ""),
    ("乙", "430500", "2023-06", "退休", "", "2023-05"),
    ("丙", "532300", "2024-01", "retired", "", ""),
    ("丁", "430500", "2022-12", "active", "4000", ""),
    ("戊", "430500", "2023-06", "active", "4,000", ""),
]
HEADS = [f"heads_{month}" for month in range(1, 13)]
INSTITUTIONS = [
    ("institution", "area", "year", *HEADS, "spent", "direct_settled", "settled"),
    ("甲院", "445300", "2024", *["40"] * 12, "9600", "899", "1000"),
    ("乙院", "445300", "2024", *["40"] * 12, "12000.01", "90", "100"),
    ("丙院", "445300", "2024", *["40"] * 12, "9600", "101", "100"),
]
WAGE = ("--set", "average_wage=50000")


def gongji(*arguments: object) -> Result:
    """One command; a refusal is left as an exception."""
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def saved(path: Path, rows: list[tuple[str, ...]], encoding: str = "utf-8") -> Path:
    """Rows as a CSV file."""
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def read(path: Path) -> list[dict[str, str]]:
    """A CSV file as rows."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def roster(tmp_path: Path) -> Path:
    """A roster with good rows, one without a parameter, two that cannot be computed."""
    return saved(tmp_path / "roster.csv", ROSTER)


def test_a_roster_is_credited_and_explained(roster: Path, tmp_path: Path) -> None:
    """Amounts, fund, articles and explanation; an open figure leaves the amounts empty."""
    result = gongji("accrue", roster, "-o", tmp_path / "out.csv")
    assert result.exit_code == 0, result.output
    first, second, third = read(tmp_path / "out.csv")
    assert (first["credit"], first["funded_by"], first["refusal"]) == ("80.00", "个人缴费", "")
    assert (second["credit"], second["funded_by"]) == ("75.00", "统筹基金")
    assert "第十一条（二）" in second["articles"] and "定额划入" in second["explanation"]
    assert (third["credit"], third["refusal"]) == ("", "parameter_missing")
    assert third["rulebook"] == ""


def test_bad_rows_are_reported_with_row_column_and_reason(roster: Path, tmp_path: Path) -> None:
    """Rows are counted without the head; the good ones are computed all the same."""
    gongji("accrue", roster, "-o", tmp_path / "out.csv")
    found = [
        (row["row_number"], row["column"], row["refusal"])
        for row in read(tmp_path / "out.rejected.csv")
    ]
    assert found == [("4", "month", "date_outside"), ("5", "base", "amount_invalid")]
    gongji("accrue", roster, "-o", tmp_path / "out.csv", "--report", tmp_path / "bad.csv")
    assert len(read(tmp_path / "bad.csv")) == 2


def test_strict_stops_at_the_first_bad_row_and_writes_nothing(roster: Path, tmp_path: Path) -> None:
    """The refusal names the row."""
    result = gongji("accrue", roster, "-o", tmp_path / "out.csv", "--strict")
    assert isinstance(result.exception, Refusal)
    assert (result.exception.code, result.exception.field) == ("row_rejected", "month")
    assert str(result.exception).startswith("第 4 行 month：2022-12")
    assert "不用 --strict 则" in str(result.exception)
    told = result.exception.as_json()
    assert (told["row_number"], told["row_refusal"]) == ("4", "date_outside")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["roster.csv"]


def test_no_report_without_bad_rows(tmp_path: Path) -> None:
    """A clean file leaves one result and nothing else."""
    roster = saved(tmp_path / "roster.csv", ROSTER[:3])
    gongji("accrue", roster, "-o", tmp_path / "out.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "roster.csv"]


def test_every_format_gives_the_same(tmp_path: Path) -> None:
    """CSV in two encodings, Parquet with typed columns, Excel with numbers and dates."""
    rows = ROSTER[:3]
    typed = pl.DataFrame(
        {
            "person": ["甲", "乙"],
            "area": [430500, 430500],
            "month": [date(2023, 5, 1), date(2023, 6, 1)],
            "status": ["active", "退休"],
            "base": [Decimal("4000.00"), None],
            "retired_month": [None, date(2023, 5, 1)],
        }
    )
    typed.write_parquet(tmp_path / "typed.parquet")
    typed.with_columns(pl.col("base").cast(pl.Float64)).write_parquet(tmp_path / "float.parquet")
    with xlsxwriter.Workbook(tmp_path / "sheet.xlsx") as book:
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, rows[0])
        sheet.write_row(1, 0, ["甲", 430500, "2023-05", "active", 4000])
        sheet.write_row(2, 0, ["乙", 430500])
        sheet.write_datetime(2, 2, date(2023, 6, 1), day)
        sheet.write_row(2, 3, ["退休", "", "2023-05"])
    sources = [
        saved(tmp_path / "utf8.csv", rows),
        saved(tmp_path / "mark.csv", rows, "utf-8-sig"),
        saved(tmp_path / "gb.csv", rows, "gb18030"),
        *(tmp_path / name for name in ("typed.parquet", "float.parquet", "sheet.xlsx")),
    ]
    for source in sources:
        result = gongji("accrue", source, "-o", tmp_path / "out.csv")
        assert result.exit_code == 0, (source, result.output)
        assert [(r["person"], r["credit"]) for r in read(tmp_path / "out.csv")] == [
            ("甲", "80.00"),
            ("乙", "75.00"),
        ], source


def test_results_in_every_format(roster: Path, tmp_path: Path) -> None:
    """Parquet keeps decimals and nulls, Excel numbers."""
    gongji("accrue", roster, "-o", tmp_path / "out.parquet")
    frame = pl.read_parquet(tmp_path / "out.parquet")
    assert frame["credit"].to_list() == [Decimal("80.00"), Decimal("75.00"), None]
    assert frame.schema["credit"] == pl.Decimal(18, 2)
    gongji("accrue", roster, "-o", tmp_path / "out.xlsx")
    rows = [row for chunk in Sheet(tmp_path / "out.xlsx").chunks() for row in chunk]
    assert [row[3] for row in rows] == ["80", "75", ""]


def test_months_from_one_to_another(roster: Path, tmp_path: Path) -> None:
    """Each row is credited for every month; the month column is not needed."""
    short = saved(tmp_path / "short.csv", [("person", "status"), ("甲", "retired")])
    result = gongji(
        "accrue",
        short,
        "-o",
        tmp_path / "out.csv",
        "--area",
        "430500",
        "--from",
        "2022-12",
        "--to",
        "2023-02",
        "--json",
    )
    summary = json.loads(result.stdout)
    assert (summary["rows"], summary["results"], summary["rejected"]) == (1, 2, 1)
    assert summary["by_outcome"]["统筹基金"] == {"count": 2, "amount": "150.00"}
    assert [row["month"] for row in read(tmp_path / "out.csv")] == ["2023-01", "2023-02"]
    for wrong in (
        ["--from", "2023-01"],
        ["--from", "2023-02", "--to", "2023-01"],
        ["--month", "2023-01", "--from", "2023-01", "--to", "2023-02"],
    ):
        assert isinstance(gongji("accrue", short, *wrong).exception, Refusal)


def test_amounts_in_fen_stay_in_fen(tmp_path: Path) -> None:
    """`base_fen` in, `credit_fen` and `to_pool_fen` out."""
    rows = [("area", "month", "status", "base_fen"), ("445300", "2024-01", "active", "400025")]
    gongji("accrue", saved(tmp_path / "r.csv", rows), "-o", tmp_path / "out.parquet")
    frame = pl.read_parquet(tmp_path / "out.parquet")
    assert (frame["credit_fen"][0], frame["to_pool_fen"][0]) == (8_001, 24_002)


def test_without_a_result_file_everything_is_printed(roster: Path) -> None:
    """Each row's sentences; with --json the rows and the rejected ones."""
    result = gongji("accrue", roster)
    assert "甲：2023-05，湖南省邵阳市，在职。\n  缴费基数4,000.00元×2%" in result.output
    assert "第 4 行 month" in result.output
    body = json.loads(gongji("accrue", roster, "--json").stdout)
    assert [row["person"] for row in body["rows"]] == ["甲", "乙", "丙"]
    assert [row["row_number"] for row in body["rejected_rows"]] == ["4", "5"]


def test_institutions_are_cleared_and_explained(tmp_path: Path) -> None:
    """Monthly prepayments, the share kept, what is borne; a wrong row goes to the report."""
    source = saved(tmp_path / "institutions.csv", INSTITUTIONS)
    result = gongji("clear", source, "-o", tmp_path / "out.csv", *WAGE)
    assert result.exit_code == 0, result.output
    first, second = read(tmp_path / "out.csv")
    assert first["prepaid_1"] == "1000.00" and first["prepaid"] == "12000.00"
    assert (first["usage"], first["kept_share"]) == ("80%", "99%")
    assert (first["kept"], first["returned"], first["borne"]) == ("2376.00", "24.00", "0.00")
    assert "第二十条（二）第六款" in first["articles"]
    assert (second["balance"], second["borne"]) == ("0.00", "0.01")
    (bad,) = read(tmp_path / "out.rejected.csv")
    assert (bad["row_number"], bad["column"]) == ("3", "direct_settled")
    printed = gongji("clear", source, *WAGE).output
    assert "甲院：2024年，广东省云浮市：普通门诊年度最高支付限额1,000.00元。" in printed
    open_wage = gongji("clear", source, "-o", tmp_path / "open.csv")
    assert open_wage.exit_code == 0
    assert [row["refusal"] for row in read(tmp_path / "open.csv")] == ["parameter_missing"] * 2


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([("person", "area", "month", "status", "birthday")], "field_unknown"),
        ([("area", "month", "status", "base"), ("430500", "2023-05", "active", "4", "000")], ""),
    ],
)
def test_columns_that_nobody_knows(rows: list[tuple[str, ...]], code: str, tmp_path: Path) -> None:
    """A misspelt column is refused at once; a row with too many cells is reported."""
    source = saved(tmp_path / "roster.csv", rows)
    result = gongji("accrue", source, "-o", tmp_path / "out.csv")
    if code:
        assert isinstance(result.exception, Refusal) and result.exception.code == code
    else:
        assert [row["refusal"] for row in read(tmp_path / "out.rejected.csv")] == [
            "cell_unreadable"
        ]


def test_the_result_is_another_file_of_a_known_kind(roster: Path, tmp_path: Path) -> None:
    """Input and result must differ; the ending says the format."""
    for output in (roster, tmp_path / "out.txt"):
        result = gongji("accrue", roster, "-o", output)
        assert isinstance(result.exception, Refusal) and result.exception.code == "value_invalid"
    assert read(roster)[0]["person"] == "甲"


def test_an_unknown_setting_is_refused(roster: Path) -> None:
    """`--set` must name a parameter of some rulebook, in its own form."""
    for setting in ("nobody=1", "retiree_credit_rate=3.85"):
        result = gongji("accrue", roster, "--set", setting)
        assert isinstance(result.exception, Refusal) and result.exception.code == "value_invalid"


def test_a_run_that_breaks_off_leaves_nothing(
    roster: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither result nor report nor a partial file; an earlier result stays."""
    (tmp_path / "out.csv").write_text("earlier", encoding="utf-8")
    whole_run = account_files.run

    def broken(*arguments: object) -> Iterator[object]:
        yield from whole_run(*arguments)  # type: ignore[arg-type]
        raise OSError("disk full")

    monkeypatch.setattr(account_files, "run", broken)
    assert isinstance(gongji("accrue", roster, "-o", tmp_path / "out.csv").exception, OSError)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "roster.csv"]
    assert (tmp_path / "out.csv").read_text(encoding="utf-8") == "earlier"


def test_excel_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More rows than a sheet holds are refused, not dropped."""
    monkeypatch.setattr("gongji.tabular.handed_on.EXCEL_ROWS", 2)
    with pytest.raises(Refusal), Whole(tmp_path / "out.xlsx", ("a",)) as output:
        output.write([("1",), ("2",)])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (2024.0, "2024"),
        (6722.25, "6722.25"),
        (Decimal("4.00"), "4.00"),
        (date(2024, 5, 1), "2024-05-01"),
        (" x ", "x"),
    ],
)
def test_cells_as_texts(value: object, text: str) -> None:
    """Typed cells read like the texts of a CSV."""
    assert text_of(value) == text


@pytest.mark.parametrize(
    ("document", "job"),
    [("use/roster-file.md", Accrual), ("use/institutions-file.md", ClearingJob)],
)
def test_every_column_is_documented(document: str, job: type[Accrual] | type[ClearingJob]) -> None:
    """Columns of the file and of its result stand in the document."""
    text = (DOCS / document).read_text(encoding="utf-8")
    made = job(Areas())
    spans = {"heads_": ("heads_1", "heads_12"), "prepaid_": ("prepaid_1", "prepaid_12")}
    for column in (*made.columns, *made.results):
        shown = spans.get(column.rstrip("0123456789"), (column,))
        assert all(f"`{name}`" in text for name in shown), column


def test_options_that_cannot_be_read_are_named(roster: Path, tmp_path: Path) -> None:
    """The option that was given, not one that was not."""
    for option, given in (
        ("--month", ("--month", "2023-13")),
        ("--to", ("--from", "2023-05", "--to", "x")),
    ):
        result = gongji("accrue", roster, *given)
        assert isinstance(result.exception, Refusal) and result.exception.field == option
    result = gongji("accrue", roster, "-o", tmp_path / "no" / "such.csv")
    assert result.exit_code == 2 and "目录不存在" in result.output


def test_an_old_report_goes_where_the_next_run_has_no_bad_rows(tmp_path: Path) -> None:
    """What stands beside a result belongs to it."""
    bad, good = saved(tmp_path / "bad.csv", ROSTER), saved(tmp_path / "good.csv", ROSTER[:3])
    gongji("accrue", bad, "-o", tmp_path / "out.csv")
    assert (tmp_path / "out.rejected.csv").exists()
    gongji("accrue", good, "-o", tmp_path / "out.csv")
    assert not (tmp_path / "out.rejected.csv").exists()


def test_who_comes_twice_in_a_month_is_told_row_by_row(tmp_path: Path) -> None:
    rows = [ROSTER[0], ROSTER[1], ROSTER[3], ("甲", "430500", "2023-05", "active", "4100", "")]
    rows += [("甲", "430500", "2023-06", "active", "4000", "")]
    path, made = tmp_path / "roster.csv", tmp_path / "o.csv"
    path.write_text("\n".join(map(",".join, rows)) + "\n", encoding="utf-8")
    ran = CliRunner().invoke(cli, ["accrue", str(path), "-o", str(made)])
    assert ran.exit_code == 0 and "1 行与前面的行是同一人同一月份" in ran.stderr
    told = pl.read_csv(made)["explanation"].str.contains("第 1 行也是同一人同一月份")
    assert told.to_list() == [False, False, True, False]
    # Over a span of months every row counts for each of them.
    span = ["--from", "2023-05", "--to", "2023-06", "--json"]
    found = json.loads(CliRunner().invoke(cli, ["accrue", str(path), *span]).stdout)
    assert found["repeated"] == 2


def test_an_institution_twice_in_a_year_is_told(tmp_path: Path) -> None:
    path = tmp_path / "institutions.csv"
    again = [*INSTITUTIONS[:2], INSTITUTIONS[1]]
    path.write_text("\n".join(map(",".join, again)) + "\n", encoding="utf-8")
    found = json.loads(CliRunner().invoke(cli, ["clear", str(path), *WAGE, "--json"]).stdout)
    assert found["repeated"] == 1
    assert "第 1 行也是同一机构同一年度" in found["rows"][1]["explanation"]
