"""One real PostgreSQL a test process: a server, and a database that is migrated and empty.

Django is configured once a process, so everything that needs it shares this server. With
DATABASE_URL the tests run on that server instead.
"""

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

TEMPLATE = f"gongji_template_{uuid.uuid4().hex[:8]}"
_users: list[str] = []
_running: dict[str, Any] = {}


@contextmanager
def server() -> Iterator[str]:
    """The address of a server with the database TEMPLATE; it goes with the last who uses it."""
    if not _users:
        _start()
    _users.append(TEMPLATE)
    try:
        yield _running["address"]
    finally:
        _users.pop()
        if not _users:
            _stop()


@contextmanager
def copy(address: str) -> Iterator[str]:
    """A fresh copy of the migrated database: the owner's address of it."""
    name = f"gongji_test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f'create database "{name}" template "{TEMPLATE}"')
    try:
        yield make_conninfo(address, dbname=name)
    finally:
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(f'drop database "{name}" with (force)')


def _start() -> None:
    folder = Path(tempfile.mkdtemp(prefix="gongji-test-"))
    os.environ |= {"GONGJI_DEMO": "1", "GONGJI_DATA": str(folder)}
    given = os.environ.get("DATABASE_URL", "")
    embedded = None
    if not given:
        from gongji.platform.database import embedded as start

        embedded = start(folder / "postgresql", keep=True)
        given = str(embedded.get_uri())
    with psycopg.connect(given, autocommit=True) as connection:
        connection.execute(f'create database "{TEMPLATE}"')
    os.environ["DATABASE_URL"] = make_conninfo(given, dbname=TEMPLATE)
    _running.update(address=given, folder=folder, embedded=embedded)
    _migrate()


def _migrate() -> None:
    from django.core.management import call_command
    from django.db import connections

    from gongji.service.settings import set_up_django

    set_up_django()
    call_command("migrate", verbosity=0)
    connections.close_all()


def _stop() -> None:
    with psycopg.connect(_running["address"], autocommit=True) as connection:
        connection.execute(f'drop database if exists "{TEMPLATE}" with (force)')
    if _running["embedded"] is not None:
        _running["embedded"].stop()
    shutil.rmtree(_running["folder"], ignore_errors=True)
