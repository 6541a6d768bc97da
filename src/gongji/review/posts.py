"""Granting and ending posts, and stand-ins: commands that the security officer approves.

Law:     云府办〔2022〕20号 第二十三条, 攀办发〔2022〕32号 第十三条: incompatible posts restrain
         each other. Whether two may be in one hand the database decides (post_conflict_apart).
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec
import psycopg
from psycopg import errors

from gongji.platform.actors import Actor
from gongji.platform.commands import command
from gongji.platform.spans import check_order
from gongji.refusals import Refusal
from gongji.review.command_kinds import Case, CommandKind, Examination, PreviewLine, register
from gongji.review.staff import get_agency, post_words

Connection = psycopg.Connection[Any]


class PostGrant(msgspec.Struct, frozen=True):
    """A post for a member of staff (by number) at an agency (empty: every one) of an area."""

    staff: int
    post: str
    area: str
    since: date
    last: date | None = None
    agency: str = ""


class PostEnd(msgspec.Struct, frozen=True):
    """A holding that ends now, by its number."""

    holding: int


class StandIn(msgspec.Struct, frozen=True):
    """Somebody who holds another's post for days that end, both counted."""

    staff: int
    stands_for: int
    since: date
    last: date


_GRANT = """insert into post_holding (staff, post, during, command, learnt_at, stands_for)
values (%s, %s, daterange(%s, %s::date + 1), %s, %s, %s) returning id"""
_BASIS = """select c.basis from post_conflict c join post_conflict o on o.pair = c.pair
  and o.side <> c.side
join post_holding h on h.post = o.post and h.staff = %s and h.retired_at is null
where c.post = %s and h.during && daterange(%s, %s::date + 1) limit 1"""


@command("operator", "staff")
def grant_post(
    connection: Connection,
    content: PostGrant,
    *,
    actor: Actor,
    now: datetime,
    number: int | None = None,
) -> int:
    """Grant a post; gives the holding. `number` is the command by which it was approved.

    Refuses: staff_unknown, post_unknown, agency_unknown, dates_reversed, post_incompatible.
    """
    _check_grant(connection, content)
    new = _NewHolding(content.staff, content.post, content.since, content.last)
    return _hold(connection, new, [(content.area, content.agency)], (number, now))


@dataclass(frozen=True)
class _NewHolding:
    staff: int
    post: str
    since: date
    last: date | None
    stands_for: int | None = None


def _check_grant(connection: Connection, content: PostGrant) -> None:
    words = post_words(connection)
    if content.post not in words:
        values = {"value": content.post, "allowed": "、".join(words.values())}
        raise Refusal("post_unknown", "post", values)
    if content.agency:
        get_agency(connection, content.area, content.agency)
    check_order(content.since, content.last)
    _name(connection, content.staff)
    _apart(connection, content.staff, content.post, (content.since, content.last))


def _apart(connection: Connection, staff: int, post: str, days: tuple[date, date | None]) -> None:
    """A post does not clash with those that somebody holds; the database has the last word."""
    row = connection.execute(_BASIS, [staff, post, *days]).fetchone()
    if row is not None:
        values = {"post": post_words(connection)[post], "basis": row[0]}
        raise Refusal("post_incompatible", "post", values)


def _hold(
    connection: Connection,
    new: _NewHolding,
    places: list[tuple[str, str]],
    by: tuple[int | None, datetime],
) -> int:
    number, now = by
    row = [new.staff, new.post, new.since, new.last, number, now, new.stands_for]
    try:
        with connection.transaction():
            made = connection.execute(_GRANT, row).fetchone()
    except errors.ExclusionViolation:
        values = {"post": post_words(connection)[new.post], "basis": "不相容岗位"}
        raise Refusal("post_incompatible", "post", values) from None
    assert made is not None
    for area, agency in places:
        connection.execute(
            "insert into post_area (holding, area, agency) values (%s, %s, %s)",
            [made[0], area, agency],
        )
    return int(made[0])


def _name(connection: Connection, staff: int) -> str:
    row = connection.execute(
        "select name from staff where id = %s and disabled_at is null", [staff]
    ).fetchone()
    if row is None:
        raise Refusal("staff_unknown", "staff", {"value": str(staff)})
    return str(row[0])


@command("operator", "staff")
def end_post(connection: Connection, content: PostEnd, *, actor: Actor, now: datetime) -> None:
    """End a holding from now on; what was done by it stays as it is.

    Refuses: post_not_held.
    """
    ended = connection.execute(
        "update post_holding set retired_at = greatest(%s, learnt_at)"
        " where id = %s and retired_at is null",
        [now, content.holding],
    ).rowcount
    if not ended:
        raise Refusal("post_not_held", "holding", {"value": str(content.holding)})


@command("operator", "staff")
def stand_in(
    connection: Connection,
    content: StandIn,
    *,
    actor: Actor,
    now: datetime,
    number: int | None = None,
) -> int:
    """Let somebody hold another's post where that one holds it; gives the holding.

    Refuses: post_not_held, staff_unknown, stand_in_days, post_incompatible.
    """
    post = _stood_for(connection, content)
    new = _NewHolding(content.staff, post, content.since, content.last, content.stands_for)
    places = connection.execute(
        "select area, agency from post_area where holding = %s", [content.stands_for]
    ).fetchall()
    return _hold(connection, new, [(row[0], row[1]) for row in places], (number, now))


def _stood_for(connection: Connection, content: StandIn) -> str:
    """The post of a stand-in."""
    row = connection.execute(
        "select post, staff, during @> daterange(%s, %s::date + 1) from post_holding"
        " where id = %s and retired_at is null",
        [content.since, max(content.since, content.last), content.stands_for],
    ).fetchone()
    if row is None:
        raise Refusal("post_not_held", "stands_for", {"value": str(content.stands_for)})
    post, staff, inside = row
    if not inside or content.last < content.since or staff == content.staff:
        raise Refusal("stand_in_days", "last")
    _name(connection, content.staff)
    _apart(connection, content.staff, post, (content.since, content.last))
    return str(post)


# As commands that are reviewed.


def _examine_grant(case: Case) -> Examination:
    content: PostGrant = case.content
    _check_grant(case.connection, content)
    words = post_words(case.connection)[content.post]
    until = f"至 {content.last}" if content.last else "起"
    said = f"{_name(case.connection, content.staff)}：{words}，{content.since} {until}"
    return Examination({"staff": content.staff}, (PreviewLine(said),))


def _examine_end(case: Case) -> Examination:
    row = case.connection.execute(
        "select s.name, p.words from post_holding h join staff s on s.id = h.staff"
        " join post p on p.code = h.post where h.id = %s and h.retired_at is null",
        [case.content.holding],
    ).fetchone()
    if row is None:
        raise Refusal("post_not_held", "holding", {"value": str(case.content.holding)})
    return Examination(
        {"holding": case.content.holding}, (PreviewLine(f"{row[0]}：不再任{row[1]}"),)
    )


def _examine_stand_in(case: Case) -> Examination:
    content: StandIn = case.content
    words = post_words(case.connection)[_stood_for(case.connection, content)]
    name = _name(case.connection, content.staff)
    said = f"{name}：代{words}，{content.since} 至 {content.last}"
    return Examination({"stands_for": content.stands_for}, (PreviewLine(said),))


def _granted(case: Case) -> str:
    number = grant_post(
        case.connection, case.content, actor=case.actor, now=case.now, number=case.row.id
    )
    return f"任职第 {number} 号"


def _stood_in(case: Case) -> str:
    number = stand_in(
        case.connection, case.content, actor=case.actor, now=case.now, number=case.row.id
    )
    return f"任职第 {number} 号"


def _ended(case: Case) -> str:
    end_post(case.connection, case.content, actor=case.actor, now=case.now)
    return f"任职第 {case.content.holding} 号已结束"


MAKERS, CHAIN = ("administrator",), ("security_officer",)
register(
    CommandKind("grant_post", "任命岗位", PostGrant, MAKERS, _examine_grant, _granted, chain=CHAIN)
)
register(CommandKind("end_post", "免去岗位", PostEnd, MAKERS, _examine_end, _ended, chain=CHAIN))
register(
    CommandKind("stand_in", "代班", StandIn, MAKERS, _examine_stand_in, _stood_in, chain=CHAIN)
)
