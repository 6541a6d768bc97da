"""An institution on one page: agreement, levels, access keys, what it settled and is owed.

The page reads as much of an institution with millions of settlements as of one with few: its latest
entries, and of what it is owed the days that were sealed and what came since.
"""

from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_POST, require_safe

from gongji.console.at_work import RECORDS, Clerk, at_work, shown
from gongji.console.elevation_page import elevated, elevation_shown
from gongji.console.said_refusals import words_of
from gongji.institutions import institution_facts
from gongji.institutions.access_keys import (
    AccessKeyAsked,
    AccessKeyEnd,
    access_keys_of,
    issue_access_key,
    revoke_access_key,
)
from gongji.institutions.institution_rows import Institution, find_institution
from gongji.ledger.statement import EntryKey, latest_of_institution, of_institution
from gongji.platform import trail
from gongji.platform.identity import Identity
from gongji.platform.month_parts import next_month
from gongji.refusals import Refusal

SEES = (*RECORDS, "technician")
PAGE = 50
KINDS = {"hospital": "医院", "clinic": "诊所", "pharmacy": "药店", "internet": "互联网医院"}
FACTS = {"level": "级别", "agreement": "协议", "area_fact": "本地登记"}
_LISTED = """select code, area, name, kind, grade from institution
where left(area, 4) = any(%s) and code > %s and (%s = '' or code = %s or position(%s in name) > 0)
order by code limit %s"""


def _areas(clerk: Clerk) -> list[str]:
    return sorted({area[:4] for area in clerk.areas_of(*SEES)})


@require_safe
@at_work
def institutions(request: HttpRequest, clerk: Clerk) -> HttpResponse:
    """The institutions of my areas, by code or a part of the name."""
    clerk.demand(SEES, "institutions")
    text, after = request.GET.get("q", "").strip()[:64], request.GET.get("after", "")
    values = [_areas(clerk), after, text, text, text, PAGE]
    rows = clerk.connection.execute(_LISTED, values).fetchall()
    context = {
        "here": "institutions",
        "q": text,
        "rows": [(code, area, name, KINDS.get(kind, kind)) for code, area, name, kind, _ in rows],
        "next": rows[-1][0] if len(rows) == PAGE else "",
    }
    return shown(request, clerk, "institutions", context)


def _get(clerk: Clerk, code: str) -> Institution:
    """An institution of an area in which somebody works.

    Refuses: Http404.
    """
    found = find_institution(clerk.connection, code)
    if found is None or found.area[:4] not in _areas(clerk):
        raise Http404
    return found


def _before(request: HttpRequest) -> EntryKey | None:
    """Where the list of entries begins, as the link of the page before says."""
    day, _, number = request.GET.get("after", "").partition("_")
    try:
        return date.fromisoformat(day), int(number[:18])
    except ValueError:
        return None


def _page(request: HttpRequest, clerk: Clerk, found: Institution, **more: Any) -> HttpResponse:
    facts = institution_facts.facts_at(clerk.connection, [found.code], None)[found.code]
    entries = latest_of_institution(clerk.connection, found.code, _before(request), PAGE)
    context = {
        "here": "institutions",
        "one": found,
        "kind": KINDS.get(found.kind, found.kind),
        "facts": [
            (
                FACTS.get(fact.kind, fact.kind),
                fact.key,
                "、".join(f"{v}" for v in fact.details.values() if v not in ("", None)),
                fact.since,
                fact.until,
            )
            for fact in facts
        ],
        "entries": entries,
        "next": "{}_{}".format(*entries[-1].key) if len(entries) == PAGE else "",
        "month": f"{clerk.today:%Y-%m}",
        "keys": access_keys_of(clerk.connection, found.code),
        "may": clerk.holds("technician"),
    }
    if context["may"]:
        context |= elevation_shown(clerk)
    return shown(request, clerk, "institution", context | more, 422 if more.get("error") else 200)


@require_safe
@at_work
def institution(request: HttpRequest, clerk: Clerk, code: str) -> HttpResponse:
    """An institution's page."""
    clerk.demand(SEES, f"institution {code}")
    found = _get(clerk, code)
    clerk.look(f"institution {code}")
    return _page(request, clerk, found)


@require_safe
@at_work
def owed(request: HttpRequest, clerk: Clerk, code: str) -> HttpResponse:
    """What an institution is owed, with the days of a month: a part of its page."""
    clerk.demand(SEES, f"institution {code}")
    found = _get(clerk, code)
    clerk.look(f"institution {code} owed")
    since = _month(request, clerk.today)
    until = min(next_month(since) - timedelta(days=1), clerk.today)
    told = of_institution(clerk.connection, found.code, since, until)
    return shown(request, clerk, "institution_owed", {"told": told})


def _month(request: HttpRequest, today: date) -> date:
    """The first day of the month that is asked for, else of this one; never of one to come."""
    try:
        asked = date.fromisoformat(f"{request.GET.get('month', '')}-01")
    except ValueError:
        asked = today
    return min(asked, today).replace(day=1)


@require_POST
@at_work
def access_key(request: HttpRequest, clerk: Clerk, code: str) -> HttpResponse:
    """Issue a key, whose secret is shown on the answer only, or revoke one."""
    clerk.demand(("technician",), f"access key {code}")
    found = _get(clerk, code)
    key = request.POST.get("revoke", "")
    keys = Identity(settings.GONGJI_IDENTITY_KEY, settings.GONGJI_LOOKUP_KEY)
    by: dict[str, Any] = {"actor": clerk.actor, "now": clerk.desk.now}
    try:
        right = elevated(clerk)
        with clerk.connection.transaction():
            more: dict[str, Any] = {}
            if key:
                if key not in {one.access_key for one in access_keys_of(clerk.connection, code)}:
                    raise Refusal("access_key_unknown", "access_key", {"value": key})
                revoke_access_key(clerk.connection, AccessKeyEnd(key), **by)
            else:
                asked = AccessKeyAsked(code)
                made = issue_access_key(clerk.connection, asked, encrypt=keys.encrypt, **by)
                more["issued"], key = made, made.access_key
            what = f"{'issue' if more else 'revoke'} access key {key}"
            clerk.log(trail.Trace(trail.ACT, what, reason=right.reason))
    except Refusal as refusal:
        return _page(request, clerk, found, error=words_of(refusal))
    return _page(request, clerk, found, **more)
