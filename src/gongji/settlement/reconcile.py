"""What agrees and what differs between the journal and what an institution says it settled.

What counts is what the institution settled: settlements and cancellations by their accounting date,
which is the day they were made. Openings, inpatient payments and adjustments are no business of the
counter and are left out. This module does not know how the institution's rows were sent.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import psycopg

from gongji.units import Fen

Connection = psycopg.Connection[Any]

_DIGITS = 20
"""More digits than any number of ours has."""

Verdict = Literal["equal", "differs", "unknown", "uncounted", "repeated", "several", "undeclared"]
"""Equal; different amounts or persons; not in the journal at all; in the journal but not counted
here; declared twice; several rows of ours fit; only in the journal."""
Part = Literal["total", "fund", "account", "person", "visit"]


@dataclass(frozen=True)
class JournalRow:
    """A settlement or cancellation as a statement tells it.

    Units:   fen; a cancellation's amounts are below zero. `refunded`: it was cancelled, or it is
             itself the cancellation.
    """

    id: int
    visit: int | None
    psn_no: str
    msgid: str
    day: date
    total_fen: Fen
    fund_fen: Fen
    account_fen: Fen
    reverses: int | None
    refunded: bool


@dataclass(frozen=True)
class DeclaredRow:
    """A settlement as the institution tells it; numbers are as they were written.

    Units:   fen; a refund's amounts are below zero.
    """

    settlement: str
    visit: str
    psn_no: str
    total_fen: Fen
    fund_fen: Fen
    account_fen: Fen
    refunded: bool

    @property
    def place(self) -> tuple[str, ...]:
        """Under what the row is looked for: by settlement, else by visit and person."""
        sign = "-" if min(self.total_fen, self.fund_fen, self.account_fen) < 0 else "+"
        return (sign, self.settlement) if self.settlement else (sign, "", self.visit, self.psn_no)


@dataclass(frozen=True)
class CountedPeriod:
    """What a statement counts: days (both included), and whether refunds are."""

    since: date
    until: date
    refunds: bool


@dataclass(frozen=True)
class Compared:
    """A row of either side and what became of it.

    Shape:   `ours` is None where only the institution knows it; `theirs` where only we do. `parts`
             are what differs; `count` how many of ours fit; `day` when one was settled that is not
             counted.
    """

    verdict: Verdict
    ours: JournalRow | None = None
    theirs: DeclaredRow | None = None
    parts: tuple[Part, ...] = ()
    count: int = 0
    day: date | None = None


_ROWS = """select e.id, s.visit, p.psn_no, coalesce(m.msg_id, ''), e.accounting_date, s.total_fen,
  s.pool_fen + s.supplements_fen, s.account_fen + s.family_fen, e.reverses,
  e.kind = 'cancellation' or r.id is not null
from entry e join settlement s on s.entry = e.id join person p on p.id = e.person
left join entry r on r.reverses = e.id
left join lateral (
  select i.msg_id from inbox i where i.entry = e.id and i.actor = e.institution limit 1) m on true
where e.institution = %(institution)s and e.kind in ('settlement', 'cancellation') and """
_PERIOD = "e.accounting_date between %(since)s and %(until)s order by e.id"
_NAMED = "(e.id = any(%(ids)s) or e.reverses = any(%(ids)s)) order by e.id"


def rows_of(connection: Connection, institution: str, period: CountedPeriod) -> list[JournalRow]:
    """The rows of an institution's statement, in the order of their ids.

    Without refunds, settlements that were cancelled are left out with their cancellations.
    """
    values = {"institution": institution, "since": period.since, "until": period.until}
    rows = [JournalRow(*row) for row in connection.execute(_ROWS + _PERIOD, values)]
    return [row for row in rows if period.refunds or not row.refunded]


def rows_named(
    connection: Connection, institution: str, declared: Iterable[DeclaredRow]
) -> list[JournalRow]:
    """Own settlements that the institution names, whether the statement counts them or not."""
    names = [row.settlement for row in declared]
    digits = (name for name in names if name.isascii() and name.isdigit())
    ids = [number for text in digits if (number := int(text[:_DIGITS])) < 1 << 63]
    values = {"institution": institution, "ids": ids}
    return [JournalRow(*row) for row in connection.execute(_ROWS + _NAMED, values)]


def sums_of(rows: Sequence[JournalRow | DeclaredRow]) -> dict[Part, Fen]:
    """What rows add up to: total, fund, account."""
    return {
        "total": sum(row.total_fen for row in rows),
        "fund": sum(row.fund_fen for row in rows),
        "account": sum(row.account_fen for row in rows),
    }


def compare_rows(
    ours: Sequence[JournalRow], named: Sequence[JournalRow], declared: Sequence[DeclaredRow]
) -> list[Compared]:
    """Each of the institution's rows in their order, then what only we have.

    Shape:   `ours` the rows of the statement, `named` those that are named, inside it or not.
    """
    by_place: dict[tuple[str, ...], list[JournalRow]] = {}
    for row in ours:
        for place in _places(row):
            by_place.setdefault(place, []).append(row)
    elsewhere = {place: row for row in named for place in _places(row)}
    seen: set[int] = set()
    found = []
    for theirs in declared:
        candidates = by_place.get(theirs.place, [])
        left = [row for row in candidates if row.id not in seen]
        seen.update(row.id for row in left)
        if not candidates:
            found.append(_unknown(theirs, elsewhere.get(theirs.place)))
        elif not left:
            found.append(Compared("repeated", None, theirs))
        elif len(left) > 1:
            found.append(Compared("several", None, theirs, count=len(left)))
        else:
            parts = _differing(left[0], theirs)
            found.append(Compared("differs" if parts else "equal", left[0], theirs, parts))
    return found + [Compared("undeclared", row) for row in ours if row.id not in seen]


def _places(row: JournalRow) -> list[tuple[str, ...]]:
    """Under what a file may name a row: its id, a refund also by the original's, or its visit."""
    sign = "-" if row.reverses is not None else "+"
    places = [(sign, str(row.id)), (sign, "", str(row.visit or ""), row.psn_no)]
    return places + ([(sign, str(row.reverses))] if row.reverses is not None else [])


def _unknown(theirs: DeclaredRow, stranger: JournalRow | None) -> Compared:
    if stranger is None:
        return Compared("unknown", None, theirs)
    return Compared("uncounted", None, theirs, day=stranger.day)


def _differing(ours: JournalRow, theirs: DeclaredRow) -> tuple[Part, ...]:
    mine, told = sums_of([ours]), sums_of([theirs])
    parts: list[Part] = [part for part in mine if mine[part] != told[part]]
    if theirs.psn_no != ours.psn_no:
        parts.append("person")
    if theirs.visit and theirs.visit != str(ours.visit or ""):
        parts.append("visit")
    return tuple(parts)
