"""The facts of a bill at its date of service: what the registry knows as the engine's row of texts.

The registry decides who the person is and where they are; the request only says what happened.
Whatever the database holds comes in as values: this module reads nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import msgspec

from gongji.law.rulebook.law import Law, parents
from gongji.law.rulebook.vocabulary import FACTS
from gongji.refusals import Refusal
from gongji.settlement.batch_summary import Sums
from gongji.settlement.contract import Request
from gongji.settlement.routes import (
    CHRONIC,
    DAY_SURGERY,
    EMERGENCY,
    TWO_DISEASES,
    Registered,
    Route,
)
from gongji.units import FEN_PER_YUAN, Fen

RESCUE_DAYS = 3
"""Within how many days an emergency turns into a stay: 72 hours, in days of the calendar."""

BY_ORDINARY = frozenset({EMERGENCY, DAY_SURGERY, TWO_DISEASES})
"""Benefits for which an agreement for ordinary outpatient care is enough."""

TOLD = frozenset(
    {"third_party", "other_fund", "paid_by_account", "public_health", "wellness", "died"}
    | {"excluded_by_law", "direct", "abroad"}
)
"""What only the institution knows; a rulebook's own facts may be told as well."""


class Known(msgspec.Struct, frozen=True):
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

    @property
    def counting_level(self) -> str:
        """The level that counts: an Internet hospital's is that of the physical one (CX-29)."""
        return self.parent_level or self.level

    def designated(self, benefit: str) -> bool:
        """Whether its agreement covers a benefit."""
        return benefit in self.designated_for or (
            benefit in BY_ORDINARY and "ordinary" in self.designated_for
        )


class Sheet(msgspec.Struct, frozen=True, dict=True):
    """What is known of a person at a date of service."""

    day: date
    facts: tuple[Known, ...]

    @cached_property
    def holding(self) -> dict[str, list[Known]]:
        """The facts that hold on the day, by kind."""
        found: dict[str, list[Known]] = {}
        for fact in self.facts:
            if fact.holds(self.day):
                found.setdefault(fact.kind, []).append(fact)
        return found

    def one(self, kind: str) -> dict[str, Any] | None:
        """The details of the fact of an exclusive kind."""
        found = self.holding.get(kind)
        return found[0].details if found else None

    @property
    def insured(self) -> Known:
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

    @property
    def admitted(self) -> Known | None:
        """The stay that an emergency of the day turned into."""
        for fact in self.facts:
            soon = 0 <= (fact.since - self.day).days <= RESCUE_DAYS
            if soon and fact.kind == "stay" and fact.details.get("from_emergency"):
                return fact
        return None


def _in_period(spell: dict[str, Any], day: date) -> bool:
    """Whether the day is inside the benefit period: from benefit_since, before benefit_until."""
    since, until = spell.get("benefit_since") or "", spell.get("benefit_until") or ""
    text = str(day)
    return not spell.get("arrears") and (not since or since <= text) and (not until or text < until)


def person_texts(sheet: Sheet, benefit: str) -> dict[str, str]:
    """What the registry says of the person; the ordinary case is left out."""
    spell = sheet.insured.details
    row = {"status": str(spell["status"])}
    if spell.get("tier"):
        row["tier"] = spell["tier"]
    if not _in_period(spell, sheet.day):
        row["in_benefit_period"] = "false"
    if sheet.one("account") is None:
        row["has_account"] = "false"
    birth, subsidy = sheet.one("birth"), sheet.one("subsidy")
    if birth:
        row["birth_date"] = birth["birth_date"]
    if subsidy:
        row["subsidy"] = subsidy["subsidy"]
    stay, admitted = sheet.holding.get("stay"), sheet.admitted
    if benefit == EMERGENCY and admitted:
        # The rescue that became the stay is not care during it.
        row |= {"admitted": "true", "admission_level": admitted.details["level"]}
        row |= {"died": "true"} if admitted.details.get("died") else {}
    elif stay:
        row["inpatient"] = "true"
    if any(fact.details.get("third_party") for fact in sheet.holding.get("injury", ())):
        row["third_party"] = "true"
    return row


def place_texts(
    sheet: Sheet, home: str, benefit: str, here: Standing, prescriber: Standing | None
) -> dict[str, str]:
    """What the registry says of the institution, and of the person's relation to it."""
    row = {"institution": here.code, "level": here.level}
    if here.parent_level:
        row["parent_level"] = here.parent_level
    if not here.designated(benefit):
        row["designated"] = "false"
    mine = {here.code, here.parent}
    if here.kind == "pharmacy":
        row["institution_kind"] = here.kind
        if not here.qualified:
            row["qualified"] = "false"
        if prescriber:
            # A pharmacy is filled from the place that the person selected (YF-20).
            row["prescriber_level"] = prescriber.counting_level
            mine |= {prescriber.code, prescriber.parent}
    offsite = _offsite(sheet, home, here.area)
    if offsite:
        row["offsite"] = offsite
    mine.discard("")
    selected = sheet.one("selection")
    if selected is None or selected["institution"] not in mine:
        row["selected"] = "false"
    if any(fact.key in mine for fact in sheet.holding.get("referral", ())):
        row["referred"] = "true"
    return row


def _offsite(sheet: Sheet, home: str, region: str) -> str:
    """Whether care is outside the pooling area, with or without a filing (CX-25, PZ-7)."""
    if home == region or home in parents(region):
        return ""
    around = parents(region)
    filed = {fact.key for fact in sheet.holding.get("offsite", ())}
    return "filed" if filed & set(around) else "unfiled"


def route_texts(sheet: Sheet, route: Route) -> dict[str, str]:
    """What the registration and the drug say."""
    row = {"benefit": route.benefit}
    if not route.in_agreement:
        row["in_agreement"] = "false"
    if route.drug:
        row["drug"] = route.drug
    if route.registration:
        row |= {
            "disease": route.registration.disease,
            "approval_date": route.registration.approval_date,
        }
    if route.benefit == CHRONIC:
        count = sum(r.benefit == CHRONIC and r.approved for r in sheet.registrations)
        row["disease_count"] = str(count)
    return row


def told_texts(request: Request, law: Law) -> dict[str, str]:
    """What the request says happened.

    Refuses: field_unknown for what the registry decides.
    """
    for column in request.facts:
        own = (fact.column == column for name, fact in law.facts.items() if name not in FACTS)
        if column not in TOLD and not any(own):
            raise Refusal("field_unknown", column)
    return {column: text for column, text in request.facts.items() if text}


def cost_texts(sums: Sums, day: date, visit: str) -> dict[str, str]:
    """What the lines come to."""
    row = {
        "date": str(day),
        "visit": visit,
        "total_fen": str(sums.total_fen),
        "in_scope_fen": str(sums.in_scope_fen),
    }
    return row | {f"in_scope_{part}": _yuan(cost) for part, cost in sums.parts.items()}


def _yuan(amount: Fen) -> str:
    return f"{amount // FEN_PER_YUAN}.{amount % FEN_PER_YUAN:02d}"


def standings(
    rows: Iterable[tuple[str, str, str, Known | None]], day: date
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
    for one in found.values():
        parent = found.get(one.get("parent", ""))
        if parent:
            one["parent_level"] = parent.get("level", "")
    return {code: Standing(**one) for code, one in found.items()}
