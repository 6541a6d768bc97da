"""Who a person is (1101), and which funds may be used on a day (2001)."""

from datetime import date, timedelta
from typing import Any

from gongji.gateway.queries.reach import differed, missed, shown
from gongji.gateway.transactions import Call, Node, show_day, transaction
from gongji.gateway.visits import read_bills
from gongji.gateway.visits.settlement_fields import BENEFIT, IDENTITY, INSURED, PERSON
from gongji.gateway.visits.write_settlement import (
    ACCOUNT_FUND,
    FUNDS,
    INSUTYPE,
    OTHER_FUND,
    PSN_TYPES,
    age,
)
from gongji.gateway.wire.codes import care_of, in_fields, told
from gongji.gateway.wire.fields import fill, last_day, yuan
from gongji.law.rulebook.provision_kinds import ACCOUNT, POOL
from gongji.ledger import balances
from gongji.people import person_facts, person_rows
from gongji.people.person_facts import FactRow, Spell
from gongji.people.person_rows import Person
from gongji.platform.identity import RESIDENT, mask_number
from gongji.platform.spans import check_order
from gongji.refusals import Refusal
from gongji.settlement.entitlement import AskedCare, entitlement
from gongji.tabular.cell_forms import person_name

SUBSIDIES = {
    "civil_servant": ("320100", "公务员医疗补助"),
    "enterprise": ("370100", "企业补充医疗保险"),
    "veteran": (OTHER_FUND[1], "建国初期参加革命工作退休干部医疗补助"),
}
"""Subsidy of a person -> fund and name."""
_FUND_CODES = {POOL: FUNDS[POOL][1], ACCOUNT: ACCOUNT_FUND[0]} | {
    subsidy: code for subsidy, (code, _) in SUBSIDIES.items()
}
"""What pays -> the fund's code."""
VOUCHER, IDENTITY_CARD, SOCIAL_CARD = "01", "02", "03"
CARD_KIND = "90"
"""psn_cert_type of a social security card."""
_INSURED, _PAUSED, _ENDED = "1", "2", "4"
_OTHER_IDENTITY = "60"


def _find(call: Call, node: Node) -> Person:
    """The person of a certificate (02, its kind in psn_cert_type) or a social security card (03).

    Refuses: voucher_not_served, person_unknown, person_differs.
    """
    kind = call.choice(node, "mdtrt_cert_type", (VOUCHER, IDENTITY_CARD, SOCIAL_CARD))
    number = call.text(node, "mdtrt_cert_no", required=True)
    certificate = call.text(node, "certno", longest=50)
    of_kind = call.text(node, "psn_cert_type", longest=6) or RESIDENT
    if kind == VOUCHER and not certificate:
        raise Refusal("voucher_not_served", "mdtrt_cert_type")
    connection = call.connection
    asked = certificate if kind == VOUCHER else number
    if kind == SOCIAL_CARD or (kind == IDENTITY_CARD and of_kind == CARD_KIND):
        found = person_rows.find_by_card(connection, call.identity, number)
    else:
        found = person_rows.find_by_certificate(connection, call.identity, of_kind, asked)
    if found is None and kind == IDENTITY_CARD and of_kind.zfill(2) != RESIDENT:
        # A client may leave the kind of another person's certificate standing.
        found = person_rows.find_by_certificate(connection, call.identity, RESIDENT, number)
    if found is None:
        missed(call)
        raise Refusal("person_unknown", "mdtrt_cert_no", {"value": mask_number(number)})
    name = call.text(node, "psn_name", longest=50)
    if name and person_name(name) != person_name(found.name):
        differed(call, found)
        raise Refusal("person_differs", "psn_name")
    same_kind = found.certificate_kind == of_kind.zfill(2)
    if certificate and same_kind and not person_rows.is_of(found, call.identity, certificate):
        differed(call, found)
        raise Refusal("person_differs", "certno")
    return found


@transaction("1101")
def read_person(call: Call) -> dict[str, Any]:
    """A person with the insurances, and the special identities, of a day (begntime or today)."""
    node = call.one("data")
    person = _find(call, node)
    shown(call, person)
    day = call.day(node, "begntime", required=False) or call.today
    facts = person_facts.facts_at(call.connection, [person.id], day, kinds=["birth", "subsidy"])
    birth = next((fact for fact in facts[person.id] if fact.kind == "birth"), None)
    subsidy = next((fact for fact in facts[person.id] if fact.kind == "subsidy"), None)
    born = birth.details["birth_date"] if birth else None
    base = {
        "psn_no": person.psn_no,
        "psn_cert_type": person.certificate_kind,
        "certno": call.identity.decrypt(person.certificate),
        "psn_name": person.name,
        "gend": person.sex,
        "naty": person.ethnicity,
        "brdy": born,
        "age": age(date.fromisoformat(born) if born else None, day),
    }
    spells = person_facts.latest_spells(call.connection, person.id, day)
    return {
        PERSON.name: fill(PERSON, base),
        INSURED.name: [_insured(call, person, spell, subsidy) for spell in spells],
        IDENTITY.name: _identities(subsidy),
    }


def _insured(call: Call, person: Person, spell: Spell, subsidy: FactRow | None) -> dict[str, Any]:
    state = _ENDED if spell.ended else _PAUSED if spell.paused else _INSURED
    servant = subsidy is not None and subsidy.details["subsidy"] == "civil_servant"
    values = {
        "balc": yuan(balances.find_balance(call.connection, spell.area, person.id)),
        "insutype": INSUTYPE,
        "psn_type": PSN_TYPES[spell.status],
        "psn_insu_stas": state,
        "psn_insu_date": show_day(spell.since),
        "paus_insu_date": last_day(spell.until) if spell.ended else None,
        "cvlserv_flag": "1" if servant else "0",
        "insuplc_admdvs": spell.area,
        "emp_name": spell.employer,
    }
    return fill(INSURED, values)


def _identities(subsidy: FactRow | None) -> list[dict[str, Any]]:
    if subsidy is None or subsidy.details["subsidy"] != "veteran":
        return []
    ends = show_day(subsidy.until - timedelta(days=1)) if subsidy.until else None
    values = {
        "psn_idet_type": _OTHER_IDENTITY,
        "memo": SUBSIDIES["veteran"][1],
        "begntime": f"{subsidy.since} 00:00:00",
        "endtime": f"{ends} 23:59:59" if ends else None,
    }
    return [fill(IDENTITY, values)]


@transaction("2001")
def check_benefit(call: Call) -> dict[str, Any]:
    """Whether each fund would pay for a kind of care on a day, and why not."""
    node = call.one("data")
    read_bills.check_insurance(call, node)
    psn_no = call.text(node, "psn_no", required=True, longest=30)
    begin = call.instant(node, "begntime")
    end = call.end(node, "endtime")
    with in_fields(last="endtime"):
        check_order(begin.date(), end.date() if end else None)
    asked = AskedCare(
        psn_no,
        call.institution,
        care_of(call.text(node, "med_type", required=True, longest=6)),
        call.text(node, "dise_codg", longest=30),
        begin.date(),
    )
    found = entitlement(call.connection, asked, call.areas)
    return {
        BENEFIT.name: [
            fill(
                BENEFIT,
                {
                    "psn_no": psn_no,
                    "trt_chk_type": "01",
                    "fund_pay_type": _FUND_CODES[fund],
                    "trt_enjymnt_flag": "0" if reason else "1",
                    "begndate": show_day(begin.date()),
                    "enddate": show_day(end.date()) if end else None,
                    "trt_chk_rslt": told(reason) if isinstance(reason, Refusal) else reason,
                },
            )
            for fund, reason in found
        ]
    }
