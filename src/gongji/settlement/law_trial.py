"""A law tried on what was settled: the settlements of a month again under it, nothing written.

Each is decided under the law in force and under the one that is proposed, both times on the facts
of today and in the order in which it was settled; the difference between the two is the law's
alone, whatever was learnt meanwhile.
"""

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import msgspec
import psycopg

from gongji.law.engine.areas import Areas
from gongji.ledger.entry_rows import EntryRow
from gongji.platform.identity import mask_number
from gongji.refusals import Refusal
from gongji.settlement.adjustments import Change
from gongji.settlement.decide_bill import explanation
from gongji.settlement.facts_today import Places
from gongji.settlement.readjudicate import Run, changes_of
from gongji.units import Fen

Connection = psycopg.Connection[Any]
Progress = Callable[[int, int], object]
PERSONS = 500
"""How many persons are read at a time."""
EXAMPLES = 10
_SETTLED = """from entry where area = %s and kind = 'settlement' and service_date >= %s
  and service_date < %s"""
_COUNTS = f"select count(*), count(distinct person) {_SETTLED}"
_PERSONS = f"select distinct person {_SETTLED} and person > %s order by person limit %s"
_MONTH = f"select id {_SETTLED} and person = any(%s)"
_NUMBERS = "select id, psn_no from person where id = any(%s)"


class TrialExample(msgspec.Struct, frozen=True):
    """A settlement that comes out otherwise: what the funds pay and the person bears, and why.

    Shape:   `person` the masked number; `sentences` explain it under the law that is proposed.
    Units:   fen.
    """

    entry: int
    person: str
    day: date
    institution: str
    total_fen: Fen
    funds_before_fen: Fen
    funds_after_fen: Fen
    sentences: tuple[str, ...]

    @property
    def more_fen(self) -> Fen:
        """What the funds pay more; the person bears as much less."""
        return self.funds_after_fen - self.funds_before_fen


class LawTrial(msgspec.Struct, frozen=True):
    """What a proposed law would have made of the settlements of a month, [since, until).

    Shape:   `gaining` and `losing` persons for whom the funds pay more and less in all; `untold`
             persons whose month cannot be settled under one of the laws, `reasons` why, each once.
    Units:   fen; `funds_fen` what the funds would have paid more, persons bear as much less.
    """

    since: date
    until: date
    settlements: int
    persons: int
    changed: int
    funds_fen: Fen
    gaining: int
    losing: int
    untold: int
    reasons: tuple[str, ...]
    examples: tuple[TrialExample, ...]


@dataclass
class _Sum:
    """What was found so far; `largest` a heap of the examples by how much they change."""

    changed: int = 0
    funds_fen: Fen = 0
    gaining: int = 0
    losing: int = 0
    untold: int = 0
    reasons: dict[str, None] = field(default_factory=dict)
    largest: list[tuple[Fen, int, "_Pair"]] = field(default_factory=list)


@dataclass(frozen=True)
class _Pair:
    """A settlement under both laws: None where it comes out as it stands."""

    root: EntryRow
    base: Change | None
    proposed: Change | None

    @property
    def more_fen(self) -> Fen:
        return _net(self.proposed) - _net(self.base)

    @property
    def differs(self) -> bool:
        """Whether an amount is another one: payments, or the deductible for instance."""
        changes = self.base, self.proposed
        standing = next(one.before for one in changes if one)
        ours, theirs = (one.after if one else standing for one in changes)
        return bool(self.more_fen) or ours != theirs


def _net(change: Change | None) -> Fen:
    return change.net_fen if change else 0


def settled_in(connection: Connection, area: str, since: date, until: date) -> tuple[int, int]:
    """How many settlements, of how many persons, a month has."""
    row = connection.execute(_COUNTS, [area, since, until]).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def try_law(
    connection: Connection,
    area: str,
    laws: tuple[Areas, Areas],
    month: tuple[date, date],
    progress: Progress = lambda done, of: None,
) -> LawTrial:
    """The settlements of a month under the law in force and under a proposed one.

    The caller holds no transaction; persons are read some at a time, each lot of one snapshot.
    Shape:   `laws`: in force, proposed; `month`: [first day, first day of the next).
    Refuses: area_unknown, RulebookError where the proposed law cannot be read.
    """
    settlements, persons = settled_in(connection, area, *month)
    runs = [_run(connection, one, area, month[0]) for one in laws]
    found, last, done = _Sum(), 0, 0
    while True:
        with connection.transaction():
            connection.execute("set transaction isolation level repeatable read, read only")
            asked = [area, *month, last, PERSONS]
            lot = [int(row[0]) for row in connection.execute(_PERSONS, asked)]
            for pairs in _lots(connection, runs, area, lot, found):
                _add(connection, found, pairs, area, month)
        if not lot:
            break
        last, done = lot[-1], done + len(lot)
        progress(done, persons)
    examples = _examples(connection, found, laws)
    counts = found.changed, found.funds_fen, found.gaining, found.losing, found.untold
    return LawTrial(*month, settlements, persons, *counts, tuple(found.reasons), examples)


def _run(connection: Connection, areas: Areas, code: str, since: date) -> Run:
    return Run(areas.area(code), areas, since.year, since, Places(connection))


def _lots(
    connection: Connection, runs: Sequence[Run], area: str, persons: list[int], found: _Sum
) -> Iterable[list[_Pair]]:
    """The pairs of some persons; where one cannot be settled, of each by itself."""
    if not persons:
        return
    try:
        yield _pairs(connection, runs, area, persons)
    except Refusal as refusal:
        if len(persons) > 1:
            for one in persons:
                yield from _lots(connection, runs, area, [one], found)
            return
        found.untold += 1
        found.reasons[str(refusal)] = None


def _pairs(
    connection: Connection, runs: Sequence[Run], area: str, persons: list[int]
) -> list[_Pair]:
    base, proposed = (
        {change.root.id or 0: change for change in changes_of(connection, run, area, persons)}
        for run in runs
    )
    return [
        _Pair((proposed.get(key) or base[key]).root, base.get(key), proposed.get(key))
        for key in sorted(base.keys() | proposed.keys())
    ]


def _add(
    connection: Connection, found: _Sum, pairs: list[_Pair], area: str, month: tuple[date, date]
) -> None:
    """Count the pairs of the month that differ."""
    persons = list({pair.root.person for pair in pairs})
    asked = [area, *month, persons]
    wanted = {int(row[0]) for row in connection.execute(_MONTH, asked)} if persons else set()
    by_person: dict[int, Fen] = {}
    for pair in pairs:
        if pair.root.id not in wanted or not pair.differs:
            continue
        found.changed += 1
        found.funds_fen += pair.more_fen
        person = pair.root.person or 0
        by_person[person] = by_person.get(person, 0) + pair.more_fen
        heapq.heappush(found.largest, (abs(pair.more_fen), -(pair.root.id or 0), pair))
        if len(found.largest) > EXAMPLES:
            heapq.heappop(found.largest)
    found.gaining += sum(more > 0 for more in by_person.values())
    found.losing += sum(more < 0 for more in by_person.values())


def _examples(
    connection: Connection, found: _Sum, laws: tuple[Areas, Areas]
) -> tuple[TrialExample, ...]:
    """The settlements that change the most, the largest first."""
    pairs = [one[2] for one in sorted(found.largest, key=lambda one: one[:2], reverse=True)]
    persons = [pair.root.person for pair in pairs]
    numbers = dict(connection.execute(_NUMBERS, [persons]).fetchall()) if pairs else {}
    return tuple(_example(pair, mask_number(numbers[pair.root.person]), laws) for pair in pairs)


def _example(pair: _Pair, person: str, laws: tuple[Areas, Areas]) -> TrialExample:
    root, standing = pair.root, pair.proposed or pair.base
    assert standing is not None
    paid = sum(standing.before.get(name, 0) for name in ("pool_fen", "supplements_fen"))
    before, after = (paid + _net(change) for change in (pair.base, pair.proposed))
    return TrialExample(
        root.id or 0,
        person,
        root.service_date,
        root.institution or "",
        root.settlement.total_fen,
        before,
        after,
        _sentences(pair.proposed, laws[1]),
    )


def _sentences(change: Change | None, areas: Areas) -> tuple[str, ...]:
    """Why it comes out so under the proposed law, each sentence with its articles."""
    if change is None or change.again is None:
        return ()
    try:
        told = explanation(change.again, areas)
    except Refusal as refusal:
        return (str(refusal),)
    return tuple(
        one.text + "".join(f"（{cite.document} {cite.article}）" for cite in one.cites)
        for one in told.sentences
    )
