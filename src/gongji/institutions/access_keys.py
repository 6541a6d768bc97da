"""Access keys by which institutions sign their requests: issued, and revoked.

A secret is told once, when it is made, and kept encrypted; two keys may count side by side, so that
a system changes over without a pause.
"""

import base64
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
import psycopg

from gongji.institutions.institution_rows import get_institution
from gongji.platform.actors import Actor
from gongji.platform.commands import command
from gongji.refusals import Refusal

Connection = psycopg.Connection[Any]
MOST_KEYS = 2
"""How many keys of an institution may count at a time: the old one and the new."""


class AccessKeyAsked(msgspec.Struct, frozen=True):
    """An access key for an institution, by its code."""

    institution: str


class AccessKeyEnd(msgspec.Struct, frozen=True):
    """An access key that counts no more."""

    access_key: str


class AccessKeyIssued(msgspec.Struct, frozen=True):
    """A key and its secret, told once."""

    access_key: str
    secret: str


class AccessKeyRow(msgspec.Struct, frozen=True):
    """A key as it is known: not its secret."""

    access_key: str
    since: datetime
    revoked_at: datetime | None


def access_keys_of(connection: Connection, institution: str) -> list[AccessKeyRow]:
    """The keys of an institution, the newest first."""
    rows = connection.execute(
        "select access_key, since, revoked_at from credential where institution = %s"
        " order by since desc limit 50",
        [institution],
    )
    return [AccessKeyRow(*row) for row in rows]


@command("operator", "staff")
def issue_access_key(
    connection: Connection,
    content: AccessKeyAsked,
    *,
    actor: Actor,
    now: datetime,
    encrypt: Callable[[str], bytes],
) -> AccessKeyIssued:
    """Make a key for an institution; `encrypt` is how its secret is kept.

    Refuses: institution_unknown; access_keys_many where two count already.
    """
    get_institution(connection, content.institution)
    counting = [
        one for one in access_keys_of(connection, content.institution) if not one.revoked_at
    ]
    if len(counting) >= MOST_KEYS:
        values = {"value": content.institution, "most": str(MOST_KEYS)}
        raise Refusal("access_keys_many", "institution", values)
    key = f"{content.institution}-{secrets.token_hex(4)}"
    secret = base64.b64encode(secrets.token_bytes(32)).decode()
    connection.execute(
        "insert into credential (access_key, institution, secret, since) values (%s, %s, %s, %s)",
        [key, content.institution, encrypt(secret), now],
    )
    return AccessKeyIssued(key, secret)


@command("operator", "staff")
def revoke_access_key(
    connection: Connection, content: AccessKeyEnd, *, actor: Actor, now: datetime
) -> None:
    """Let a key count no more from now on.

    Refuses: access_key_unknown.
    """
    ended = connection.execute(
        "update credential set revoked_at = greatest(%s, since)"
        " where access_key = %s and revoked_at is null",
        [now, content.access_key],
    ).rowcount
    if not ended:
        raise Refusal("access_key_unknown", "access_key", {"value": content.access_key})
