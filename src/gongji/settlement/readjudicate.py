"""The whole year again: under today's facts and rules, in the order in which it was settled.

Each settlement is decided anew on the meters that the corrected year has by then, and held against
what was paid for it in all: the settlement, its cancellation and earlier adjustments. Posting
enters the difference as an entry of kind `adjustment` (`gongji.settlement.adjustments`), so that a
second run finds nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

import psycopg
from msgspec.structs import replace

from gongji.law.engine.area import Area
from gongji.law.engine.areas import Areas
from gongji.law.engine.person_meters import Meters
from gongji.law.engine.visit import Visit, fact_text
from gongji.law.rulebook.law import Law
from gongji.ledger import chart, meter_rows
from gongji.ledger.entry_rows import (
    ADJUSTMENT,
    CANCELLATION,
    READ,
    SETTLEMENT,
    EntryRow,
    read_entry,
)
from gongji.ledger.post import lock
from gongji.ledger.review_flags import settle_flags
from gongji.platform.actors import Actor
from gongji.platform.identity import mask_number
from gongji.refusals import Refusal
from gongji.settlement.adjustments import (
    CANCELLED,
    KEPT,
    Change,
    Group,
    adjusting,
    claimed,
    difference,
    enter,
)
from gongji.settlement.counter_facts import in_time
from gongji.settlement.decide_bill import redo
from gongji.settlement.facts_today import Places, Registry, read_registry, visit_today
from gongji.settlement.stays import joined_deductible
from gongji.units import Fen, day_of, show_fen

Connection = psycopg.Connection[Any]
Progress = Callable[[int], object]
PERSONS = 500
"""How many persons are taken, and when posting locked, at a time."""
FACTS, RULES, _, BEFORE, ORDER = CAUSES = (
    "事实变动",
    "规则变动",
    CANCELLED,
    "前面的结算已撤销",
    "前面的结算有变动",
)
"""Why a settlement comes out otherwise, the first that holds."""
ZEROED = {"not_insured", "registration_missing"}
"""Refusals for which the pool should have paid nothing; every other one stops the run."""
ENTRIES = f"""{READ}
where e.person = any(%s) and e.area = %s
  and (e.service_date >= %s and e.service_date < %s or e.kind = 'stay')
order by e.person, e.id"""
"""A stay that ended in another year than it was first told for moves the meters of both."""
IN_YEAR = """select distinct person from entry
where person > %s and area = %s and service_date >= %s and service_date < %s
  and kind = 'settlement' order by person limit %s"""
USED = """select person, period, slot, code, used_fen from meter_use
where area = %s and person = any(%s)"""
NUMBERS = "select id, psn_no from person where id = any(%s)"


@dataclass
class Run:
    """What one run over an area's year shares."""

    area: Area
    areas: Areas
    year: int
    since: date
    places: Places

    @property
    def span(self) -> tuple[date, date]:
        """The year."""
        return date(self.year, 1, 1), date(self.year + 1, 1, 1)


def readjudicate(
    connection: Connection,
    code: str,
    year: int,
    areas: Areas,
    now: datetime,
    since: date | None = None,
    actor: Actor | None = None,
    progress: Progress = lambda done: None,
) -> Iterator[Change]:
    """Every settlement of a year that comes out otherwise; `actor` corrects each, where given.

    The caller holds no transaction. Persons are taken some at a time, each lot in one transaction;
    posting locks them, so nobody settles for them meanwhile. A run that was broken off is taken up
    by running again. Settlements before `since` are taken as they stand.

    Law:     楚政规〔2022〕2号 第三十七条 and the like: what was learnt late holds for its own day.
    Refuses: area_unknown, parameter_missing and what else stops the engine;
             psycopg.errors.CheckViolation where the month of `now` is closed.
    Ensures: with the same facts and rules nothing is found, but for settlements that stood on one
             which was cancelled; after posting nothing is found.
    """
    area = areas.area(code)
    home = area.laws[0].area
    start, end = date(year, 1, 1), date(year + 1, 1, 1)
    run = Run(area, areas, year, since or start, Places(connection))
    last = 0
    while True:
        persons = [
            person for (person,) in connection.execute(IN_YEAR, [last, home, start, end, PERSONS])
        ]
        if not persons:
            return
        with connection.transaction():
            if actor is not None:
                lock(connection, persons)
            else:
                connection.execute("set transaction isolation level repeatable read, read only")
            found = changes_of(connection, run, home, persons)
            if actor is not None:
                entries = enter(connection, found, actor, now)
                settle_flags(connection, entries, persons, home)
        yield from found
        last = persons[-1]
        progress(len(persons))


def count_persons(connection: Connection, code: str, year: int) -> int:
    """How many persons a run takes."""
    row = connection.execute(
        "select count(distinct person) from entry where area = %s and kind = 'settlement'"
        " and service_date >= %s and service_date < %s",
        [code, date(year, 1, 1), date(year + 1, 1, 1)],
    ).fetchone()
    return int(row[0]) if row else 0


def changes_of(connection: Connection, run: Run, home: str, persons: Sequence[int]) -> list[Change]:
    """The changes of some persons, in the order of persons and settlements; nothing is written.

    The caller holds a transaction of one snapshot, or has locked the persons.
    Refuses: what `readjudicate` refuses.
    """
    entries = [read_entry(row) for row in connection.execute(ENTRIES, [persons, home, *run.span])]
    registry = read_registry(
        connection, run.places, persons, [one.id for one in entries if one.id is not None]
    )
    used: dict[int, dict[tuple[str, str, str], Fen]] = {}
    for person, period, slot, code, amount in connection.execute(USED, [home, persons]):
        used.setdefault(person, {})[code, period, slot] = amount
    kept: dict[tuple[int, str], Fen] = {}
    for person, kind, amount in connection.execute(KEPT, [home, persons]):
        kept[person, kind] = amount
    found: list[Change] = []
    for person, rows in groupby(entries, lambda entry: entry.person):
        assert person is not None
        mine = _person(run, list(rows), used.get(person, {}), registry)
        claims = (kept.get((person, kind), 0) for kind in (chart.PAYABLE, chart.RECEIVABLE))
        found += claimed(mine, *claims)
    changed = list({change.root.person for change in found})
    numbers = dict(connection.execute(NUMBERS, [changed]).fetchall()) if found else {}
    return [replace(change, person=mask_number(numbers[change.root.person])) for change in found]


def _person(
    run: Run, entries: list[EntryRow], used: dict[tuple[str, str, str], Fen], registry: Registry
) -> Iterator[Change]:
    """One person's year again."""
    before = dict(used)
    for entry in entries:
        for code, period, slot, moved in entry.meters:
            before[code, period, slot] = before.get((code, period, slot), 0) - moved
    state = Meters(run.area.layout)
    _move(run.area, state, before.items())
    groups = _groups(entries)
    cancelled = False
    for entry in entries:
        if entry.kind in (CANCELLATION, ADJUSTMENT) or entry.reverses:
            continue
        if entry.kind != SETTLEMENT:
            _move(run.area, state, [(move[:3], move[3]) for move in entry.meters])
            continue
        group = groups[entry.id or 0]
        if entry.service_date < run.since:
            _move(run.area, state, group.moves.items())
            continue
        change = _again(run, group, state, registry, BEFORE if cancelled else ORDER)
        cancelled = cancelled or group.cancelled
        if change is not None:
            yield change


def _groups(entries: Iterable[EntryRow]) -> dict[int, Group]:
    """Settlements with what reverses, restores and adjusts them, by the first one's id."""
    groups: dict[int, Group] = {}
    roots: dict[int, int] = {}
    for entry in entries:
        assert entry.id is not None
        if entry.kind == ADJUSTMENT:
            group = groups[adjusting(entry).adjusts]
            group.latest = entry
        elif entry.reverses in roots:
            roots[entry.id] = roots[entry.reverses]
            group = groups[roots[entry.id]]
            group.cancelled = entry.kind == CANCELLATION
        elif entry.kind == SETTLEMENT:
            roots[entry.id] = entry.id
            group = groups[entry.id] = Group(entry, entry)
        else:
            continue
        group.add(entry)
    return groups


def _move(area: Area, state: Meters, moves: Iterable[tuple[tuple[str, str, str], Fen]]) -> None:
    meter_rows.add(
        area, state, [(period, slot, code, moved) for (code, period, slot), moved in moves if moved]
    )


def _again(
    run: Run, group: Group, state: Meters, registry: Registry, otherwise: str
) -> Change | None:
    """What a settlement comes to today; the meters move by it.

    Refuses: what the engine refuses, but for ZEROED.
    """
    root = group.root
    if group.cancelled:
        return difference(group, None, CANCELLED, "结算已撤销，其调整一并收回")
    latest = group.latest
    again: EntryRow | None = None
    try:
        visit = visit_today(root, registry, run.area.law(day_of(root.service_date)))
    except Refusal as refusal:
        if refusal.code not in ZEROED:
            raise
        told = str(refusal)
    else:
        person = registry.known(root.person or 0, root.service_date)
        law = run.area.law(visit.day)
        visit = replace(visit, facts=in_time(law, person, visit.facts))
        borne = joined_deductible(run.area, root, visit, registry)
        _move(run.area, state, borne)
        again = redo(_visited(root, visit), state, run.areas)
        _move(run.area, state, [(key, -amount) for key, amount in borne])
        told = _differing(law, latest.settled.visit, visit)
    if told:
        return difference(group, again, FACTS, told)
    assert again is not None
    was, now = latest.settlement, again.settlement
    if now.law_hash != was.law_hash and _by_the_law(run, group, visit):
        same = was.rulebook == now.rulebook
        told = f"{was.rulebook}（参数不同）" if same else f"{was.rulebook} → {now.rulebook}"
        return difference(group, again, RULES, told)
    return difference(group, again, otherwise, _used(latest, again))


def _by_the_law(run: Run, group: Group, visit: Visit) -> bool:
    """Whether the law in force now gives something else on the meters that were found then.

    A version with a document or a figure that the settlement does not rest on changes nothing, and
    is not the cause of what came otherwise for other reasons.
    """
    found = group.latest.decision
    then = meter_rows.load(run.area, found.meters if found else ())
    return (
        difference(group, redo(_visited(group.root, visit), then, run.areas), RULES, "") is not None
    )


def _visited(entry: EntryRow, visit: Visit) -> EntryRow:
    """A settlement as if it had been for another visit."""
    facts = replace(entry.settled, visit=visit)
    return replace(entry, settlement=replace(entry.settlement, facts=facts))


def _differing(law: Law, stored: Visit, today: Visit) -> str:
    """Which facts are others today."""
    before, after = (
        {name: fact_text(law, name, value) for name, value in visit.facts.items()}
        | {"benefit": visit.benefit}
        for visit in (stored, today)
    )
    return "；".join(
        f"{name} {before.get(name) or '（空）'} → {after.get(name) or '（空）'}"
        for name in sorted(before.keys() | after.keys())
        if before.get(name, "") != after.get(name, "")
    )


def _used(latest: EntryRow, again: EntryRow) -> str:
    """Which meters stood otherwise before the settlement."""
    before, after = (
        {
            (code, period, slot): used
            for period, slot, code, used in (one.decision.meters if one.decision else ())
        }
        for one in (latest, again)
    )
    moved = [
        (key, before.get(key, 0), after.get(key, 0)) for key in sorted(before.keys() | after.keys())
    ]
    return "；".join(
        f"{' '.join(filter(None, key))} {show_fen(was)} → {show_fen(now)}"
        for key, was, now in moved
        if was != now
    )
