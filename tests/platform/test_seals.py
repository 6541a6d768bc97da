"""Seals: what was changed, taken out or slipped in is found; nothing is left out of the chain."""

import threading
from typing import Any

import psycopg
import pytest
from tests.platform import books

from gongji.ledger import seals
from gongji.ledger.seals import COLUMNS, ENCODING, seal, seal_all, seal_restored, verify_seals

Connection = psycopg.Connection[Any]
AREA, OTHER = books.AREA, books.OTHER


@pytest.fixture
def sealed(owner: Connection) -> Connection:
    """The journal written by hand, sealed, without its walls."""
    books.write(owner)
    owner.execute("select setval('entry_id_seq', 1000)")
    list(seal_all(owner))
    for table in ("entry", "settlement", "posting", "seal", "sealed"):
        owner.execute(f"alter table {table} disable trigger user")
    return owner


def found(connection: Connection, area: str = "") -> list[tuple[int | None, str]]:
    """What does not fit: the entry, and what of it."""
    with connection.transaction():
        return [(one.entry, one.what) for one in verify_seals(connection, area)]


def test_what_was_sealed_and_stands_as_it_was_is_right(sealed: Connection) -> None:
    assert found(sealed) == []
    links = sealed.execute("select area, number, first, last from seal order by 1, 2").fetchall()
    assert links == [(AREA, 1, 1, 10), (OTHER, 1, 1, 1)]
    assert list(seal_all(sealed)) == [], "there is nothing new"


OTHERWISE = {
    "bigint": "coalesce({0}, 0) + 1000",
    "integer": "coalesce({0}, 0) + 1",
    "text": "coalesce({0}, '') || 'x'",
    "date": "{0} + 1",
    "timestamp with time zone": "{0} + interval '1 microsecond'",
    "jsonb": "'[[1]]'",
}
"""Another value of each type."""


def _types(connection: Connection, table: str) -> dict[str, str]:
    return dict(
        connection.execute(
            "select column_name, data_type from information_schema.columns"
            " where table_name = %s and table_schema = 'public'",
            [table],
        ).fetchall()
    )


PLACES = [(table, column) for table, columns in COLUMNS[ENCODING].items() for column in columns]


@pytest.mark.parametrize(("table", "column"), PLACES, ids=lambda one: one)
def test_a_change_of_any_column_is_found(sealed: Connection, table: str, column: str) -> None:
    name = {"entry": "id", "settlement": "entry", "posting": "entry"}[table]
    kind = _types(sealed, table)[column]
    with sealed.transaction(force_rollback=True):
        sealed.execute("set local session_replication_role = replica")
        for check in ("conserves", "splits"):
            sealed.execute(f"alter table settlement drop constraint settlement_{check}")
        sealed.execute("alter table entry drop constraint entry_area_check")
        sealed.execute("alter table entry drop constraint entry_origin_check")
        sealed.execute("alter table entry drop constraint entry_actor_kind_check")
        where = f"{name} = 4" + (" and number = 4" if column == "number" else "")
        changed = OTHERWISE[kind].format(column)
        sealed.execute(f"update {table} set {column} = {changed} where {where}")
        assert 4 in [one.entry for one in verify_seals(sealed)] or column == "id"
        assert list(verify_seals(sealed)), column


def test_every_column_of_the_journal_is_sealed_but_the_transaction(owner: Connection) -> None:
    assert set(_types(owner, "entry")) - set(COLUMNS[ENCODING]["entry"]) == {"xact"}
    assert set(_types(owner, "settlement")) - set(COLUMNS[ENCODING]["settlement"]) == {"entry"}
    assert set(_types(owner, "posting")) - set(COLUMNS[ENCODING]["posting"]) == {"entry"}


FORGED = {
    "a posting that is gone": ("delete from posting where entry = 6 and number = 2", (6, "entry")),
    "a posting more": (
        "insert into posting select entry, 9, area, fund, debit, debit_owner, credit,"
        " credit_owner, amount_fen, benefit, article from posting where entry = 6 and number = 1",
        (6, "entry"),
    ),
    "a settlement that is gone": ("delete from settlement where entry = 8", (8, "entry")),
    "a settlement more": ("insert into settlement (entry) values (1)", (1, "entry")),
    "an entry that is gone": ("delete from entry where id = 10", (10, "entry")),
    "a place that is gone": ("delete from sealed where number = 3 and area = '430500'", None),
    "another hash": ("update sealed set hash = 'x' where entry = 3", (3, "entry")),
    "a link's hash": ("update seal set hash = 'x' where area = '430500'", (None, "hash 1")),
    "a link's beginning": (
        "update seal set previous = 'x' where area = '430500'",
        (None, "previous 1"),
    ),
    "an encoding that nobody knows": (
        "update seal set encoding = 9 where area = '430500'",
        (None, "encoding 1"),
    ),
    "an entry slipped in": (
        "insert into entry (id, area, kind, service_date, actor_kind, actor, xact) values"
        " (99, '430500', 'credit', '2025-03-01', 'operator', 't', '3')",
        (99, "added"),
    ),
}


@pytest.mark.parametrize("what", FORGED, ids=[name.replace(" ", "-") for name in FORGED])
def test_what_is_taken_out_or_slipped_in_is_found(sealed: Connection, what: str) -> None:
    statement, expected = FORGED[what]
    with sealed.transaction(force_rollback=True):
        sealed.execute("set local session_replication_role = replica")
        sealed.execute(statement)
        told = [(one.entry, one.what) for one in verify_seals(sealed, AREA)]
    assert told and (expected is None or expected in told)


def test_seals_follow_each_other_and_a_forged_one_breaks_the_chain(sealed: Connection) -> None:
    sealed.execute("alter table entry enable trigger user")
    _enter(sealed)
    (second,) = seal(sealed, AREA)
    assert (second.number, second.first, second.last) == (2, 11, 11)
    _enter(sealed)
    (third,) = seal(sealed, AREA)
    assert third.first == 12 and found(sealed) == []
    sealed.execute("update seal set hash = 'y' where area = %s and number = 2", [AREA])
    assert {what for _, what in found(sealed)} == {"hash 2", "previous 3"}


def test_many_entries_are_sealed_some_at_a_time(
    owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    books.write(owner)
    monkeypatch.setattr(seals, "LOT", 4)
    assert [one.last for one in seal(owner, AREA)] == [4, 8, 10]
    assert found(owner) == []


ENTER = """insert into entry (area, kind, service_date, actor_kind, actor)
values ('430500', 'credit', '2025-03-01', 'operator', 't')"""


def _enter(connection: Connection) -> None:
    connection.execute(ENTER)


def test_what_is_entered_late_by_an_older_transaction_leaves_no_gap(
    database: str, owner: Connection
) -> None:
    with psycopg.connect(database) as slow:
        slow.execute(ENTER)
        _enter(owner)
        assert list(seal(owner, AREA)) == [], "the slow one is older"
        slow.commit()
    (made,) = seal(owner, AREA)
    assert (made.first, made.last) == (1, 2) and found(owner) == []


def test_six_writers_and_a_sealer_leave_no_gap(database: str, owner: Connection) -> None:
    stop = threading.Event()

    def write(number: int) -> None:
        with psycopg.connect(database, autocommit=True) as connection:
            for lot in range(40):
                with connection.transaction():
                    for _ in range(1 + (number + lot) % 3):
                        connection.execute(ENTER)

    def keep_sealing() -> None:
        with psycopg.connect(database, autocommit=True) as connection:
            while not stop.is_set():
                list(seal_all(connection))

    writers = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    sealer = threading.Thread(target=keep_sealing)
    for thread in (sealer, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    sealer.join()
    list(seal_all(owner))
    counted = "select count(*), max(number), count(distinct entry) from sealed"
    entries = owner.execute("select count(*) from entry").fetchone()
    assert entries and owner.execute(counted).fetchone() == entries * 3
    assert found(owner) == []


def test_a_database_from_a_dump_goes_on_with_the_chain(sealed: Connection) -> None:
    """Transactions are numbered anew there: what is entered then may have any number."""
    sealed.execute("alter table entry enable trigger user")
    _enter(sealed)
    # As if all of it had been entered on a server with higher numbers.
    sealed.execute("alter table entry disable trigger user")
    sealed.execute("update entry set xact = (xact::text::bigint + 1000000)::text::xid8")
    sealed.execute(
        "update seal set through_xact = (through_xact::text::bigint + 1000000)::text::xid8"
    )
    sealed.execute("alter table entry enable trigger user")
    seal_restored(sealed)
    assert found(sealed) == []
    _enter(sealed)
    (made,) = seal(sealed, AREA)
    assert (made.number, made.first, made.last) == (3, 12, 12)
    assert found(sealed) == [] and list(seal_all(sealed)) == []
