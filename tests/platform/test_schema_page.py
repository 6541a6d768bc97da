"""The page of the tables is what the database is."""

from typing import Any

import psycopg

import schema_page

Connection = psycopg.Connection[Any]


def test_the_page_of_the_tables_is_current(owner: Connection) -> None:
    assert schema_page.PAGE.read_text(encoding="utf-8") == schema_page.page(owner), "make schema"
    assert schema_page.PICTURE.exists()


def test_every_table_of_ours_is_a_room_s(owner: Connection) -> None:
    tables = {name for name, _ in owner.execute(schema_page.TABLES)}
    ours = {name for name in tables if not name.startswith(schema_page.FOREIGN)}
    assert ours == set(schema_page.rooms()) & tables
    assert len(ours) > 50
