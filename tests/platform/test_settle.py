"""Settlements on the real database: what is written, which facts decide, what is refused."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from tests.platform.counter import AREAS, NOW, RULES, Counter

from gongji.errors import Refusal
from gongji.ledger import meters as ledger_meters
from gongji.ledger.meters import load
from gongji.ledger.rows import COLUMNS, read_entry
from gongji.settlement import decide
from gongji.settlement.contract import Outcome, Request
from gongji.settlement.rules import Rules
from gongji.settlement.settle import Bounds, settle
from gongji.units import day_of, parse_day
from gongji.visit.facts import read_visit
from gongji.visit.meters import Meters
from gongji.visit.settle import settle as engine

Connection = psycopg.Connection[Any]


@pytest.fixture
def counter(owner: Connection) -> Counter:
    """An empty county of Shaoyang."""
    return Counter(owner)


def encode(request: Request, outcome: Outcome) -> bytes:
    """A reply as the door might write it."""
    if outcome.refusal:
        return f"refused {outcome.refusal.code}".encode()
    return f"settled {outcome.entry.id} {outcome.entry.pool_fen}".encode()


def one(connection: Connection, request: Request, **options: Any) -> Outcome:
    """The outcome of one request."""
    (outcome,) = settle(connection, [request], RULES, options.pop("now", NOW), **options)
    return outcome


def refused(outcome: Outcome) -> str:
    """The code of the refusal."""
    assert outcome.refusal is not None, outcome
    return outcome.refusal.code


def rows(connection: Connection, statement: str, *values: Any) -> list[Any]:
    """Rows of a query."""
    return connection.execute(statement, values).fetchall()


def test_a_settlement_writes_entry_postings_meters_balance_lines_and_message(
    counter: Counter, door: Connection
) -> None:
    person, here = counter.person(1, 10_000), counter.institution(1)
    bill = counter.bill(person, here, "2024-12-02", 25_000, first=1000, own=4000, accounts="own")
    outcome = one(door, bill, encode=encode)
    entry = outcome.entry
    # 邵阳 2023-06-01: (250 - 50) × 60 % = 120
    assert (entry.total_fen, entry.pool_fen, entry.deductible_fen) == (30_000, 12_000, 5000)
    assert (entry.account_fen, entry.cash_fen, outcome.balance_fen) == (10_000, 8000, 0)
    assert outcome.limits == {"pool": 150_000}
    (stored,) = rows(door, f"select {', '.join(COLUMNS)} from entry")
    assert {name: getattr(read_entry(stored), name) for name in COLUMNS} == {
        name: getattr(entry, name) for name in COLUMNS
    } | {"settled_at": NOW, "result": read_entry(stored).result}
    number = counter.persons[person]
    columns = "debit, debit_owner, credit, credit_owner, amount_fen"
    assert sorted(rows(door, f"select {columns} from posting")) == [
        ("provider", here, "account", str(number), 10_000),
        ("provider", here, "cash", here, 8000),
        ("provider", here, "pool", "ordinary", 12_000),
    ]  # fmt: skip
    assert rows(door, "select amount_fen from balance") == [(0,)]
    assert sorted(rows(door, "select period, slot, code, used_fen from meter_use")) == sorted(
        [
            ("次:2024", str(bill.visit), "visit_deductible", 5000),
            ("年:2024", "", "level_deductible.2", 5000),
            ("年:2024", "", "year_deductible", 5000),
            ("年:2024", "", "ordinary_paid", 12_000),
        ]
    )
    assert rows(door, "select settled_by from charge_batch") == [(entry.id,)]
    assert rows(door, "select infno, state, reply, entry from message") == [
        ("2207", "done", encode(bill, outcome), entry.id)
    ]
    assert entry.result["steps"][0][6], "every layer names its article"


def test_the_number_of_statements_is_the_same_for_one_bill_and_for_forty(
    counter: Counter, door: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = counter.institution(1)
    bills = [
        counter.bill(counter.person(n, 9000), here, "2024-12-02", 20_000 + n, accounts="own")
        for n in range(41)
    ]
    seen: list[str] = []
    execute = psycopg.Connection.execute

    def counted(self: Any, query: Any, *rest: Any, **options: Any) -> Any:
        seen.append(str(query)[:40])
        return execute(self, query, *rest, **options)

    monkeypatch.setattr(psycopg.Connection, "execute", counted)
    settle(door, bills[:1], RULES, NOW)
    alone = list(seen)
    seen.clear()
    assert all(outcome.entry for outcome in settle(door, bills[1:], RULES, NOW))
    assert seen == alone


@pytest.mark.parametrize("area", AREAS)
def test_random_histories_are_settled_as_the_engine_settles_them(
    owner: Connection, door: Connection, area: str
) -> None:
    """Against `gongji.visit.settle` on rows written here from what the test made up."""
    draw = random.Random(f"histories {area}")
    counter = Counter(owner, area)
    levels = ("1", "2", "3")
    hospitals = {level: counter.institution(int(level), level) for level in levels}
    bills: list[tuple[Request, dict[str, str]]] = []
    persons = []
    for number in range(8):
        status = draw.choice(["active", "retired"])
        birth = f"{draw.randrange(1940, 1990)}-06-15"
        psn_no = counter.person(number, draw.randrange(0, 200_000), status=status)
        counter.fact(psn_no, "birth", "1990-01-01", birth_date=birth)
        chosen = draw.choice(levels)
        counter.fact(psn_no, "selection", "2024-01-01", institution=hospitals[chosen])
        persons.append((psn_no, {"status": status, "birth_date": birth, "chosen": chosen}))
    for _ in range(60):
        psn_no, known = draw.choice(persons)
        level = draw.choice(levels)
        day = f"2024-{draw.randrange(1, 13):02d}-{draw.randrange(1, 29):02d}"
        cost = draw.choice([draw.randrange(100, 30_000), draw.randrange(100, 900_000)])
        extra = draw.randrange(0, 5000)
        kind, benefit = draw.choice([("11", "ordinary"), ("12", "ordinary"), ("13", "ordinary")])
        bill = counter.bill(
            psn_no, hospitals[level], day, cost, first=extra, accounts="own", med_type=kind
        )
        row = {
            "status": known["status"], "birth_date": known["birth_date"],
            "date": day, "level": level, "benefit": benefit, "visit": str(bill.visit),
            "total_fen": str(cost + extra), "in_scope_fen": str(cost),
            "institution": hospitals[level],
            "selected": "true" if level == known["chosen"] else "false",
        }  # fmt: skip
        bills.append((bill, row))
    home = RULES.area(area)
    mine: dict[str, Meters] = {}
    left = list(bills)
    now = NOW + timedelta(days=8)
    while left:
        size = draw.randrange(1, 12)
        part, left = left[:size], left[size:]
        outcomes = settle(door, [bill for bill, _ in part], RULES, now, Bounds(days_back=400))
        for (bill, row), outcome in zip(part, outcomes, strict=True):
            assert outcome.entry, outcome
            visit = read_visit(row, home.law(parse_day(row["date"])))
            used = mine.setdefault(bill.psn_no, load(home, []))
            expected = engine(home, visit, used)
            entry = outcome.entry
            assert entry.pool_fen == expected.pool_fen
            assert entry.supplements_fen == expected.supplements_fen
            assert entry.deductible_fen == expected.deductible_fen
            paid = entry.account_fen + entry.family_fen + entry.cash_fen
            assert entry.pool_fen + entry.supplements_fen + paid == entry.total_fen
    kept = rows(door, "select person_id, period, slot, code, used_fen from meter_use")
    for psn_no, used in mine.items():
        ours = [row[1:] for row in kept if row[0] == counter.persons[psn_no]]
        blocks = {key: block for key, block in load(home, ours).blocks.items() if any(block)}
        assert blocks == {key: block for key, block in used.blocks.items() if any(block)}
    (money,) = rows(
        door, "select sum(amount_fen) filter (where credit = 'pool'), sum(amount_fen) from posting"
    )
    (sums,) = rows(door, "select sum(pool_fen), sum(total_fen) from entry")
    assert money == sums and money[0] > 0


def test_a_stored_settlement_gives_the_same_again(counter: Counter, door: Connection) -> None:
    person, here = counter.person(1, 10_000), counter.institution(1)
    area = RULES.area("430500")
    used = load(area, [])
    for day in ("2024-03-01", "2024-05-01"):
        one(door, counter.bill(person, here, day, 200_000, own=700, accounts="own"))
    for row in rows(door, f"select {', '.join(COLUMNS)} from entry order by id"):
        entry = read_entry(row)
        again = decide.redo(entry, used, RULES)
        for name in COLUMNS:
            if name not in ("facts", "result"):
                assert getattr(again, name) == getattr(entry, name), name
        said = decide.explanation(entry, RULES)
        assert said.result.pool_fen == entry.pool_fen


def test_a_trial_writes_nothing_and_gives_the_amounts_of_the_settlement(
    counter: Counter, door: Connection
) -> None:
    person, here = counter.person(1, 10_000), counter.institution(1)
    bill = counter.bill(person, here, "2024-12-02", 25_000, own=4000, accounts="own")
    trial = replace(bill, trial=True)
    before, real, after = settle(door, [trial, bill, trial], RULES, NOW)
    assert before.entry.id is None and real.entry.id is not None
    for name in COLUMNS:
        if name != "id":
            assert getattr(before.entry, name) == getattr(real.entry, name), name
    assert before.balance_fen == real.balance_fen
    assert refused(after) == "batch_settled_already"
    assert rows(door, "select count(*) from entry") == [(1,)]
    assert rows(door, "select count(*) from message") == [(1,)]


def test_a_trial_between_two_bills_disturbs_neither(counter: Counter, door: Connection) -> None:
    person, here = counter.person(1, 10_000), counter.institution(1)
    first, second, third = (
        counter.bill(person, here, "2024-12-02", 15_000, accounts="own") for _ in range(3)
    )
    a, b, c = settle(door, [first, replace(second, trial=True), third], RULES, NOW)
    assert [b.entry.pool_fen, b.entry.account_fen] == [c.entry.pool_fen, c.entry.account_fen]
    assert a.entry.deductible_fen + c.entry.deductible_fen == 10_000
    assert rows(door, "select sum(used_fen) from meter_use where code = 'year_deductible'") == [
        (10_000,)
    ]


def test_the_same_message_again_gets_the_same_answer(counter: Counter, door: Connection) -> None:
    person, here = counter.person(1), counter.institution(1)
    bill = counter.bill(person, here, "2024-12-02", 25_000)
    first, twin = settle(door, [bill, bill], RULES, NOW, encode=encode)
    assert twin.replayed == encode(bill, first)
    assert one(door, bill, encode=encode).replayed == encode(bill, first)
    assert rows(door, "select count(*) from entry") == [(1,)]


def test_the_same_message_with_other_content_is_refused_naming_what_differs(
    counter: Counter, door: Connection
) -> None:
    person, here = counter.person(1), counter.institution(1)
    bill = counter.bill(person, here, "2024-12-02", 25_000)
    content = bill.key.content | {"medfee_sumamt": "1"}
    other = replace(bill, key=counter.key(here, "2207", content, bill.key.msgid))
    first, within = settle(door, [bill, other], RULES, NOW, encode=encode)
    assert first.entry and refused(within) == "message_differs"
    later = one(door, other, encode=encode)
    assert refused(later) == "message_differs" and "medfee_sumamt" in str(later.refusal)


def test_a_refusal_is_kept_and_repeated_too(counter: Counter, door: Connection) -> None:
    person, here = counter.person(1), counter.institution(1)
    bill = replace(counter.bill(person, here, "2024-12-02", 25_000), total_fen=1)
    assert refused(one(door, bill, encode=encode)) == "total_differs"
    assert one(door, bill, encode=encode).replayed == b"refused total_differs"
    assert rows(door, "select count(*) from entry") == [(0,)]


def _wrong(counter: Counter, here: str, case: str) -> Request:
    person = counter.person(1)
    bill = counter.bill(person, here, "2024-12-02", 25_000)
    if case == "person_unknown":
        return replace(bill, psn_no=counter.psn_no(99))
    if case == "visit_unknown":
        return replace(bill, psn_no=counter.person(2))
    if case == "batch_unknown":
        return replace(bill, batch="2")
    if case == "visit_withdrawn":
        counter.owner.execute("update visit set withdrawn_at = now()")
        return bill
    if case == "total_differs":
        return replace(bill, total_fen=24_999)
    if case == "med_type_unsupported":
        return replace(bill, med_type="21")
    if case == "registration_missing":
        return replace(bill, med_type="14")
    if case == "field_unknown":
        return replace(bill, facts={"level": "1"})
    if case == "benefit_not_offered":
        return replace(bill, med_type="9901")
    if case == "drugs_missing":
        counter.fact(person, "registration", "2024-01-01", key="T", benefit="dual_channel",
                     disease="t", name="t")  # fmt: skip
        return replace(bill, med_type="18")
    if case == "not_insured":
        return counter.bill(counter.person(3, since="2024-12-03"), here, "2024-12-02", 1)
    if case == "service_day_outside":
        return counter.bill(person, here, "2023-11-15", 1)
    assert case == "period_closed"
    counter.owner.execute("insert into closed_period (area, month) values ('430500', '2024-12-01')")
    return bill


@pytest.mark.parametrize(
    "case",
    [
        "person_unknown", "visit_unknown", "visit_withdrawn", "batch_unknown", "total_differs",
        "med_type_unsupported", "registration_missing", "field_unknown", "benefit_not_offered",
        "drugs_missing", "not_insured", "service_day_outside", "period_closed",
    ],
)  # fmt: skip
def test_what_cannot_be_settled_is_refused_and_leaves_no_trace(
    counter: Counter, door: Connection, case: str
) -> None:
    here = counter.institution(1)
    wrong = _wrong(counter, here, case)
    good = None
    if case != "period_closed":
        good = counter.bill(counter.person(9), here, "2024-12-02", 25_000)
    outcomes = settle(door, [wrong, good] if good else [wrong], RULES, NOW)
    assert refused(outcomes[0]) == case
    assert "{" not in str(outcomes[0].refusal)
    assert len(outcomes) == 1 or outcomes[1].entry, "the others are settled"
    (count,) = rows(door, "select count(*) from entry")[0]
    assert count == len(outcomes) - 1


def test_an_institution_settles_only_its_own_visits(counter: Counter, door: Connection) -> None:
    person, here, there = counter.person(1), counter.institution(1), counter.institution(2)
    bill = counter.bill(person, here, "2024-12-02", 25_000)
    other = replace(bill, key=counter.key(there, "2207", bill.key.content))
    assert refused(one(door, other)) == "visit_unknown"


def test_a_period_that_closes_meanwhile_refuses_the_bill(
    counter: Counter, door: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, here = counter.person(1), counter.institution(1)
    bill = counter.bill(person, here, "2024-12-02", 25_000)
    from gongji.settlement import settle as module

    read = module.read_around

    def closing(connection: Connection, wanted: Any) -> Any:
        counter.owner.execute(
            "insert into closed_period (area, month) values ('430500', '2024-12-01')"
            " on conflict do nothing"
        )
        return read(connection, wanted)

    monkeypatch.setattr(module, "read_around", closing)
    assert refused(one(door, bill)) == "period_closed"


def test_wrong_class_totals_only_warn(counter: Counter, door: Connection) -> None:
    person, here = counter.person(1), counter.institution(1)
    bill = counter.bill(person, here, "2024-12-02", 25_000, own=100, declared=(0, 0, 0, 25_100))
    outcome = one(door, bill)
    assert outcome.entry and len(outcome.warnings) == 2
    assert "全自费" in outcome.warnings[0]


# Facts at the date of service.


def _gate(
    counter: Counter, door: Connection, change: Callable[[Counter, str], dict[str, Any]]
) -> Outcome:
    person = counter.person(1)
    here = counter.institution(1)
    options = change(counter, person)
    here = options.pop("here", here)
    bill = counter.bill(person, here, options.pop("day", "2024-12-02"), 25_000, **options)
    return one(door, bill)


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
    return {"here": counter.institution(8, "", "pharmacy"), "med_type": "41"}


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
    counter: Counter, door: Connection, change: Callable[..., Any], code: str
) -> None:
    outcome = _gate(counter, door, change)
    entry = outcome.entry
    assert (entry.pool_fen, entry.cash_fen) == (0, 25_000)
    assert entry.result["refusal"] == code
    assert "〔" in entry.result["reasons"][0] and entry.meters == ()


def test_status_and_level_are_those_of_the_day(counter: Counter, door: Connection) -> None:
    person = counter.person(1)
    counter.owner.execute("update person_fact set retired_at = now() where kind = 'insured'")
    counter.fact(person, "insured", "2020-01-01", "2024-07-01", status="active")
    counter.fact(person, "insured", "2024-07-01", status="retired")
    here = counter.institution(1)
    before, after = (
        one(door, counter.bill(person, here, day, 25_000)) for day in ("2024-06-30", "2024-07-01")
    )
    assert (before.entry.facts["status"], after.entry.facts["status"]) == ("active", "retired")


def test_an_internet_hospital_counts_by_the_level_of_its_parent(
    counter: Counter, door: Connection
) -> None:
    person, parent = counter.person(1), counter.institution(3, "3")
    here = counter.institution(1, "", parent=parent)
    entry = one(door, counter.bill(person, here, "2024-12-02", 25_000)).entry
    assert [code for code, *_ in entry.meters if "level" in code] == ["level_deductible.3"]


def test_yunfu_pays_at_the_selected_institution_or_after_a_referral(
    owner: Connection, door: Connection
) -> None:
    counter = Counter(owner, "445300")
    person, here, there = counter.person(1), counter.institution(1), counter.institution(2)
    counter.fact(person, "selection", "2024-01-01", institution=here)
    counter.fact(person, "referral", "2024-06-01", "2024-07-01", key=there, sender=here)
    days = [(here, "2024-05-05"), (there, "2024-05-05"), (there, "2024-06-05")]
    outcomes = [one(door, counter.bill(person, at, day, 25_000)) for at, day in days]
    assert [o.entry.result.get("refusal") for o in outcomes] == [None, "not_selected", None]


def test_off_site_care_needs_a_filing_for_the_region(owner: Connection, door: Connection) -> None:
    counter = Counter(owner, "532300")
    person, there = counter.person(1), counter.institution(1, region="530102")
    counter.fact(person, "offsite", "2024-06-01", key="530100")
    county = counter.institution(2, region="532301")
    days = [(there, "2024-05-05"), (there, "2024-06-05"), (county, "2024-05-05")]
    outcomes = [one(door, counter.bill(person, at, day, 25_000)) for at, day in days]
    assert [o.entry.result.get("refusal") for o in outcomes] == ["offsite_unfiled", None, None]


def test_chronic_and_special_care_is_by_the_registration_of_the_disease(
    owner: Connection, door: Connection
) -> None:
    counter = Counter(owner, "532300")
    person, here = counter.person(1), counter.institution(1)
    for key, benefit, disease in (
        ("M1", "chronic", "hypertension"), ("M2", "chronic", "diabetes"),
        ("M3", "special", "renal_failure"),
    ):  # fmt: skip
        counter.fact(person, "registration", "2023-05-05", key=key, benefit=benefit,
                     disease=disease, name=disease)  # fmt: skip
    counter.fact(person, "registration", "2023-05-05", key="M4", benefit="chronic", disease="x",
                 name="x", state="filed")  # fmt: skip

    def settled(disease: str) -> Outcome:
        return one(door, counter.bill(person, here, "2024-06-05", 900_000, disease=disease,
                                      med_type="14"))  # fmt: skip

    chronic, special = settled("M1"), settled("M3")
    assert chronic.entry.benefit == "chronic" and chronic.entry.facts["disease_count"] == "2"
    assert chronic.entry.pool_fen == 300_000, "2000 for one disease and 1000 for the other"
    assert special.entry.benefit == "special" and special.entry.deductible_fen == 0
    assert refused(settled("M4")) == "registration_missing", "filed, not approved"
    assert refused(settled("M9")) == "registration_missing"


def _drug(serial: str, item: str, dual: bool = False, agreed: bool = True) -> dict[str, Any]:
    return {"item": item, "serial": serial, "negotiated": True, "dual_channel": dual,
            "in_agreement": agreed}  # fmt: skip


def test_negotiated_drugs_have_a_deductible_for_each_drug(
    owner: Connection, door: Connection
) -> None:
    counter = Counter(owner, "532300")
    person, here = counter.person(1), counter.institution(1)

    def settled(*drugs: dict[str, Any]) -> Outcome:
        return one(door, counter.bill(person, here, "2024-06-05", 180_000, first=20_000,
                                      marks={"drugs": list(drugs)}, med_type="18"))  # fmt: skip

    first, again, other = (
        settled(_drug("1", "A")),
        settled(_drug("1", "A")),
        settled(_drug("1", "B")),
    )
    assert [o.entry.deductible_fen for o in (first, again, other)] == [80_000, 0, 80_000]
    late = settled(_drug("1", "A", agreed=False))
    assert late.entry.result["refusal"] == "not_in_agreement"
    assert refused(settled()) == "drugs_missing"
    bill = counter.bill(person, here, "2024-06-05", 10, med_type="18",
                        marks={"drugs": [_drug("1", "A"), _drug("2", "B")]})  # fmt: skip
    owner.execute("insert into fee_line (batch_id, serial, item, quantity_milli, price_micro,"
                  " amount_fen, above_standard_fen, wholly_own_fen, first_self_pay_fen,"
                  " in_scope_fen, details) select max(id), '2', 'B', 1000, 0, 0, 0, 0, 0, 0, '{}'"
                  " from charge_batch")  # fmt: skip
    assert refused(one(door, bill)) == "drugs_mixed"


def test_dual_channel_drugs_go_on_during_a_stay(counter: Counter, door: Connection) -> None:
    person, shop = counter.person(1), counter.institution(5, "", "pharmacy")
    counter.institution(1, "3")
    counter.fact(person, "stay", "2024-12-01", key="1", institution="H", level="2")
    counter.fact(person, "registration", "2024-01-01", key="T", benefit="dual_channel",
                 disease="t", name="t")  # fmt: skip
    marks = {"drugs": [_drug("1", "A", dual=True)]}
    entry = one(
        door, counter.bill(person, shop, "2024-12-02", 10_000, med_type="41", marks=marks)
    ).entry
    assert (entry.benefit, entry.pool_fen) == ("dual_channel", 6000)


def test_a_pharmacy_pays_by_the_level_of_the_prescriber_and_a_prescription_serves_once(
    owner: Connection, door: Connection
) -> None:
    counter = Counter(owner, "532300")
    person, shop = counter.person(1), counter.institution(5, "", "pharmacy")
    writer, other = counter.institution(1, "3"), counter.institution(2, "1")

    def bill(*written: tuple[str, str]) -> Request:
        marks = {
            "prescriptions": [{"prescriber": p, "number": n, "serial": "1"} for p, n in written]
        }
        return counter.bill(person, shop, "2024-06-05", 19_000, med_type="41", marks=marks)

    first, twin = settle(door, [bill((writer, "R1")), bill((writer, "R1"))], RULES, NOW)
    assert first.entry.pool_fen == 5000, "(190 - 90) × 50 %"
    assert refused(twin) == "prescription_used"
    assert refused(one(door, bill((writer, "R1")))) == "prescription_used"
    assert refused(one(door, bill((writer, "R2"), (other, "R3")))) == "prescribers_mixed"
    assert refused(one(door, bill(("H53230099999", "R4")))) == "institution_unknown"


def test_an_emergency_that_turned_inpatient_joins_the_stay(
    counter: Counter, door: Connection
) -> None:
    person, here = counter.person(1), counter.institution(1)
    alone = one(door, counter.bill(person, here, "2024-12-01", 25_000, med_type="1301"))
    assert alone.entry.benefit == "ordinary", "other emergencies: ordinary"
    counter.fact(person, "stay", "2024-12-10", key="1", institution=here, level="2",
                 from_emergency=True)  # fmt: skip
    joined = one(door, counter.bill(person, here, "2024-12-08", 25_000, med_type="1301"))
    assert joined.entry.result["refusal"] == "joins_inpatient"
    early = one(door, counter.bill(person, here, "2024-12-05", 25_000, med_type="1301"))
    assert "refusal" not in early.entry.result, "more than 72 hours before"
    dead = one(door, counter.bill(person, here, "2024-12-03", 100_000, med_type="1301",
                                  facts={"died": "true"}))  # fmt: skip
    assert dead.entry.pool_fen == 32_000, "(1000 - 600) × 80 %, as inpatient"


def test_chuxiong_counts_the_admitting_hospitals_deductible(
    owner: Connection, door: Connection
) -> None:
    counter = Counter(owner, "532300")
    person, here = counter.person(1), counter.institution(1, "2")
    counter.fact(person, "stay", "2024-06-06", key="1", institution=here, level="3",
                 from_emergency=True)  # fmt: skip
    entry = one(door, counter.bill(person, here, "2024-06-05", 180_000, med_type="1301")).entry
    assert entry.facts["admission_level"] == "3" and entry.benefit == "emergency"
    assert entry.deductible_fen == 80_000


def test_a_bill_that_mixes_benefits_which_must_be_apart_is_refused_naming_the_lines(
    owner: Connection, door: Connection
) -> None:
    counter = Counter(owner, "445300")
    person, here = counter.person(1), counter.institution(1)
    counter.fact(person, "selection", "2024-01-01", institution=here)
    mixed = counter.bill(
        person, here, "2024-06-05", 100, marks={"benefits": {"special": ["3", "4"]}}
    )
    outcome = one(door, mixed)
    assert refused(outcome) == "benefits_mixed"
    assert "明细 3、4" in str(outcome.refusal) and "第十九条" in str(outcome.refusal)


# Accounts.


def test_accounts_pay_only_the_burden_inside_the_policy_where_the_area_says_so(
    owner: Connection, door: Connection
) -> None:
    for area in ("532300", "430500"):
        counter = Counter(owner, area)
        person, here = counter.person(1, 1_000_000), counter.institution(1, "3")
        bill = counter.bill(person, here, "2024-06-05", 43_000, first=1000, own=3000, above=2000,
                            accounts="own")  # fmt: skip
        entry = one(door, bill).entry
        inside = 44_000 - entry.pool_fen
        outside = 0 if area == "532300" else 5000
        assert entry.account_fen == inside + outside
        assert entry.cash_fen == 5000 - outside
        assert bool(entry.result["reasons"]) == (area == "532300")


def _family(counter: Counter) -> tuple[str, list[str]]:
    person = counter.person(1, 1000)
    owners = [counter.person(n, fen) for n, fen in ((2, 2000), (3, 50_000), (4, 50_000))]
    for order, (owner, relation) in enumerate(
        zip(owners, ("spouse", "close_relative", "child"), strict=True), start=1
    ):
        counter.fact(person, "bond", "2024-01-01", key=owner, order=order, relation=relation,
                     consented_on="2024-01-01")  # fmt: skip
    return person, owners


def test_family_accounts_pay_in_their_order_after_the_own_one(
    owner: Connection, door: Connection
) -> None:
    counter = Counter(owner, "430500")
    person, owners = _family(counter)
    here = counter.institution(1)
    entry = one(door, counter.bill(person, here, "2024-12-02", 8000, accounts="family")).entry
    # 80 - 50 = 30, 60 % = 18: the person bears 62; 10 own, 20 the spouse, 32 the child. Close
    # relatives may not be paid for in Shaoyang (第十二条).
    assert (entry.account_fen, entry.family_fen, entry.cash_fen) == (1000, 5200, 0)
    balances = dict(rows(door, "select person_id, amount_fen from balance"))
    assert [balances[counter.persons[o]] for o in owners] == [0, 50_000, 46_800]
    assert entry.result["reasons"], "why the relative's account did not pay"


def test_flags_of_the_request_decide_which_accounts_pay(
    owner: Connection, door: Connection
) -> None:
    counter = Counter(owner, "430500")
    person, _ = _family(counter)
    here = counter.institution(1)
    for accounts, expected in (("none", (0, 0)), ("own", (1000, 0))):
        bill = counter.bill(person, here, "2024-12-02", 8000, accounts=accounts, trial=True)
        entry = one(door, bill).entry
        assert (entry.account_fen, entry.family_fen) == expected


def test_a_bond_without_consent_on_the_day_does_not_pay(
    owner: Connection, door: Connection
) -> None:
    counter = Counter(owner, "430500")
    person, other = counter.person(1, 0), counter.person(2, 9000)
    counter.fact(person, "bond", "2024-01-01", "2024-12-02", key=other, order=1, relation="spouse",
                 consented_on="2024-11-01")  # fmt: skip
    here = counter.institution(1)
    paid = [
        one(door, counter.bill(person, here, day, 3000, accounts="family")).entry.family_fen
        for day in ("2024-10-31", "2024-12-01", "2024-12-02")
    ]
    assert paid == [0, 3000, 0]


def test_redo_is_given_meters_as_rows(counter: Counter, door: Connection) -> None:
    person, here = counter.person(1), counter.institution(1)
    area = RULES.area("430500")
    entry = one(door, counter.bill(person, here, "2024-12-02", 25_000)).entry
    again = ledger_meters.load(area, [("年:2024", "", "year_deductible", 30_000)])
    assert decide.redo(entry, again, RULES).deductible_fen == 0
    assert entry.law_hash == RULES.law_hash("430500", day_of(entry.service_date))


def test_a_settlement_is_not_explained_by_other_law_than_its_own(
    counter: Counter, door: Connection
) -> None:
    person, here = counter.person(1), counter.institution(1)
    entry = one(door, counter.bill(person, here, "2024-12-02", 25_000)).entry
    other = Rules((), {"430500": {"disease_ceiling": "4000"}})
    with pytest.raises(Refusal) as refusal:
        decide.explanation(entry, other)
    assert refusal.value.code == "law_changed"
