"""The whole year again: under today's facts and rules, in the order in which it was settled.

Each settlement is decided anew on the meters that the corrected year has by then, and held against
what was paid for it in all: the settlement, its cancellation and earlier adjustments. Posting
enters the difference as an entry of kind `adjustment`, so that a second run finds nothing. What
accounts and cash paid at the counter is not undone: what a fund pays more or less goes to the
person's payable, or, what it paid too much, to the receivable; a shift between two funds goes
through the payable both ways.
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
    READ,
    SETTLEMENT,
    EntryRow,
    Move,
    PostingRow,
    read_entry,
)
from gongji.ledger.post import lock, post, take_ids
from gongji.ledger.review_flags import settle_flags
from gongji.platform.actors import Actor
from gongji.platform.identity import mask_number
from gongji.refusals import Fault, Refusal
from gongji.settlement.decide_bill import redo
from gongji.settlement.facts_today import Places, Registry, read_registry, visit_today
from gongji.settlement.stays import joined_deductible
from gongji.units import Fen, day_in_china, day_of, show_fen

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
"""Kind of a fund's account, and whose: of the pool the benefit, of a supplement the payer."""


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
            self.amounts[name] = self.amounts.get(name, 0) + getattr(entry.settlement, name)
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
    found = {(chart.POOL, entry.settlement.benefit): entry.settlement.pool_fen}
    for payer, paid in entry.supplements.items():
        found[chart.SUPPLEMENT, payer] = paid
    return {fund: paid for fund, paid in found.items() if paid}


def _adjusting(entry: EntryRow) -> Adjusting:
    result = entry.settlement.result
    if not isinstance(result, Adjusting):
        raise Fault(f"记账分录 {entry.id} 没有写明它调整什么")
    return result


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
KEPT = """select person, kind, amount_fen - held_fen from balance
where area = %s and person = any(%s) and kind in ('payable', 'receivable')"""


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
            found = _chunk(connection, run, home, persons)
            if actor is not None:
                entries = _post(connection, found, actor, now)
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


def _chunk(connection: Connection, run: Run, home: str, persons: Sequence[int]) -> list[Change]:
    """The changes of some persons, in the order of persons and settlements."""
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
        found += _claims(mine, *claims)
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
            group = groups[_adjusting(entry).adjusts]
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
        return _change(group, None, CANCELLED, "结算已撤销，其调整一并收回")
    latest = group.latest
    again: EntryRow | None = None
    try:
        visit = visit_today(root, registry, run.area.law(day_of(root.service_date)))
    except Refusal as refusal:
        if refusal.code not in ZEROED:
            raise
        told = str(refusal)
    else:
        borne = joined_deductible(run.area, root, visit, registry)
        _move(run.area, state, borne)
        again = redo(_visited(root, visit), state, run.areas)
        _move(run.area, state, [(key, -amount) for key, amount in borne])
        told = _differing(run.area.law(visit.day), latest.settled.visit, visit)
    if told:
        return _change(group, again, FACTS, told)
    assert again is not None
    was, now = latest.settlement, again.settlement
    if now.law_hash != was.law_hash:
        return _change(group, again, RULES, f"{was.rulebook} → {now.rulebook}")
    return _change(group, again, otherwise, _used(latest, again))


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


def _change(group: Group, again: EntryRow | None, cause: str, detail: str) -> Change | None:
    """The difference between what should stand and what stands, if there is one."""
    after = {name: getattr(again.settlement, name) if again else 0 for name in COMPARED}
    if again is None and not group.cancelled:
        # Nobody's fund pays, but the bill was what it was.
        after |= {name: getattr(group.root.settlement, name) for name in COMPARED[:4]}
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
    connection: Connection, changes: Sequence[Change], actor: Actor, now: datetime
) -> dict[int | None, int]:
    """Enter the adjustments; gives the adjustment of each settlement."""
    ids = take_ids(connection, len(changes)) if changes else []
    entries, postings = [], []
    for number, change in zip(ids, changes, strict=True):
        entries.append(_entry(number, change, actor, now))
        postings += _postings(number, change)
    post(connection, entries, postings)
    return {change.root.id: number for number, change in zip(ids, changes, strict=True)}


def _entry(number: int, change: Change, actor: Actor, now: datetime) -> EntryRow:
    root = change.root
    amounts: dict[str, Any] = {name: change.after[name] - change.before[name] for name in COMPARED}
    source = change.again or root
    settled = replace(
        source.settlement,
        visit=root.settlement.visit,
        total_fen=0,
        account_fen=0,
        family_fen=0,
        cash_fen=0,
        borne_fen=0,
        owed_fen=amounts["pool_fen"] + amounts["supplements_fen"],
        **amounts,
        result=Adjusting(
            adjusts=root.id or 0,
            cause=change.cause,
            detail=change.detail,
            funds=tuple((*fund, paid) for fund, paid in change.funds.items()),
            decided=change.again.decision if change.again else None,
        ),
    )
    return EntryRow(
        id=number,
        area=root.area,
        kind=ADJUSTMENT,
        person=root.person,
        service_date=root.service_date,
        accounting_date=day_in_china(now),
        made_at=now,
        actor_kind=actor.kind,
        actor=actor.id,
        institution=root.institution,
        cause=root.id,
        law=source.law,
        meters=change.moves,
        settlement=settled,
    )


def _postings(number: int, change: Change) -> list[PostingRow]:
    """Each fund's difference against the person's claim: what is owed back is paid off first."""
    more = [(fund, paid) for fund, paid in change.funds.items() if paid > 0]
    less = [(fund, -paid) for fund, paid in change.funds.items() if paid < 0]
    lowered, raised = max(-change.receivable_fen, 0), max(change.receivable_fen, 0)
    moved = [
        *((fund, claim, amount) for fund, claim, amount in _split(more, lowered)),
        *((fund, claim, -amount) for fund, claim, amount in _split(less, raised)),
    ]
    return [_posting(change, number, place, one) for place, one in enumerate(moved, start=1)]


def _split(
    differences: Iterable[tuple[Fund, Fen]], receivable: Fen
) -> Iterator[tuple[Fund, str, Fen]]:
    """Against which claim the differences go: the receivable as far as it goes, the payable."""
    for fund, amount in differences:
        first = min(amount, receivable)
        receivable -= first
        for claim, part in ((chart.RECEIVABLE, first), (chart.PAYABLE, amount - first)):
            if part:
                yield fund, claim, part


def _posting(change: Change, entry: int, number: int, moved: tuple[Fund, str, Fen]) -> PostingRow:
    """A posting of an adjustment; an amount below zero is what a fund pays less."""
    (kind, whose), claim, amount = moved
    owner = whose if kind == chart.SUPPLEMENT else ""
    sides = [(kind, owner), (claim, str(change.root.person))]
    if amount < 0:
        sides.reverse()
    (debit, debit_owner), (credit, credit_owner) = sides
    return PostingRow(
        entry,
        number,
        change.root.area,
        chart.fund_of(kind, owner),
        debit,
        debit_owner,
        credit,
        credit_owner,
        abs(amount),
        whose if kind == chart.POOL else "",
        f"重新核算：{change.cause}"[:300],
    )
