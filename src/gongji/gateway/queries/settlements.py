"""Queries about money: one settlement (5203), what a person used in a month or year (5206)."""

import re
from datetime import date
from typing import Any

from msgspec.structs import astuple

from gongji.gateway.queries import query_fields as fields
from gongji.gateway.queries.people import message_contents, named_person, sent, word
from gongji.gateway.transactions import Call, show_instant, transaction
from gongji.gateway.visits.read_bills import visit_number
from gongji.gateway.visits.write_settlement import BY_ITEM, INSUTYPE, agency, amounts, setldetail
from gongji.gateway.wire.codes import clr_type, med_type_of
from gongji.gateway.wire.fields import fill, yuan
from gongji.institutions.institution_facts import standings
from gongji.institutions.institution_rows import get_institution
from gongji.ledger import balances
from gongji.ledger.entry_rows import CANCELLATION, EntryRow
from gongji.refusals import Refusal
from gongji.settlement import kept_settlements
from gongji.tabular.cell_forms import narrow
from gongji.units import Fen

AT_THE_INSTITUTION = "2"
_NO_LEVEL = "9"
_NODES = {"2102": "druginfo"}
_CODES = ("C0000", "S0000", "Q0000", "D310101", "D310201", "D320101", "D330101")
_WHEN = re.compile(r"([0-9]{4})([0-9]{2})?")


@transaction("5203")
def query_settlement(call: Call) -> dict[str, Any]:
    """An own settlement or cancellation of a person, with all its amounts.

    Refuses: settlement_unknown, settlement_of_another_visit.
    """
    data = call.one("data")
    number = visit_number(call, data, "setl_id")
    visit = visit_number(call, data)
    person = named_person(call, data)
    entry = kept_settlements.settlement_of_visit(
        call.connection, call.institution, person.person.id, number, visit
    )
    info = _setlinfo(call, entry) | person.on(entry.service_date)
    detail = [fill(fields.SETTLEMENT_DETAIL, one) for one in setldetail(entry, {})]
    known = {name: info[name] for name in fields.SETTLEMENT.filled}
    return {"setlinfo": fill(fields.SETTLEMENT, known), "setldetail": detail}


def _setlinfo(call: Call, entry: EntryRow) -> dict[str, Any]:
    """The fields of 5203 beside who the person is."""
    here = get_institution(call.connection, entry.institution)
    standing = standings(call.connection, [entry.institution], entry.service_date)
    level = standing[entry.institution].level
    around = kept_settlements.around(call.connection, entry)
    place = (entry.institution, around.msg_id)
    said = sent(message_contents(call, [place]).get(place), _NODES.get(around.kind or "", "data"))
    # A receipt that is printed again says what the first one said.
    balance = balances.find_balance_after(
        call.connection, entry.area, entry.person or 0, entry.id or 0
    )
    made = amounts(entry, balance)
    day, when = entry.service_date.isoformat(), show_instant(entry.made_at)
    return made | {
        "setl_id": str(entry.id),
        "mdtrt_id": str(entry.settlement.visit),
        "pay_loc": AT_THE_INSTITUTION,
        "fixmedins_code": here.code,
        "fixmedins_name": here.name,
        "hosp_lv": here.grade,
        "fixmedins_poolarea": here.area,
        "lmtpric_hosp_lv": level,
        "dedc_hosp_lv": level or _NO_LEVEL,
        "begndate": day,
        "enddate": day,
        "setl_time": when,
        "year": day[:4],
        "mdtrt_cert_type": word(said, "mdtrt_cert_type") or word(around.details, "mdtrt_cert_type"),
        "med_type": med_type_of(around.med_type),
        "clr_type": clr_type(entry.institution),
        "clr_way": BY_ITEM,
        "clr_optins": agency(entry.area),
        "psn_pay": made["psn_part_amt"],
        "cash_payamt": made["psn_cash_pay"],
        "medins_setl_id": around.msg_id,
        "refd_setl_flag": "1" if around.refunded or entry.kind == CANCELLATION else "0",
        "dise_codg": around.disease,
        "dise_name": word(around.details, "dise_name"),
        "invono": word(said, "invono"),
        "opt_time": when,
    }


@transaction("5206")
def query_counters(call: Call) -> dict[str, Any]:
    """What a person has used in a month (cum_ym yyyyMM) or year (yyyy; empty: this year)."""
    data = call.one("data")
    since, until, shown = _when(call, call.text(data, "cum_ym"))
    person = named_person(call, data)
    sums: dict[str, Fen] = dict.fromkeys(_CODES, 0)
    told = kept_settlements.used_in(call.connection, person.person.id, since, until)
    for used in sorted(told, key=lambda one: (one.month, med_type_of(one.med_type))):
        _, care, *found = astuple(used)
        for code, amount in zip(_CODES, found, strict=True):
            sums[code] += amount
            by_kind = f"{code}_BIZ{med_type_of(care)}"
            sums[by_kind] = sums.get(by_kind, 0) + amount
    rows = [
        fill(
            fields.COUNTERS,
            {
                "insutype": INSUTYPE,
                "year": str(since.year),
                "cum_ym": shown,
                "cum_type_code": code,
                "cum": amount if code.startswith("C") else yuan(amount),
            },
        )
        for code, amount in sums.items()
    ]
    return {"cuminfo": rows}


def _when(call: Call, text: str) -> tuple[date, date, str]:
    """First day, the day after the last one, and how the span is written.

    Refuses: value_invalid.
    """
    text = narrow(text) or str(call.today.year)
    found = _WHEN.fullmatch(text)
    try:
        if found is None or int(found[1]) < 1900:
            raise ValueError
        year = int(found[1])
        if found[2] is None:
            return date(year, 1, 1), date(year + 1, 1, 1), text
        month = int(found[2])
        since = date(year, month, 1)
        return since, date(year + month // 12, month % 12 + 1, 1), text
    except ValueError:
        values = {"value": text[:10], "allowed": "yyyyMM 或 yyyy"}
        raise Refusal("value_invalid", "cum_ym", values) from None
