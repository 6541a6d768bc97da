"""What gets in the way of a settlement: locks, deadlocks, closed months, lost connections.

Everything is provoked by a second connection. `between` only says when: it runs the real step and
then what somebody else does at that moment.
"""

import contextlib
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from psycopg import errors
from tests.platform.counter import NOW, RULES, Counter, encode, kept, one, refused, rows
from tests.platform.waiting import waits

from gongji.platform.installation import installed_inbox
from gongji.settlement import settle as module
from gongji.settlement.contract import Outcome, Request
from gongji.settlement.settle import TRIES, Answers, Failure, settle

Connection = psycopg.Connection[Any]


def between(
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    act: Callable[[int, Any], None],
    *,
    after: bool = True,
) -> list[int]:
    """Let something happen after (or before) a step of each attempt; gives the attempts so far."""
    real, attempts = getattr(module, step), []

    def run(*given: Any) -> Any:
        attempts.append(len(attempts) + 1)
        if not after:
            act(attempts[-1], given)
        made = real(*given)
        if after:
            act(attempts[-1], given)
        return made

    monkeypatch.setattr(module, step, run)
    return attempts


def failed(outcome: Outcome, kind: type[Exception]) -> bool:
    """Whether it is an accident of a kind, of which nothing was kept."""
    assert isinstance(outcome, Failure), outcome
    assert outcome.entry is None and outcome.refusal is None
    return isinstance(outcome.error, kind)


def nothing_kept(gateway: Connection) -> bool:
    """Whether no entry, posting, message, use or mark is there."""
    tables = ("entry", "posting", "inbox", "inbox_bytes", "prescription_use", "meter_use")
    counts = [gateway.execute(f"select count(*) from {table}").fetchone() for table in tables]
    marked = "select count(*) from settlement_batch where released_at is null"
    return {*counts, gateway.execute(marked).fetchone()} == {(0,)}


def _two(counter: Counter) -> list[Request]:
    here = counter.institution(1)
    return [counter.bill(counter.person(n), here, "2024-12-02", 25_000) for n in (1, 2)]


# Locks.


def test_a_person_who_stays_locked_makes_an_accident_and_the_other_is_settled(
    counter: Counter, gateway: Connection, connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bills = _two(counter)
    attempts = between(monkeypatch, "lock", lambda *_: None, after=False)
    with connect() as other, other.transaction():
        other.execute("select id from person where psn_no = %s for update", [bills[0].psn_no])
        gateway.execute("set lock_timeout = '100ms'")
        first, second = settle(gateway, bills, RULES, NOW, answers=kept())
    assert failed(first, errors.LockNotAvailable)
    assert second.entry.settlement.pool_fen == 12_000
    assert len(attempts) == 1 + TRIES + 1, "together, four times alone, the other one once"
    assert rows(gateway, "select msg_id from inbox") == [(bills[1].key.msg_id,)]
    assert one(gateway, bills[0], answers=kept()).entry.settlement.pool_fen == 12_000, (
        "a retry succeeds"
    )


def test_who_is_locked_for_a_while_is_settled_by_a_later_attempt(
    counter: Counter, gateway: Connection, connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bill = _two(counter)[0]
    with connect() as other:
        other.execute("begin")
        other.execute("select id from person where psn_no = %s for update", [bill.psn_no])
        gateway.execute("set lock_timeout = '100ms'")

        def release(attempt: int, _: Any) -> None:
            if attempt == 1 + TRIES:
                other.execute("rollback")

        attempts = between(monkeypatch, "lock", release, after=False)
        outcome = one(gateway, bill)
    assert outcome.entry.settlement.pool_fen == 12_000
    assert len(attempts) == 1 + TRIES, "the last attempt still counts"


def test_of_a_deadlock_the_settlement_is_tried_again_and_done(
    counter: Counter, gateway: Connection, owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one holds the lines and asks for the person; the settlement asks for the lines."""
    bill = _two(counter)[0]
    assert bill.visit is not None
    address = owner.info.dsn
    got: list[Any] = []
    with psycopg.connect(address, autocommit=True) as other:
        # So that it is always the settlement that the database gives up.
        other.execute("set deadlock_timeout = '1h'")
        other.execute("begin")
        other.execute("select id from charge_batch where visit_id = %s for update", [bill.visit])

        def ask() -> None:
            asked = "select id from person where psn_no = %s for no key update"
            got.extend(other.execute(asked, [bill.psn_no]).fetchall())
            other.execute("commit")

        thread = threading.Thread(target=ask)

        def start(attempt: int, _: Any) -> None:
            if attempt == 1:
                thread.start()
                waits(owner, other.info.backend_pid)

        def let_it_finish(attempt: int, _: Any) -> None:
            if attempt == 2:
                thread.join()

        between(monkeypatch, "lock", start)
        attempts = between(monkeypatch, "lock", let_it_finish, after=False)
        outcome = one(gateway, bill)
    assert got and outcome.entry.settlement.pool_fen == 12_000
    assert len(attempts) == 2
    assert rows(gateway, "select count(*) from entry") == [(1,)]


# What others did between the reading and the writing.


def test_lines_taken_back_meanwhile_are_not_settled(
    counter: Counter, gateway: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    bill = _two(counter)[0]

    def withdraw(*_: Any) -> None:
        counter.owner.execute("update charge_batch set withdrawn_at = now()")

    between(monkeypatch, "read_around", withdraw)
    assert refused(one(gateway, bill)) == "batch_unknown"
    assert rows(gateway, "select count(*) from entry") == [(0,)]
    settled = "select entry from settlement_batch where released_at is null"
    assert rows(gateway, settled) == []


def test_lines_settled_meanwhile_are_not_settled_twice_and_the_others_are(
    counter: Counter, gateway: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = _two(counter)

    def settled(attempt: int, _: Any) -> None:
        if attempt == 1:
            counter.owner.execute(
                "insert into settlement_batch (entry, batch)"
                " select 77, id from charge_batch where visit_id = %s",
                [first.visit],
            )

    between(monkeypatch, "read_around", settled)
    outcomes = settle(gateway, [first, second], RULES, NOW)
    assert refused(outcomes[0]) == "batch_settled_already" and "77" in str(outcomes[0].refusal)
    assert outcomes[1].entry.settlement.pool_fen == 12_000
    assert rows(gateway, "select count(*) from entry") == [(1,)]


def test_a_month_that_closes_meanwhile_is_seen_by_the_next_attempt(
    counter: Counter, gateway: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = _two(counter)

    def close(*_: Any) -> None:
        counter.owner.execute(
            "insert into closed_period (area, month, actor_kind, actor)"
            " values ('430500', '2024-12-01', 'operator', 't')"
            " on conflict do nothing"
        )

    attempts = between(monkeypatch, "read_around", close)
    # Alone: the month closes, the entry is refused by the database, the next attempt reads it.
    assert refused(one(gateway, first)) == "period_closed"
    assert len(attempts) == 2 and rows(gateway, "select count(*) from entry") == [(0,)]
    assert refused(one(gateway, second)) == "period_closed"


def test_a_month_that_closes_during_a_later_attempt_is_seen_by_the_one_after(
    counter: Counter, gateway: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    bill = _two(counter)[0]

    def act(attempt: int, _: Any) -> None:
        if attempt == 1:
            raise ValueError("the first attempt fails for a reason of its own")
        counter.owner.execute(
            "insert into closed_period (area, month, actor_kind, actor)"
            " values ('430500', '2024-12-01', 'operator', 't')"
            " on conflict do nothing"
        )

    attempts = between(monkeypatch, "read_around", act)
    assert refused(one(gateway, bill)) == "period_closed"
    assert len(attempts) == 3


def test_an_account_that_is_drawn_on_meanwhile_is_read_again(
    counter: Counter, gateway: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, here = counter.person(1, 10_000), counter.institution(1)
    bill = counter.bill(person, here, "2024-12-02", 25_000, accounts="own")

    def draw(*_: Any) -> None:
        counter.owner.execute("update balance set amount_fen = 700")

    between(monkeypatch, "read_around", draw)
    entry = one(gateway, bill).entry
    assert (entry.settlement.account_fen, entry.settlement.cash_fen) == (700, 12_300), (
        "250 - 120 = 130 are the person's"
    )
    assert rows(gateway, "select amount_fen from balance") == [(0,)]


def test_what_the_database_refuses_for_another_reason_is_an_accident_at_once(
    counter: Counter, gateway: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, here = counter.person(1, 10_000), counter.institution(1)
    bill = counter.bill(person, here, "2024-12-02", 25_000, accounts="own")
    amounts = {1: 500, 2: 20, 3: 3}

    def draw(attempt: int, _: Any) -> None:
        counter.owner.execute("update balance set amount_fen = %s", [amounts[attempt]])

    attempts = between(monkeypatch, "read_around", draw)
    assert failed(one(gateway, bill), errors.CheckViolation)
    assert len(attempts) == 2, "nobody was in the way, so it is not tried again"
    assert nothing_kept(gateway) and rows(gateway, "select amount_fen from balance") == [(20,)]


def test_a_message_that_another_connection_kept_meanwhile_is_answered_as_it_was(
    counter: Counter, gateway: Connection, connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one message names two persons, so that no lock of a person keeps them apart."""
    first, second = _two(counter)
    twin = replace(second, key=first.key)
    other_outcomes: list[Outcome] = []
    real_settle = module.settle

    def settled(attempt: int, _: Any) -> None:
        if attempt == 1:
            with connect() as other:
                other_outcomes.extend(real_settle(other, [first], RULES, NOW, answers=kept()))

    between(monkeypatch, "read_around", settled)
    outcome = one(gateway, twin, answers=kept())
    assert other_outcomes[0].entry
    assert outcome.replayed == encode(first, other_outcomes[0])
    assert rows(gateway, "select count(*) from entry") == [(1,)]


# Accidents of our own.


def test_an_accident_to_one_reply_leaves_the_other_bills_settled(
    counter: Counter, gateway: Connection
) -> None:
    first, second = _two(counter)

    def broken(request: Request, outcome: Outcome) -> bytes:
        if request is first:
            raise ValueError("no reply")
        return encode(request, outcome)

    outcomes = settle(
        gateway, [first, second], RULES, NOW, answers=Answers(installed_inbox(), broken)
    )
    assert failed(outcomes[0], ValueError) and outcomes[1].entry.settlement.pool_fen == 12_000
    assert rows(gateway, "select count(*), count(distinct person) from entry") == [(1, 1)]
    assert rows(gateway, "select msg_id from inbox") == [(second.key.msg_id,)]


def test_a_statement_that_is_broken_off_is_told_to_who_asked_for_one_bill_and_kept_apart_of_two(
    counter: Counter,
    gateway: Connection,
    connect: Any,
    owner: Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bills = _two(counter)
    pid, threads = gateway.info.backend_pid, []

    def break_off() -> None:
        waits(owner, pid)
        owner.execute("select pg_cancel_backend(%s)", [pid])

    def watch(_: int, given: Any) -> None:
        while threads:
            threads.pop().join()
        if bills[0] in given[1]:
            threads.append(threading.Thread(target=break_off))
            threads[0].start()

    attempts = between(monkeypatch, "lock", watch, after=False)
    with connect() as other, other.transaction():
        other.execute("select id from person where psn_no = %s for update", [bills[0].psn_no])
        with pytest.raises(errors.QueryCanceled):
            settle(gateway, bills[:1], RULES, NOW)
        assert len(attempts) == 1
        first, second = settle(gateway, bills, RULES, NOW)
    assert failed(first, errors.QueryCanceled) and second.entry.settlement.pool_fen == 12_000
    assert len(attempts) == 4, "together, and each once alone"


# A connection that is lost.


@pytest.mark.parametrize("count", [1, 2])
def test_a_lost_connection_is_told_to_the_caller_and_a_retry_settles_once(
    counter: Counter, connect: Any, owner: Connection, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    bills = _two(counter)[:count]

    def cut(_: int, given: Any) -> None:
        owner.execute("select pg_terminate_backend(%s)", [given[0].info.backend_pid])

    with monkeypatch.context() as patch, connect() as lost:
        attempts = between(patch, "read_around", cut)
        with pytest.raises(psycopg.OperationalError):
            settle(lost, bills, RULES, NOW)
        assert lost.broken and len(attempts) == 1
    with connect() as again:
        assert nothing_kept(again)
        assert all(outcome.entry for outcome in settle(again, bills, RULES, NOW))
        assert rows(again, "select count(*) from entry") == [(count,)]


def test_a_connection_lost_in_a_later_attempt_is_told_to_the_caller(
    counter: Counter, connect: Any, owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    bills = _two(counter)

    def act(attempt: int, given: Any) -> None:
        if attempt == 1:
            raise ValueError("the first attempt fails for a reason of its own")
        owner.execute("select pg_terminate_backend(%s)", [given[0].info.backend_pid])

    with connect() as lost:
        attempts = between(monkeypatch, "read_around", act)
        with pytest.raises(psycopg.OperationalError):
            settle(lost, bills, RULES, NOW)
        assert lost.broken and len(attempts) == 2


def test_a_failure_of_another_kind_on_a_lost_connection_is_told_too(
    counter: Counter, connect: Any, owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    bills = _two(counter)

    def act(_: int, given: Any) -> None:
        owner.execute("select pg_terminate_backend(%s)", [given[0].info.backend_pid])
        with contextlib.suppress(psycopg.OperationalError):
            given[0].execute("select 1")
        raise KeyError("noticed late")

    with connect() as lost:
        attempts = between(monkeypatch, "read_around", act)
        with pytest.raises(KeyError, match="noticed late"):
            settle(lost, bills, RULES, NOW)
        assert len(attempts) == 1
    assert nothing_kept(owner)


def test_nobody_to_settle_is_no_transaction(connect: Any) -> None:
    with connect() as closed:
        pass
    assert settle(closed, [], RULES, datetime(2024, 12, 20, tzinfo=UTC)) == []
