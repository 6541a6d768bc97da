"""A journal written by hand, with every kind of entry and posting, for the tests of the ledger.

Two persons and a hospital in Shaoyang, one of each in Panzhihua. The entries have the numbers that
the tests name, and lie on the days around the month ends of February and March 2025:

 1 opening of person 1        2 opening of person 2 (all three kinds of accounts, a meter)
 3 credit of person 1         4 settlement (28 February) with every payer, cancelled by
 5 (1 March)                  6 settlement (1 March) with every payer
 7 adjustment: person 1 owes  8 adjustment: the fund owes person 2 (31 March)
 9 settlement in Panzhihua   10 settlement of person 2 (1 April)
11 stay of person 2 (moves a meter only)
"""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from python_calamine import CalamineWorkbook
from tests import databases

from gongji.ledger import chart
from gongji.ledger.entry_rows import (
    SETTLEMENT_COLUMNS,
    EntryRow,
    Move,
    PostingRow,
    SettlementRow,
    exchanged,
    negated,
)
from gongji.ledger.post import post
from gongji.ledger.verify import ALL, Scope, verify

Connection = psycopg.Connection[Any]
AREA, OTHER = "430500", "510400"
HOSPITAL, FAR = "H43050000001", "H51040000001"
NOW = datetime(2025, 4, 2, 2, 0, tzinfo=UTC)
PAID, DEDUCTIBLE = "ordinary_paid", "year_deductible"
YEAR = "年:2025"
FEB_1, FEB_28 = date(2025, 2, 1), date(2025, 2, 28)
MAR_1, MAR_31, APR_1 = date(2025, 3, 1), date(2025, 3, 31), date(2025, 4, 1)

PEOPLE = f"""
insert into person (id, psn_no, area, name, certificate, certificate_hash) values
  (1, '43050000000000000001', '{AREA}', '测试甲', '', 'a'),
  (2, '43050000000000000002', '{AREA}', '测试乙', '', 'b'),
  (3, '51040000000000000003', '{OTHER}', '测试丙', '', 'c');
insert into institution (code, area, name, kind) values
  ('{HOSPITAL}', '{AREA}', '测试医院', 'hospital'), ('{FAR}', '{OTHER}', '测试二院', 'hospital');
"""

Side = tuple[str, str]
FUNDS = (chart.POOL, chart.SUPPLEMENT, chart.ACCOUNT)


def entry(number: int, person: int, kind: str, day: date, **more: Any) -> EntryRow:
    """An entry of a day, with its settlement if it has amounts: its total is what is paid of it."""
    payers = ("pool", "supplements", "account", "family", "cash", "borne")
    beside = {name: more.pop(name) for name in SETTLEMENT_COLUMNS if name in more}
    if beside or kind == "stay":
        paid = sum(beside.get(f"{payer}_fen", 0) for payer in payers)
        beside = {"total_fen": paid - beside.get("owed_fen", 0)} | beside
        more["settlement"] = SettlementRow(**beside)
    known: dict[str, Any] = {
        "id": number,
        "area": AREA,
        "person": person,
        "kind": kind,
        "service_date": day,
        "accounting_date": day,
        "made_at": at(day),
        "actor_kind": "operator",
        "actor": "tester",
    }
    return EntryRow(**(known | more))


def at(day: date) -> datetime:
    """Ten in the morning of a day in China."""
    return datetime(day.year, day.month, day.day, 2, tzinfo=UTC)


def posting(
    entry: int, number: int, debit: Side, credit: Side, amount: int, area: str = AREA
) -> PostingRow:
    """A posting of an entry, in the fund of the side that is one."""
    kind, owner = debit if debit[0] in FUNDS else credit
    if kind not in FUNDS:
        kind, owner = chart.POOL, ""
    benefit = "ordinary" if kind == chart.POOL else ""
    fund = chart.fund_of(kind, owner)
    return PostingRow(entry, number, area, fund, *debit, *credit, amount, benefit, "第六条")


def moved(paid: int = 0, deductible: int = 0) -> tuple[Move, ...]:
    """How a settlement moves the year's meters; what it does not move it looked at."""
    return ((PAID, YEAR, "", paid), (DEDUCTIBLE, YEAR, "", deductible))


def _openings() -> list[tuple[EntryRow, list[PostingRow]]]:
    opening = ("opening", AREA)
    return [
        (
            entry(1, 1, "opening", date(2025, 1, 2), service_date=date(2025, 1, 1)),
            [posting(1, 1, opening, ("account", "1"), 90_000)],
        ),
        (
            entry(
                2,
                2,
                "opening",
                date(2025, 1, 2),
                service_date=date(2025, 1, 1),
                meters=moved(0, 20_000),
            ),
            [
                posting(2, 1, opening, ("account", "2"), 5_000),
                posting(2, 2, opening, ("payable", "2"), 300),
                posting(2, 3, ("receivable", "2"), opening, 200),
            ],
        ),
        (
            entry(3, 1, "credit", FEB_1),
            [posting(3, 1, ("contribution", AREA), ("account", "1"), 10_000)],
        ),
    ]


def settlement(
    number: int,
    person: int,
    day: date,
    area: str = AREA,
    hospital: str = HOSPITAL,
    relative: int = 0,
    **amounts: int,
) -> tuple[EntryRow, list[PostingRow]]:
    """A settlement by what each payer bears; all of it but 6.00 is in scope where it is rich."""
    total = sum(amounts.values())
    rich = total > 10_000
    split = (
        {
            "above_standard_fen": 100,
            "wholly_own_fen": 200,
            "first_self_pay_fen": 300,
            "in_scope_fen": total - 600,
            "deductible_fen": 1_500,
        }
        if rich
        else {"in_scope_fen": total}
    )
    one = entry(
        number,
        person,
        "settlement",
        day,
        area=area,
        institution=hospital,
        benefit="ordinary",
        meters=moved(amounts["pool"], 1_500 if rich else 0),
        **split,
        **{f"{payer}_fen": amount for payer, amount in amounts.items()},
    )
    sides = {
        "pool": ("pool", ""),
        "supplements": ("supplement", "civil"),
        "account": ("account", str(person)),
        "family": ("account", str(relative)),
    }
    paid = [(side, amounts[payer]) for payer, side in sides.items() if amounts.get(payer)]
    postings = [
        posting(number, place, side, ("provider", hospital), amount, area)
        for place, (side, amount) in enumerate(paid, start=1)
    ]
    return one, postings


def journal() -> list[tuple[EntryRow, list[PostingRow]]]:
    """Every entry with its postings, in the order of their numbers."""
    first = settlement(
        4,
        1,
        FEB_28,
        relative=2,
        pool=30_000,
        supplements=4_000,
        account=6_000,
        family=3_000,
        cash=5_000,
        borne=2_000,
    )
    back = negated(first[0], id=5, kind="cancellation", accounting_date=MAR_1, made_at=at(MAR_1))
    return [
        *_openings(),
        first,
        (back, exchanged(first[1], 5)),
        settlement(
            6,
            1,
            MAR_1,
            relative=2,
            pool=12_000,
            supplements=1_000,
            account=4_000,
            family=2_000,
            cash=800,
            borne=200,
        ),
        (
            entry(
                7,
                1,
                "adjustment",
                MAR_31,
                benefit="ordinary",
                pool_fen=-2_000,
                owed_fen=-2_000,
                cause=6,
                meters=moved(-2_000),
            ),
            [posting(7, 1, ("receivable", "1"), ("pool", ""), 2_000)],
        ),
        (
            entry(
                8,
                2,
                "adjustment",
                MAR_31,
                benefit="ordinary",
                pool_fen=700,
                supplements_fen=100,
                owed_fen=800,
                cause=6,
                meters=moved(700),
            ),
            [
                posting(8, 1, ("pool", ""), ("payable", "2"), 700),
                posting(8, 2, ("supplement", "civil"), ("payable", "2"), 100),
            ],
        ),
        settlement(9, 3, MAR_31, OTHER, FAR, pool=1_000, cash=500),
        settlement(10, 2, APR_1, pool=600, cash=300),
        (
            entry(11, 2, "stay", APR_1, meters=(("disease_paid", YEAR, "糖尿病", 4_000),)),
            [],
        ),
    ]


def write(connection: Connection) -> None:
    """Write the people and the journal into an empty database, as its owner."""
    connection.execute(PEOPLE)
    with connection.transaction():
        written = journal()
        post(connection, [one for one, _ in written], [p for _, some in written for p in some])


@contextmanager
def written(server: str) -> Iterator[Callable[[], Any]]:
    """Makes copies of a database that holds the journal: each a context with its address."""
    name = f"gongji_books_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'create database "{name}" template "{databases.TEMPLATE}"')
        try:
            with psycopg.connect(make_conninfo(server, dbname=name), autocommit=True) as filled:
                write(filled)
            yield lambda: _copied(server, name)
        finally:
            connection.execute(f'drop database "{name}" with (force)')


@contextmanager
def _copied(server: str, name: str) -> Iterator[str]:
    made = f"gongji_copy_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'create database "{made}" template "{name}"')
        try:
            yield make_conninfo(server, dbname=made)
        finally:
            connection.execute(f'drop database "{made}" with (force)')


def forge(owner: Connection, *statements: str) -> None:
    """Change what no one may change, as only someone with the owner's password can."""
    for table in ("entry", "settlement", "posting", "closed_period"):
        owner.execute(f"alter table {table} disable trigger user")
    for name in ("settlement_conserves", "settlement_splits"):
        owner.execute(f"alter table settlement drop constraint if exists {name}")
    owner.execute("alter table balance drop constraint if exists balance_holds")
    for statement in statements:
        owner.execute(statement)


Told = tuple[str, str, str, int | None, str, str, str]


def told(connection: Connection, scope: Scope = ALL) -> list[Told]:
    """Every difference: check, area, person's last digit, entry, what, kept and rebuilt, sorted."""
    found = [
        (
            each.check,
            each.area,
            (each.person or "")[-1:],
            each.entry,
            each.what,
            each.kept,
            each.rebuilt,
        )
        for each in verify(connection, scope)
    ]
    return sorted(found, key=str)


def sheet_texts(path: Path, name: str) -> list[list[str]]:
    """The rows of a workbook's sheet as texts: amounts with two decimals, days as ISO."""
    found = CalamineWorkbook.from_path(path).get_sheet_by_name(name).to_python()
    return [
        [f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in row] for row in found
    ]
