"""What a person has on an account now, and what was left on it by an entry."""

from typing import Any

from psycopg import Connection

from gongji.ledger.chart import RISES_BY_DEBIT
from gongji.units import Fen

_SINCE = """select
  coalesce((select sum(amount_fen) from posting where debit = %(kind)s and area = %(area)s
    and debit_owner = %(owner)s and entry > %(entry)s), 0)::bigint,
  coalesce((select sum(amount_fen) from posting where credit = %(kind)s and area = %(area)s
    and credit_owner = %(owner)s and entry > %(entry)s), 0)::bigint"""


def find_balance(connection: Connection[Any], area: str, person: int, kind: str = "account") -> Fen:
    """What a person has on an account of a kind in an area; nothing where there is none."""
    row = connection.execute(
        "select amount_fen from balance where area = %s and person = %s and kind = %s",
        [area, person, kind],
    ).fetchone()
    return int(row[0]) if row else 0


def find_balance_after(
    connection: Connection[Any], area: str, person: int, entry: int, kind: str = "account"
) -> Fen:
    """What an entry left on an account of a person: what is there now, less what came later.

    Entries of a person are numbered in the order in which they were made, since each takes its
    number under the person's lock.
    """
    values = {"area": area, "owner": str(person), "entry": entry, "kind": kind}
    row = connection.execute(_SINCE, values).fetchone()
    assert row is not None
    debited, credited = row
    raised = debited - credited if RISES_BY_DEBIT[kind] else credited - debited
    return find_balance(connection, area, person, kind) - int(raised)
