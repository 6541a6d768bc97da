"""What the registry knows of a person and of institutions on a day, as values.

Whatever the database holds comes in as rows: this module reads nothing. What of it the engine is
told stands in `gongji.settlement.counter_facts`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cached_property
from typing import Any

import msgspec

from gongji.law.kernel.calendar import joins_stay
from gongji.refusals import Refusal
from gongji.settlement.routes import DAY_SURGERY, EMERGENCY, TWO_DISEASES, Registered
from gongji.units import CHINA, day_of

RESCUE_DAYS = 3
"""Within how many days an emergency turns into a stay where an hour is not known."""

BY_ORDINARY = frozenset({EMERGENCY, DAY_SURGERY, TWO_DISEASES})
"""Benefits for which an agreement for ordinary outpatient care is enough."""


AREA_FACT, PLACE_FACT = "area_fact", "institution_area_fact"
"""The kinds of facts of an area's own about persons and institutions; their key is the column."""


class DatedFact(msgspec.Struct, frozen=True):
    """A fact as it is kept: kind, key, when it holds, details."""

    kind: str
    key: str
    since: date
    until: date | None
    details: dict[str, Any]
    area: str = ""

    def holds(self, day: date) -> bool:
        """Whether it holds on a day."""
        return self.since <= day and (self.until is None or day < self.until)


@dataclass(frozen=True)
class Standing:
    """An institution on a day."""

    code: str
    area: str
    kind: str
    level: str = ""
    parent: str = ""
    parent_level: str = ""
    designated_for: frozenset[str] = frozenset()
    qualified: bool = False
    facts: tuple[tuple[str, str], ...] = ()
    """Facts of an area's own: column and value as text."""

    def own(self, column: str) -> str | None:
        """The value of a fact of an area's own, None where none is kept."""
        return next((value for name, value in self.facts if name == column), None)

    @property
    def counting_level(self) -> str:
        """The level that counts: an Internet hospital's is that of the physical one (CX-29)."""
        return self.parent_level or self.level

    def designated(self, benefit: str) -> bool:
        """Whether its agreement covers a benefit."""
        return benefit in self.designated_for or (
            benefit in BY_ORDINARY and "ordinary" in self.designated_for
        )


class PersonFacts(msgspec.Struct, frozen=True, dict=True):
    """What is known of a person at a date of service."""

    day: date
    facts: tuple[DatedFact, ...]

    @cached_property
    def holding(self) -> dict[str, list[DatedFact]]:
        """The facts that hold on the day, by kind."""
        found: dict[str, list[DatedFact]] = {}
        for fact in self.facts:
            if fact.holds(self.day):
                found.setdefault(fact.kind, []).append(fact)
        return found

    def one(self, kind: str) -> dict[str, Any] | None:
        """The details of the fact of an exclusive kind."""
        found = self.holding.get(kind)
        return found[0].details if found else None

    @property
    def insured(self) -> DatedFact:
        """The spell of insurance.

        Refuses: not_insured.
        """
        found = self.holding.get("insured")
        if not found:
            raise Refusal("not_insured", "psn_no", {"date": str(self.day)})
        return found[0]

    @cached_property
    def registrations(self) -> tuple[Registered, ...]:
        """The registrations that hold on the day."""
        return tuple(
            Registered(
                fact.key,
                fact.details.get("benefit", ""),
                fact.details.get("disease", ""),
                fact.details.get("state", "approved") == "approved",
                fact.details.get("approval_date") or str(fact.since),
            )
            for fact in self.holding.get("registration", ())
        )

    def admitted(self, began: datetime | None) -> DatedFact | None:
        """The stay that an emergency of the day turned into; `began` when the emergency did."""
        for fact in self.facts:
            if fact.kind == "stay" and fact.details.get("from_emergency"):
                hour = str(fact.details.get("admitted_at") or "")
                if one_episode(self.day, began, fact.since, hour):
                    return fact
        return None


def one_episode(day: date, began: datetime | None, admitted: date, hour: str) -> bool:
    """Whether an emergency and a stay that followed it are one episode.

    Law:     楚政规〔2022〕2号 第十七条, 邵市政办发〔2022〕22号 第八条: 72小时内, in hours. Where
             an hour is not known, days of the calendar count; midnight to the second is how systems
             fill in a day without its hour.
    Units:   `hour` of the admission as HH:MM in China, empty where it is not known.
    """
    clock = began.astimezone(CHINA) if began else None
    if clock is None or not hour or clock.time() == time():
        return 0 <= (admitted - day).days <= RESCUE_DAYS
    moment = datetime.combine(admitted, time.fromisoformat(hour))
    return bool(joins_stay(*(_minute(one) for one in (clock, moment))))


def _minute(moment: datetime) -> int:
    return (day_of(moment.date()) * 24 + moment.hour) * 60 + moment.minute


def standings(
    rows: Iterable[tuple[str, str, str, DatedFact | None]], day: date
) -> Mapping[str, Standing]:
    """What institutions are on a day, from rows (code, area, kind, fact)."""
    found: dict[str, dict[str, Any]] = {}
    for code, area, kind, fact in rows:
        one = found.setdefault(code, {"code": code, "area": area, "kind": kind})
        if fact is None or not fact.holds(day):
            continue
        if fact.kind == "level":
            one["level"] = fact.details.get("level") or ""
            one["parent"] = fact.details.get("parent") or ""
        elif fact.kind == "agreement":
            one["designated_for"] = frozenset(fact.details.get("designated_for", ("ordinary",)))
            one["qualified"] = bool(fact.details.get("qualified", True))
        elif fact.kind == PLACE_FACT:
            one["facts"] = (*one.get("facts", ()), (fact.key, str(fact.details["value"])))
    for one in found.values():
        parent = found.get(one.get("parent", ""))
        if parent:
            one["parent_level"] = parent.get("level", "")
    return {code: Standing(**one) for code, one in found.items()}
