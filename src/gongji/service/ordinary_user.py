"""Whom the parts of a service become where root starts it: an ordinary user, who owns nothing.

The parent stays root, since only root starts the embedded database as its user; it listens, watches
and answers nobody. A part reads its settings and keys as root, and is ordinary before it takes the
first connection. Nothing above the data folder is widened: where the user cannot get to what it
needs, everything stays root's and that is said.
"""

import os
import pwd
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

import gongji
from gongji.platform import programs
from gongji.platform.environment import Environment
from gongji.refusals import Fault

NAME = "gongji"
BECOME = "GONGJI_BECOME"
"""The variable that tells a part whom to become."""
STAYS = "各服务进程仍以 root 运行：{why}；生产环境请以普通用户启动（见 docs/operate/deployment.md）"


@dataclass(frozen=True)
class OrdinaryUser:
    """A user of the system, with the groups by which it gets to the embedded database."""

    name: str
    user: int
    group: int
    groups: tuple[int, ...]

    @property
    def text(self) -> str:
        """How a part is told."""
        return " ".join(map(str, (self.user, self.group, *self.groups)))

    def owns(self, path: Path) -> None:
        """Give a file or folder to this user."""
        os.chown(path, self.user, self.group)


def ordinary_user(given: Environment) -> tuple[OrdinaryUser | None, str]:
    """Whom the parts become, with what they write given to that user; or why it stays with root.

    Returns: nobody and nothing to say where root is not at work.
    """
    if os.geteuid() != 0:
        return None, ""
    try:
        groups = () if given.database_url else (_group(programs.server_user()),)
        found = programs.system_user(NAME)
    except Fault as error:
        return None, STAYS.format(why=error)
    known = pwd.getpwnam(found)
    user = OrdinaryUser(found, known.pw_uid, known.pw_gid, groups)
    # A folder that is some other user's to go through stays that user's: a server may lie in it.
    if given.database_url and given.data.stat().st_gid == 0:
        programs.let_in(given.data, found)
    if shut := _shut(_needed(given), user):
        return None, STAYS.format(why=f"用户 {found} 进不了 {shut}")
    user.owns(given.data / "metrics")
    if given.seals:
        given.seals.touch(0o600)
        user.owns(given.seals)
    return user, f"各服务进程以用户 {found} 运行"


def _group(name: str | None) -> int:
    assert name is not None, "root's database has a user of its own"
    return pwd.getpwnam(name).pw_gid


def _needed(given: Environment) -> Iterable[Path]:
    """The folders that a part must get to: its program, its counters, the copy of the seals, and
    the database where that is reached by a folder."""
    yield Path(os.__file__).parent
    yield Path(gongji.__file__).parent
    yield given.data
    if given.seals:
        yield given.seals.parent
    host = str(conninfo_to_dict(given.database_url).get("host") or "")
    if host.startswith("/") and Path(host).is_dir():
        yield Path(host)


def _shut(places: Iterable[Path], user: OrdinaryUser) -> Path | None:
    found = (programs.shut_folder(place.resolve(), user.name, user.groups) for place in places)
    return next((one for one in found if one), None)


def become(text: str) -> None:
    """Become an ordinary user for good; nothing where none was told."""
    if not text:
        return
    user, group, *groups = map(int, text.split())
    os.setgroups(groups)
    os.setgid(group)
    os.setuid(user)
