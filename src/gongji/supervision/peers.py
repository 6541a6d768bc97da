"""Institutions, departments and doctors against peers: adjusted, over-dispersed, shrunk, in money.

Peers are institutions of one kind and level, and their departments of one code. What is expected of
one is what its visits would have had at the peers' averages by kind of care, age band and status.
The log of observed over expected has a spread beyond chance, which is estimated from the median
absolute deviation; what is left of the ratio after shrinking it by that spread, in money, ranks.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from gongji.supervision.indicators import INDICATORS, Indicator

Reals = npt.NDArray[np.float64]

MAD = 1.4826
FEWEST_VISITS = 30
FEWEST_PEERS = 4
LEAST_SPREAD = 0.10
"""Honest peers differ by at least so much, whatever the few that are seen show."""
FEW_PEERS, SPREAD_OF_FEW = 12, 0.18
"""Of so few the spread is not learnt from them: it is at least what it was in a trial."""
LIMIT = 3.0
PRIOR_YUAN = 500.0
"""So much of the expected stands beside each ratio, so that a few visits say little."""
MIX = ("kind", "level", "care", "age_band", "status")
WITHIN = {"机构": (), "科室": ("department",), "医师": ("doctor",)}
"""What of an institution is compared, by the word for it."""
PEER = {
    "unit": pl.String,
    "subject": pl.String,
    "institution": pl.String,
    "group": pl.String,
    "indicator": pl.String,
    "law": pl.String,
    "visits": pl.Int64,
    "observed": pl.Float64,
    "expected": pl.Float64,
    "ratio": pl.Float64,
    "z": pl.Float64,
    "spread": pl.Float64,
    "excess": pl.Int64,
}
"""One row a subject and indicator. `ratio` is a natural logarithm, `excess` in fen of money."""


@dataclass(frozen=True)
class Spread:
    """Middle and spread of log ratios: what beyond chance differs between honest peers."""

    middle: float
    tau: float


def robust_spread(ratios: Reals, chance: Reals) -> Spread:
    """The median, and the spread beyond chance from the median absolute deviation."""
    middle = float(np.median(ratios))
    whole = MAD * float(np.median(np.abs(ratios - middle)))
    beyond = whole**2 - float(np.median(chance**2))
    least = SPREAD_OF_FEW if len(ratios) < FEW_PEERS else LEAST_SPREAD
    return Spread(middle, float(np.sqrt(max(beyond, least**2))))


def standing(ratios: Reals, chance: Reals) -> tuple[Reals, Reals, Spread]:
    """How many spreads each log ratio is from the middle, and the ratio shrunk towards it."""
    spread = robust_spread(ratios, chance)
    variance = spread.tau**2 + chance**2
    z = (ratios - spread.middle) / np.sqrt(variance)
    shrunk = (ratios - spread.middle) * spread.tau**2 / variance
    return z, shrunk, spread


def expected_sums(cells: pl.DataFrame, institutions: pl.DataFrame, unit: str) -> pl.DataFrame:
    """For institutions, departments or doctors: every observed sum and what was expected.

    Shape:   columns of sums, and `e_<part>_<whole>` for each indicator; `group` names the peers.
    """
    known = institutions.select("institution", "kind", "level").unique("institution")
    cells = cells.drop_nulls(WITHIN[unit])
    mixed = cells.join(known, on="institution", how="left").with_columns(
        pl.col("kind").fill_null("?"), pl.col("level").fill_null("")
    )
    pairs = [(i.part, i.whole) for i in INDICATORS if i.part in cells.columns]
    pairs = [(part, whole) for part, whole in pairs if whole in cells.columns]
    # Departments have little in common with others; doctors are compared with all of their level.
    apart = [name for name in WITHIN[unit] if name == "department"]
    mix = [*MIX, *apart]
    rates = mixed.group_by(mix).agg(
        **{
            f"r_{part}_{whole}": pl.col(part).sum() / pl.max_horizontal(pl.col(whole).sum(), 1)
            for part, whole in pairs
        },
        r_squares=pl.col("squares").sum() / pl.col("visits").sum(),
    )
    there = mixed.join(rates, on=mix, nulls_equal=True)
    keys = ["institution", *WITHIN[unit]]
    sums = sorted({name for pair in pairs for name in pair} | {"visits", "total", "squares"})
    expected = {
        f"e_{part}_{whole}": (pl.col(f"r_{part}_{whole}") * pl.col(whole)).sum()
        for part, whole in pairs
    }
    group = pl.concat_str("kind", "level", *apart, separator="/")
    return there.group_by([*keys, group.alias("group")]).agg(
        **{name: pl.col(name).sum() for name in sums}, **expected
    )


def _one(sums: pl.DataFrame, indicator: Indicator, unit: str) -> pl.DataFrame:
    """One indicator of one group of peers."""
    money = indicator.part not in ("visits", "supply_days")
    scale = 100.0 if money else 1.0
    observed = sums[indicator.part].to_numpy() / scale
    expected = sums[f"e_{indicator.part}_{indicator.whole}"].to_numpy() / scale
    visits = sums["visits"].to_numpy()
    prior = PRIOR_YUAN if money else 5.0
    ratios = np.log((observed + prior) / (expected + prior))
    per_visit = expected / np.maximum(visits, 1)
    deviation = np.maximum(per_visit, _cost_spread(sums) if money else 1.0)
    chance = deviation * np.sqrt(visits) / (expected + prior)
    z, shrunk, spread = standing(ratios, chance)
    excess = (expected + prior) * np.exp(spread.middle) * np.expm1(np.maximum(shrunk, 0))
    if indicator.part == "visits":
        excess = excess * sums["total"].to_numpy() / 100.0 / np.maximum(visits, 1)
    if indicator.part == "supply_days":
        excess = np.expm1(np.maximum(shrunk, 0)) * sums["drugs"].to_numpy() / 100.0 / np.exp(shrunk)
    return pl.DataFrame(
        {
            "unit": [unit] * len(sums),
            "subject": sums[(*WITHIN[unit], "institution")[0]],
            "institution": sums["institution"],
            "group": sums["group"],
            "indicator": [indicator.name] * len(sums),
            "law": [indicator.law] * len(sums),
            "visits": visits,
            "observed": observed,
            "expected": expected,
            "ratio": ratios,
            "z": z,
            "spread": np.full(len(sums), spread.tau),
            "excess": np.round(excess * 100).astype(np.int64),
        },
        schema=PEER,
    )


def _cost_spread(sums: pl.DataFrame) -> float:
    """The standard deviation of a visit's cost in the group, in yuan, a third for a part of it."""
    visits = max(float(sums["visits"].sum()), 1.0)
    mean = float(sums["total"].sum()) / 100 / visits
    square = float(sums["squares"].sum()) / visits
    return float(np.sqrt(max(square - mean**2, 1.0))) / 3


def compare(
    cells: pl.DataFrame, institutions: pl.DataFrame, heads: pl.DataFrame, unit: str = "机构"
) -> pl.DataFrame:
    """Every subject on every indicator among its peers; groups that are too small are left out."""
    sums = expected_sums(cells, institutions, unit)
    keys = ["institution", *WITHIN[unit]]
    if set(keys) <= set(heads.columns):
        sums = _with_heads(sums, heads, keys)
    sums = sums.filter(pl.col("visits") >= FEWEST_VISITS)
    found = [pl.DataFrame(schema=PEER)]
    for _, group in sums.group_by("group", maintain_order=True):
        if len(group) < FEWEST_PEERS:
            continue
        ordered = group.sort(keys)
        for indicator in INDICATORS:
            if f"e_{indicator.part}_{indicator.whole}" in ordered.columns:
                found.append(_one(ordered, indicator, unit))
    return pl.concat(found)


def _with_heads(sums: pl.DataFrame, heads: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """With visits a person, and the dearest item, as expected from the group's average."""
    both = sums.join(heads, on=keys, how="left")
    wholes = {"persons": "visits", "total": "top_item"}
    expected = {
        f"e_{part}_{whole}": pl.col(part).sum().over("group")
        / pl.col(whole).sum().over("group")
        * pl.col(whole)
        for whole, part in wholes.items()
        if {whole, part} <= set(both.columns)
    }
    return both.with_columns(**expected)


def alerts(compared: pl.DataFrame, limit: float = LIMIT) -> pl.DataFrame:
    """What is beyond the limit, the most money in excess first."""
    return compared.filter((pl.col("z") > limit) & (pl.col("excess") > 0)).sort(
        "excess", "subject", "indicator", descending=[True, False, False]
    )
