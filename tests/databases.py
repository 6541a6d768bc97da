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

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from gongji.platform import database, installation
from gongji.platform.actors import Actor
from gongji.platform.environment import environment
from gongji.service.settings import own_settings, set_up_django

TEMPLATE = f"gongji_template_{uuid.uuid4().hex[:8]}"


@contextmanager
def server() -> Iterator[str]:
    """The address of a server with the database TEMPLATE, which Django reads.

    Ensures: afterwards the server is gone and the environment as it was: another may be started.
    """
    with _surroundings() as folder, _address(folder) as address:
        # A connection does not tell its own password: `info.dsn` is an address only with this.
        password = str(conninfo_to_dict(address).get("password") or "")
        if password:
            os.environ["PGPASSWORD"] = password
        with _template(address):
            yield address


@contextmanager
def copy(address: str) -> Iterator[str]:
    """A fresh copy of the migrated database: the owner's address of it."""
    with copy_of(address, TEMPLATE) as made:
        yield made


@contextmanager
def copy_of(address: str, template: str) -> Iterator[str]:
    """A fresh copy of a database that nobody uses: the owner's address of it."""
    name = f"gongji_test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(address, autocommit=True) as connection:
        made = f'create database "{name}" template "{template}" strategy file_copy'
        connection.execute(made)
    try:
        yield make_conninfo(address, dbname=name)
    finally:
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(f'drop database "{name}" with (force)')


@contextmanager
def _surroundings() -> Iterator[Path]:
    """A demonstration's settings with a folder of their own, and nothing remembered of others."""
    folder = Path(tempfile.mkdtemp(prefix="gongji-test-"))
    names = ("DATABASE_URL", "GONGJI_DEMO", "GONGJI_DATA", "PGPASSWORD")
    before = {name: os.environ.get(name) for name in names}
    os.environ |= {"GONGJI_DEMO": "1", "GONGJI_DATA": str(folder)}
    forget()
    try:
        yield folder
    finally:
        for name, text in before.items():
            os.environ.pop(name, None)
            if text is not None:
                os.environ[name] = text
        forget()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _address(folder: Path) -> Iterator[str]:
    """The server of DATABASE_URL, or one in the folder for this time."""
    if given := os.environ.get("DATABASE_URL", ""):
        yield given
        return
    environment()  # It makes the folder a demonstration's.
    made = database.embedded(folder / "postgresql", keep=True)
    try:
        yield str(made.address())
    finally:
        made.stop()


@contextmanager
def _template(address: str) -> Iterator[None]:
    """The migrated database, by DATABASE_URL the one of this process."""
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f'create database "{TEMPLATE}"')
    try:
        os.environ["DATABASE_URL"] = make_conninfo(address, dbname=TEMPLATE)
        forget()
        _migrate()
        yield
    finally:
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(f'drop database if exists "{TEMPLATE}" with (force)')


def _migrate() -> None:
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections

    if settings.configured:
        # Django is configured once a process: what an earlier server left is put right.
        for name, value in own_settings(environment()).items():
            setattr(settings, name, value)
        connections.close_all()
        connections.settings["default"].update(database.django_database())
    set_up_django()
    call_command("migrate", verbosity=0)
    connections.close_all()
    with installation.owner_connection() as connection:
        installation.publish_installed(connection, Actor.job("tests"))


def forget() -> None:
    """What this process remembers of its settings."""
    for cached in (environment, database._own_server, database.owner_dsn, database.login_dsn):
        cached.cache_clear()
    installation.forget_laws()
