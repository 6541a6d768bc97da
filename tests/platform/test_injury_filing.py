"""An injury that an institution filed (2507) counts once the agency has approved it."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb
from tests import databases
from tests.platform.counter import Counter, one
from tests.platform.review_world import World

from gongji.agency.notices import notices_of
from gongji.refusals import Refusal

CONSOLE = "-c role=gongji_console -c timezone=UTC"
PERSON = "53230000000000000001"
KIND = "injury_filing"


@pytest.fixture
def world(server: str) -> Iterator[World]:
    """A world where an injury of the first person was filed and waits."""
    with (
        databases.copy(server) as address,
        psycopg.connect(address, autocommit=True) as owner,
        psycopg.connect(address, options=CONSOLE, autocommit=True) as by,
    ):
        made = World(owner, by)
        told = {"third_party": True, "serial": "YW1", "memo": "", "state": "filed"}
        owner.execute(
            "insert into person_fact (person_id, area, kind, key, since, details, source)"
            " values (1, '532300', 'injury', 'YW1', '2024-12-01', %s, 'institution|H1')",
            [Jsonb(told)],
        )
        yield made


def decided(world: World, **found: Any) -> int:
    clerk, reviewer = (
        world.post("clerk", "handler"),
        world.post("reviewer", "first_reviewer", "city"),
    )
    content = {"psn_no": PERSON, "serial": "YW1"} | found
    number = world.submitted(clerk, content, kind=KIND)
    assert standing(world)["state"] == "filed", "not before somebody else approved it"
    world.approve(reviewer, number)
    assert world.state(number) == "executed"
    return number


def standing(world: World) -> dict[str, Any]:
    row = world.owner.execute(
        "select details from person_fact where kind = 'injury' and retired_at is null"
    ).fetchone()
    return dict(row[0]) if row else {}


def test_the_agency_approves_what_was_filed_as_it_found_it(world: World) -> None:
    decided(world, third_party=True, advance=True)
    assert standing(world) == {
        "third_party": True,
        "advance": True,
        "serial": "YW1",
        "memo": "",
        "state": "approved",
    }
    (told,) = notices_of(world.owner, 1)
    assert "先行支付" in told.text


def test_the_agency_takes_a_filing_back(world: World) -> None:
    decided(world, withdrawn=True)
    assert standing(world) == {}
    with pytest.raises(Refusal) as refused:
        world.submitted(
            world.post("other", "handler"), {"psn_no": PERSON, "serial": "YW1"}, kind=KIND
        )
    assert refused.value.code == "filing_withdrawn"


@pytest.mark.parametrize(("state", "pays"), [("filed", True), ("approved", False)])
def test_the_pool_pays_until_the_agency_found_somebody_liable(
    counter: Counter, gateway: psycopg.Connection[Any], state: str, pays: bool
) -> None:
    person, here = counter.person(1), counter.institution(1)
    counter.fact(person, "injury", "2024-12-01", key="1", third_party=True, state=state)
    entry = one(gateway, counter.bill(person, here, "2024-12-02", 30_000)).entry
    assert (entry.settlement.pool_fen > 0) is pays
