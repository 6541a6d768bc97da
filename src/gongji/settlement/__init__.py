"""From a request at the counter to an entry of the ledger: facts, kernel, postings, once."""
