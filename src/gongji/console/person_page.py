"""A person on one page: status, accounts, meters, settlements, filings, family, items, who looked.

Found by name, number or card; masked until it is opened with a reason, which stands in the trail.
Law:     《个人信息保护法》 第五十一条; 国务院令第735号 第三十二条.
"""

from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from gongji.agency.notices import notices_of
from gongji.console.at_work import RECORDS, Clerk, at_work, shown
from gongji.console.meter_limits import shown_meters
from gongji.console.said_refusals import words_of
from gongji.institutions import institution_rows
from gongji.ledger import person_journal
from gongji.ledger.entry_rows import READ, EntryRow, read_entry
from gongji.ledger.statement import ACCOUNTS, EVENTS
from gongji.people import person_facts
from gongji.people.person_facts import FactRow
from gongji.people.person_rows import (
    Person,
    find_by_card,
    find_by_certificate,
    name_spellings,
    persons_by_id,
)
from gongji.platform import trail
from gongji.platform.actors import KINDS as ACTORS
from gongji.platform.identity import RESIDENT, Identity, mask_name, mask_number, normalise
from gongji.platform.installation import installed_areas, installed_version
from gongji.refusals import Fault, Refusal, RulebookError
from gongji.review.command_kinds import KINDS
from gongji.review.desk import STATES
from gongji.review.trail_words import said_what
from gongji.settlement.decide_bill import explanation

OPEN_SECONDS = 1800
"""How long a record stays open for whoever opened it."""
FOUND, ENTRIES, LOOKS = 50, 20, 30
LONGEST = 64
STATUS = {"active": "在职", "retired": "退休"}
FACTS = {
    "registration": "慢特病备案",
    "offsite": "异地就医备案",
    "selection": "选定医疗机构",
    "referral": "转诊",
    "injury": "意外伤害登记",
    "area_fact": "本地登记",
    "stay": "住院",
    "bond": "家庭共济",
    "account": "个人账户",
    "insured": "参保",
}
BAND = 720
"""How wide the band of a person's status is, in units of its picture."""
LAST = (1 << 63) - 1
_ENTRIES = f"{READ} where e.person = %s and e.id < %s order by e.id desc limit %s"
_BY_NAME = """select id from person where area = any(%s) and name = any(%s) and id > %s
order by id limit %s"""
_BY_NUMBER = "select id from person where area = any(%s) and psn_no = %s"
_ITEMS = """select id, kind, state, made_at, due_on from command
where subject_kind = 'person' and subject = %s order by id desc limit 30"""
_LOOKS = """select at, actor_kind, actor, what, reason, granted from access_log
where person = %s order by at desc limit %s"""
_OWNER_OF = """select f.id, f.since, f.until, p.id, p.name, p.psn_no from person_fact f
join person p on p.id = f.person_id where f.kind = 'bond' and f.key = %s and f.retired_at is null"""


def _whole(text: str, default: int) -> int:
    """A number of an address, or what stands for it."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else default


def _find(clerk: Clerk, text: str, after: int) -> list[Person]:
    """Whoever is meant: by number, identity number or card; else by the whole name."""
    text = normalise(text)[:LONGEST]
    if not text:
        return []
    areas = clerk.areas_of(*RECORDS)
    if not text.isascii():
        spelt = name_spellings(text)
        rows = clerk.connection.execute(_BY_NAME, [areas, spelt, after, FOUND]).fetchall()
    else:
        rows = clerk.connection.execute(_BY_NUMBER, [areas, text]).fetchall()
    if rows:
        found = persons_by_id(clerk.connection, [row[0] for row in rows])
        return sorted(found, key=lambda one: one.id)
    keys = Identity(settings.GONGJI_IDENTITY_KEY, settings.GONGJI_LOOKUP_KEY)
    tried = (
        find_by_certificate(clerk.connection, keys, RESIDENT, text),
        find_by_card(clerk.connection, keys, text),
    )
    return [one for one in tried if one is not None and one.area in areas]


@require_safe
@at_work
def persons(request: HttpRequest, clerk: Clerk) -> HttpResponse:
    """The persons whom a search finds, masked; the search stands in the trail."""
    clerk.demand(RECORDS, "persons")
    text = request.GET.get("q", "").strip()
    after = request.GET.get("after", "")
    found = _find(clerk, text, _whole(after, 0))
    if text:
        ids = tuple(one.id for one in found)
        clerk.log(trail.Trace(trail.LIST, "persons", ids=ids))
    rows = [(one.id, mask_name(one.name), mask_number(one.psn_no), one.area) for one in found]
    context = {"here": "persons", "q": text, "rows": rows}
    context["next"] = found[-1].id if len(found) == FOUND else ""
    part = "persons_found" if request.htmx else "persons"
    return shown(request, clerk, part, context)


def person_of(clerk: Clerk, number: int) -> Person:
    """A person of an area in which somebody may open records.

    Refuses: Http404.
    """
    found = persons_by_id(clerk.connection, [number])
    if not found or found[0].area not in clerk.areas_of(*RECORDS):
        raise Http404
    return found[0]


def is_open(request: HttpRequest, number: int) -> bool:
    """Whether a person's record was opened a moment ago, by this session."""
    opened = request.session.get("opened", {})
    return bool(timezone.now().timestamp() - opened.get(str(number), 0) < OPEN_SECONDS)


@require_POST
@at_work
def open_person(request: HttpRequest, clerk: Clerk, number: int) -> HttpResponse:
    """Open a person's record for half an hour, with a reason.

    Refuses: reason_missing.
    """
    clerk.demand(RECORDS, f"person {number}")
    found = person_of(clerk, number)
    reason = request.POST.get("reason", "").strip()
    if not reason:
        raise Refusal("reason_missing", "原因")
    clerk.look("open", person=found.id, reason=reason[:200])
    opened = request.session.get("opened", {})
    opened[str(number)] = timezone.now().timestamp()
    request.session["opened"] = opened
    return HttpResponseRedirect(reverse("console:person", args=[number]))


@require_safe
@at_work
def person(request: HttpRequest, clerk: Clerk, number: int) -> HttpResponse:
    """A person's page: masked, or everything once it was opened."""
    clerk.demand(RECORDS, f"person {number}")
    found = person_of(clerk, number)
    if not is_open(request, number):
        masked = {"name": mask_name(found.name), "number": mask_number(found.psn_no)}
        return shown(request, clerk, "person_masked", {"here": "persons", "id": number} | masked)
    clerk.look("person", person=found.id)
    facts = person_facts.history(clerk.connection, [found.id])[found.id]
    before = request.GET.get("before", "")
    rows = clerk.connection.execute(_ENTRIES, [found.id, _whole(before, LAST), ENTRIES])
    entries = [read_entry(row) for row in rows]
    context = {
        "here": "persons",
        "person": found,
        "certificate": _certificate(found),
        "band": _band([one for one in facts if one.kind == "insured"], clerk.today),
        "balances": [
            (area, ACCOUNTS.get(kind, kind), fen)
            for area, kind, fen in person_journal.balances_of(clerk.connection, found.id)
        ],
        "meters": shown_meters(
            person_journal.meters_of(clerk.connection, found.id), installed_areas(), clerk.today
        ),
        "entries": shown_entries(clerk, entries),
        "before": entries[-1].id if len(entries) == ENTRIES else "",
        "filings": [_filing(one, clerk.today) for one in reversed(facts) if one.kind != "insured"],
        "gives": clerk.connection.execute(_OWNER_OF, [found.psn_no]).fetchall(),
        "items": _items(clerk, found.id),
        "notices": notices_of(clerk.connection, found.id)[:10],
        "looks": _looks(clerk, found.id),
    }
    return shown(request, clerk, "person", context)


def _certificate(found: Person) -> str:
    """The identity number, shortened; empty where there is none or it is of another key."""
    if not found.certificate:
        return ""
    keys = Identity(settings.GONGJI_IDENTITY_KEY, settings.GONGJI_LOOKUP_KEY)
    try:
        return mask_number(keys.decrypt(found.certificate))
    except Fault:
        return "无法读出"


def _band(insured: list[FactRow], today: date) -> dict[str, Any]:
    """Spells of insurance beside each other, from the first day to today."""
    if not insured:
        return {}
    first = max(min(one.since for one in insured), today - timedelta(days=3653))
    whole = max(1, (today - first).days)
    parts = []
    for one in insured:
        since, until = max(one.since, first), min(one.until or today, today)
        start = (since - first).days * BAND // whole
        width = max(2, (until - since).days * BAND // whole)
        arrears = bool(one.details.get("arrears"))
        status = STATUS.get(str(one.details.get("status")), "")
        words = (
            f"{one.area} {status}{'（欠费）' if arrears else ''} {one.since} 至 {one.until or '今'}"
        )
        colour = "c-beyond" if arrears else "c-account" if status == "退休" else "c-pool"
        parts.append({"x": start, "width": width, "words": words, "colour": colour})
    return {"parts": parts, "first": first, "width": BAND}


def shown_entries(clerk: Clerk, rows: list[EntryRow]) -> list[dict[str, Any]]:
    """Entries with the words for them."""
    codes = {row.institution for row in rows}
    names = {
        one.code: one.name for one in institution_rows.institutions_of(clerk.connection, codes)
    }
    ids = [row.id for row in rows if row.id is not None]
    back = person_journal.cancelled_among(clerk.connection, ids)
    return [
        {
            "row": row,
            "event": EVENTS.get(row.kind, row.kind),
            "institution": names.get(row.institution, row.institution),
            "cancelled": row.id in back,
        }
        for row in rows
    ]


def _filing(one: FactRow, today: date) -> dict[str, Any]:
    return {
        "kind": FACTS.get(one.kind, one.kind),
        "what": mask_number(one.key) if one.kind == "bond" else one.details.get("name") or one.key,
        "since": one.since,
        "until": one.until,
        "over": one.until is not None and one.until <= today,
    }


def _items(clerk: Clerk, person_id: int) -> list[dict[str, Any]]:
    return [
        {
            "number": row[0],
            "kind": KINDS[row[1]].words if row[1] in KINDS else row[1],
            "state": STATES[row[2]],
            "made": row[3],
            "due": row[4],
        }
        for row in clerk.connection.execute(_ITEMS, [str(person_id)])
    ]


def _looks(clerk: Clerk, person_id: int) -> list[tuple[Any, ...]]:
    rows = clerk.connection.execute(_LOOKS, [person_id, LOOKS]).fetchall()
    return [
        (at, ACTORS[kind], actor, said_what(what), reason, granted)
        for at, kind, actor, what, reason, granted in rows
    ]


@require_safe
@at_work
def entry(request: HttpRequest, clerk: Clerk, number: int, entry_number: int) -> HttpResponse:
    """One settlement of a person whose record is open, with its explanation."""
    clerk.demand(RECORDS, f"person {number}")
    found = person_of(clerk, number)
    row = person_journal.entry_of(clerk.connection, found.id, entry_number)
    if row is None:
        raise Http404
    if not is_open(request, number):
        return HttpResponseRedirect(reverse("console:person", args=[number]))
    clerk.look(f"entry {entry_number}", person=found.id)
    context: dict[str, Any] = {"here": "persons", "person": found}
    context["shown"] = shown_entries(clerk, [row])[0]
    if row.kind == "settlement":
        try:
            told = explanation(row, installed_version(row.law))
            context["sentences"] = [
                (one.text, "；".join(f"{c.document} {c.article}" for c in one.cites))
                for one in told.sentences
            ]
        except (Refusal, RulebookError) as refusal:
            context["untold"] = words_of(refusal)
    return shown(request, clerk, "person_entry", context)
