"""What is imported of institutions: themselves, what is known of them, their credentials."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from psycopg import Connection, sql

from gongji.institutions.import_kinds import CREDENTIALS, INSTITUTION_FACTS, INSTITUTIONS
from gongji.institutions.institution_kinds import INSTITUTION_KINDS
from gongji.law.rulebook.provision_kinds import OF_INSTITUTION
from gongji.platform.imports.area_values import AreaValues, own_value, read_values
from gongji.platform.imports.dated_rows import FACT_COLUMNS, Conflict, Counts, DatedTable
from gongji.platform.imports.import_run import (
    Arrival,
    DatedRows,
    RoomImport,
    Values,
    of_kind,
    take_dated,
)
from gongji.platform.imports.import_tables import ArrivingTable

Database = Connection[Any]
INSTITUTION_FACT = DatedTable(
    "institution_fact",
    {"institution": "text"} | FACT_COLUMNS,
    ("institution", "kind", "key"),
    ("until", "details", "source"),
)


AREA_VALUES = AreaValues(
    INSTITUTION_FACT,
    "institution_area_fact",
    "value",
    "(select i.area from institution i where i.code = a.institution)",
    own_value(OF_INSTITUTION),
)
"""Rows whose values the area's own documents declare."""


def take_institutions(arrival: Arrival, tables: Sequence[ArrivingTable]) -> None:
    """Institutions, then facts about them, then credentials."""
    for table in of_kind(tables, INSTITUTIONS):
        take_institution_table(arrival, table)
    facts = of_kind(tables, *INSTITUTION_FACTS)
    take_dated(arrival, DatedRows(INSTITUTION_FACT, facts, _fact, check=_nobody_named))
    for table in of_kind(tables, CREDENTIALS):
        take_credential_table(arrival, table)


IMPORT = RoomImport((INSTITUTIONS, *INSTITUTION_FACTS, CREDENTIALS), take_institutions)


def _fact(kind: str, values: Values) -> Values:
    """The columns of a fact; its details have every field, so that the same are written alike."""
    names = INSTITUTION_KINDS[kind].__struct_fields__
    given = {name: values[name] for name in names if values[name] is not None}
    details = msgspec.json.encode(msgspec.convert(given, INSTITUTION_KINDS[kind])).decode()
    return values | {"kind": kind, "key": values.get("key", ""), "details": details}


_INSTITUTION = """insert into institution (code, area, name, kind, grade, uscc)
select * from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
on conflict (code) do update set area = excluded.area, name = excluded.name, kind = excluded.kind,
  grade = excluded.grade, uscc = excluded.uscc"""
_FIELDS = ("code", "area", "name", "kind", "grade", "uscc")


def take_institution_table(arrival: Arrival, table: ArrivingTable) -> None:
    """Institutions: new ones, and known ones that changed."""
    rows: dict[str, tuple[int, tuple[Any, ...]]] = {}
    for line, values in arrival.rows(table):
        code = values["code"]
        if code in rows:
            sentence = f"与第 {rows[code][0]} 行是同一机构；请只留一行"
            arrival.note([(table.number, line, "code", sentence)])
        rows[code] = line, tuple(values[name] for name in _FIELDS)
    statement = "select code, area, name, kind, grade, uscc from institution where code = any(%s)"
    found = arrival.connection.execute(statement, [list(rows)])
    old: dict[str, tuple[Any, ...]] = {row[0]: row for row in found}
    kept = [n for n, name in enumerate(_FIELDS) if name in table.absent]
    given = [_keep(row, old.get(row[0], row), kept) for _, row in rows.values()]
    fresh = [row for row in given if old.get(row[0]) != row]
    if fresh:
        columns = [list(column) for column in zip(*fresh, strict=True)]
        arrival.connection.execute(_INSTITUTION, columns)
    new = sum(1 for row in fresh if row[0] not in old)
    arrival.count({table.number: Counts(len(rows) - len(fresh), new, len(fresh) - new)})


def _keep(row: tuple[Any, ...], known: tuple[Any, ...], places: list[int]) -> tuple[Any, ...]:
    """A row with what is known in the places that its file has no column for."""
    return tuple(known[n] if n in places else value for n, value in enumerate(row))


_UNKNOWN = """select file, row, institution from {arriving} a
where not exists (select 1 from institution where code = a.institution)"""
_NO_PARENT = """select file, row, details->>'parent' from arriving_institution_fact a
where kind = 'level' and details->>'parent' <> ''
  and not exists (select 1 from institution where code = a.details->>'parent')"""


def unknown_institutions(arrival: Arrival, table: DatedTable) -> Iterator[Conflict]:
    """Rows about institutions that are not there, but for those of the same import."""
    named = sql.SQL(_UNKNOWN).format(arriving=sql.SQL(table.arriving))
    for file, row, code in arrival.connection.execute(named).fetchall():
        if code not in arrival.problems.mentioned:
            yield file, row, "institution", f"没有机构 {code}；请先导入机构"


def _nobody_named(arrival: Arrival) -> Iterator[Conflict]:
    """Facts about institutions that are not there, and Internet hospitals without their parent."""
    yield from unknown_institutions(arrival, INSTITUTION_FACT)
    for file, row, code in arrival.connection.execute(_NO_PARENT).fetchall():
        yield file, row, "parent", f"没有机构 {code}；请先导入实体机构"
    yield from read_values(arrival, AREA_VALUES)


_PUBLIC = re.compile(r"04[0-9a-f]{128}")
_CREDENTIAL = """insert into credential (access_key, institution, secret, since, revoked_at, scope,
  sm2_public)
values (%s, %s, %s, %s, %s, %s, decode(%s, 'hex')) on conflict (access_key) do update
set institution = excluded.institution, secret = excluded.secret,
  revoked_at = excluded.revoked_at, scope = excluded.scope,
  sm2_public = excluded.sm2_public"""


def take_credential_table(arrival: Arrival, table: ArrivingTable) -> None:
    """Credentials: new ones, and known ones with another secret or revoked."""
    connection = arrival.connection
    counts = Counts()
    for line, values in arrival.rows(table):
        code = values["institution"]
        known = "select 1 from institution where code = %s"
        if not connection.execute(known, [code]).fetchone():
            sentence = f"没有机构 {code}；请先导入机构"
            arrival.note([(table.number, line, "institution", sentence)])
            continue
        row = connection.execute(
            "select institution, secret, revoked_at, scope, encode(sm2_public, 'hex')"
            " from credential where access_key = %s",
            [values["access_key"]],
        ).fetchone()
        revoked = row[2] if row and "revoked_at" in table.absent else values["revoked_at"]
        scope = row[3] if row and "scope" in table.absent else values["scope"]
        known_key = row is not None and "sm2_public" in table.absent
        public = row[4] if row and known_key else values["sm2_public"].lower()
        if public and not _PUBLIC.fullmatch(public):
            sentence = "SM2公钥应为 130 位十六进制，以 04 开头；请核对"
            arrival.note([(table.number, line, "sm2_public", sentence)])
            continue
        given = (values["institution"], values["secret"], revoked, scope, public)
        if row and (row[0], arrival.identity.decrypt(row[1]), *row[2:]) == given:
            counts += Counts(same=1)
            continue
        sealed = arrival.identity.encrypt(values["secret"])
        connection.execute(
            _CREDENTIAL,
            [values["access_key"], code, sealed, arrival.now, revoked, scope, public],
        )
        counts += Counts(changed=1) if row else Counts(new=1)
    arrival.count({table.number: counts})
