"""A made-up county for the tests of settlement: persons, institutions, visits, batches of lines.

Plain functions on the owner's connection, no fixtures: who uses them says what there is.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from gongji.law.engine.areas import Areas
from gongji.law.engine.visit import Visit, fact_text
from gongji.ledger.entry_rows import EntryRow
from gongji.platform.actors import Actor
from gongji.platform.inbox import INSTITUTION, Answer, Key
from gongji.platform.installation import installed_inbox
from gongji.settlement.batch_marks import VERSION
from gongji.settlement.contract import Outcome, Request
from gongji.settlement.settle import Answers, settle

Connection = psycopg.Connection[Any]

AREAS = ("532300", "530900", "510400", "445300", "430500")
PARAMETERS = {
    "532300": {
        "inpatient_deductible": "800",
        "inpatient_rate": "85%",
        "inpatient_ceiling": "50000",
        "subsidy_rate": "60%",
    },
    "530900": {
        "chronic_deductible": "300",
        "chronic_rate": "80%",
        "lincang_retired_bonus": "5%",
    },
    "510400": {
        "two_diseases_rate": "50%",
        "two_diseases_ceiling": "400",
        "chronic_deductible": "200",
        "chronic_rate": "75%",
        "chronic_ceiling": "2000",
        "special_deductible": "200",
        "special_rate": "80%",
        "special_ceiling": "9000",
    },
    "445300": {
        "average_wage": "80000",
        "special_deductible": "100",
        "special_rate": "80%",
        "special_ceiling": "8000",
    },
    "430500": {
        "disease_ceiling": "3000",
        "inpatient_deductible": "600",
        "inpatient_rate": "80%",
        "inpatient_ceiling": "80000",
        "dual_channel_rate": "60%",
        "dual_channel_ceiling": "20000",
    },
}
"""Made-up figures for what the documents leave open."""

RULES = Areas(parameters=PARAMETERS)
NOW = datetime(2024, 12, 20, 2, 0, tzinfo=UTC)
"""Inside the time of every area's rules, in UTC as the clock of the service tells it."""
NIGHT = datetime(2024, 12, 19, 16, 30, tzinfo=UTC)
"""Half past midnight of the same day in China, when UTC has still the day before."""

OPERATOR = Actor.operator("tester")
"""Who enters openings and adjudicates anew, by the owner's connection."""
TELLER = Actor.institution("H43050000002")
"""The institution that tells of stays."""


@dataclass
class Counter:
    """Adds what a settlement needs; every number is made up."""

    owner: Connection
    area: str = "430500"
    persons: dict[str, int] = field(default_factory=dict)
    messages: int = 0

    def psn_no(self, number: int) -> str:
        """The number of a person."""
        return f"{self.area}{number:014d}"

    def person(
        self, number: int, balance_fen: int | None = None, since: str = "2020-01-01", **spell: Any
    ) -> str:
        """A person with a spell of insurance and, with a balance, an account."""
        psn_no = self.psn_no(number)
        row = self.owner.execute(
            "insert into person (psn_no, area, name, certificate, certificate_hash)"
            " values (%s, %s, '测试甲', '', %s) returning id",
            [psn_no, self.area, hashlib.sha256(psn_no.encode()).digest()],
        ).fetchone()
        assert row is not None
        self.persons[psn_no] = row[0]
        self.fact(psn_no, "insured", since, **({"status": "active"} | spell))
        if balance_fen is not None:
            self.fact(psn_no, "account", since)
            self.owner.execute(
                "insert into balance (area, person, kind, amount_fen)"
                " values (%s, %s, 'account', %s)",
                [self.area, row[0], balance_fen],
            )
        return psn_no

    def fact(
        self,
        psn_no: str,
        kind: str,
        since: str,
        until: str | None = None,
        key: str = "",
        **details: Any,
    ) -> None:
        """A fact of a person."""
        self.owner.execute(
            "insert into person_fact (person_id, area, kind, key, since, until, details)"
            " values (%s, %s, %s, %s, %s, %s, %s)",
            [self.persons[psn_no], self.area, kind, key, since, until, Jsonb(details)],
        )

    def institution(
        self,
        number: int,
        level: str = "2",
        kind: str = "hospital",
        parent: str = "",
        designated_for: tuple[str, ...] = (
            "ordinary",
            "chronic",
            "special",
            "negotiated_drug",
            "dual_channel",
        ),
        region: str = "",
        agreement: bool = True,
        qualified: bool = True,
    ) -> str:
        """A hospital or pharmacy."""
        code = f"{'H' if kind == 'hospital' else 'P'}{region or self.area}{number:05d}"
        self.owner.execute(
            "insert into institution (code, area, name, kind) values (%s, %s, '测试', %s)",
            [code, region or self.area, kind],
        )
        facts = [("level", {"level": level, "parent": parent})]
        if agreement:
            granted = {"designated_for": list(designated_for), "qualified": qualified}
            facts.append(("agreement", granted))
        for name, details in facts:
            self.owner.execute(
                "insert into institution_fact (institution, kind, since, details)"
                " values (%s, %s, '2020-01-01', %s)",
                [code, name, Jsonb(details)],
            )
        return code

    def visit(self, psn_no: str, institution: str, day: str, disease: str = "") -> int:
        """A registration."""
        row = self.owner.execute(
            "insert into visit (area, person_id, institution, msgid, begun_at, disease, details,"
            " diagnoses) values (%s, %s, %s, '', %s, %s, '{}', '[]') returning id",
            [self.area, self.persons[psn_no], institution, f"{day} 09:00+08", disease],
        ).fetchone()
        assert row is not None
        return int(row[0])

    def batch(
        self,
        visit: int,
        number: str,
        in_scope: int,
        first: int = 0,
        own: int = 0,
        above: int = 0,
        **marks: Any,
    ) -> int:
        """A batch of one line."""
        total = in_scope + first + own + above
        row = self.owner.execute(
            "insert into charge_batch (visit_id, number, total_fen, above_standard_fen,"
            " wholly_own_fen, first_self_pay_fen, in_scope_fen, parts, marks)"
            " values (%s, %s, %s, %s, %s, %s, %s, '{}', %s) returning id",
            [
                visit,
                number,
                total,
                above,
                own,
                first,
                in_scope,
                Jsonb({"version": VERSION} | marks),
            ],
        ).fetchone()
        assert row is not None
        self.owner.execute(
            "insert into fee_line (batch_id, serial, item, quantity_e4, price_micro,"
            " amount_fen, above_standard_fen, wholly_own_fen, first_self_pay_fen, in_scope_fen,"
            " details) values (%s, '1', 'X', 10000, %s, %s, %s, %s, %s, %s, '{}')",
            [row[0], total * 10_000, total, above, own, first, in_scope],
        )
        return int(row[0])

    def request(
        self,
        psn_no: str,
        institution: str,
        visit: int | None,
        batch: str,
        total: int,
        msgid: str = "",
        **changes: Any,
    ) -> Request:
        """A bill to settle (2207), or to try (2206)."""
        self.messages += 1
        trial = bool(changes.get("trial"))
        content = {
            "psn_no": psn_no,
            "mdtrt_id": str(visit),
            "chrg_bchno": batch,
            "medfee_sumamt": str(total),
        }
        key = self.key(institution, "2206" if trial else "2207", content, msgid)
        known = {"med_type": "outpatient", "accounts": "none"} | changes
        return Request(key, psn_no, total_fen=total, visit=visit, batch=batch, **known)

    def key(self, institution: str, infno: str, content: dict[str, Any], msgid: str = "") -> Key:
        """A message; without an id a new one."""
        self.messages += 1
        named = msgid or f"{institution}{self.messages:018d}"
        return Key(INSTITUTION, institution, named, infno, content)

    def bill(
        self,
        psn_no: str,
        institution: str,
        day: str,
        in_scope: int,
        first: int = 0,
        own: int = 0,
        above: int = 0,
        disease: str = "",
        marks: dict[str, Any] | None = None,
        **changes: Any,
    ) -> Request:
        """A visit with one batch, and the request to settle it."""
        visit = self.visit(psn_no, institution, day, disease)
        self.batch(visit, "1", in_scope, first, own, above, **(marks or {}))
        total = in_scope + first + own + above
        return self.request(psn_no, institution, visit, "1", total, **changes)


@contextmanager
def as_owner(connection: Connection) -> Iterator[Connection]:
    """A connection of the gateways as the owner's, for a while."""
    connection.execute("set role none")
    try:
        yield connection
    finally:
        connection.execute("set role gongji_gateway")


def day_of(text: str) -> date:
    """A date."""
    return date.fromisoformat(text)


def encode(request: Request, outcome: Outcome) -> bytes:
    """A reply as the gateway might write it."""
    if outcome.refusal:
        return f"refused {outcome.refusal.code}".encode()
    return f"settled {outcome.entry.id} {outcome.entry.settlement.pool_fen}".encode()


def kept() -> Answers:
    """Answers as the gateway might write them."""
    return Answers(installed_inbox(), encode)


def keep(connection: Connection, key: Key, entry: int | None) -> None:
    """Keep a message that became an entry, as the gateway does around a cancellation."""
    installed_inbox().keep(connection, [Answer(key, b"", entry)], NOW)


SETTLED_BATCHES = """select c.id, c.number, s.entry from charge_batch c
left join settlement_batch s on s.batch = c.id and s.released_at is null order by c.id"""
"""Every batch of lines with the settlement that took it."""


def message_of(connection: Connection, entry: EntryRow) -> str:
    """The message that became an entry."""
    ((found,),) = rows(connection, "select msg_id from inbox where entry = %s", entry.id)
    return str(found)


def one(connection: Connection, request: Request, **options: Any) -> Outcome:
    """The outcome of one request."""
    (outcome,) = settle(connection, [request], RULES, options.pop("now", NOW), **options)
    return outcome


def refused(outcome: Outcome) -> str:
    """The code of the refusal."""
    assert outcome.refusal is not None, outcome
    return outcome.refusal.code


def facts_of(entry: EntryRow, visit: Visit | None = None) -> dict[str, str]:
    """The facts of an entry (or of another visit of it) as a visits file would write them."""
    visit = visit or entry.settled.visit
    law = RULES.area(entry.area).law(visit.day)
    facts = {name: fact_text(law, name, value) for name, value in visit.facts.items()}
    return facts | {"benefit": visit.benefit}


def rows(connection: Connection, statement: str, *values: Any) -> list[Any]:
    """Rows of a query."""
    return connection.execute(statement, values).fetchall()
