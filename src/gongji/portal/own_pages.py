"""My pages: what a person has used, settled, on the account, bound, filed; a statement to print."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from gongji.law.engine.visit import read_date
from gongji.law.rulebook.own_facts import shown_value
from gongji.law.rulebook.vocabulary import BENEFIT_NAMES
from gongji.ledger.statement import ACCOUNTS, EVENTS, of_person
from gongji.people import person_facts
from gongji.people.bonds import (
    BondNumber,
    BondTerms,
    ask_bond,
    consent_to_bond,
    give_bond,
)
from gongji.people.person_facts import FactRow
from gongji.platform.installation import installed_areas, installed_version
from gongji.portal import family, own_records, present
from gongji.portal.inputs import cleaned
from gongji.portal.own_records import Visitor, insured
from gongji.portal.ui_texts import say
from gongji.refusals import Refusal
from gongji.settlement.decide_bill import explanation
from gongji.units import CHINA, date_of

BONDS_ASKED, BOND_SECONDS = 10, 3600
"""How often a person may name somebody for a bond, within so many seconds."""
FILINGS = {
    "registration": "慢特病备案",
    "offsite": "异地就医备案",
    "area_fact": "本地登记",
    "selection": "选定医疗机构",
    "referral": "转诊",
    "injury": "意外伤害登记",
    "stay": "住院",
}
STATES = {"filed": "已报，待审核", "approved": "已核准"}
OTHER_METER = "其他累计"
"""What a meter is called that the rules of today do not know any more."""
PERIODS = {"年": 1, "季": 4, "月": 12}
"""Periods whose meters are shown, with how many there are in a year."""


def _now() -> datetime:
    return datetime.now(CHINA)


def _context(visitor: Visitor, tab: str, **more: Any) -> dict[str, Any]:
    return {"here": "me", "tab": tab, "visitor": visitor, **more}


@require_safe
@insured
def overview(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """What the person has used and has, and the last settlements."""
    rows = own_records.entries(visitor, 5)
    context = _context(
        visitor,
        "me",
        meters=_meters(visitor),
        entries=_entries(visitor, rows),
        balances=[
            (a, ACCOUNTS.get(kind, kind), fen) for a, kind, fen in own_records.balances(visitor)
        ],
    )
    return render(request, "portal/me.html", context)


def _meters(visitor: Visitor) -> list[dict[str, Any]]:
    """Meters of more than one visit by period, the latest first, by their names."""
    found = []
    for area, period, slot, code, used in own_records.meters(visitor):
        kind, _, number = period.partition(":")
        if kind in PERIODS:
            name, where = _meter_name(area, code)
            found.append(
                {
                    "period": _period(kind, int(number)),
                    "name": name,
                    "where": where or slot,
                    "used": used,
                    "order": int(number) * 12 // PERIODS[kind],
                }
            )
    return sorted(found, key=lambda row: -row["order"])


def _period(kind: str, number: int) -> str:
    """A period by its number, counted from the year zero."""
    year = number // PERIODS[kind]
    part = number % PERIODS[kind] + 1
    return str(year) if kind == "年" else f"{year}-{'Q' if kind == '季' else ''}{part}"


def _meter_name(area: str, code: str) -> tuple[str, str]:
    """A meter's name and the values of its axes, by its code."""
    head, *values = code.split(".")
    try:
        found = installed_areas().area(area)
    except Refusal:
        return OTHER_METER, ""
    meter = next((m for m in found.layout.meters.values() if m.code == head), None)
    if meter is None:
        return OTHER_METER, ""
    facts = {name: fact for law in found.laws for name, fact in law.facts.items()}
    names = []
    for axis, value in zip(meter.axes, values, strict=False):
        choices = {(c or n): n for n, c in facts[axis].choices.items()}
        names.append(choices.get(value, value))
    return meter.name, "、".join(names)


def _entries(visitor: Visitor, rows: list[Any]) -> list[dict[str, Any]]:
    names = own_records.institution_names(visitor, {row.institution for row in rows})
    back = own_records.taken_back(visitor, [row.id for row in rows])
    return [
        {
            "row": row,
            "event": EVENTS.get(row.kind, "其他"),
            "cancelled": row.id in back,
            "institution": names.get(row.institution, row.institution),
            "benefit": _benefit(row.area, row.settlement.benefit),
        }
        for row in rows
    ]


def _benefit(area: str, code: str) -> str:
    try:
        laws = installed_areas().area(area).laws
    except Refusal:
        return BENEFIT_NAMES.get(code, "")
    names = {known: name for law in laws for name, known in law.benefits.items()}
    return names.get(code) or BENEFIT_NAMES.get(code, "")


@require_safe
@insured
def settlements(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Every settlement of the person."""
    rows = _entries(visitor, own_records.entries(visitor))
    return render(
        request, "portal/settlements.html", _context(visitor, "settlements", entries=rows)
    )


@require_safe
@insured
def settlement(request: HttpRequest, visitor: Visitor, number: int) -> HttpResponse:
    """One settlement of the person with its explanation."""
    row = own_records.entry(visitor, number)
    if row is None:
        raise Http404
    context = _context(visitor, "settlements", shown=_entries(visitor, [row])[0], row=row)
    if row.kind == "settlement":
        try:
            told = explanation(row, installed_version(row.law))
            law_books = told.result.law.books
            context["sentences"] = [present.said(one, law_books) for one in told.sentences]
            context["doubts"] = [(d, present.links_of_doubt(d, law_books)) for d in told.doubts]
        except Refusal as refusal:
            context["untold"] = present.refusal_text(refusal)
            context["steps"] = row.decision.steps if row.decision else ()
    return render(request, "portal/settlement.html", context)


@require_safe
@insured
def account(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Every movement of the person's accounts between two days; it prints as a statement."""
    today = timezone.localdate()
    typed = {name: cleaned(request.GET.get(name, "")) for name in ("from", "to")}
    context = _context(visitor, "account", today=today, typed=typed)
    try:
        since = _day(request, "from", date(today.year, 1, 1))
        until = _day(request, "to", today)
        told = of_person(visitor.connection, visitor.person.psn_no, since, until)
        context |= {"since": since, "until": until, "statement": told, "names": ACCOUNTS}
        context["accounts"] = [(ACCOUNTS[one.account], one) for one in told.accounts]
        moves = [move for one in told.accounts for move in one.movements]
        context["benefits"] = {m.benefit: _benefit(visitor.person.area, m.benefit) for m in moves}
        context["meters"] = [
            (*_meter_name(visitor.person.area, line.meter), line)
            for line in told.meters
            if line.period.partition(":")[0] in PERIODS
        ]
    except Refusal as refusal:
        context["error"] = present.refusal_text(refusal, {"from": "起", "to": "止"})
    return render(request, "portal/account.html", context)


def _day(request: HttpRequest, name: str, default: date) -> date:
    return date_of(read_date(name, cleaned(request.GET.get(name, "")) or str(default)))


@require_safe
@insured
def filings(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The person's registrations, filings, selections and stays, with their state."""
    facts = person_facts.history(visitor.connection, [visitor.person.id], None, list(FILINGS))
    rows = facts[visitor.person.id]
    named = {str(row.details.get("institution") or row.key) for row in rows}
    names = own_records.institution_names(visitor, named)
    today = timezone.localdate()
    shown = [
        {
            "kind": FILINGS[row.kind],
            "since": row.since,
            "until": row.until,
            "what": _what(row) or names.get(row.key) or row.key,
            "institution": names.get(row.details.get("institution", ""), ""),
            "state": STATES.get(row.details.get("state", ""), ""),
            "over": row.until is not None and row.until <= today,
        }
        for row in sorted(rows, key=lambda row: row.since, reverse=True)
    ]
    return render(request, "portal/filings.html", _context(visitor, "filings", filings=shown))


def _what(row: FactRow) -> str:
    """What a filing says by itself: a disease, or a fact of the area's own with its value."""
    if row.kind != "area_fact":
        return str(row.details.get("name") or "")
    try:
        laws = installed_areas().area(row.area).laws
    except Refusal:
        return ""
    said = (shown_value(law, row.key, row.details["value"]) for law in reversed(laws))
    return next((text for text in said if text), "")


TYPED = "family_typed"
"""Where the session keeps what was typed into a form of the family page that was refused."""


def _family_page(
    request: HttpRequest, visitor: Visitor, error: str = "", status: int = 200, **given: str
) -> HttpResponse:
    context = _context(
        visitor,
        "family",
        bonds=family.shown_bonds(visitor, timezone.localdate()),
        error=error,
        relations=family.RELATIONS,
        given=given,
    )
    return render(request, "portal/family.html", context, status=status)


@require_safe
@insured
def bonds(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The person's family bonds, on both sides."""
    request.session.pop(TYPED, None)
    return _family_page(request, visitor)


FORMS = {"asked": "ask", "given": "give"}
"""The forms that are filled in, by what they do."""
_BOND_LABELS = {"relation": "关系", "psn_no": "编号", "bond": "家庭共济"}


def _why_not(refusal: Refusal) -> str:
    return present.refusal_text(refusal, {n: say(label) for n, label in _BOND_LABELS.items()})


def _change(change: Callable[[HttpRequest, Visitor, datetime], None]) -> Any:
    """A page that changes a bond and goes back to the bonds, or says why not.

    Whoever comes back to its address, as after a change of language or a new sign-in, finds the
    bonds and what was typed.
    """

    @require_http_methods(["GET", "HEAD", "POST"])
    @insured
    def page(request: HttpRequest, visitor: Visitor) -> HttpResponse:
        if request.method != "POST":
            typed = request.session.pop(TYPED, None)
            if typed and typed.get("form") == FORMS.get(change.__name__):
                return _family_page(request, visitor, **typed)
            return HttpResponseRedirect(reverse("portal:family"))
        try:
            change(request, visitor, _now())
        except Refusal as refusal:
            names = ("psn_no", "name", "relation")
            given = {name: cleaned(request.POST.get(name, "")) for name in names}
            given["form"] = FORMS.get(change.__name__, "")
            request.session[TYPED] = given
            return _family_page(request, visitor, _why_not(refusal), 422, **given)
        request.session.pop(TYPED, None)
        own_records.log.info(
            "bond_changed", change=change.__name__, person=visitor.number, by="portal"
        )
        return HttpResponseRedirect(reverse("portal:family"))

    return page


def _terms(request: HttpRequest) -> BondTerms:
    names = ("psn_no", "name", "relation")
    return BondTerms(*(cleaned(request.POST.get(name, "")) for name in names))


def _number(request: HttpRequest) -> BondNumber:
    text = request.POST.get("bond", "")
    return BondNumber(int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0)


def _count_try(visitor: Visitor) -> None:
    """One more try at somebody's number and name; those that miss must not be many.

    Refuses: bonds_asked_often.
    """
    key = f"bonds:{visitor.person.psn_no}"
    cache.add(key, 0, BOND_SECONDS)
    if cache.incr(key) > BONDS_ASKED:
        raise Refusal("bonds_asked_often", "psn_no", {"limit": str(BONDS_ASKED)})


def asked(request: HttpRequest, visitor: Visitor, now: datetime) -> None:
    """Ask for a bond."""
    _count_try(visitor)
    ask_bond(visitor.connection, _terms(request), actor=visitor.actor, now=now)


def given(request: HttpRequest, visitor: Visitor, now: datetime) -> None:
    """Give a bond."""
    _count_try(visitor)
    give_bond(visitor.connection, _terms(request), actor=visitor.actor, now=now)


def consented(request: HttpRequest, visitor: Visitor, now: datetime) -> None:
    """Give what was asked."""
    consent_to_bond(visitor.connection, _number(request), actor=visitor.actor, now=now)


def ended(request: HttpRequest, visitor: Visitor, now: datetime) -> None:
    """Take back what was asked or given."""
    family.end(visitor, _number(request), now)


ask, give, consent, end = (_change(change) for change in (asked, given, consented, ended))
