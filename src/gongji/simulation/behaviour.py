"""How people answer to another price: arc elasticities of visits and of the cost of a visit.

The price is the share of cost that is left to people, by benefit, level and status. A change moves
visits and cost by the arc formula, with the same random numbers for every line, so that lines
differ by what is assumed and by nothing else.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gongji.simulation.cohorts import Cohort
from gongji.simulation.tallies import YearTally

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
BENEFIT, LEVEL, STATUS = 0, 1, 2
MOST = 3.0
"""A factor above this, or below its inverse, is not believed."""
_RAND = "RAND 对军人医疗的综述：总需求约 −0.17，范围 −0.04 至 −0.75；就诊次数与次均费用各半为假定"


@dataclass(frozen=True)
class BehaviourLine:
    """One assumption of how people behave."""

    code: str
    name: str
    visits: float
    cost: float
    source: str


STATIC = BehaviourLine("static", "不计行为", 0.0, 0.0, "就诊和费用不变")
LINES = (
    STATIC,
    BehaviourLine("central", "居中", -0.1, -0.1, f"总弹性 −0.2。{_RAND}"),
    BehaviourLine("high", "偏高", -0.2, -0.2, f"总弹性 −0.4。{_RAND}"),
)


@dataclass(frozen=True, eq=False)
class Factors:
    """By what visits and cost are multiplied, by benefit, level and status."""

    visits: F64
    cost: F64


def arc(elasticity: float, before: F64, after: F64) -> F64:
    """By what a quantity is multiplied when its price changes, at a constant arc elasticity."""
    middle = (before + after) / 2
    half = np.divide(after - before, middle, out=np.zeros_like(before), where=middle > 0) / 2
    factor: F64 = (1 + elasticity * half) / (1 - elasticity * half)
    return np.clip(factor, 1 / MOST, MOST)


def factors_of(line: BehaviourLine, tally: YearTally) -> Factors:
    """The factors of a line, from the prices under the first and the second law."""
    cells = tally.by(BENEFIT, LEVEL, STATUS)
    total = cells(tally.total).astype(np.float64)
    prices = [
        np.divide(cells(one["person"]), total, out=np.zeros_like(total), where=total > 0)
        for one in tally.sums
    ]
    return Factors(arc(line.visits, *prices[:2]), arc(line.cost, *prices[:2]))


def behaving(cohort: Cohort, factors: Factors) -> Cohort:
    """A cohort as it comes under the factors: visits left out or doubled, costs scaled.

    Rounds:  amounts half to even, to the fen; whether a visit comes, by a number drawn once.
    """
    axes = (cohort.benefit, cohort.level, cohort.status)
    drawn = np.random.default_rng(cohort.number).random(cohort.count)
    times = np.floor(factors.visits[axes] + drawn).astype(np.int64)
    rows = np.repeat(np.arange(cohort.count), times)
    return scaled(cohort, rows, factors.cost[axes][rows])


def scaled(cohort: Cohort, rows: I64, factor: F64) -> Cohort:
    """Some rows of a cohort with their amounts multiplied."""
    table = cohort.columns.table
    if len(rows) != cohort.count or not (rows == np.arange(cohort.count)).all():
        table = table.take(pa.array(rows))
    for place, name in enumerate(table.column_names):
        if name.endswith("_fen"):
            column = table.column(name)
            missing = column.is_null().to_numpy()
            fen = np.rint(column.fill_null(0).to_numpy() * factor).astype(np.int64)
            table = table.set_column(place, name, pa.array(fen, mask=missing))
    return cohort.taken(rows, table)
