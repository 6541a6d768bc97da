"""The interface's words for what gongji knows under names of its own: codes, fields, transactions.

Only here, and beside the handlers, do both stand together; the rooms inside know no code of these.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from gongji.refusals import Refusal

OUTPATIENT, PHARMACY = "11", "41"
"""Clearing types (clr_type) of the settlements that gongji makes; only these are portable."""


def clr_type(institution: str) -> str:
    """The clearing type of a settlement at an institution (its code begins with H or P)."""
    return PHARMACY if institution.startswith("P") else OUTPATIENT


FIELDS = {
    "since": "begndate",
    "last": "enddate",
    "institution": "fixmedins_code",
    "serial": "trt_dcla_detl_sn",
    "visit": "mdtrt_id",
    "batch": "chrg_bchno",
    "line_serial": "feedetl_sn",
    "prescription": "rxno",
    "begun_at": "begntime",
}
"""Fields of contents that a refusal names -> fields of the interface, for most transactions."""


@contextmanager
def in_fields(**own: str) -> Iterator[None]:
    """What a room refuses is told with the names that a transaction has for its fields.

    Shape: our name of a field = the transaction's, where it is not that of FIELDS.
    """
    try:
        yield
    except Refusal as refusal:
        field = own.get(refusal.field)
        if field is None:
            raise
        raise Refusal(refusal.code, field, refusal.values) from None


def told(refusal: Refusal) -> str:
    """The sentence of a refusal, in the words of the interface."""
    field = FIELDS.get(refusal.field, refusal.field)
    return str(Refusal(refusal.code, field, refusal.values))
