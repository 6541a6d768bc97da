"""`gongji supervise`: the report, the next day, marks that come back."""

import json
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
from polars.testing import assert_frame_equal
from python_calamine import CalamineWorkbook

from gongji.cli.main import main
from gongji.supervision import marks, supervise_run
from gongji.supervision.claim_tables import ClaimTables
from gongji.supervision.findings import FINDING, counting
from gongji.supervision.prefecture import Wishes, make_prefecture
from gongji.supervision.rules_folded import fold_rules
from gongji.supervision.supervise_run import Supervising, given_points, supervise

LAST_DAYS = datetime(2025, 12, 15)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    make_prefecture(folder, Wishes(persons=1_200, seed=4, part=600))
    return folder


def run(tables: Path, report: Path, drawn: bool = False) -> pl.DataFrame:
    """The findings of a run; its pictures are drawn only where they are looked at."""
    own = ClaimTables(tables)
    with pytest.MonkeyPatch.context() as patch:
        if not drawn:
            patch.setattr(supervise_run, "_pictures", lambda *_: [])
        asked = Supervising(own, fold_rules("439900"), given_points(own))
        return supervise(asked, report).findings


def until(tables: Path, folder: Path, instant: datetime) -> Path:
    """The same tables as they were some days before."""
    for table in ("persons", "institutions", "items", "proofs", "points"):
        (folder / table).mkdir(parents=True)
        for path in (tables / table).iterdir():
            (folder / table / path.name).symlink_to(path)
    for table, column in (("visits", "settled_at"), ("lines", "occurred_at")):
        (folder / table).mkdir()
        for path in (tables / table).iterdir():
            some = pl.read_parquet(path).filter(pl.col(column) < instant)
            some.write_parquet(folder / table / path.name)
    visits = pl.scan_parquet(folder / "visits" / "*.parquet").select("visit")
    for path in (folder / "lines").iterdir():
        some = pl.scan_parquet(path).join(visits, on="visit", how="semi").collect()
        some.write_parquet(path)
    return folder


@pytest.fixture(scope="module")
def whole(tables: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pl.DataFrame]:
    report = tmp_path_factory.mktemp("whole")
    return report, run(tables, report, drawn=True)


def test_a_report_has_every_file_and_a_line_is_found_once(
    tables: Path, whole: tuple[Path, pl.DataFrame]
) -> None:
    report, findings = whole
    assert tuple(findings.columns) == tuple(FINDING) and findings["line"].is_unique().all()
    lines = pl.read_parquet(tables / "lines" / "*.parquet").select("line", "amount")
    both = findings.join(lines, on="line", how="left")
    assert (both["money"] <= both["amount"]).all()
    page = (report / "supervision.html").read_text(encoding="utf-8")
    assert page.count("<svg") >= 3 and "阶梯图" in page and "漏斗图" in page
    assert "没有看到的" in page and "转诊率" in page and "http" not in page.split("<body>")[0]
    book = CalamineWorkbook.from_path(report / "supervision.xlsx")
    assert {"指标", "逐月指标"} <= set(book.sheet_names) and "<h2>指标</h2>" in page
    units = {row[0] for row in book.get_sheet_by_name("指标").to_python()[1:]}
    assert units and units <= {"机构", "科室", "医师"}
    leads = pl.read_parquet(report / "leads.parquet")
    assert leads["rank"].to_list() == list(range(1, len(leads) + 1))
    assert leads["score"].is_sorted(descending=True) and leads["grounds"].is_not_null().all()


def test_known_frauds_are_found_and_honest_people_are_mostly_left_alone(
    tables: Path, whole: tuple[Path, pl.DataFrame]
) -> None:
    truth = pl.read_parquet(tables / "truth" / "*.parquet")
    found = whole[1].filter(counting())
    kinds = ("during_stay", "after_death", "trace_twice", "above_listing", "charged_twice")
    planted = [kind for kind in kinds if kind in truth["kind"]]
    assert len(planted) >= 4
    for kind in planted:
        mine = truth.filter(pl.col("kind") == kind)
        share = mine.join(found, on="line", how="semi").height / mine.height
        assert share > 0.9, kind
    breaches = found.filter(pl.col("kind") == "明确违规")
    false = breaches.join(truth, on="line", how="anti")
    assert false.height < 0.1 * breaches.height


def test_the_second_run_adds_only_its_own_and_nothing_is_lost(
    tables: Path, whole: tuple[Path, pl.DataFrame], tmp_path: Path
) -> None:
    before = until(tables, tmp_path / "before", LAST_DAYS)
    report = tmp_path / "report"
    first = run(before, report)
    second = run(tables, report)
    assert second.join(first, on=list(FINDING), how="semi", nulls_equal=True).height == first.height
    again = run(tables, report)
    assert again.equals(second)
    # Peers, indicators and networks of the second and third day are those of one run over all.
    for sheet in ("指标", "逐月指标"):
        once, later = (
            CalamineWorkbook.from_path(folder / "supervision.xlsx").get_sheet_by_name(sheet)
            for folder in (whole[0], report)
        )
        assert once.to_python() == later.to_python()
    one, other = (
        pl.read_parquet(folder / "leads.parquet").filter(pl.col("source") != "规则").drop("rank")
        for folder in (whole[0], report)
    )
    assert_frame_equal(one, other)
    breach = pl.col("kind") == "明确违规"
    once, twice = (set(one.filter(breach)["line"]) for one in (whole[1], second))
    assert once == twice
    seen = pl.read_parquet(report / "visits-seen.parquet")
    assert seen["_visit"].is_unique().all()


def test_marks_come_back_as_precision_and_as_weight(tables: Path, tmp_path: Path) -> None:
    run(tables, tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        # Nobody has touched the workbook: there is nothing to read in it.
        patch.setattr(marks, "read_marks", lambda book: pytest.fail("read without need"))
        run(tables, tmp_path)
    findings = pl.read_parquet(tmp_path / "findings.parquet")
    some = findings.filter(pl.col("rule") == "重复收费").head(25)
    with xlsxwriter.Workbook(str(tmp_path / "supervision.xlsx")) as book:
        sheet = book.add_worksheet("发现")
        sheet.write_row(0, 0, ["明细", "规则", "认定"])
        for number, line in enumerate(some["line"], 1):
            mark = "属实" if number == 1 else "数据错误" if number < 25 else "也许"
            sheet.write_row(number, 0, [line, "重复收费", mark])
    own = ClaimTables(tables)
    marked = supervise(
        Supervising(own, fold_rules("439900"), given_points(own)), tmp_path
    ).precision
    (one,) = marked.to_dicts()
    assert (one["marks"], one["true"], one["wrong_entry"]) == (24, 1, 23)
    assert one["precision"] == pytest.approx(1 / 24) and one["weight"] < 0.2
    assert one["proposal"] == "建议停用"
    kept = run(tables, tmp_path)
    assert len(pl.read_parquet(tmp_path / "marks.parquet")) == 24 and len(kept) == len(findings)


def test_few_marks_do_not_outweigh_what_is_usual() -> None:
    one = pl.DataFrame({"line": ["L1"], "rule": ["甲"], "mark": ["数据错误"]}, schema=marks.MARK)
    (row,) = marks.precision_of(one).to_dicts()
    assert row["precision"] == 0 and row["weight"] > 0.4 and row["proposal"] == ""


def test_the_command_tells_figures_and_refuses_a_folder_without_tables(
    tables: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["supervise", str(tables), "-o", str(tmp_path / "r"), "--area", "439900", "--json"])
    assert ended.value.code == 0
    told = json.loads(capsys.readouterr().out)
    assert told["visits"] == told["new_visits"] > 5_000 and told["leads"] > 10
    assert any(one["reason"] == "没有导入知识点" for one in told["not_looked_at"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(SystemExit) as ended:
        main(["supervise", str(tmp_path / "empty"), "-o", str(tmp_path / "r2")])
    assert ended.value.code == 1
    assert "没有 visits 表" in capsys.readouterr().err
