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

from gongji.law.rulebook.law import parents
from gongji.ledger.entry_rows import EntryRow
from gongji.refusals import Refusal
from gongji.settlement import engine_row
from gongji.settlement.engine_row import Known, Sheet, Standing
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
WHEN_SETTLED = frozenset({"account_current"})
"""Columns that are neither told nor the registry's: they were so when the bill was settled."""

FACTS = """select person_id, kind, key, since, until, details, area, learnt_at, retired_at
from person_fact where person_id = any(%s)"""
PLACES = """select i.code, i.area, i.kind, f.kind, f.key, f.since, f.until, f.details
from institution i
left join institution_fact f on f.institution = i.code and f.retired_at is null"""
PRESCRIBERS = """select c.id, p->>'prescriber' from charge_batch c
cross join lateral jsonb_array_elements(coalesce(c.marks->'prescriptions', '[]')) p
where c.id = any(%s)"""


@dataclass(frozen=True)
class _Learnt:
    """A fact with the instants between which it was known."""

    fact: Known
    learnt_at: datetime
    retired_at: datetime | None


class Places:
    """Every institution with what is known of it today; there are few, so they are read once."""

    def __init__(self, connection: Connection) -> None:
        self._rows: dict[str, list[tuple[str, str, str, Known | None]]] = {}
        for code, area, kind, fact_kind, *fact in connection.execute(PLACES):
            known = Known(fact_kind, *fact) if fact_kind else None
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
        return engine_row.standings([*rows, *around], day)[code]


@dataclass
class Registry:
    """What is known of some persons, and who prescribed for some batches."""

    places: Places
    persons: dict[int, list[_Learnt]] = field(default_factory=dict)
    prescribers: dict[int, list[str]] = field(default_factory=dict)

    def sheet(self, person: int, day: date, known_at: datetime | None = None) -> Sheet:
        """What is known of a person on a day, today or as it was known at an instant."""
        found = self.persons.get(person, ())
        return Sheet(
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
    connection: Connection, places: Places, persons: Sequence[int], batches: Iterable[int]
) -> Registry:
    """What the registry knows of persons, in two statements."""
    made = Registry(places)
    for person, kind, key, since, until, details, area, learnt, retired in connection.execute(
        FACTS, [list(persons)]
    ):
        known = Known(kind, key, since, until, details, area)
        made.persons.setdefault(person, []).append(_Learnt(known, learnt, retired))
    for batch, prescriber in connection.execute(PRESCRIBERS, [list(batches)]):
        made.prescribers.setdefault(batch, []).append(prescriber)
    return made


def row_today(entry: EntryRow, registry: Registry) -> dict[str, str]:
    """The row of texts that the settlement would be decided on today.

    Refuses: not_insured where the person is not insured in the area of the entry;
             registration_missing; institution_unknown.
    """
    assert entry.person_id is not None
    stored = {name: text for name, text in entry.facts.items() if isinstance(text, str)}
    sheet = registry.sheet(entry.person_id, entry.service_date)
    if sheet.insured.area and entry.area not in parents(sheet.insured.area):
        raise Refusal("not_insured", "psn_no", {"date": str(entry.service_date)})
    route = _route(stored, sheet)
    told = _told(entry, stored, registry)
    return {
        **{name: stored[name] for name in stored if name in COST or name.startswith("in_scope_")},
        **engine_row.person_texts(sheet, route.benefit),
        **engine_row.place_texts(sheet, entry.area, route.benefit, *_places(entry, registry)),
        **engine_row.route_texts(sheet, route),
        **told,
        **{name: stored[name] for name in WHEN_SETTLED if name in stored},
    }


COST = frozenset({"date", "visit", "total_fen", "in_scope_fen"})
"""What the lines came to, and which visit they are of."""


def _places(entry: EntryRow, registry: Registry) -> tuple[Standing, Standing | None]:
    here = registry.places.at(entry.institution, entry.service_date)
    codes = [code for code in registry.prescribers.get(entry.batch or 0, ()) if code]
    if here.kind != "pharmacy" or not codes:
        return here, None
    return here, registry.places.at(codes[0], entry.service_date)


def _route(stored: dict[str, str], sheet: Sheet) -> Route:
    """The benefit as it was, if the registration that it rests on still holds.

    Refuses: registration_missing.
    """
    benefit, drug = stored["benefit"], stored.get("drug", "")
    agreed = stored.get("in_agreement", "true") == "true"
    if "disease" not in stored:
        return Route(benefit, None, drug, agreed)
    family = next((one for one in FAMILIES if benefit in one), frozenset({benefit}))
    held = [r for r in sheet.registrations if r.approved and r.benefit in family]
    held = [r for r in held if r.disease == stored["disease"]] or (held if drug else [])
    if not held and benefit == NEGOTIATED:
        # A negotiated drug is paid without a registration too.
        return Route(benefit, None, drug, agreed)
    if not held:
        raise Refusal("registration_missing", "dise_codg", {"value": stored["disease"]})
    found: Registered = held[0]
    return Route(benefit if drug else found.benefit, found, drug, agreed)


def _told(entry: EntryRow, stored: dict[str, str], registry: Registry) -> dict[str, str]:
    """What only the institution said: what the registry does not fill, or filled otherwise."""
    assert entry.person_id is not None
    then: dict[str, str] = {}
    if any(stored.get(name) == "true" for name in ("third_party", "died")):
        sheet = registry.sheet(entry.person_id, entry.service_date, entry.settled_at)
        if sheet.holding.get("insured"):
            then = engine_row.person_texts(sheet, stored["benefit"])
    return {
        name: text
        for name, text in stored.items()
        if name not in FILLED and not name.startswith("in_scope_") and then.get(name) != text
    }


FILLED = (
    COST
    | WHEN_SETTLED
    | {
        "status",
        "tier",
        "in_benefit_period",
        "has_account",
        "birth_date",
        "subsidy",
        "admitted",
        "admission_level",
        "inpatient",
        "institution",
        "institution_kind",
        "level",
        "parent_level",
        "designated",
        "qualified",
        "offsite",
        "prescriber_level",
        "selected",
        "referred",
        "benefit",
        "in_agreement",
        "drug",
        "disease",
        "approval_date",
        "disease_count",
    }
)
"""Columns that the registry, the route or the lines fill."""
