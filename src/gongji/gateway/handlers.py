"""Every module whose handlers enter themselves into the table of transactions."""

from gongji.gateway import (
    catalogue_files,
    catalogue_queries,
    files,
    filings,
    institutions,
    matching,
    outpatient,
    people,
    queries,
    queries_filings,
    queries_settlements,
    sessions,
    statements,
    stays,
    undo,
)
from gongji.gateway.bills import HOSPITAL_BILLS, PURCHASES

MODULES = (
    sessions, files, people, institutions, outpatient, undo, queries, queries_filings,
    queries_settlements, filings, catalogue_files, catalogue_queries, matching, statements, stays,
)  # fmt: skip
SETTLED = HOSPITAL_BILLS | PURCHASES
"""Transactions that wait to be settled together instead of having a handler."""
