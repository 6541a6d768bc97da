"""What a message made, read from the journal again: for one whose reply is no longer kept."""

from collections.abc import Iterable
from typing import Any

import psycopg

from gongji.ledger.balances import find_balance_after
from gongji.ledger.entry_rows import READ, read_entry
from gongji.platform.arrays import array
from gongji.settlement.contract import Outcome

ENTRIES = f"{READ} where e.id = any(%s::bigint[])"


def from_journal(connection: psycopg.Connection[Any], numbers: Iterable[int]) -> dict[int, Outcome]:
    """The outcomes that were these entries, by their numbers.

    Amounts and balance are those of then.
    """
    wanted = set(numbers)
    if not wanted:
        return {}
    made = {}
    for row in connection.execute(ENTRIES, [array(wanted)]).fetchall():
        entry = read_entry(row)
        assert entry.id is not None and entry.person is not None
        left = find_balance_after(connection, entry.area, entry.person, entry.id)
        made[entry.id] = Outcome(entry=entry, again=True, balance_fen=left)
    return made
