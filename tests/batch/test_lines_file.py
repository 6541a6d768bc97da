"""`gongji adjudicate --lines`: fee lines priced first, then the visits settled as in any file."""

import csv
import json

import pytest

from gongji.cli.main import main

CATALOGUE = """\
item,name,from,class,first_self_pay,standard
A,甲药,2020-01-01,甲,,2.50
B,乙药,2020-01-01,乙,10%,
C,丙项,2020-01-01,丙,,
"""
VISITS = """\
person,visit,date,area,status,level,total,in_scope
乙,v3,2023-03-03,532300,active,1,80.00,60.00
甲,v1,2023-03-01,532300,retired,1,,
甲,v2,2023-03-02,532300,retired,3,,
丙,v4,2023-03-04,532300,learner,1,,
"""
LINES = """\
visit,item,quantity,amount
v1,A,100,300.00
v2,A,100,250.00
v1,B,1,200.00
v1,C,1,5.00
v4,A,1,2.50
"""


def run(*argv):
    with pytest.raises(SystemExit) as leaving:
        main(["adjudicate", *map(str, argv)])
    return leaving.value.code


@pytest.fixture
def given(tmp_path):
    def write(lines=LINES, visits=VISITS):
        for name, text in (("visits", visits), ("lines", lines), ("catalogue", CATALOGUE)):
            (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
        return (
            tmp_path / "visits.csv",
            "-o",
            tmp_path / "result.csv",
            "--lines",
            tmp_path / "lines.csv",
            "--catalogue",
            tmp_path / "catalogue.csv",
        )

    return write


def rows(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_lines_make_the_cost_and_visits_without_lines_keep_theirs(given, tmp_path):
    assert run(*given()) == 0
    found = {row["visit"]: row for row in rows(tmp_path / "result.csv")}
    # v1: 250.00 of A, 180.00 of B in scope; 505.00 in all.
    plain = VISITS.replace("retired,1,,", "retired,1,505.00,430.00")
    plain = plain.replace("retired,3,,", "retired,3,250.00,250.00").rpartition("丙")[0]
    (tmp_path / "plain.csv").write_text(plain, encoding="utf-8")
    assert run(tmp_path / "plain.csv", "-o", tmp_path / "wanted.csv") == 0
    assert found == {row["visit"]: row for row in rows(tmp_path / "wanted.csv")}
    # A row that cannot be read is reported by its number in the user's own file.
    (bad,) = rows(tmp_path / "result.rejected.csv")
    assert (bad["row_number"], bad["column"]) == ("4", "status")
    assert not (tmp_path / "result.lines-rejected.csv").exists()


def test_a_visit_with_a_bad_line_is_left_out_and_every_reason_given(given, tmp_path, capsys):
    assert run(*given(LINES + "v2,X,1,1.00\nv9,A,1,1.00\nv1,A,1,oops\n")) == 0
    assert [row["visit"] for row in rows(tmp_path / "result.csv")] == ["v3"]
    told = rows(tmp_path / "result.lines-rejected.csv")
    assert [(row["row_number"], row["visit"], row["code"]) for row in told] == [
        ("6", "v2", "item_unknown"),
        ("7", "v9", "line_visit_unknown"),
        ("8", "v1", "amount_invalid"),
    ]
    (bad,) = rows(tmp_path / "result.rejected.csv")
    assert bad["row_number"] == "4"
    assert "result.lines-rejected.csv" in capsys.readouterr().err
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]
    # The next run without mistakes removes the old reasons.
    assert run(*given()) == 0
    assert not (tmp_path / "result.lines-rejected.csv").exists()


def test_strict_stops_at_the_first_bad_line(given, tmp_path, capsys):
    assert run(*given(LINES + "v2,X,1,1.00\n"), "--strict", "--json") == 1
    assert "第 6 行" in json.loads(capsys.readouterr().out)["reason"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "catalogue.csv",
        "lines.csv",
        "visits.csv",
    ]


def test_amounts_in_fen_stay_in_fen(given, tmp_path):
    visits = VISITS.replace("total,in_scope", "total_fen,in_scope_fen")
    assert run(*given(visits=visits.replace("80.00,60.00", "8000,6000"))) == 0
    fen = {row["visit"]: row for row in rows(tmp_path / "result.csv")}
    assert run(*given()) == 0
    for row in rows(tmp_path / "result.csv"):
        assert int(fen[row["visit"]]["pool_pays_fen"]) == round(float(row["pool_pays"]) * 100)


@pytest.mark.parametrize("same", ["lines.csv", "catalogue.csv", "visits.csv"])
def test_no_input_is_overwritten(given, tmp_path, same):
    argv = list(given())
    argv[2] = tmp_path / same
    before = (tmp_path / same).read_bytes()
    assert run(*argv) == 1
    assert (tmp_path / same).read_bytes() == before


def test_an_area_whose_visits_all_drop_out_does_not_end_the_run(given, tmp_path, capsys):
    """云浮's only visit has an unknown item; the wage given for 云浮 is no mistake of 楚雄's."""
    lines = "visit,item,quantity,amount\ny1,X,1,10.00\nv2,A,100,250.00\n"
    visits = VISITS + "丁,y1,2023-03-01,445300,active,1,,\n"
    assert run(*given(lines, visits), "--set", "average_wage.2021=80000") == 0
    settled = {row["visit"]: row["refusal"] for row in rows(tmp_path / "result.csv")}
    assert settled["v2"] == "" and "y1" not in settled
    assert run(*given(lines, visits), "--set", "average_pension=1") == 1
    assert "average_pension" in capsys.readouterr().err


def test_columns_that_no_rule_asks_for_are_told(given, tmp_path, capsys):
    """楚雄 knows no selected institution; a third party is the nation's matter."""
    visits = tmp_path / "facts.csv"
    head = "person,date,area,status,level,in_scope,selected,third_party\n"
    visits.write_text(head + "甲,2023-03-01,532300,active,1,100,否,否\n", encoding="utf-8")
    assert run(visits, "-o", tmp_path / "out.csv", "--json") == 0
    assert json.loads(capsys.readouterr().out)["unread"] == ["selected"]
    assert run(visits, "-o", tmp_path / "out.csv") == 0
    assert "没有规则读取的列：selected" in capsys.readouterr().err
