"""Hunan from 2023-06-01: the deductibles that replace those of Shaoyang's article 6.

The figures are those of parameters.md, marked 非官方; there is no official text among the policies.
"""

from datetime import date

from gongji.oracle.layers import Limit, Pot, yuan

FIRST = date(2023, 6, 1)

VISIT = {"2": yuan(50), "3": yuan(100)}
YEAR = {"2": yuan(200), "3": yuan(300)}
"""L2 50 a visit, 200 a year at most; L3 100 a visit, 300 a year at most; L1 none."""
ALL = yuan(300)
"""All together 300 a year at most."""


def deductibles(pot: Pot, level: str) -> list[Limit]:
    """The limits on the deductible of one visit: its own, its level's and the year's."""
    if level == "1":
        return []
    return [
        (VISIT[level], pot.registered("ordinary_visit")),
        (YEAR[level], ("ordinary_deductible", level)),
        (ALL, ("ordinary_deductible",)),
    ]
