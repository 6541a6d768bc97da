"""`gongji audit` on files: exit codes, tables written whole, sums that agree."""

import json
import random

import polars as pl
import pytest

from gongji.auditing import AuditSummary, Finding, PaidFile, audit, findings_frame
from gongji.cli.main import main
from gongji.law.engine.engine import settle
from gongji.law.engine.person_meters import Meters
from gongji.refusals import Refusal
from gongji.units import parse_fen

GOOD = """\
person,visit,date,area,status,level,in_scope,paid_pool
甲,1,2023-03-01,532300,active,1,1000,582.00
甲,2,2023-03-02,532300,active,3,1000,455.00
乙,3,2023-03-02,510400,active,2,700,300
"""
BAD = (
    GOOD
    + """\
丙,4,2023-03-02,510400,active,2,700,420
丁,5,2023-03-02,510400,learner,2,700,360
"""
)


def run(*argv):
    with pytest.raises(SystemExit) as leaving:
        main(["audit", *map(str, argv)])
    return leaving.value.code


@pytest.fixture
def file(tmp_path):
    def write(text, name="visits.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_exit_code_0_where_everything_agrees(file, capsys):
    assert run(file(GOOD)) == 0
    assert "共 3 行，0 处差异，0 行未能核对" in capsys.readouterr().out


def test_exit_code_1_where_something_differs(file, capsys):
    assert run(file(BAD)) == 1
    told = capsys.readouterr()
    assert "多付120.00元" in told.out and "起付标准未扣" in told.out
    assert "第 5 行未核对（value_invalid）" in told.err


@pytest.mark.parametrize(
    "text", ["person,date\n甲,2023-01-01\n", GOOD.replace("level", "水平"), "", "paid_pool\n1\n"]
)
def test_exit_code_2_where_the_file_cannot_be_read(file, text, capsys):
    assert run(file(text)) == 2
    assert capsys.readouterr().err


def test_json_has_the_summary_the_differences_and_the_rows_not_audited(file, capsys):
    assert run(file(BAD), "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["differences"], found["over"], found["bad_rows"]) == (1, "120.00", 1)
    assert found["causes"][0]["cause"] == "deductible_skipped"
    assert found["rows_differing"][0]["difference_pool"] == "120.00"
    assert found["rows_not_audited"][0]["row_number"] == 5


@pytest.mark.parametrize("ending", ["csv", "parquet", "xlsx"])
def test_differences_are_written_in_the_format_that_the_name_says(file, tmp_path, ending):
    target = tmp_path / f"differences.{ending}"
    assert run(file(BAD), "-o", target) == 1
    read = {"csv": pl.read_csv, "parquet": pl.read_parquet}.get(ending)
    if read:
        frame = read(target)
        assert frame["difference_pool"].to_list() in ([120.0], ["120.00"])
        assert pl.read_csv(tmp_path / "differences.rejected.csv")["code"].to_list() == [
            "value_invalid"
        ]
    else:
        from python_calamine import CalamineWorkbook

        book = CalamineWorkbook.from_path(str(target))
        assert book.sheet_names == ["差异", "汇总", "未核对", "合计", "规则与存疑"]
        assert book.get_sheet_by_name("汇总").to_python()[1][:3] == ["起付标准未扣", 1, 120]
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_another_ending_is_refused(file, tmp_path):
    assert run(file(BAD), "-o", tmp_path / "differences.doc") == 1
    assert not (tmp_path / "differences.doc").exists()


def test_settings_and_fen_columns(file):
    text = GOOD.splitlines()[0].replace("paid_pool", "paid_pool_fen,paid_ordinary_fen") + (
        "\n甲,1,2023-03-01,445300,active,1,5000,160000,160000\n"
    )
    assert run(file(text), "--set", "average_wage=80000") == 0
    assert run(file(text)) == 1  # 平均工资未给出，未能核对
    assert run(file(text), "--set", "no_such=1") == 2


def histories(count, seed):
    """Made-up visits, several a person, with what the law pays."""
    rng = random.Random(seed)
    rows = [
        {
            "person": f"p{rng.randint(1, max(1, count // 8))}",
            "visit": f"v{number}",
            "date": f"2023-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}",
            "status": "active",
            "level": str(rng.randint(1, 3)),
            "in_scope": f"{rng.randint(1, 90000) / 100:.2f}",
            "paid_pool": "0",
        }
        for number in range(count)
    ]
    for row in rows:
        row["area"] = "430500" if int(row["person"][1:]) % 2 else "510400"
    file, meters = PaidFile(pl.DataFrame(rows)), {}
    for row in file.rows():
        texts = {name: text for name, text in row.items() if isinstance(text, str)}
        area, visit = file.visit(texts)
        held = meters.setdefault(visit.person, Meters(area.layout))
        fen = settle(area, visit, held).pool_fen
        rows[row["row_number"] - 1]["paid_pool"] = f"{fen // 100}.{fen % 100:02d}"
    return rows


def test_a_file_paid_by_the_law_has_no_difference():
    assert list(audit(PaidFile(pl.DataFrame(histories(400, 1))))) == []


def test_the_differences_add_up_to_what_was_paid_beyond_what_was_due():
    rng = random.Random(2)
    rows = histories(400, 2)
    due = sum(parse_fen(row["paid_pool"]) for row in rows)
    for row in rng.sample(rows, 60):
        row["paid_pool"] = f"{rng.randint(0, 50000) / 100:.2f}"
    found = [f for f in audit(PaidFile(pl.DataFrame(rows))) if isinstance(f, Finding)]
    paid = sum(parse_fen(row["paid_pool"]) for row in rows)
    assert sum(f.difference_fen for f in found) == paid - due
    summary = AuditSummary(len(rows))
    for finding in found:
        summary.add(finding)
    assert summary.count == len(found)
    assert sum(t.over_fen - t.under_fen for t in summary.causes.values()) == paid - due
    assert len(findings_frame(found)) == len(found)


def test_only_suspects_are_settled_where_they_are_known():
    rows = histories(80, 3)
    rows[0]["paid_pool"] = "0.37"
    frame, person = pl.DataFrame(rows), rows[0]["person"]
    everybody = [f.row_number for f in audit(PaidFile(frame))]
    assert [f.row_number for f in audit(PaidFile(frame), suspects={person})] == everybody
    assert list(audit(PaidFile(frame), suspects=set())) == []


def test_a_frame_without_the_paid_column_is_refused():
    with pytest.raises(Refusal, match="paid_pool"):
        PaidFile(pl.DataFrame({"person": ["甲"], "date": ["2023-01-01"]}), area="532300")


@pytest.mark.slow
def test_a_big_file_is_audited():
    rows = histories(100_000, 4)
    for row in rows[::1000]:
        row["paid_pool"] = "999.99"
    found = list(audit(PaidFile(pl.DataFrame(rows))))
    assert len(found) >= 100


def test_no_input_is_overwritten_and_no_work_is_done_for_a_result_that_cannot_be(file, tmp_path):
    given = file(BAD)
    before = given.read_bytes()
    assert run(given, "-o", given) == 1
    assert run(file(BAD, "a.rejected.csv"), "-o", tmp_path / "a.csv") == 1
    assert run(given, "-o", tmp_path / "no" / "such.csv") == 2
    assert given.read_bytes() == before


def test_the_next_audit_without_bad_rows_removes_the_old_report(file, tmp_path):
    assert run(file(BAD), "-o", tmp_path / "a.csv") == 1
    assert (tmp_path / "a.rejected.csv").exists()
    assert run(file(GOOD), "-o", tmp_path / "a.csv") == 0
    assert not (tmp_path / "a.rejected.csv").exists()


@pytest.mark.parametrize("ending", ["csv", "parquet", "xlsx"])
def test_rows_are_counted_as_adjudicate_counts_them(file, tmp_path, ending):
    text = BAD.replace("丙,4", "\n丙,4") if ending == "csv" else BAD
    given = file(text)
    if ending != "csv":
        frame = pl.read_csv(given, infer_schema=False)
        given = tmp_path / f"visits.{ending}"
        getattr(frame, {"parquet": "write_parquet", "xlsx": "write_excel"}[ending])(given)
    assert run(given, "-o", tmp_path / "audit.csv") == 1
    with pytest.raises(SystemExit):
        main(
            ["adjudicate", str(given), "-o", str(tmp_path / "result.csv"), "--ignore", "paid_pool"]
        )
    for name, number in (("audit", 5), ("result", 5)):
        assert pl.read_csv(tmp_path / f"{name}.rejected.csv")["row_number"].to_list() == [number]
    assert pl.read_csv(tmp_path / "audit.csv")["row_number"].to_list() == [4]


def test_opening_meters_by_area(file):
    two = file(GOOD)
    used = "person,area,meter,key,amount_fen\n乙,510400,year_deductible,,20000\n"
    assert run(two, "--opening", file(used, "opening.csv")) == 1  # 已承担200元，应付420元
    for wrong in (
        "person,meter,amount\n乙,year_deductible,200\n",
        "person,area,meter,amount\n乙,510400,year_deductible,x\n",
        "person,area,meter,amount,note\n乙,510400,year_deductible,1,x\n",
    ):
        assert run(two, "--opening", file(wrong, "opening.csv")) == 2
