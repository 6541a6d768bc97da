"""Settlements taken back: by 2208, by 2601, in every order, with what is built on them."""

import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from tests.platform.counter import NOW, RULES, SETTLED_BATCHES, Counter, keep, message_of, one

from gongji.ledger.entry_rows import AMOUNTS
from gongji.refusals import Refusal
from gongji.settlement.cancel import cancel, reverse
from gongji.settlement.contract import Outcome, Request
from gongji.settlement.settle import settle

Connection = psycopg.Connection[Any]


def undo(
    counter: Counter, gateway: Connection, bill: Request, number: int, **options: Any
) -> Outcome:
    """Cancel a settlement (2208), with the message kept as the gateway keeps it."""
    assert bill.visit is not None
    key = options.pop("key", None) or counter.key(bill.key.actor, "2208", {"n": number})
    with gateway.transaction():
        outcome = cancel(gateway, key, bill.psn_no, bill.visit, number, RULES, NOW, **options)
        keep(gateway, key, outcome.entry.id)
    return outcome


def undo_message(
    counter: Counter, gateway: Connection, bill: Request, msgid: str, infno: str = "2207"
) -> Outcome:
    """Reverse a message (2601)."""
    key = counter.key(bill.key.actor, "2601", {"omsgid": msgid})
    return reverse(gateway, key, bill.psn_no, msgid, infno, RULES, NOW)


def state(gateway: Connection) -> list[Any]:
    """Meters and balances that hold something, and which batches are settled."""
    return [
        gateway.execute(statement).fetchall()
        for statement in (
            "select person, period, slot, code, used_fen from meter_use where used_fen > 0"
            " order by 1, 2, 3, 4",
            "select person, kind, amount_fen from balance order by 1, 2",
            f"select id, entry is not null from ({SETTLED_BATCHES}) b",
        )
    ]


def code(call: Callable[[], Any]) -> str:
    """The refusal that a call ends in."""
    with pytest.raises(Refusal) as refusal:
        call()
    assert "{" not in str(refusal.value)
    return refusal.value.code


def _family(counter: Counter) -> tuple[str, str]:
    person, wife = counter.person(1, 1000), counter.person(2, 90_000)
    counter.fact(
        person,
        "bond",
        "2024-01-01",
        key=wife,
        order=1,
        relation="spouse",
        consented_on="2024-01-01",
    )
    return person, counter.institution(1)


def test_a_cancellation_restores_meters_accounts_and_lines_exactly(
    counter: Counter, gateway: Connection
) -> None:
    person, here = _family(counter)
    one(gateway, counter.bill(person, here, "2024-11-02", 9000, accounts="own"))
    bill = counter.bill(person, here, "2024-12-02", 30_000, own=500, accounts="family")
    before = state(gateway)
    entry = one(gateway, bill).entry
    assert entry.settlement.family_fen > 0 and state(gateway) != before
    outcome = undo(counter, gateway, bill, entry.id)
    assert state(gateway) == before
    back = outcome.entry
    assert (back.kind, back.reverses) == ("cancellation", entry.id)
    assert [getattr(back.settlement, name) for name in AMOUNTS] == [
        -getattr(entry.settlement, name) for name in AMOUNTS
    ]
    (net,) = gateway.execute(
        "select count(*) from (select owner from (select debit || debit_owner, amount_fen from"
        " posting where entry = any(%(ids)s) union all select credit || credit_owner,"
        " -amount_fen from posting where entry = any(%(ids)s)) a(owner, fen)"
        " group by owner having sum(fen) <> 0) b",
        {"ids": [entry.id, back.id]},
    ).fetchone() or (1,)
    assert net == 0, "every account is back where it was"


def test_lines_can_be_settled_anew_after_a_cancellation(
    counter: Counter, gateway: Connection
) -> None:
    person, here = _family(counter)
    bill = counter.bill(person, here, "2024-12-02", 30_000)
    first = one(gateway, bill).entry
    undo(counter, gateway, bill, first.id)
    again = counter.request(person, here, bill.visit, "1", 30_000)
    assert one(gateway, again).entry.settlement.pool_fen == first.settlement.pool_fen


def test_a_settlement_is_cancelled_once(counter: Counter, gateway: Connection) -> None:
    person, here = _family(counter)
    bill = counter.bill(person, here, "2024-12-02", 30_000)
    number = one(gateway, bill).entry.id
    undo(counter, gateway, bill, number)
    assert code(lambda: undo(counter, gateway, bill, number)) == "settlement_cancelled"
    assert (
        code(lambda: undo_message(counter, gateway, bill, bill.key.msg_id))
        == "settlement_cancelled"
    )


def test_what_is_not_the_institutions_settlement_of_this_person_is_unknown(
    counter: Counter, gateway: Connection
) -> None:
    person, here = _family(counter)
    bill = counter.bill(person, here, "2024-12-02", 30_000)
    number = one(gateway, bill).entry.id
    assert bill.visit is not None
    foreign = counter.key(counter.institution(2), "2208", {})
    assert code(lambda: undo(counter, gateway, bill, number, key=foreign)) == "settlement_unknown"
    mine = counter.key(here, "2208", {})
    for psn_no, visit, entry, why in (
        (counter.psn_no(2), bill.visit, number, "settlement_unknown"),
        (person, bill.visit + 1, number, "settlement_of_another_visit"),
        (person, bill.visit, number + 5, "settlement_unknown"),
    ):
        asked = (gateway, mine, psn_no, visit, entry, RULES, NOW)
        assert code(lambda asked=asked: cancel(*asked)) == why


def test_settlements_that_build_on_it_are_flagged_and_others_are_not(
    counter: Counter, gateway: Connection
) -> None:
    person, here = _family(counter)
    first = counter.bill(person, here, "2024-10-02", 100_000)
    numbers = [
        one(gateway, bill).entry.id
        for bill in (
            first,
            counter.bill(person, here, "2024-11-02", 100_000),
            counter.bill(counter.psn_no(2), here, "2024-11-02", 100_000),
        )
    ]
    back = undo(counter, gateway, first, numbers[0]).entry
    flags = gateway.execute("select entry, cause, reason from review_flag").fetchall()
    assert [flag[:2] for flag in flags] == [(numbers[1], back.id)]
    assert str(numbers[0]) in flags[0][2]


def test_a_settlement_that_found_the_ceiling_used_up_builds_on_what_used_it(
    counter: Counter, gateway: Connection
) -> None:
    person, here = _family(counter)
    first = counter.bill(person, here, "2024-10-02", 900_000)
    number = one(gateway, first).entry.id
    later = one(gateway, counter.bill(person, here, "2024-11-02", 100_000)).entry
    assert later.settlement.pool_fen == 0
    undo(counter, gateway, first, number)
    assert gateway.execute("select entry from review_flag").fetchall() == [(later.id,)]


def test_an_area_may_refuse_to_cancel_what_others_build_on_naming_only_own_visits(
    counter: Counter, gateway: Connection
) -> None:
    person, here = _family(counter)
    there = counter.institution(2)
    first = counter.bill(person, here, "2024-10-02", 100_000)
    last = counter.bill(person, here, "2024-11-02", 100_000)
    numbers = [one(gateway, b).entry.id for b in (first, last)]
    foreign = one(gateway, counter.bill(person, there, "2024-11-03", 100_000)).entry.id
    before = state(gateway)
    with pytest.raises(Refusal) as refusal:
        undo(counter, gateway, first, numbers[0], refuse_chained=frozenset({"430500"}))
    assert refusal.value.code == "settlement_chained"
    assert str(numbers[1]) in str(refusal.value) and str(foreign) not in str(refusal.value)
    assert state(gateway) == before


def test_a_closed_period_takes_no_cancellation(counter: Counter, gateway: Connection) -> None:
    person, here = _family(counter)
    bill = counter.bill(person, here, "2024-12-02", 30_000)
    number = one(gateway, bill).entry.id
    counter.owner.execute(
        "insert into closed_period (area, month, actor_kind, actor)"
        " values ('430500', '2024-12-01', 'operator', 't')"
    )
    assert code(lambda: undo(counter, gateway, bill, number)) == "period_closed"


def test_a_reversal_undoes_a_settlement_whose_answer_was_lost(
    counter: Counter, gateway: Connection
) -> None:
    person, here = _family(counter)
    bill = counter.bill(person, here, "2024-12-02", 30_000, accounts="own")
    before = state(gateway)
    one(gateway, bill)
    assert undo_message(counter, gateway, bill, bill.key.msg_id).entry.settlement.pool_fen < 0
    assert state(gateway) == before


def test_a_reversal_before_its_original_refuses_the_late_original(
    counter: Counter, gateway: Connection
) -> None:
    person, here = _family(counter)
    bill = counter.bill(person, here, "2024-12-02", 30_000)
    for _ in range(2):
        assert undo_message(counter, gateway, bill, bill.key.msg_id).entry is None
    late = one(gateway, bill)
    assert late.refusal and late.refusal.code == "message_barred"
    assert gateway.execute("select count(*) from entry").fetchone() == (0,)


def test_a_reversal_of_a_refused_message_has_nothing_to_undo(
    counter: Counter, gateway: Connection
) -> None:
    person, here = _family(counter)
    bill = counter.request(person, here, 999, "1", 5)
    assert one(gateway, bill).refusal
    assert undo_message(counter, gateway, bill, bill.key.msg_id).entry is None


def test_a_message_is_reversed_under_its_own_kind_only(
    counter: Counter, gateway: Connection
) -> None:
    person, here = _family(counter)
    bill = counter.bill(person, here, "2024-12-02", 30_000)
    one(gateway, bill)
    msgid = bill.key.msg_id
    assert code(lambda: undo_message(counter, gateway, bill, msgid, "2102")) == "reversal_differs"


def test_reversing_a_cancellation_restores_the_settlement_and_it_can_be_cancelled_again(
    counter: Counter, gateway: Connection
) -> None:
    person, here = _family(counter)
    bill = counter.bill(person, here, "2024-12-02", 30_000, accounts="family")
    empty = state(gateway)
    entry = one(gateway, bill).entry
    settled = state(gateway)
    back = undo(counter, gateway, bill, entry.id).entry
    sent = message_of(gateway, back)
    restored = undo_message(counter, gateway, bill, sent, "2208").entry
    assert (
        restored.kind == "settlement" and restored.settlement.pool_fen == entry.settlement.pool_fen
    )
    assert state(gateway) == settled
    assert code(lambda: undo_message(counter, gateway, bill, sent, "2208")) == (
        "settlement_cancelled"
    )
    undo(counter, gateway, bill, entry.id)
    assert state(gateway) == empty


def test_a_settlement_is_not_restored_when_its_lines_or_its_money_are_gone(
    counter: Counter, gateway: Connection
) -> None:
    person, here = _family(counter)
    bill = counter.bill(person, here, "2024-12-02", 30_000, accounts="own")
    back = undo(counter, gateway, bill, one(gateway, bill).entry.id).entry
    sent = message_of(gateway, back)
    again = counter.request(person, here, bill.visit, "1", 30_000)
    number = one(gateway, again).entry.id
    assert code(lambda: undo_message(counter, gateway, bill, sent, "2208")) == "settlement_taken"
    undo(counter, gateway, again, number)
    counter.owner.execute("update balance set amount_fen = 999")
    assert code(lambda: undo_message(counter, gateway, bill, sent, "2208")) == "account_short"


def test_prescriptions_are_released_and_taken_again(owner: Connection, gateway: Connection) -> None:
    counter = Counter(owner, "532300")
    person, shop = counter.person(1), counter.institution(5, "", "pharmacy")
    writer = counter.institution(1)
    marks = {"prescriptions": [{"prescriber": writer, "number": "R1", "serial": "1"}]}
    first, second = (
        counter.bill(person, shop, "2024-06-05", 9000, med_type="pharmacy", marks=marks)
        for _ in range(2)
    )
    back = undo(counter, gateway, first, one(gateway, first).entry.id).entry
    sent = message_of(gateway, back)
    entry = one(gateway, second).entry
    assert code(lambda: undo_message(counter, gateway, first, sent, "2208")) == "settlement_taken"
    undo(counter, gateway, second, entry.id)
    undo_message(counter, gateway, first, sent, "2208")
    assert gateway.execute(
        "select count(*) from prescription_use where released_at is null"
    ).fetchone() == (1,)


# Two at once.


def _together(connect: Any, *calls: Callable[[Connection], Any]) -> list[Any]:
    """Run each call on a connection of its own, all at the same time."""
    gate = threading.Barrier(len(calls))
    made: list[Any] = [None] * len(calls)

    def run(place: int, call: Callable[[Connection], Any]) -> None:
        with connect() as connection:
            gate.wait()
            try:
                made[place] = call(connection)
            except Exception as error:
                made[place] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return made


def test_two_cashiers_settling_one_person_share_one_deductible_and_one_account(
    counter: Counter, connect: Any, gateway: Connection
) -> None:
    person, here = _family(counter)
    bills = [counter.bill(person, here, "2024-12-02", 4000, accounts="family") for _ in range(8)]
    made = _together(
        connect, *[lambda c, part=bills[n::4]: settle(c, part, RULES, NOW) for n in range(4)]
    )
    entries = [outcome.entry for outcomes in made for outcome in outcomes]
    assert sum(entry.settlement.account_fen for entry in entries) == 1000
    used = gateway.execute("select sum(used_fen) from meter_use where code = 'year_deductible'")
    assert used.fetchone() == (sum(entry.settlement.deductible_fen for entry in entries),)


def test_one_message_on_two_connections_is_settled_once(
    counter: Counter, connect: Any, gateway: Connection
) -> None:
    person, here = _family(counter)
    for _ in range(5):
        bill = counter.bill(person, here, "2024-12-02", 4000)
        other = counter.bill(counter.psn_no(2), here, "2024-12-02", 4000)
        made = _together(
            connect,
            lambda c, b=bill: settle(c, [b], RULES, NOW),
            lambda c, b=bill, o=other: settle(c, [o, b], RULES, NOW),
        )
        outcomes = [made[0][0], made[1][1]]
        assert sorted(o.replayed is None for o in outcomes) == [False, True], outcomes
        assert made[1][0].entry
    assert gateway.execute("select count(*) from entry").fetchone() == (10,)


def test_a_cancellation_and_a_settlement_at_once_keep_the_meters_right(
    counter: Counter, connect: Any, gateway: Connection
) -> None:
    person, here = _family(counter)
    for _ in range(4):
        first = counter.bill(person, here, "2024-12-02", 40_000)
        number = one(gateway, first).entry.id
        later = counter.bill(person, here, "2024-12-02", 40_000)
        made = _together(
            connect,
            lambda c, b=first, n=number: undo(counter, c, b, n),
            lambda c, b=later: settle(c, [b], RULES, NOW),
        )
        assert made[0].entry and made[1][0].entry, made
    total = gateway.execute("select sum(pool_fen) from settlement").fetchone()
    used = gateway.execute("select sum(used_fen) from meter_use where code = 'ordinary_paid'")
    assert total == used.fetchone()


def test_a_reversal_and_its_original_at_once_leave_nothing_settled(
    counter: Counter, connect: Any, gateway: Connection
) -> None:
    person, here = _family(counter)
    for _ in range(6):
        bill = counter.bill(person, here, "2024-12-02", 40_000)
        made = _together(
            connect,
            lambda c, b=bill: settle(c, [b], RULES, NOW),
            lambda c, b=bill: undo_message(counter, c, b, b.key.msg_id),
        )
        assert isinstance(made[1], Outcome), made
    assert gateway.execute("select coalesce(sum(total_fen), 0) from settlement").fetchone() == (0,)
    assert gateway.execute(
        "select count(*) from settlement_batch where released_at is null"
    ).fetchone() == (0,)
