"""Batches at the gateway, what is kept of a message, and what is hidden from the log."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from gongji.gateway.transactions import decimal, normalise, yuan
from gongji.gateway.wire import threads
from gongji.gateway.wire.gathering import Gatherer
from gongji.platform.inbox_differences import LONGEST_KEPT, shortened


def test_what_waits_is_taken_together_but_never_two_of_one_key() -> None:
    batches: list[list[int]] = []
    first = threading.Event()

    def work(items: Sequence[int]) -> list[int]:
        batches.append(list(items))
        if len(batches) == 1:
            first.wait(10)
        return [item * 2 for item in items]

    gatherer: Gatherer[int, int] = Gatherer(work, threads=1, size=5)

    async def run() -> list[int]:
        alone = asyncio.ensure_future(gatherer.put("x", 0))
        while not batches:
            await asyncio.sleep(0)
        others = [gatherer.put(number % 6, number) for number in range(1, 13)]
        answers = asyncio.gather(alone, *others)
        await asyncio.sleep(0)
        first.set()
        return list(await answers)

    gatherer.start()
    assert asyncio.run(run()) == [number * 2 for number in range(13)]
    gatherer.stop()
    assert batches[0] == [0] and all(len(batch) <= 5 for batch in batches)
    for batch in batches:
        assert len({number % 6 for number in batch}) == len(batch)
    assert len(batches) < 13, "what waits is taken together"


def test_an_accident_is_told_to_all_of_its_batch() -> None:
    def work(items: Sequence[int]) -> list[int]:
        raise OSError("gone")

    gatherer: Gatherer[int, int] = Gatherer(work, threads=2, size=9)

    async def run() -> list[object]:
        waiting = (gatherer.put(number, number) for number in range(4))
        return list(await asyncio.gather(*waiting, return_exceptions=True))

    gatherer.start()
    assert all(isinstance(one, OSError) for one in asyncio.run(run()))
    gatherer.stop()


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Key (certificate)=(99050119700506001X)", "Key (certificate)=(######)"),
        ("duplicate 43050000000000000001", "duplicate ######"),
        ("测试甲 不在", "** **"),
        ("invalid input syntax", "invalid input syntax"),
    ],
)
def test_the_log_shows_no_person(said: str, shown: str) -> None:
    assert threads.masked(said) == shown


def test_a_file_is_not_kept_twice() -> None:
    content = {"fsuploadin": {"in": "A" * (LONGEST_KEPT + 1), "filename": "a"}, "rows": [None]}
    found = shortened(content)
    assert len(found["fsuploadin"]["in"]) < 100 and found["rows"] == [None]
    assert found["fsuploadin"]["filename"] == "a"


def test_amounts_are_written_without_any_float() -> None:
    assert bytes(yuan(452)) == b"4.52" and bytes(yuan(-5)) == b"-0.05"
    assert bytes(yuan(10**12)) == b"10000000000.00" and bytes(decimal(15, 1)) == b"1.5"


def test_values_are_normalised_at_any_depth() -> None:
    sent = {" Data ": [{"A": " x ", "B": "NULL", "c": 2, "d": True, "e": None, "f": [" 1 "]}]}
    assert normalise(sent) == {
        "data": [{"a": "x", "b": None, "c": "2", "d": "1", "e": None, "f": ["1"]}]
    }
