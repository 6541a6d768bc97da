"""`gongji serve`: the database, the gateways, the pages and the jobs of one machine as one service.

The parent opens the listening sockets and keeps them: a gateway that dies is started anew on the
same socket, and clients wait in its queue instead of being refused.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gongji.platform.database import LOGINS, login_dsn, revive
from gongji.platform.environment import Environment, environment
from gongji.refusals import Fault

BACKLOG = 2048
PATIENCE = 15
"""Seconds that a process has to stop before it is killed."""
QUICK = 2
"""A process that dies sooner than this many seconds after its start is started more slowly."""


@dataclass
class ServicePart:
    """One process of the service: what it is called, how it is started."""

    name: str
    arguments: list[str]
    sockets: tuple[int, ...] = ()
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0
    deaths: int = 0

    def start(self) -> None:
        """Start it in a session of its own, so that Ctrl-C reaches the parent only.

        The parent alone looks after the database; the part is told where it is.
        """
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gongji.service.processes", *self.arguments],
            pass_fds=self.sockets,
            start_new_session=True,
            env=_own_environment(self.arguments[0]),
        )


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
        """Start anew what dies, until `stop` is called."""
        said, wait_until = "", 0.0
        while not self.stopping:
            if time.monotonic() >= wait_until:
                told = revive()
                if told and told != said:
                    self.say(told)
                said, wait_until = told, time.monotonic() + (1 if told else 0)
            for part in self.parts:
                if part.process is None or part.process.poll() is None:
                    continue
                quick = time.monotonic() - part.started < QUICK
                part.deaths = part.deaths + 1 if quick else 0
                if part.deaths > 5:
                    raise Fault(
                        f"{part.name} 反复退出（代码 {part.process.returncode}），见上方日志"
                    )
                self.say(f"{part.name} 退出（代码 {part.process.returncode}），重新启动")
                time.sleep(min(part.deaths, 3))
                part.start()
            time.sleep(0.2)


METRICS = "PROMETHEUS_MULTIPROC_DIR"


def metrics_folder() -> Path:
    """Where the gateways keep their counters, so that each can show them all."""
    folder: Path = environment().data / "metrics"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


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
    """The service of this machine, not yet started, and the addresses of its parts."""
    for left in metrics_folder().glob("*.db"):
        left.unlink()
    gateway, pages = listen(given.host, given.port), listen(given.host, given.pages_port)
    parts = [
        ServicePart(f"接口 {number + 1}", ["gateway", str(gateway.fileno())], (gateway.fileno(),))
        for number in range(max(1, given.gateways))
    ]
    parts.append(ServicePart("页面", ["pages", str(pages.fileno())], (pages.fileno(),)))
    parts.append(ServicePart("后台作业", ["jobs"]))
    addresses = {
        name: f"http://{given.host}:{made.getsockname()[1]}"
        for name, made in (("gateway", gateway), ("pages", pages))
    }
    return Service(parts, say, (gateway, pages)), addresses
