"""What is destroyed once its time is over: what is due, the list of it, the certificate.

Law:     国务院令第765号 第三十八条; 《个人信息保护法》 第十九条, 第五十六条 (three years).
Classes: papers by their item's 保管, the trail by months, messages by GONGJI_MESSAGE_DAYS. Entries,
         steps and facts are the fund's books and records of insurance: they are never destroyed.
This module does not know who approves.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]
PAPER, LOOK, MESSAGE = "paper", "look", "message"
CLASSES = {PAPER: "事项材料", LOOK: "留痕", MESSAGE: "报文"}
LOOK_YEARS = 3
_PAPERS = """select e.id::text from evidence e join command c on c.id = e.command
where c.area = %s and paper_over(e.retention, e.command) <= %s order by e.id"""
_LOOKS = """select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
where i.inhparent = 'access_log'::regclass and c.relname ~ '^access_log_[0-9]{6}$'
  and to_date(right(c.relname, 6), 'YYYYMM') + interval '1 month'
    <= %s::date - make_interval(years => %s)
order by 1"""
_ERASABLE = """select e.id::text from evidence e join command c on c.id = e.command
where c.subject_kind = 'person' and c.subject = %s
  and (c.state = 'withdrawn' or paper_over(e.retention, e.command) <= %s) order by e.id"""
_PROPOSE = """insert into destruction_proposal (area, class, before, records, list_hash)
values (%s, %s, %s, %s, %s) on conflict (area, class, list_hash) do nothing returning id"""
_WAITING = """select p.id, p.area, p.class, p.before, p.records, p.list_hash, p.made_at
from destruction_proposal p where p.area = any(%s)
  and not exists (select 1 from destruction d where d.proposal = p.id)
  and not exists (select 1 from destruction_proposal later
    where later.area = p.area and later.class = p.class and later.id > p.id)
order by p.id"""
_PROPOSAL = """select id, area, class, before, records, list_hash, made_at
from destruction_proposal where id = %s"""
_CERTIFY = """insert into destruction (class, command, proposal, basis, records)
values (%s, %s, %s, %s, %s) returning id"""


@dataclass(frozen=True)
class Proposal:
    """Records of an area whose time is over on a day: how many, and the hash of their list."""

    id: int
    area: str
    kind: str
    before: date
    records: int
    list_hash: bytes
    made_at: datetime

    @property
    def words(self) -> str:
        """What it is about."""
        return f"{CLASSES[self.kind]} {self.records} 件，{self.before} 前保管期满"


@dataclass(frozen=True)
class Certificate:
    """What a certificate says: its class, by which command and proposal, on what basis."""

    kind: str
    command: int | None
    proposal: int | None
    basis: str


def due(connection: Connection, area: str, kind: str, before: date) -> list[str]:
    """The records of a class whose time is over on a day: papers by id, the trail by month."""
    asked = (_PAPERS, [area, before]) if kind == PAPER else (_LOOKS, [before, LOOK_YEARS])
    return [str(row[0]) for row in connection.execute(*asked)]


def erasable(connection: Connection, person: int, today: date) -> list[str]:
    """The papers about a person that need not be kept: of what was withdrawn, or is over."""
    return [row[0] for row in connection.execute(_ERASABLE, [str(person), today])]


def list_hash(records: Iterable[str]) -> bytes:
    """What tells a list from another."""
    return hashlib.sha256("\n".join(records).encode()).digest()


def propose(connection: Connection, area: str, kind: str, today: date) -> int | None:
    """Propose what is due today; None where nothing is, or the same list stands already."""
    found = due(connection, area, kind, today)
    if not found:
        return None
    row = [area, kind, today, len(found), list_hash(found)]
    made = connection.execute(_PROPOSE, row).fetchone()
    return int(made[0]) if made else None


def find_proposal(connection: Connection, number: int) -> Proposal | None:
    """A proposal by its number."""
    row = connection.execute(_PROPOSAL, [number]).fetchone()
    return Proposal(*row) if row else None


def waiting_proposals(connection: Connection, areas: list[str]) -> list[Proposal]:
    """The newest proposal of each area and class, as long as it is not carried out."""
    return [Proposal(*row) for row in connection.execute(_WAITING, [areas])]


def destroy(connection: Connection, said: Certificate, records: list[str]) -> int:
    """Destroy papers or months of the trail with a certificate; gives its number.

    Refuses: the database does where a time is not over (destruction_due), or the command was not
             approved (destruction_whole).
    """
    number = certify(connection, said, len(records))
    if said.kind == PAPER:
        connection.execute("select destroy_papers(%s, %s)", [number, [int(n) for n in records]])
    else:
        connection.execute("select destroy_looks(%s, %s)", [number, records])
    return number


def certify(connection: Connection, said: Certificate, records: int) -> int:
    """Write a certificate; gives its number."""
    row = [said.kind, said.command, said.proposal, said.basis, records]
    made = connection.execute(_CERTIFY, row).fetchone()
    assert made is not None
    return int(made[0])
