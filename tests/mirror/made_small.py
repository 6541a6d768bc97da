"""A few hundred persons in own tables for tests: plain, deterministic, nobody real."""

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl

from gongji.batch.own_tables import TABLES

AREA = "532300"
FEN = (*("own_fen", "first_self_fen", "over_limit_fen"), "institution_bears_fen")


def write_small(folder, persons=120, visits=600, seed=7):
    """The tables of a small prefecture in a folder; the visits as a frame."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    people = people_of(persons)
    made = visits_of(people, visits, rng)
    tables = {
        "persons": people,
        "visits": made,
        "lines": lines_of(made, rng),
        "spells": spells_of(people),
        "institutions": institutions(),
    }
    for name, frame in tables.items():
        kinds = pl.DataFrame(pl.from_arrow(TABLES[name].empty_table())).schema
        whole = frame.with_columns(
            pl.lit(None, kind).alias(column)
            for column, kind in kinds.items()
            if column not in frame.columns
        )
        whole.select(kinds.names()).cast(kinds).write_parquet(folder / f"{name}.parquet")
    return made


def people_of(count):
    """Persons, every third retired."""
    return pl.DataFrame(
        {
            "person": [f"{530000000000000000 + n}" for n in range(count)],
            "sex": ["12"[n % 2] for n in range(count)],
            "born": [date(1950 + n % 50, 1 + n % 12, 1 + n % 28) for n in range(count)],
            "status": ["retired" if n % 3 == 0 else "active" for n in range(count)],
            "area": [AREA] * count,
        }
    )


def institutions():
    """Five hospitals and a pharmacy."""
    kinds = ["hospital"] * 5 + ["pharmacy"]
    return pl.DataFrame(
        {
            "institution": [f"H53230000{n:03d}" for n in range(5)] + ["P53230000005"],
            "name": [f"虚构医院{n}" for n in range(5)] + ["虚构药店"],
            "kind": kinds,
            "level": ["1", "2", "3", "2", "3", None],
            "area": [AREA] * 6,
            "since": [date(2020, 1, 1)] * 6,
        }
    )


def visits_of(people, count, rng):
    """Visits whose amounts add up; who pays what is not by any law."""
    who = rng.integers(0, people.height, count)
    where = rng.integers(0, 5, count)
    day = rng.integers(0, 330, count)
    total = rng.integers(2_000, 90_000, count)
    first_self = total // 20
    scope = total - first_self
    pool = scope * 6 // 10
    rest = total - pool
    family = np.where(np.arange(count) % 5 == 0, rest // 4, 0)
    account = (rest - family) // 2
    places = institutions()
    start = date(2023, 1, 1)
    return pl.DataFrame(
        {
            "visit": [f"V{n:07d}" for n in range(count)],
            "person": people["person"].to_numpy()[who],
            "institution": places["institution"].to_numpy()[where],
            "area": [AREA] * count,
            "region": [AREA] * count,
            "date": [start + timedelta(days=int(d)) for d in day],
            "end": [start + timedelta(days=int(d)) for d in day],
            "settled_at": [
                datetime(2023, 1, 1, 8) + timedelta(days=int(d), seconds=n)
                for n, d in enumerate(day)
            ],
            "status": people["status"].to_numpy()[who],
            "med_type": ["11"] * count,
            "benefit": ["ordinary"] * count,
            "diagnosis": ["I10.x00;E11.900"] * count,
            "level": places["level"].to_numpy()[where],
            "institution_kind": ["hospital"] * count,
            "total_fen": total,
            "in_scope_fen": scope,
            "first_self_fen": first_self,
            "own_fen": np.zeros(count, np.int64),
            "over_limit_fen": np.zeros(count, np.int64),
            "paid_deductible_fen": np.zeros(count, np.int64),
            "paid_pool_fen": pool,
            "paid_supplements_fen": np.zeros(count, np.int64),
            "account_fen": account,
            "family_fen": family,
            "cash_fen": rest - family - account,
            "institution_bears_fen": np.zeros(count, np.int64),
        }
    )


def lines_of(visits, rng):
    """Two lines a visit, which add up to it."""
    first = visits.select("visit", "person", "institution", "settled_at", "total_fen")
    half = first.with_columns(
        (pl.col("total_fen") // 3).alias("amount_fen"), pl.lit("1").alias("n")
    )
    rest = first.with_columns(
        (pl.col("total_fen") - pl.col("total_fen") // 3).alias("amount_fen"), pl.lit("2").alias("n")
    )
    return pl.concat([half, rest]).select(
        (pl.col("visit") + "L" + pl.col("n")).alias("line"),
        "visit",
        "person",
        "institution",
        pl.col("settled_at").alias("occurred_at"),
        (pl.lit("X00") + pl.col("n")).alias("item"),
        pl.lit("虚构药品").alias("name"),
        pl.lit("101").alias("kind"),
        pl.lit(10_000).alias("count"),
        (pl.col("amount_fen") * 10_000).alias("price"),
        "amount_fen",
        pl.col("amount_fen").alias("in_scope_fen"),
        pl.lit("02").alias("listing_level"),
        pl.lit(7, pl.Int32).alias("days"),
    )


def spells_of(people):
    """One open spell each, before it a past one, of every seventh a month owed."""
    rows = []
    for n, (person, status) in enumerate(people.select("person", "status").iter_rows()):
        rows.append((person, status, date(2018, 1, 1), date(2019, 12, 31), True, False))
        if n % 7 == 0:
            rows.append((person, status, date(2020, 1, 1), date(2020, 3, 31), True, False))
            rows.append((person, status, date(2020, 4, 1), date(2020, 4, 30), True, True))
            rows.append((person, status, date(2020, 5, 1), None, True, False))
        else:
            rows.append((person, status, date(2020, 1, 1), None, True, False))
    names = ["person", "status", "since", "until", "insured", "arrears"]
    return pl.DataFrame(rows, schema=names, orient="row")
