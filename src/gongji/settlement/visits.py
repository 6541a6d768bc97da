"""Visits before the settlement: opened (2201), described (2203), billed (2204), taken back.

These are working papers: nothing here moves money or a meter. Each function runs inside the
caller's transaction and raises a Refusal, upon which the caller rolls back. A visit is locked by
who adds to it, the person by who takes something back, so that taking back and settling (which
locks the person too) never cross. An institution sees only its own visits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from gongji.institutions import institution_facts
from gongji.law.engine.areas import Areas
from gongji.people import person_facts, person_rows
from gongji.platform.inbox import Key
from gongji.refusals import Refusal
from gongji.settlement.contract import Line
from gongji.settlement.price_bills import Bill, PricedBill, PricedLine, outside, price_lines
from gongji.settlement.store_lines import NewBatch, write_batches
from gongji.units import day_in_china

Connection = psycopg.Connection[Any]

ALL_BATCHES = "0000"
"""As chrg_bchno of 2205: every batch of the visit that is not settled."""

PRESCRIBER = "rxfixmedinscode"
"""In the details of a visit: the institution that wrote the prescription (2203A)."""

VOID = "0"
"""vali_flag of a diagnosis that is taken back."""


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


_VISIT = """select v.id, v.area, v.person_id, v.institution, v.begun_at, v.med_type, v.disease,
  v.number, v.details, v.diagnoses
from visit v join person p on p.id = v.person_id
where v.id = %s and v.institution = %s and p.psn_no = %s and v.withdrawn_at is null"""

_OPEN = """insert into visit (area, person_id, institution, msgid, begun_at, number, details,
  diagnoses) values (%s, %s, %s, %s, %s, %s, %s, '[]') returning id"""


def bounds_of(now: datetime, days_back: int, days_ahead: int) -> tuple[date, date]:
    """The first and the last day of service that are taken today."""
    today = day_in_china(now)
    return today - timedelta(days=days_back), today + timedelta(days=days_ahead)


def check_day(day: date, bounds: tuple[date, date], field: str) -> None:
    """A day of service lies within the bounds.

    Refuses: service_day_outside.
    """
    if not bounds[0] <= day <= bounds[1]:
        values = {"value": str(day), "since": str(bounds[0]), "until": str(bounds[1])}
        raise Refusal("service_day_outside", field, values)


def open_visit(
    connection: Connection,
    key: Key,
    psn_no: str,
    institution: str,
    begun_at: datetime,
    number: str,
    details: Mapping[str, Any],
    now: datetime,
    days_back: int = 400,
    days_ahead: int = 1,
) -> int:
    """Register a visit (2201); gives its id, the mdtrt_id.

    Its area is where the person is insured on the day, else the person's own.
    Refuses: person_unknown, institution_unknown, service_day_outside, agreement_missing.
    """
    day = day_in_china(begun_at)
    check_day(day, bounds_of(now, days_back, days_ahead), "begntime")
    person = person_rows.get_person(connection, psn_no)
    standing = institution_facts.standings(connection, [institution], day).get(institution)
    if standing is None:
        raise Refusal("institution_unknown", "fixmedins_code", {"value": institution})
    if not standing.designated_for:
        values = {"value": institution, "date": str(day)}
        raise Refusal("agreement_missing", "fixmedins_code", values)
    spells = person_facts.facts_at(connection, [person.id], day, kinds=["insured"])[person.id]
    area = spells[0].area if spells else person.area
    columns = [area, person.id, institution, key.msg_id, begun_at, number, Jsonb(dict(details))]
    row = connection.execute(_OPEN, columns).fetchone()
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
    raise Refusal("visit_withdrawn" if gone else "visit_unknown", "mdtrt_id", {"value": str(visit)})


def _lock_visit(connection: Connection, key: Key, visit: int, psn_no: str) -> VisitRow:
    """The visit, locked against others who add to it."""
    return _visit(connection, key.actor, visit, psn_no, " for no key update of v")


def _lock_to_take_back(connection: Connection, key: Key, visit: int, psn_no: str) -> VisitRow:
    """The person locked against settlements, then the visit."""
    connection.execute("select id from person where psn_no = %s for no key update", [psn_no])
    return _lock_visit(connection, key, visit, psn_no)


def withdraw_visit(
    connection: Connection, key: Key, visit: int, psn_no: str, number: str, now: datetime
) -> None:
    """Take a visit back (2202), its lines that are not settled with it.

    `number` is the institution's own (ipt_otp_no); empty: not told.
    Refuses: visit_unknown, visit_withdrawn, visit_number_differs, visit_settled.
    """
    found = _lock_to_take_back(connection, key, visit, psn_no)
    if number and found.number and number != found.number:
        values = {"value": number, "known": found.number}
        raise Refusal("visit_number_differs", "ipt_otp_no", values)
    settled = connection.execute(
        "select number from charge_batch where visit_id = %s and settled_by is not null"
        " and withdrawn_at is null order by id limit 1",
        [visit],
    ).fetchone()
    if settled:
        values = {"value": str(visit), "batch": str(settled[0])}
        raise Refusal("visit_settled", "mdtrt_id", values)
    connection.execute(
        "update charge_batch set withdrawn_at = %s where visit_id = %s and withdrawn_at is null",
        [now, visit],
    )
    connection.execute("update visit set withdrawn_at = %s where id = %s", [now, visit])


def record_diagnoses(
    connection: Connection,
    key: Key,
    visit: int,
    psn_no: str,
    med_type: str,
    disease: str,
    begun_at: datetime,
    diagnoses: Sequence[Mapping[str, Any]],
    details: Mapping[str, Any],
    now: datetime,
    days_back: int = 400,
    days_ahead: int = 1,
) -> None:
    """What the visit is about (2203, 2203A): category, disease, diagnoses.

    Category and disease are replaced by what is sent. A diagnosis is told by diag_type and
    diag_code: sent again it replaces the earlier one, with vali_flag 0 it is taken back and stands
    under `voided` of the details. `begun_at` is kept in the details; the day of service stays that
    of the registration.
    Refuses: visit_unknown, visit_withdrawn, service_day_outside, field_missing.
    """
    check_day(day_in_china(begun_at), bounds_of(now, days_back, days_ahead), "begntime")
    found = _lock_visit(connection, key, visit, psn_no)
    standing = {_diagnosis(one): dict(one) for one in found.diagnoses}
    voided = list(found.details.get("voided", []))
    for one in diagnoses:
        told = _diagnosis(one)
        if one.get("vali_flag") == VOID:
            voided.append(standing.pop(told, None) or dict(one))
        else:
            standing[told] = dict(one)
    kept = found.details | dict(details) | {"described_at": begun_at.isoformat()}
    if voided:
        kept["voided"] = voided
    connection.execute(
        "update visit set med_type = %s, disease = %s, diagnoses = %s, details = %s where id = %s",
        [med_type, disease, Jsonb(list(standing.values())), Jsonb(kept), visit],
    )


def _diagnosis(one: Mapping[str, Any]) -> tuple[str, str]:
    code = str(one.get("diag_code") or "")
    if not code:
        raise Refusal("field_missing", "diag_code")
    return str(one.get("diag_type") or ""), code


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


def upload_lines(
    connection: Connection,
    key: Key,
    visit: int,
    psn_no: str,
    batch: str,
    disease: str,
    lines: Sequence[Line],
    rules: Areas,
    now: datetime,
    days_back: int = 400,
    days_ahead: int = 1,
    unknown_items: str = "own",
) -> list[PricedLine]:
    """Price and keep all lines of one batch (2204); one line each for the reply, in their order.

    `disease` is the batch's own (dise_codg), else the visit's counts. `unknown_items` "refuse"
    refuses items that the catalogue does not know instead of taking them as the person's.
    Ensures: the same number of statements, whatever the number of lines.
    Refuses: visit_unknown, visit_withdrawn, batch_number_invalid, batch_standing, serial_standing,
             prescription_missing, prescription_used, what `price_bills` gives.
    """
    if not batch or batch == ALL_BATCHES:
        raise Refusal("batch_number_invalid", "chrg_bchno", {"value": batch or "（空）"})
    found = _lock_visit(connection, key, visit, psn_no)
    bill = Bill(
        rules.area(found.area),
        found.day,
        found.institution,
        lines,
        found.person_id,
        found.med_type,
        disease or found.disease,
        str(found.details.get(PRESCRIBER) or ""),
        bounds_of(now, days_back, days_ahead),
    )
    priced = price_lines(connection, bill, unknown_items)
    check_prescriptions(priced)
    _refuse_conflicts(connection, visit, batch, priced)
    write_batches(connection, [NewBatch(visit, batch, disease, priced)])
    return list(priced.lines)


def check_prescriptions(priced: PricedBill) -> None:
    """A line that says its prescription came from elsewhere carries its number.

    Refuses: prescription_missing, naming the lines.
    """
    lacking = [
        one.line.serial for one in priced.lines if outside(one.line) and not one.line.prescription
    ]
    if lacking:
        raise Refusal("prescription_missing", "rxno", {"value": "、".join(lacking)})


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
        raise Refusal("batch_standing", "chrg_bchno", {"value": batch})
    if "serial" in found:
        raise Refusal("serial_standing", "feedetl_sn", {"value": "、".join(found["serial"])})
    if "prescription" in found:
        raise Refusal("prescription_used", "rxno", {"value": "、".join(found["prescription"])})


def withdraw_lines(
    connection: Connection, key: Key, visit: int, psn_no: str, batch: str, now: datetime
) -> None:
    """Take a batch back (2205), or with "0000" every batch that is not settled.

    Refuses: visit_unknown, visit_withdrawn, batch_unknown, batch_settled.
    """
    _lock_to_take_back(connection, key, visit, psn_no)
    if batch == ALL_BATCHES:
        connection.execute(
            "update charge_batch set withdrawn_at = %s"
            " where visit_id = %s and withdrawn_at is null and settled_by is null",
            [now, visit],
        )
        return
    found = connection.execute(
        "select id, settled_by from charge_batch"
        " where visit_id = %s and number = %s and withdrawn_at is null",
        [visit, batch],
    ).fetchone()
    if found is None:
        raise Refusal("batch_unknown", "chrg_bchno", {"value": batch})
    if found[1] is not None:
        raise Refusal("batch_settled", "chrg_bchno", {"value": batch})
    connection.execute("update charge_batch set withdrawn_at = %s where id = %s", [now, found[0]])
