"""A year of the ledger as our own tables: what audits, supervision and simulations read.

Every settlement and reimbursement that stands is a visit with the facts that it was decided on and
what was paid by it and its corrections. Numbers of persons become keyed pseudonyms, names and
certificates are not read at all. Tables are buckets of whole persons, as `gongji mirror` writes
them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from psycopg.rows import dict_row

from gongji.batch.buckets import write_buckets
from gongji.batch.own_tables import ALSO_OF_VISITS, TABLES, VISITS
from gongji.batch.work_steps import UNWATCHED, WorkSteps
from gongji.law.engine.area import Area
from gongji.law.engine.visit import WAITS, Value, fact_text
from gongji.ledger.entry_contents import SettledFacts, read_facts
from gongji.mirror.pseudonyms import Pseudonyms
from gongji.refusals import Refusal
from gongji.tabular.whole_files import appearing
from gongji.units import day_of, yuan_text

Connection = psycopg.Connection[Any]
PIECE = 50_000
"""So many rows are in memory at a time."""

_STANDS = """not exists (select from entry r where r.reverses = e.id)"""
_AMOUNTS = {
    "total_fen": "total_fen",
    "in_scope_fen": "in_scope_fen",
    "own_fen": "wholly_own_fen",
    "first_self_fen": "first_self_pay_fen",
    "over_limit_fen": "above_standard_fen",
    "paid_deductible_fen": "deductible_fen",
    "paid_pool_fen": "pool_fen",
    "paid_supplements_fen": "supplements_fen",
    "account_fen": "account_fen",
    "family_fen": "family_fen",
    "cash_fen": "cash_fen",
    "institution_bears_fen": "borne_fen",
}
"""An amount of a visit, and that of the settlement to which its corrections are added."""
_ADDED = ", ".join(f"coalesce(sum(s.{kept}), 0)::bigint as {kept}" for kept in _AMOUNTS.values())
_SUMS = ", ".join(f"s.{kept} + a.{kept} as {name}" for name, kept in _AMOUNTS.items())
_CHOSEN = f"""e.kind in ('settlement', 'reimbursement') and e.area = %(area)s
  and e.service_date >= %(since)s and e.service_date < %(until)s and {_STANDS}"""
_YEARS = """select distinct extract(year from service_date)::int from entry
where area = %(area)s and kind in ('settlement', 'reimbursement') order by 1"""
_KEYS = f"""select distinct k from entry e join settlement s on s.entry = e.id,
  lateral (select jsonb_object_keys(s.facts #> %(path)s) as k) as keys
where {_CHOSEN} and jsonb_typeof(s.facts #> %(path)s) = 'object'"""
_VISITS = f"""select e.id, p.psn_no, e.institution, i.area as region, e.service_date,
  e.made_at at time zone 'Asia/Shanghai' as settled_at, coalesce(v.id, e.id) as visit,
  v.med_type, s.benefit,
  s.facts, (select string_agg(d ->> 'diag_code', ';') from jsonb_array_elements(
    case jsonb_typeof(v.diagnoses) when 'array' then v.diagnoses else '[]' end) d) as diagnosis,
  row_number() over (partition by e.person, e.service_date order by e.id) as sequence,
  (select min(o.psn_no) from posting t join person o on o.id::text = t.debit_owner
    where t.entry = e.id and t.debit = 'account' and o.id <> e.person) as payer,
  {_SUMS}
from entry e join settlement s on s.entry = e.id join person p on p.id = e.person
left join visit v on v.id = s.visit left join institution i on i.code = e.institution
cross join lateral (
  select {_ADDED} from entry a join settlement s on s.entry = a.id
  where a.cause = e.id and a.kind = 'adjustment'
    and not exists (select from entry r where r.reverses = a.id)) a
where {_CHOSEN} order by e.person, e.service_date, e.id"""
_LINES = f"""select l.id, v.id as visit, p.psn_no, e.institution, v.begun_at
  at time zone 'Asia/Shanghai' as occurred_at, l.item, i.name, i.list_type as kind,
  l.quantity_e4, l.price_micro, l.amount_fen, l.in_scope_fen
from entry e join person p on p.id = e.person
join settlement s on s.entry = e.id join visit v on v.id = s.visit
join settlement_batch t on t.entry = e.id and t.released_at is null
join fee_line l on l.batch_id = t.batch left join item_version i on i.id = l.version
where {_CHOSEN} order by e.person, e.id, l.id"""
_PERSONS = """select p.psn_no, nullif(p.sex, '9') as sex, (
    select f.details ->> 'birth_date' from person_fact f where f.person_id = p.id
      and f.kind = 'birth' and f.retired_at is null order by f.since desc limit 1) as born, (
    select f.details ->> 'status' from person_fact f where f.person_id = p.id
      and f.kind = 'insured' and f.retired_at is null and f.since < %(until)s
      order by f.since desc limit 1) as status
from person p where p.area = %(area)s order by p.id"""
_FACTS = """select p.psn_no, f.kind, f.key, f.since, f.until, f.details
from person_fact f join person p on p.id = f.person_id
where p.area = %(area)s and f.retired_at is null and f.kind = any(%(kinds)s)
  and f.since < %(until)s and (f.until is null or f.until > %(since)s)
order by p.id, f.since"""
_INSTITUTIONS = """select i.code, i.name, i.kind, i.area, f.details ->> 'level' as level,
  coalesce(f.since, '0001-01-01') as since, f.until
from institution i left join institution_fact f on f.institution = i.code and f.kind = 'level'
  and f.retired_at is null order by i.code, f.since"""


@dataclass(frozen=True)
class TablesAsked:
    """A year of an area's ledger, as so many buckets."""

    area: str
    year: int
    buckets: int = 16

    @property
    def values(self) -> dict[str, object]:
        """What the statements are given."""
        since, until = date(self.year, 1, 1), date(self.year + 1, 1, 1)
        return {"area": self.area, "since": since, "until": until}


def write_tables(
    connection: Connection,
    folder: Path,
    asked: TablesAsked,
    pseudonyms: Pseudonyms,
    laws: Area,
    steps: WorkSteps = UNWATCHED,
) -> dict[str, int]:
    """Write a year of the ledger into a folder, all of one moment.

    Shape:   `laws` is the area whose names the facts are written by.
    Returns: table -> rows.
    Refuses: value_invalid where nothing of the year stands.
    Ensures: what is missing of a person is empty, never guessed.
    """
    run = _Writing(connection, folder, asked, pseudonyms, laws, steps)
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        return run.all()


@dataclass(frozen=True)
class _Writing:
    connection: Connection
    folder: Path
    asked: TablesAsked
    pseudonyms: Pseudonyms
    laws: Area
    steps: WorkSteps

    def all(self) -> dict[str, int]:
        """All tables; visits come first, for without any there is nothing to write."""
        tables: dict[str, Iterator[pa.Table]] = {
            "visits": self._visits(),
            "lines": self._pieces("lines", _LINES, self._line),
            "persons": self._pieces("persons", _PERSONS, self._person),
            "spells": self._pieces("spells", _FACTS, self._spell, kinds=["insured"]),
            "filings": self._pieces(
                "filings", _FACTS, self._filing, kinds=["registration", "offsite"]
            ),
        }
        rows = {name: self._write(name, pieces) for name, pieces in tables.items()}
        return rows | {"institutions": self._institutions()}

    def _write(self, name: str, pieces: Iterator[pa.Table]) -> int:
        first = next(pieces, None)
        if first is None and name == "visits":
            raise self._nothing()
        given = chain([TABLES[name].empty_table() if first is None else first], pieces)
        self.steps.begin(name, 0)
        made = write_buckets(given, self.folder / name, self.asked.buckets, self.steps, name)
        return made.rows

    def _nothing(self) -> Refusal:
        """Of which years there is something to write."""
        rows = self.connection.execute(_YEARS, self.asked.values).fetchall()
        known = "、".join(str(year) for (year,) in rows) or "有结算的统筹区"
        value = f"{self.asked.area} {self.asked.year} 年没有结算"
        return Refusal("value_invalid", "--year", {"value": value, "allowed": known})

    def _rows(self, statement: str, **more: object) -> Iterator[list[dict[str, Any]]]:
        """The rows of a statement, a piece at a time."""
        with self.connection.cursor("rows", row_factory=dict_row) as cursor:
            cursor.itersize = PIECE
            cursor.execute(statement, self.asked.values | more)
            while rows := cursor.fetchmany(PIECE):
                yield rows

    def _pieces(
        self,
        name: str,
        statement: str,
        row: Callable[[dict[str, Any]], dict[str, object]],
        **more: object,
    ) -> Iterator[pa.Table]:
        for rows in self._rows(statement, **more):
            yield pa.Table.from_pylist([row(one) for one in rows], TABLES[name])

    def _visits(self) -> Iterator[pa.Table]:
        facts = self._keys(["visit", "facts"]) - {WAITS}
        parts = {f"in_scope_{code}" for code in self._keys(["visit", "parts"])}
        more = sorted((facts | parts) - set(VISITS.names) - set(ALSO_OF_VISITS.names))
        also = [ALSO_OF_VISITS.field(name) for name in ALSO_OF_VISITS.names]
        schema = pa.schema([*VISITS, *also, *(pa.field(name, pa.string()) for name in more)])
        for rows in self._rows(_VISITS):
            yield pa.Table.from_pylist([self._visit(row) for row in rows], schema)

    def _keys(self, path: list[str]) -> set[str]:
        statement, values = _KEYS, self.asked.values | {"path": path}
        return {str(key) for (key,) in self.connection.execute(statement, values)}

    def _visit(self, row: dict[str, Any]) -> dict[str, object]:
        kept = read_facts(row["facts"])
        told: dict[str, object] = {}
        if isinstance(kept, SettledFacts):
            law = self.laws.law(day_of(row["service_date"]))
            facts: dict[str, Value] = kept.visit.facts
            told = {name: fact_text(law, name, value) for name, value in facts.items()}
            told |= {f"in_scope_{code}": yuan_text(f) for code, f in kept.visit.parts.items()}
            born = told.get("birth_date")
            told["birth_date"] = date.fromisoformat(str(born)) if born else None
        return told | {
            "visit": str(row["visit"]),
            "settlement": str(row["id"]),
            "sequence": row["sequence"],
            "person": self.pseudonyms.of(row["psn_no"]),
            "payer_account": self.pseudonyms.of(row["payer"]) if row["payer"] else None,
            "institution": row["institution"],
            "area": self.asked.area,
            "region": row["region"],
            "date": row["service_date"],
            "end": row["service_date"],
            "settled_at": row["settled_at"],
            "med_type": row["med_type"],
            "benefit": row["benefit"],
            "diagnosis": row["diagnosis"],
            **{name: row[name] for name in _AMOUNTS},
        }

    def _line(self, row: dict[str, Any]) -> dict[str, object]:
        return {
            "line": str(row["id"]),
            "visit": str(row["visit"]),
            "person": self.pseudonyms.of(row["psn_no"]),
            "institution": row["institution"],
            "occurred_at": row["occurred_at"],
            "item": row["item"],
            "name": row["name"],
            "kind": row["kind"],
            "count": row["quantity_e4"],
            "price": row["price_micro"],
            "amount_fen": row["amount_fen"],
            "in_scope_fen": row["in_scope_fen"],
        }

    def _person(self, row: dict[str, Any]) -> dict[str, object]:
        born = date.fromisoformat(row["born"]) if row["born"] else None
        return {
            "person": self.pseudonyms.of(row["psn_no"]),
            "sex": row["sex"],
            "born": born,
            "status": row["status"],
            "area": self.asked.area,
        }

    def _spell(self, row: dict[str, Any]) -> dict[str, object]:
        return {
            **self._span(row),
            "status": row["details"].get("status"),
            "insured": True,
            "arrears": bool(row["details"].get("arrears")),
        }

    def _filing(self, row: dict[str, Any]) -> dict[str, object]:
        chronic = row["kind"] == "registration"
        return {
            **self._span(row),
            "kind": "chronic" if chronic else "offsite",
            "disease": row["details"].get("disease") if chronic else None,
            "region": None if chronic else row["key"],
        }

    def _span(self, row: dict[str, Any]) -> dict[str, object]:
        """Whose fact it is, and from when to its last day."""
        until = row["until"] - timedelta(days=1) if row["until"] else None
        person = self.pseudonyms.of(row["psn_no"])
        return {"person": person, "since": row["since"], "until": until}

    def _institutions(self) -> int:
        rows = self.connection.execute(_INSTITUTIONS).fetchall()
        names = ("institution", "name", "kind", "area", "level", "since", "until")
        table = pa.Table.from_pylist(
            [dict(zip(names, row, strict=True)) for row in rows], TABLES["institutions"]
        )
        with appearing(self.folder / "institutions.parquet") as beside:
            pq.write_table(table, beside, compression="zstd")
        return int(table.num_rows)
