"""The laws in force, read in the transaction that decides by them and compiled once a process.

A gateway or a job asks `in_force` first of all; what it gets are the versions that govern this
transaction, whatever was published meanwhile. Whoever reads folders instead passes their `Areas`.
"""

from collections import OrderedDict
from collections.abc import Iterable
from threading import RLock
from typing import Any, TypeAlias

import psycopg

from gongji.law.checks.library import Library
from gongji.law.engine.area import Area
from gongji.law.engine.areas import Areas
from gongji.platform.laws import LawText, load

Connection = psycopg.Connection[Any]
HELD, SEEN = "select area, id from law_in_force()", "select area, id from law_versions_at(now())"
VERSIONS, SETS = 256, 16
"""How many versions, and sets of versions in force together, a process keeps."""


class LawBook:
    """Versions of laws as areas that settle, each loaded once; any number of threads may ask."""

    def __init__(self, versions: int = VERSIONS, sets: int = SETS) -> None:
        self._most = versions, sets
        self._lock = RLock()
        self._versions: OrderedDict[int, tuple[LawText, Area]] = OrderedDict()
        self._sets: OrderedDict[tuple[int, ...], Areas] = OrderedDict()

    def in_force(self, connection: Connection, held: bool = True) -> Areas:
        """The laws that govern the transaction on this connection.

        `held`: nothing is published until it ends, so it must be short; whoever only looks, or
        takes long, does not ask for that.
        Refuses: what `load` refuses; RulebookError for a version that this program cannot read.
        """
        rows = connection.execute(HELD if held else SEEN).fetchall()
        return self.areas(connection, (row[1] for row in rows))

    def areas(self, connection: Connection, ids: Iterable[int]) -> Areas:
        """The areas with exactly these versions, one of each area; `Area.version` says which.

        Refuses: what `in_force` refuses.
        """
        key = tuple(sorted(ids))
        with self._lock:
            if key not in self._sets:
                self._sets[key] = self._joined(connection, key)
                _bound(self._sets, self._most[1])
            self._sets.move_to_end(key)
            return self._sets[key]

    def _joined(self, connection: Connection, ids: tuple[int, ...]) -> Areas:
        fresh = load(connection, [one for one in ids if one not in self._versions])
        for number, law in fresh.items():
            self._versions[number] = law, _compiled(number, law)
        parts = [self._versions[number] for number in ids]
        for number in ids:
            self._versions.move_to_end(number)
        _bound(self._versions, max(self._most[0], len(ids)))
        return Areas(
            Library(kept={law.area: law.content for law, _ in parts}),
            {law.area: law.parameters for law, _ in parts},
            changed={law.area: area for law, area in parts},
        )


def _compiled(number: int, law: LawText) -> Area:
    """A version's area: read, folded, checked and laid out."""
    areas = Areas(Library(kept={law.area: law.content}), {law.area: law.parameters})
    found = areas.area(law.area)
    return Area(law.area, found.laws, found.layout, version=number)


def _bound(kept: OrderedDict[Any, Any], most: int) -> None:
    """Forget what was not asked for the longest."""
    while len(kept) > most:
        kept.popitem(last=False)


Laws: TypeAlias = Areas | LawBook
"""By what is decided: the versions in force in the database, or the rulebooks of folders."""


def in_force(connection: Connection, laws: Laws) -> Areas:
    """The laws that govern the transaction on this connection."""
    return laws if isinstance(laws, Areas) else laws.in_force(connection)


def as_decided(connection: Connection, laws: Laws, version: int | None) -> Areas:
    """The laws of the version that an entry names; those of now where it names none."""
    if isinstance(laws, Areas):
        return laws
    if version is None:
        return laws.in_force(connection, held=False)
    return laws.areas(connection, [version])
