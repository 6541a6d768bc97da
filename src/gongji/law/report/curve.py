"""What the pool pays against the cost of a person's first visit of a year, by level and status."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gongji.law.compile.citations import own_mark
from gongji.law.engine.area import Area
from gongji.law.engine.engine import settle
from gongji.law.engine.person_meters import Meters
from gongji.law.engine.visit import read_visit
from gongji.law.rulebook.law import Law
from gongji.law.rulebook.provision_kinds import Parameter
from gongji.refusals import Refusal
from gongji.units import FEN_PER_YUAN, Fen, yuan_text

STATUSES = {"active": "在职", "retired": "退休"}
LEVELS = {"1": "一级", "2": "二级", "3": "三级"}
PHARMACY = "药店"
SAMPLES = 480
_FIRST, _LAST = 500 * FEN_PER_YUAN, 1_000_000 * FEN_PER_YUAN
"""Where the search for the end of the picture begins and gives up."""


@dataclass(frozen=True)
class Curve:
    """One line: the levels it stands for, the points (cost, paid) in fen, and where it ends.

    `missing` is the parameter without which the law says no more, by name and code.
    """

    status: str
    levels: tuple[str, ...]
    points: tuple[tuple[Fen, Fen], ...]
    missing: str = ""
    documents: tuple[str, ...] = ()
    """The documents that its figures come from, a user's own with mark and hash."""

    @property
    def name(self) -> str:
        """The levels, 各级 where all are alike."""
        return "各级" if len(self.levels) >= len(LEVELS) else "、".join(self.levels)


class _Line:
    """What is paid for one status at one kind of institution, as a function of the cost."""

    def __init__(self, area: Area, law: Law, row: Mapping[str, str]) -> None:
        self.area, self.law, self.row = area, law, row

    def paid(self, cost: Fen) -> Fen:
        """What the pool pays of a cost, with empty meters.

        Refuses: what settling refuses; a gate's refusal as well.
        """
        visit = read_visit({**self.row, "in_scope": yuan_text(cost)}, self.law)
        result = settle(self.area, visit, Meters(self.area.layout))
        if result.refusal:
            raise Refusal(result.refusal)
        return result.pool_fen

    def documents(self) -> tuple[str, ...]:
        """The documents that the figures come from."""
        visit = read_visit({**self.row, "in_scope": "0.01"}, self.law)
        notes = settle(self.area, visit, Meters(self.area.layout)).program.steps.values()
        cited = [[note.rate, *(limit.cited for limit in note.limits.values())] for note in notes]
        cites = [cite for group in cited for one in group for cite in one.cites]
        return tuple(dict.fromkeys(f"{cite.document}{own_mark(cite.source)}" for cite in cites))

    def enough(self) -> Fen:
        """A cost beyond which nothing changes any more, or the law says no more."""
        cost = _FIRST
        while cost < _LAST:
            try:
                if 0 < self.paid(cost) == self.paid(2 * cost):
                    return cost
            except Refusal:
                return 2 * cost
            cost *= 2
        return _LAST

    def points(
        self, to_fen: Fen, samples: int = SAMPLES
    ) -> tuple[tuple[tuple[Fen, Fen], ...], str]:
        """Points up to a cost, and why they end before it."""
        found = []
        for number in range(samples + 1):
            cost = to_fen * number // samples
            try:
                found.append((cost, self.paid(cost)))
            except Refusal as refusal:
                if refusal.code != "parameter_missing":
                    raise
                last = self._last(found, cost)
                return (*found, *last), self._parameter(refusal.field)
        return tuple(found), ""

    def _parameter(self, path: str) -> str:
        code = path.split(".")[0]
        for name, provision in self.law.all(Parameter).items():
            if isinstance(provision.value, Parameter) and provision.value.code == code:
                return f"{name}（{code}）"
        return path

    def _last(self, found: list[tuple[Fen, Fen]], refused: Fen) -> Iterator[tuple[Fen, Fen]]:
        """The last point to the fen before a parameter is missing."""
        settled = found[-1][0] if found else 0
        while refused - settled > 1:
            middle = (settled + refused) // 2
            try:
                last = middle, self.paid(middle)
            except Refusal:
                refused = middle
            else:
                settled = middle
                found.append(last)
        if found and found[-1][0] == settled:
            yield found.pop()


def curves(area: Area, law: Law, facts: Mapping[str, str], to_fen: Fen | None) -> list[Curve]:
    """The lines of a picture; levels that are paid alike share one.

    Shape:   `facts` are columns of a visits file: date, benefit and whatever else is fixed;
             `to_fen` is the highest cost, chosen to show every kink where it is not given.
    Refuses: a refusal that holds at every level.
    """
    lines: dict[tuple[str, str], _Line] = {}
    refused: list[Refusal] = []
    for status in STATUSES:
        for level, place in places_of(area, law):
            line = _Line(area, law, {**place, **facts, "status": status})
            try:
                line.paid(0)
            except Refusal as refusal:
                refused.append(refusal)
            else:
                lines[status, level] = line
    if not lines:
        raise refused[0]
    end = to_fen or _round_up(max(line.enough() for line in lines.values()))
    found: dict[tuple[str, tuple[tuple[Fen, Fen], ...]], Curve] = {}
    for (status, level), line in lines.items():
        points, missing = line.points(end)
        known = found.get((status, points))
        levels = (*known.levels, level) if known else (level,)
        found[status, points] = Curve(status, levels, points, missing, line.documents())
    return list(found.values())


def line_of(
    area: Area, law: Law, facts: Mapping[str, str], to_fen: Fen, samples: int
) -> tuple[tuple[Fen, Fen], ...]:
    """The points of one person's line at one kind of institution, up to a cost.

    Shape:   `facts` are columns of a visits file without the cost.
    Refuses: what settling refuses; a line that lacks a figure ends before it.
    """
    return _Line(area, law, facts).points(to_fen, samples)[0]


def places_of(area: Area, law: Law) -> Iterator[tuple[str, dict[str, str]]]:
    """The kinds of institution by name, with the facts of a visit that make them."""
    for level, name in LEVELS.items():
        yield name, {"level": level}
    if area.own_level(law):
        yield PHARMACY, {"institution_kind": "pharmacy", "prescriber_level": "1"}


def _round_up(cost: Fen) -> Fen:
    """The next round amount: 1, 2 or 5 with noughts."""
    unit = FEN_PER_YUAN
    while True:
        for digit in (1, 2, 5):
            if cost <= digit * unit:
                return digit * unit
        unit *= 10
