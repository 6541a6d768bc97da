"""The year again by every route, by hand: chronic, special, drugs, pharmacies, rescue and stays.

Each example settles what was known, learns something late, and names what the funds should have
paid more (below zero: less) and why; the law's figures are those of the counter's rules.
"""

from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb
from tests.platform.counter import NOW, OPERATOR, RULES, Counter, as_owner, one

from gongji.ledger.entry_rows import EntryRow
from gongji.ledger.verify import verify
from gongji.refusals import Refusal
from gongji.settlement.facts_today import Places
from gongji.settlement.readjudicate import FACTS, Change, readjudicate

Connection = psycopg.Connection[Any]
LEARNT = datetime(2024, 12, 20, 3, 0, tzinfo=UTC)


def settled(gateway: Connection, county: Counter, here: str, cost: int, **more: Any) -> EntryRow:
    """A bill of the first person on 5 March."""
    day = more.pop("day", "2024-03-05")
    outcome = one(gateway, county.bill(county.psn_no(1), here, day, cost, **more))
    assert outcome.refusal is None, outcome
    entry: EntryRow = outcome.entry
    return entry


def register(county: Counter, key: str, benefit: str, disease: str, **more: Any) -> None:
    details = {"benefit": benefit, "disease": disease} | more
    learn(county, "registration", key, details)


def learn(
    county: Counter, kind: str, key: str, details: dict[str, Any], since: str = "2020-01-01"
) -> None:
    """A fact of the first person, known before or after as the caller settles."""
    county.owner.execute(
        "insert into person_fact (person_id, area, kind, key, since, details, learnt_at)"
        " select %s, %s, %s, %s, %s, %s, coalesce(max(retired_at), '2024-01-01') from person_fact"
        " where kind = %s and key = %s",
        [
            county.persons[county.psn_no(1)],
            county.area,
            kind,
            key,
            since,
            Jsonb(details),
            kind,
            key,
        ],
    )


def retire(county: Counter, kind: str, key: str = "") -> None:
    """A fact of the first person turns out to have been wrong, after the settlements."""
    made = county.owner.execute(
        "update person_fact set retired_at = greatest(%s, learnt_at) where kind = %s and key = %s"
        " and person_id = %s and retired_at is null",
        [LEARNT, kind, key, county.persons[county.psn_no(1)]],
    )
    assert made.rowcount == 1


def again(gateway: Connection, area: str, **more: Any) -> list[Change]:
    with as_owner(gateway) as owner:
        return list(readjudicate(owner, area, more.pop("year", 2024), RULES, NOW, **more))


def corrected(gateway: Connection, area: str) -> Change:
    """The one change of a year, posted; a second run finds nothing, and the journal verifies."""
    (change,) = again(gateway, area, actor=OPERATOR)
    assert again(gateway, area) == [] == list(verify(gateway))
    return change


def nothing(gateway: Connection, area: str) -> None:
    assert again(gateway, area) == []


# Registrations.


def test_a_second_chronic_disease_learnt_late_raises_the_ceiling(
    owner: Connection, gateway: Connection
) -> None:
    county = Counter(owner, "532300")
    county.person(1)
    here = county.institution(1, "2")
    register(county, "M1", "chronic", "gout")
    # 楚政规〔2022〕2号 第十四条: (3000 - 300) x 85 % is 2,295; the ceiling is 2,000 for one disease
    # and 3,000 for two.
    entry = settled(gateway, county, here, 300_000, med_type="registered_disease", disease="M1")
    assert (
        entry.settlement.benefit,
        entry.settlement.deductible_fen,
        entry.settlement.pool_fen,
    ) == ("chronic", 30_000, 200_000)
    nothing(gateway, "532300")
    register(county, "M2", "chronic", "asthma", state="filed")
    nothing(gateway, "532300")
    register(county, "M3", "chronic", "asthma")
    change = corrected(gateway, "532300")
    assert (change.cause, change.net_fen) == (FACTS, 29_500)
    assert change.detail == "disease_count 1 → 2"


def test_a_registration_that_did_not_hold_leaves_the_bill_to_the_person(
    owner: Connection, gateway: Connection
) -> None:
    county = Counter(owner, "532300")
    county.person(1)
    register(county, "M1", "chronic", "gout")
    entry = settled(
        gateway,
        county,
        county.institution(1),
        130_000,
        first=500,
        own=700,
        above=900,
        med_type="registered_disease",
        disease="M1",
    )
    assert entry.settlement.pool_fen == 85_000
    retire(county, "registration", "M1")
    # Neither one for another disease nor one that was only filed stands for it.
    register(county, "M2", "chronic", "asthma")
    register(county, "M3", "chronic", "gout", state="filed")
    change = corrected(gateway, "532300")
    assert (change.cause, change.net_fen, change.receivable_fen) == (FACTS, -85_000, 85_000)
    assert "gout" in change.detail and change.again is None
    kept = {name: fen for name, fen in change.after.items() if fen}
    assert kept == {
        "in_scope_fen": 130_000,
        "first_self_pay_fen": 500,
        "wholly_own_fen": 700,
        "above_standard_fen": 900,
    }


def test_a_chronic_disease_that_proves_special_is_paid_from_the_other_benefit(
    owner: Connection, gateway: Connection
) -> None:
    county = Counter(owner, "510400")
    county.person(1, 0)
    register(county, "M1", "chronic", "lupus")
    # (1000 - 200) x 75 %; as special disease (1000 - 200) x 80 %.
    entry = settled(
        gateway, county, county.institution(1), 100_000, med_type="registered_disease", disease="M1"
    )
    assert (entry.settlement.benefit, entry.settlement.pool_fen) == ("chronic", 60_000)
    retire(county, "registration", "M1")
    register(county, "M1", "special", "lupus")
    change = corrected(gateway, "510400")
    assert change.net_fen == 4_000
    assert change.funds == {("pool", "chronic"): -60_000, ("pool", "special"): 64_000}
    moved = gateway.execute(
        "select debit, debit_owner || case debit when 'pool' then p.benefit else '' end,"
        " credit, credit_owner || case credit when 'pool' then p.benefit else '' end, amount_fen"
        " from posting p"
        " join entry e on e.id = p.entry where e.kind = 'adjustment' order by number"
    ).fetchall()
    person = str(county.persons[county.psn_no(1)])
    assert moved == [
        ("pool", "special", "payable", person, 64_000),
        ("payable", person, "pool", "chronic", 60_000),
    ]
    used = gateway.execute("select code, used_fen from meter_use where used_fen > 0 order by code")
    assert used.fetchall() == [("special_deductible", 20_000), ("special_paid", 64_000)]


def test_the_two_diseases_need_their_own_registration_in_the_year_again_too(
    owner: Connection, gateway: Connection
) -> None:
    county = Counter(owner, "510400")
    county.person(1, 0)
    register(county, "M1", "two_diseases", "diabetes")
    entry = settled(
        gateway, county, county.institution(1), 60_000, med_type="two_diseases", disease="M1"
    )
    assert (entry.settlement.benefit, entry.settlement.pool_fen) == ("two_diseases", 30_000)
    nothing(gateway, "510400")
    retire(county, "registration", "M1")
    register(county, "M1", "chronic", "diabetes")
    assert corrected(gateway, "510400").net_fen == -30_000


# Drugs.

NEGOTIATED = {
    "item": "X",
    "serial": "1",
    "negotiated": True,
    "dual_channel": False,
    "in_agreement": True,
}
DUAL = NEGOTIATED | {"dual_channel": True}


def test_a_negotiated_drug_keeps_its_payment_when_a_registration_it_did_not_need_falls(
    owner: Connection, gateway: Connection
) -> None:
    county = Counter(owner, "532300")
    county.person(1)
    here = county.institution(3, "3")
    register(county, "M1", "negotiated_drug", "cancer")
    # (2000 - 800) x 85 %.
    entry = settled(
        gateway, county, here, 200_000, med_type="special_drugs", marks={"drugs": [NEGOTIATED]}
    )
    assert (
        entry.settled.visit.facts["drug"],
        entry.settled.visit.facts["disease"],
        entry.settlement.pool_fen,
    ) == ("X", "cancer", 102_000)
    nothing(gateway, "532300")
    retire(county, "registration", "M1")
    nothing(gateway, "532300")
    # The same bill settled in that knowledge: the deductible of the drug was borne.
    later = settled(
        gateway, county, here, 200_000, med_type="special_drugs", marks={"drugs": [NEGOTIATED]}
    )
    assert later.settlement.pool_fen == 170_000 and "disease" not in later.settled.visit.facts
    nothing(gateway, "532300")


def test_a_drug_outside_its_agreement_stays_outside(owner: Connection, gateway: Connection) -> None:
    county = Counter(owner, "532300")
    county.person(1)
    outside = {"drugs": [NEGOTIATED | {"in_agreement": False}]}
    here = county.institution(3, "3")
    entry = settled(gateway, county, here, 200_000, med_type="special_drugs", marks=outside)
    assert (entry.decision.refusal, entry.settlement.pool_fen) == ("not_in_agreement", 0)
    nothing(gateway, "532300")


def test_a_dual_channel_drug_is_held_by_any_registration_for_drugs_but_by_one(
    owner: Connection, gateway: Connection
) -> None:
    county = Counter(owner, "430500")
    county.person(1)
    shop, writer = county.institution(5, "", "pharmacy"), county.institution(1, "2")
    register(county, "M1", "dual_channel", "cancer")
    marks = {
        "drugs": [DUAL],
        "prescriptions": [{"prescriber": writer, "number": "R1", "serial": "1"}],
    }
    entry = settled(gateway, county, shop, 100_000, med_type="pharmacy", marks=marks)
    # 60 % of 1,000, no deductible.
    assert (entry.settlement.benefit, entry.settlement.pool_fen) == ("dual_channel", 60_000)
    retire(county, "registration", "M1")
    register(county, "M2", "negotiated_drug", "lupus")
    nothing(gateway, "430500")
    retire(county, "registration", "M2")
    register(county, "M3", "chronic", "cancer")
    assert corrected(gateway, "430500").net_fen == -60_000


# Pharmacies and places.


def place_fact(owner: Connection, code: str, **level: Any) -> None:
    """The level of an institution turns out to have been another."""
    owner.execute(
        "update institution_fact set retired_at = now() where institution = %s and kind = 'level'",
        [code],
    )
    owner.execute(
        "insert into institution_fact (institution, kind, since, details, learnt_at)"
        " values (%s, 'level', '2020-01-01', %s, now())",
        [code, Jsonb({"parent": ""} | level)],
    )


def filled(
    gateway: Connection,
    county: Counter,
    shop: str,
    writer: str,
    number: str = "R1",
    dual: bool = False,
) -> EntryRow:
    marks: dict[str, Any] = {
        "prescriptions": [{"prescriber": writer, "number": number, "serial": "1"}]
    }
    if dual:
        drug = {"item": "A", "serial": "1", "negotiated": True, "dual_channel": True}
        marks["drugs"] = [drug | {"in_agreement": True}]
    return settled(gateway, county, shop, 100_000, med_type="pharmacy", marks=marks)


def test_a_pharmacy_is_paid_by_the_prescribers_level_as_it_is_known_today(
    owner: Connection, gateway: Connection
) -> None:
    county = Counter(owner, "430500")
    county.person(1)
    shop, writer = county.institution(5, "", "pharmacy"), county.institution(1, "1")
    entry = filled(gateway, county, shop, writer)
    # Level 1: 70 % without a deductible; level 3: (1000 - 100) x 60 %.
    assert (entry.settled.visit.facts["prescriber_level"], entry.settlement.pool_fen) == (1, 70_000)
    nothing(gateway, "430500")
    place_fact(owner, writer, level="3")
    change = corrected(gateway, "430500")
    assert (change.net_fen, change.detail) == (-16_000, "prescriber_level 1 → 3")


def test_an_internet_hospital_counts_by_the_level_of_the_physical_one_today(
    owner: Connection, gateway: Connection
) -> None:
    county = Counter(owner, "430500")
    county.person(1)
    body = county.institution(3, "3")
    online = county.institution(4, "1", parent=body)
    shop = county.institution(5, "", "pharmacy")
    assert settled(gateway, county, online, 100_000).settled.visit.facts["parent_level"] == 3
    assert filled(gateway, county, shop, online).settled.visit.facts["prescriber_level"] == 3
    nothing(gateway, "430500")
    place_fact(owner, body, level="1")
    first, second = again(gateway, "430500", actor=OPERATOR)
    # Both were (1000 - 100) x 60 %; both are 700.
    assert (first.net_fen, second.net_fen) == (16_000, 16_000)
    assert again(gateway, "430500") == []


def test_a_purchase_without_a_prescription_stays_unpaid(
    owner: Connection, gateway: Connection
) -> None:
    county = Counter(owner, "430500")
    county.person(1)
    shop = county.institution(5, "", "pharmacy")
    entry = settled(gateway, county, shop, 100_000, med_type="pharmacy")
    assert entry.decision.refusal == "no_prescription"
    # A prescription whose writer nobody named does not help.
    marks = {"prescriptions": [{"prescriber": "", "number": "R1", "serial": "1"}]}
    entry = settled(gateway, county, shop, 100_000, med_type="pharmacy", marks=marks)
    assert entry.decision.refusal == "no_prescription"
    nothing(gateway, "430500")


def test_a_pharmacy_is_filled_from_the_place_that_was_selected_in_truth(
    owner: Connection, gateway: Connection
) -> None:
    county = Counter(owner, "445300")
    county.person(1)
    shop, writer = county.institution(5, "", "pharmacy"), county.institution(1, "2")
    other = county.institution(2, "2")
    learn(county, "selection", "", {"institution": writer})
    # 云浮 第二十条（一）: what is bought outside is paid where it is a dual-channel drug.
    assert filled(gateway, county, shop, writer).settlement.pool_fen == 0
    held = {"benefit": "dual_channel", "disease": "t", "name": "t"}
    learn(county, "registration", "T", held)
    assert filled(gateway, county, shop, writer, "R2", dual=True).settlement.pool_fen == 55_000
    nothing(gateway, "445300")
    retire(county, "selection")
    learn(county, "selection", "", {"institution": other})
    change = corrected(gateway, "445300")
    assert change.net_fen == -55_000 and change.again is not None
    assert change.again.decision.refusal == "not_selected"


def test_an_institution_that_nobody_knows_is_refused(gateway: Connection) -> None:
    with pytest.raises(Refusal) as refused:
        Places(gateway).at("H00000000000", date(2024, 3, 5))
    assert refused.value.code == "institution_unknown"
