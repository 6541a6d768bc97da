"""The daily trial balance: every kind of account, what moved on a day, what it stands at.

Every posting has a debit and a credit of one amount, so the two sides are equal by construction;
what the trial balance shows is that the journal, the entries and the two sides that people see
(institutions and persons) say the same.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from gongji.units import Fen

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class TrialLine:
    """A kind of account over all owners: brought forward, debits and credits of the day, after.

    Units:   fen; a standing is debits less credits.
    """

    account: str
    before_fen: Fen
    debit_fen: Fen
    credit_fen: Fen
    after_fen: Fen


@dataclass(frozen=True)
class TrialAgreement:
    """One amount as two sides say it."""

    what: str
    journal_fen: Fen
    other_fen: Fen

    @property
    def agrees(self) -> bool:
        """Whether they say the same."""
        return self.journal_fen == self.other_fen


@dataclass(frozen=True)
class TrialBalance:
    """The books at the end of a day.

    Ensures: debits and credits of the lines add to the same.
    """

    day: date
    area: str
    lines: tuple[TrialLine, ...]
    agreements: tuple[TrialAgreement, ...]

    @property
    def agrees(self) -> bool:
        """Whether all sides say the same."""
        sides = sum(line.debit_fen - line.credit_fen for line in self.lines)
        standing = sum(line.after_fen for line in self.lines)
        return not sides and not standing and all(each.agrees for each in self.agreements)


def trial(connection: Connection, day: date, area: str = "") -> TrialBalance:
    """The trial balance of an area (or all) at the end of a day."""
    values = {"day": day, "area": area}
    found = connection.execute(LINES, values).fetchall()
    lines = tuple(TrialLine(*row[:-1]) for row in found)
    settled = {row[0]: row[-1] for row in found}
    moved = {line.account: line.after_fen for line in lines}
    entered = connection.execute(ENTERED, values).fetchone()
    persons = connection.execute(KEPT, values).fetchone()
    assert entered and persons
    claims = settled.get("payable", 0) + settled.get("receivable", 0)
    agreements = [
        TrialAgreement("统筹基金支付 = 各笔结算", settled.get("pool", 0), entered[0]),
        TrialAgreement("补充资金支付 = 各笔结算", settled.get("supplement", 0), entered[1]),
        TrialAgreement("个人账户支付 = 各笔结算", settled.get("account", 0), entered[2]),
        TrialAgreement("应付医药机构 = 各笔结算", -settled.get("provider", 0), entered[3]),
        TrialAgreement("应付与应收个人 = 各笔核算", -claims, entered[4]),
    ]
    if entered[5]:
        # What persons have is kept as of now: it can be held against the last day only.
        agreements += [
            TrialAgreement("个人账户 = 各人余额", -moved.get("account", 0), persons[0]),
            TrialAgreement("应付个人 = 各人应付", -moved.get("payable", 0), persons[1]),
            TrialAgreement("应收个人 = 各人应收", moved.get("receivable", 0), persons[2]),
        ]
    return TrialBalance(day, area, lines, tuple(agreements))


_POSTED = """posting p join entry e on e.id = p.entry join entry_kind k on k.kind = e.kind
  where e.accounting_date <= %(day)s and (%(area)s = '' or e.area = %(area)s)"""
LINES = f"""
with side as (
  select p.debit as account, e.accounting_date as day, p.amount_fen as debit, 0 as credit, k.settles
  from {_POSTED}
  union all
  select p.credit, e.accounting_date, 0, p.amount_fen, k.settles
  from {_POSTED})
select account, coalesce(sum(debit - credit) filter (where day < %(day)s), 0)::bigint,
  coalesce(sum(debit) filter (where day = %(day)s), 0)::bigint,
  coalesce(sum(credit) filter (where day = %(day)s), 0)::bigint, sum(debit - credit)::bigint,
  coalesce(sum(debit - credit) filter (where settles), 0)::bigint
from side group by account order by account"""
"""By kind of account; the last column is what settlements and what corrects them moved."""

ENTERED = """
select coalesce(sum(s.pool_fen), 0)::bigint, coalesce(sum(s.supplements_fen), 0)::bigint,
  coalesce(sum(s.account_fen + s.family_fen), 0)::bigint,
  coalesce(sum(s.total_fen - s.cash_fen - s.borne_fen), 0)::bigint,
  coalesce(sum(s.owed_fen), 0)::bigint,
  not exists (select 1 from entry where accounting_date > %(day)s
              and (%(area)s = '' or area = %(area)s))
from entry e join settlement s on s.entry = e.id
where e.accounting_date <= %(day)s and (%(area)s = '' or e.area = %(area)s)"""

KEPT = """
select coalesce(sum(amount_fen) filter (where kind = 'account'), 0)::bigint,
  coalesce(sum(amount_fen) filter (where kind = 'payable'), 0)::bigint,
  coalesce(sum(amount_fen) filter (where kind = 'receivable'), 0)::bigint
from balance where %(area)s = '' or area = %(area)s"""
