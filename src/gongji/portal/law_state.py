"""Whether the rules that a page shows are in force today: since when, until when, what follows.

What is not in force is shown as such, with its last day; this module only says it, in dates.
"""

from dataclasses import dataclass

from django.utils import timezone

from gongji.law.engine.area import Area
from gongji.law.rulebook.law import Law
from gongji.law.rulebook.rulebook import FOREVER, Rulebook
from gongji.units import Day, date_of, day_of

IN_FORCE, REPLACED, ENDED, LATER = "in_force", "replaced", "ended", "later"


@dataclass(frozen=True)
class LawState:
    """What became of rules: a code, their first day, their last one, and when others follow.

    Shape:   days as texts; `last` is empty where no end is written, `following` where nothing
             follows at once.
    """

    code: str
    since: str
    last: str = ""
    following: str = ""


def today() -> Day:
    """The day of today in China."""
    return day_of(timezone.localdate())


def state_of(area: Area, law: Law) -> LawState:
    """What has become of an area's law by today."""
    following = next((one for one in area.laws if one.since == law.until), None)
    return LawState(
        _code(law.since, law.until, following is not None),
        str(date_of(law.since)),
        "" if law.until >= FOREVER else str(date_of(law.until - 1)),
        str(date_of(following.since)) if following else "",
    )


def state_of_book(book: Rulebook) -> LawState:
    """What has become of a document by its own words; whether another replaced it is not asked."""
    until = book.head.until + 1
    last = "" if until >= FOREVER else str(date_of(book.head.until))
    return LawState(_code(book.head.since, until, False), str(date_of(book.head.since)), last)


def _code(since: Day, until: Day, followed: bool) -> str:
    now = today()
    if now < since:
        return LATER
    if now < until:
        return IN_FORCE
    return REPLACED if followed else ENDED


def area_state(area: Area) -> LawState:
    """What has become of an area's rules as a whole: those of today, or of the last day covered."""
    return state_of(area, near(area, today()))


@dataclass(frozen=True)
class CoveredDay:
    """The day that rules cover nearest to one that they do not, and whether it is a first one."""

    day: str
    first: bool


def covered_day(area: Area, day: Day) -> CoveredDay:
    """The last day covered before a day that is not; the first of all where there is none."""
    law = near(area, day)
    first = day < law.since
    return CoveredDay(str(date_of(law.since if first else law.until - 1)), first)


def near(area: Area, day: Day) -> Law:
    """The law of a day; where there is none, the last one before it, or the first of all."""
    begun = [law for law in area.laws if law.since <= day]
    return begun[-1] if begun else area.laws[0]
