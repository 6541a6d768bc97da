"""The console as a process of its own, by its own login, on an area with staff in every post."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from tests import databases
from tests.console.office import Office
from tests.console.visitor import Visitor
from tests.portal.browser import Watched, watched
from tests.portal.conftest import chromium as chromium
from tests.portal.conftest import screenshots as screenshots

CONSOLE = "-c role=gongji_console -c timezone=UTC"
SCREEN = {"width": 1366, "height": 768}
Enter = Callable[[str], Visitor]


@contextmanager
def console_process(address: str, **more: str) -> Iterator[str]:
    """The console on a database, as `gongji serve` starts it: its address."""
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        made.listen(64)
        made.set_inheritable(True)
        own = {"DATABASE_URL": make_conninfo(address, options=CONSOLE)} | more
        process = subprocess.Popen(
            [sys.executable, "-m", "gongji.service.processes", "console", str(made.fileno())],
            pass_fds=[made.fileno()],
            env=os.environ | own,
        )
        where = f"http://127.0.0.1:{made.getsockname()[1]}"
        try:
            _wait(process, where)
            yield where
        finally:
            process.terminate()
            process.wait(timeout=20)


def _wait(process: "subprocess.Popen[bytes]", where: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        assert process.poll() is None and time.monotonic() < deadline, "the console did not start"
        try:
            httpx.get(f"{where}/console/accounts/login/", timeout=30)
            return
        except httpx.TransportError:
            time.sleep(0.1)


@pytest.fixture(scope="session")
def console_database(server: str) -> Iterator[str]:
    """The owner's address of the database of these tests, which share it."""
    with databases.copy(server) as made:
        yield made


@pytest.fixture(scope="session")
def office(console_database: str) -> Iterator[Office]:
    """The area with its staff, persons, a hospital and a pharmacy."""
    with (
        psycopg.connect(console_database, autocommit=True) as owner,
        psycopg.connect(console_database, autocommit=True, options=CONSOLE) as by,
    ):
        yield Office(owner, by)


@pytest.fixture(scope="session")
def console(office: Office, console_database: str) -> Iterator[str]:
    """The address of the console."""
    with console_process(console_database) as made:
        yield made


SignIn = Callable[[str], Watched]


def elevate(window: Watched) -> None:
    """Take up rights on a page whose acts need them."""
    window.page.fill("#elevation-reason", "测试需要")
    window.page.click("#elevation button.go")
    window.page.wait_for_selector("#elevation mark")


@pytest.fixture
def signed_in(console: str, chromium: Any) -> Iterator[SignIn]:
    """Opens a window of a member of staff, by the button of a demonstration."""
    opened = []

    def enter(subject: str) -> Watched:
        manager = watched(chromium, console, SCREEN)
        made = manager.__enter__()
        opened.append((manager, made))
        made.page.set_default_timeout(15_000)
        made.goto("/console/accounts/login/")
        made.page.click(f"button[name=subject][value={subject}]")
        made.page.wait_for_url("**/console/")
        return made

    yield enter
    for manager, made in opened:
        # A refusal is a page of its own, which the browser tells of as a failed load.
        made.complaints[:] = [one for one in made.complaints if "status of 422" not in one]
        manager.__exit__(None, None, None)


@pytest.fixture
def enter(console: str) -> Iterator[Enter]:
    """Signs members of staff in, each without a browser."""
    with ExitStack() as closing:

        def entered(subject: str) -> Visitor:
            visitor = Visitor(console)
            closing.callback(visitor.client.close)
            return visitor.enter(subject)

        yield entered
