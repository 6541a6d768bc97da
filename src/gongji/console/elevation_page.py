"""Rights taken up for a reason and a time: asked for and given up on the page that needs them."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from gongji.agency.typed_forms import FormField, read_field
from gongji.console.at_work import Clerk, at_work
from gongji.review.elevations import (
    MINUTES,
    Elevation,
    ElevationAsked,
    demand,
    held,
    lay_down,
    take_up,
)

ELEVATED = ("administrator", "security_officer", "technician")
"""The posts whose acts need more than the post."""
_MINUTES = FormField("minutes", "时长（分钟）", "number")


def elevation_shown(clerk: Clerk) -> dict[str, Any]:
    """What a page with such acts shows: the rights that are held, or the form for them."""
    return {"elevation": held(clerk.connection, clerk.id, clerk.desk.now), "minutes": MINUTES}


def elevated(clerk: Clerk) -> Elevation:
    """The rights that an act needs.

    Refuses: not_elevated.
    """
    return demand(clerk.connection, clerk.id, clerk.desk.now)


@require_POST
@at_work
def elevate(request: HttpRequest, clerk: Clerk) -> HttpResponse:
    """Take rights up, or give them up; back to the page that needs them.

    Refuses: reason_short, value_invalid.
    """
    clerk.demand(ELEVATED, "elevate")
    by: dict[str, Any] = {"actor": clerk.actor, "now": clerk.desk.now}
    if "end" in request.POST:
        now = held(clerk.connection, clerk.id, clerk.desk.now)
        if now is not None:
            lay_down(clerk.connection, now, **by)
    else:
        minutes = read_field(_MINUTES, request.POST.get("minutes", ""))
        asked = ElevationAsked(request.POST.get("reason", "")[:200], minutes)
        take_up(clerk.connection, asked, **by)
    where = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(where, None):
        where = reverse("console:work")
    return HttpResponseRedirect(where)
