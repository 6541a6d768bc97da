"""A data folder has one service; a part that dies or hangs leaves the others their work."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from tests.databases import forget
from tests.platform.gateways import KEYS
from tests.platform.test_accepting import _hello
from tests.platform.test_service_parts import StandIn, await_, ended, serve, started, watched

from gongji.platform.environment import environment
from gongji.platform.identity import Identity
from gongji.refusals import Fault
from gongji.service import parts
from gongji.service.guarded_connections import GuardedProtocol, PagesProtocol
from gongji.service.parts import METRICS, PULSE, ServicePart, hold, make_service
from gongji.service.pulse import TICKS, tell

PULSING = """
import os, time
print(flush=True)
while True:
    os.write(int(os.environ["GONGJI_PULSE"]), b".")
    time.sleep(0.02)
"""


@pytest.fixture
def own(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DATABASE_URL", database)
    forget()
    yield
    monkeypatch.undo()
    forget()


def test_a_second_service_of_a_folder_is_refused_and_touches_nothing(
    database: str, tmp_path: Path
) -> None:
    counters = tmp_path / "metrics"
    counters.mkdir()
    held = hold(counters)
    (counters / "counter_1.db").touch()
    log = tmp_path / "log"
    assert ended(serve(log, GONGJI_DATA=str(tmp_path), DATABASE_URL=database)) == 3
    assert f"数据目录 {tmp_path} 已有 gongji serve 在运行" in log.read_text()
    assert (counters / "counter_1.db").exists()
    held.release()
    hold.cache_clear()


def test_a_service_that_finds_its_port_taken_leaves_the_counters(
    own: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GONGJI_DATA", str(tmp_path))
    kept = tmp_path / "metrics" / "counter_1.db"
    kept.parent.mkdir()
    kept.touch()
    with parts.listen("127.0.0.1", 0) as made:
        monkeypatch.setenv("GONGJI_PORT", str(made.getsockname()[1]))
        forget()
        with pytest.raises(Fault, match="无法监听"):
            make_service(environment(), print)
    assert kept.exists() and METRICS


def test_quick_deaths_of_a_part_that_is_not_needed_end_nobody_else(
    own: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "QUICK", 3600)
    monkeypatch.setattr(parts, "MOST_DEATHS", 0)
    jobs = StandIn("作业", ["print(flush=True); raise SystemExit(7)"], needed=False)
    door = StandIn("接口", ["import time; print(flush=True); time.sleep(600)"])
    service, said = started(jobs, door)
    first = door.process
    with watched(service):
        await_(lambda: len(said) > 2)
        # While one waits for its next start, the other is looked after.
        assert door.process is first and first and first.poll() is None
        door.started -= 7200
        first.kill()
        await_(lambda: door.process is not first)
    assert not any("反复退出" in one for one in said)


def test_the_parts_that_the_service_can_do_without_are_the_pages_and_the_jobs(
    own: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GONGJI_PORT", "GONGJI_PAGES_PORT", "GONGJI_CONSOLE_PORT"):
        monkeypatch.setenv(name, "0")
    monkeypatch.setenv("GONGJI_DATA", str(tmp_path))
    forget()
    service, _ = make_service(environment(), print)
    assert [part.needed for part in service.parts] == [True, True, False, False, False]
    for made in service.sockets:
        made.close()


def test_a_part_that_hangs_is_replaced(own: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "HUNG", 1)
    real = subprocess.Popen
    monkeypatch.setattr(
        subprocess,
        "Popen",
        lambda words, **more: real([sys.executable, "-c", PULSING], **more),
    )
    part = ServicePart("接口", ["gateway"])
    service, said = parts.Service([part], []), []  # type: ignore[arg-type, var-annotated]
    service.say = said.append
    service.start()
    first = part.process
    assert first
    with watched(service):
        await_(lambda: part.lived)
        os.kill(first.pid, signal.SIGSTOP)
        await_(lambda: part.process is not first)
        assert said[0] == "接口 没有响应，结束并重新启动"
        await_(lambda: part.lived)
    assert first.poll() == -signal.SIGKILL


def test_a_part_that_never_said_that_it_lives_is_not_taken_to_hang(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parts, "HUNG", 0)
    part = ServicePart("作业", [])
    assert not part.hangs()
    part.pulse, told = os.pipe()
    os.set_blocking(part.pulse, False)
    assert not part.hangs()
    os.write(told, b".")
    part.hangs()
    time.sleep(0.01)
    assert part.hangs()
    os.close(told)


def test_a_pulse_is_told_once_a_second_and_never_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    read, told = os.pipe()
    os.set_blocking(told, False)
    monkeypatch.setenv(PULSE, str(told))
    for tick in range(1, 2 * TICKS + 1):
        tell(tick)
    assert os.read(read, 100) == b".."
    for _ in range(1 << 17):
        tell(0)
    os.close(read)
    tell(0)
    os.close(told)


def test_keys_of_another_database_are_refused(
    database: str, county: object, tmp_path: Path
) -> None:
    # The county's numbers were written by other keys than this demonstration makes.
    log = tmp_path / "log"
    assert ended(serve(log, GONGJI_DATA=str(tmp_path), DATABASE_URL=database)) == 3
    assert "GONGJI_IDENTITY_KEY" in log.read_text()


def test_a_lookup_key_of_another_database_is_refused(owner: object, county: object) -> None:
    Identity(**KEYS).check(owner)  # type: ignore[arg-type]
    with pytest.raises(Fault, match="GONGJI_LOOKUP_KEY"):
        Identity(KEYS["identity_key"], b"x" * 32).check(owner)  # type: ignore[arg-type]
    with pytest.raises(Fault, match="GONGJI_IDENTITY_KEY"):
        Identity(b"x" * 32, KEYS["lookup_key"]).check(owner)  # type: ignore[arg-type]


# Connections that somebody holds open.


class Strict(PagesProtocol):
    idle_seconds = header_seconds = body_seconds = 0.3
    header_bytes, body_bytes, peer_connections = 2000, 3000, 3


class Hasty(Strict):
    """The headers are waited for shorter than the first byte."""

    idle_seconds = 60.0


class Longer(Strict):
    """The headers are waited for longer than the first byte."""

    idle_seconds, header_seconds = 0.2, 0.8


@contextlib.contextmanager
def doored(protocol: type[Strict]) -> Iterator[tuple[str, int]]:
    """The address of a server with a protocol."""
    config = uvicorn.Config(
        _hello,
        host="127.0.0.1",
        port=0,
        http=protocol,
        log_config=None,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    await_(lambda: server.started)
    try:
        yield server.servers[0].sockets[0].getsockname()
    finally:
        server.should_exit = True
        thread.join()
    assert not GuardedProtocol._peers


@pytest.fixture
def door() -> Iterator[tuple[str, int]]:
    with doored(Strict) as address:
        yield address


def said(address: tuple[str, int], sent: bytes) -> bytes:
    """What a connection is told until it ends."""
    with socket.create_connection(address, timeout=20) as made:
        for at in range(0, len(sent), 1000):
            made.sendall(sent[at : at + 1000])
            time.sleep(0.02)
        told = b""
        try:
            while part := made.recv(1000):
                told += part
        except ConnectionResetError:
            pass
        return told


HEAD = b"POST / HTTP/1.1\r\nhost: x\r\n"


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (b"", b""),
        (b"POST / HT", b"HTTP/1.1 408"),
        (HEAD + b"content-length: 9\r\n\r\nx", b"HTTP/1.1 200"),
        (HEAD + b"x: " + b"y" * 3000, b"HTTP/1.1 431"),
    ],
)
def test_whoever_holds_a_connection_open_for_nothing_loses_it(
    door: tuple[str, int], sent: bytes, told: bytes
) -> None:
    begun = time.monotonic()
    assert said(door, sent).startswith(told)
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize("protocol", [Hasty, Longer])
def test_each_wait_ends_at_its_own_time_whatever_was_waited_for_before(
    protocol: type[Strict],
) -> None:
    with doored(protocol) as address:
        begun = time.monotonic()
        assert said(address, b"POST / HT").startswith(b"HTTP/1.1 408")
        assert protocol.header_seconds - 0.1 < time.monotonic() - begun < 10


def test_a_body_without_an_end_is_cut_off(door: tuple[str, int]) -> None:
    with socket.create_connection(door, timeout=20) as made:
        made.sendall(HEAD + b"content-length: 99999999\r\n\r\n")
        with pytest.raises(OSError):
            for _ in range(1000):
                made.sendall(b"x" * 10_000)
                time.sleep(0.001)


def test_an_address_has_so_many_connections_and_no_more(door: tuple[str, int]) -> None:
    kept = [socket.create_connection(door, timeout=20) for _ in range(3)]
    await_(lambda: GuardedProtocol._peers["127.0.0.1"] == 3)
    answer = b""
    with (
        socket.create_connection(door, timeout=20) as fourth,
        contextlib.suppress(ConnectionError),
    ):
        # An idle one would be closed too, in a while: this one asks, and is not answered.
        fourth.sendall(HEAD + b"content-length: 0\r\n\r\n")
        answer = fourth.recv(1000)
    assert answer == b""
    for one in kept:
        one.close()
    await_(lambda: not GuardedProtocol._peers)
    assert said(door, HEAD + b"connection: close\r\ncontent-length: 0\r\n\r\n").endswith(b"hello")


def test_a_connection_that_is_used_is_kept(door: tuple[str, int]) -> None:
    with socket.create_connection(door, timeout=20) as made:
        for _ in range(4):
            made.sendall(HEAD + b"content-length: 2\r\n\r\nxy")
            answer = b""
            while not answer.endswith(b"hello"):
                answer += made.recv(1000)
            time.sleep(0.2)
