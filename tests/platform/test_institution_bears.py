"""What an institution bears above a fixed price: told, kept, cleared and taken back.

The area is invented (tests/rulebooks/990000/999906).
"""

from pathlib import Path
from typing import Any

import psycopg
from tests.platform.counter import NOW, OPERATOR, Counter, rows

from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.law.engine.engine import settle as decide
from gongji.law.engine.person_meters import Meters
from gongji.law.engine.visit import read_visit
from gongji.ledger.verify import verify
from gongji.settlement.cancel import cancel
from gongji.settlement.readjudicate import readjudicate
from gongji.settlement.replay import replay
from gongji.settlement.settle import settle

Connection = psycopg.Connection[Any]
AREA, HERE = "999906", "H99990600001"
RULES = Areas(Library((Path(__file__).parents[1] / "rulebooks",)))


def bills(counter: Counter, *costs: int) -> list[Any]:
    """Visits of a registered person, some cost each."""
    person = counter.person(1)
    counter.institution(1, "3")
    counter.fact(
        person, "registration", "2023-01-01", key="M1", benefit="special", disease="M1", name="测试"
    )
    return [
        counter.bill(
            person,
            HERE,
            f"2024-06-{day:02}",
            cost,
            disease="M1",
            med_type="registered_disease",
            accounts="own",
        )
        for day, cost in enumerate(costs, start=1)
    ]


def test_the_institution_bears_what_is_above_its_price(
    owner: Connection, gateway: Connection
) -> None:
    counter = Counter(owner, AREA)
    told = settle(gateway, bills(counter, 40_000, 52_000, 50_000), RULES, NOW)
    kept = [one.entry.settlement for one in told]
    # 90 % of 400; 120 above it; then 280 are left of the year's 1,000.
    assert [(s.pool_fen, s.borne_fen, s.cash_fen) for s in kept] == [
        (36_000, 0, 4_000),
        (36_000, 12_000, 4_000),
        (28_000, 10_000, 12_000),
    ]
    paid = rows(gateway, "select entry, sum(amount_fen)::bigint from posting group by 1 order by 1")
    assert [fen for _, fen in paid] == [36_000, 36_000, 28_000], "what is borne moves no money"
    assert kept[1].total_fen == 52_000 and told[1].entry.supplements == {}
    assert [*verify(gateway), *replay(gateway, RULES)] == []
    assert list(readjudicate(owner, AREA, 2024, RULES, NOW, actor=OPERATOR)) == []


def test_a_cancellation_takes_back_what_the_institution_bore(
    owner: Connection, gateway: Connection
) -> None:
    counter = Counter(owner, AREA)
    (bill,) = bills(counter, 52_000)
    (told,) = settle(gateway, [bill], RULES, NOW)
    key = counter.key(HERE, "2208", {"n": 1})
    cancel(gateway, key, bill.psn_no, bill.visit or 0, told.entry.id or 0, RULES, NOW)
    found = rows(gateway, "select borne_fen, total_fen from settlement order by entry")
    assert found == [(12_000, 52_000), (-12_000, -52_000)]
    assert list(verify(gateway)) == []


def test_the_persons_part_is_what_is_left_of_the_total() -> None:
    area = RULES.area(AREA)
    visit = read_visit(
        {
            "date": "2024-06-01",
            "benefit": "special",
            "status": "active",
            "level": "3",
            "in_scope": "520",
            "total": "600",
        },
        area.laws[-1],
    )
    result = decide(area, visit, Meters(area.layout))
    assert (result.pool_fen, result.supplements_fen) == (36_000, 0)
    assert (result.borne_fen, result.person_fen) == (12_000, 12_000)
