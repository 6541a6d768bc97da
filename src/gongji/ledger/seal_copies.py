"""Copies of the seals that are kept outside the database: what tells of rows that vanished.

Whoever owns the tables can delete entries with all that hangs on them and seal the rest anew; the
chain then fits itself. A copy of its links in a file (on another machine, on paper) does not: what
it names must still be there, with the same hash. A file is only ever added to, one link a line.
This module does not know who keeps the file or guards it.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from gongji.ledger.found_differences import Difference
from gongji.ledger.trail_seals import trail_seals
from gongji.refusals import Fault

Connection = psycopg.Connection[Any]


class CopiedSeal(msgspec.Struct, frozen=True):
    """A link of an area's chain as it is copied; `hash` in hex."""

    area: str
    number: int
    first: int
    last: int
    hash: str
    version: int = 1


TRAIL = "trail"
"""What stands for the area in links of the trail; `first` is then its day and `last` its rows."""
_SEALS = """select area, number, first, last, encode(hash, 'hex') from seal
where %s = '' or area = %s order by area, number"""


def seals_of(connection: Connection, area: str = "") -> list[CopiedSeal]:
    """The links that a database holds now; without an area those of the trail too."""
    found = [CopiedSeal(*row) for row in connection.execute(_SEALS, [area, area])]
    if area:
        return found
    return found + [
        CopiedSeal(TRAIL, one.number, int(f"{one.day:%Y%m%d}"), one.rows, one.hash.hex())
        for one in trail_seals(connection)
    ]


def read_copy(path: Path) -> list[CopiedSeal]:
    """The links of a copy; none where there is no file yet.

    Refuses: Fault naming the line that is no link.
    """
    if not path.exists():
        return []
    found = []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            found.append(msgspec.json.decode(line, type=CopiedSeal))
        except msgspec.DecodeError:
            raise Fault(f"{path} 第 {number} 行不是封存记录") from None
    return found


def add_to_copy(connection: Connection, path: Path) -> list[Difference]:
    """Add to a copy the links that it does not hold yet, and see them on the disk.

    Returns: what the copy says otherwise than the database; then nothing is added, so that a
             forged chain never joins the copy of the true one.
    """
    held, kept = seals_of(connection), read_copy(path)
    differing = list(_compare(held, kept))
    if differing:
        return differing
    known = {(one.area, one.number) for one in kept}
    new = [one for one in held if (one.area, one.number) not in known]
    if new:
        text = b"".join(msgspec.json.encode(one) + b"\n" for one in new)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    return []


def verify_copy(connection: Connection, path: Path, area: str = "") -> Iterator[Difference]:
    """Where the database does not hold what a copy of its seals says.

    Shape:   check `seal`; `what` is `copied` and the number of the link; `kept` what the database
             holds, empty where the link is gone; `rebuilt` what the copy says.
    Refuses: Fault where there is no copy, or it is none.
    """
    if not path.exists():
        raise Fault(f"没有封存副本 {path}")
    copied = [one for one in read_copy(path) if area in ("", one.area)]
    yield from _compare(seals_of(connection, area), copied)


def _compare(held: list[CopiedSeal], copied: list[CopiedSeal]) -> Iterator[Difference]:
    now = {(one.area, one.number): one for one in held}
    for one in copied:
        found = now.get((one.area, one.number))
        if found != one:
            kept = _told(found) if found else ""
            yield Difference("seal", one.area, "", None, f"copied {one.number}", kept, _told(one))


def _told(one: CopiedSeal) -> str:
    return f"{one.first}–{one.last} {one.hash}"
