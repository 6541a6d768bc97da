"""Filings about persons: referral, chronic registration, selection, injury.

A filing is a fact about the person with a serial of ours. Its source tells who filed it and with
which message, where what was said beyond the fact can be read again. Whether anything was settled
on a filing, the room of settlements knows, which therefore takes it back (`withdraw_filing` there).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import psycopg

from gongji.institutions.institution_facts import standings
from gongji.institutions.institution_rows import get_institution
from gongji.law.compile.grounds import ground
from gongji.law.engine.areas import Areas
from gongji.law.rulebook.law import Law
from gongji.law.rulebook.provision_kinds import Gate
from gongji.people import person_facts
from gongji.people.diseases import DISEASES, filed_under
from gongji.people.person_facts import FactRow, NewFact
from gongji.people.person_rows import Person, get_person, is_of, lock_person
from gongji.platform.actors import Actor, institution_source
from gongji.platform.commands import command
from gongji.platform.identity import Identity, mask_number
from gongji.platform.spans import check_order, day_after
from gongji.refusals import Refusal
from gongji.tabular.cell_forms import person_name
from gongji.units import CHINA, day_in_china, day_of

Database = psycopg.Connection[Any]

NAMES = {
    "referral": "转诊备案",
    "registration": "慢特病备案",
    "selection": "定点备案",
    "injury": "意外伤害备案",
}
_NEXT_ID = "select nextval(pg_get_serial_sequence('person_fact', 'id'))"


class ReferralFiling(msgspec.Struct, frozen=True):
    """A referral to an institution; `message` is that by which it was filed."""

    psn_no: str
    receiver: str
    since: date
    last: date | None
    reason: str
    message: str = ""


class RegistrationFiling(msgspec.Struct, frozen=True):
    """A chronic or special disease (national code and name), certified by an institution."""

    psn_no: str
    disease: str
    name: str
    certifier: str
    since: date
    last: date | None = None
    message: str = ""


class RegistrationDecision(msgspec.Struct, frozen=True):
    """A registration as the agency decides it: the disease by national code, name and the name that
    rulebooks use, the benefit, who certified it.
    """

    psn_no: str
    area: str
    disease: str
    name: str
    rulebook: str
    benefit: str
    certifier: str
    since: date
    last: date | None = None


class SelectionFiling(msgspec.Struct, frozen=True):
    """The institution that a person selects."""

    psn_no: str
    institution: str
    since: date
    last: date | None = None
    reason: str = ""
    message: str = ""


class InjuryFiling(msgspec.Struct, frozen=True):
    """An injury; name and certificate are compared with the person's."""

    psn_no: str
    name: str
    certificate_kind: str
    certificate: str
    third_party: bool
    since: date
    last: date | None = None
    memo: str = ""
    message: str = ""


class InjuryDecision(msgspec.Struct, frozen=True):
    """An injury as the agency decides it: who is liable, whether the pool advances the cost.

    Law:     社会保险法 第三十条第二款. `withdrawn`: it is taken back and counts no more.
    """

    psn_no: str
    serial: str
    third_party: bool = False
    advance: bool = False
    withdrawn: bool = False


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


def filed_by(fact: FactRow) -> tuple[str, str]:
    """Institution and message of a filing by an institution; both empty for any other."""
    return institution_source(fact.source)


def _filer(connection: Database, psn_no: str, day: date, areas: Areas) -> Filer:
    """The person, locked against settlements and other filings.

    Refuses: person_unknown, uninsured_on, date_outside.
    """
    person = lock_person(connection, psn_no)
    held = person_facts.facts_at(connection, [person.id], day, kinds=["insured"])[person.id]
    if not held:
        values = {"value": mask_number(psn_no), "date": day.isoformat()}
        raise Refusal("uninsured_on", "psn_no", values)
    area = held[0].area
    return Filer(person, area, areas.area(area).law(day_of(day)))


def _serial(connection: Database, area: str, now: datetime) -> str:
    """A number for a filing: area, time, serial; thirty digits."""
    row = connection.execute(_NEXT_ID).fetchone()
    assert row is not None
    return f"{area}{now.astimezone(CHINA):%Y%m%d%H%M%S}{row[0] % 10**10:010d}"


def _keep(
    connection: Database, fact: NewFact, now: datetime, clash: Callable[[str, str], Refusal]
) -> str:
    """Add a fact and give its serial; where another overlaps, what `clash` makes of its span."""
    try:
        with connection.transaction():
            person_facts.add(connection, [fact], now)
    except psycopg.errors.ExclusionViolation:
        raise clash("", "") from None
    except Refusal as refusal:
        if refusal.code != "fact_overlaps":
            raise
        raise clash(refusal.values["since"], refusal.values["until"]) from None
    return str(fact.details["serial"])


def _overlaps(kind: str, field: str) -> Callable[[str, str], Refusal]:
    def clash(since: str, until: str) -> Refusal:
        values = {"kind": NAMES[kind], "since": since or "近日", "until": _until_text(until)}
        return Refusal("filing_overlaps", field, values)

    return clash


def _until_text(until: str) -> str:
    if not until:
        return "长期"
    return f"至 {date.fromisoformat(until) - timedelta(days=1)}"


def year_end(day: date) -> date:
    """The last day of a day's calendar year."""
    return date(day.year, 12, 31)


def year_from(day: date) -> date:
    """The last day of the year that begins on a day."""
    try:
        return day.replace(year=day.year + 1) - timedelta(days=1)
    except ValueError:
        return date(day.year + 1, 2, 28)


def _not_before(day: date, first: date) -> None:
    if day < first:
        values = {"value": day.isoformat(), "since": first.isoformat()}
        raise Refusal("filing_too_early", "since", values)


@command("institution")
def file_referral(
    connection: Database,
    content: ReferralFiling,
    *,
    actor: Actor,
    now: datetime,
    areas: Areas,
    days_back: int,
) -> str:
    """File a referral, in force at once; gives its serial.

    Without an end it ends with the calendar year. It may begin as far back as visits may be
    settled (`days_back`).
    Law:     YF-17: without a referral the fund does not pay elsewhere; so only the institution
             selected, or one that the person was referred to, refers onward.
    Refuses: referral_to_self, dates_reversed, filing_too_early, person_unknown, uninsured_on,
             referral_sender, filing_overlaps.
    """
    if content.receiver == actor.id:
        raise Refusal("referral_to_self", "receiver", {"value": content.receiver})
    last = content.last or year_end(content.since)
    check_order(content.since, last)
    _not_before(content.since, day_in_china(now) - timedelta(days=days_back))
    filer = _filer(connection, content.psn_no, content.since, areas)
    if filer.selecting:
        _check_sender(connection, filer, content.since, actor)
    fact = NewFact(
        filer.person.id,
        filer.area,
        "referral",
        content.since,
        content.receiver,
        day_after(last),
        {
            "sender": actor.id,
            "serial": _serial(connection, filer.area, now),
            "reason": content.reason,
        },
        actor.source(content.message),
    )
    return _keep(connection, fact, now, _overlaps("referral", "receiver"))


def _check_sender(connection: Database, filer: Filer, day: date, actor: Actor) -> None:
    """The sender is the institution selected, its Internet hospital, or one referred to."""
    person = filer.person.id
    held = person_facts.facts_at(connection, [person], day, kinds=["selection", "referral"])
    mine = {actor.id}
    here = standings(connection, mine, day).get(actor.id)
    if here and here.parent:
        mine.add(here.parent)
    for fact in held[person]:
        if (fact.details["institution"] if fact.kind == "selection" else fact.key) in mine:
            return
    values = {"value": actor.id, "date": day.isoformat(), "article": filer.selecting}
    raise Refusal("referral_sender", "psn_no", values)


@command("institution")
def file_registration(
    connection: Database,
    content: RegistrationFiling,
    *,
    actor: Actor,
    now: datetime,
    areas: Areas,
) -> str:
    """File a chronic or special registration; it counts once the agency has approved it.

    Refuses: dates_reversed, person_unknown, uninsured_on, disease_not_served, filing_overlaps.
    """
    check_order(content.since, content.last)
    filer = _filer(connection, content.psn_no, content.since, areas)
    benefit = filed_under(filer.law, content.disease)
    if not benefit:
        values = {"area": filer.area, "value": content.disease}
        raise Refusal("disease_not_served", "disease", values)
    known = DISEASES.get(content.disease)
    fact = NewFact(
        filer.person.id,
        filer.area,
        "registration",
        content.since,
        content.disease,
        day_after(content.last),
        {
            "benefit": benefit,
            "disease": known.rulebook if known else content.name,
            "name": content.name,
            "state": "filed",
            "serial": _serial(connection, filer.area, now),
            "institution": content.certifier,
        },
        actor.source(content.message),
    )
    return _keep(connection, fact, now, _overlaps("registration", "disease"))


@command("staff")
def approve_registration(
    connection: Database, content: RegistrationDecision, *, actor: Actor, now: datetime
) -> str:
    """Approve a registration, in the place of one that was only filed; gives its serial.

    A registration as 两病 of the same disease ends where a chronic or special one begins.
    Law:     攀办发〔2022〕32号 第十条: nobody enjoys both.
    Refuses: dates_reversed, person_unknown, registration_double, filing_overlaps.
    """
    check_order(content.since, content.last)
    person = lock_person(connection, content.psn_no)
    standing = registration_standing(connection, person, content)
    serial = standing.filed.details["serial"] if standing.filed else ""
    serial = serial or _serial(connection, content.area, now)
    fact = NewFact(
        person.id,
        content.area,
        "registration",
        content.since,
        content.disease,
        day_after(content.last),
        {
            "benefit": content.benefit,
            "disease": content.rulebook,
            "name": content.name,
            "state": "approved",
            "serial": serial,
            "approval_date": str(day_in_china(now)),
            "institution": content.certifier,
        },
        actor.source(),
    )
    with connection.transaction():
        if standing.filed is not None:
            person_facts.retire(connection, [standing.filed.id], now)
        for other in standing.gives_way:
            _ends(connection, other, content.since, actor, now)
        return _keep(connection, fact, now, _overlaps("registration", "disease"))


@dataclass(frozen=True)
class Standing:
    """What a decision meets: the filing that it decides, registrations that give way to it."""

    filed: FactRow | None
    gives_way: tuple[FactRow, ...]


def registration_standing(
    connection: Database, person: Person, content: RegistrationDecision
) -> Standing:
    """The registrations of a person that a decision meets.

    Refuses: registration_double where 两病 is asked for beside a chronic or special registration;
             filing_overlaps where the disease is approved already.
    """
    held = [
        fact
        for fact in person_facts.history(connection, [person.id], kinds=["registration"])[person.id]
        if fact.until is None or fact.until > content.since
    ]
    same = [fact for fact in held if fact.details["disease"] == content.rulebook]
    approved = [fact for fact in same if fact.details["state"] == "approved"]
    for fact in approved:
        if fact.details["benefit"] != "two_diseases" and content.benefit == "two_diseases":
            raise Refusal("registration_double", "disease", {"name": fact.details["name"]})
    own = [fact for fact in held if fact.key == content.disease]
    for fact in own:
        if fact in approved and fact.details["benefit"] == content.benefit:
            raise _overlaps("registration", "disease")(str(fact.since), str(fact.until or ""))
    filed = next((fact for fact in own if fact.details["state"] == "filed"), None)
    return Standing(filed, tuple(f for f in approved if f.details["benefit"] == "two_diseases"))


def _ends(connection: Database, fact: FactRow, day: date, actor: Actor, now: datetime) -> None:
    """A fact ends with the day before; one that only begins then is known to be wrong."""
    if fact.since >= day:
        person_facts.retire(connection, [fact.id], now)
        return
    right = NewFact(
        *(fact.person_id, fact.area, fact.kind, fact.since, fact.key, day, fact.details),
        source=actor.source(),
    )
    person_facts.correct(connection, fact.id, right, now)


@command("institution")
def file_selection(
    connection: Database,
    content: SelectionFiling,
    *,
    actor: Actor,
    now: datetime,
    areas: Areas,
) -> str:
    """File the institution that a person selects, for a year at most, from today on.

    Law:     YF-17: one institution, as a rule for a year; changed for reasons by the agency.
    Refuses: dates_reversed, person_unknown, uninsured_on, not_ruled, filing_too_early,
             selection_too_long, institution_unknown, institution_kind, agreement_missing,
             selection_bound.
    """
    since, last = content.since, content.last
    check_order(since, last)
    filer = _filer(connection, content.psn_no, since, areas)
    article = filer.selecting
    if not article:
        values = {"area": filer.area, "value": "选定医疗机构"}
        raise Refusal("not_ruled", "selection", values)
    _not_before(since, day_in_china(now))
    longest = year_from(since)
    if last and last > longest:
        values = {"value": last.isoformat(), "until": longest.isoformat(), "article": article}
        raise Refusal("selection_too_long", "last", values)
    _check_selected(connection, content.institution, since)
    fact = NewFact(
        filer.person.id,
        filer.area,
        "selection",
        since,
        "",
        day_after(last or longest),
        {
            "institution": content.institution,
            "serial": _serial(connection, filer.area, now),
            "reason": content.reason,
        },
        actor.source(content.message),
    )
    return _keep(
        connection, fact, now, lambda since, until: _bound(connection, filer, fact, since, until)
    )


def _check_selected(connection: Database, code: str, day: date) -> None:
    """The institution is a hospital with an agreement for ordinary care on the day."""
    found = get_institution(connection, code)
    if found.kind != "hospital":
        values = {"value": code, "reason": "选定的应当是医疗机构，不是零售药店"}
        raise Refusal("institution_kind", "institution", values)
    if "ordinary" not in standings(connection, [code], day)[code].designated_for:
        values = {"value": code, "date": day.isoformat()}
        raise Refusal("agreement_missing", "institution", values)


def _bound(connection: Database, filer: Filer, new: NewFact, since: str, until: str) -> Refusal:
    """The refusal that names the selection which stands."""
    held = person_facts.history(connection, [filer.person.id], kinds=["selection"])
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
    return Refusal("selection_bound", "since", values)


@command("institution")
def report_injury(
    connection: Database,
    content: InjuryFiling,
    *,
    actor: Actor,
    now: datetime,
    areas: Areas,
    identity: Identity,
) -> str:
    """File an injury: whether a third party is liable; open, it ends with the calendar year.

    It counts once the agency has approved it (`decide_injury`).
    Refuses: dates_reversed, person_unknown, uninsured_on, person_differs, filing_overlaps.
    """
    last = content.last or year_end(content.since)
    check_order(content.since, last)
    filer = _filer(connection, content.psn_no, content.since, areas)
    _check_identity(content, filer.person, identity)
    serial = _serial(connection, filer.area, now)
    fact = NewFact(
        filer.person.id,
        filer.area,
        "injury",
        content.since,
        serial,
        day_after(last),
        {
            "third_party": content.third_party,
            "serial": serial,
            "memo": content.memo,
            "state": "filed",
        },
        actor.source(content.message),
    )
    return _keep(connection, fact, now, _overlaps("injury", "since"))


def _check_identity(content: InjuryFiling, person: Person, identity: Identity) -> None:
    if person_name(content.name) != person_name(person.name):
        raise Refusal("person_differs", "name")
    if not is_of(person, identity, content.certificate):
        raise Refusal("person_differs", "certificate")


def filed_injury(connection: Database, content: InjuryDecision) -> tuple[Person, FactRow]:
    """The person and the injury that a decision is about.

    Refuses: person_unknown, filing_unknown, filing_withdrawn.
    """
    person = get_person(connection, content.psn_no)
    return person, filing_of(connection, person, "injury", content.serial)


@command("staff")
def decide_injury(
    connection: Database, content: InjuryDecision, *, actor: Actor, now: datetime
) -> str:
    """Approve an injury that was filed, as the agency found it, or take it back; gives its serial.

    Refuses: as `filed_injury`.
    """
    lock_person(connection, content.psn_no)
    _, fact = filed_injury(connection, content)
    if content.withdrawn:
        person_facts.retire(connection, [fact.id], now)
        return content.serial
    found = {
        "third_party": content.third_party,
        "advance": content.advance,
        "state": "approved",
    }
    right = NewFact(
        fact.person_id,
        fact.area,
        "injury",
        fact.since,
        fact.key,
        fact.until,
        fact.details | found,
        actor.source(),
    )
    person_facts.correct(connection, fact.id, right, now)
    return content.serial


def filing_of(connection: Database, person: Person, kind: str, serial: str) -> FactRow:
    """A filing of a person by kind and serial, which stands.

    Refuses: filing_unknown, filing_withdrawn.
    """
    held = person_facts.history(connection, [person.id], kinds=[kind])[person.id]
    fact = next((one for one in held if one.details.get("serial") == serial), None)
    if fact is not None:
        return fact
    gone = connection.execute(
        "select 1 from person_fact where person_id = %s and kind = %s"
        " and details -> 'serial' = to_jsonb(%s::text)",
        [person.id, kind, serial],
    ).fetchone()
    values = {"value": serial, "kind": NAMES[kind]}
    raise Refusal("filing_withdrawn" if gone else "filing_unknown", "serial", values)


def check_own(fact: FactRow, actor: Actor) -> None:
    """Who acts filed it, and the agency has neither entered nor approved it.

    Refuses: filing_audited, filing_foreign.
    """
    values = {"value": str(fact.details.get("serial", "")), "kind": NAMES[fact.kind]}
    institution, _ = filed_by(fact)
    if fact.details.get("state") == "approved" or not institution:
        raise Refusal("filing_audited", "serial", values)
    if institution != actor.id:
        raise Refusal("filing_foreign", "serial", values)
