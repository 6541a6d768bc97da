"""A connection of a page to the journal, in the role of its face, beside Django's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection as django_connection
from psycopg.conninfo import make_conninfo

_KEPT = ("dbname", "host", "port", "user", "password", "options")


@contextmanager
def page_connection(role: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection to where Django's is, in a role, whoever Django signs in as."""
    given = django_connection.get_connection_params()
    known = {name: given[name] for name in _KEPT if given.get(name)}
    known["options"] = f"{known.get('options', '')} -c role={role} -c timezone=UTC".strip()
    with psycopg.connect(make_conninfo("", **known), autocommit=True) as connection:
        yield connection
