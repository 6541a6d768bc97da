"""Exactly once: a command takes effect once for its actor and message id, and has one answer.

Hospitals' messages, people's forms and jobs use it alike. A row of `inbox` stays for ever: a keyed
hash of what was asked, how it ended, and the entry that it became. What was said and what was
answered are in `inbox_bytes`, encrypted, until their retention is over; the same message is then
answered from the journal or refused, and never runs again.

A refusal is an answer too; an accident is none, and leaves nothing. This module does not know what
a command does nor how an answer is written.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

import msgspec
import psycopg

from gongji.platform.arrays import texts, written
from gongji.platform.inbox_differences import differing, shortened
from gongji.platform.message_seal import MessageSeal, seal_of
from gongji.refusals import Refusal

Connection: TypeAlias = psycopg.Connection[Any]
Place: TypeAlias = tuple[str, str, str]
"""Where a message stands: kind of actor, actor, message id."""

INSTITUTION = "institution"
"""The kind of actor that sends messages of the interface."""
DONE, REFUSED, BARRED = "done", "refused", "barred"
DROPPED = "原报文已超过保存期限，不再列出"
"""Named instead of the fields that differ, where the first content is no longer kept."""

_SORTED = msgspec.json.Encoder(order="sorted")


class Key(msgspec.Struct, frozen=True):
    """What makes a command the same command: who sent it, its id, and what it says.

    `kind` is the command (a transaction's number at the gateway); `content` its normalised input,
    without clock and headers.
    """

    actor_kind: str
    actor: str
    msg_id: str
    kind: str
    content: dict[str, Any]

    @property
    def place(self) -> Place:
        """Where it stands in the inbox."""
        return self.actor_kind, self.actor, self.msg_id


class Kept(msgspec.Struct, frozen=True):
    """What was said and answered, encrypted."""

    key_id: int
    content: bytes
    reply: bytes | None


class Known(msgspec.Struct, frozen=True):
    """A message that came before, or was barred from coming; `kept` None: never asked, or gone."""

    place: Place
    kind: str
    hash: bytes | None
    state: str
    entry: int | None
    kept: Kept | None = None


class Answer(msgspec.Struct, frozen=True):
    """A command with its answer, to be kept."""

    key: Key
    reply: bytes | None
    entry: int | None = None
    state: str = DONE


class Work(msgspec.Struct, frozen=True):
    """How a command is answered: `run` it, write its refusal, or write again what an entry says.

    Shape: `run` gives the reply and the entry that it made, if any; `again` is given the entry.
    """

    run: Callable[[], tuple[bytes, int | None]]
    refused: Callable[[Refusal], bytes]
    again: Callable[[int], bytes] | None = None


_FIND = """select i.actor_kind, i.actor, i.msg_id, i.kind, i.hash, i.state, i.entry
from unnest(%s::text[], %s::text[], %s::text[]) a(actor_kind, actor, msg_id)
join inbox i on i.actor_kind = a.actor_kind and i.actor = a.actor and i.msg_id = a.msg_id"""

_BYTES = """select b.actor_kind, b.actor, b.msg_id, b.key_id, b.content, b.reply
from unnest(%s::text[], %s::text[], %s::text[]) a(actor_kind, actor, msg_id)
join inbox_bytes b on b.actor_kind = a.actor_kind and b.actor = a.actor and b.msg_id = a.msg_id"""

_KEEP = """with given as (
  select * from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::bytea[], %s::text[],
    %s::bigint[], %s::bytea[], %s::bytea[])
    g(actor_kind, actor, msg_id, kind, hash, state, entry, content, reply)),
whole as (
  insert into inbox_bytes (actor_kind, actor, msg_id, at, key_id, content, reply)
  select actor_kind, actor, msg_id, %s, %s, content, reply from given)
insert into inbox (actor_kind, actor, msg_id, kind, hash, state, entry)
select actor_kind, actor, msg_id, kind, hash, state, entry from given"""
_TYPES = ("text", "text", "text", "text", "bytea", "text", "bigint", "bytea", "bytea")

_CLAIM = """insert into inbox (actor_kind, actor, msg_id, kind, hash, state)
values (%s, %s, %s, %s, %s, %s) on conflict do nothing"""
_REFUSE = """with new as (
  insert into inbox (actor_kind, actor, msg_id, kind, hash, state, entry)
  values (%s, %s, %s, %s, %s, %s, %s) on conflict do nothing
  returning actor_kind, actor, msg_id)
insert into inbox_bytes (content, reply, at, key_id, actor_kind, actor, msg_id)
select %s::bytea, %s::bytea, %s::timestamptz, %s::smallint, new.* from new"""
_ANSWER = """insert into inbox_bytes (actor_kind, actor, msg_id, at, key_id, content, reply)
values (%s, %s, %s, %s, %s, %s, %s)"""
_BECAME = f"""with became as (
  update inbox set entry = %s where actor_kind = %s and actor = %s and msg_id = %s)
{_ANSWER}"""
_TAKEN_BACK = f"""update inbox set state = '{BARRED}'
where actor_kind = %s and actor = %s and msg_id = %s"""


def find_all(connection: Connection, places: Iterable[Place]) -> psycopg.Cursor[Known]:
    """What came before of messages, without what was said: one statement, read when it is needed.

    The rows may be fetched after a pipeline's end.
    """
    cursor = connection.cursor(row_factory=_known)
    return cursor.execute(_FIND, _columns(places))


def find(connection: Connection, place: Place) -> Known | None:
    """What came before of one message, without what was said."""
    return find_all(connection, [place]).fetchone()


def _known(cursor: psycopg.Cursor[Any]) -> Callable[[Sequence[Any]], Known]:
    return lambda row: Known((row[0], row[1], row[2]), *row[3:])


def _columns(places: Iterable[Place]) -> list[str]:
    columns = list(zip(*places, strict=True)) or [(), (), ()]
    return [texts(column) for column in columns]


def bar(connection: Connection, place: Place, kind: str) -> bool:
    """Bar a message that has not come; gives whether it still had not.

    One that arrives at this moment waits for the caller's transaction, and is then refused.
    """
    row = [*place, kind, None, BARRED]
    return bool(connection.execute(_CLAIM, row).rowcount)


def take_back(connection: Connection, place: Place) -> None:
    """Bar a message that came, since its effect was undone: it is not answered as if it stood."""
    connection.execute(_TAKEN_BACK, place)


class Inbox:
    """The inbox of an installation: its tables and the keys by which they are read."""

    def __init__(self, seal: MessageSeal) -> None:
        self._seal = seal

    def claim(self, connection: Connection, key: Key) -> bool:
        """Enter a command before it runs; gives whether it is new.

        A second delivery at the same moment waits here for the first one's transaction.
        """
        row = [*key.place, key.kind, self.hash(key), DONE]
        return bool(connection.execute(_CLAIM, row).rowcount)

    def keep(self, connection: Connection, answers: Sequence[Answer], now: datetime) -> None:
        """Keep commands with their answers: one statement, however many.

        Refuses: the database does (psycopg.errors.UniqueViolation) where one was kept meanwhile.
        """
        if answers:
            rows = [self._row(answer) for answer in answers]
            connection.execute(_KEEP, [*written(_TYPES, rows), now, self._seal.key_id])

    def once(self, connection: Connection, key: Key, now: datetime, work: Work) -> bytes:
        """The answer of `work`, or the one that the same command had before.

        What `run` does and its answer are one transaction. A `run` that raises Refusal is undone,
        and the refusal is kept as the answer, unless the same command was answered meanwhile.
        Refuses: what `answer` refuses.
        """
        reply = b""
        try:
            with connection.transaction():
                new = self.claim(connection, key)
                if new:
                    reply, entry = work.run()
                    self._answered(connection, key, now, reply, entry)
        except Refusal as refusal:
            reply = work.refused(refusal)
            row = self._row(Answer(key, reply, state=REFUSED), shortened(key.content))
            new = bool(connection.execute(_REFUSE, [*row, now, self._seal.key_id]).rowcount)
        return reply if new else self._earlier(connection, key, work)

    def _earlier(self, connection: Connection, key: Key, work: Work) -> bytes:
        found = find(connection, key.place)
        assert found is not None, "a message that conflicts is there"
        known = self.recall(connection, [found])[key.place]
        reply = self.answer(key, known)
        if reply is not None:
            return reply
        if work.again is None or known.entry is None:
            raise _before(key)
        return work.again(known.entry)

    def recall(self, connection: Connection, known: Iterable[Known]) -> dict[Place, Known]:
        """Messages that came before, by place, with what is still kept: a statement if any."""
        found = {one.place: one for one in known}
        if found:
            for *place, key_id, content, reply in connection.execute(_BYTES, _columns(found)):
                here = (place[0], place[1], place[2])
                kept = Kept(key_id, content, reply)
                found[here] = msgspec.structs.replace(found[here], kept=kept)
        return found

    def answer(self, key: Key, known: Known) -> bytes | None:
        """The reply that a command had before; None where only its entry still tells it.

        Refuses: message_barred, message_differs naming what differs, message_answered_before.
        """
        if known.state == BARRED:
            raise Refusal("message_barred", "msgid", {"value": key.msg_id})
        if known.kind != key.kind or known.hash != self.hash(key):
            raise differs(key, self._named(key, known))
        if known.kept is None:
            if known.entry is None:
                raise _before(key)
            return None
        return self._opened(known, "reply", known.kept.reply)

    def contents(self, connection: Connection, places: Iterable[Place]) -> dict[Place, Any]:
        """What messages said, by place; one statement. What is no longer kept is absent."""
        rows = connection.execute(_BYTES, _columns(set(places)))
        return {
            place: msgspec.json.decode(self._seal.open(place, "content", row[4], row[3]))
            for row in rows
            for place in [(row[0], row[1], row[2])]
        }

    def _named(self, key: Key, known: Known) -> list[str]:
        if known.kept is None:
            return [DROPPED]
        first = msgspec.json.decode(self._opened(known, "content", known.kept.content))
        return differing(known.kind, first, key.kind, key.content)

    def _opened(self, known: Known, part: str, sealed: bytes | None) -> bytes:
        assert known.kept is not None
        if sealed is None:
            return b""
        return self._seal.open(known.place, part, sealed, known.kept.key_id)

    def hash(self, key: Key) -> bytes:
        """What tells this command from another one under its id."""
        return self._seal.hash(key.place, key.kind, _text(key.content))

    def _row(self, answer: Answer, kept: Any = None) -> tuple[Any, ...]:
        """A row of _KEEP; `kept` is the content as it is kept, where that is not the whole."""
        key, seal = answer.key, self._seal
        place, text = key.place, _text(key.content)
        reply = None if answer.reply is None else seal.seal(place, "reply", answer.reply)
        return (
            *place,
            key.kind,
            seal.hash(place, key.kind, text),
            answer.state,
            answer.entry,
            seal.seal(place, "content", text if kept is None else _text(kept)),
            reply,
        )

    def _answered(
        self, connection: Connection, key: Key, now: datetime, reply: bytes, entry: int | None
    ) -> None:
        """Keep the answer of a command that was claimed."""
        place, seal = key.place, self._seal
        content = seal.seal(place, "content", _text(shortened(key.content)))
        row = [*place, now, seal.key_id, content, seal.seal(place, "reply", reply)]
        if entry is None:
            connection.execute(_ANSWER, row)
        else:
            connection.execute(_BECAME, [entry, *place, *row])


def inbox_of(identity_key: bytes, lookup_key: bytes, former: tuple[bytes, ...] = ()) -> Inbox:
    """The inbox by an installation's keys."""
    return Inbox(seal_of(identity_key, lookup_key, former))


def _text(content: Mapping[str, Any]) -> bytes:
    """A content as it is hashed and kept: the order of its fields says nothing."""
    return _SORTED.encode(content)


def differs(key: Key, names: Sequence[str]) -> Refusal:
    """The refusal of a message whose id came before with other content."""
    values = {"value": key.msg_id, "names": "、".join(names)}
    return Refusal("message_differs", "msgid", values)


def _before(key: Key) -> Refusal:
    return Refusal("message_answered_before", "msgid", {"value": key.msg_id})
