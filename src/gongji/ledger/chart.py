"""The kinds of accounts of the ledger, and which of them have a balance that is kept.

An account is a kind and an owner. Pool, supplements, institutions and cash have no balance row: it
would be hot, and their balances are sums of postings.
"""

POOL = "pool"
"""统筹基金; the owner is the benefit (`ordinary`, `chronic` …). What it pays is a credit here."""
SUPPLEMENT = "supplement"
"""Other funds; the owner is the payer's code in the rulebook."""
ACCOUNT = "account"
"""个人账户; the owner is the person's id."""
PROVIDER = "provider"
"""What is owed to an institution; the owner is its code."""
CASH = "cash"
"""Cash at the counter; the owner is the institution."""
BORNE = "borne"
"""What the institution bears itself; the owner is the institution."""
RECEIVABLE = "receivable"
"""What a person owes the fund after a re-adjudication; the owner is the person's id."""
PAYABLE = "payable"
"""What the fund owes a person; the owner is the person's id."""
OPENING = "opening"
"""The other side of opening balances; the owner is the area."""
CONTRIBUTION, INTEREST, TRANSFER, INHERITANCE = (
    "contribution",
    "interest",
    "transfer",
    "inheritance",
)
"""The other sides of account events; the owner is the area."""

KINDS = (
    POOL,
    SUPPLEMENT,
    ACCOUNT,
    PROVIDER,
    CASH,
    BORNE,
    RECEIVABLE,
    PAYABLE,
    OPENING,
    CONTRIBUTION,
    INTEREST,
    TRANSFER,
    INHERITANCE,
)
KEPT = (ACCOUNT, RECEIVABLE, PAYABLE)
"""Kinds with a balance row for each person, never below zero."""
RISES_BY_DEBIT = {ACCOUNT: True, PAYABLE: True, RECEIVABLE: False}
"""Which side of a posting raises a kept balance.

A posting moves money from its credit account into its debit account. What a person has (account)
or is owed (payable) is therefore debits less credits; what a person owes the fund (receivable) is
credits less debits.

A settlement debits provider(institution) and credits pool(benefit), supplement(payer),
account(person, or owner of a family account) and cash(institution). What the institution bears
itself moves no money: it stands in the entry only. A month's credit debits account(person) and
credits contribution(area). A cancellation posts the same with debit and credit exchanged. After a
re-adjudication, what the pool should have paid more debits payable(person) and credits pool, what
it paid too much debits pool and credits receivable(person).
"""
