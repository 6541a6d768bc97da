"""Replay the journal: every settlement decided again from the facts that it stores.

Persons are taken in ranges and their entries in the order in which they were settled, so memory
holds one person's meters at a time.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import psycopg

from gongji.law.engine.area import Area
from gongji.law.engine.areas import Areas
from gongji.law.engine.person_meters import Meters
from gongji.ledger import meter_rows
from gongji.ledger.entry_contents import MeterRow
from gongji.ledger.entry_rows import AMOUNTS, READ, SETTLEMENT, EntryRow, read_entry
from gongji.ledger.found_differences import Difference
from gongji.ledger.verify import ALL, PERSONS, Progress, Scope, nothing, ranges
from gongji.platform.law_book import Laws, as_decided
from gongji.refusals import Fault, Refusal, RulebookError
from gongji.settlement.decide_bill import redo
from gongji.units import date_of, day_of

Connection = psycopg.Connection[Any]
ITER_ROWS = 2_000

ENTRIES = f"""{READ}
where e.person >= %s and e.person < %s and (%s = '' or e.area = %s)
order by e.person, e.area, e.id"""
NUMBERS = """select left(psn_no, 4) || repeat('*', greatest(length(psn_no) - 8, 0))
  || right(psn_no, 4) from person where id = %s"""


def replay(
    connection: Connection, laws: Laws, scope: Scope = ALL, progress: Progress = nothing
) -> Iterator[Difference]:
    """Every settlement that its stored facts do not give again, to the fen.

    Each is decided by the version of the law that its entry names, whatever is in force today. The
    caller holds no transaction. Each settlement is judged on the meters that the journal left
    before it, so one wrong settlement does not make the later ones wrong.
    """
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        for start, end in ranges(connection, "person", "id", PERSONS):
            with connection.cursor("entries") as cursor:
                cursor.itersize = ITER_ROWS
                cursor.execute(ENTRIES, [start, end, scope.area, scope.area])
                rows = (read_entry(row) for row in cursor)
                for (person, code), entries in groupby(rows, lambda e: (e.person, e.area)):
                    for entry, what, kept, rebuilt in _person(connection, code, entries, laws):
                        shown = connection.execute(NUMBERS, [person]).fetchone()
                        yield Difference(
                            "replay", code, shown[0] if shown else "", entry, what, kept, rebuilt
                        )
            progress(end - start)


@dataclass
class _Standing:
    """A person's meters as the journal left them, laid out by whichever law is asked for."""

    rows: list[MeterRow] = field(default_factory=list)
    area: Area | None = None
    meters: Meters | None = None

    def under(self, area: Area) -> Meters:
        """The meters by the layout of a law."""
        if self.meters is None or self.area is not area:
            self.area, self.meters = area, meter_rows.load(area, self.rows)
        return self.meters

    def move(self, stored: list[MeterRow], done: Iterable[MeterRow] = ()) -> None:
        """Take in how an entry moved the meters, where deciding it again moved them by `done`."""
        self.rows += stored
        if self.area is not None and self.meters is not None:
            back = [(period, slot, name, -moved) for period, slot, name, moved in done]
            meter_rows.add(self.area, self.meters, stored + back)


def _rows(entry: EntryRow) -> list[MeterRow]:
    return [(period, slot, name, moved) for name, period, slot, moved in entry.meters]


def _person(
    connection: Connection, code: str, entries: Iterator[EntryRow], laws: Laws
) -> Iterator[tuple[int | None, str, str, str]]:
    standing = _Standing()
    for entry in entries:
        done: list[MeterRow] = []
        # One that was restored repeats what it restores, which verification holds it against.
        if entry.kind == SETTLEMENT and entry.reverses is None:
            try:
                areas = as_decided(connection, laws, entry.law)
                again = redo(entry, standing.under(areas.area(code)), areas)
            except Refusal as refusal:
                yield entry.id, refusal.code, "", str(refusal)
            except (Fault, RulebookError) as fault:
                yield entry.id, "law", str(entry.law or ""), str(fault)
            else:
                yield from _compare(entry, again, areas)
                done = _rows(again)
        standing.move(_rows(entry), done)


def _compare(
    entry: EntryRow, again: EntryRow, areas: Areas
) -> Iterator[tuple[int | None, str, str, str]]:
    for name in AMOUNTS:
        kept, rebuilt = getattr(entry.settlement, name), getattr(again.settlement, name)
        if kept != rebuilt:
            yield entry.id, name, str(kept), str(rebuilt)
    if sorted(entry.meters) != sorted(again.meters):
        yield entry.id, "meters", str(entry.meters), str(again.meters)
    today = areas.law_hash(entry.area, day_of(entry.service_date))
    if entry.settlement.law_hash != today:
        yield entry.id, "law_hash", entry.settlement.law_hash, today
    if entry.settlement.benefit != again.settlement.benefit:
        yield entry.id, "benefit", entry.settlement.benefit, again.settlement.benefit
    told = entry.settled.visit
    if told.day != day_of(entry.service_date):
        yield entry.id, "service_date", str(entry.service_date), str(date_of(told.day))
