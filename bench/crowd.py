"""A crowd for the benchmark of growth: persons and settlements by the million, made by SQL.

Only what a settlement at the counter (2207) reads or grows beside: persons with birth, spell and
account; hospitals; balances; settled visits with their batches, entries, postings, meters and
messages; and visits whose batch waits to be settled. What the journal says agrees with balances and
meters. For an empty database of the owner only; nobody here can be looked up by a certificate.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import msgspec
from psycopg import ClientCursor, Connection

from gongji.law.engine.area import Area
from gongji.law.engine.person_meters import period_of
from gongji.law.engine.visit import Visit
from gongji.ledger.entry_contents import AccountsAvailable, Decision, SettledFacts, Sums
from gongji.ledger.meter_rows import names
from gongji.settlement.batch_marks import Marks
from gongji.units import day_of

Database = Connection[Any]
DAY = date(2025, 3, 3)
"""The day of service of every visit that waits."""
HOSPITALS = 50
BALANCE_FEN, TOTAL_FEN, POOL_FEN = 500_000, 10_000, 4_000
LOADED = (
    "person",
    "person_fact",
    "entry",
    "settlement",
    "posting",
    "balance",
    "meter_use",
    "visit",
    "charge_batch",
    "settlement_batch",
    "inbox",
    "inbox_bytes",
)

# Each takes the named figures of `fill`; person n has psn_no area || n with fourteen digits.
_PLACES = """
insert into institution (code, area, name, kind, grade)
select 'H' || %(area)s || lpad(n::text, 5, '0'), %(area)s, '测试医院' || n, 'hospital', '06'
from generate_series(1, %(hospitals)s) n"""
_PLACE_FACTS = """
insert into institution_fact (institution, kind, since, details, learnt_at)
select code, f.kind, '2022-07-01', details::jsonb, '2022-07-01' from institution cross join (values
  ('level', '{"level": "2", "parent": ""}'),
  ('agreement', '{"designated_for": ["ordinary"], "qualified": true}')) f (kind, details)
where area = %(area)s"""
_PERSONS = """
insert into person (id, psn_no, area, name, sex, certificate, certificate_hash, learnt_at)
overriding system value
select n, %(area)s || lpad(n::text, 14, '0'), %(area)s, '测试·' || n, (1 + n %% 2)::text,
  ''::bytea, int8send(n), '2022-07-01' from generate_series(1, %(persons)s::bigint) n"""
_FACTS = """
insert into person_fact (person_id, area, kind, since, learnt_at, details)
select n, %(area)s, kind, '2020-01-01', '2022-07-01', details::jsonb
from generate_series(1, %(persons)s::bigint) n cross join lateral (values
  ('birth', '{"birth_date": "' || (date '1950-01-01' + (n %% 18000)::int) || '"}'),
  ('insured', '{"status": "' || case when n %% 18000 < 5000 then 'retired' else 'active' end
    || '", "scheme": "employee"}'),
  ('account', '{}')) f (kind, details)"""
_OPENINGS = """
insert into entry (id, area, person, kind, origin, service_date, accounting_date, made_at,
  actor_kind, actor)
overriding system value
select n, %(area)s, n, 'opening', 'opening', %(begun)s, %(begun)s, %(begun)s, 'operator', 'bench'
from generate_series(1, %(persons)s::bigint) n"""
_OPENING_POSTINGS = """
insert into posting (entry, number, area, fund, debit, debit_owner, credit, credit_owner,
  amount_fen)
select n, 1, %(area)s, 'account', 'opening', %(area)s, 'account', n::text, %(balance)s
from generate_series(1, %(persons)s::bigint) n"""
# Settlement k is of person 1 + (k - 1) % persons, so that each has the same number, more or less.
_VISITS = """
insert into visit (id, area, person_id, institution, msgid, begun_at, details, diagnoses)
overriding system value
select k, %(area)s, 1 + (k - 1) %% %(persons)s,
  'H' || %(area)s || lpad((1 + k %% %(hospitals)s)::text, 5, '0'), 'V' || k,
  case when k > %(settled)s then %(day)s::timestamp else
    %(begun)s::timestamp + (k %% 60) * interval '1 day' end at time zone 'Asia/Shanghai'
    + interval '9 hours', '{}', '[]'
from generate_series(1, %(settled)s::bigint + %(pending)s) k"""
_BATCHES = """
insert into charge_batch (id, visit_id, number, total_fen, above_standard_fen, wholly_own_fen,
  first_self_pay_fen, in_scope_fen, parts, marks)
overriding system value
select k, k, '1', %(total)s, 0, 0, 0, %(total)s, '{}', %(marks)s::jsonb
from generate_series(1, %(settled)s::bigint + %(pending)s) k"""
_TAKEN = """
insert into settlement_batch (entry, batch)
select %(persons)s + k, k from generate_series(1, %(settled)s::bigint) k"""
_ENTRIES = """
insert into entry (id, area, person, institution, kind, service_date, accounting_date, made_at,
  actor_kind, actor, meters)
overriding system value
select %(persons)s + k, %(area)s, v.person_id, v.institution, 'settlement', v.begun_at::date,
  (v.begun_at at time zone 'Asia/Shanghai')::date, v.begun_at, 'institution', v.institution,
  %(meters)s::jsonb
from generate_series(1, %(settled)s::bigint) k join visit v on v.id = k"""
_SETTLEMENTS = """
insert into settlement (entry, visit, benefit, total_fen, in_scope_fen, pool_fen, cash_fen, facts,
  result, rulebook, law_hash, engine)
select %(persons)s + k, k, 'ordinary', %(total)s, %(total)s, %(pool)s, %(total)s - %(pool)s,
  jsonb_set(jsonb_set(jsonb_set(%(facts)s::jsonb,
    '{visit,day}', to_jsonb(v.begun_at::date - date '1970-01-01')),
    '{visit,visit}', to_jsonb(k::text)),
    '{visit,facts,institution}', to_jsonb(v.institution::text)), %(result)s::jsonb, %(area)s,
  repeat('0', 64), 'crowd'
from generate_series(1, %(settled)s::bigint) k join visit v on v.id = k"""
_POSTINGS = """
insert into posting (entry, number, area, fund, debit, credit, credit_owner, amount_fen, benefit,
  article)
select id, 1, area, 'pool', 'pool', 'provider', institution, %(pool)s, 'ordinary', '演示'
from entry where kind = 'settlement'"""
_BALANCES = """
insert into balance (area, person, kind, amount_fen)
select %(area)s, n, 'account', %(balance)s from generate_series(1, %(persons)s::bigint) n"""
_METERS = """
insert into meter_use (area, person, period, slot, code, used_fen)
select %(area)s, person, %(period)s, '', 'ordinary_paid', count(*) * %(pool)s from entry
where kind = 'settlement' group by person"""
_MESSAGES = """
insert into inbox (actor_kind, actor, msg_id, kind, hash, state, entry)
select 'institution', v.institution, 'S' || k, '2207', int8send(k), 'done', %(persons)s + k
from generate_series(1, %(settled)s::bigint) k join visit v on v.id = k"""
_MESSAGE_BYTES = """
insert into inbox_bytes (actor_kind, actor, msg_id, at, key_id, content, reply)
select 'institution', v.institution, 'S' || k, v.begun_at, 1, convert_to(repeat('x', 400), 'UTF8'),
  convert_to(repeat('x', 1200), 'UTF8')
from generate_series(1, %(settled)s::bigint) k join visit v on v.id = k"""
_STEPS = (
    _PLACES,
    _PLACE_FACTS,
    _PERSONS,
    _FACTS,
    _OPENINGS,
    _OPENING_POSTINGS,
    _VISITS,
    _BATCHES,
    _TAKEN,
    _ENTRIES,
    _SETTLEMENTS,
    _POSTINGS,
    _BALANCES,
    _METERS,
    _MESSAGES,
    _MESSAGE_BYTES,
)
_SEQUENCES = ("person", "entry", "visit", "charge_batch")


def fill(
    connection: Database,
    area: Area,
    persons: int = 1_000_000,
    settlements: int = 1_000_000,
    pending: int = 0,
    whole: bool = False,
) -> dict[str, int]:
    """Make the crowd, all or nothing.

    Shape:   `pending` visits wait with batch "1" of 100 yuan, all in scope, on DAY; the person of
             visit k is 1 + (k - 1) % persons. Settled visits are numbered first. Unless `whole`,
             person_fact is left without its wall against overlaps, which takes minutes to build
             over millions of rows and which no settlement touches.
    Returns: the number of the first pending visit, and of persons and settlements.
    """
    figures = _figures(area) | {
        "persons": persons,
        "settled": settlements,
        "pending": pending,
        "hospitals": HOSPITALS,
    }
    # The figures become part of the text: one figure stands for columns of several types.
    with connection.transaction(), _bare(connection, whole), ClientCursor(connection) as cursor:
        if connection.execute(_SUPERUSER).fetchone():
            # The walls of the journal would keep every row of a statement in memory.
            connection.execute("set local session_replication_role = replica")
        for step in _STEPS:
            cursor.execute(step, figures)
    for table in _SEQUENCES:
        connection.execute(
            f"select setval(pg_get_serial_sequence('{table}', 'id'),"
            f" (select coalesce(max(id), 0) + 1 from {table}), false)"
        )
    # Visibility maps and statistics as a database has that grew slowly.
    for table in LOADED:
        connection.execute(f"vacuum (analyze) {table}")
    return {"first_pending": settlements + 1, "persons": persons, "settlements": settlements}


def _json(content: msgspec.Struct) -> str:
    return msgspec.json.encode(content).decode()


def _figures(area: Area) -> dict[str, Any]:
    """What the rows say: codes, amounts, and the meter that a settlement moves."""
    dimension = area.layout.dimensions[names(area).places["ordinary_paid"][0]]
    period = f"{dimension.period}:{period_of(dimension, day_of(DAY))}"
    visit = Visit(
        area.laws[0].area, 0, "ordinary", TOTAL_FEN, TOTAL_FEN, {"status": "active", "level": 2}
    )
    sums, accounts = Sums(TOTAL_FEN, 0, 0, 0, TOTAL_FEN), AccountsAvailable("none", "hospital")
    return {
        "area": area.laws[0].area,
        "day": DAY,
        "begun": date(2025, 1, 1),
        "period": period,
        "balance": BALANCE_FEN,
        "total": TOTAL_FEN,
        "pool": POOL_FEN,
        "meters": f'[["ordinary_paid", "{period}", "", {POOL_FEN}]]',
        "facts": _json(SettledFacts(visit=visit, sums=sums, accounts=accounts)),
        "result": _json(Decision(benefit="ordinary")),
        "marks": _json(Marks()),
    }


_CONSTRAINTS = """select conrelid::regclass::text, conname, pg_get_constraintdef(oid)
from pg_constraint where conrelid = any(%s::regclass[]) and contype in ('u', 'x', 'f')
order by contype"""
_INDEXES = """select indexrelid::regclass::text, pg_get_indexdef(indexrelid) from pg_index i
where indrelid = any(%s::regclass[]) and not indisprimary
  and not exists (select 1 from pg_constraint c where c.conindid = i.indexrelid)"""


_SUPERUSER = "select 1 from pg_roles where rolname = current_user and rolsuper"


@contextmanager
def _bare(connection: Database, whole: bool) -> Iterator[None]:
    """Load first and index afterwards: rows by the million enter many times faster so.

    Primary keys stay, because foreign keys of other tables stand on them.
    """

    def do(statement: str) -> None:
        connection.execute(statement)

    tables = [list(LOADED)]
    constraints = connection.execute(_CONSTRAINTS, tables).fetchall()
    indexes = connection.execute(_INDEXES, tables).fetchall()
    for table, name, _ in constraints:
        do(f'alter table {table} drop constraint "{name}"')
    for name, _ in indexes:
        do(f"drop index {name}")
    yield
    do("set local maintenance_work_mem = '256MB'")
    for _, definition in indexes:
        do(definition)
    # What others refer to comes before what refers to it: unique (u) and exclusion (x), then f.
    for table, name, definition in sorted(
        constraints, key=lambda row: row[2].startswith("FOREIGN")
    ):
        if whole or not definition.startswith("EXCLUDE"):
            do(f'alter table {table} add constraint "{name}" {definition}')
