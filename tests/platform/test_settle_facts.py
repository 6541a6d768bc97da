"""Which facts decide a settlement, who pays in which order: on the real database."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import psycopg
import pytest
from tests.platform.counter import NOW, RULES, Counter, as_owner, one, refused, rows

from gongji.law.engine.areas import Areas
from gongji.ledger import meter_rows as ledger_meters
from gongji.refusals import Refusal
from gongji.settlement import decide_bill
from gongji.settlement.contract import Outcome, Request
from gongji.settlement.readjudicate import readjudicate
from gongji.settlement.replay import replay
from gongji.settlement.settle import settle
from gongji.units import day_of

Connection = psycopg.Connection[Any]


def _gate(
    counter: Counter, gateway: Connection, change: Callable[[Counter, str], dict[str, Any]]
) -> Outcome:
    person = counter.person(1)
    here = counter.institution(1)
    options = change(counter, person)
    here = options.pop("here", here)
    bill = counter.bill(person, here, options.pop("day", "2024-12-02"), 25_000, **options)
    return one(gateway, bill)


def _stay(counter: Counter, person: str) -> dict[str, Any]:
    counter.fact(person, "stay", "2024-12-01", key="1", institution="H", level="2")
    return {}


def _injury(counter: Counter, person: str) -> dict[str, Any]:
    counter.fact(person, "injury", "2024-12-01", key="1", third_party=True)
    return {}


def _undesignated(counter: Counter, person: str) -> dict[str, Any]:
    return {"here": counter.institution(7, agreement=False)}


def _told(counter: Counter, person: str) -> dict[str, Any]:
    return {"facts": {"third_party": "true"}}


def _arrears(counter: Counter, person: str) -> dict[str, Any]:
    counter.owner.execute("update person_fact set retired_at = now() where kind = 'insured'")
    counter.fact(person, "insured", "2020-01-01", status="active", arrears=True)
    return {}


def _pharmacy(counter: Counter, person: str) -> dict[str, Any]:
    return {"here": counter.institution(8, "", "pharmacy"), "med_type": "pharmacy"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_stay, "inpatient_stay"),
        (_injury, "third_party"),
        (_told, "third_party"),
        (_undesignated, "not_designated"),
        (_arrears, "outside_benefit_period"),
        (_pharmacy, "no_prescription"),
    ],
)
def test_a_gate_leaves_the_bill_to_the_person_and_says_why(
    counter: Counter, gateway: Connection, change: Callable[..., Any], code: str
) -> None:
    outcome = _gate(counter, gateway, change)
    entry = outcome.entry
    assert (entry.settlement.pool_fen, entry.settlement.cash_fen) == (0, 25_000)
    assert entry.decision.refusal == code
    assert "〔" in entry.decision.reasons[0] and entry.meters == ()


def test_status_and_level_are_those_of_the_day(counter: Counter, gateway: Connection) -> None:
    person = counter.person(1)
    counter.owner.execute("update person_fact set retired_at = now() where kind = 'insured'")
    counter.fact(person, "insured", "2020-01-01", "2024-07-01", status="active")
    counter.fact(person, "insured", "2024-07-01", status="retired")
    here = counter.institution(1)
    before, after = (
        one(gateway, counter.bill(person, here, day, 25_000))
        for day in ("2024-06-30", "2024-07-01")
    )
    assert (
        before.entry.settled.visit.facts["status"],
        after.entry.settled.visit.facts["status"],
    ) == ("active", "retired")


def test_an_internet_hospital_counts_by_the_level_of_its_parent(
    counter: Counter, gateway: Connection
) -> None:
    person, parent = counter.person(1), counter.institution(3, "3")
    here = counter.institution(1, "", parent=parent)
    entry = one(gateway, counter.bill(person, here, "2024-12-02", 25_000)).entry
    assert [code for code, *_ in entry.meters if "level" in code] == ["level_deductible.3"]


def test_yunfu_pays_at_the_selected_institution_or_after_a_referral(
    owner: Connection, gateway: Connection
) -> None:
    counter = Counter(owner, "445300")
    person, here, there = counter.person(1), counter.institution(1), counter.institution(2)
    counter.fact(person, "selection", "2024-01-01", institution=here)
    counter.fact(person, "referral", "2024-06-01", "2024-07-01", key=there, sender=here)
    days = [(here, "2024-05-05"), (there, "2024-05-05"), (there, "2024-06-05")]
    outcomes = [one(gateway, counter.bill(person, at, day, 25_000)) for at, day in days]
    assert [(o.entry.decision.refusal or None) for o in outcomes] == [None, "not_selected", None]


def test_off_site_care_needs_a_filing_for_the_region(
    owner: Connection, gateway: Connection
) -> None:
    counter = Counter(owner, "532300")
    person, there = counter.person(1), counter.institution(1, region="530102")
    counter.fact(person, "offsite", "2024-06-01", key="530100")
    county = counter.institution(2, region="532301")
    days = [(there, "2024-05-05"), (there, "2024-06-05"), (county, "2024-05-05")]
    outcomes = [one(gateway, counter.bill(person, at, day, 25_000)) for at, day in days]
    assert [(o.entry.decision.refusal or None) for o in outcomes] == ["offsite_unfiled", None, None]


def test_chronic_and_special_care_is_by_the_registration_of_the_disease(
    owner: Connection, gateway: Connection
) -> None:
    counter = Counter(owner, "532300")
    person, here = counter.person(1), counter.institution(1)
    for key, benefit, disease in (
        ("M1", "chronic", "hypertension"),
        ("M2", "chronic", "diabetes"),
        ("M3", "special", "renal_failure"),
    ):
        counter.fact(
            person,
            "registration",
            "2023-05-05",
            key=key,
            benefit=benefit,
            disease=disease,
            name=disease,
        )
    counter.fact(
        person,
        "registration",
        "2023-05-05",
        key="M4",
        benefit="chronic",
        disease="x",
        name="x",
        state="filed",
    )

    def settled(disease: str) -> Outcome:
        return one(
            gateway,
            counter.bill(
                person, here, "2024-06-05", 900_000, disease=disease, med_type="registered_disease"
            ),
        )

    chronic, special = settled("M1"), settled("M3")
    assert (
        chronic.entry.settlement.benefit == "chronic"
        and chronic.entry.settled.visit.facts["disease_count"] == 2
    )
    assert chronic.entry.settlement.pool_fen == 300_000, (
        "2000 for one disease and 1000 for the other"
    )
    assert (
        special.entry.settlement.benefit == "special"
        and special.entry.settlement.deductible_fen == 0
    )
    assert refused(settled("M4")) == "registration_missing", "filed, not approved"
    assert refused(settled("M9")) == "registration_missing"


def _drug(serial: str, item: str, dual: bool = False, agreed: bool = True) -> dict[str, Any]:
    return {
        "item": item,
        "serial": serial,
        "negotiated": True,
        "dual_channel": dual,
        "in_agreement": agreed,
    }


def test_negotiated_drugs_have_a_deductible_for_each_drug(
    owner: Connection, gateway: Connection
) -> None:
    counter = Counter(owner, "532300")
    person, here = counter.person(1), counter.institution(1)

    def settled(*drugs: dict[str, Any]) -> Outcome:
        return one(
            gateway,
            counter.bill(
                person,
                here,
                "2024-06-05",
                180_000,
                first=20_000,
                marks={"drugs": list(drugs)},
                med_type="special_drugs",
            ),
        )

    first, again, other = (
        settled(_drug("1", "A")),
        settled(_drug("1", "A")),
        settled(_drug("1", "B")),
    )
    assert [o.entry.settlement.deductible_fen for o in (first, again, other)] == [80_000, 0, 80_000]
    late = settled(_drug("1", "A", agreed=False))
    assert late.entry.decision.refusal == "not_in_agreement"
    assert refused(settled()) == "drugs_missing"
    bill = counter.bill(
        person,
        here,
        "2024-06-05",
        10,
        med_type="special_drugs",
        marks={"drugs": [_drug("1", "A"), _drug("2", "B")]},
    )
    owner.execute(
        "insert into fee_line (batch_id, serial, item, quantity_e4, price_micro,"
        " amount_fen, above_standard_fen, wholly_own_fen, first_self_pay_fen,"
        " in_scope_fen, details) select max(id), '2', 'B', 10000, 0, 0, 0, 0, 0, 0, '{}'"
        " from charge_batch"
    )
    assert refused(one(gateway, bill)) == "drugs_mixed"


def test_dual_channel_drugs_go_on_during_a_stay(counter: Counter, gateway: Connection) -> None:
    person, shop = counter.person(1), counter.institution(5, "", "pharmacy")
    writer = counter.institution(1, "3")
    counter.fact(person, "stay", "2024-12-01", key="1", institution="H", level="2")
    counter.fact(
        person, "registration", "2024-01-01", key="T", benefit="dual_channel", disease="t", name="t"
    )
    marks: dict[str, Any] = {"drugs": [_drug("1", "A", dual=True)]}
    bare = counter.bill(person, shop, "2024-12-02", 10_000, med_type="pharmacy", marks=marks)
    assert one(gateway, bare).entry.decision.refusal == "no_prescription"
    marks["prescriptions"] = [{"prescriber": writer, "number": "R1", "serial": "1"}]
    bill = counter.bill(person, shop, "2024-12-02", 10_000, med_type="pharmacy", marks=marks)
    entry = one(gateway, bill).entry
    assert (entry.settlement.benefit, entry.settlement.pool_fen) == ("dual_channel", 6000)


def test_a_pharmacy_pays_by_the_level_of_the_prescriber_and_a_prescription_serves_once(
    owner: Connection, gateway: Connection
) -> None:
    counter = Counter(owner, "532300")
    person, shop = counter.person(1), counter.institution(5, "", "pharmacy")
    writer, other = counter.institution(1, "3"), counter.institution(2, "1")

    def bill(*written: tuple[str, str]) -> Request:
        marks = {
            "prescriptions": [{"prescriber": p, "number": n, "serial": "1"} for p, n in written]
        }
        return counter.bill(person, shop, "2024-06-05", 19_000, med_type="pharmacy", marks=marks)

    first, twin = settle(gateway, [bill((writer, "R1")), bill((writer, "R1"))], RULES, NOW)
    assert first.entry.settlement.pool_fen == 5000, "(190 - 90) × 50 %"
    assert refused(twin) == "prescription_used"
    assert refused(one(gateway, bill((writer, "R1")))) == "prescription_used"
    assert refused(one(gateway, bill((writer, "R2"), (other, "R3")))) == "prescribers_mixed"
    assert refused(one(gateway, bill(("H53230099999", "R4")))) == "institution_unknown"


def test_an_emergency_that_turned_inpatient_joins_the_stay(
    counter: Counter, gateway: Connection
) -> None:
    person, here = counter.person(1), counter.institution(1)
    alone = one(gateway, counter.bill(person, here, "2024-12-01", 25_000, med_type="rescue"))
    assert alone.entry.settlement.benefit == "ordinary", "other emergencies: ordinary"
    counter.fact(
        person, "stay", "2024-12-10", key="1", institution=here, level="2", from_emergency=True
    )
    joined = one(gateway, counter.bill(person, here, "2024-12-08", 25_000, med_type="rescue"))
    assert joined.entry.decision.refusal == "joins_inpatient"
    early = one(gateway, counter.bill(person, here, "2024-12-05", 25_000, med_type="rescue"))
    assert not early.entry.decision.refusal, "more than 72 hours before"
    dead = one(
        gateway,
        counter.bill(
            person, here, "2024-12-03", 100_000, med_type="rescue", facts={"died": "true"}
        ),
    )
    assert dead.entry.settlement.pool_fen == 32_000, "(1000 - 600) × 80 %, as inpatient"


def test_chuxiong_counts_the_admitting_hospitals_deductible(
    owner: Connection, gateway: Connection
) -> None:
    counter = Counter(owner, "532300")
    person, here = counter.person(1), counter.institution(1, "2")
    counter.fact(
        person, "stay", "2024-06-06", key="1", institution=here, level="3", from_emergency=True
    )
    entry = one(gateway, counter.bill(person, here, "2024-06-05", 180_000, med_type="rescue")).entry
    assert (
        entry.settled.visit.facts["admission_level"] == 3
        and entry.settlement.benefit == "emergency"
    )
    assert entry.settlement.deductible_fen == 80_000


def test_a_bill_that_mixes_benefits_which_must_be_apart_is_refused_naming_the_lines(
    owner: Connection, gateway: Connection
) -> None:
    counter = Counter(owner, "445300")
    person, here = counter.person(1), counter.institution(1)
    counter.fact(person, "selection", "2024-01-01", institution=here)
    mixed = counter.bill(
        person, here, "2024-06-05", 100, marks={"benefits": {"special": ["3", "4"]}}
    )
    outcome = one(gateway, mixed)
    assert refused(outcome) == "benefits_mixed"
    assert "明细 3、4" in str(outcome.refusal) and "第十九条" in str(outcome.refusal)


# Accounts.


def test_accounts_pay_only_the_burden_inside_the_policy_where_the_area_says_so(
    owner: Connection, gateway: Connection
) -> None:
    for area in ("532300", "430500"):
        counter = Counter(owner, area)
        person, here = counter.person(1, 1_000_000), counter.institution(1, "3")
        bill = counter.bill(
            person, here, "2024-06-05", 43_000, first=1000, own=3000, above=2000, accounts="own"
        )
        entry = one(gateway, bill).entry
        inside = 44_000 - entry.settlement.pool_fen
        outside = 0 if area == "532300" else 5000
        assert entry.settlement.account_fen == inside + outside
        assert entry.settlement.cash_fen == 5000 - outside
        assert bool(entry.decision.reasons) == (area == "532300")


def _family(counter: Counter) -> tuple[str, list[str]]:
    person = counter.person(1, 1000)
    owners = [counter.person(n, fen) for n, fen in ((2, 2000), (3, 50_000), (4, 50_000))]
    for order, (owner, relation) in enumerate(
        zip(owners, ("spouse", "close_relative", "child"), strict=True), start=1
    ):
        counter.fact(
            person,
            "bond",
            "2024-01-01",
            key=owner,
            order=order,
            relation=relation,
            consented_on="2024-01-01",
        )
    return person, owners


def test_family_accounts_pay_in_their_order_after_the_own_one(
    owner: Connection, gateway: Connection
) -> None:
    counter = Counter(owner, "430500")
    person, owners = _family(counter)
    here = counter.institution(1)
    entry = one(gateway, counter.bill(person, here, "2024-12-02", 8000, accounts="family")).entry
    # 80 - 50 = 30, 60 % = 18: the person bears 62; 10 own, 20 the spouse, 32 the child. Close
    # relatives may not be paid for in Shaoyang (第十二条).
    assert (
        entry.settlement.account_fen,
        entry.settlement.family_fen,
        entry.settlement.cash_fen,
    ) == (1000, 5200, 0)
    balances = dict(rows(gateway, "select person, amount_fen from balance"))
    assert [balances[counter.persons[o]] for o in owners] == [0, 50_000, 46_800]
    assert entry.decision.reasons, "why the relative's account did not pay"


def test_flags_of_the_request_decide_which_accounts_pay(
    owner: Connection, gateway: Connection
) -> None:
    counter = Counter(owner, "430500")
    person, _ = _family(counter)
    here = counter.institution(1)
    for accounts, expected in (("none", (0, 0)), ("own", (1000, 0))):
        bill = counter.bill(person, here, "2024-12-02", 8000, accounts=accounts, trial=True)
        entry = one(gateway, bill).entry
        assert (entry.settlement.account_fen, entry.settlement.family_fen) == expected


def test_a_bond_pays_what_it_stands_for_on_the_day_and_when_it_is_settled(
    owner: Connection, gateway: Connection
) -> None:
    counter = Counter(owner, "430500")
    person, other = counter.person(1, 0), counter.person(2, 9000)
    counter.fact(
        person,
        "bond",
        "2024-01-01",
        "2024-12-02",
        key=other,
        order=1,
        relation="spouse",
        consented_on="2024-11-01",
    )
    here = counter.institution(1)

    def paid(day: str, now: str) -> int:
        bill = counter.bill(person, here, day, 3000, accounts="family")
        settled = one(gateway, bill, now=datetime.fromisoformat(f"{now} 12:00+08:00"))
        return int(settled.entry.settlement.family_fen)

    assert paid("2024-10-31", "2024-11-30") == 0, "agreed to later"
    assert paid("2024-11-01", "2024-12-01") == 3000
    assert paid("2024-12-01", "2024-12-02") == 0, "ended when it is settled, though not on the day"
    assert paid("2024-12-02", "2024-12-02") == 0


def test_redo_is_given_meters_as_rows(counter: Counter, gateway: Connection) -> None:
    person, here = counter.person(1), counter.institution(1)
    area = RULES.area("430500")
    entry = one(gateway, counter.bill(person, here, "2024-12-02", 25_000)).entry
    again = ledger_meters.load(area, [("年:2024", "", "year_deductible", 30_000)])
    assert decide_bill.redo(entry, again, RULES).settlement.deductible_fen == 0
    assert entry.settlement.law_hash == RULES.law_hash("430500", day_of(entry.service_date))


def test_a_settlement_is_not_explained_by_other_law_than_its_own(
    counter: Counter, gateway: Connection
) -> None:
    person, here = counter.person(1), counter.institution(1)
    entry = one(gateway, counter.bill(person, here, "2024-12-02", 25_000)).entry
    other = Areas(parameters={"430500": {"disease_ceiling": "4000"}})
    with pytest.raises(Refusal) as refusal:
        decide_bill.explanation(entry, other)
    assert refusal.value.code == "law_changed"


@pytest.mark.parametrize(
    ("area", "spell", "retired"),
    [
        ("430500", {}, True),
        ("430500", {"retired_month": "2024-05"}, True),
        ("430500", {"retired_month": "2024-06"}, False),
        # 云浮 第九条（二）: retired, and the years complete.
        ("445300", {"retired_month": "2023-05", "years_complete_month": "2024-05"}, True),
        ("445300", {"retired_month": "2024-05", "years_complete_month": "2024-06"}, False),
        ("532300", {"retired_month": "2024-06"}, False),
    ],
)
def test_retiree_treatment_begins_in_the_month_that_the_law_says(
    owner: Connection, gateway: Connection, area: str, spell: dict[str, str], retired: bool
) -> None:
    """A visit in June 2024 of a person who was registered as retired."""
    county = Counter(owner, area)
    person, here = county.person(1, status="retired", **spell), county.institution(1, "1")
    county.fact(person, "selection", "2020-01-01", institution=here)
    entry = one(gateway, county.bill(person, here, "2024-06-20", 100_000)).entry
    told = entry.settled.visit.facts
    assert told["status"] == ("retired" if retired else "active")
    assert ("retirement_waits" in told) is not retired
    with as_owner(gateway) as connection:
        assert list(readjudicate(connection, area, 2024, RULES, NOW)) == []
    assert list(replay(gateway, RULES)) == []
