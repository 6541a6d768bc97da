"""Persons as they arrive: they have one state, and who changed is compared by their number."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from psycopg import Connection

from gongji.platform.identity import CARD, RESIDENT, Identity, born_on, mask_number, sex_of
from gongji.platform.imports.dated_rows import Conflict, Counts
from gongji.platform.imports.import_run import Arrival, Values
from gongji.platform.imports.import_tables import ArrivingTable

Database = Connection[Any]
Birth = tuple[int, str, str, date]
"""Row, psn_no, area, date of birth."""

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


def take_persons(arrival: Arrival, table: ArrivingTable) -> list[Birth]:
    """Persons: new ones, and known ones whose name, area or certificate changed.

    Returns: the dates of birth that come with them.
    """
    connection = arrival.connection
    births: list[Birth] = []
    connection.execute("drop table if exists arriving_person")
    connection.execute(_PERSONS)
    total = 0
    with connection.cursor() as cursor, cursor.copy("copy arriving_person from stdin") as copy:
        for line, values in arrival.rows(table):
            total += 1
            arrival.problems.mentioned.add(values["psn_no"])
            born = _born(values)
            if born:
                births.append((line, values["psn_no"], values["area"], born))
            copy.write_row((table.number, line, *_person(arrival.identity, values)))
    connection.execute("analyze arriving_person")
    arrival.note(_person_conflicts(connection))
    births = _keep_known(arrival, table, births)
    if arrival.problems:
        return births
    row = connection.execute(_COMPARE).fetchone()
    new, changed = row or (0, 0)
    connection.execute(_ENTER, [arrival.now])
    arrival.count({table.number: Counts(total - new - changed, new, changed)})
    return births


_KEEP = """update arriving_person a set {column} = p.{column} from person p
where p.psn_no = a.psn_no"""
_OTHER_KIND = """select a.file, a.row, p.certificate_kind from arriving_person a
join person p using (psn_no) where p.certificate_kind <> a.certificate_kind"""
_BORN = """select a.psn_no, (f.details->>'birth_date')::date
from arriving_person a join person p using (psn_no)
join person_fact f on f.person_id = p.id and f.kind = 'birth' and f.retired_at is null"""


def _keep_known(arrival: Arrival, table: ArrivingTable, births: list[Birth]) -> list[Birth]:
    """What the file has no column for stays as it is known; the dates of birth still to enter."""
    connection = arrival.connection
    for column in ("sex", "ethnicity"):
        if column in table.absent:
            connection.execute(_KEEP.format(column=column))
    if "certificate_kind" in table.absent:
        for file, row, known in connection.execute(_OTHER_KIND).fetchall():
            sentence = f"已登记的证件类型是 {known}，文件里没有“证件类型”一列；请加上这一列"
            arrival.note([(file, row, "certificate_kind", sentence)])
    if "birth_date" in table.absent:
        known = dict(connection.execute(_BORN).fetchall())
        return [(*birth[:3], known.get(birth[1], birth[3])) for birth in births]
    return births


def _born(values: Values) -> date | None:
    """The date of birth that is given, or that the number of an identity card holds."""
    given: date | None = values["birth_date"]
    resident = values["certificate_kind"].zfill(2) == RESIDENT
    return given or (born_on(values["certificate"]) if resident else None)


def _person(identity: Identity, values: Values) -> tuple[Any, ...]:
    """A row of `arriving_person` without file and row."""
    kind, number, card = values["certificate_kind"].zfill(2), values["certificate"], values["card"]
    sex = values["sex"] or (sex_of(number) if kind == RESIDENT else "9")
    return (
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
