"""The trail, sealed by the day: rows that were changed, taken out or slipped in are told.

Each seal's hash goes on from the one before. A day is sealed when it is over; its copy outside the
database is kept with those of the journal (`seal_copies`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import psycopg

from gongji.ledger.found_differences import Difference
from gongji.ledger.seals import BEGINNING
from gongji.platform.retention import LOOK_YEARS

Connection = psycopg.Connection[Any]
_LAST = "select number, day, hash from trail_seal order by number desc limit 1"
_FIRST = "select (min(at) at time zone 'Asia/Shanghai')::date from access_log"
_HASH = "select counted, hash from trail_hash(%s, %s)"
_SEAL = "insert into trail_seal (number, day, rows, hash) values (%s, %s, %s, %s)"
_KEPT_SINCE = """select (max(p.before) - make_interval(years => %s))::date from destruction d
join destruction_proposal p on p.id = d.proposal where d.class = 'look'"""


@dataclass(frozen=True)
class TrailSeal:
    """A day of the trail as it was sealed."""

    number: int
    day: date
    rows: int
    hash: bytes


def trail_seals(connection: Connection) -> list[TrailSeal]:
    """Every seal of the trail, the first one first."""
    rows = connection.execute("select number, day, rows, hash from trail_seal order by number")
    return [TrailSeal(*row) for row in rows]


def seal_trail(connection: Connection, today: date, begun: date | None = None) -> int:
    """Seal every day that is over and is not sealed; gives how many.

    Shape:   `begun`: the first day where none is sealed yet; the day of the first row without it.
    """
    last = connection.execute(_LAST).fetchone()
    if last is None:
        first = begun or (connection.execute(_FIRST).fetchone() or (None,))[0] or today
        number, day, before = 0, first - timedelta(days=1), BEGINNING
    else:
        number, day, before = last
    sealed = 0
    while (day := day + timedelta(days=1)) < today:
        rows, before = connection.execute(_HASH, [day, before]).fetchone() or (0, BEGINNING)
        number, sealed = number + 1, sealed + 1
        connection.execute(_SEAL, [number, day, rows, before])
    return sealed


def verify_trail(connection: Connection) -> Iterator[Difference]:
    """Where the trail is not what was sealed; days that a command destroyed are passed over.

    Shape:   check `trail`; `what` is the day; `kept` and `rebuilt` rows and the hash's beginning.
    """
    row = connection.execute(_KEPT_SINCE, [LOOK_YEARS]).fetchone()
    kept_since = row[0] if row and row[0] else date.min
    before = BEGINNING
    for seal in trail_seals(connection):
        found = connection.execute(_HASH, [seal.day, before]).fetchone()
        assert found is not None
        before = seal.hash
        if seal.day >= kept_since and found != (seal.rows, seal.hash):
            told = _told(*found), _told(seal.rows, seal.hash)
            yield Difference("trail", "", "", None, str(seal.day), *told)


def _told(rows: int, made: bytes) -> str:
    return f"{rows} 行 {made.hex()[:16]}"
