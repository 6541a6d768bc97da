"""Where the database is: a server given by DATABASE_URL, or the one inside the environment.

Tables belong to the owner, who migrates them and works at the command line. Every process of the
service has a login of its own (`service/logins.sql`), which owns nothing of the journal and may not
change or delete what is in it; a process is given no other address than its own.
"""

import atexit
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from gongji.platform.embedded_server import EmbeddedServer, scram
from gongji.platform.environment import environment
from gongji.refusals import Fault

NAME = "gongji"
LOGINS = ("gateway", "pages", "console", "jobs")
"""The processes of the service; the login of each is `gongji_` and its name."""
OLDEST = 150000
NEWEST = {15: 20, 16: 16, 17: 12, 18: 6}
"""The newest release of each version as of November 2026; each brought security updates."""


_SERVERS: dict[Path, EmbeddedServer] = {}
"""The embedded servers that this process uses, by their folders."""


def embedded(folder: Path, keep: bool = False) -> EmbeddedServer:
    """The PostgreSQL server of the environment, started on a folder.

    `keep`: it goes on when this process ends; otherwise it stops with the last process using it.
    """
    place = folder.absolute()
    if place not in _SERVERS:
        made = EmbeddedServer(place, keep)
        made.begin()
        _SERVERS[place] = made
        atexit.register(_end, place)
    return _SERVERS[place]


def _end(folder: Path) -> None:
    """Use an embedded server no more."""
    if made := _SERVERS.pop(folder, None):
        made.end()


@cache
def _own_server() -> EmbeddedServer:
    """The embedded server of this process."""
    return embedded(environment().data / "postgresql", keep=environment().keep_database)


def end_own_server() -> None:
    """Use the embedded server of this process no more; the last process to do so stops it."""
    _end(_own_server().folder)
    _own_server.cache_clear()


def revive() -> str:
    """Start the embedded server again if it has died.

    Returns: what to tell of it, empty if it lives. One that cannot start now, as on a full disk,
             is tried again by the next call.
    """
    if environment().database_url or _own_server().is_running():
        return ""
    try:
        _own_server().revive()
    except (Fault, OSError):
        return f"数据库异常退出，现在无法重新启动（磁盘已满？见 {_own_server().log}）；继续重试"
    return "数据库异常退出，已重新启动"


@cache
def owner_dsn() -> str:
    """How to reach the database as the owner of its tables; starts the embedded server.

    A process of the service was given the address of its own login instead, and knows no other.
    """
    given = environment().database_url
    if given:
        return str(given)
    with psycopg.connect(_own_server().address(), autocommit=True) as connection:
        found = connection.execute("select 1 from pg_database where datname = %s", [NAME])
        if found.fetchone() is None:
            connection.execute(f'create database "{NAME}"')
    return _own_server().address(NAME)


@cache
def login_dsn(process: str) -> str:
    """How a process of LOGINS reaches it: as the role of its login.

    By the address that the environment gives for it. Else by the login itself on the server inside
    the environment; on another server, whose passwords nobody knows here, whoever DATABASE_URL
    names takes the role.
    """
    role = f"gongji_{process}"
    given = getattr(environment(), f"{process}_database_url") or owner_dsn()
    asked = _asked(role) if given == owner_dsn() and not environment().database_url else {}
    options = str(conninfo_to_dict(given).get("options") or "")
    options = f"{options} -c role={role} -c timezone=UTC".strip()
    return str(make_conninfo(given, options=options, **asked))


def _asked(role: str) -> dict[str, str]:
    """How a login signs in on the embedded server, which knows its password afterwards."""
    asked = {"user": role, "password": _own_server().login_password(role)}
    try:
        psycopg.connect(make_conninfo(owner_dsn(), **asked)).close()
    except psycopg.OperationalError:
        with psycopg.connect(owner_dsn(), autocommit=True) as connection:
            known = connection.execute("select 1 from pg_roles where rolname = %s", [role])
            if known.fetchone():
                kept = scram(asked["password"])
                connection.execute(f"alter role {role} password '{kept}'")
    return asked


def django_database() -> dict[str, Any]:
    """Django's DATABASES entry: by the address that this process was given, else the owner's.

    A connection lives as long as its request: under ASGI each request has a thread of its own, and
    what a thread keeps for the next one is never closed.
    """
    parts = conninfo_to_dict(owner_dsn())
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.get("dbname", ""),
        "USER": parts.get("user", ""),
        "PASSWORD": parts.get("password", ""),
        "HOST": parts.get("host", ""),
        "PORT": parts.get("port", ""),
        "OPTIONS": {"options": parts["options"]} if parts.get("options") else {},
        "CONN_MAX_AGE": 0,
    }


def outdated(version: int) -> str:
    """What to tell of a server that is behind the releases known here; empty if it is not."""
    major, minor = divmod(version, 10000)
    newest = NEWEST.get(major)
    if newest is None or minor >= newest:
        return ""
    behind = f"PostgreSQL {major}.{minor} 落后于安全更新（{major}.{newest} 已发布）"
    return f"{behind}；生产请用自己的、及时更新的服务器"


def check_server(connection: psycopg.Connection[Any]) -> None:
    """The server is new enough.

    Refuses: Fault, naming its version.
    """
    version = connection.info.server_version
    if version < OLDEST:
        raise Fault(f"PostgreSQL 版本过低（{version // 10000}），需要 {OLDEST // 10000} 或更高")
