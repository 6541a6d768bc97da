"""A real PostgreSQL for the tests: one server a worker, one migrated template, a fresh copy a test.

With DATABASE_URL the tests run on that server instead.
"""

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

TEMPLATE = f"gongji_template_{uuid.uuid4().hex[:8]}"
ROLE = "-c role=gongji_door -c timezone=UTC"


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a server, with a database TEMPLATE that is migrated and empty."""
    folder = Path(tempfile.mkdtemp(prefix="gongji-test-"))
    os.environ |= {"GONGJI_DEMO": "1", "GONGJI_DATA": str(folder)}
    os.environ["DJANGO_SETTINGS_MODULE"] = "gongji.config.settings"
    given = os.environ.get("DATABASE_URL", "")
    embedded = None
    if not given:
        from gongji.config.database import embedded as start

        embedded = start(folder / "postgresql", keep=True)
        given = str(embedded.get_uri())
    with psycopg.connect(given, autocommit=True) as connection:
        connection.execute(f'create database "{TEMPLATE}"')
    os.environ["DATABASE_URL"] = make_conninfo(given, dbname=TEMPLATE)
    _migrate()
    yield given
    with psycopg.connect(given, autocommit=True) as connection:
        connection.execute(f'drop database if exists "{TEMPLATE}" with (force)')
    if embedded is not None:
        embedded.stop()
    shutil.rmtree(folder, ignore_errors=True)


def _migrate() -> None:
    import django
    from django.core.management import call_command
    from django.db import connections

    django.setup()
    call_command("migrate", verbosity=0)
    connections.close_all()


@pytest.fixture
def database(server: str) -> Iterator[str]:
    """The owner's address of an empty database of the test's own."""
    name = f"gongji_test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'create database "{name}" template "{TEMPLATE}"')
    yield make_conninfo(server, dbname=name)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'drop database "{name}" with (force)')


@pytest.fixture
def door(database: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection in the role of the doors."""
    with psycopg.connect(database, options=ROLE, autocommit=True) as connection:
        yield connection


@pytest.fixture
def owner(database: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection as the owner of the tables."""
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


@pytest.fixture
def connect(database: str) -> Any:
    """Makes further connections in the role of the doors."""
    return partial(psycopg.connect, database, options=ROLE, autocommit=True)
