"""Random commands against a model in memory: retries, altered retries, crashes around each
commit, grounds that move. Nothing is carried out twice, none is lost, chains are whole."""

import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from time import monotonic
from typing import Any, TypeVar

import msgspec
import psycopg
import pytest
from tests import databases
from tests.platform import review_bills
from tests.platform.review_bills import KIND, PAPERS
from tests.platform.review_world import AREA, COUNTY, PDF, World

from gongji.platform.actors import Actor
from gongji.refusals import Refusal
from gongji.review import desk as life
from gongji.review.command_kinds import KINDS
from gongji.review.desk import Acting, Drafting, Editing
from gongji.review.evidence import PaperFile
from gongji.review.staff import staff_id

CONSOLE = "-c role=gongji_console -c timezone=UTC"
CHAIN = ("first_reviewer", "second_reviewer", "inspector")
SEATS = {
    "clerk": [("handler", "county")],
    "colleague": [("handler", "county")],
    "both": [("handler", "county"), ("first_reviewer", "county")],
    "kin": [("first_reviewer", "county")],
    "first": [("first_reviewer", "county")],
    "far": [("first_reviewer", "other")],
    "second": [("second_reviewer", "city")],
    "deputy": [("second_reviewer", "city")],
    "inspector": [("inspector", "city")],
    "reader": [("reader", "all")],
}
"""Who there is; `kin` is the person that half of the commands are about."""
OPEN = ("draft", "returned", "stale")
ROUND = 500
"""Acts after which everything is compared, and said how long it will take."""
T = TypeVar("T")


@dataclass
class Kept:
    """A command as the model has it."""

    subject: int
    fen: int
    state: str = "draft"
    version: int = 1
    round: int = 1
    position: int = 0
    ground: int | None = None
    places: dict[str, int] = field(default_factory=dict)

    @property
    def seen(self) -> int:
        return self.fen


class Model:
    """What should become of each act: the code of a refusal, or the state."""

    def __init__(self) -> None:
        self.commands: dict[int, Kept] = {}
        self.ground = 0
        self.done: dict[int, int] = {}

    def edit(self, who: str, number: int, version: int, fen: int) -> str:
        """Another amount."""
        one = self.commands[number]
        why = self._state(one, OPEN) or self._maker(who) or self._version(one, version)
        if not why:
            one.state = "returned" if one.state == "stale" else one.state
            one.fen, one.version = fen, one.version + 1
        return why or one.state

    def submit(self, who: str, number: int, version: int, seen: int) -> str:
        """Submitted, or again."""
        one = self.commands[number]
        why = self._state(one, OPEN) or self._version(one, version) or self._maker(who)
        why = why or ("" if seen == one.seen else "preview_differs") or self._place(one, who, 0)
        if not why:
            one.round += one.state in ("returned", "stale")
            one.state, one.position, one.ground = "submitted", 0, self.ground
        return why or one.state

    def approve(self, who: str, number: int, version: int, seen: int) -> str:
        """The step whose turn it is."""
        one = self.commands[number]
        why = self._state(one, ("submitted",)) or self._version(one, version)
        why = why or self._turn(one, who)
        if why:
            return why
        if one.ground != self.ground:
            one.state = "stale"
            return "stale"
        why = "" if seen == one.seen else "preview_differs"
        why = why or self._place(one, who, one.position + 1)
        if why:
            return why
        one.position += 1
        if one.position == len(CHAIN):
            one.state = "executed"
            self.done[number] = one.fen
        return one.state

    def give_back(self, who: str, number: int) -> str:
        """Returned with a reason."""
        one = self.commands[number]
        why = self._state(one, ("submitted",)) or self._turn(one, who)
        why = why or self._place(one, who, one.position + 1)
        one.state = one.state if why else "returned"
        return why or one.state

    def withdraw(self, who: str, number: int) -> str:
        """Withdrawn with a reason."""
        one = self.commands[number]
        why = self._state(one, (*OPEN, "submitted")) or self._maker(who)
        why = why or self._place(one, who, 0)
        one.state = one.state if why else "withdrawn"
        return why or one.state

    def _state(self, one: Kept, states: tuple[str, ...]) -> str:
        return "" if one.state in states else "command_state"

    def _version(self, one: Kept, version: int) -> str:
        return "" if one.version == version else "command_changed"

    def _maker(self, who: str) -> str:
        return "" if ("handler", "county") in SEATS[who] else "maker_missing"

    def _turn(self, one: Kept, who: str) -> str:
        post = CHAIN[one.position]
        place = "county" if one.position == 0 else "city"
        return "" if (post, place) in SEATS[who] else "step_not_held"

    def _place(self, one: Kept, who: str, position: int) -> str:
        if who in one.places:
            return "" if one.places[who] == position else "step_twice"
        if who == "kin" and one.subject == 2:
            return "step_about_oneself"
        one.places[who] = position
        return ""


class Crash(Exception):
    """The process died before it committed."""


class Play:
    """Acts at random, each on the model and at the desk."""

    def __init__(self, world: World, address: str, seed: int) -> None:
        self.world, self.address, self.random = world, address, random.Random(seed)
        self.model = Model()
        self.actors: dict[str, Actor] = {}
        for name, seats in SEATS.items():
            for post, place in seats:
                self.actors[name] = world.post(name, post, place, 2 if name == "kin" else None)
        self.staff = {name: staff_id(world.owner, one) for name, one in self.actors.items()}
        self.said: list[tuple[str, str, Any, str]] = []

    def run(self, acts: int) -> None:
        """So many acts, then everything is compared."""
        begun = monotonic()
        for number in range(1, acts + 1):
            self.one()
            if number % ROUND == 0:
                self.compare()
                seconds = (monotonic() - begun) / number * (acts - number)
                told = f"{len(self.model.commands)} commands, {len(self.model.done)} carried out"
                print(f"{number}/{acts} acts, {told}, {seconds:.0f} s left", flush=True)
        self.compare()

    @property
    def executed(self) -> int:
        """How many commands were carried out."""
        return [one.state for one in self.model.commands.values()].count("executed")

    def one(self) -> None:
        """One act."""
        chance = self.random.random()
        if chance < 0.12 or not self.model.commands:
            self.draft()
        elif chance < 0.14:
            self.model.ground += 1
            self.world.owner.execute("update bill_ground set ground = ground + 1")
        elif chance < 0.24 and self.said:
            self.again()
        else:
            self.act()

    def draft(self) -> None:
        """A draft with its papers, by a clerk."""
        subject, fen = self.random.choice((1, 2)), self.random.randrange(1, 10**6)
        drafting = Drafting(
            self.world.msg(), KIND, AREA, COUNTY, "person", str(subject), {"fen": fen}
        )
        told = self.sent("draft", "clerk", drafting)
        assert told.isdigit(), told
        number = int(told)
        if number in self.model.commands:
            return
        for name in PAPERS:
            self.dying(partial(self.paper, number, name))
        self.model.commands[number] = Kept(subject, fen)

    def paper(self, number: int, name: str) -> None:
        """A paper of a draft; what was handed in before is found."""
        life.add_paper(self.world.desk(), self.actors["clerk"], number, PaperFile(name, PDF))

    def act(self) -> None:
        """An act on a command, mostly by whoever it is the turn of."""
        latest = reversed(self.model.commands.items())
        living = list(islice((n for n, one in latest if one.state != "withdrawn"), 12))
        number = self.random.choice(living or list(self.model.commands))
        one = self.model.commands[number]
        who = self.random.choice(list(SEATS)) if self.random.random() < 0.35 else self.likely(one)
        version = one.version - (self.random.random() < 0.05)
        right = self.random.random() > 0.05
        kind = self.random.choices(
            ("approve", "submit", "give_back", "edit", "withdraw"), (12, 8, 1, 2, 0.4)
        )[0]
        if self.random.random() < 0.7:
            kind = "submit" if one.state in OPEN else "approve"
        if kind == "edit":
            fen = self.random.randrange(1, 10**6)
            editing = Editing(self.world.msg(), number, version, {"fen": fen})
            expected = self.model.edit(who, number, version, fen)
            self.check(kind, who, editing, expected)
            return
        seen = life.preview(self.world.desk(), number).seen if right else "00"
        reason = "理由" if kind in ("give_back", "withdraw") else ""
        acting = Acting(self.world.msg(), number, version, seen, reason)
        shown = one.seen if right else -1
        if kind in ("give_back", "withdraw"):
            expected = getattr(self.model, kind)(who, number)
        else:
            expected = getattr(self.model, kind)(who, number, version, shown)
        self.check(kind, who, acting, expected)

    def likely(self, one: Kept) -> str:
        """Whoever it is probably the turn of."""
        if one.state != "submitted":
            return self.random.choice(("clerk", "colleague", "both"))
        choices = (("first", "kin", "both"), ("second", "deputy"), ("inspector",))
        return self.random.choice(choices[one.position])

    def check(self, kind: str, who: str, content: Any, expected: str) -> None:
        """An act at the desk is what the model says."""
        told = self.sent(kind, who, content)
        assert told == expected, (kind, who, content, told, expected)

    def sent(self, kind: str, who: str, content: Any) -> str:
        """An act, kept to be sent again later."""
        told = self.dying(partial(self.tell, kind, who, content))
        self.said.append((kind, who, content, told))
        del self.said[:-50]
        return told

    def dying(self, act: Callable[[], T]) -> T:
        """What comes of an act that may die before its commit, or after it with its answer lost.

        Whoever died tries again; after a commit the first answer comes again.
        """
        fate = self.random.random()
        lost: list[T] = []
        if fate < 0.1:
            with pytest.raises(Crash), self.world.by.transaction():
                act()
                raise Crash
        elif fate < 0.2:
            lost.append(act())
        if fate < 0.2 and self.random.random() < 0.1:
            self.reconnect()
        told = act()
        assert lost in ([], [told])
        return told

    def reconnect(self) -> None:
        """The process is another one."""
        self.world.by.close()
        self.world.by = psycopg.connect(self.address, options=CONSOLE, autocommit=True)

    def tell(self, kind: str, who: str, content: Any) -> str:
        """What the desk answers: a code, the state, of a draft its number."""
        try:
            told = getattr(life, kind)(self.world.desk(), self.actors[who], content)
        except Refusal as refusal:
            return refusal.code
        return str(told.command) if kind == "draft" else str(told.state)

    def again(self) -> None:
        """What was sent before is sent again: the first answer; altered: refused."""
        kind, who, content, told = self.random.choice(self.said)
        if self.random.random() < 0.3:
            field = "content" if kind in ("draft", "edit") else "reason"
            other: Any = {"fen": -1} if field == "content" else "另一个理由"
            assert self.tell(kind, who, msgspec.structs.replace(content, **{field: other})) == (
                "message_differs"
            )
        else:
            assert self.tell(kind, who, content) == told

    def compare(self) -> None:
        """The tables are what the model has."""
        owner = self.world.owner
        effects = owner.execute("select command, fen from bill_effect").fetchall()
        assert len(effects) == len(self.model.done) and dict(effects) == self.model.done
        found = owner.execute(
            "select id, state, version, round, (content->>'fen')::bigint from command"
            " where kind = %s",
            [KIND],
        )
        model = self.model.commands.items()
        kept = {number: (one.state, one.version, one.round, one.fen) for number, one in model}
        assert {row[0]: row[1:] for row in found} == kept
        papers = owner.execute("select count(*) from evidence").fetchone()
        assert papers == (len(kept) * len(PAPERS),)
        broken = owner.execute(
            "select c.id from command c where c.kind = %s and c.state = 'executed' and"
            " (select array_agg(position order by position) from step s where s.command = c.id"
            " and s.round = c.round and s.act = 'approve') is distinct from '{1,2,3}'",
            [KIND],
        ).fetchall()
        assert broken == []
        twice = owner.execute(
            "select 1 from step group by command, staff having count(distinct position) > 1"
        ).fetchall()
        assert twice == []


@pytest.fixture
def play(server: str) -> Iterator[Play]:
    """A world and a printed seed."""
    before = dict(KINDS)
    KINDS[KIND] = review_bills.BILL
    seed = int(os.environ.get("GONGJI_SEED", random.randrange(10**6)))
    print("GONGJI_SEED", seed)
    with (
        databases.copy(server) as address,
        psycopg.connect(address, autocommit=True) as owner,
        psycopg.connect(address, options=CONSOLE, autocommit=True) as by,
    ):
        review_bills.prepare(owner)
        world = World(owner, by)
        yield Play(world, address, seed)
        world.by.close()
    KINDS.clear()
    KINDS.update(before)


def test_random_commands_are_what_the_model_says(play: Play) -> None:
    play.run(500)
    for _ in range(10):
        if play.executed < 5:
            play.run(50)
    assert play.executed >= 5


@pytest.mark.slow
def test_a_hundred_thousand_random_commands(play: Play) -> None:
    play.run(int(os.environ.get("GONGJI_ACTS", "100000")))
