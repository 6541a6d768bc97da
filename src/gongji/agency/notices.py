"""Telling people what was decided: on their page at once, by SMS or letter through an adaptor.

What an adaptor is, an installation decides: a function that is given number and text and answers
with a reference, or None where it could not deliver.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]
PAGE, SMS, LETTER = "page", "sms", "letter"
Adaptor = Callable[[int, str], str | None]


@dataclass(frozen=True)
class Notice:
    """What a person was told of a command."""

    id: int
    command: int
    way: str
    text: str
    made_at: datetime
    delivered_at: datetime | None


_TELL = """insert into notice (command, person, way, text, made_at, delivered_at)
values (%s, %s, %s, %s, %s, %s) on conflict do nothing"""
_WAITING = """select id, person, text from notice where way = %s and delivered_at is null
order by id limit %s for update skip locked"""


def tell(
    connection: Connection, command: int, people: tuple[int, ...], text: str, now: datetime
) -> None:
    """Tell people something about a command on their page."""
    for person in people:
        connection.execute(_TELL, [command, person, PAGE, text, now, now])


def send(connection: Connection, command: int, person: int, way: str, text: str) -> None:
    """Put a message for an adaptor with the command, in its transaction."""
    connection.execute(
        "insert into notice (command, person, way, text) values (%s, %s, %s, %s)"
        " on conflict do nothing",
        [command, person, way, text],
    )


def deliver(
    connection: Connection, adaptors: Mapping[str, Adaptor], now: datetime, most: int = 100
) -> int:
    """Give what waits to the adaptors; gives how many were delivered. The rest waits on."""
    done = 0
    for way, adaptor in adaptors.items():
        with connection.transaction():
            for number, person, text in connection.execute(_WAITING, [way, most]).fetchall():
                ref = adaptor(person, text)
                if ref is not None:
                    connection.execute(
                        "update notice set delivered_at = %s, ref = %s where id = %s",
                        [now, ref, number],
                    )
                    done += 1
    return done


def notices_of(connection: Connection, person: int) -> list[Notice]:
    """What a person was told, the newest first."""
    rows = connection.execute(
        "select id, command, way, text, made_at, delivered_at from notice"
        " where person = %s order by id desc limit 200",
        [person],
    )
    return [Notice(*row) for row in rows]
