"""Saved filters of a list: shown above it, kept and forgotten by their owner."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from gongji.console.at_work import Clerk, at_work
from gongji.review.saved_filters import FIELDS, drop, filter_of, keep, kept


def filters_shown(clerk: Clerk, request: HttpRequest, name: str) -> dict[str, Any]:
    """What a list's page shows of filters: those kept, and the fields that are filtered by now."""
    saved = [(one.name, urlencode(one.query)) for one in kept(clerk.connection, clerk.id, name)]
    typed = [(field, request.GET.get(field, "")) for field in FIELDS[name]]
    return {"list": name, "saved": saved, "typed": typed}


@require_POST
@at_work
def save(request: HttpRequest, clerk: Clerk) -> HttpResponse:
    """Keep a filter by a name, or forget one; back to its list.

    Refuses: value_invalid.
    """
    typed = request.POST.dict()
    new = filter_of(typed.get("list", ""), typed.get("name", ""), typed)
    where = reverse(f"console:{new.list}")
    if "drop" in typed:
        drop(clerk.connection, clerk.id, new.list, new.name)
        return HttpResponseRedirect(where)
    keep(clerk.connection, clerk.id, new)
    return HttpResponseRedirect(f"{where}?{urlencode(new.query)}")
