"""A message is one by its institution and its id; other content or transaction is another one."""

from dataclasses import replace
from typing import Any

import msgspec
import psycopg
from tests.platform.counter import NOW, RULES, Counter, encode, kept, one, refused, rows

from gongji.settlement.contract import Request
from gongji.settlement.settle import settle

Connection = psycopg.Connection[Any]
DAY = "2024-12-02"


def under(bill: Request, **changes: Any) -> Request:
    """The bill with another key."""
    return replace(bill, key=msgspec.structs.replace(bill.key, **changes))


def test_the_same_content_under_another_transaction_is_not_the_same_message(
    counter: Counter, gateway: Connection
) -> None:
    bill = counter.bill(counter.person(1), counter.institution(1), DAY, 25_000)
    other = under(bill, kind="2102")
    first, within = settle(gateway, [bill, other], RULES, NOW, answers=kept())
    assert first.entry and refused(within) == "message_differs" and "infno" in str(within.refusal)
    later = one(gateway, other, answers=kept())
    assert refused(later) == "message_differs" and "infno" in str(later.refusal)
    assert one(gateway, bill, answers=kept()).replayed == encode(bill, first)


def test_two_institutions_may_use_one_id(counter: Counter, gateway: Connection) -> None:
    person = counter.person(1)
    bills = [
        counter.bill(person, counter.institution(number), DAY, 25_000, msgid="M1")
        for number in (1, 2)
    ]
    assert all(outcome.entry for outcome in settle(gateway, bills, RULES, NOW, answers=kept()))
    third = counter.bill(person, counter.institution(3), DAY, 25_000, msgid="M1")
    assert one(gateway, third).entry
    found = rows(gateway, "select actor, msg_id from inbox order by actor")
    assert found == [(bill.key.actor, "M1") for bill in (*bills, third)]


def test_a_trial_is_answered_anew_whatever_its_id(counter: Counter, gateway: Connection) -> None:
    here, person = counter.institution(1), counter.person(1)
    bill = counter.bill(person, here, DAY, 25_000)
    one(gateway, bill, answers=kept())
    trial = replace(counter.bill(person, here, DAY, 25_000, msgid=bill.key.msg_id), trial=True)
    outcomes = settle(gateway, [trial, trial], RULES, NOW, answers=kept())
    assert [outcome.entry.settlement.pool_fen for outcome in outcomes] == [12_000, 12_000]
    assert rows(gateway, "select count(*) from inbox") == [(1,)]


def test_a_refusal_is_repeated_within_a_batch_and_after_what_it_missed_has_come(
    counter: Counter, gateway: Connection
) -> None:
    person, here = counter.person(1), counter.institution(1)
    visit = counter.visit(person, here, DAY)
    early = counter.request(person, here, visit, "1", 25_000)
    first, twin = settle(gateway, [early, early], RULES, NOW, answers=kept())
    assert refused(first) == "batch_unknown" and twin.replayed == b"refused batch_unknown"
    counter.batch(visit, "1", 25_000)
    assert one(gateway, early, answers=kept()).replayed == b"refused batch_unknown"
    fresh = counter.request(person, here, visit, "1", 25_000)
    assert one(gateway, fresh, answers=kept()).entry.settlement.pool_fen == 12_000


def test_a_message_without_a_reply_is_answered_with_an_empty_one(
    counter: Counter, gateway: Connection
) -> None:
    bill = counter.bill(counter.person(1), counter.institution(1), DAY, 25_000)
    first, twin = settle(gateway, [bill, bill], RULES, NOW)
    assert first.entry and twin.replayed == b""
    assert one(gateway, bill, answers=None).replayed == b""


def test_a_batch_is_settled_once_under_whatever_message(
    counter: Counter, gateway: Connection
) -> None:
    person, here = counter.person(1), counter.institution(1)
    bill = counter.bill(person, here, DAY, 25_000)
    again = counter.request(person, here, bill.visit, "1", 25_000)
    last = counter.request(person, here, bill.visit, "1", 25_000)
    first, second = settle(gateway, [bill, again], RULES, NOW)
    assert first.entry and refused(second) == "batch_settled_already"
    third = one(gateway, last)
    assert refused(third) == "batch_settled_already" and str(first.entry.id) in str(third.refusal)
    assert rows(gateway, "select sum(pool_fen)::int from settlement") == [(12_000,)]
