"""`gongji serve`: the database, the gateways, the pages and the jobs of one machine as one service.

The parent opens the listening sockets and keeps them: a gateway that dies is started anew on the
same socket, and clients wait in its queue instead of being refused.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gongji.platform.database import LOGINS, login_dsn, revive
from gongji.platform.environment import Environment, environment
from gongji.platform.private_files import FolderLock, private_folder
from gongji.refusals import Fault
from gongji.service.ordinary_user import BECOME, OrdinaryUser, ordinary_user

BACKLOG = 2048
PATIENCE = 15
"""Seconds that a process has to stop before it is killed."""
QUICK = 2
"""A process that dies sooner than this many seconds after its start is started more slowly."""
MOST_DEATHS = 5
LONGEST_PAUSE = 60
HUNG = 30
"""Seconds without a pulse after which a process is taken to hang."""
PULSE = "GONGJI_PULSE"
"""The variable that tells a process where to say that it lives."""


@dataclass
class ServicePart:
    """One process of the service: what it is called, how it is started."""

    name: str
    arguments: list[str]
    sockets: tuple[int, ...] = ()
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0
    deaths: int = 0
    needed: bool = True
    """Whether the service ends where it cannot live; else it is tried again for ever."""
    worked: bool = False
    """Whether it ever said that it lives: then it can, and whatever kills it ends nobody else."""
    again: float = 0
    """When it is started once more, where it has died."""
    pulse: int | None = None
    """Where its process says that it lives."""
    lived: float = 0
    """When it said so last; zero where it never did."""
    user: OrdinaryUser | None = None
    """Whom it becomes; None where it stays whoever started it."""

    def start(self) -> None:
        """Start it in a session of its own, so that Ctrl-C reaches the parent only.

        The parent alone looks after the database; the part is told where it is.
        """
        self.started, self.lived = time.monotonic(), 0
        if self.pulse is not None:
            os.close(self.pulse)
        self.pulse, told = os.pipe()
        os.set_blocking(self.pulse, False)
        os.set_blocking(told, False)
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gongji.service.processes", *self.arguments],
                pass_fds=(*self.sockets, told),
                start_new_session=True,
                env=_own_environment(self.arguments[0])
                | {PULSE: str(told), BECOME: self.user.text if self.user else ""},
            )
        finally:
            os.close(told)

    def hangs(self) -> bool:
        """Whether it has said nothing for too long, having said that it lives before."""
        if self.pulse is None:
            return False
        now = time.monotonic()
        with contextlib.suppress(BlockingIOError):
            if os.read(self.pulse, 1 << 16):
                self.lived, self.worked = now, True
        return bool(self.lived) and now - self.lived > HUNG


def _own_environment(process: str) -> dict[str, str]:
    """The environment of a process: this one's, but with the address of its own login only."""
    others = {f"GONGJI_{name.upper()}_DATABASE_URL" for name in LOGINS}
    kept = {name: value for name, value in os.environ.items() if name not in others}
    return kept | {"DATABASE_URL": login_dsn(process), METRICS: str(metrics_folder())}


@dataclass
class Service:
    """The parts of the service, watched until it is told to stop."""

    parts: list[ServicePart]
    say: Callable[[str], None]
    sockets: tuple[socket.socket, ...] = ()
    stopping: bool = False

    def start(self) -> None:
        """Start every part."""
        for part in self.parts:
            part.start()

    def stop(self) -> None:
        """Ask every part to stop, and make it if it does not."""
        self.stopping = True
        for part in self.parts:
            if part.process and part.process.poll() is None:
                part.process.terminate()
        deadline = time.monotonic() + PATIENCE
        for part in self.parts:
            if part.process is None:
                continue
            try:
                part.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(part.process.pid, signal.SIGKILL)
                part.process.wait()

    def watch(self) -> None:
        """Start anew what dies or hangs, until `stop` is called.

        Refuses: Fault where a part that the service needs cannot live.
        """
        said, wait_until = "", 0.0
        while not self.stopping:
            if time.monotonic() >= wait_until:
                told = revive()
                if told and told != said:
                    self.say(told)
                said, wait_until = told, time.monotonic() + (1 if told else 0)
            for part in self.parts:
                self._look_after(part)
            time.sleep(0.2)

    def _look_after(self, part: ServicePart) -> None:
        if part.process is None:
            return
        if part.process.poll() is None:
            if part.hangs():
                self.say(f"{part.name} 没有响应，结束并重新启动")
                os.killpg(part.process.pid, signal.SIGKILL)
                part.process.wait()
            return
        now = time.monotonic()
        if part.again:
            if now >= part.again:
                part.again = 0
                part.start()
            return
        quick = now - part.started < QUICK
        part.deaths = part.deaths + 1 if quick else 0
        if part.deaths > MOST_DEATHS and part.needed and not part.worked:
            raise Fault(f"{part.name} 反复退出（代码 {part.process.returncode}），见上方日志")
        self.say(f"{part.name} 退出（代码 {part.process.returncode}），重新启动")
        # Whoever dies at once is tried again later; the others are looked after meanwhile.
        pause = min(part.deaths, 3) if part.needed else min(2**part.deaths - 1, LONGEST_PAUSE)
        part.again = now + pause


METRICS = "PROMETHEUS_MULTIPROC_DIR"


def metrics_folder() -> Path:
    """Where the gateways keep their counters, so that each can show them all."""
    folder: Path = environment().data / "metrics"
    private_folder(folder)
    return folder


@cache
def hold(folder: Path) -> FolderLock:
    """Hold a data folder's counters, and with them the folder, until this process ends.

    Refuses: Fault where another service holds it.
    """
    made = FolderLock(folder)
    if not made.alone():
        raise Fault(
            f"数据目录 {folder.parent} 已有 gongji serve 在运行；请先停止它，或另给 GONGJI_DATA"
        )
    return made


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    Refuses: Fault where the port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # An answer is sent at once, not held back for the acknowledgement of its first part (40 ms).
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        made.bind((host, port))
    except OSError as error:
        made.close()
        raise Fault(f"无法监听 {host}:{port}：{error.strerror}；可用 GONGJI_PORT 另选") from None
    made.listen(BACKLOG)
    made.set_inheritable(True)
    return made


def make_service(given: Environment, say: Callable[[str], None]) -> tuple[Service, dict[str, str]]:
    """The service of this machine, not yet started, and the addresses of its parts.

    Refuses: Fault where a port is taken, and leaves what another service keeps.
    """
    gateway, pages = listen(given.host, given.port), listen(given.host, given.pages_port)
    console = listen(given.host, given.console_port)
    for left in metrics_folder().glob("*.db"):
        left.unlink()
    user, said = ordinary_user(given)
    if said:
        say(said)
    parts = [
        ServicePart(f"接口 {number + 1}", ["gateway", str(gateway.fileno())], (gateway.fileno(),))
        for number in range(max(1, given.gateways))
    ]
    parts.append(
        ServicePart("页面", ["pages", str(pages.fileno())], (pages.fileno(),), needed=False)
    )
    parts.append(
        ServicePart("经办", ["console", str(console.fileno())], (console.fileno(),), needed=False)
    )
    parts.append(ServicePart("后台作业", ["jobs"], needed=False))
    for part in parts:
        part.user = user
    addresses = {
        name: f"http://{given.host}:{made.getsockname()[1]}"
        for name, made in (("gateway", gateway), ("pages", pages), ("console", console))
    }
    return Service(parts, say, (gateway, pages, console)), addresses
