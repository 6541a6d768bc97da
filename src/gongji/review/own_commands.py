"""The commands that are about an insured person, as the person may know them.

Of the steps the posts are told and no names; the papers by name, type and size, not content.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from gongji.review.command_kinds import KINDS
from gongji.review.desk import EDITABLE, STATES
from gongji.units import Fen

Connection = psycopg.Connection[Any]
ACTS = {"submit": "提交", "approve": "同意", "return": "退回", "withdraw": "撤回"}
OVER = ("executed", "withdrawn")
"""States after which nothing happens any more."""


@dataclass(frozen=True)
class OwnCommand:
    """A command about a person.

    Shape:   `mine` whether they handed it in themselves; `waits` the post and the agency whose turn
             it is, empty where it waits for nobody there; `returned` why it came back.
    """

    id: int
    kind: str
    area: str
    state: str
    version: int
    content: dict[str, Any]
    agency: str
    made_at: datetime
    submitted_at: datetime | None
    due_on: date | None
    executed_at: datetime | None
    amount_fen: Fen | None
    mine: bool
    waits: str
    returned: str

    @property
    def words(self) -> str:
        """What its kind is called."""
        found = KINDS.get(self.kind)
        return found.words if found else self.kind

    @property
    def state_words(self) -> str:
        """What its state is called."""
        return STATES[self.state]

    @property
    def open(self) -> bool:
        """Whether the person can still change it."""
        return self.mine and self.state in EDITABLE

    @property
    def under_way(self) -> bool:
        """Whether something is still to happen."""
        return self.state not in OVER


_READ = """
select c.id, c.kind, c.area, c.state, c.version, c.content,
  coalesce(g.name, (select p.name from agency p where p.area = c.area and p.level = 'prefecture'
    and p.closed_at is null), '') as agency,
  c.made_at, c.submitted_at, c.due_on, c.executed_at, c.amount_fen,
  c.actor_kind = 'person' and c.actor = %(person)s as mine,
  case when c.state = 'submitted' then coalesce((
    select trim(coalesce(a.name, '') || ' ' || w.words) from post w
    left join agency a on a.code = c.chain -> c.position ->> 'agency'
    where w.code = c.chain -> c.position ->> 'post'), '') else '' end as waits,
  case when c.state = 'returned' then coalesce((
    select s.reason from step s where s.command = c.id and s.act = 'return'
    order by s.number desc limit 1), '') else '' end as returned
from command c left join agency g on g.code = c.agency
where c.id in (
  select id from command where subject_kind = 'person' and subject = %(person)s
  union select id from command where actor_kind = 'person' and actor = %(person)s
  union select command from command_about where person = %(number)s)"""


def commands_about(connection: Connection, person: int, most: int = 100) -> list[OwnCommand]:
    """The commands about a person, the last first; drafts of the counter are not theirs to see."""
    return _found(connection, person, " order by c.id desc limit %(most)s", most=most)


def command_about(connection: Connection, person: int, number: int) -> OwnCommand | None:
    """One of the commands about a person, or None where it is not about them."""
    found = _found(connection, person, " and c.id = %(command)s", command=number)
    return found[0] if found else None


def _found(connection: Connection, person: int, rest: str, **more: int) -> list[OwnCommand]:
    values = {"person": str(person), "number": person, **more}
    with connection.cursor(row_factory=class_row(OwnCommand)) as cursor:
        rows: Sequence[OwnCommand] = cursor.execute(_READ + rest, values).fetchall()
    return [one for one in rows if one.mine or one.state != "draft"]


@dataclass(frozen=True)
class StepTaken:
    """A step that was taken: what, by which post, why, when."""

    words: str
    post: str
    reason: str
    at: datetime


def steps_taken(connection: Connection, number: int) -> list[StepTaken]:
    """The steps of a command in their order."""
    rows = connection.execute(
        "select p.act, w.words, p.reason, p.at from step p"
        " join post_holding h on h.id = p.holding join post w on w.code = h.post"
        " where p.command = %s order by p.number",
        [number],
    )
    return [StepTaken(ACTS[act], post, reason, at) for act, post, reason, at in rows]


@dataclass(frozen=True)
class PaperKept:
    """A paper that was handed in."""

    name: str
    kind: str
    bytes: int
    added_at: datetime


def papers_kept(connection: Connection, number: int) -> list[PaperKept]:
    """The papers of a command."""
    rows = connection.execute(
        "select paper, type, bytes, added_at from evidence where command = %s order by id", [number]
    )
    return [PaperKept(*row) for row in rows]


def texts_told(connection: Connection, number: int, person: int) -> list[str]:
    """What a person was told of a command."""
    rows = connection.execute(
        "select text from notice where command = %s and person = %s order by id", [number, person]
    )
    return [row[0] for row in rows]
