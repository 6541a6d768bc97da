"""What the database refuses of the journal, tried by SQL as the gateways' login."""

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest
from psycopg.errors import CheckViolation, InsufficientPrivilege, UniqueViolation
from tests.platform import books
from tests.platform.waiting import waits

from gongji.ledger import chart
from gongji.ledger.entry_rows import KINDS
from gongji.ledger.periods import MonthClosing, close_month
from gongji.platform.actors import Actor
from gongji.refusals import Refusal

Connection = psycopg.Connection[Any]
AREA, HERE = books.AREA, books.HOSPITAL
ENTRY = """insert into entry (id, area, kind, person, institution, service_date, actor_kind, actor,
  cause, reverses)
values (%(id)s, '430500', %(kind)s, 1, 'H43050000001', '2025-03-01', %(by)s, 'H43050000001',
  %(cause)s, %(reverses)s)"""
BESIDE = """insert into settlement (entry, total_fen, in_scope_fen, pool_fen, account_fen, cash_fen,
  owed_fen) values (%(id)s, %(total)s, %(total)s, %(pool)s, %(account)s, %(cash)s, %(owed)s)"""
POSTING = """insert into posting (entry, number, area, fund, debit, debit_owner, credit,
  credit_owner, amount_fen) values (%s, %s, '430500', %s, %s, %s, %s, %s, %s)"""
POOL = ("pool", "pool", "", "provider", HERE)
OWN = ("account", "account", "1", "provider", HERE)


@pytest.fixture
def door(owner: Connection, gateway: Connection) -> Iterator[Connection]:
    """The login of the gateways, in a transaction; one settlement of 100 yuan is there."""
    owner.execute(books.PEOPLE)
    with gateway.transaction():
        entry(gateway, 1)
        beside(gateway, 1, 10_000, pool=10_000)
        posting(gateway, 1, 1, POOL, 10_000)
    with gateway.transaction(force_rollback=True):
        yield gateway


def entry(connection: Connection, number: int, kind: str = "settlement", **more: Any) -> None:
    """An entry of the gateways."""
    known = {"id": number, "kind": kind, "by": "institution", "cause": None, "reverses": None}
    connection.execute(ENTRY, known | more)


def beside(connection: Connection, number: int, total: int = 0, **amounts: int) -> None:
    """The settlement of an entry; what nobody pays is paid in cash."""
    paid = {"pool": 0, "account": 0, "owed": 0} | amounts
    cash = total + paid["owed"] - paid["pool"] - paid["account"]
    connection.execute(BESIDE, {"id": number, "total": total, "cash": cash} | paid)


def posting(
    connection: Connection, of: int, number: int, sides: tuple[str, ...], amount: int
) -> None:
    """A posting of an entry."""
    connection.execute(POSTING, [of, number, *sides, amount])


def wall(connection: Connection, *steps: Any) -> str:
    """The constraint that refuses the last of some steps."""
    *before, last = steps
    for step in before:
        step()
    with pytest.raises(CheckViolation) as refused, connection.transaction():
        last()
    return str(refused.value.diag.constraint_name)


def test_a_settlement_fits_its_postings(door: Connection) -> None:
    entry(door, 2)
    beside(door, 2, 500, pool=300, account=100)
    with door.cursor() as cursor:
        cursor.execute(
            POSTING + ", (2, 2, '430500', 'account', 'account', '1', 'provider', %s, 100)",
            [2, 1, *POOL, 300, HERE],
        )
    found = door.execute("select sum(amount_fen) from posting where entry = 2").fetchone()
    assert found == (400,)


@pytest.mark.parametrize("kind", ["credit", "adjustment", "opening", "payout", "deduction"])
def test_the_gateways_add_only_what_happens_at_the_counter(door: Connection, kind: str) -> None:
    """A credit of 1,000,000 yuan does not even begin."""
    with pytest.raises(InsufficientPrivilege), door.transaction():
        entry(door, 2, kind, cause=1)


def test_the_gateways_act_for_institutions_only(door: Connection) -> None:
    with pytest.raises(InsufficientPrivilege), door.transaction():
        entry(door, 2, by="operator")


MOVES = [
    ("account", "contribution", AREA, "account", "1"),
    ("account", "provider", HERE, "account", "1"),
    ("pool", "provider", HERE, "pool", ""),
    ("pool", "pool", "", "payable", "1"),
    ("account", "pool", "", "provider", HERE),
    ("pool", "account", "1", "provider", HERE),
    ("supplement.x", "pool", "", "provider", HERE),
    ("pool", "no_such", "", "provider", HERE),
]


@pytest.mark.parametrize("sides", MOVES, ids=lambda sides: "-".join(sides[:4]))
def test_a_settlement_moves_only_from_its_funds_to_the_institution(
    door: Connection, sides: tuple[str, ...]
) -> None:
    found = wall(
        door,
        lambda: entry(door, 2),
        lambda: beside(door, 2, 100_000_000, pool=100_000_000),
        lambda: posting(door, 2, 1, sides, 100_000_000),
    )
    assert found == "posting_of_kind"


@pytest.mark.parametrize("amount", [299, 301, 100_000_000])
def test_postings_come_to_what_their_settlement_says(door: Connection, amount: int) -> None:
    found = wall(
        door,
        lambda: entry(door, 2),
        lambda: beside(door, 2, 500, pool=300),
        lambda: posting(door, 2, 1, POOL, amount),
    )
    assert found == "posting_settles"


def test_an_account_pays_as_much_as_its_settlement_says_and_nobody_elses(door: Connection) -> None:
    other = ("account", "account", "2", "provider", HERE)
    found = wall(
        door,
        lambda: entry(door, 2),
        lambda: beside(door, 2, 500, account=500),
        lambda: posting(door, 2, 1, other, 500),
    )
    assert found == "posting_settles"


def test_an_institution_only_takes_corrections_back_and_only_whole(door: Connection) -> None:
    """Whatever the login of the gateways enters, nobody is owed money by it alone."""
    door.execute("set local role none")
    entry(door, 3, "adjustment", cause=1, by="operator")
    beside(door, 3, 0, pool=-400, owed=-400)
    door.execute("set local role gongji_gateway")
    for back, stands in ((300, False), (500, False), (400, True)):
        with door.transaction(force_rollback=True):
            entry(door, 4, "adjustment", cause=1)
            if stands:
                beside(door, 4, 0, pool=back, owed=back)
            else:
                with pytest.raises(CheckViolation):
                    beside(door, 4, 0, pool=back, owed=back)


def test_a_posting_needs_the_settlement_before_it(door: Connection) -> None:
    found = wall(door, lambda: entry(door, 2), lambda: posting(door, 2, 1, POOL, 300))
    assert found == "posting_settles"


def test_a_posting_is_not_added_later(door: Connection) -> None:
    assert wall(door, lambda: posting(door, 1, 2, POOL, 5)) == "posting_entry_there"
    entry(door, 2)
    beside(door, 2, 500, pool=300)
    posting(door, 2, 1, POOL, 300)
    assert wall(door, lambda: posting(door, 2, 2, POOL, 5)) == "posting_numbered"
    assert wall(door, lambda: posting(door, 99, 1, POOL, 5)) == "posting_entry_there"


@pytest.mark.parametrize("number", [2, 7])
def test_postings_are_numbered_from_one(door: Connection, number: int) -> None:
    found = wall(
        door,
        lambda: entry(door, 2),
        lambda: beside(door, 2, 500, pool=300),
        lambda: posting(door, 2, number, POOL, 300),
    )
    assert found == "posting_numbered"


def test_a_settlement_stands_beside_an_entry_of_its_transaction_that_settles(
    door: Connection,
) -> None:
    door.execute("set constraints all immediate")
    assert wall(door, lambda: beside(door, 99, 5)) == "settlement_of_entry"
    # One of another transaction has its settlement for ever, or none.
    with pytest.raises((UniqueViolation, CheckViolation)), door.transaction():
        beside(door, 1, 5)


BACK = ("pool", "provider", HERE, "pool", "")


def test_a_cancellation_takes_back_exactly_what_was_moved_and_once(door: Connection) -> None:
    def back(number: int) -> None:
        entry(door, number, "cancellation", reverses=1)

    def undone(amount: int, sides: tuple[str, ...] = BACK) -> Any:
        return lambda: posting(door, 2, 1, sides, amount)

    back(2)
    beside(door, 2, -10_000, pool=-10_000)
    assert wall(door, undone(9_999)) == "posting_settles"
    elsewhere = ("pool", "provider", "H43050000002", "pool", "")
    assert wall(door, undone(10_000, elsewhere)) == "posting_mirrors"
    undone(10_000)()
    with pytest.raises(UniqueViolation, match="entry_reverses_key"), door.transaction():
        back(3)


def test_a_cancellation_names_what_it_takes_back(door: Connection) -> None:
    assert wall(door, lambda: entry(door, 2, "cancellation")) == "entry_takes_back"


def test_an_adjustment_names_what_it_corrects_and_moves_no_institution(owner: Connection) -> None:
    owner.execute(books.PEOPLE)
    with owner.transaction(force_rollback=True):
        assert wall(owner, lambda: entry(owner, 2, "adjustment")) == "entry_corrects"
        entry(owner, 1)
        beside(owner, 1, 10)
        entry(owner, 2, "adjustment", cause=1, by="operator")
        beside(owner, 2, 0, pool=7, owed=7)
        assert wall(owner, lambda: posting(owner, 2, 1, POOL, 7)) == "posting_of_kind"
        posting(owner, 2, 1, ("pool", "pool", "", "payable", "1"), 7)


@pytest.mark.parametrize(
    "table", ["entry", "settlement", "posting", "seal", "sealed", "sealed_day"]
)
@pytest.mark.parametrize("what", ["update {0} set {1} = {1}", "delete from {0}", "truncate {0}"])
def test_the_journal_is_only_added_to_even_by_its_owner(
    owner: Connection, door: Connection, table: str, what: str
) -> None:
    column = {"entry": "kind", "settlement": "benefit", "posting": "fund"}.get(table, "area")
    statement = what.format(table, column)
    with pytest.raises(InsufficientPrivilege), door.transaction():
        door.execute(statement)
    with pytest.raises(psycopg.errors.RestrictViolation):
        owner.execute(f"{statement} cascade" if statement.startswith("truncate") else statement)


def test_the_chart_is_that_of_the_program(owner: Connection) -> None:
    sides = dict(owner.execute("select kind, side from chart").fetchall())
    assert sides == chart.SIDES
    kept = "select unnest(array['account', 'receivable', 'payable'])"
    assert [kind for (kind,) in owner.execute(kept)] == list(chart.KEPT)
    known = {kind for (kind,) in owner.execute("select kind from entry_kind")}
    assert set(KINDS) <= known


MARCH = date(2025, 3, 1)
LATE = """insert into entry (area, kind, service_date, accounting_date, made_at, actor_kind, actor)
values ('430500', 'opening', '2025-03-31', '2025-03-31', '2025-03-31 10:00+08', 'operator', 't')"""
OVER = datetime(2025, 4, 2, 2, tzinfo=UTC)


def _close(connection: Connection, ended: list[Any]) -> None:
    try:
        close_month(connection, MonthClosing(AREA, MARCH), actor=Actor.operator("t"), now=OVER)
        ended.append("closed")
    except Refusal as refusal:
        ended.append(refusal)


@pytest.mark.parametrize("sound", [True, False])
def test_closing_waits_for_what_is_being_entered_and_verifies_it(
    database: str, owner: Connection, sound: bool
) -> None:
    """An entry of the month in an open transaction: closing waits; who comes later is refused."""
    owner.execute(books.PEOPLE)
    ended: list[Any] = []
    with (
        psycopg.connect(database, autocommit=True) as closer,
        psycopg.connect(database, autocommit=True) as late,
        psycopg.connect(database, autocommit=True) as later,
    ):
        closing = threading.Thread(target=_close, args=(closer, ended))
        refused: list[Any] = []

        def enter() -> None:
            try:
                later.execute(LATE)
            except CheckViolation as error:
                refused.append(error.diag.constraint_name)

        with late.transaction():
            late.execute(LATE if sound else LATE.replace("'2025-03-31 10", "'2025-03-30 10"))
            closing.start()
            waits(owner, closer.info.backend_pid)
            assert not ended
            entering = threading.Thread(target=enter)
            entering.start()
            waits(owner, later.info.backend_pid)
        closing.join()
        entering.join()
    if sound:
        assert (ended, refused) == (["closed"], ["entry_period_open"])
    else:
        assert ended[0].code == "period_differs" and "accounting_date" in str(ended[0])
        assert refused == []
    (closed,) = owner.execute("select count(*) from closed_period").fetchone() or (None,)
    assert closed == int(sound)
