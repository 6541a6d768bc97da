"""Persons, institutions and credentials as they arrive: what is not dated but has one state."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from psycopg import Connection, sql

from gongji.platform.identity import CARD, RESIDENT, born_on, mask_number, sex_of
from gongji.registry.dated_rows import PERSON_FACT, Conflict, Counts, Shape
from gongji.registry.import_run import Arrival
from gongji.registry.import_tables import Table

Database = Connection[Any]

_PERSONS = """create temporary table arriving_person (file integer, row integer, psn_no text,
  area text, name text, sex text, ethnicity text, certificate_kind text, certificate bytea,
  certificate_hash bytea, card_hash bytea) on commit drop"""
_PERSON_TWICE = """select file, row, first from (
  select file, row, min(row) over (partition by psn_no) first from arriving_person) t
where row <> first"""
_CERTIFICATE_TWICE = """select a.file, a.row, b.row from arriving_person a join arriving_person b
on (b.certificate_hash, b.certificate_kind) = (a.certificate_hash, a.certificate_kind)
  and b.psn_no <> a.psn_no and b.row < a.row"""
_CERTIFICATE_TAKEN = """select a.file, a.row, p.psn_no from arriving_person a join person p
on (p.certificate_hash, p.certificate_kind) = (a.certificate_hash, a.certificate_kind)
  and p.psn_no <> a.psn_no"""
_COMPARE = """select count(*) filter (where p.id is null), count(*) filter (where p.id is not null
  and (p.area, p.name, p.sex, p.ethnicity, p.certificate_kind, p.certificate_hash, p.card_hash)
  is distinct from (a.area, a.name, a.sex, a.ethnicity, a.certificate_kind, a.certificate_hash,
  coalesce(a.card_hash, p.card_hash)))
from arriving_person a left join person p using (psn_no)"""
_ENTER = """insert into person (psn_no, area, name, sex, ethnicity, certificate_kind, certificate,
  certificate_hash, card_hash, learnt_at)
select psn_no, area, name, sex, ethnicity, certificate_kind, certificate, certificate_hash,
  card_hash, %s from arriving_person order by file, row
on conflict (psn_no) do update set area = excluded.area, name = excluded.name, sex = excluded.sex,
  ethnicity = excluded.ethnicity, certificate_kind = excluded.certificate_kind,
  certificate = excluded.certificate, certificate_hash = excluded.certificate_hash,
  card_hash = coalesce(excluded.card_hash, person.card_hash)
where (person.area, person.name, person.sex, person.ethnicity, person.certificate_kind,
  person.certificate_hash, person.card_hash)
  is distinct from (excluded.area, excluded.name, excluded.sex, excluded.ethnicity,
  excluded.certificate_kind, excluded.certificate_hash,
  coalesce(excluded.card_hash, person.card_hash))"""


def persons(arrival: Arrival, table: Table) -> None:
    """Persons: new ones, and known ones whose name, area or certificate changed."""
    connection = arrival.connection
    connection.execute("drop table if exists arriving_person")
    connection.execute(_PERSONS)
    total = 0
    with connection.cursor() as cursor, cursor.copy("copy arriving_person from stdin") as copy:
        for line, values in arrival.rows(table):
            total += 1
            copy.write_row(_person(arrival, table, line, values))
    connection.execute("analyze arriving_person")
    arrival.note(_person_conflicts(connection))
    if arrival.problems:
        return
    row = connection.execute(_COMPARE).fetchone()
    new, changed = row or (0, 0)
    connection.execute(_ENTER, [arrival.now])
    arrival.count({table.number: Counts(total - new - changed, new, changed)})


def _person(arrival: Arrival, table: Table, line: int, values: dict[str, Any]) -> tuple[Any, ...]:
    kind, number = values["certificate_kind"].zfill(2), values["certificate"]
    resident = kind == RESIDENT
    sex = values["sex"] or (sex_of(number) if resident else "9")
    born: date | None = values["birth_date"] or (born_on(number) if resident else None)
    arrival.problems.mentioned.add(values["psn_no"])
    if born:
        arrival.births.append((line, values["psn_no"], values["area"], born))
    identity, card = arrival.identity, values["card"]
    return (
        table.number,
        line,
        values["psn_no"],
        values["area"],
        values["name"],
        sex,
        values["ethnicity"],
        kind,
        identity.encrypt(number),
        identity.lookup_hash(kind, number),
        identity.lookup_hash(CARD, card) if card else None,
    )


def _person_conflicts(connection: Database) -> Iterator[Conflict]:
    for file, row, first in connection.execute(_PERSON_TWICE):
        yield file, row, "psn_no", f"与第 {first} 行是同一人员编号；请只留一行"
    for file, row, other in connection.execute(_CERTIFICATE_TWICE):
        yield file, row, "certificate", f"与第 {other} 行的证件号码相同，人员编号却不同；请核对"
    for file, row, psn_no in connection.execute(_CERTIFICATE_TAKEN):
        shown = mask_number(psn_no)
        yield file, row, "certificate", f"已属于参保人 {shown}；请核对人员编号或证件号码"


def persons_by_number(connection: Database, numbers: Iterable[str]) -> dict[str, tuple[int, str]]:
    """The ids and areas of persons by their numbers."""
    statement = "select psn_no, id, area from person where psn_no = any(%s)"
    rows = connection.execute(statement, [list(numbers)])
    return {psn_no: (person, area) for psn_no, person, area in rows}


_RESOLVE = """update arriving_person_fact a set person_id = p.id, area = coalesce(a.area, p.area)
from person p where p.psn_no = a.psn_no"""
_NOBODY = """delete from arriving_person_fact where person_id is null returning file, row, psn_no"""
_NO_OWNER = """select file, row, key, key = psn_no from arriving_person_fact a where kind = 'bond'
  and not withdrawn and (key = psn_no or not exists (select 1 from person where psn_no = a.key))"""
_NOT_SELECTED = """select file, row, details->>'institution' from arriving_person_fact a
where kind = 'selection' and not withdrawn
  and not exists (select 1 from institution where code = a.details->>'institution')"""


def resolve_persons(connection: Database, mentioned: set[str]) -> Iterator[Conflict]:
    """Whom facts are about; those that name someone who is not there are told and left out.

    Shape:   `mentioned` are persons of the same import, whose own mistakes are told already.
    """
    connection.execute(_RESOLVE)
    for file, row, psn_no in connection.execute(_NOBODY).fetchall():
        if psn_no not in mentioned:
            yield file, row, "psn_no", f"没有参保人 {mask_number(psn_no)}；请先导入参保人"
    for file, row, owner, own in connection.execute(_NO_OWNER).fetchall():
        shown = mask_number(owner)
        if own:
            yield file, row, "key", f"{shown} 是本人；家庭共济的账户所有人应是另一人"
        elif owner not in mentioned:
            yield file, row, "key", f"没有参保人 {shown}；请先导入账户所有人"
    for file, row, code in connection.execute(_NOT_SELECTED).fetchall():
        yield file, row, "institution", f"没有机构 {code}；请先导入机构"


_INSTITUTION = """insert into institution (code, area, name, kind, grade, uscc)
select * from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
on conflict (code) do update set area = excluded.area, name = excluded.name, kind = excluded.kind,
  grade = excluded.grade, uscc = excluded.uscc"""
_FIELDS = ("code", "area", "name", "kind", "grade", "uscc")


def institutions(arrival: Arrival, table: Table) -> None:
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
    fresh = [row for _, row in rows.values() if old.get(row[0]) != row]
    if fresh:
        columns = [list(column) for column in zip(*fresh, strict=True)]
        arrival.connection.execute(_INSTITUTION, columns)
    new = sum(1 for row in fresh if row[0] not in old)
    arrival.count({table.number: Counts(len(rows) - len(fresh), new, len(fresh) - new)})


_UNKNOWN = """select file, row, institution from {arriving} a
where not exists (select 1 from institution where code = a.institution)"""
_NO_PARENT = """select file, row, details->>'parent' from arriving_institution_fact a
where kind = 'level' and details->>'parent' <> ''
  and not exists (select 1 from institution where code = a.details->>'parent')"""


def unknown_institutions(
    connection: Database, shape: Shape, mentioned: set[str]
) -> Iterator[Conflict]:
    """Rows about institutions that are not there."""
    named = sql.SQL(_UNKNOWN).format(arriving=sql.SQL(shape.arriving))
    for file, row, code in connection.execute(named).fetchall():
        if code not in mentioned:
            yield file, row, "institution", f"没有机构 {code}；请先导入机构"
    if "details" in shape.types and shape is not PERSON_FACT:
        for file, row, code in connection.execute(_NO_PARENT).fetchall():
            yield file, row, "parent", f"没有机构 {code}；请先导入实体机构"


_CREDENTIAL = """insert into credential (access_key, institution, secret, since, revoked_at)
values (%s, %s, %s, %s, %s) on conflict (access_key) do update
set institution = excluded.institution, secret = excluded.secret,
  revoked_at = excluded.revoked_at"""


def credentials(arrival: Arrival, table: Table) -> None:
    """Credentials: new ones, and known ones with another secret or revoked."""
    connection = arrival.connection
    counts = Counts()
    for line, values in arrival.rows(table):
        given = (values["institution"], values["secret"], values["revoked_at"])
        code = values["institution"]
        known = "select 1 from institution where code = %s"
        if not connection.execute(known, [code]).fetchone():
            sentence = f"没有机构 {code}；请先导入机构"
            arrival.note([(table.number, line, "institution", sentence)])
            continue
        row = connection.execute(
            "select institution, secret, revoked_at from credential where access_key = %s",
            [values["access_key"]],
        ).fetchone()
        if row and (row[0], arrival.identity.decrypt(row[1]), row[2]) == given:
            counts += Counts(same=1)
            continue
        sealed = arrival.identity.encrypt(values["secret"])
        connection.execute(
            _CREDENTIAL,
            [values["access_key"], code, sealed, arrival.now, values["revoked_at"]],
        )
        counts += Counts(changed=1) if row else Counts(new=1)
    arrival.count({table.number: counts})
