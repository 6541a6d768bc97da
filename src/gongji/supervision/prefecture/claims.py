"""Visits and fee lines of honest people in the made-up prefecture, before money is split."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from gongji.supervision.prefecture.goods import Goods
from gongji.supervision.prefecture.world import (
    CLINIC,
    DEPARTMENTS,
    HOSPITAL,
    INTERNET,
    PHARMACY,
    Numbers,
    People,
    World,
    numbered,
)

SECOND = 1_000_000
DAY = 86_400 * SECOND
WEEKDAYS = np.array([1.25, 1.1, 1.05, 1.0, 1.05, 0.75, 0.6])
CHRONIC_CODES = ("I10.x00", "E11.900", "J44.900", "I25.103")
ACUTE_CODES = ("J06.900", "K29.500", "M54.500", "J20.900", "L30.900")
OLD = 70
TEN_THOUSAND = 10_000


@dataclass(frozen=True)
class Claims:
    """Visits and their lines."""

    visits: pl.DataFrame
    lines: pl.DataFrame


def day_weights(world: World) -> npt.NDArray[np.float64]:
    """How busy each day of the year is: winter, weekdays, a dip at the Spring Festival, a peak
    before long holidays."""
    days = np.arange(365)
    busy = 1 + 0.2 * np.cos(2 * np.pi * (days - 10) / 365)
    busy = busy * WEEKDAYS[(world.first_day + days + 3) % 7]
    busy[28:35] *= 0.4
    busy[21:28] *= 1.5
    busy[263:272] *= 1.35
    busy[273:280] *= 0.6
    return np.asarray(busy / busy.sum())


def _places_of_visits(
    people: People, who: Numbers, world: World, rng: np.random.Generator
) -> Numbers:
    """Where each visit is: mostly the person's own places, else any by size."""
    made = world.institutions
    kinds = rng.choice([HOSPITAL, CLINIC, PHARMACY, INTERNET], len(who), p=[0.42, 0.14, 0.42, 0.02])
    where = np.zeros(len(who), np.int64)
    for kind in (HOSPITAL, CLINIC, PHARMACY, INTERNET):
        here = np.flatnonzero(kinds == kind)
        places = made.places(kind)
        share = made.weight[places] / made.weight[places].sum()
        other = rng.choice(places, len(here), p=share)
        own = people.home[kind][who[here]] if kind in people.home else other
        where[here] = np.where(rng.random(len(here)) < 0.75, own, other)
    return where


def make_visits(people: People, world: World, start: int, rng: np.random.Generator) -> pl.DataFrame:
    """The visits of some persons in the year; private columns begin with an underscore."""
    times = rng.poisson(people.visits_a_year)
    who = np.repeat(np.arange(len(people)), times)
    day = world.first_day + rng.choice(365, len(who), p=day_weights(world))
    alive = (people.died[who] < 0) | (day <= people.died[who])
    who, day = who[alive], day[alive]
    where = _places_of_visits(people, who, world, rng)
    return visits_frame(people, who, where, day, Making(world, start, rng))


@dataclass(frozen=True)
class Making:
    """What visits are made with: the world, the first number, the dice."""

    world: World
    start: int
    rng: np.random.Generator


def visits_frame(
    people: People, who: Numbers, where: Numbers, day: Numbers, making: Making
) -> pl.DataFrame:
    """Visits of persons at places on days, with times, doctors and diagnoses."""
    rng, made, count = making.rng, making.world.institutions, len(who)
    kind = made.kind[where]
    chronic = people.chronic[who] & (rng.random(count) < 0.65)
    inside = made.doctors[where]
    doctor = made.first_doctor[where] + rng.integers(0, 1 << 30, count) % np.maximum(inside, 1)
    second = (rng.beta(2.0, 2.2, count) * 9.5 * 3600 + 8 * 3600).astype(np.int64)
    frame = pl.DataFrame(
        {
            "visit": numbered("V", making.start + np.arange(count), 11),
            "person": people.ids(who),
            "institution": made.codes(where),
            "region": np.full(count, making.world.area),
            "begin": pl.Series(day).cast(pl.Int32).cast(pl.Date),
            "settled_at": pl.Series(day * DAY + second * SECOND).cast(pl.Datetime("us")),
            "med_type": np.where(kind == PHARMACY, "41", np.where(chronic, "14", "11")),
            "care": np.where(chronic & (kind == HOSPITAL), "chronic", "ordinary"),
            "diagnosis": np.where(
                chronic,
                rng.choice(CHRONIC_CODES, count),
                rng.choice(ACUTE_CODES, count),
            ),
            "level": made.level[where],
            "_doctor": np.where(inside > 0, doctor, -1),
            "_terminal": rng.integers(1, 4, count),
            "_who": who,
            "_where": where,
            "_kind": kind,
            "_chronic": chronic,
        }
    )
    return finish_visits(frame, making)


def finish_visits(frame: pl.DataFrame, making: Making) -> pl.DataFrame:
    """The columns that follow from the others."""
    rng, count = making.rng, len(frame)
    doctor = frame["_doctor"].to_numpy()
    script = rng.random(count) < 0.25
    online = making.world.institutions.places(INTERNET)
    hospital = making.world.institutions.places(HOSPITAL)
    writer = np.where(
        rng.random(count) < 0.15, rng.choice(online, count), rng.choice(hospital, count)
    )
    prescriber = making.world.institutions.codes(writer)
    outside = rng.random(count) < 0.02
    return frame.with_columns(
        end=pl.col("begin"),
        disease=pl.when(pl.col("care") == "chronic").then(pl.lit("M03900")).otherwise(pl.lit("")),
        offsite=pl.Series(outside),
        doctor=pl.when(pl.Series(doctor >= 0)).then(numbered("D", np.maximum(doctor, 0), 8)),
        department=pl.when(pl.Series(doctor >= 0)).then(
            pl.Series(np.array(DEPARTMENTS)[np.maximum(doctor, 0) % len(DEPARTMENTS)])
        ),
        prescriber=pl.when((pl.col("_kind") == PHARMACY) & pl.Series(script)).then(prescriber),
        terminal=pl.concat_str(
            pl.col("institution"), pl.lit("-"), pl.col("_terminal").cast(pl.String)
        ),
    )


def _groups_of(visits: pl.DataFrame, making: Making) -> tuple[Numbers, npt.NDArray[np.str_]]:
    """For every line the place of its visit, and the group of goods it is from."""
    rng, habits = making.rng, making.world.institutions.habits
    kind, where = visits["_kind"].to_numpy(), visits["_where"].to_numpy()
    count = len(kind)
    hospital = kind == HOSPITAL
    chosen: list[tuple[Numbers, str]] = []

    def add(group: str, chance: npt.NDArray[np.float64]) -> None:
        often = chance * habits[group][where] if group in habits else chance
        chosen.append((np.flatnonzero(rng.random(count) < often), group))

    shop = kind == PHARMACY
    chronic = visits["_chronic"].to_numpy()
    add("consult", np.where(shop, 0.0, 0.97))
    for chance in (1.0, 0.5, 0.25):
        add("medicine", np.where(shop, chance, np.where(chronic, chance * 0.95, chance * 0.8)))
    for chance in (0.45, 0.2):
        add("lab", np.where(hospital, chance, np.where(shop, 0.0, chance / 6)))
    add("exam", np.where(hospital, 0.25, 0.0))
    add("ct", np.where(hospital, 0.05, 0.0))
    add("mr", np.where(hospital, 0.015, 0.0))
    add("treatment", np.where(kind == CLINIC, 0.35, np.where(hospital, 0.12, 0.0)))
    add("supply", np.where(hospital, 0.08, 0.0))
    for _ in range(4):
        add("herb", np.where(shop, 0.0, 0.03))
    add("tonic", np.where(shop, 0.05, 0.0))
    at = np.concatenate([places for places, _ in chosen])
    groups = np.concatenate([np.full(len(places), group) for places, group in chosen])
    order = np.argsort(at, kind="stable")
    return at[order], groups[order]


def _items_of(
    groups: npt.NDArray[np.str_], at: Numbers, visits: pl.DataFrame, people: People, making: Making
) -> Numbers:
    """The item of every line: the drugs of a chronic patient are their own two or three."""
    rng, goods = making.rng, making.world.goods
    who = visits["_who"].to_numpy()[at]
    item = np.zeros(len(at), np.int64)
    for group in np.unique(groups):
        here = groups == group
        if group != "medicine":
            item[here] = rng.choice(goods.groups[str(group)], int(here.sum()))
    chronic = visits["_chronic"].to_numpy()[at] & (groups == "medicine")
    own = goods.groups["chronic"]
    item[chronic] = own[
        ((who[chronic] + people.first) * 7 + rng.integers(0, 3, int(chronic.sum())) * 5) % len(own)
    ]
    acute = ~chronic & (groups == "medicine")
    draw = rng.choice(
        ["acute", "female", "male", "child", "resold"], len(at), p=[0.9, 0.05, 0.03, 0.01, 0.01]
    )
    for group in np.unique(draw):
        here = acute & (draw == group)
        item[here] = rng.choice(goods.groups[str(group)], int(here.sum()))
    return _fitting(item, who, visits["begin"].cast(pl.Int32).to_numpy()[at], people, making)


def _fitting(item: Numbers, who: Numbers, day: Numbers, people: People, making: Making) -> Numbers:
    """What does not suit a person's sex or age is another drug instead."""
    groups = making.world.goods.items["group"].to_numpy()[item]
    wrong = (groups == "female") & (people.sex[who] == 1)
    wrong |= (groups == "male") & ((people.sex[who] == 2) | (day - people.born[who] < 45 * 365))
    wrong |= groups == "child"
    other = making.rng.choice(making.world.goods.groups["acute"], len(item))
    return np.where(wrong, other, item)


def _packs(
    item: Numbers, at: Numbers, visits: pl.DataFrame, people: People, making: Making
) -> Numbers:
    """How many packs: a month for the chronically ill, two or three for the old and before
    holidays, a few days otherwise."""
    rng, goods = making.rng, making.world.goods
    pack = np.maximum(goods.at("pack_days")[item], 1)
    chronic = visits["_chronic"].to_numpy()[at]
    who = visits["_who"].to_numpy()[at]
    day = visits["begin"].cast(pl.Int32).to_numpy()[at]
    age = (day - people.born[who]) / 365.25
    into = day - making.world.first_day
    long = (age > OLD) & (rng.random(len(at)) < 0.3)
    long |= (((into >= 21) & (into < 28)) | ((into >= 263) & (into < 272))) & (
        rng.random(len(at)) < 0.4
    )
    often = people.visits_a_year[who] > 12
    wanted = np.where(often, 14, np.where(long, rng.integers(60, 91, len(at)), 30))
    regular = np.maximum(1, np.round(wanted / pack)).astype(np.int64)
    few = rng.choice([1, 1, 1, 2], len(at))
    packs = np.where(chronic & (goods.items["group"].to_numpy()[item] == "chronic"), regular, few)
    where = visits["_where"].to_numpy()[at]
    more = making.world.institutions.habits["packs"][where] - 1
    habit: Numbers = packs + (rng.random(len(at)) < np.maximum(more, 0)).astype(np.int64)
    return habit


def make_lines(visits: pl.DataFrame, people: People, making: Making) -> pl.DataFrame:
    """The fee lines of visits."""
    rng, goods = making.rng, making.world.goods
    at, groups = _groups_of(visits, making)
    item = _items_of(groups, at, visits, people, making)
    once = np.unique(at * len(goods.items) + item, return_index=True)[1]
    at, groups, item = at[once], groups[once], item[once]
    packs = _packs(item, at, visits, people, making)
    herb = groups == "herb"
    packs = np.where(herb, rng.integers(30, 120, len(at)), packs)
    packs = np.where(np.isin(groups, ("medicine", "herb")), packs, 1)
    where = visits["_where"].to_numpy()[at]
    base = goods.at("price")[item]
    spread = 1 + 0.04 * np.sin(item * 7.0 + where)
    drug = goods.items["kind"].to_numpy()[item] == "101"
    price = np.where(drug, np.round(base * spread * 0.95, -4), base).astype(np.int64)
    return lines_frame(visits, at, Bought(item, packs, price), making)


@dataclass(frozen=True)
class Bought:
    """Items, packs or units, and prices in millionths of yuan."""

    item: Numbers
    packs: Numbers
    price: Numbers


def lines_frame(visits: pl.DataFrame, at: Numbers, bought: Bought, making: Making) -> pl.DataFrame:
    """Lines of what was bought in visits, numbered within each."""
    goods: Goods = making.world.goods
    items = goods.items[bought.item]
    mine = visits.select("visit", "person", "institution", "settled_at", "doctor", "department")
    frame = mine[at].rename({"settled_at": "occurred_at"})
    amount = (bought.packs * bought.price + 5_000) // 10_000
    level = items["listing_level"].to_numpy()
    scope = np.where(level == "03", 0, np.where(level == "02", amount - (amount + 5) // 10, amount))
    drug = items["kind"].to_numpy() == "101"
    days = bought.packs * items["pack_days"].to_numpy()
    code = making.rng.integers(0, 10**12, len(at)) + 10**12 * (8_000_000 + bought.item)
    return frame.with_columns(
        item=items["item"],
        name=items["name"],
        kind=items["kind"],
        count=pl.Series(bought.packs * TEN_THOUSAND),
        price=pl.Series(bought.price),
        amount=pl.Series(amount),
        in_scope=pl.Series(scope),
        listing_level=items["listing_level"],
        days=pl.when(pl.Series(drug)).then(pl.Series(days)).cast(pl.Int32),
        trace=pl.when(pl.Series(drug & (code > 0))).then(
            pl.Series(code).cast(pl.String).str.zfill(20)
        ),
    ).with_columns(
        line=pl.concat_str(
            pl.col("visit"),
            pl.lit("-"),
            (pl.int_range(pl.len()).over("visit") + 1).cast(pl.String),
        )
    )
