"""Files of visits on both sides of every boundary of days, by hand; and what a file's summary,
report and refusals say of it."""

import csv
import json

import polars as pl
import pytest

import gongji
from boundary_visits import HISTORIES
from gongji.batch import ordering, visit_files
from gongji.batch.adjudicate import adjudicate_table
from gongji.cli.main import main
from gongji.refusals import Refusal
from made_rulebooks import library


@pytest.mark.parametrize("history", HISTORIES, ids=[history.name for history in HISTORIES])
def test_a_history_of_a_file_is_settled_as_by_hand(history, tmp_path):
    """Two persons with the same history, so that the meters of one are not the other's."""
    folders = (tmp_path,) if history.rulebook else ()
    if history.rulebook:
        library(tmp_path, history.rulebook)
    order = {"area": history.area, "sequence": ""}
    rows = [
        row | order | {"person": person, "sequence": str(number)}
        for person in ("甲", "乙")
        for number, row in enumerate(history.rows, start=1)
    ]
    columns = dict.fromkeys(name for row in rows for name in row)
    frame = pl.DataFrame([dict.fromkeys(columns, "") | row for row in rows])
    table, rejected = adjudicate_table(frame.to_arrow(), settings=history.settings, folders=folders)
    found = {bad.row_number: bad.code for bad in rejected}
    for row in table.to_pylist():
        found[row["row_number"]] = row["refusal"] or f"{row['pool_pays']:.2f}"
    assert tuple(found[number] for number in sorted(found)) == history.paid * 2


def visit(person, **more):
    return {
        "person": person,
        "date": "2023-03-01",
        "area": "430500",
        "status": "active",
        "level": "2",
        "in_scope": "300.07",
    } | more


def run(capsys, *argv):
    with pytest.raises(SystemExit) as leaving:
        main(["adjudicate", *map(str, argv), "--json"])
    return leaving.value.code or 0, capsys.readouterr()


@pytest.fixture
def small_chunks(monkeypatch):
    """Chunks of a few rows."""
    for module in (ordering, visit_files):
        monkeypatch.setattr(module, "CHUNK_ROWS", 4)


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_the_summary_counts_every_chunk(tmp_path, capsys, small_chunks, ending):
    """Twelve visits in three chunks: 60.04 of each that is paid, every refusal by its reason."""
    rows = [visit(f"p{number:02d}") for number in range(12)]
    for number in (0, 1, 5, 9, 11):
        rows[number]["designated"] = "否"
    rows[2]["inpatient"] = rows[10]["inpatient"] = "是"
    columns = dict.fromkeys(name for row in rows for name in row)
    frame = pl.DataFrame([dict.fromkeys(columns, "") | row for row in rows])
    path = tmp_path / f"v{ending}"
    frame.write_csv(path) if ending == ".csv" else frame.write_parquet(path)
    code, said = run(capsys, path, "-o", tmp_path / "r.csv")
    told = json.loads(said.out)
    assert code == 0
    assert told["visits"] == 12 and told["rejected"] == 0
    assert told["refusals"] == {"not_designated": 5, "inpatient_stay": 2}
    # Five are paid: (300.07 - 200) x 60 % = 60.042.
    assert told["pool_pays"] == "300.20"


@pytest.mark.parametrize(("in_scope", "pool"), [("200.02", "0.01"), ("200.17", "0.10")])
def test_the_sum_keeps_its_zeros(tmp_path, capsys, in_scope, pool):
    pl.DataFrame([visit("p", in_scope=in_scope)]).write_csv(tmp_path / "v.csv")
    told = json.loads(run(capsys, tmp_path / "v.csv", "-o", tmp_path / "r.csv")[1].out)
    assert told["pool_pays"] == pool


BAD = {1: ("total", "amount_invalid"), 4: ("date", "value_invalid"), 6: ("level", "value_invalid")}


@pytest.fixture
def bad_rows():
    """Three bad rows of three kinds, found at three steps, persons falling."""
    rows = [visit(f"p{9 - number}", total="400") for number in range(8)]
    rows[0]["total"], rows[3]["date"], rows[5]["level"] = "1.234", "2023-02-29", "9"
    return rows


def test_a_report_is_in_the_order_of_the_file(tmp_path, capsys, bad_rows):
    pl.DataFrame(bad_rows).write_csv(tmp_path / "v.csv")
    code, _ = run(capsys, tmp_path / "v.csv", "-o", tmp_path / "r.csv")
    assert code == 0
    with (tmp_path / "r.rejected.csv").open(encoding="utf-8-sig") as file:
        found = [(int(r["row_number"]), r["column"], r["refusal"]) for r in csv.DictReader(file)]
    assert found == [(number, *why) for number, why in BAD.items()]


def test_strict_names_the_first_bad_row(tmp_path, capsys, bad_rows):
    """In the order of the file, whatever the order of persons."""
    frame = pl.DataFrame(bad_rows)
    frame.write_csv(tmp_path / "v.csv")
    code, said = run(capsys, tmp_path / "v.csv", "-o", tmp_path / "r.csv", "--strict")
    assert code == 1 and not (tmp_path / "r.csv").exists()
    assert "第 1 行 total" in said.err
    with pytest.raises(Refusal) as refusal:
        gongji.adjudicate(frame)
    assert refusal.value.field == "total" and "第 1 行" in str(refusal.value)
    left = gongji.adjudicate(frame, strict=False)
    assert sorted(left["row_number"].to_list()) == [2, 3, 5, 7, 8]


def test_opening_meters_begin_with_the_first_row_that_can_be_read():
    """200 met before; the first row has no status, the second is paid in full."""
    rows = [visit("p", status=""), visit("p"), visit("q"), visit("q")]
    table = pl.DataFrame(rows).to_arrow()
    opening = {"p": {"level_deductible.2": 20_000, "year_deductible": 20_000}}
    found, rejected = adjudicate_table(table, opening=opening)
    assert [(bad.row_number, bad.code) for bad in rejected] == [(1, "field_missing")]
    # 300.07 x 60 % = 180.042; q: 100.07 x 60 %, then all.
    assert [f"{row['pool_pays']:.2f}" for row in found.to_pylist()] == [
        "180.04",
        "60.04",
        "180.04",
    ]
