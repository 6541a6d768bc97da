"""My pages: what a person has used, settled, on the account, bound, filed; a statement to print."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from gongji.law.engine.visit import read_date
from gongji.law.rulebook.own_facts import shown_value
from gongji.law.rulebook.vocabulary import BENEFIT_NAMES
from gongji.ledger.entry_rows import EntryRow
from gongji.ledger.statement import ACCOUNTS, EVENTS
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
from gongji.portal import family, own_desk, own_items, own_papers, own_records, own_year, present
from gongji.portal.inputs import cleaned, day_said, number_said
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
EXPLAINED = ("settlement", "reimbursement")
"""Kinds of entries that are told by the articles they were decided on."""
STATES = {"filed": "已报，待审核", "approved": "已核准"}


def _now() -> datetime:
    return datetime.now(CHINA)


def _context(visitor: Visitor, tab: str, **more: Any) -> dict[str, Any]:
    return {"here": "me", "tab": tab, "visitor": visitor, **more}


@require_safe
@insured
def overview(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """What can still be paid this year, what waits, the account by months, the last settlements."""
    today = timezone.localdate()
    rows = own_records.entries(visitor, 5)
    year = own_year.person_year(visitor, today)
    months = own_year.months(visitor, today)
    context = _context(
        visitor,
        "me",
        year=today.year,
        meters=own_year.meters(visitor),
        entries=_entries(visitor, rows),
        borne=_borne(rows),
        balances=[
            (a, ACCOUNTS.get(kind, kind), fen) for a, kind, fen in own_records.balances(visitor)
        ],
        months=months,
        bars=own_year.drawn(months),
        asked_of_me=family.asked_of(visitor, today),
        requests=own_items.under_way(visitor),
    )
    if isinstance(year, Refusal):
        context["untold"] = present.refusal_text(year)
    else:
        context["benefits"] = own_year.shown_year(year)
        context["calculator"] = own_year.calculator_link(year, today)
    return render(request, "portal/me.html", context)


def _entries(visitor: Visitor, rows: list[EntryRow]) -> list[dict[str, Any]]:
    names = own_records.institution_names(visitor, {row.institution for row in rows})
    back = own_records.taken_back(visitor, [row.id for row in rows if row.id is not None])
    return [
        {
            "row": row,
            "event": EVENTS.get(row.kind, "其他"),
            "cancelled": row.id in back,
            "institution": names.get(row.institution, row.institution),
            "benefit": _benefit(row.area, row.settlement.benefit),
            "cash": row.settlement.cash_fen - row.settlement.owed_fen,
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
    rows = own_records.entries(visitor)
    context = _context(visitor, "settlements", entries=_entries(visitor, rows), borne=_borne(rows))
    return render(request, "portal/settlements.html", context)


def _borne(rows: list[EntryRow]) -> bool:
    """Whether an institution bore anything of some entries."""
    return any(row.settlement.borne_fen for row in rows)


@require_safe
@insured
def settlement(request: HttpRequest, visitor: Visitor, number: int) -> HttpResponse:
    """One settlement of the person with its explanation."""
    row = own_records.entry(visitor, number)
    if row is None:
        raise Http404
    context = _context(visitor, "settlements", shown=_entries(visitor, [row])[0], row=row)
    context["payers"] = own_records.payers(visitor, row)
    if row.kind in EXPLAINED:
        try:
            told = explanation(row, installed_version(row.law))
            law_books = told.result.law.books
            # What no rule of the benefit asks for is no reason of what was paid.
            reasons = [one for one in told.sentences if one.kind != "unread"]
            context["sentences"] = [present.said(one, law_books) for one in reasons]
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
        told = own_papers.account_between(visitor, *account_days(request, today))
        context |= {"since": told.since, "until": told.until, "told": told}
        context["query"] = urlencode({"from": told.since, "to": told.until})
        context["meters"] = [
            (*own_year.meter_name(visitor.person.area, line.meter), line)
            for line in told.statement.meters
            if line.period.partition(":")[0] in own_year.PERIODS
        ]
    except Refusal as refusal:
        context["error"] = present.refusal_text(refusal, {"from": "起", "to": "止"})
    return render(request, "portal/account.html", context)


def account_days(request: HttpRequest, today: date) -> tuple[date, date]:
    """The first and the last day that are asked for: the year up to today where none are.

    Refuses: value_invalid.
    """
    return _day(request, "from", date(today.year, 1, 1)), _day(request, "to", today)


def _day(request: HttpRequest, name: str, default: date) -> date:
    return date_of(read_date(name, day_said(cleaned(request.GET.get(name, ""))) or str(default)))


@require_safe
@insured
def account_pdf(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The statement as PDF.

    Refuses: as a redirect to the page that says what is wrong with the days.
    """
    today = timezone.localdate()
    try:
        told = own_papers.account_between(visitor, *account_days(request, today))
    except Refusal:
        address = f"{reverse('portal:account')}?{request.GET.urlencode()}"
        return HttpResponseRedirect(address)
    return own_papers.pdf(own_papers.statement_paper(told, today), "account")


@require_safe
@insured
def settlement_pdf(request: HttpRequest, visitor: Visitor, number: int) -> HttpResponse:
    """One settlement (结算单) as PDF."""
    row = own_records.entry(visitor, number)
    if row is None:
        raise Http404
    shown = _entries(visitor, [row])[0]
    paper = own_papers.settlement_paper(visitor, row, shown, timezone.localdate())
    return own_papers.pdf(paper, f"settlement-{number}")


@require_safe
@insured
def looks(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Who looked at the person's record: when, which office and post, at what and why."""
    context = _context(visitor, "looks", looks=own_records.looks(visitor))
    context["own_looks"] = own_records.looks(visitor, own=True)
    return render(request, "portal/looks.html", context)


@require_safe
@insured
def download(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Everything that is kept of the person, as an Excel file; nothing of it stays here."""
    return own_papers.records_file(visitor, timezone.localdate())


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
        reviewed=own_desk.reviewed_bond(visitor, _now()),
        requests=[one for one in own_items.under_way(visitor) if one.kind == own_desk.BOND],
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


def _change(change: Callable[[HttpRequest, Visitor, datetime], int | None]) -> Any:
    """A page that changes a bond and goes back to the bonds, or says why not.

    Where the area has it reviewed, `change` gives the number of the command that it became.
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
            number = change(request, visitor, _now())
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
        if number:
            return HttpResponseRedirect(reverse("portal:item", args=[number]))
        return HttpResponseRedirect(reverse("portal:family"))

    return page


def _terms(request: HttpRequest) -> BondTerms:
    said = {name: cleaned(request.POST.get(name, "")) for name in ("psn_no", "name", "relation")}
    return BondTerms(number_said(said["psn_no"]), said["name"], said["relation"])


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


def given(request: HttpRequest, visitor: Visitor, now: datetime) -> int | None:
    """Give a bond."""
    _count_try(visitor)
    if own_desk.reviewed_bond(visitor, now):
        return family.give_for_review(visitor, _terms(request), now)
    give_bond(visitor.connection, _terms(request), actor=visitor.actor, now=now)
    return None


def consented(request: HttpRequest, visitor: Visitor, now: datetime) -> int | None:
    """Give what was asked."""
    if own_desk.reviewed_bond(visitor, now):
        return family.consent_for_review(visitor, _number(request), now)
    consent_to_bond(visitor.connection, _number(request), actor=visitor.actor, now=now)
    return None


def ended(request: HttpRequest, visitor: Visitor, now: datetime) -> None:
    """Take back what was asked or given."""
    family.end(visitor, _number(request), now)


ask, give, consent, end = (_change(change) for change in (asked, given, consented, ended))
