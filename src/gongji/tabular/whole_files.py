"""A file that appears whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """Where to write a file, beside its place; it takes its place when that has ended well.

    Ensures: what went wrong leaves what was there before, and nothing beside it.
    """
    beside = path.with_name(f".{path.name}.partial")
    try:
        yield beside
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def write_whole(path: Path, content: bytes) -> None:
    """Write a small file that appears whole."""
    with appearing(path) as beside:
        beside.write_bytes(content)
