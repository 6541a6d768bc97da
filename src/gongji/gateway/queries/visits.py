"""Queries about own visits (5201), their diagnoses (5202) and fee lines (5204, 5205)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from gongji.gateway.queries import query_fields as fields
from gongji.gateway.queries.people import DescribedPerson, named_person, word
from gongji.gateway.transactions import Call, Node, show_instant, transaction
from gongji.gateway.visits.read_bills import visit_number
from gongji.gateway.visits.write_lines import UNLIMITED
from gongji.gateway.wire.codes import care_of, med_type_of
from gongji.gateway.wire.fields import fill, ratio, scaled, yuan
from gongji.institutions.institution_rows import get_institution
from gongji.refusals import Refusal
from gongji.settlement import kept_visits
from gongji.settlement.kept_settlements import settlement_of_visit
from gongji.settlement.kept_visits import KeptVisit, VisitsAsked
from gongji.tabular.cell_forms import has_hour
from gongji.units import CHINA, QUANTITY_DECIMALS

MOST_DAYS = 1100
"""How many days a query may span."""
_DIAGNOSES_LONGEST = 200
_MOST_ROWS = 5000
_SENT_LINE = (
    "sin_dos_dscr",
    "used_frqu_dscr",
    "prd_days",
    "medc_way_dscr",
    "bilg_dept_codg",
    "bilg_dept_name",
    "bilg_dr_codg",
    "bilg_dr_name",
    "acord_dept_codg",
    "acord_dept_name",
    "orders_dr_code",
    "orders_dr_name",
    "hosp_appr_flag",
    "tcmdrug_used_way",
    "etip_flag",
    "etip_hosp_code",
    "dscg_tkdrug_flag",
    "matn_fee_flag",
    "memo",
)


@dataclass(frozen=True)
class Window:
    """A span of a query, both ends included."""

    since: datetime
    until: datetime


def window(call: Call, data: Node) -> Window:
    """begntime to endtime; a date alone as the end is the whole day; without an end, or with
    one that never comes, today is the last day.

    Refuses: field_missing, value_invalid, dates_reversed, window_too_long.
    """
    since = call.instant(data, "begntime")
    ends = call.end(data, "endtime")
    until = ends or max(call.now.astimezone(CHINA), since)
    if ends is None or not has_hour(call.text(data, "endtime")):
        until = until.replace(hour=23, minute=59, second=59)
    if until < since:
        values = {"value": show_instant(until) or "", "since": show_instant(since) or ""}
        raise Refusal("dates_reversed", "endtime", values)
    days = (until - since).days
    if days > MOST_DAYS:
        values = {"value": str(days), "most": str(MOST_DAYS)}
        raise Refusal("window_too_long", "endtime", values)
    return Window(since, until)


@transaction("5201")
def query_visits(call: Call) -> dict[str, Any]:
    """The institution's own visits of a person, of a category, in a span."""
    data = call.one("data")
    span = window(call, data)
    care = care_of(call.text(data, "med_type", required=True, longest=6))
    visit = visit_number(call, data) if call.text(data, "mdtrt_id") else None
    person = named_person(call, data)
    asked = VisitsAsked(
        call.institution, person.person.id, span.since, span.until, care, visit, _MOST_ROWS
    )
    rows = kept_visits.visits_of(call.connection, asked)
    return {"mdtrtinfo": [fill(fields.VISITS, _visit(row, person)) for row in rows]}


def _visit(row: KeptVisit, person: DescribedPerson) -> dict[str, Any]:
    details, diagnoses = row.details, row.diagnoses
    names = [name for one in diagnoses if (name := word(one, "diag_name"))]
    first = diagnoses[0] if diagnoses else {}
    own = {
        "mdtrt_id": str(row.id),
        "begntime": show_instant(row.begun_at),
        "endtime": show_instant(row.settled_at or row.begun_at),
        "mdtrt_cert_type": word(details, "mdtrt_cert_type"),
        "med_type": med_type_of(row.med_type),
        "ipt_otp_no": row.number,
        "atddr_no": word(details, "atddr_no"),
        "chfpdr_name": word(details, "dr_name"),
        "adm_dept_codg": word(details, "dept_code"),
        "adm_dept_name": word(details, "dept_name"),
        "dscg_maindiag_code": word(first, "diag_code"),
        "dscg_maindiag_name": word(first, "diag_name"),
        "main_cond_dscr": word(details, "main_cond_dscr"),
        "dise_codg": row.disease,
        "dise_name": word(details, "dise_name"),
        "otp_diag_info": "；".join(names)[:_DIAGNOSES_LONGEST],
        "opt_time": show_instant(row.created_at),
        "memo": "已撤销" if row.withdrawn_at else "",
    }
    return person.on(row.begun_at.astimezone(CHINA).date()) | own


@transaction("5202")
def query_diagnoses(call: Call) -> dict[str, Any]:
    """The diagnoses of an own visit that stand.

    Refuses: visit_unknown.
    """
    data = call.one("data")
    visit = visit_number(call, data)
    person = named_person(call, data)
    found = kept_visits.diagnoses_of(call.connection, call.institution, person.person.id, visit)
    if found is None:
        raise Refusal("visit_unknown", "mdtrt_id", {"value": str(visit)})
    rows = []
    for number, one in enumerate(found.diagnoses, start=1):
        order = word(one, "diag_srt_no")
        rows.append(
            {
                "diag_info_id": f"{visit}-{number}",
                "mdtrt_id": str(visit),
                "psn_no": person.person.psn_no,
                "maindiag_flag": "1" if number == 1 else "0",
                "diag_srt_no": int(order) if order.isascii() and order.isdigit() else number,
                "opt_time": show_instant(found.created_at),
            }
            | {
                name: word(one, name)
                for name in (
                    "diag_type",
                    "diag_code",
                    "diag_name",
                    "diag_dept",
                    "dise_dor_no",
                    "dise_dor_name",
                    "diag_time",
                )
            }
        )
    return {"diseinfo": [fill(fields.DIAGNOSES, row) for row in rows]}


@transaction("5204")
def query_lines(call: Call) -> dict[str, Any]:
    """The fee lines of an own visit, or of one of its settlements; the output is the array itself.

    Refuses: visit_unknown, settlement_unknown, settlement_of_another_visit.
    """
    data = call.one("data")
    visit = visit_number(call, data)
    entry = visit_number(call, data, "setl_id") if call.text(data, "setl_id") else None
    person = named_person(call, data)
    own = call.institution, person.person.id, visit
    if entry is not None:
        settlement_of_visit(call.connection, *own[:2], entry, visit)
    rows = kept_visits.lines_of(call.connection, *own, entry)
    if not rows and kept_visits.diagnoses_of(call.connection, *own) is None:
        raise Refusal("visit_unknown", "mdtrt_id", {"value": str(visit)})
    made = [fill(fields.LINES, _line(row, entry)) for row in rows]
    # Public models of clients read output as the array.
    return cast(dict[str, Any], made)


@transaction("5205")
def query_drugs(call: Call) -> dict[str, Any]:
    """The drugs that a person had at this institution for a chronic or special disease."""
    data = call.one("data")
    span = window(call, data)
    person = named_person(call, data)
    here = get_institution(call.connection, call.institution)
    asked = VisitsAsked(call.institution, person.person.id, span.since, span.until, most=_MOST_ROWS)
    rows = kept_visits.drugs_for_diseases(call.connection, asked)
    told = {
        "fixmedins_code": here.code,
        "fixmedins_name": here.name,
        "psn_no": person.person.psn_no,
    }
    made = []
    for row in rows:
        line = _line(row, None) | told
        made.append(fill(fields.DRUGS, {name: line[name] for name in fields.DRUGS.filled}))
    return {"feedetail": made}


def _line(row: Mapping[str, Any], entry: int | None) -> dict[str, Any]:
    """A fee line by the fields of 5204."""
    details: dict[str, Any] = row["details"]
    priced: dict[str, Any] = details.get("priced", {})
    settled = entry or row["settled_by"]
    matched: dict[str, Any] = row["matched"] or {}
    name = row["name"] or row["own_name"] or row["item"]
    values = {
        "mdtrt_id": str(row["visit"]),
        "setl_id": str(settled) if settled else "",
        "feedetl_sn": row["serial"],
        "rx_drord_no": word(details, "rxno") or word(priced, "prescription"),
        "med_type": med_type_of(row["med_type"]),
        "fee_ocur_time": word(details, "fee_ocur_time") or show_instant(row["begun_at"]),
        "cnt": scaled(row["quantity_e4"], QUANTITY_DECIMALS),
        "pric": scaled(row["price_micro"], 6),
        "hilist_code": row["item"],
        "hilist_name": name,
        "list_type": row["list_type"],
        "med_list_codg": row["item"],
        "medins_list_codg": row["own_item"] or row["item"],
        "medins_list_name": row["own_name"] or name,
        "spec": row["specification"] or word(matched, "spec"),
        "dosform_name": word(matched, "dosform"),
        "hosp_prep_flag": "1" if row["list_type"] == "103" else "0",
        "opt_time": show_instant(row["created_at"]),
    }
    values |= {name: word(details, name) for name in _SENT_LINE}
    return values | _split(row, priced)


def _split(row: Mapping[str, Any], priced: Mapping[str, Any]) -> dict[str, Any]:
    """What became of a line, by the fields of 5204."""
    split = kept_visits.split_of(row, priced)
    return {
        "det_item_fee_sumamt": yuan(split.amount_fen),
        "pric_uplmt_amt": UNLIMITED if split.limit_fen is None else yuan(split.limit_fen),
        "selfpay_prop": ratio(split.share_ppm),
        "fulamt_ownpay_amt": yuan(split.wholly_own_fen),
        "overlmt_amt": yuan(split.above_standard_fen),
        "preselfpay_amt": yuan(split.first_self_pay_fen),
        "inscp_scp_amt": yuan(split.in_scope_fen),
        "chrgitm_lv": priced.get("grade", "03"),
        "med_chrgitm_type": priced.get("charge_type", "14"),
        "lmt_used_flag": "1" if priced.get("restricted") else "0",
        "bas_medn_flag": "1" if priced.get("essential") else "0",
        "hi_nego_drug_flag": "1" if priced.get("negotiated") else "0",
    }
