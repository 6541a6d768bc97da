"""The PostgreSQL server inside the environment: made, started, shared and stopped.

It listens on a socket in a folder of its own that only its user enters, asks everybody for a
password (scram), and never listens on an address. Started by root it runs as a user of its own,
which is kept from everything else by the machine; started by an ordinary user it is kept from other
users only.
"""

import base64
import hashlib
import hmac
import logging
import os
import pwd
import secrets
import shlex
import stat
import time
from pathlib import Path

import psutil
import psycopg
from psycopg.conninfo import make_conninfo

from gongji.platform import programs
from gongji.platform.private_files import (
    FolderLock,
    private_folder,
    waited_for,
    write_private,
)
from gongji.refusals import Fault

LOG = logging.getLogger("gongji.database")
OWNER = "postgres"
"""The role that owns the tables there."""
RULES = """# Written by gongji at every start: everybody is asked for a password.
local all all scram-sha-256
local replication all scram-sha-256
"""
SOCKET = ".s.PGSQL.5432"
LONGEST_SOCKET = 107
"""How many bytes the path of a socket may have."""
STRANGE = "\"'`$\\\n,"
"""Characters of a path that PostgreSQL's own programs would take for something else."""
STARTING_SECONDS = 600
"""How long a server may take over the log of before its fall."""
ENDING_SECONDS = 30.0
"""How long the processes of a killed server may take to notice that it is gone."""
ROUNDS = 4096
"""Of scram, as PostgreSQL's own."""
OURS = {"postgresql", "socket", "keys", "metrics", "demo", "serve", "programs"}
"""What gongji puts into a data folder, up to the first dot."""


class EmbeddedServer:
    """The server on one data folder, shared by every process of gongji that uses the folder."""

    def __init__(self, folder: Path, keep: bool) -> None:
        """Of a folder; `keep`: it goes on when the last process that uses it ends."""
        self.folder = folder.absolute()
        self.home = self.folder.parent
        self.socket = self.home / "socket"
        self.log = self.folder / "log"
        self._keep = keep
        self._starting = FolderLock(self.home)
        self._using = FolderLock(self.socket)
        self._secret = self.home / "keys" / "database"

    def address(self, name: str = OWNER) -> str:
        """How its owner reaches a database of it."""
        password = self._secret.read_text().strip()
        return make_conninfo(host=str(self.socket), user=OWNER, password=password, dbname=name)

    def login_password(self, role: str) -> str:
        """The password of a login: whoever knows it learns no other."""
        owner = self._secret.read_text().strip().encode()
        return hmac.new(owner, role.encode(), hashlib.sha256).hexdigest()

    def begin(self) -> None:
        """Use it: make it where there is none, start it where it does not run.

        Refuses: Fault for a path that cannot be used, and where it does not start.
        """
        self._check_path()
        self._make_home()
        with waited_for(self._starting):
            self._using.share()
            self._make()
            self._start()

    def revive(self) -> None:
        """Start it again where it has died.

        Refuses: Fault where it does not start.
        """
        with waited_for(self._starting):
            self._start()

    def end(self) -> None:
        """Use it no more; whoever used it last stops it."""
        if not self.home.exists():
            return
        with waited_for(self._starting):
            last = self._using.alone()
            if last and not self._keep:
                self.stop()
            self._using.release()

    def stop(self) -> None:
        """Stop it, whoever uses it."""
        if self.is_running():
            how = ("-w", "-m", "fast", "-t", str(STARTING_SECONDS))
            programs.run("pg_ctl", "stop", *how, "-D", str(self.folder), as_server=True)

    def is_running(self) -> bool:
        """Whether it runs."""
        return postmaster(self.folder) is not None

    def _check_path(self) -> None:
        text = str(self.folder)
        if any(character in text for character in STRANGE):
            raise Fault(f"数据目录 {self.home} 的路径含有引号、逗号、$ 等字符；请另选 GONGJI_DATA")
        excess = len(os.fsencode(self.socket / SOCKET)) - LONGEST_SOCKET
        if excess > 0:
            raise Fault(
                f"数据目录 {self.home} 的路径长出 {excess} 字节（一个汉字 3 字节），"
                "内置数据库无法使用；请另选较短的 GONGJI_DATA"
            )

    def _make_home(self) -> None:
        """The data folder, entered by its owner and, under root, by the server's own user."""
        user = programs.server_user()
        known = self.home.iterdir() if self.home.exists() else ()
        ours = {path.name.split(".")[0] for path in known} <= OURS
        if ours and private_folder(self.home, by_group=user is not None):
            LOG.warning("folder_shut", extra={"folder": str(self.home)})
        private_folder(self._secret.parent)
        if user is not None:
            self._let_in(user)
        # Under root the parts of a service get to the socket by the group of the server's user.
        passed = 0o710 if user is not None else 0o700
        for folder, mode in ((self.socket, passed), (self.folder, 0o700)):
            folder.mkdir(mode=0o700, exist_ok=True)
            if stat.S_IMODE(folder.stat().st_mode) != mode:
                folder.chmod(mode)
            if user is not None:
                os.chown(folder, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)

    def _let_in(self, user: str) -> None:
        """Let the server's own user, and nobody else, through the data folder to what is its."""
        programs.let_in(self.home, user)
        if shut := programs.shut_folder(self.home, user):
            raise Fault(
                f"内置数据库以用户 {user} 运行，它进不了 {shut}；请另选 GONGJI_DATA，"
                "如 /var/lib/gongji，或以普通用户运行"
            )

    def _make(self) -> None:
        if (self.folder / "PG_VERSION").exists():
            self._check_version()
            return
        arguments = ("--auth=peer", "--encoding=utf8", "--locale=C", "-U", OWNER)
        programs.run("initdb", *arguments, "-D", str(self.folder), as_server=True)
        self._give_password()

    def _check_version(self) -> None:
        found = (self.folder / "PG_VERSION").read_text().strip()
        if found != "18":
            raise Fault(f"数据目录 {self.folder} 是 PostgreSQL {found} 的，本程序只带 18")

    def _give_password(self) -> None:
        """Give the owner the password that is kept here; the server does not run."""
        if not self._secret.exists():
            write_private(self._secret, secrets.token_hex(32))
        kept = scram(self._secret.read_text().strip())
        programs.run(
            "postgres",
            *("--single", "-D", str(self.folder), "-c", "log_min_messages=fatal", "template1"),
            as_server=True,
            cwd=self.folder,
            said_to=f"alter role {OWNER} password '{kept}'\n",
        )

    def _start(self) -> None:
        """Start it where it does not run; the password that is kept here opens it then."""
        if not self._secret.exists():
            # A folder of before there were passwords, or one that was restored here.
            self.stop()
            self._forget_dead()
            self._give_password()
        if self.is_running():
            return
        self._forget_dead()
        self._launch()
        try:
            psycopg.connect(self.address()).close()
        except psycopg.OperationalError as error:
            if "password authentication failed" not in str(error):
                raise Fault(f"内置数据库已启动，但连不上：{error}") from None
            self.stop()
            self._give_password()
            self._launch()

    def _launch(self) -> None:
        rules = self.folder / "pg_hba.conf"
        rules.write_text(RULES)
        rules.chmod(0o600)
        place = shlex.quote(f'"{self.socket}"')
        try:
            programs.run(
                "pg_ctl",
                *("-w", "-t", str(STARTING_SECONDS), "-l", "log", "-D", str(self.folder)),
                *("-o", f"-h '' -k {place} -c password_encryption=scram-sha-256", "start"),
                as_server=True,
                cwd=self.folder,
            )
        except Fault as error:
            raise Fault(f"内置数据库没有启动，见 {self.log}：{error}") from None

    def _forget_dead(self) -> None:
        """Take away what a server that is gone left of its running.

        Its number may by now be another process's, or nobody's. Its children end by themselves.
        """
        deadline = time.monotonic() + ENDING_SECONDS
        while left := _living(self.folder):
            if time.monotonic() > deadline:
                raise Fault(f"数据目录 {self.folder} 仍有进程在用：{left}")
            time.sleep(0.05)
        for path in (self.folder / "postmaster.pid", self.socket / f"{SOCKET}.lock"):
            path.unlink(missing_ok=True)
        (self.socket / SOCKET).unlink(missing_ok=True)


def postmaster(folder: Path) -> int | None:
    """The number of the server that runs on a folder, if one does.

    A killed server leaves its number behind, which may by now be another process's, or a zombie's.
    """
    try:
        number = int((folder / "postmaster.pid").read_text().split()[0])
    except (FileNotFoundError, IndexError, ValueError):
        return None
    return number if _works_on(number, folder) else None


def _works_on(number: int, folder: Path) -> bool:
    """Whether a process is PostgreSQL's and works on a folder: all of them stand in it."""
    try:
        process = psutil.Process(number)
        if process.status() == psutil.STATUS_ZOMBIE or "postgres" not in process.name():
            return False
        return Path(process.cwd()).resolve() == folder.resolve()
    except (psutil.Error, OSError, ValueError):
        return False


def _living(folder: Path) -> list[int]:
    """The processes of PostgreSQL that work on a folder."""
    return [number for number in psutil.pids() if _works_on(number, folder)]


def scram(password: str) -> str:
    """A password as PostgreSQL keeps it (RFC 5803), so that the server never sees the password."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ROUNDS)
    client = hmac.digest(salted, b"Client Key", "sha256")
    stored = base64.b64encode(hashlib.sha256(client).digest()).decode()
    server = base64.b64encode(hmac.digest(salted, b"Server Key", "sha256")).decode()
    return f"SCRAM-SHA-256${ROUNDS}:{base64.b64encode(salt).decode()}${stored}:{server}"
