"""A month's credit to a personal account: a rate of a base, rounded to a unit.

A **credit** is a run of CREDIT_SIZE integers in `code`, made by `gongji.law.accounts.credits` for
one cell (one value on every axis): a refusal number (0 for none), a rate, a base, what the base is
at least and at most, the unit of rounding, and the rate that goes to the pool. A fixed amount is
the whole of itself. A figure may be OPEN, a parameter that nobody has set.
"""

from gongji.law.kernel.pour import OPEN, SETTLED, take_rate
from gongji.units import WHOLE

OWN_BASE = -2
"""The base is the person's own contribution base."""

REFUSAL, RATE, BASE, FLOOR, CAP, UNIT, POOL_RATE, CREDIT_SIZE = range(8)


def retired_in(month, registered, event_month, months_after):
    """Whether the rules for retirees hold in a month.

    Law:     云浮实施细则 第四条 (办理医保退休手续后次月起), 第九条（二） (缴满规定年限后的次月起);
             邵市政办发〔2022〕22号 第十一条（二） (完成医疗保险退休手续的次月起).
    Units:   months counted from year 0; `event_month` is below zero where it is long past.
    """
    if registered == 0:
        return 0
    if event_month >= 0 and month < event_month + months_after:
        return 0
    return 1


def accrue(code, at, base_fen):
    """The credit of a month, and what of the contribution goes to the pool.

    Units:   fen; `base_fen` is the person's contribution base of the month.
    Rounds:  half up to the credit's unit (the fen or the yuan); the pool's part to the fen.
    Returns: (SETTLED, credit, pool's part), (refusal number, 0, 0), or (below zero the position,
             negated, of an open parameter, 0, 0).
    """
    if code[at + REFUSAL] != 0:
        return code[at + REFUSAL], 0, 0
    for figure in range(at + RATE, at + UNIT):
        if code[figure] == OPEN:
            return -figure, 0, 0
    own = min(max(base_fen, code[at + FLOOR]), code[at + CAP])
    base = own if code[at + BASE] == OWN_BASE else code[at + BASE]
    unit = code[at + UNIT]
    credit = (2 * base * code[at + RATE] + unit * WHOLE) // (2 * unit * WHOLE) * unit
    return SETTLED, credit, take_rate(own, code[at + POOL_RATE])
