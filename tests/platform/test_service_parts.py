"""The parts of a service: where the database is, who dies and is started anew, who is stopped."""

import contextlib
import os
import pwd
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from tests.databases import forget

from gongji.law.checks.library import Library
from gongji.platform import database as where
from gongji.platform import installation
from gongji.platform.environment import environment
from gongji.refusals import Fault
from gongji.service import parts, ready
from gongji.service.ordinary_user import NAME
from gongji.service.parts import Service, ServicePart, listen, make_service

COMMAND = "from gongji.cli.main import main; main()"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Tells this process other settings, for a test."""

    def tell(**settings: str) -> None:
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        forget()

    yield tell
    monkeypatch.undo()
    forget()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the server's own user may enter."""
    with tempfile.TemporaryDirectory(prefix="gongji-p-") as made:
        yield Path(made)


def await_(what: Callable[[], object], seconds: float = 60) -> None:
    """Wait for something to be so."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)


def kill_server(data: Path) -> int:
    """As if the system had killed the database."""
    number = int((data / "postgresql" / "postmaster.pid").read_text().split()[0])
    process = psutil.Process(number)
    process.kill()
    await_(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE)
    return number


def test_an_embedded_server_that_was_killed_is_started_again(
    told: Callable[..., None], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(GONGJI_DATA=str(folder), DATABASE_URL="", GONGJI_DEMO="1")
    dsn = where.owner_dsn()
    assert conninfo_to_dict(dsn)["dbname"] == "gongji" and where.owner_dsn() is dsn
    assert where.revive() == ""
    with installation.owner_connection() as connection:
        connection.execute("create table kept (n integer)")
        assert connection.autocommit
    kill_server(folder)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(dsn)
    # As long as it cannot start this is said, and it is tried again.
    control = folder / "postgresql" / "global" / "pg_control"
    away = control.rename(control.with_name("away"))
    await_(lambda: "现在无法重新启动" in where.revive())
    assert "现在无法重新启动" in where.revive()
    away.rename(control)
    assert where.revive() == "数据库异常退出，已重新启动"
    assert where.revive() == ""
    with installation.owner_connection() as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (0,)
    # Another process finds the database that is there already.
    forget()
    assert where.owner_dsn() == dsn
    where.end_own_server()


def test_a_server_elsewhere_is_nobody_elses_to_revive(
    told: Callable[..., None], folder: Path
) -> None:
    told(GONGJI_DEMO="1", GONGJI_DATA=str(folder), DATABASE_URL="host=/nowhere dbname=none")
    assert where.revive() == ""
    assert where.owner_dsn() == "host=/nowhere dbname=none"
    assert where._own_server.cache_info().currsize == 0


def test_the_gateways_act_as_their_role_whoever_logs_in(
    told: Callable[..., None], database: str
) -> None:
    told(DATABASE_URL=database, GONGJI_GATEWAY_DATABASE_URL="")
    shown = "select current_user, session_user, current_setting('timezone')"
    with psycopg.connect(where.owner_dsn()) as connection:
        owner, logged_in, _ = connection.execute(shown).fetchone() or ()
        assert owner == logged_in != "gongji_gateway"
    with psycopg.connect(where.login_dsn("gateway")) as connection:
        assert connection.execute(shown).fetchone() == ("gongji_gateway", owner, "UTC")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("delete from entry")
    own = make_conninfo(database, options="-c search_path=public -c timezone=Asia/Shanghai")
    told(GONGJI_GATEWAY_DATABASE_URL=own)
    with psycopg.connect(where.login_dsn("gateway")) as connection:
        assert connection.execute(shown).fetchone() == ("gongji_gateway", owner, "UTC")
        assert connection.execute("show search_path").fetchone() == ("public",)


def test_django_reaches_what_the_owner_reaches(told: Callable[..., None]) -> None:
    told(DATABASE_URL="postgresql://me:word@db.test:6543/name?options=-c%20search_path%3Dx")
    found = where.django_database()
    assert {name: found[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")} == {
        "NAME": "name",
        "USER": "me",
        "PASSWORD": "word",
        "HOST": "db.test",
        "PORT": "6543",
    }
    assert found["OPTIONS"] == {"options": "-c search_path=x"}
    told(DATABASE_URL="dbname=name")
    assert where.django_database()["OPTIONS"] == {}


def test_a_server_that_is_too_old_is_refused(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert where.OLDEST == 150000
    with psycopg.connect(database) as connection:
        version = connection.info.server_version
        monkeypatch.setattr(where, "OLDEST", version)
        where.check_server(connection)
        monkeypatch.setattr(where, "OLDEST", version + 1)
        with pytest.raises(Fault, match="版本过低"):
            where.check_server(connection)


class Gateway(BaseHTTPRequestHandler):
    """Not ready at first, then ready."""

    answers: list[int] = []

    def do_GET(self) -> None:
        """The answer that is next."""
        assert self.path == "/ready"
        self.send_response(self.answers.pop(0))
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Nothing."""


def test_a_gateway_is_waited_for_until_it_says_that_it_is_ready() -> None:
    with HTTPServer(("127.0.0.1", 0), Gateway) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        Gateway.answers = [503, 503, 200]
        ready.wait_until_ready(address)
        assert Gateway.answers == []
        Gateway.answers = [503] * 100
        with pytest.raises(Fault, match="没有就绪"):
            ready.wait_until_ready(address, 0.3)
        server.shutdown()
    with pytest.raises(Fault, match="没有就绪"):
        ready.wait_until_ready(address, 0.3)


def test_a_port_that_is_taken_is_told_and_one_of_either_family_is_listened_on() -> None:
    with listen("127.0.0.1", 0) as made:
        number = made.getsockname()[1]
        assert made.get_inheritable()
        assert made.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        with pytest.raises(Fault, match=f"127.0.0.1:{number}.*GONGJI_PORT"):
            listen("127.0.0.1", number)
        socket.create_connection(("127.0.0.1", number), timeout=5).close()
    with contextlib.suppress(Fault), listen("::1", 0) as made:
        assert made.family == socket.AF_INET6


def test_a_service_has_its_parts_and_none_of_the_last_ones_counters(
    told: Callable[..., None], tmp_path: Path
) -> None:
    counters = tmp_path / "metrics"
    counters.mkdir()
    (counters / "counter_1.db").touch()
    for gateways, count in (("0", 1), ("1", 1), ("3", 3)):
        told(
            GONGJI_DATA=str(tmp_path),
            GONGJI_DEMO="1",
            GONGJI_GATEWAYS=gateways,
            GONGJI_PORT="0",
            GONGJI_PAGES_PORT="0",
            GONGJI_CONSOLE_PORT="0",
            GONGJI_HOST="127.0.0.1",
        )
        service, addresses = make_service(environment(), print)
        gateway, pages, console = service.sockets
        names = [part.name for part in service.parts]
        assert names == [*(f"接口 {n + 1}" for n in range(count)), "页面", "经办", "后台作业"]
        assert [part.sockets for part in service.parts] == [
            *[(gateway.fileno(),)] * count,
            (pages.fileno(),),
            (console.fileno(),),
            (),
        ]
        assert addresses == {
            "gateway": f"http://127.0.0.1:{gateway.getsockname()[1]}",
            "pages": f"http://127.0.0.1:{pages.getsockname()[1]}",
            "console": f"http://127.0.0.1:{console.getsockname()[1]}",
        }
        assert list(counters.iterdir()) == []
        for made in service.sockets:
            made.close()


@dataclass
class StandIn(ServicePart):
    """A part that does what its words say, in the place of a gateway."""

    def start(self) -> None:
        self.started = time.monotonic()
        made = subprocess.Popen(
            [sys.executable, "-c", *self.arguments],
            start_new_session=True,
            stdout=subprocess.PIPE,
        )
        # It has begun once it has written a line.
        assert made.stdout and made.stdout.readline()
        made.stdout.close()
        self.process = made


WAITS = "import time; print(flush=True); time.sleep(600)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + WAITS


def started(*parts: StandIn) -> tuple[Service, list[str]]:
    said: list[str] = []
    service = Service(list(parts), said.append)
    service.start()
    return service, said


@contextlib.contextmanager
def watched(service: Service) -> Iterator[None]:
    thread = threading.Thread(target=service.watch)
    thread.start()
    yield
    service.stop()
    thread.join(30)
    assert not thread.is_alive()


def test_what_dies_is_started_anew_and_the_others_are_left_alone(
    told: Callable[..., None], database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(DATABASE_URL=database)
    monkeypatch.setattr(parts, "QUICK", 600)
    one, other = StandIn("甲", [WAITS]), StandIn("乙", [WAITS])
    service, said = started(one, other)
    first, second = one.process, other.process
    assert first and second
    with watched(service):
        one.started -= 3600
        first.kill()
        await_(lambda: one.process is not first)
        assert said == ["甲 退出（代码 -9），重新启动"] and one.deaths == 0
        assert other.process is second and second.poll() is None
        # One that dies sooner than it should is started more slowly, and this is counted.
        again = one.process
        assert again
        again.kill()
        await_(lambda: one.process is not again)
        assert one.deaths == 1
    for part in (one, other):
        assert part.process and part.process.poll() is not None


@pytest.mark.parametrize(
    ("before", "worked", "over"), [(4, False, False), (5, False, True), (50, True, False)]
)
def test_a_part_that_never_worked_ends_the_service_at_its_sixth_death(
    told: Callable[..., None],
    database: str,
    monkeypatch: pytest.MonkeyPatch,
    before: int,
    worked: bool,
    over: bool,
) -> None:
    told(DATABASE_URL=database)
    monkeypatch.setattr(parts, "QUICK", 3600)
    dies = ["print(flush=True); raise SystemExit(7)"]
    part = StandIn("甲", dies, deaths=before, worked=worked)
    service, said = started(part)
    first = part.process
    assert first
    first.wait(30)
    if over:
        service.say = lambda text: setattr(service, "stopping", True)
        with pytest.raises(Fault, match="甲 反复退出（代码 7）"):
            service.watch()
        assert part.process is first
    else:
        part.arguments = [WAITS]
        with watched(service):
            await_(lambda: part.process is not first)
        assert said == ["甲 退出（代码 7），重新启动"] and part.deaths == before + 1


def test_who_does_not_stop_is_made_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PATIENCE", 0.5)
    tame, stubborn = StandIn("甲", [WAITS]), StandIn("乙", [STUBBORN])
    service, _ = started(tame, stubborn)
    service.parts.append(StandIn("丙", []))  # It was never started.
    assert tame.process and stubborn.process
    stopping = threading.Thread(target=service.stop)
    stopping.start()
    stopping.join(30)
    over = not stopping.is_alive()
    stubborn.process.kill()
    assert over and service.stopping
    assert (tame.process.returncode, stubborn.process.returncode) == (-15, -9)
    service.stop()


def test_nothing_is_watched_once_it_is_stopped() -> None:
    Service([ServicePart("甲", [])], print, stopping=True).watch()


# The service itself, as a process.


def serve(log: Path, *words: str, **settings: str) -> "subprocess.Popen[bytes]":
    bare = {name: value for name, value in os.environ.items() if not name.startswith("GONGJI_")}
    given = {"GONGJI_DEMO": "1", "DATABASE_URL": ""}
    given |= dict.fromkeys(("GONGJI_PORT", "GONGJI_PAGES_PORT", "GONGJI_CONSOLE_PORT"), "0")
    with log.open("wb") as file:
        return subprocess.Popen(
            [sys.executable, "-c", COMMAND, "serve", *words],
            env=bare | given | settings,
            stdout=file,
            stderr=file,
        )


def ended(process: "subprocess.Popen[bytes]") -> int:
    """How a service that should not run has ended; one that runs is stopped."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        return process.wait(60)
    process.send_signal(signal.SIGTERM)
    process.wait(60)
    raise AssertionError("it runs")


def children(process: "subprocess.Popen[bytes]", name: str = "") -> list[psutil.Process]:
    found = psutil.Process(process.pid).children()
    return [child for child in found if child.cmdline()[3:4] == [name] or not name]


def nobody_of_them_is_root(
    process: "subprocess.Popen[bytes]", parts: list[psutil.Process], log: Path
) -> None:
    """Root's service: the parent stays, its parts are an ordinary user and gain nothing back."""
    known = pwd.getpwnam(NAME)
    assert f"各服务进程以用户 {NAME} 运行" in log.read_text()
    assert psutil.Process(process.pid).uids().real == 0
    for part in parts:
        assert set(part.uids()) == {known.pw_uid} and set(part.gids()) == {known.pw_gid}
        held = Path(f"/proc/{part.pid}/status").read_text().splitlines()
        assert [line.split()[1] for line in held if line.startswith(("CapEff", "CapPrm"))] == [
            "0000000000000000",
            "0000000000000000",
        ]


@pytest.mark.slow
def test_a_service_outlives_its_database_and_its_gateways(folder: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = serve(log, GONGJI_DATA=str(folder), GONGJI_GATEWAYS="1", GONGJI_DAYS_BACK="9")
    try:
        await_(lambda: "接口 http://" in log.read_text() or process.poll() is not None, 120)
        assert process.poll() is None, log.read_text()
        address = log.read_text().split("接口 ")[1].split("（")[0]
        ready.wait_until_ready(address, 120)
        killed = kill_server(folder)
        await_(lambda: "数据库异常退出，已重新启动" in log.read_text())
        note = folder / "postgresql" / "postmaster.pid"
        assert int(note.read_text().split()[0]) != killed
        await_(lambda: httpx.get(f"{address}/ready", timeout=30).status_code == 200)
        (gateway,) = children(process, "gateway")
        gateway.kill()
        await_(lambda: "接口 1 退出（代码 -9），重新启动" in log.read_text())
        # Whoever comes meanwhile waits in the queue of the same socket.
        assert httpx.get(f"{address}/health", timeout=60).json() == {"status": "ok"}
        parts = [*children(process, "gateway"), *children(process, "pages")]
        parts += [*children(process, "jobs"), *children(process, "console")]
        assert len(parts) == 4
        if os.geteuid() == 0:
            nobody_of_them_is_root(process, parts, log)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, log.read_text()
    assert log.read_text().endswith("已停止\n")
    assert not any(part.is_running() for part in parts)


@contextlib.contextmanager
def empty_database(server: str) -> Iterator[str]:
    name = f"gongji_empty_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'create database "{name}"')
        yield make_conninfo(server, dbname=name)
        connection.execute(f'drop database "{name}" with (force)')


@pytest.mark.slow
def test_tables_are_made_only_where_that_is_wanted(server: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with empty_database(server) as dsn, psycopg.connect(dsn, autocommit=True) as owner:
        tables = "select count(*) from pg_tables where schemaname = 'public'"
        own = {"GONGJI_DATA": str(tmp_path), "DATABASE_URL": dsn}
        assert ended(serve(log, "--no-migrate", **own)) == 3
        assert "数据库的表不是最新；请先运行 gongji serve --migrate-only" in log.read_text()
        assert owner.execute(tables).fetchone() == (0,)
        assert ended(serve(log, "--migrate-only", **own)) == 0
        *published, last = log.read_text().splitlines()
        assert last == "数据库的表已是最新" and len(published) == len(Library().areas())
        assert owner.execute("select count(*) from law_version").fetchone() == (len(published),)
        assert owner.execute("select to_regclass('nonce') is not null").fetchone() == (True,)
        assert owner.execute("select count(*) from entry").fetchone() == (0,)
        # Tables that are the newest are enough; what is wrong then is the figure of no parameter.
        assert ended(serve(log, "--no-migrate", GONGJI_PARAMETERS="430500:colour=1", **own)) == 1
        assert "colour" in log.read_text()


def test_a_taken_port_and_wrong_settings_are_told_and_nothing_is_started(
    database: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    own = {"GONGJI_DATA": str(tmp_path), "DATABASE_URL": database}
    with listen("127.0.0.1", 0) as made:
        taken = str(made.getsockname()[1])
        assert ended(serve(log, GONGJI_PORT=taken, **own)) == 3
        assert f"故障：无法监听 127.0.0.1:{taken}" in log.read_text()
    assert ended(serve(log, **own, GONGJI_GATEWAYS="two", GONGJI_LOG_LEVEL="LOUD")) == 2
    said = log.read_text()
    assert "文件有 2 处问题" in said and "GONGJI_GATEWAYS" in said and "GONGJI_LOG_LEVEL" in said


@pytest.mark.slow
def test_parts_end_with_a_service_that_was_killed(database: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = serve(log, GONGJI_DATA=str(tmp_path), DATABASE_URL=database, GONGJI_GATEWAYS="1")
    await_(lambda: "页面 http://" in log.read_text() or process.poll() is not None, 120)
    address = log.read_text().split("接口 ")[1].split("（")[0]
    ready.wait_until_ready(address, 120)
    parts = children(process)
    assert len(parts) == 4
    process.kill()
    process.wait(30)
    _, alive = psutil.wait_procs(parts, 30)
    for part in alive:
        part.kill()
    assert alive == []
