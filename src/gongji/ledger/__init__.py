"""The ledger that only grows: entries, postings, meters, balances, periods."""
