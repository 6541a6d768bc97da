"""Account months and institution years by the rulebook and kernel, and by the oracle."""

from typing import Any

from comparison import settings_of, texts_of
from gongji import oracle
from gongji.law.accounts.clearing import clear
from gongji.law.accounts.credits import credit
from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.refusals import Refusal

Row = dict[str, Any]
Answer = dict[str, Any]

YEAR, WAGE = "2024", "average_wage.2022"
SHARE_OF_WAGE = 50
"""Yunfu's ceiling is 2 % of the average wage: this many times the ceiling is the wage."""


def credit_by_kernel(library: Library, row: Row, figures: dict[str, int]) -> Answer:
    """A month's credit from the rulebook; only figures that the area knows are supplied."""
    area = Areas(library, everywhere=settings_of(figures)).area(row["area"])
    try:
        found = credit(area, texts_of(row))
    except Refusal as refusal:
        return {"credit": 0, "refusal": refusal.code}
    return {"credit": found.credit_fen, "refusal": found.refusal}


def credit_by_oracle(row: Row, figures: dict[str, int]) -> Answer:
    """A month's credit from the articles."""
    found = oracle.credit(row, figures)
    return {"credit": found.credit_fen, "refusal": found.refusal or ""}


def in_whole_yuan(row: Row) -> Row:
    """The institution's year with a ceiling that an average wage can lead to."""
    return row | {"ceiling_fen": row["ceiling_fen"] // 100 * 100}


def clear_by_kernel(library: Library, row: Row) -> Answer:
    """An institution's year from Yunfu's rulebook, the wage such that the ceiling is the row's."""
    settings = settings_of({WAGE: row["ceiling_fen"] * SHARE_OF_WAGE})
    heads = {f"heads_{month}": str(count) for month, count in enumerate(row["heads"], start=1)}
    found = clear(
        Areas(library, everywhere=settings).area("445300"),
        heads
        | {"area": "445300", "year": YEAR, "spent_fen": str(row["spent_fen"])}
        | {"manual_reimbursed_fen": str(row["manual_fen"])}
        | {name: str(row[name]) for name in ("direct_settled", "settled")},
    )
    return {
        "prepaid": found.prepaid_fen,
        "balance": found.balance_fen,
        "kept_ppm": found.kept_ppm,
        "kept": found.kept_fen,
        "returned": found.returned_fen,
        "borne": found.borne_fen,
    }


def clear_by_oracle(row: Row) -> Answer:
    """An institution's year from article 20."""
    found = oracle.clear(row)
    return {
        "prepaid": found.prepaid_fen,
        "balance": found.balance_fen,
        "kept_ppm": found.kept_ppm,
        "kept": found.kept_fen,
        "returned": found.returned_fen,
        "borne": found.borne_fen,
    }
