"""Files imported whole or not at all: every mistake of every file at once, or one transaction.

The tables are taken in the order of the kinds, so that one workbook may bring persons and what is
known of them. What lies outside the room of a kind (opening entries of the ledger, inpatient stays)
is stored by functions that the caller gives (`stores`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg import Connection, errors

from gongji.law.rulebook.law import Law
from gongji.platform.identity import Identity
from gongji.platform.imports.dated_rows import Counts
from gongji.platform.imports.import_columns import KindList
from gongji.platform.imports.import_run import Arrival, RoomImport, Store, of_kind
from gongji.platform.imports.import_tables import open_tables
from gongji.refusals import Fault, RowProblem, RulebookError
from gongji.tabular.header_rows import TablePlace

Database = Connection[Any]
_ONE_AT_A_TIME = "select pg_advisory_xact_lock(hashtext('gongji import'))"


@dataclass(frozen=True)
class Importing:
    """What imports of an installation share.

    Shape:   `rooms` in the order in which their kinds are imported; `home` gives the pooling area
             of a region, `laws` the laws of an area; `progress` is told rows as they are read,
             `tell` what is worth looking at.
    """

    rooms: tuple[RoomImport, ...]
    identity: Identity
    home: Callable[[str], str] = lambda area: area
    stores: Mapping[str, Store] = field(default_factory=dict)
    progress: Callable[[int], object] = lambda count: None
    place: TablePlace = TablePlace()
    tell: Callable[[RowProblem], object] = lambda problem: None
    laws: Callable[[str], Sequence[Law]] = lambda area: ()

    @property
    def kinds(self) -> KindList:
        """Every kind of every room."""
        return KindList(kind for room in self.rooms for kind in room.kinds)


def load(
    connection: Database,
    importing: Importing,
    paths: Sequence[Path],
    now: datetime,
    kind: str = "",
    dry_run: bool = False,
) -> list[tuple[str, Counts]]:
    """Import files: CSV and Parquet of one kind each, workbooks with a sheet for each kind.

    Returns: label and counts of each table; the same with `dry_run`, which keeps nothing.
    Refuses: RulebookError with every problem, nothing then being imported; as `open_tables`.
    """
    arrival = Arrival(
        connection, importing.identity, now, importing.home, importing.stores, importing.progress
    )
    arrival.laws = importing.laws
    tables = open_tables(paths, importing.kinds, kind, arrival.problems, importing.place)
    arrival.tables = {table.number: table for table in tables}
    _note_without_store(arrival, importing.rooms)
    if arrival.problems:
        raise RulebookError(arrival.problems.complete())
    try:
        with connection.transaction(force_rollback=dry_run):
            connection.execute(_ONE_AT_A_TIME)
            for room in importing.rooms:
                # With problems it goes on, to find the rest of them.
                room.take(arrival, of_kind(tables, *room.kinds))
            if arrival.problems:
                raise RulebookError(arrival.problems.complete())
    except (errors.ExclusionViolation, errors.UniqueViolation):
        raise Fault("导入期间另有人改动了同样的内容，什么也没有导入；请再导入一次") from None
    for problem in arrival.told:
        importing.tell(problem)
    return arrival.counted()


def _note_without_store(arrival: Arrival, rooms: Sequence[RoomImport]) -> None:
    """Kinds that go into the ledger, where the caller gave no store for them."""
    wanting = {
        kind.name
        for room in rooms
        if room.stored
        for kind in room.kinds
        if kind.name not in arrival.stores
    }
    for table in arrival.tables.values():
        if table.kind.name in wanting:
            message = f"{table.kind.title}要计入账簿；请用 gongji registry import"
            arrival.problems.note(table.label, 0, "种类", message)
