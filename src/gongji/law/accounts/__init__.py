"""Accounts and institutions: monthly credits, what an account may pay, yearly clearing, deadlines.

This room reads the sections of `rulebook.accounts`, runs the kernels accrue and clear, and
explains. It keeps no balances: postings belong to the ledger.
"""

from gongji.law.accounts.clearing import clear
from gongji.law.accounts.credits import credit
from gongji.law.accounts.deadlines import deadline
from gongji.law.accounts.uses import UseQuery, event, use

__all__ = [
    "UseQuery",
    "clear",
    "credit",
    "deadline",
    "event",
    "use",
]
