"""Visits and their settlement in the words of the interface."""
