"""Statements of a person and of an institution: what there was, every movement, what there is.

An account's statement shows its balance before the first day, each movement with its date, event
and article, and the balance after the last day. This module knows rows of the journal; how a
statement looks on paper is the command's.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import psycopg

from gongji.ledger.chart import KEPT, RISES_BY_DEBIT
from gongji.ledger.seals import DAY_SUMS
from gongji.refusals import Refusal
from gongji.units import Fen

Connection = psycopg.Connection[Any]
EntryKey = tuple[date, int]
"""The accounting date and the number of an entry: their order is that of an institution's."""
CivilDate = date
"""A date, where a field is called so."""
EVENTS = {
    "settlement": "结算",
    "cancellation": "撤销结算",
    "opening": "期初",
    "stay": "住院",
    "credit": "划入",
    "adjustment": "重新核算",
    "reimbursement": "零星报销",
    "payout": "支付个人",
    "recovery": "追回",
    "premium": "代扣补充保险费",
    "interest": "计息",
    "transfer": "转移",
    "inheritance": "继承",
    "repayment": "退回",
}
"""What kinds of entries about persons are called, as the table `entry_kind` has it."""
ACCOUNTS = {
    "account": "个人账户",
    "receivable": "应收（个人欠基金）",
    "payable": "应付（基金欠个人）",
}
"""What kinds of a person's accounts are called."""


@dataclass(frozen=True)
class Movement:
    """One movement: the event, its article, the amount (signed, fen) and the balance after it.

    Shape:   `kind` of its entry, `served` the day of service; `relation` what the account's owner
             is to the person whose care it paid, empty where that is the owner.
    """

    date: date
    entry: int
    event: str
    institution: str
    benefit: str
    article: str
    amount_fen: Fen
    balance_fen: Fen
    kind: str = ""
    served: CivilDate | None = None
    relation: str = ""


@dataclass(frozen=True)
class AccountStatement:
    """One account over a period.

    Ensures: closing = opening + the sum of the movements.
    """

    account: str
    opening_fen: Fen
    movements: tuple[Movement, ...]
    closing_fen: Fen

    @property
    def risen_fen(self) -> Fen:
        """What came onto it."""
        return sum(one.amount_fen for one in self.movements if one.amount_fen > 0)

    @property
    def fallen_fen(self) -> Fen:
        """What went off it."""
        return -sum(one.amount_fen for one in self.movements if one.amount_fen < 0)


@dataclass(frozen=True)
class MeterLine:
    """What was used of a meter by the end of the statement."""

    period: str
    meter: str
    slot: str
    used_fen: Fen


@dataclass(frozen=True)
class PersonStatement:
    """A person's accounts and the meters of the year of the last day."""

    psn_no: str
    name: str
    since: date
    until: date
    accounts: tuple[AccountStatement, ...]
    meters: tuple[MeterLine, ...] = field(default=())


@dataclass(frozen=True)
class DayLine:
    """What an institution did on a day for a benefit, cancellations taken off.

    Units:   fen; `owed_fen` is what is owed to it: what funds and accounts paid, without the cash
             that it took at the counter.
    """

    date: date
    benefit: str
    settlements: int
    total_fen: Fen
    pool_fen: Fen
    supplements_fen: Fen
    account_fen: Fen
    cash_fen: Fen
    borne_fen: Fen
    owed_fen: Fen


@dataclass(frozen=True)
class InstitutionStatement:
    """What was owed to an institution before, by day and benefit, and after.

    Ensures: closing = opening + the sum of what is owed by the lines.
    """

    institution: str
    name: str
    since: date
    until: date
    opening_fen: Fen
    lines: tuple[DayLine, ...]
    closing_fen: Fen


@dataclass(frozen=True)
class InstitutionEntry:
    """One entry of an institution by its accounting date: its event, `served` the day of service.

    Units:   fen; `owed_fen` what is owed to the institution by it, below zero what is no longer.
    """

    date: date
    entry: int
    event: str
    served: CivilDate
    benefit: str
    total_fen: Fen
    owed_fen: Fen

    @property
    def key(self) -> EntryKey:
        """What the entries before it are asked for by."""
        return self.date, self.entry


def of_person(connection: Connection, psn_no: str, since: date, until: date) -> PersonStatement:
    """A person's statement for the accounting dates from `since` to `until`, both included.

    Refuses: person_unknown; value_invalid.
    """
    _check_span(since, until)
    found = connection.execute("select id, name from person where psn_no = %s", [psn_no]).fetchone()
    if found is None:
        raise Refusal("person_unknown", "--person", {"value": psn_no})
    person, name = found
    accounts = tuple(_account(connection, person, kind, since, until) for kind in KEPT)
    meters = tuple(
        MeterLine(*row) for row in connection.execute(METERS, {"person": person, "until": until})
    )
    return PersonStatement(psn_no, name, since, until, accounts, meters)


def of_institution(
    connection: Connection, code: str, since: date, until: date
) -> InstitutionStatement:
    """An institution's statement for the accounting dates from `since` to `until`, both included.

    Ensures: no more is read than the days that there were and what was not sealed yet, however many
             the settlements.
    Refuses: institution_unknown; value_invalid.
    """
    _check_span(since, until)
    found = connection.execute("select name from institution where code = %s", [code]).fetchone()
    if found is None:
        raise Refusal("institution_unknown", "--institution", {"value": code})
    values = {"code": code, "since": since, "until": until}
    before = connection.execute(OWED_BEFORE, values).fetchone()
    assert before
    lines = tuple(DayLine(*row) for row in connection.execute(BY_DAY, values))
    closing = before[0] + sum(line.owed_fen for line in lines)
    return InstitutionStatement(code, found[0], since, until, before[0], lines, closing)


def latest_of_institution(
    connection: Connection, code: str, before: EntryKey | None, most: int
) -> list[InstitutionEntry]:
    """The latest entries of an institution, or those before one of them, the latest first.

    Ensures: no more rows are read than are given, however many the institution has.
    """
    day, number = before or (date.max, 0)
    values = {"code": code, "day": day, "number": number, "most": most}
    return [
        InstitutionEntry(day, entry, EVENTS.get(kind, kind), *more)
        for day, entry, kind, *more in connection.execute(LATEST, values)
    ]


def _check_span(since: date, until: date) -> None:
    if until < since:
        values = {"value": f"{since} 至 {until}", "allowed": "起始日不晚于截止日"}
        raise Refusal("value_invalid", "--from、--to", values)


def _account(
    connection: Connection, person: int, kind: str, since: date, until: date
) -> AccountStatement:
    sign = 1 if RISES_BY_DEBIT[kind] else -1
    values = {"owner": str(person), "kind": kind, "since": since, "until": until, "sign": sign}
    row = connection.execute(BALANCE_BEFORE, values).fetchone()
    assert row
    opening = int(row[0])
    movements = tuple(_running(connection, values, opening))
    closing = movements[-1].balance_fen if movements else opening
    return AccountStatement(kind, opening, movements, closing)


def _running(connection: Connection, values: dict[str, Any], balance: Fen) -> Iterator[Movement]:
    for day, entry, kind, institution, benefit, article, amount, *more in connection.execute(
        MOVEMENTS, values
    ):
        balance += amount
        event = EVENTS.get(kind, kind)
        told = (day, entry, event, institution, benefit, article, amount, balance)
        yield Movement(*told, kind, *more)


# The kinds are written out, so that the partial indexes on owners of such accounts serve.
_ONES = """
  select p.number, p.entry, p.article, p.amount_fen * %(sign)s as amount from posting p
  where p.debit_owner = %(owner)s and p.debit = %(kind)s
    and p.debit in ('account', 'receivable', 'payable')
  union all
  select p.number, p.entry, p.article, p.amount_fen * -%(sign)s from posting p
  where p.credit_owner = %(owner)s and p.credit = %(kind)s
    and p.credit in ('account', 'receivable', 'payable')"""

BALANCE_BEFORE = f"""
select coalesce(sum(x.amount), 0)::bigint from ({_ONES}) x join entry e on e.id = x.entry
where e.accounting_date < %(since)s"""

MOVEMENTS = f"""
select e.accounting_date, e.id, e.kind, e.institution, coalesce(s.benefit, ''), x.article, x.amount,
  e.service_date, case when e.person::text = %(owner)s then '' else coalesce((
    select f.value->>'relation' from jsonb_array_elements(s.facts->'accounts'->'family') f
    where f.value->>'person' = %(owner)s limit 1), '') end
from ({_ONES}) x join entry e on e.id = x.entry
left join settlement s on s.entry = e.id
where e.accounting_date between %(since)s and %(until)s
order by e.accounting_date, e.id, x.number"""

METERS = """
select m->>1, m->>0, m->>2, sum((m->>3)::bigint)::bigint
from entry e cross join lateral jsonb_array_elements(e.meters) m
where e.person = %(person)s and e.accounting_date <= %(until)s
  and extract(year from e.service_date) = extract(year from %(until)s::date)
group by 1, 2, 3 having sum((m->>3)::bigint) <> 0 order by 1, 2, 3"""

_OWED = "(s.total_fen - s.cash_fen - s.borne_fen)"
# The areas are skipped through by their index; in each only what no seal has taken yet is read.
_DAYS = f"""
with recursive areas as (
  select min(area) as area from entry
  union all
  select (select min(e.area) from entry e where e.area > a.area) from areas a
  where a.area is not null),
open as (
  select e.id, e.kind, e.accounting_date from areas a
  left join lateral (
    select through_xact from seal where area = a.area order by number desc limit 1) l on true
  cross join lateral (
    select id, kind, accounting_date from entry
    where area = a.area and xact >= coalesce(l.through_xact, '0'::xid8) and institution = %(code)s
      and kind in ('settlement', 'cancellation')
      and not exists (select from sealed d where d.entry = entry.id)) e),
days as (
  select accounting_date, benefit, settlements, total_fen, pool_fen, supplements_fen, account_fen,
    cash_fen, borne_fen, owed_fen from sealed_day where institution = %(code)s
  union all
  select o.accounting_date, s.benefit, case o.kind when 'settlement' then 1 else -1 end,
    s.total_fen, s.pool_fen, s.supplements_fen, s.account_fen + s.family_fen, s.cash_fen,
    s.borne_fen, {_OWED}
  from open o join settlement s on s.entry = o.id)"""
"""What an institution did, by day and benefit: what the seals took, and what none has taken."""
OWED_BEFORE = f"""{_DAYS}
select coalesce(sum(owed_fen), 0)::bigint from days where accounting_date < %(since)s"""

BY_DAY = f"""{_DAYS}
select accounting_date, benefit, {", ".join(f"sum({one})::bigint" for one in DAY_SUMS)}
from days where accounting_date between %(since)s and %(until)s
group by 1, 2 order by 1, 2"""

# The index entry_institution has them in this order.
LATEST = f"""
select e.accounting_date, e.id, e.kind, e.service_date, coalesce(s.benefit, ''),
  coalesce(s.total_fen, 0),
  case when e.kind in ('settlement', 'cancellation') then coalesce({_OWED}, 0) else 0 end
from entry e left join settlement s on s.entry = e.id
where e.institution = %(code)s and (e.accounting_date, e.id) < (%(day)s, %(number)s)
order by e.accounting_date desc, e.id desc limit %(most)s"""
