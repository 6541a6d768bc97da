"""Refusals and faults: every code once, its sentence in the file of its room.

A **Refusal** is a decision with a reason; a **Fault** is an accident. This room knows the codes and
their sentences, not the articles behind them: those come from the rulebook.
"""

from gongji.refusals.classes import (
    Fault,
    GongjiError,
    Problem,
    Refusal,
    RowProblem,
    RowRefusal,
    RulebookError,
)
from gongji.refusals.gates import GATES
from gongji.refusals.sentences import CODES, PRECEDENCE, REFUSALS

__all__ = [
    "CODES",
    "GATES",
    "PRECEDENCE",
    "REFUSALS",
    "Fault",
    "GongjiError",
    "Problem",
    "Refusal",
    "RowProblem",
    "RowRefusal",
    "RulebookError",
]
