"""Filings by institutions."""
