"""Verification finds whatever is kept otherwise than the journal says, and nothing else."""

import dataclasses
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest
from tests.platform.counter import as_owner

from gongji.ledger import periods, statement
from gongji.ledger.entry_rows import (
    EntryRow,
    PostingRow,
    SettlementRow,
    exchanged,
    negated,
)
from gongji.ledger.post import lock, post, take_ids
from gongji.ledger.trial import trial
from gongji.ledger.verify import ALL, Difference, Scope, verify
from gongji.platform.actors import Actor
from gongji.refusals import Refusal

Connection = psycopg.Connection[Any]
AREA, HOSPITAL = "430500", "H43050000001"
NOW = datetime(2025, 3, 10, 2, 0, tzinfo=UTC)
PERSON = """insert into person (id, psn_no, area, name, certificate, certificate_hash)
overriding system value values (%s, %s, '430500', '测试甲', '', %s)"""


@pytest.fixture
def ledger(owner: Connection, gateway: Connection) -> Connection:
    """A gateway's connection to a ledger with two persons, settlements and a cancellation."""
    for number in (1, 2):
        owner.execute(PERSON, [number, f"4305000000000000000{number}", bytes([number])])
    owner.execute(
        "insert into institution (code, area, name, kind) values (%s, %s, '测试医院', 'hospital')",
        [HOSPITAL, AREA],
    )
    credit(gateway, 1, 10_000)
    credit(gateway, 2, 500)
    settled = settle(gateway, 1, pool=6_000, account=3_000, cash=1_000)
    settle(gateway, 2, pool=700, account=300, cash=0, day=date(2025, 3, 11))
    cancel(gateway, settled)
    settle(gateway, 1, pool=5_000, account=2_500, cash=0, day=date(2025, 3, 12))
    return gateway


def entry(connection: Connection, person: int, kind: str, day: date, **more: Any) -> EntryRow:
    (number,) = take_ids(connection, 1)
    return EntryRow(
        id=number,
        area=AREA,
        person=person,
        kind=kind,
        service_date=day,
        accounting_date=day,
        made_at=datetime(day.year, day.month, day.day, 2, tzinfo=UTC),
        actor_kind="operator",
        actor="tester",
        **more,
    )


def write(connection: Connection, one: EntryRow, postings: list[PostingRow]) -> None:
    with as_owner(connection), connection.transaction():
        assert one.person
        lock(connection, [one.person])
        post(connection, [one], postings)


def credit(connection: Connection, person: int, amount: int) -> None:
    one = entry(connection, person, "credit", date(2025, 3, 1))
    assert one.id
    write(
        connection,
        one,
        [
            PostingRow(
                *(one.id, 1, AREA, "account", "contribution", AREA, "account", str(person)),
                *(amount, "", "第十一条"),
            )
        ],
    )


OWED = "total_fen - cash_fen - borne_fen"
Settled = tuple[EntryRow, list[PostingRow]]


def settle(
    connection: Connection,
    person: int,
    pool: int,
    account: int,
    cash: int,
    day: date = date(2025, 3, 10),
) -> Settled:
    total = pool + account + cash
    one = entry(
        connection,
        person,
        "settlement",
        day,
        institution=HOSPITAL,
        meters=(("ordinary_paid", "年:2025", "", pool),),
        settlement=SettlementRow(
            benefit="ordinary",
            total_fen=total,
            in_scope_fen=total,
            pool_fen=pool,
            account_fen=account,
            cash_fen=cash,
        ),
    )
    assert one.id
    sides = [("pool", "", pool), ("account", str(person), account)]
    postings = [
        PostingRow(
            *(one.id, number, AREA, kind, kind, whose, "provider", HOSPITAL, amount),
            article="第六条",
        )
        for number, (kind, whose, amount) in enumerate(sides, start=1)
        if amount
    ]
    write(connection, one, postings)
    return one, postings


def cancel(connection: Connection, settled: Settled) -> None:
    one, postings = settled
    (number,) = take_ids(connection, 1)
    back = negated(one, id=number, kind="cancellation")
    write(connection, back, exchanged(postings, number))


def found(connection: Connection, scope: Scope = ALL) -> list[tuple[str, str, str, str]]:
    return [(d.check, d.what, d.kept, d.rebuilt) for d in verify(connection, scope)]


def test_a_right_ledger_has_no_differences(ledger: Connection) -> None:
    assert found(ledger) == []
    assert trial(ledger, date(2025, 3, 31)).agrees


def test_what_is_kept_otherwise_is_named_with_the_person_masked(
    ledger: Connection, owner: Connection
) -> None:
    owner.execute("update meter_use set used_fen = used_fen + 7 where person = 1")
    assert list(verify(ledger)) == [
        Difference(
            "meter", AREA, "4305************0001", None, "ordinary_paid 年:2025", "5007", "5000"
        )
    ]
    assert found(ledger, Scope("510400")) == []
    owner.execute("delete from meter_use where person = 2")
    assert ("meter", "ordinary_paid 年:2025", "0", "700") in found(ledger)
    owner.execute("update balance set amount_fen = 1 where person = 2")
    assert ("balance", "account", "1", "200") in found(ledger)
    assert len(found(ledger)) == 3


def test_what_was_forged_past_every_wall_is_found(ledger: Connection, owner: Connection) -> None:
    pool = "update posting set {} where credit = 'provider' and amount_fen in (700, 701)"
    cancelled = "update {} set {} where {} in (select id from entry where kind = 'cancellation')"
    for forged, mended, expected in (
        (
            pool.format("amount_fen = 701"),
            pool.format("amount_fen = 700"),
            {("amounts", "pool_fen"), ("amounts", OWED), ("trial", "pool")},
        ),
        (
            pool.format("debit = 'contribution'"),
            pool.format("debit = 'pool'"),
            {("amounts", "pool_fen"), ("posting", "kind")},
        ),
        (pool.format("area = '510400'"), pool.format(f"area = '{AREA}'"), {("posting", "area")}),
        (
            cancelled.format(
                "settlement", "pool_fen = pool_fen + 1, cash_fen = cash_fen - 1", "entry"
            ),
            cancelled.format(
                "settlement", "pool_fen = pool_fen - 1, cash_fen = cash_fen + 1", "entry"
            ),
            {("amounts", "pool_fen"), ("mirror", "amounts"), ("trial", "pool")},
        ),
        (
            cancelled.format("entry", "meters = '[]'", "id"),
            "",
            {("mirror", "meters"), ("meter", "ordinary_paid 年:2025")},
        ),
    ):
        _forge(owner, forged)
        assert expected <= {(check, what) for check, what, *_ in found(ledger)}, forged
        if mended:
            _forge(owner, mended)
            assert found(ledger) == []


def _forge(owner: Connection, statement: str) -> None:
    """What only someone with the owner's password can do."""
    for table in ("entry", "settlement", "posting"):
        owner.execute(f"alter table {table} disable trigger user")
    owner.execute(statement)


def test_statements_run_from_opening_to_closing(ledger: Connection, owner: Connection) -> None:
    made = statement.of_person(ledger, "43050000000000000001", date(2025, 3, 10), date(2025, 3, 31))
    account = made.accounts[0]
    assert (account.opening_fen, account.closing_fen) == (10_000, 7_500)
    assert [(m.event, m.amount_fen, m.balance_fen) for m in account.movements] == [
        ("结算", -3_000, 7_000),
        ("撤销结算", 3_000, 10_000),
        ("结算", -2_500, 7_500),
    ]
    assert [(m.meter, m.used_fen) for m in made.meters] == [("ordinary_paid", 5_000)]

    # An institution's: what is owed by day and benefit.
    owed = statement.of_institution(owner, HOSPITAL, date(2025, 3, 11), date(2025, 3, 31))
    assert owed.opening_fen == 0
    assert [(line.date.day, line.settlements, line.owed_fen) for line in owed.lines] == [
        (11, 1, 1_000),
        (12, 1, 7_500),
    ]
    assert owed.closing_fen == 8_500
    # Nobody's is refused.
    with pytest.raises(Refusal) as refused:
        statement.of_person(ledger, "0", date(2025, 3, 1), date(2025, 3, 31))
    assert refused.value.code == "person_unknown"
    with pytest.raises(Refusal) as refused:
        statement.of_institution(ledger, "H0", date(2025, 3, 1), date(2025, 3, 31))
    assert refused.value.code == "institution_unknown"
    with pytest.raises(Refusal) as refused:
        statement.of_institution(ledger, HOSPITAL, date(2025, 4, 1), date(2025, 3, 31))
    assert refused.value.code == "value_invalid"


def test_the_trial_balance_shows_what_moved_on_a_day(ledger: Connection) -> None:
    made = trial(ledger, date(2025, 3, 11))
    pool = next(line for line in made.lines if line.account == "pool")
    assert (pool.before_fen, pool.debit_fen, pool.after_fen) == (0, 700, 700)
    assert sum(line.debit_fen - line.credit_fen for line in made.lines) == 0
    assert made.agrees


def test_the_trial_balance_notices_a_forged_entry(ledger: Connection, owner: Connection) -> None:
    _forge(
        owner,
        "update settlement set pool_fen = pool_fen + 1, cash_fen = cash_fen - 1"
        " where pool_fen = 700",
    )
    assert not trial(ledger, date(2025, 3, 31)).agrees


APRIL = datetime(2025, 4, 1, 4, 0, tzinfo=UTC)


def test_a_month_that_verifies_is_closed_once(ledger: Connection, owner: Connection) -> None:
    periods.close_month(
        owner, periods.MonthClosing(AREA, date(2025, 3, 1)), actor=Actor.operator("测试"), now=APRIL
    )
    with pytest.raises(psycopg.errors.CheckViolation):
        settle(ledger, 1, pool=1, account=0, cash=0)
    settle(ledger, 1, pool=1, account=0, cash=0, day=date(2025, 4, 1))
    with pytest.raises(Refusal) as refused:
        periods.close_month(
            owner,
            periods.MonthClosing(AREA, date(2025, 3, 1)),
            actor=Actor.operator("测试"),
            now=APRIL,
        )
    assert refused.value.code == "period_closed_already"


def test_a_month_is_not_closed_before_it_is_over_nor_with_differences(
    ledger: Connection, owner: Connection
) -> None:
    with pytest.raises(Refusal) as refused:
        periods.close_month(
            owner,
            periods.MonthClosing(AREA, date(2025, 3, 1)),
            actor=Actor.operator("测试"),
            now=NOW,
        )
    assert refused.value.code == "period_not_over"
    owner.execute("update balance set amount_fen = 1 where person = 2")
    with pytest.raises(Refusal) as refused:
        periods.close_month(
            owner,
            periods.MonthClosing(AREA, date(2025, 3, 1)),
            actor=Actor.operator("测试"),
            now=APRIL,
        )
    assert refused.value.code == "period_differs"
    assert "账上 1 应为 200" in str(refused.value)


def test_the_gateways_cannot_close_a_month(ledger: Connection) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        periods.close_month(
            ledger,
            periods.MonthClosing(AREA, date(2025, 3, 1)),
            actor=Actor.operator("测试"),
            now=APRIL,
        )


def test_a_difference_is_a_plain_record(ledger: Connection, owner: Connection) -> None:
    names = [field.name for field in dataclasses.fields(Difference)]
    assert names == ["check", "area", "person", "entry", "what", "kept", "rebuilt"]
    # One for each amount that an entry has otherwise than its postings, then the area's total.
    _forge(
        owner,
        "update settlement set pool_fen = pool_fen + 1, cash_fen = cash_fen - 1"
        " where pool_fen = 700",
    )
    row = owner.execute("select entry from settlement where pool_fen = 701").fetchone()
    assert row
    values = [dataclasses.astuple(difference) for difference in verify(ledger)]
    assert values == [
        ("amounts", AREA, "4305************0002", row[0], "pool_fen", "701", "700"),
        ("amounts", AREA, "4305************0002", row[0], OWED, "1001", "1000"),
        ("trial", AREA, None, None, "pool", "5701", "5700"),
        ("trial", AREA, None, None, "provider", "8501", "8500"),
    ]
