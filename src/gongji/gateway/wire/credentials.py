"""Whose secret an access key stands for, and nonces that were used before.

Secrets are kept decrypted for half a minute, so a revoked credential ends within that time. A nonce
is claimed in the database, so once over all gateways and restarts; the same nonce with the same
body is an honest delivery repeated and may pass, since a message takes effect once only.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
import psycopg

from gongji.platform.arrays import contents, texts

KEPT_SECONDS = 30
UNKNOWN_SECONDS = 3
_MOST = 20_000


@dataclass(frozen=True, slots=True)
class Credential:
    """The institution of an access key, its secret and scope; an unknown key has none of them."""

    institution: str | None
    secret: str | None = None
    scope: str = ""
    sm2_public: bytes = b""


class Credentials:
    """Credentials by access key, remembered for a short time."""

    def __init__(self, decrypt: Callable[[bytes], str]) -> None:
        self._decrypt = decrypt
        self._known: dict[str, tuple[datetime, Credential]] = {}

    def remembered(self, access_key: str, now: datetime) -> Credential | None:
        """The credential, if it was loaded a moment ago."""
        until, found = self._known.get(access_key, (now, None))
        return found if until > now else None

    def load(
        self, connection: psycopg.Connection[Any], access_key: str, now: datetime
    ) -> Credential:
        """The credential from the database; an unknown or revoked one has no secret."""
        row = connection.execute(
            "select institution, secret, scope, sm2_public from credential where access_key = %s"
            " and since <= %s and (revoked_at is null or revoked_at > %s)",
            [access_key, now, now],
        ).fetchone()
        found = Credential(None)
        if row:
            found = Credential(row[0], self._decrypt(bytes(row[1])), row[2], bytes(row[3]))
        if len(self._known) >= _MOST:
            self._known.clear()
        seconds = KEPT_SECONDS if row else UNKNOWN_SECONDS
        self._known[access_key] = (now + timedelta(seconds=seconds), found)
        return found


class Nonce(msgspec.Struct, frozen=True):
    """A nonce that a verified signature used, and the hash of the body it came with."""

    access_key: str
    nonce: str
    digest: bytes


_CLAIM = """insert into nonce (access_key, nonce, digest, seen_at)
select asked.*, %s::timestamptz
from unnest(%s::text[], %s::text[], %s::bytea[]) asked
on conflict do nothing returning access_key, nonce"""
_SEEN = """select n.access_key, n.nonce, n.digest from nonce n
join unnest(%s::text[], %s::text[]) asked (access_key, nonce)
  on n.access_key = asked.access_key and n.nonce = asked.nonce"""


def claim(
    connection: psycopg.Connection[Any], nonces: Sequence[Nonce], now: datetime
) -> set[Nonce]:
    """Which of some nonces were used before with another body; the others are now used.

    Ensures: what was claimed is on the disk, and is known after a crash.
    """
    asked = sorted(set(nonces), key=lambda nonce: (nonce.access_key, nonce.nonce, nonce.digest))
    if not asked:
        return set()
    keys, given = texts([n.access_key for n in asked]), texts([n.nonce for n in asked])
    digests = contents([n.digest for n in asked])
    made = connection.execute(_CLAIM, [now, keys, given, digests]).fetchall()
    if len(made) == len(asked):
        return set()
    held = {
        (key, nonce): bytes(digest)
        for key, nonce, digest in connection.execute(_SEEN, [keys, given])
    }
    return {n for n in asked if held.get((n.access_key, n.nonce), n.digest) != n.digest}


def forget(connection: psycopg.Connection[Any], before: datetime) -> int:
    """Drop nonces whose signatures are too old to pass anyway; gives how many."""
    return connection.execute("delete from nonce where seen_at < %s", [before]).rowcount
