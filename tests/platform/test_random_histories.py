"""Random histories of counties, two of them invented: the platform against a model, to the fen.

Every history settles, repeats, tries, cancels, restores, learns late and adjudicates again; after
every step meters, balances and claims are what the model says, and at the end the journal verifies
and replays, the statements and the trial balance agree, and the year again gives nothing more.
"""

import random
from typing import Any

import psycopg
import pytest
from rich.progress import track
from tests import databases
from tests.platform.conftest import ROLE
from tests.platform.counter import AREAS
from tests.platform.history_checks import compare, finish, holds_together
from tests.platform.history_county import County
from tests.platform.history_law import ACCOUNT_FIRST, PARTS
from tests.platform.history_steps import History

from gongji.settlement import readjudicate, replay

Connection = psycopg.Connection[Any]
HISTORIES, OFTEN, STEPS = 10, 4, 30
"""So many of them are of every run, all of the slow ones."""
MANY = 400


def play(owner: Connection, gateway: Connection, area: str, seed: str) -> History:
    """One history of an area, compared at every step."""
    chance = random.Random(f"{seed}:{area}")
    history = History(County(owner, gateway, area, chance), chance)
    compare(history)
    for number in range(STEPS):
        print(f"seed {seed}, {area}, step {number}:", end=" ", flush=True)
        print(history.step(), history.county.now)
        compare(history)
    print(f"seed {seed}, {area}: the end")
    finish(history)
    return history


def play_all(owner: Connection, gateway: Connection, seed: str) -> None:
    """A history of every area in one database, which at the end holds together."""
    played = [play(owner, gateway, area, seed) for area in (*AREAS, PARTS, ACCOUNT_FIRST)]
    holds_together(gateway, max(history.today for history in played))


@pytest.fixture
def few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Persons are taken so few at a time that every history needs several rounds."""
    monkeypatch.setattr(readjudicate, "PERSONS", 3)
    monkeypatch.setattr(replay, "PERSONS", 7)
    monkeypatch.setattr(replay, "ITER_ROWS", 5)


@pytest.mark.usefixtures("few_at_a_time")
@pytest.mark.parametrize(
    "number",
    [*range(OFTEN), *(pytest.param(n, marks=pytest.mark.slow) for n in range(OFTEN, HISTORIES))],
)
def test_a_random_history_of_every_area_comes_to_what_the_model_says(
    number: int, owner: Connection, gateway: Connection
) -> None:
    play_all(owner, gateway, f"ordinary run {number}")


@pytest.mark.slow
@pytest.mark.usefixtures("few_at_a_time")
def test_many_random_histories_come_to_what_the_model_says(
    seed: str, server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With progress; the seed is printed and `--seed` repeats it."""
    with capsys.disabled():
        print(f"\nseed {seed}")
    for number in track(range(MANY), "histories"):
        with (
            databases.copy(server) as address,
            psycopg.connect(address, autocommit=True) as owner,
            psycopg.connect(address, options=ROLE, autocommit=True) as gateway,
        ):
            play_all(owner, gateway, f"{seed} {number}")
