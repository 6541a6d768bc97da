"""National codes of what gongji knows under names of its own (code tables of the interface)."""

OUTPATIENT, PHARMACY = "11", "41"
"""Clearing types (clr_type) of the settlements that gongji makes; only these are portable."""


def clr_type(institution: str) -> str:
    """The clearing type of a settlement at an institution (its code begins with H or P)."""
    return PHARMACY if institution.startswith("P") else OUTPATIENT
