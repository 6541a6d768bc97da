"""A real PostgreSQL for the tests: one server a worker, one migrated template, a fresh copy a test.

With DATABASE_URL the tests run on that server instead.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import psycopg
import pytest
from tests import databases
from tests.platform import gateways
from tests.platform.counter import Counter
from tests.platform.queries_county import Standing, standing

ROLE = "-c role=gongji_gateway -c timezone=UTC"


@pytest.fixture(scope="session")
def open_python() -> None:
    """The interpreter can be run by every user of the machine; one in root's shut home cannot."""
    with suppress(PermissionError):
        reading = [sys.executable, "-c", "import gongji"]
        if not subprocess.run(reading, user="nobody", cwd="/", capture_output=True).returncode:
            return
    pytest.skip(f"other users cannot run {sys.executable}")


@pytest.fixture
def database(server: str) -> Iterator[str]:
    """The owner's address of an empty database of the test's own."""
    with databases.copy(server) as address:
        yield address


@pytest.fixture
def gateway(database: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection in the role of the gateways."""
    with psycopg.connect(database, options=ROLE, autocommit=True) as connection:
        yield connection


@pytest.fixture
def owner(database: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection as the owner of the tables."""
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


@pytest.fixture
def connect(database: str) -> Any:
    """Makes further connections in the role of the gateways."""
    return partial(psycopg.connect, database, options=ROLE, autocommit=True)


@pytest.fixture
def counter(owner: psycopg.Connection[Any]) -> Counter:
    """An empty county of Shaoyang."""
    return Counter(owner)


@pytest.fixture
def county(owner: psycopg.Connection[Any]) -> Counter:
    """A county whose institutions may sign, with a catalogue and six persons."""
    return gateways.fill_county(owner)


@pytest.fixture
def port(database: str, county: Counter) -> Iterator[int]:
    """A gateway in front of it."""
    with gateways.serving(database) as found:
        yield found


@pytest.fixture
def client(port: int) -> gateways.Client:
    """A hospital."""
    return gateways.Client(port)


@pytest.fixture(scope="module")
def place(server: str) -> Iterator[Standing]:
    """A county with a gateway that the tests of a module share: each has persons of its own."""
    with standing(server) as made:
        yield made
