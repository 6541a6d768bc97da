"""Bills on paper whose facts were learnt otherwise after they were paid: told, not decided again.

Re-adjudication decides settlements of the counter anew; a bill on paper rests on papers that people
looked at, so people look again. This module only finds them.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from gongji.units import Fen

Connection = psycopg.Connection[Any]
_MOVED = """select e.id, e.person, e.service_date, s.owed_fen,
  array_agg(distinct f.kind order by f.kind)
from entry e join settlement s on s.entry = e.id
join person_fact f on f.person_id = e.person and f.since <= e.service_date
  and (f.until is null or f.until > e.service_date)
  and (f.learnt_at > e.made_at or f.retired_at > e.made_at)
where e.kind = 'reimbursement' and e.area = %s
  and e.service_date >= %s and e.service_date < %s
  and f.kind = any('{insured,account,subsidy,birth,offsite,area_fact,stay,injury}')
group by 1, 2, 3, 4 order by 1"""


@dataclass(frozen=True)
class MovedBill:
    """A bill on paper, what was owed for it (fen), and which kinds of facts are others now."""

    entry: int
    person: int
    service_date: date
    owed_fen: Fen
    kinds: tuple[str, ...]


def moved_bills(connection: Connection, area: str, since: date, until: date) -> list[MovedBill]:
    """The bills of an area whose facts moved, by day of service (the last day not counted)."""
    rows = connection.execute(_MOVED, [area, since, until])
    return [MovedBill(row[0], row[1], row[2], row[3], tuple(row[4])) for row in rows]
