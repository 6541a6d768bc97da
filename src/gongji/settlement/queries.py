"""What the database knows of requests: the same few statements, whatever their number.

Each function takes everything that is asked for at once; what it gives is values. Facts are as they
hold on the date of service and are known now.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import msgspec
import psycopg

from gongji.ledger.meter_rows import MeterRow
from gongji.platform.arrays import array, texts, written
from gongji.settlement.contract import FAMILY_ACCOUNTS, Request
from gongji.settlement.engine_row import RESCUE_DAYS, Known, Sheet
from gongji.settlement.routes import PHARMACY_CARE, SPECIAL_DRUGS
from gongji.settlement.visits import PRESCRIBER
from gongji.units import Fen

Connection = psycopg.Connection[Any]
Cursor = psycopg.Cursor[Any]
decode = msgspec.json.Decoder().decode

LOCK = """select id from person where psn_no = any(array(
  select unnest(%s::text[])
  union
  select f.key from person p join person_fact f on f.person_id = p.id
  where p.psn_no = any(%s::text[]) and f.kind = 'bond' and f.retired_at is null))
order by id for no key update"""
"""Persons, and the owners of family accounts that are bound to some of them."""

CASES = """select a.place, p.id, v.id, v.person_id, v.institution,
  (v.begun_at at time zone 'Asia/Shanghai')::date, v.med_type, v.disease,
  v.withdrawn_at is not null, v.details->>%s, c.id, c.disease, c.total_fen, c.above_standard_fen,
  c.wholly_own_fen, c.first_self_pay_fen, c.in_scope_fen, c.parts::text, c.marks::text,
  c.settled_by, (select count(*) from fee_line l where a.counted and l.batch_id = c.id)
from unnest(%s::int[], %s::text[], %s::bigint[], %s::text[], %s::bool[])
  a(place, psn_no, visit, number, counted)
left join person p on p.psn_no = a.psn_no
left join visit v on v.id = a.visit
left join charge_batch c on c.visit_id = v.id and c.number = a.number and c.withdrawn_at is null"""

FACTS = f"""select a.place, f.kind, f.key, f.since, f.until, f.details::text, f.area
from unnest(%s::int[], %s::text[], %s::bigint[], %s::date[]) a(place, psn_no, visit, day)
join person p on p.psn_no = a.psn_no
left join visit v on v.id = a.visit
cross join lateral (
  select coalesce((v.begun_at at time zone 'Asia/Shanghai')::date, a.day) as day) d
join person_fact f on f.person_id = p.id and f.retired_at is null
where (f.until is null or f.until > d.day)
  and (f.since <= d.day or f.kind = 'stay' and f.since <= d.day + {RESCUE_DAYS})"""

MESSAGES = """select m.institution, m.msgid, m.infno, m.content_hash, m.state, m.reply,
  m.content::text
from unnest(%s::text[], %s::text[]) a(institution, msgid)
join message m on m.institution = a.institution and m.msgid = a.msgid"""

CLOSED = "select area from closed_period where month = %s"

INSTITUTIONS = """with asked as (select unnest(%s::text[]) as code),
of_level as (
  select f.details->>'parent' as code from asked a
  join institution_fact f on f.institution = a.code and f.kind = 'level' and f.retired_at is null)
select i.code, i.area, i.kind, f.kind, f.key, f.since, f.until, f.details::text
from (select code from asked union select code from of_level where code <> '') w
join institution i on i.code = w.code
left join institution_fact f on f.institution = i.code and f.retired_at is null"""

METERS = """select m.area, m.person_id, m.period, m.slot, m.code, m.used_fen
from unnest(%s::text[], %s::bigint[], %s::text[], %s::text[]) a(area, person, period, slot)
join meter_use m on m.area = a.area and m.person_id = a.person and m.period = a.period
  and m.slot = a.slot"""

BALANCES = """select b.area, p.psn_no, p.id, b.amount_fen
from person p join balance b on b.person_id = p.id and b.kind = 'account'
where p.psn_no = any(%s::text[])"""

PRESCRIPTIONS = """select u.prescriber, u.number
from unnest(%s::text[], %s::text[]) a(prescriber, number)
join prescription_use u on u.prescriber = a.prescriber and u.number = a.number
where u.released_at is null"""

_BLOCKS, _TEXTS = ("text", "bigint", "text", "text"), ("text", "text")

COUNTED = (SPECIAL_DRUGS, PHARMACY_CARE)
"""Kinds of care for which it matters whether all lines are drugs of a kind."""


class Case(msgspec.Struct):
    """A request with what the database knows of it; `columns` are the batch's sums and marks."""

    place: int
    request: Request
    person: int | None = None
    visit: int | None = None
    visit_person: int | None = None
    institution: str = ""
    day: date | None = None
    visit_med_type: str = ""
    disease: str = ""
    withdrawn: bool = False
    prescriber: str = ""
    batch: int | None = None
    columns: dict[str, Any] = {}
    settled_by: int | None = None
    lines: int = 0
    facts: list[Known] = []
    priced: Any = None

    def sheet(self) -> Sheet:
        """What is known of the person on the day."""
        assert self.day is not None
        return Sheet(self.day, tuple(self.facts))


class Logged(msgspec.Struct, frozen=True):
    """A message that was answered, or barred, before."""

    infno: str
    content_hash: bytes
    state: str
    reply: bytes | None
    content: str


@dataclass(frozen=True)
class Cases:
    """What the first reading found."""

    cases: list[Case]
    messages: dict[tuple[str, str], Logged]
    closed: frozenset[str]


def lock(connection: Connection, requests: Iterable[Request]) -> None:
    """Lock the persons of requests, and the owners of accounts that may pay, in order of ids."""
    asked = [request for request in requests if not request.trial]
    if asked:
        family = [r.psn_no for r in asked if r.accounts == FAMILY_ACCOUNTS]
        connection.execute(LOCK, [texts([request.psn_no for request in asked]), texts(family)])


def read_cases(connection: Connection, cases: list[Case], month: date) -> Cases:
    """Visits and batches, persons' facts, messages, closed months: four statements at once."""
    asked = [case.request for case in cases]
    places = array([case.place for case in cases])
    persons = texts([request.psn_no for request in asked])
    visits = array([request.visit for request in asked])
    batches = texts([request.batch for request in asked])
    counted = array([request.med_type in COUNTED for request in asked])
    days = array([case.day for case in cases])
    logged = [request for request in asked if not request.trial]
    with connection.pipeline():
        found = connection.execute(CASES, [PRESCRIBER, places, persons, visits, batches, counted])
        facts = connection.execute(FACTS, [places, persons, visits, days])
        messages = connection.execute(
            MESSAGES,
            [texts([r.key.institution for r in logged]), texts([r.key.msgid for r in logged])],
        )
        closed = connection.execute(CLOSED, [month])
    by_place = {case.place: case for case in cases}
    for row in found:
        _fill(by_place[row[0]], row)
    for place, *fact in facts:
        by_place[place].facts.append(_known(fact))
    return Cases(
        cases,
        {(row[0], row[1]): Logged(row[2], bytes(row[3]), *row[4:]) for row in messages},
        frozenset(area for (area,) in closed),
    )


def _known(fact: Sequence[Any]) -> Known:
    kind, key, since, until, details, *area = fact
    return Known(kind, key, since, until, decode(details), *area)


def _fill(case: Case, row: Sequence[Any]) -> None:
    (
        _,
        case.person,
        case.visit,
        case.visit_person,
        institution,
        day,
        med_type,
        disease,
        withdrawn,
        prescriber,
        case.batch,
        batch_disease,
        *amounts,
        parts,
        marks,
        case.settled_by,
        case.lines,
    ) = row
    if case.visit is not None:
        case.institution, case.day, case.visit_med_type = institution, day, med_type
        case.disease, case.withdrawn = batch_disease or disease, bool(withdrawn)
        case.prescriber = prescriber or ""
    if case.batch is not None:
        case.columns = dict(zip(AMOUNTS, amounts, strict=True))
        case.columns |= {"parts": decode(parts), "marks": decode(marks)}


AMOUNTS = (
    "total_fen",
    "above_standard_fen",
    "wholly_own_fen",
    "first_self_pay_fen",
    "in_scope_fen",
)


@dataclass(frozen=True)
class Around:
    """What the second reading found: institutions, meters, balances, prescriptions, new ids.

    Shape:   `institutions` rows (code, area, kind, fact); `meters` (area, person) -> rows;
             `accounts` (area, psn_no) -> (person, fen).
    """

    institutions: list[tuple[str, str, str, Known | None]]
    meters: dict[tuple[str, int], list[MeterRow]]
    accounts: dict[tuple[str, str], tuple[int, Fen]]
    prescriptions: set[tuple[str, str]]
    ids: list[int]


@dataclass
class Wanted:
    """What the second reading is to look for."""

    institutions: set[str] = field(default_factory=set)
    meters: dict[tuple[str, int, str, str], None] = field(default_factory=dict)
    accounts: set[str] = field(default_factory=set)
    prescriptions: set[tuple[str, str]] = field(default_factory=set)
    entries: int = 0


def read_around(connection: Connection, wanted: Wanted) -> Around:
    """Institutions, meters, balances, prescriptions and ids for entries, at once."""
    ids: Cursor | None = None
    used: Cursor | None = None
    with connection.pipeline():
        institutions = connection.execute(INSTITUTIONS, [texts(wanted.institutions)])
        meters = connection.execute(METERS, written(_BLOCKS, list(wanted.meters)))
        accounts = connection.execute(BALANCES, [texts(wanted.accounts)])
        if wanted.prescriptions:
            used = connection.execute(PRESCRIPTIONS, written(_TEXTS, list(wanted.prescriptions)))
        if wanted.entries:
            ids = connection.execute(IDS, [wanted.entries])
    kept: dict[tuple[str, int], list[MeterRow]] = {}
    for area, person, period, slot, code, amount in meters:
        kept.setdefault((area, person), []).append((period, slot, code, amount))
    return Around(
        [(*row[:3], _known(row[3:]) if row[3] else None) for row in institutions],
        kept,
        {(area, psn_no): (person, fen) for area, psn_no, person, fen in accounts},
        set(used) if used else set(),
        [number for (number,) in ids] if ids else [],
    )


IDS = "select nextval('entry_id_seq') from generate_series(1, %s)"


def marks(case: Case) -> Mapping[str, Any]:
    """What the lines of a case say."""
    found: Mapping[str, Any] = case.columns.get("marks", {})
    return found
