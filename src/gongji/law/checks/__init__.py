"""What is wrong with a rulebook: mistakes, gaps, and proofs of every chain."""
