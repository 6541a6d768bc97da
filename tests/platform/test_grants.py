"""What the gateways may do: every grant of their role, by the database's own book and as tried."""

from typing import Any

import psycopg
import pytest

Connection = psycopg.Connection[Any]
ROLE = "gongji_gateway"

READ, ADD = frozenset({"select"}), frozenset({"select", "insert"})
TABLES: dict[str, frozenset[str]] = {
    # Who there is and what is ruled: read, and changed by imports only.
    "person": READ,
    "institution": READ,
    "institution_fact": READ,
    "credential": READ,
    "item_version": READ,
    "closed_period": READ,
    "law_version": READ,
    "entry_kind": READ,
    "entry_moves": READ,
    "chart": READ,
    # The journal, and what stands beside it.
    "entry": ADD,
    "settlement": ADD,
    "settlement_batch": ADD,
    "access_log": frozenset({"insert"}),
    "posting": ADD,
    "review_flag": ADD,
    "balance": ADD | {"update"},
    "meter_use": ADD | {"update"},
    # Filings and the counter's papers: added, and ended by the columns below.
    "person_fact": ADD,
    "item_match": ADD,
    "visit": ADD,
    "charge_batch": ADD,
    "fee_line": ADD,
    "prescription": ADD,
    "prescription_use": ADD,
    "inbox": ADD,
    "inbox_bytes": ADD,  # by the parent: on its parts there is no right at all
    "sign_in": ADD,
    "file_ticket": ADD,
    # Old ones are swept by whoever sees them.
    "nonce": ADD | {"delete"},
    "certificate_shown": ADD,
}
"""The privileges on whole tables; on what is not named there is none."""

COLUMNS: dict[str, frozenset[str]] = {
    "person": frozenset({"id"}),  # what it takes to lock a person; see test_locks
    "person_fact": frozenset({"retired_at"}),
    "item_match": frozenset({"retired_at"}),
    "review_flag": frozenset({"settled_by"}),
    "visit": frozenset({"withdrawn_at", "med_type", "disease", "details", "diagnoses"}),
    "charge_batch": frozenset({"withdrawn_at"}),
    "settlement_batch": frozenset({"released_at"}),
    "prescription": frozenset({"withdrawn_at"}),
    "prescription_use": frozenset({"released_at"}),
    "certificate_shown": frozenset({"shown_at"}),
    "inbox": frozenset({"state", "entry"}),
    "sign_in": frozenset({"signed_out_at"}),
}
"""The columns that may be updated where the table as a whole may not."""

RELATIONS = """select relname from pg_class
where relnamespace = 'public'::regnamespace and relkind in ('r', 'v', 'm', 'p', 'f')"""
LENDING = {
    "destroy_papers": {"gongji_console"},
    "destroy_looks": {"gongji_console"},
    "correct_particulars": {"gongji_console"},
    "make_trail_month": {"gongji_jobs"},
    "trail_hash": {"gongji_jobs"},
    "queue_staff_jobs": {"gongji_console", "gongji_jobs"},
}
"""The functions that act with the owner's rights, and who may call each: never the gateways."""
LENT = r"""select p.proname, has_function_privilege('public', p.oid, 'execute'),
  array(select r.rolname::text from pg_roles r where r.rolname like 'gongji\_%'
    and has_function_privilege(r.oid, p.oid, 'execute'))
from pg_proc p where p.prosecdef and p.pronamespace = 'public'::regnamespace"""
ON_TABLES = """select c.relname, lower(p) from pg_class c
cross join unnest(
  array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) p
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v', 'm', 'p', 'f')
  and has_table_privilege(%s, c.oid, p)"""
ON_COLUMNS = """select c.relname, a.attname, lower(p) from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
cross join unnest(array['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) p
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v', 'm', 'p', 'f')
  and has_column_privilege(%(role)s, c.oid, a.attnum, p)
  and not has_table_privilege(%(role)s, c.oid, p)"""


def test_the_role_has_the_grants_of_the_table_and_no_other(owner: Connection) -> None:
    found: dict[str, set[str]] = {}
    for table, privilege in owner.execute(ON_TABLES, [ROLE]):
        found.setdefault(table, set()).add(privilege)
    assert found == TABLES
    columns: dict[str, set[str]] = {}
    for table, column, privilege in owner.execute(ON_COLUMNS, {"role": ROLE}):
        assert privilege == "update", (table, column, privilege)
        columns.setdefault(table, set()).add(column)
    assert columns == COLUMNS


def _columns(owner: Connection, table: str) -> list[tuple[str, bool]]:
    """The columns of a table, and whether each is generated always."""
    return owner.execute(
        "select attname, attgenerated <> '' or attidentity = 'a' from pg_attribute"
        " where attrelid = %s::regclass and attnum > 0 and not attisdropped",
        [f'"{table}"'],
    ).fetchall()


def _may(gateway: Connection, statement: str) -> bool:
    """Whether the database lets the gateway, which changes no row by it."""
    try:
        with gateway.transaction(force_rollback=True):
            gateway.execute(statement)
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


def test_a_gateway_that_tries_everything_gets_what_the_table_says(
    owner: Connection, gateway: Connection
) -> None:
    done: set[tuple[str, str]] = set()
    allowed: set[tuple[str, str]] = set()
    relations = [name for (name,) in owner.execute(RELATIONS)]
    assert set(relations) >= TABLES.keys()
    for table in relations:
        columns = _columns(owner, table)
        first = columns[0][0]
        tried = {
            "select": f'select 1 from "{table}" limit 0',
            "insert": f'insert into "{table}" ("{first}") overriding system value'
            " select null where false",
            "delete": f'delete from "{table}" where false',
            "truncate": f'truncate "{table}" cascade',
        }
        for column, generated in columns:
            value = "default" if generated else "null"
            tried[column] = f'update "{table}" set "{column}" = {value} where false'
        for what, statement in tried.items():
            done.add((table, what))
            if _may(gateway, statement):
                allowed.add((table, what))
    expected = {(table, what) for table, whole in TABLES.items() for what in whole - {"update"}}
    expected |= {(table, column) for table, some in COLUMNS.items() for column in some}
    for table in (table for table, whole in TABLES.items() if "update" in whole):
        expected |= {(table, column) for column, _ in _columns(owner, table)}
    assert allowed == expected
    assert len(done) > 300


def test_numbers_can_be_taken_and_not_set_back(owner: Connection, gateway: Connection) -> None:
    rights = owner.execute(
        "select relname, array(select p from unnest(array['SELECT', 'UPDATE', 'USAGE']) p"
        " where has_sequence_privilege(%s, oid, p)) from pg_class"
        " where relnamespace = 'public'::regnamespace and relkind = 'S'",
        [ROLE],
    ).fetchall()
    ours = {f"{table}_id_seq" for table, whole in TABLES.items() if "insert" in whole}
    found = dict(rights)
    assert all(some in ([], ["USAGE"]) for some in found.values())
    assert all(found[name] == ["USAGE"] for name in ours & found.keys())
    assert len(ours & found.keys()) == 10
    assert gateway.execute("select nextval('entry_id_seq')").fetchone() == (1,)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        gateway.execute("select setval('entry_id_seq', 1)")


def test_the_role_is_nobody_and_owns_nothing(owner: Connection) -> None:
    row = owner.execute(
        "select rolsuper, rolinherit and exists (select 1 from pg_auth_members where member ="
        " r.oid), rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls"
        " from pg_roles r where rolname = %s",
        [ROLE],
    ).fetchone()
    assert row == (*(False,) * 4, True, False, False), "it signs in, and that is all"
    for catalogue, column in (
        ("pg_class", "relowner"),
        ("pg_proc", "proowner"),
        ("pg_namespace", "nspowner"),
        ("pg_type", "typowner"),
        ("pg_database", "datdba"),
    ):
        statement = f"select count(*) from {catalogue} where {column} = %s::regrole"
        assert owner.execute(statement, [ROLE]).fetchone() == (0,), catalogue
    # Nothing lends it an owner's rights, neither a function nor a grant that it may pass on.
    lent = owner.execute(LENT).fetchall()
    assert {name for name, _, _ in lent} == set(LENDING)
    for name, everybody, may in lent:
        assert not everybody and set(may) == LENDING[name], name
    assert (
        owner.execute(
            "select relname from pg_class, aclexplode(relacl) a where a.grantee = %s::regrole"
            " and a.is_grantable",
            [ROLE],
        ).fetchall()
        == []
    )


@pytest.mark.parametrize(
    "statement",
    [
        "alter table entry disable trigger user",
        "alter table entry drop constraint entry_takes_back",
        "drop trigger entry_kept on entry",
        "drop table posting",
        "create or replace function added_only() returns trigger language plpgsql as"
        " $$ begin return null; end $$",
        "create table public.mine (id int)",
        "create schema mine",
        "set session_replication_role = replica",
        "copy person to '/dev/null'",
        "lock table entry in exclusive mode",
    ],
)
def test_the_gateways_cannot_take_a_wall_down(gateway: Connection, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), gateway.transaction():
        gateway.execute(statement)


def test_a_gateway_cannot_change_a_person_nor_delete_what_is_kept(
    owner: Connection, gateway: Connection
) -> None:
    owner.execute(
        "insert into person (id, psn_no, area, name, certificate, certificate_hash)"
        " values (1, '43050000000000000001', '430500', '测试甲', '', '')"
    )
    owner.execute(
        "insert into balance (area, person, kind, amount_fen) values ('430500', 1, 'account', 5)"
    )
    for statement in (
        "update person set name = '测试乙'",
        "delete from person",
        "delete from balance",
        "delete from meter_use",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            gateway.execute(statement)
    assert owner.execute("select name from person").fetchone() == ("测试甲",)
    assert owner.execute("select amount_fen from balance").fetchone() == (5,)
