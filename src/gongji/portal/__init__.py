"""Pages for the insured and for anyone who wants to understand the rules."""
