"""The logins of the processes: each by its own, with its own keys, and which entries it may add."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from gongji.platform import database as where
from gongji.service import parts

Connection = psycopg.Connection[Any]

LOGINS = ("gateway", "pages", "api", "console", "jobs", "backup")
PERSON = (
    "insert into person (id, psn_no, area, name, certificate, certificate_hash)"
    " values (1, '43050000000000000001', '430500', '测试甲', '', '')"
)
ENTRY = """insert into entry (area, kind, origin, person, service_date, actor_kind, actor, command)
values ('430500', '{kind}', '{origin}', 1, '2024-03-05', '{actor}', 'x', {command})"""


@pytest.fixture
def by(database: str, owner: Connection) -> Iterator[Callable[[str], Connection]]:
    """Connects by a login."""
    owner.execute(PERSON)
    opened: list[Connection] = []

    def connect(login: str) -> Connection:
        options = f"-c role=gongji_{login}"
        opened.append(psycopg.connect(database, options=options, autocommit=True))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


def refused(connection: Connection, statement: str) -> bool:
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(statement)
    except psycopg.errors.InsufficientPrivilege:
        return True
    except psycopg.errors.CheckViolation:
        # It may be added: this one lacks what an entry of its kind names.
        return False
    return False


def test_every_login_logs_in_owns_nothing_of_the_journal_and_is_nobody(owner: Connection) -> None:
    for login in LOGINS:
        row = owner.execute(
            "select rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolreplication,"
            " rolbypassrls from pg_roles where rolname = %s",
            [f"gongji_{login}"],
        ).fetchone()
        assert row == (True, False, False, False, False, False), login
    owned = owner.execute(
        "select relname, relowner::regrole::text from pg_class where relnamespace ="
        " 'public'::regnamespace and relowner::regrole::text like 'gongji%'"
    ).fetchall()
    # The months of messages are made and dropped by the jobs.
    assert {(name.split("_")[0], role) for name, role in owned} <= {("inbox", "gongji_jobs")}


KINDS = {
    "gateway": ("institution", "null", {"settlement", "cancellation", "stay"}),
    "jobs": (
        "job",
        "null",
        {
            *("credit", "premium", "interest", "prepayment", "payment", "clearing"),
            *("contribution", "budget"),
        },
    ),
    "console": (
        "staff",
        "1000",
        {
            *("adjustment", "reimbursement", "payout", "transfer", "inheritance", "repayment"),
            *("deduction", "recovery", "clearing", "payment", "prepayment"),
        },
    ),
}
"""Login -> the kind of its actors, a command, the kinds of entries that it may add."""


@pytest.mark.parametrize("login", KINDS)
def test_a_login_adds_the_kinds_of_its_own_and_no_other(
    owner: Connection, by: Callable[[str], Connection], login: str
) -> None:
    owner.execute(
        "insert into command (id, area, kind, actor_kind, actor, content, version)"
        " overriding system value values (1000, '430500', 'x', 'staff', '1', '{}', 1)"
    )
    actor, command, own = KINDS[login]
    connection = by(login)
    kinds = {kind for (kind,) in owner.execute("select kind from entry_kind")}
    assert kinds > own
    added = set()
    for kind in kinds:
        made = ENTRY.format(kind=kind, origin="own", actor=actor, command=command)
        if not refused(connection, made):
            added.add(kind)
    assert added == own
    # Not in another's name, and not as what another system decided.
    kind = min(own)
    other = "job" if actor != "job" else "institution"
    assert refused(connection, ENTRY.format(kind=kind, origin="own", actor=other, command=command))
    mirror = ENTRY.replace("area, kind", "origin_key, area, kind").replace(
        "values (", "values ('k', "
    )
    assert refused(
        connection, mirror.format(kind=kind, origin="mirror", actor=actor, command=command)
    )


@pytest.mark.parametrize("login", ["pages", "api", "backup"])
def test_who_decides_nothing_adds_no_entry(by: Callable[[str], Connection], login: str) -> None:
    made = ENTRY.format(kind="settlement", origin="own", actor="institution", command="null")
    assert refused(by(login), made)


MADE = (
    "create function public.eq(text, varchar) returns boolean language sql as 'select true'",
    "create operator public.= (function = texteq, leftarg = text, rightarg = text)",
    "create table public.mine (line int)",
    "create schema mine",
)


@pytest.mark.parametrize("login", LOGINS)
def test_no_login_makes_what_others_would_run(by: Callable[[str], Connection], login: str) -> None:
    for statement in MADE:
        assert refused(by(login), statement), statement


FORBIDDEN = {
    "gateway": ["select 1 from staff", "select 1 from command", "select 1 from access_log"],
    "pages": ["select 1 from credential", "insert into balance default values"],
    "api": ["select 1 from person", "select 1 from entry", "select 1 from person_fact"],
    "console": [
        *("select secret from credential", "update credential set secret = ''"),
        *("update person set name = ''", "delete from command", "select 1 from django_session"),
    ],
    "jobs": ["select 1 from credential", "insert into person_fact default values"],
    "backup": ["insert into person default values", "delete from nonce"],
}


@pytest.mark.parametrize("login", FORBIDDEN)
def test_a_login_has_no_key_that_it_does_not_need(
    by: Callable[[str], Connection], login: str
) -> None:
    connection = by(login)
    for statement in [*FORBIDDEN[login], "update entry set area = area", "delete from posting"]:
        assert refused(connection, statement), statement
    assert not refused(connection, "select 1 from law_version")


NUMBERED = """select r.rolname, t.relname, s.relname from pg_roles r, pg_class t
join pg_attrdef a on a.adrelid = t.oid
join pg_depend d on d.objid = a.oid and d.classid = 'pg_attrdef'::regclass
  and d.refclassid = 'pg_class'::regclass
join pg_class s on s.oid = d.refobjid and s.relkind = 'S'
where r.rolname like 'gongji\\_%' and has_table_privilege(r.oid, t.oid, 'insert')
  and not has_sequence_privilege(r.oid, s.oid, 'usage')"""


def test_whoever_may_add_a_row_may_number_it(
    owner: Connection, by: Callable[[str], Connection]
) -> None:
    assert owner.execute(NUMBERED).fetchall() == []
    # An identity column numbers by itself; it asks for no right to its sequence.
    with by("pages").transaction(force_rollback=True) as made:
        made.connection.execute(
            "insert into auth_user (username, password, is_superuser, first_name, last_name, email,"
            " is_staff, is_active, date_joined)"
            " values ('x', '', false, '', '', '', false, true, now())"
        )


def test_a_process_is_given_the_address_of_its_own_login_only(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GONGJI_GATEWAY_DATABASE_URL", "host=secret")
    monkeypatch.setattr(where, "owner_dsn", lambda: database)
    monkeypatch.setattr(
        parts, "login_dsn", lambda name: make_conninfo(database, user=f"gongji_{name}")
    )
    for process in where.LOGINS:
        given = parts._own_environment(process)
        assert conninfo_to_dict(given["DATABASE_URL"])["user"] == f"gongji_{process}"
        assert "GONGJI_GATEWAY_DATABASE_URL" not in given
        assert given["PATH"] == os.environ["PATH"]
