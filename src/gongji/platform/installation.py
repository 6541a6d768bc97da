"""What everything that works on this installation begins with: its rules, its keys, its database.

Imported late where a command must start fast.
"""

import getpass
from functools import cache
from typing import Any

import psycopg

from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.platform import database
from gongji.platform.actors import Actor
from gongji.platform.environment import environment
from gongji.platform.identity import Identity
from gongji.platform.inbox import Inbox, inbox_of


@cache
def installed_areas() -> Areas:
    """The areas of the rulebooks that the environment names, with its figures, loaded once."""
    given = environment()
    return Areas(Library(given.rulebooks), given.parameters)


def installed_identity() -> Identity:
    """The keys of the environment, which open identity numbers and find them."""
    return Identity(environment().identity_key, environment().lookup_key)


def installed_inbox() -> Inbox:
    """The inbox by the keys of the environment."""
    return inbox_of(environment().identity_key, environment().lookup_key)


def operator() -> Actor:
    """Who works on the command line, by the account there."""
    return Actor.operator(getpass.getuser())


def owner_connection() -> psycopg.Connection[Any]:
    """A connection in the role of the owner; statements stand by themselves."""
    return psycopg.connect(database.owner_dsn(), autocommit=True)
