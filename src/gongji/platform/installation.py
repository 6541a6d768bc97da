"""What everything that works on this installation begins with: its rules, its keys, its database.

Imported late where a command must start fast.
"""

import getpass
import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any

import psycopg

from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.platform import database
from gongji.platform.actors import Actor
from gongji.platform.environment import environment
from gongji.platform.identity import Identity
from gongji.platform.inbox import Inbox, inbox_of
from gongji.platform.law_book import LawBook
from gongji.platform.laws import LawVersion, Publication, history, publish_law, read_laws
from gongji.platform.message_seal import MessageSeal, seal_of

LOOK_SECONDS = 1.0
"""How old what the pages know of the laws in force may be."""


@cache
def configured_areas() -> Areas:
    """The areas of the folders that the environment names, with its figures: what is published."""
    given = environment()
    return Areas(Library(given.rulebooks), given.parameters)


@cache
def installed_law() -> LawBook:
    """The laws of this installation's database, as this process has loaded them."""
    return LawBook()


@dataclass
class _Looked:
    """The laws that were in force when this process looked last."""

    areas: Areas | None = None
    at: float = -math.inf
    lock: Lock = field(default_factory=Lock)


_LOOKED = _Looked()


def installed_areas() -> Areas:
    """The laws in force now, for whoever decides nothing: looked for once a second at most.

    While the database is away they are those of the last look.
    """
    with _LOOKED.lock:
        if _LOOKED.areas is None or monotonic() - _LOOKED.at >= LOOK_SECONDS:
            try:
                with owner_connection() as connection:
                    _LOOKED.areas = installed_law().in_force(connection, held=False)
            except psycopg.OperationalError:
                if _LOOKED.areas is None:
                    raise
            _LOOKED.at = monotonic()
        return _LOOKED.areas


def installed_version(number: int | None) -> Areas:
    """The laws of the version that an entry names; those in force now where it names none.

    Refuses: Fault where the version is not what its hash is of.
    """
    if number is None:
        return installed_areas()
    with owner_connection() as connection:
        return installed_law().areas(connection, [number])


def forget_laws() -> None:
    """Forget what this process knows of laws: its database is another one now."""
    configured_areas.cache_clear()
    installed_law.cache_clear()
    with _LOOKED.lock:
        _LOOKED.areas = None


def publish_installed(connection: psycopg.Connection[Any], actor: Actor) -> list[LawVersion]:
    """Publish the rulebooks and figures that the environment names, as far as they are new.

    What was a version already is none again: a law that was published otherwise stays in force.
    Refuses: what `publish_law` and `read_laws` refuse.
    """
    known = {(version.area, version.hash) for version in history(connection)}
    laws = read_laws(configured_areas())
    content = Publication(tuple(law for law in laws if (law.area, law.hash) not in known))
    return publish_law(connection, content, actor=actor, now=datetime.now(UTC))


def superseded(connection: psycopg.Connection[Any]) -> list[tuple[LawVersion, LawVersion]]:
    """What the environment names that was a version once: that version, and the newest instead."""
    versions = history(connection)
    newest = {version.area: version for version in versions}
    named = {(law.area, law.hash) for law in read_laws(configured_areas())}
    once = {v.area: v for v in versions if (v.area, v.hash) in named}
    return [
        (version, newest[area])
        for area, version in once.items()
        if version.hash != newest[area].hash
    ]


def populations_folder() -> Path:
    """Where the populations are on which the console simulates reforms."""
    given: Path | None = environment().populations
    return given or environment().data / "populations"


def policy_runs_folder() -> Path:
    """Where what the console simulated is kept."""
    found: Path = environment().data / "policy-runs"
    return found


def operator() -> Actor:
    """Whoever works at the command line, by the account there."""
    return Actor.operator(getpass.getuser())


def installed_identity() -> Identity:
    """The keys of the environment, which open identity numbers and find them."""
    known = environment()
    return Identity(known.identity_key, known.lookup_key, known.former_keys, known.cryptography)


def installed_inbox() -> Inbox:
    """The inbox by the keys of the environment."""
    known = environment()
    return inbox_of(known.identity_key, known.lookup_key, known.former_keys)


def installed_seal() -> MessageSeal:
    """What seals messages, papers and files by the keys of the environment."""
    known = environment()
    return seal_of(known.identity_key, known.lookup_key, known.former_keys)


def owner_connection() -> psycopg.Connection[Any]:
    """A connection in the role of the owner; statements stand by themselves."""
    return psycopg.connect(database.owner_dsn(), autocommit=True)
