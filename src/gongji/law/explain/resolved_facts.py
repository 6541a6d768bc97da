"""What the rules took a visit for: the area, the level that counts, the status that counts.

What was given may be a county, a pharmacy with its prescriber, an Internet hospital, a person who
retired this month; what the figures depend on is worked out from it. This says the outcome and
from which column it comes, for machines.
"""

from dataclasses import dataclass

from gongji.law.compile.cells import own_level
from gongji.law.engine.engine import Result
from gongji.law.engine.visit import ACTIVE, WAITS, counting_level
from gongji.law.rulebook.vocabulary import FACTS, LEVELS

_LEVEL_NAMES = tuple(LEVELS)


@dataclass(frozen=True)
class Resolved:
    """A fact as it counts: its code, its name, and the column that it comes from."""

    value: str
    name: str
    by: str


def resolved_level(result: Result) -> Resolved:
    """The level whose figures apply; without a value where the visit names none."""
    facts = result.visit.facts
    own = own_level(result.law)
    name = _LEVEL_NAMES[counting_level(result.visit, own)]
    if facts.get("institution_kind"):
        by = "institution_kind" if own else "prescriber_level"
    else:
        by = "parent_level" if facts.get("parent_level") else "level"
    return Resolved(LEVELS[name], name, by)


def resolved_status(result: Result) -> Resolved:
    """The status whose figures apply: a retiree may still wait for the month it begins in."""
    facts = result.visit.facts
    code = str(facts.get("status", ACTIVE))
    return Resolved(code, FACTS["参保状态"].names[code], str(facts.get(WAITS, "status")))
