"""Settlements that wait are taken together: what is there when a thread is free, never a pause.

This module knows threads and queues; what is done with a batch, others say.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")
R = TypeVar("R")


class _Waiting(msgspec.Struct, Generic[T, R], frozen=True):
    key: Hashable
    item: T
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[R]"


class Gatherer(Generic[T, R]):
    """A queue whose items are worked off in batches by a few threads.

    Ensures: two items of one key are never in one batch, and `work` gives a result for each item or
             raises for all.
    """

    def __init__(self, work: Callable[[Sequence[T]], Sequence[R]], threads: int, size: int) -> None:
        self._work, self._size = work, size
        self._queue: deque[_Waiting[T, R]] = deque()
        self._ready = threading.Condition()
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._loop, name=f"settling-{number}", daemon=True)
            for number in range(threads)
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let the threads finish what is in the queue, then end them."""
        with self._ready:
            self._stopping = True
            self._ready.notify_all()
        for thread in self._threads:
            thread.join()

    async def put(self, key: Hashable, item: T) -> R:
        """Wait for the result of an item."""
        loop = asyncio.get_running_loop()
        waiting: _Waiting[T, R] = _Waiting(key, item, loop, loop.create_future())
        with self._ready:
            self._queue.append(waiting)
            self._ready.notify()
        return await waiting.future

    def _take(self) -> list[_Waiting[T, R]]:
        """What is in the queue, at most a batch; empty when all is done and the end was asked."""
        with self._ready:
            while not self._queue and not self._stopping:
                self._ready.wait()
            taken: dict[Hashable, _Waiting[T, R]] = {}
            again = []
            while self._queue and len(taken) < self._size:
                waiting = self._queue.popleft()
                if waiting.key in taken:
                    again.append(waiting)
                else:
                    taken[waiting.key] = waiting
            self._queue.extendleft(reversed(again))
            if self._queue:
                self._ready.notify()
            return list(taken.values())

    def _loop(self) -> None:
        while batch := self._take():
            told: list[tuple[_Waiting[T, R], R | Exception]]
            try:
                results = self._work([waiting.item for waiting in batch])
                told = list(zip(batch, results, strict=True))
            except Exception as error:
                told = [(waiting, error) for waiting in batch]
            _tell(told)


def _tell(told: Sequence[tuple[_Waiting[T, R], R | Exception]]) -> None:
    """Hand results to the loops that wait, one wake-up for each loop."""

    def wake(waiting: Sequence[tuple[_Waiting[T, R], R | Exception]]) -> None:
        for one, result in waiting:
            if one.future.done():
                continue
            if isinstance(result, Exception):
                one.future.set_exception(result)
            else:
                one.future.set_result(result)

    for loop in {one.loop for one, _ in told}:
        try:
            loop.call_soon_threadsafe(wake, [pair for pair in told if pair[0].loop is loop])
        except RuntimeError:
            continue  # The loop is closed: nobody waits any more, the answers are in the log.
