"""The whole year again: under today's facts and rules, in the order in which it was settled.

Each settlement is decided anew on the meters that the corrected year has by then, and held against
what was paid for it in all: the settlement, its cancellation and earlier adjustments. Posting
enters the difference as an entry of kind `adjustment`, so that a second run finds nothing. What
accounts and cash paid at the counter is not undone: the difference goes to the person's payable,
or, what the fund paid too much, to the receivable.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from typing import Any

import msgspec
import psycopg
from msgspec.structs import replace

from gongji.law.engine.area import Area
from gongji.law.engine.areas import Areas
from gongji.law.engine.person_meters import Meters
from gongji.law.engine.visit import Visit, fact_text
from gongji.law.rulebook.law import Law
from gongji.ledger import chart, meter_rows
from gongji.ledger.entry_contents import Adjusting
from gongji.ledger.entry_rows import (
    ADJUSTMENT,
    CANCELLATION,
    COLUMNS,
    SETTLEMENT,
    EntryRow,
    Move,
    PostingRow,
    read_entry,
)
from gongji.ledger.post import lock, post, take_ids
from gongji.ledger.review_flags import settle_flags
from gongji.platform.identity import mask_number
from gongji.refusals import Fault, Refusal
from gongji.settlement.decide_bill import redo
from gongji.settlement.facts_today import Places, Registry, read_registry, visit_today
from gongji.settlement.stays import joined_deductible
from gongji.units import Fen, day_in_china, show_fen

Connection = psycopg.Connection[Any]
Progress = Callable[[int], object]
PERSONS = 500
"""How many persons are taken, and when posting locked, at a time."""
FACTS, RULES, CANCELLED, BEFORE, ORDER = CAUSES = (
    "事实变动",
    "规则变动",
    "结算已撤销",
    "前面的结算已撤销",
    "前面的结算有变动",
)
"""Why a settlement comes out otherwise, the first that holds."""
ZEROED = {"not_insured", "registration_missing"}
"""Refusals for which the pool should have paid nothing; every other one stops the run."""
COMPARED = (
    "above_standard_fen",
    "wholly_own_fen",
    "first_self_pay_fen",
    "in_scope_fen",
    "deductible_fen",
    "pool_fen",
    "supplements_fen",
)
"""The amounts that an adjustment corrects; those of accounts and cash it does not."""

Fund = tuple[str, str]
"""Kind and owner of the account that a fund's payment is a credit of."""


@dataclass
class Group:
    """A settlement with what was entered about it since, at the place where it was first settled.

    Shape:   `latest` the last entry that decided it (the settlement or an adjustment); `amounts`,
             `funds` and `moves` are what stands in all.
    """

    root: EntryRow
    latest: EntryRow
    cancelled: bool = False
    amounts: dict[str, Fen] = field(default_factory=dict)
    funds: dict[Fund, Fen] = field(default_factory=dict)
    moves: dict[tuple[str, str, str], Fen] = field(default_factory=dict)

    def add(self, entry: EntryRow) -> None:
        """Take another entry of the group in."""
        for name in COMPARED:
            self.amounts[name] = self.amounts.get(name, 0) + getattr(entry, name)
        for fund, paid in funds_of(entry).items():
            self.funds[fund] = self.funds.get(fund, 0) + paid
        for code, period, slot, moved in entry.meters:
            key = (code, period, slot)
            self.moves[key] = self.moves.get(key, 0) + moved


class Change(msgspec.Struct, frozen=True):
    """A settlement that comes out otherwise than it stands.

    Shape:   `person` the masked number.
    Units:   fen; `payable_fen` and `receivable_fen` by how much each rises (below zero: falls).
    """

    root: EntryRow
    cause: str
    detail: str
    before: dict[str, Fen]
    after: dict[str, Fen]
    funds: dict[Fund, Fen]
    moves: tuple[Move, ...]
    payable_fen: Fen = 0
    receivable_fen: Fen = 0
    again: EntryRow | None = None
    person: str = ""

    @property
    def net_fen(self) -> Fen:
        """What the funds should have paid more."""
        return sum(self.funds.values())


def funds_of(entry: EntryRow) -> dict[Fund, Fen]:
    """What each fund paid by an entry; an adjustment and a cancellation keep it signed."""
    if entry.kind == ADJUSTMENT:
        return {(kind, owner): paid for kind, owner, paid in _adjusting(entry).funds}
    found = {(chart.POOL, entry.benefit): entry.pool_fen}
    for payer, paid in entry.supplements.items():
        found[chart.SUPPLEMENT, payer] = paid
    return {fund: paid for fund, paid in found.items() if paid}


def _adjusting(entry: EntryRow) -> Adjusting:
    if not isinstance(entry.result, Adjusting):
        raise Fault(f"记账分录 {entry.id} 没有写明它调整什么")
    return entry.result


ENTRIES = f"""select {", ".join(COLUMNS)} from entry
where person_id = any(%s) and area = %s
  and (service_date >= %s and service_date < %s or kind = 'stay')
order by person_id, id"""
"""A stay that ended in another year than it was first told for moves the meters of both."""
IN_YEAR = """select distinct person_id from entry
where person_id > %s and area = %s and service_date >= %s and service_date < %s
  and kind = 'settlement' order by person_id limit %s"""
USED = """select person_id, period, slot, code, used_fen from meter_use
where area = %s and person_id = any(%s)"""
NUMBERS = "select id, psn_no from person where id = any(%s)"
KEPT = """select person_id, kind, amount_fen from balance
where area = %s and person_id = any(%s) and kind in ('payable', 'receivable')"""


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
    posting: bool = False,
    progress: Progress = lambda done: None,
) -> Iterator[Change]:
    """Every settlement of a year that comes out otherwise; with `posting` each is corrected.

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
            if posting:
                lock(connection, persons)
            else:
                connection.execute("set transaction isolation level repeatable read, read only")
            found = _chunk(connection, run, home, persons)
            if posting:
                _post(connection, found, home, persons, now)
        yield from found
        last = persons[-1]
        progress(len(persons))


def count_persons(connection: Connection, code: str, year: int) -> int:
    """How many persons a run takes."""
    row = connection.execute(
        "select count(distinct person_id) from entry where area = %s and kind = 'settlement'"
        " and service_date >= %s and service_date < %s",
        [code, date(year, 1, 1), date(year + 1, 1, 1)],
    ).fetchone()
    return int(row[0]) if row else 0


def _chunk(connection: Connection, run: Run, home: str, persons: Sequence[int]) -> list[Change]:
    """The changes of some persons, in the order of persons and settlements."""
    entries = [read_entry(row) for row in connection.execute(ENTRIES, [persons, home, *run.span])]
    registry = read_registry(
        connection, run.places, persons, {entry.batch for entry in entries if entry.batch}
    )
    used: dict[int, dict[tuple[str, str, str], Fen]] = {}
    for person, period, slot, code, amount in connection.execute(USED, [home, persons]):
        used.setdefault(person, {})[code, period, slot] = amount
    kept: dict[tuple[int, str], Fen] = {}
    for person, kind, amount in connection.execute(KEPT, [home, persons]):
        kept[person, kind] = amount
    found: list[Change] = []
    for person, rows in groupby(entries, lambda entry: entry.person_id):
        assert person is not None
        mine = _person(run, list(rows), used.get(person, {}), registry)
        claims = (kept.get((person, kind), 0) for kind in (chart.PAYABLE, chart.RECEIVABLE))
        found += _claims(mine, *claims)
    changed = list({change.root.person_id for change in found})
    numbers = dict(connection.execute(NUMBERS, [changed]).fetchall()) if found else {}
    return [replace(change, person=mask_number(numbers[change.root.person_id])) for change in found]


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
        if entry.kind in (CANCELLATION, ADJUSTMENT) or entry.reverses_id:
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
            group = groups[_adjusting(entry).adjusts]
            group.latest = entry
        elif entry.reverses_id in roots:
            roots[entry.id] = roots[entry.reverses_id]
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
        return _change(group, None, CANCELLED, "结算已撤销，其调整一并收回")
    latest = group.latest
    again: EntryRow | None = None
    try:
        visit = visit_today(root, registry)
    except Refusal as refusal:
        if refusal.code not in ZEROED:
            raise
        told = str(refusal)
    else:
        borne = joined_deductible(run.area, root, visit, registry)
        _move(run.area, state, borne)
        again = redo(replace(root, facts=replace(root.settled, visit=visit)), state, run.areas)
        _move(run.area, state, [(key, -amount) for key, amount in borne])
        told = _differing(run.area.law(visit.day), latest.settled.visit, visit)
    if told:
        return _change(group, again, FACTS, told)
    assert again is not None
    if again.law_hash != latest.law_hash:
        return _change(group, again, RULES, f"{latest.rulebook} → {again.rulebook}")
    return _change(group, again, otherwise, _used(latest, again))


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


def _change(group: Group, again: EntryRow | None, cause: str, detail: str) -> Change | None:
    """The difference between what should stand and what stands, if there is one."""
    after = {name: getattr(again, name) if again else 0 for name in COMPARED}
    if again is None and not group.cancelled:
        # Nobody's fund pays, but the bill was what it was.
        after |= {name: getattr(group.root, name) for name in COMPARED[:4]}
    funds = funds_of(again) if again else {}
    wanted = {move[:3]: move[3] for move in again.meters} if again else {}
    owed = {
        fund: funds.get(fund, 0) - group.funds.get(fund, 0)
        for fund in dict.fromkeys([*group.funds, *funds])
    }
    owed = {fund: paid for fund, paid in owed.items() if paid}
    moves = {
        key: wanted.get(key, 0) - group.moves.get(key, 0)
        for key in dict.fromkeys([*group.moves, *wanted])
    }
    moved = tuple((*key, amount) for key, amount in moves.items() if amount)
    if not owed and not moved and after == group.amounts:
        return None
    return Change(group.root, cause, detail, group.amounts, after, owed, moved, again=again)


def _claims(changes: Iterable[Change], payable: Fen, receivable: Fen) -> Iterator[Change]:
    """To whose favour each difference is: a claim of the other side is paid off first."""
    for change in changes:
        net = change.net_fen
        if net >= 0:
            settled = min(net, receivable)
            change = replace(change, payable_fen=net - settled, receivable_fen=-settled)
        else:
            settled = min(-net, payable)
            change = replace(change, payable_fen=-settled, receivable_fen=-net - settled)
        payable += change.payable_fen
        receivable += change.receivable_fen
        yield change


def _post(
    connection: Connection,
    changes: Sequence[Change],
    home: str,
    persons: Sequence[int],
    now: datetime,
) -> None:
    """Enter the adjustments, and settle the flags of these persons' settlements."""
    ids = take_ids(connection, len(changes)) if changes else []
    entries, postings = [], []
    for number, change in zip(ids, changes, strict=True):
        entries.append(_entry(number, change, now))
        postings += _postings(number, change)
    post(connection, entries, postings)
    adjusted = {change.root.id: number for number, change in zip(ids, changes, strict=True)}
    settle_flags(connection, adjusted, persons, home)


def _entry(number: int, change: Change, now: datetime) -> EntryRow:
    root = change.root
    amounts: dict[str, Any] = {name: change.after[name] - change.before[name] for name in COMPARED}
    source = change.again or root
    return replace(
        root,
        id=number,
        kind=ADJUSTMENT,
        accounting_date=day_in_china(now),
        settled_at=now,
        msgid="",
        benefit=source.benefit,
        total_fen=0,
        account_fen=0,
        family_fen=0,
        borne_fen=0,
        # What the funds pay more or less is so much less or more for the person.
        cash_fen=-(amounts["pool_fen"] + amounts["supplements_fen"]),
        **amounts,
        meters=change.moves,
        facts=source.facts,
        result=Adjusting(
            adjusts=root.id or 0,
            cause=change.cause,
            detail=change.detail,
            funds=tuple((*fund, paid) for fund, paid in change.funds.items()),
            decided=change.again.decision if change.again else None,
        ),
        rulebook=source.rulebook,
        law_hash=source.law_hash,
        engine=source.engine,
    )


def _postings(number: int, change: Change) -> list[PostingRow]:
    """From funds that pay more, and a person who owes, to funds that paid too much and a person."""
    person = str(change.root.person_id)
    sources = [(fund, paid) for fund, paid in change.funds.items() if paid > 0]
    targets = [(fund, -paid) for fund, paid in change.funds.items() if paid < 0]
    claims: list[tuple[str, Fen, bool]] = [
        (chart.PAYABLE, change.payable_fen, change.payable_fen > 0),
        (chart.RECEIVABLE, change.receivable_fen, change.receivable_fen < 0),
    ]
    for kind, amount, debit in claims:
        if amount:
            (targets if debit else sources).append(((kind, person), abs(amount)))
    made = []
    article = f"重新核算：{change.cause}"[:300]
    while sources and targets:
        (credit, given), (debit_to, taken) = sources[0], targets[0]
        amount = min(given, taken)
        made.append(PostingRow(number, change.root.area, *debit_to, *credit, amount, article))
        for side, at, left in ((sources, credit, given), (targets, debit_to, taken)):
            side[0] = (at, left - amount)
            if left == amount:
                side.pop(0)
    return made
