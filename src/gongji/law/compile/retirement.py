"""From which month the rules for retirees hold for a person who is registered as retired.

Where a document does not say, a registration counts from the month after it: a settled reading.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from gongji.law.compile.grounds import rules
from gongji.law.kernel.accrue import retired_in
from gongji.law.rulebook.account_provisions import EVENTS, RetirementStart
from gongji.law.rulebook.law import KEPT, Law, Provision

NO_MONTH = -1
EVENT_COLUMNS = tuple(EVENTS.values())
"""Columns that say in which month a person was registered as retired, completed the years."""
BENEFIT, CREDIT = "benefit", "credit"


@dataclass(frozen=True)
class Start:
    """An event, after how many months it counts, and the provision that says so, if one does."""

    event: str
    months_after: int
    ground: tuple[Provision[RetirementStart], RetirementStart] | None = None


@lru_cache(maxsize=2 * KEPT)
def starts_of(law: Law, governs: str) -> tuple[Start, ...]:
    """What must have happened before the rules for retirees hold, for benefits or credits."""
    found = tuple(
        Start(rule.event, rule.months_after, (provision, rule))
        for provision, rule in rules(law, RetirementStart)
        if governs in rule.governs
    )
    registered = EVENTS["退休手续"]
    if any(start.event == registered for start in found):
        return found
    return (Start(registered, 1), *found)


def delaying(law: Law, governs: str, month: int, events: Mapping[str, int]) -> Start | None:
    """The first event of a retiree that does not yet count in a month; one not told was long ago.

    Shape:   months counted from year 0, NO_MONTH for none.
    """
    for start in starts_of(law, governs):
        event = events.get(start.event, NO_MONTH)
        if event != NO_MONTH and not retired_in(month, 1, event, start.months_after):
            return start
    return None


def looked_at(law: Law, governs: str, events: Mapping[str, int]) -> Start | None:
    """The first event that was told and that the law's rules look at."""
    told = (s for s in starts_of(law, governs) if events.get(s.event, NO_MONTH) != NO_MONTH)
    return next(told, None)
