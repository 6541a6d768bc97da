"""What came out, as tables for policy staff: cost, burden, who gains and who loses, ceilings, fund.

Every number is weighted; amounts are whole fen in columns that end in `_fen`. Tables of real people
leave out cells of fewer than five. This module adds and compares; it settles nothing but the one
large visit that shows where a ceiling is.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from gongji.law.accounts.credits import credit
from gongji.law.engine.engine import settle
from gongji.law.engine.person_meters import Meters
from gongji.law.engine.visit import read_visit
from gongji.refusals import Refusal
from gongji.simulation.behaviour import BENEFIT, LEVEL, STATUS
from gongji.simulation.cohorts import AGE_NAMES, LEVEL_NAMES, STATUSES
from gongji.simulation.populations import Population
from gongji.simulation.reforms import Side
from gongji.simulation.simulate import ReformOutcome
from gongji.simulation.tallies import Keys, PersonYears, by_group, interval
from gongji.units import FEN_PER_YUAN, Fen

I64 = npt.NDArray[np.int64]
AGE, MONTH = 3, 4
STATUS_NAMES = ("在职", "退休")
FEWEST = 5
"""Cells of fewer real persons are not told."""
CLASSES = ("受益超过5%", "受益不足5%", "不变", "受损不足5%", "受损超过5%")
FIVE_PERCENT = 20
"""A change of the burden counts as large where this many times it is more than the burden."""
HEAVY = (1000, 3000, 5000, 10_000)
LOSSES = (1, 500, 1000, 3000, 5000)
BANDS = (0.5, 0.8, 0.9, 0.95)
BAND_NAMES = ("没有支付", "不到50%", "50%—80%", "80%—90%", "90%—95%", "95%至限额", "达到限额")
LARGE: Fen = 10**11
"""A cost of a thousand million yuan shows every ceiling."""
QUANTILES = 20


def tables(outcome: ReformOutcome) -> dict[str, pl.DataFrame]:
    """Every table by its name."""
    years = outcome.tally.years()
    made = {
        "lines": lines_table(outcome),
        "benefit": _cells(outcome, BENEFIT, "benefit", _benefit_names(outcome)),
        "level": _cells(outcome, LEVEL, "level", LEVEL_NAMES),
        "status": _cells(outcome, STATUS, "status", STATUS_NAMES),
        "age": _cells(outcome, AGE, "age", AGE_NAMES),
        "month": _cells(outcome, MONTH, "month", tuple(f"{m}月" for m in range(1, 13))),
        "tenths": tenths_table(outcome, years),
        "classes": classes_table(outcome, years),
        "heavy": heavy_table(outcome, years),
        "ceilings": ceilings_table(outcome, years),
        "deductible": deductible_table(outcome, years),
        "accounts": accounts_table(outcome, years),
        "fund": fund_table(outcome),
        "losers_age": losers_table(outcome, years, years.age, AGE_NAMES),
        "losers_disease": losers_table(
            outcome, years, years.disease, [d or "未登记病种" for d in outcome.tally.diseases]
        ),
        "thresholds": thresholds_table(outcome, years),
        "targets": targets_table(outcome),
        "unsettled": unsettled_table(outcome),
    }
    return made


def _benefit_names(outcome: ReformOutcome) -> tuple[str, ...]:
    law = outcome.base.area.laws[0]
    names = {code: name for name, code in law.benefits.items()}
    return tuple(names.get(code, code) for code in outcome.benefits)


def weighted(population: Population, amounts: Any) -> Any:
    """VisitAmounts of the population as those of whom it stands for, in whole fen or persons."""
    weight = population.weight
    if weight == 1:
        return amounts
    return np.rint(np.asarray(amounts) * weight).astype(np.int64)


def lines_table(outcome: ReformOutcome) -> pl.DataFrame:
    """The three lines: what each costs the pool and people, with intervals of the change."""
    years = outcome.tally.years()
    base_groups = by_group(years.group, years.pool[0])
    weight = outcome.population.weight
    rows = []
    for line in outcome.lines:
        change = interval(lambda b, r: r - b, base_groups, line.pool_groups)
        share = interval(_relative, base_groups, line.pool_groups)
        rows.append(
            {
                "line": line.line.name,
                "visits": int(weighted(outcome.population, line.visits.sum())),
                "total_fen": int(weighted(outcome.population, line.total.sum())),
                "pool_base_fen": int(weighted(outcome.population, outcome.tally.pool(0))),
                "pool_reform_fen": int(weighted(outcome.population, line.pool.sum())),
                "pool_change_fen": int(
                    weighted(outcome.population, int(line.pool.sum()) - outcome.tally.pool(0))
                ),
                "low_fen": round(change.low * weight),
                "high_fen": round(change.high * weight),
                "pool_change_share": share.value,
                "low_share": share.low,
                "high_share": share.high,
                "own_base_fen": _own_base(outcome),
                "own_reform_fen": int(weighted(outcome.population, line.person.sum())),
                "source": line.line.source,
            }
        )
    return pl.DataFrame(rows)


def _relative(base: Any, reform: Any) -> Any:
    return np.where(base > 0, reform / np.maximum(base, 1) - 1, 0.0)


def _own_base(outcome: ReformOutcome) -> Fen:
    return int(weighted(outcome.population, outcome.tally.sums[0]["person"].sum()))


def _cells(outcome: ReformOutcome, axis: int, name: str, names: tuple[str, ...]) -> pl.DataFrame:
    """Cost and burden under both laws along one axis, without behaviour."""
    tally = outcome.tally
    over = tally.by(axis)

    def column(cells: I64) -> Any:
        return weighted(outcome.population, over(cells))

    base, reform = tally.sums[:2]
    frame = pl.DataFrame(
        {
            name: list(names),
            "visits": column(tally.visits),
            "total_fen": column(tally.total),
            "pool_base_fen": column(base["pool"]),
            "pool_reform_fen": column(reform["pool"]),
            "pool_change_fen": column(reform["pool"] - base["pool"]),
            "supplements_change_fen": column(reform["supplements"] - base["supplements"]),
            "own_base_fen": column(base["person"]),
            "own_reform_fen": column(reform["person"]),
        }
    )
    return frame.filter(pl.col("visits") > 0)


def tenths_of(years: PersonYears) -> I64:
    """The tenth of cost that each person is in, from 1; 0 without any cost."""
    cost = np.flatnonzero(years.total > 0)
    order = cost[np.argsort(years.total[cost], kind="stable")]
    found = np.zeros(len(years.total), np.int64)
    found[order] = np.arange(len(order)) * 10 // max(len(order), 1) + 1
    return found


def tenths_table(outcome: ReformOutcome, years: PersonYears) -> pl.DataFrame:
    """Burden and change by tenth of cost."""
    tenth = tenths_of(years)
    change = years.own[1] - years.own[0]
    own = [_sums(tenth, fen, 11) for fen in years.own]
    total = _sums(tenth, years.total, 11)
    count = np.bincount(tenth, minlength=11)
    names = ["没有费用", *(f"第{n}组" for n in range(1, 11))]
    frame = pl.DataFrame(
        {
            "tenth": names,
            "persons": weighted(outcome.population, count),
            "total_fen": weighted(outcome.population, total),
            "own_base_fen": weighted(outcome.population, own[0]),
            "own_reform_fen": weighted(outcome.population, own[1]),
            "own_share_base": own[0] / np.maximum(total, 1),
            "own_share_reform": own[1] / np.maximum(total, 1),
            "mean_change_fen": np.rint((own[1] - own[0]) / np.maximum(count, 1)).astype(np.int64),
            "gainers": weighted(outcome.population, _sums(tenth, change < 0, 11)),
            "losers": weighted(outcome.population, _sums(tenth, change > 0, 11)),
        }
    )
    return suppressed(outcome.population, frame)


def _sums(keys: I64, amounts: Any, size: int) -> I64:
    """Sums by key; exact while they stay below 2**53."""
    return np.bincount(keys, amounts, size).astype(np.int64)


def classes_of(years: PersonYears) -> I64:
    """Which of five classes each person is in, by the change of the burden against the burden."""
    before, change = years.own[0], years.own[1] - years.own[0]
    large = np.abs(change) * FIVE_PERCENT > before
    return np.select(
        [(change < 0) & large, change < 0, change == 0, ~large], [0, 1, 2, 3], 4
    ).astype(np.int64)


def classes_table(outcome: ReformOutcome, years: PersonYears) -> pl.DataFrame:
    """Who gains and who loses, in five classes; the amounts sum to the change of the burden."""
    kinds, count = classes_of(years), len(years.total)
    change = years.own[1] - years.own[0]
    rows = []
    for number, name in enumerate(CLASSES):
        inside = kinds == number
        groups = [by_group(years.group, inside), by_group(years.group, np.ones(count))]
        share = interval(lambda part, whole: part / np.maximum(whole, 1), *groups)
        rows.append(
            {
                "class": name,
                "persons": int(weighted(outcome.population, int(inside.sum()))),
                "share": share.value,
                "low_share": max(share.low, 0.0),
                "high_share": share.high,
                "own_change_fen": int(weighted(outcome.population, int(change[inside].sum()))),
            }
        )
    return suppressed(outcome.population, pl.DataFrame(rows))


def heavy_table(outcome: ReformOutcome, years: PersonYears) -> pl.DataFrame:
    """Persons with heavy burdens under each law."""
    rows = []
    for yuan in HEAVY:
        found = [int((own > yuan * FEN_PER_YUAN).sum()) for own in years.own]
        rows.append(
            {
                "burden": f"超过 {yuan:,} 元",
                "persons": int(weighted(outcome.population, found[0])),
                "persons_reform": int(weighted(outcome.population, found[1])),
                "persons_change": int(weighted(outcome.population, found[1] - found[0])),
            }
        )
    return suppressed(outcome.population, pl.DataFrame(rows))


def ceiling_of(side: Side, benefit: str, status: str, year: int) -> Fen | None:
    """What the pool pays at most in a year of a benefit; None without a bound or where it is open.

    It is what one visit without end is paid.
    """
    row = {
        "area": side.code,
        "date": f"{year}-01-15",
        "status": status,
        "level": "3",
        "benefit": benefit,
        "total_fen": str(LARGE),
        "in_scope_fen": str(LARGE),
        "birth_date": f"{year - (40 if status == 'active' else 66)}-01-01",
    }
    try:
        law = side.area.laws[0]
        result = settle(side.area, read_visit(row, law), Meters(side.area.layout))
    except Refusal:
        return None
    paid = result.pool_fen
    return paid if 0 < paid < LARGE // 10 else None


def ceilings_table(outcome: ReformOutcome, years: PersonYears) -> pl.DataFrame:
    """How near to the ceiling persons come under each law: bunching shows just below it."""
    rows = []
    for number, status in enumerate(STATUSES):
        for law, side in enumerate((outcome.base, outcome.reform)):
            ceiling = ceiling_of(side, outcome.benefits[0], status, outcome.population.year)
            if ceiling is None:
                continue
            paid = years.main_pool[law][years.status == number]
            bounds = np.array([1, *(round(ceiling * part) for part in BANDS), ceiling])
            found = np.bincount(np.searchsorted(bounds, paid, side="right"), minlength=8)
            counts = [*found[:6], int(found[6:].sum())]
            rows.append(
                {
                    "status": STATUS_NAMES[number],
                    "law": ("现行", "改革")[law],
                    "ceiling_fen": ceiling,
                    **{
                        name: int(weighted(outcome.population, int(count)))
                        for name, count in zip(BAND_NAMES, counts, strict=True)
                    },
                }
            )
    return pl.DataFrame(rows)


def deductible_table(outcome: ReformOutcome, years: PersonYears) -> pl.DataFrame:
    """What the deductible takes, and who has costs and is paid nothing."""
    rows = []
    for law, name in enumerate(("现行", "改革")):
        none = (years.total > 0) & (years.pool[law] == 0)
        taken = int(outcome.tally.sums[law]["deductible"].sum())
        rows.append(
            {
                "law": name,
                "deductible_fen": int(weighted(outcome.population, taken)),
                "persons": int(weighted(outcome.population, int(none.sum()))),
                "share": float(none.sum()) / max(int((years.total > 0).sum()), 1),
            }
        )
    return suppressed(outcome.population, pl.DataFrame(rows))


def accounts_table(outcome: ReformOutcome, years: PersonYears) -> pl.DataFrame:
    """What accounts are credited in a year under each law, and what of the burden that covers."""
    rows = []
    for law, side in enumerate((outcome.base, outcome.reform)):
        for number, status in enumerate(STATUSES):
            inside = np.flatnonzero((years.status == number) & years.account & (years.base >= 0))
            credited = _credits(side, status, years.base[inside], outcome.population.year)
            if not len(inside) or credited is None:
                continue
            own = years.own[law][inside]
            spent = np.minimum(own, credited)
            rows.append(
                {
                    "law": ("现行", "改革")[law],
                    "status": STATUS_NAMES[number],
                    "persons": int(weighted(outcome.population, len(inside))),
                    "credit_fen": int(weighted(outcome.population, int(credited.sum()))),
                    "spent_fen": int(weighted(outcome.population, int(spent.sum()))),
                    "left_fen": int(weighted(outcome.population, int((credited - spent).sum()))),
                    "beyond_fen": int(weighted(outcome.population, int((own - spent).sum()))),
                }
            )
    return pl.DataFrame(rows)


def _credits(side: Side, status: str, bases: I64, year: int) -> I64 | None:
    """A year's credit at each base, from the rule at twenty of them; None without a rule."""
    if not len(bases):
        return None
    points = np.unique(np.quantile(bases, np.linspace(0, 1, QUANTILES)).astype(np.int64))
    try:
        found = [
            credit(
                side.area,
                {
                    "area": side.code,
                    "month": f"{year}-06",
                    "status": status,
                    "base_fen": str(int(point)),
                    "birth_date": f"{year - (40 if status == 'active' else 66)}-01-01",
                },
            ).credit_fen
            for point in points
        ]
    except Refusal:
        return None
    return np.rint(np.interp(bases, points, found) * 12).astype(np.int64)


def fund_table(outcome: ReformOutcome) -> pl.DataFrame:
    """The pool year by year under the present law and each line, where its income is known.

    Shape:   income and other spending grow as `Growth` says; what a ceiling holds back is settled
             anew each year, costs grown.
    """
    population, growth = outcome.population, outcome.growth
    head = population.per_head
    years = outcome.tally.years()
    weight = population.weight
    status = [np.bincount(years.status, pool, 2) * weight for pool in years.pool]
    grown = np.array([1 + growth.active, 1 + growth.retired])
    pools = [status, *([p * weight for p in year.pool] for year in outcome.ahead)]
    static = max(float(outcome.lines[0].pool.sum()), 1.0)
    ratios = [float(line.pool.sum()) / static for line in outcome.lines]
    rows: list[dict[str, Any]] = []
    persons = population.represented
    stock = [float(head.get("结存", 0)) * persons] * (1 + len(ratios))
    other = head.get("支出", 0) * persons - float(status[0].sum())
    for number, pool in enumerate(pools):
        people = grown**number
        income = head.get("收入", 0) * persons * (1 + growth.income) ** number
        rest = max(other, 0) * (1 + growth.cost) ** number
        names = ["现行", *(line.line.name for line in outcome.lines)]
        for at, name in enumerate(names):
            spent = float((pool[min(at, 1)] * people).sum()) * (1 if at == 0 else ratios[at - 1])
            row: dict[str, Any] = {
                "year": population.year + number,
                "line": name,
                "outpatient_fen": round(spent),
            }
            if head:
                stock[at] += income - rest - spent
                row |= {"income_fen": round(income), "other_fen": round(rest)}
                row["stock_fen"] = round(stock[at])
            rows.append(row)
    return pl.DataFrame(rows)


def losers_table(
    outcome: ReformOutcome, years: PersonYears, kind: Keys, names: Any
) -> pl.DataFrame:
    """Who loses, by a kind of person: how many, how much in all, on average, at most."""
    loss = np.maximum(years.own[1] - years.own[0], 0)
    size = len(names)
    persons, losers = np.bincount(kind, minlength=size), _sums(kind, loss > 0, size)
    amount = _sums(kind, loss, size)
    most = np.zeros(size, np.int64)
    np.maximum.at(most, kind, loss)
    frame = pl.DataFrame(
        {
            "kind": list(names),
            "all_persons": weighted(outcome.population, persons),
            "persons": weighted(outcome.population, losers),
            "share": losers / np.maximum(persons, 1),
            "loss_fen": weighted(outcome.population, amount),
            "mean_loss_fen": np.rint(amount / np.maximum(losers, 1)).astype(np.int64),
            "most_loss_fen": most,
        }
    )
    return suppressed(outcome.population, frame.filter(pl.col("all_persons") > 0))


def thresholds_table(outcome: ReformOutcome, years: PersonYears) -> pl.DataFrame:
    """Who loses more than given amounts, and what it costs to make good what is beyond them."""
    loss = np.maximum(years.own[1] - years.own[0], 0)
    rows = []
    for yuan in LOSSES:
        fen = yuan * FEN_PER_YUAN if yuan > 1 else 0
        beyond = np.maximum(loss - fen, 0)
        rows.append(
            {
                "loss": f"超过 {yuan:,} 元" if fen else "任何金额",
                "persons": int(weighted(outcome.population, int((loss > fen).sum()))),
                "share": float((loss > fen).mean()),
                "soften_fen": int(weighted(outcome.population, int(beyond.sum()))),
            }
        )
    return suppressed(outcome.population, pl.DataFrame(rows))


def targets_table(outcome: ReformOutcome) -> pl.DataFrame:
    """What the population was held to, and what came out."""
    rows = [
        {
            "target": one.name,
            "wanted": one.wanted,
            "found": one.found,
            "missed": one.missed,
            "met": "是" if one.met else "未校准",
            "sureness": one.sureness,
            "source": one.source,
        }
        for one in outcome.population.targets
    ]
    return pl.DataFrame(rows)


def unsettled_table(outcome: ReformOutcome) -> pl.DataFrame:
    """Visits that a law could not settle: they count as paid nothing under it."""
    tally = outcome.tally
    return pl.DataFrame(
        {
            "law": ["现行", "改革"],
            "open": weighted(outcome.population, np.array(tally.open[:2])),
            "bad": weighted(outcome.population, np.array(tally.bad[:2])),
        }
    )


def suppressed(population: Population, frame: pl.DataFrame) -> pl.DataFrame:
    """A table of real people without its cells of fewer than five."""
    if population.made_up:
        return frame
    counts = [n for n in frame.columns if n in _COUNTS]
    few = pl.any_horizontal((pl.col(n) > 0) & (pl.col(n) < FEWEST) for n in counts)
    kept = [n for n in frame.columns if frame.schema[n] == pl.String]
    hidden = [
        pl.when(few).then(None).otherwise(pl.col(n)).alias(n)
        for n in frame.columns
        if n not in kept
    ]
    return frame.with_columns(hidden)


_COUNTS = ("persons", "persons_reform", "gainers", "losers")


def change_of(frames: Mapping[str, pl.DataFrame]) -> Iterator[tuple[str, Fen]]:
    """The change of the pool's payment as each table of cells has it: the same everywhere."""
    for name in ("benefit", "level", "status", "age", "month"):
        yield name, int(frames[name]["pool_change_fen"].sum())
