"""Waiting for what another connection does, never for a time."""

import time
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]


def waits(watcher: Connection, pid: int) -> None:
    """Return when a process of the database waits for a lock."""
    until = time.monotonic() + 60
    asked = "select wait_event_type = 'Lock' from pg_stat_activity where pid = %s"
    while time.monotonic() < until:
        row = watcher.execute(asked, [pid]).fetchone()
        if row and row[0]:
            return
        time.sleep(0.01)
    raise AssertionError(f"{pid} never waited for a lock")
