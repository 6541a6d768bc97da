"""What looks wrong in the made-up prefecture and is not: stays, families, wrong entries, travel."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from gongji.supervision.prefecture.claims import Claims
from gongji.supervision.prefecture.planting import SECOND, Extra, Scene, Sold, beside, more
from gongji.supervision.prefecture.world import CLINIC, HOSPITAL, Numbers, People

PROOF = {"person": pl.String, "reason": pl.String, "since": pl.Date, "until": pl.Date}
"""The table `proofs`: what a person showed that excuses what a rule would find."""
LOOKALIKE = {"kind": pl.String, "person": pl.String, "institution": pl.String, "line": pl.String}
UNKNOWN_DOCTOR = "D99999999"


@dataclass(frozen=True)
class Honest:
    """Claims after honest oddities, what they were, and proofs that were shown."""

    claims: Claims
    lookalikes: pl.DataFrame
    proofs: pl.DataFrame


def add_lookalikes(claims: Claims, scene: Scene) -> Honest:
    """Claims with stays and every honest oddity."""
    claims = _with_families(_with_stays(claims, scene), scene)
    claims, split = _opened_packs(claims, scene)
    claims, abroad, proofs = _abroad(claims, scene)
    claims, unknown = _unknown_doctors(claims, scene)
    claims, screening = _screenings(claims, scene)
    found = [split, abroad, unknown, screening]
    return Honest(claims, pl.concat(found), proofs)


def wrong_sex(persons: pl.DataFrame, people: People, rng: np.random.Generator) -> pl.DataFrame:
    """Persons, a few of them recorded with the other sex."""
    wrong = pl.Series(rng.random(len(people)) < 0.0002)
    other = pl.when(pl.col("sex") == "1").then(pl.lit("2")).otherwise(pl.lit("1"))
    return persons.with_columns(sex=pl.when(wrong).then(other).otherwise("sex"))


def _told(kind: str, lines: pl.DataFrame) -> pl.DataFrame:
    return lines.select(kind=pl.lit(kind), person="person", institution="institution", line="line")


def _with_stays(claims: Claims, scene: Scene) -> Claims:
    """Stays in hospitals; nobody who lies there goes elsewhere, but for the first and last day."""
    people, rng = scene.people, scene.rng
    chance = np.where(people.retired, 0.39, 0.1) * (people.died < 0)
    who = np.flatnonzero(rng.random(len(people)) < chance)
    hospitals = np.concatenate(
        [scene.world.institutions.places(HOSPITAL, level) for level in ("3", "2")]
    )
    day, length = scene.days(len(who), 0, 345), rng.integers(4, 16, len(who))
    at = np.repeat(np.arange(len(who)), 3)
    item = rng.choice(
        np.concatenate([scene.group(name) for name in ("lab", "ct", "exam")]), len(at)
    )

    def as_stay(visits: pl.DataFrame) -> pl.DataFrame:
        stays = pl.Series(day + length).cast(pl.Int32).cast(pl.Date)
        return visits.with_columns(
            end=stays,
            settled_at=stays.cast(pl.Datetime("us")) + pl.duration(hours=10),
            med_type=pl.lit("21"),
            care=pl.lit("inpatient"),
        )

    extra = Extra(who, rng.choice(hospitals, len(who)), day, at, item, np.full(len(at), 4))
    stays = more(claims, scene, extra, as_stay)
    spans = stays.visits.select("person", _in="begin", _out="end")
    inside = (
        claims.visits.select("visit", "person", "begin")
        .join(spans, on="person")
        .filter((pl.col("begin") > pl.col("_in")) & (pl.col("begin") < pl.col("_out")))
    )["visit"].implode()
    kept = Claims(
        claims.visits.filter(~pl.col("visit").is_in(inside)),
        claims.lines.filter(~pl.col("visit").is_in(inside)),
    )
    return beside(kept, stays)


def _with_families(claims: Claims, scene: Scene) -> Claims:
    """In one family in five the oldest member's account pays for the others now and then."""
    who = pl.col("_who")
    family = who // 3
    draws = (family.hash(1) % 5 == 0) & (who % 3 != 0) & (pl.col("visit").hash(2) % 2 == 0)
    payer = scene.people.ids(claims.visits["_who"].to_numpy() // 3 * 3)
    return Claims(
        claims.visits.with_columns(payer_account=pl.when(draws).then(payer)), claims.lines
    )


def _opened_packs(claims: Claims, scene: Scene) -> tuple[Claims, pl.DataFrame]:
    """Clinics open a pack and give parts of it to several: one code, counts below one."""
    codes = scene.world.institutions.codes(scene.world.institutions.places(CLINIC))
    drug = pl.col("institution").is_in(codes.implode()) & pl.col("trace").is_not_null()
    opened = drug & (pl.col("line").hash(5) % 50 == 0)
    shared = pl.col("trace").first().over("institution", "item")
    lines = claims.lines.with_columns(
        _opened=opened, _half=pl.when(opened).then(5_000).otherwise("count")
    )
    parts = lines.filter(pl.col("_opened")).with_columns(
        trace=shared,
        count=pl.col("_half"),
        amount=(pl.col("_half") * pl.col("price") + 50_000_000) // 100_000_000,
    )
    level, amount = pl.col("listing_level"), pl.col("amount")
    part = pl.when(level == "02").then(amount - (amount + 5) // 10).otherwise(amount)
    parts = parts.with_columns(in_scope=pl.when(level == "03").then(0).otherwise(part))
    whole = lines.filter(~pl.col("_opened").fill_null(False))
    both = pl.concat([whole, parts]).drop("_opened", "_half")
    return Claims(claims.visits, both), _told("opened_pack", parts)


def _abroad(claims: Claims, scene: Scene) -> tuple[Claims, pl.DataFrame, pl.DataFrame]:
    """Some take half a year's supply before a journey, and showed the proof."""
    who = scene.persons_at_random(3, np.flatnonzero(scene.people.chronic))
    day = scene.days(len(who), 30, 170)
    where = scene.people.home[HOSPITAL][who]
    drug = scene.rng.choice(scene.group("chronic"), len(who))
    extra = Extra.one_line(scene, (who, where, day), Sold(drug, np.full(len(who), 13)))
    added = more(claims, scene, extra)
    proofs = pl.DataFrame(
        {
            "person": scene.people.ids(who),
            "reason": ["出国"] * len(who),
            "since": pl.Series(day - 10).cast(pl.Int32).cast(pl.Date),
            "until": pl.Series(day + 190).cast(pl.Int32).cast(pl.Date),
        },
        schema=PROOF,
    )
    return beside(claims, added), _told("abroad", added.lines), proofs


def _unknown_doctors(claims: Claims, scene: Scene) -> tuple[Claims, pl.DataFrame]:
    """A hospital's system books some visits under one number that is nobody's."""
    first = scene.world.institutions.places(HOSPITAL)[:1]
    code = scene.world.institutions.codes(first)[0]
    wrong = (pl.col("institution") == code) & (pl.col("visit").hash(9) % 5 == 0)
    doctor = pl.when(wrong).then(pl.lit(UNKNOWN_DOCTOR)).otherwise("doctor")
    lines = claims.lines.with_columns(doctor=doctor)
    told = _told("unknown_doctor", lines.filter(pl.col("doctor") == UNKNOWN_DOCTOR))
    return Claims(claims.visits.with_columns(doctor=doctor), lines), told


def _screenings(claims: Claims, scene: Scene) -> tuple[Claims, pl.DataFrame]:
    """A workplace is seen in one morning: many cards at one terminal, one amount each."""
    groups = max(1, scene.some(6))
    size = 20
    made = scene.world.institutions
    hospitals = made.places(HOSPITAL, "2")
    where = np.repeat(scene.rng.choice(hospitals, groups), size)
    day = np.repeat(scene.days(groups), size)
    who = _neighbours(scene, groups, size)
    second = 9 * 3600 + np.tile(np.arange(size) * 180, groups)

    def one_morning(visits: pl.DataFrame) -> pl.DataFrame:
        instant = pl.Series((day * 86_400 + second) * SECOND).cast(pl.Datetime("us"))
        return visits.with_columns(settled_at=instant, _terminal=pl.lit(2, pl.Int64))

    bought = Sold(np.full(len(who), scene.item("血常规")), np.ones(len(who), np.int64))
    added = more(claims, scene, Extra.one_line(scene, (who, where, day), bought), one_morning)
    return beside(claims, added), _told("screening", added.lines)


def _neighbours(scene: Scene, groups: int, size: int) -> Numbers:
    """People who stand beside each other in the table, for each group."""
    first = scene.rng.integers(0, max(1, len(scene.people) - size), groups)
    return (np.repeat(first, size) + np.tile(np.arange(size), groups)) % len(scene.people)
