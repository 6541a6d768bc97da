"""Agencies, the people who work there, and the posts that they hold on a day.

Everything here is read, but for what an installation begins with: an agency, a member of staff and
the link by which somebody signs in for the first time. Posts are granted by commands (`posts`).
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import psycopg

from gongji.platform.actors import Actor
from gongji.platform.commands import command
from gongji.refusals import Refusal

Connection = psycopg.Connection[Any]
LINK_DAYS = 3
"""For how many days a link for the first sign-in may be used."""


class Agency(msgspec.Struct, frozen=True):
    """An agency; `parent` is the prefecture's of a county's."""

    code: str
    area: str
    parent: str | None
    level: str
    name: str


class NewStaff(msgspec.Struct, frozen=True):
    """Somebody to enter as staff: the subject of the sign-in and the name.

    `person` is the insured person that they are themselves, by id, so that nobody decides about
    themselves.
    """

    subject: str
    name: str
    person: int | None = None


class Invited(msgspec.Struct, frozen=True):
    """A link's token, told once; only its hash is kept."""

    staff: int
    token: str


@dataclass(frozen=True)
class Holding:
    """A post that somebody holds, at an agency (empty: every one) of an area."""

    id: int
    post: str
    area: str
    agency: str


_HOLDINGS = """select h.id, h.post, a.area, a.agency from post_holding h
join post_area a on a.holding = h.id join staff s on s.id = h.staff
where h.staff = %s and h.retired_at is null and s.disabled_at is null and h.during @> %s
order by h.id"""
_AGENCIES = "select code, area, parent, level, name from agency where closed_at is null"


def agencies(connection: Connection, area: str) -> dict[str, Agency]:
    """The agencies of an area by code, the prefecture's first."""
    rows = connection.execute(f"{_AGENCIES} and area = %s order by level desc, code", [area])
    return {row[0]: Agency(*row) for row in rows}


def get_agency(connection: Connection, area: str, code: str) -> Agency:
    """An agency of an area.

    Refuses: agency_unknown.
    """
    found = agencies(connection, area).get(code)
    if found is None:
        raise Refusal("agency_unknown", "agency", {"area": area, "value": code})
    return found


@command("operator", "staff")
def add_agency(connection: Connection, content: Agency, *, actor: Actor, now: datetime) -> None:
    """Enter an agency of an area; the same one again changes nothing.

    Refuses: agency_unknown where its parent is not the prefecture's of the area.
    """
    if content.parent is not None:
        above = get_agency(connection, content.area, content.parent)
        if above.level != "prefecture":
            values = {"area": content.area, "value": content.parent}
            raise Refusal("agency_unknown", "parent", values)
    row = [content.code, content.area, content.parent, content.level, content.name, now]
    connection.execute(
        "insert into agency (code, area, parent, level, name, made_at)"
        " values (%s, %s, %s, %s, %s, %s) on conflict (code) do nothing",
        row,
    )


@command("operator", "staff")
def add_staff(connection: Connection, content: NewStaff, *, actor: Actor, now: datetime) -> Invited:
    """Enter a member of staff, or find them, and make the link of the first sign-in.

    Ensures: only the newest link can be used, once, for LINK_DAYS.
    """
    row = connection.execute(
        "insert into staff (subject, name, person) values (%s, %s, %s)"
        " on conflict (subject) do nothing returning id",
        [content.subject, content.name, content.person],
    ).fetchone() or _enabled(connection, content.subject)
    token = secrets.token_urlsafe(32)
    connection.execute(
        "update invitation set used_at = %s where staff = %s and used_at is null"
        " and expires_at >= %s",
        [now, row[0], now],
    )
    connection.execute(
        "insert into invitation (token_hash, staff, actor_kind, actor, made_at, expires_at)"
        " values (%s, %s, %s, %s, %s, %s)",
        [_hash(token), row[0], actor.kind, actor.id, now, now + timedelta(days=LINK_DAYS)],
    )
    return Invited(row[0], token)


class StaffLeaving(msgspec.Struct, frozen=True):
    """A member of staff who leaves, by the subject of the sign-in."""

    subject: str


@command("operator", "staff")
def disable_staff(
    connection: Connection, content: StaffLeaving, *, actor: Actor, now: datetime
) -> None:
    """Let somebody sign in and act no more; what they did stays as it is.

    Refuses: staff_unknown.
    """
    number = _enabled(connection, content.subject)
    connection.execute("update staff set disabled_at = %s where id = %s", [now, *number])


def _enabled(connection: Connection, subject: str) -> tuple[int]:
    row = connection.execute(
        "select id from staff where subject = %s and disabled_at is null", [subject]
    ).fetchone()
    if row is None:
        raise Refusal("staff_unknown", "subject", {"value": subject})
    return (int(row[0]),)


def redeem(connection: Connection, token: str, now: datetime) -> str:
    """Use the link of a first sign-in; gives the subject that may now set how to sign in.

    Refuses: invitation_used where it was used, is over or was never made.
    """
    row = connection.execute(
        "update invitation set used_at = %s where token_hash = %s and used_at is null"
        " and expires_at >= %s returning staff",
        [now, _hash(token), now],
    ).fetchone()
    if row is None:
        raise Refusal("invitation_used", "token")
    found = connection.execute(
        "select subject from staff where id = %s and disabled_at is null", row
    ).fetchone()
    if found is None:
        raise Refusal("invitation_used", "token")
    return str(found[0])


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def staff_id(connection: Connection, actor: Actor) -> int:
    """The number of the member of staff who acts.

    Refuses: staff_unknown where there is none, or no longer.
    """
    return _enabled(connection, actor.id)[0]


def holdings(connection: Connection, staff: int, day: date) -> list[Holding]:
    """The posts that somebody holds on a day, one row for each agency."""
    return [Holding(*row) for row in connection.execute(_HOLDINGS, [staff, day])]


def find_holding(
    held: list[Holding], posts: tuple[str, ...], area: str, agency: str
) -> Holding | None:
    """The holding by which somebody may act at an agency (empty: any), or None."""
    for one in held:
        if (
            one.post in posts
            and one.area == area
            and (agency in ("", one.agency) or not one.agency)
        ):
            return one
    return None


def post_words(connection: Connection) -> dict[str, str]:
    """The posts: code -> what people call it."""
    return dict(connection.execute("select code, words from post order by code").fetchall())
