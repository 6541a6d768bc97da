"""Account credits and clearing: rulebook and kernel against the oracle, at random."""

import random

import pytest

from accounts_comparison import (
    clear_by_kernel,
    clear_by_oracle,
    credit_by_kernel,
    credit_by_oracle,
    in_whole_yuan,
)
from comparison import Shelf
from gongji.law.checks.library import Library
from histories import random_clearing, random_credit


@pytest.fixture(scope="module")
def library() -> Library:
    """The shipped rulebooks, read once."""
    return Shelf()


@pytest.mark.parametrize("count", [1_500, pytest.param(4_000, marks=pytest.mark.slow)])
def test_credits_equal_the_oracle(library: Library, count: int) -> None:
    rng = random.Random("credits")
    for _ in range(count):
        row, figures = random_credit(rng)
        found = credit_by_kernel(library, row, figures)
        assert found == credit_by_oracle(row, figures), (row, figures)


def test_clearing_equals_the_oracle(library: Library) -> None:
    rng = random.Random("clearing")
    for _ in range(4_000):
        row = in_whole_yuan(random_clearing(rng))
        assert clear_by_kernel(library, row) == clear_by_oracle(row), row
