"""Planted frauds of kinds that no rule is written for: only comparison and networks may find them.

Whoever writes rules leaves this file closed; what is found of these kinds is told apart.
"""

import numpy as np
import polars as pl

from gongji.supervision.prefecture.claims import Bought, Claims, Making, lines_frame
from gongji.supervision.prefecture.known_frauds import scoped
from gongji.supervision.prefecture.planting import (
    SECOND,
    Extra,
    Fraud,
    Planted,
    Scene,
    Sold,
    lines_at,
    more,
    planted,
    truth_of,
)
from gongji.supervision.prefecture.world import CLINIC, HOSPITAL, PHARMACY, Numbers


def _busy(claims: Claims, scene: Scene, code: str, times: float) -> Numbers:
    """An institution for every visit to be added: so many times what each guilty one has."""
    codes = scene.world.institutions.codes(scene.guilty[code])
    own = claims.visits.filter(pl.col("institution").is_in(codes.implode()))["_where"].to_numpy()
    return np.repeat(own, scene.rng.poisson(times, len(own)))


def substituted(kind: Fraud, claims: Claims, scene: Scene) -> Planted:
    """Sold of daily use are booked as one or two drugs that the account pays."""
    where = _busy(claims, scene, kind.code, 0.6)
    count = len(where)
    who = scene.rng.integers(0, len(scene.people), count)
    packs = scene.rng.integers(6, 15, count)
    extra = Extra.one_line(
        scene, (who, where, scene.days(count)), Sold(np.full(count, scene.item("银杏叶片")), packs)
    )
    return planted(kind, claims, more(claims, scene, extra))


def ghost_patients(kind: Fraud, claims: Claims, scene: Scene) -> Planted:
    """Clinics bill treatments of persons who never come to any doctor."""
    idle = np.flatnonzero(scene.people.visits_a_year == 0)
    where = _busy(claims, scene, kind.code, 1.2)
    who = idle[scene.rng.integers(0, max(1, len(idle) // 3), len(where))]
    at = np.repeat(np.arange(len(where)), 2)
    item = np.where(np.arange(len(at)) % 2 == 0, scene.item("针刺治疗"), scene.item("推拿治疗"))
    extra = Extra(who, where, scene.days(len(where)), at, item, np.full(len(at), 2))
    return planted(kind, claims, more(claims, scene, extra))


def dearer_exams(kind: Fraud, claims: Claims, scene: Scene) -> Planted:
    """Hospitals send a third of the patients to CT or magnetic resonance."""
    visits = claims.visits.with_row_index("_at")
    codes = scene.world.institutions.codes(scene.guilty[kind.code])
    mine = visits.filter(
        pl.col("institution").is_in(codes.implode()) & (pl.col("care") != "inpatient")
    )
    chosen = mine["_at"].to_numpy()[scene.rng.random(len(mine)) < 0.33]
    item = scene.rng.choice([scene.item("胸部CT平扫"), scene.item("头颅磁共振平扫")], len(chosen))
    return _added_lines(kind, claims, scene, (chosen, item, np.ones(len(chosen), np.int64)))


def _added_lines(
    kind: Fraud, claims: Claims, scene: Scene, lines: tuple[Numbers, Numbers, Numbers]
) -> Planted:
    """Lines (place of the visit, item, units) that are added to visits which there are."""
    at, item, units = lines
    making = Making(scene.world, 0, scene.rng)
    price = scene.world.goods.at("price")[item]
    added = lines_frame(claims.visits, at, Bought(item, units, price), making)
    added = added.with_columns(line=pl.col("line") + f"x{kind.code[0]}")
    return Planted(
        Claims(claims.visits, pl.concat([claims.lines, added.select(claims.lines.columns)])),
        truth_of(kind, added),
    )


def needless_tests(kind: Fraud, claims: Claims, scene: Scene) -> Planted:
    """A doctor orders costly tests for most patients."""
    made = scene.world.institutions
    guilty = made.first_doctor[scene.guilty[kind.code]]
    mine = np.isin(claims.visits["_doctor"].to_numpy(), guilty)
    chosen = np.flatnonzero(mine & (scene.rng.random(len(mine)) < 0.7))
    at = np.repeat(chosen, 2)
    item = np.where(
        np.arange(len(at)) % 2 == 0, scene.item("肿瘤标志物组合"), scene.item("肝功能组合")
    )
    return _added_lines(kind, claims, scene, (at, item, np.ones(len(at), np.int64)))


def growing_herbs(kind: Fraud, claims: Claims, scene: Scene) -> Planted:
    """A clinic's decoctions grow from month to month."""
    codes = scene.world.institutions.codes(scene.guilty[kind.code])
    visits = claims.visits.with_row_index("_at").filter(
        pl.col("institution").is_in(codes.implode())
    )
    month = visits["begin"].dt.month().to_numpy()
    chosen = visits["_at"].to_numpy()[scene.rng.random(len(visits)) < month / 14]
    at = np.repeat(chosen, 4)
    item = scene.rng.choice(scene.group("herb"), len(at))
    return _added_lines(kind, claims, scene, (at, item, np.full(len(at), 400)))


def for_another_shop(kind: Fraud, claims: Claims, scene: Scene) -> Planted:
    """From July a shop settles the sales of one that is not designated."""
    where = _busy(claims, scene, kind.code, 1.2)
    count = len(where)
    who = scene.rng.integers(0, len(scene.people), count)
    drug = scene.rng.choice(np.concatenate([scene.group("acute"), scene.group("tonic")]), count)
    extra = Extra.one_line(
        scene, (who, where, scene.days(count, 181)), Sold(drug, scene.rng.integers(1, 4, count))
    )
    return planted(kind, claims, more(claims, scene, extra))


def lent_card(kind: Fraud, claims: Claims, scene: Scene) -> Planted:
    """A card serves a whole circle: many visits, everything at once, at many places."""
    who = scene.persons_at_random(3, np.flatnonzero(~scene.people.chronic))
    who = np.repeat(who, scene.rng.integers(25, 45, len(who)))
    where = scene.rng.choice(scene.world.institutions.places(HOSPITAL), len(who))
    at = np.repeat(np.arange(len(who)), 3)
    mixed = np.concatenate([scene.group("acute"), scene.group("lab"), scene.group("treatment")])
    item = scene.rng.choice(mixed, len(at))
    extra = Extra(who, where, scene.days(len(who)), at, item, np.ones(len(at), np.int64))
    return planted(kind, claims, more(claims, scene, extra))


def steered(kind: Fraud, claims: Claims, scene: Scene) -> Planted:
    """One hospital's prescriptions go round to one shop, dearer than others'."""
    where = _busy(claims, scene, kind.code, 0.8)
    count = len(where)
    who = scene.rng.integers(0, len(scene.people), count)
    drug = scene.rng.choice(scene.group("resold"), count)
    hospitals = scene.world.institutions.places(HOSPITAL)
    writer = scene.world.institutions.codes(hospitals[where % len(hospitals)])
    extra = Extra.one_line(
        scene, (who, where, scene.days(count)), Sold(drug, np.ones(count, np.int64))
    )
    return planted(
        kind, claims, more(claims, scene, extra, lambda one: one.with_columns(prescriber=writer))
    )


def infusions(kind: Fraud, claims: Claims, scene: Scene) -> Planted:
    """A clinic gives an infusion to nearly everyone."""
    codes = scene.world.institutions.codes(scene.guilty[kind.code])
    visits = claims.visits.with_row_index("_at").filter(
        pl.col("institution").is_in(codes.implode())
    )
    chosen = visits["_at"].to_numpy()[scene.rng.random(len(visits)) < 0.85]
    at = np.repeat(chosen, 2)
    item = np.where(np.arange(len(at)) % 2 == 0, scene.item("静脉输液"), scene.item("一次性输液器"))
    return _added_lines(kind, claims, scene, (at, item, np.full(len(at), 3)))


def phantom_doctor(kind: Fraud, claims: Claims, scene: Scene) -> Planted:
    """A hospital bills under one doctor's name what nobody did, on Sundays above all."""
    where = _busy(claims, scene, kind.code, 0.25)
    count = len(where)
    sundays = scene.world.first_day + np.array(
        [day for day in range(365) if (scene.world.first_day + day + 3) % 7 == 6]
    )
    day = scene.rng.choice(sundays, count)
    doctor = scene.world.institutions.first_doctor[where]
    at = np.repeat(np.arange(count), 2)
    item = np.where(
        np.arange(len(at)) % 2 == 0, scene.item("专家门诊诊查费"), scene.item("血脂组合")
    )
    extra = Extra(
        scene.rng.integers(0, len(scene.people), count),
        where,
        day,
        at,
        item,
        np.ones(len(at), np.int64),
    )

    def signed(visits: pl.DataFrame) -> pl.DataFrame:
        early = pl.Series((day * 86_400 + 8 * 3600 + np.arange(count) % 3600) * SECOND)
        return visits.with_columns(
            _doctor=pl.Series(doctor), settled_at=early.cast(pl.Datetime("us"))
        )

    return planted(kind, claims, more(claims, scene, extra, signed))


def dearer_by_count(kind: Fraud, claims: Claims, scene: Scene) -> Planted:
    """A hospital books three packs of a drug where one is given."""
    mine = lines_at(claims, scene, scene.guilty[kind.code]) & (claims.lines["kind"] == "101")
    mine = mine & pl.Series(scene.rng.random(len(mine)) < 0.6)
    fuller = claims.lines.with_columns(
        count=pl.when(mine).then(pl.col("count") * 3).otherwise("count"),
        days=pl.when(mine).then(pl.col("days") * 3).otherwise("days"),
        amount=pl.when(mine).then(pl.col("amount") * 3).otherwise("amount"),
    )
    fuller = scoped(fuller)
    fraud = fuller.filter(mine)
    return Planted(Claims(claims.visits, fuller), truth_of(kind, fraud, pl.col("amount") * 2 // 3))


UNKNOWN = (
    Fraud("substituted", "institution", substituted, (PHARMACY, "", 1.0), True),
    Fraud("ghost_patients", "institution", ghost_patients, (CLINIC, "", 2.0), True),
    Fraud("dearer_exams", "institution", dearer_exams, (HOSPITAL, "2", 8.0), True),
    Fraud("needless_tests", "doctor", needless_tests, (HOSPITAL, "2", 12.0), True),
    Fraud("growing_herbs", "institution", growing_herbs, (CLINIC, "", 2.0), True),
    Fraud("for_another_shop", "institution", for_another_shop, (PHARMACY, "", 1.0), True),
    Fraud("lent_card", "person", lent_card, unseen=True),
    Fraud("steered", "institution", steered, (PHARMACY, "", 1.0), True),
    Fraud("infusions", "institution", infusions, (CLINIC, "", 2.0), True),
    Fraud("phantom_doctor", "doctor", phantom_doctor, (HOSPITAL, "1", 3.0), True),
    Fraud("dearer_by_count", "institution", dearer_by_count, (HOSPITAL, "1", 4.0), True),
)
"""Kinds that are kept out of rule-writing."""
