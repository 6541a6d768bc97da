"""A page asks the database as often for many rows as for few."""

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from tests.console.office import Office


@pytest.fixture
def asked(
    office: Office, console_database: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], int]]:
    """How many statements a page takes, for a member of staff who holds every kind of post."""
    from django.db import connections
    from django.test import Client, override_settings

    from gongji.console.staff_sign_in import BACKEND, account_of
    from gongji.service.settings import OF_CONSOLE

    given = connections.settings["default"]
    before = dict(given)
    parts = conninfo_to_dict(console_database)
    connections.close_all()
    names = {"NAME": "dbname", "USER": "user", "HOST": "host", "PASSWORD": "password"}
    given.update({name: str(parts.get(part) or "") for name, part in names.items()})
    given["PORT"] = str(parts.get("port") or "")
    counted = [0]
    execute = psycopg.Cursor.execute

    def count(self: Any, *args: Any, **kwargs: Any) -> Any:
        counted[0] += 1
        return execute(self, *args, **kwargs)

    # The addresses of the library are made once in a process, by the settings of all faces.
    import_module("allauth.urls")
    theirs = {name: value for name, value in OF_CONSOLE.items() if name != "INSTALLED_APPS"}
    with override_settings(**theirs):
        client = Client(headers={"host": "localhost"})
        client.force_login(account_of("first"), backend=BACKEND)
        session = client.session
        session["demo_sign_in"] = True
        session["opened"] = {"1": 1e12}
        session.save()
        monkeypatch.setattr(psycopg.Cursor, "execute", count)

        def page(path: str) -> int:
            counted[0] = 0
            answer = client.get(path)
            assert answer.status_code == 200, answer.content.decode()
            return counted[0]

        yield page
        monkeypatch.undo()
        connections.close_all()
    given.update(before)


PAGES = (
    *("/console/", "/console/persons?q=测试甲", "/console/person/1"),
    *("/console/institutions", "/console/institution/H1", "/console/day", "/console/rulebooks"),
)


def test_pages_ask_as_often_for_many_rows(office: Office, asked: Callable[[str], int]) -> None:
    office.owner.execute("update person set name = '测试甲' where id = 4")
    office.bill("C0", 10_000)
    few = {page: asked(page) for page in (*PAGES, *PAGES)}
    office.owner.execute("update person set name = '测试甲' where id > 3")
    for number in range(1, 6):
        office.bill(f"C{number}", 10_000)
    for number in range(2, 9):
        office.owner.execute(
            "insert into institution (code, area, name, kind) values (%s, '532300', %s, 'clinic')",
            [f"H{number}", f"测试诊所{number}"],
        )
    many = {page: asked(page) for page in PAGES}
    assert many == few
    assert max(many.values()) < 40, many
