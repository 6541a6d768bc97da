"""Verification in ranges of ids, from one snapshot: nothing told twice, nothing missed."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from tests.platform import books
from tests.platform.books import APR_1, Told, forge, told
from tests.platform.conftest import ROLE
from tests.platform.counter import as_owner

from gongji.ledger import verify as verifying
from gongji.ledger.post import lock, post
from gongji.ledger.verify import extent, ranges, verify

Connection = psycopg.Connection[Any]
Copies = Callable[[], Any]


@pytest.fixture(scope="module")
def copies(server: str) -> Iterator[Copies]:
    """Makes copies of a database that holds the journal of `books`."""
    with books.written(server) as made:
        yield made


@pytest.mark.parametrize(
    ("ids", "size", "expected"),
    [
        ([], 2, []),
        ([5], 2, [(5, 6)]),
        ([1, 2], 2, [(1, 3)]),
        ([1, 2, 3], 2, [(1, 3), (3, 4)]),
        ([3, 4, 5, 6], 2, [(3, 5), (5, 7)]),
        ([1, 9], 4, [(1, 5), (5, 9), (9, 10)]),
        ([0, 1], 1, [(0, 1), (1, 2)]),
    ],
)
def test_ranges_cover_every_id_once(
    owner: Connection, ids: list[int], size: int, expected: list[tuple[int, int]]
) -> None:
    owner.execute("create table numbered (id bigint)")
    for number in ids:
        owner.execute("insert into numbered values (%s)", [number])
    assert list(ranges(owner, "numbered", "id", size)) == expected


@pytest.mark.parametrize(("entries", "persons"), [(1, 1), (2, 1), (3, 2), (5, 3), (10, 2)])
def test_however_the_ranges_fall_each_difference_is_told_once(
    copies: Copies, monkeypatch: pytest.MonkeyPatch, entries: int, persons: int
) -> None:
    with copies() as address, psycopg.connect(address, autocommit=True) as owner:
        forge(
            owner,
            "update settlement set pool_fen = pool_fen + 1, cash_fen = cash_fen - 1"
            " where entry in (select id from entry where id <> 4 and kind = 'settlement')",
            "update settlement set deductible_fen = 0 where entry = 5",
            "update meter_use set used_fen = used_fen + 1",
        )
        whole = told(owner)
        monkeypatch.setattr(verifying, "ENTRIES", entries)
        monkeypatch.setattr(verifying, "PERSONS", persons)
        assert told(owner) == whole
        forged = [row[3] for row in whole if row[:1] + row[4:5] == ("amounts", "pool_fen")]
        assert forged == [6, 10, 9]
        assert len([row for row in whole if row[0] == "meter"]) == 6
        # The progress goes as far as was said before.
        went: list[int] = []
        assert len(list(verify(owner, progress=went.append))) == len(whole)
        assert sum(went) == extent(owner) == 11 + 3
        assert len(went) == -(-11 // entries) + -(-3 // persons)


def test_settlements_meanwhile_do_not_disturb(
    copies: Copies, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "ENTRIES", 3)
    with (
        copies() as address,
        psycopg.connect(address, autocommit=True) as owner,
        psycopg.connect(address, options=ROLE, autocommit=True) as gateway,
    ):
        numbers = iter(range(100, 200))

        def settle(_: int) -> None:
            one, postings = books.settlement(next(numbers), 2, APR_1, pool=40, account=20, cash=1)
            with as_owner(gateway), gateway.transaction():
                lock(gateway, [2])
                post(gateway, [one], postings)

        assert list(verify(owner, progress=settle)) == []
        assert next(numbers) == 105
        assert told(owner) == []


def test_verification_writes_nothing(copies: Copies) -> None:
    with copies() as address, psycopg.connect(address, autocommit=True) as owner:

        def meddle(_: int) -> None:
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), owner.transaction():
                owner.execute("delete from balance")

        assert list(verify(owner, progress=meddle)) == []
        kept: list[Told] = told(owner)
        assert kept == []


def test_a_ledger_with_nothing_in_it_is_right(owner: Connection) -> None:
    assert list(verify(owner)) == []
    assert extent(owner) == 0
