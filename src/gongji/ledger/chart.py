"""The kinds of accounts of the ledger, as the table `chart` has them, and which have a balance.

An account is a kind and an owner, in a fund. Debit and credit are those of accountants: what is
owed to somebody, and what is on a personal account, rises by credit; what a fund spends, and what
a person owes, rises by debit. Pool, supplements and institutions have no balance row: it would be
hot, and their balances are sums of postings.

A settlement debits pool, supplement(payer) and account(person, or owner of a family account) and
credits provider(institution), each in the fund that pays. Cash and what the institution bears move
no fund: they stand in the settlement only. A month's credit debits contribution(area) and credits
account(person). A cancellation posts the same with debit and credit exchanged. After a
re-adjudication, what a fund should have paid more debits it and credits payable(person), what it
paid too much debits receivable(person) and credits the fund.
"""

POOL = "pool"
"""统筹基金; no owner. The benefit stands in the posting."""
SUPPLEMENT = "supplement"
"""Other funds; the owner is the payer's code in the rulebook."""
ACCOUNT = "account"
"""个人账户; the owner is the person's id."""
PROVIDER = "provider"
"""What is owed to an institution by each fund; the owner is its code."""
RECEIVABLE = "receivable"
"""What a person owes a fund after a re-adjudication; the owner is the person's id."""
PAYABLE = "payable"
"""What a fund owes a person; the owner is the person's id."""
OPENING = "opening"
"""The other side of opening balances; the owner is the area."""
CONTRIBUTION = "contribution"
"""The other side of what is credited to accounts; the owner is the area."""

BANK_SPENDING = "bank_spending"
"""支出户存款, from which persons and institutions are paid; the owner is the area."""
BANK_TREASURY = "bank_treasury"
"""财政专户存款, into which recovered money goes; the owner is the area."""

DEBIT, CREDIT = "debit", "credit"
SIDES = {
    POOL: DEBIT,
    SUPPLEMENT: DEBIT,
    ACCOUNT: CREDIT,
    PROVIDER: CREDIT,
    PAYABLE: CREDIT,
    RECEIVABLE: DEBIT,
    OPENING: DEBIT,
    CONTRIBUTION: DEBIT,
    "interest": DEBIT,
    "transfer": DEBIT,
    "inheritance": DEBIT,
    BANK_SPENDING: DEBIT,
    BANK_TREASURY: DEBIT,
    "bank_income": DEBIT,
}
"""Which side of a posting raises an account of a kind."""

KEPT = (ACCOUNT, RECEIVABLE, PAYABLE)
"""Kinds with a balance row for each person, never below zero."""
RISES_BY_DEBIT = {kind: SIDES[kind] == DEBIT for kind in KEPT}
"""Whether a debit raises a kept balance, or a credit."""


def fund_of(kind: str, owner: str = "") -> str:
    """The fund whose money an account of a paying kind is: pool, account, supplement.<payer>."""
    return f"{SUPPLEMENT}.{owner}" if kind == SUPPLEMENT else kind
