"""Price a fee line: above the payment standard, wholly own, first self-pay, in scope."""

from gongji.law.kernel.pour import take_rate
from gongji.units import UNIT


def first_self_pay(amount_fen, share_ppm):
    """先行自付: the share that the person pays before the cost counts as in scope.

    Law:     楚政规〔2022〕2号 第十八条: 扣除先行自付10%后的政策范围内费用.
    Units:   fen, parts per million.
    Rounds:  half up to the fen.
    """
    return take_rate(amount_fen, share_ppm)


def price_line(amount_fen, quantity_e4, standard_fen, share_ppm, covered):
    """Split one fee line.

    Law:     云政办规〔2024〕2号 二（四）: 高于支付标准（挂网价格）的部分统筹基金不予支付; class 丙
             and what is outside the catalogue is wholly the person's.
    Units:   fen; `quantity_e4` ten-thousandths of a unit; `standard_fen` a unit, below zero for
             none; `covered` 0 or 1.
    Rounds:  the amount at the standard, and the first self-pay, half up to the fen.
    Returns: (above the standard, wholly own, first self-pay, in scope); they add to the amount.
    """
    if covered == 0:
        return 0, amount_fen, 0, 0
    above = 0
    if standard_fen >= 0:
        at_standard = (2 * standard_fen * quantity_e4 + UNIT) // (2 * UNIT)
        above = max(0, amount_fen - at_standard)
    own = take_rate(amount_fen - above, share_ppm)
    return above, 0, own, amount_fen - above - own
