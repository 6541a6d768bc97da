"""Requests gone wrong: no accident, one sentence, no trace in facts or money."""

from collections.abc import Iterator

import pytest
from tests import databases
from tests.platform import mutations
from tests.platform.attack import attack

FEW, MANY, SEED = 1_000, 10_000, 20241220


@pytest.fixture
def county(server: str) -> Iterator[str]:
    """A database of the attack's own."""
    with databases.copy(server) as made:
        yield made


def test_no_mutated_request_is_an_accident_or_leaves_a_trace(county: str) -> None:
    tally = attack(county, FEW, SEED)
    assert tally["refused"] > FEW // 4 and tally["answered"] > FEW // 20, tally


@pytest.mark.slow
def test_nor_is_any_of_ten_thousand(county: str) -> None:
    assert attack(county, MANY, SEED + 1).total() == MANY


def test_a_stream_is_told_by_its_seed() -> None:
    def some(seed: int) -> list[bytes]:
        stream = mutations.Stream(
            seed,
            {},
            lambda infno, given: {
                "infno": infno,
                "msgid": "1",
                "input": given,
                "fixmedins_code": "H",
            },
        )
        return [body for body, _ in zip(stream, range(50), strict=False)]

    assert some(1) == some(1) != some(2)
