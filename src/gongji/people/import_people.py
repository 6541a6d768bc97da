"""What is imported of persons: themselves, then what is known of them.

Inpatient stays and openings are rows about persons too, but other rooms store them (`take_stored`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import msgspec
from psycopg import Connection

from gongji.law.rulebook.provision_kinds import OF_PERSON
from gongji.people.import_kinds import PERSON_FACTS, PERSONS
from gongji.people.import_persons import Birth, take_persons
from gongji.people.person_kinds import EXCLUSIVE, PERSON_KINDS
from gongji.platform.identity import mask_number
from gongji.platform.imports.area_values import (
    AreaValues,
    kind_of_offsite,
    own_value,
    read_values,
)
from gongji.platform.imports.dated_rows import FACT_COLUMNS, Conflict, DatedTable
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
PERSON_FACT = DatedTable(
    "person_fact",
    {"psn_no": "text", "person_id": "bigint", "area": "text"} | FACT_COLUMNS,
    ("person_id", "kind", "key"),
    ("area", "until", "details", "source"),
)
BORN = date(1900, 1, 1)
"""From when a date of birth holds; one day for all, so that a corrected one takes its place."""
BIRTHS, WITH_PERSONS = 0, "出生日期（随参保人）"
"""The number and the label of the dates of birth that come with persons."""


def take_people(arrival: Arrival, tables: Sequence[ArrivingTable]) -> None:
    """Persons, then facts about them with the dates of birth that came along."""
    births = [birth for table in of_kind(tables, PERSONS) for birth in take_persons(arrival, table)]
    arrival.beside[BIRTHS] = WITH_PERSONS
    facts = DatedRows(
        PERSON_FACT,
        of_kind(tables, *PERSON_FACTS),
        _fact,
        [(BIRTHS, birth[0], _birth(birth)) for birth in births],
        _check,
    )
    take_dated(arrival, facts)


AREA_VALUES = (
    AreaValues(PERSON_FACT, "area_fact", "value", "a.area", own_value(OF_PERSON)),
    AreaValues(PERSON_FACT, "offsite", "kind", "a.area", kind_of_offsite),
)
"""Rows whose values the area's own documents declare."""


def _check(arrival: Arrival) -> Iterator[Conflict]:
    """Who is not there, then what the area's documents do not know."""
    yield from resolve_persons(arrival.connection, arrival.problems.mentioned)
    yield from second_spouses(arrival.connection)
    for values in AREA_VALUES:
        yield from read_values(arrival, values)


IMPORT = RoomImport((PERSONS, *PERSON_FACTS), take_people)


def _fact(kind: str, values: Values) -> Values:
    return values | {
        "kind": kind,
        "key": "" if kind in EXCLUSIVE else values["key"],
        "since": BORN if kind == "birth" else values["since"],
        "details": _details(kind, values),
    }


def _details(kind: str, values: Mapping[str, Any]) -> str:
    """The details of a fact with every field, so that the same are written the same way."""
    names = PERSON_KINDS[kind].__struct_fields__
    given = {name: values[name] for name in names if values[name] is not None}
    return msgspec.json.encode(msgspec.convert(given, PERSON_KINDS[kind])).decode()


def _birth(birth: Birth) -> Values:
    _, psn_no, area, born = birth
    values = {"psn_no": psn_no, "area": area, "source": "", "birth_date": born.isoformat()}
    return _fact("birth", values)


_RESOLVE = """update arriving_person_fact a set person_id = p.id, area = coalesce(a.area, p.area)
from person p where p.psn_no = a.psn_no"""
_NOBODY = """delete from arriving_person_fact where person_id is null returning file, row, psn_no"""
_NO_OWNER = """select file, row, key, key = psn_no from arriving_person_fact a where kind = 'bond'
  and not withdrawn and (key = psn_no or not exists (select 1 from person where psn_no = a.key))"""
_SPOUSE = """{0}.kind = 'bond' and {0}.details->>'relation' = 'spouse'
  and {0}.details->>'consented_on' <> '9999-12-31'"""
_OTHERS = """daterange({0}.since, {0}.until) && daterange(a.since, a.until) and (
  {0}.person_id = a.person_id and {0}.key <> a.key
  or {0}.key = a.key and {0}.person_id <> a.person_id
  or {0}.key = a.psn_no and {0}.person_id <> o.id
  or {0}.person_id = o.id and {0}.key <> a.psn_no)"""
_TWO_SPOUSES = f"""select a.file, a.row, (
    select b.row from arriving_person_fact b where not b.withdrawn and {_SPOUSE.format("b")}
      and (b.file, b.row) < (a.file, a.row) and {_OTHERS.format("b")} order by b.row limit 1),
  (select k.since::text from person_fact k where k.retired_at is null and {_SPOUSE.format("k")}
      and {_OTHERS.format("k")} and not exists (select 1 from arriving_person_fact r
        where (r.person_id, r.kind, r.key, r.since) = (k.person_id, k.kind, k.key, k.since))
    order by k.since limit 1)
from arriving_person_fact a join person o on o.psn_no = a.key
where not a.withdrawn and a.key <> a.psn_no and {_SPOUSE.format("a")}"""
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


def second_spouses(connection: Database) -> Iterator[Conflict]:
    """Bonds by which somebody had two spouses at once, among what arrives or with what is known.

    Law:     《中华人民共和国民法典》 第一千零四十一条 (一夫一妻).
    """
    for file, row, other, since in connection.execute(_TWO_SPOUSES).fetchall():
        if other is None and since is None:
            continue
        with_whom = f"与第 {other} 行" if other is not None else f"与已有的一条（{since} 起）"
        sentence = "是两位配偶；一人只有一位配偶（《中华人民共和国民法典》第一千零四十一条）"
        yield file, row, "key", f"{with_whom}{sentence}，请核对关系或起止日"


def persons_by_number(connection: Database, numbers: Iterable[str]) -> dict[str, tuple[int, str]]:
    """The ids and areas of persons by their numbers."""
    statement = "select psn_no, id, area from person where psn_no = any(%s)"
    rows = connection.execute(statement, [list(numbers)])
    return {psn_no: (person, area) for psn_no, person, area in rows}


def take_stored(arrival: Arrival, tables: Sequence[ArrivingTable]) -> None:
    """Rows about persons that another room stores (`Arrival.stores`), one table after the other."""
    for table in tables:
        _store(arrival, table)


def _store(arrival: Arrival, table: ArrivingTable) -> None:
    """The persons of rows are looked up here."""
    found = list(arrival.rows(table))
    people = persons_by_number(arrival.connection, {row["psn_no"] for _, row in found})
    ready = []
    for line, values in found:
        person = people.get(values["psn_no"])
        if person is not None:
            area = values["area"] or person[1]
            ready.append((line, values | {"person_id": person[0], "area": area}))
        elif values["psn_no"] not in arrival.problems.mentioned:
            sentence = f"没有参保人 {mask_number(values['psn_no'])}；请先导入参保人"
            arrival.note([(table.number, line, "psn_no", sentence)])
    if arrival.problems:
        return
    stored = arrival.stores[table.kind.name](arrival.connection, ready, arrival.now)
    arrival.note((table.number, *problem) for problem in stored.problems)
    arrival.count({table.number: stored.counts})
