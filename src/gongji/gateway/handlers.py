"""Every module whose handlers enter themselves into the table of transactions."""

from gongji.gateway.catalogue import downloads, matching, pages
from gongji.gateway.filings import filings
from gongji.gateway.queries import filed, institutions, settlements, visits, who
from gongji.gateway.statements import statements
from gongji.gateway.visits import cancel, outpatient, prescribing, stays
from gongji.gateway.visits.read_bills import HOSPITAL_BILLS, PURCHASES
from gongji.gateway.wire import files, sessions

MODULES = (
    sessions,
    files,
    who,
    institutions,
    outpatient,
    prescribing,
    cancel,
    visits,
    filed,
    settlements,
    filings,
    downloads,
    pages,
    matching,
    statements,
    stays,
)
SETTLED = HOSPITAL_BILLS | PURCHASES
"""Transactions that wait to be settled together instead of having a handler."""
