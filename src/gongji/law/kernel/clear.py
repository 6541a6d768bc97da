"""Prepay and clear one institution's year of capitation.

The **terms** are a run of integers in `code`, made by `gongji.law.accounts.clearing`:

    share_ppm, direct_ppm, step_ppm, loss_ppm, bands, (from_ppm, kept_ppm) * bands

`share_ppm` of the annual ceiling is paid a head and year. The bands of the budget's use stand in
ascending order, the first from nothing. Under a direct-settlement rate of `direct_ppm`, the kept
share loses `loss_ppm` for each `step_ppm` or part of it.
"""

from gongji.law.kernel.pour import take_rate
from gongji.units import WHOLE

SHARE, DIRECT, STEP, LOSS, BANDS, TERMS_SIZE = range(6)
FROM, KEEP, BAND_SIZE = range(3)
MONTHS = 12
# What `clear` leaves in `out`.
BALANCE, BAND, LOST, KEPT_SHARE, KEPT, RETURNED, BORNE, YEAR_SIZE = range(8)


def prepayment(ceiling_fen, share_ppm, heads):
    """What is prepaid for a month: ceiling × share × that month's people ÷ 12.

    Law:     云浮实施细则 第二十条（一）: 付费标准按照参保人年度最高支付限额的30%确定；按当月
             定点人数将包干费用按月预拨付给医疗机构.
    Units:   fen; `ceiling_fen` times `heads` is at most MAX_FEN.
    Rounds:  half up to the fen, once a month.
    """
    return (2 * ceiling_fen * heads * share_ppm + MONTHS * WHOLE) // (2 * MONTHS * WHOLE)


def band_of(code, at, used_fen, prepaid_fen):
    """The number of the band that the use of the budget reaches; without a budget the first.

    Rounds:  nothing: used ÷ prepaid is compared by cross-multiplication.
    """
    band = 0
    if prepaid_fen > 0:
        for number in range(code[at + BANDS]):
            bound = code[at + TERMS_SIZE + BAND_SIZE * number + FROM]
            if used_fen * WHOLE >= bound * prepaid_fen:
                band = number
    return band


def direct_loss(code, at, direct, settled):
    """What the kept share loses for a low direct-settlement rate.

    Law:     云浮实施细则 第二十条（二）: 联网直接结算率低于90%的，每低一个百分点，结余额的返回
             百分比降低一个百分点（不足一个百分点按照一个百分点计算）.
    Units:   parts per million. Where nothing was settled there is no rate, and nothing is lost.
    """
    short = code[at + DIRECT] * settled - direct * WHOLE
    if short <= 0:
        return 0
    step = code[at + STEP] * settled
    return (short + step - 1) // step * code[at + LOSS]


def clear(code, at, prepaid_fen, used_fen, direct, settled, out):
    """Clear a year: balance, the share of it that the institution keeps, what it bears.

    Units:   fen; amounts and counts at most MAX_FEN.
    Rounds:  the part kept half up to the fen.
    Ensures: kept + returned = balance; one of balance and borne is nothing.
    """
    balance = max(0, prepaid_fen - used_fen)
    band = band_of(code, at, used_fen, prepaid_fen)
    lost = direct_loss(code, at, direct, settled)
    share = max(0, code[at + TERMS_SIZE + BAND_SIZE * band + KEEP] - lost)
    kept = take_rate(balance, share)
    out[BALANCE] = balance
    out[BAND] = band
    out[LOST] = lost
    out[KEPT_SHARE] = share
    out[KEPT] = kept
    out[RETURNED] = balance - kept
    out[BORNE] = max(0, used_fen - prepaid_fen)
