"""Backups and their return: base backups with the log since, and dumps of foreign servers."""
