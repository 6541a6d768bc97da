"""From a request at the counter to an entry in the ledger: facts, kernel, postings, exactly once."""
