"""Work lists: what waits for somebody's posts, with its age and the working days that are left.

What is due first stands first, and what has no time limit rises with its age; a list is read by
pages of a key and costs one statement. That it was opened stands in the trail.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import psycopg

from gongji.platform import trail
from gongji.platform.actors import Actor
from gongji.refusals import Refusal
from gongji.review.staff import staff_id
from gongji.review.working_days import WorkingDays, load_working_days
from gongji.units import Fen, day_in_china

Connection = psycopg.Connection[Any]
PAGE = 50
RISES_DAYS = 30
"""What has no time limit stands as if it were due so many days after it was submitted."""


@dataclass(frozen=True)
class WaitingCommand:
    """A command that waits; `age` and `left` in working days, None where no calendar says."""

    command: int
    kind: str
    area: str
    agency: str
    post: str
    subject_kind: str
    subject: str
    amount_fen: Fen | None
    submitted_at: datetime
    due_on: date | None
    age: int | None
    left: int | None

    @property
    def key(self) -> tuple[date, int]:
        """Where the next page begins after it."""
        submitted = day_in_china(self.submitted_at)
        return self.due_on or submitted + timedelta(days=RISES_DAYS), self.command


@dataclass(frozen=True)
class Sought:
    """Which commands of a work list are asked for: a kind, an agency; empty: any."""

    kind: str = ""
    agency: str = ""


EVERYTHING = Sought()
_RANK = """coalesce(c.due_on, (c.submitted_at at time zone 'Asia/Shanghai')::date
    + %(rises)s::int)"""
_WAITING = f"""select distinct c.id, c.kind, c.area, c.agency, h.post, c.subject_kind, c.subject,
  c.amount_fen, c.submitted_at, c.due_on, {_RANK}
from post_holding h join post_area a on a.holding = h.id
join staff s on s.id = h.staff and s.disabled_at is null
join command c on c.area = a.area and c.state = 'submitted'
  and c.chain -> c.position ->> 'post' = h.post
  and (a.agency = '' or coalesce(c.chain -> c.position ->> 'agency', '') in ('', a.agency))
where h.staff = %(staff)s and h.retired_at is null and h.during @> %(day)s
  and ({_RANK}, c.id) > (%(after_day)s, %(after_id)s)
  and not exists (select 1 from command_person p
    where p.command = c.id and p.staff = h.staff and p.position <> c.position + 1)
  and %(kind)s in ('', c.kind) and %(agency)s in ('', c.agency)
  and (c.subject_kind <> 'person' or c.subject is distinct from s.person::text)
  and (c.subject_kind <> 'staff' or c.subject <> s.id::text)
  and (c.actor_kind <> 'person' or c.actor is distinct from s.person::text)
  and not exists (select 1 from command_about b where b.command = c.id and b.person = s.person)
order by 11, 1 limit %(page)s"""


def waiting_for(
    connection: Connection,
    actor: Actor,
    now: datetime,
    after: tuple[date, int] = (date.min, 0),
    page: int = PAGE,
    sought: Sought = EVERYTHING,
) -> list[WaitingCommand]:
    """A page of what waits for a member of staff, what is due first before the rest.

    Refuses: staff_unknown.
    """
    staff, today = staff_id(connection, actor), day_in_china(now)
    values = {"staff": staff, "day": today, "rises": RISES_DAYS, "page": page}
    values |= {"after_day": after[0], "after_id": after[1]}
    values |= {"kind": sought.kind, "agency": sought.agency}
    rows = connection.execute(_WAITING, values).fetchall()
    calendar = load_working_days(connection)
    found = [_waiting(row, calendar, today) for row in rows]
    ids = tuple(one.command for one in found)
    trail.log(connection, (actor.kind, actor.id), trail.Trace(trail.LIST, "waiting", ids=ids))
    return found


def _waiting(row: tuple[Any, ...], calendar: WorkingDays, today: date) -> WaitingCommand:
    submitted, due = day_in_china(row[8]), row[9]
    age = _days(calendar, submitted, today)
    left = None if due is None else _days(calendar, today, due)
    return WaitingCommand(*[*row[:10], age, left])


def _days(calendar: WorkingDays, first: date, last: date) -> int | None:
    """The working days between two days; None where a year of the calendar is not there."""
    try:
        return calendar.between(first, last)
    except Refusal:
        return None
