"""The folder of own tables: honest claims first, then look-alikes, then frauds, then money."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from gongji.supervision.prefecture.claims import Claims, Making, make_lines, make_visits
from gongji.supervision.prefecture.known_frauds import KNOWN
from gongji.supervision.prefecture.lookalikes import Honest, add_lookalikes, wrong_sex
from gongji.supervision.prefecture.planting import TRUTH, Fraud, Planted, Scene
from gongji.supervision.prefecture.shares import LINE_COLUMNS, VISIT_COLUMNS, settled
from gongji.supervision.prefecture.unknown_frauds import UNKNOWN
from gongji.supervision.prefecture.world import (
    Institutions,
    Numbers,
    World,
    make_institutions,
    make_people,
    persons_frame,
    spells_frame,
)

KINDS = (*KNOWN, *UNKNOWN)
VISITS_A_PART = 10_000_000
Tables = dict[str, pl.DataFrame]


@dataclass(frozen=True)
class Wishes:
    """What prefecture is wanted; without `frauds` everyone is honest."""

    persons: int = 20_000
    seed: int = 1
    year: int = 2025
    area: str = "439900"
    frauds: bool = True
    part: int = 50_000


def make_prefecture(
    folder: Path, wishes: Wishes, progress: Callable[[int], object] = lambda persons: None
) -> None:
    """The tables of a prefecture in a folder, each a folder of Parquet files by persons.

    Shape:   visits, lines, persons, spells, proofs by part; institutions, items once; truth and
             lookalikes tell what was planted and are no table of supervision.
    """
    rng = np.random.default_rng(wishes.seed)
    made = make_institutions(wishes.persons, wishes.area, wishes.year, rng)
    world = World(wishes.area, wishes.year, made)
    guilty = _guilty(made, rng) if wishes.frauds else {}
    _write(folder, "institutions", 0, made.frame)
    _write(folder, "items", 0, items_frame(world))
    _write(folder, "points", 0, points_frame(world))
    for number, tables in enumerate(_parts(world, guilty, wishes)):
        for name, frame in tables.items():
            _write(folder, name, number, frame)
        progress(len(tables["persons"]))


def items_frame(world: World) -> pl.DataFrame:
    """The catalogue: what the areas list as the highest price, in millionths of yuan."""
    return world.goods.items.select(
        "item", "name", "kind", "listing_level", "pack_days", listing="price"
    )


def points_frame(world: World) -> pl.DataFrame:
    """Made-up knowledge points: which items are for women, men or children only."""
    sex = {"female": "2", "male": "1"}
    items = world.goods.items
    of_sex = items.filter(pl.col("group").is_in(list(sex))).with_columns(
        rule=pl.when(pl.col("kind") == "101")
        .then(pl.lit("药品区分性别使用"))
        .otherwise(pl.lit("医疗服务项目区分性别使用")),
        allowed=pl.col("group").replace_strict(sex),
        high=pl.lit(None, pl.Int64),
    )
    for_children = items.filter(pl.col("group") == "child").with_columns(
        rule=pl.lit("药品儿童专用"), allowed=pl.lit(None, pl.String), high=pl.lit(14, pl.Int64)
    )
    both = pl.concat([of_sex, for_children])
    return both.select(
        "rule",
        "item",
        other=pl.lit(None, pl.String),
        low=pl.lit(None, pl.Int64),
        high="high",
        allowed="allowed",
        unit=pl.lit("岁"),
        since=pl.lit(date(world.year - 1, 1, 1)),
        until=pl.lit(None, pl.Date),
        basis=pl.lit("虚构"),
    )


def _write(folder: Path, table: str, part: int, frame: pl.DataFrame) -> None:
    target = folder / table
    target.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(target / f"part-{part:04d}.parquet", compression="zstd")


def _guilty(made: Institutions, rng: np.random.Generator) -> dict[str, Numbers]:
    """The guilty institutions of each kind, none of two kinds."""
    taken: set[int] = set()
    found: dict[str, Numbers] = {}
    for kind in KINDS:
        where, level, percent = kind.places
        if not where:
            continue
        among = np.array([one for one in made.places(where, level) if int(one) not in taken])
        among = among if len(among) else made.places(where)
        number = max(1, round(len(made.places(where, level)) * percent / 100))
        # The smallest have too few visits for anything to be seen.
        among = among[np.argsort(-made.weight[among])][: max(number, len(among) * 3 // 4)]
        found[kind.code] = rng.choice(among, min(number, len(among)), replace=False)
        taken |= {int(one) for one in found[kind.code]}
    return found


def _parts(world: World, guilty: dict[str, Numbers], wishes: Wishes) -> Iterator[Tables]:
    """The tables of some persons at a time, each part from its own dice."""
    starts = range(0, wishes.persons, wishes.part)
    for number, first in enumerate(starts):
        rng = np.random.default_rng((wishes.seed, number))
        count = min(wishes.part, wishes.persons - first)
        people = make_people(first, count, world, rng)
        persons = persons_frame(people)
        scene = Scene(world, people, persons, guilty, len(starts), number * VISITS_A_PART, rng)
        yield _tables(scene, spells_frame(people, world, rng), wishes.frauds)


def _tables(scene: Scene, spells: pl.DataFrame, frauds: bool) -> Tables:
    making = Making(scene.world, scene.start, scene.rng)
    visits = make_visits(scene.people, scene.world, scene.start, scene.rng)
    lines = make_lines(visits, scene.people, making)
    honest = add_lookalikes(Claims(visits, lines), scene)
    claims, truth = _plant(honest, scene) if frauds else (honest.claims, _nothing())
    paid = settled(claims, scene.persons)
    first = date(scene.world.year, 1, 1)
    last = date(scene.world.year, 12, 31)
    paid = paid.filter(pl.col("end").is_between(first, last))
    lines = claims.lines.join(paid.select("visit"), on="visit", how="semi")
    return {
        "visits": paid.select(VISIT_COLUMNS),
        "lines": lines.sort("person", "occurred_at", "line").select(LINE_COLUMNS),
        "persons": wrong_sex(scene.persons, scene.people, scene.rng),
        "spells": spells,
        "proofs": honest.proofs,
        "truth": truth.join(lines.select("line"), on="line", how="semi"),
        "lookalikes": honest.lookalikes,
    }


def _nothing() -> pl.DataFrame:
    return pl.DataFrame(schema=TRUTH)


def _plant(honest: Honest, scene: Scene) -> tuple[Claims, pl.DataFrame]:
    """The claims with every kind of fraud, and the truth."""
    claims, told = honest.claims, [_nothing()]
    for kind in KINDS:
        made: Planted = _one(kind, claims, scene)
        claims = made.claims
        told.append(made.truth)
    return claims, pl.concat(told)


def _one(kind: Fraud, claims: Claims, scene: Scene) -> Planted:
    return kind.plant(kind, claims, scene)
