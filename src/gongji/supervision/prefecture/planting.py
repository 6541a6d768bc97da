"""What planters of frauds share: the scene, more visits, more lines, the table of the truth."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from gongji.supervision.prefecture.claims import (
    Bought,
    Claims,
    Making,
    finish_visits,
    lines_frame,
    visits_frame,
)
from gongji.supervision.prefecture.world import Numbers, People, World

TRUTH = {
    "kind": pl.String,
    "unseen": pl.Boolean,
    "unit": pl.String,
    "person": pl.String,
    "institution": pl.String,
    "doctor": pl.String,
    "visit": pl.String,
    "line": pl.String,
    "money": pl.Int64,
}
"""The table `truth`: one row a fee line; `unit` says who is to be found."""
SECOND = 1_000_000


@dataclass(frozen=True)
class Scene:
    """Where planters work: some of the prefecture's persons."""

    world: World
    people: People
    persons: pl.DataFrame
    guilty: dict[str, Numbers]
    parts: int
    start: int
    rng: np.random.Generator

    def some(self, number: float) -> int:
        """This part's share of a number in the whole prefecture, at random between whole ones."""
        share = number / self.parts
        return int(share) + int(self.rng.random() < share % 1)

    def persons_at_random(self, per_10_000: float, wanted: Numbers | None = None) -> Numbers:
        """Places of persons, of those wanted; at least two."""
        among = np.arange(len(self.people)) if wanted is None else wanted
        number = max(2, round(len(self.people) * per_10_000 / 10_000))
        return self.rng.choice(among, min(number, len(among)), replace=False)

    def days(self, count: int, first: int = 0, last: int = 364) -> Numbers:
        """Days at random between two days of the year."""
        return self.world.first_day + self.rng.integers(first, last + 1, count)

    def group(self, name: str) -> Numbers:
        """The goods of a group."""
        return self.world.goods.groups[name]

    def item(self, name: str) -> int:
        """The place of a good by its name."""
        return int(np.flatnonzero(self.world.goods.items["name"].to_numpy() == name)[0])


@dataclass(frozen=True)
class Planted:
    """The claims after a planter, and what it planted."""

    claims: Claims
    truth: pl.DataFrame


@dataclass(frozen=True)
class Fraud:
    """A kind of fraud: its code, who is to be found, who plants it, at which institutions."""

    code: str
    unit: str
    plant: Callable[["Fraud", Claims, Scene], Planted]
    places: tuple[str, str, float] = ("", "", 0)
    """Fraud and level of guilty institutions and their share in percent."""
    unseen: bool = False


@dataclass(frozen=True)
class Extra:
    """More visits: who, where, on which day; the lines of each by visit, item, packs, price."""

    who: Numbers
    where: Numbers
    day: Numbers
    at: Numbers
    item: Numbers
    packs: Numbers
    price: Numbers | None = None

    @staticmethod
    def one_line(scene: Scene, visits: tuple[Numbers, Numbers, Numbers], bought: "Sold") -> "Extra":
        """Visits of one line each."""
        who, where, day = visits
        return Extra(who, where, day, np.arange(len(who)), bought.item, bought.packs, bought.price)


@dataclass(frozen=True)
class Sold:
    """Items, packs, and prices where they are not the list's."""

    item: Numbers
    packs: Numbers
    price: Numbers | None = None


Change = Callable[[pl.DataFrame], pl.DataFrame]


def more(claims: Claims, scene: Scene, extra: Extra, change: Change | None = None) -> Claims:
    """Visits and lines to be added, not yet beside the others."""
    making = Making(scene.world, _next_number(claims), scene.rng)
    visits = visits_frame(scene.people, extra.who, extra.where, extra.day, making)
    if change is not None:
        visits = change(finish_visits(change(visits), making))
    if "payer_account" not in visits.columns:
        visits = visits.with_columns(payer_account=pl.lit(None, pl.String))
    listed = scene.world.goods.at("price")[extra.item]
    price = (listed * 0.95).astype(np.int64) if extra.price is None else extra.price
    lines = lines_frame(visits, extra.at, Bought(extra.item, extra.packs, price), making)
    return Claims(visits, lines)


def _next_number(claims: Claims) -> int:
    """The number after the last visit's; some may have been taken away before it."""
    return int(str(claims.visits["visit"].max())[1:]) + 1


def beside(claims: Claims, added: Claims) -> Claims:
    """Both together."""
    visits = added.visits.select(claims.visits.columns)
    lines = added.lines.select(claims.lines.columns)
    return Claims(pl.concat([claims.visits, visits]), pl.concat([claims.lines, lines]))


def truth_of(kind: Fraud, lines: pl.DataFrame, money: pl.Expr | None = None) -> pl.DataFrame:
    """The truth of lines of one kind of fraud; all their amount is at stake unless said."""
    at_stake = pl.col("amount") if money is None else money
    return lines.select(
        kind=pl.lit(kind.code),
        unseen=pl.lit(kind.unseen),
        unit=pl.lit(kind.unit),
        person="person",
        institution="institution",
        doctor="doctor",
        visit="visit",
        line="line",
        money=at_stake.cast(pl.Int64),
    )


def planted(kind: Fraud, claims: Claims, added: Claims) -> Planted:
    """Visits added, all their lines being the fraud."""
    return Planted(beside(claims, added), truth_of(kind, added.lines))


def lines_at(claims: Claims, scene: Scene, places: Numbers) -> pl.Series:
    """Which lines are of some institutions."""
    return claims.lines["institution"].is_in(scene.world.institutions.codes(places).implode())
