"""A page asks the database as often for many rows as for few."""

import math

import pytest
from tests.console.office import Office
from tests.console.page_client import page_client

from gongji.platform import installation

PAGES = (
    *("/console/", "/console/persons?q=测试甲", "/console/person/1"),
    *("/console/institutions", "/console/institution/H1", "/console/day", "/console/rulebooks"),
)


def test_pages_ask_as_often_for_many_rows(
    office: Office, console_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A slow page looks for a newer law once more than a fast one.
    monkeypatch.setattr(installation, "LOOK_SECONDS", math.inf)
    with page_client(console_database, "first") as client:

        def asked(page: str) -> int:
            client.page(page)
            return client.statements

        names = office.owner.execute("select name, id from person").fetchall()
        office.owner.execute("update person set name = '测试甲' where id = 4")
        office.bill("C0", 10_000)
        few = {page: asked(page) for page in (*PAGES, *PAGES)}
        office.owner.execute("update person set name = '测试甲' where id > 3")
        for number in range(1, 6):
            office.bill(f"C{number}", 10_000)
        for number in range(2, 9):
            office.owner.execute(
                "insert into institution (code, area, name, kind)"
                " values (%s, '532300', %s, 'clinic')",
                [f"H{number}", f"测试诊所{number}"],
            )
        many = {page: asked(page) for page in PAGES}
        for name, person in names:
            office.owner.execute("update person set name = %s where id = %s", [name, person])
        assert many == few
        assert max(many.values()) < 40, many


def test_the_trail_of_any_days_is_a_page(office: Office, console_database: str) -> None:
    with page_client(console_database, "auditor") as client:
        for days in ("from=0001-01-01&to=9999-12-31", "from=9999-12-31&to=0001-01-01", "to=x"):
            client.page(f"/console/trail?{days}")
