"""Visits, diagnoses and fee lines as they are kept and as they were settled, to be read again.

An institution reads its own only; what it may not see is told like what is not there.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
import psycopg
from psycopg.rows import class_row, dict_row

from gongji.ledger.entry_contents import SettledFacts, read_facts
from gongji.settlement.batch_marks import read_marks
from gongji.units import Fen

Connection = psycopg.Connection[Any]

_VISITS = """select v.id, v.begun_at, v.med_type, v.disease, v.number, v.details, v.diagnoses,
  v.created_at, v.withdrawn_at, s.settled_at
from visit v left join lateral (
  select max(e.made_at) as settled_at from settlement t join entry e on e.id = t.entry
  where t.visit = v.id and e.kind = 'settlement'
    and not exists (select 1 from entry r where r.reverses = e.id)
) s on true
where v.institution = %(institution)s and v.person_id = %(person)s
  and v.begun_at >= %(since)s and v.begun_at <= %(until)s
  and (%(med_type)s = '' or v.med_type = %(med_type)s)
  and (%(visit)s::bigint is null or v.id = %(visit)s)
order by v.begun_at, v.id limit %(most)s"""
_ONE_VISIT = """select v.id, v.diagnoses, v.created_at from visit v
where v.id = %s and v.institution = %s and v.person_id = %s"""
_LINES = """select v.id as visit, v.med_type, v.begun_at, b.created_at, b.marks,
  t.entry as settled_by,
  e.facts, l.serial, l.item, l.own_item, l.quantity_e4,
  l.price_micro, l.amount_fen, l.above_standard_fen, l.wholly_own_fen, l.first_self_pay_fen,
  l.in_scope_fen, l.details, i.name, i.list_type, i.specification, m.own_name,
  m.details as matched
from fee_line l join charge_batch b on b.id = l.batch_id join visit v on v.id = b.visit_id
left join settlement_batch t on t.batch = b.id and t.released_at is null
left join settlement e on e.entry = t.entry left join item_version i on i.id = l.version
left join lateral (
  select m.own_name, m.details from item_match m where m.institution = v.institution
    and m.own_item = l.own_item and m.item = l.item and m.retired_at is null
  order by m.since desc limit 1
) m on true
where v.institution = %(institution)s and v.person_id = %(person)s
  and b.withdrawn_at is null and """
_OF_VISIT = """v.id = %(visit)s and (%(entry)s::bigint is null or b.id in (
  select t.batch from entry c join settlement_batch t on t.entry in (c.id, c.reverses)
  where c.id = %(entry)s)) order by l.id"""
_OF_DISEASES = """e.benefit = any(%(benefits)s) and v.begun_at >= %(since)s
  and v.begun_at <= %(until)s and i.list_type like '10_' order by v.begun_at, l.id limit %(most)s"""
_FOR_DISEASES = ["chronic", "special", "two_diseases", "dual_channel", "negotiated_drug"]


class VisitsAsked(msgspec.Struct, frozen=True):
    """An institution's own visits of a person in a span (both ends included), the oldest first.

    `med_type` and `visit` narrow it where they are given; at most `most` are told.
    """

    institution: str
    person: int
    since: datetime
    until: datetime
    med_type: str = ""
    visit: int | None = None
    most: int = 5000


class KeptVisit(msgspec.Struct, frozen=True):
    """A visit as it is kept; `settled_at` is when a settlement of it that stands was made."""

    id: int
    begun_at: datetime
    med_type: str
    disease: str
    number: str
    details: dict[str, Any]
    diagnoses: list[dict[str, Any]]
    created_at: datetime
    withdrawn_at: datetime | None
    settled_at: datetime | None


class KeptDiagnoses(msgspec.Struct, frozen=True):
    """The diagnoses of a visit that stand."""

    id: int
    diagnoses: list[dict[str, Any]]
    created_at: datetime


class KeptSplit(msgspec.Struct, frozen=True):
    """What became of a line: as it was settled, else as it was priced.

    Units:   fen, ppm; `limit_fen` None where nothing limits the price.
    """

    amount_fen: Fen
    above_standard_fen: Fen
    wholly_own_fen: Fen
    first_self_pay_fen: Fen
    in_scope_fen: Fen
    limit_fen: Fen | None
    share_ppm: int


def visits_of(connection: Connection, asked: VisitsAsked) -> list[KeptVisit]:
    """The visits that were asked for."""
    with connection.cursor(row_factory=class_row(KeptVisit)) as cursor:
        return cursor.execute(_VISITS, msgspec.structs.asdict(asked)).fetchall()


def diagnoses_of(
    connection: Connection, institution: str, person: int, visit: int
) -> KeptDiagnoses | None:
    """The diagnoses of an own visit, or None where there is no such visit."""
    with connection.cursor(row_factory=class_row(KeptDiagnoses)) as cursor:
        return cursor.execute(_ONE_VISIT, [visit, institution, person]).fetchone()


def kind_of_visit(connection: Connection, visit: int | None) -> str:
    """The kind of care of a visit; empty where there is none."""
    row = connection.execute("select med_type from visit where id = %s", [visit]).fetchone()
    return str(row[0]) if row else ""


def lines_of(
    connection: Connection, institution: str, person: int, visit: int, entry: int | None
) -> list[dict[str, Any]]:
    """The fee lines of an own visit, or of one of its settlements."""
    values = {"institution": institution, "person": person, "visit": visit, "entry": entry}
    return _lines(connection, _LINES + _OF_VISIT, values)


def drugs_for_diseases(connection: Connection, asked: VisitsAsked) -> list[dict[str, Any]]:
    """The drugs that were settled for a chronic or special disease, or are for one."""
    values = msgspec.structs.asdict(asked) | {"benefits": _FOR_DISEASES}
    return _lines(connection, _LINES + _OF_DISEASES, values)


def _lines(connection: Connection, sql: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql, values).fetchall()


def split_of(row: Mapping[str, Any], priced: Mapping[str, Any]) -> KeptSplit:
    """What became of a line: as it was settled, else as it was priced."""
    settled = read_facts(row["facts"] or {})
    told = settled.sums if isinstance(settled, SettledFacts) else read_marks(row["marks"])
    unrelated = row["serial"] in told.unrelated
    above, own, first, scope = (
        row[name]
        for name in ("above_standard_fen", "wholly_own_fen", "first_self_pay_fen", "in_scope_fen")
    )
    amount: Fen = row["amount_fen"]
    if unrelated:
        return KeptSplit(amount, 0, amount, 0, 0, None, 10**6)
    limit, share = priced.get("limit_fen"), priced.get("share_ppm", 10**6)
    return KeptSplit(amount, above, own, first, scope, limit, share)


_TREATED = """select exists (select from visit where person_id = %s and institution = %s
  and begun_at >= %s and begun_at < %s and withdrawn_at is null)"""


def treated(
    connection: Connection, institution: str, person: int, days: tuple[datetime, datetime]
) -> bool:
    """Whether a person has a visit at an institution, not withdrawn, that began within a span."""
    row = connection.execute(_TREATED, [person, institution, *days]).fetchone()
    return bool(row and row[0])
