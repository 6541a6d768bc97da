"""`gongji audit FOLDER`: every visit of our own tables, a report that opens to them."""

import json

import polars as pl
import pytest
from python_calamine import CalamineWorkbook

from gongji.auditing.open_figures import FolderWishes
from gongji.auditing.own_folder import audit_folder
from gongji.auditing.report_page import page_of
from gongji.auditing.report_tables import report_tables
from gongji.cli.main import main
from gongji.mirror.by_law import pay_by_law
from gongji.refusals import Refusal
from mirror.made_small import write_small

POOL, BORNE = "paid_pool_fen", "paid_deductible_fen"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small prefecture paid by the law, but for some visits that were not paid at all."""
    made = tmp_path_factory.mktemp("own")
    write_small(made, visits=900)
    wrong = pay_by_law(made)
    return made, wrong


def changed(folder, target, *columns):
    """A copy of a folder's visits with columns changed."""
    target.mkdir()
    for name in ("persons", "institutions", "visits"):
        frame = pl.read_parquet(folder / f"{name}.parquet")
        frame = frame.with_columns(*columns) if name == "visits" else frame
        frame.write_parquet(target / f"{name}.parquet")
    return target


def test_all_visits_are_equal_but_those_that_were_made_wrong(folder):
    made, wrong = folder
    found = audit_folder(made, FolderWishes())
    assert wrong > 1 and found.summary.rows == 900
    assert found.summary.count == wrong and not found.summary.bad
    assert set(found.summary.causes) == {"paid_zero"}


def test_every_table_adds_up_to_the_whole(folder):
    made, wrong = folder
    found = audit_folder(made, FolderWishes())
    due = sum(tally.under_fen for tally in found.summary.causes.values())
    for table in report_tables(found):
        assert sum(line.differ for line in table.lines) == wrong, table.title
        assert sum(line.under_fen for line in table.lines) == due, table.title
        if table.column in ("institution", "month", "benefit", "level"):
            assert sum(line.rows for line in table.lines) == 900, table.title
    months = next(t for t in report_tables(found) if t.column == "month").lines
    assert [line.key for line in months] == sorted(line.key for line in months)


def test_each_line_of_the_page_opens_to_its_visits_with_the_explanation(folder):
    made, wrong = folder
    found = audit_folder(made, FolderWishes())
    page = page_of(found, (), "本地 <一>")
    assert page.count("<summary>应付未付</summary>") == 1 and "实付为零" in page
    assert "虚构医院" in page and "2023-0" in page and "本地 &lt;一&gt;" in page
    visit = found.findings["visit"][0]
    assert page.count(visit) == 6, "once in every table"
    assert "http" not in page and "<script" not in page


def test_what_the_outpatient_rules_do_not_cover_is_set_aside_and_counted(folder, tmp_path):
    made, _ = folder
    at = pl.int_range(pl.len())
    benefit = pl.when(at < 5).then(pl.lit("inpatient")).otherwise("benefit").alias("benefit")
    shop = pl.when(at.is_in([7, 8])).then(pl.lit("pharmacy")).otherwise("institution_kind")
    pool = pl.when(at == 7).then(0).when(at == 8).then(1).otherwise("paid_pool_fen")
    borne = pl.when(at == 7).then(0).otherwise(BORNE).alias(BORNE)
    columns = (benefit, shop.alias("institution_kind"), pool.alias(POOL), borne)
    found = audit_folder(changed(made, tmp_path / "own", *columns), FolderWishes())
    assert found.aside == {"not_outpatient": 5, "account_only": 1, "prescriber_unknown": 1}
    assert found.summary.rows == 893


def test_a_pharmacy_whose_prescriber_is_not_told_is_judged_by_the_level_that_agrees(
    folder, tmp_path
):
    made, _ = folder
    few = pl.int_range(pl.len()) % 9 == 1
    shop = pl.when(few).then(pl.lit("pharmacy")).otherwise("institution_kind")
    writer = pl.when(few).then(pl.lit("2")).alias("prescriber_level")
    told = changed(made, tmp_path / "told", shop.alias("institution_kind"), writer)
    wrong = pay_by_law(told)
    nothing = pl.lit(None, pl.String).alias("prescriber_level")
    found = audit_folder(changed(told, tmp_path / "own", nothing), FolderWishes())
    judged = found.summary.rows + found.aside.get("account_only", 0)
    assert judged == 900 and found.summary.count == wrong and found.aside.keys() <= {"account_only"}


def test_an_open_figure_that_nearly_all_rows_show_is_offered(tmp_path):
    write_small(tmp_path / "own", visits=300)
    special = pl.lit("special").alias("benefit")
    hospital = pl.lit("3").alias("level")
    target = changed(tmp_path / "own", tmp_path / "special", special, hospital)
    settings = {
        "inpatient_deductible.3": "0",
        "inpatient_rate.3.active": "85%",
        "inpatient_rate.3.retired": "89%",
        "inpatient_ceiling": "100000000",
    }
    pay_by_law(target, settings)
    found = audit_folder(target, FolderWishes())
    offered = {one.parameter: one.value for one in found.estimates if one.clear}
    assert offered["inpatient_rate.3.active"] == "85%"
    assert offered["inpatient_rate.3.retired"] == "89%"
    assert "inpatient_ceiling" not in offered, "nobody stood still under it"


def test_a_folder_without_visits_is_refused(tmp_path):
    with pytest.raises(Refusal) as refused:
        audit_folder(tmp_path, FolderWishes())
    assert refused.value.code == "value_invalid"


def run(*argv):
    """The exit code of a command."""
    with pytest.raises(SystemExit) as leaving:
        main(["audit", *map(str, argv)])
    return leaving.value.code


def test_the_command_writes_a_page_a_workbook_and_the_differences(folder, tmp_path, capsys):
    made, wrong = folder
    assert run(made, "-o", tmp_path / "report", "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert told["differences"] == wrong and told["set_aside"] == {}
    book = tmp_path / "report/report.xlsx"
    sheet = CalamineWorkbook.from_path(str(book)).get_sheet_by_name("按原因").to_python()
    assert sheet[1][:3] == ["应付未付", wrong, wrong]
    assert pl.read_parquet(tmp_path / "report/differences.parquet").height == wrong
    assert "分文不差" in (tmp_path / "report/report.html").read_text(encoding="utf-8")
    assert run(tmp_path) == 2
