"""Settlements as they are kept, to be told again, and what a person used in a span."""

from datetime import date
from typing import Any

import msgspec
import psycopg

from gongji.ledger.entry_rows import COLUMNS, EntryRow, read_entry
from gongji.platform.inbox import INSTITUTION
from gongji.units import Fen

Connection = psycopg.Connection[Any]

_ENTRY = f"""select {", ".join(f"e.{name}" for name in COLUMNS)} from entry e
where e.id = %s and e.visit = %s and e.institution = %s and e.person_id = %s
  and e.kind in ('settlement', 'cancellation')"""
_AROUND = """select v.med_type, coalesce(nullif(b.disease, ''), v.disease), v.details, m.kind,
  exists (select 1 from entry r where r.reverses_id = %s)
from visit v left join charge_batch b on b.id = %s
left join inbox m on m.actor_kind = %s and m.actor = v.institution and m.msg_id = %s
where v.id = %s"""
_USED = """select to_char(e.service_date, 'YYYYMM'), coalesce(v.med_type, 'inpatient'),
  sum(case e.kind when 'settlement' then 1 when 'cancellation' then -1
      else (e.reverses_id is null)::int end),
  sum(e.total_fen), sum(e.deductible_fen), sum(e.pool_fen), sum(e.account_fen + e.family_fen),
  coalesce(sum(s.servants), 0)::bigint, coalesce(sum(s.large), 0)::bigint
from entry e left join visit v on v.id = e.visit
left join lateral (
  select sum(moved) filter (where payer = %(servants)s) as servants,
    sum(moved) filter (where payer in (%(large)s, %(major)s)) as large
  from (
    select case when credit = 'supplement' then credit_owner else debit_owner end as payer,
      case when credit = 'supplement' then amount_fen else -amount_fen end as moved
    from posting where entry_id = e.id and 'supplement' in (credit, debit)
  ) p) s on true
where e.person_id = %(person)s and e.kind in ('settlement', 'cancellation', 'stay')
  and e.service_date >= %(since)s and e.service_date < %(until)s
group by 1, 2 order by 1, 2"""
_PAYERS = {"servants": "公务员医疗补助", "large": "大额医疗费用补助", "major": "大病保险"}


class EntryAround(msgspec.Struct, frozen=True):
    """What stands around an entry: its visit, its message, whether it was cancelled."""

    med_type: str = ""
    disease: str = ""
    details: dict[str, Any] = {}
    kind: str | None = ""
    refunded: bool = False


class Used(msgspec.Struct, frozen=True):
    """What a person used in a month by kind of care.

    Units:   fen; `times` counts settlements and stays less cancellations.
    """

    month: str
    med_type: str
    times: int
    total_fen: Fen
    deductible_fen: Fen
    pool_fen: Fen
    accounts_fen: Fen
    servants_fen: Fen
    large_fen: Fen


def own_settlement(
    connection: Connection, institution: str, person: int, visit: int, number: int
) -> EntryRow | None:
    """An own settlement or cancellation of a person, or None where there is no such one."""
    row = connection.execute(_ENTRY, [number, visit, institution, person]).fetchone()
    return read_entry(row) if row else None


def around(connection: Connection, entry: EntryRow) -> EntryAround:
    """What stands around an entry."""
    row = connection.execute(
        _AROUND, [entry.id, entry.batch, INSTITUTION, entry.msgid, entry.visit]
    ).fetchone()
    return EntryAround(*row) if row else EntryAround()


def used_in(connection: Connection, person: int, since: date, until: date) -> list[Used]:
    """What a person used from a day on and before another, by month and kind of care."""
    values = {"person": person, "since": since, "until": until, **_PAYERS}
    return [Used(*row[:2], *map(int, row[2:])) for row in connection.execute(_USED, values)]
