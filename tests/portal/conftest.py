"""The pages on a real server with a real database: a made-up family of one area.

Django is configured once a process, so its database is pointed at these tests' own for their time.
"""

import os
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict
from tests import databases
from tests.portal import people
from tests.portal.people import Family

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=zh-CN",
]
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


@pytest.fixture(scope="session")
def portal(server: str) -> None:
    """Django is set up, for what needs no database."""


@pytest.fixture(scope="session")
def family_template(server: str) -> Iterator[tuple[str, Family]]:
    """The owner's address of the family's database, which nobody uses but to copy it."""
    with databases.copy(server) as made:
        yield made, people.settle_down(made)


@pytest.fixture(scope="session")
def family(family_template: tuple[str, Family]) -> Family:
    """The made-up family: the same numbers in every copy of its database."""
    return family_template[1]


@pytest.fixture(scope="session")
def shared_database(family_template: tuple[str, Family]) -> Iterator[str]:
    """The database of the tests that change nothing in it."""
    with people.copy_of(family_template[0]) as made:
        yield made


@pytest.fixture
def fresh_database(family_template: tuple[str, Family]) -> Iterator[str]:
    """A database of the test's own: who asks for it gets the pages on it."""
    with people.copy_of(family_template[0]) as made:
        yield made


@pytest.fixture
def pages_database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The owner's address of the database of the pages, as the family left it."""
    if "fresh_database" in request.fixturenames:
        yield str(request.getfixturevalue("fresh_database"))
        return
    address = str(request.getfixturevalue("shared_database"))
    before = people.facts_kept(address)
    yield address
    people.forget_visitors(address)
    assert people.facts_kept(address) == before, "this test needs `fresh_database`"


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
        NAME=parts.get("dbname", ""),
        USER=parts.get("user", ""),
        HOST=parts.get("host", ""),
        PASSWORD=parts.get("password", ""),
        PORT=str(parts.get("port", "")),
    )
    cache.clear()
    yield
    connections.close_all()
    given.update(before)


@pytest.fixture
def client(django_database: None, family: Family) -> Any:
    """Django's own client, in Chinese."""
    from django.test import Client

    return Client(headers={"accept-language": "zh-CN", "host": "localhost"})


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Stops the clock of the pages at an instant of UTC."""

    def stop(instant: str) -> None:
        now = datetime.fromisoformat(instant)

        class Stopped(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> Any:
                return now.astimezone(tz) if tz else now.replace(tzinfo=None)

        monkeypatch.setattr("django.utils.timezone.now", lambda: now)
        monkeypatch.setattr("gongji.portal.own_pages.datetime", Stopped)

    return stop


def sign_in(client: Any, psn_no: str) -> None:
    """Sign a person in by the code of the moment."""
    from gongji.portal.sign_in import code_of

    answer = client.post("/sign-in", {"psn_no": psn_no, "code": code_of(psn_no)})
    assert answer.status_code == 302, answer.content.decode()


@pytest.fixture(scope="session")
def served(family_template: tuple[str, Family]) -> Iterator[str]:
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
def chromium() -> Iterator[Any]:
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
