"""A stored settlement's facts as the registry says them today: every kind of bill, every change."""

from collections.abc import Callable
from datetime import date
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb
from tests.platform.counter import NOW, RULES, Counter, facts_of

from gongji.ledger.entry_rows import EntryRow
from gongji.refusals import Refusal
from gongji.settlement.facts_today import Places, read_registry, visit_today
from gongji.settlement.settle import settle
from gongji.units import day_of

Connection = psycopg.Connection[Any]
DAY = "2024-06-05"


class County:
    """A person, a hospital of level 2, and what each kind of bill needs."""

    def __init__(self, owner: Connection, gateway: Connection, area: str) -> None:
        self.counter, self.gateway = Counter(owner, area), gateway
        self.person = self.counter.person(1, 10_000)
        self.here = self.counter.institution(1)

    def fact(self, kind: str, key: str = "", since: str = "2024-01-01", **details: Any) -> None:
        """A fact that holds on the day."""
        self.counter.fact(self.person, kind, since, key=key, **details)

    def register(self, key: str, benefit: str, **more: Any) -> None:
        """A registration."""
        details = {"benefit": benefit, "disease": key.lower(), "name": key} | more
        self.fact("registration", key, **details)

    def settled(self, here: str = "", **options: Any) -> EntryRow:
        """The entry of a bill."""
        bill = self.counter.bill(self.person, here or self.here, DAY, 200_000, **options)
        (outcome,) = settle(self.gateway, [bill], RULES, NOW)
        assert outcome.entry, outcome
        entry: EntryRow = outcome.entry
        return entry

    def today(self, entry: EntryRow) -> dict[str, str]:
        """Its facts today, as texts."""
        assert entry.person is not None and entry.id is not None
        places = Places(self.gateway)
        registry = read_registry(self.gateway, places, [entry.person], [entry.id])
        law = RULES.area(entry.area).law(day_of(entry.service_date))
        return facts_of(entry, visit_today(entry, registry, law))

    def retire(self, kind: str) -> None:
        """Facts of a kind turn out to have been wrong."""
        self.counter.owner.execute(
            "update person_fact set retired_at = now() where kind = %s and retired_at is null",
            [kind],
        )

    def retell(self, code: str, kind: str, **details: Any) -> None:
        """A fact of an institution turns out to be another."""
        owner = self.counter.owner
        owner.execute(
            "update institution_fact set retired_at = now() where institution = %s and kind = %s"
            " and retired_at is null",
            [code, kind],
        )
        owner.execute(
            "insert into institution_fact (institution, kind, since, details)"
            " values (%s, %s, '2020-01-01', %s)",
            [code, kind, Jsonb(details)],
        )


def changed(entry: EntryRow, now: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Columns that are others now: then and now, empty where absent."""
    then = facts_of(entry)
    return {
        name: (then.get(name, ""), now.get(name, ""))
        for name in sorted(then | now)
        if then.get(name) != now.get(name)
    }


DRUG = {"item": "A", "serial": "1", "negotiated": True, "dual_channel": False, "in_agreement": True}
DUAL = DRUG | {"dual_channel": True}


def _ordinary(county: County) -> EntryRow:
    county.fact("birth", birth_date="1960-02-29")
    county.fact("subsidy", subsidy="veteran")
    return county.settled(accounts="own", facts={"third_party": "true", "died": "false"})


def _chronic(county: County) -> EntryRow:
    county.register("M1", "chronic", approval_date="2024-03-01")
    county.register("M2", "chronic")
    return county.settled(med_type="registered_disease", disease="M1")


def _special(county: County) -> EntryRow:
    county.register("M1", "special")
    return county.settled(med_type="registered_disease", disease="M1")


def _rescue(county: County) -> EntryRow:
    county.fact(
        "stay", "2", "2024-06-07", institution="H", level="3", from_emergency=True, died=True
    )
    return county.settled(med_type="rescue")


def _negotiated(county: County) -> EntryRow:
    return county.settled(
        med_type="special_drugs", marks={"drugs": [DRUG | {"in_agreement": False}]}
    )


def _negotiated_held(county: County) -> EntryRow:
    county.register("T", "negotiated_drug")
    return county.settled(med_type="special_drugs", marks={"drugs": [DRUG]})


def _dual_channel(county: County) -> EntryRow:
    county.register("T", "dual_channel")
    shop = county.counter.institution(5, "", "pharmacy")
    return county.settled(shop, med_type="pharmacy", marks={"drugs": [DUAL]})


def _two_diseases(county: County) -> EntryRow:
    county.register("M3", "two_diseases")
    return county.settled(med_type="two_diseases", disease="M3")


def _pharmacy(county: County) -> EntryRow:
    shop, writer = county.counter.institution(5, "", "pharmacy"), county.counter.institution(3, "3")
    marks = {"prescriptions": [{"prescriber": writer, "number": "R1", "serial": "1"}]}
    return county.settled(shop, med_type="pharmacy", marks=marks)


def _internet(county: County) -> EntryRow:
    parent = county.counter.institution(3, "3")
    return county.settled(county.counter.institution(4, "", parent=parent))


def _offsite(county: County) -> EntryRow:
    county.fact("offsite", "530100")
    return county.settled(county.counter.institution(7, region="530102"))


def _referred(county: County) -> EntryRow:
    there = county.counter.institution(2, "3")
    county.fact("selection", institution=county.here)
    county.fact("referral", there, sender=county.here)
    return county.settled(there)


def _gated(county: County) -> EntryRow:
    county.fact("stay", "1", "2024-06-01", institution="H", level="2")
    county.fact("injury", "1", third_party=True)
    return county.settled()


KINDS: list[tuple[str, Callable[[County], EntryRow]]] = [
    ("532300", _ordinary),
    ("532300", _chronic),
    ("532300", _special),
    ("532300", _rescue),
    ("532300", _negotiated),
    ("532300", _negotiated_held),
    ("430500", _dual_channel),
    ("510400", _two_diseases),
    ("532300", _pharmacy),
    ("430500", _internet),
    ("532300", _offsite),
    ("445300", _referred),
    ("430500", _gated),
    ("530900", _chronic),
    ("430500", _special),
]


@pytest.mark.parametrize(("area", "make"), KINDS, ids=[f"{a}{m.__name__}" for a, m in KINDS])
def test_where_nothing_changed_the_facts_are_those_it_was_settled_on(
    owner: Connection, gateway: Connection, area: str, make: Callable[[County], EntryRow]
) -> None:
    county = County(owner, gateway, area)
    entry = make(county)
    assert changed(entry, county.today(entry)) == {}


def _refused(county: County, entry: EntryRow) -> str:
    with pytest.raises(Refusal) as refused:
        county.today(entry)
    return refused.value.code


@pytest.mark.parametrize(
    ("area", "make"),
    [("532300", _chronic), ("510400", _two_diseases), ("430500", _dual_channel)],
)
def test_without_its_registration_there_is_no_such_bill_today(
    owner: Connection, gateway: Connection, area: str, make: Callable[[County], EntryRow]
) -> None:
    county = County(owner, gateway, area)
    entry = make(county)
    county.retire("registration")
    assert _refused(county, entry) == "registration_missing"


def test_a_negotiated_drug_needs_no_registration_today_either(
    owner: Connection, gateway: Connection
) -> None:
    county = County(owner, gateway, "532300")
    entry = _negotiated(county)
    county.register("T", "chronic")
    assert changed(entry, county.today(entry)) == {}


def test_a_negotiated_drug_is_paid_as_one_when_its_registration_falls_away(
    owner: Connection, gateway: Connection
) -> None:
    county = County(owner, gateway, "532300")
    entry = _negotiated_held(county)
    county.retire("registration")
    assert county.today(entry)["benefit"] == entry.settled.visit.benefit == "negotiated_drug"


def test_a_registration_turned_from_chronic_into_special_is_followed(
    owner: Connection, gateway: Connection
) -> None:
    county = County(owner, gateway, "532300")
    entry = _chronic(county)
    county.retire("registration")
    county.register("M9", "special", disease="m1", state="filed")
    assert _refused(county, entry) == "registration_missing", "filed, not approved"
    county.register("M8", "special", disease="m1", approval_date="2024-05-01")
    assert changed(entry, county.today(entry)) == {
        "approval_date": ("2024-03-01", "2024-05-01"),
        "benefit": ("chronic", "special"),
        "disease_count": ("2", ""),
    }


def test_another_disease_of_the_person_does_not_stand_for_that_of_the_bill(
    owner: Connection, gateway: Connection
) -> None:
    county = County(owner, gateway, "510400")
    entry = _two_diseases(county)
    county.retire("registration")
    county.register("M3", "chronic")
    assert _refused(county, entry) == "registration_missing", "another family of benefits"
    county.register("M4", "two_diseases")
    assert _refused(county, entry) == "registration_missing", "another disease"


def test_a_drug_keeps_its_benefit_whatever_the_registration_is_called_today(
    owner: Connection, gateway: Connection
) -> None:
    county = County(owner, gateway, "430500")
    entry = _dual_channel(county)
    county.retire("registration")
    county.register("T2", "negotiated_drug", approval_date="2024-02-02")
    assert changed(entry, county.today(entry)) == {
        "approval_date": ("2024-01-01", "2024-02-02"),
        "disease": ("t", "t2"),
    }


def test_levels_of_the_place_its_parent_and_the_prescriber_are_looked_up_again(
    owner: Connection, gateway: Connection
) -> None:
    county = County(owner, gateway, "532300")
    second = _ordinary(county)
    first = _pharmacy(county)
    county.retell(f"H{county.counter.area}00003", "level", level="1")
    county.retell(county.here, "level", level="2", parent=f"H{county.counter.area}00003")
    assert changed(first, county.today(first)) == {"prescriber_level": ("3", "1")}
    assert changed(second, county.today(second)) == {"parent_level": ("", "1")}
    shop = f"P{county.counter.area}00005"
    county.retell(shop, "agreement", designated_for=["ordinary"], qualified=False)
    assert changed(first, county.today(first)) == {
        "prescriber_level": ("3", "1"),
        "qualified": ("", "false"),
    }


def test_what_the_institution_said_stays(owner: Connection, gateway: Connection) -> None:
    county = County(owner, gateway, "430500")
    entry = county.settled(facts={"third_party": "true", "died": "true", "wellness": "true"})
    assert changed(entry, county.today(entry)) == {}
    county.fact("injury", "1", third_party=False)
    assert changed(entry, county.today(entry)) == {}


def test_what_the_registry_said_goes_with_the_fact(owner: Connection, gateway: Connection) -> None:
    # The facts were known when the bills were settled, by the clock of the test.
    owner.execute("alter table person_fact alter column learnt_at set default '2024-01-01'")
    county = County(owner, gateway, "430500")
    known = _gated(county)
    dead = _rescue(county)
    assert facts_of(known)["third_party"] == "true" and facts_of(dead)["died"] == "true"
    for kind in ("injury", "stay"):
        county.retire(kind)
    assert changed(known, county.today(known)) == {
        "inpatient": ("true", ""),
        "third_party": ("true", ""),
    }
    left = changed(dead, county.today(dead))
    assert left.pop("inpatient", None) in (None, ("true", ""))
    assert left.pop("third_party", None) in (None, ("true", ""))
    assert left == {"admitted": ("true", ""), "admission_level": ("3", ""), "died": ("true", "")}


def test_the_person_is_looked_up_on_the_day_of_service(
    owner: Connection, gateway: Connection
) -> None:
    county = County(owner, gateway, "532300")
    entry = _ordinary(county)
    county.retire("insured")
    assert _refused(county, entry) == "not_insured"
    county.counter.fact(county.person, "insured", "2024-06-06", status="active")
    assert _refused(county, entry) == "not_insured", "from the day after"
    county.counter.fact(
        county.person,
        "insured",
        "2024-01-01",
        "2024-06-06",
        status="retired",
        benefit_since="2024-06-06",
    )
    assert changed(entry, county.today(entry)) == {
        "in_benefit_period": ("", "false"),
        "status": ("active", "retired"),
    }


@pytest.mark.parametrize(
    ("area", "insured"), [("532301", True), ("532300", True), ("530900", False), ("430500", False)]
)
def test_who_is_insured_in_another_pooling_area_today_is_not_insured_in_that_of_the_bill(
    owner: Connection, gateway: Connection, area: str, insured: bool
) -> None:
    county = County(owner, gateway, "532300")
    entry = _ordinary(county)
    county.retire("insured")
    owner.execute(
        "insert into person_fact (person_id, area, kind, since, details)"
        " values (%s, %s, 'insured', '2024-01-01', %s)",
        [entry.person, area, Jsonb({"status": "active"})],
    )
    if insured:
        assert changed(entry, county.today(entry)) == {}
    else:
        assert _refused(county, entry) == "not_insured"


def test_an_institution_that_nobody_knows_is_refused(
    owner: Connection, gateway: Connection
) -> None:
    county = County(owner, gateway, "532300")
    entry = _ordinary(county)
    places = Places(gateway)
    assert places.at(county.here, date(2024, 6, 5)).level == "2"
    with pytest.raises(Refusal) as refused:
        places.at("H00000000000", date(2024, 6, 5))
    assert refused.value.code == "institution_unknown"
    assert entry.institution == county.here
