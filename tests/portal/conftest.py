"""The pages on a real server with a real database: a made-up family of one area.

Django is configured once a process, so its database is pointed at these tests' own for their time.
"""

import os
import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from tests import databases
from tests.platform.counter import Counter

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--lang=zh-CN",
]  # fmt: skip
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


@dataclass(frozen=True)
class Family:
    """A person with settlements, a spouse with an account, and a stranger with a settlement."""

    person: str
    spouse: str
    stranger: str
    settled: int
    strangers: int


@pytest.fixture(scope="session")
def pages_database() -> Iterator[str]:
    """The owner's address of the database of the pages."""
    with databases.server() as address, databases.copy(address) as made:
        yield made


@pytest.fixture(scope="session")
def family(pages_database: str) -> Family:
    """People, settlements and a catalogue in the database of the pages."""
    from gongji.law.engine.areas import Areas
    from gongji.ledger.openings import OpeningBalance, enter
    from gongji.settlement.settle import settle

    rules = Areas()
    now = datetime.fromisoformat("2023-03-01T10:00:00+08:00")
    role = "-c role=gongji_door -c timezone=UTC"
    with psycopg.connect(pages_database, autocommit=True) as owner:
        counter = Counter(owner, "430500")
        persons = [counter.person(n) for n in (1, 2, 3)]
        for psn_no, name in zip(persons, ("测试·甲", "测试·乙", "测试·丙"), strict=True):
            owner.execute("update person set name = %s where psn_no = %s", [name, psn_no])
            counter.fact(psn_no, "account", "2023-01-01")
        opened = date(2023, 1, 1)
        openings = [OpeningBalance(p, "430500", opened, "account", 50_000) for p in persons]
        enter(owner, openings, rules.area, now)
        hospital = counter.institution(1, level="3")
        counter.fact(
            persons[0], "registration", "2023-01-01", key="M03900", benefit="chronic",
            disease="hypertension", name="高血压", state="approved",
        )  # fmt: skip
        bills = [
            counter.bill(persons[0], hospital, "2023-02-01", 80_000, own=5_000, accounts="own"),
            counter.bill(persons[2], hospital, "2023-02-02", 60_000),
        ]
        _catalogue(owner)
        with psycopg.connect(pages_database, options=role, autocommit=True) as door:
            outcomes = settle(door, bills, rules, now)
    numbers = [outcome.entry.id for outcome in outcomes]
    return Family(persons[0], persons[1], persons[2], *numbers)


def _catalogue(owner: psycopg.Connection[Any]) -> None:
    for item, grade, share in (("T001", "甲", None), ("T002", "乙", 100_000), ("T003", "丙", None)):
        owner.execute(
            "insert into item_version (area, item, name, list_type, charge_type, since, grade,"
            " first_self_pay_ppm, diseases) values ('430500', %s, %s, '101', '09', '2022-01-01',"
            " %s, %s, '{}')",
            [item, f"测试药{item}", grade, share],
        )


@pytest.fixture
def django_database(pages_database: str) -> Iterator[None]:
    """Django reads the database of the pages."""
    from django.core.cache import cache
    from django.db import connections

    given = connections.settings["default"]
    before = dict(given)
    parts = conninfo_to_dict(pages_database)
    connections.close_all()
    given.update(
        NAME=parts.get("dbname", ""), USER=parts.get("user", ""), HOST=parts.get("host", ""),
        PASSWORD=parts.get("password", ""), PORT=str(parts.get("port", "")), CONN_MAX_AGE=0,
    )  # fmt: skip
    cache.clear()
    yield
    connections.close_all()
    given.update(before)


@pytest.fixture
def client(django_database: None, family: Family) -> Any:
    """Django's own client, in Chinese."""
    from django.test import Client

    return Client(headers={"accept-language": "zh-CN", "host": "localhost"})


def sign_in(client: Any, psn_no: str) -> None:
    """Sign a person in by the code of the moment."""
    from gongji.portal.sign_in import code_of

    answer = client.post("/sign-in", {"psn_no": psn_no, "code": code_of(psn_no)})
    assert answer.status_code == 302, answer.content.decode()


@pytest.fixture(scope="session")
def served(pages_database: str) -> Iterator[str]:
    """The address of a server of the pages, in a thread of this process."""
    import uvicorn

    from gongji.service.asgi import application

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        settings = uvicorn.Config(
            application, port=0, log_config=None, access_log=False, lifespan="off", loop="asyncio"
        )
        server = uvicorn.Server(settings)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        deadline = time.monotonic() + 30
        while not server.started:
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.05)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
        server.should_exit = True
        thread.join(timeout=10)


@pytest.fixture
def address(served: str, django_database: None, family: Family) -> str:
    """The address of the pages, with the made-up family in their database."""
    return served


@pytest.fixture(scope="module")
def chromium(family: Family) -> Iterator[Any]:
    """Debian's Chromium."""
    if not CHROMIUM.exists():
        pytest.skip(f"no browser: {CHROMIUM} is not there (apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright keeps a loop in this thread, which Django would take for asynchronous code.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def screenshots() -> Path:
    """Where pictures of the pages go."""
    folder = Path(os.environ.get("GONGJI_SCREENSHOTS", "build/screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
