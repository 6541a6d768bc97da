"""A pooling area over all its time: its laws, one layout, programs compiled as they are needed."""

from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache

from gongji.law.compile.cells import offered_benefits, own_level
from gongji.law.compile.layout import Layout, lay_out
from gongji.law.compile.program import Compiler, Gap, Program, axes_of
from gongji.law.kernel.calendar import month_of
from gongji.law.rulebook.law import KEPT, Law
from gongji.law.rulebook.rulebook import FOREVER
from gongji.law.rulebook.vocabulary import LEVEL_COLUMNS
from gongji.refusals import Refusal
from gongji.units import Day, date_of

CellKey = tuple[str, ...]


class Area:
    """The rules of one area, ready to settle visits online.

    Shape: `laws` cover its time without overlap; `layout` that of other laws whose meters these
           share; `year_shift`: whose statistics count, 0 those of the visit's year; `version`: by
           which number of the installation's laws this one is known, None if by none.
    """

    def __init__(
        self,
        code: str,
        laws: Sequence[Law],
        layout: Layout | None = None,
        year_shift: int = 0,
        version: int | None = None,
    ) -> None:
        self.code = code
        self.laws = list(laws)
        self.year_shift = year_shift
        self.version = version
        self._layout = layout
        self._programs: dict[tuple[int, int, str, CellKey], Program] = {}

    @cached_property
    def layout(self) -> Layout:
        """Where meters, columns and flags stand, the same over all the area's time."""
        return self._layout or lay_out(self.laws)

    def covered(self) -> str:
        """The dates that the rules cover, for messages."""
        spans: list[tuple[str, str]] = []
        for law in self.laws:
            end = "今" if law.until >= FOREVER else str(date_of(law.until - 1))
            if spans and spans[-1][1] == str(date_of(law.since - 1)):
                spans[-1] = (spans[-1][0], end)
            else:
                spans.append((str(date_of(law.since)), end))
        return "；".join(f"{a} 至 {b}" for a, b in spans)

    def law(self, day: Day) -> Law:
        """The law at a day.

        Refuses: date_outside, naming the dates covered.
        """
        for law in self.laws:
            if law.since <= day < law.until:
                return law
        raise Refusal(
            "date_outside",
            "date",
            {"value": str(date_of(day)), "area": self.code, "allowed": self.covered()},
        )

    def own_level(self, law: Law) -> bool:
        """Whether a pharmacy counts as a level of its own."""
        return own_level(law)

    def benefit(self, law: Law, code: str) -> str:
        """The Chinese name of a benefit that the law offers, directly or by routing.

        Refuses: benefit_not_offered with those it offers.
        """
        found = _offered(law)
        if code in found:
            return found[code]
        allowed = "、".join(f"{offered}（{name}）" for offered, name in found.items())
        raise Refusal(
            "benefit_not_offered",
            "benefit",
            {"area": self.code, "value": law.benefit_name(code), "allowed": allowed},
        )

    def program(self, law: Law, day: Day, benefit: str, cell: Mapping[str, str]) -> Program:
        """The compiled program of a cell."""
        year = month_of(day) // 12 + self.year_shift
        key = (law.since, year, benefit, tuple(cell.values()))
        if key not in self._programs:
            self._programs[key] = Compiler(law, self.layout, year).program(benefit, cell)
        return self._programs[key]


def gap_refusal(law: Law, gap: Gap) -> Refusal:
    """Why a visit that needs a figure which its cell does not have cannot be settled."""
    fact = law.facts[gap.axis]
    if fact.column in LEVEL_COLUMNS:
        return Refusal("level_missing", fact.column)
    allowed = "、".join(gap.table.values) if gap.table else ""
    return Refusal("value_invalid", fact.column, {"value": gap.value, "allowed": allowed})


@lru_cache(maxsize=16 * KEPT)
def benefit_axes(law: Law, benefit: str) -> tuple[str, ...]:
    """The axes of a benefit under a law, worked out once."""
    return axes_of(law, benefit)


@lru_cache(maxsize=KEPT)
def _offered(law: Law) -> dict[str, str]:
    """The names of the benefits that a law offers, by code."""
    return {law.benefits[name]: name for name in offered_benefits(law)}
