"""What a result file is made of: columns as narrow as they may be, nothing left of killed runs."""

import subprocess
import sys

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import gongji
from gongji.batch import ordering, visit_files
from gongji.cli.main import main
from gongji.refusals import Refusal

LARGE = 3_000_000_000
"""An amount in fen that 32 bits do not hold."""


def run(*argv):
    with pytest.raises(SystemExit) as leaving:
        main(["adjudicate", *map(str, argv)])
    return leaving.value.code


def visits(count):
    """Visits in order of persons, two a person."""
    return pl.DataFrame(
        {
            "person": [n // 2 for n in range(count)],
            "date": ["2023-03-01"] * count,
            "area": ["430500"] * count,
            "status": ["active"] * count,
            "level": ["1"] * count,
            "total_fen": [10_000 + n for n in range(count)],
        }
    )


def said(frame):
    """A frame in which nothing to say is an empty text, as files have it."""
    return frame.with_columns(pl.col(pl.Categorical).cast(pl.String).fill_null(""))


@pytest.fixture
def small_chunks(monkeypatch):
    for module in (ordering, visit_files):
        monkeypatch.setattr(module, "CHUNK_ROWS", 50)
    monkeypatch.setattr(ordering, "RANGE_ROWS", 90)


def test_whole_amounts_are_narrow_and_say_that_none_is_missing(tmp_path, small_chunks):
    visits(300).write_parquet(tmp_path / "v.parquet")
    assert run(tmp_path / "v.parquet", "-o", tmp_path / "r.parquet") == 0
    schema = pq.read_schema(tmp_path / "r.parquet")
    for name in ("pool_pays_fen", "deductible_fen", "person_pays_fen", "row_number"):
        assert schema.field(name).type == pa.int32() and not schema.field(name).nullable
    wanted = gongji.adjudicate(visits(300))
    assert wanted.schema["pool_pays_fen"] == pl.Int64
    found = pl.read_parquet(tmp_path / "r.parquet")
    assert said(found.cast(dict(wanted.schema))).equals(said(wanted))


def test_an_amount_that_comes_late_and_is_too_large_widens_the_file(tmp_path, small_chunks):
    frame = visits(300)
    late = pl.int_range(pl.len()) == 277
    frame = frame.with_columns(
        pl.when(late).then(LARGE).otherwise(pl.col("total_fen")).alias("total_fen")
    )
    frame.write_parquet(tmp_path / "v.parquet")
    for ending in (".parquet", ".csv"):
        assert run(tmp_path / "v.parquet", "-o", tmp_path / f"r{ending}") == 0
    wanted = gongji.adjudicate(frame)
    assert wanted["person_pays_fen"].max() > 1 << 31
    found = pl.read_parquet(tmp_path / "r.parquet")
    assert found.schema["person_pays_fen"] == pl.Int64
    assert said(found.cast(dict(wanted.schema))).equals(said(wanted))
    assert pl.read_csv(tmp_path / "r.csv")["person_pays_fen"].equals(wanted["person_pays_fen"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.csv", "r.parquet", "v.parquet"]


def test_a_column_may_be_empty_from_any_table_on(tmp_path):
    kinds = [
        (pa.int32(), [1, 2], False),
        (pa.int32(), [3, None], True),
        (pa.int64(), [LARGE], False),
    ]
    tables = [
        pa.table([pa.array(values, kind)], schema=pa.schema([pa.field("x", kind, nullable)]))
        for kind, values, nullable in kinds
    ]
    visit_files.write(tmp_path / "r.parquet", iter(tables))
    found = pq.read_table(tmp_path / "r.parquet")
    assert found.column("x").to_pylist() == [1, 2, 3, None, LARGE]
    assert found.schema.field("x") == pa.field("x", pa.int64(), True)
    assert [path.name for path in tmp_path.iterdir()] == ["r.parquet"]


def test_a_file_whose_order_breaks_late_is_sorted(tmp_path, small_chunks):
    frame = visits(400)
    broken = pl.concat([frame[:350], frame[380:], frame[350:380]])
    for name, given in (("order", frame), ("broken", broken)):
        given.write_parquet(tmp_path / f"{name}.parquet")
        assert run(tmp_path / f"{name}.parquet", "-o", tmp_path / f"{name}.csv") == 0
    order, late = (pl.read_csv(tmp_path / f"{name}.csv") for name in ("order", "broken"))
    assert late.drop("row_number").equals(order.drop("row_number"))
    assert late["row_number"][350] == 371


def test_what_killed_runs_left_goes_with_the_next(tmp_path):
    gone = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], stdout=subprocess.PIPE, check=True
    )
    number = int(gone.stdout)
    left = tmp_path / f".r.{number}.partial.parquet"
    left.write_text("")
    folder = tmp_path / f".r.{number}.partial.abc"
    folder.mkdir()
    (folder / "00000.arrow").write_text("")
    lives = tmp_path / ".r.1.partial.parquet"
    other = tmp_path / f".other.{number}.partial.parquet"
    for path in (lives, other):
        path.write_text("")
    visits(4).write_csv(tmp_path / "v.csv")
    assert run(tmp_path / "v.csv", "-o", tmp_path / "r.parquet") == 0
    assert not left.exists() and not folder.exists()
    assert lives.exists() and other.exists()


def test_a_failure_closes_what_was_begun(tmp_path):
    def tables():
        yield pa.table({"x": [1]})
        raise Refusal("value_invalid", "x", {"value": "", "allowed": ""})

    for ending in (".csv", ".parquet", ".xlsx"):
        with pytest.raises(Refusal):
            visit_files.write(tmp_path / f"r{ending}", tables())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_a_column_that_comes_twice_is_refused(tmp_path, capsys, ending):
    path = tmp_path / f"v{ending}"
    if ending == ".csv":
        path.write_text("person,date,status,area,total,total\n1,2023-03-01,active,430500,1,2\n")
    else:
        columns = ["1", "2023-03-01", "active", "430500", "1.00", "2.00"]
        names = ["person", "date", "status", "area", "total", "total"]
        pq.write_table(pa.table([pa.array([text]) for text in columns], names), path)
    assert run(path, "-o", tmp_path / "r.csv") == 1
    assert "total" in capsys.readouterr().err
