"""Pricing of fee lines, computed by hand."""

import pytest

from gongji.law.kernel.price import price_line
from gongji.units import parse_fen, yuan_text


def priced(*arguments: object) -> tuple[str, ...]:
    """A line in yuan: amount, quantity in ten-thousandths, standard, first self-pay, covered."""
    amount, quantity, standard, share, covered = arguments
    at = -1 if standard == "" else parse_fen(str(standard))
    parts = price_line(parse_fen(str(amount)), quantity, at, share, covered)
    assert sum(parts) == parse_fen(str(amount))
    return tuple(yuan_text(part) for part in parts)


def test_what_is_above_the_payment_standard_is_the_persons_own() -> None:
    """云政办规〔2024〕2号 二（四）: 高于平台挂网价格的部分，统筹基金不予支付."""
    # Two boxes at 60 against a standard of 50: 20 above, 100 in scope.
    assert priced("120", 20_000, "50", 0, 1) == ("20.00", "0.00", "0.00", "100.00")
    # At or below the standard nothing is above it.
    assert priced("100", 20_000, "50", 0, 1) == ("0.00", "0.00", "0.00", "100.00")
    assert priced("99.99", 20_000, "50", 0, 1) == ("0.00", "0.00", "0.00", "99.99")
    # Half a box: the standard for it is 0.005 yuan, rounded half up to the fen.
    assert priced("0.05", 5_000, "0.01", 0, 1) == ("0.04", "0.00", "0.00", "0.01")


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        # 10 % of 1000 first; 10 % of 100.05 is 10.005, rounded half up.
        (("1000", 10_000, "", 100_000, 1), ("0.00", "0.00", "100.00", "900.00")),
        (("100.05", 10_000, "", 100_000, 1), ("0.00", "0.00", "10.01", "90.04")),
        # The first self-pay is taken of what is left under the standard.
        (("1200", 10_000, "1000", 100_000, 1), ("200.00", "0.00", "100.00", "900.00")),
        # Outside the catalogue the whole line is the person's.
        (("80", 10_000, "50", 100_000, 0), ("0.00", "80.00", "0.00", "0.00")),
    ],
)
def test_first_self_pay_and_what_is_not_covered(
    line: tuple[object, ...], parts: tuple[str, ...]
) -> None:
    """楚政规〔2022〕2号 第十八条: 扣除先行自付10%后的政策范围内费用."""
    assert priced(*line) == parts
