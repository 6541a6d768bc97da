"""The kernels accrue and clear compiled by Numba give what they give in Python."""

import random

import numba
import numpy as np
import pytest
from numba.extending import register_jitable

from gongji.kernel import accrue, clear, pour


@pytest.fixture(scope="module", autouse=True)
def gear() -> None:
    """Every function that the two kernels call, made known to Numba."""
    for function in (pour.take_rate, accrue.retired_in, accrue.accrue, clear.prepayment,
                     clear.band_of, clear.direct_loss, clear.clear):  # fmt: skip
        register_jitable(function)


def test_compiled_credits_equal_pythons() -> None:
    """Shares, fixed amounts, bounds, open figures, refusals, rounding to the fen and the yuan."""

    @numba.njit
    def compiled(code, bases, out):
        for row in range(len(bases)):
            out[row] = accrue.accrue(code, row * accrue.CREDIT_SIZE, bases[row])

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
    out = np.zeros((len(rows), 3), np.int64)
    compiled(np.array(rows, np.int64).ravel(), np.array(bases, np.int64), out)
    flat = [number for row in rows for number in row]
    for row, base in enumerate(bases):
        at = row * accrue.CREDIT_SIZE
        assert tuple(out[row]) == accrue.accrue(flat, at, base), (rows[row], base)


def test_compiled_clearings_equal_pythons() -> None:
    """Amounts up to the bound, on and beside the bands."""

    @numba.njit
    def compiled(code, prepaid, used, direct, settled, out):
        clear.clear(code, 0, prepaid, used, direct, settled, out)

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
        compiled(array, prepaid, used, direct, settled, found)
        assert list(found) == wanted, (prepaid, used, direct, settled)


def test_the_month_after_an_event() -> None:
    """Registered in May: retired from June; long past or never registered."""
    months = [accrue.retired_in(month, 1, 5, 1) for month in (4, 5, 6, 7)]
    assert months == [0, 0, 1, 1]
    assert accrue.retired_in(5, 1, 5, 0) == 1
    assert accrue.retired_in(5, 1, -1, 1) == 1
    assert accrue.retired_in(5, 0, -1, 1) == 0
