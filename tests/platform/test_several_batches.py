"""One settlement of several batches of a visit: every one, or those that are named."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from tests.platform import gateways
from tests.platform.counter import NOW, RULES, Counter, one, refused, rows
from tests.platform.gateways import line, registration
from tests.platform.queries_county import Standing, standing
from tests.platform.test_cancel import message_of, undo, undo_message

from gongji.ledger.verify import verify
from gongji.settlement.contract import Request
from gongji.settlement.settle import settle

Connection = psycopg.Connection[Any]
SETTLED = """select c.number from settlement_batch s join charge_batch c on c.id = s.batch
where s.released_at is null order by c.id"""


class Visited:
    """A visit with three batches: 100.00, 20.00 and, with 3.00 wholly own, 33.00."""

    def __init__(self, counter: Counter) -> None:
        self.counter = counter
        self.person, self.here = counter.person(1), counter.institution(1, "1")
        self.visit = counter.visit(self.person, self.here, "2024-12-02")
        counter.batch(self.visit, "1", 10_000)
        counter.batch(self.visit, "B2", 2_000)
        counter.batch(self.visit, "3", 3_000, own=300)

    def bill(self, batch: str, total: int, **more: Any) -> Request:
        return self.counter.request(self.person, self.here, self.visit, batch, total, **more)


@pytest.fixture
def visited(counter: Counter) -> Visited:
    return Visited(counter)


@pytest.mark.parametrize(
    ("batch", "total", "taken"),
    [
        ("", 15_300, ["1", "B2", "3"]),
        ("0000", 15_300, ["1", "B2", "3"]),
        ("1,B2", 12_000, ["1", "B2"]),
        ("3、1", 13_300, ["1", "3"]),
        ("B2 ; 3", 5_300, ["B2", "3"]),
        ("3,3", 3_300, ["3"]),
        ("B2", 2_000, ["B2"]),
    ],
)
def test_one_settlement_takes_the_batches_that_are_meant(
    visited: Visited, gateway: Connection, batch: str, total: int, taken: list[str]
) -> None:
    entry = one(gateway, visited.bill(batch, total)).entry
    # Level 1 pays 70 % of what is in scope.
    own = 300 if "3" in taken else 0
    assert entry.settlement.pool_fen == (total - own) * 7 // 10
    assert entry.settlement.wholly_own_fen == own
    assert [number for (number,) in rows(gateway, SETTLED)] == taken
    assert list(verify(gateway)) == []


def test_what_was_settled_is_left_out_of_every_batch(visited: Visited, gateway: Connection) -> None:
    first = one(gateway, visited.bill("B2", 2_000)).entry
    assert one(gateway, visited.bill("0000", 13_300)).entry.settlement.in_scope_fen == 13_000
    again = one(gateway, visited.bill("", 15_300))
    assert refused(again) == "batch_settled_already" and str(first.id) in str(again.refusal)


def test_several_batches_are_taken_back_and_restored_together(
    visited: Visited, gateway: Connection
) -> None:
    bill = visited.bill("1,3", 13_300)
    back = undo(visited.counter, gateway, bill, one(gateway, bill).entry.id).entry
    assert rows(gateway, SETTLED) == []
    undo_message(visited.counter, gateway, bill, message_of(gateway, back), "2208")
    assert rows(gateway, SETTLED) == [("1",), ("3",)]
    assert one(gateway, visited.bill("", 2_000)).entry.settlement.in_scope_fen == 2_000


def test_batches_that_are_not_there_or_settled_are_named(
    visited: Visited, gateway: Connection
) -> None:
    for batch, total in (("1,9,8", 10_000), ("9", 0)):
        outcome = one(gateway, visited.bill(batch, total))
        assert refused(outcome) == "batch_unknown" and "9" in str(outcome.refusal)
    assert refused(one(gateway, visited.bill("1,3", 13_301))) == "total_differs"
    one(gateway, visited.bill("3", 3_300))
    outcome = one(gateway, visited.bill("1,3", 13_300))
    assert refused(outcome) == "batch_settled_already" and "批次 3 " in str(outcome.refusal)
    both = [visited.bill("1,B2", 12_000), visited.bill("B2", 2_000)]
    made = settle(gateway, both, RULES, NOW)
    assert [one.refusal.code if one.refusal else "" for one in made] == [
        "",
        "batch_settled_already",
    ]


def test_batches_of_two_diseases_are_settled_apart(visited: Visited, gateway: Connection) -> None:
    for number, disease in (("3", "M03900"), ("B2", "M07803")):
        visited.counter.owner.execute(
            "update charge_batch set disease = %s where number = %s", [disease, number]
        )
    outcome = one(gateway, visited.bill("B2,3", 5_300))
    assert refused(outcome) == "batches_differ" and "M03900" in str(outcome.refusal)
    assert refused(one(gateway, visited.bill("1,3", 13_300))) == "batches_differ"


@pytest.fixture(scope="module")
def place(server: str) -> Iterator[Standing]:
    with standing(server) as made:
        yield made


@pytest.mark.parametrize("sent", ["", None, "0000", "1,2", ["1", "2"], "absent"])
def test_a_hospital_sends_one_batch_several_or_none(place: Standing, sent: Any) -> None:
    client, person = place.client, place.insured()
    visit = str(client.do("2201", registration(person))["data"]["mdtrt_id"])
    client.do("2203", gateways.description(person, visit))
    for number in (1, 2):
        rows_of = [line(person, visit, number, chrg_bchno=str(number))]
        client.do("2204", {"feedetail": rows_of})
    bill = gateways.bill(person, visit, "60.00", chrg_bchno=sent)
    if sent == "absent":
        del bill["data"]["chrg_bchno"]
    info = client.do("2207", bill)["setlinfo"]
    assert info["medfee_sumamt"] == 60
