"""Buckets by threads and by Spark on the same two cores, in turns: `python bench/spark.py`.

Prints the seconds of each round and the ratio of the medians; the first round of each engine
compiles and starts workers and is told apart. One session of Spark serves all rounds, as on a
cluster that is up.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from gongji.batch.addresses import Address
from gongji.batch.adjudicate import Options
from gongji.batch.bucket_results import adjudicate_buckets, in_threads
from gongji.batch.buckets import write_buckets
from gongji.batch.spark_engine import on_spark, spark_session

MASTER, AREA = "local[2]", "430500"


def visits(count: int) -> pa.Table:
    """Visits of persons of Shaoyang, six each."""
    rng = np.random.default_rng(1)
    persons = np.char.add("p", (np.arange(count) // 6).astype(str))
    days = np.datetime64("2024-01-01") + np.sort(rng.integers(0, 365, count))
    return pa.table(
        {
            "person": persons,
            "date": days,
            "status": rng.choice(["active", "retired"], count),
            "level": rng.choice(["1", "2", "3"], count),
            "total_fen": rng.integers(1_000, 200_000, count),
        }
    )


def main() -> None:
    """Cut the visits once, settle them in turns, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visits", type=int, default=6_000_000)
    parser.add_argument("--buckets", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_buckets(visits(given.visits), folder / "b", given.buckets)
        session = spark_session(MASTER)
        engines = {"threads": in_threads, "spark": on_spark(MASTER, session)}
        seconds: dict[str, list[float]] = {name: [] for name in engines}
        for number in range(given.rounds + 1):
            for name, engine in engines.items():
                output = Address.of(str(folder / f"{name}-{number}"))
                begun = time.perf_counter()
                options = Options(area=AREA)
                adjudicate_buckets(
                    Address.of(str(folder / "b")), output, options, lambda *_: None, engine
                )
                seconds[name].append(time.perf_counter() - begun)
        session.stop()
    medians = {name: statistics.median(times[1:]) for name, times in seconds.items()}
    for name, times in seconds.items():
        print(
            f"{name}: first {times[0]:.2f} s, then median {medians[name]:.2f} s of {given.rounds}"
        )
    print(f"spark / threads: {medians['spark'] / medians['threads']:.2f} (wanted: at most 1.3)")


if __name__ == "__main__":
    main()
