"""Who is told which part of a long work begins and how much of it is done.

A part's total is what is known when it begins, zero where nobody knows; no estimate runs over
several parts.
"""

from typing import Protocol


class WorkSteps(Protocol):
    """What hears of the parts: a bar, a log, a test."""

    def begin(self, name: str, total: int) -> None:
        """A part of the work begins, of so many; zero where nobody knows yet."""

    def update(self, count: int) -> None:
        """So many more of it are done."""


class Unwatched:
    """Nobody listens."""

    def begin(self, name: str, total: int) -> None:
        """A part begins, and nobody is told."""

    def update(self, count: int) -> None:
        """More of it is done, and nobody is told."""


UNWATCHED = Unwatched()
