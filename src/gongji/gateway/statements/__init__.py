"""Reconciliation with institutions."""
