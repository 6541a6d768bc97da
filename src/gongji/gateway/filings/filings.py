"""Filings by institutions: referral, chronic registration, selection, injury; and taking them back.

A filing is a fact about the person with a serial of ours. Taken back is retired: what was known
before can still be asked. The source of the fact tells who filed it and with which message, where
what the interface sends beyond the fact can be read again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import psycopg

from gongji.gateway.filings import filing_fields as fields
from gongji.gateway.filings.diseases import DISEASES, filed_under
from gongji.gateway.transactions import Call, Node, transaction
from gongji.gateway.wire.fields import Node as Table
from gongji.gateway.wire.fields import fill
from gongji.institutions.institution_facts import standings
from gongji.institutions.institution_rows import get_institution
from gongji.law.compile.grounds import ground
from gongji.law.rulebook.law import Law
from gongji.law.rulebook.provision_kinds import Gate
from gongji.people import person_facts, person_rows
from gongji.people.person_facts import FactRow, NewFact
from gongji.people.person_rows import Person
from gongji.platform.identity import mask_number, normalise
from gongji.refusals import Refusal
from gongji.units import CHINA, day_of

NAMES = {
    "referral": "转诊备案",
    "registration": "慢特病备案",
    "selection": "定点备案",
    "injury": "意外伤害备案",
}
SELECTION = "03"
NOT_SERVED = {
    "01": "门慢门特登记请用 2503",
    "02": "意外伤害登记请用 2507",
    "06": "转诊转院登记请用 2501",
    "08": "异地安置由经办机构登记",
    "07": "异地急诊住院由住院结算系统登记",
    "10": "特殊药品请按慢特病（2503）备案，由经办机构审核",
    "22": "大病特药请按慢特病（2503）备案，由经办机构审核",
    "23": "门诊两病请按慢特病（2503）备案，由经办机构审核",
    "32": "双通道药品请按慢特病（2503）备案，由经办机构审核",
}
"""Application types of 2505 and where they belong; all others have no place in outpatient care."""
_ELSEWHERE = "与职工门诊共济无关，请到经办机构办理"
_NEXT_ID = "select nextval(pg_get_serial_sequence('person_fact', 'id'))"
_USED = """select e.service_date from entry e
where e.person_id = %s and e.institution = %s and e.kind = 'settlement' and e.service_date >= %s
  and (%s::date is null or e.service_date < %s) and e.settled_at >= %s
  and not exists (select 1 from entry r where r.reverses_id = e.id)
order by e.service_date limit 1"""
_SOURCE = 100


@dataclass(frozen=True)
class Filer:
    """Who a filing is about: the person, the area that insures them on the day, its law."""

    person: Person
    area: str
    law: Law

    @property
    def selecting(self) -> str:
        """The article by which a person selects one institution; empty where the area has none."""
        for provision in self.law.all(Gate).values():
            if isinstance(provision.value, Gate) and provision.value.refusal == "not_selected":
                found = ground(provision, provision.value).cite
                return f"{found.document} {found.article}"
        return ""


def check_order(since: date, last: date | None, field: str) -> None:
    """The last day is not before the first.

    Refuses: dates_reversed.
    """
    if last is not None and last < since:
        values = {"value": last.isoformat(), "since": since.isoformat()}
        raise Refusal("dates_reversed", field, values)


def _filer(call: Call, data: Node, day: date) -> Filer:
    """The person, locked against settlements and other filings.

    Refuses: person_unknown, uninsured_on, date_outside.
    """
    psn_no = call.text(data, "psn_no", required=True)
    call.connection.execute("select id from person where psn_no = %s for no key update", [psn_no])
    person = person_rows.get_person(call.connection, psn_no)
    held = person_facts.facts_at(call.connection, [person.id], day, kinds=["insured"])[person.id]
    if not held:
        values = {"value": mask_number(psn_no), "date": day.isoformat()}
        raise Refusal("uninsured_on", "psn_no", values)
    area = held[0].area
    return Filer(person, area, call.rules.area(area).law(day_of(day)))


def _serial(call: Call, area: str) -> str:
    """A number for a filing: area, time, serial; thirty digits."""
    row = call.connection.execute(_NEXT_ID).fetchone()
    assert row is not None
    return f"{area}{call.now.astimezone(CHINA):%Y%m%d%H%M%S}{row[0] % 10**10:010d}"


def _keep(call: Call, fact: NewFact, clash: Callable[[str, str], Refusal]) -> None:
    """Add a fact; where another of its kind overlaps, what `clash` makes of its span."""
    try:
        with call.connection.transaction():
            person_facts.add(call.connection, [fact], call.now)
    except psycopg.errors.ExclusionViolation:
        raise clash("", "") from None
    except Refusal as refusal:
        if refusal.code != "fact_overlaps":
            raise
        raise clash(refusal.values["since"], refusal.values["until"]) from None


def _overlaps(kind: str, field: str) -> Callable[[str, str], Refusal]:
    def clash(since: str, until: str) -> Refusal:
        values = {"kind": NAMES[kind], "since": since or "近日", "until": _until_text(until)}
        return Refusal("filing_overlaps", field, values)

    return clash


def _until_text(until: str) -> str:
    if not until:
        return "长期"
    return f"至 {date.fromisoformat(until) - timedelta(days=1)}"


def _source(call: Call) -> str:
    return f"{call.infno}|{call.institution}|{call.key.msg_id}"[:_SOURCE]


def filed_by(fact: FactRow) -> tuple[str, str]:
    """Institution and message of a filing made at the gateway; both empty for any other."""
    infno, _, rest = fact.source.partition("|")
    institution, _, msgid = rest.partition("|")
    return (institution, msgid) if infno in ("2501", "2503", "2505", "2507") else ("", "")


def _fact(
    call: Call, filer: Filer, kind: str, since: date, last: date | None, **more: Any
) -> NewFact:
    until = last + timedelta(days=1) if last else None
    return NewFact(
        filer.person.id, filer.area, kind, since, more.pop("key", ""), until, more, _source(call)
    )


def year_end(day: date) -> date:
    """The last day of a day's calendar year."""
    return date(day.year, 12, 31)


@transaction("2501", nodes=("refmedin",), changes=True)
def refer(call: Call) -> dict[str, Any]:
    """A referral, in force at once; without an end it ends with the calendar year.

    Law:     YF-17: without a referral the fund does not pay elsewhere; so only the institution
             selected, or one that the person was referred to, refers onward.
    Refuses: referral_to_self, referral_sender, filing_too_early, filing_overlaps.
    """
    data = call.one("refmedin")
    for name in ("diag_code", "diag_name", "reflin_medins_name", "mdtrtarea_admvs", "refl_opnn"):
        call.text(data, name, required=True)
    call.choice(data, "refl_type", ("1", "2", "3"))
    receiver = call.text(data, "reflin_medins_no", required=True, longest=12)
    if receiver == call.institution:
        raise Refusal("referral_to_self", "reflin_medins_no", {"value": receiver})
    referred_on = call.day(data, "refl_date")
    since = call.day(data, "begndate", False) or referred_on
    last = call.day(data, "enddate", False) or year_end(since)
    check_order(since, last, "enddate")
    _not_before(since, call.today - timedelta(days=call.settings.days_back), "begndate")
    reason = call.text(data, "refl_rea", required=True, longest=100)
    filer = _filer(call, data, since)
    if filer.selecting:
        _check_sender(call, filer, since)
    serial = _serial(call, filer.area)
    fact = _fact(
        call,
        filer,
        "referral",
        since,
        last,
        key=receiver,
        sender=call.institution,
        serial=serial,
        reason=reason,
    )
    _keep(call, fact, _overlaps("referral", "reflin_medins_no"))
    return {"result": fill(fields.REFERRED, {"trt_dcla_detl_sn": serial})}


def _not_before(day: date, first: date, field: str) -> None:
    if day < first:
        values = {"value": day.isoformat(), "since": first.isoformat()}
        raise Refusal("filing_too_early", field, values)


def _check_sender(call: Call, filer: Filer, day: date) -> None:
    """The sender is the institution selected, its Internet hospital, or one referred to."""
    held = person_facts.facts_at(
        call.connection, [filer.person.id], day, kinds=["selection", "referral"]
    )
    mine = {call.institution}
    here = standings(call.connection, mine, day).get(call.institution)
    if here and here.parent:
        mine.add(here.parent)
    for fact in held[filer.person.id]:
        if (fact.details["institution"] if fact.kind == "selection" else fact.key) in mine:
            return
    values = {
        "value": call.institution,
        "date": day.isoformat(),
        "article": filer.selecting,
    }
    raise Refusal("referral_sender", "psn_no", values)


@transaction("2503", changes=True)
def register(call: Call) -> dict[str, Any]:
    """A chronic or special registration; it counts once the agency has approved it.

    Refuses: disease_not_served, filing_overlaps.
    """
    data = call.one("data")
    for name in ("insutype", "insu_optins", "ide_fixmedins_name", "diag_dr_codg", "diag_dr_name"):
        call.text(data, name, required=True)
    certifier = call.text(data, "ide_fixmedins_no", required=True, longest=30)
    call.day(data, "hosp_ide_date")
    code = call.text(data, "opsp_dise_code", required=True, longest=30)
    name = call.text(data, "opsp_dise_name", required=True, longest=300)
    since, last = call.day(data, "begndate"), call.day(data, "enddate", False)
    check_order(since, last, "enddate")
    filer = _filer(call, data, since)
    benefit = filed_under(filer.law, code)
    if not benefit:
        raise Refusal("disease_not_served", "opsp_dise_code", {"area": filer.area, "value": code})
    serial = _serial(call, filer.area)
    known = DISEASES.get(code)
    fact = _fact(
        call,
        filer,
        "registration",
        since,
        last,
        key=code,
        benefit=benefit,
        disease=known.rulebook if known else name,
        name=name,
        state="filed",
        serial=serial,
        institution=certifier,
    )
    _keep(call, fact, _overlaps("registration", "opsp_dise_code"))
    return {"result": fill(fields.REGISTERED, {"trt_dcla_detl_sn": serial})}


@transaction("2505", changes=True)
def select(call: Call) -> dict[str, Any]:
    """The institution that a person selects, for a year at most, from today on.

    Law:     YF-17: one institution, as a rule for a year; changed for reasons by the agency.
    Refuses: filing_kind_not_served, not_ruled, filing_too_early, selection_too_long,
             selection_bound, agreement_missing, institution_kind.
    """
    data = call.one("data")
    kind = call.text(data, "biz_appy_type", required=True)
    if kind != SELECTION:
        values = {"value": kind[:10], "reason": NOT_SERVED.get(kind, _ELSEWHERE)}
        raise Refusal("filing_kind_not_served", "biz_appy_type", values)
    if call.whole(data, "fix_srt_no", required=True) != 1:
        values = {"value": call.text(data, "fix_srt_no"), "allowed": "1（只选定一家机构）"}
        raise Refusal("value_invalid", "fix_srt_no", values)
    call.text(data, "fixmedins_name", required=True)
    institution = call.text(data, "fixmedins_code", required=True, longest=12)
    since, last = call.day(data, "begndate"), call.day(data, "enddate", False)
    check_order(since, last, "enddate")
    filer = _filer(call, data, since)
    article = filer.selecting
    if not article:
        raise Refusal("not_ruled", "biz_appy_type", {"area": filer.area, "value": "选定医疗机构"})
    _not_before(since, call.today, "begndate")
    longest = _year_from(since)
    if last and last > longest:
        values = {"value": last.isoformat(), "until": longest.isoformat(), "article": article}
        raise Refusal("selection_too_long", "enddate", values)
    _check_selected(call, institution, since)
    serial = _serial(call, filer.area)
    fact = _fact(
        call,
        filer,
        "selection",
        since,
        last or longest,
        institution=institution,
        serial=serial,
        reason=call.text(data, "memo"),
    )
    _keep(call, fact, lambda since, until: _bound(call, filer, fact, since, until))
    made = fill(fields.SELECTED, {"trt_dcla_detl_sn": serial})
    return {"result": made, "trt_dcla_detl_sn": serial}


def _year_from(day: date) -> date:
    """The last day of the year that begins on a day."""
    try:
        return day.replace(year=day.year + 1) - timedelta(days=1)
    except ValueError:
        return date(day.year + 1, 2, 28)


def _check_selected(call: Call, code: str, day: date) -> None:
    """The institution is a hospital with an agreement for ordinary care on the day."""
    found = get_institution(call.connection, code)
    if found.kind != "hospital":
        values = {"value": code, "reason": "选定的应当是医疗机构，不是零售药店"}
        raise Refusal("institution_kind", "fixmedins_code", values)
    if "ordinary" not in standings(call.connection, [code], day)[code].designated_for:
        values = {"value": code, "date": day.isoformat()}
        raise Refusal("agreement_missing", "fixmedins_code", values)


def _bound(call: Call, filer: Filer, new: NewFact, since: str, until: str) -> Refusal:
    """The refusal that names the selection which stands."""
    held = person_facts.history(call.connection, [filer.person.id], kinds=["selection"])
    standing = next(
        (
            fact
            for fact in held[filer.person.id]
            if (new.until is None or fact.since < new.until)
            and (fact.until is None or new.since < fact.until)
        ),
        None,
    )
    values = {
        "since": since or "近日",
        "until": _until_text(until),
        "article": filer.selecting,
        "institution": standing.details["institution"] if standing else "一家机构",
    }
    return Refusal("selection_bound", "begndate", values)


@transaction("2507", changes=True)
def report_injury(call: Call) -> dict[str, Any]:
    """An injury: whether the fund may pay; without an end it ends with the calendar year.

    Refuses: person_differs.
    """
    data = call.one("data")
    call.text(data, "dcla_souc", required=True)
    call.text(data, "insu_admdvs", required=True)
    payable = call.choice(data, "chk_pay_flag", ("0", "1"))
    since = call.day(data, "begndate")
    last = call.day(data, "enddate", False) or year_end(since)
    check_order(since, last, "enddate")
    filer = _filer(call, data, since)
    _check_identity(call, data, filer.person)
    serial = _serial(call, filer.area)
    told = [call.text(data, name) for name in ("trum_time", "trum_site", "trum_rea", "memo")]
    fact = _fact(
        call,
        filer,
        "injury",
        since,
        last,
        key=serial,
        third_party=payable == "0",
        serial=serial,
        memo="；".join(text for text in told if text)[:500],
    )
    _keep(call, fact, _overlaps("injury", "begndate"))
    return {"result": fill(fields.INJURED, {"trt_dcla_detl_sn": serial})}


def _check_identity(call: Call, data: Node, person: Person) -> None:
    kind = call.text(data, "psn_cert_type", required=True)
    number = call.text(data, "certno", required=True, longest=50)
    name = call.text(data, "psn_name", required=True, longest=50)
    if name != person.name:
        raise Refusal("person_differs", "psn_name")
    known = normalise(call.identity.decrypt(person.certificate))
    if kind.zfill(2) == person.certificate_kind and normalise(number) != known:
        raise Refusal("person_differs", "certno")


def _withdraw(call: Call, kind: str) -> str:
    """Retire a filing of a kind that this institution made and that nothing was settled on.

    Refuses: filing_unknown, filing_withdrawn, filing_audited, filing_foreign, filing_used.
    """
    data = call.one("data")
    serial = call.text(data, "trt_dcla_detl_sn", required=True, longest=60)
    psn_no = call.text(data, "psn_no", required=True)
    call.connection.execute("select id from person where psn_no = %s for no key update", [psn_no])
    person = person_rows.get_person(call.connection, psn_no)
    values = {"value": serial, "kind": NAMES[kind]}
    held = person_facts.history(call.connection, [person.id], kinds=[kind])[person.id]
    fact = next((one for one in held if one.details.get("serial") == serial), None)
    if fact is None:
        gone = call.connection.execute(
            "select 1 from person_fact where person_id = %s and kind = %s"
            " and details -> 'serial' = to_jsonb(%s::text)",
            [person.id, kind, serial],
        ).fetchone()
        raise Refusal("filing_withdrawn" if gone else "filing_unknown", "trt_dcla_detl_sn", values)
    institution, _ = filed_by(fact)
    if fact.details.get("state") == "approved" or not institution:
        raise Refusal("filing_audited", "trt_dcla_detl_sn", values)
    if institution != call.institution:
        raise Refusal("filing_foreign", "trt_dcla_detl_sn", values)
    used = _used(call, person.id, fact)
    if used:
        raise Refusal("filing_used", "trt_dcla_detl_sn", values | {"date": used.isoformat()})
    person_facts.retire(call.connection, [fact.id], call.now)
    return serial


def _used(call: Call, person: int, fact: FactRow) -> date | None:
    """The day of a settlement that stands and may rest on a referral or selection."""
    place = {"referral": fact.key, "selection": fact.details.get("institution", "")}.get(fact.kind)
    if place is None:
        return None
    learnt_at: datetime = fact.learnt_at
    row = call.connection.execute(
        _USED, [person, place, fact.since, fact.until, fact.until, learnt_at]
    ).fetchone()
    return row[0] if row else None


@transaction("2502", changes=True)
def withdraw_referral(call: Call) -> dict[str, Any]:
    """Take a referral back while nothing was settled on it."""
    return _withdrawn(_withdraw(call, "referral"), fields.WITHDRAWN)


def _withdrawn(serial: str, table: Table) -> dict[str, Any]:
    return {"result": fill(table, {"trt_dcla_detl_sn": serial})}


@transaction("2504", changes=True)
def withdraw_registration(call: Call) -> None:
    """Take a registration back while the agency has not approved it."""
    call.text(call.one("data"), "memo", required=True)
    _withdraw(call, "registration")


@transaction("2506", changes=True)
def withdraw_selection(call: Call) -> None:
    """Take a selection back while nothing was settled on it."""
    call.text(call.one("data"), "memo", required=True)
    _withdraw(call, "selection")
