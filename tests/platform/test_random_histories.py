"""Random histories of five counties: the platform against a model in plain memory, to the fen.

Every history settles, repeats, tries, cancels, restores, learns late and adjudicates again; after
every step meters, balances and claims are what the model says, and at the end the journal verifies
and replays, the statements and the trial balance agree, and the year again gives nothing more.
"""

import random
from typing import Any

import psycopg
import pytest
from tests.platform.counter import AREAS
from tests.platform.history_checks import compare, finish, holds_together
from tests.platform.history_county import County
from tests.platform.history_steps import History

from gongji.settlement import readjudicate, replay

Connection = psycopg.Connection[Any]
HISTORIES, STEPS = 12, 30


def play(owner: Connection, door: Connection, area: str, seed: str) -> History:
    """One history of an area, compared at every step."""
    chance = random.Random(f"{seed}:{area}")
    history = History(County(owner, door, area, chance), chance)
    compare(history)
    for number in range(STEPS):
        print(f"seed {seed}, {area}, step {number}:", end=" ", flush=True)
        print(history.step(), history.county.now)
        compare(history)
    print(f"seed {seed}, {area}: the end")
    finish(history)
    return history


@pytest.mark.parametrize("number", range(HISTORIES))
def test_a_random_history_of_every_area_comes_to_what_the_model_says(
    number: int, owner: Connection, door: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readjudicate, "PERSONS", 2)
    monkeypatch.setattr(replay, "PERSONS", 7)
    played = [play(owner, door, area, f"ordinary run {number}") for area in AREAS]
    holds_together(door, max(history.today for history in played))
