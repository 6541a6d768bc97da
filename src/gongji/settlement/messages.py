"""Exactly once: what a message that was seen before is answered, and how answers are kept."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import psycopg

from gongji.platform.arrays import written
from gongji.refusals import Refusal
from gongji.settlement.contract import Key, Outcome
from gongji.settlement.queries import Logged

DONE, BARRED = "done", "barred"
NAMED = 5
"""How many differing fields a refusal names."""

KEEP = """insert into message (institution, msgid, infno, content_hash, content, state, reply,
  entry)
select * from unnest(%s::text[], %s::text[], %s::text[], %s::bytea[], %s::jsonb[], %s::text[],
  %s::bytea[], %s::bigint[])"""

_TYPES = ("text", "text", "text", "bytea", "jsonb", "text", "bytea", "bigint")


class Answer(msgspec.Struct, frozen=True):
    """A message with its answer, to be kept."""

    key: Key
    reply: bytes | None
    entry: int | None = None


def seen(key: Key, logged: Logged) -> Outcome:
    """The answer to a message whose id was seen before.

    Returns: replayed with the first answer for the same content.
    Refuses: (as outcome) message_barred, message_differs naming what differs.
    """
    if logged.state == BARRED:
        return Outcome(refusal=Refusal("message_barred", "msgid", {"value": key.msgid}))
    if logged.content_hash == key.content_hash and logged.infno == key.infno:
        return Outcome(replayed=logged.reply or b"")
    names = differing(logged.infno, msgspec.json.decode(logged.content), key)
    return Outcome(refusal=differs(key, names))


def differs(key: Key, names: Sequence[str]) -> Refusal:
    """The refusal of a message whose id came before with other content."""
    values = {"value": key.msgid, "names": "、".join(names)}
    return Refusal("message_differs", "msgid", values)


def differing(infno: str, content: Mapping[str, Any], key: Key) -> list[str]:
    """The names of the fields in which a message differs from the first one of its id."""
    names = [] if infno == key.infno else ["infno"]
    # Compared as JSON, as the first one was kept.
    now = msgspec.json.decode(msgspec.json.encode(key.content))
    names += _differing("", content, now)
    shown = list(dict.fromkeys(names))
    return shown[:NAMED] + ["…"] * (len(shown) > NAMED) or ["input"]


def _differing(path: str, before: Any, now: Any) -> list[str]:
    if before == now:
        return []
    if isinstance(before, dict) and isinstance(now, dict):
        names = dict.fromkeys([*before, *now])
        return [
            found
            for name in names
            for found in _differing(f"{path}.{name}", before.get(name), now.get(name))
        ]
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        return [
            found
            for number, (old, new) in enumerate(zip(before, now, strict=True), start=1)
            for found in _differing(f"{path}[{number}]", old, new)
        ]
    return [path.lstrip(".") or "input"]


def keep(connection: psycopg.Connection[Any], answers: Sequence[Answer]) -> None:
    """Keep answers: one statement.

    Refuses: the database does (psycopg.errors.UniqueViolation) where a message was kept meanwhile.
    """
    if answers:
        rows = [
            (
                a.key.institution,
                a.key.msgid,
                a.key.infno,
                a.key.content_hash,
                a.key.content,
                DONE,
                a.reply,
                a.entry,
            )
            for a in answers
        ]
        connection.execute(KEEP, written(_TYPES, rows))
