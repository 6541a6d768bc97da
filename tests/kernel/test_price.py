"""A fee line split in integers: standard, share and rounding by hand, one fen on either side."""

import pytest

from gongji.law.kernel.price import first_self_pay, price_line
from gongji.units import MAX_FEN, WHOLE

NONE = -1


@pytest.mark.parametrize(
    ("amount", "quantity", "standard", "share", "split"),
    [
        # One unit at, one fen above and one fen below the standard of 2.50.
        (250, 10_000, 250, 0, (0, 0, 0, 250)),
        (251, 10_000, 250, 0, (1, 0, 0, 250)),
        (249, 10_000, 250, 0, (0, 0, 0, 249)),
        # A standard of nothing pays nothing; no standard limits nothing.
        (250, 10_000, 0, 0, (250, 0, 0, 0)),
        (250, 10_000, NONE, 0, (0, 0, 0, 250)),
        # Half a unit at 0.33 is 0.165, up to 0.17; 0.499 units are 0.16467, down to 0.16.
        (100, 5_000, 33, 0, (83, 0, 0, 17)),
        (100, 4_990, 33, 0, (84, 0, 0, 16)),
        # A twenty-eighth of a pack at 56.00 is 1.9992, up to 2.00.
        (200, 357, 5_600, 0, (0, 0, 0, 200)),
        # The share is of what is left below the standard: 10 % of 25.00, not of 30.00.
        (3_000, 100_000, 250, 100_000, (500, 0, 250, 2_250)),
        # 10 % of 0.05 is half a fen, up; of 0.04 nothing.
        (5, 10_000, NONE, 100_000, (0, 0, 1, 4)),
        (4, 10_000, NONE, 100_000, (0, 0, 0, 4)),
        (3_000, 10_000, NONE, WHOLE, (0, 0, 3_000, 0)),
        (0, 10_000, 250, 100_000, (0, 0, 0, 0)),
        (MAX_FEN, 10_000, NONE, 100_000, (0, 0, MAX_FEN // 10, MAX_FEN - MAX_FEN // 10)),
    ],
)
def test_a_covered_line(
    amount: int, quantity: int, standard: int, share: int, split: tuple[int, int, int, int]
) -> None:
    """Above the standard, wholly own, first self-pay, in scope: they add to the amount."""
    found = price_line(amount, quantity, standard, share, 1)
    assert found == split
    assert sum(found) == amount


def test_what_is_not_covered_is_wholly_ones_own() -> None:
    """Whatever standard and share say."""
    assert price_line(3_000, 10_000, 250, 100_000, 0) == (0, 3_000, 0, 0)


@pytest.mark.parametrize(
    ("amount", "share", "own"), [(5, 100_000, 1), (4, 100_000, 0), (10_005, 20_000, 200)]
)
def test_the_first_self_pay_is_rounded_half_up(amount: int, share: int, own: int) -> None:
    """楚政规〔2022〕2号 第十八条."""
    assert first_self_pay(amount, share) == own
