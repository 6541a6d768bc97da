"""The kernels accrue and clear compiled by Numba give what they give in Python."""

import random
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numba
import numpy as np
import pytest

from gongji import units
from gongji.law.kernel import accrue, clear, pour

FUNCTIONS = (
    units.divided,
    pour.take_rate,
    accrue.accrue,
    accrue.retired_in,
    clear.prepayment,
    clear.band_of,
    clear.direct_loss,
    clear.clear,
)
"""Every function of the two kernels and what they call, those that are called before those that
call them: nothing is left to what other modules have told Numba."""


@pytest.fixture(scope="module")
def gear() -> dict[str, Callable[..., Any]]:
    """The kernels compiled by name, as copies: what other modules compile stays untouched."""
    made: dict[str, Callable[..., Any]] = {}
    for function in FUNCTIONS:
        copy = FunctionType(function.__code__, dict(function.__globals__) | made, function.__name__)
        made[function.__name__] = numba.njit(copy)
    return made


def test_compiled_credits_equal_pythons(gear: dict[str, Callable[..., Any]]) -> None:
    """Shares, fixed amounts, bounds, open figures, refusals, rounding to the fen and the yuan."""

    rng = random.Random("gear")
    rows = []
    for _ in range(500):
        refusal = rng.choice((0, 0, 0, 0, 27))
        rate = rng.choice((pour.OPEN, 20_000, 38_500, 1_000_000))
        base = rng.choice((accrue.OWN_BASE, accrue.OWN_BASE, pour.OPEN, 267_500, 10_555))
        floor = rng.choice((0, 0, 518_200))
        cap = rng.choice((pour.UNLIMITED, 2_000_000))
        rows.append(
            [refusal, rate, base, floor, cap, rng.choice((1, 100)), rng.choice((0, 60_000))]
        )
    bases = [rng.choice((0, 1, 25, 75, rng.randint(1, 10**12))) for _ in rows]
    flat = np.array(rows, np.int64).ravel()
    for row, base in enumerate(bases):
        at = row * accrue.CREDIT_SIZE
        wanted = accrue.accrue(rows[row], 0, base)
        # An open figure is told by its position, which is the row's.
        shift = at if wanted[0] < 0 else 0
        found = gear["accrue"](flat, at, base)
        assert (found[0] + shift, *found[1:]) == wanted, (rows[row], base)


def test_compiled_clearings_equal_pythons(gear: dict[str, Callable[..., Any]]) -> None:
    """Amounts up to the bound, on and beside the bands."""

    code = [300_000, 900_000, 10_000, 10_000, 3, 0, 0, 300_000, 300_000, 800_000, 1_000_000]
    array = np.array(code, np.int64)
    rng = random.Random("clearing gear")
    for _ in range(500):
        prepaid = rng.choice((0, 10, 12_000, 10**12))
        used = min(
            10**12, max(0, prepaid * rng.choice((0, 30, 80, 100, 130)) // 100 + rng.randint(-1, 1))
        )
        settled = rng.choice((0, 1, 100, 10**12))
        direct = settled * rng.choice((0, 59, 89, 90, 100)) // 100
        wanted, found = [0] * clear.YEAR_SIZE, np.zeros(clear.YEAR_SIZE, np.int64)
        clear.clear(code, 0, prepaid, used, direct, settled, wanted)
        gear["clear"](array, 0, prepaid, used, direct, settled, found)
        assert list(found) == wanted, (prepaid, used, direct, settled)
        heads = rng.randint(0, 10**6)
        month = clear.prepayment(10**6, 300_000, heads)
        assert gear["prepayment"](10**6, 300_000, heads) == month


def test_the_month_after_an_event(gear: dict[str, Callable[..., Any]]) -> None:
    """Registered in May: retired from June; long past or never registered."""
    months = [accrue.retired_in(month, 1, 5, 1) for month in (4, 5, 6, 7)]
    assert months == [0, 0, 1, 1]
    assert accrue.retired_in(5, 1, 5, 0) == 1
    assert accrue.retired_in(5, 1, -1, 1) == 1
    assert accrue.retired_in(5, 0, -1, 1) == 0
    assert [gear["retired_in"](month, 1, 5, 1) for month in (4, 5, 6, 7)] == months
