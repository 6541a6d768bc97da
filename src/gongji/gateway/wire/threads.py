"""Threads with a database connection each, and accidents: told to the log, not to the cashier."""

import logging
import re
import secrets
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import psycopg

Connection: TypeAlias = psycopg.Connection[Any]
T = TypeVar("T")

LOG = logging.getLogger("gongji.gateway")
BY_KEY = (
    "plan_cache_mode = force_generic_plan",
    "enable_seqscan = off",
    "enable_hashjoin = off",
    "enable_mergejoin = off",
)
"""The gateways' statements are few and look rows up by key: one plan serves them all, by indexes,
also while a table is new and the statistics know nothing of it."""
LONGEST_STATEMENT = "60s"
"""A statement that takes longer is stuck behind another one; its request may be sent again."""
PAUSE_SECONDS = 0.3
"""Between a broken connection and the next."""
_DIGITS = re.compile(r"\d{6,}[\dXx]*")
_HAN = re.compile(r"[\u3400-\u9fff]{2,4}")
_LONGEST = 300


class Connections:
    """One connection for each thread, in the role of the gateways; a broken one is made anew."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._local = threading.local()
        self._open: set[Connection] = set()

    def get(self) -> Connection:
        """This thread's connection."""
        found: Connection | None = getattr(self._local, "connection", None)
        if found is None or found.closed:
            found = psycopg.connect(
                self._dsn, autocommit=True, connect_timeout=10, prepare_threshold=1
            )
            found.execute(f"set statement_timeout = '{LONGEST_STATEMENT}'")
            for setting in BY_KEY:
                found.execute(f"set {setting}")
            self._local.connection = found
            self._open.add(found)
        return found

    def run(self, work: Callable[[Connection], T]) -> T:
        """Work on this thread's connection; a moment later once more on a new one if it broke.

        A server that has just fallen takes nobody in for some tenths of a second. Work may be done
        twice: what changes anything is under a message's key, so takes effect once.
        """
        connection = self.get()
        try:
            return work(connection)
        except psycopg.Error:
            if not connection.closed:
                raise
            self._open.discard(connection)
            time.sleep(PAUSE_SECONDS)
            return work(self.get())

    def close(self) -> None:
        """Close every connection; the threads have ended."""
        for connection in self._open:
            connection.close()
        self._open.clear()


def masked(text: str) -> str:
    """A text for the log: runs of digits and short runs of Chinese characters are hidden."""
    return _HAN.sub("**", _DIGITS.sub("######", text))[:_LONGEST]


def report(error: BaseException, infno: str, institution: str) -> str:
    """Log an accident without anything personal; gives the sentence that its sender is told."""
    trace = secrets.token_hex(6)
    frames = traceback.extract_tb(error.__traceback__)
    LOG.error(
        "fault",
        extra={
            "trace": trace,
            "infno": masked(infno),
            "institution": institution,
            "error": type(error).__name__,
            "reason": masked(_reason(error)),
            "where": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-12:]],
        },
    )
    return (
        "系统暂时不能处理这笔交易；请用同一报文重发（不会重复办理），"
        f"仍不行请告知经办机构这个编号：{trace}"
    )


def _reason(error: BaseException) -> str:
    """What an error says of itself; of the database's only the part without values."""
    if isinstance(error, psycopg.Error) and error.diag.message_primary:
        return f"{error.sqlstate} {error.diag.message_primary}"
    return str(error)
