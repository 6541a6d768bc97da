"""The trail: who looked at what and who did what, added to only.

Law:     《个人信息保护法》 第五十一条, 国务院令第735号 第三十二条.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]

ACT, LOOK, LIST, EXPORT, FLAG = "act", "look", "list", "export", "flag"
"""The ways: something was done, a record or a list was opened, a file was written unmasked,
somebody opened very many people in a day."""

_LOG = """insert into access_log (actor_kind, actor, holding, way, person, what, reason, granted,
  rows, ids_hash, at) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, coalesce(%s, now()))"""
_OPENED = """select 1 from access_log where actor_kind = %s and actor = %s and way = 'list'
  and ids_hash = %s and at > now() - interval '1 day' limit 1"""


@dataclass(frozen=True)
class Trace:
    """One row of the trail; `ids` are those of a list, `at` its instant where it is not now."""

    way: str
    what: str
    person: int | None = None
    reason: str = ""
    granted: bool = True
    holding: int | None = None
    ids: tuple[int, ...] | None = None
    at: datetime | None = None


def log(connection: Connection, who: tuple[str, str], trace: Trace) -> None:
    """Add a row; `who` is kind and id of the actor."""
    ids = trace.ids
    rows, hashed = (1, None) if ids is None else (len(ids), ids_hash(ids))
    row = [*who, trace.holding, trace.way, trace.person, trace.what, trace.reason, trace.granted]
    connection.execute(_LOG, [*row, rows, hashed, trace.at])


def opened(connection: Connection, who: tuple[str, str], ids: Iterable[int]) -> bool:
    """Whether an actor opened exactly this list within a day."""
    return connection.execute(_OPENED, [*who, ids_hash(ids)]).fetchone() is not None


def ids_hash(ids: Iterable[int]) -> bytes:
    """What tells a list of rows from another, in whatever order."""
    return hashlib.sha256(" ".join(map(str, sorted(ids))).encode()).digest()


def crowds(connection: Connection, since: datetime) -> list[tuple[datetime, str, str]]:
    """Who was flagged since an instant, for supervision: when, whose code, how many people."""
    return connection.execute(
        "select at, actor, reason from access_log where way = %s and at >= %s order by at",
        [FLAG, since],
    ).fetchall()
