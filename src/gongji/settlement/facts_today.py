"""A stored settlement's facts as the registry says them today.

What the institution said and what the lines came to stay as they were; who the person is and where
they were is looked up again, for the same date of service. Lines are not priced again: their split
is what the catalogue and the rules gave when they were sent.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import psycopg
from msgspec.structs import replace

from gongji.law.engine.visit import WAITS, Value, Visit
from gongji.law.rulebook.law import Law, parents
from gongji.law.rulebook.own_facts import own_facts
from gongji.ledger.entry_rows import EntryRow
from gongji.refusals import Refusal
from gongji.settlement import area_facts, counter_facts
from gongji.settlement.batch_marks import read_marks
from gongji.settlement.counter_facts import Seen
from gongji.settlement.known_facts import DatedFact, PersonFacts, Standing, standings
from gongji.settlement.routes import (
    CHRONIC,
    DUAL_CHANNEL,
    NEGOTIATED,
    SPECIAL,
    TWO_DISEASES,
    Registered,
    Route,
)

Connection = psycopg.Connection[Any]
FAMILIES = (
    frozenset({CHRONIC, SPECIAL}),
    frozenset({TWO_DISEASES}),
    frozenset({DUAL_CHANNEL, NEGOTIATED}),
)
"""Benefits that one registration may stand for the other of, when it is looked up again."""

FACTS = """select person_id, kind, key, since, until, details, area, learnt_at, retired_at
from person_fact where person_id = any(%s)"""
PLACES = """select i.code, i.area, i.kind, f.kind, f.key, f.since, f.until, f.details
from institution i
left join institution_fact f on f.institution = i.code and f.retired_at is null"""
MARKS = """select s.entry, c.marks, v.begun_at
from settlement_batch s join charge_batch c on c.id = s.batch join visit v on v.id = c.visit_id
where s.entry = any(%s) order by s.entry, c.id"""


@dataclass(frozen=True)
class _Learnt:
    """A fact with the instants between which it was known."""

    fact: DatedFact
    learnt_at: datetime
    retired_at: datetime | None


class Places:
    """Every institution with what is known of it today; there are few, so they are read once."""

    def __init__(self, connection: Connection) -> None:
        self._rows: dict[str, list[tuple[str, str, str, DatedFact | None]]] = {}
        for code, area, kind, fact_kind, *fact in connection.execute(PLACES):
            known = DatedFact(fact_kind, *fact) if fact_kind else None
            self._rows.setdefault(code, []).append((code, area, kind, known))
        self.at = lru_cache(maxsize=20_000)(self._at)

    def _at(self, code: str, day: date) -> Standing:
        """What an institution is on a day.

        Refuses: institution_unknown.
        """
        rows = self._rows.get(code, [])
        if not rows:
            raise Refusal("institution_unknown", "institution", {"value": code})
        bodies = {row[3].details.get("parent") or "" for row in rows if row[3]}
        around = [row for body in bodies for row in self._rows.get(body, ())]
        return standings([*rows, *around], day)[code]


@dataclass
class Registry:
    """What is known of some persons, and of some settlements who prescribed, when care began."""

    places: Places
    persons: dict[int, list[_Learnt]] = field(default_factory=dict)
    prescribers: dict[int, list[str]] = field(default_factory=dict)
    began: dict[int, datetime] = field(default_factory=dict)

    def known(self, person: int, day: date, known_at: datetime | None = None) -> PersonFacts:
        """What is known of a person on a day, today or as it was known at an instant."""
        found = self.persons.get(person, ())
        return PersonFacts(
            day,
            tuple(
                one.fact
                for one in found
                if (
                    one.retired_at is None
                    if known_at is None
                    else one.learnt_at <= known_at
                    and (one.retired_at is None or one.retired_at > known_at)
                )
            ),
        )


def read_registry(
    connection: Connection, places: Places, persons: Sequence[int], entries: Iterable[int]
) -> Registry:
    """What the registry knows of persons, in two statements."""
    made = Registry(places)
    for person, kind, key, since, until, details, area, learnt, retired in connection.execute(
        FACTS, [list(persons)]
    ):
        known = DatedFact(kind, key, since, until, details, area)
        made.persons.setdefault(person, []).append(_Learnt(known, learnt, retired))
    for entry, marks, begun_at in connection.execute(MARKS, [list(entries)]):
        made.began[entry] = begun_at
        written = read_marks(marks).prescriptions
        codes = made.prescribers.setdefault(entry, [])
        codes += [prescription.prescriber for prescription in written]
    return made


def visit_today(entry: EntryRow, registry: Registry, law: Law) -> Visit:
    """The visit that the settlement would be decided on today, under the law of its day.

    Refuses: not_insured where the person is not insured in the area of the entry;
             registration_missing; institution_unknown.
    """
    assert entry.person is not None
    then = entry.settled.visit
    person = registry.known(entry.person, entry.service_date)
    if person.insured.area and entry.area not in parents(person.insured.area):
        raise Refusal("not_insured", "psn_no", {"date": str(entry.service_date)})
    known = counter_facts.COUNTER_FACTS
    here, prescriber = _places(entry, registry)
    began = registry.began.get(entry.id or 0)
    seen = Seen(person, entry.area, _route(then, person), here, prescriber, None, law, began)
    kept = {name: value for name, value in then.facts.items() if name in known.of_bill}
    facts = known.read(seen)
    own = {name: then.facts[name] for name in entry.settled.told if name in then.facts}
    own = area_facts.counting(own, facts, known.kept(seen, law))
    facts |= _told(entry, seen, registry) | own | kept
    return replace(then, benefit=seen.route.benefit, facts=facts)


def _places(entry: EntryRow, registry: Registry) -> tuple[Standing, Standing | None]:
    here = registry.places.at(entry.institution, entry.service_date)
    codes = [code for code in registry.prescribers.get(entry.id or 0, ()) if code]
    if here.kind != "pharmacy" or not codes:
        return here, None
    return here, registry.places.at(codes[0], entry.service_date)


def _route(then: Visit, person: PersonFacts) -> Route:
    """The benefit as it was, if the registration that it rests on still holds.

    Refuses: registration_missing.
    """
    benefit, drug = then.benefit, str(then.facts.get("drug", ""))
    agreed = bool(then.facts.get("in_agreement", True))
    if "approval_date" not in then.facts:
        return Route(benefit, None, drug, agreed)
    disease = str(then.facts.get("disease", ""))
    family = next((one for one in FAMILIES if benefit in one), frozenset({benefit}))
    held = [r for r in person.registrations if r.approved and r.benefit in family]
    held = [r for r in held if r.disease == disease] or (held if drug else [])
    if not held and benefit == NEGOTIATED:
        # A negotiated drug is paid without a registration too.
        return Route(benefit, None, drug, agreed)
    if not held:
        raise Refusal("registration_missing", "dise_codg", {"value": disease})
    found: Registered = held[0]
    return Route(benefit if drug else found.benefit, found, drug, agreed)


def _told(entry: EntryRow, today: Seen, registry: Registry) -> dict[str, Value]:
    """What only the institution said: what the registry does not fill, or filled otherwise."""
    assert entry.person is not None
    then = entry.settled.visit
    known = counter_facts.COUNTER_FACTS
    assert today.law is not None
    registered = {one.column for one in own_facts(today.law) if one.registered}
    said: dict[str, Value | None] = {}
    if any(then.facts.get(one.column) is True for one in known.both):
        person = registry.known(entry.person, entry.service_date, entry.made_at)
        if person.holding.get("insured"):
            seen = replace(today, person=person, route=Route(then.benefit))
            said = known.known_too(seen)
    return {
        name: value
        for name, value in then.facts.items()
        if name not in known.filled | registered | {WAITS} and said.get(name) != value
    }
