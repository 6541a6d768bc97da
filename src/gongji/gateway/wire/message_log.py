"""Exactly once: a message that changes something takes effect once and has one answer.

The row of the message is written first, so a second delivery waits for the first and then finds
its answer. A refusal is an answer too; an accident is none, and leaves nothing.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import psycopg
from msgspec.structs import replace
from psycopg.types.json import Jsonb

from gongji.refusals import Refusal
from gongji.settlement.contract import Key
from gongji.settlement.messages import differing

Connection: TypeAlias = psycopg.Connection[Any]

LONGEST_KEPT = 4000
_BEGIN = """insert into message (institution, msgid, infno, content_hash, content, received_at,
  reply)
values (%s, %s, %s, %s, %s, %s, %s) on conflict do nothing"""
_FIND = """select infno, content_hash, content, state, reply from message
where institution = %s and msgid = %s"""
_END = "update message set reply = %s where institution = %s and msgid = %s"


def once(
    connection: Connection,
    key: Key,
    received_at: Any,
    run: Callable[[], bytes],
    refused: Callable[[Refusal], bytes],
) -> bytes:
    """The answer of `run`, or the stored one of the same message.

    What `run` does and its answer are one transaction. A `run` that raises Refusal is undone, and
    the answer that `refused` makes is stored instead, unless the same message was answered
    meanwhile.
    Refuses: message_differs where the id came with other content, message_barred.
    """
    reply = b""
    try:
        with connection.transaction():
            new = _begin(connection, key, received_at, None)
            if new:
                reply = run()
                connection.execute(_END, [reply, key.institution, key.msgid])
    except Refusal as refusal:
        reply = refused(refusal)
        new = _begin(connection, key, received_at, reply)
    return reply if new else _stored(connection, key)


def _begin(connection: Connection, key: Key, received_at: Any, reply: bytes | None) -> bool:
    """Enter a message; gives whether it is new."""
    content = Jsonb(kept(key.content))
    row = [key.institution, key.msgid, key.infno, key.content_hash, content, received_at, reply]
    return bool(connection.execute(_BEGIN, row).rowcount)


def _stored(connection: Connection, key: Key) -> bytes:
    row = connection.execute(_FIND, [key.institution, key.msgid]).fetchone()
    assert row is not None, "a message that conflicts is there"
    infno, content_hash, content, state, reply = row
    if state == "barred":
        raise Refusal("message_barred", "msgid", {"value": key.msgid})
    if bytes(content_hash) != key.content_hash:
        raise _differs(key, infno, content)
    return bytes(reply)


def _differs(key: Key, infno: str, content: dict[str, Any]) -> Refusal:
    """The refusal of a message whose id came before with other content, naming what differs."""
    names = differing(infno, content, replace(key, content=kept(key.content)))
    values = {"value": key.msgid, "names": "、".join(names)}
    return Refusal("message_differs", "msgid", values)


def kept(content: Any) -> Any:
    """A content as it is kept to name differences: texts that are files only by their length."""
    if isinstance(content, dict):
        return {name: kept(part) for name, part in content.items()}
    if isinstance(content, list):
        return [kept(part) for part in content]
    if isinstance(content, str) and len(content) > LONGEST_KEPT:
        return f"（{len(content)} 个字符，以 {content[:32]} 开头）"
    return content
