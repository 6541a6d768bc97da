"""The pages leave no connection to the database behind, however many requests come."""

import gc
import time
from collections.abc import Iterator
from typing import Any
from urllib.request import Request, urlopen

import psycopg
import pytest
from tests.portal.conftest import Family, sign_in


@pytest.fixture
def nothing_collected() -> Iterator[None]:
    """No cycle is taken away meanwhile: what stays open is seen."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def left_open(database: str) -> int:
    """Connections to the database, other than the one that asks."""
    with psycopg.connect(database, autocommit=True) as connection:
        found = connection.execute(
            "select count(*) from pg_stat_activity where datname = current_database()"
            " and pid <> pg_backend_pid()"
        ).fetchone()
    assert found
    return int(found[0])


@pytest.mark.usefixtures("nothing_collected")
def test_a_request_takes_its_connection_with_it(
    address: str, client: Any, family: Family, pages_database: str
) -> None:
    from django.db import connections

    sign_in(client, family.person)
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    connections.close_all()
    for _ in range(10):
        with urlopen(Request(f"{address}/me", headers={"Cookie": cookies})) as answer:
            assert "测试" in answer.read().decode()
    deadline = time.monotonic() + 10
    while (left := left_open(pages_database)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == 0
