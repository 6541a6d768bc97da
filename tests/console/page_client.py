"""Pages of the console asked through Django in this process, and the statements they take."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

FAR = 1e12
"""An instant, in seconds, at which records that were opened are still open."""


class PageClient:
    """Somebody signed in at the console; `statements` counts those of the last page."""

    def __init__(self, client: Any) -> None:
        self.client, self.statements = client, 0

    def page(self, path: str) -> str:
        """A page, which must be there."""
        self.statements = 0
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.content.decode()
        return str(answer.content.decode())


@contextmanager
def page_client(database: str, subject: str, opened: Iterable[int] = (1,)) -> Iterator[PageClient]:
    """A client of the console on a database, with the records of some persons open."""
    from django.db import connections
    from django.test import Client, override_settings

    from gongji.console.staff_sign_in import BACKEND, account_of
    from gongji.service.settings import OF_CONSOLE

    given = connections.settings["default"]
    before = dict(given)
    parts = conninfo_to_dict(database)
    connections.close_all()
    names = {"NAME": "dbname", "USER": "user", "HOST": "host", "PASSWORD": "password"}
    given.update({name: str(parts.get(part) or "") for name, part in names.items()})
    given["PORT"] = str(parts.get("port") or "")
    # The addresses of the library are made once in a process, by the settings of all faces.
    import_module("allauth.urls")
    theirs = {name: value for name, value in OF_CONSOLE.items() if name != "INSTALLED_APPS"}
    try:
        with override_settings(**theirs):
            client = Client(headers={"host": "localhost"})
            client.force_login(account_of(subject), backend=BACKEND)
            session = client.session
            session["demo_sign_in"] = True
            session["opened"] = {str(number): FAR for number in opened}
            session.save()
            asked = PageClient(client)
            with _counted(asked):
                yield asked
    finally:
        connections.close_all()
        given.update(before)


@contextmanager
def _counted(asked: PageClient) -> Iterator[None]:
    """Every statement adds to the count of the client."""
    execute = psycopg.Cursor.execute

    def count(self: Any, *args: Any, **kwargs: Any) -> Any:
        asked.statements += 1
        return execute(self, *args, **kwargs)

    psycopg.Cursor.execute = count  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        psycopg.Cursor.execute = execute  # type: ignore[method-assign]
