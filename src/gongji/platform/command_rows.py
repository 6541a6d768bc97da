"""The rows of commands: written and read here only. What may follow what, the database holds."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec
import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

Connection = psycopg.Connection[Any]
Content = dict[str, Any]
_SORTED = msgspec.json.Encoder(order="sorted")


class ChainStep(msgspec.Struct, frozen=True):
    """A step of a frozen chain: the post that takes it, at which agency (empty: at any)."""

    post: str
    agency: str = ""


class CommandRow(msgspec.Struct, frozen=True):
    """A command as it is kept; `actor` is the id of a person or a member of staff."""

    id: int
    area: str
    agency: str
    kind: str
    actor_kind: str
    actor: str
    holding: int | None
    subject_kind: str
    subject: str
    content: Content
    version: int
    ground_hash: bytes | None
    chain: list[dict[str, str]]
    round: int
    position: int
    state: str
    amount_fen: int | None
    due_on: date | None
    made_at: datetime
    submitted_at: datetime | None
    worked_days: int
    executed_at: datetime | None

    @property
    def steps(self) -> list[ChainStep]:
        """The chain."""
        return [ChainStep(**step) for step in self.chain]

    @property
    def turn(self) -> ChainStep | None:
        """The step whose turn it is; None where all were taken."""
        return self.steps[self.position] if self.position < len(self.chain) else None


@dataclass(frozen=True)
class NewCommand:
    """A draft to add."""

    area: str
    agency: str
    kind: str
    actor: tuple[str, str]
    holding: int | None
    subject: tuple[str, str]
    content: Content
    made_at: datetime


@dataclass(frozen=True)
class Submission:
    """What is frozen when a command is submitted."""

    chain: tuple[ChainStep, ...]
    ground_hash: bytes
    amount_fen: int | None
    due_on: date | None
    about: tuple[int, ...]


@dataclass(frozen=True)
class NewStep:
    """A step to add."""

    position: int
    staff: int
    holding: int
    act: str
    reason: str = ""
    preview_hash: bytes | None = None


COLUMNS = """id, area, agency, kind, actor_kind, actor, holding, subject_kind, subject, content,
  version, ground_hash, chain, round, position, state, amount_fen, due_on, made_at, submitted_at,
  worked_days, executed_at"""
_ADD = """insert into command (area, agency, kind, actor_kind, actor, holding, subject_kind,
  subject, content, made_at, version) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 1)
returning id"""
_EDIT = "update command set content = %s, version = version + 1 where id = %s"
_SUBMIT = """update command set state = 'submitted', chain = %s, ground_hash = %s, amount_fen = %s,
  due_on = %s, submitted_at = %s, position = 0,
  round = round + case when state = 'returned' then 1 else 0 end where id = %s"""
_PLACE = """insert into command_person (command, staff, position) values (%s, %s, %s)
on conflict (command, staff) do nothing"""
_STEP = """insert into step (command, number, round, position, staff, holding, act, reason,
  preview_hash, at) values (%s, (select coalesce(max(number), 0) + 1 from step where command = %s),
  %s, %s, %s, %s, %s, %s, %s, %s)"""
_EVIDENCE = """insert into evidence (command, paper, sha256, type, bytes, key_id, sealed, retention)
values (%s, %s, %s, %s, %s, %s, %s, %s) on conflict (command, paper, sha256) do nothing"""


def hash_of(value: object) -> bytes:
    """What tells a ground, a preview or a content from another."""
    return hashlib.sha256(_SORTED.encode(value)).digest()


def find_command(connection: Connection, number: int, lock: bool = False) -> CommandRow | None:
    """A command by its number, locked for whoever goes on to change it."""
    statement = f"select {COLUMNS} from command where id = %s" + (" for update" if lock else "")
    with connection.cursor(row_factory=class_row(CommandRow)) as cursor:
        return cursor.execute(statement, [number]).fetchone()


def add_draft(connection: Connection, new: NewCommand) -> int:
    """A draft; gives its number."""
    row = connection.execute(
        _ADD,
        [
            *(new.area, new.agency, new.kind, *new.actor, new.holding, *new.subject),
            Jsonb(new.content),
            new.made_at,
        ],
    ).fetchone()
    assert row is not None
    return int(row[0])


def edit(connection: Connection, number: int, content: Content) -> None:
    """Another content for a draft, or for what was returned."""
    connection.execute(_EDIT, [Jsonb(content), number])


def submit(connection: Connection, number: int, frozen: Submission, now: datetime) -> None:
    """Freeze a command with its chain and ground; the round counts on after a return."""
    chain = Jsonb([{"post": step.post, "agency": step.agency} for step in frozen.chain])
    row = [chain, frozen.ground_hash, frozen.amount_fen, frozen.due_on, now, number]
    for person in frozen.about:
        connection.execute(
            "insert into command_about (command, person) values (%s, %s) on conflict do nothing",
            [number, person],
        )
    connection.execute(_SUBMIT, row)


def take_step(connection: Connection, command: CommandRow, step: NewStep, now: datetime) -> None:
    """A step of a member of staff; where it was an approval, the next one's turn comes."""
    connection.execute(_PLACE, [command.id, step.staff, step.position])
    row = [command.round, step.position, step.staff, step.holding, step.act, step.reason]
    connection.execute(_STEP, [command.id, command.id, *row, step.preview_hash, now])
    if step.act == "approve":
        connection.execute(
            "update command set position = %s where id = %s", [step.position, command.id]
        )


def move(connection: Connection, number: int, state: str, now: datetime | None = None) -> None:
    """A command in another state; `now` is when it was executed."""
    connection.execute(
        "update command set state = %s, executed_at = %s where id = %s", [state, now, number]
    )


def pause(connection: Connection, number: int, worked_days: int) -> None:
    """A command returned: so many working days were used."""
    connection.execute(
        "update command set state = 'returned', due_on = null, worked_days = %s where id = %s",
        [worked_days, number],
    )


def add_evidence(connection: Connection, row: list[Any]) -> None:
    """A paper: command, paper, sha256, type, bytes, key, sealed content, retention."""
    connection.execute(_EVIDENCE, row)


def papers_of(connection: Connection, number: int) -> dict[str, list[int]]:
    """The papers of a command: name -> their numbers."""
    found: dict[str, list[int]] = {}
    for paper, one in connection.execute(
        "select paper, id from evidence where command = %s order by id", [number]
    ):
        found.setdefault(paper, []).append(one)
    return found
