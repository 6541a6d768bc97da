"""Buckets of whole persons: nothing lost, nothing cut in two, gone on with, settled as one file."""

import json
import sys
from pathlib import Path

import polars as pl
import pytest

from gongji.batch import buckets, ordering
from gongji.batch.addresses import Address
from gongji.batch.buckets import (
    MANIFEST,
    Manifest,
    bucket_of,
    hash_of,
    rows_known,
    write_buckets,
)
from gongji.batch.own_tables import TABLES
from gongji.cli.main import main
from gongji.refusals import Refusal


def run(*argv):
    with pytest.raises(SystemExit) as leaving:
        main([*map(str, argv)])
    return leaving.value.code


def visits(count):
    """Visits in no order, three a person, with columns of our own that no rule knows."""
    numbers = [(n * 7919) % count for n in range(count)]
    return pl.DataFrame(
        {
            "person": [f"p{n // 3}" for n in numbers],
            "date": [f"2023-0{1 + n % 5}-1{n % 10}" for n in numbers],
            "sequence": [n % 3 for n in numbers],
            "area": ["430500"] * count,
            "status": ["retired"] * count,
            "level": [str(1 + n % 3) for n in numbers],
            "total_fen": [10_000 + 1000 * n for n in numbers],
            "doctor": [f"d{n}" for n in numbers],
        }
    )


def whole(folder):
    manifest = Manifest.read(folder)
    return [pl.read_parquet(bucket.path(folder)) for bucket in manifest.buckets]


class Heard:
    """What is told of the parts of a work: each with its total and what was done of it."""

    def __init__(self):
        self.parts = [["read", 0, 0]]

    def begin(self, name, total):
        self.parts.append([name, total, 0])

    def update(self, count):
        self.parts[-1][2] += count


def test_cutting_and_sorting_are_parts_of_their_own_with_all_their_rows(tmp_path):
    visits(60).write_parquet(tmp_path / "v.parquet")
    visits(60).write_csv(tmp_path / "v.csv")
    assert rows_known([tmp_path / "v.parquet"] * 2) == 120
    assert rows_known([tmp_path / "v.parquet", tmp_path / "v.csv"]) == 0, "nobody knows yet"
    heard = Heard()
    write_buckets(tmp_path / "v.csv", tmp_path / "b", 4, heard)
    assert heard.parts == [["read", 0, 60], ["按人排序", 60, 60]]


def test_every_row_is_in_its_persons_bucket_in_order(tmp_path, monkeypatch):
    monkeypatch.setattr("gongji.batch.visit_files.CHUNK_ROWS", 100)
    frame = visits(999)
    frame.write_csv(tmp_path / "v.csv")
    made = write_buckets(tmp_path / "v.csv", tmp_path / "b", 8)
    assert (made.rows, made.persons) == (999, 333)
    found = whole(tmp_path / "b")
    for number, one in enumerate(found):
        assert {bucket_of(person, 8) for person in one["person"]} == {number}
        keys = one.select("person", "date", pl.col("sequence").cast(int)).rows()
        assert keys == sorted(keys)
    rows = pl.concat(found).sort("row_number")
    assert rows["row_number"].to_list() == list(range(1, 1000))
    assert rows["doctor"].to_list() == frame["doctor"].to_list()


def test_the_same_rows_give_the_same_bytes_and_are_not_cut_again(tmp_path, monkeypatch):
    visits(300).write_parquet(tmp_path / "v.parquet")
    one = write_buckets(tmp_path / "v.parquet", tmp_path / "a", 4)
    assert one == write_buckets(tmp_path / "v.parquet", tmp_path / "b", 4)
    monkeypatch.setattr(buckets, "_scatter", None)
    assert one == write_buckets(tmp_path / "v.parquet", tmp_path / "a", 4)


def test_a_run_that_was_stopped_is_gone_on_with(tmp_path, monkeypatch):
    visits(300).write_parquet(tmp_path / "v.parquet")
    wanted = write_buckets(tmp_path / "v.parquet", tmp_path / "a", 4)
    gather = buckets._gather

    def stopped(scattered: Path, folder: Path, number: int):
        if number == 2:
            raise KeyboardInterrupt
        return gather(scattered, folder, number)

    with monkeypatch.context() as one:
        one.setattr(buckets, "_gather", stopped)
        with pytest.raises(KeyboardInterrupt):
            write_buckets(tmp_path / "v.parquet", tmp_path / "b", 4)
    assert not (tmp_path / "b" / MANIFEST).exists()
    with pytest.raises(Refusal) as refused:
        Manifest.read(tmp_path / "b")
    assert refused.value.code == "value_invalid"
    monkeypatch.setattr(buckets, "_scatter", None)
    assert write_buckets(tmp_path / "v.parquet", tmp_path / "b", 4) == wanted
    assert sorted(p.name for p in (tmp_path / "b").iterdir()) == [
        *(f"{n:05d}.parquet" for n in range(4)),
        MANIFEST,
    ]


def test_another_source_is_cut_anew_after_a_stop(tmp_path):
    visits(30).write_parquet(tmp_path / "v.parquet")
    visits(60).write_parquet(tmp_path / "w.parquet")
    write_buckets(tmp_path / "v.parquet", tmp_path / "b", 4)
    assert write_buckets(tmp_path / "w.parquet", tmp_path / "b", 2).rows == 60
    assert len(list((tmp_path / "b").glob("*.parquet"))) == 2


def test_rows_without_a_person_are_spread(tmp_path):
    frame = visits(80).with_columns(person=pl.lit(None, pl.String))
    made = write_buckets(frame.to_arrow(), tmp_path / "b", 4)
    assert [bucket.rows for bucket in made.buckets] == [20] * 4


def test_a_changed_bucket_is_refused(tmp_path):
    write_buckets(visits(30).to_arrow(), tmp_path / "b", 1)
    path = tmp_path / "b" / "00000.parquet"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(Refusal) as refused:
        whole(tmp_path / "b")
    assert refused.value.code == "file_unreadable"
    assert run("adjudicate", tmp_path / "b", "-o", tmp_path / "r") == 1


@pytest.mark.parametrize("count", (0, 513))
def test_too_few_or_too_many_buckets_are_refused(tmp_path, count):
    with pytest.raises(Refusal):
        write_buckets(visits(30).to_arrow(), tmp_path / "b", count)


def results(folder):
    files = [pl.read_parquet(path) for path in sorted(folder.glob("*.parquet"))]
    return pl.concat(files, how="diagonal_relaxed").sort("row_number")


def test_buckets_are_settled_as_the_file_is(tmp_path, monkeypatch):
    frame = visits(300).with_columns(
        level=pl.when(pl.col("sequence") == 2).then(pl.lit("9")).otherwise("level")
    )
    frame.write_csv(tmp_path / "v.csv")
    assert run("buckets", tmp_path / "v.csv", "-o", tmp_path / "b", "--buckets", 3) == 0
    file = (tmp_path / "v.csv", "-o", tmp_path / "r.parquet", "--ignore", "doctor")
    assert run("adjudicate", *file) == 0
    assert run("adjudicate", tmp_path / "b", "-o", tmp_path / "r") == 0
    wanted = pl.read_parquet(tmp_path / "r.parquet").sort("row_number")
    # Texts are compared as such: each file numbers its own.
    kinds = {name: pl.String if k == pl.Categorical else k for name, k in wanted.schema.items()}
    made = results(tmp_path / "r").select(wanted.columns)
    assert made.cast(kinds).equals(wanted.cast(kinds))
    told = [pl.read_csv(path) for path in sorted((tmp_path / "r").glob("*.rejected.csv"))]
    rejected = pl.read_csv(tmp_path / "r.rejected.csv")
    assert pl.concat(told).sort("row_number").equals(rejected.sort("row_number"))
    manifest = json.loads((tmp_path / "r" / "results.json").read_text())
    total = sum(bucket["pool_fen"] for bucket in manifest["buckets"])
    assert total == wanted["pool_pays_fen"].sum()


def test_a_result_is_made_anew_only_where_something_changed(tmp_path):
    write_buckets(visits(300).to_arrow(), tmp_path / "b", 3)
    asked = ("adjudicate", tmp_path / "b", "-o", tmp_path / "r")
    assert run(*asked) == 0
    first = tmp_path / "r" / "00000.parquet"
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "r").glob("*.parquet")}
    kept = hash_of(first)
    first.unlink()
    assert run(*asked) == 0
    after = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "r").glob("*.parquet")}
    assert [name for name in before if before[name] != after[name]] == [first.name]
    assert hash_of(first) == kept
    assert run(*asked, "--set", "average_wage=96957") != 0
    assert run(*asked, "--compression", "zstd") == 0
    assert hash_of(first) != kept


def test_a_folder_goes_into_a_folder(tmp_path, capsys):
    write_buckets(visits(30).to_arrow(), tmp_path / "b", 1)
    (tmp_path / "file").touch()
    assert run("adjudicate", tmp_path / "b", "-o", tmp_path / "file") == 2
    assert run("adjudicate", tmp_path / "b", "-o", tmp_path / "b") == 1
    assert run("adjudicate", tmp_path, "-o", tmp_path / "r") == 1
    assert "manifest.json" in capsys.readouterr().err


def test_our_own_tables_are_described():
    page = Path(__file__).parents[2] / "docs/inside/own-tables.md"
    text = page.read_text(encoding="utf-8")
    for name, schema in TABLES.items():
        assert all(f"`{column}`" in text for column in (name, *schema.names))
    assert ordering.CHUNK_ROWS


def test_far_buckets_are_brought_and_their_results_taken_back(tmp_path):
    """By an address: the same files as in a folder, each made once."""
    visits(300).write_parquet(tmp_path / "v.parquet")
    write_buckets(tmp_path / "v.parquet", tmp_path / "b", 4)
    assert run("adjudicate", tmp_path / "b", "-o", tmp_path / "near") == 0
    far = ("adjudicate", f"file://{tmp_path}/b", "-o", f"file://{tmp_path}/far")
    assert run(*far) == 0
    assert contents(tmp_path / "far") == contents(tmp_path / "near")
    made = {path: path.stat().st_ino for path in (tmp_path / "far").glob("*.parquet")}
    (tmp_path / "far" / "00002.json").unlink()
    assert run(*far) == 0
    assert contents(tmp_path / "far") == contents(tmp_path / "near")
    assert len(made) == 4


def test_a_record_is_taken_back_after_what_it_tells_of(tmp_path, monkeypatch):
    """Whoever is lost between two files leaves no record of a result that is not there."""
    visits(60).write_parquet(tmp_path / "v.parquet")
    write_buckets(tmp_path / "v.parquet", tmp_path / "b", 1)
    put = Address._put

    def lost(self, path):
        if path.suffix == ".parquet":
            raise OSError("lost")
        put(self, path)

    with monkeypatch.context() as one:
        one.setattr(Address, "_put", lost)
        assert run("adjudicate", tmp_path / "b", "-o", f"file://{tmp_path}/r") == 3
    assert not list(tmp_path.glob("r/*"))


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_an_address_that_nobody_reaches_is_told():
    with pytest.raises(Refusal, match="nowhere://x"):
        Address.of("nowhere://x/y")


def test_without_spark_it_is_said_what_to_install(tmp_path, monkeypatch, capsys):
    visits(60).write_parquet(tmp_path / "v.parquet")
    write_buckets(tmp_path / "v.parquet", tmp_path / "b", 1)
    monkeypatch.setitem(sys.modules, "pyspark", None)
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    argv = ("adjudicate", tmp_path / "b", "-o", tmp_path / "r", "--engine", "spark")
    assert run(*argv) == 4
    assert "gongji[spark]" in capsys.readouterr().err
    assert not list(tmp_path.glob("r/*.parquet"))
