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
from gongji.ledger.found_differences import Difference

Connection = psycopg.Connection[Any]
Progress = Callable[[int], object]
PERSONS, ENTRIES = 5_000, 50_000
"""How many persons, or entries, a range holds."""


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
            for statement in OF_ENTRIES:
                yield from _differences(connection, statement, scope, start, end)
            progress(end - start)
        for start, end in ranges(connection, "person", "id", PERSONS):
            yield from _differences(connection, METERS, scope, start, end)
            yield from _differences(connection, LIMITS, scope, start, end)
            progress(end - start)
        yield from _differences(connection, BALANCES, scope, 0, 0)
        for statement in (LOST, TOTALS):
            yield from _differences(connection, statement, scope, 0, 0)


def verify_since(connection: Connection, scope: Scope, snapshot: str) -> Iterator[Difference]:
    """What is wrong with entries that a snapshot did not see, and with the meters that they moved.

    The caller is in a transaction, and keeps others from adding to what it asks for.
    """
    values = {**range_values(scope, 0, 0), "snapshot": snapshot}
    entered = connection.execute(SINCE, values).fetchall()
    for number, _ in entered:
        for statement in OF_ENTRIES:
            yield from _differences(connection, statement, scope, number, number + 1)
    for person in sorted({person for _, person in entered if person is not None}):
        yield from _differences(connection, METERS, scope, person, person + 1)
        yield from _differences(connection, LIMITS, scope, person, person + 1)


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
    with connection.cursor("differences", row_factory=dict_row) as cursor:
        cursor.execute(statement, range_values(scope, start, end))
        for row in cursor:
            yield Difference(**row)


def range_values(scope: Scope, start: int, end: int) -> dict[str, Any]:
    """What every statement of verification is given: a scope, and a half-open range of ids."""
    return {
        "area": scope.area,
        "since": scope.since,
        "until": scope.until,
        "start": start,
        "end": end,
    }


SINCE = """select e.id, e.person from entry e
where e.area = %(area)s and e.accounting_date >= %(since)s and e.accounting_date < %(until)s
  and not pg_visible_in_snapshot(e.xact, %(snapshot)s::pg_snapshot)"""
MASKED = "left(w.psn_no, 4) || repeat('*', greatest(length(w.psn_no) - 8, 0)) || right(w.psn_no, 4)"
CHOSEN = """e.id >= %(start)s and e.id < %(end)s and (%(area)s = '' or e.area = %(area)s)
  and e.accounting_date >= %(since)s and e.accounting_date < %(until)s"""

# Only the columns that are looked at: facts and results are wide.
_PAID = ("pool_fen", "supplements_fen", "account_fen", "family_fen", "owed_fen")
_AMOUNTS = (
    "total_fen",
    "above_standard_fen",
    "wholly_own_fen",
    "first_self_pay_fen",
    "in_scope_fen",
    "deductible_fen",
    *_PAID,
    "cash_fen",
    "borne_fen",
)
_SETTLED = ", ".join(f"s.{name}" for name in ("visit", "benefit", *_AMOUNTS))
_EVENT = """e.id, e.area, e.person, e.kind, e.institution, e.service_date, e.accounting_date,
  e.made_at, e.origin, e.reverses, e.meters"""


def _moved(kind: str, more: str = "true") -> str:
    """What postings debit an account of a kind, less what they credit it."""
    return f"""coalesce(sum(case '{kind}' when p.debit then p.amount_fen
      when p.credit then -p.amount_fen end) filter (where {more}), 0)"""


_OWN = "c.person::text in (p.debit_owner, p.credit_owner)"
AMOUNTS = f"""
with chosen as (
  select {_EVENT}, {_SETTLED} from entry e join settlement s on s.entry = e.id where {CHOSEN}),
moved as (
  select p.entry, {_moved("pool")} as pool, {_moved("supplement")} as supplements,
    {_moved("account", _OWN)} as account, {_moved("account", f"not ({_OWN})")} as family,
    -{_moved("provider")} as provider, -{_moved("payable")} - {_moved("receivable")} as owed
  from chosen c join posting p on p.entry = c.id group by p.entry)
select 'amounts' as check, c.area, {MASKED} as person, c.id as entry, x.what,
  x.kept::text as kept, x.rebuilt::text as rebuilt
from chosen c left join moved m on m.entry = c.id left join person w on w.id = c.person
cross join lateral (values
  ('pool_fen', c.pool_fen, coalesce(m.pool, 0)),
  ('supplements_fen', c.supplements_fen, coalesce(m.supplements, 0)),
  ('account_fen', c.account_fen, coalesce(m.account, 0)),
  ('family_fen', c.family_fen, coalesce(m.family, 0)),
  ('owed_fen', c.owed_fen, coalesce(m.owed, 0)),
  ('total_fen - cash_fen - borne_fen', c.total_fen - c.cash_fen - c.borne_fen,
    coalesce(m.provider, 0)),
  ('total_fen', c.total_fen, c.pool_fen + c.supplements_fen + c.account_fen + c.family_fen
    + c.cash_fen + c.borne_fen - c.owed_fen),
  ('total_fen', c.total_fen, c.above_standard_fen + c.wholly_own_fen + c.first_self_pay_fen
    + c.in_scope_fen)
) as x(what, kept, rebuilt)
where x.kept <> x.rebuilt
"""
"""Every amount of a settlement is what its postings move, and its amounts come to its total."""

POSTED = f"""
with chosen as (select {_EVENT} from entry e where {CHOSEN}),
posted as (
  select p.entry, count(*) as rows, min(p.number) as first, max(p.number) as last,
    bool_or(p.area <> c.area) as elsewhere,
    string_agg(p.debit || '/' || p.credit, ', ') filter (
      where c.reverses is null and m.kind is null) as strange,
    string_agg(p.fund, ', ') filter (
      where f.fund <> 'any' and f.fund <> split_part(p.fund, '.', 1)
        or g.fund <> 'any' and g.fund <> split_part(p.fund, '.', 1)
        or p.debit = 'supplement' and p.fund <> 'supplement.' || p.debit_owner
        or p.credit = 'supplement' and p.fund <> 'supplement.' || p.credit_owner) as mixed,
    string_agg(distinct case 'provider' when p.debit then p.debit_owner
      else p.credit_owner end, ', ')
      filter (where c.institution <> case 'provider' when p.debit then p.debit_owner
        when p.credit then p.credit_owner end) as owner,
    string_agg(p.debit || '/' || p.credit, ', ') filter (
      where p.article = '' and c.origin = 'own'
        and (p.debit in ('pool', 'supplement') or p.credit in ('pool', 'supplement'))) as unsaid
  from chosen c join posting p on p.entry = c.id
  left join entry_moves m on m.kind = c.kind and m.debit = p.debit and m.credit = p.credit
  left join chart f on f.kind = p.debit left join chart g on g.kind = p.credit
  group by p.entry)
select 'posting' as check, c.area, {MASKED} as person, c.id as entry, x.what,
  coalesce(x.kept, '') as kept, coalesce(x.rebuilt, '') as rebuilt
from chosen c left join posted p on p.entry = c.id left join person w on w.id = c.person
left join entry_kind k on k.kind = c.kind left join settlement s on s.entry = c.id
cross join lateral (values
  ('settlement', (s.entry is not null) <> coalesce(k.settles, false),
    (s.entry is not null)::text, coalesce(k.settles, false)::text),
  ('number', p.first <> 1 or p.last <> p.rows, p.first || '–' || p.last, '1–' || p.rows),
  ('area', p.elsewhere, '', c.area),
  ('kind', p.strange is not null, p.strange, c.kind),
  ('fund', p.mixed is not null, p.mixed, ''),
  ('provider', p.owner is not null, p.owner, c.institution),
  ('article', p.unsaid is not null, '', p.unsaid),
  ('accounting_date', c.origin = 'own'
      and c.accounting_date <> (c.made_at at time zone 'Asia/Shanghai')::date,
    c.accounting_date::text, (c.made_at at time zone 'Asia/Shanghai')::date::text)
) as x(what, differs, kept, rebuilt)
where x.differs
"""
"""An entry has what its kind says, its postings are numbered, in one fund each, and say why."""

LOST = """
select 'posting' as check, p.area, '' as person, p.entry, 'entry' as what, p.rows::text as kept,
  '' as rebuilt
from (
  select entry, area, count(*) as rows from posting
  where %(area)s = '' or area = %(area)s group by 1, 2) p
where not exists (select 1 from entry e where e.id = p.entry)
union all
select 'posting', '', '', s.entry, 'entry', 'settlement', '' from settlement s
where not exists (select 1 from entry e where e.id = s.entry)
"""
"""Postings and settlements whose entry is gone."""

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


_LIKE = ("area", "person", "institution", "service_date", "visit", "benefit")
_UNCHANGED = ",\n  ".join(
    f"('{name}', c.{name} is distinct from o.{name}, c.{name}::text, o.{name}::text)"
    for name in _LIKE
)
_WHOLE = f"select {_EVENT}, {_SETTLED} from entry e left join settlement s on s.entry = e.id"
MIRRORS = f"""
with chosen as ({_WHOLE} where {CHOSEN} and e.reverses is not null)
select 'mirror' as check, c.area, {MASKED} as person, c.id as entry, x.what,
  coalesce(x.kept, '') as kept, coalesce(x.rebuilt, '') as rebuilt
from chosen c
join lateral ({_WHOLE} where e.id = c.reverses) o on true left join person w on w.id = c.person
cross join lateral (select ({_moves("o", "-")}) as meters, ({_moves("c", "")}) as kept) r
cross join lateral (values
  ('amounts', {_NEGATED}, {_unlike("c.{0}")}, {_unlike("-o.{0}")}),
  ('meters', r.kept <> r.meters, r.kept::text, r.meters::text),
  {_UNCHANGED},
  ('accounting_date', c.accounting_date < o.accounting_date, c.accounting_date::text,
    o.accounting_date::text)
) as x(what, differs, kept, rebuilt)
where x.differs
"""
"""A cancellation (or what takes one back) is what it reverses with the other sign."""

MIRRORED_POSTINGS = f"""
with chosen as (select {_EVENT} from entry e where {CHOSEN} and e.reverses is not null)
select 'mirror' as check, c.area, {MASKED} as person, c.id as entry, x.what,
  x.kept::text as kept, x.rebuilt::text as rebuilt
from chosen c left join person w on w.id = c.person
cross join lateral (
  select debit || '/' || credit as what, coalesce(sum(amount) filter (where ours), 0) as kept,
    coalesce(sum(amount) filter (where not ours), 0) as rebuilt
  from (
    select true as ours, fund, debit, debit_owner, credit, credit_owner, benefit,
      amount_fen as amount
    from posting where entry = c.id
    union all
    select false, fund, credit, credit_owner, debit, debit_owner, benefit, amount_fen
    from posting where entry = c.reverses) p
  group by fund, debit, debit_owner, credit, credit_owner, benefit
  having coalesce(sum(amount) filter (where ours), 0)
    <> coalesce(sum(amount) filter (where not ours), 0)) x
"""
"""A cancellation (or what takes one back) moves back what was moved."""

OF_ENTRIES = (AMOUNTS, POSTED, MIRRORS, MIRRORED_POSTINGS)
"""What is asked of entries in a range."""

METERS = f"""
with rebuilt as (
  select e.area, e.person, m->>1 as period, m->>2 as slot, m->>0 as code,
    sum((m->>3)::bigint) as used
  from entry e cross join lateral jsonb_array_elements(e.meters) m
  where e.person >= %(start)s and e.person < %(end)s
    and (%(area)s = '' or e.area = %(area)s)
  group by 1, 2, 3, 4, 5),
kept as (
  select * from meter_use where person >= %(start)s and person < %(end)s
    and (%(area)s = '' or area = %(area)s))
select 'meter' as check, area, {MASKED} as person, null::bigint as entry,
  concat_ws(' ', code, period, nullif(slot, '')) as what,
  coalesce(k.used_fen, 0)::text as kept, coalesce(r.used, 0)::text as rebuilt
from rebuilt r full join kept k using (area, person, period, slot, code)
left join (select id, psn_no from person) w on w.id = person
where coalesce(k.used_fen, 0) <> coalesce(r.used, 0)
"""
"""A meter holds the sum of what the entries moved it by."""

LIMITS = f"""
with moved as (
  select e.area, e.person, e.id, m->>1 as period, m->>2 as slot, m->>0 as code,
    (m->>3)::bigint as moved, e.kind = 'settlement' and e.reverses is not null as restored,
    case when e.kind = 'settlement' and (m->>3)::bigint > 0 then (
      select (l->>3)::bigint from jsonb_array_elements(s.result->'limits') l
      where (l->>0, l->>1, l->>2) = (m->>1, m->>2, m->>0)) end as most
  from entry e cross join lateral jsonb_array_elements(e.meters) m
  left join settlement s on s.entry = e.id
  where e.person >= %(start)s and e.person < %(end)s and (%(area)s = '' or e.area = %(area)s)),
held as (
  select *, sum(moved) over meter as used from moved
  window meter as (partition by area, person, period, slot, code order by id)),
judged as (
  select *, greatest(most, max(case when not restored then used end) over meter) as limit_fen
  from held
  window meter as (partition by area, person, period, slot, code order by id
    rows between unbounded preceding and 1 preceding))
select 'limit' as check, area, {MASKED} as person, j.id as entry,
  concat_ws(' ', code, period, nullif(slot, '')) as what, used::text as kept,
  most::text as rebuilt
from judged j left join (select id as number, psn_no from person) w on w.number = j.person
where most is not null and used > case when restored then limit_fen else most end
"""
"""No settlement moves a meter beyond the limit that it was decided by.

One that was restored finds the meter where it left it, which a stay may have moved beyond since.
"""

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
  select area, owner::bigint as person, kind, sum(amount * sign) as amount
  from moved where %(area)s = '' or area = %(area)s group by 1, 2, 3),
kept as (select * from balance where %(area)s = '' or area = %(area)s)
select 'balance' as check, area, {MASKED} as person, null::bigint as entry, x.what,
  x.kept::text as kept, x.rebuilt::text as rebuilt
from rebuilt r full join kept k using (area, person, kind)
left join (select id, psn_no from person) w on w.id = person
cross join lateral (values
  (kind, coalesce(k.amount_fen, 0), coalesce(r.amount, 0)),
  (kind || ' held', k.held_fen, greatest(least(k.held_fen, r.amount), 0))
) as x(what, kept, rebuilt)
where x.kept <> x.rebuilt
"""
"""A balance is the sum of the postings on it, and no more of it is held than there is."""

TOTALS = f"""
with chosen as (
  select e.id, e.area, s.pool_fen as pool, s.total_fen - s.cash_fen - s.borne_fen as provider
  from entry e join settlement s on s.entry = e.id
  where (%(area)s = '' or e.area = %(area)s)
    and e.accounting_date >= %(since)s and e.accounting_date < %(until)s),
moved as (
  select c.area, {_moved("pool")} as pool, -{_moved("provider")} as provider
  from chosen c join posting p on p.entry = c.id group by c.area),
entered as (select area, sum(pool) as pool, sum(provider) as provider from chosen group by area)
select 'trial' as check, e.area, null::text as person, null::bigint as entry, x.what,
  x.kept::text as kept, x.rebuilt::text as rebuilt
from entered e left join moved m using (area)
cross join lateral (values ('pool', e.pool, coalesce(m.pool, 0)),
  ('provider', e.provider, coalesce(m.provider, 0))) as x(what, kept, rebuilt)
where x.kept <> x.rebuilt
"""
"""What the journal moved is what the settlements say, over an area."""
