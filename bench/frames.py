"""What `gongji.adjudicate(frame)` takes by kind of frame and of amounts: time and peak of memory.

`python bench/frames.py [ROWS]` settles the same visits as pandas and Polars frames whose amounts
are whole fen, floats and Decimals, each in a process of its own, after a few others so that loading
rules and compiling do not count, and prints a table.
"""

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

AREA = "430500"
ROWS = 5_000_000
SMALL = 20_000
"""Visits that are settled first, so that everything is loaded and compiled."""
FEN_PER_YUAN = 100


def table(rows: int) -> pa.Table:
    """Visits with an amount in fen."""
    from bench import people, table_of

    return table_of(people(rows))


def as_pandas(given: pa.Table) -> Any:
    """A frame as an analyst has it: dates as timestamps, everything else as NumPy has it."""
    import pandas

    frame = given.to_pandas()
    return frame.assign(date=pandas.to_datetime(frame["date"]))


def as_polars(given: pa.Table) -> Any:
    """A Polars frame."""
    import polars as pl

    return pl.from_arrow(given)


def in_floats(given: pa.Table) -> pa.Table:
    """Amounts in yuan as floats."""
    fen = given.column("in_scope_fen").to_numpy()
    place = given.column_names.index("in_scope_fen")
    return given.set_column(place, "in_scope", pa.array(fen / FEN_PER_YUAN))


def in_decimals(given: pa.Table) -> pa.Table:
    """Amounts in yuan as decimals; in pandas these are Python's own."""
    fen = given.column("in_scope_fen").to_numpy()
    halves = np.zeros((len(fen), 2), np.int64)
    halves[:, 0] = fen
    decimals = pa.Array.from_buffers(
        pa.decimal128(18, 2), len(fen), [None, pa.py_buffer(halves.copy())]
    )
    place = given.column_names.index("in_scope_fen")
    return given.set_column(place, "in_scope", decimals)


AMOUNTS: dict[str, Callable[[pa.Table], pa.Table]] = {
    "fen": lambda given: given,
    "float": in_floats,
    "Decimal": in_decimals,
}
FRAMES: dict[str, Callable[[pa.Table], Any]] = {"pandas": as_pandas, "polars": as_polars}


def run(frame: str, amounts: str, rows: int) -> None:
    """Settle one kind; print seconds, those of the processor, the memory before and at the peak in
    MiB, and the sum of the pool's first payments."""
    import gongji

    gongji.adjudicate(FRAMES[frame](AMOUNTS[amounts](table(SMALL))), area=AREA)
    given = FRAMES[frame](AMOUNTS[amounts](table(rows)))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    start, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    found = gongji.adjudicate(given, area=AREA)
    spent, now = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    cpu = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    name = "pool_pays_fen" if amounts == "fen" else "pool_pays"
    total = sum(map(Decimal, map(str, found[name][:1000])))
    print(f"{spent:.1f} {cpu:.1f} {before} {peak} {total}")


def main() -> None:
    """All kinds, each in a process of its own."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    print(f"{rows:,} visits")
    print("| frame | amounts | seconds | of the processor | MiB with the frame | at the peak |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    for frame in FRAMES:
        for amounts in AMOUNTS:
            command = [sys.executable, __file__, "--one", frame, amounts, str(rows)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            spent, cpu, before, peak, _ = done.stdout.split()
            print(f"| {frame} | {amounts} | {spent} | {cpu} | {before} | {peak} |", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        run(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        main()
