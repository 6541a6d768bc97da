"""Who is signed in, and what the rooms hold of this person, and of nobody else.

Everything here takes the person whose pages these are; there is no way to name another. Reading is
done in the role of the gateways, which owns nothing.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import wraps
from typing import Any

import psycopg
import structlog
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from gongji.institutions import institution_rows
from gongji.ledger import person_journal
from gongji.ledger.entry_rows import EntryRow
from gongji.people import person_rows
from gongji.people.person_rows import Person
from gongji.platform import trail
from gongji.platform.actors import Actor
from gongji.platform.identity import mask_name, mask_number
from gongji.platform.page_connection import page_connection

Connection = psycopg.Connection[Any]
log = structlog.get_logger("portal")


def journal() -> AbstractContextManager[Connection]:
    """A connection to the journal in the role of the pages, whoever Django signs in as."""
    return page_connection("gongji_pages")


@dataclass(frozen=True)
class Visitor:
    """The person signed in, with a connection to read what is theirs."""

    person: Person
    connection: Connection

    @property
    def name(self) -> str:
        """The name as it may be shown."""
        return self.person.name

    @property
    def actor(self) -> Actor:
        """Who acts on these pages."""
        return Actor.person(self.person.psn_no, self.person.area)

    @property
    def number(self) -> str:
        """The number, shortened."""
        return mask_number(self.person.psn_no)


Page = Callable[..., HttpResponse]


def insured(page: Page) -> Page:
    """Only for a person who is signed in; every look is logged with the number shortened.

    Refuses: PermissionDenied where the user is no insured person.
    """

    @wraps(page)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user = request.user
        if not user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        with journal() as connection:
            found = person_rows.find_person(connection, user.get_username())
            if found is None:
                raise PermissionDenied
            who = ("person", found.psn_no)
            trail.log(connection, who, trail.Trace(trail.LOOK, page.__name__, found.id, "own"))
            log.info(
                "looked",
                page=page.__name__,
                person=mask_number(found.psn_no),
                method=request.method,
            )
            answer = page(request, Visitor(found, connection), *args, **kwargs)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    return guarded


def entries(visitor: Visitor, most: int | None = None) -> list[EntryRow]:
    """The person's settlements, cancellations and stays, the latest first: all, or so many."""
    return person_journal.entries_of(visitor.connection, visitor.person.id, most)


def entry(visitor: Visitor, number: int) -> EntryRow | None:
    """One of the person's entries, or None where it is not the person's."""
    return person_journal.entry_of(visitor.connection, visitor.person.id, number)


def taken_back(visitor: Visitor, numbers: list[int]) -> set[int]:
    """Those of some entries that were cancelled."""
    return person_journal.cancelled_among(visitor.connection, numbers)


def institution_names(visitor: Visitor, codes: set[str]) -> dict[str, str]:
    """The names of institutions by code."""
    found = institution_rows.institutions_of(visitor.connection, codes)
    return {one.code: one.name for one in found}


def meters(visitor: Visitor) -> list[tuple[str, str, str, str, int]]:
    """What the person has used: area, period, slot, code, fen."""
    return person_journal.meters_of(visitor.connection, visitor.person.id)


def balances(visitor: Visitor) -> list[tuple[str, str, int]]:
    """The person's balances: area, kind, fen."""
    return person_journal.balances_of(visitor.connection, visitor.person.id)


def shown_name(name: str, psn_no: str) -> str:
    """Another person as they may be shown."""
    return f"{mask_name(name)} {mask_number(psn_no)}"
