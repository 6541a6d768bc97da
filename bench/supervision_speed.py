"""How long all rules, peers and networks take over a year of an area, and over the next day.

`python bench/supervision_speed.py --persons 1000000` makes a prefecture with its frauds up (in some
two minutes), supervises its year but the last day, then the last day. It prints seconds and the
greatest memory of each run, and writes nothing else.
"""

import argparse
import resource
import tempfile
import time
from datetime import date
from pathlib import Path

import polars as pl

from gongji.supervision.claim_tables import ClaimTables
from gongji.supervision.prefecture import Wishes, make_prefecture
from gongji.supervision.rules_folded import fold_rules
from gongji.supervision.supervise_run import Supervising, given_points, supervise

LAST_DAY = date(2025, 12, 31)


def without(folder: Path, day: date, kept: Path) -> Path:
    """The tables as they were before a day."""
    for path in folder.iterdir():
        if path.name not in ("visits", "lines"):
            kept.mkdir(exist_ok=True)
            (kept / path.name).symlink_to(path)
    for table, column in (("visits", "settled_at"), ("lines", "occurred_at")):
        (kept / table).mkdir()
        for path in (folder / table).iterdir():
            before = pl.scan_parquet(path).filter(pl.col(column).dt.date() < day)
            before.sink_parquet(kept / table / path.name)
    return kept


def timed(tables: Path, report: Path, what: str) -> None:
    """One run, told."""
    own = ClaimTables(tables)
    lines = own.scan("lines").select(pl.len()).collect().item()
    begun, cpu = time.perf_counter(), time.process_time()
    run = supervise(Supervising(own, fold_rules("439900"), given_points(own)), report)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024
    print(
        f"{what}: {run.visits:,} visits ({run.new_visits:,} new), {lines:,} lines, "
        f"{len(run.findings):,} findings: {time.perf_counter() - begun:.1f} s "
        f"(CPU {time.process_time() - cpu:.1f} s), {memory:.1f} GiB at most",
        flush=True,
    )


def main() -> None:
    """A year but its last day, then the last day."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--persons", type=int, default=1_000_000)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_prefecture(folder / "tables", Wishes(persons=given.persons, seed=5))
        before = without(folder / "tables", LAST_DAY, folder / "before")
        timed(before, folder / "report", "year")
        timed(folder / "tables", folder / "report", "next day")


if __name__ == "__main__":
    main()
