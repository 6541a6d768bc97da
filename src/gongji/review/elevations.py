"""Rights that are taken up for a stated reason and a short time; nobody has them otherwise.

They are what a superuser would have: links by which others sign in, accounts that are disabled,
keys of institutions. Each act under them stands in the trail with the reason.
"""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import psycopg

from gongji.platform import trail
from gongji.platform.actors import Actor
from gongji.platform.commands import command
from gongji.refusals import Refusal
from gongji.review.staff import staff_id

Connection = psycopg.Connection[Any]
MINUTES = (15, 30, 60)
"""For how long rights may be taken up."""
SHORTEST = 4
"""Signs of a reason at least."""


class ElevationAsked(msgspec.Struct, frozen=True):
    """Rights to take up: why, and for how many minutes."""

    reason: str
    minutes: int


class Elevation(msgspec.Struct, frozen=True):
    """Rights that were taken up, until an instant."""

    id: int
    reason: str
    until: datetime


_TAKE = """insert into elevation (staff, reason, since, until) values (%s, %s, %s, %s)
returning id, reason, until"""
_HELD = """select id, reason, until from elevation
where staff = %s and ended_at is null and since <= %s and until > %s order by until desc limit 1"""


@command("staff")
def take_up(
    connection: Connection, content: ElevationAsked, *, actor: Actor, now: datetime
) -> Elevation:
    """Take up rights; that they were stands in the trail.

    Refuses: staff_unknown, reason_short, value_invalid.
    """
    reason = content.reason.strip()
    if len(reason) < SHORTEST:
        raise Refusal("reason_short", "reason", {"value": str(SHORTEST)})
    if content.minutes not in MINUTES:
        values = {"value": str(content.minutes), "allowed": "、".join(map(str, MINUTES))}
        raise Refusal("value_invalid", "minutes", values)
    until = now + timedelta(minutes=content.minutes)
    row = [staff_id(connection, actor), reason, now, until]
    with connection.transaction():
        made = connection.execute(_TAKE, row).fetchone()
        assert made is not None
        trace = trail.Trace(trail.ACT, f"elevate {made[0]}", reason=reason)
        trail.log(connection, (actor.kind, actor.id), trace)
    return Elevation(*made)


@command("staff")
def lay_down(connection: Connection, content: Elevation, *, actor: Actor, now: datetime) -> None:
    """Give rights up before their time."""
    with connection.transaction():
        connection.execute(
            "update elevation set ended_at = %s where id = %s and staff = %s and ended_at is null",
            [now, content.id, staff_id(connection, actor)],
        )
        trace = trail.Trace(trail.ACT, f"elevate-end {content.id}", reason=content.reason)
        trail.log(connection, (actor.kind, actor.id), trace)


def held(connection: Connection, staff: int, now: datetime) -> Elevation | None:
    """The rights that somebody has taken up and that have not ended."""
    row = connection.execute(_HELD, [staff, now, now]).fetchone()
    return None if row is None else Elevation(*row)


def demand(connection: Connection, staff: int, now: datetime) -> Elevation:
    """The rights that an act needs.

    Refuses: not_elevated.
    """
    found = held(connection, staff, now)
    if found is None:
        raise Refusal("not_elevated", "reason")
    return found
