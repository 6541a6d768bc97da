"""What the database knows of requests: the same few statements, whatever their number.

Each function takes everything that is asked for at once; what it gives is values. Facts are as they
hold on the date of service and are known now.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

import msgspec
import psycopg

from gongji.ledger.entry_contents import MeterRow
from gongji.ledger.post import IDS
from gongji.platform import inbox
from gongji.platform.arrays import array, texts, written
from gongji.settlement.batch_marks import read_marks
from gongji.settlement.batch_summary import BatchSummary, together
from gongji.settlement.contract import FAMILY_ACCOUNTS, Request
from gongji.settlement.known_facts import RESCUE_DAYS, DatedFact, PersonFacts
from gongji.settlement.prescriptions import Named, Reported, ask_reported, read_reported
from gongji.settlement.routes import PHARMACY_CARE, SPECIAL_DRUGS
from gongji.settlement.visits import PRESCRIBER, SAID
from gongji.units import Fen, day_in_china

Connection = psycopg.Connection[Any]
Cursor = psycopg.Cursor[Any]
decode = msgspec.json.Decoder().decode
_PARTS = msgspec.json.Decoder(dict[str, int])
"""`charge_batch.parts`: part of the rulebook -> fen."""

LOCK = """select id from person where psn_no = any(array(
  select unnest(%s::text[])
  union
  select f.key from person p join person_fact f on f.person_id = p.id
  where p.psn_no = any(%s::text[]) and f.kind = 'bond' and f.retired_at is null))
order by id for no key update"""
"""Persons, and the owners of family accounts that are bound to some of them."""

CASES = """select a.place, p.id, v.id, v.person_id, v.institution,
  v.begun_at, v.disease,
  v.withdrawn_at is not null, v.details->>%s, v.details->>%s, c.id, c.disease, c.total_fen,
  c.above_standard_fen, c.wholly_own_fen, c.first_self_pay_fen, c.in_scope_fen,
  c.parts::text, c.marks::text,
  s.entry, c.number, (select count(*) from fee_line l where a.counted and l.batch_id = c.id)
from unnest(%s::int[], %s::text[], %s::bigint[], %s::text[], %s::bool[], %s::bool[])
  a(place, psn_no, visit, numbers, every, counted)
left join person p on p.psn_no = a.psn_no
left join visit v on v.id = a.visit
left join charge_batch c on c.visit_id = v.id and c.withdrawn_at is null
  and (a.every or c.number = any(string_to_array(a.numbers, E'\n')))
left join settlement_batch s on s.batch = c.id and s.released_at is null
order by a.place, c.id"""

FACTS = f"""select a.place, f.kind, f.key, f.since, f.until, f.details::text, f.area
from unnest(%s::int[], %s::text[], %s::bigint[], %s::date[]) a(place, psn_no, visit, day)
join person p on p.psn_no = a.psn_no
left join visit v on v.id = a.visit
cross join lateral (
  select coalesce((v.begun_at at time zone 'Asia/Shanghai')::date, a.day) as day) d
join person_fact f on f.person_id = p.id and f.retired_at is null
where (f.until is null or f.until > d.day)
  and (f.since <= d.day or f.kind = 'stay' and f.since <= d.day + {RESCUE_DAYS})"""

CLOSED = "select area from closed_period where month = %s"

INSTITUTIONS = """with asked as (select unnest(%s::text[]) as code),
of_level as (
  select f.details->>'parent' as code from asked a
  join institution_fact f on f.institution = a.code and f.kind = 'level' and f.retired_at is null)
select i.code, i.area, i.kind, f.kind, f.key, f.since, f.until, f.details::text
from (select code from asked union select code from of_level where code <> '') w
join institution i on i.code = w.code
left join institution_fact f on f.institution = i.code and f.retired_at is null"""

METERS = """select m.area, m.person, m.period, m.slot, m.code, m.used_fen
from unnest(%s::text[], %s::bigint[], %s::text[], %s::text[]) a(area, person, period, slot)
join meter_use m on m.area = a.area and m.person = a.person and m.period = a.period
  and m.slot = a.slot"""

BALANCES = """select b.area, p.psn_no, p.id, b.amount_fen - b.held_fen
from person p join balance b on b.person = p.id and b.kind = 'account'
where p.psn_no = any(%s::text[])"""

PRESCRIPTIONS = """select u.prescriber, u.number
from unnest(%s::text[], %s::text[]) a(prescriber, number)
join prescription_use u on u.prescriber = a.prescriber and u.number = a.number
where u.released_at is null"""

_BLOCKS, _TEXTS = ("text", "bigint", "text", "text"), ("text", "text")

EVERY = "0000"
"""As the number of a batch: every one that is not settled; so is an empty one."""
_APART = re.compile(r"[\s,，、;；|]+")
"""What stands between the numbers of several batches."""

COUNTED = (SPECIAL_DRUGS, PHARMACY_CARE)
"""Kinds of care for which it matters whether all lines are drugs of a kind."""


class OpenVisit(msgspec.Struct, frozen=True):
    """A registration, as `visit` keeps it."""

    id: int
    person: int
    institution: str
    begun_at: datetime
    disease: str
    withdrawn: bool
    prescriber: str
    said: dict[str, str] = {}
    """Fields of the messages that opened and described it, as `Request.said`."""

    @property
    def day(self) -> date:
        """The day of service."""
        return day_in_china(self.begun_at)


class SentBatch(msgspec.Struct, frozen=True):
    """Lines that were sent for a registration, priced and summed up: of one batch or of several.

    Shape:   `diseases` the batches' own, empty for one that has none; `settled_by` the entry that
             took one of them (`settled`) before.
    """

    ids: tuple[int, ...]
    numbers: tuple[str, ...]
    diseases: tuple[str, ...]
    summary: BatchSummary
    settled_by: int | None
    settled: str
    lines: int


class Asked(msgspec.Struct, frozen=True):
    """A request with what the database knows of it; `facts` are the person's on the day."""

    place: int
    request: Request
    person: int | None = None
    visit: OpenVisit | None = None
    batch: SentBatch | None = None
    facts: tuple[DatedFact, ...] = ()

    @property
    def day(self) -> date | None:
        """The date of service; None where the registration is not known."""
        if self.request.purchase:
            return day_in_china(self.request.purchase.begun_at)
        return self.visit.day if self.visit else None

    def known(self) -> PersonFacts:
        """What is known of the person on the day."""
        assert self.day is not None
        return PersonFacts(self.day, self.facts)


@dataclass(frozen=True)
class Cases:
    """What the first reading found."""

    asked: list[Asked]
    messages: list[inbox.Known]
    closed: frozenset[str]


def lock(connection: Connection, requests: Iterable[Request]) -> None:
    """Lock the persons of requests, and the owners of accounts that may pay, in order of ids."""
    asked = [request for request in requests if not request.trial]
    if asked:
        family = [r.psn_no for r in asked if r.accounts == FAMILY_ACCOUNTS]
        connection.execute(LOCK, [texts([request.psn_no for request in asked]), texts(family)])


def read_cases(connection: Connection, requests: Sequence[Request], month: date) -> Cases:
    """Visits and batches, persons' facts, messages, closed months: four statements at once."""
    asked = list(requests)
    places = array(range(len(asked)))
    persons = texts([request.psn_no for request in asked])
    visits = array([request.visit for request in asked])
    batches = texts(["\n".join((one.batch, *batch_numbers(one.batch))) for one in asked])
    every = array([not batch_numbers(request.batch) for request in asked])
    counted = array([request.med_type in COUNTED for request in asked])
    days = array([Asked(0, request).day for request in asked])
    logged = [request for request in asked if not request.trial]
    with connection.pipeline():
        found = connection.execute(
            CASES, [PRESCRIBER, SAID, places, persons, visits, batches, every, counted]
        )
        facts = connection.execute(FACTS, [places, persons, visits, days])
        messages = inbox.find_all(connection, [request.key.place for request in logged])
        closed = connection.execute(CLOSED, [month])
    of_person: dict[int, list[DatedFact]] = {}
    for place, *fact in facts:
        of_person.setdefault(place, []).append(_known(fact))
    made = [
        _asked(asked[place], list(of_place), of_person.get(place, []))
        for place, of_place in groupby(found, key=itemgetter(0))
    ]
    return Cases(
        made,
        messages.fetchall(),
        frozenset(area for (area,) in closed),
    )


def _known(fact: Sequence[Any]) -> DatedFact:
    kind, key, since, until, details, *area = fact
    return DatedFact(kind, key, since, until, decode(details), *area)


def batch_numbers(text: str) -> tuple[str, ...]:
    """The batches that a request names; none where it means every one that is not settled."""
    named = tuple(dict.fromkeys(filter(None, _APART.split(text.strip()))))
    return () if named in ((), (EVERY,)) else named


def _asked(request: Request, found: Sequence[Sequence[Any]], facts: Sequence[DatedFact]) -> Asked:
    """A request from its rows of CASES, one for each batch."""
    row = found[0]
    place, person, visit, visit_person, institution, begun_at, disease, withdrawn = row[:8]
    prescriber, said_before = row[8:10]
    opened = None
    if visit is not None:
        opened = OpenVisit(
            visit,
            visit_person,
            institution,
            begun_at,
            disease,
            bool(withdrawn),
            prescriber or "",
            decode(said_before) if said_before else {},
        )
    sent = [_sent(each[10:]) for each in found if each[10] is not None]
    return Asked(place, request, person, opened, _together(request, sent), tuple(facts))


def _sent(row: Sequence[Any]) -> SentBatch:
    """A batch from its columns of CASES."""
    batch, disease, *amounts, parts, marks, settled_by, number, lines = row
    total, above, wholly, first, inside = amounts
    said = read_marks(decode(marks))
    summary = BatchSummary(total, above, wholly, first, inside, _PARTS.decode(parts), said)
    return SentBatch((batch,), (number,), (disease,), summary, settled_by, number, lines)


def _together(request: Request, found: Sequence[SentBatch]) -> SentBatch | None:
    """The batches that a request means as one; None where there are none.

    One whose number is what was sent is meant alone. Those that were settled are left out where
    every batch is meant and there are others.
    """
    named = batch_numbers(request.batch)
    chosen = [one for one in found if one.numbers == (request.batch,)]
    if not chosen:
        open_ones = [one for one in found if one.settled_by is None]
        chosen = open_ones if open_ones and not named else list(found)
    if len(chosen) < 2:
        return chosen[0] if chosen else None
    taken = next((one for one in chosen if one.settled_by is not None), chosen[0])
    return SentBatch(
        tuple(one.ids[0] for one in chosen),
        tuple(one.numbers[0] for one in chosen),
        tuple(dict.fromkeys(one.diseases[0] for one in chosen)),
        together([one.summary for one in chosen]),
        taken.settled_by,
        taken.settled,
        sum(one.lines for one in chosen),
    )


@dataclass(frozen=True)
class Context:
    """What the second reading found: institutions, meters, balances, prescriptions, new ids.

    Shape:   `institutions` rows (code, area, kind, fact); `meters` (area, person) -> rows;
             `accounts` (area, psn_no) -> (person, fen).
    """

    institutions: list[tuple[str, str, str, DatedFact | None]]
    meters: dict[tuple[str, int], list[MeterRow]]
    accounts: dict[tuple[str, str], tuple[int, Fen]]
    prescriptions: set[Named]
    ids: list[int]
    reported: dict[Named, Reported | None] = field(default_factory=dict)


@dataclass
class Wanted:
    """What the second reading is to look for."""

    institutions: set[str] = field(default_factory=set)
    meters: dict[tuple[str, int, str, str], None] = field(default_factory=dict)
    accounts: set[str] = field(default_factory=set)
    prescriptions: set[tuple[str, str]] = field(default_factory=set)
    entries: int = 0


def read_around(connection: Connection, wanted: Wanted) -> Context:
    """Institutions, meters, balances, prescriptions and ids for entries, at once."""
    ids: Cursor | None = None
    used: Cursor | None = None
    told: Cursor | None = None
    with connection.pipeline():
        institutions = connection.execute(INSTITUTIONS, [texts(wanted.institutions)])
        meters = connection.execute(METERS, written(_BLOCKS, list(wanted.meters)))
        accounts = connection.execute(BALANCES, [texts(wanted.accounts)])
        if wanted.prescriptions:
            used = connection.execute(PRESCRIPTIONS, written(_TEXTS, list(wanted.prescriptions)))
            told = ask_reported(connection, wanted.prescriptions)
        if wanted.entries:
            ids = connection.execute(IDS, [wanted.entries])
    kept: dict[tuple[str, int], list[MeterRow]] = {}
    for area, person, period, slot, code, amount in meters:
        kept.setdefault((area, person), []).append((period, slot, code, amount))
    return Context(
        [(*row[:3], _known(row[3:]) if row[3] else None) for row in institutions],
        kept,
        {(area, psn_no): (person, fen) for area, psn_no, person, fen in accounts},
        set(used) if used else set(),
        [number for (number,) in ids] if ids else [],
        read_reported(told) if told else {},
    )
