"""Close a month's books: afterwards the database takes no entry with a date in it."""

from datetime import date, datetime
from typing import Any

import msgspec
import psycopg

from gongji.ledger.verify import Progress, Scope, nothing, verify
from gongji.platform.actors import Actor
from gongji.platform.commands import command
from gongji.refusals import Refusal
from gongji.units import day_in_china

SHOWN = 3
BY_LONGEST = 60


def following(month: date) -> date:
    """The first day of the month after."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


class MonthClosing(msgspec.Struct, frozen=True):
    """A month of an area that is over; `month` is its first day."""

    area: str
    month: date


@command("staff", "job", "operator")
def close_month(
    connection: psycopg.Connection[Any],
    content: MonthClosing,
    *,
    actor: Actor,
    now: datetime,
    progress: Progress = nothing,
) -> None:
    """Close a month of an area, by the connection of the tables' owner.

    The caller holds no transaction.
    Refuses: period_not_over; period_closed_already; period_differs where the ledger of the month
             does not verify; psycopg.errors.InsufficientPrivilege for the gateways' role.
    """
    area, month = content.area, content.month
    end = following(month)
    shown = f"{month:%Y-%m}"
    if day_in_china(now) < end:
        raise Refusal("period_not_over", "账期", {"value": shown})
    closed = connection.execute(
        "select 1 from closed_period where area = %s and month = %s", [area, month]
    ).fetchone()
    if closed:
        raise Refusal("period_closed_already", "账期", {"value": shown, "area": area})
    found = list(verify(connection, Scope(area, month, end), progress))
    if found:
        first = "；".join(
            f"{each.check} {each.person or ''} {each.what} 账上 {each.kept} 应为 {each.rebuilt}"
            for each in found[:SHOWN]
        )
        values = {"value": shown, "area": area, "count": str(len(found)), "reason": first}
        raise Refusal("period_differs", "账期", values)
    connection.execute(
        "insert into closed_period (area, month, closed_at, closed_by) values (%s, %s, %s, %s)",
        [area, month, now, actor.source()[:BY_LONGEST]],
    )
