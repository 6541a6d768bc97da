"""How fast national tables become our own: a day, or so many settlements, in a process of its own.

`python bench/nightly_tables.py --settlements 50000 --lines 300000` makes the tables as CSV, mirrors
them, and prints the seconds, those of the processor, rows a second, the peak of memory, the same
of a second run, which finds everything done.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from gongji.mirror.nightly import MirrorWishes, mirror_tables

CHUNK = 500_000
AREA = "532300"


def yuan(fen: np.ndarray) -> pl.Series:
    """Amounts in yuan with two decimals."""
    return pl.Series(fen / 100).round(2)


def settlements(first: int, count: int, persons: int, rng: np.random.Generator) -> pl.DataFrame:
    """Rows of SETL_D whose amounts add up."""
    total = rng.integers(1_000, 60_000, count)
    pool, rest = total * 6 // 10, total - total * 6 // 10
    day = np.datetime64("2025-01-01") + rng.integers(0, 365, count)
    number = pl.Series(np.arange(first, first + count))
    person = pl.Series(rng.integers(0, persons, count))
    text = pl.Series(day).cast(pl.String)
    named = {
        "SETL_ID": "5323" + number.cast(pl.String).str.zfill(16),
        "MDTRT_ID": "5324" + number.cast(pl.String).str.zfill(16),
        "PSN_NO": "53230000000" + person.cast(pl.String).str.zfill(12),
        "SETL_TIME": text + " 10:00:00",
        "UPDT_TIME": text + " 12:00:00",
        "BEGNDATE": text,
        "MEDFEE_SUMAMT": yuan(total),
        "INSCP_AMT": yuan(total),
        "HIFP_PAY": yuan(pool),
        "FUND_PAY_SUMAMT": yuan(pool),
        "PSN_PAY": yuan(rest),
        "ACCT_PAY": yuan(rest),
    }
    plain = {
        "INSUTYPE": "310",
        "PSN_TYPE": "1101",
        "INSU_ADMDVS": AREA,
        "FIXMEDINS_CODE": "H53230000001",
        "FIXMEDINS_NAME": "虚构医院",
        "FIX_BLNG_ADMDVS": AREA,
        "DEDC_HOSP_LV": "2",
        "MED_TYPE": "11",
        "CASH_PAYAMT": "0.00",
        "ACT_PAY_DEDC": "0.00",
        "PRESELFPAY_AMT": "0.00",
        "FULAMT_OWNPAY_AMT": "0.00",
        "OVERLMT_SELFPAY": "0.00",
        "VALI_FLAG": "1",
        "REFD_SETL_FLAG": "0",
    }
    return pl.DataFrame(named).with_columns(pl.lit(v).alias(k) for k, v in plain.items())


def lines(settled: pl.DataFrame, first: int, each: int) -> pl.DataFrame:
    """Rows of FEE_LIST_D, so many for each settlement."""
    rows = settled.select(
        "SETL_ID", "MDTRT_ID", "PSN_NO", "SETL_TIME", "UPDT_TIME", "MEDFEE_SUMAMT"
    )
    many = rows.select(pl.all().repeat_by(each).explode())
    number = pl.Series(np.arange(first, first + many.height))
    plain = {
        "FIXMEDINS_CODE": "H53230000001",
        "CNT": "2.0000",
        "PRIC": "13.500000",
        "CHRGITM_LV": "02",
        "LIST_TYPE": "101",
        "MED_LIST_CODG": "XC08CAX076A001010100001",
        "HILIST_NAME": "虚构药品缓释片",
        "BILG_DR_CODE": "D532300000001",
        "BILG_DEPT_CODG": "A03",
        "PRD_DAYS": "14",
        "VALI_FLAG": "1",
    }
    return many.with_columns(
        ("F" + number.cast(pl.String).str.zfill(19)).alias("BKKP_SN"),
        (pl.col("MEDFEE_SUMAMT") / each).round(2).alias("DET_ITEM_FEE_SUMAMT"),
        pl.col("SETL_TIME").alias("FEE_OCUR_TIME"),
        *(pl.lit(value).alias(name) for name, value in plain.items()),
    ).drop("SETL_TIME", "MEDFEE_SUMAMT")


def make(folder: Path, count: int, each: int) -> None:
    """The tables as CSV, a file for every so many settlements."""
    rng = np.random.default_rng(1)
    for name in ("SETL_D", "FEE_LIST_D"):
        (folder / name).mkdir(parents=True)
    for part, first in enumerate(range(0, count, CHUNK)):
        size = min(CHUNK, count - first)
        settled = settlements(first, size, max(100, count // 6), rng)
        settled.write_csv(folder / f"SETL_D/setl_d_{part:04d}.csv")
        lines(settled, first * each, each).write_csv(folder / f"FEE_LIST_D/fee_{part:04d}.csv")


def timed(folder: Path, output: Path) -> None:
    """One run; prints its seconds and its peak of memory."""
    start, busy = time.perf_counter(), time.process_time()
    checks = mirror_tables([folder], MirrorWishes(output), lambda what, rows: None)
    seconds, busy = time.perf_counter() - start, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)
    read = sum(table.rows["read"] for table in checks.tables)
    pace = f"{read / seconds:,.0f} a second"
    print(
        f"{read:,} rows in {seconds:.1f} s ({busy:.1f} s of the processor), {pace}, {peak:.2f} GiB"
    )


def main() -> None:
    """Make tables and mirror them twice, each in a process of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--settlements", type=int, default=50_000)
    parser.add_argument("--lines", type=int, default=300_000)
    parser.add_argument("--one", nargs=2, type=Path)
    wanted = parser.parse_args()
    if wanted.one:
        timed(*wanted.one)
        return
    with tempfile.TemporaryDirectory() as place:
        tables, output = Path(place) / "tables", Path(place) / "out"
        make(tables, wanted.settlements, max(1, wanted.lines // wanted.settlements))
        size = sum(path.stat().st_size for path in tables.rglob("*.csv")) / (1 << 20)
        print(f"{wanted.settlements:,} settlements, {size:,.0f} MiB of CSV")
        for _ in range(2):
            command = [sys.executable, __file__, "--one", str(tables), str(output)]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
