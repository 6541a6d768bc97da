"""areas, articles, diff and curve on the command line."""

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pyarrow import parquet
from python_calamine import CalamineWorkbook
from rich.cells import cell_len

from gongji.cli.main import cli
from gongji.refusals import Refusal

COMMANDS = ("areas", "articles", "diff", "curve")


def run(*arguments: str) -> Result:
    """A command's outcome; a refusal is raised."""
    return CliRunner().invoke(cli, arguments, catch_exceptions=True)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples(command: str) -> None:
    """Every command shows how it is used."""
    shown = run(command, "--help")
    assert shown.exit_code == 0
    assert f"gongji {command}" in shown.output
    assert "--json" in shown.output


def test_areas_lists_documents_and_dates() -> None:
    """Six areas, each with its documents."""
    listed = json.loads(run("areas", "--json").output)
    assert [one["area"] for one in listed] == [
        "430500",
        "445300",
        "510400",
        "530000",
        "530900",
        "532300",
    ]
    yunfu = next(one for one in listed if one["area"] == "445300")
    assert yunfu["covered"] == "2022-09-01 至 2025-12-31"
    assert "楚政规〔2022〕2号" in run("areas").output


def test_areas_at_a_date_shows_the_fold() -> None:
    """Chuxiong after the reform: Yunnan's deductibles and its own chronic benefit, with lines."""
    shown = run("areas", "--at", "2024-11-01", "--area", "532300")
    assert shown.exit_code == 0
    for words in (
        "20元",
        "二（二）",
        "530000/530000/2024-11-01.yaml:",
        "第十四条",
        "官方转述",
        "未定",
    ):
        assert words in shown.output
    assert "90元" not in shown.output
    body = json.loads(run("areas", "--at", "2024-11-01", "--area", "532300", "--json").output)
    books = [document["rulebook"] for document in body[0]["documents"]]
    assert books == ["000000@2011-07-01", "532300@2022-07-01", "530000@2024-11-01"]
    assert {"text", "file", "line", "document", "article", "open"} <= body[0]["figures"][0].keys()


def test_areas_at_a_date_leaves_out_areas_without_rules_unless_asked_for() -> None:
    """Before 2022-07-01 nothing is in force."""
    assert json.loads(run("areas", "--at", "2022-06-30", "--json").output) == []
    asked = run("areas", "--at", "2022-06-30", "--area", "532300")
    assert getattr(asked.exception, "code", "") == "date_outside"


def test_articles_shows_every_document() -> None:
    """Each article with its disposition; a count at the end."""
    documents = json.loads(run("articles", "--json").output)
    assert len(documents) == 8
    chuxiong = next(d for d in documents if d["rulebook"] == "532300@2022-07-01")
    assert len(chuxiong["articles"]) == 37
    shown = run("articles", "445300").output
    for words in (
        "第二十条",
        "清算.年度清算",
        "clearing（已建）、账本 ledger（未建）",
        "不涉及计算 4 条",
    ):
        assert words in shown


@pytest.mark.parametrize(
    "arguments",
    [
        ("areas",),
        ("areas", "--at", "2023-03-01", "--area", "445300"),
        ("articles", "430500"),
        ("diff", "532300@2024-10-31", "532300@2024-11-01"),
    ],
)
def test_tables_line_up(arguments: tuple[str, ...]) -> None:
    """Rows of one table are equally wide, counting Chinese characters twice."""
    rule = ""
    checked = 0
    for line in run(*arguments).output.splitlines():
        if line.strip("─ ") == "" and "─" in line:
            rule = line
        elif rule and line.startswith(" ") and line.endswith(" "):
            assert cell_len(line) == cell_len(rule), line
            checked += 1
        else:
            rule = ""
    assert checked > 5


def test_diff_shows_differences_and_all() -> None:
    """Equal rows only with --all; the count names both."""
    pair = ("diff", "430500@2023-05-31", "430500@2023-06-01")
    body = json.loads(run(*pair, "--json").output)
    assert {row["mark"] for row in body["rows"]} == {"＋"}
    everything = json.loads(run(*pair, "--json", "--all").output)
    assert len(everything["rows"]) > len(body["rows"])
    assert "（非官方）" in run(*pair).output


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
def test_diff_is_kept_in_a_file(tmp_path: Path, ending: str) -> None:
    """The same rows as on the screen, for a spreadsheet."""
    path = tmp_path / f"diff.{ending}"
    done = run("diff", "532300@2024-10-31", "532300@2024-11-01", "-o", str(path))
    assert done.exit_code == 0
    if ending == "csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
    elif ending == "parquet":
        table = parquet.read_table(path)
        rows = [table.column_names, *map(list, zip(*table.to_pydict().values(), strict=True))]
    else:
        rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    assert rows[0][4:6] == ["532300@2024-10-31", "532300@2024-11-01"]
    assert rows[1][0] == "≠"
    assert rows[1][4:6] == ["30.00 元", "20.00 元"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("diff", "532300", "532300@2024-11-01"), "统筹区@日期"),
        (("curve", "--area", "430500", "-o", "a.jpg"), ".svg 或 .png"),
        (("curve", "--area", "430500", "-o", "no/such/a.svg"), "目录不存在"),
        (("diff", "532300@2024-10-31", "532300@2024-11-01", "-o", "no/such/a.csv"), "目录不存在"),
    ],
)
def test_wrong_arguments_are_explained(arguments: tuple[str, ...], words: str) -> None:
    """A usage error says what is expected."""
    done = run(*arguments)
    assert done.exit_code == 2
    assert words in done.output


def test_wrong_files_dates_and_parameters_are_refused(tmp_path: Path) -> None:
    """With the code of the refusal."""
    pair = ("diff", "532300@2024-10-31", "532300@2024-11-01")
    for arguments in (
        (*pair, "-o", str(tmp_path / "a.txt")),
        ("diff", "532300@heute", "532300@2024-11-01"),
        (*pair, "--set", "no_such=1"),
    ):
        assert getattr(run(*arguments).exception, "code", "") == "value_invalid", arguments


def test_curve_saves_a_picture(tmp_path: Path) -> None:
    """An SVG, and its points as JSON."""
    path = tmp_path / "yf.svg"
    done = run(
        "curve",
        "--area",
        "445300",
        "--date",
        "2024-05-01",
        "--set",
        "average_wage=96957",
        "-o",
        str(path),
        "--json",
    )
    assert done.exit_code == 0
    body = json.loads(done.output)
    assert path.exists() and len(body["curves"]) == 6
    assert body["curves"][0]["points"][-1] == ["5000.00", "1939.00"]


def test_areas_and_days_without_rules_are_said(tmp_path: Path) -> None:
    """Nothing is never printed as if it were an answer."""
    for area in ("999999", "x", "*"):
        result = run("articles", area)
        assert isinstance(result.exception, Refusal) and result.exception.code == "area_unknown"
    assert "没有一个统筹区的规则有效" in run("areas", "--at", "1900-01-01").output
