"""Replay: every settlement decided again from what it keeps; what differs is named, nothing else.

The journal lets nobody change an entry, so the tests do it as its owner with the walls off.
"""

from datetime import date
from typing import Any

import psycopg
import pytest
from tests.platform.counter import NOW, OPERATOR, PARAMETERS, RULES, Counter, keep, one

from gongji.law.engine.areas import Areas
from gongji.ledger.entry_rows import EntryRow
from gongji.ledger.openings import OpeningMeter, enter
from gongji.ledger.verify import Difference, Scope
from gongji.settlement import replay as module
from gongji.settlement.cancel import cancel, reverse
from gongji.settlement.replay import replay

Connection = psycopg.Connection[Any]


def year(gateway: Connection, county: Counter, count: int = 3) -> list[EntryRow]:
    """Bills of one person at level 2: 100.00 each, of which 50.00 is deductible, 60 % paid."""
    here = county.institution(1, "2")
    person = county.person(1)
    return [
        one(gateway, county.bill(person, here, f"2024-03-{day:02d}", 10_000)).entry
        for day in range(1, count + 1)
    ]


def change(owner: Connection, statement: str, *values: Any) -> None:
    """What nobody may do: an entry is changed."""
    with owner.transaction():
        owner.execute("set local session_replication_role = replica")
        owner.execute(statement, values)


def found(
    gateway: Connection, scope: Scope | None = None, rules: Areas = RULES
) -> list[Difference]:
    return list(replay(gateway, rules, scope or Scope()))


def test_a_changed_amount_is_found_and_what_the_law_gives_is_named(
    owner: Connection, gateway: Connection
) -> None:
    county = Counter(owner)
    entries = year(gateway, county)
    assert found(gateway) == []
    change(
        owner,
        "update settlement set pool_fen = pool_fen - 500, cash_fen = cash_fen + 500"
        " where entry = %s",
        entries[1].id,
    )
    masked = "4305************0001"
    assert found(gateway) == [
        Difference("replay", "430500", masked, entries[1].id, "pool_fen", "2500", "3000"),
        Difference("replay", "430500", masked, entries[1].id, "cash_fen", "7500", "7000"),
    ]


@pytest.mark.parametrize(
    ("moved", "wrong"),
    [(5_000, ()), (9_000, (0, 3)), (0, (0, 4, 5))],
    ids=["as it was", "more", "nothing"],
)
def test_a_changed_move_is_found_and_others_only_where_they_stand_on_it(
    owner: Connection, gateway: Connection, moved: int, wrong: tuple[int, ...]
) -> None:
    county = Counter(owner)
    entries = year(gateway, county, count=6)
    # 200 a year at level 2: the fifth and sixth bear nothing any more.
    assert [entry.settlement.deductible_fen for entry in entries] == [5_000] * 4 + [0] * 2
    change(
        owner,
        "update entry set meters = (select jsonb_agg(case when m->>0 = 'level_deductible.2'"
        " then jsonb_set(m, '{3}', to_jsonb(%s)) else m end) from jsonb_array_elements(meters) m)"
        " where id = %s",
        moved,
        entries[0].id,
    )
    whats = {(each.entry, each.what) for each in found(gateway)}
    assert (entries[0].id, "meters") in whats or not wrong
    # With 90 instead of 50 borne at first the fourth has 10 left; with none the last two have 50.
    assert {entry for entry, _ in whats} == {entries[place].id for place in wrong}


def test_a_settlement_of_other_rules_is_found_by_its_hash_and_its_amounts(
    owner: Connection, gateway: Connection
) -> None:
    county = Counter(owner, "445300")
    here, person = county.institution(1, "1"), county.person(1)
    county.fact(person, "selection", "2020-01-01", institution=here)
    one(gateway, county.bill(person, here, "2024-03-01", 10_000))
    rules = Areas(
        parameters=PARAMETERS | {"445300": PARAMETERS["445300"] | {"average_wage": "70000"}}
    )
    (hashes,) = found(gateway, rules=rules)
    assert (hashes.what, hashes.kept) == ("law_hash", RULES.law_hash("445300", 19_783))
    assert hashes.rebuilt == rules.law_hash("445300", 19_783) != hashes.kept


def test_a_settlement_that_the_engine_refuses_today_still_used_its_meters(
    owner: Connection, gateway: Connection
) -> None:
    county = Counter(owner)
    entries = year(gateway, county, count=5)
    # A benefit that the area does not offer: refused today; the others stand as they were.
    change(
        owner,
        "update settlement set facts = jsonb_set(facts, '{visit,benefit}', '\"two_diseases\"')"
        " where entry = %s",
        entries[0].id,
    )
    (refused,) = found(gateway)
    assert (refused.entry, refused.what, refused.kept) == (entries[0].id, "benefit_not_offered", "")
    assert "两病" in refused.rebuilt or "two_diseases" in refused.rebuilt


def test_openings_cancellations_and_restorations_move_meters_and_are_not_decided(
    owner: Connection, gateway: Connection
) -> None:
    county = Counter(owner)
    here, person = county.institution(1, "2"), county.person(1)
    opening = OpeningMeter(person, "430500", date(2024, 1, 1), "level_deductible.2", "", 18_000)
    enter(owner, [opening], RULES.area, NOW, actor=OPERATOR)
    bill = county.bill(person, here, "2024-03-01", 10_000)
    first = one(gateway, bill).entry
    assert first.settlement.deductible_fen == 2_000
    key = county.key(here, "2208", {})
    back = cancel(gateway, key, person, bill.visit or 0, first.id, RULES, NOW).entry
    keep(gateway, key, back.id)
    reverse(gateway, county.key(here, "2601", {}), person, key.msg_id, "2208", RULES, NOW)
    second = one(gateway, county.bill(person, here, "2024-03-02", 10_000)).entry
    assert second.settlement.deductible_fen == 0
    one(gateway, county.bill(person, here, "2024-03-03", 10_000))
    assert found(gateway) == []


def test_a_run_takes_one_area_or_all_in_ranges_of_persons_and_tells_how_far_it_is(
    owner: Connection, gateway: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PERSONS", 2)
    monkeypatch.setattr(module, "ITER_ROWS", 2)
    counties = [Counter(owner, area) for area in ("430500", "510400")]
    for county in counties:
        here = county.institution(1, "2")
        for number in range(1, 4):
            one(gateway, county.bill(county.person(number, 0), here, "2024-03-01", 100_000))
    change(owner, "update settlement set pool_fen = pool_fen + 1, cash_fen = cash_fen - 1")
    assert {each.area for each in found(gateway)} == {"430500", "510400"}
    assert len(found(gateway)) == 12
    for county in counties:
        assert {each.area for each in found(gateway, Scope(county.area))} == {county.area}
    assert found(gateway, Scope("532300")) == []
    done: list[int] = []
    assert len(list(replay(gateway, RULES, progress=done.append))) == 12
    assert done == [2, 2, 2]
