"""Visits before the settlement: opened, described, billed, taken back.

These are working papers: nothing here moves money or a meter. Each function runs inside the
caller's transaction and raises a Refusal, upon which the caller rolls back. A visit is locked by
who adds to it, the person by who takes something back, so that taking back and settling (which
locks the person too) never cross. An institution sees only its own visits.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec
import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from gongji.institutions import institution_facts
from gongji.law.engine.areas import Areas
from gongji.people import person_facts, person_rows
from gongji.platform.actors import Actor
from gongji.platform.commands import command
from gongji.refusals import Refusal
from gongji.settlement.contract import WITHIN, Bounds, Line
from gongji.settlement.price_bills import Bill, PricedBill, PricedLine, outside, price_lines
from gongji.settlement.store_lines import NewBatch, write_batches
from gongji.units import day_in_china

Connection = psycopg.Connection[Any]

PRESCRIBER = "prescriber"
"""In the details of a visit: the institution that wrote the prescription."""
SAID = "said"
"""In the details of a visit: fields of its messages that an area's document may read."""


@dataclass(frozen=True, slots=True)
class VisitRow:
    """A visit that stands, as `visit` keeps it."""

    id: int
    area: str
    person_id: int
    institution: str
    begun_at: datetime
    med_type: str
    disease: str
    number: str
    details: dict[str, Any]
    diagnoses: list[dict[str, Any]]

    @property
    def day(self) -> date:
        """The day of the visit in China."""
        return day_in_china(self.begun_at)


class VisitOpening(msgspec.Struct, frozen=True):
    """A visit that begins; `number` is the institution's own, `message` by what it was told."""

    psn_no: str
    begun_at: datetime
    number: str
    details: dict[str, Any] = {}
    message: str = ""


class VisitNamed(msgspec.Struct, frozen=True):
    """A visit of a person; `number` is the institution's own, empty where it is not told."""

    visit: int
    psn_no: str
    number: str = ""


class Diagnosis(msgspec.Struct, frozen=True):
    """A diagnosis, known by kind and code; `told` is all that was said of it, kept as it is."""

    kind: str
    code: str
    told: dict[str, Any]
    taken_back: bool = False

    @property
    def kept(self) -> dict[str, Any]:
        """As it stands with the visit."""
        return self.told | {"kind": self.kind, "code": self.code}


class VisitDescription(msgspec.Struct, frozen=True):
    """What a visit is about: category, disease (national code), diagnoses."""

    visit: int
    psn_no: str
    med_type: str
    disease: str
    begun_at: datetime
    diagnoses: tuple[Diagnosis, ...] = ()
    details: dict[str, Any] = {}


class LinesUpload(msgspec.Struct, frozen=True):
    """The lines of one batch of a visit.

    `disease` is the batch's own, else the visit's counts. `unknown_items` "refuse" refuses items
    that the catalogue does not know instead of taking them as the person's.
    """

    visit: int
    psn_no: str
    batch: str
    lines: tuple[Line, ...]
    disease: str = ""
    unknown_items: str = "own"


class LinesNamed(msgspec.Struct, frozen=True):
    """A batch of a visit; None is every batch that is not settled."""

    visit: int
    psn_no: str
    batch: str | None


_VISIT = """select v.id, v.area, v.person_id, v.institution, v.begun_at, v.med_type, v.disease,
  v.number, v.details, v.diagnoses
from visit v join person p on p.id = v.person_id
where v.id = %s and v.institution = %s and p.psn_no = %s and v.withdrawn_at is null"""

_OPEN = """insert into visit (area, person_id, institution, msgid, begun_at, number, details,
  diagnoses) values (%s, %s, %s, %s, %s, %s, %s, '[]') returning id"""


def check_day(day: date, bounds: tuple[date, date], field: str = "begun_at") -> None:
    """A day of service lies within the bounds.

    Refuses: service_day_outside.
    """
    if not bounds[0] <= day <= bounds[1]:
        values = {"value": str(day), "since": str(bounds[0]), "until": str(bounds[1])}
        raise Refusal("service_day_outside", field, values)


@command("institution")
def open_visit(
    connection: Connection,
    content: VisitOpening,
    *,
    actor: Actor,
    now: datetime,
    bounds: Bounds = WITHIN,
) -> int:
    """Register a visit; gives its id.

    Its area is where the person is insured on the day, else the person's own.
    Refuses: person_unknown, institution_unknown, service_day_outside, agreement_missing.
    """
    institution, day = actor.id, day_in_china(content.begun_at)
    check_day(day, bounds.around(now))
    person = person_rows.get_person(connection, content.psn_no)
    standing = institution_facts.standings(connection, [institution], day).get(institution)
    if standing is None:
        raise Refusal("institution_unknown", "institution", {"value": institution})
    if not standing.designated_for:
        values = {"value": institution, "date": str(day)}
        raise Refusal("agreement_missing", "institution", values)
    spells = person_facts.facts_at(connection, [person.id], day, kinds=["insured"])[person.id]
    area = spells[0].area if spells else person.area
    columns = [area, person.id, institution, content.message, content.begun_at, content.number]
    row = connection.execute(_OPEN, [*columns, Jsonb(content.details)]).fetchone()
    assert row is not None
    return int(row[0])


def get_visit(connection: Connection, institution: str, visit: int, psn_no: str) -> VisitRow:
    """A visit of the institution and person that stands.

    Refuses: visit_unknown (also for another institution's), visit_withdrawn.
    """
    return _visit(connection, institution, visit, psn_no, "")


def _visit(
    connection: Connection, institution: str, visit: int, psn_no: str, lock: str
) -> VisitRow:
    with connection.cursor(row_factory=class_row(VisitRow)) as cursor:
        asked = [visit, institution, psn_no]
        found = cursor.execute(_VISIT + lock, asked).fetchone()
    if found is not None:
        return found
    gone = connection.execute(
        "select 1 from visit v join person p on p.id = v.person_id where v.id = %s"
        " and v.institution = %s and p.psn_no = %s and v.withdrawn_at is not null",
        [visit, institution, psn_no],
    ).fetchone()
    raise Refusal("visit_withdrawn" if gone else "visit_unknown", "visit", {"value": str(visit)})


def _lock_visit(connection: Connection, actor: Actor, visit: int, psn_no: str) -> VisitRow:
    """The visit, locked against others who add to it."""
    return _visit(connection, actor.id, visit, psn_no, " for no key update of v")


def _lock_to_take_back(connection: Connection, actor: Actor, visit: int, psn_no: str) -> VisitRow:
    """The person locked against settlements, then the visit."""
    connection.execute("select id from person where psn_no = %s for no key update", [psn_no])
    return _lock_visit(connection, actor, visit, psn_no)


@command("institution")
def withdraw_visit(
    connection: Connection, content: VisitNamed, *, actor: Actor, now: datetime
) -> None:
    """Take a visit back, its lines that are not settled with it.

    Refuses: visit_unknown, visit_withdrawn, visit_number_differs, visit_settled.
    """
    visit, number = content.visit, content.number
    found = _lock_to_take_back(connection, actor, visit, content.psn_no)
    if number and found.number and number != found.number:
        values = {"value": number, "known": found.number}
        raise Refusal("visit_number_differs", "number", values)
    settled = connection.execute(
        "select c.number from charge_batch c join settlement_batch s on s.batch = c.id"
        " where c.visit_id = %s and s.released_at is null order by c.id limit 1",
        [visit],
    ).fetchone()
    if settled:
        values = {"value": str(visit), "batch": str(settled[0])}
        raise Refusal("visit_settled", "visit", values)
    connection.execute(
        "update charge_batch set withdrawn_at = %s where visit_id = %s and withdrawn_at is null",
        [now, visit],
    )
    connection.execute("update visit set withdrawn_at = %s where id = %s", [now, visit])


@command("institution")
def record_diagnoses(
    connection: Connection,
    content: VisitDescription,
    *,
    actor: Actor,
    now: datetime,
    bounds: Bounds = WITHIN,
) -> None:
    """What the visit is about: category, disease, diagnoses.

    Category and disease are replaced by what is sent. A diagnosis that is told again
    replaces the earlier one of its kind and code; one that is taken back stands under `voided` of
    the details. `begun_at` is kept in the details; the day of service stays that
    of the registration.
    Refuses: visit_unknown, visit_withdrawn, service_day_outside, field_missing.
    """
    check_day(day_in_china(content.begun_at), bounds.around(now))
    found = _lock_visit(connection, actor, content.visit, content.psn_no)
    standing = {(one.get("kind", ""), one.get("code", "")): one for one in found.diagnoses}
    voided = list(found.details.get("voided", []))
    for one in content.diagnoses:
        if not one.code:
            raise Refusal("field_missing", "diagnosis")
        if one.taken_back:
            voided.append(standing.pop((one.kind, one.code), None) or one.kept)
        else:
            standing[one.kind, one.code] = one.kept
    kept = found.details | content.details | {"described_at": content.begun_at.isoformat()}
    if said := found.details.get(SAID, {}) | content.details.get(SAID, {}):
        kept[SAID] = said
    if voided:
        kept["voided"] = voided
    connection.execute(
        "update visit set med_type = %s, disease = %s, diagnoses = %s, details = %s where id = %s",
        [
            content.med_type,
            content.disease,
            Jsonb(list(standing.values())),
            Jsonb(kept),
            content.visit,
        ],
    )


_CONFLICTS = """select 'batch', b.number from charge_batch b
  where b.visit_id = %(visit)s and b.number = %(number)s and b.withdrawn_at is null
union all
select 'serial', l.serial from charge_batch b join fee_line l on l.batch_id = b.id
  where b.visit_id = %(visit)s and b.withdrawn_at is null and l.serial = any(%(serials)s)
union all
select 'prescription', u.number from prescription_use u
  join unnest(%(prescribers)s::text[], %(prescriptions)s::text[]) asked (prescriber, number)
    on u.prescriber = asked.prescriber and u.number = asked.number
  where u.released_at is null
order by 1, 2 limit 20"""


@command("institution")
def upload_lines(
    connection: Connection,
    content: LinesUpload,
    *,
    actor: Actor,
    now: datetime,
    areas: Areas,
    bounds: Bounds = WITHIN,
) -> list[PricedLine]:
    """Price and keep all lines of one batch; one line each for the reply, in their order.

    Ensures: the same number of statements, whatever the number of lines.
    Refuses: visit_unknown, visit_withdrawn, batch_number_invalid, batch_standing, serial_standing,
             prescription_missing, prescription_used, what `price_bills` gives.
    """
    visit, batch = content.visit, content.batch
    if not batch:
        raise Refusal("batch_number_invalid", "batch", {"value": "（空）"})
    found = _lock_visit(connection, actor, visit, content.psn_no)
    bill = Bill(
        areas.area(found.area),
        found.day,
        found.institution,
        content.lines,
        found.person_id,
        found.med_type,
        content.disease or found.disease,
        str(found.details.get(PRESCRIBER) or ""),
        bounds.around(now),
    )
    priced = price_lines(connection, bill, content.unknown_items)
    check_prescriptions(priced)
    _refuse_conflicts(connection, visit, batch, priced)
    write_batches(connection, [NewBatch(visit, batch, content.disease, priced)])
    return list(priced.lines)


def check_prescriptions(priced: PricedBill) -> None:
    """A line that says its prescription came from elsewhere carries its number.

    Refuses: prescription_missing, naming the lines.
    """
    lacking = [
        one.line.serial for one in priced.lines if outside(one.line) and not one.line.prescription
    ]
    if lacking:
        raise Refusal("prescription_missing", "prescription", {"value": "、".join(lacking)})


def _refuse_conflicts(connection: Connection, visit: int, batch: str, priced: PricedBill) -> None:
    """What stands already: the batch, a serial, a prescription in a settlement that stands."""
    taken = [one for one in priced.lines if outside(one.line) and one.prescriber]
    values = {
        "visit": visit,
        "number": batch,
        "serials": [one.line.serial for one in priced.lines],
        "prescribers": [one.prescriber for one in taken],
        "prescriptions": [one.line.prescription for one in taken],
    }
    found: dict[str, list[str]] = {}
    for kind, number in connection.execute(_CONFLICTS, values):
        found.setdefault(kind, []).append(number)
    if "batch" in found:
        raise Refusal("batch_standing", "batch", {"value": batch})
    if "serial" in found:
        raise Refusal("serial_standing", "line_serial", {"value": "、".join(found["serial"])})
    if "prescription" in found:
        raise Refusal(
            "prescription_used", "prescription", {"value": "、".join(found["prescription"])}
        )


@command("institution")
def withdraw_lines(
    connection: Connection, content: LinesNamed, *, actor: Actor, now: datetime
) -> int:
    """Take a batch back, or every batch that is not settled.

    Returns: how many batches.
    Refuses: visit_unknown, visit_withdrawn, batch_unknown, batch_settled.
    """
    visit, batch = content.visit, content.batch
    _lock_to_take_back(connection, actor, visit, content.psn_no)
    if batch is None:
        return connection.execute(
            "update charge_batch set withdrawn_at = %s"
            " where visit_id = %s and withdrawn_at is null and not exists ("
            "select 1 from settlement_batch s"
            " where s.batch = charge_batch.id and s.released_at is null)",
            [now, visit],
        ).rowcount
    found = connection.execute(
        "select c.id, s.entry from charge_batch c"
        " left join settlement_batch s on s.batch = c.id and s.released_at is null"
        " where c.visit_id = %s and c.number = %s and c.withdrawn_at is null",
        [visit, batch],
    ).fetchone()
    if found is None:
        raise Refusal("batch_unknown", "batch", {"value": batch})
    if found[1] is not None:
        raise Refusal("batch_settled", "batch", {"value": batch})
    connection.execute("update charge_batch set withdrawn_at = %s where id = %s", [now, found[0]])
    return 1
