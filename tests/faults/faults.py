"""The faults: each is done again and again under load; afterwards the books must be whole.

`make faults` does each for half a minute and writes docs/generated/faults.md; the ordinary run a
few seconds.
"""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from cashiers import PATIENCE_SECONDS, SEND_AGAIN, Cashiers, Found, Sent, compare, message, post
from counter import Bench, gateway
from gongji.refusals import Fault
from gongji.service.ready import wait_until_ready

GONGJI = Path(sys.executable).parent / "gongji"
BACK_SECONDS = 120
"""How long a service has to come back on a machine that does many other things."""
SMALL_DISK = "512m"
FULL_SECONDS = 3
LOAD = 1_000
"""Bills laid out for each second: more than eight cashiers can settle."""
AT_ONCE = 1_000
"""Bills laid out in one statement, each of another person."""
LAST_BYTES = 8 << 20
"""Room that is left on a small disk until the load has begun."""

# Every other person has an account that two bills exhaust; balances come in by opening entries.
OPENINGS = """
update balance set amount_fen = 20000 where person % 2 = 0;
with made as (
  insert into entry (area, person, kind, origin, service_date, accounting_date, made_at,
    actor_kind, actor)
  select area, person, 'opening', 'opening', '2020-01-01', current_date, current_date,
    'operator', 't' from balance returning id, area, person)
insert into posting (entry, number, area, fund, debit, debit_owner, credit, credit_owner,
  amount_fen)
select m.id, 1, m.area, 'account', 'opening', m.area, 'account', m.person::text, b.amount_fen
from made m join balance b using (area, person)
"""
# Persons whose accounts two bills exhaust, those first that have paid none yet.
POOR = """
select p.psn_no from person p join balance b on b.person = p.id
where b.kind = 'account' and b.amount_fen between 1 and 20000
order by b.amount_fen desc, random() limit %s
"""


class NoRoomToTry(Exception):
    """This machine does not let a small disk be mounted."""


@dataclass
class World:
    """A service under load: its bench, its database, its data folder and what it said."""

    bench: Bench
    dsn: str
    folder: Path
    small_disk: bool

    @property
    def log(self) -> str:
        """What the service said."""
        return log_of(self.folder).read_text(encoding="utf-8", errors="replace")

    def gateways(self) -> list[int]:
        """The process ids of the gateways."""
        found = []
        mine = b"GONGJI_PORT=" + str(self.bench.port).encode()
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = path.read_bytes().split(b"\0")
                if b"gongji.service.processes" not in words or b"gateway" not in words:
                    continue
                if mine in (path.parent / "environ").read_bytes().split(b"\0"):
                    found.append(int(path.parent.name))
            except OSError:
                continue
        return found

    def wait(self) -> None:
        """Until the gateway and the database answer."""
        try:
            wait_until_ready(self.bench.address, BACK_SECONDS)
        except Fault as error:
            raise AssertionError(f"the service did not come back: {self.log[-2000:]}") from error

    def kill_gateway(self, cashiers: Cashiers) -> None:
        """kill -9 of one gateway or of all."""
        cashiers.wait_for_answers(random.randint(10, 100))
        gateways = self.gateways()
        kill(*random.sample(gateways, random.randint(1, len(gateways)) if gateways else 0))
        self.wait()

    def wait_for_another(self, dead: int) -> None:
        """Until another database server was started than the one that died, and answers."""
        deadline = time.monotonic() + BACK_SECONDS
        while not self._replaced(dead):
            assert time.monotonic() < deadline, f"no other server: {self.log[-2000:]}"
            time.sleep(0.02)
        self.wait()

    def _replaced(self, dead: int) -> bool:
        # A server that starts has no number for a moment, or half of its file.
        with suppress(OSError, IndexError):
            return self.postmaster() != dead
        return False

    def postmaster(self) -> int:
        """The process id of the database server."""
        return int((self.folder / "postgresql" / "postmaster.pid").read_text().split()[0])

    def kill_database(self, cashiers: Cashiers) -> None:
        """kill -9 of PostgreSQL; the service starts it again."""
        cashiers.wait_for_answers(random.randint(10, 100))
        postmaster = self.postmaster()
        kill(postmaster)
        self.wait_for_another(postmaster)

    def kill_both(self, cashiers: Cashiers) -> None:
        """kill -9 of PostgreSQL and of the gateways at once."""
        cashiers.wait_for_answers(random.randint(10, 100))
        postmaster = self.postmaster()
        kill(postmaster, *self.gateways())
        self.wait_for_another(postmaster)

    def fill_disk(self, seconds: float, deadly: bool, cashiers: Cashiers) -> None:
        """Not a byte is left on the disk of the data until a cashier was told, and for so long.

        `deadly`: then kill -9 of PostgreSQL, and the disk stays full until another was told.
        """
        path = self.folder / "filler"
        with path.open("wb", buffering=0) as file:
            while shutil.disk_usage(self.folder).free > LAST_BYTES and _written(file, 1 << 20):
                pass
            cashiers.wait_for_answers(random.randint(10, 100))
            _fill_until(file, cashiers.told_since(), seconds)
            if deadly:
                kill(self.postmaster())
                _fill_until(file, cashiers.told_since(), seconds)
        path.unlink()
        self.wait()

    def verify(self) -> None:
        """`gongji ledger verify --replay` finds nothing."""
        variables = {**os.environ, "DATABASE_URL": self.dsn}
        ran = subprocess.run(
            [GONGJI, "ledger", "verify", "--replay"], env=variables, capture_output=True, text=True
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr


def log_of(folder: Path) -> Path:
    """Where a service's words go: beside its folder, not on its disk."""
    return folder.with_suffix(".log")


def kill(*processes: int) -> None:
    """kill -9; one that is gone already is no matter."""
    for process in processes:
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _written(file: Any, size: int) -> bool:
    try:
        return bool(file.write(b"\0" * size))
    except OSError:
        return False


def _fill_until(file: Any, told: Callable[[], bool], seconds: float) -> None:
    """Keep a disk full for so long, and until a cashier was told that nothing can be kept."""
    begun = time.monotonic()
    while (elapsed := time.monotonic() - begun) < seconds or not told():
        assert elapsed < PATIENCE_SECONDS, f"nobody was told anything; {SEND_AGAIN} expected"
        for size in (1 << 20, 1 << 12):
            while _written(file, size):
                pass
        time.sleep(0.02)


@contextmanager
def world(persons: int, gateways: int = 2, disk: str = "") -> Iterator[World]:
    """A service of its own with its embedded PostgreSQL and invented people.

    Shape:   `disk` the size of a small disk in memory for all of its data, empty for a folder.
    Refuses: NoRoomToTry where such a disk cannot be mounted.
    """
    from gongji.platform.database import embedded
    from gongji.platform.environment import environment

    before = dict(os.environ)
    folder = Path(tempfile.mkdtemp(prefix="gongji-faults-"))
    try:
        if disk:
            _mount(folder, disk)
        os.environ |= {"GONGJI_DEMO": "1", "GONGJI_DATA": str(folder)}
        os.environ.pop("GONGJI_GATEWAY_DATABASE_URL", None)
        environment.cache_clear()
        environment()  # It makes the folder a demonstration's.
        server = embedded(folder / "postgresql", keep=True)
        try:
            with psycopg.connect(server.address(), autocommit=True) as connection:
                connection.execute("create database gongji")
            dsn = make_conninfo(server.address(), dbname="gongji")
            with (
                log_of(folder).open("w") as log,
                gateway(dsn, free_port(), gateways, log, DATABASE_URL="") as bench,
            ):
                bench.people(1, persons)
                with psycopg.connect(dsn) as connection:
                    connection.execute(OPENINGS)
                yield World(bench, dsn, folder, bool(disk))
        finally:
            server.revive()
            server.stop()
    finally:
        if disk:
            subprocess.run(["umount", "--lazy", folder], check=False, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)
        log_of(folder).unlink(missing_ok=True)
        os.environ.clear()
        os.environ |= before
        environment.cache_clear()


def _mount(folder: Path, size: str) -> None:
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "gongji-faults", folder]
    try:
        ran = subprocess.run(command, capture_output=True, text=True)
    except OSError as error:
        raise NoRoomToTry(str(error)) from None
    if ran.returncode:
        raise NoRoomToTry(ran.stderr.strip())


def free_port() -> int:
    """A port that is free, and so is the next one."""
    while True:
        with socket.socket() as one, socket.socket() as next_one:
            one.bind(("127.0.0.1", 0))
            port = int(one.getsockname()[1])
            try:
                next_one.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


def under(
    world: World, seconds: float, disturb: Callable[[Cashiers], None], bills: int
) -> tuple[int, Found]:
    """Load with a disturbance; what was not answered is sent again; then the comparison."""
    laid = [bill for _ in range(0, bills, AT_ONCE) for bill in world.bench.bills(AT_ONCE)]
    cashiers = Cashiers(world.bench, laid)
    times = cashiers.run(seconds, partial(disturb, cashiers))
    unanswered = sum(one.reply is None for one in cashiers.sent)
    cashiers.ask_again(world.wait)
    found = compare(world.dsn, cashiers.sent, unanswered)
    assert "Exception in ASGI" not in world.log, "an answer without a sentence"
    assert not found.refused, [one.reply for one in cashiers.sent if not one.accepted][:2]
    return times, found


def cut_connections(world: World, count: int) -> tuple[int, Found]:
    """Each request is sent and the connection cut before the answer; then it is sent again."""
    sent = _messages(world, count)
    for one in sent:
        post(world.bench, one.body, cut=True)
    for one in sent:
        one.take(post(world.bench, one.body))
    assert all(one.accepted for one in sent), [one.reply for one in sent if not one.accepted][:2]
    return count, compare(world.dsn, sent, count)


def deliver_twice(world: World, count: int) -> tuple[int, Found]:
    """Each request twice at the same time; both get the same answer."""
    sent = _messages(world, count)
    with ThreadPoolExecutor(2) as pool:
        for one in sent:
            replies = list(pool.map(partial(post, world.bench), [one.body, one.body]))
            assert replies[0] and replies[0] == replies[1], replies
            one.take(replies[0])
    return count, compare(world.dsn, sent)


def out_of_order(world: World, count: int) -> tuple[int, Found]:
    """Three deliveries of each request, all mixed up, by eight at once; one answer for each."""
    sent = _messages(world, count)
    deliveries = sent * 3
    random.shuffle(deliveries)
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda one: post(world.bench, one.body), deliveries))
    for one, reply in zip(deliveries, replies, strict=True):
        assert reply and (one.reply is None or one.reply == reply), (one.reply, reply)
        one.take(reply)
    return count, compare(world.dsn, sent)


def late(world: World, count: int) -> tuple[int, Found]:
    """A request delivered once more after its settlement was cancelled: its old answer, no more."""
    sent = _messages(world, count)
    for one in sent:
        one.take(post(world.bench, one.body))
        assert one.reply and one.accepted, one.reply
        psn_no = json.loads(one.body)["input"]["data"]["psn_no"]
        number = one.reply["output"]["setlinfo"]["setl_id"]
        given = {"psn_no": psn_no, "mdtrt_id": str(one.visit), "setl_id": number}
        undone = post(world.bench, world.bench.envelope("2208", {"data": given}))
        assert undone and undone["infcode"] == 0, undone
        assert post(world.bench, one.body) == one.reply
    return count, compare(world.dsn, sent)


def alter(world: World, count: int) -> tuple[int, Found]:
    """After each request another one under the same id: refused, and nothing is changed."""
    sent = _messages(world, count)
    for one in sent:
        one.take(post(world.bench, one.body))
        changed = json.loads(one.body)
        changed["input"]["data"]["acct_used_flag"] = "0"
        answer = post(world.bench, json.dumps(changed).encode())
        assert answer and answer["infcode"] == -1 and "acct_used_flag" in answer["err_msg"], answer
    return count, compare(world.dsn, sent)


def reverse_before(world: World, count: int) -> tuple[int, Found]:
    """The reversal comes before what it reverses: the late original is refused."""
    sent = _messages(world, count)
    for one in sent:
        psn_no = json.loads(one.body)["input"]["data"]["psn_no"]
        given = {"data": {"psn_no": psn_no, "omsgid": one.msgid, "oinfno": "2207"}}
        barred = post(world.bench, world.bench.envelope("2601", given))
        assert barred and barred["infcode"] == 0 and one.msgid in barred["warn_msg"], barred
        one.take(post(world.bench, one.body))
        assert one.reply and one.reply["infcode"] == -1 and one.msgid in one.reply["err_msg"]
    return count, compare(world.dsn, sent)


def two_cashiers(world: World, count: int) -> tuple[int, Found]:
    """Two bills of one person settled at the same time, again and again; accounts run dry."""
    with psycopg.connect(world.dsn) as connection:
        poor = [psn_no for (psn_no,) in connection.execute(POOR, [(count + 1) // 2])]
    firsts = [*map(world.bench.bill_of, poor), *world.bench.bills(count // 2)]
    sent: list[Sent] = []
    with ThreadPoolExecutor(2) as pool:
        for first in firsts:
            second = world.bench.bill_of(first[0])
            pair = [message(world.bench, first), message(world.bench, second)]
            replies = pool.map(partial(post, world.bench), [one.body for one in pair])
            for one, reply in zip(pair, replies, strict=True):
                one.take(reply)
            sent += pair
    assert all(one.accepted for one in sent), [one.reply for one in sent if not one.accepted][:1]
    dry = [one for one in sent if one.reply and _cash(one.reply)]
    assert dry, "no account was exhausted"
    return count, compare(world.dsn, sent)


def _cash(reply: dict[str, Any]) -> bool:
    return float(reply["output"]["setlinfo"]["psn_cash_pay"]) > 0


def _messages(world: World, count: int) -> list[Sent]:
    return [message(world.bench, bill) for bill in world.bench.bills(count)]


def every_fault(world: World, seconds: float, count: int) -> Iterator[tuple[str, int, Found]]:
    """Every fault but the full disk: its name, how often it was done, what the books say."""
    load = int(seconds * LOAD)
    yield ("kill -9 of a gateway or both", *under(world, seconds, world.kill_gateway, load))
    yield ("kill -9 of PostgreSQL", *under(world, seconds, world.kill_database, load))
    yield ("kill -9 of PostgreSQL and both gateways", *under(world, seconds, world.kill_both, load))
    yield ("connection cut, request repeated", *cut_connections(world, count))
    yield ("request twice at once", *deliver_twice(world, count))
    yield ("requests three times, out of order, by eight", *out_of_order(world, count))
    yield ("request again after its cancellation", *late(world, count))
    yield ("other content under the same id", *alter(world, count))
    yield ("reversal before its original", *reverse_before(world, count))
    yield ("two cashiers, one person", *two_cashiers(world, count))


def full_disk(
    world: World, seconds: float, kinds: tuple[bool, ...] = (False, True)
) -> Iterator[tuple[str, int, Found]]:
    """The disk is full under load: cashiers are told to send again; with room all is whole."""
    for deadly in kinds:
        fill = partial(world.fill_disk, min(seconds, FULL_SECONDS), deadly)
        times, found = under(world, seconds, fill, int(seconds * LOAD))
        yield f"full disk{', kill -9 of PostgreSQL on it' if deadly else ''}", times, found
