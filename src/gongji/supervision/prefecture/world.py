"""Institutions, persons and spells of the made-up prefecture."""

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from gongji.supervision.prefecture.goods import Goods, make_goods

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

HOSPITAL, CLINIC, PHARMACY, INTERNET = "hospital", "clinic", "pharmacy", "internet"
PER_100_000 = {("3", HOSPITAL): 2, ("2", HOSPITAL): 8, ("1", HOSPITAL): 30}
CLINICS, PHARMACIES, ONLINE = 60, 110, 3
FEWEST = 4
DEPARTMENTS = ("A03", "A04", "A05", "A08", "A50")
"""Internal medicine, surgery, women, outpatient emergency, Chinese medicine."""
HABIT = 0.18
"""The spread between honest institutions, as a logarithm."""
HABITS = ("medicine", "lab", "exam", "ct", "mr", "treatment", "supply", "herb", "tonic", "packs")
RETIRED_SHARE = 0.276
EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class Institutions:
    """Institutions as columns; `first_doctor` numbers the doctors through all of them."""

    frame: pl.DataFrame
    kind: npt.NDArray[np.str_]
    level: npt.NDArray[np.str_]
    weight: npt.NDArray[np.float64]
    doctors: Numbers
    first_doctor: Numbers
    habits: dict[str, npt.NDArray[np.float64]]
    """How much oftener than others each institution gives what a group of goods has."""

    def places(self, kind: str, level: str = "") -> Numbers:
        """The places of the institutions of a kind, and of a level where one is given."""
        found = (self.kind == kind) & ((self.level == level) | (level == ""))
        return np.flatnonzero(found)

    def codes(self, places: Numbers) -> pl.Series:
        """The codes of institutions."""
        return self.frame["institution"].gather(places)


@dataclass(frozen=True)
class People:
    """Persons as arrays; days are counted from 1970."""

    first: int
    sex: Numbers
    born: Numbers
    retired: Flags
    chronic: Flags
    died: Numbers
    home: dict[str, Numbers]
    visits_a_year: npt.NDArray[np.float64]
    area: str

    def __len__(self) -> int:
        return len(self.sex)

    def ids(self, places: Numbers) -> pl.Series:
        """The codes of persons."""
        return numbered("P", places + self.first, 9)


@dataclass(frozen=True)
class World:
    """What stands before any visit."""

    area: str
    year: int
    institutions: Institutions
    goods: Goods = field(default_factory=make_goods)

    @property
    def first_day(self) -> int:
        """The first day of the year, from 1970."""
        return date(self.year, 1, 1).toordinal() - EPOCH


def numbered(letter: str, numbers: Numbers, width: int) -> pl.Series:
    """Codes of a letter and a number."""
    digits = pl.Series("n", numbers, pl.Int64).cast(pl.String).str.zfill(width)
    return pl.select(pl.concat_str(pl.lit(letter), digits)).to_series()


def make_institutions(persons: int, area: str, year: int, rng: np.random.Generator) -> Institutions:
    """As many institutions as so many persons need; at least a few of every kind."""
    scale = persons / 100_000
    wanted = [(kind, level, number) for (level, kind), number in PER_100_000.items()]
    wanted += [(CLINIC, "", CLINICS), (PHARMACY, "pharmacy", PHARMACIES), (INTERNET, "2", ONLINE)]
    kinds, levels = [], []
    for one, grade, number in wanted:
        count = max(FEWEST if one != INTERNET else 2, round(number * scale))
        kinds += [one] * count
        levels += [grade] * count
    kind, level = np.array(kinds), np.array(levels)
    size = rng.lognormal(0.0, 0.5, len(kind))
    doctors = np.select([level == "3", level == "2", level == "1"], [60, 25, 8], 2)
    doctors = np.where(kind == PHARMACY, 0, np.maximum(doctors, 1))
    codes = numbered("H", np.arange(len(kind)), 11)
    words = {HOSPITAL: "医院", CLINIC: "诊所", PHARMACY: "药店", INTERNET: "互联网医院"}
    frame = pl.DataFrame(
        {
            "institution": codes,
            "name": [f"虚构{words[one]}{place:04d}" for place, one in enumerate(kind)],
            "kind": kind,
            "level": level,
            "area": [area] * len(kind),
            "since": [date(year - 5, 1, 1)] * len(kind),
            "until": pl.Series([None] * len(kind), dtype=pl.Date),
        }
    )
    first = np.concatenate([[0], np.cumsum(doctors)[:-1]])
    habits = {name: rng.lognormal(0.0, HABIT, len(kind)) for name in HABITS}
    return Institutions(frame, kind, level, size, doctors, first, habits)


def make_people(first: int, count: int, world: World, rng: np.random.Generator) -> People:
    """So many persons; older ones are more often chronically ill and come more often."""
    retired = rng.random(count) < RETIRED_SHARE
    age = np.where(retired, rng.gamma(6.0, 2.2, count) + 53, rng.uniform(20, 60, count))
    age = np.minimum(age, 99)
    born = (world.first_day - age * 365.25).astype(np.int64)
    chronic = rng.random(count) < np.where(retired, 0.45, 0.08)
    dies = rng.random(count) < np.where(age > 75, 0.02, 0.001)
    died = np.where(dies, world.first_day + rng.integers(30, 330, count), -1)
    made = world.institutions
    home = {}
    for kind in (HOSPITAL, CLINIC, PHARMACY):
        places = made.places(kind)
        share = made.weight[places] * (np.where(made.level[places] == "3", 4, 1))
        home[kind] = rng.choice(places, count, p=share / share.sum())
    mean = np.where(retired, 7.5, 4.0) + np.where(chronic, 5.0, 0.0)
    often = rng.gamma(1.6, mean / 1.6)
    often[rng.random(count) < 0.12] = 0
    return People(
        first, rng.integers(1, 3, count), born, retired, chronic, died, home, often, world.area
    )


def persons_frame(people: People) -> pl.DataFrame:
    """The table of persons."""
    return pl.DataFrame(
        {
            "person": people.ids(np.arange(len(people))),
            "sex": pl.Series(people.sex).cast(pl.String),
            "born": pl.Series(people.born).cast(pl.Int32).cast(pl.Date),
            "died": _dates_or_none(people.died),
            "status": np.where(people.retired, "retired", "active"),
            "area": [people.area] * len(people),
        }
    )


def spells_frame(people: People, world: World, rng: np.random.Generator) -> pl.DataFrame:
    """The table of spells: most insured throughout, some in arrears for some months."""
    count = len(people)
    breaks = rng.random(count) < 0.02
    start = world.first_day + rng.integers(60, 200, count)
    ids, status = people.ids(np.arange(count)), np.where(people.retired, "retired", "active")
    since = np.full(count, world.first_day - 1461)
    whole = _spells(ids, status, since, np.where(breaks, start - 1, -1), True)
    gap = _spells(ids, status, start, start + 60, False).filter(breaks)
    after = _spells(ids, status, start + 61, np.full(count, -1), True).filter(breaks)
    return pl.concat([whole, gap, after])


def _spells(
    ids: pl.Series, status: npt.NDArray[np.str_], since: Numbers, until: Numbers, insured: bool
) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "person": ids,
            "status": status,
            "since": pl.Series(since).cast(pl.Int32).cast(pl.Date),
            "until": _dates_or_none(until),
            "insured": [insured] * len(ids),
            "arrears": [not insured] * len(ids),
        }
    )


def _dates_or_none(days: Numbers) -> pl.Series:
    """Days as dates; none for -1."""
    made = pl.DataFrame({"day": days}).select(
        pl.when(pl.col("day") >= 0).then(pl.col("day")).cast(pl.Int32).cast(pl.Date)
    )
    return made.to_series()
