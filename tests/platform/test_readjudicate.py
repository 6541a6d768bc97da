"""The year again: nothing changed gives nothing, a change gives just its differences, once."""

import random
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from tests import databases
from tests.platform.conftest import ROLE
from tests.platform.counter import AREAS, NOW, OPERATOR, PARAMETERS, RULES, Counter, as_owner, keep

from gongji.law.engine.areas import Areas
from gongji.ledger.entry_rows import EntryRow
from gongji.ledger.openings import OpeningBalance, enter
from gongji.ledger.verify import verify
from gongji.refusals import Refusal
from gongji.settlement.cancel import cancel, reverse
from gongji.settlement.contract import Request
from gongji.settlement.readjudicate import BEFORE, FACTS, Change, readjudicate
from gongji.settlement.readjudicate import RULES as BY_RULES
from gongji.settlement.replay import replay
from gongji.settlement.settle import settle

Connection = psycopg.Connection[Any]
SEED = 20241220
PEOPLE, BILLS = 4, 15


def history(
    owner: Connection, gateway: Connection, chance: random.Random, count: int = BILLS
) -> list[Counter]:
    """A year of random bills in every area, some of them taken back at once."""
    counters = []
    for area in AREAS:
        county = Counter(owner, area)
        counters.append(county)
        with owner.transaction():
            requests = bills(county, chance, count)
        enter(
            owner,
            [
                OpeningBalance(person, area, date(2024, 1, 1), "account", 40_000)
                for person in county.persons
            ],
            RULES.area,
            NOW,
            actor=OPERATOR,
        )
        for start in range(0, len(requests), 6):
            outcomes = settle(gateway, requests[start : start + 6], RULES, NOW)
            assert all(outcome.refusal is None for outcome in outcomes), outcomes
            if chance.random() < 0.4:
                take_back(gateway, county, outcomes[-1].entry)
    return counters


def bills(county: Counter, chance: random.Random, count: int) -> list[Request]:
    """Random bills of random people of a county, in no order of dates."""
    here = [county.institution(number, level) for number, level in enumerate("123", start=1)]
    for number in range(PEOPLE):
        person = county.person(number, status=chance.choice(("active", "retired")))
        county.fact(person, "account", "2020-01-01")
        county.fact(person, "birth", "1950-01-01", birth_date=f"{1950 + 10 * number}-05-06")
        county.fact(person, "selection", "2020-01-01", institution=here[0])
    return [
        county.bill(
            chance.choice(list(county.persons)),
            chance.choice(here),
            str(date(2024, 1, 1) + timedelta(days=chance.randrange(350))),
            chance.randrange(1, 400_000),
            own=chance.choice((0, 0, 1_234)),
            accounts=chance.choice(("none", "own")),
            med_type="outpatient",
        )
        for _ in range(PEOPLE * count)
    ]


def take_back(gateway: Connection, county: Counter, entry: EntryRow) -> int:
    """Cancel a settlement as the counter does."""
    key = county.key(entry.institution, "2208", {"setl_id": str(entry.id)})
    psn_no = next(number for number, one in county.persons.items() if one == entry.person)
    back: EntryRow = cancel(
        gateway, key, psn_no, entry.settlement.visit or 0, entry.id or 0, RULES, NOW
    ).entry
    return back.id or 0


def again(gateway: Connection, area: str, rules: Areas = RULES, **more: Any) -> list[Change]:
    with as_owner(gateway) as owner:
        return list(readjudicate(owner, area, 2024, rules, NOW, **more))


def test_with_nothing_changed_nothing_differs_and_every_settlement_is_reproduced(
    owner: Connection, gateway: Connection
) -> None:
    history(owner, gateway, random.Random(SEED))
    for area in AREAS:
        assert again(gateway, area) == []
    assert list(replay(gateway, RULES)) == []
    assert list(verify(gateway)) == []


Learnt = list[tuple[str, dict[str, str]]]
"""Who turns out to have been insured otherwise; with nothing, not at all."""


def paid_by_visit(gateway: Connection, area: str) -> dict[int, tuple[int, int, int]]:
    """Pool, supplements and deductible that stand for each visit."""
    rows = gateway.execute(
        "select visit, sum(pool_fen)::bigint, sum(supplements_fen)::bigint,"
        " sum(deductible_fen)::bigint from entry e join settlement s on s.entry = e.id"
        " where area = %s and visit is not null"
        " group by visit",
        [area],
    )
    return {visit: tuple(paid) for visit, *paid in rows if any(paid)}


def settled_in_that_knowledge(
    address: str, learnt: dict[str, Learnt], paid: dict[str, set[int]]
) -> dict[str, dict[int, tuple[int, int, int]]]:
    """The same bills in a fresh database, settled when everything is known; those in `paid`."""
    chance, found = random.Random(SEED + 1), {}
    with (
        psycopg.connect(address, autocommit=True) as owner,
        psycopg.connect(address, options=ROLE, autocommit=True) as gateway,
    ):
        for area in AREAS:
            county = Counter(owner, area)
            requests = bills(county, chance, 6)
            for _ in range(0, len(requests), 6):
                chance.random()
            for person, details in learnt[area]:
                relearn(owner, person, **details)
            settle(gateway, [one for one in requests if one.visit in paid[area]], RULES, NOW)
            found[area] = paid_by_visit(gateway, area)
    return found


def test_after_any_changes_one_posting_sets_everything_right(
    owner: Connection, gateway: Connection, server: str
) -> None:
    chance = random.Random(SEED + 1)
    learnt, standing_visits = {}, {}
    for county in history(owner, gateway, chance, count=6):
        standing = gateway.execute(
            "select id, visit, institution, person from entry e"
            " join settlement s on s.entry = e.id where kind = 'settlement'"
            " and area = %s and not exists (select 1 from entry c where c.reverses = e.id)"
            " order by id",
            [county.area],
        ).fetchall()
        numbers = {person: psn_no for psn_no, person in county.persons.items()}
        for number, visit, institution, person in chance.sample(standing, 4):
            key = county.key(institution, "2208", {"setl_id": str(number)})
            cancel(gateway, key, numbers[person], visit, number, RULES, NOW)
        told: Learnt = [
            (chance.choice(list(county.persons)), details)
            for details in ({"status": "retired"}, {"status": "active"}, {})
        ]
        for who, details in told:
            relearn(owner, who, **details)
        learnt[county.area] = told
        found = again(gateway, county.area)
        assert [one.root.id for one in again(gateway, county.area, actor=OPERATOR)] == [
            one.root.id for one in found
        ]
        assert found and again(gateway, county.area) == []
        rows = gateway.execute(
            "select visit from entry e join settlement s on s.entry = e.id"
            " where kind = 'settlement' and area = %s and not exists"
            " (select 1 from entry c where c.reverses = e.id)",
            [county.area],
        )
        standing_visits[county.area] = {visit for (visit,) in rows}
    with databases.copy(server) as address:
        wanted = settled_in_that_knowledge(address, learnt, standing_visits)
    assert {area: paid_by_visit(gateway, area) for area in AREAS} == wanted
    assert list(verify(gateway)) == []
    assert list(replay(gateway, RULES)) == []
    owed = dict(
        gateway.execute(
            "select kind, sum(amount_fen)::bigint from balance group by kind"
        ).fetchall()
    )
    (net,) = gateway.execute(
        "select sum(pool_fen + supplements_fen)::bigint from settlement s"
        " join entry e on e.id = s.entry where kind = 'adjustment'"
    ).fetchone() or (0,)
    assert net == owed.get("payable", 0) - owed.get("receivable", 0)
    open_flags = "select count(*) from review_flag where settled_by is null"
    assert gateway.execute(open_flags).fetchone() == (0,)


@pytest.fixture
def county(owner: Connection) -> Counter:
    """An empty county of Shaoyang."""
    return Counter(owner)


@pytest.fixture
def here(county: Counter) -> str:
    return county.institution(1, "2")


def settled(
    gateway: Connection, county: Counter, person: str, here: str, day: str, cost: int
) -> EntryRow:
    (outcome,) = settle(gateway, [county.bill(person, here, day, cost)], RULES, NOW)
    assert outcome.refusal is None, outcome
    entry: EntryRow = outcome.entry
    return entry


def claims(gateway: Connection) -> dict[str, int]:
    return dict(
        gateway.execute(
            "select kind, amount_fen from balance where kind <> 'account' and amount_fen <> 0"
        ).fetchall()
    )


def test_a_settlement_that_stood_on_a_cancelled_one_is_corrected_once(
    county: Counter, gateway: Connection, here: str
) -> None:
    person = county.person(1)
    made = [settled(gateway, county, person, here, f"2024-03-0{n}", 10_000) for n in range(1, 7)]
    # 50 yuan of deductible at each visit, 200 a year at level 2.
    assert [one.settlement.pool_fen for one in made] == [3_000] * 4 + [6_000] * 2
    cause = take_back(gateway, county, made[0])
    (change,) = again(gateway, "430500")
    assert (change.root.id, change.cause, change.net_fen) == (made[4].id, BEFORE, -3_000)
    assert "level_deductible.2 年:2024 200.00 → 150.00" in change.detail
    assert claims(gateway) == {}
    again(gateway, "430500", actor=OPERATOR)
    assert claims(gateway) == {"receivable": 3_000}
    assert again(gateway, "430500") == []
    settled_by = dict(gateway.execute("select entry, settled_by from review_flag").fetchall())
    assert settled_by[made[1].id] == made[1].id and settled_by[made[4].id] > cause
    assert list(verify(gateway)) == []


def test_a_fact_learnt_late_gives_the_person_what_is_owed(
    owner: Connection, county: Counter, gateway: Connection, here: str
) -> None:
    person = county.person(1)
    for month in range(1, 5):
        settled(gateway, county, person, here, f"2024-0{month}-01", 100_000)
    relearn(owner, person, status="retired")
    found = again(gateway, "430500")
    # 1,500 a year for the active, 2,000 for the retired: 570 + 570 + 360 becomes 3 x 570 + 290.
    assert [one.net_fen for one in found] == [21_000, 29_000]
    assert found[-1].cause == FACTS and "status active → retired" in found[-1].detail
    assert again(gateway, "430500", since=date(2024, 5, 1)) == []
    again(gateway, "430500", actor=OPERATOR)
    assert claims(gateway) == {"payable": 50_000}
    assert again(gateway, "430500") == [] == list(verify(gateway))


def relearn(owner: Connection, person: str, **details: Any) -> None:
    """The insured spell turns out to have been another all along."""
    row = owner.execute(
        "update person_fact f set retired_at = clock_timestamp() from person p"
        " where p.id = f.person_id and p.psn_no = %s and f.kind = 'insured' and retired_at is null"
        " returning f.id",
        [person],
    ).fetchone()
    assert row
    if details:
        owner.execute(
            "insert into person_fact (person_id, area, kind, since, details, learnt_at)"
            " select person_id, area, kind, since, details || %s, clock_timestamp()"
            " from person_fact where id = %s",
            [psycopg.types.json.Jsonb(details), row[0]],
        )


def test_who_was_not_insured_owes_it_and_no_more_once_that_was_a_mistake(
    owner: Connection, county: Counter, gateway: Connection, here: str
) -> None:
    person = county.person(1)
    settled(gateway, county, person, here, "2024-03-01", 50_000)
    relearn(owner, person)
    (change,) = again(gateway, "430500", actor=OPERATOR)
    assert (change.cause, change.net_fen) == (FACTS, -27_000)
    assert claims(gateway) == {"receivable": 27_000}
    owner.execute(
        "insert into person_fact (person_id, area, kind, since, details) select person_id, area,"
        " kind, since, details from person_fact where kind = 'insured'"
    )
    again(gateway, "430500", actor=OPERATOR)
    assert claims(gateway) == {}
    assert again(gateway, "430500") == [] == list(verify(gateway))


def test_changed_rules_are_told_apart_from_changed_facts(
    owner: Connection, gateway: Connection
) -> None:
    county = Counter(owner, "445300")
    here, person = county.institution(1, "1"), county.person(1, 0)
    county.fact(person, "selection", "2020-01-01", institution=here)
    settled(gateway, county, person, here, "2024-03-01", 400_000)
    rules = Areas(
        parameters=PARAMETERS | {"445300": PARAMETERS["445300"] | {"average_wage": "40000"}}
    )
    (change,) = again(gateway, "445300", rules)
    assert (change.cause, change.net_fen) == (BY_RULES, -80_000)
    again(gateway, "445300", rules, actor=OPERATOR)
    assert again(gateway, "445300", rules) == []
    assert {each.what for each in replay(gateway, rules)} >= {"law_hash", "pool_fen"}


def test_what_was_adjusted_is_taken_back_when_its_settlement_is_cancelled(
    owner: Connection, county: Counter, gateway: Connection, here: str
) -> None:
    person = county.person(1)
    entry = settled(gateway, county, person, here, "2024-03-01", 400_000)
    relearn(owner, person, status="retired")
    again(gateway, "430500", actor=OPERATOR)
    assert claims(gateway) == {"payable": 50_000}
    take_back(gateway, county, entry)
    assert claims(gateway) == {}
    assert adjusted(gateway) == [50_000, -50_000]
    assert again(gateway, "430500") == [] == list(verify(gateway))
    assert used(gateway) == {}


def adjusted(gateway: Connection) -> list[int]:
    """What the adjustments made the pool pay more, in their order."""
    found = gateway.execute(
        "select s.pool_fen + s.supplements_fen from entry e join settlement s on s.entry = e.id"
        " where e.kind = 'adjustment' order by e.id"
    )
    return [fen for (fen,) in found]


def used(gateway: Connection) -> dict[str, int]:
    return dict(
        gateway.execute("select code, used_fen from meter_use where used_fen <> 0").fetchall()
    )


def test_a_figure_that_is_missing_stops_the_run_and_posts_nothing(
    owner: Connection, gateway: Connection
) -> None:
    county = Counter(owner, "445300")
    here, person = county.institution(1, "1"), county.person(1, 0)
    county.fact(person, "selection", "2020-01-01", institution=here)
    settled(gateway, county, person, here, "2024-03-01", 400_000)
    with pytest.raises(Refusal) as refused:
        again(gateway, "445300", Areas(), actor=OPERATOR)
    assert refused.value.code == "parameter_missing"
    assert gateway.execute("select count(*) from entry where kind = 'adjustment'").fetchone() == (
        0,
    )


def test_a_settlement_whose_cancellation_was_reversed_stands_where_it_stood(
    county: Counter, gateway: Connection, here: str
) -> None:
    person = county.person(1)
    first = settled(gateway, county, person, here, "2024-03-01", 10_000)
    key = county.key(here, "2208", {"setl_id": str(first.id)})
    back = cancel(
        gateway, key, person, first.settlement.visit or 0, first.id or 0, RULES, NOW
    ).entry
    keep(gateway, key, back.id)
    reverse(gateway, county.key(here, "2601", {}), person, key.msg_id, "2208", RULES, NOW)
    settled(gateway, county, person, here, "2024-03-02", 10_000)
    assert again(gateway, "430500") == []
    assert [*verify(gateway), *replay(gateway, RULES)] == []
