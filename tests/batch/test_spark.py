"""Spark does the same work to the byte, by workers of any master, and where one is killed."""

import shutil
import threading
import time
from contextlib import suppress
from pathlib import Path
from tempfile import gettempdir

import polars as pl
import psutil
import pytest
from tests.batch.test_buckets import run, visits

from gongji.batch.buckets import write_buckets
from gongji.refusals import Refusal

pytest.importorskip("pyspark", reason="PySpark is not installed: pip install 'gongji[spark]'")
if not shutil.which("java"):
    pytest.skip("no Java: apt-get install openjdk-17-jre-headless", allow_module_level=True)

pytestmark = pytest.mark.slow

MANY = 40
"""So many buckets that a worker can be killed between two of them."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Buckets of visits, a bad row among them, and what one process makes of them."""
    place = tmp_path_factory.mktemp("spark")
    frame = visits(30_000).with_columns(pl.col("total_fen").cast(pl.String))
    frame = frame.with_columns(
        total_fen=pl.when(pl.int_range(pl.len()) == 77).then(pl.lit("x")).otherwise("total_fen")
    )
    frame.write_csv(place / "v.csv")
    write_buckets(place / "v.csv", place / "b", MANY)
    assert run("adjudicate", place / "b", "-o", place / "threads") == 0
    return place


def contents(folder: Path):
    """The bytes of all results; the table of all is compared without its places."""
    return {
        path.name: path.read_bytes()
        for path in sorted(folder.iterdir())
        if path.suffix != ".partial"
    }


def settled(place, name, master):
    assert (
        run("adjudicate", place / "b", "-o", place / name, "--engine", "spark", "--master", master)
        == 0
    )
    return contents(place / name)


@pytest.mark.parametrize("master", ["local[1]", "local[2]", "local-cluster[2,1,1024]"])
def test_every_master_gives_the_same_bytes(folder, master):
    assert settled(folder, master.replace(",", "-"), master) == contents(folder / "threads")


def test_a_worker_that_is_killed_costs_nothing(folder):
    """An executor of the cluster is killed when three buckets are done: another goes on."""
    killed = []

    def kill():
        until = time.monotonic() + 600
        while time.monotonic() < until and not killed:
            if len(list((folder / "killed").glob("*.json"))) < 3:
                time.sleep(0.02)
                continue
            for process in psutil.Process().children(recursive=True):
                with suppress(psutil.Error):
                    if "CoarseGrainedExecutorBackend" in " ".join(process.cmdline()):
                        process.kill()
                        killed.append(process.pid)
                        return

    murderer = threading.Thread(target=kill)
    murderer.start()
    made = settled(folder, "killed", "local-cluster[2,1,1024]")
    murderer.join()
    assert killed, "no executor was found"
    assert made == contents(folder / "threads")


def test_far_folders_are_brought_and_taken_back(folder):
    far = f"file://{folder}/far"
    argv = ("adjudicate", f"file://{folder}/b", "-o", far, "--engine", "spark")
    assert run(*argv) == 0
    assert contents(folder / "far") == contents(folder / "threads")


def test_rulebooks_and_figures_go_to_the_workers(folder, tmp_path):
    """An area that only a folder outside has, with a figure given."""
    left = set(Path(gettempdir()).glob("gongji-spark-*"))
    frame = visits(300).with_columns(area=pl.lit("310000"))
    frame.write_csv(tmp_path / "v.csv")
    write_buckets(tmp_path / "v.csv", tmp_path / "b", 3)
    outside = Path(__file__).parents[1] / "rulebooks"
    argv = ("adjudicate", tmp_path / "b", "--rulebooks", outside)
    assert run(*argv, "-o", tmp_path / "t") == 0
    assert run(*argv, "-o", tmp_path / "s", "--engine", "spark", "--master", "local[1]") == 0
    assert contents(tmp_path / "s") == contents(tmp_path / "t")
    assert set(Path(gettempdir()).glob("gongji-spark-*")) == left, "they go with the application"


def test_a_changed_bucket_is_told_as_by_threads(folder, tmp_path, capsys):
    shutil.copytree(folder / "b", tmp_path / "b")
    spoiled = next((tmp_path / "b").glob("*.parquet"))
    spoiled.write_bytes(spoiled.read_bytes() + b"x")
    argv = ("adjudicate", tmp_path / "b", "-o", tmp_path / "r")
    codes, told = [], []
    for more in ((), ("--engine", "spark")):
        codes.append(run(*argv, *more))
        told.append(capsys.readouterr().err)
    assert codes[0] == codes[1] != 0
    assert str(spoiled) in told[0] and "内容与清单不符" in told[0]
    assert "内容与清单不符" in told[1]


def test_a_frame_of_spark_is_settled_as_a_table_is(folder):
    import gongji.spark
    from gongji.batch.spark_engine import spark_session

    frame = visits(3_000).drop("doctor")
    wanted = gongji.adjudicate(frame).drop("row_number").sort("person", "sequence")
    session = spark_session("local[2]")
    try:
        given = session.createDataFrame(frame.to_arrow())
        made = pl.from_arrow(gongji.spark.adjudicate(given, partitions=5).toArrow())
        made = made.sort("person", "sequence")
        assert made.select(wanted.columns).equals(wanted.cast(made.select(wanted.columns).schema))
        bad = given.withColumnRenamed("level", "niveau")
        with pytest.raises(Refusal, match="niveau"):
            gongji.spark.adjudicate(bad)
    finally:
        session.stop()
