"""A file that appears whole or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path

_UNDER_WAY: set[Path] = set()


@contextmanager
def under_way(beside: Path, path: Path) -> Iterator[None]:
    """A file or folder `beside` that is being written for `path`, known as long as the block runs.

    Ensures: what the system refuses without saying of which file (a full disk) names `path`.
    """
    _UNDER_WAY.add(beside)
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:
            error.filename = str(path)
        raise
    finally:
        _UNDER_WAY.discard(beside)


def remove_under_way() -> None:
    """Remove what is being written: for a process that ends without ending its blocks."""
    for beside in list(_UNDER_WAY):
        for found in beside.parent.glob(f"{escape(beside.name)}*"):
            if found.is_dir():
                shutil.rmtree(found, ignore_errors=True)
            else:
                found.unlink(missing_ok=True)


def own_prefix(path: Path) -> str:
    """How the names of what only this process writes for a file begin."""
    return f".{path.stem}.{os.getpid()}.partial"


def own_beside(path: Path) -> Path:
    """Where only this process writes what becomes a file; what killed processes left is removed."""
    sweep(path)
    return path.with_name(f"{own_prefix(path)}{path.suffix}")


def sweep(path: Path) -> None:
    """Remove what processes that were killed left beside a file."""
    start = f".{path.stem}."
    for found in [item for item in path.parent.iterdir() if item.name.startswith(start)]:
        number, _, rest = found.name.removeprefix(start).partition(".")
        if number.isdecimal() and rest.startswith("partial") and not _lives(int(number)):
            if found.is_dir():
                shutil.rmtree(found, ignore_errors=True)
            else:
                found.unlink(missing_ok=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


@contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """Where to write a file, beside its place; it takes its place when that has ended well.

    Ensures: what went wrong leaves what was there before, and nothing beside it; what somebody
             else put there, a link or a file of their own, is not written through.
    """
    beside = path.with_name(f".{path.name}.partial")
    with under_way(beside, path):
        try:
            beside.unlink(missing_ok=True)
            os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
            yield beside
            os.replace(beside, path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise


def write_whole(path: Path, content: bytes) -> None:
    """Write a small file that appears whole."""
    with appearing(path) as beside:
        beside.write_bytes(content)
