"""Whoever else works on the machine gets nothing of the embedded database, nor of what is kept."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from gongji.backup import backup, restore
from gongji.backup.chains import chains
from gongji.platform import embedded_server, programs
from gongji.platform.database import LOGINS
from gongji.platform.embedded_server import EmbeddedServer, postmaster
from gongji.refusals import Fault, Refusal

ROOT = os.geteuid() == 0
AS_NOBODY = """
import socket, sys
for what in (lambda: socket.socket(socket.AF_UNIX).connect(sys.argv[1]), lambda: open(sys.argv[2])):
    try:
        what()
        print("in")
    except PermissionError:
        print("out")
"""
STARTS = """
import sys
from pathlib import Path
import psycopg
from gongji.platform.embedded_server import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]), keep=False)
server.begin()
print(psycopg.connect(server.address()).execute("select 1").fetchone())
server.end()
"""


@pytest.fixture(scope="module")
def room() -> Iterator[Path]:
    """A folder that others may pass through."""
    folder = Path(tempfile.mkdtemp(prefix="gongji-l-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def running(room: Path) -> Iterator[EmbeddedServer]:
    """A server in a folder with a blank and Chinese characters."""
    made = EmbeddedServer(room / "共济 数据" / "postgresql", keep=False)
    made.begin()
    yield made
    made.end()
    assert not made.is_running()


@pytest.fixture
def place(room: Path) -> Iterator[Callable[[str], EmbeddedServer]]:
    """Makes servers, and stops them again."""
    made: list[EmbeddedServer] = []

    def make(name: str) -> EmbeddedServer:
        made.append(EmbeddedServer(room / name / "postgresql", keep=False))
        return made[-1]

    yield make
    for server in made:
        server.end()
        assert not server.is_running()


def answers(address: str) -> bool:
    with psycopg.connect(address) as connection:
        return connection.execute("select 1").fetchone() == (1,)


def test_nobody_signs_in_without_a_password_not_even_the_owner(running: EmbeddedServer) -> None:
    assert answers(running.address())
    bare = {"host": str(running.socket), "dbname": "postgres", "passfile": "/dev/null"}
    for user in ("postgres", "pgserver", pwd.getpwuid(os.geteuid()).pw_name):
        for wrong in ({}, {"password": ""}, {"password": "postgres"}):
            with pytest.raises(psycopg.OperationalError):
                psycopg.connect("", **bare, user=user, **wrong).close()
    with psycopg.connect(running.address()) as connection:
        methods = connection.execute("select distinct auth_method from pg_hba_file_rules")
        assert methods.fetchall() == [("scram-sha-256",)]
        assert connection.execute("show listen_addresses").fetchone() == ("",)


def test_a_login_knows_its_own_password_and_no_other(running: EmbeddedServer) -> None:
    words = {running.login_password(f"gongji_{name}") for name in LOGINS}
    assert len(words) == 4 and conninfo_to_dict(running.address())["password"] not in words


def test_what_a_server_makes_is_open_to_its_user_only(running: EmbeddedServer, room: Path) -> None:
    assert room.stat().st_mode & 0o777 == 0o755
    # Under root the server's own user, and nobody else, passes through.
    assert running.home.stat().st_mode & 0o077 == (0o010 if ROOT else 0)
    for path in running.home.rglob("*"):
        # A socket is reached through its folder only.
        group = 0o010 if ROOT and path == running.socket else 0
        assert path.is_socket() or path.stat().st_mode & 0o077 == group, path
    if ROOT:
        group = pwd.getpwnam(programs.SERVER_USER).pw_gid
        assert running.home.stat().st_gid == group
        number = postmaster(running.folder)
        process = psutil.Process(number)
        assert 0 not in (*process.uids(), *process.gids())


@pytest.mark.skipif(not ROOT, reason="needs another user")
@pytest.mark.usefixtures("open_python")
def test_another_user_gets_neither_to_the_socket_nor_to_a_file(running: EmbeddedServer) -> None:
    targets = (running.socket / embedded_server.SOCKET, running.folder / "PG_VERSION")
    said = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, *map(str, targets)],
        user="nobody",
        group=pwd.getpwnam("nobody").pw_gid,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        text=True,
    )
    assert said.stdout.split() == ["out", "out"], said.stderr


@pytest.mark.skipif(not ROOT, reason="needs another user")
@pytest.mark.usefixtures("open_python")
def test_another_user_of_the_machine_has_a_server_of_their_own(
    running: EmbeddedServer, room: Path
) -> None:
    nobody = pwd.getpwnam("nobody")
    home = room / "theirs"
    home.mkdir(mode=0o700)
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    said = subprocess.run(
        [sys.executable, "-c", STARTS, str(home / "postgresql")],
        user="nobody",
        group=nobody.pw_gid,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        text=True,
        env={**os.environ, "HOME": str(home), "TMPDIR": str(home)},
    )
    assert (said.returncode, said.stdout) == (0, "(1,)\n"), said.stderr
    assert running.is_running()


def test_a_path_that_cannot_be_used_is_refused_with_a_sentence(room: Path) -> None:
    long = room / ("长" * 30)
    with pytest.raises(Fault, match="长出 .* 字节"):
        EmbeddedServer(long / "postgresql", keep=False).begin()
    for name in ('a"b', "a'b", "a`b", "a$b", "a,b"):
        with pytest.raises(Fault, match="另选 GONGJI_DATA"):
            EmbeddedServer(room / name / "postgresql", keep=False).begin()
        assert not (room / name).exists()
    assert not long.exists()
    # As long as it may be, it is used.
    most = embedded_server.LONGEST_SOCKET - len(f"{room}//socket/{embedded_server.SOCKET}")
    EmbeddedServer(room / ("a" * most) / "postgresql", keep=False)._check_path()
    with pytest.raises(Fault, match="长出 1 字节"):
        EmbeddedServer(room / ("a" * (most + 1)) / "postgresql", keep=False)._check_path()


@pytest.mark.skipif(not ROOT, reason="of root")
def test_a_parent_that_the_servers_user_cannot_enter_is_named_and_left(room: Path) -> None:
    shut = room / "shut"
    shut.mkdir(mode=0o700)
    with pytest.raises(Fault, match=f"进不了 {shut}"):
        EmbeddedServer(shut / "data" / "postgresql", keep=False).begin()
    assert shut.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_stood_open_is_shut_and_a_shared_one_is_left(
    place: Callable[[str], EmbeddedServer], room: Path
) -> None:
    server = place("open")
    for folder in (server.home, server.folder, server.socket):
        folder.mkdir()
        folder.chmod(0o777)
    server._make_home()
    assert server.home.stat().st_mode & 0o067 == 0
    assert server.folder.stat().st_mode & 0o077 == server.socket.stat().st_mode & 0o067 == 0
    # Where others' files are too, only what is the server's own is shut.
    shared = place("shared")
    shared.home.mkdir()
    shared.home.chmod(0o755)
    (shared.home / "of somebody else").touch()
    shared._make_home()
    assert shared.home.stat().st_mode & 0o777 == 0o755
    assert shared.folder.stat().st_mode & 0o077 == 0


def trusting(server: EmbeddedServer) -> None:
    """A data folder as it was made before: whoever comes is trusted."""
    server._make_home()
    arguments = ("--auth=trust", "-U", "postgres", "-E", "utf8", "--no-sync", "-D")
    programs.run("initdb", *arguments, str(server.folder), as_server=True)


def test_a_folder_that_trusted_everybody_trusts_nobody_any_more(
    place: Callable[[str], EmbeddedServer],
) -> None:
    server = place("old")
    trusting(server)
    server.begin()
    assert answers(server.address())
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(make_conninfo(server.address(), password="x")).close()


def test_what_a_killed_server_left_stops_no_start(
    place: Callable[[str], EmbeddedServer],
) -> None:
    server = place("killed")
    server.begin()
    number = postmaster(server.folder)
    assert number
    psutil.Process(number).kill()
    note = server.folder / "postmaster.pid"
    psutil.wait_procs([psutil.Process(number)] if psutil.pid_exists(number) else [], 5)
    # Its number is by now another process's of the same user, or a zombie's.
    lines = note.read_text().splitlines()
    for other in (os.getpid(), number):
        note.write_text("\n".join([str(other), *lines[1:]]))
        assert not server.is_running()
        server.revive()
        assert answers(server.address())
        server.stop()


def test_another_password_in_a_restored_folder_is_replaced(
    place: Callable[[str], EmbeddedServer],
) -> None:
    server = place("restored")
    server.begin()
    server.stop()
    (server.home / "keys" / "database").write_text("another")
    server.revive()
    assert answers(server.address())
    assert conninfo_to_dict(server.address())["password"] == "another"


def test_the_last_who_uses_it_stops_it_and_no_other(running: EmbeddedServer) -> None:
    second = EmbeddedServer(running.folder, keep=False)
    second.begin()
    second.end()
    assert running.is_running() and answers(running.address())


def test_a_folder_in_use_is_not_restored_over(
    running: EmbeddedServer, room: Path, tmp_path: Path
) -> None:
    backup.take(tmp_path / "backups", running.address(), datetime.now(UTC))
    for name in ("", "a server that has just died"):
        if name:
            running.stop()
        with pytest.raises(Refusal) as refused:
            restore.restore(tmp_path / "backups", running.folder, datetime.now(UTC))
        assert refused.value.code == "server_running"
    running.revive()


def test_no_password_is_told_to_whoever_lists_processes(
    running: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[list[str]] = []
    run = subprocess.run
    monkeypatch.setattr(
        subprocess, "run", lambda given, **more: (told.append(given), run(given, **more))[1]
    )
    address = running.address()
    password = str(conninfo_to_dict(address)["password"])
    backup.take(tmp_path / "backups", address, datetime.now(UTC))
    backup.take(tmp_path / "backups", address, datetime.now(UTC))
    backup.dump(tmp_path / "dump", address)
    assert (tmp_path / "dump").stat().st_mode & 0o077 == 0
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("create database another")
    restore.load(tmp_path / "dump", running.address("another"))
    (chain,) = chains(tmp_path / "backups")
    process = backup.follow(chain, address)
    told.append(psutil.Process(process.pid).cmdline())
    process.terminate()
    process.wait()
    names = {Path(words[0]).name for words in told}
    assert names == {"pg_basebackup", "pg_receivewal", "pg_dump", "pg_restore"}
    assert not any(password in word for words in told for word in words)


def test_programs_learn_no_setting_and_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GONGJI_IDENTITY_KEY", "secret")
    monkeypatch.setenv("DATABASE_URL", "secret")
    monkeypatch.setenv("PGSSLROOTCERT", "/ca")
    assert "secret" not in programs.surroundings().values()
    assert programs.surroundings("word")["PGPASSWORD"] == "word"
    assert programs.surroundings()["PGSSLROOTCERT"] == "/ca"
    assert "PGSSLROOTCERT" not in programs.surroundings(as_server=True)
