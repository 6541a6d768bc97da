"""`gongji adjudicate --lines` as a user meets it: rows counted as in visits, items nobody knows."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gongji.cli.main import cli
from gongji.refusals import Refusal, RowRefusal, RulebookError

FILES = {
    "visits": "person,visit,date,area,status,level,total\n\n甲,v1,2023-03-01,532300,active,1,\n",
    "lines": "visit,item,quantity,amount\n\nv1,A,1,100.00\nv1,Z,1,5.00\n",
    "catalogue": "item,from,class\nA,2020-01-01,甲\n",
}


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Result]:
    """Settle the files, some of them changed."""

    def adjudicate(*options: str, **changed: str) -> Result:
        for name, text in (FILES | changed).items():
            (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
        paths = {name: str(tmp_path / f"{name}.csv") for name in FILES}
        return CliRunner().invoke(
            cli,
            [
                "adjudicate",
                paths["visits"],
                "-o",
                str(tmp_path / "out.csv"),
                "--lines",
                paths["lines"],
                "--catalogue",
                paths["catalogue"],
                *options,
            ],
        )

    return adjudicate


def rows(path: Path) -> list[dict[str, str]]:
    """A CSV file as rows."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_an_unknown_item_is_refused_or_the_persons_own(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    """The sentence names an option that is there; rows are counted without head and blank lines."""
    other = "乙,v2,2023-03-01,532300,active,1,80.00\n"
    assert run(visits=FILES["visits"] + other).exit_code == 0
    (bad,) = rows(tmp_path / "out.lines-rejected.csv")
    assert (bad["row_number"], bad["code"]) == ("2", "item_unknown")
    assert "--unknown-items own" in bad["reason"]
    assert [row["visit"] for row in rows(tmp_path / "out.csv")] == ["v2"]
    assert run("--unknown-items", "own").exit_code == 0
    (visit,) = rows(tmp_path / "out.csv")
    assert (visit["row_number"], visit["person_pays"]) == ("1", "63.00")


def test_where_no_visit_can_be_priced_the_reasons_are_written(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    """There is no result, but a report to work from."""
    error = run().exception
    assert isinstance(error, Refusal) and error.code == "nothing_priced"
    assert "out.lines-rejected.csv" in str(error)
    assert len(rows(tmp_path / "out.lines-rejected.csv")) == 1
    assert not (tmp_path / "out.csv").exists()


def test_strict_names_file_row_column_and_reason(run: Callable[..., Result]) -> None:
    """What the row's own refusal says, and what to do."""
    error = run("--strict").exception
    assert isinstance(error, RowRefusal) and error.code == "row_rejected"
    assert (error.row_number, error.field, error.why) == (2, "item", "item_unknown")
    assert str(error).startswith("lines.csv 第 2 行 item：目录中没有项目 Z")


def test_rows_of_a_catalogue_are_counted_alike(run: Callable[..., Result]) -> None:
    """A mistake of the head has no row."""
    error = run(catalogue="item,from,class\nA,2020-01-01,甲\n\nB,2020-13-01,甲\n").exception
    assert isinstance(error, RulebookError) and "catalogue.csv: 第 2 行 from：" in str(error)
    error = run(catalogue="item,from\nA,2020-01-01\n").exception
    assert isinstance(error, RulebookError) and "catalogue.csv: class：缺少这一列" in str(error)


def test_no_input_is_overwritten_by_a_report(run: Callable[..., Result], tmp_path: Path) -> None:
    """The report of unreadable rows is a file of its own."""
    result = run("--report", str(tmp_path / "visits.csv"))
    assert result.exit_code == 1
    assert (tmp_path / "visits.csv").read_text(encoding="utf-8") == FILES["visits"]
