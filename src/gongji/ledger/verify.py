"""Verify the ledger: meters and balances rebuilt from the journal, entries held against postings.

Everything is counted by the database in ranges of persons or of entries, so memory does not grow
with the journal. Whether the law gives the stored amounts again is `gongji.settlement.replay`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
from psycopg.rows import dict_row

from gongji.ledger.chart import RISES_BY_DEBIT

Connection = psycopg.Connection[Any]
Progress = Callable[[int], object]
PERSONS, ENTRIES = 5_000, 50_000
"""How many persons, or entries, a range holds."""


@dataclass(frozen=True)
class Difference:
    """Something that is kept otherwise than the journal says.

    Shape:   `check` is the check's name; `person` is masked; `what` the meter, balance or amount.
    """

    check: str
    area: str
    person: str
    entry: int | None
    what: str
    kept: str
    rebuilt: str


@dataclass(frozen=True)
class Scope:
    """What is verified: an area or all, a span of accounting dates or all.

    Meters and balances have no date and are verified whole, whatever the span.
    """

    area: str = ""
    since: date = date.min
    until: date = date.max


ALL = Scope()
"""The whole ledger."""


def nothing(done: int) -> None:
    """No progress bar."""


def verify(
    connection: Connection, scope: Scope = ALL, progress: Progress = nothing
) -> Iterator[Difference]:
    """Every difference; none if the ledger is right. The caller holds no transaction.

    Ensures: all is read from one snapshot, so that settlements meanwhile do not disturb.
    """
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        for start, end in ranges(connection, "entry", "id", ENTRIES):
            for statement in (AMOUNTS, MIRRORS, MIRRORED_POSTINGS):
                yield from _differences(connection, statement, scope, start, end)
            progress(end - start)
        for start, end in ranges(connection, "person", "id", PERSONS):
            yield from _differences(connection, METERS, scope, start, end)
            progress(end - start)
        yield from _differences(connection, BALANCES, scope, 0, 0)
        yield from _differences(connection, TOTALS, scope, 0, 0)


def extent(connection: Connection) -> int:
    """How far the progress goes."""
    return sum(
        end - start
        for table, size in (("entry", ENTRIES), ("person", PERSONS))
        for start, end in ranges(connection, table, "id", size)
    )


def ranges(connection: Connection, table: str, column: str, size: int) -> Iterator[tuple[int, int]]:
    """Half-open ranges of ids that cover a table."""
    row = connection.execute(
        f"select coalesce(min({column}), 0), coalesce(max({column}), -1) from {table}"
    ).fetchone()
    assert row
    first, last = row
    for start in range(first, last + 1, size):
        yield start, min(start + size, last + 1)


def _differences(
    connection: Connection, statement: str, scope: Scope, start: int, end: int
) -> Iterator[Difference]:
    values = {
        "area": scope.area,
        "since": scope.since,
        "until": scope.until,
        "start": start,
        "end": end,
    }
    with connection.cursor("differences", row_factory=dict_row) as cursor:
        cursor.execute(statement, values)
        for row in cursor:
            yield Difference(**row)


MASKED = "left(w.psn_no, 4) || repeat('*', greatest(length(w.psn_no) - 8, 0)) || right(w.psn_no, 4)"
_CHOSEN = """e.id >= %(start)s and e.id < %(end)s and (%(area)s = '' or e.area = %(area)s)
  and e.accounting_date >= %(since)s and e.accounting_date < %(until)s"""

# Only the columns that are looked at: facts and results are wide.
_COLUMNS = """e.id, e.area, e.person_id, e.kind, e.total_fen, e.pool_fen, e.supplements_fen,
  e.account_fen, e.family_fen, e.cash_fen, e.borne_fen"""

AMOUNTS = f"""
with chosen as (select {_COLUMNS} from entry e where {_CHOSEN}),
moved as (
  select p.entry_id,
    sum(case when p.credit = 'pool' then amount_fen else 0 end
      - case when p.debit = 'pool' then amount_fen else 0 end) as pool,
    sum(case when p.credit = 'supplement' then amount_fen else 0 end
      - case when p.debit = 'supplement' then amount_fen else 0 end)
      as supplements,
    sum(case when p.credit = 'cash' then amount_fen else 0 end
      - case when p.debit = 'cash' then amount_fen else 0 end) as cash,
    sum(case when p.debit = 'provider' then amount_fen else 0 end
      - case when p.credit = 'provider' then amount_fen else 0 end)
      as provider,
    sum(case when p.credit = 'account' and p.credit_owner = c.person_id::text then amount_fen
        else 0 end - case when p.debit = 'account' and p.debit_owner = c.person_id::text
        then amount_fen else 0 end) as account,
    sum(case when p.credit = 'account' and p.credit_owner <> c.person_id::text then amount_fen
        else 0 end - case when p.debit = 'account' and p.debit_owner <> c.person_id::text
        then amount_fen else 0 end) as family,
    sum(case when p.debit in ('payable', 'receivable') then amount_fen else 0 end
      - case when p.credit in ('payable', 'receivable') then amount_fen else 0 end) as claims,
    count(*) filter (where p.area <> c.area) as strangers
  from chosen c join posting p on p.entry_id = c.id group by p.entry_id)
select 'amounts' as check, c.area, {MASKED} as person, c.id as entry, x.what,
  x.kept::text as kept, x.rebuilt::text as rebuilt
from chosen c left join moved m on m.entry_id = c.id left join person w on w.id = c.person_id
cross join lateral (values
  ('pool_fen', c.pool_fen, coalesce(m.pool, 0), true),
  ('supplements_fen', c.supplements_fen, coalesce(m.supplements, 0), true),
  ('account_fen', c.account_fen, coalesce(m.account, 0), c.kind in ('settlement', 'cancellation')),
  ('family_fen', c.family_fen, coalesce(m.family, 0), c.kind in ('settlement', 'cancellation')),
  ('cash_fen', c.cash_fen, coalesce(m.cash, 0), c.kind in ('settlement', 'cancellation')),
  ('cash_fen', c.cash_fen, -coalesce(m.claims, 0), c.kind = 'adjustment'),
  ('total_fen - borne_fen', c.total_fen - c.borne_fen, coalesce(m.provider, 0), true),
  ('area', 0, coalesce(m.strangers, 0), true)
) as x(what, kept, rebuilt, applies)
where x.applies and x.kept <> x.rebuilt
"""
"""Every amount of an entry is what its postings move."""

_AMOUNTS = (
    "total_fen",
    "above_standard_fen",
    "wholly_own_fen",
    "first_self_pay_fen",
    "in_scope_fen",
    "deductible_fen",
    "pool_fen",
    "supplements_fen",
    "account_fen",
    "family_fen",
    "cash_fen",
    "borne_fen",
)
_NEGATED = " or ".join(f"c.{name} <> -o.{name}" for name in _AMOUNTS)


def _unlike(value: str) -> str:
    """The amounts that are not the other sign of what is reversed: name and value of each."""
    cases = [f"case when c.{n} <> -o.{n} then '{n} ' || {value.format(n)} end" for n in _AMOUNTS]
    return f"concat_ws(', ', {', '.join(cases)})"


def _moves(entry: str, sign: str) -> str:
    """The moves of an entry with a sign, but for meters that it only looked at."""
    return f"""
  select coalesce(jsonb_agg(jsonb_build_array(m->0, m->1, m->2, {sign}(m->>3)::bigint)
    order by m->0, m->1, m->2), '[]')
  from jsonb_array_elements({entry}.meters) x(m) where (m->>3)::bigint <> 0"""


MIRRORS = f"""
with chosen as (select * from entry e where {_CHOSEN} and e.reverses_id is not null)
select 'mirror' as check, c.area, {MASKED} as person, c.id as entry, x.what, x.kept, x.rebuilt
from chosen c join entry o on o.id = c.reverses_id left join person w on w.id = c.person_id
cross join lateral (select ({_moves("o", "-")}) as meters, ({_moves("c", "")}) as kept) r
cross join lateral (values
  ('amounts', {_NEGATED}, {_unlike("c.{0}")}, {_unlike("-o.{0}")}),
  ('meters', r.kept <> r.meters, r.kept::text, r.meters::text),
  ('area', c.area <> o.area, c.area, o.area),
  ('person_id', c.person_id is distinct from o.person_id, c.person_id::text, o.person_id::text),
  ('institution', c.institution <> o.institution, c.institution, o.institution)
) as x(what, differs, kept, rebuilt)
where x.differs
"""
"""A cancellation (or what takes one back) is what it reverses with the other sign."""

MIRRORED_POSTINGS = f"""
with chosen as (select * from entry e where {_CHOSEN} and e.reverses_id is not null)
select 'mirror' as check, c.area, {MASKED} as person, c.id as entry, x.what,
  x.kept::text as kept, x.rebuilt::text as rebuilt
from chosen c left join person w on w.id = c.person_id
cross join lateral (
  select debit || '/' || credit as what, coalesce(sum(amount) filter (where ours), 0) as kept,
    coalesce(sum(amount) filter (where not ours), 0) as rebuilt
  from (
    select true as ours, debit, debit_owner, credit, credit_owner, amount_fen as amount
    from posting where entry_id = c.id
    union all
    select false, credit, credit_owner, debit, debit_owner, amount_fen
    from posting where entry_id = c.reverses_id) p
  group by debit, debit_owner, credit, credit_owner
  having coalesce(sum(amount) filter (where ours), 0)
    <> coalesce(sum(amount) filter (where not ours), 0)) x
"""
"""A cancellation (or what takes one back) moves back what was moved."""

METERS = f"""
with rebuilt as (
  select e.area, e.person_id, m->>1 as period, m->>2 as slot, m->>0 as code,
    sum((m->>3)::bigint) as used
  from entry e cross join lateral jsonb_array_elements(e.meters) m
  where e.person_id >= %(start)s and e.person_id < %(end)s
    and (%(area)s = '' or e.area = %(area)s)
  group by 1, 2, 3, 4, 5),
kept as (
  select * from meter_use where person_id >= %(start)s and person_id < %(end)s
    and (%(area)s = '' or area = %(area)s))
select 'meter' as check, area, {MASKED} as person, null::bigint as entry,
  concat_ws(' ', code, period, nullif(slot, '')) as what,
  coalesce(k.used_fen, 0)::text as kept, coalesce(r.used, 0)::text as rebuilt
from rebuilt r full join kept k using (area, person_id, period, slot, code)
left join (select id, psn_no from person) w on w.id = person_id
where coalesce(k.used_fen, 0) <> coalesce(r.used, 0)
"""
"""A meter holds the sum of what the entries moved it by."""

_KEPT = ", ".join(f"'{kind}'" for kind in RISES_BY_DEBIT)


def _side(debit: bool) -> str:
    """Whether a posting on this side raises the balance of its account (1) or lowers it (-1)."""
    column = "debit" if debit else "credit"
    cases = " ".join(
        f"when '{kind}' then {1 if by_debit == debit else -1}"
        for kind, by_debit in RISES_BY_DEBIT.items()
    )
    return f"case {column} {cases} end"


BALANCES = f"""
with moved as (
  select area, debit_owner as owner, debit as kind, amount_fen as amount,
    {_side(True)} as sign from posting where debit in ({_KEPT})
  union all
  select area, credit_owner, credit, amount_fen,
    {_side(False)} from posting where credit in ({_KEPT})),
rebuilt as (
  select area, owner::bigint as person_id, kind, sum(amount * sign) as amount
  from moved where %(area)s = '' or area = %(area)s group by 1, 2, 3),
kept as (select * from balance where %(area)s = '' or area = %(area)s)
select 'balance' as check, area, {MASKED} as person, null::bigint as entry, kind as what,
  coalesce(k.amount_fen, 0)::text as kept, coalesce(r.amount, 0)::text as rebuilt
from rebuilt r full join kept k using (area, person_id, kind)
left join (select id, psn_no from person) w on w.id = person_id
where coalesce(k.amount_fen, 0) <> coalesce(r.amount, 0)
"""
"""A balance is the sum of the postings on it."""

TOTALS = """
with chosen as (
  select e.id, e.area, e.pool_fen, e.total_fen, e.borne_fen from entry e
  where (%(area)s = '' or e.area = %(area)s)
    and e.accounting_date >= %(since)s and e.accounting_date < %(until)s),
moved as (
  select c.area,
    sum(case when p.credit = 'pool' then amount_fen else 0 end
      - case when p.debit = 'pool' then amount_fen else 0 end) as pool,
    sum(case when p.debit = 'provider' then amount_fen else 0 end
      - case when p.credit = 'provider' then amount_fen else 0 end)
      as provider
  from chosen c join posting p on p.entry_id = c.id group by c.area),
entered as (
  select area, sum(pool_fen) as pool, sum(total_fen - borne_fen) as provider
  from chosen group by area)
select 'trial' as check, e.area, null::text as person, null::bigint as entry, x.what,
  x.kept::text as kept, x.rebuilt::text as rebuilt
from entered e left join moved m using (area)
cross join lateral (values ('pool', e.pool, coalesce(m.pool, 0)),
  ('provider', e.provider, coalesce(m.provider, 0))) as x(what, kept, rebuilt)
where x.kept <> x.rebuilt
"""
"""What the journal moved is what the entries say, over an area."""
