"""Take a filing back that nothing was settled on: what was known before can still be asked.

The filing is a fact of the room of people; that nothing rests on it, only the journal tells.
"""

from datetime import date, datetime
from typing import Any, Literal

import msgspec
import psycopg

from gongji.people import person_facts
from gongji.people.filings import NAMES, check_own, filing_of
from gongji.people.person_facts import FactRow
from gongji.people.person_rows import lock_person
from gongji.platform.actors import Actor
from gongji.platform.commands import command
from gongji.refusals import Refusal

Connection = psycopg.Connection[Any]

_USED = """select e.service_date from entry e
where e.person = %s and e.institution = %s and e.kind = 'settlement' and e.service_date >= %s
  and (%s::date is null or e.service_date < %s) and e.made_at >= %s
  and not exists (select 1 from entry r where r.reverses = e.id)
order by e.service_date limit 1"""


class FilingWithdrawal(msgspec.Struct, frozen=True):
    """Which filing is to be taken back, by person, kind and serial."""

    psn_no: str
    kind: Literal["referral", "registration", "selection"]
    serial: str


@command("institution")
def withdraw_filing(
    connection: Connection, content: FilingWithdrawal, *, actor: Actor, now: datetime
) -> None:
    """Retire a filing that the institution made and that nothing was settled on.

    Refuses: person_unknown, filing_unknown, filing_withdrawn, filing_audited, filing_foreign,
             filing_used.
    """
    person = lock_person(connection, content.psn_no)
    fact = filing_of(connection, person, content.kind, content.serial)
    check_own(fact, actor)
    used = _used(connection, fact)
    if used:
        values = {"value": content.serial, "kind": NAMES[content.kind], "date": used.isoformat()}
        raise Refusal("filing_used", "serial", values)
    person_facts.retire(connection, [fact.id], now)


def _used(connection: Connection, fact: FactRow) -> date | None:
    """The day of a settlement that stands and may rest on a referral or selection."""
    place = {"referral": fact.key, "selection": fact.details.get("institution", "")}.get(fact.kind)
    if place is None:
        return None
    row = connection.execute(
        _USED, [fact.person_id, place, fact.since, fact.until, fact.until, fact.learnt_at]
    ).fetchone()
    return row[0] if row else None
