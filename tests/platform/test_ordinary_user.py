"""Whom the parts of a service become where root starts it, and where they stay root."""

import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gongji.platform import programs
from gongji.platform.environment import Environment
from gongji.refusals import Fault
from gongji.service import ordinary_user as ordinary
from gongji.service.ordinary_user import OrdinaryUser, ordinary_user

of_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
DROPPED = """
import os, sys
from gongji.service.ordinary_user import become
become(sys.argv[1])
print(*os.getresuid(), *os.getresgid(), *os.getgroups())
try:
    os.setuid(0)
except PermissionError:
    print("never again")
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """A data folder with its counters, which nobody but root enters."""
    with tempfile.TemporaryDirectory(prefix="gongji-u-") as made:
        (Path(made) / "metrics").mkdir(mode=0o700)
        yield Path(made)


def given(home: Path, **more: object) -> Environment:
    return Environment({"data": home, "database_url": "host=/x", "seals": None} | more)


@of_root
@pytest.mark.usefixtures("open_python")
def test_what_the_parts_write_is_theirs_and_nothing_else(home: Path) -> None:
    seals = home / "seals.jsonl"
    (home / "keys").mkdir(mode=0o700)
    user, said = ordinary_user(given(home, seals=seals))
    assert user and said == f"各服务进程以用户 {ordinary.NAME} 运行" and user.user != 0
    for path in (home / "metrics", seals):
        assert path.stat().st_uid == user.user and path.stat().st_mode & 0o077 == 0
    assert (home / "keys").stat().st_uid == 0
    # Its group passes through the data folder, and sees nothing of what is in it.
    found = home.stat()
    assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (0, 0o710)


@of_root
@pytest.mark.usefixtures("open_python")
def test_where_it_cannot_get_to_all_stays_roots_and_that_is_said(home: Path) -> None:
    shut = home / "shut"
    (shut / "own" / "metrics").mkdir(parents=True)
    shut.chmod(0o700)
    user, said = ordinary_user(given(shut / "own"))
    assert user is None and "仍以 root 运行" in said and str(home) in said
    assert stat.S_IMODE(shut.stat().st_mode) == 0o700, "no folder above is widened"
    assert (shut / "own" / "metrics").stat().st_uid == 0


@of_root
def test_where_no_user_can_be_made_that_is_said(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(name: str) -> str:
        raise Fault(f"无法建立用户 {name}")

    monkeypatch.setattr(programs, "system_user", refuse)
    user, said = ordinary_user(given(home))
    assert user is None and "无法建立用户" in said


@of_root
def test_who_became_ordinary_is_never_root_again() -> None:
    user = OrdinaryUser("nobody", 65534, 65533, (65532,))
    asked = [sys.executable, "-c", DROPPED, user.text]
    said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split("\n")
    assert said[:2] == ["65534 65534 65534 65533 65533 65533 65532", "never again"]


def test_who_is_ordinary_stays_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert ordinary_user(given(home)) == (None, "")
    ordinary.become("")
