"""Insured persons and what is known of them, every fact with two times: reads and commands."""
