"""Files and folders that nobody but their owner reads, and locks on them.

Folders above are never widened, and what others share is never shut. This module knows the file
system; it does not know what the folders hold.
"""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OTHERS = stat.S_IRWXG | stat.S_IRWXO


def private_folder(folder: Path, by_group: bool = False) -> bool:
    """A folder that only its owner enters, made where it is not there.

    Shape:   `by_group`: those of its group may pass through, and see nothing of what is in it.
    Returns: whether it was open to others, and has been shut.
    Ensures: one that belongs to somebody else, or that many share (sticky), stays as it is.
    """
    if not folder.exists():
        _make_way(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        return False
    found = folder.stat()
    if found.st_uid != os.geteuid() or found.st_mode & stat.S_ISVTX:
        return False
    shut = OTHERS & ~stat.S_IXGRP if by_group else OTHERS
    if not found.st_mode & shut:
        return False
    folder.chmod(stat.S_IMODE(found.st_mode) & ~shut)
    return True


def _make_way(folder: Path) -> None:
    """The folders above a private one, made where they are not there.

    Ensures: those that root makes let others pass, who see nothing of what is in them: root's
             database runs as a user of its own.
    """
    if not folder.exists():
        _make_way(folder.parent)
        folder.mkdir(exist_ok=True)
        if os.geteuid() == 0:
            folder.chmod(0o711)


def write_private(path: Path, text: str) -> None:
    """A file that only its owner reads, whole or not at all."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


class FolderLock:
    """A lock on a folder: held until it is let go or the process ends, however it ends."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: int | None = None

    def share(self) -> None:
        """Hold it together with others; waits for whoever holds it alone."""
        self._take(fcntl.LOCK_SH)

    def alone(self) -> bool:
        """Hold it alone; False where another process holds it."""
        try:
            self._take(fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def wait(self) -> None:
        """Hold it alone, as soon as nobody else does."""
        self._take(fcntl.LOCK_EX)

    def release(self) -> None:
        """Let it go."""
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def _take(self, how: int) -> None:
        if self._held is None:
            self._held = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(self._held, how)


@contextmanager
def waited_for(lock: FolderLock) -> Iterator[None]:
    """A lock held alone for a while."""
    lock.wait()
    try:
        yield
    finally:
        lock.release()
