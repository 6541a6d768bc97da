"""What a process does: `python -m gongji.service.processes gateway|pages|console|jobs`."""

import ctypes
import os
import signal
import socket
import sys
from typing import Any

from gongji.platform import logs
from gongji.platform.database import login_dsn
from gongji.platform.environment import environment
from gongji.service.ordinary_user import BECOME, become

SWITCH_SECONDS = 0.001
"""How long the thread that settles may keep the one that reads and answers waiting."""
JOBS_AT_ONCE = 5
"""How many jobs run at a time: one more than there are kinds that staff ask for."""
YOUNG_OBJECTS = 50_000
"""New objects after which the collector looks; a settlement makes thousands, all short-lived."""


def gateway(fd: int) -> None:
    """The gateway for hospital systems on a socket that the parent listens on."""
    import gc

    import uvicorn

    from gongji.gateway.app import make_app
    from gongji.gateway.transactions import GatewaySettings
    from gongji.platform.installation import installed_law
    from gongji.service.accepting import SharingServer
    from gongji.service.guarded_connections import GuardedProtocol

    given = environment()
    settings = GatewaySettings(
        adaptor=given.adaptor,
        replay_seconds=given.replay_seconds,
        days_back=given.days_back,
        days_ahead=given.days_ahead,
        refuse_chained=frozenset(given.refuse_chained),
        prescribed_since=given.prescribed_since,
        identity_key=given.identity_key,
        lookup_key=given.lookup_key,
        former_keys=given.former_keys,
        cryptography=given.cryptography,
        sm2_key=given.sm2_key,
        people_a_day=given.people_a_day,
    )
    app = make_app(login_dsn("gateway"), installed_law(), settings)
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 20)
    sys.setswitchinterval(SWITCH_SECONDS)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="on",
        loop="auto",
        http=GuardedProtocol,
        ws="none",
        timeout_graceful_shutdown=10,
        timeout_keep_alive=75,
        proxy_headers=False,
        server_header=False,
    )
    # The socket itself, not its number: uvicorn would take that for a socket of another family,
    # whose connections hold small answers back.
    SharingServer(config).run([socket.socket(fileno=fd)])


def pages(fd: int) -> None:
    """The pages, by Django."""
    from gongji.service.guarded_connections import PagesProtocol

    _django("gongji.service.asgi:application", PagesProtocol, fd)


def console(fd: int) -> None:
    """The agency's console, by Django."""
    from gongji.service.guarded_connections import ConsoleProtocol

    _django("gongji.service.console_asgi:application", ConsoleProtocol, fd)


def _django(application: str, protocol: Any, fd: int) -> None:
    import uvicorn

    from gongji.service.pulse import PulsingServer

    config = uvicorn.Config(
        application,
        log_config=None,
        access_log=False,
        http=protocol,
        ws="none",
        proxy_headers=False,
        server_header=False,
    )
    PulsingServer(config).run([socket.socket(fileno=fd)])


def jobs() -> None:
    """The worker of the jobs: what staff asked for, one of a kind, holds up no job of the night."""
    from gongji.service.settings import set_up_django

    set_up_django()
    from django.core.management import call_command

    call_command("procrastinate", "worker", f"--concurrency={JOBS_AT_ONCE}")


PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Stop when the service's parent dies, so that nobody is left holding its sockets (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def main(arguments: list[str]) -> None:
    """Run one process of the service."""
    os.umask(0o077)
    logs.configure(environment().log_level)
    become(os.environ.pop(BECOME, ""))
    # After that: whom a process becomes makes the system forget its wish.
    end_with_parent()
    if arguments[0] == "gateway":
        gateway(int(arguments[1]))
    elif arguments[0] == "pages":
        pages(int(arguments[1]))
    elif arguments[0] == "console":
        console(int(arguments[1]))
    else:
        jobs()


if __name__ == "__main__":
    main(sys.argv[1:])
