"""Audit: what was actually paid against what the law gives, every difference with its likely cause.

A visit that differs is settled again under one mistake at a time; the mistake that reproduces what
was paid is named with its article. This room writes no money and blames nobody: a cause is likely.
"""

from gongji.auditing.causes import CAUSES
from gongji.auditing.differences import AuditSummary, findings_frame, write
from gongji.auditing.history import Finding, History
from gongji.auditing.rows import BadRow, PaidFile, audit

__all__ = [
    "CAUSES",
    "BadRow",
    "Finding",
    "History",
    "PaidFile",
    "AuditSummary",
    "audit",
    "findings_frame",
    "write",
]
