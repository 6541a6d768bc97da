"""What is reimbursed on paper and taken off what the selected institution is prepaid.

Recorded with the entry where the area's law says so (付费 with 扣回); clearing takes it from here.
This module clears nothing.

Law:     云府办〔2022〕20号 第二十条（一）.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from gongji.law.compile.grounds import ground, rules
from gongji.law.rulebook.account_provisions import Payment
from gongji.law.rulebook.law import Law
from gongji.ledger.entry_rows import EntryRow
from gongji.people import person_facts
from gongji.units import Fen

Connection = psycopg.Connection[Any]
MANUAL = "零星报销统筹基金费用"
"""What the law calls it."""


@dataclass(frozen=True)
class ChargeBack:
    """What the pool paid for a bill, off whose quota it goes, and by which article.

    Units:   fen.
    """

    entry: int
    institution: str
    service_date: date
    fen: Fen
    article: str


def charging_article(law: Law) -> str:
    """The article by which bills on paper are taken off an institution's quota; empty: none."""
    for provision, rule in rules(law, Payment):
        if MANUAL in rule.charged_back:
            article = rule.capitation.article if rule.capitation else rule.article
            found = ground(provision, rule, article).cite
            return f"{found.document} {found.article}"
    return ""


def selected_institution(connection: Connection, person: int, day: date) -> str:
    """The institution that a person had selected on a day; empty: none."""
    held = person_facts.facts_at(connection, [person], day, kinds=["selection"])[person]
    return str(held[0].details["institution"]) if held else ""


def record_charge_back(connection: Connection, law: Law, entry: EntryRow) -> ChargeBack | None:
    """Record what an entry of a bill takes off a quota; None where nothing is taken off."""
    assert entry.person is not None and entry.id is not None
    article = charging_article(law)
    institution = selected_institution(connection, entry.person, entry.service_date)
    fen = entry.settlement.pool_fen
    if not article or not institution or fen <= 0:
        return None
    made = ChargeBack(entry.id, institution, entry.service_date, fen, article)
    connection.execute(
        "insert into charge_back (entry, area, institution, service_date, fen, article)"
        " values (%s, %s, %s, %s, %s, %s)",
        [made.entry, entry.area, made.institution, made.service_date, made.fen, made.article],
    )
    return made


def charge_backs(connection: Connection, area: str, since: date, until: date) -> list[ChargeBack]:
    """What bills of days of service take off the quotas of an area, both days included."""
    rows = connection.execute(
        "select entry, institution, service_date, fen, article from charge_back"
        " where area = %s and service_date between %s and %s order by institution, entry",
        [area, since, until],
    )
    return [ChargeBack(*row) for row in rows]
