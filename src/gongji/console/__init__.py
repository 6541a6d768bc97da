"""The agency's console: work lists, commands, posts, persons, institutions, rules, the day.

A face: it translates and calls, holds no law and writes no table but its own sessions.
"""
