"""Mirror: the national platform's nightly tables, read from files, become our own tables.

This room knows how those tables are named and coded; it holds no law, writes no database and never
sends anything back to where the tables came from.
"""
