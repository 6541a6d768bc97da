"""Paying what is owed for bills on paper: collected, made by an accountant, confirmed by a cashier,
paid once whatever dies or comes twice; returned by the bank, and paid again to another account."""

import csv
import io
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import psycopg
import pytest
from psycopg import errors
from tests.platform.agency_office import CONSOLE, refused
from tests.platform.agency_till import NUMBER, PSN, Till, open_till
from tests.platform.review_world import AREA, COUNTY, OTHER_COUNTY

from gongji.agency import payouts
from gongji.agency.bank_files import COLUMNS, bank_file
from gongji.agency.notices import notices_of
from gongji.agency.payees import PayeeAccount, current_payees, open_payee, seal_payee
from gongji.agency.payouts import collect, orders_of, waiting_payouts
from gongji.ledger.statement import of_person
from gongji.platform.actors import Actor
from gongji.refusals import Fault, Refusal
from gongji.review import desk as life
from gongji.review.desk import Acting, Desk
from gongji.settlement.paper_bills import moved_bills


@pytest.fixture
def till(server: str) -> Iterator[Till]:
    """A till of its own."""
    with open_till(server) as made:
        yield made


def test_what_is_owed_is_collected_confirmed_and_paid(till: Till) -> None:
    first, second = till.owed("B1"), till.owed("B2", 60_000)
    # (1,000 - 40) x 55 %, and (600 - 40) x 55 %: a deductible each visit.
    made = till.batch()
    assert till.bank() == 0 and till.balance() == 83_600
    told = till.approve(till.cashier, made)
    assert (told.state, told.result) == ("executed", "支付 2 笔，共 836.00 元")
    orders = orders_of(till.owner, made)
    assert [(o.source, o.fund, o.fen, o.line) for o in orders] == [
        (first, "pool", 52_800, 1),
        (second, "pool", 30_800, 2),
    ]
    assert till.bank() == 83_600 and till.balance() == 0
    rows = till.owner.execute(
        "select kind, cause, command, actor from entry where kind = 'payout' order by id"
    ).fetchall()
    assert rows == [("payout", first, made, "chuna"), ("payout", second, made, "chuna")]
    assert "836.00 元" in notices_of(till.owner, 1)[0].text
    shown = of_person(till.owner, PSN, till.desk().today, till.desk().today)
    events = [(m.event, m.amount_fen) for a in shown.accounts for m in a.movements]
    assert ("支付个人", -52_800) in events and ("零星报销", 52_800) in events
    refused("payout_nothing", collect, till.owner, AREA)
    assert till.sound()


def test_the_bank_s_file_is_exact_and_says_how_often_it_was_made(till: Till) -> None:
    till.owed("B1")
    made = till.batch()
    who = till.cashier
    now = datetime.now(UTC)
    refused("payout_unconfirmed", bank_file, till.by, till.seal, made, actor=who, now=now)
    refused("command_unknown", bank_file, till.by, till.seal, 10**6, actor=who, now=now)
    till.approve(till.cashier, made)
    file = bank_file(till.by, till.seal, made, actor=who, now=now)
    rows = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))
    order = orders_of(till.owner, made)[0]
    assert rows[0] == list(COLUMNS)
    assert rows[1][:7] == [
        *(str(made), "1", str(order.id), "统筹基金", "测试1", NUMBER, "测试银行"),
    ]
    assert rows[1][7] == "528.00" and rows[2] == [
        *(str(made), "合计", "1 笔", "", "", "", "", "528.00", ""),
    ]
    again = bank_file(till.by, till.seal, made, actor=who, now=now)
    assert (file.number, again.number) == (1, 2) and file.content == again.content
    assert (file.count, file.total_fen, file.by_fund) == (1, 52_800, {"pool": 52_800})
    seen = till.owner.execute("select what from access_log where what like '银行文件%'").fetchall()
    assert len(seen) == 2
    # The number is nowhere in clear.
    for table in ("payee", "command", "inbox", "access_log", "notice"):
        found = till.owner.execute(
            f"select count(*) from {table} x where to_jsonb(x)::text like %s", [f"%{NUMBER}%"]
        ).fetchone()
        assert found == (0,), table


@pytest.mark.parametrize(
    ("holder", "bank", "number"),
    [
        ("=cmd", "测试银行", NUMBER),
        ("测试1", "@SUM(A1)", NUMBER),
        ("", "测试银行", NUMBER),
        ("测试1", "", NUMBER),
        ("测试1", "测试银行", "1234567"),
        ("测试1", "测试银行", "62170000100012345X"),
    ],
)
def test_an_account_that_cannot_be_one_is_refused(
    till: Till, holder: str, bank: str, number: str
) -> None:
    account = PayeeAccount(holder, bank, number)
    refused("payee_wrong", seal_payee, till.seal, AREA, PSN, account)


def test_an_account_opens_for_its_person_only(till: Till) -> None:
    till.owed("B1", payee=till.payee("6217 0000-1000 1234567"))
    payee = current_payees(till.owner, AREA, [1])[1]
    assert open_payee(till.seal, payee, PSN) == NUMBER and payee.tail == "4567"
    with pytest.raises(Fault):
        open_payee(till.seal, payee, PSN[:-1] + "2")


def test_accountant_and_cashier_are_apart(till: Till) -> None:
    till.owed("B1")
    refused("maker_missing", till.batch, till.cashier)
    made = till.batch()
    refused("step_not_held", till.approve, till.accountant, made)
    refused("post_incompatible", till.post, "kuaiji", "cashier", "city")
    refused("post_incompatible", till.post, "chuna", "accountant", "city")
    refused("post_incompatible", till.post, "kuaiji", "first_reviewer", "city")
    # Nor by the tables: an order needs its batch confirmed.
    with pytest.raises(errors.CheckViolation) as wall:
        _order(till, made)
    assert wall.value.diag.constraint_name == "payout_order_confirmed"


def _order(till: Till, batch: int, fen: int = 1) -> None:
    till.by.execute(
        "insert into payout_order (batch, line, source, fund, attempt, person, fen, payee, entry)"
        " select %s, 1, e.id, 'pool', 1, 1, %s, (select max(id) from payee), e.id from entry e"
        " where kind = 'reimbursement' limit 1",
        [batch, fen],
    )


def test_nothing_is_paid_twice_and_nothing_is_half_paid(till: Till) -> None:
    till.owed("B1")
    till.owed("B2")
    made = till.batch()
    act = till.acting(made)

    class Died(Exception):
        pass

    with pytest.raises(Died), till.by.transaction():
        life.approve(till.desk(), till.cashier, act)
        raise Died
    assert till.bank() == 0 and till.state(made) == "submitted"
    told = life.approve(till.desk(), till.cashier, act)
    assert life.approve(till.desk(), till.cashier, act) == told
    refused("command_state", till.approve, till.cashier, made)
    assert till.bank() == 105_600 and len(orders_of(till.owner, made)) == 2
    assert till.sound()


def test_two_cashiers_at_once_pay_once(till: Till) -> None:
    till.owed("B1")
    second = till.post("chuna2", "cashier", "city")
    made = till.batch()
    acts = [(till.cashier, till.acting(made)), (second, till.acting(made))]
    start, told = threading.Barrier(2), []

    def confirm(who: Actor, act: Acting) -> None:
        with psycopg.connect(till.address, options=CONSOLE, autocommit=True) as by:
            desk = Desk(by, till.law, till.inbox, till.seal, till.now)
            start.wait()
            try:
                told.append(life.approve(desk, who, act).state)
            except Refusal as refusal:
                told.append(refusal.code)

    threads = [threading.Thread(target=confirm, args=one) for one in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["command_state", "executed"]
    assert till.bank() == 52_800 and till.sound()


def test_what_is_in_one_batch_is_in_no_other(till: Till) -> None:
    till.owed("B1")
    content = msgspec.to_builtins(collect(till.owner, AREA))
    till.batch()
    refused("payout_nothing", collect, till.owner, AREA)
    (waits,) = waiting_payouts(till.owner, AREA)
    assert waits.lacks == "under_way"
    refused("payout_line", till.submitted_as, "payout_batch", till.accountant, content)


def test_a_batch_says_what_is_owed_and_no_other_amount(till: Till) -> None:
    till.owed("B1")
    (line,) = msgspec.to_builtins(collect(till.owner, AREA))["lines"]
    for wrong in ({"fen": 52_801}, {"payee": 99}, {"attempt": 2}, {"person": 2}, {"fund": "x"}):
        refused("payout_line", till.batch, lines=[line | wrong])
    refused("payout_line", till.batch, lines=[line, line])
    refused("payout_nothing", till.batch, lines=[])


def test_a_corrected_account_makes_a_batch_stale(till: Till) -> None:
    till.owed("B1")
    made = till.batch()
    till.corrected("6217000010007654321")
    assert till.approve(till.cashier, made).state == "stale"
    assert till.bank() == 0
    refused("payout_line", life.submit, till.desk(), till.accountant, till.acting(made))
    life.withdraw(till.desk(), till.accountant, till.acting(made, reason="账户已更正"))
    assert till.approve(till.cashier, till.batch()).state == "executed"
    assert till.bank() == 52_800


def test_what_the_bank_returns_is_owed_again_and_paid_to_another_account(till: Till) -> None:
    source = till.owed("B1")
    first = till.batch()
    till.approve(till.cashier, first)
    (order,) = orders_of(till.owner, first)
    till.now += timedelta(days=3)
    back = till.returned(order.id)
    # Taken back by an entry that says so; nothing is altered.
    rows = till.owner.execute(
        "select e.kind, e.reverses, p.debit, p.credit, p.amount_fen from entry e"
        " join posting p on p.entry = e.id where e.command = %s",
        [back],
    ).fetchall()
    assert rows == [("payout", order.entry, "bank_spending", "payable", 52_800)]
    assert till.bank() == 0 and till.balance() == 52_800
    assert "户名不符" in notices_of(till.owner, 1)[0].text
    # To the same account it is not paid again.
    (waits,) = waiting_payouts(till.owner, AREA)
    assert (waits.source, waits.attempt, waits.lacks) == (source, 2, "returned")
    refused("payout_nothing", collect, till.owner, AREA)
    refused("payout_returned", till.returned, order.id)
    till.corrected("6217000010007654321")
    second = till.batch()
    till.approve(till.cashier, second)
    (again,) = orders_of(till.owner, second)
    assert (again.source, again.attempt, again.fen) == (source, 2, 52_800)
    assert till.bank() == 52_800 and till.balance() == 0 and till.sound()
    assert [one.state for one in orders_of(till.owner, first)] == ["returned"]


def test_a_return_has_its_paper_and_its_reason(till: Till) -> None:
    till.owed("B1")
    made = till.batch()
    till.approve(till.cashier, made)
    (order,) = orders_of(till.owner, made)
    refused("reason_missing", till.returned, order.id, " ")
    refused("payout_unknown", till.returned, 10**6)
    for days in (-1, 1):
        day = till.desk().today + timedelta(days=days)
        refused("value_invalid", till.returned, order.id, day=day)
    with pytest.raises(errors.RestrictViolation):
        till.by.execute("update payout_order set state = 'returned', back = entry, reason = 'x'")
    with pytest.raises(errors.InsufficientPrivilege):
        till.by.execute("update payout_order set fen = 1")
    with pytest.raises(errors.RestrictViolation):
        till.owner.execute("delete from payout_order")


def test_without_an_account_nothing_is_paid_and_it_is_said(till: Till) -> None:
    till.owed("B1", payee=None)
    (waits,) = waiting_payouts(till.owner, AREA)
    assert (waits.lacks, waits.fen) == ("no_account", 52_800)
    refused("payout_nothing", collect, till.owner, AREA)
    till.corrected(NUMBER)
    assert collect(till.owner, AREA).total_fen == 52_800


def test_a_batch_may_be_one_agency_s(till: Till) -> None:
    till.owed("B1")
    assert len(waiting_payouts(till.owner, AREA, COUNTY)) == 1
    assert waiting_payouts(till.owner, AREA, OTHER_COUNTY) == []
    refused("agency_unknown", collect, till.owner, AREA, "532399")
    assert collect(till.owner, AREA, COUNTY).agency == COUNTY


def test_nobody_pays_themselves(till: Till) -> None:
    till.owed("B1")
    mine = till.post("self", "cashier", "city", 1)
    refused("step_about_oneself", till.approve, mine, till.batch())


@pytest.mark.parametrize(
    ("change", "wall"),
    [
        ({"fen": 52_799}, "payout_order_owed"),
        ({"fund": "account"}, "payout_order_owed"),
        ({"person": 2}, "payout_order_owed"),
        ({"payee": 2}, "payout_order_payee"),
    ],
)
def test_the_tables_hold_what_an_order_says(
    till: Till, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], wall: str
) -> None:
    till.owed("B1")
    till.owner.execute(
        "insert into payee (area, person, holder, bank, tail, sealed, key_id, command)"
        " select area, 2, holder, bank, tail, sealed, key_id, command from payee"
    )
    made = till.batch()
    columns = payouts._columns
    monkeypatch.setattr(
        payouts, "_columns", lambda line: columns(msgspec.structs.replace(line, **change))
    )
    with pytest.raises(errors.CheckViolation) as refusal:
        till.approve(till.cashier, made)
    assert refusal.value.diag.constraint_name == wall
    assert till.bank() == 0 and till.state(made) == "submitted"


@pytest.mark.parametrize(
    "statement",
    [
        "update payee set holder = '别人'",
        "update payee set retired_at = learnt_at - interval '1 day'",
        "delete from payee",
        "truncate payee cascade",
        "update payout_order set fen = fen + 1",
        "truncate payout_order cascade",
        "delete from payout_file",
        "update payout_file set number = 9",
    ],
)
def test_what_was_paid_and_to_whom_is_not_altered(till: Till, statement: str) -> None:
    till.owed("B1")
    made = till.batch()
    till.approve(till.cashier, made)
    bank_file(till.by, till.seal, made, actor=till.cashier, now=till.now)
    with pytest.raises(errors.IntegrityError):
        till.owner.execute(statement)


def test_a_bill_whose_facts_moved_after_it_was_paid_is_told(till: Till) -> None:
    till.now = datetime.now(UTC)
    entry = till.owed("B1")
    days = till.day, till.day + timedelta(days=1)
    assert moved_bills(till.owner, AREA, *days) == []
    till.owner.execute(
        "insert into person_fact (person_id, area, kind, key, since, details) values"
        " (1, '532300', 'subsidy', '', '2020-01-01', '{\"kind\": \"civil_servant\"}')"
    )
    (moved,) = moved_bills(till.owner, AREA, *days)
    assert (moved.entry, moved.owed_fen, moved.kinds) == (entry, 52_800, ("subsidy",))
    assert moved_bills(till.owner, AREA, days[1], days[1]) == []
