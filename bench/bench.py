"""Speed and scale, measured side by side in one run: `make bench`, or `--quick` for a small one.

The compiled loops are timed on what `gongji.batch` itself hands them; the others are Shaoyang's
article 6 (2022) written by hand on the same rows. Whole files are settled in processes of their
own, so that the peak of memory is theirs. Prints a table and keeps it in
docs/generated/benchmarks.md.
"""

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from gongji.batch import loops
from gongji.batch.core import Settler
from gongji.batch.numba_rows import NOWHERE, Row
from gongji.batch.ordering import survey
from gongji.law.checks.library import Library
from gongji.law.engine import engine as online
from gongji.law.engine.areas import Areas
from gongji.law.engine.person_meters import Meters
from gongji.law.engine.visit import read_visit
from gongji.law.kernel import pour
from gongji.tabular.arrow_tables import ROW
from gongji.units import day_of

I64 = npt.NDArray[np.int64]
PAGE = Path(__file__).parents[1] / "docs" / "generated/benchmarks.md"
VISITS = 10
"""Visits a person."""
GROUP = 1 << 20
"""Rows written to a file at a time."""
FIRST, LAST = date(2023, 1, 1), date(2023, 5, 31)
"""The dates of the visits: one year, under Shaoyang's own article 6."""

SHAOYANG, CHUXIONG = "430500", "532300"
FIGURES = {
    "inpatient_deductible": "500",
    "inpatient_rate": "85%",
    "inpatient_ceiling": "50000",
    "subsidy_rate": "30%",
}
"""Made-up inpatient figures, so that every benefit of Chuxiong can be settled."""

DEDUCTIBLES = np.array([0, 0, 20_000, 30_000])
RATES = np.array([0, 70, 60, 60])
CEILINGS = np.array([150_000, 200_000])
ALL_DEDUCTIBLES = 30_000


@dataclass
class People:
    """Visits by person and date: status and level as codes, cost in fen."""

    person: I64
    day: npt.NDArray[np.int32]
    status: npt.NDArray[np.int8]
    level: npt.NDArray[np.int8]
    cost: I64

    @property
    def count(self) -> int:
        """How many visits."""
        return len(self.cost)


def people(rows: int, seed: int = 1) -> People:
    """Made-up visits, so many a person."""
    rng = np.random.default_rng(seed)
    persons = rows // VISITS
    days = np.sort(rng.integers(day_of(FIRST), day_of(LAST) + 1, (persons, VISITS)), axis=1)
    return People(
        np.repeat(np.arange(persons), VISITS),
        days.reshape(-1).astype(np.int32),
        np.repeat(rng.integers(0, 2, persons), VISITS).astype(np.int8),
        rng.integers(1, 4, persons * VISITS).astype(np.int8),
        rng.integers(10_00, 1_000_00, persons * VISITS),
    )


def named(codes: npt.NDArray[np.int8], names: list[str]) -> pa.Array:
    """Codes as a column of texts."""
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(names))


def table_of(found: People) -> pa.Table:
    """Visits as a visits file holds them."""
    return pa.table(
        {
            "person": found.person,
            "date": pa.array(found.day, pa.date32()),
            "status": named(found.status, ["active", "retired"]),
            "level": named(found.level, ["", "1", "2", "3"]),
            "in_scope_fen": found.cost,
        }
    )


def mixed(found: People) -> pa.Table:
    """The same visits over all benefits of Chuxiong, several drugs, diseases and registrations."""
    rng = np.random.default_rng(2)
    benefits = ["ordinary", "chronic", "special", "emergency", "negotiated_drug", "day_surgery"]

    def some(names: list[str]) -> pa.Array:
        return named(rng.integers(0, len(names), found.count).astype(np.int8), names)

    more = {
        "benefit": some(benefits),
        "disease": some(["gout", "cancer", "renal_failure"]),
        "disease_count": some(["1", "2", "3"]),
        "drug": some(["A", "B", "C"]),
        "subsidy": some(["", "", "civil_servant"]),
        "visit": pa.array(rng.integers(0, 1 << 20, found.count)),
    }
    whole = table_of(found)
    for name, column in more.items():
        whole = whole.append_column(name, column)
    return whole


def best(work: Callable[[], Any], times: int = 7, before: Callable[[], Any] = int) -> float:
    """The shortest of some runs, in seconds; what is done before each does not count."""
    spent = []
    for _ in range(times):
        before()
        start = time.perf_counter()
        work()
        spent.append(time.perf_counter() - start)
    return min(spent)


@dataclass
class Caught:
    """The compiled loops with what a table of visits made `gongji.batch` hand them."""

    located: tuple[Any, ...]
    settled: tuple[Any, ...]

    def place(self) -> None:
        """Find the cells of all rows."""
        loops.locate(*self.located)

    def lean(self) -> None:
        """Settle all rows: what pool, supplements and person pay, and the deductible."""
        nowhere = Row(np.zeros(1, np.int64), NOWHERE)
        unread = dict.fromkeys(("layers", "meters", "trace", "most"), nowhere)
        loops.settle(*self.settled[:4], self.settled[4]._replace(**unread))

    def full(self) -> None:
        """Settle all rows with the payments of layers, the meters after, the articles."""
        loops.settle(*self.settled)

    def clear(self) -> None:
        """Empty the meters of registrations, diseases and drugs."""
        self.settled[2].kept.array[:] = 0


def catch(table: pa.Table, area: str) -> Caught:
    """Settle a table once and keep what the loops were called with."""
    seen: dict[str, tuple[Any, ...]] = {}
    real = {"locate": loops.locate, "settle": loops.settle}

    def spy(name: str) -> Callable[..., Any]:
        def call(*given: Any) -> Any:
            seen[name] = given
            return real[name](*given)

        return call

    for name in real:
        setattr(loops, name, spy(name))
    try:
        numbered = table.append_column(ROW, pa.array(np.arange(1, table.num_rows + 1)))
        found = survey(iter([numbered]))
        settler = Settler(
            Areas(everywhere=FIGURES_OF[area]),
            (area,),
            area,
            in_fen=True,
            benefits=found.benefits,
        )
        settler.settle(numbered)
    finally:
        for name, function in real.items():
            setattr(loops, name, function)
    return Caught(seen["locate"], seen["settle"])


FIGURES_OF: dict[str, dict[str, str]] = {SHAOYANG: {}, CHUXIONG: FIGURES}


@numba.njit(nogil=True)  # type: ignore[misc]
def by_hand(
    person: Any, year: Any, level: Any, status: Any, cost: Any, paid: Any, due: Any, own: Any
) -> None:
    """Article 6 as one would write it for speed: nothing can be changed, nothing explained."""
    last, last_year = -1, -1
    used = np.zeros(4, np.int64)
    used_all = 0
    paid_all = 0
    for i in range(len(cost)):
        if person[i] != last or year[i] != last_year:
            last, last_year = person[i], year[i]
            used[:] = 0
            used_all = 0
            paid_all = 0
        of_level = DEDUCTIBLES[level[i]] - used[level[i]]
        borne = min(cost[i], max(0, min(of_level, ALL_DEDUCTIBLES - used_all)))
        used[level[i]] += borne
        used_all += borne
        fen = ((cost[i] - borne) * RATES[level[i]] + 50) // 100
        fen = min(fen, CEILINGS[status[i]] - paid_all)
        paid_all += fen
        paid[i] = fen
        due[i] = borne
        own[i] = cost[i] - fen


def by_numpy(found: People) -> I64:
    """Article 6 with whole columns: the first visit of everybody, then the second …"""
    persons = found.count // VISITS
    cost, level = found.cost.reshape(-1, VISITS), found.level.reshape(-1, VISITS)
    ceiling = CEILINGS[found.status[::VISITS]]
    used = np.zeros((persons, 4), np.int64)
    used_all = np.zeros(persons, np.int64)
    paid_all = np.zeros(persons, np.int64)
    rows = np.arange(persons)
    paid = np.empty((persons, VISITS), np.int64)
    for visit in range(VISITS):
        at = level[:, visit]
        room = np.minimum(DEDUCTIBLES[at] - used[rows, at], ALL_DEDUCTIBLES - used_all)
        borne = np.minimum(cost[:, visit], np.maximum(0, room))
        used[rows, at] += borne
        used_all += borne
        fen = ((cost[:, visit] - borne) * RATES[at] + 50) // 100
        paid[:, visit] = np.minimum(fen, ceiling - paid_all)
        paid_all += paid[:, visit]
    return paid.reshape(-1)


def by_polars(found: People) -> I64:
    """Article 6 with window functions: running sums by person, capped, and their steps."""
    frame = pl.DataFrame(
        {"person": found.person, "status": found.status, "level": found.level, "cost": found.cost}
    )

    def used(level: int) -> pl.Expr:
        cost = pl.when(pl.col("level") == level).then(pl.col("cost")).otherwise(0)
        return cost.cum_sum().over("person").clip(upper_bound=int(DEDUCTIBLES[level]))

    borne = (used(2) + used(3)).clip(upper_bound=ALL_DEDUCTIBLES)
    frame = frame.with_columns(borne.alias("borne"))
    step = pl.col("borne") - pl.col("borne").shift(1, fill_value=0).over("person")
    rate = pl.when(pl.col("level") == 1).then(70).otherwise(60)
    frame = frame.with_columns((((pl.col("cost") - step) * rate + 50) // 100).alias("fen"))
    ceiling = pl.when(pl.col("status") == 0).then(int(CEILINGS[0])).otherwise(int(CEILINGS[1]))
    frame = frame.with_columns(
        pl.min_horizontal(pl.col("fen").cum_sum().over("person"), ceiling).alias("sum")
    )
    paid = pl.col("sum") - pl.col("sum").shift(1, fill_value=0).over("person")
    return frame.select(paid.alias("paid"))["paid"].to_numpy()


def by_python(found: People, rows: int) -> list[int]:
    """Article 6 in plain Python."""
    paid = []
    last = -1
    used, used_all, paid_all = [0] * 4, 0, 0
    deductibles, rates, ceilings = DEDUCTIBLES.tolist(), RATES.tolist(), CEILINGS.tolist()
    columns = (found.person, found.level, found.status, found.cost)
    for person, level, status, cost in zip(*(c[:rows].tolist() for c in columns), strict=True):
        if person != last:
            last, used, used_all, paid_all = person, [0] * 4, 0, 0
        borne = min(cost, max(0, min(deductibles[level] - used[level], ALL_DEDUCTIBLES - used_all)))
        used[level] += borne
        used_all += borne
        fen = min(((cost - borne) * rates[level] + 50) // 100, ceilings[status] - paid_all)
        paid_all += fen
        paid.append(fen)
    return paid


Line = tuple[str, str, str]


def shaoyang(rows: int) -> list[Line]:
    """Article 6: the kernel and the hand-written ones on the same rows, in turns."""
    found = people(rows)
    caught = catch(table_of(found), SHAOYANG)
    year = np.full(found.count, FIRST.year, np.int32)
    paid, due, own = (np.zeros(found.count, np.int64) for _ in range(3))

    def hand() -> None:
        by_hand(found.person, year, found.level, found.status, found.cost, paid, due, own)

    hand()
    caught.lean()
    if not np.array_equal(caught.settled[4].pool.array, paid):
        raise SystemExit("the kernel and the hand-written loop differ")
    seconds = {"hand": 1e9, "lean": 1e9, "full": 1e9, "place": 1e9}
    for _ in range(12):
        # In turns, so that a busy machine slows all alike.
        for name, work in (
            ("hand", hand),
            ("lean", caught.lean),
            ("full", caught.full),
            ("place", caught.place),
        ):
            seconds[name] = min(seconds[name], best(work, 1, caught.clear))
    numpy_s = best(lambda: by_numpy(found), 3)
    polars_s = best(lambda: by_polars(found), 3)
    few = min(rows, 200_000)
    python_s = best(lambda: by_python(found, few), 3)
    same = (by_numpy(found), by_polars(found), by_python(found, few))
    assert all(np.array_equal(np.array(one), paid[: len(one)]) for one in same)
    base = seconds["hand"]
    timed = [
        ("Numba loop by hand", base, rows),
        ("gongji, loop over the kernel", seconds["lean"], rows),
        ("gongji, with layers, meters, articles", seconds["full"], rows),
        ("gongji, finding the cells (before either)", seconds["place"], rows),
        ("NumPy, visit by visit", numpy_s, rows),
        ("Polars windows", polars_s, rows),
        ("plain Python", python_s, few),
    ]
    return [(n, f"{r / s / 1e6:.2f}", f"{base / rows / (s / r):.3f}") for n, s, r in timed]


def chuxiong(rows: int) -> list[Line]:
    """Every benefit of Chuxiong in random mix, ten visits a person."""
    caught = catch(mixed(people(rows)), CHUXIONG)
    works = (caught.lean, caught.full, caught.place)
    lean, full, place = (best(work, 7, caught.clear) for work in works)
    named_ = (
        ("loop over the kernel", lean),
        ("with layers, meters, articles", full),
        ("finding the cells", place),
        ("cells and kernel together", lean + place),
    )
    return [
        (name, f"{rows / spent / 1e6:.1f}", f"{spent / rows * 1e9:.0f}") for name, spent in named_
    ]


def quote() -> list[Line]:
    """One visit online, in Python."""
    area = Areas(Library(), everywhere=FIGURES).area(CHUXIONG)
    row = {"date": "2023-03-01", "status": "retired", "level": "3", "in_scope_fen": "100000"}
    law = area.law(day_of(date(2023, 3, 1)))
    visit = read_visit(row, law)
    whole = best(lambda: online.settle(area, visit, Meters(area.layout)), 3000)
    given: list[tuple[Any, ...]] = []
    real = pour.pour

    def spy(*call: Any) -> Any:
        given.append(call)
        return real(*call)

    pour.pour = spy
    try:
        online.settle(area, visit, Meters(area.layout))
    finally:
        pour.pour = real
    # The meters are those after the visit, of the same size: a second visit of the registration.
    alone = best(lambda: real(*given[0]), 3000)
    return [
        ("kernel alone", f"{alone * 1e6:.1f}", "< 50"),
        ("facts, cell, kernel, meters", f"{whole * 1e6:.1f}", ""),
    ]


def write_visits(path: Path, rows: int, in_order: bool, compression: str) -> None:
    """A Parquet file of visits, by person or in no order: numbers as they are, texts as codes."""
    rng = np.random.default_rng(3)
    writer: pq.ParquetWriter | None = None
    for start in range(0, rows, GROUP):
        found = people(min(GROUP, rows - start) // VISITS * VISITS, start + 5)
        if in_order:
            found.person += start // VISITS
        else:
            found.person = rng.integers(0, rows // VISITS, found.count)
            found.status = (found.person % 2).astype(np.int8)
        table = table_of(found)
        given = pa.schema([field.with_nullable(False) for field in table.schema])
        if writer is None:
            writer = pq.ParquetWriter(
                path, given, compression=compression, use_dictionary=["status", "level"]
            )
        writer.write_table(table.cast(given))
    if writer:
        writer.close()


PRODUCT = """
import sys, time
from pathlib import Path
from gongji.batch.adjudicate import Options, adjudicate_file
source, target, compression = sys.argv[1:]
start, busy = time.perf_counter(), time.process_time()
options = Options(area="430500", compression=compression)
made = adjudicate_file(Path(source), Path(target), options, lambda done, of: None)
print(made.visits, time.perf_counter() - start, time.process_time() - busy)
"""
GONGJI, BY_HAND = ("-c", PRODUCT), (str(Path(__file__).with_name("by_hand.py")),)
"""The programs that settle a file, as Python is told them."""


@dataclass
class FileRun:
    """How one program settled one file."""

    visits: int
    seconds: float
    processor: float
    """Seconds of processor, which a busy machine does not lengthen."""
    peak: float
    """GiB."""


def settle_file(program: tuple[str, ...], source: Path, target: Path, compression: str) -> FileRun:
    """Settle a file in a process of its own."""
    with tempfile.TemporaryFile("w+") as said:
        asked = [sys.executable, *program, source, target, compression]
        child = subprocess.Popen(asked, stdout=said)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if status:
            raise SystemExit(f"settling {source.name} failed")
        said.seek(0)
        visits, *seconds = said.read().split()
    return FileRun(int(visits), *map(float, seconds), _peak(usage))


def _peak(usage: resource.struct_rusage) -> float:
    return usage.ru_maxrss / (1 << 20)


ROUNDS = 3
"""So often each of two programs settles a file."""
FILES = ((True, "none"), (True, "snappy"), (False, "none"), (False, "snappy"))
"""Files by person or not, and how both they and the results are compressed."""


def files(rows: int) -> list[Line]:
    """Parquet to Parquet, sorted and not."""
    lines = []
    first: dict[str, float] = {}
    with tempfile.TemporaryDirectory(dir=os.environ.get("GONGJI_BENCH_FOLDER")) as folder:
        # A small one first, so that none waits for the loops to be compiled.
        source, target = Path(folder) / "warm.parquet", Path(folder) / "warmed.parquet"
        write_visits(source, 1000, True, "none")
        tables = []
        for program in (GONGJI, BY_HAND):
            settle_file(program, source, target, "none")
            tables.append(pq.read_table(target).to_pylist())
            target.unlink()
        if tables[0] != tables[1]:
            raise SystemExit("the product and the program by hand write different tables")
        for number, (in_order, compression) in enumerate(FILES):
            source, target = (Path(folder) / f"{name}{number}.parquet" for name in ("in", "out"))
            write_visits(source, rows, in_order, compression)
            programs = (GONGJI, BY_HAND) if in_order else (GONGJI,)
            made, *others = quickest(programs, source, target, compression)
            first.setdefault(compression, made.seconds)
            sizes = [path.stat().st_size / (1 << 30) for path in (source, target)]
            order = "by person" if in_order else "in no order"
            packed = "uncompressed" if compression == "none" else compression
            name = f"{made.visits / 1e6:.0f} million visits {order}, {packed} in and out"
            spent = f"{made.seconds:.1f} s, ×{made.seconds / first[compression]:.2f}"
            room = f"peak {made.peak:.2f} GiB, {sizes[0]:.2f} GiB in, {sizes[1]:.2f} GiB out"
            lines.append((name, _rate(made), f"{spent}, {room}"))
            for hand in others:
                share = (
                    f"{hand.seconds:.1f} s: gongji at {hand.seconds / made.seconds:.2f} of it, "
                    f"{hand.processor / made.processor:.2f} by processor"
                )
                lines.append(("the same by hand", _rate(hand), share))
            source.unlink()
            target.unlink()
    return lines


def quickest(
    programs: tuple[tuple[str, ...], ...], source: Path, target: Path, compression: str
) -> list[FileRun]:
    """The shortest run of each program on a file, in turns, so that a busy machine slows all."""
    rounds: list[list[FileRun]] = []
    for _ in range(ROUNDS if len(programs) > 1 else 1):
        rounds.append([])
        for program in programs:
            # A file that is replaced has to be deleted first, which takes its time.
            target.unlink(missing_ok=True)
            rounds[-1].append(settle_file(program, source, target, compression))
    return [min(runs, key=lambda run: run.seconds) for runs in zip(*rounds, strict=True)]


def _rate(run: FileRun) -> str:
    """Million visits a second."""
    return f"{run.visits / run.seconds / 1e6:.2f}"


def show(title: str, heads: Line, lines: list[Line]) -> str:
    """A section of the page."""
    rows = [heads, ("---", "---:", "---:"), *lines]
    return "\n".join([f"## {title}", "", *("| " + " | ".join(row) + " |" for row in rows), ""])


def main() -> None:
    """Measure, print, keep."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="few rows; the page is not written")
    options.add_argument("--rows", type=int, default=50_000_000, help="visits of the files")
    wanted = options.parse_args()
    rows = 200_000 if wanted.quick else 5_000_000
    speed = "million visits/s a core"
    several = files(1_000_000 if wanted.quick else wanted.rows)
    sections = [
        show("邵阳 第六条, the same rows", ("", speed, "of the hand-written loop"), shaoyang(rows)),
        show("楚雄, all benefits in random mix", ("", speed, "ns a visit"), chuxiong(rows // 5)),
        show("One visit in Python", ("", "µs", "wanted"), quote()),
        show("Parquet to Parquet (邵阳)", ("", "million visits/s", ""), several),
    ]
    page = "\n".join([*HEAD, *sections])
    print(page)
    if not wanted.quick:
        PAGE.write_text(page, encoding="utf-8")


HEAD = [
    "# Benchmarks",
    "",
    f"As `make bench` measured them on {os.cpu_count()} cores ({platform.machine()}, Python "
    f"{platform.python_version()}, Numba {numba.__version__}); ratios are of one run, in turns.",
    "Wanted: 10 million visits/s a core for Chuxiong's benefits, a quarter of the hand-written",
    "loop for Shaoyang's article 6, 5 million visits/s from file to file under 2 GiB and 0.6 of a",
    "program by hand that writes the same table, at most 2.5 times as long for a file in no order,",
    "50 µs of kernel for one visit online.",
    "",
]

if __name__ == "__main__":
    main()
