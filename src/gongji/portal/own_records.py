"""Who is signed in, and what the journal and the registry hold of this person, and of nobody else.

Everything here takes the person whose pages these are; there is no way to name another. Reading is
done in the role of the gateways, which owns nothing.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import wraps
from typing import Any

import psycopg
import structlog
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import connection as django_connection
from django.http import HttpRequest, HttpResponse
from psycopg.conninfo import make_conninfo

from gongji.ledger.entry_rows import COLUMNS, EntryRow, read_entry
from gongji.people import person_rows
from gongji.people.person_rows import Person
from gongji.platform.database import ROLE
from gongji.platform.identity import mask_name, mask_number

Connection = psycopg.Connection[Any]
log = structlog.get_logger("portal")

_KEPT = ("dbname", "host", "port", "user", "password", "options")


@contextmanager
def journal() -> Iterator[Connection]:
    """A connection to the journal in the role of the gateways."""
    given = django_connection.get_connection_params()
    known = {name: given[name] for name in _KEPT if given.get(name)}
    known["options"] = f"{known.get('options', '')} -c role={ROLE} -c timezone=UTC".strip()
    with psycopg.connect(make_conninfo("", **known), autocommit=True) as connection:
        yield connection


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


ENTRIES = f"""
select {", ".join(f"e.{name}" for name in COLUMNS)} from entry e
where e.person_id = %s and e.kind in ('settlement', 'cancellation', 'stay')
order by e.id desc limit %s"""
ENTRY = f"""
select {", ".join(f"e.{name}" for name in COLUMNS)} from entry e
where e.person_id = %s and e.id = %s"""
INSTITUTIONS = "select code, name from institution where code = any(%s)"
TAKEN_BACK = "select reverses_id from entry where reverses_id = any(%s)"
METERS = """
select area, period, slot, code, used_fen from meter_use
where person_id = %s and used_fen > 0 order by area, period desc, code, slot"""
BALANCES = "select area, kind, amount_fen from balance where person_id = %s order by area, kind"
OWED = """
select f.id, f.person_id, f.area, f.kind, f.key, f.since, f.until, f.learnt_at, f.retired_at,
  f.details, f.source, p.psn_no, p.name
from person_fact f join person p on p.id = f.person_id
where f.kind = 'bond' and f.key = %s and f.retired_at is null
  and (f.until is null or f.until > %s) order by f.since, f.id"""
NAMES = "select psn_no, name from person where psn_no = any(%s)"


def entries(visitor: Visitor, most: int | None = None) -> list[EntryRow]:
    """The person's settlements, cancellations and stays, the latest first: all, or so many."""
    rows = visitor.connection.execute(ENTRIES, [visitor.person.id, most])
    return [read_entry(row) for row in rows]


def entry(visitor: Visitor, number: int) -> EntryRow | None:
    """One of the person's entries, or None where it is not the person's."""
    row = visitor.connection.execute(ENTRY, [visitor.person.id, number]).fetchone()
    return read_entry(row) if row else None


def taken_back(visitor: Visitor, numbers: list[int]) -> set[int]:
    """Those of some entries that were cancelled."""
    return {row[0] for row in visitor.connection.execute(TAKEN_BACK, [numbers])}


def institution_names(visitor: Visitor, codes: set[str]) -> dict[str, str]:
    """The names of institutions by code."""
    return dict(visitor.connection.execute(INSTITUTIONS, [list(codes)]).fetchall())


def meters(visitor: Visitor) -> list[tuple[str, str, str, str, int]]:
    """What the person has used: area, period, slot, code, fen."""
    return visitor.connection.execute(METERS, [visitor.person.id]).fetchall()


def balances(visitor: Visitor) -> list[tuple[str, str, int]]:
    """The person's balances: area, kind, fen."""
    return visitor.connection.execute(BALANCES, [visitor.person.id]).fetchall()


@dataclass(frozen=True)
class Bond:
    """A bond as one of its two sides sees it; the other side is shown masked."""

    id: int
    other: str
    relation: str
    since: date
    pending: bool


def shown_name(name: str, psn_no: str) -> str:
    """Another person as they may be shown."""
    return f"{mask_name(name)} {mask_number(psn_no)}"
