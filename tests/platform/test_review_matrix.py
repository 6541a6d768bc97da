"""Kind x post x place, exhaustively, on the server: who may hand in, who may take which step.

Every post at every place (the county, another county, the prefecture, every agency, another area)
tries each act on each kind: at the desk, and past it at the tables themselves.
"""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from tests import databases
from tests.platform import review_bills
from tests.platform.review_world import AREA, COUNTY, PDF, PLACES, POSTS, World

from gongji.platform import command_rows
from gongji.platform.actors import Actor
from gongji.platform.command_rows import NewStep
from gongji.refusals import Refusal
from gongji.review import desk as life
from gongji.review.command_kinds import KINDS
from gongji.review.desk import Drafting
from gongji.review.evidence import PaperFile
from gongji.review.staff import holdings, staff_id

CONSOLE = "-c role=gongji_console -c timezone=UTC"
HOLDS = {"county": {COUNTY}, "other": set(), "city": {AREA}, "all": {COUNTY, AREA, ""}}
"""Place -> the agencies, of those that the commands below concern, at which a post there counts."""
GRANT = {"staff": 1, "post": "reader", "area": AREA, "since": "2020-01-01"}
CONTENTS: dict[str, dict[str, Any]] = {
    "manual_reimbursement": {"fen": 500},
    "grant_post": GRANT,
}


class Everybody:
    """Somebody in every post at every place, and somebody good for each act."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.people = {
            (post, place): world.post(f"{post}.{place}", post, place)
            for post in POSTS
            for place in PLACES
        }

    def good(self, post: str, agency: str) -> Actor:
        """Somebody who holds a post at an agency."""
        return self.people[post, "county" if agency == COUNTY else "all"]

    def covers(self, place: str, agency: str) -> bool:
        """Whether a post at a place counts at an agency."""
        return place != "elsewhere" and (agency in HOLDS[place] or agency == "")


@pytest.fixture(scope="module")
def everybody(server: str) -> Iterator[Everybody]:
    """One area for all of the tables' rows; what an attempt did is undone."""
    before = dict(KINDS)
    KINDS[review_bills.KIND] = review_bills.BILL
    with (
        databases.copy(server) as address,
        psycopg.connect(address, autocommit=True) as owner,
        psycopg.connect(address, options=CONSOLE, autocommit=True) as by,
    ):
        review_bills.prepare(owner)
        yield Everybody(World(owner, by))
    KINDS.clear()
    KINDS.update(before)


def content_of(world: World, kind: str) -> dict[str, Any]:
    """A content of a kind."""
    if kind == "family_bond":
        (given,) = world.owner.execute(
            "select count(*) from person_fact where kind = 'bond'"
        ).fetchone() or (0,)
        return world.bond(1, 3 + given)
    if kind == "end_post":
        world.post(world.msg(), "reader")
        row = world.owner.execute("select max(id) from post_holding").fetchone()
        assert row is not None
        return {"holding": row[0]}
    if kind == "stand_in":
        today = str(world.desk().today)
        row = world.owner.execute(
            "select h.id from post_holding h join staff s on s.id = h.staff"
            " where s.subject = 'reader.all'"
        ).fetchone()
        assert row is not None
        staff = staff_id(world.owner, Actor.staff("reader.county", "reader", AREA))
        return {"staff": staff, "stands_for": row[0], "since": today, "last": today}
    if kind == "family_bond_end":
        row = world.owner.execute("select id from person_fact where kind = 'bond'").fetchone()
        return {"bond": row[0] if row else 0}
    return CONTENTS[kind]


def attempt(world: World, act: Any, *given: Any) -> str:
    """What became of an act that is then undone: its refusal's code, or the state."""
    try:
        with world.by.transaction(force_rollback=True):
            return str(act(*given).state)
    except Refusal as refusal:
        return refusal.code


def drafting(world: World, kind: str) -> Drafting:
    """A draft of a kind, handed in at the county."""
    return Drafting(world.msg(), kind, AREA, COUNTY, "person", "1", content_of(world, kind))


def handed_in(everybody: Everybody, kind: str) -> int:
    """A command with its papers, handed in by somebody who may."""
    world = everybody.world
    maker = everybody.good(KINDS[kind].makers[0], COUNTY)
    number = life.draft(world.desk(), maker, drafting(world, kind)).command
    papers = review_bills.PAPERS if kind == review_bills.KIND else ("结婚证",)
    for name in papers if kind in ("family_bond", review_bills.KIND) else ():
        life.add_paper(world.desk(), maker, number, PaperFile(name, PDF))
    return number


ALL = ["family_bond", "manual_reimbursement", "grant_post", "end_post", "stand_in"]
"""Kinds that wait for a step; what ends a bond is carried out when it is submitted."""


@pytest.mark.parametrize("kind", [*ALL, "family_bond_end"])
def test_only_the_posts_of_a_kind_hand_it_in_and_only_at_their_agency(
    everybody: Everybody, kind: str
) -> None:
    world, tried = everybody.world, 0
    number = handed_in(everybody, kind)
    for (post, place), actor in everybody.people.items():
        may = post in KINDS[kind].makers and everybody.covers(place, COUNTY)
        expected = "draft" if may else "maker_missing"
        assert attempt(world, life.draft, world.desk(), actor, drafting(world, kind)) == expected
        gone = world.acting(number, reason="撤回")
        expected = "withdrawn" if may else "maker_missing"
        assert attempt(world, life.withdraw, world.desk(), actor, gone) == expected, (post, place)
        tried += 1
    assert tried == len(POSTS) * len(PLACES)


@pytest.mark.parametrize("kind", ALL)
def test_only_the_post_of_a_step_takes_it_and_only_at_its_agency(
    everybody: Everybody, kind: str
) -> None:
    world = everybody.world
    number = handed_in(everybody, kind)
    maker = everybody.good(KINDS[kind].makers[0], COUNTY)
    life.submit(world.desk(), maker, world.acting(number))
    row = command_rows.find_command(world.owner, number)
    assert row is not None
    for position, step in enumerate(row.steps):
        last = position + 1 == len(row.steps)
        for (post, place), actor in everybody.people.items():
            may = post == step.post and everybody.covers(place, step.agency)
            expected = ("executed" if last else "submitted") if may else "step_not_held"
            told = attempt(world, life.approve, world.desk(), actor, world.acting(number))
            assert told == expected, (post, place, position)
            back = world.acting(number, reason="退回")
            expected = "returned" if may else "step_not_held"
            told = attempt(world, life.give_back, world.desk(), actor, back)
            assert told == expected, (post, place, position)
            assert past_the_desk(world, number, position + 1, actor) == may, (post, place)
        done = world.approve(everybody.good(step.post, step.agency), number)
        assert done.state == ("executed" if last else "submitted")


def past_the_desk(world: World, number: int, position: int, actor: Actor) -> bool:
    """Whether the tables themselves let somebody take a step."""
    row = command_rows.find_command(world.owner, number)
    assert row is not None
    staff = staff_id(world.owner, actor)
    held = holdings(world.owner, staff, world.desk().today)[0]
    try:
        with world.by.transaction(force_rollback=True):
            step = NewStep(position, staff, held.id, "approve")
            command_rows.take_step(world.by, row, step, world.now)
    except psycopg.errors.IntegrityError as error:
        # Whoever has a place in the command already is refused by that first.
        walls = ("step_held", "step_command_staff_position_fkey")
        assert error.diag.constraint_name in walls
        return False
    return True


@pytest.mark.parametrize("kind", ALL)
def test_no_step_is_skipped_and_nothing_is_carried_out_early(
    everybody: Everybody, kind: str
) -> None:
    world = everybody.world
    number = handed_in(everybody, kind)
    maker = everybody.good(KINDS[kind].makers[0], COUNTY)
    life.submit(world.desk(), maker, world.acting(number))
    row = command_rows.find_command(world.owner, number)
    assert row is not None
    for position, step in enumerate(row.steps[1:], start=2):
        actor = everybody.good(step.post, step.agency)
        staff = staff_id(world.owner, actor)
        held = holdings(world.owner, staff, world.desk().today)[0]
        with (
            pytest.raises(psycopg.errors.CheckViolation) as found,
            world.by.transaction(force_rollback=True),
        ):
            skipped = NewStep(position, staff, held.id, "approve")
            command_rows.take_step(world.by, row, skipped, world.now)
        assert found.value.diag.constraint_name == "step_in_order"
    for state in ("approved", "executed"):
        with (
            pytest.raises(psycopg.errors.CheckViolation) as found,
            world.by.transaction(force_rollback=True),
        ):
            command_rows.move(world.by, number, state, world.now if state == "executed" else None)
        assert found.value.diag.constraint_name == "command_whole"
    life.withdraw(world.desk(), maker, world.acting(number, reason="试"))


def test_nobody_takes_two_steps_or_decides_about_themselves(everybody: Everybody) -> None:
    world = everybody.world
    both = world.post("both", "handler")
    world.post("both", "first_reviewer")
    concerned = world.post("concerned", "first_reviewer", person=2)
    number = world.submitted(both)
    assert attempt(world, life.approve, world.desk(), both, world.acting(number)) == "step_twice"
    own = attempt(world, life.approve, world.desk(), concerned, world.acting(number))
    assert own == "step_about_oneself"
    # Nor does whoever is concerned hand it in at the counter.
    clerk = world.post("kin", "handler", person=1)
    draft = world.draft(clerk)
    own = attempt(world, life.submit, world.desk(), clerk, world.acting(draft))
    assert own == "step_about_oneself"
