"""Verify the journal against the papers that it rests on: visits, fee lines, messages, decisions.

The ledger's own check holds entries against postings, which whoever forges can change together.
Who forges an entry consistently has to forge the registration, the lines, the message and the
decision too; each is compared here. Rows that vanish together with all their papers are told by
seals only, and by a copy of the seals that is kept outside (`gongji.ledger.seal_copies`).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import psycopg
from psycopg.rows import dict_row

from gongji.law.rulebook.provision_kinds import POOL
from gongji.ledger.found_differences import Difference
from gongji.ledger.verify import (
    ALL,
    CHOSEN,
    ENTRIES,
    MASKED,
    Progress,
    Scope,
    nothing,
    range_values,
    ranges,
)

Connection = psycopg.Connection[Any]


def verify_papers(
    connection: Connection,
    moving: Sequence[str],
    scope: Scope = ALL,
    progress: Progress = nothing,
) -> Iterator[Difference]:
    """Every entry that its papers do not bear out, and papers whose entry is gone.

    The caller holds no transaction; all is read from one snapshot.
    Shape:   check `papers`; `what` names the column or the paper; `moving` the kinds of messages
             that became an entry whenever they were done, as the inbox keeps them.
    """
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        for start, end in ranges(connection, "entry", "id", ENTRIES):
            for statement in (SETTLED, TAKEN, ARTICLES, CORRECTED):
                yield from _differences(connection, statement, range_values(scope, start, end))
            progress(end - start)
        values = {"moving": list(moving)}
        yield from _differences(connection, LOST, range_values(scope, 0, 0) | values)
        yield from _differences(connection, LINES, range_values(scope, 0, 0))


def _differences(
    connection: Connection, statement: str, values: Mapping[str, Any]
) -> Iterator[Difference]:
    with connection.cursor("papers", row_factory=dict_row) as cursor:
        cursor.execute(statement, values)
        for row in cursor:
            yield Difference(**row)


_TOLD = f"""select 'papers' as check, c.area, {MASKED} as person, c.id as entry, x.what,
  coalesce(x.kept, '') as kept, coalesce(x.rebuilt, '') as rebuilt"""

SETTLED = f"""
with chosen as (
  select e.id, e.area, e.person, e.institution, e.service_date, e.made_at, e.actor_kind, e.actor,
    e.reverses, s.visit, s.facts->'visit' as decided
  from entry e join settlement s on s.entry = e.id
  where {CHOSEN} and e.kind = 'settlement' and e.origin = 'own')
{_TOLD}
from chosen c left join person w on w.id = c.person
left join visit v on v.id = c.visit
left join inbox i on i.entry = c.id and i.actor_kind = c.actor_kind and i.actor = c.actor
left join inbox_bytes b on b.actor_kind = i.actor_kind and b.actor = i.actor
  and b.msg_id = i.msg_id and c.reverses is null
cross join lateral (values
  ('institution', c.actor_kind = 'institution' and c.institution <> c.actor,
    c.institution, c.actor),
  ('visit', c.visit is not null and v.id is null, c.visit::text, ''),
  ('institution', v.institution <> c.institution, c.institution, v.institution),
  ('person', v.person_id <> c.person, c.person::text, v.person_id::text),
  ('service_date', c.service_date <> (v.begun_at at time zone 'Asia/Shanghai')::date,
    c.service_date::text, (v.begun_at at time zone 'Asia/Shanghai')::date::text),
  ('service_date', c.service_date - date '1970-01-01' <> (c.decided->>'day')::int,
    c.service_date::text, (date '1970-01-01' + (c.decided->>'day')::int)::text),
  ('area', c.area <> c.decided->>'area', c.area, c.decided->>'area'),
  ('message', c.actor_kind = 'institution' and c.reverses is null and i.entry is null, '',
    c.actor),
  ('made_at', c.made_at <> b.at, c.made_at::text, b.at::text)
) as x(what, differs, kept, rebuilt)
where x.differs
"""
"""A settlement is of the visit, the person, the institution and the day that its papers say."""

TAKEN = f"""
with chosen as (
  select e.id, e.area, e.person, e.reverses, s.visit, s.total_fen
  from entry e join settlement s on s.entry = e.id
  where {CHOSEN} and e.kind = 'settlement' and e.origin = 'own' and s.visit is not null),
taken as (
  select t.entry, count(*) as rows, sum(b.total_fen) as total, min(b.visit_id) as first,
    max(b.visit_id) as last, bool_or(t.released_at is null) as held
  from chosen c join settlement_batch t on t.entry = c.id
  join charge_batch b on b.id = t.batch group by t.entry)
{_TOLD}
from chosen c left join person w on w.id = c.person left join taken t on t.entry = c.id
cross join lateral (select exists (select from entry o where o.reverses = c.id)) r(undone)
cross join lateral (values
  ('total_fen of its lines', c.total_fen <> coalesce(t.total, 0), c.total_fen::text,
    coalesce(t.total, 0)::text),
  ('visit of its lines', t.first <> c.visit or t.last <> c.visit, c.visit::text, t.first::text),
  ('lines', coalesce(t.held, false) = r.undone, coalesce(t.held, false)::text,
    (not r.undone)::text)
) as x(what, differs, kept, rebuilt)
where x.differs
"""
"""A settlement took lines of its visit that come to its total, and holds them while it stands."""

ARTICLES = f"""
with chosen as (
  select e.id, e.area, e.person, e.reverses, s.result->'steps' as steps
  from entry e join settlement s on s.entry = e.id
  where {CHOSEN} and e.kind = 'settlement' and e.reverses is null
    and s.result->>'of' = 'decision'),
said as (
  select c.id, k->>1 as payer, string_agg(k->>6, '；' order by n) as articles
  from chosen c cross join lateral jsonb_array_elements(c.steps) with ordinality a(k, n)
  group by 1, 2)
{_TOLD}
from chosen c left join person w on w.id = c.person
join posting p on p.entry = c.id and 'provider' in (p.debit, p.credit)
join said d on d.id = c.id and d.payer = case p.debit when 'pool' then '{POOL}'
  when 'supplement' then p.debit_owner end
cross join lateral (values ('article', p.article, d.articles)) as x(what, kept, rebuilt)
where strpos(d.articles, p.article) = 0
  and exists (select from unnest(string_to_array(p.article, '；')) one(article)
    where strpos(d.articles, one.article) = 0)
"""
"""A posting names no article that its decision does not rest on."""

CORRECTED = f"""
with chosen as (
  select e.id, e.area, e.person, e.institution, e.service_date, e.cause
  from entry e join settlement s on s.entry = e.id
  where {CHOSEN} and e.kind = 'adjustment' and s.result->>'of' = 'adjustment')
{_TOLD}
from chosen c join entry o on o.id = c.cause left join person w on w.id = c.person
cross join lateral (values
  ('area', c.area <> o.area, c.area, o.area),
  ('person', c.person is distinct from o.person, c.person::text, o.person::text),
  ('institution', c.institution <> o.institution, c.institution, o.institution),
  ('service_date', c.service_date <> o.service_date, c.service_date::text, o.service_date::text)
) as x(what, differs, kept, rebuilt)
where x.differs
union all
select 'papers', p.area, '', p.entry, 'article', p.article, o.article
from posting p join entry e on e.id = p.entry and e.reverses is not null
cross join lateral (
  select string_agg(article, '；' order by number) as article from posting
  where entry = e.reverses and (debit, debit_owner) = (p.credit, p.credit_owner)
    and fund = p.fund) o
where {CHOSEN} and o.article is not null and strpos(o.article, p.article) = 0
"""
"""An adjustment is of what it corrects; a cancellation names the articles of what it takes back."""

LOST = """
select 'papers' as check, v.area, '' as person, t.entry, 'lines' as what, b.number as kept,
  '' as rebuilt
from settlement_batch t join charge_batch b on b.id = t.batch join visit v on v.id = b.visit_id
where (%(area)s = '' or v.area = %(area)s)
  and not exists (select from entry e where e.id = t.entry)
union all
select 'papers', '', '', i.entry, 'message', i.kind, '' from inbox i
where i.entry is not null and %(area)s = ''
  and not exists (select from entry e where e.id = i.entry)
union all
select 'papers', '', '', null, 'message', i.kind, ''
from inbox i where i.state = 'done' and i.entry is null and %(area)s = ''
  and i.kind = any(%(moving)s)
"""
"""Lines that a settlement took, and messages that became an entry, whose entry is gone."""

LINES = """
select 'papers' as check, v.area, '' as person, null::bigint as entry,
  'lines of batch ' || b.id as what, b.total_fen::text as kept, l.total::text as rebuilt
from (
  select batch_id, sum(amount_fen) as total from fee_line group by batch_id) l
join charge_batch b on b.id = l.batch_id join visit v on v.id = b.visit_id
where b.total_fen <> l.total and (%(area)s = '' or v.area = %(area)s)
"""
"""A batch of lines comes to what its lines come to."""
