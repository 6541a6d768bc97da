"""Leads for supervision that the trail gives: the list, and one with its evidence.

A lead says where to look, and accuses nobody. Law: 国务院令第735号 第三十二条.
"""

from datetime import timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from gongji.console.at_work import WATCHES, Clerk, at_work, shown
from gongji.platform import trail
from gongji.supervision.crowd_leads import CrowdLead, crowd_evidence, crowd_leads

LISTED = timedelta(days=366)
"""How long a lead is listed after it was last found."""


def _found(clerk: Clerk, number: int = 0) -> list[CrowdLead]:
    return crowd_leads(clerk.connection, clerk.areas_of(*WATCHES), clerk.desk.now - LISTED, number)


@require_safe
@at_work
def leads(request: HttpRequest, clerk: Clerk) -> HttpResponse:
    """The leads of my areas."""
    clerk.demand(WATCHES, "leads")
    found = _found(clerk)
    clerk.log(trail.Trace(trail.LIST, "leads", ids=tuple(one.id for one in found)))
    return shown(request, clerk, "leads", {"here": "leads", "rows": found})


@require_safe
@at_work
def lead(request: HttpRequest, clerk: Clerk, number: int) -> HttpResponse:
    """A lead with what the trail says, by hours and without anybody's name.

    Refuses: Http404 for a lead of another area.
    """
    clerk.demand(WATCHES, f"lead {number}")
    found = _found(clerk, number)
    if not found:
        raise Http404
    clerk.look(f"lead {number}")
    evidence = crowd_evidence(clerk.connection, found[0])
    return shown(request, clerk, "lead", {"here": "leads", "one": found[0], "evidence": evidence})
