"""Rows come out of the database as they were put in, and entries move what they say they move."""

import threading
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest
from msgspec.structs import asdict, fields
from tests.platform import books
from tests.platform.books import AREA, HOSPITAL, YEAR, entry, posting

from gongji.law.engine.visit import Visit
from gongji.ledger.entry_contents import (
    AccountsAvailable,
    Decision,
    KeptStep,
    Owner,
    SettledFacts,
    Sums,
)
from gongji.ledger.entry_rows import (
    AMOUNTS,
    COLUMNS,
    READ,
    SETTLEMENT_COLUMNS,
    EntryRow,
    PostingRow,
    SettlementRow,
    exchanged,
    negated,
    read_entry,
)
from gongji.ledger.post import balance_moves, lock, meter_moves, post, take_ids
from gongji.platform.arrays import array, contents, documents, instants, texts, written

Connection = psycopg.Connection[Any]
DAY = date(2025, 3, 1)
NASTY = [
    "",
    " ",
    "plain",
    "中文，顿号、",
    'a "quoted" word',
    "back\\slash",
    '\\"',
    "a,b",
    "{a}",
    "NULL",
    "null",
    "'",
    "\n\t",
    "%s",
    "\\N",
    "𠮷",
    "x" * 300,
]
"""Texts that an array literal could read otherwise."""


def _back(owner: Connection, kind: str, literal: str) -> list[Any]:
    row = owner.execute(f"select %s::{kind}[]", [literal]).fetchone()
    assert row
    return list(row[0])


@pytest.mark.parametrize("values", [NASTY, [*NASTY, None], [None], [None, *NASTY, None], []])
def test_texts_come_back_whatever_is_in_them(owner: Connection, values: list[Any]) -> None:
    assert _back(owner, "text", texts(values)) == values
    for value in values:
        assert _back(owner, "text", texts([value])) == [value]
    assert _back(owner, "text", texts(iter(values))) == values


@pytest.mark.parametrize("values", [["a\0b"], ["a", "b\0"], ["\0", "x", "y"], ["a", "\0"]])
def test_a_nul_is_refused_and_shifts_nothing(values: list[str]) -> None:
    with pytest.raises(ValueError, match="NUL"):
        texts(values)


def test_every_kind_of_value_comes_back(owner: Connection) -> None:
    largest = 2**63 - 1
    noon = datetime(2024, 2, 29, 16, 30, 1, 500, tzinfo=UTC)
    tables = [
        ("bigint", array, [0, -1, largest, None, -largest - 1]),
        ("date", array, [date(2024, 2, 29), None, date(1, 1, 1), date(9999, 12, 31)]),
        ("bool", array, [True, False, None]),
        ("timestamptz", instants, [noon]),
        ("jsonb", documents, [{"a": ['"', "\\", None, 1, True, "中"]}, [], {}, "x", 5]),
        ("bytea", contents, [b"", b"\x00\xff\\", None, bytes(range(256))]),
        ("bigint", array, []),
        ("bytea", contents, []),
        ("jsonb", documents, []),
    ]
    for kind, write, values in tables:
        assert _back(owner, kind, write(values)) == values, kind
    rows = [(1, "甲", None), (2, '乙"', DAY)]
    made = owner.execute(
        "select * from unnest(%s::bigint[], %s::text[], %s::date[])",
        written(("bigint", "text", "date"), rows),
    ).fetchall()
    assert made == rows
    assert written(("bigint", "text"), []) == ["{}", "{}"]


WHOLE = EntryRow(
    id=77,
    area="430500",
    person=1,
    kind="settlement",
    service_date=date(2024, 12, 31),
    accounting_date=date(2025, 1, 1),
    made_at=datetime(2024, 12, 31, 16, 0, tzinfo=UTC),
    actor_kind="operator",
    actor="tester",
    institution=HOSPITAL,
    cause=70,
    reverses=70,
    meters=(("a.2", "年:2025", "糖尿病", 5), ("b", "次:2025", "77|x", 0)),
    settlement=SettlementRow(
        visit=501,
        benefit="ordinary",
        total_fen=2_100,
        above_standard_fen=110,
        wholly_own_fen=180,
        first_self_pay_fen=290,
        in_scope_fen=1_520,
        deductible_fen=7,
        pool_fen=600,
        supplements_fen=500,
        account_fen=400,
        family_fen=310,
        cash_fen=195,
        borne_fen=101,
        owed_fen=6,
        facts=SettledFacts(
            visit=Visit(
                "430500", 20_088, "ordinary", 1_520, 2_100, {"问": "\"'", "a": True, "b": 2}
            ),
            sums=Sums(2_100, 110, 180, 290, 1_520, {"p": 1}, ("7",)),
            accounts=AccountsAvailable("family", "hospital", 400, (Owner(9, "child", 310),)),
        ),
        result=Decision(
            benefit="ordinary",
            payers={"大额": 500},
            family=((9, 310),),
            steps=(KeptStep("a", "统筹基金", 600_000, 1_000, 7, 600, "第六条"),),
            reasons=("行",),
            meters=(("年:2025", "糖尿病", "a.2", 5),),
        ),
        rulebook="430500/2023-01-01",
        law_hash="f" * 64,
        engine="1.2",
    ),
)
"""Every field with a value of its own."""


def whole(one: EntryRow) -> dict[str, Any]:
    """An entry by its fields, its settlement by its own."""
    return asdict(one) | {"settlement": asdict(one.settlement)}


def test_an_entry_comes_back_in_every_field(owner: Connection) -> None:
    owner.execute(books.PEOPLE)
    original = entry(70, 1, "settlement", DAY)
    plain = EntryRow(
        id=78,
        area=AREA,
        person=None,
        kind="credit",
        service_date=DAY,
        accounting_date=DAY,
        made_at=books.NOW,
        actor_kind="operator",
        actor="tester",
    )
    postings = [
        PostingRow(
            *(78, 1, AREA, "account", "contribution", AREA, "account", "1", 600),
            *("special", "第六条"),
        ),
        PostingRow(78, 2, AREA, "account", "account", "1", "contribution", "b", 1),
    ]
    with owner.transaction():
        post(owner, [original, WHOLE, plain], postings)
    rows = owner.execute(f"{READ} order by e.id").fetchall()
    assert [whole(read_entry(row)) for row in rows] == [
        whole(one) for one in (original, WHOLE, plain)
    ]
    names = [field.name for field in fields(PostingRow)]
    found = owner.execute(f"select {', '.join(names)} from posting order by number").fetchall()
    assert [PostingRow(*row) for row in found] == postings
    assert len({getattr(WHOLE.settlement, name) for name in AMOUNTS}) == len(AMOUNTS) == 13


def test_what_takes_an_entry_back_has_the_other_sign_in_everything_that_counts() -> None:
    back = negated(WHOLE, id=90, kind="cancellation")
    assert (back.id, back.kind, back.reverses) == (90, "cancellation", 77)
    assert [getattr(back.settlement, name) for name in AMOUNTS] == [
        -getattr(WHOLE.settlement, name) for name in AMOUNTS
    ]
    assert back.meters == (("a.2", "年:2025", "糖尿病", -5), ("b", "次:2025", "77|x", 0))
    kept = set(COLUMNS) - {"meters", "id", "kind", "reverses"}
    assert all(getattr(back, name) == getattr(WHOLE, name) for name in kept)
    beside = set(SETTLEMENT_COLUMNS) - set(AMOUNTS)
    assert all(getattr(back.settlement, n) == getattr(WHOLE.settlement, n) for n in beside)
    again = negated(back, id=91).settlement
    assert [getattr(again, n) for n in AMOUNTS] == [getattr(WHOLE.settlement, n) for n in AMOUNTS]
    rest = ("ordinary", "第六条")
    there = [PostingRow(77, 1, AREA, "pool", "pool", "", "provider", "H", 600, *rest)]
    assert exchanged(there, 90) == [
        PostingRow(90, 1, AREA, "pool", "provider", "H", "pool", "", 600, *rest)
    ]


def test_moves_are_added_up_by_what_they_move() -> None:
    entries = [
        entry(1, 1, "credit", DAY, meters=(("a", YEAR, "", 5), ("a", YEAR, "", 7))),
        entry(2, 1, "credit", DAY, meters=(("a", YEAR, "", -2), ("a", "年:2024", "", 1))),
        entry(3, 2, "credit", DAY, meters=(("a", YEAR, "", 3),)),
        entry(4, 1, "credit", DAY, area="510400", meters=(("a", YEAR, "", 4), ("a", YEAR, "x", 6))),
        entry(5, 1, "credit", DAY, meters=(("b", YEAR, "", 8),)),
    ]
    assert meter_moves(entries) == {
        (AREA, 1, YEAR, "", "a"): 10,
        (AREA, 1, "年:2024", "", "a"): 1,
        (AREA, 2, YEAR, "", "a"): 3,
        ("510400", 1, YEAR, "", "a"): 4,
        ("510400", 1, YEAR, "x", "a"): 6,
        (AREA, 1, YEAR, "", "b"): 8,
    }
    assert balance_moves(
        [
            posting(1, 1, ("contribution", AREA), ("account", "1"), 10),
            posting(1, 2, ("account", "1"), ("provider", "H"), 3),
            posting(1, 3, ("account", "2"), ("provider", "H"), 4),
            posting(1, 4, ("pool", ""), ("payable", "1"), 5),
            posting(1, 5, ("payable", "1"), ("account", "1"), 2),
            posting(1, 6, ("receivable", "1"), ("pool", ""), 6),
            posting(1, 7, ("account", "1"), ("receivable", "1"), 1),
            posting(1, 8, ("opening", AREA), ("account", "1"), 20, "510400"),
            posting(1, 9, ("pool", ""), ("provider", "H"), 9),
        ]
    ) == {
        (AREA, 1, "account"): 10 - 3 + 2 - 1,
        (AREA, 2, "account"): -4,
        (AREA, 1, "payable"): 5 - 2,
        (AREA, 1, "receivable"): 6 - 1,
        ("510400", 1, "account"): 20,
    }


def _meters(owner: Connection) -> list[Any]:
    return owner.execute("select code, used_fen from meter_use order by code").fetchall()


def test_a_meter_and_a_balance_may_fall_to_nothing_and_not_below(owner: Connection) -> None:
    owner.execute(books.PEOPLE)

    def move(number: int, used: int, amount: int) -> None:
        kinds = ("contribution", AREA), ("account", "1")
        postings = [posting(number, 1, *(kinds if amount > 0 else kinds[::-1]), abs(amount))]
        one = entry(number, 1, "credit", DAY, meters=(("a", YEAR, "", used),))
        with owner.transaction():
            post(owner, [one], postings)

    move(1, 7, 10)
    move(2, -5, -4)
    assert _meters(owner) == [("a", 2)]
    move(3, -2, -6)
    assert _meters(owner) == [("a", 0)]
    assert owner.execute("select amount_fen from balance").fetchall() == [(0,)]
    with pytest.raises(psycopg.errors.CheckViolation, match="meter_not_negative"):
        move(4, -1, 1)
    with pytest.raises(psycopg.errors.CheckViolation, match="balance_holds"):
        move(5, 0, -1)
    # What was refused left nothing.
    assert owner.execute("select array_agg(id order by id) from entry").fetchone() == ([1, 2, 3],)
    assert owner.execute("select count(*) from posting").fetchone() == (3,)


def test_a_meter_that_was_only_looked_at_gets_no_row(owner: Connection) -> None:
    owner.execute(books.PEOPLE)
    post(owner, [entry(1, 1, "credit", DAY, meters=(("a", YEAR, "", 0), ("b", YEAR, "", 1)))], [])
    post(owner, [], [])
    assert _meters(owner) == [("b", 1)]
    stored = owner.execute("select meters from entry").fetchone()
    assert stored == ([["a", YEAR, "", 0], ["b", YEAR, "", 1]],)


def test_ids_are_taken_once_in_growing_order(owner: Connection) -> None:
    first, second = take_ids(owner, 3), take_ids(owner, 2)
    assert first + second == sorted({*first, *second}) and len(first + second) == 5
    assert take_ids(owner, 0) == []


def test_persons_are_locked_in_the_order_of_their_ids(owner: Connection, connect: Any) -> None:
    owner.execute(
        "insert into institution (code, area, name, kind)"
        " values ('H1', '430500', '测试医院', 'hospital')"
    )
    # The later id lies first in the table.
    for number in (2, 1):
        owner.execute(
            "insert into person (id, psn_no, area, name, certificate, certificate_hash)"
            " values (%s, %s, '430500', '测试', '', %s)",
            [number, str(number), bytes([number])],
        )
    with connect() as holder, connect() as waiter, connect() as third:
        with holder.transaction():
            lock(holder, [1])
            waiting = threading.Thread(target=_lock_all, args=(waiter, [2, 1, 2]))
            waiting.start()
            _wait_until_blocked(owner, waiter)
            # It waits for 1 and does not hold 2 meanwhile; references to both are not in its way.
            with third.transaction():
                third.execute("select id from person where id = 2 for no key update nowait")
            with third.transaction():
                third.execute("set local lock_timeout = '5s'")
                third.execute(
                    "insert into visit (area, person_id, institution, msgid, begun_at,"
                    " details, diagnoses) values ('430500', 1, 'H1', '', now(), '{}',"
                    " '[]')"
                )
            with pytest.raises(psycopg.errors.LockNotAvailable), third.transaction():
                third.execute("select 1 from person where id = 1 for no key update nowait")
        waiting.join(30)
        assert not waiting.is_alive()


def _lock_all(connection: Connection, persons: list[int]) -> None:
    with connection.transaction():
        lock(connection, persons)


def _wait_until_blocked(owner: Connection, waiter: Connection) -> None:
    blocked = "select cardinality(pg_blocking_pids(%s)) > 0"
    while owner.execute(blocked, [waiter.info.backend_pid]).fetchone() != (True,):
        pass
