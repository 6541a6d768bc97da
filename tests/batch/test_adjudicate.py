"""`gongji adjudicate` end to end: any format and order in and out, whole or not at all."""

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from decimal import Decimal

import pandas
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import gongji
from gongji.batch import ordering, visit_files
from gongji.cli.main import main
from gongji.refusals import Refusal
from gongji.tabular.cell_forms import text_of
from gongji.tabular.sheets import Sheet

AREAS = ("532300", "532301", "510400", "430500", "430521")
HEAD = ("person", "visit", "date", "sequence", "area", "status", "level", "total", "in_scope")


def drawn(count, people=40, seed=1):
    """Made-up visits in random order, several a person, of counties and areas."""
    rng = random.Random(seed)
    rows = []
    for number in range(count):
        person = rng.randrange(people)
        cost = rng.randint(1, 900_00)
        rows.append(
            {
                "person": f"p{person:04d}",
                "visit": f"v{number}",
                "date": f"2023-{rng.randint(3, 8):02d}-{rng.randint(1, 28):02d}",
                "sequence": str(number),
                "area": AREAS[person % len(AREAS)],
                "status": ("active", "retired")[person % 2],
                "level": str(rng.randint(1, 3)),
                "total": f"{(cost + 1000) / 100:.2f}",
                "in_scope": f"{cost / 100:.2f}",
            }
        )
    return rows


def run(*argv):
    with pytest.raises(SystemExit) as leaving:
        main(["adjudicate", *map(str, argv)])
    return leaving.value.code


def write(path, rows):
    """Rows as a file of the kind that its name says, every cell as text."""
    frame = pl.DataFrame(rows)
    {".csv": frame.write_csv, ".parquet": frame.write_parquet, ".xlsx": frame.write_excel}[
        path.suffix
    ](path)
    return path


def read(path):
    """A result as rows of texts, amounts with two decimals."""
    if path.suffix == ".parquet":
        names, rows = pq.read_schema(path).names, pq.read_table(path).to_pylist()
        return [{name: text_of(row[name]) for name in names} for row in rows]
    sheet = Sheet(path)
    money = {"pool_pays", "deductible", "supplements", "person_pays"}
    found = []
    for chunk in sheet.chunks():
        for texts in chunk:
            row = dict(zip(sheet.columns, texts, strict=True))
            if path.suffix == ".xlsx":
                for name, text in row.items():
                    if text and (name in money or name.startswith(("meter_", "layer_"))):
                        row[name] = f"{Decimal(text):.2f}"
            found.append(row)
    return found


def values(rows, without=("row_number",)):
    """Rows without what tells files apart; amounts as numbers."""

    def value(text):
        try:
            return Decimal(text)
        except ArithmeticError:
            return text

    return [{n: value(t) for n, t in row.items() if n not in without} for row in rows]


@pytest.fixture
def small_chunks(monkeypatch):
    """Chunks and ranges of a few rows, so that a small file has many borders."""
    for module in (ordering, visit_files):
        monkeypatch.setattr(module, "CHUNK_ROWS", 50)
    monkeypatch.setattr(ordering, "RANGE_ROWS", 90)


@pytest.mark.parametrize("given", [".csv", ".parquet", ".xlsx"])
def test_every_format_gives_the_same(tmp_path, given):
    rows = drawn(300)
    wanted = None
    path = write(tmp_path / f"visits{given}", rows)
    for asked in (".csv", ".parquet", ".xlsx"):
        assert run(path, "-o", tmp_path / f"result{asked}") == 0
        found = values(read(tmp_path / f"result{asked}"), without=())
        wanted = wanted or found
        assert found == wanted
    frame = gongji.adjudicate(pl.DataFrame(rows))
    assert values([{n: text_of(v) for n, v in r.items()} for r in frame.to_dicts()], ()) == wanted
    assert len(wanted) == 300
    assert sum(row["pool_pays"] for row in wanted) > 0


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
@pytest.mark.parametrize("kind", ["text", "numbers"])
def test_unsorted_equals_sorted_across_chunks_and_ranges(tmp_path, small_chunks, ending, kind):
    rows = drawn(1000)
    if kind == "numbers":
        rows = [row | {"person": int(row["person"][1:]) - 7} for row in rows]
    ordered = sorted(rows, key=lambda r: (r["person"], r["date"], int(r["sequence"])))
    if ending == ".csv":
        rows, ordered = ([r | {"person": str(r["person"])} for r in of] for of in (rows, ordered))
        ordered.sort(key=lambda r: r["person"])
    for name, given in (("mixed", rows), ("ordered", ordered)):
        path = write(tmp_path / f"{name}{ending}", given)
        assert run(path, "-o", tmp_path / f"{name}.result.parquet") == 0
    mixed, straight = (
        values(read(tmp_path / f"{name}.result.parquet")) for name in ("mixed", "ordered")
    )
    assert mixed == straight
    assert [row["visit"] for row in mixed] == [row["visit"] for row in ordered]
    whole = gongji.adjudicate(pl.DataFrame(ordered))
    assert values([{n: text_of(v) for n, v in r.items()} for r in whole.to_dicts()]) == mixed


def test_a_sequence_counts_as_a_number(tmp_path):
    rows = [
        drawn(1)[0] | {"date": "2023-03-01", "sequence": str(n), "visit": f"v{n}"}
        for n in (10, 9, 100, 1)
    ]
    for ending in (".csv", ".parquet"):
        path = write(tmp_path / f"visits{ending}", rows)
        assert run(path, "-o", tmp_path / "result.csv") == 0
        assert [r["visit"] for r in read(tmp_path / "result.csv")] == ["v1", "v9", "v10", "v100"]


BAD = [
    ("status", "learner", "value_invalid"),
    ("date", "2023-02-30", "value_invalid"),
    ("date", "1999-01-01", "date_outside"),
    ("level", "9", "value_invalid"),
    ("in_scope", "1.005", "amount_invalid"),
    ("in_scope", "-1.00", "amount_negative"),
    ("in_scope", "99999.00", "in_scope_above_total"),
    ("area", "999999", "area_unknown"),
    ("area", "", "field_missing"),
    ("person", "", "field_missing"),
    ("status", "", "field_missing"),
    ("date", "", "field_missing"),
]


def test_bad_rows_are_reported_and_the_others_settled(tmp_path, small_chunks, capsys):
    rows = drawn(400)
    places = random.Random(3).sample(range(400), len(BAD))
    for at, (column, text, _) in zip(places, BAD, strict=True):
        rows[at] |= {column: text}
    good = [row for at, row in enumerate(rows) if at not in places]
    assert run(write(tmp_path / "good.csv", good), "-o", tmp_path / "wanted.csv") == 0
    assert run(write(tmp_path / "v.csv", rows), "-o", tmp_path / "r.csv", "--json") == 0
    # Their note says that another visit of the person was not read.
    without = ("row_number", "note")
    wanted_rows = values(read(tmp_path / "wanted.csv"), without)
    assert values(read(tmp_path / "r.csv"), without) == wanted_rows
    with (tmp_path / "r.rejected.csv").open(encoding="utf-8-sig", newline="") as file:
        told = {int(row["row_number"]): row for row in csv.DictReader(file)}
    wanted = {at + 1: bad for at, bad in zip(places, BAD, strict=True)}
    assert {n: (r["column"], r["refusal"]) for n, r in told.items()} == {
        number: (column, code) for number, (column, _, code) in wanted.items()
    }
    assert all(text in told[number]["reason"] for number, (_, text, _) in wanted.items())
    summary = json.loads(capsys.readouterr().out.partition("\n")[2])
    assert (summary["visits"], summary["rejected"]) == (388, len(BAD))


def test_strict_writes_nothing(tmp_path):
    rows = drawn(30)
    rows[7]["status"] = "learner"
    path = write(tmp_path / "v.csv", rows)
    (tmp_path / "r.csv").write_text("earlier")
    assert run(path, "-o", tmp_path / "r.csv", "--strict") == 1
    assert (tmp_path / "r.csv").read_text() == "earlier"
    assert sorted(found.name for found in tmp_path.iterdir()) == ["r.csv", "v.csv"]


def test_what_cannot_be_a_result_is_refused(tmp_path, capsys):
    path = write(tmp_path / "v.csv", drawn(3))
    before = path.read_bytes()
    assert run(path, "-o", path) == 1
    assert run(path, "-o", tmp_path / "r.doc") == 1
    assert run(path, "-o", tmp_path / "r.csv", "--report", path) == 1
    assert path.read_bytes() == before
    assert [found.name for found in tmp_path.iterdir()] == ["v.csv"]


@pytest.mark.parametrize("text", ["", "person,date,status,total,area\n", "person,date\n1,2\n"])
def test_a_file_without_visits_is_refused(tmp_path, text, capsys):
    (tmp_path / "v.csv").write_text(text)
    assert run(tmp_path / "v.csv", "-o", tmp_path / "r.csv") == 1
    assert capsys.readouterr().err
    assert [found.name for found in tmp_path.iterdir()] == ["v.csv"]


def test_an_unknown_column_is_refused_unless_it_is_ignored(tmp_path, capsys):
    rows = drawn(20)
    path = write(tmp_path / "v.csv", [row | {"remark": "x"} for row in rows])
    assert run(path, "-o", tmp_path / "r.csv") == 1
    assert "remark" in capsys.readouterr().err
    assert run(path, "-o", tmp_path / "r.csv", "--ignore", "remark") == 0
    assert run(write(tmp_path / "w.csv", rows), "-o", tmp_path / "wanted.csv") == 0
    assert read(tmp_path / "r.csv") == read(tmp_path / "wanted.csv")


@pytest.mark.parametrize("area", ["430500", "532300", "510400"])
def test_opening_meters_give_the_same_as_the_whole_history(tmp_path, area):
    rows = [row | {"area": area} for row in drawn(300, seed=5)]
    assert run(write(tmp_path / "all.csv", rows), "-o", tmp_path / "all.result.csv") == 0
    whole = read(tmp_path / "all.result.csv")
    late = [row for row in rows if row["date"] >= "2023-06-01"]
    used = {}
    for row in whole:
        if row["date"] < "2023-06-01":
            for name, text in row.items():
                if name.startswith("meter_") and text and "visit" not in name:
                    meter = name.removeprefix("meter_")
                    if meter == "level_deductible":
                        level = next(r["level"] for r in rows if r["visit"] == row["visit"])
                        meter = f"{meter}.{level}"
                    used[row["person"], meter] = text
    opening = [{"person": p, "meter": m, "amount": a} for (p, m), a in used.items()]
    # The first row of somebody being unreadable does not lose what was used before.
    first = min((r for r in late), key=lambda r: (r["person"], r["date"], int(r["sequence"])))
    late.append(first | {"date": "2023-05-31", "visit": "bad", "status": "learner"})
    argv = ["-o", tmp_path / "late.result.csv", "--opening", write(tmp_path / "o.csv", opening)]
    assert run(write(tmp_path / "late.csv", late), *argv) == 0
    wanted = [row for row in whole if row["date"] >= "2023-06-01"]
    meters = tuple(name for name in whole[0] if name.startswith("meter_"))
    without = ("row_number", "note", *meters)
    assert values(read(tmp_path / "late.result.csv"), without) == values(wanted, without)


def test_yuan_and_fen_give_the_same(tmp_path):
    rows = drawn(200)
    fen = [
        {n: v for n, v in row.items() if n not in ("total", "in_scope")}
        | {f"{n}_fen": int(Decimal(row[n]) * 100) for n in ("total", "in_scope")}
        for row in rows
    ]
    for ending in (".csv", ".parquet"):
        assert run(write(tmp_path / f"y{ending}", rows), "-o", tmp_path / "y.result.parquet") == 0
        assert run(write(tmp_path / f"f{ending}", fen), "-o", tmp_path / "f.result.parquet") == 0
        yuan, whole = (read(tmp_path / f"{name}.result.parquet") for name in "yf")
        for one, other in zip(yuan, whole, strict=True):
            for name, text in other.items():
                if name.endswith("_fen") and text:
                    assert Decimal(one[name.removesuffix("_fen")]) * 100 == int(text)
                else:
                    assert one[name.removesuffix("_fen")] == text


def test_a_county_is_settled_as_its_area(tmp_path):
    rows = drawn(200)
    homes = {"532301": "532300", "430521": "430500"}
    plain = [row | {"area": homes.get(row["area"], row["area"])} for row in rows]
    assert run(write(tmp_path / "a.csv", rows), "-o", tmp_path / "a.result.csv") == 0
    assert run(write(tmp_path / "b.csv", plain), "-o", tmp_path / "b.result.csv") == 0
    counties, areas = (values(read(tmp_path / f"{n}.result.csv"), ("area",)) for n in "ab")
    assert counties == areas
    # Each area alone gives what all of them give together.
    alone = []
    for area in sorted(set(homes.values()) | {"510400"}):
        mine = [{k: v for k, v in r.items() if k != "area"} for r in plain if r["area"] == area]
        path = write(tmp_path / "one.csv", mine)
        assert run(path, "-o", tmp_path / "one.result.csv", "--area", area) == 0
        alone += values(read(tmp_path / "one.result.csv"))
    together = {row["visit"]: row for row in values(read(tmp_path / "b.result.csv"))}
    for row in alone:
        assert row == {name: together[row["visit"]][name] for name in row}


def test_gb18030_and_a_mark_are_read(tmp_path):
    rows = [row | {"person": f"张{row['person']}"} for row in drawn(50)]
    plain = write(tmp_path / "v.csv", rows)
    results = []
    for encoding in ("utf-8", "utf-8-sig", "gb18030"):
        path = tmp_path / f"{encoding}.csv"
        path.write_text(plain.read_text(encoding="utf-8"), encoding=encoding)
        assert run(path, "-o", tmp_path / "r.csv") == 0
        results.append(read(tmp_path / "r.csv"))
    assert results[0] == results[1] == results[2]


def test_frames_of_every_kind_give_the_same():
    rows = drawn(100)
    for row in rows:
        row["total"], row["in_scope"] = (Decimal(row[n]) for n in ("total", "in_scope"))
    frame = pl.DataFrame(rows)
    typed = frame.with_columns(
        pl.col("date").str.to_date(),
        pl.col("sequence").cast(pl.Int64),
        pl.col("area", "person").cast(pl.Categorical),
    )
    given = [frame, typed, frame.to_arrow(), pandas.DataFrame(rows)]
    given.append(given[-1].assign(date=lambda f: pandas.to_datetime(f["date"])))
    for one in given:
        found = gongji.adjudicate(one)
        assert type(found) is type(one)
    given += [frame.to_dicts(), frame.to_dict(as_series=False)]
    results = [pl.DataFrame(gongji.adjudicate(one)) for one in given]
    for result in results[1:]:
        for name in ("visit", "pool_pays", "person_pays"):
            assert result[name].to_list() == results[0][name].to_list()
    with pytest.raises(Refusal, match="frame"):
        gongji.adjudicate(5)


def test_a_bad_row_of_a_frame_is_refused_or_left_out():
    rows = drawn(10)
    rows[3]["status"] = "learner"
    with pytest.raises(Refusal, match="第 4 行"):
        gongji.adjudicate(pl.DataFrame(rows))
    assert len(gongji.adjudicate(pl.DataFrame(rows), strict=False)) == 9
    assert len(gongji.adjudicate(pa.Table.from_pylist(rows), strict=False)) == 9


def test_a_run_that_is_killed_leaves_no_result(tmp_path):
    count = 600_000
    rng = random.Random(1)
    frame = pl.DataFrame(
        {
            "person": [rng.randrange(count) for _ in range(count)],
            "date": ["2023-03-01"] * count,
            "area": ["430500"] * count,
            "status": ["active"] * count,
            "level": ["1"] * count,
            "in_scope": ["10.00"] * count,
        }
    )
    frame.write_parquet(tmp_path / "v.parquet")
    argv = ["adjudicate", str(tmp_path / "v.parquet"), "-o", str(tmp_path / "r.csv")]
    code = f"from gongji.cli.main import main; main({argv!r})"
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL) as running:
        deadline = time.monotonic() + 60
        while not any(path.name.startswith(".r.") for path in tmp_path.iterdir()):
            assert running.poll() is None and time.monotonic() < deadline
            time.sleep(0.01)
        os.kill(running.pid, signal.SIGKILL)
    assert running.returncode == -signal.SIGKILL
    assert not (tmp_path / "r.csv").exists()
    assert run(tmp_path / "v.parquet", "-o", tmp_path / "r.csv") == 0
