"""Tables of counts made to fit their margins: raking, and whole numbers by largest remainder."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from gongji.refusals import Refusal

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

ROUNDS = 500
CLOSE = 1e-10
"""Margins that differ by less, relative to the whole, are met."""


def rake(seed: F64, margins: Mapping[tuple[int, ...], F64]) -> F64:
    """A table with the given margins that keeps the seed's odds, by iterative scaling.

    Shape:   `margins` axes -> table of sums over all other axes, in the order of the axes.
    Refuses: value_invalid where no table has these margins (they differ in sum, or need what the
             seed has nothing of).
    """
    table = seed.astype(np.float64)
    whole = float(next(iter(margins.values())).sum())
    for _ in range(ROUNDS):
        worst = 0.0
        for axes, wanted in margins.items():
            others = tuple(axis for axis in range(table.ndim) if axis not in axes)
            found = table.sum(axis=others)
            worst = max(worst, float(np.abs(found - wanted).max()))
            factor = np.divide(wanted, found, out=np.zeros_like(found), where=found > 0)
            table = table * np.expand_dims(factor, others)
        if worst <= CLOSE * whole:
            return table
    raise Refusal(
        "value_invalid", "边际", {"value": "互相矛盾", "allowed": "合计一致、可以同时满足的边际"}
    )


def whole_numbers(shares: F64, total: int) -> I64:
    """Whole numbers in these shares that add up to the total, by largest remainder.

    Rounds:  down, then up where the remainder is largest, the first of equals.
    """
    flat = shares.reshape(-1) / shares.sum() * total
    found = np.floor(flat).astype(np.int64)
    order = np.argsort(-(flat - found), kind="stable")
    found[order[: total - int(found.sum())]] += 1
    whole: I64 = found.reshape(shares.shape)
    return whole


def dealt(shares: Sequence[float] | F64, count: int, rng: np.random.Generator) -> I64:
    """A category for each of so many, in exactly these shares and in random order."""
    numbers = whole_numbers(np.asarray(shares, np.float64), count)
    categories: I64 = np.repeat(np.arange(len(numbers)), numbers)
    rng.shuffle(categories)
    return categories
