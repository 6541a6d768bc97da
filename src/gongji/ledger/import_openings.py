"""Files of openings, and how their rows become entries of the journal."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from psycopg import Connection

from gongji.law.engine.areas import Areas
from gongji.ledger.meter_rows import JOIN
from gongji.ledger.openings import Opening, OpeningBalance, OpeningMeter, enter
from gongji.people.import_people import take_stored
from gongji.platform.actors import Actor
from gongji.platform.imports.common_columns import AREA, PSN_NO, one_of, yuan
from gongji.platform.imports.dated_rows import Counts
from gongji.platform.imports.import_columns import Column, Kind, day, text
from gongji.platform.imports.import_run import RoomImport, Store, Stored
from gongji.refusals import RulebookError

Database = Connection[Any]
Rows = Sequence[tuple[int, dict[str, Any]]]
Key = tuple[object, ...]
C = Column
ACCOUNTS = {"个人账户": "account", "应收": "receivable", "应付": "payable"}
OPENING_BALANCES = Kind(
    "opening_balance",
    "期初余额",
    "上线时个人账户等的余额，作为期初分录入账",
    (
        PSN_NO,
        AREA,
        C("day", "日期", day, "余额的日期", "2025-01-01", True),
        one_of("account", "账户", ACCOUNTS, "哪个账户；空为个人账户", "个人账户", empty="account"),
        yuan("amount_fen", "余额", "余额", "1234.56", required=True),
    ),
)
OPENING_METERS = Kind(
    "opening_meter",
    "期初累计",
    "上线时本年已用的累计（起付、支付），作为期初分录入账",
    (
        PSN_NO,
        AREA,
        C("day", "日期", day, "累计所属期间内的一天", "2025-01-01", True),
        C(
            "meter",
            "累计代号",
            text(80),
            "规则里的累计代号；分项的在后面加点和代号",
            "ordinary_paid",
            True,
        ),
        C("slot", "分项", text(120), "病种、药品等不定的分项；没有则空", ""),
        yuan("amount_fen", "已用", "已用的金额", "350.00", required=True),
    ),
)
IMPORT = RoomImport((OPENING_BALANCES, OPENING_METERS), take_stored, stored=True)

_BALANCES = """select e.person, e.area, extract(year from e.service_date)::int,
  case when p.credit = 'opening' then p.debit else p.credit end, p.amount_fen
from entry e join posting p on p.entry = e.id
where e.kind = 'opening' and e.person = any(%s)"""
_METERS = """select e.person, e.area, extract(year from e.service_date)::int,
  m->>0, m->>2, (m->>3)::bigint
from entry e cross join lateral jsonb_array_elements(e.meters) m
where e.kind = 'opening' and e.person = any(%s)"""


def opening_stores(areas: Areas, actor: Actor) -> dict[str, Store]:
    """The stores of openings (`gongji.platform.imports.load_files`)."""
    store = partial(_enter, opened=partial(enter, area_of=areas.area, actor=actor))

    def balances(connection: Database, rows: Rows, now: datetime) -> Stored:
        made = {line: _balance(row) for line, row in rows}
        keys = {line: _key(row, row["account"], row["amount_fen"]) for line, row in rows}
        return store(connection, made, keys, _known(connection, _BALANCES, rows), now)

    def meters(connection: Database, rows: Rows, now: datetime) -> Stored:
        made = {line: _meter(row) for line, row in rows}
        keys = {
            line: _key(row, row["meter"], row["slot"].replace(JOIN, " "), row["amount_fen"])
            for line, row in rows
        }
        return store(connection, made, keys, _known(connection, _METERS, rows), now)

    return {OPENING_BALANCES.name: balances, OPENING_METERS.name: meters}


def _key(row: dict[str, Any], *rest: object) -> Key:
    return (row["person_id"], row["area"], row["day"].year, *rest)


def _balance(row: dict[str, Any]) -> OpeningBalance:
    return OpeningBalance(row["psn_no"], row["area"], row["day"], row["account"], row["amount_fen"])


def _meter(row: dict[str, Any]) -> OpeningMeter:
    return OpeningMeter(
        row["psn_no"], row["area"], row["day"], row["meter"], row["slot"], row["amount_fen"]
    )


def _known(connection: Database, statement: str, rows: Rows) -> set[Key]:
    people = list({row["person_id"] for _, row in rows})
    return set(connection.execute(statement, [people]).fetchall())


def _enter(
    connection: Database,
    made: Mapping[int, Opening],
    keys: Mapping[int, Key],
    known: Iterable[Key],
    now: datetime,
    opened: Callable[..., int],
) -> Stored:
    """Openings that were not entered before; the same amount again is no other opening."""
    entered = set(known)
    fresh = [line for line in made if keys[line] not in entered]
    try:
        opened(connection, [made[line] for line in fresh], now=now)
    except RulebookError as error:
        told = [(fresh[p.line - 1], "psn_no", p.message) for p in error.problems]
        return Stored(problems=told)
    return Stored(Counts(same=len(made) - len(fresh), new=len(fresh)))
