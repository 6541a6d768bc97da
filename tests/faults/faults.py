"""The faults: each is done again and again under load; afterwards the books must be whole.

`make faults` does each for half a minute and writes docs/faults.md; the ordinary run a few seconds.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psycopg
from psycopg.conninfo import make_conninfo

from cashiers import Cashiers, Found, Sent, compare, post
from counter import Bench, door

GONGJI = Path(sys.executable).parent / "gongji"


@dataclass
class World:
    """A service under load: its bench, its database server, its data."""

    bench: Bench
    server: Any
    dsn: str
    service: Any

    def processes(self, part: str) -> list[int]:
        """The process ids of a part of the service (door, pages, jobs)."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = path.read_bytes().split(b"\0")
                mine = b"GONGJI_PORT=" + str(self.bench.port).encode()
                ours = b"gongji.config.processes" in words and part.encode() in words
                if ours and mine in (path.parent / "environ").read_bytes().split(b"\0"):
                    found.append(int(path.parent.name))
            except OSError:
                continue
        return found

    def wait(self) -> None:
        """Until the door and the database answer."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.bench.address}/ready", timeout=5).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        raise AssertionError("the service did not come back")

    def kill_door(self) -> None:
        """kill -9 of every process of the door."""
        time.sleep(random.uniform(0.3, 1.0))
        for process in self.processes("door"):
            os.kill(process, signal.SIGKILL)
        self.wait()

    def kill_database(self) -> None:
        """kill -9 of PostgreSQL, then its restart."""
        time.sleep(random.uniform(0.5, 1.5))
        lines = (Path(self.server.pgdata) / "postmaster.pid").read_text().splitlines()
        os.kill(int(lines[0]), signal.SIGKILL)
        time.sleep(0.3)
        self.server.ensure_postgres_running()
        self.wait()

    def restart_both(self) -> None:
        """kill -9 of everything at once."""
        time.sleep(random.uniform(0.5, 1.5))
        lines = (Path(self.server.pgdata) / "postmaster.pid").read_text().splitlines()
        for process in [*self.processes("door"), int(lines[0])]:
            os.kill(process, signal.SIGKILL)
        time.sleep(0.3)
        self.server.ensure_postgres_running()
        self.wait()

    def verify(self) -> None:
        """`gongji ledger verify --replay` finds nothing."""
        ran = subprocess.run(
            [GONGJI, "ledger", "verify", "--replay"],
            env={**os.environ, "DATABASE_URL": self.dsn}, capture_output=True, text=True,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stdout + ran.stderr


@contextmanager
def world(persons: int, port: int = 18186, doors: int = 2) -> Iterator[World]:
    """A service of its own on a PostgreSQL of its own, with invented people."""
    with tempfile.TemporaryDirectory(prefix="gongji-faults-") as folder:
        os.environ |= {"GONGJI_DEMO": "1", "GONGJI_DATA": folder}
        from gongji.config.database import embedded
        from gongji.config.environment import environment

        environment.cache_clear()
        server = embedded(Path(folder) / "postgresql", keep=True)
        try:
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                connection.execute("create database gongji")
            dsn = make_conninfo(server.get_uri(), dbname="gongji")
            with door(dsn, port, doors) as bench:
                bench.people(1, persons)
                yield World(bench, server, dsn, None)
        finally:
            server.stop()


def under(
    world: World, seconds: float, disturb: Callable[[], None], bills: int
) -> tuple[int, Found]:
    """Load with a disturbance; what was not answered is sent again; then the comparison."""
    cashiers = Cashiers(world.bench, world.bench.bills(bills))
    times = cashiers.run(seconds, disturb)
    unanswered = sum(one.reply is None for one in cashiers.sent)
    cashiers.ask_again(world.wait)
    return times, compare(world.dsn, cashiers.sent, unanswered)


def cut_connections(world: World, count: int) -> tuple[int, Found]:
    """Each request is sent and the connection cut before the answer; then it is sent again."""
    sent = _messages(world, count)
    for one in sent:
        post(world.bench, one.body, cut=True)
    for one in sent:
        one.reply = post(world.bench, one.body)
    return count, compare(world.dsn, sent, count)


def deliver_twice(world: World, count: int) -> tuple[int, Found]:
    """Each request twice at the same time; both get the same answer."""
    sent = _messages(world, count)
    for one in sent:
        with ThreadPoolExecutor(2) as pool:
            replies = list(pool.map(partial(post, world.bench), [one.body, one.body]))
        assert replies[0] and replies[0] == replies[1], replies
        one.reply = replies[0]
    return count, compare(world.dsn, sent, 0)


def alter(world: World, count: int) -> tuple[int, Found]:
    """After each request another one under the same id: refused, and nothing is changed."""
    sent = _messages(world, count)
    for one in sent:
        one.reply = post(world.bench, one.body)
        changed = json.loads(one.body)
        changed["input"]["data"]["acct_used_flag"] = "0"
        answer = post(world.bench, json.dumps(changed).encode())
        assert answer and answer["infcode"] == -1 and "acct_used_flag" in answer["err_msg"], answer
    return count, compare(world.dsn, sent, 0)


def reverse_before(world: World, count: int) -> tuple[int, Found]:
    """The reversal comes before what it reverses: the late original is refused."""
    sent = _messages(world, count)
    for one in sent:
        original = json.loads(one.body)
        psn_no = original["input"]["data"]["psn_no"]
        given = {"data": {"psn_no": psn_no, "omsgid": one.msgid, "oinfno": "2207"}}
        post(world.bench, world.bench.envelope("2601", given))
        one.reply = post(world.bench, one.body)
        assert one.reply and one.reply["infcode"] == -1, one.reply
    return count, compare(world.dsn, sent, 0)


def two_cashiers(world: World, count: int) -> tuple[int, Found]:
    """Two bills of one person settled at the same time, again and again."""
    sent: list[Sent] = []
    for _ in range(count):
        (first,) = world.bench.bills(1)
        pair = [_message(world, first), _message(world, world.bench.bill_of(first[0]))]
        with ThreadPoolExecutor(2) as pool:
            replies = pool.map(partial(post, world.bench), [one.body for one in pair])
        for one, reply in zip(pair, replies, strict=True):
            one.reply = reply
        sent += pair
    assert all(one.accepted for one in sent), [one.reply for one in sent if not one.accepted][:1]
    return count, compare(world.dsn, sent, 0)


def _message(world: World, bill: tuple[str, int, int]) -> Sent:
    psn_no, visit, total = bill
    body = world.bench.envelope("2207", world.bench.bill(psn_no, str(visit), total))
    return Sent(json.loads(body)["msgid"], body, visit)


def _messages(world: World, count: int) -> list[Sent]:
    return [_message(world, bill) for bill in world.bench.bills(count)]


def every_fault(world: World, seconds: float, count: int) -> Iterator[tuple[str, int, Found]]:
    """Every fault: its name, how often it was done, what the books say."""
    load = int(seconds * 400)
    yield ("kill -9 of the door", *under(world, seconds, world.kill_door, load))
    yield ("kill -9 of PostgreSQL", *under(world, seconds, world.kill_database, load))
    yield ("kill -9 of both", *under(world, seconds, world.restart_both, load))
    yield ("connection cut, request repeated", *cut_connections(world, count))
    yield ("request twice at once", *deliver_twice(world, count))
    yield ("other content under the same id", *alter(world, count))
    yield ("reversal before its original", *reverse_before(world, count))
    yield ("two cashiers, one person", *two_cashiers(world, count))
