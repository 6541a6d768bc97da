"""Settlements as they are kept, to be told again, and what a person used in a span."""

from datetime import date
from typing import Any

import msgspec
import psycopg

from gongji.ledger.entry_rows import READ, EntryRow, read_entry
from gongji.platform.inbox import INSTITUTION
from gongji.refusals import Refusal
from gongji.units import Fen

Connection = psycopg.Connection[Any]

_ENTRY = f"""{READ}
where e.id = %s and e.institution = %s and e.person = %s
  and e.kind in ('settlement', 'cancellation')"""
_AROUND = """select v.med_type, coalesce(nullif(b.disease, ''), v.disease), v.details,
  coalesce(m.msg_id, ''), m.kind, (
    with recursive chain as (
      select id from entry where reverses = %(entry)s
      union all select e.id from chain c join entry e on e.reverses = c.id)
    select count(*) %% 2 = 1 from chain)
from visit v
left join lateral (
  select c.disease from settlement_batch s join charge_batch c on c.id = s.batch
  where s.entry in (%(entry)s, %(reversed)s) order by c.id limit 1) b on true
left join lateral (
  select i.msg_id, i.kind from inbox i
  where i.entry = %(entry)s and i.actor_kind = %(kind)s and i.actor = v.institution
  limit 1) m on true
where v.id = %(visit)s"""
_USED = """select to_char(e.service_date, 'YYYYMM'), coalesce(v.med_type, 'inpatient'),
  sum(case e.kind when 'settlement' then 1 when 'cancellation' then -1
      else (e.reverses is null)::int end),
  sum(s.total_fen), sum(s.deductible_fen), sum(s.pool_fen), sum(s.account_fen + s.family_fen),
  coalesce(sum(f.servants), 0)::bigint, coalesce(sum(f.large), 0)::bigint
from entry e join settlement s on s.entry = e.id left join visit v on v.id = s.visit
left join lateral (
  select sum(moved) filter (where payer = %(servants)s) as servants,
    sum(moved) filter (where payer in (%(large)s, %(major)s)) as large
  from (
    select case when debit = 'supplement' then debit_owner else credit_owner end as payer,
      case when debit = 'supplement' then amount_fen else -amount_fen end as moved
    from posting where entry = e.id and 'supplement' in (credit, debit)
  ) p) f on true
where e.person = %(person)s and e.kind in ('settlement', 'cancellation', 'stay')
  and e.service_date >= %(since)s and e.service_date < %(until)s
group by 1, 2 order by 1, 2"""
_PAYERS = {"servants": "公务员医疗补助", "large": "大额医疗费用补助", "major": "大病保险"}


class EntryAround(msgspec.Struct, frozen=True):
    """What stands around an entry: its visit, its message, whether it stands as cancelled."""

    med_type: str = ""
    disease: str = ""
    details: dict[str, Any] = {}
    msg_id: str = ""
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
    connection: Connection, institution: str, person: int, number: int
) -> EntryRow | None:
    """An own settlement or cancellation of a person, or None where there is no such one."""
    row = connection.execute(_ENTRY, [number, institution, person]).fetchone()
    return read_entry(row) if row else None


def settlement_of_visit(
    connection: Connection, institution: str, person: int, number: int, visit: int
) -> EntryRow:
    """An own settlement or cancellation of a person's visit.

    Refuses: settlement_unknown, settlement_of_another_visit.
    """
    entry = own_settlement(connection, institution, person, number)
    if entry is None:
        raise Refusal("settlement_unknown", "setl_id", {"value": str(number)})
    if entry.settlement.visit != visit:
        raise of_another_visit(number, visit)
    return entry


def of_another_visit(number: int, visit: int) -> Refusal:
    """The refusal of a settlement that is there, and whose visit is named wrongly."""
    values = {"value": str(number), "visit": str(visit)}
    return Refusal("settlement_of_another_visit", "mdtrt_id", values)


def around(connection: Connection, entry: EntryRow) -> EntryAround:
    """What stands around an entry."""
    values = {
        "entry": entry.id,
        "reversed": entry.reverses,
        "kind": INSTITUTION,
        "visit": entry.settlement.visit,
    }
    row = connection.execute(_AROUND, values).fetchone()
    return EntryAround(*row) if row else EntryAround()


def used_in(connection: Connection, person: int, since: date, until: date) -> list[Used]:
    """What a person used from a day on and before another, by month and kind of care."""
    values = {"person": person, "since": since, "until": until, **_PAYERS}
    return [Used(*row[:2], *map(int, row[2:])) for row in connection.execute(_USED, values)]
