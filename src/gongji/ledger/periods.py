"""Close a month's books: afterwards the database takes no entry with a date in it."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import msgspec
import psycopg

from gongji.ledger.found_differences import Difference
from gongji.ledger.verify import Progress, Scope, nothing, verify, verify_since
from gongji.platform.actors import Actor
from gongji.platform.commands import command
from gongji.refusals import Refusal
from gongji.units import day_in_china

SHOWN = 3


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

    The caller holds no transaction. The month is verified first; then entries of the area wait for
    as long as it takes to verify what was entered meanwhile.
    Refuses: period_not_over; period_closed_already; period_differs where the ledger of the month
             does not verify; psycopg.errors.InsufficientPrivilege for the gateways' role.
    """
    area, month = content.area, content.month
    end = following(month)
    if day_in_china(now) < end:
        raise Refusal("period_not_over", "账期", {"value": f"{month:%Y-%m}"})
    _refuse_closed(connection, area, month)
    scope = Scope(area, month, end)
    row = connection.execute("select pg_current_snapshot()::text").fetchone()
    assert row
    _refuse_differing(content, list(verify(connection, scope, progress)))
    with connection.transaction():
        # Whoever has entered something shares this lock until the end of the transaction.
        connection.execute("select pg_advisory_xact_lock(period_lock(%s))", [area])
        _refuse_closed(connection, area, month)
        _refuse_differing(content, list(verify_since(connection, scope, row[0])))
        connection.execute(
            "insert into closed_period (area, month, closed_at, actor_kind, actor)"
            " values (%s, %s, %s, %s, %s)",
            [area, month, now, actor.kind, actor.id],
        )


def _refuse_closed(connection: psycopg.Connection[Any], area: str, month: date) -> None:
    closed = connection.execute(
        "select 1 from closed_period where area = %s and month = %s", [area, month]
    ).fetchone()
    if closed:
        raise Refusal("period_closed_already", "账期", {"value": f"{month:%Y-%m}", "area": area})


def _refuse_differing(content: MonthClosing, found: Sequence[Difference]) -> None:
    if not found:
        return
    first = "；".join(
        f"{each.check} {each.person or ''} {each.what} 账上 {each.kept} 应为 {each.rebuilt}"
        for each in found[:SHOWN]
    )
    values = {"value": f"{content.month:%Y-%m}", "area": content.area, "count": str(len(found))}
    raise Refusal("period_differs", "账期", values | {"reason": first})
