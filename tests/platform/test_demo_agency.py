"""The demonstration's agency: somebody in every post, a month of work under way, sound books."""

from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from time import perf_counter

import psycopg
import pytest
from tests import databases
from tests.platform.review_world import POSTS

from gongji.cli import demo as demo_command
from gongji.demo import agency_month
from gongji.demo.agency_staff import AREA, CLERKS
from gongji.demo.county import fill
from gongji.law.checks.library import Library
from gongji.ledger.verify import verify
from gongji.platform import installation
from gongji.platform.actors import Actor
from gongji.platform.identity import Identity
from gongji.platform.inbox import inbox_of
from gongji.platform.law_book import LawBook
from gongji.platform.message_seal import seal_of
from gongji.review.coverage import gaps
from gongji.review.worklists import waiting_for
from gongji.units import day_in_china, day_of

KEYS = b"i" * 32, b"l" * 32


@pytest.fixture(scope="module")
def owner(server: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """The area with its month, played once."""
    now = datetime.now(UTC)
    with (
        databases.copy(server) as address,
        psycopg.connect(address, autocommit=True) as connection,
    ):
        fill(connection, Identity(*KEYS), 1, 260, now, [AREA])
        begun = perf_counter()
        agency_month.fill_month(connection, LawBook(), inbox_of(*KEYS), seal_of(*KEYS), 1, now)
        print("a month took", round(perf_counter() - begun, 1), "s")
        yield connection


def test_every_post_is_held_and_every_kind_can_be_finished(
    owner: psycopg.Connection[tuple[object, ...]],
) -> None:
    assert {clerk.post for clerk in CLERKS} == set(POSTS)
    day = day_in_china(datetime.now(UTC))
    law = next(one for one in Library().laws(AREA) if one.since <= day_of(day) < one.until)
    assert gaps(owner, AREA, law, day) == []


def test_the_month_has_work_in_every_state_and_few_stale(
    owner: psycopg.Connection[tuple[object, ...]],
) -> None:
    rows = owner.execute("select kind, state, count(*) from command group by 1, 2").fetchall()
    print(sorted(rows))
    states = {str(row[1]) for row in rows}
    assert states >= {"draft", "submitted", "returned", "withdrawn", "executed"}
    total = owner.execute("select count(*) from command").fetchone()
    stale = owner.execute("select count(*) from command where state = 'stale'").fetchone()
    assert total and stale and int(str(total[0])) >= 50
    assert int(str(stale[0])) * 100 < 2 * int(str(total[0]))
    waits = owner.execute(
        "select distinct kind, position from command where state = 'submitted'"
    ).fetchall()
    assert {("manual_reimbursement", 0), ("manual_reimbursement", 1), ("payout_batch", 0)} <= {
        *waits
    }
    paid = owner.execute("select state, count(*) from payout_order group by 1").fetchall()
    assert dict(paid)["returned"] == 1 and int(str(dict(paid)["paid"])) >= 10


def test_its_books_are_sound_and_its_lists_are_not_empty(
    owner: psycopg.Connection[tuple[object, ...]],
) -> None:
    assert list(verify(owner)) == []
    now = datetime.now(UTC)
    for account in ("chushen1", "fushen1", "chuna"):
        post = next(clerk.post for clerk in CLERKS if clerk.account == account)
        found = waiting_for(owner, Actor.staff(account, post, AREA), now)
        assert found and all(one.age is not None for one in found), account


def test_everybody_is_named_by_their_post(
    owner: psycopg.Connection[tuple[object, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installation, "owner_connection", lambda: nullcontext(owner))
    told = demo_command._staff()
    assert told["经办"] == ["jingban1", "jingban2", "jingban3", "jingban4"]
    assert sum(map(len, told.values())) == len(CLERKS)
