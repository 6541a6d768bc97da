"""Openings: what persons had and had used when their year was brought into gongji.

An opening is an entry like any other: it moves meters, and posts balances against the account
`opening` of the area. This module knows rows of values; files are read by `import_openings`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg

from gongji.law.engine.area import Area
from gongji.law.engine.person_meters import period_of
from gongji.ledger import chart
from gongji.ledger.entry_rows import OPENED, OPENING, EntryRow, Move, PostingRow, made_by
from gongji.ledger.meter_rows import JOIN, names
from gongji.ledger.post import lock, post, take_ids
from gongji.platform.actors import Actor
from gongji.platform.identity import mask_number
from gongji.refusals import Refusal, RowProblem, RulebookError
from gongji.units import Fen, day_of

ARTICLE = "上线期初"
FUNDS = {
    chart.ACCOUNT: chart.fund_of(chart.ACCOUNT),
    chart.PAYABLE: chart.fund_of(chart.POOL),
    chart.RECEIVABLE: chart.fund_of(chart.POOL),
}
"""In which fund an opening balance stands: claims of before are taken as those of the pool."""


@dataclass(frozen=True, slots=True)
class OpeningBalance:
    """What a person had on an account (account, receivable, payable) at the beginning of `day`."""

    psn_no: str
    area: str
    day: date
    account: str
    amount_fen: Fen


@dataclass(frozen=True, slots=True)
class OpeningMeter:
    """What a person had used of a meter by `day`, in the period that holds that day.

    Shape:   `meter` its code, with the values of its axes (`level_deductible.2`); `slot` the
             disease or drug of a meter that is apart by one.
    """

    psn_no: str
    area: str
    day: date
    meter: str
    slot: str
    amount_fen: Fen


Opening = OpeningBalance | OpeningMeter
Group = tuple[str, str, int]
"""The rows that become one entry: psn_no, area, year."""


def enter(
    connection: psycopg.Connection[Any],
    rows: Sequence[Opening],
    area_of: Callable[[str], Area],
    now: datetime,
    source: str = "期初",
    *,
    actor: Actor,
) -> int:
    """Enter openings, all or nothing: one entry for each person, area and year.

    Returns: how many entries.
    Refuses: RulebookError with every problem by row: person_unknown; area_unknown, value_invalid
             for a meter that the area does not have; opening_repeated; opening_late where the
             person already has a settlement or other entry of that year, because it was decided
             without the opening: such a person is corrected by facts and re-adjudication.
    """
    with connection.transaction():
        known = _persons(connection, {row.psn_no for row in rows})
        lock(connection, known.values())
        problems: list[RowProblem] = []
        entered = _entered(connection, known.values())
        groups: dict[Group, list[Opening]] = {}
        for number, row in enumerate(rows, start=1):
            try:
                _check(row, known, entered, area_of)
            except Refusal as refusal:
                problems.append(RowProblem(source, number, refusal.code, str(refusal)))
                continue
            groups.setdefault((row.psn_no, row.area, row.day.year), []).append(row)
        if problems:
            raise RulebookError(list(problems))
        opened = [
            _Opened(known[psn_no], area, given) for (psn_no, area, _), given in groups.items()
        ]
        _write(connection, opened, area_of, actor, now)
    return len(groups)


def _persons(connection: psycopg.Connection[Any], numbers: Iterable[str]) -> dict[str, int]:
    rows = connection.execute(
        "select psn_no, id from person where psn_no = any(%s)", [sorted(numbers)]
    )
    return dict(rows.fetchall())


SIDES = """
select area, debit, debit_owner from posting where debit_owner = any(%(ids)s)
  and debit in ('account', 'receivable', 'payable') and credit = 'opening'
union all
select area, credit, credit_owner from posting where credit_owner = any(%(ids)s)
  and credit in ('account', 'receivable', 'payable') and debit = 'opening'"""


class _Entered:
    """What is already in the journal, and what the rows so far add."""

    def __init__(self) -> None:
        self.years: set[tuple[int, str, int]] = set()
        self.keys: set[tuple[object, ...]] = set()


def _entered(connection: psycopg.Connection[Any], persons: Iterable[int]) -> _Entered:
    found = _Entered()
    ids = list(persons)
    for person, area, year, kind, meters in connection.execute(
        "select person, area, extract(year from service_date)::int, kind,"
        " case kind when 'opening' then meters end from entry where person = any(%s)",
        [ids],
    ):
        if kind != OPENING:
            found.years.add((person, area, year))
        for code, period, slot, _ in meters or ():
            found.keys.add((person, area, code, period, slot))
    for area, account, owner in connection.execute(SIDES, {"ids": [str(one) for one in ids]}):
        found.keys.add((int(owner), area, account))
    return found


def _check(
    row: Opening, known: dict[str, int], entered: _Entered, area_of: Callable[[str], Area]
) -> None:
    shown = mask_number(row.psn_no)
    person = known.get(row.psn_no)
    if person is None:
        raise Refusal("person_unknown", "psn_no", {"value": shown})
    if (person, row.area, row.day.year) in entered.years:
        values = {"value": shown, "year": str(row.day.year)}
        raise Refusal("opening_late", "psn_no", values)
    key: tuple[object, ...]
    if isinstance(row, OpeningBalance):
        key, what = (person, row.area, row.account), row.account
        if row.account not in chart.KEPT:
            allowed = "、".join(chart.KEPT)
            raise Refusal("value_invalid", "account", {"value": row.account, "allowed": allowed})
        if row.amount_fen < 0:
            raise Refusal("amount_negative", "amount_fen", {"value": str(row.amount_fen)})
    else:
        move = _move(row, area_of(row.area))
        key, what = (person, row.area, *move[:3]), row.meter
    if key in entered.keys:
        raise Refusal("opening_repeated", "psn_no", {"value": shown, "meter": what})
    entered.keys.add(key)


def _move(row: OpeningMeter, area: Area) -> Move:
    """The move of a meter: its period from the day, its slot as the engine would make it."""
    places = names(area).places
    if row.meter not in places:
        allowed = "、".join(sorted(places))
        raise Refusal("value_invalid", "meter", {"value": row.meter, "allowed": allowed})
    if row.amount_fen < 0:
        raise Refusal("amount_negative", "amount_fen", {"value": str(row.amount_fen)})
    dimension = area.layout.dimensions[places[row.meter][0]]
    if bool(dimension.column) != bool(row.slot) and dimension.period not in ("次", "笔"):
        allowed = "这项累计按病种、药品等分项，必须给出" if dimension.column else "（空）"
        raise Refusal("value_invalid", "slot", {"value": row.slot, "allowed": allowed})
    if dimension.period in ("次", "笔"):
        allowed = "按年、季、月、日累计的项目；一次就诊的累计没有期初"
        raise Refusal("value_invalid", "meter", {"value": row.meter, "allowed": allowed})
    period = f"{dimension.period}:{period_of(dimension, day_of(row.day))}"
    return row.meter, period, row.slot.replace(JOIN, " "), row.amount_fen


class _Opened:
    """One entry to be: the person and what the rows say."""

    def __init__(self, person: int, area: str, rows: list[Opening]) -> None:
        self.person, self.area = person, area
        self.day = min(row.day for row in rows)
        self.used = [row for row in rows if isinstance(row, OpeningMeter)]
        self.had = [row for row in rows if isinstance(row, OpeningBalance) and row.amount_fen]


def _write(
    connection: psycopg.Connection[Any],
    opened: Sequence[_Opened],
    area_of: Callable[[str], Area],
    actor: Actor,
    now: datetime,
) -> None:
    entries, postings = [], []
    for number, one in zip(take_ids(connection, len(opened)), opened, strict=True):
        entries.append(
            EntryRow(
                id=number,
                area=one.area,
                kind=OPENING,
                origin=OPENED,
                person=one.person,
                service_date=one.day,
                **made_by(actor, now),
                meters=tuple(_move(row, area_of(one.area)) for row in one.used),
            )
        )
        postings += [
            _posting(number, place, row, one.person) for place, row in enumerate(one.had, start=1)
        ]
    post(connection, entries, postings)


def _posting(entry: int, number: int, row: OpeningBalance, person: int) -> PostingRow:
    sides = [(row.account, str(person)), (chart.OPENING, row.area)]
    if not chart.RISES_BY_DEBIT[row.account]:
        sides.reverse()
    (debit, debit_owner), (credit, credit_owner) = sides
    return PostingRow(
        entry,
        number,
        row.area,
        FUNDS[row.account],
        debit,
        debit_owner,
        credit,
        credit_owner,
        row.amount_fen,
        article=ARTICLE,
    )
