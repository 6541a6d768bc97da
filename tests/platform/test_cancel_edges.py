"""Taking back at the edges: whose message, which locks, what is flagged, what came late."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import psycopg
import pytest
from psycopg import errors
from tests.platform.counter import (
    NOW,
    OPERATOR,
    RULES,
    SETTLED_BATCHES,
    TELLER,
    Counter,
    as_owner,
    day_of,
    encode,
    keep,
    kept,
    message_of,
    one,
    refused,
    rows,
)
from tests.platform.waiting import waits

from gongji.gateway.transactions import MOVE_MONEY
from gongji.ledger.entry_rows import EntryRow
from gongji.ledger.verify import verify
from gongji.platform.installation import installed_inbox
from gongji.refusals import Refusal
from gongji.settlement.cancel import _Undo, cancel, reverse
from gongji.settlement.contract import Outcome, Request
from gongji.settlement.readjudicate import readjudicate
from gongji.settlement.settle import Answers, settle
from gongji.settlement.stays import StayReport, record_stay

Connection = psycopg.Connection[Any]
DAY = "2024-12-02"


def undo(
    counter: Counter, gateway: Connection, bill: Request, entry: EntryRow, **more: Any
) -> EntryRow:
    """Cancel a settlement (2208), with its message kept."""
    key = counter.key(bill.key.actor, "2208", {"n": entry.id})
    with gateway.transaction():
        assert entry.id is not None
        back = cancel(
            gateway, key, bill.psn_no, bill.visit or 0, entry.id, RULES, NOW, **more
        ).entry
        keep(gateway, key, back.id)
    made: EntryRow = back
    return made


def undo_message(
    counter: Counter, gateway: Connection, psn_no: str, here: str, msgid: str, infno: str = "2207"
) -> Outcome:
    """Reverse a message (2601)."""
    key = counter.key(here, "2601", {"omsgid": msgid, "oinfno": infno})
    return reverse(gateway, key, psn_no, msgid, infno, RULES, NOW)


def refusal_of(call: Callable[[], Any]) -> str:
    """The refusal that a call ends in, and the names it has."""
    with pytest.raises(Refusal) as found:
        call()
    assert "{" not in str(found.value)
    return found.value.code


def test_a_reversal_by_another_person_is_refused_and_leaves_everything(
    counter: Counter, gateway: Connection
) -> None:
    person, other, here = counter.person(1), counter.person(2), counter.institution(1)
    bill = counter.bill(person, here, DAY, 30_000)
    entry = one(gateway, bill).entry
    for psn_no in (other, counter.psn_no(99)):
        with pytest.raises(Refusal, match="psn_no") as found:
            undo_message(counter, gateway, psn_no, here, bill.key.msg_id)
        assert found.value.code == "reversal_differs"
    assert rows(gateway, "select id from entry") == [(entry.id,)]
    assert (
        undo_message(counter, gateway, person, here, bill.key.msg_id).entry.settlement.pool_fen < 0
    )


def test_a_message_of_another_institution_is_not_reversed(
    counter: Counter, gateway: Connection
) -> None:
    person, here, there = counter.person(1), counter.institution(1), counter.institution(2)
    bill = counter.bill(person, here, DAY, 30_000)
    entry = one(gateway, bill).entry
    assert undo_message(counter, gateway, person, there, bill.key.msg_id).entry is None
    assert rows(gateway, "select id from entry") == [(entry.id,)]
    assert rows(gateway, "select actor, state from inbox order by state") == [
        (there, "barred"),
        (here, "done"),
    ]


@pytest.mark.parametrize("infno", ["2102", "2207", "2207A", "2103", "2208"])
def test_every_transaction_that_moves_money_is_reversible_by_its_message(
    counter: Counter, gateway: Connection, infno: str
) -> None:
    assert set(MOVE_MONEY) == {"2102", "2207", "2207A", "2103", "2208"}
    person, here = counter.person(1), counter.institution(1)
    bill = counter.bill(person, here, DAY, 30_000)
    if infno in ("2103", "2208"):
        first = one(gateway, bill).entry
        key = counter.key(here, infno, {})
        with gateway.transaction():
            back = cancel(gateway, key, person, bill.visit or 0, first.id, RULES, NOW).entry
            keep(gateway, key, back.id)
        expected, msgid = first.settlement.pool_fen, key.msg_id
    else:
        bill = replace(bill, key=msgspec.structs.replace(bill.key, kind=infno))
        expected, msgid = -one(gateway, bill).entry.settlement.pool_fen, bill.key.msg_id
    other = "2207" if infno != "2207" else "2102"
    asked = (counter, gateway, person, here, msgid)
    assert refusal_of(lambda: undo_message(*asked, other)) == "reversal_differs"
    made = undo_message(*asked, infno).entry
    assert made.settlement.pool_fen == expected != 0
    assert made.kind == ("settlement" if infno in ("2103", "2208") else "cancellation")


# What came late.


def test_a_barred_message_is_refused_whenever_and_however_it_arrives(
    counter: Counter, gateway: Connection
) -> None:
    person, here, there = counter.person(1), counter.institution(1), counter.institution(2)
    bill = counter.bill(person, here, DAY, 30_000)
    assert undo_message(counter, gateway, person, here, bill.key.msg_id).entry is None
    # Alone, twice in one batch, with other content, under another transaction.
    changed = replace(bill, key=counter.key(here, "2207", {"other": "1"}, bill.key.msg_id))
    purchase = replace(bill, key=msgspec.structs.replace(bill.key, kind="2102"))
    for late in (bill, changed, purchase):
        assert refused(one(gateway, late, answers=kept())) == "message_barred"
    outcomes = settle(gateway, [bill, bill], RULES, NOW, answers=kept())
    assert [refused(outcome) for outcome in outcomes] == ["message_barred"] * 2
    assert rows(gateway, "select count(*) from entry") == [(0,)]
    # The mark is the institution's own, and a trial is not barred.
    elsewhere = counter.bill(person, there, DAY, 30_000, msgid=bill.key.msg_id)
    assert one(gateway, elsewhere).entry.settlement.pool_fen == 15_000
    assert one(gateway, replace(bill, trial=True)).entry.settlement.pool_fen > 0


def test_the_same_lines_are_settled_under_a_new_message_after_the_old_one_was_barred(
    counter: Counter, gateway: Connection
) -> None:
    person, here = counter.person(1), counter.institution(1)
    bill = counter.bill(person, here, DAY, 30_000)
    undo_message(counter, gateway, person, here, bill.key.msg_id)
    again = counter.request(person, here, bill.visit, "1", 30_000)
    assert one(gateway, again).entry.settlement.pool_fen == 15_000
    assert refused(one(gateway, bill)) == "message_barred"


def test_a_message_that_arrives_while_its_mark_is_being_set_is_undone(
    counter: Counter, gateway: Connection, connect: Any, owner: Connection
) -> None:
    person, here = counter.person(1), counter.institution(1)
    bill = counter.bill(person, here, DAY, 30_000)
    made: list[Any] = []
    with connect() as other:
        thread = threading.Thread(
            target=lambda: made.append(undo_message(counter, other, person, here, bill.key.msg_id))
        )
        with gateway.transaction():
            entry = one(gateway, bill, answers=kept()).entry
            thread.start()
            waits(owner, other.info.backend_pid)
        thread.join()
    assert made[0].entry.reverses == entry.id
    assert rows(gateway, "select sum(pool_fen), count(*) from settlement") == [(0, 2)]


# Locks.


def test_a_cancellation_waits_for_the_owner_of_a_family_account(
    counter: Counter, gateway: Connection, connect: Any
) -> None:
    person, wife, here = counter.person(1, 0), counter.person(2, 90_000), counter.institution(1)
    counter.fact(
        person,
        "bond",
        "2024-01-01",
        key=wife,
        order=1,
        relation="spouse",
        consented_on="2024-01-01",
    )
    bill = counter.bill(person, here, DAY, 30_000, accounts="family")
    entry = one(gateway, bill).entry
    gateway.execute("set lock_timeout = '100ms'")
    asked = "select id from person where id = %s for no key update"
    for psn_no in (person, wife):
        with connect() as other, other.transaction():
            other.execute(asked, [counter.persons[psn_no]])
            with pytest.raises(errors.LockNotAvailable):
                undo(counter, gateway, bill, entry)
    assert undo(counter, gateway, bill, entry).settlement.family_fen == -15_000


def test_a_settlement_locks_its_person_and_the_owners_of_accounts_that_it_may_draw_on(
    counter: Counter, gateway: Connection, connect: Any
) -> None:
    person, wife, here = counter.person(1, 0), counter.person(2, 9000), counter.institution(1)
    child, other_person = counter.person(3, 9000), counter.person(4, 9000)
    counter.fact(
        person,
        "bond",
        "2024-01-01",
        key=wife,
        order=1,
        relation="spouse",
        consented_on="2024-01-01",
    )
    counter.fact(
        person,
        "bond",
        "2024-01-01",
        key=child,
        order=2,
        relation="child",
        consented_on="2024-01-01",
    )
    counter.owner.execute(
        "update person_fact set retired_at = now() where kind = 'bond' and key = %s", [child]
    )
    free: dict[str, list[str]] = {}
    real = encode
    for accounts in ("none", "own", "family"):
        bill = counter.bill(person, here, DAY, 3000, accounts=accounts)
        free[accounts] = []

        def look(request: Request, outcome: Outcome, use: str = accounts) -> bytes:
            with connect() as other:
                asked = "select psn_no from person order by id for no key update skip locked"
                free[use] = [psn_no for (psn_no,) in other.execute(asked)]
            return real(request, outcome)

        one(gateway, bill, answers=Answers(installed_inbox(), look))
    assert free == {
        "none": [wife, child, other_person],
        "own": [wife, child, other_person],
        "family": [child, other_person],
    }


def test_a_trial_locks_nobody(counter: Counter, gateway: Connection, connect: Any) -> None:
    person, here = counter.person(1, 0), counter.institution(1)
    bill = counter.bill(person, here, DAY, 3000, trial=True)
    gateway.execute("set lock_timeout = '100ms'")
    with connect() as other, other.transaction():
        other.execute("select id from person for update")
        assert one(gateway, bill).entry.settlement.deductible_fen == 3000


# What is flagged.


def test_only_settlements_that_stand_and_of_the_same_area_are_flagged(
    owner: Connection, counter: Counter, gateway: Connection
) -> None:
    """Somebody moves within the year: the meters of the new area are others of the same name."""
    person, here = counter.person(1), counter.institution(1)
    first, gone, later = (counter.bill(person, here, f"2024-0{n}-02", 90_000) for n in (3, 4, 5))
    entries = [one(gateway, bill).entry for bill in (first, gone, later)]
    far = Counter(owner, "532300", persons=dict(counter.persons), messages=500)
    owner.execute("update person_fact set retired_at = now() where kind = 'insured'")
    far.fact(person, "insured", "2024-06-01", status="active")
    moved = one(gateway, far.bill(person, far.institution(1), "2024-06-05", 90_000)).entry
    assert {m[:2] for m in moved.meters} & {m[:2] for m in entries[0].meters}
    undo(counter, gateway, gone, entries[1])
    back = undo(counter, gateway, first, entries[0], refuse_chained=frozenset({"532300"}))
    flags = rows(gateway, "select entry, cause from review_flag where cause = %s", back.id)
    assert flags == [(entries[2].id, back.id)]


def test_what_was_settled_before_is_not_flagged(counter: Counter, gateway: Connection) -> None:
    person, here = counter.person(1), counter.institution(1)
    bills = [counter.bill(person, here, day, 30_000) for day in ("2024-05-02", "2024-04-02")]
    entries = [one(gateway, bill).entry for bill in bills]
    undo(counter, gateway, bills[1], entries[1], refuse_chained=frozenset({"430500"}))
    assert rows(gateway, "select count(*) from review_flag") == [(0,)]
    # The year before has meters of its own.
    early = counter.bill(person, here, "2023-12-02", 30_000)
    undo(counter, gateway, early, one(gateway, early).entry)
    assert rows(gateway, "select count(*) from review_flag") == [(0,)]


def test_what_was_taken_back_is_not_restored_over_what_was_settled_since(
    counter: Counter, gateway: Connection
) -> None:
    person, here = counter.person(1), counter.institution(1)
    first = counter.bill(person, here, "2024-05-02", 30_000)
    back = undo(counter, gateway, first, one(gateway, first).entry)
    second = counter.bill(person, here, "2024-06-02", 30_000)
    later = one(gateway, second).entry
    asked = (counter, gateway, person, here, message_of(gateway, back), "2208")
    with pytest.raises(Refusal) as found:
        undo_message(*asked)
    assert (found.value.code, str(later.id) in str(found.value)) == ("restore_overtaken", True)
    # With the later one gone as well the meters are as they were.
    undo(counter, gateway, second, later)
    assert undo_message(*asked).entry.settlement.pool_fen > 0


def test_five_settlements_taken_back_are_not_all_restored_beyond_the_ceiling(
    counter: Counter, gateway: Connection
) -> None:
    """Level 1: 70 % of 3,000 is more than the 1,500 a year."""
    person, here = counter.person(1), counter.institution(1, "1")
    backs = []
    for day in range(1, 6):
        bill = counter.bill(person, here, f"2024-05-0{day}", 300_000)
        entry = one(gateway, bill).entry
        assert entry.settlement.pool_fen == 150_000
        backs.append(undo(counter, gateway, bill, entry))
    made = []
    for back in backs:
        asked = (counter, gateway, person, here, message_of(gateway, back), "2208")
        try:
            made.append(undo_message(*asked).entry.id)
        except Refusal as refusal:
            made.append(refusal.code)
    assert made[1:] == ["restore_overtaken"] * 4
    assert rows(gateway, "select sum(pool_fen)::bigint from settlement") == [(150_000,)]
    assert list(verify(gateway)) == []


def test_verification_finds_meters_beyond_the_limit_that_they_were_moved_by(
    counter: Counter, gateway: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if what stands since did not keep a settlement from being restored."""
    monkeypatch.setattr(_Undo, "_refuse_stale", lambda *asked: None)
    person, here = counter.person(1), counter.institution(1, "1")
    bills = [counter.bill(person, here, f"2024-05-0{day}", 300_000) for day in (1, 2, 3)]
    backs = [undo(counter, gateway, bill, one(gateway, bill).entry) for bill in bills]
    assert list(verify(gateway)) == []
    made = [
        undo_message(counter, gateway, person, here, message_of(gateway, back), "2208").entry
        for back in backs
    ]
    found = [(one.check, one.entry, one.what, one.kept, one.rebuilt) for one in verify(gateway)]
    assert found == [
        ("limit", made[1].id, "ordinary_paid 年:2024", "300000", "150000"),
        ("limit", made[2].id, "ordinary_paid 年:2024", "450000", "150000"),
    ]


def test_a_stay_beyond_the_ceiling_is_no_fault_of_what_is_restored(
    owner: Connection, gateway: Connection
) -> None:
    county = Counter(owner, "532300")
    person, here = county.person(1), county.institution(1, "2")
    bill = county.bill(person, here, "2024-05-02", 2_000_000)
    entry = one(gateway, bill).entry
    told = StayReport(
        psn_no=person,
        area="532300",
        number="Z",
        since=day_of("2024-06-01"),
        institution=here,
        level="2",
        pool_fen=5_000_000,
    )
    record_stay(gateway, told, RULES, NOW, actor=TELLER)
    back = undo(county, gateway, bill, entry)
    undo_message(county, gateway, person, here, message_of(gateway, back), "2208")
    (held,) = rows(gateway, "select used_fen from meter_use where code = 'inpatient_paid'")
    assert held[0] > 5_000_000 and list(verify(gateway)) == []


@pytest.mark.parametrize(("after", "code"), [(30 * 60, ""), (30 * 60 + 1, "restore_late")])
def test_a_cancellation_is_undone_within_half_an_hour(
    counter: Counter, gateway: Connection, after: int, code: str
) -> None:
    person, here = counter.person(1), counter.institution(1)
    bill = counter.bill(person, here, DAY, 30_000)
    msgid = message_of(gateway, undo(counter, gateway, bill, one(gateway, bill).entry))
    key = counter.key(here, "2601", {"omsgid": msgid, "oinfno": "2208"})
    asked = (gateway, key, person, msgid, "2208", RULES, NOW + timedelta(seconds=after))
    if code:
        assert refusal_of(lambda: reverse(*asked)) == code
    else:
        assert reverse(*asked).entry.kind == "settlement"


def test_what_was_corrected_downwards_is_cancelled_whole_and_not_restored(
    counter: Counter, gateway: Connection
) -> None:
    person, here = counter.person(1, status="retired"), counter.institution(1, "1")
    bill = counter.bill(person, here, DAY, 300_000)
    entry = one(gateway, bill).entry
    assert entry.settlement.pool_fen == 200_000
    counter.owner.execute("update person_fact set retired_at = now() where kind = 'insured'")
    counter.fact(person, "insured", "2020-01-02", status="active")
    with as_owner(gateway) as owner:
        (change,) = readjudicate(owner, "430500", 2024, RULES, NOW, actor=OPERATOR)
    assert (change.net_fen, change.receivable_fen) == (-50_000, 50_000)
    back = undo(counter, gateway, bill, entry)
    assert rows(gateway, "select sum(used_fen)::bigint from meter_use") == [(0,)]
    assert rows(gateway, "select amount_fen from balance where kind = 'receivable'") == [(0,)]
    assert rows(gateway, "select sum(pool_fen)::bigint from settlement") == [(0,)]
    assert list(verify(gateway)) == []
    asked = (counter, gateway, person, here, message_of(gateway, back), "2208")
    assert refusal_of(lambda: undo_message(*asked)) == "restore_overtaken"


# Lines and prescriptions.


def test_only_the_lines_of_the_cancelled_settlement_are_free_again(
    counter: Counter, gateway: Connection
) -> None:
    person, here = counter.person(1), counter.institution(1)
    bill = counter.bill(person, here, DAY, 30_000)
    assert bill.visit is not None
    counter.batch(bill.visit, "2", 5000)
    second = counter.request(person, here, bill.visit, "2", 5000)
    entries = [outcome.entry for outcome in settle(gateway, [bill, second], RULES, NOW)]
    undo(counter, gateway, bill, entries[0])
    kept = [row[1:] for row in rows(gateway, SETTLED_BATCHES)]
    assert kept == [("1", None), ("2", entries[1].id)]


def test_a_settlement_is_not_restored_once_its_lines_were_taken_back(
    counter: Counter, gateway: Connection
) -> None:
    person, here = counter.person(1), counter.institution(1)
    bill = counter.bill(person, here, DAY, 30_000)
    back = undo(counter, gateway, bill, one(gateway, bill).entry)
    counter.owner.execute("update charge_batch set withdrawn_at = now()")
    asked = (counter, gateway, person, here, message_of(gateway, back), "2208")
    assert refusal_of(lambda: undo_message(*asked)) == "settlement_taken"
    assert rows(gateway, "select count(*) from entry") == [(2,)]


def test_prescriptions_follow_a_settlement_through_every_reversal(
    owner: Connection, gateway: Connection
) -> None:
    counter = Counter(owner, "532300")
    person, shop = counter.person(1), counter.institution(5, "", "pharmacy")
    writer = counter.institution(1)
    marks = {"prescriptions": [{"prescriber": writer, "number": "R1", "serial": "1"}]}
    bill = counter.bill(person, shop, "2024-06-05", 9000, med_type="pharmacy", marks=marks)
    used = "select entry from prescription_use where released_at is null"
    first = one(gateway, bill).entry
    back = undo(counter, gateway, bill, first)
    assert rows(gateway, used) == []
    restored = undo_message(counter, gateway, person, shop, message_of(gateway, back), "2208").entry
    assert rows(gateway, used) == [(restored.id,)]
    again = undo(counter, gateway, bill, first)
    assert rows(gateway, used) == [] and again.reverses == restored.id
    last = undo_message(counter, gateway, person, shop, message_of(gateway, again), "2208").entry
    assert rows(gateway, used) == [(last.id,)]
    settled = "select entry from settlement_batch where released_at is null"
    assert rows(gateway, settled) == [(last.id,)]
    released = rows(gateway, "select released_at from prescription_use order by id")
    assert released == [(NOW,), (NOW,), (None,)]
