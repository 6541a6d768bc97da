"""Settlements on the real database: what is written, which facts decide, what is refused."""

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from tests.platform.counter import AREAS, NOW, RULES, Counter, encode, kept, one, refused, rows

from gongji.law.engine.engine import settle as engine
from gongji.law.engine.person_meters import Meters
from gongji.law.engine.visit import read_visit
from gongji.ledger.entry_rows import COLUMNS, READ, SETTLEMENT_COLUMNS, read_entry
from gongji.ledger.meter_rows import load
from gongji.settlement import decide_bill
from gongji.settlement.contract import Request
from gongji.settlement.settle import Bounds, settle
from gongji.units import parse_day

Connection = psycopg.Connection[Any]


def test_a_settlement_writes_entry_postings_meters_balance_lines_and_message(
    counter: Counter, gateway: Connection
) -> None:
    person, here = counter.person(1, 10_000), counter.institution(1)
    bill = counter.bill(person, here, "2024-12-02", 25_000, first=1000, own=4000, accounts="own")
    outcome = one(gateway, bill, answers=kept())
    entry = outcome.entry
    # 邵阳 2023-06-01: (250 - 50) × 60 % = 120
    assert (
        entry.settlement.total_fen,
        entry.settlement.pool_fen,
        entry.settlement.deductible_fen,
    ) == (30_000, 12_000, 5000)
    assert (entry.settlement.account_fen, entry.settlement.cash_fen, outcome.balance_fen) == (
        10_000,
        8000,
        0,
    )
    assert outcome.limits == {"pool": 150_000}
    (found,) = rows(gateway, READ)
    stored = read_entry(found)
    assert {name: getattr(stored, name) for name in COLUMNS} == {
        name: getattr(entry, name) for name in COLUMNS
    }
    beside = [name for name in SETTLEMENT_COLUMNS if name != "result"]
    assert {name: getattr(stored.settlement, name) for name in beside} == {
        name: getattr(entry.settlement, name) for name in beside
    }
    assert (stored.actor_kind, stored.actor, stored.made_at) == ("institution", here, NOW)
    number = counter.persons[person]
    columns = "number, fund, debit, debit_owner, credit, credit_owner, amount_fen, benefit"
    assert rows(gateway, f"select {columns} from posting order by number") == [
        (1, "pool", "pool", "", "provider", here, 12_000, "ordinary"),
        (2, "account", "account", str(number), "provider", here, 10_000, ""),
    ]
    assert rows(gateway, "select amount_fen from balance") == [(0,)]
    assert sorted(rows(gateway, "select period, slot, code, used_fen from meter_use")) == sorted(
        [
            ("次:2024", str(bill.visit), "visit_deductible", 5000),
            ("年:2024", "", "level_deductible.2", 5000),
            ("年:2024", "", "year_deductible", 5000),
            ("年:2024", "", "ordinary_paid", 12_000),
        ]
    )
    settled = "select entry from settlement_batch where released_at is null"
    assert rows(gateway, settled) == [(entry.id,)]
    assert rows(gateway, "select kind, state, entry from inbox") == [("2207", "done", entry.id)]
    assert entry.decision.steps[0].articles, "every layer names its article"


def test_the_number_of_statements_is_the_same_for_one_bill_and_for_forty(
    counter: Counter, gateway: Connection, monkeypatch: pytest.MonkeyPatch
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
    settle(gateway, bills[:1], RULES, NOW)
    alone = list(seen)
    seen.clear()
    assert all(outcome.entry for outcome in settle(gateway, bills[1:], RULES, NOW))
    assert seen == alone


def _random_history(
    counter: Counter, area: str
) -> tuple[list[tuple[Request, dict[str, str]]], random.Random]:
    """Bills of eight persons, each with the row that the engine is given."""
    draw = random.Random(f"histories {area}")
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
        kind, benefit = draw.choice(
            [
                ("outpatient", "ordinary"),
                ("outpatient_registration", "ordinary"),
                ("urgent", "ordinary"),
            ]
        )
        bill = counter.bill(
            psn_no, hospitals[level], day, cost, first=extra, accounts="own", med_type=kind
        )
        row = {
            "status": known["status"],
            "birth_date": known["birth_date"],
            "date": day,
            "level": level,
            "benefit": benefit,
            "visit": str(bill.visit),
            "total_fen": str(cost + extra),
            "in_scope_fen": str(cost),
            "institution": hospitals[level],
            "selected": "true" if level == known["chosen"] else "false",
        }
        bills.append((bill, row))
    return bills, draw


@pytest.mark.parametrize("area", AREAS)
def test_random_histories_are_settled_as_the_engine_settles_them(
    owner: Connection, gateway: Connection, area: str
) -> None:
    """Against `gongji.law.engine.engine` on rows written here from what the test made up."""
    counter = Counter(owner, area)
    bills, draw = _random_history(counter, area)
    home = RULES.area(area)
    mine: dict[str, Meters] = {}
    left = list(bills)
    now = NOW + timedelta(days=8)
    while left:
        size = draw.randrange(1, 12)
        part, left = left[:size], left[size:]
        outcomes = settle(gateway, [bill for bill, _ in part], RULES, now, Bounds(days_back=400))
        for (bill, row), outcome in zip(part, outcomes, strict=True):
            assert outcome.entry, outcome
            visit = read_visit(row, home.law(parse_day(row["date"])))
            used = mine.setdefault(bill.psn_no, load(home, []))
            expected = engine(home, visit, used)
            entry = outcome.entry
            assert entry.settlement.pool_fen == expected.pool_fen
            assert entry.settlement.supplements_fen == expected.supplements_fen
            assert entry.settlement.deductible_fen == expected.deductible_fen
            paid = (
                entry.settlement.account_fen
                + entry.settlement.family_fen
                + entry.settlement.cash_fen
            )
            assert (
                entry.settlement.pool_fen + entry.settlement.supplements_fen + paid
                == entry.settlement.total_fen
            )
    kept = rows(gateway, "select person, period, slot, code, used_fen from meter_use")
    for psn_no, used in mine.items():
        ours = [row[1:] for row in kept if row[0] == counter.persons[psn_no]]
        blocks = {key: block for key, block in load(home, ours).blocks.items() if any(block)}
        assert blocks == {key: block for key, block in used.blocks.items() if any(block)}
    (money,) = rows(
        gateway,
        "select sum(amount_fen) filter (where debit = 'pool'), sum(amount_fen) from posting",
    )
    (sums,) = rows(gateway, "select sum(pool_fen), sum(total_fen - cash_fen) from settlement")
    assert money == sums and money[0] > 0


def test_a_stored_settlement_gives_the_same_again(counter: Counter, gateway: Connection) -> None:
    person, here = counter.person(1, 10_000), counter.institution(1)
    area = RULES.area("430500")
    used = load(area, [])
    for day in ("2024-03-01", "2024-05-01"):
        one(gateway, counter.bill(person, here, day, 200_000, own=700, accounts="own"))
    for row in rows(gateway, f"{READ} order by e.id"):
        entry = read_entry(row)
        again = decide_bill.redo(entry, used, RULES)
        for name in COLUMNS:
            assert getattr(again, name) == getattr(entry, name), name
        for name in SETTLEMENT_COLUMNS:
            if name not in ("facts", "result"):
                assert getattr(again.settlement, name) == getattr(entry.settlement, name), name
        said = decide_bill.explanation(entry, RULES)
        assert said.result.pool_fen == entry.settlement.pool_fen


def test_a_trial_writes_nothing_and_gives_the_amounts_of_the_settlement(
    counter: Counter, gateway: Connection
) -> None:
    person, here = counter.person(1, 10_000), counter.institution(1)
    bill = counter.bill(person, here, "2024-12-02", 25_000, own=4000, accounts="own")
    trial = replace(bill, trial=True)
    before, real, after = settle(gateway, [trial, bill, trial], RULES, NOW)
    assert before.entry.id is None and real.entry.id is not None
    for name in COLUMNS:
        if name != "id":
            assert getattr(before.entry, name) == getattr(real.entry, name), name
    assert before.balance_fen == real.balance_fen
    assert refused(after) == "batch_settled_already"
    assert rows(gateway, "select count(*) from entry") == [(1,)]
    assert rows(gateway, "select count(*) from inbox") == [(1,)]


def test_a_trial_between_two_bills_disturbs_neither(counter: Counter, gateway: Connection) -> None:
    person, here = counter.person(1, 10_000), counter.institution(1)
    first, second, third = (
        counter.bill(person, here, "2024-12-02", 15_000, accounts="own") for _ in range(3)
    )
    a, b, c = settle(gateway, [first, replace(second, trial=True), third], RULES, NOW)
    assert [b.entry.settlement.pool_fen, b.entry.settlement.account_fen] == [
        c.entry.settlement.pool_fen,
        c.entry.settlement.account_fen,
    ]
    assert a.entry.settlement.deductible_fen + c.entry.settlement.deductible_fen == 10_000
    assert rows(gateway, "select sum(used_fen) from meter_use where code = 'year_deductible'") == [
        (10_000,)
    ]


def test_the_same_message_again_gets_the_same_answer(counter: Counter, gateway: Connection) -> None:
    person, here = counter.person(1), counter.institution(1)
    bill = counter.bill(person, here, "2024-12-02", 25_000)
    first, twin = settle(gateway, [bill, bill], RULES, NOW, answers=kept())
    assert twin.replayed == encode(bill, first)
    assert one(gateway, bill, answers=kept()).replayed == encode(bill, first)
    assert rows(gateway, "select count(*) from entry") == [(1,)]


def test_the_same_message_with_other_content_is_refused_naming_what_differs(
    counter: Counter, gateway: Connection
) -> None:
    person, here = counter.person(1), counter.institution(1)
    bill = counter.bill(person, here, "2024-12-02", 25_000)
    content = bill.key.content | {"medfee_sumamt": "1"}
    other = replace(bill, key=counter.key(here, "2207", content, bill.key.msg_id))
    first, within = settle(gateway, [bill, other], RULES, NOW, answers=kept())
    assert first.entry and refused(within) == "message_differs"
    later = one(gateway, other, answers=kept())
    assert refused(later) == "message_differs" and "medfee_sumamt" in str(later.refusal)


def test_a_refusal_is_kept_and_repeated_too(counter: Counter, gateway: Connection) -> None:
    person, here = counter.person(1), counter.institution(1)
    bill = replace(counter.bill(person, here, "2024-12-02", 25_000), total_fen=1)
    assert refused(one(gateway, bill, answers=kept())) == "total_differs"
    assert one(gateway, bill, answers=kept()).replayed == b"refused total_differs"
    assert rows(gateway, "select count(*) from entry") == [(0,)]


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
        return replace(bill, med_type="inpatient")
    if case == "registration_missing":
        return replace(bill, med_type="registered_disease")
    if case == "field_unknown":
        return replace(bill, facts={"level": "1"})
    if case == "benefit_not_offered":
        return replace(bill, med_type="two_diseases")
    if case == "drugs_missing":
        counter.fact(
            person,
            "registration",
            "2024-01-01",
            key="T",
            benefit="dual_channel",
            disease="t",
            name="t",
        )
        return replace(bill, med_type="special_drugs")
    if case == "not_insured":
        return counter.bill(counter.person(3, since="2024-12-03"), here, "2024-12-02", 1)
    if case == "service_day_outside":
        return counter.bill(person, here, "2023-11-15", 1)
    assert case == "period_closed"
    counter.owner.execute(
        "insert into closed_period (area, month, actor_kind, actor)"
        " values ('430500', '2024-12-01', 'operator', 't')"
    )
    return bill


@pytest.mark.parametrize(
    "case",
    [
        "person_unknown",
        "visit_unknown",
        "visit_withdrawn",
        "batch_unknown",
        "total_differs",
        "med_type_unsupported",
        "registration_missing",
        "field_unknown",
        "benefit_not_offered",
        "drugs_missing",
        "not_insured",
        "service_day_outside",
        "period_closed",
    ],
)
def test_what_cannot_be_settled_is_refused_and_leaves_no_trace(
    counter: Counter, gateway: Connection, case: str
) -> None:
    here = counter.institution(1)
    wrong = _wrong(counter, here, case)
    good = None
    if case != "period_closed":
        good = counter.bill(counter.person(9), here, "2024-12-02", 25_000)
    outcomes = settle(gateway, [wrong, good] if good else [wrong], RULES, NOW)
    assert refused(outcomes[0]) == case
    assert "{" not in str(outcomes[0].refusal)
    assert len(outcomes) == 1 or outcomes[1].entry, "the others are settled"
    (count,) = rows(gateway, "select count(*) from entry")[0]
    assert count == len(outcomes) - 1


def test_an_institution_settles_only_its_own_visits(counter: Counter, gateway: Connection) -> None:
    person, here, there = counter.person(1), counter.institution(1), counter.institution(2)
    bill = counter.bill(person, here, "2024-12-02", 25_000)
    other = replace(bill, key=counter.key(there, "2207", bill.key.content))
    assert refused(one(gateway, other)) == "visit_unknown"


def test_a_period_that_closes_meanwhile_refuses_the_bill(
    counter: Counter, gateway: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, here = counter.person(1), counter.institution(1)
    bill = counter.bill(person, here, "2024-12-02", 25_000)
    from gongji.settlement import settle as module

    read = module.read_around

    def closing(connection: Connection, wanted: Any) -> Any:
        counter.owner.execute(
            "insert into closed_period (area, month, actor_kind, actor)"
            " values ('430500', '2024-12-01', 'operator', 't')"
            " on conflict do nothing"
        )
        return read(connection, wanted)

    monkeypatch.setattr(module, "read_around", closing)
    assert refused(one(gateway, bill)) == "period_closed"


def test_wrong_class_totals_only_warn(counter: Counter, gateway: Connection) -> None:
    person, here = counter.person(1), counter.institution(1)
    bill = counter.bill(person, here, "2024-12-02", 25_000, own=100, declared=(0, 0, 0, 25_100))
    outcome = one(gateway, bill)
    assert outcome.entry and len(outcome.warnings) == 2
    assert "全自费" in outcome.warnings[0]


# Facts at the date of service.
