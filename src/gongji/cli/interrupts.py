"""Ctrl-C and SIGTERM: a command ends within a second, and leaves nothing half-written.

Both are raised in the main thread, so that files are closed and connections rolled back as after
any error. A thread that counts or compiles cannot be told to stop: whoever still waits for one
after a moment is ended at once, when what was being written has been removed. Where a database may
have been started the end is waited for, since its server is stopped on the way out.
"""

import atexit
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from gongji.cli.exit_codes import INTERRUPTED, TERMINATED
from gongji.tabular.whole_files import remove_under_way

PATIENCE = 0.6
"""Seconds that a command has to end by itself."""
CODES = {signal.SIGINT: INTERRUPTED, signal.SIGTERM: TERMINATED}


@contextmanager
def ended_cleanly() -> Iterator[None]:
    """The two signals end the block cleanly; afterwards they do what they did before."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _end) for number in CODES}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, frame: FrameType | None) -> None:
    code = CODES[signal.Signals(number)]
    threading.Thread(target=_make_an_end, args=(code,), daemon=True).start()
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(code)


def _make_an_end(code: int) -> None:
    """End the process where it has not ended by itself in time, or as it ends."""
    if "psycopg" not in sys.modules:
        atexit.register(_leave, code)
    threading.Event().wait(PATIENCE)
    if "psycopg" in sys.modules:
        return
    remove_under_way()
    os.write(2, "已中止；没有写完的文件都已删去\n".encode())
    os._exit(code)


def _leave(code: int) -> None:
    """End at once, when everything was closed and said: a thread that still counts would be taken
    apart under its own feet, and the process would end by SIGABRT."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)
