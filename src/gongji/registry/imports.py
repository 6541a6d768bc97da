"""Files imported whole or not at all: every mistake of every file at once, or one transaction.

The tables are taken in the order of `gongji.registry.import_kinds.KINDS`, so that one workbook may
bring persons and what is known of them. What lies outside this room (opening entries of the ledger,
inpatient stays) is stored by functions that the caller gives (`stores`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec
from psycopg import Connection, errors

from gongji.platform.identity import Identity, mask_number
from gongji.refusals import Fault, RulebookError
from gongji.registry import dated_rows, import_people
from gongji.registry.dated_rows import Counts, Shape
from gongji.registry.fact_kinds import EXCLUSIVE, INSTITUTION_KINDS, PERSON_KINDS
from gongji.registry.import_run import BIRTHS, WITH_PERSONS, Arrival, Store
from gongji.registry.import_tables import Table, open_tables

Database = Connection[Any]
ELSEWHERE = ("opening_balance", "opening_meter", "stay")
"""Kinds that go into the ledger: other rooms store them, openings before what follows them."""
BORN = date(1900, 1, 1)
"""From when a date of birth holds; one day for all, so that a corrected one takes its place."""
_ONE_AT_A_TIME = "select pg_advisory_xact_lock(hashtext('gongji registry import'))"


def load(
    connection: Database,
    paths: Sequence[Path],
    identity: Identity,
    now: datetime,
    kind: str = "",
    *,
    dry_run: bool = False,
    home: Callable[[str], str] = lambda area: area,
    stores: Mapping[str, Store] | None = None,
    progress: Callable[[int], object] = lambda count: None,
) -> list[tuple[str, Counts]]:
    """Import files: CSV and Parquet of one kind each, workbooks with a sheet for each kind.

    Shape:   `home` gives the pooling area of a region; `progress` is told rows as they are read.
    Returns: label and counts of each table; the same with `dry_run`, which keeps nothing.
    Refuses: RulebookError with every problem, nothing then being imported; as `open_tables`.
    """
    arrival = Arrival(connection, identity, now, home, stores or {}, progress)
    tables = open_tables(paths, kind, arrival.problems)
    for table in tables:
        if table.kind.name in ELSEWHERE and table.kind.name not in arrival.stores:
            message = f"{table.kind.title}要计入账簿；请用 gongji registry import"
            arrival.problems.note(table.label, 0, "种类", message)
    if arrival.problems:
        raise RulebookError(arrival.problems.complete())
    arrival.tables = {table.number: table for table in tables}
    try:
        with connection.transaction(force_rollback=dry_run):
            connection.execute(_ONE_AT_A_TIME)
            _take(arrival, tables)
            if arrival.problems:
                raise RulebookError(arrival.problems.complete())
    except (errors.ExclusionViolation, errors.UniqueViolation):
        raise Fault("导入期间另有人改动了同样的内容，什么也没有导入；请再导入一次") from None
    labels = {table.number: table.label for table in tables}
    births = {BIRTHS: WITH_PERSONS} if BIRTHS in arrival.counts else {}
    return [(name, arrival.counts[number]) for number, name in (labels | births).items()]


def _take(arrival: Arrival, tables: Sequence[Table]) -> None:
    """Everything in its order; with problems it goes on, to find the rest of them."""

    def of(*kinds: str) -> list[Table]:
        return [table for table in tables if table.kind.name in kinds]

    for table in of("institution"):
        import_people.institutions(arrival, table)
    _dated(arrival, dated_rows.INSTITUTION_FACT, of(*INSTITUTION_KINDS), _institution_fact)
    for table in of("credential"):
        import_people.credentials(arrival, table)
    _dated(arrival, dated_rows.ITEM_VERSION, of("item"), _plain)
    _dated(arrival, dated_rows.ITEM_MATCH, of("match"), _plain)
    for table in of("person"):
        import_people.persons(arrival, table)
    facts = [name for name in PERSON_KINDS if name not in ELSEWHERE]
    _dated(arrival, dated_rows.PERSON_FACT, of(*facts), _person_fact)
    for table in of(*ELSEWHERE):
        _store(arrival, table, arrival.stores[table.kind.name])


Values = dict[str, Any]
Row_ = tuple[Any, ...]


def _dated(
    arrival: Arrival,
    shape: Shape,
    tables: Sequence[Table],
    cells: Callable[[Table, Values], Values],
) -> None:
    """Tables of dated rows of one shape: staged, compared, applied."""
    births = arrival.births if shape is dated_rows.PERSON_FACT else []
    if not tables and not births:
        return
    dated_rows.prepare(arrival.connection, shape)

    def rows() -> Iterator[Row_]:
        for table in tables:
            for line, values in arrival.rows(table):
                made = cells(table, values)
                row = (made.get(name) for name in shape.types)
                yield (table.number, line, values.get("withdrawn", False), *row)
        for line, psn_no, area, born in births:
            made = _person_row(psn_no, area, "birth", "", BORN, {"birth_date": born.isoformat()})
            yield (BIRTHS, line, False, *(made.get(name) for name in shape.types))

    mentioned = arrival.problems.mentioned
    dated_rows.stage(arrival.connection, shape, rows())
    if shape is dated_rows.PERSON_FACT:
        arrival.note(import_people.resolve_persons(arrival.connection, mentioned))
    if shape in (dated_rows.INSTITUTION_FACT, dated_rows.ITEM_MATCH):
        arrival.note(import_people.unknown_institutions(arrival.connection, shape, mentioned))
    arrival.note(dated_rows.conflicts(arrival.connection, shape))
    if not arrival.problems:
        arrival.count(dated_rows.apply(arrival.connection, shape, arrival.now))
        for number in (table.number for table in tables):
            arrival.counts.setdefault(number, Counts())


def _plain(table: Table, values: Values) -> Values:
    return values


def _details(kinds: Mapping[str, type[msgspec.Struct]], kind: str, values: Values) -> str:
    """The details of a fact with every field, so that the same are written the same way."""
    fields = {
        name: values[name] for name in kinds[kind].__struct_fields__ if values[name] is not None
    }
    made = msgspec.convert(fields, kinds[kind])
    return msgspec.json.encode(made).decode()


def _person_row(
    psn_no: str, area: str | None, kind: str, key: str, since: date, fields: Values
) -> Values:
    details = msgspec.json.encode(msgspec.convert(fields, PERSON_KINDS[kind])).decode()
    return {
        "psn_no": psn_no,
        "area": area,
        "kind": kind,
        "key": key,
        "since": since,
        "details": details,
        "source": "",
    }


def _person_fact(table: Table, values: Values) -> Values:
    kind = table.kind.name
    key = "" if kind in EXCLUSIVE else values["key"]
    since = BORN if kind == "birth" else values["since"]
    return values | {
        "kind": kind,
        "key": key,
        "since": since,
        "details": _details(PERSON_KINDS, kind, values),
    }


def _institution_fact(table: Table, values: Values) -> Values:
    details = _details(INSTITUTION_KINDS, table.kind.name, values)
    return values | {"kind": table.kind.name, "key": "", "details": details}


def _store(arrival: Arrival, table: Table, store: Store) -> None:
    """Rows that another room stores: their persons are looked up here."""
    found = list(arrival.rows(table))
    people = import_people.persons_by_number(
        arrival.connection, {row["psn_no"] for _, row in found}
    )
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
    stored = store(arrival.connection, ready, arrival.now)
    arrival.note((table.number, *problem) for problem in stored.problems)
    arrival.count({table.number: stored.counts})
