"""Options of the whole test run, and where its files go."""

import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests import databases

MEMORY, ROOM = Path("/dev/shm"), 4 << 30
"""Where files in memory are, and how much of it must be free."""


def pytest_configure() -> None:
    """Temporary files, databases among them, are in memory where there is room and nothing else
    was asked for."""
    asked = "TMPDIR" in os.environ
    if not asked and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--seed` repeats a slow random run."""
    parser.addoption("--seed", default="", help="seed of the slow random runs (printed by them)")


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> str:
    """The seed given, or a new one."""
    given = str(request.config.getoption("--seed"))
    return given or str(random.SystemRandom().randrange(1_000_000_000))


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a server, with a database that is migrated and empty: one a worker."""
    with databases.server() as address:
        yield address
