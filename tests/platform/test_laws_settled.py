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
from gongji.ledger.verify import verify
from gongji.platform.law_book import LawBook
from gongji.settlement.adjustments import Change
from gongji.settlement.cancel import cancel
from gongji.settlement.readjudicate import BEFORE, RULES, readjudicate
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


def settled(
    counter: Counter, gateway: Connection, book: LawBook, day: str, here: str = "H43050000001"
) -> EntryRow:
    """An ordinary visit of 1,000.00 settled by the law in force."""
    bill = counter.bill(counter.psn_no(1), here, day, 100_000)
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


def test_a_figure_set_later_is_not_the_cause_of_what_came_otherwise_before_it(
    counter: Counter, gateway: Connection, owner: Connection
) -> None:
    """Level 1: 700, then 700 of the 1,500, then 100; without the first the third is paid whole."""
    person, here = counter.person(1), counter.institution(1, "1")
    book = LawBook()
    first, second, third = (
        settled(counter, gateway, book, day, here)
        for day in ("2024-12-02", "2024-12-03", "2024-12-04")
    )
    publish(owner, Areas(parameters={CITY: {"disease_ceiling": "1"}}), CITY)
    assert list(replay(gateway, LawBook())) == [] == list(verify(gateway))
    assert third.id is not None and first.id is not None and second.id is not None
    key = counter.key(here, "2208", {"setl_id": str(first.id)})
    areas = book.in_force(owner, held=False)
    cancel(gateway, key, person, first.settlement.visit or 0, first.id, areas, NOW)
    (change,) = again(owner, book)
    assert (change.root.id, change.cause, change.net_fen) == (third.id, BEFORE, 60_000)
    assert "ordinary_paid" in change.detail
    assert list(replay(gateway, LawBook())) == [] == list(verify(gateway))


def test_a_figure_that_a_settlement_rests_on_is_named_where_the_documents_are_the_same(
    owner: Connection, gateway: Connection
) -> None:
    county = Counter(owner, "445300")
    here, book = county.institution(1, "1"), LawBook()
    person = county.person(1)
    county.fact(person, "selection", "2020-01-01", institution=here)
    for wage in ("80000", "40000"):
        publish(owner, Areas(parameters={"445300": {"average_wage": wage}}), "445300")
        if wage == "80000":
            bill = county.bill(person, here, "2024-12-02", 1_000_000)
            (outcome,) = settle(gateway, [bill], book, NOW)
            assert outcome.entry.settlement.pool_fen == 160_000
    areas = book.in_force(owner, held=False)
    (change,) = readjudicate(owner, "445300", 2024, areas, NOW)
    assert (change.cause, change.net_fen) == (RULES, -80_000) and "参数不同" in change.detail
    assert list(replay(gateway, LawBook())) == []
