"""Planted frauds of kinds that rules are written for: whoever writes rules may look at them."""

import numpy as np
import polars as pl

from gongji.supervision.prefecture.claims import Claims
from gongji.supervision.prefecture.planting import (
    SECOND,
    Extra,
    Fraud,
    Planted,
    Scene,
    Sold,
    beside,
    lines_at,
    more,
    planted,
    truth_of,
)
from gongji.supervision.prefecture.shares import rate, settled
from gongji.supervision.prefecture.world import CLINIC, HOSPITAL, PHARMACY

SHOP = (PHARMACY, "")


def trace_twice(kind: Fraud, claims: Claims, scene: Scene) -> Planted:
    """Shops sell packs again whose codes were settled elsewhere before."""
    lines = claims.lines.with_row_index("_at")
    mine = lines.filter(
        lines_at(claims, scene, scene.guilty[kind.code]) & pl.col("trace").is_not_null()
    )
    again = mine.sample(fraction=0.5, seed=int(scene.rng.integers(1 << 30)))
    others = lines.filter(
        pl.col("trace").is_not_null() & ~pl.col("_at").is_in(mine["_at"].implode())
    )
    nth = pl.int_range(pl.len()).over("item").alias("_nth")
    others = others.sample(fraction=1, shuffle=True, seed=3).select(
        "item", nth, old="trace", before="occurred_at"
    )
    pairs = again.with_columns(nth).join(others, on=["item", "_nth"], how="inner")
    pairs = pairs.filter(pl.col("before") < pl.col("occurred_at"))
    changed = lines.join(pairs.select("_at", "old"), on="_at", how="left", maintain_order="left")
    fraud = changed.filter(pl.col("old").is_not_null())
    changed = changed.with_columns(trace=pl.coalesce("old", "trace")).drop("_at", "old")
    return Planted(Claims(claims.visits, changed), truth_of(kind, fraud))


def over_quantity(kind: Fraud, claims: Claims, scene: Scene) -> Planted:
    """Persons collect several times what they can take, from many places, to be resold."""
    who = scene.persons_at_random(4, np.flatnonzero(scene.people.chronic))
    who = np.repeat(who, scene.rng.integers(14, 30, len(who)))
    count = len(who)
    made = scene.world.institutions
    where = scene.rng.choice(np.concatenate([made.places(PHARMACY), made.places(HOSPITAL)]), count)
    start = (who * 37) % 220
    day = scene.world.first_day + start + scene.rng.integers(0, 120, count)
    drugs = np.concatenate([scene.group("resold"), scene.group("chronic")[:6]])
    at = np.repeat(np.arange(count), 2)
    item = drugs[(who[at] + scene.rng.integers(0, 3, len(at))) % len(drugs)]
    return planted(
        kind, claims, more(claims, scene, Extra(who, where, day, at, item, np.full(len(at), 4)))
    )


def card_runs(kind: Fraud, claims: Claims, scene: Scene) -> Planted:
    """Shops swipe collected cards one after another at one terminal, for one amount."""
    shops = scene.guilty[kind.code]
    runs = max(1, scene.some(25 * len(shops)))
    size = 12
    where = np.repeat(scene.rng.choice(shops, runs), size)
    day = np.repeat(scene.days(runs), size)
    who = scene.rng.integers(0, len(scene.people), runs * size)
    price = np.repeat(scene.rng.choice([200, 280, 300], runs), size) * 1_000_000
    start = np.repeat(20 * 3600 + scene.rng.integers(0, 3600, runs), size)
    second = start + np.tile(np.arange(size) * 45, runs)
    drug = np.full(len(who), scene.item("阿胶"))

    def at_one_terminal(visits: pl.DataFrame) -> pl.DataFrame:
        instant = pl.Series((day * 86_400 + second) * SECOND).cast(pl.Datetime("us"))
        return visits.with_columns(settled_at=instant, _terminal=pl.lit(1, pl.Int64))

    bought = Sold(drug, np.ones(len(who), np.int64), price)
    extra = Extra.one_line(scene, (who, where, day), bought)
    return planted(kind, claims, more(claims, scene, extra, at_one_terminal))


def year_end(kind: Fraud, claims: Claims, scene: Scene) -> Planted:
    """At the end of the year what is left of the allowance is parked in a shop, to the fen."""
    visits = settled(claims, scene.persons)
    last = visits.group_by("person", maintain_order=True).agg(
        pl.col("left").last(),
        pl.col("deductible").sum(),
        pl.col("_who").last(),
        pl.col("status").last(),
    )
    fit = last.filter((pl.col("deductible") == 30_000) & (pl.col("left") > 20_000))
    number = min(len(fit), max(3, scene.some(40 * len(scene.guilty[kind.code]))))
    fit = fit.sample(number, seed=int(scene.rng.integers(1 << 30)))
    need = fit.with_columns(level=pl.lit("pharmacy")).select(
        (pl.col("left") * 100 + rate() - 1) // rate()
    )
    count = len(fit)
    where = scene.rng.choice(scene.guilty[kind.code], count)
    drug = scene.item("百令胶囊")
    amount = need.to_series().to_numpy() * 10_000
    packs = -(-amount // int(scene.world.goods.at("price")[drug]))
    bought = Sold(np.full(count, drug), packs, -(-amount // packs))
    extra = Extra.one_line(
        scene, (fit["_who"].to_numpy(), where, scene.days(count, 352, 363)), bought
    )

    def prescribed(visits: pl.DataFrame) -> pl.DataFrame:
        return visits.with_columns(
            prescriber=pl.lit(str(scene.world.institutions.frame["institution"][0])),
            settled_at=pl.col("begin").cast(pl.Datetime("us")) + pl.duration(hours=22, minutes=30),
        )

    return planted(kind, claims, more(claims, scene, extra, prescribed))


def other_sex(kind: Fraud, claims: Claims, scene: Scene) -> Planted:
    """A card is used by someone of the other sex."""
    who = np.repeat(scene.persons_at_random(3, np.flatnonzero(scene.people.sex == 1)), 3)
    where = scene.rng.choice(scene.world.institutions.places(HOSPITAL), len(who))
    day = scene.days(len(who))
    at = np.repeat(np.arange(len(who)), 2)
    item = scene.rng.choice(scene.group("female"), len(at))
    return planted(
        kind,
        claims,
        more(claims, scene, Extra(who, where, day, at, item, np.ones(len(at), np.int64))),
    )


def during_stay(kind: Fraud, claims: Claims, scene: Scene) -> Planted:
    """Bills outside while the person lies in a hospital."""
    stays = claims.visits.filter(
        (pl.col("care") == "inpatient") & ((pl.col("end") - pl.col("begin")).dt.total_days() >= 5)
    )
    number = min(len(stays), max(3, round(len(scene.people) * 5 / 10_000)))
    stays = stays.sample(number, seed=int(scene.rng.integers(1 << 30)))
    day = stays["begin"].cast(pl.Int32).to_numpy() + 2
    made = scene.world.institutions
    where = scene.rng.choice(np.concatenate([made.places(PHARMACY), made.places(CLINIC)]), number)
    drug = scene.rng.choice(scene.group("chronic"), number)
    extra = Extra.one_line(
        scene,
        (stays["_who"].to_numpy(), where, day.astype(np.int64)),
        Sold(drug, np.full(number, 2)),
    )
    return planted(kind, claims, more(claims, scene, extra))


def after_death(kind: Fraud, claims: Claims, scene: Scene) -> Planted:
    """A dead person's card goes on."""
    dead = np.flatnonzero(
        (scene.people.died >= 0) & (scene.people.died < scene.world.first_day + 300)
    )
    who = np.repeat(scene.persons_at_random(3, dead), 4)
    day = scene.people.died[who] + scene.rng.integers(5, 60, len(who))
    shops = scene.world.institutions.places(PHARMACY)
    where = shops[who % len(shops)]
    drug = scene.rng.choice(scene.group("chronic"), len(who))
    extra = Extra.one_line(scene, (who, where, day), Sold(drug, np.full(len(who), 3)))
    return planted(kind, claims, more(claims, scene, extra))


def above_listing(kind: Fraud, claims: Claims, scene: Scene) -> Planted:
    """Shops charge drugs above the listing price."""
    mine = lines_at(claims, scene, scene.guilty[kind.code]) & (claims.lines["kind"] == "101")
    dearer = claims.lines.with_columns(
        price=pl.when(mine).then(pl.col("price") * 14 // 10).otherwise("price"),
        _before=pl.col("amount"),
    ).with_columns(
        amount=pl.when(mine)
        .then((pl.col("count") * pl.col("price") + 50_000_000) // 100_000_000)
        .otherwise("amount")
    )
    dearer = scoped(dearer)
    fraud = dearer.filter(mine)
    return Planted(
        Claims(claims.visits, dearer.drop("_before")),
        truth_of(kind, fraud, pl.col("amount") - pl.col("_before")),
    )


def scoped(lines: pl.DataFrame) -> pl.DataFrame:
    """Lines with what of their amount is in scope."""
    level, amount = pl.col("listing_level"), pl.col("amount")
    part = amount - (amount + 5) // 10
    scope = pl.when(level == "03").then(0).when(level == "02").then(part).otherwise(amount)
    return lines.with_columns(in_scope=scope)


def charged_twice(kind: Fraud, claims: Claims, scene: Scene) -> Planted:
    """Hospitals charge a service of a visit twice."""
    mine = lines_at(claims, scene, scene.guilty[kind.code]) & (claims.lines["kind"] == "201")
    again = claims.lines.filter(mine).sample(fraction=0.25, seed=int(scene.rng.integers(1 << 30)))
    again = again.with_columns(line=pl.col("line") + "r")
    return Planted(beside(claims, Claims(claims.visits.head(0), again)), truth_of(kind, again))


def many_for_one(kind: Fraud, claims: Claims, scene: Scene) -> Planted:
    """One account pays for many who are no family, at one shop."""
    payers = max(1, scene.some(3 * len(scene.guilty[kind.code])))
    size = 15
    payer = np.repeat(scene.rng.integers(0, len(scene.people), payers), size)
    where = np.repeat(scene.rng.choice(scene.guilty[kind.code], payers), size)
    who = scene.rng.integers(0, len(scene.people), len(payer))
    drug = scene.rng.choice(scene.group("chronic"), len(payer))
    extra = Extra.one_line(
        scene, (who, where, scene.days(len(payer))), Sold(drug, np.full(len(payer), 4))
    )
    paid_by = scene.people.ids(payer)
    added = more(claims, scene, extra, lambda visits: visits.with_columns(payer_account=paid_by))
    return planted(kind, claims, added)


def split_visits(kind: Fraud, claims: Claims, scene: Scene) -> Planted:
    """One visit is billed as several of the same day and diagnosis."""
    clinics = scene.guilty[kind.code]
    number = max(2, scene.some(40 * len(clinics)))
    size = 4
    who = np.repeat(scene.rng.integers(0, len(scene.people), number), size)
    where = np.repeat(scene.rng.choice(clinics, number), size)
    day = np.repeat(scene.days(number), size)
    at = np.repeat(np.arange(len(who)), 2)
    item = np.where(
        np.arange(len(at)) % 2 == 0,
        scene.item("普通门诊诊查费"),
        scene.rng.choice(scene.group("acute"), len(at)),
    )
    extra = Extra(who, where, day, at, item, np.ones(len(at), np.int64))
    added = more(claims, scene, extra, lambda one: one.with_columns(diagnosis=pl.lit("J06.900")))
    return planted(kind, claims, added)


KNOWN = (
    Fraud("trace_twice", "institution", trace_twice, (*SHOP, 1.0)),
    Fraud("over_quantity", "person", over_quantity),
    Fraud("card_runs", "institution", card_runs, (*SHOP, 1.0)),
    Fraud("year_end", "institution", year_end, (*SHOP, 0.8)),
    Fraud("other_sex", "person", other_sex),
    Fraud("during_stay", "person", during_stay),
    Fraud("after_death", "person", after_death),
    Fraud("above_listing", "institution", above_listing, (*SHOP, 1.0)),
    Fraud("charged_twice", "institution", charged_twice, (HOSPITAL, "1", 4.0)),
    Fraud("many_for_one", "institution", many_for_one, (*SHOP, 0.5)),
    Fraud("split_visits", "institution", split_visits, (CLINIC, "", 2.0)),
)
"""Kinds that rules may be written for."""
