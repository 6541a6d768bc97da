"""Faults under load, each for a moment; `make faults` does them for longer (docs/faults.md)."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from cashiers import Found
from faults import SMALL_DISK, NoRoomToTry, World, every_fault, full_disk, world

SECONDS, COUNT = 1.5, 6


@pytest.fixture(scope="module")
def service() -> Iterator[World]:
    """A service under load, on a small disk where one can be mounted."""
    with ExitStack() as stack:
        try:
            made = stack.enter_context(world(2_000, disk=SMALL_DISK))
        except NoRoomToTry:
            made = stack.enter_context(world(2_000))
        yield made


def test_no_fault_loses_or_doubles_a_settlement(service: World) -> None:
    faults = [*every_fault(service, SECONDS, COUNT), *_of_the_disk(service)]
    for name, times, found in faults:
        assert times and found.sent, name
        assert (found.lost, found.doubled) == (0, 0), (name, found)
    service.verify()


def _of_the_disk(service: World) -> list[tuple[str, int, Found]]:
    return list(full_disk(service, SECONDS, (True,))) if service.small_disk else []
