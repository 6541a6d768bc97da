"""Faults under load, each for a moment; `make faults` does them for longer
(docs/generated/faults.md).
"""

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from tests.platform import gateways
from tests.platform.attack import Gateway
from tests.platform.counter import NOW, RULES

from cashiers import SEND_AGAIN
from faults import SMALL_DISK, NoRoomToTry, World, every_fault, full_disk, world
from gongji.gateway.app import make_app
from gongji.gateway.transactions import GatewaySettings

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


@pytest.mark.slow
def test_no_fault_loses_or_doubles_a_settlement(service: World) -> None:
    for name, times, found in every_fault(service, SECONDS, COUNT):
        assert times and found.sent, name
        assert (found.lost, found.doubled) == (0, 0), (name, found)
    service.verify()


@pytest.mark.slow
def test_a_full_disk_on_which_the_database_dies_loses_nothing(service: World) -> None:
    if not service.small_disk:
        pytest.skip("no small disk can be mounted here; `make faults` as root tries it")
    ((name, times, found),) = full_disk(service, SECONDS, (True,))
    assert times and (found.lost, found.doubled) == (0, 0), (name, found)
    service.verify()


def test_a_gateway_without_its_database_asks_to_send_again() -> None:
    app = make_app(
        "host=/nowhere dbname=none", RULES, GatewaySettings(**gateways.KEYS), lambda: NOW
    )
    status, answer = asyncio.run(Gateway(app).post(gateways.HOSPITAL, b"{}"))
    reply = json.loads(answer)
    assert (status, reply["infcode"]) == (200, -1) and SEND_AGAIN in reply["err_msg"]
