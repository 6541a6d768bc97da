"""Institutions, what is known of them with two times, and how they sign."""
