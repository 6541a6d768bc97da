"""Cashiers under load: what each sent, what was answered, what the books must say afterwards."""

import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

ANSWER_SECONDS = 20


@dataclass
class Sent:
    """A settlement that a cashier asked for: its message, and its answer if one came."""

    msgid: str
    body: bytes
    visit: int
    reply: dict[str, Any] | None = None

    @property
    def accepted(self) -> bool:
        """Whether it was acknowledged."""
        return self.reply is not None and self.reply["infcode"] == 0


def post(bench: Any, body: bytes, cut: bool = False) -> dict[str, Any] | None:
    """Send a request over a connection of its own; None if no answer came.

    `cut` breaks the connection once the request is sent.
    """
    headers = "".join(f"{name}: {value}\r\n" for name, value in bench.signed().items())
    head = f"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\nconnection: close\r\n"
    try:
        with socket.create_connection(("127.0.0.1", bench.port), timeout=ANSWER_SECONDS) as made:
            made.sendall(f"{head}{headers}\r\n".encode() + body)
            if cut:
                return None
            received = b""
            while part := made.recv(65_536):
                received += part
    except OSError:
        return None
    _, found, content = received.partition(b"\r\n\r\n")
    if not found or b" 200 " not in received[:20]:
        return None
    try:
        answer: dict[str, Any] = json.loads(content)
    except ValueError:
        return None
    return answer


@dataclass
class Cashiers:
    """Threads that settle bills until these are used up or they are told to stop."""

    bench: Any
    bills: list[tuple[str, int, int]]
    sent: list[Sent] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    stopping: threading.Event = field(default_factory=threading.Event)

    def take(self) -> Sent | None:
        """The next bill as a message that is remembered before it is sent."""
        with self.lock:
            if not self.bills or self.stopping.is_set():
                return None
            psn_no, visit, total = self.bills.pop()
            body = self.bench.envelope("2207", self.bench.bill(psn_no, str(visit), total))
            sent = Sent(json.loads(body)["msgid"], body, visit)
            self.sent.append(sent)
            return sent

    def run(self, seconds: float, disturb: Callable[[], None], cashiers: int = 8) -> int:
        """Settle for so long while `disturb` is done again and again; how often it was done."""
        threads = [threading.Thread(target=self._work) for _ in range(cashiers)]
        for thread in threads:
            thread.start()
        deadline, times = time.monotonic() + seconds, 0
        while time.monotonic() < deadline and self.bills:
            disturb()
            times += 1
        self.stopping.set()
        for thread in threads:
            thread.join()
        return times

    def _work(self) -> None:
        while (sent := self.take()) is not None:
            sent.reply = post(self.bench, sent.body)
            if sent.reply is None:
                time.sleep(0.05)

    def ask_again(self, ready: Callable[[], None]) -> None:
        """Send again what was not answered, the same bytes, until every one has its answer."""
        ready()
        for sent in self.sent:
            deadline = time.monotonic() + 60
            while sent.reply is None:
                sent.reply = post(self.bench, sent.body)
                assert time.monotonic() < deadline, f"no answer for {sent.msgid}"


@dataclass(frozen=True)
class Found:
    """What the books say of messages: how many are lost, doubled, refused."""

    sent: int
    unanswered: int
    lost: int
    doubled: int
    refused: int


def compare(dsn: str, sent: Sequence[Sent], unanswered: int) -> Found:
    """Hold every message against the journal."""
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            "select e.msgid, e.id from entry e where e.kind = 'settlement'"
        ).fetchall()
        visits = connection.execute(
            "select visit, batch, count(*) from entry e where kind = 'settlement' and not exists"
            " (select 1 from entry r where r.reverses_id = e.id) group by 1, 2 having count(*) > 1"
        ).fetchall()
    entries = Counter(msgid for msgid, _ in rows)
    accepted = [one for one in sent if one.accepted]
    ids = {msgid: str(entry) for msgid, entry in rows}
    lost = sum(
        entries[one.msgid] == 0 or ids[one.msgid] != str(one.reply["output"]["setlinfo"]["setl_id"])  # type: ignore[index]
        for one in accepted
    )
    doubled = sum(entries[one.msgid] > 1 for one in sent) + len(visits)
    return Found(len(sent), unanswered, lost, doubled, len(sent) - len(accepted))
