"""Cashiers under load: what each sent, what was answered, what the books must say afterwards."""

import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import psycopg

ANSWER_SECONDS = 20
PATIENCE_SECONDS = 90
SEND_AGAIN = "请用同一报文重发"
"""Stands in the polite answer to a request that the gateway could not deal with."""
TOLD = {
    "medfee_sumamt": "total_fen",
    "fund_pay_sumamt": "fund_fen",
    "acct_pay": "accounts_fen",
    "psn_cash_pay": "cash_fen",
}
"""Amounts of a reply, and what they are in the journal."""


@dataclass
class Sent:
    """A settlement that a cashier asked for: its message, and its answer if one came."""

    msgid: str
    body: bytes
    visit: int
    reply: dict[str, Any] | None = None
    polite: bool = False

    def take(self, reply: dict[str, Any] | None) -> None:
        """Keep a final answer; being told to send it again is none."""
        if reply is not None and reply["infcode"] == -1 and SEND_AGAIN in reply["err_msg"]:
            self.polite = True
        else:
            self.reply = reply

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
    received = b""
    try:
        with socket.create_connection(("127.0.0.1", bench.port), timeout=ANSWER_SECONDS) as made:
            made.sendall(f"{head}{headers}\r\n".encode() + body)
            if cut:
                return None
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
    told: int = 0

    def take(self) -> Sent | None:
        """The next bill as a message that is remembered before it is sent."""
        with self.lock:
            if not self.bills or self.stopping.is_set():
                return None
            sent = message(self.bench, self.bills.pop())
            self.sent.append(sent)
            return sent

    def run(self, seconds: float, disturb: Callable[[], None], cashiers: int = 8) -> int:
        """Settle for so long while `disturb` is done again and again; how often it was done."""
        threads = [threading.Thread(target=self._work) for _ in range(cashiers)]
        for thread in threads:
            thread.start()
        deadline, times = time.monotonic() + seconds, 0
        try:
            while time.monotonic() < deadline and self.bills:
                disturb()
                times += 1
        finally:
            self.stopping.set()
            for thread in threads:
                thread.join()
        return times

    def wait_for_answers(self, count: int) -> None:
        """Until so many more were answered, or no bill is left."""
        before, deadline = self._count(), time.monotonic() + PATIENCE_SECONDS
        while self._count() < before + count and self.bills:
            assert time.monotonic() < deadline, "nothing is answered any more"
            time.sleep(0.01)

    def told_since(self) -> Callable[[], bool]:
        """Whether anybody was told, after this call, to send a message again."""
        before = self.told
        return lambda: self.told > before

    def _count(self) -> int:
        with self.lock:
            return sum(one.reply is not None for one in self.sent)

    def _work(self) -> None:
        while (sent := self.take()) is not None:
            sent.take(post(self.bench, sent.body))
            if sent.reply is None:
                with self.lock:
                    self.told += sent.polite
                time.sleep(0.05)

    def ask_again(self, ready: Callable[[], None]) -> None:
        """Send again what was not answered, the same bytes, until every one has its answer."""
        ready()
        deadline = time.monotonic() + PATIENCE_SECONDS

        def ask(sent: Sent) -> None:
            while sent.reply is None:
                assert time.monotonic() < deadline, f"no answer for {sent.msgid}"
                sent.take(post(self.bench, sent.body))

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(ask, self.sent))


def message(bench: Any, bill: tuple[str, int, int]) -> Sent:
    """The message that settles a bill, not yet sent."""
    psn_no, visit, total = bill
    body = bench.envelope("2207", bench.bill(psn_no, str(visit), total))
    return Sent(json.loads(body)["msgid"], body, visit)


@dataclass(frozen=True)
class Found:
    """What the books say of messages: how many are lost, doubled, refused.

    `unanswered` got no answer at first, `polite` of them were told to send the message again;
    `lost` were acknowledged and are not in the journal as they were told.
    """

    sent: int
    unanswered: int
    polite: int
    lost: int
    doubled: int
    refused: int


ENTRIES = """
select m.msg_id as msgid, e.id, s.total_fen, s.pool_fen + s.supplements_fen as fund_fen,
  s.account_fen + s.family_fen as accounts_fen, s.cash_fen
from entry e join settlement s on s.entry = e.id
join inbox m on m.entry = e.id and m.actor = e.institution
where e.kind = 'settlement'"""
TWICE = """
select count(*) from (
  select 1 from settlement_batch t where not exists (
    select 1 from entry r where r.reverses = t.entry)
  group by t.batch having count(*) > 1) t"""


def compare(dsn: str, sent: Sequence[Sent], unanswered: int = 0) -> Found:
    """Hold every message against the journal."""
    with psycopg.connect(dsn, row_factory=psycopg.rows.dict_row) as connection:
        rows = connection.execute(ENTRIES).fetchall()
        twice = connection.execute(TWICE).fetchone()
    assert twice is not None
    entries = Counter(row["msgid"] for row in rows)
    kept = {row["msgid"]: row for row in rows}
    accepted = [one for one in sent if one.accepted]
    lost = sum(not _as_told(one, kept.get(one.msgid)) for one in accepted)
    doubled = sum(entries[one.msgid] > 1 for one in sent) + twice["count"]
    refused = [one for one in sent if not one.accepted]
    doubled += sum(entries[one.msgid] > 0 for one in refused)
    polite = sum(one.polite for one in sent)
    return Found(len(sent), unanswered, polite, lost, doubled, len(refused))


def _as_told(sent: Sent, entry: dict[str, Any] | None) -> bool:
    """Whether an acknowledged settlement stands in the journal with the amounts of its answer."""
    if entry is None or sent.reply is None:
        return False
    told = sent.reply["output"]["setlinfo"]
    return str(entry["id"]) == told["setl_id"] and all(
        Decimal(str(told[name])) * 100 == entry[column] for name, column in TOLD.items()
    )
