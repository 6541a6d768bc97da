"""A reform on a million persons, measured: two laws, every table, beside a bare loop by hand.

`python bench/reform.py [--persons N] [--beside]` makes the population, settles it under two laws
twice (the first run compiles), and prints seconds, persons settled anew under both laws a second,
the peak of memory, and the same persons under Shaoyang's article of deductible, rate and ceiling
written by hand in NumPy and Numba, without tables; with `--beside` also what two other models do on
samples of their own (see beside.py). Ratios of one run are what counts.
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numba
import numpy as np
import pyarrow.parquet as pq

import beside
from gongji.batch.buckets import Manifest
from gongji.simulation.behaviour import LINES, STATIC
from gongji.simulation.margins import default_margins
from gongji.simulation.outcome_tables import tables
from gongji.simulation.populations import PopulationWish, make_population
from gongji.simulation.reforms import Reform
from gongji.simulation.simulate import Comparison, simulate

AREA, DAY = "430500", "2024-06-05"
RUNS = {"static": (STATIC,), "three lines": LINES}
CHANGE = {"待遇.普通门诊.最高支付限额.退休": "8000元"}


@numba.njit(nogil=True)
def by_hand(person, level, status, cost, ceilings):
    """What the pool pays of visits by person: a deductible a year, a rate, a ceiling."""
    pool, deductible, paid, last = 0, 0, 0, -1
    for row in range(len(person)):
        if person[row] != last:
            deductible, paid, last = 30_000, 0, person[row]
        taken = min(deductible, cost[row]) if level[row] > 1 else 0
        deductible -= taken
        rate = 70 if level[row] == 1 else 60
        share = ((cost[row] - taken) * rate + 50) // 100
        share = min(share, ceilings[status[row]] - paid)
        paid += share
        pool += share
    return pool


def read_by_hand(folder):
    """The columns of each bucket that the loop by hand reads."""
    for bucket in Manifest.read(folder).buckets:
        names = ["person", "level", "status", "in_scope_fen"]
        coded = ["person", "level", "status"]
        table = pq.read_table(folder / bucket.file, columns=names, read_dictionary=coded)
        table = table.unify_dictionaries().combine_chunks()
        codes = [table.column(n).combine_chunks().indices.to_numpy() for n in coded]
        yield (*codes, table.column("in_scope_fen").to_numpy())


def hand(folder, times=2):
    """Seconds for two laws by hand, files read once."""
    start = time.perf_counter()
    for columns in read_by_hand(folder):
        for law in range(times):
            by_hand(*columns, np.array([150_000, 200_000 + 600_000 * law]))
    return time.perf_counter() - start


def reformed(folder, lines, name, times=("first", "again")):
    """Settle a population under both laws, twice; persons a second of the last run."""
    asked = Comparison(folder, AREA, Reform(day=DAY), Reform("", figures=CHANGE), lines=lines)
    rate = 0.0
    for again in times:
        start, busy = time.perf_counter(), time.process_time()
        outcome = simulate(asked)
        frames = tables(outcome)
        spent, used = time.perf_counter() - start, time.process_time() - busy
        rate = outcome.population.persons / spent
        print(
            f"{name}, {again}: {spent:.2f} s ({used:.2f} s of processor), "
            f"{rate:,.0f} persons a second under both laws, "
            f"{len(frames)} tables, {int(outcome.tally.visits.sum()):,} visits",
            flush=True,
        )
        # What came out would stand beside what is settled next.
        del outcome, frames
    return rate


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--persons", type=int, default=1_000_000)
    parser.add_argument("--beside", action="store_true", help="two other models by pip, beside it")
    parser.add_argument("--once", action="store_true", help="without behaviour, one run")
    given = parser.parse_args()
    persons = given.persons
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "people"
        start = time.perf_counter()
        make_population(PopulationWish(AREA, persons, 2025, default_margins()), folder)
        print(f"population of {persons:,} made and written: {time.perf_counter() - start:.1f} s")
        if given.once:
            rates = {"static": reformed(folder, (STATIC,), "static", ("once",))}
        else:
            rates = {name: reformed(folder, lines, name) for name, lines in RUNS.items()}
        hand(folder / "visits")
        print(f"by hand, files read, no tables, one thread: {hand(folder / 'visits'):.2f} s")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"peak of memory: {peak:,.0f} MiB")
    if given.beside:
        for one in beside.beside(100_000):
            print(beside.told(one, rates["static"]))


if __name__ == "__main__":
    main()
