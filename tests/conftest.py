"""Options of the whole test run."""

import random

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--seed` repeats a slow random run."""
    parser.addoption("--seed", default="", help="seed of the slow random runs (printed by them)")


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> str:
    """The seed given, or a new one."""
    given = str(request.config.getoption("--seed"))
    return given or str(random.SystemRandom().randrange(1_000_000_000))
