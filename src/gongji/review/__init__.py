"""Staff, posts and who may decide what; the chains of review."""
