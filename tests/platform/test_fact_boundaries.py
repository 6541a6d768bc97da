"""Every fact that a settlement reads holds from its first day to the day before its last.

One table over the kinds: the day before, on and after each boundary, at the first and the last
minute of each day in China, while the clock of the database is UTC.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb
from tests.platform.counter import NOW, RULES, Counter, facts_of

from gongji.settlement.contract import Outcome
from gongji.settlement.settle import settle

Connection = psycopg.Connection[Any]

SINCE, UNTIL = "2024-06-10", "2024-06-20"
DAYS = {
    "2024-06-09": False,
    "2024-06-10": True,
    "2024-06-11": True,
    "2024-06-19": True,
    "2024-06-20": False,
    "2024-06-21": False,
}
HOURS = ("00:00:00", "23:59:59")
"""16:00 and 15:59:59 in UTC: the first of these belongs to the day before there."""


@dataclass
class Place:
    """Where a fact is told, and for whom."""

    counter: Counter
    person: str
    here: str
    since: str = SINCE
    until: str | None = UNTIL

    def tell(self, kind: str, key: str = "", **details: Any) -> dict[str, Any]:
        """A fact of the person that holds between the boundaries."""
        self.counter.fact(self.person, kind, self.since, self.until, key, **details)
        return {}

    def tell_institution(
        self, code: str, kind: str, otherwise: dict[str, Any] | None = None, **details: Any
    ) -> dict[str, Any]:
        """A fact of an institution that holds between the boundaries, and what else holds then."""
        owner = self.counter.owner
        owner.execute(
            "update institution_fact set retired_at = now() where institution = %s and kind = %s",
            [code, kind],
        )
        facts = [(self.since, self.until, details)]
        if otherwise:
            facts += [("2020-01-01", self.since, otherwise), (self.until, None, otherwise)]
        for since, until, said in facts:
            owner.execute(
                "insert into institution_fact (institution, kind, since, until, details)"
                " values (%s, %s, %s, %s, %s)",
                [code, kind, since, until, Jsonb(said)],
            )
        return {}

    def insured(self, since: str, until: str | None = None, **details: Any) -> dict[str, Any]:
        """Another spell instead of the person's."""
        self.counter.owner.execute(
            "update person_fact set retired_at = now() where kind = 'insured' and person_id = %s",
            [self.counter.persons[self.person]],
        )
        self.counter.fact(self.person, "insured", since, until, **{"status": "active"} | details)
        return {}


def _changed_spell(place: Place, **details: Any) -> dict[str, Any]:
    """Active before, something else between the boundaries, active again."""
    place.insured("2020-01-01", place.since)
    place.counter.fact(place.person, "insured", UNTIL, status="active")
    return place.tell("insured", **details)


def _bond(place: Place, consented_on: str = "2024-01-01") -> dict[str, Any]:
    other = place.counter.person(2, 1_000_000)
    place.tell("bond", other, order=1, relation="spouse", consented_on=consented_on)
    return {"accounts": "family", "on_the_day": True}


def _registered(place: Place, benefit: str = "chronic", key: str = "M1") -> None:
    place.tell("registration", key, benefit=benefit, disease=key.lower(), name=key)


def _chronic(place: Place) -> dict[str, Any]:
    _registered(place)
    return {"med_type": "registered_disease", "disease": "M1"}


def _second_disease(place: Place) -> dict[str, Any]:
    _registered(place)
    place.counter.fact(
        place.person,
        "registration",
        "2024-01-01",
        key="M2",
        benefit="chronic",
        disease="m2",
        name="m2",
    )
    return {"med_type": "registered_disease", "disease": "M2"}


def _dual_channel(place: Place) -> dict[str, Any]:
    _registered(place, "dual_channel", "T")
    drug = {
        "item": "A",
        "serial": "1",
        "negotiated": True,
        "dual_channel": True,
        "in_agreement": True,
    }
    shop = place.counter.institution(5, "", "pharmacy")
    return {"med_type": "pharmacy", "here": shop, "marks": {"drugs": [drug]}}


def _offsite(place: Place) -> dict[str, Any]:
    place.tell("offsite", "530100")
    return {"here": place.counter.institution(7, region="530102")}


def _agreement(place: Place, **details: Any) -> dict[str, Any]:
    return place.tell_institution(place.here, "agreement", **details)


def _pharmacy_agreement(place: Place) -> dict[str, Any]:
    shop = place.counter.institution(5, "", "pharmacy", agreement=False)
    place.tell_institution(shop, "agreement", designated_for=["ordinary"], qualified=True)
    return {"here": shop, "med_type": "pharmacy"}


def _prescriber(place: Place) -> dict[str, Any]:
    writer = place.counter.institution(6, "3")
    place.tell_institution(writer, "level", level="3")
    marks = {"prescriptions": [{"prescriber": writer, "number": "", "serial": "1"}]}
    return {
        "here": place.counter.institution(5, "", "pharmacy"),
        "med_type": "pharmacy",
        "marks": marks,
    }


def _parent(place: Place) -> dict[str, Any]:
    place.counter.institution(6, "3")
    code = f"H{place.counter.area}00006"
    return place.tell_institution(place.here, "level", {"level": "2"}, level="2", parent=code)


def _parents_level(place: Place) -> dict[str, Any]:
    parent = place.counter.institution(6, "3")
    place.tell_institution(parent, "level", {"level": "1"}, level="3")
    return {"here": place.counter.institution(7, "", parent=parent)}


def said(column: str, value: str) -> Callable[[Outcome], bool]:
    """Whether the row that the engine got says so."""
    return lambda outcome: facts_of(outcome.entry).get(column) == value


def silent(column: str) -> Callable[[Outcome], bool]:
    """Whether the row leaves a column at its ordinary value."""
    return lambda outcome: column not in outcome.entry.settled.visit.facts


def accepted(code: str) -> Callable[[Outcome], bool]:
    """Whether the bill was settled; otherwise it was refused with the code."""

    def seen(outcome: Outcome) -> bool:
        assert outcome.refusal is None or outcome.refusal.code == code, outcome
        return outcome.refusal is None

    return seen


Row = tuple[str, str, Callable[[Place], dict[str, Any]], Callable[[Outcome], bool]]
BOTH: list[Row] = [
    ("insurance", "430500", lambda p: p.insured(p.since, p.until), accepted("not_insured")),
    ("status", "430500", lambda p: _changed_spell(p, status="retired"), said("status", "retired")),
    (
        "benefit period",
        "430500",
        lambda p: p.insured("2020-01-01", benefit_since=p.since, benefit_until=p.until),
        silent("in_benefit_period"),
    ),
    ("tier", "510400", lambda p: _changed_spell(p, status="active", tier="2"), said("tier", "2")),
    ("account", "510400", lambda p: p.tell("account"), silent("has_account")),
    (
        "subsidy",
        "532300",
        lambda p: p.tell("subsidy", subsidy="veteran"),
        said("subsidy", "veteran"),
    ),
    (
        "birth",
        "530900",
        lambda p: p.tell("birth", birth_date="1954-06-15"),
        said("birth_date", "1954-06-15"),
    ),
    ("bond", "430500", _bond, lambda o: o.entry.settlement.family_fen > 0),
    ("registration", "532300", _chronic, accepted("registration_missing")),
    ("registrations counted", "532300", _second_disease, said("disease_count", "2")),
    (
        "registration for dual-channel drugs",
        "430500",
        _dual_channel,
        lambda o: o.entry.settled.visit.benefit == "dual_channel",
    ),
    ("filing", "532300", _offsite, said("offsite", "filed")),
    ("selection", "445300", lambda p: p.tell("selection", institution=p.here), silent("selected")),
    (
        "referral",
        "445300",
        lambda p: p.tell("referral", p.here, sender="H"),
        said("referred", "true"),
    ),
    (
        "stay",
        "430500",
        lambda p: p.tell("stay", "1", institution="H", level="2"),
        said("inpatient", "true"),
    ),
    (
        "injury",
        "430500",
        lambda p: p.tell("injury", "1", third_party=True),
        said("third_party", "true"),
    ),
    (
        "level",
        "430500",
        lambda p: p.tell_institution(p.here, "level", {"level": "2"}, level="3"),
        said("level", "3"),
    ),
    ("parent", "430500", _parent, said("parent_level", "3")),
    ("parent's level", "430500", _parents_level, said("parent_level", "3")),
    ("prescriber's level", "532300", _prescriber, said("prescriber_level", "3")),
    (
        "agreement",
        "430500",
        lambda p: _agreement(p, designated_for=["ordinary"]),
        silent("designated"),
    ),
    (
        "agreement for another benefit",
        "430500",
        lambda p: _agreement(p, designated_for=["special"]),
        lambda o: (
            o.entry.settled.visit.facts.get("designated") is False
            and o.entry.settlement.account_fen > 0
        ),
    ),
    ("qualified pharmacy", "510400", _pharmacy_agreement, silent("qualified")),
]
"""Name, area, what is told between the boundaries, and by what a settlement shows that it holds."""


def _settled(
    gateway: Connection, place: Place, days: list[str], options: dict[str, Any]
) -> list[Outcome]:
    """The outcomes of bills at every hour of each day, as trials: none leaves anything behind.

    `on_the_day`: each at the end of its day, where what ended since would count.
    """
    here = options.pop("here", place.here)
    on_the_day = options.pop("on_the_day", False)
    bills = []
    for day in days:
        for hour in HOURS:
            bill = place.counter.bill(
                place.person, here, day, 50_000, trial=True, **{"accounts": "own"} | options
            )
            place.counter.owner.execute(
                "update visit set begun_at = %s where id = %s", [f"{day} {hour}+08", bill.visit]
            )
            bills.append((day, bill))
    if on_the_day:
        ends = {day: datetime.fromisoformat(f"{day} 23:59+08:00") for day in days}
        return [settle(gateway, [bill], RULES, ends[day])[0] for day, bill in bills]
    return settle(gateway, [bill for _, bill in bills], RULES, NOW)


def _place(owner: Connection, area: str, **boundaries: Any) -> Place:
    counter = Counter(owner, area)
    person, here = counter.person(1), counter.institution(1)
    owner.execute(
        "insert into balance (area, person, kind, amount_fen) values (%s, %s, 'account', 6000)",
        [area, counter.persons[person]],
    )
    return Place(counter, person, here, **boundaries)


def _twice(expected: dict[str, bool]) -> list[tuple[str, str, bool]]:
    return [(day, hour, holds) for day, holds in expected.items() for hour in HOURS]


def _seen(
    outcomes: list[Outcome], expected: dict[str, bool], seen: Callable[[Outcome], bool]
) -> list[tuple[str, str, bool]]:
    pairs = [(day, hour) for day in expected for hour in HOURS]
    return [(*pair, seen(outcome)) for pair, outcome in zip(pairs, outcomes, strict=True)]


@pytest.mark.parametrize(
    ("name", "area", "tell", "seen"), BOTH, ids=[row[0].replace(" ", "-") for row in BOTH]
)
def test_a_fact_holds_from_its_first_day_to_the_day_before_its_last(
    owner: Connection,
    gateway: Connection,
    name: str,
    area: str,
    tell: Callable[[Place], dict[str, Any]],
    seen: Callable[[Outcome], bool],
) -> None:
    place = _place(owner, area)
    outcomes = _settled(gateway, place, list(DAYS), tell(place))
    assert _seen(outcomes, DAYS, seen) == _twice(DAYS), name


RETIRED = [
    row
    for row in BOTH
    if row[0]
    in (
        "bond",
        "registration",
        "registrations counted",
        "filing",
        "selection",
        "referral",
        "stay",
        "injury",
        "subsidy",
        "account",
        "birth",
        "insurance",
    )
]


@pytest.mark.parametrize(
    ("name", "area", "tell", "seen"), RETIRED, ids=[r[0].replace(" ", "-") for r in RETIRED]
)
def test_a_fact_that_was_retired_never_held(
    owner: Connection,
    gateway: Connection,
    name: str,
    area: str,
    tell: Callable[[Place], dict[str, Any]],
    seen: Callable[[Outcome], bool],
) -> None:
    place = _place(owner, area)
    options = tell(place)
    owner.execute("update person_fact set retired_at = now() where since = %s", [SINCE])
    days = dict.fromkeys(DAYS, False)
    assert _seen(_settled(gateway, place, list(days), options), days, seen) == _twice(days), name


def test_a_bond_pays_from_the_day_of_the_consent_on(owner: Connection, gateway: Connection) -> None:
    place = _place(owner, "430500", since="2024-01-01", until=None)
    options = _bond(place, consented_on="2024-06-10")
    days = {"2024-06-09": False, "2024-06-10": True, "2024-06-11": True}
    outcomes = _settled(gateway, place, list(days), options)
    assert _seen(outcomes, days, lambda o: o.entry.settlement.family_fen > 0) == _twice(days)


RESCUE = {
    "2024-06-06": False,
    "2024-06-07": True,
    "2024-06-08": True,
    "2024-06-09": True,
    "2024-06-10": True,
    "2024-06-11": False,
    "2024-06-19": False,
    "2024-06-20": False,
}
"""Whether a rescue turned into the stay that began on 2024-06-10: within three days before it."""


def test_a_rescue_joins_the_stay_that_begins_on_its_day_or_within_three_days(
    owner: Connection, gateway: Connection
) -> None:
    place = _place(owner, "430500")
    place.tell("stay", "1", institution="H", level="3", from_emergency=True)
    options = {"med_type": "rescue"}
    outcomes = _settled(gateway, place, list(RESCUE), options)
    assert _seen(outcomes, RESCUE, said("admitted", "true")) == _twice(RESCUE)
    gates = [outcome.entry.decision.refusal for outcome in outcomes[::2]]
    assert gates == ["", *["joins_inpatient"] * 4, "inpatient_stay", "inpatient_stay", ""]


def test_a_stay_that_did_not_come_from_emergency_joins_no_rescue(
    owner: Connection, gateway: Connection
) -> None:
    place = _place(owner, "430500")
    place.tell("stay", "1", institution="H", level="3", from_emergency=False)
    days = dict.fromkeys(("2024-06-07", "2024-06-09", "2024-06-10"), False)
    outcomes = _settled(gateway, place, list(days), {"med_type": "rescue"})
    assert _seen(outcomes, days, said("admitted", "true")) == _twice(days)
    assert [o.entry.decision.refusal for o in outcomes[::2]] == ["", "", "inpatient_stay"]


def test_only_a_rescue_joins_a_stay_other_care_of_those_days_is_paid(
    owner: Connection, gateway: Connection
) -> None:
    place = _place(owner, "430500")
    place.tell("stay", "1", institution="H", level="3", from_emergency=True, died=True)
    days = ["2024-06-07", "2024-06-09", "2024-06-10"]
    ordinary = _settled(gateway, place, days, {"med_type": "outpatient"})
    told = [o.entry.settled.visit.facts for o in ordinary]
    assert not any("admitted" in facts or "died" in facts for facts in told)
    assert [o.entry.decision.refusal for o in ordinary[::2]] == ["", "", "inpatient_stay"]
    rescue = _settled(gateway, place, days, {"med_type": "rescue"})
    assert {o.entry.settled.visit.facts["died"] for o in rescue} == {True}
    assert {o.entry.settled.visit.facts["admission_level"] for o in rescue} == {3}


@pytest.mark.parametrize("region", ["530102", "530000"])
def test_a_filing_covers_the_county_the_city_or_the_province_that_it_names(
    owner: Connection, gateway: Connection, region: str
) -> None:
    """An import keeps every institution of a province that one document pools as the province's."""
    place = _place(owner, "532300")
    there = place.counter.institution(7, region=region)
    pooled = region == "530000"
    found = {}
    for key in ("530102", "530100", "530000", "530103", "530200", "520000", "520100"):
        owner.execute(
            "update person_fact set retired_at = now()"
            " where kind = 'offsite' and retired_at is null"
        )
        place.counter.fact(place.person, "offsite", "2024-01-01", key=key)
        bill = place.counter.bill(place.person, there, "2024-06-10", 50_000, trial=True)
        (outcome,) = settle(gateway, [bill], RULES, NOW)
        found[key] = outcome.entry.settled.visit.facts["offsite"]
    assert found == {
        "530102": "filed",
        "530100": "filed",
        "530000": "filed",
        "530103": "filed" if pooled else "unfiled",
        "530200": "filed" if pooled else "unfiled",
        "520000": "unfiled",
        "520100": "unfiled",
    }
