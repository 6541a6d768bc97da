"""Two transactions of one visit at the same moment come to what they come to in turn."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations_with_replacement
from typing import Any

import pytest
from tests.platform.gateways import bill, description, line, opened
from tests.platform.queries_county import Standing

Ask = Callable[[], dict[str, Any]]
Books = tuple[object, ...]

BOOKS = """select v.withdrawn_at is not null, v.diagnoses = '[]',
  (select count(*) from charge_batch c where c.visit_id = v.id and c.withdrawn_at is null),
  (select array_agg(e.kind order by e.kind) from settlement s join entry e on e.id = s.entry
    where s.visit = v.id),
  (select count(*) from settlement_batch b join charge_batch c on c.id = b.batch
    where c.visit_id = v.id and b.released_at is null),
  (select coalesce(sum(m.used_fen), 0) from meter_use m where m.person = v.person_id)
from visit v where v.id = %s"""
TRANSACTIONS = ("2202", "2203", "2204", "2205", "2206", "2207", "2208", "2601")

OF_MONEY = {"2205", "2207", "2601"}
"""What moves money, or takes away what is being settled: these of every run, all of slow ones."""
PAIRS = [
    pytest.param(pair, marks=() if OF_MONEY.issuperset(pair) else pytest.mark.slow)
    for pair in combinations_with_replacement(TRANSACTIONS, 2)
]


class Visit:
    """A visit of somebody of their own, as far as its lines, or settled."""

    def __init__(self, place: Standing, settled: bool) -> None:
        self.place, self.psn_no = place, place.insured()
        self.id = opened(place.client, self.psn_no)
        self.message, self.setl_id = place.client.msgid(), "1"
        if settled:
            self.setl_id = self.ask("2207")()["output"]["setlinfo"]["setl_id"]

    def ask(self, infno: str) -> Ask:
        """A transaction of the visit, ready to be sent."""
        client, named = self.place.client, {"psn_no": self.psn_no, "mdtrt_id": self.id}
        given: dict[str, Any] = {
            "2202": {"data": named | {"ipt_otp_no": "1"}},
            "2203": description(self.psn_no, self.id),
            "2204": {"feedetail": [line(self.psn_no, self.id, 9, batch="2")]},
            "2205": {"data": named | {"chrg_bchno": "0000"}},
            "2206": bill(self.psn_no, self.id, 30),
            "2207": bill(self.psn_no, self.id, 30),
            "2208": {"data": named | {"setl_id": self.setl_id}},
            "2601": {"data": {"psn_no": self.psn_no, "omsgid": self.message, "oinfno": "2207"}},
        }[infno]
        msgid = self.message if infno == "2207" else ""
        return lambda: client.ask(infno, given, msgid)

    def books(self) -> Books:
        """What is kept of the visit."""
        return tuple(self.place.owner.execute(BOOKS, [self.id]).fetchone() or ())


def told(visit: Visit, replies: list[dict[str, Any]]) -> tuple[object, ...]:
    """Whether each was told a success, and what is kept."""
    return *(reply["infcode"] for reply in replies), visit.books()


@pytest.mark.parametrize("settled", [False, True], ids=["open", "settled"])
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_two_at_once_come_to_what_they_come_to_in_turn(
    place: Standing, pair: tuple[str, str], settled: bool
) -> None:
    # Numbers from 200 on are of another county.
    place.persons = max(place.persons, 300)
    one, other = pair
    first, second, both = (Visit(place, settled) for _ in range(3))
    forth = told(first, [first.ask(infno)() for infno in (one, other)])
    back = told(second, [second.ask(infno)() for infno in (other, one)][::-1])
    with ThreadPoolExecutor(2) as pool:
        sent = [pool.submit(both.ask(infno)) for infno in pair]
        assert told(both, [reply.result() for reply in sent]) in (forth, back)
