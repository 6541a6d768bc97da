"""Settlements keep the version of the law that they were decided by, and are replayed by it."""

import shutil
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.platform.counter import NOW, Counter
from tests.platform.test_laws import CITY, publish

from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.law.rulebook.rulebook import SHIPPED
from gongji.ledger.entry_rows import EntryRow
from gongji.platform.law_book import LawBook
from gongji.settlement.readjudicate import RULES, Change, readjudicate
from gongji.settlement.replay import replay
from gongji.settlement.settle import settle

Connection = psycopg.Connection[Any]
pytestmark = pytest.mark.skipif(
    "settlement" not in EntryRow.__struct_fields__, reason="the journal is not moved over yet"
)


def with_rate(folder: Path, rate: str) -> Areas:
    """The shipped laws, but for the rate of the second level in Shaoyang since 2023-06-01."""
    there = folder / "430000" / CITY
    shutil.rmtree(there, ignore_errors=True)
    shutil.copytree(SHIPPED / "430000" / CITY, there)
    last = there / "2023-06-01.yaml"
    text, _, _ = last.read_text(encoding="utf-8").partition("\n示例:")
    changed = text.replace("二级: 60%, 三级: 60%", f"二级: {rate}, 三级: 60%")
    assert changed != text or rate == "60%"
    last.write_text(changed, encoding="utf-8")
    return Areas(Library([folder]))


def settled(counter: Counter, gateway: Connection, book: LawBook, day: str) -> EntryRow:
    """An ordinary visit of 1,000.00 settled by the law in force."""
    bill = counter.bill(counter.psn_no(1), "H43050000001", day, 100_000)
    (outcome,) = settle(gateway, [bill], book, NOW)
    assert outcome.entry is not None, outcome
    return outcome.entry


def again(connection: Connection, book: LawBook) -> list[Change]:
    """The year again under the law in force now."""
    areas = book.in_force(connection, held=False)
    return list(readjudicate(connection, CITY, 2024, areas, NOW))


def test_an_entry_names_the_version_that_decided_it_and_is_replayed_by_it(
    counter: Counter, gateway: Connection, owner: Connection, tmp_path: Path
) -> None:
    counter.person(1)
    counter.institution(1, "2")
    book = LawBook()
    first = publish(owner, with_rate(tmp_path, "61%"), CITY)[0].id
    before = settled(counter, gateway, book, "2024-12-02")
    # Without a restart the next batch is decided by the next version.
    second = publish(owner, with_rate(tmp_path, "50%"), CITY)[0].id
    after = settled(counter, gateway, book, "2024-12-03")
    shutil.rmtree(tmp_path)
    assert (before.law, after.law) == (first, second)
    kept = owner.execute("select law from entry where kind = 'settlement' order by id").fetchall()
    assert kept == [(first,), (second,)]
    # By a process that knows nothing yet, without the folder: each by its own version.
    assert list(replay(gateway, LawBook())) == []
    # The year again is by the law in force; only the first one rested on another.
    (change,) = again(owner, book)
    assert (change.root.id, change.cause) == (before.id, RULES)
    assert change.net_fen == -(95_000 * 11 // 100)


def test_a_version_that_says_nothing_else_of_the_day_changes_no_settlement(
    counter: Counter, gateway: Connection, owner: Connection
) -> None:
    counter.person(1)
    counter.institution(1, "2")
    book = LawBook()
    settled(counter, gateway, book, "2024-12-02")
    # A figure is given that this settlement does not reach.
    publish(owner, Areas(parameters={CITY: {"disease_ceiling": "1"}}), CITY)
    assert again(owner, book) == [] and list(replay(owner, LawBook())) == []
