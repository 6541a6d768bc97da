"""The figure that meets a target: which ceiling costs two percent more, found by halving.

Every trial is settled on the very same population, so that trials differ by the figure alone; the
answer is the whole unit whose result is nearest, and is told with the curve that was tried.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from gongji.law.engine.amendment import figures_by_path
from gongji.law.rulebook.figure_paths import unit_of
from gongji.refusals import Refusal
from gongji.simulation.behaviour import STATIC, BehaviourLine
from gongji.simulation.reforms import Reform, side_of
from gongji.simulation.simulate import (
    Comparison,
    Prepared,
    line_sums,
    prepare,
    settle_all,
    sides_of,
)
from gongji.simulation.tallies import Interval, by_group, interval
from gongji.tabular.cell_forms import narrow
from gongji.units import FEN_PER_YUAN

_TARGET = re.compile(
    r"(统筹支出|个人负担)\s*([+\-−–])\s*([0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?)\s*(%|元|万元|亿元)"
)
UNITS = {"元": 1, "万元": 10_000, "亿元": 100_000_000}
STEPS = {"元": 1, "%": 10}
"""So many steps make one unit of a figure: yuan are tried whole, percents to a tenth."""
WIDER = 6
"""So often the range is doubled before it is given up."""


@dataclass(frozen=True)
class Goal:
    """What is to change by how much: the pool's payment or the persons' burden, in share or fen."""

    measure: str
    share: float | None
    fen: float | None

    @classmethod
    def parse(cls, text: str) -> "Goal":
        """A target as people write it: 统筹支出 +2%, in wide signs or with commas too.

        Refuses: value_invalid for any other form.
        """
        found = _TARGET.fullmatch(narrow(text))
        if not found:
            allowed = "统筹支出 +2%、个人负担 -500万元 一类的写法"
            raise Refusal("value_invalid", "--target", {"value": text, "allowed": allowed})
        number = float(found[3].replace(",", "")) * (1 if found[2] == "+" else -1)
        if found[4] == "%":
            return cls(found[1], number / 100, None)
        return cls(found[1], None, number * UNITS[found[4]] * FEN_PER_YUAN)

    def of(self, change: float, base: float) -> float:
        """A change in the goal's own measure: a share of the base, or fen."""
        return change if self.share is None else change / base if base else 0.0

    @property
    def wanted(self) -> float:
        """The change that is wanted."""
        return self.fen if self.share is None and self.fen is not None else float(self.share or 0)


@dataclass(frozen=True)
class TriedFigure:
    """A figure that was tried and what it came to, with its interval."""

    figure: str
    number: float
    change: Interval


@dataclass(frozen=True)
class Answer:
    """The figure that meets a target.

    Shape:   `low` and `high` where the figure may lie, as the population was drawn; `curve` what
             was tried, by figure.
    """

    path: str
    before: str
    trial: TriedFigure
    goal: Goal
    low: float
    high: float
    curve: tuple[TriedFigure, ...]


@dataclass
class Solver:
    """Tries figures of one path on one population."""

    asked: Comparison
    path: str
    goal: Goal
    line: BehaviourLine = STATIC
    told: Callable[[int], None] = lambda _: None
    tried: dict[int, TriedFigure] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.base, reform = sides_of(self.asked)
        known = figures_by_path(reform.dated.law(reform.day))
        self.before = known.get(self.path, "")
        self.unit = unit_of(self.before) or ""
        if self.unit not in STEPS or self.before in ("不限", "不设"):
            near = [path for path, text in known.items() if unit_of(text) in STEPS]
            shown = [path for path in near if path.startswith(self.path[:4])] or near
            values = {"value": self.path, "allowed": "、".join(shown[:12])}
            raise Refusal("value_invalid", "--vary", values)
        self.ready: Prepared = prepare(self.asked.folder, self.asked.code, (self.base, reform))

    def steps_of(self, text: str) -> int:
        """A figure as a number of steps."""
        number = float(re.sub(r"[^0-9.]", "", text))
        return round(number * STEPS[self.unit])

    def text_of(self, step: int) -> str:
        """So many steps as a figure."""
        return f"{step / STEPS[self.unit]:g}{self.unit}"

    def try_step(self, step: int) -> TriedFigure:
        """What a figure comes to."""
        if step in self.tried:
            return self.tried[step]
        figures = {**self.asked.reform.figures, self.path: self.text_of(step)}
        reform = msgspec.structs.replace(self.asked.reform, figures=figures)
        asked = self.asked
        side = side_of(reform, asked.code, self.base.day, asked.start, asked.settings)
        ready = self.ready.instead(side)
        tally = settle_all(ready, self.told)
        years = tally.years()
        line = line_sums(ready, tally, self.line, self.told)
        pool = self.goal.measure == "统筹支出"
        before = by_group(years.group, years.pool[0] if pool else years.own[0])
        after = line.pool_groups if pool else line.person_groups
        weight = self.ready.population.weight
        share = self.goal.share is not None

        def change(base: Any, found: Any) -> Any:
            return (found - base) / base if share else (found - base) * weight

        if share and not before.sum():
            raise Refusal("value_invalid", "--target", {"value": "基数为 0", "allowed": "金额目标"})
        trial = TriedFigure(
            self.text_of(step), step / STEPS[self.unit], interval(change, before, after)
        )
        self.tried[step] = trial
        return trial

    def solve(self, between: tuple[str, str] | None = None) -> Answer:
        """Halve until two neighbouring steps hold the target between them; the nearer one.

        Refuses: value_invalid where no figure in reach meets the target.
        """
        low, high = self._bounds(between)
        wanted = self.goal.wanted
        below = self.try_step(low).change.value - wanted
        above = self.try_step(high).change.value - wanted
        if below == 0 or above == 0:
            return self._answer(low if below == 0 else high)
        while high - low > 1:
            middle = (low + high) // 2
            found = self.try_step(middle).change.value - wanted
            if (found > 0) == (below > 0):
                low = middle
            else:
                high = middle
        return self._answer(
            min((low, high), key=lambda s: abs(self.try_step(s).change.value - wanted))
        )

    def _bounds(self, between: tuple[str, str] | None) -> tuple[int, int]:
        """Two figures whose results have the target between them."""
        now = max(self.steps_of(self.before), 1)
        most = 100 * STEPS["%"] if self.unit == "%" else 1 << 40
        low, high = now // 2, min(now * 2, most)
        if between is not None:
            low, high = sorted(self.steps_of(one) for one in between)
        wanted = self.goal.wanted
        for _ in range(1 if between else WIDER):
            ends = [self.try_step(one).change.value - wanted for one in (low, high)]
            if min(ends) <= 0 <= max(ends):
                return low, high
            low, high = low // 4, min(high * 2, most)
        ends = [self.try_step(one).change.value for one in (min(self.tried), max(self.tried))]
        shown = "、".join(self.shown(one) for one in ends)
        tried = f"{self.text_of(min(self.tried))} 与 {self.text_of(max(self.tried))}"
        allowed = f"在 {tried} 之间达得到的目标（两端为 {shown}）"
        raise Refusal(
            "value_invalid", "--target", {"value": self.shown(wanted), "allowed": allowed}
        )

    def shown(self, change: float) -> str:
        """A change in words."""
        if self.goal.share is not None:
            return f"{change:+.2%}"
        return f"{change / FEN_PER_YUAN:+,.0f}元"

    def _answer(self, step: int) -> Answer:
        """The answer with its curve, and where it may lie by the slope of the curve beside it."""
        trial = self.try_step(step)
        curve = tuple(self.tried[one] for one in sorted(self.tried))
        near = max(step // 20, 1)
        ends = self.try_step(max(step - near, 0)), self.try_step(step + near)
        slope = (ends[1].change.value - ends[0].change.value) / (ends[1].number - ends[0].number)
        spread = (trial.change.high - trial.change.low) / 2
        reach = abs(spread / slope) if slope else float("inf")
        low, high = trial.number - reach, trial.number + reach
        return Answer(self.path, self.before, trial, self.goal, max(low, 0.0), high, curve)


def equal_cost(solver: Solver, other: str, count: int = 5) -> list[tuple[str, str]]:
    """Pairs of two figures that meet the same target: the second, and what the first then is.

    A pair for which no figure meets the target is left out.
    """
    probe = Solver(solver.asked, other, solver.goal, solver.line, solver.told)
    found = []
    for step in _around(probe, count):
        figures = {**solver.asked.reform.figures, other: probe.text_of(step)}
        reform: Reform = msgspec.structs.replace(solver.asked.reform, figures=figures)
        asked = replace(solver.asked, reform=reform)
        try:
            answer = Solver(asked, solver.path, solver.goal, solver.line, solver.told).solve()
        except Refusal:
            continue
        found.append((probe.text_of(step), answer.trial.figure))
    return found


@dataclass(frozen=True)
class CostMap:
    """Two figures tried together: `change[i][j]` is what `firsts[i]` with `seconds[j]` comes to."""

    paths: tuple[str, str]
    firsts: tuple[TriedFigure, ...]
    seconds: tuple[str, ...]
    numbers: tuple[float, ...]
    change: tuple[tuple[float, ...], ...]


def cost_map(solver: Solver, other: str, count: int = 5) -> CostMap:
    """A grid about today's figures, each 70 to 130 % of what it is: where lines of equal cost run.

    Shape:   `count` figures of each; a figure that the grid names twice is tried once.
    """
    probe = Solver(solver.asked, other, solver.goal, solver.line, solver.told)
    rows = []
    seconds = _around(probe, count)
    for step in seconds:
        figures = {**solver.asked.reform.figures, other: probe.text_of(step)}
        reform: Reform = msgspec.structs.replace(solver.asked.reform, figures=figures)
        asked = replace(solver.asked, reform=reform)
        beside = Solver(asked, solver.path, solver.goal, solver.line, solver.told)
        rows.append([beside.try_step(one) for one in _around(solver, count)])
    return CostMap(
        (solver.path, other),
        tuple(rows[0]),
        tuple(map(probe.text_of, seconds)),
        tuple(step / STEPS[probe.unit] for step in seconds),
        tuple(tuple(one.change.value for one in row) for row in zip(*rows, strict=True)),
    )


def _around(solver: Solver, count: int) -> list[int]:
    """Steps from 70 to 130 % of today's figure, a percentage at most the whole."""
    now = solver.steps_of(solver.before)
    most = 100 * STEPS["%"] if solver.unit == "%" else 1 << 40
    shares = (0.7 + 0.6 * number / (count - 1) for number in range(count))
    return sorted({min(max(round(now * share), 1), most) for share in shares})
