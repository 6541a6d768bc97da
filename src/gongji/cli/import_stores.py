"""What the registry's imports hand on to the ledger and to settlement: openings and stays."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg import Connection

from gongji.law.engine.areas import Areas
from gongji.ledger.meter_rows import JOIN
from gongji.ledger.openings import Opening, OpeningBalance, OpeningMeter, enter
from gongji.refusals import Refusal, RulebookError
from gongji.registry.dated_rows import Counts
from gongji.registry.import_run import Store, Stored
from gongji.settlement.stays import StayReport, record_stay

Database = Connection[Any]
Rows = Sequence[tuple[int, dict[str, Any]]]
Key = tuple[object, ...]

_BALANCES = """select e.person_id, e.area, extract(year from e.service_date)::int,
  case when p.credit = 'opening' then p.debit else p.credit end, p.amount_fen
from entry e join posting p on p.entry_id = e.id
where e.kind = 'opening' and e.person_id = any(%s)"""
_METERS = """select e.person_id, e.area, extract(year from e.service_date)::int,
  m->>0, m->>2, (m->>3)::bigint
from entry e cross join lateral jsonb_array_elements(e.meters) m
where e.kind = 'opening' and e.person_id = any(%s)"""


def stores(areas: Areas) -> Mapping[str, Store]:
    """The stores of `gongji.registry.imports.load` for everything that goes into the ledger."""

    def balances(connection: Database, rows: Rows, now: datetime) -> Stored:
        made = {line: _balance(row) for line, row in rows}
        keys = {line: _key(row, row["account"], row["amount_fen"]) for line, row in rows}
        return _enter(connection, made, keys, _known(connection, _BALANCES, rows), areas, now)

    def meters(connection: Database, rows: Rows, now: datetime) -> Stored:
        made = {line: _meter(row) for line, row in rows}
        keys = {
            line: _key(row, row["meter"], row["slot"].replace(JOIN, " "), row["amount_fen"])
            for line, row in rows
        }
        return _enter(connection, made, keys, _known(connection, _METERS, rows), areas, now)

    def stays(connection: Database, rows: Rows, now: datetime) -> Stored:
        return _record(connection, rows, areas, now)

    return {"opening_balance": balances, "opening_meter": meters, "stay": stays}


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
    areas: Areas,
    now: datetime,
) -> Stored:
    """Openings that were not entered before; the same amount again is no other opening."""
    entered = set(known)
    fresh = [line for line in made if keys[line] not in entered]
    try:
        enter(connection, [made[line] for line in fresh], areas.area, now)
    except RulebookError as error:
        told = [(fresh[p.line - 1], "psn_no", p.message) for p in error.problems]
        return Stored(problems=told)
    return Stored(Counts(same=len(made) - len(fresh), new=len(fresh)))


def _record(connection: Database, rows: Rows, areas: Areas, now: datetime) -> Stored:
    """Stays one by one, so that each refusal names its row."""
    stored = Stored()
    for line, row in rows:
        report = StayReport(
            psn_no=row["psn_no"],
            area=row["area"],
            number=row["key"],
            since=row["since"],
            until=row["until"],
            institution=row["institution"],
            level=row["level"],
            from_emergency=row["from_emergency"],
            died=row["died"],
            deductible_fen=row["deductible_fen"],
            pool_fen=row["pool_fen"],
            total_fen=row["total_fen"],
        )
        try:
            outcome = record_stay(connection, report, areas, now)
        except Refusal as error:
            stored.problems.append((line, error.field, str(error)))
            continue
        stored.counts += Counts(same=1) if outcome.entry is None else Counts(new=1)
    return stored
